//! Seeded chance: the same seed and name give the same room, on every machine.
//!
//! The generator is xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number
//! generators", 2021), its state filled by splitmix64, as its authors advise.

/// A stream of random numbers that depends on its seed alone.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
    spare: Option<f64>,
}

impl Random {
    /// The stream of `seed` called `name`. Streams of different names do not resemble each other,
    /// so that one fault can be switched on without moving the others.
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a, 64 bit.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut filler = seed ^ hash.rotate_left(32);
        Self {
            state: std::array::from_fn(|_| splitmix(&mut filler)),
            spare: None,
        }
    }

    /// Any of the numbers of 64 bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// Uniform in `0.0..1.0`, in steps of `2^-53`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform between two numbers, in either order.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// One or minus one.
    pub fn sign(&mut self) -> f64 {
        if self.bits() >> 63 == 0 { 1.0 } else { -1.0 }
    }

    /// Normally distributed, mean 0, variance 1 (Marsaglia's polar method).
    pub fn gaussian(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Waiting time until the next of events that come at random, `mean` apart on average.
    pub fn waiting(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_the_numbers_of_the_published_generator() {
        // The first outputs for the state 1, 2, 3, 4.
        let mut random = Random {
            state: [1, 2, 3, 4],
            spare: None,
        };
        assert_eq!(random.bits(), 41_943_041);
        assert_eq!(random.bits(), 58_720_359);
        assert_eq!(random.bits(), 3_588_806_011_781_223);
    }

    #[test]
    fn gaussians_have_the_moments_of_the_normal_distribution() {
        let mut random = Random::new(1, "test");
        let n = 200_000;
        let draws: Vec<f64> = (0..n).map(|_| random.gaussian()).collect();
        let moment = |k: i32| draws.iter().map(|x| x.powi(k)).sum::<f64>() / f64::from(n);
        // Four standard deviations of each estimate: variances 1, 2, 15 and 96, over n.
        let close = |variance: f64| 4.0 * (variance / f64::from(n)).sqrt();
        assert!(moment(1).abs() < close(1.0), "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < close(2.0), "{}", moment(2));
        assert!(moment(3).abs() < close(15.0), "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < close(96.0), "{}", moment(4));
    }

    #[test]
    fn waiting_times_have_their_mean() {
        let mut random = Random::new(2, "test");
        let n = 100_000;
        let mean = (0..n).map(|_| random.waiting(3.0)).sum::<f64>() / f64::from(n);
        assert!(
            (mean - 3.0).abs() < 4.0 * 3.0 / f64::from(n).sqrt(),
            "{mean}"
        );
    }

    #[test]
    fn seed_and_name_both_matter() {
        let first = |seed, name| Random::new(seed, name).bits();
        assert_eq!(first(1, "echo"), first(1, "echo"));
        assert_ne!(first(1, "echo"), first(2, "echo"));
        assert_ne!(first(1, "echo"), first(1, "noise"));
    }
}
