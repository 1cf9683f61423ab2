//! What drivers and fingers do to a recording: gaps and clicks.

use super::random::Random;
use crate::units::SampleRate;

/// Samples replaced by silence, at random times.
#[derive(Clone, Debug)]
pub struct Dropouts {
    random: Random,
    /// Mean samples from the end of one to the next.
    apart: f64,
    length: (f64, f64),
    until_next: u64,
    left: u64,
}

impl Dropouts {
    /// `per_second` gaps on average, each between `shortest` and `longest` seconds long.
    pub fn new(
        per_second: f64,
        (shortest, longest): (f64, f64),
        rate: SampleRate,
        mut random: Random,
    ) -> Self {
        let apart = f64::from(rate.0) / per_second;
        let until_next = random.waiting(apart) as u64;
        let length = (shortest * f64::from(rate.0), longest * f64::from(rate.0));
        Self {
            random,
            apart,
            length,
            until_next,
            left: 0,
        }
    }

    /// Silences samples in place. Any cut of a stream gives the same.
    pub fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            if self.left > 0 {
                *sample = 0.0;
                self.left -= 1;
            } else if self.until_next > 0 {
                self.until_next -= 1;
            } else {
                *sample = 0.0;
                self.left =
                    (self.random.between(self.length.0, self.length.1) as u64).saturating_sub(1);
                self.until_next = self.random.waiting(self.apart) as u64;
            }
        }
    }
}

/// Short bursts of noise that die away, at random times: keys, cups, contacts.
#[derive(Clone, Debug)]
pub struct Clicks {
    random: Random,
    rate: SampleRate,
    apart: f64,
    loudest: f64,
    until_next: u64,
    level: f64,
    fall: f64,
    left: u64,
}

impl Clicks {
    /// `per_second` clicks on average, of 0.3 to 2 ms, beginning at up to `loudest`.
    pub fn new(per_second: f64, loudest: f64, rate: SampleRate, mut random: Random) -> Self {
        let apart = f64::from(rate.0) / per_second;
        let until_next = random.waiting(apart) as u64;
        Self {
            random,
            rate,
            apart,
            loudest,
            until_next,
            level: 0.0,
            fall: 0.0,
            left: 0,
        }
    }

    /// Adds clicks to samples. Any cut of a stream gives the same.
    pub fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            if self.left == 0 {
                if self.until_next > 0 {
                    self.until_next -= 1;
                    continue;
                }
                let length = self.random.between(0.0003, 0.002) * f64::from(self.rate.0);
                self.left = length.max(1.0) as u64;
                self.level = self.loudest * self.random.between(0.2, 1.0);
                // By e^4, 35 dB, over its length.
                self.fall = (-4.0 / length).exp();
                self.until_next = self.random.waiting(self.apart) as u64;
            }
            *sample += (self.level * self.random.between(-1.0, 1.0)) as f32;
            self.level *= self.fall;
            self.left -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    #[test]
    fn gaps_come_as_often_and_are_as_long_as_asked() {
        let mut samples = vec![1.0; 48_000 * 300];
        let range = (0.005, 0.020);
        Dropouts::new(2.0, range, RATE, Random::new(1, "gaps")).process(&mut samples);
        let silent = samples.iter().filter(|x| **x == 0.0).count();
        let gaps = samples
            .windows(2)
            .filter(|w| w[0] != 0.0 && w[1] == 0.0)
            .count();
        // 585 gaps are expected, the 300 s being shortened by the gaps themselves; three
        // deviations of a Poisson count.
        assert!((gaps as f64 - 585.0).abs() < 3.0 * 585f64.sqrt(), "{gaps}");
        let mean = silent as f64 / gaps as f64 / 48_000.0;
        assert!((mean - 0.0125).abs() < 0.0006, "{mean}");
    }

    #[test]
    fn clicks_come_as_often_and_are_as_loud_as_asked() {
        let mut samples = vec![0.0; 48_000 * 100];
        Clicks::new(5.0, 0.5, RATE, Random::new(1, "clicks")).process(&mut samples);
        let mut count = 0;
        let mut quiet = 1_000;
        for x in &samples {
            if *x != 0.0 {
                // Two within 2 ms are seen as one: about 1 % of them.
                count += i32::from(quiet > 96);
                quiet = 0;
            } else {
                quiet += 1;
            }
        }
        assert!(
            (f64::from(count) - 495.0).abs() < 3.0 * 495f64.sqrt(),
            "{count}"
        );
        let loudest = samples.iter().fold(0.0f32, |a, x| a.max(x.abs()));
        assert!(loudest > 0.4 && loudest <= 0.5, "{loudest}");
    }
}
