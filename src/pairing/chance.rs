//! Seeded randomness: the same seed tells the same story again.

use std::time::Duration;

/// A small generator (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014). It spreads turns apart; nothing secret comes from it.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// Every seed is good, also 0.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Evenly in `0..=u64::MAX`.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly in `0.0..1.0`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Evenly in `0..most`.
    pub(super) fn up_to(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_seed_others() {
        let take = |seed| {
            let mut chance = Chance::new(seed);
            [chance.bits(), chance.bits(), chance.bits()]
        };
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
    }

    #[test]
    fn a_span_is_filled_evenly_and_never_left() {
        let mut chance = Chance::new(1);
        let most = Duration::from_millis(800);
        let draws: Vec<_> = (0..4000).map(|_| chance.up_to(most)).collect();
        assert!(draws.iter().all(|&d| d < most));
        // The mean of n even draws has a standard deviation of span / sqrt(12 n); allow five.
        let mean = draws.iter().sum::<Duration>().as_secs_f64() / 4000.0;
        assert!((mean - 0.4).abs() < 5.0 * 0.8 / (12.0f64 * 4000.0).sqrt());
    }
}
