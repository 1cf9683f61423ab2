//! A fixed permutation that scatters the neighbours of a codeword over time and frequency.

use std::ops::Range;

/// A permutation of `0..len`, the same for one length on every machine for ever: it is part of
/// the wire format.
#[derive(Clone, Debug)]
pub struct Interleaver {
    /// `to[i]` is where coded bit `i` goes.
    to: Vec<u32>,
}

impl Interleaver {
    /// The permutation for `len` coded bits.
    ///
    /// # Panics
    /// If `len` exceeds `u32::MAX`.
    pub fn new(len: usize) -> Self {
        let count = u32::try_from(len).expect("an interleaver holds at most u32::MAX positions");
        let mut to: Vec<u32> = (0..count).collect();
        let mut dice = Dice::new(SEED ^ u64::from(count));
        // Fisher and Yates, from the top down.
        for last in (1..len).rev() {
            to.swap(last, dice.below(0..last as u32 + 1) as usize);
        }
        Self { to }
    }

    /// How many positions there are.
    pub fn len(&self) -> usize {
        self.to.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.to.is_empty()
    }

    /// Where coded bit `i` is sent.
    ///
    /// # Panics
    /// If `i >= self.len()`.
    pub fn position(&self, i: usize) -> usize {
        self.to[i] as usize
    }

    /// Coded order to sending order: `sent[self.position(i)] = coded[i]`.
    ///
    /// # Panics
    /// If `coded.len()` or `sent.len()` differs from `self.len()`.
    pub fn scatter<T: Copy>(&self, coded: &[T], sent: &mut [T]) {
        assert_eq!((coded.len(), sent.len()), (self.len(), self.len()));
        for (&to, &value) in self.to.iter().zip(coded) {
            sent[to as usize] = value;
        }
    }

    /// Sending order to coded order, the inverse of [`scatter`](Self::scatter).
    ///
    /// # Panics
    /// If `sent.len()` or `coded.len()` differs from `self.len()`.
    pub fn gather<T: Copy>(&self, sent: &[T], coded: &mut [T]) {
        assert_eq!((sent.len(), coded.len()), (self.len(), self.len()));
        for (&to, value) in self.to.iter().zip(coded) {
            *value = sent[to as usize];
        }
    }
}

/// Deterministic dice: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014). Part of the wire format, so it lives here and not in a dependency.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 fresh bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number out of `range`; the bias of a range of 2^20 is below 2^-12 and of no matter here.
    pub(super) fn below(&mut self, range: Range<u32>) -> u32 {
        let width = u64::from(range.end - range.start);
        range.start + (((self.bits() >> 32) * width) >> 32) as u32
    }
}

/// The letters `AIRSHAKE`.
const SEED: u64 = 0x4149_5253_4841_4b45;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gather_undoes_scatter_for_every_length_up_to_300() {
        for len in 0..=300usize {
            let shuffle = Interleaver::new(len);
            let coded: Vec<usize> = (0..len).collect();
            let (mut sent, mut back) = (vec![usize::MAX; len], vec![usize::MAX; len]);
            shuffle.scatter(&coded, &mut sent);
            shuffle.gather(&sent, &mut back);
            assert_eq!(coded, back);
            for (i, &bit) in coded.iter().enumerate() {
                assert_eq!(sent[shuffle.position(i)], bit);
            }
        }
    }

    #[test]
    fn every_position_is_hit_once() {
        let shuffle = Interleaver::new(1297);
        let mut seen = vec![false; 1297];
        for i in 0..1297 {
            assert!(!std::mem::replace(&mut seen[shuffle.position(i)], true));
        }
    }

    #[test]
    fn the_wire_format_has_not_moved() {
        let shuffle = Interleaver::new(16);
        let order: Vec<usize> = (0..16).map(|i| shuffle.position(i)).collect();
        assert_eq!(order, FROZEN);
    }

    const FROZEN: [usize; 16] = [15, 13, 1, 11, 0, 7, 8, 6, 9, 10, 12, 5, 14, 4, 2, 3];

    /// A random permutation moves neighbours a third of the length apart on average (the mean
    /// distance of two uniform positions); its standard error over 4095 neighbours is below 1 %.
    #[test]
    fn neighbours_part_as_far_as_chance_would_have_it() {
        let shuffle = Interleaver::new(4096);
        let total: usize = (1..4096)
            .map(|i| shuffle.position(i).abs_diff(shuffle.position(i - 1)))
            .sum();
        let mean = total as f64 / 4095.0 / 4096.0;
        assert!((mean - 1.0 / 3.0).abs() < 0.02, "{mean}");
    }
}
