//! Where each coded bit stands in a frame: which symbol, which group.
//!
//! The header takes groups spread over the whole band of the first symbol, or of as many as it
//! needs; the data takes all other groups of those and every group of the following symbols,
//! interleaved over both time and frequency, since a room takes away single frequencies and a
//! click takes away a moment.

use crate::code::Interleaver;
use crate::units::{Llr, Tone};

use super::gray::tone_of;
use super::plan::Plan;

/// The places of a frame of a given number of symbols. A *slot* is one group of one symbol; slots
/// are counted symbol after symbol.
#[derive(Clone, Debug)]
pub struct FrameMap {
    groups: usize,
    bits_per_tone: usize,
    symbols: usize,
    /// Slots of the symbols that hold the header: the header's first, then those left to the data.
    head: Vec<usize>,
    header_slots: usize,
    data: Interleaver,
}

impl FrameMap {
    /// The map of a frame of `symbols` symbols of `plan`, with `header_bits` coded bits of header.
    ///
    /// # Panics
    /// If the header does not fit, or is no whole number of tones.
    pub fn new(plan: &Plan, header_bits: usize, symbols: usize) -> Self {
        let header_slots = header_bits / plan.bits_per_tone;
        assert!(header_bits.is_multiple_of(plan.bits_per_tone));
        let head_symbols = Self::header_symbols(plan, header_bits);
        assert!(
            head_symbols <= symbols,
            "a header of {head_symbols} symbols in a frame of {symbols}"
        );
        let order = Interleaver::new(plan.groups * head_symbols);
        let slots = plan.groups * symbols - header_slots;
        Self {
            groups: plan.groups,
            bits_per_tone: plan.bits_per_tone,
            symbols,
            head: (0..order.len()).map(|i| order.position(i)).collect(),
            header_slots,
            data: Interleaver::new(slots * plan.bits_per_tone),
        }
    }

    /// Symbols that hold a header of that many coded bits.
    pub const fn header_symbols(plan: &Plan, header_bits: usize) -> usize {
        header_bits.div_ceil(plan.bits_per_symbol())
    }

    /// Symbols needed for that many coded bits of header and data.
    pub const fn symbols_for(plan: &Plan, header_bits: usize, data_bits: usize) -> usize {
        (header_bits + data_bits).div_ceil(plan.bits_per_symbol())
    }

    /// Coded bits of data that the frame holds.
    pub fn data_bits(&self) -> usize {
        self.data.len()
    }

    /// Symbols in the frame.
    pub fn symbols(&self) -> usize {
        self.symbols
    }

    /// The tones of each symbol, one a group.
    ///
    /// # Panics
    /// If the numbers of bits are not those of the frame.
    pub fn tones(&self, header: &[bool], data: &[bool]) -> Vec<Vec<Tone>> {
        assert_eq!(header.len(), self.header_slots * self.bits_per_tone);
        assert_eq!(data.len(), self.data_bits());
        let mut bits = vec![false; self.groups * self.symbols * self.bits_per_tone];
        for (some, slot) in header.chunks_exact(self.bits_per_tone).zip(&self.head) {
            bits[slot * self.bits_per_tone..][..some.len()].copy_from_slice(some);
        }
        for (i, bit) in data.iter().enumerate() {
            bits[self.data_place(i)] = *bit;
        }
        bits.chunks_exact(self.groups * self.bits_per_tone)
            .map(|symbol| {
                symbol
                    .chunks_exact(self.bits_per_tone)
                    .map(tone_of)
                    .collect()
            })
            .collect()
    }

    /// The header's soft bits out of those of the symbols that hold it, in the order of coding.
    ///
    /// # Panics
    /// If `soft` holds fewer soft bits than those symbols.
    pub fn header_llrs(&self, soft: &[Llr]) -> Vec<Llr> {
        self.header_slots()
            .iter()
            .flat_map(|slot| &soft[slot * self.bits_per_tone..][..self.bits_per_tone])
            .copied()
            .collect()
    }

    /// The slots that carry the header.
    pub fn header_slots(&self) -> &[usize] {
        &self.head[..self.header_slots]
    }

    /// The data's soft bits out of those of all symbols, in the order of coding: the inverse of
    /// [`FrameMap::tones`].
    ///
    /// # Panics
    /// If `soft` is not as many soft bits as the frame has.
    pub fn data_llrs(&self, soft: &[Llr]) -> impl Iterator<Item = Llr> {
        assert_eq!(soft.len(), self.groups * self.symbols * self.bits_per_tone);
        (0..self.data_bits()).map(|i| soft[self.data_place(i)])
    }

    /// Where a coded bit of data stands: slot times bits of a tone, and the bit in it.
    fn data_place(&self, bit: usize) -> usize {
        let position = self.data.position(bit);
        let (free, place) = (position / self.bits_per_tone, position % self.bits_per_tone);
        let slot = match self.head.get(self.header_slots + free) {
            Some(slot) => *slot,
            None => free + self.header_slots,
        };
        slot * self.bits_per_tone + place
    }
}

#[cfg(test)]
mod tests {
    use super::super::gray::bits_of;
    use super::*;
    use crate::units::Hertz;

    fn plan(groups: usize, bits_per_tone: usize) -> Plan {
        Plan {
            spacing: Hertz(1.0),
            first_bin: 1,
            groups,
            bits_per_tone,
        }
    }

    #[test]
    fn soft_bits_find_their_way_back() {
        // The header fills less than a symbol, several, or exactly some.
        for (groups, bits, header_symbols) in [
            (268, 2, 1),
            (120, 2, 1),
            (67, 2, 2),
            (67, 4, 1),
            (20, 4, 3),
            (16, 6, 3),
            (4, 6, 10),
        ] {
            let plan = plan(groups, bits);
            assert_eq!(FrameMap::header_symbols(&plan, 240), header_symbols);
            for symbols in [header_symbols, header_symbols + 1, header_symbols + 4] {
                let map = FrameMap::new(&plan, 240, symbols);
                assert_eq!(FrameMap::symbols_for(&plan, 240, map.data_bits()), symbols);
                let header: Vec<bool> = (0..240).map(|i| i % 3 == 0).collect();
                let data: Vec<bool> = (0..map.data_bits()).map(|i| i * i % 7 < 3).collect();
                let tones = map.tones(&header, &data);
                let soft: Vec<Llr> = tones
                    .iter()
                    .flatten()
                    .flat_map(|tone| bits_of(*tone, bits))
                    .map(|bit| if bit { -1.0 } else { 1.0 })
                    .collect();
                let hard =
                    |llrs: Vec<Llr>| llrs.into_iter().map(|llr| llr < 0.0).collect::<Vec<_>>();
                assert_eq!(hard(map.header_llrs(&soft)), header);
                assert_eq!(hard(map.data_llrs(&soft).collect()), data);
            }
        }
    }

    /// A notch in the loudspeaker, or a click, takes a part of the header, not all of it.
    #[test]
    fn the_header_is_spread_over_the_band_and_its_symbols() {
        for (groups, bits) in [(268, 2), (67, 2), (16, 6)] {
            let plan = plan(groups, bits);
            let symbols = FrameMap::header_symbols(&plan, 240);
            let map = FrameMap::new(&plan, 240, symbols);
            let share = map.header_slots().len() as f64 / (groups * symbols) as f64;
            for quarter in 0..4 {
                let inside = |slot: &&usize| *slot % groups * 4 / groups == quarter;
                let got = map.header_slots().iter().filter(inside).count() as f64;
                let expected = share * (groups * symbols) as f64 / 4.0;
                // Drawn without replacement: four deviations of the hypergeometric count.
                let slack = 4.0 * (expected * 0.75 * (1.0 - share)).sqrt() + 1.0;
                assert!(
                    (got - expected).abs() <= slack,
                    "{groups}: {got} of {expected}"
                );
            }
        }
    }
}
