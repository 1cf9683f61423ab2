//! Where each coded bit stands in a frame: which symbol, which group.
//!
//! The header takes groups spread over the whole band of the first symbol; the data takes all
//! other groups of it and every group of the following symbols, interleaved over both time and
//! frequency, since a room takes away single frequencies and a click takes away a moment.

use crate::code::Interleaver;
use crate::units::{Llr, Tone};

use super::gray::{BITS_PER_TONE, tone_of};

/// The places of a frame of a given number of symbols.
#[derive(Clone, Debug)]
pub struct FrameMap {
    groups: usize,
    symbols: usize,
    /// Groups of the first symbol: the header's first, then those left to the data.
    first_symbol: Vec<usize>,
    header_groups: usize,
    data: Interleaver,
}

impl FrameMap {
    /// The map of a frame of `symbols` symbols of `groups` groups, with `header_bits` coded bits
    /// of header.
    ///
    /// # Panics
    /// If `symbols == 0`, or `header_bits` is odd or exceeds `2 * groups - 2`.
    pub fn new(groups: usize, header_bits: usize, symbols: usize) -> Self {
        let header_groups = header_bits / BITS_PER_TONE;
        assert!(symbols > 0 && header_bits.is_multiple_of(BITS_PER_TONE));
        assert!(
            header_groups < groups,
            "{header_groups} header groups of {groups}"
        );
        let order = Interleaver::new(groups);
        let slots = groups * symbols - header_groups;
        Self {
            groups,
            symbols,
            first_symbol: (0..groups).map(|i| order.position(i)).collect(),
            header_groups,
            data: Interleaver::new(slots * BITS_PER_TONE),
        }
    }

    /// Symbols needed for that many coded bits of data.
    pub fn symbols_for(groups: usize, header_bits: usize, data_bits: usize) -> usize {
        (header_bits + data_bits).div_ceil(groups * BITS_PER_TONE)
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
        assert_eq!(header.len(), self.header_groups * BITS_PER_TONE);
        assert_eq!(data.len(), self.data_bits());
        let mut bits = vec![[false; BITS_PER_TONE]; self.groups * self.symbols];
        for (pair, group) in header.chunks_exact(BITS_PER_TONE).zip(&self.first_symbol) {
            bits[*group].copy_from_slice(pair);
        }
        for (i, bit) in data.iter().enumerate() {
            let (slot, place) = self.data_slot(i);
            bits[slot][place] = *bit;
        }
        bits.chunks_exact(self.groups)
            .map(|symbol| symbol.iter().map(|pair| tone_of(*pair)).collect())
            .collect()
    }

    /// The header's soft bits out of those of the first symbol, in the order of coding.
    ///
    /// # Panics
    /// If `first_symbol` holds fewer pairs than there are groups.
    pub fn header_llrs(&self, first_symbol: &[[Llr; BITS_PER_TONE]]) -> Vec<Llr> {
        self.first_symbol[..self.header_groups]
            .iter()
            .flat_map(|group| first_symbol[*group])
            .collect()
    }

    /// The groups of the first symbol that carry the header.
    pub fn header_groups(&self) -> &[usize] {
        &self.first_symbol[..self.header_groups]
    }

    /// The data's soft bits out of those of all symbols, in the order of coding: the inverse of
    /// [`FrameMap::tones`].
    ///
    /// # Panics
    /// If `soft.len() != groups * symbols`.
    pub fn data_llrs(&self, soft: &[[Llr; BITS_PER_TONE]]) -> impl Iterator<Item = Llr> {
        assert_eq!(soft.len(), self.groups * self.symbols);
        (0..self.data_bits()).map(move |i| {
            let (slot, place) = self.data_slot(i);
            soft[slot][place]
        })
    }

    /// Slot (symbol times groups plus group) and place in it of a coded bit of data.
    fn data_slot(&self, bit: usize) -> (usize, usize) {
        let position = self.data.position(bit);
        let (free, place) = (position / BITS_PER_TONE, position % BITS_PER_TONE);
        let in_first = self.groups - self.header_groups;
        let slot = if free < in_first {
            self.first_symbol[self.header_groups + free]
        } else {
            free + self.header_groups
        };
        (slot, place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::gray::bits_of;
    use super::*;

    #[test]
    fn soft_bits_find_their_way_back() {
        for symbols in [1, 2, 5] {
            let map = FrameMap::new(268, 240, symbols);
            assert_eq!(FrameMap::symbols_for(268, 240, map.data_bits()), symbols);
            let header: Vec<bool> = (0..240).map(|i| i % 3 == 0).collect();
            let data: Vec<bool> = (0..map.data_bits()).map(|i| i * i % 7 < 3).collect();
            let tones = map.tones(&header, &data);
            let soft: Vec<[Llr; 2]> = tones
                .iter()
                .flatten()
                .map(|tone| bits_of(*tone).map(|bit| if bit { -1.0 } else { 1.0 }))
                .collect();
            let hard = |llrs: Vec<Llr>| llrs.into_iter().map(|llr| llr < 0.0).collect::<Vec<_>>();
            assert_eq!(hard(map.header_llrs(&soft)), header);
            assert_eq!(hard(map.data_llrs(&soft).collect()), data);
        }
    }
}
