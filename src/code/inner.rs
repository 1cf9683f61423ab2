//! The inner code: soft bits of any passes, added up, give the information back.
//!
//! A quasi-cyclic low-density parity-check code of 32 to 4096 information bits, lifted from one
//! [protograph](super::protograph). The sending order is such that its front is a good code of
//! rate about 0.42, and whatever follows is new parity of the same word: a receiver that has
//! heard two passes decodes at half the rate instead of adding a repetition.
//!
//! ```
//! use airshake::code::{InnerCode, InnerDecoder};
//!
//! let code = InnerCode::new(100);
//! let info: Vec<bool> = (0..100).map(|i| i % 3 == 0).collect();
//! let coded = code.encode(&info);
//!
//! let mut heard = vec![0.0; code.mother_bits()];
//! for bit in code.pass(0, 240) {
//!     heard[bit] += if coded[bit] { -2.0 } else { 2.0 };
//! }
//! let mut out = vec![false; 100];
//! InnerDecoder::new(&code).decode(&heard, &mut out).unwrap();
//! assert_eq!(out, info);
//! ```

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::lifting::{Entry, lift};
use super::protograph::{HUBS, INFORMATION, ROWS};

/// The code for one number of information bits. Made once for each, cheap to clone.
#[derive(Clone, Debug)]
pub struct InnerCode {
    info_bits: usize,
    pub(super) graph: Arc<Graph>,
}

/// Which of the mother bits are sent. A front and the rest after it share nothing, as long as
/// there is room: two passes in a row make a code of half the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From the first on.
    Front,
    /// The hubs, and what follows a front of `after` bits, wrapping around before the hubs.
    Rest {
        /// Bits of the front that others have sent.
        after: usize,
    },
}

/// The lifted graph.
#[derive(Debug)]
pub(super) struct Graph {
    /// Bits in a column, checks in a row.
    pub(super) size: usize,
    /// The entries of each row, its own parity column last.
    pub(super) rows: Vec<Vec<Entry>>,
    /// How many rows meet each column.
    pub(super) degrees: Vec<usize>,
}

impl InnerCode {
    /// Information bits a code can have.
    pub const INFO_BITS: RangeInclusive<usize> = 32..=4096;

    /// The code of `info_bits` information bits. Allocates and searches for the shifts, which
    /// takes a millisecond or so: who needs one again and again asks
    /// [`InnerCodes`](super::InnerCodes).
    ///
    /// # Panics
    /// If `info_bits` is outside [`Self::INFO_BITS`].
    pub fn new(info_bits: usize) -> Self {
        assert!(
            Self::INFO_BITS.contains(&info_bits),
            "{info_bits} information bits, the inner code takes 32 to 4096"
        );
        let graph = Arc::new(Graph::search(size_for(info_bits)));
        Self { info_bits, graph }
    }

    /// The code of another number of information bits on the same graph, if that is theirs.
    pub(super) fn of_its_size(&self, info_bits: usize) -> Option<Self> {
        let is_theirs =
            Self::INFO_BITS.contains(&info_bits) && size_for(info_bits) == self.graph.size;
        is_theirs.then(|| Self {
            info_bits,
            graph: self.graph.clone(),
        })
    }

    /// Information bits of a word.
    pub fn info_bits(&self) -> usize {
        self.info_bits
    }

    /// Distinct coded bits that can be sent, 6 for one information bit or a few more.
    pub fn mother_bits(&self) -> usize {
        self.info_bits + ROWS.len() * self.graph.size
    }

    /// All mother bits of `info`: information first (without the hubs), then parity, best first,
    /// then the hubs.
    ///
    /// # Panics
    /// If `info.len() != self.info_bits()`.
    pub fn encode(&self, info: &[bool]) -> Vec<bool> {
        assert_eq!(info.len(), self.info_bits, "information bits");
        let size = self.graph.size;
        let hubs = self.hub_bits();
        let mut word = vec![false; (INFORMATION + ROWS.len()) * size];
        word[..info.len()].copy_from_slice(info);
        for (row, entries) in self.graph.rows.iter().enumerate() {
            let (known, fresh) = word.split_at_mut((INFORMATION + row) * size);
            let parity = &mut fresh[..size];
            for entry in &entries[..entries.len() - 1] {
                let bits = &known[entry.column * size..][..size];
                let (wrapped, front) = bits.split_at(entry.shift);
                for (sum, &bit) in parity.iter_mut().zip(front.iter().chain(wrapped)) {
                    *sum ^= bit;
                }
            }
        }
        let mut coded = Vec::with_capacity(self.mother_bits());
        coded.extend_from_slice(&word[hubs..self.info_bits]);
        coded.extend_from_slice(&word[INFORMATION * size..]);
        coded.extend_from_slice(&word[..hubs]);
        coded
    }

    /// The mother bits that pass `pass` sends when every pass carries `count` bits, in order: even
    /// passes the [front](Part::Front), odd ones the [rest](Part::Rest).
    pub fn pass(&self, pass: u8, count: usize) -> impl Iterator<Item = usize> + '_ {
        let part = if pass.is_multiple_of(2) {
            Part::Front
        } else {
            Part::Rest { after: count }
        };
        self.part(part, count)
    }

    /// `count` mother bits, those of `part`, in order. `count` may exceed the mother bits.
    ///
    /// Any part can be read alone, if it has more bits than the information and is heard well
    /// enough: the hubs are what makes pure parity legible.
    pub fn part(&self, part: Part, count: usize) -> impl Iterator<Item = usize> + '_ {
        let ring = self.mother_bits() - self.hub_bits();
        let (hubs, start) = match part {
            Part::Front => (0, 0),
            Part::Rest { after } => (self.hub_bits().min(count), after % ring),
        };
        let around = (0..count - hubs).map(move |i| (start + i % ring) % ring);
        (ring..ring + hubs).chain(around)
    }

    /// Bits of the hubs: they end the mother bits.
    fn hub_bits(&self) -> usize {
        HUBS * self.graph.size
    }

    /// The mother bits of the information bits that are marked.
    #[cfg(test)]
    pub(super) fn places_of(&self, marked: &[bool]) -> Vec<usize> {
        let (ring, hubs) = (self.mother_bits() - self.hub_bits(), self.hub_bits());
        (0..marked.len())
            .filter(|&i| marked[i])
            .map(|i| if i < hubs { ring + i } else { i - hubs })
            .collect()
    }

    /// Where mother bit 0 onward stands in the word of all columns: three runs.
    pub(super) fn runs(&self) -> [std::ops::Range<usize>; 3] {
        let (size, hubs) = (self.graph.size, self.hub_bits());
        let parity = INFORMATION * size;
        [
            hubs..self.info_bits,
            parity..parity + ROWS.len() * size,
            0..hubs,
        ]
    }
}

impl Graph {
    fn search(size: usize) -> Self {
        let rows = lift(ROWS, INFORMATION, size);
        let mut degrees = vec![0; INFORMATION + ROWS.len()];
        for entry in rows.iter().flatten() {
            degrees[entry.column] += 1;
        }
        Self {
            size,
            rows,
            degrees,
        }
    }
}

/// Bits in a column: enough for the information, and without factors 2 and 3.
///
/// With an even size, two ways through the graph whose rotations differ by half a turn cancel for
/// two bits of a column that stand half a turn apart: at 68, words of weight 22 in two passes,
/// and 0.7 dB lost. Thirds of a turn do the like to three bits.
pub(super) fn size_for(info_bits: usize) -> usize {
    let mut size = info_bits.div_ceil(INFORMATION);
    while size.is_multiple_of(2) || size.is_multiple_of(3) {
        size += 1;
    }
    size
}

#[cfg(test)]
mod tests {
    use super::super::belief::InnerDecoder;
    use super::super::theory::{GaussianAir, bound, fingerprint, most_losses};
    use super::*;

    #[test]
    fn every_encoded_word_satisfies_every_check() {
        let mut air = GaussianAir::new(0.0, 0.5, 1);
        for info_bits in [32, 33, 40, 77, 296, 544, 1152, 3232, 4095, 4096] {
            let code = InnerCode::new(info_bits);
            let coded = code.encode(&air.bits(info_bits));
            assert_eq!(coded.len(), code.mother_bits());
            let size = code.graph.size;
            let mut word = vec![false; (INFORMATION + ROWS.len()) * size];
            let mut sent = coded.iter();
            for bit in code.runs().into_iter().flatten() {
                word[bit] = *sent.next().unwrap();
            }
            for entries in &code.graph.rows {
                for check in 0..size {
                    let odd = entries
                        .iter()
                        .filter(|e| word[e.column * size + (check + e.shift) % size])
                        .count();
                    assert_eq!(odd % 2, 0);
                }
            }
        }
    }

    /// Fails when a receiver of today would no longer understand a sender of yesterday.
    #[test]
    fn the_wire_format_has_not_moved() {
        let mut fingerprints = Vec::new();
        for info_bits in [32, 301, 544, 4096] {
            let code = InnerCode::new(info_bits);
            let info: Vec<bool> = (0..info_bits).map(|i| i * i % 11 < 5).collect();
            let coded = code.encode(&info);
            let sent = (0..2).flat_map(|pass| code.pass(pass, info_bits * 50 / 21));
            fingerprints.push(fingerprint(sent.map(|bit| coded[bit])));
        }
        assert_eq!(fingerprints, FROZEN);
    }

    const FROZEN: [u64; 4] = [
        0x2fac_2640_a01e_8f0e,
        0xa55d_fefc_f021_b08c,
        0x32b4_20f1_5fc2_00ee,
        0xfff3_8e2f_5d77_e96b,
    ];

    #[test]
    fn two_passes_share_nothing_and_then_the_loop_repeats() {
        for (info_bits, count) in [(32, 77), (544, 1300), (4096, 9753)] {
            let code = InnerCode::new(info_bits);
            let mut sent = vec![0; code.mother_bits()];
            for pass in 0..2 {
                code.pass(pass, count).for_each(|bit| sent[bit] += 1);
            }
            assert!(sent.iter().all(|&times| times <= 1));
            for pass in 2..8 {
                assert!(code.pass(pass, count).eq(code.pass(pass % 2, count)));
            }
        }
    }

    #[test]
    fn a_pass_of_any_length_stays_inside_the_mother_bits() {
        let code = InnerCode::new(50);
        for count in [0, 1, 13, 14, 15, 119, 300, 1000] {
            for pass in [0, 1, 2, 3, 254, 255] {
                assert_eq!(code.pass(pass, count).count(), count);
                assert!(code.pass(pass, count).all(|bit| bit < code.mother_bits()));
            }
        }
        assert_eq!(code.pass(255, usize::MAX).take(9).count(), 9);
    }

    #[test]
    fn every_length_round_trips_from_any_one_pass() {
        let mut air = GaussianAir::new(0.0, 0.5, 2);
        for info_bits in (32..200).chain((200..=4096).step_by(97)) {
            let code = InnerCode::new(info_bits);
            let mut decoder = InnerDecoder::new(&code);
            let info = air.bits(info_bits);
            let coded = code.encode(&info);
            let mut out = vec![false; info_bits];
            for pass in 0..2 {
                let mut heard = vec![0.0; code.mother_bits()];
                for bit in code.pass(pass, info_bits * 5 / 2) {
                    heard[bit] += if coded[bit] { -4.0 } else { 4.0 };
                }
                decoder.decode(&heard, &mut out).unwrap();
                assert_eq!(out, info, "{info_bits} bits, pass {pass}");
            }
        }
    }

    /// Words lost out of `words` when each is heard in those passes of `count` bits.
    fn losses(code: &InnerCode, passes: &[u8], count: usize, eb_n0: f64, words: usize) -> usize {
        let info_bits = code.info_bits();
        let rate = info_bits as f64 / (count * passes.len()) as f64;
        let mut air = GaussianAir::new(eb_n0, rate, info_bits as u64);
        let mut decoder = InnerDecoder::new(code);
        let mut out = vec![false; info_bits];
        let mut lost = 0;
        for _ in 0..words {
            let info = air.bits(info_bits);
            let coded = code.encode(&info);
            let mut heard = vec![0.0; code.mother_bits()];
            for bit in passes.iter().flat_map(|&pass| code.pass(pass, count)) {
                heard[bit] += air.hear(coded[bit]);
            }
            let found = decoder.decode(&heard, &mut out).is_ok();
            lost += usize::from(!found || out != info);
        }
        lost
    }

    #[test]
    fn one_pass_comes_close_to_the_bound() {
        // Margins over the bound that were required of the code.
        for (info_bits, margin, words) in [(296, 1.0, 300), (544, 1.0, 300), (3232, 0.7, 100)] {
            let code = InnerCode::new(info_bits);
            let count = info_bits * 50 / 21;
            let eb_n0 = bound(info_bits, count, 0.01) + margin;
            let lost = losses(&code, &[0], count, eb_n0, words);
            assert!(
                lost <= most_losses(words, 0.01),
                "{lost} lost of {info_bits} bits"
            );
        }
    }

    #[test]
    fn two_passes_come_close_to_the_bound_of_half_the_rate() {
        for (info_bits, margin, words) in [(296, 1.2, 200), (1152, 1.0, 100)] {
            let code = InnerCode::new(info_bits);
            let count = info_bits * 50 / 21;
            let eb_n0 = bound(info_bits, 2 * count, 0.01) + margin;
            let lost = losses(&code, &[0, 1], count, eb_n0, words);
            assert!(
                lost <= most_losses(words, 0.01),
                "{lost} lost of {info_bits} bits"
            );
        }
    }

    #[test]
    fn who_missed_the_first_pass_reads_the_second_alone() {
        for info_bits in [544, 1152] {
            let code = InnerCode::new(info_bits);
            let count = info_bits * 50 / 21;
            let eb_n0 = bound(info_bits, count, 0.01) + 1.2;
            let lost = losses(&code, &[1], count, eb_n0, 100);
            assert!(
                lost <= most_losses(100, 0.01),
                "{lost} lost of {info_bits} bits"
            );
        }
    }
}
