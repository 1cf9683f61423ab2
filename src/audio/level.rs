//! How loud a stream of samples is, and whether there is anything in it at all.

use crate::units::SampleRate;

/// Loudness of a stretch of samples. Full scale is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// Root mean square.
    pub rms: f32,
    /// Largest magnitude.
    pub peak: f32,
}

/// Measures a stream of samples, a tenth of a second at a time.
#[derive(Clone, Debug)]
pub struct Meter {
    block: u64,
    filled: u64,
    squares: f64,
    peak: f32,
    last: Level,
    zeros: u64,
    alive: bool,
}

impl Meter {
    /// A meter for samples at `rate`.
    pub fn new(rate: SampleRate) -> Self {
        Self {
            block: (u64::from(rate.0) / BLOCKS_PER_SECOND).max(1),
            filled: 0,
            squares: 0.0,
            peak: 0.0,
            last: Level::default(),
            zeros: 0,
            alive: false,
        }
    }

    /// Takes any number of samples. Gives the level of the last tenth of a second that they
    /// completed, if they completed one.
    pub fn push(&mut self, samples: &[f32]) -> Option<Level> {
        let mut completed = None;
        for &sample in samples {
            // A broken driver may deliver NaN; it must not stick to the sums.
            let sample = if sample.is_finite() { sample } else { 0.0 };
            if sample == 0.0 {
                self.zeros += 1;
            } else {
                self.zeros = 0;
                self.alive = true;
            }
            self.squares += f64::from(sample) * f64::from(sample);
            self.peak = self.peak.max(sample.abs());
            self.filled += 1;
            if self.filled == self.block {
                self.last = Level {
                    rms: (self.squares / self.block as f64).sqrt() as f32,
                    peak: self.peak,
                };
                completed = Some(self.last);
                (self.filled, self.squares, self.peak) = (0, 0.0, 0.0);
            }
        }
        completed
    }

    /// The level of the last whole tenth of a second; zero before the first.
    pub fn level(&self) -> Level {
        self.last
    }

    /// How many samples in a row, up to the last, were exactly zero. A microphone with a
    /// converter behind it is never that quiet; one that may not be heard is.
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// Whether any sample so far was not zero.
    pub fn alive(&self) -> bool {
        self.alive
    }
}

/// Often enough for a meter that looks alive, seldom enough to cost nothing.
const BLOCKS_PER_SECOND: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_has_its_amplitude_as_peak_and_a_root_of_half_as_rms() {
        let mut meter = Meter::new(SampleRate(48_000));
        // 1000 Hz: a whole number of periods in a tenth of a second.
        let sine: Vec<f32> = (0..4800)
            .map(|n| 0.5 * (std::f32::consts::TAU * n as f32 / 48.0).sin())
            .collect();
        let level = meter.push(&sine).expect("a whole block");
        assert!((level.peak - 0.5).abs() < 1e-6, "{level:?}");
        assert!((level.rms - 0.5 / 2f32.sqrt()).abs() < 1e-5, "{level:?}");
        assert_eq!(meter.level(), level);
    }

    #[test]
    fn any_cut_of_the_samples_gives_the_same_levels() {
        let samples: Vec<f32> = (0..10_000).map(|n| (n % 97) as f32 / 97.0).collect();
        let mut whole = Meter::new(SampleRate(16_000));
        whole.push(&samples);
        let mut cut = Meter::new(SampleRate(16_000));
        let mut levels = Vec::new();
        for piece in samples.chunks(37) {
            levels.extend(cut.push(piece));
        }
        assert_eq!(levels.len(), 6);
        assert_eq!(cut.level(), whole.level());
    }

    #[test]
    fn zeros_are_counted_from_the_last_sound() {
        let mut meter = Meter::new(SampleRate(48_000));
        meter.push(&[0.0; 10]);
        assert_eq!((meter.zeros(), meter.alive()), (10, false));
        meter.push(&[0.0, 1e-9, 0.0, -0.0]);
        assert_eq!((meter.zeros(), meter.alive()), (2, true));
    }

    #[test]
    fn what_is_not_a_number_does_not_stick() {
        let mut meter = Meter::new(SampleRate(16_000));
        let level = meter.push(&[f32::NAN; 1600]).expect("a whole block");
        assert_eq!(level, Level::default());
        let level = meter.push(&[0.25; 1600]).expect("a whole block");
        assert_eq!(level.peak, 0.25);
    }
}
