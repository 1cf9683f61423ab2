//! How loud a stream is, how steady, how much of it is clipped or missing.

use crate::units::{Decibels, SampleRate};

/// Blocks a second: 20 ms each, in which speech and bursts are steady.
const BLOCKS_PER_SECOND: u64 = 50;
/// The lowest level that is told apart, in dBFS: below the noise of 24-bit samples in a block.
const LOWEST: i32 = -150;
/// As large as a sample must be at least to count as cut off: converters that clip do so near
/// full scale, and so do programs; half of it leaves room for a volume that was turned down later.
const CLIP_LEAST: f32 = 0.5;
/// Equal samples in a row that are a cut wave and not just its crest.
const CLIP_RUN: u32 = 3;
/// A gap is at least so many seconds of zeros out of sound this loud (the mean square of -50
/// dBFS, where 16-bit samples are no longer zero by chance).
const GAP_S: f64 = 0.002;
const GAP_LOUD: f32 = 1e-5;
/// Gaps up to this long are blocks that a driver lost; longer ones are made on purpose.
const DROPOUT_S: f64 = 0.04;

/// Levels of a stream.
#[derive(Clone, Debug)]
pub(super) struct Loudness {
    rate: SampleRate,
    samples: u64,
    not_numbers: u64,
    squares: f64,
    peak: f32,
    block: Block,
    /// Blocks of each whole decibel from [`LOWEST`] up to 0 dBFS.
    histogram: Vec<u64>,
    /// Samples in blocks where something is cut off, and how many of them are.
    clipped: (u64, u64),
    gap: Gap,
    dropouts: u64,
    gates: u64,
}

/// The block that is being filled.
#[derive(Clone, Debug, Default)]
struct Block {
    filled: u64,
    squares: f64,
    peak: f32,
    at_peak: u64,
    last: f32,
    run: u32,
    longest_run: u32,
}

/// The zeros that may be a gap.
#[derive(Clone, Debug, Default)]
struct Gap {
    zeros: u64,
    /// Mean square of the last few milliseconds before them.
    before: f32,
}

impl Loudness {
    pub(super) fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            samples: 0,
            not_numbers: 0,
            squares: 0.0,
            peak: 0.0,
            block: Block::default(),
            histogram: vec![0; LOWEST.unsigned_abs() as usize + 1],
            clipped: (0, 0),
            gap: Gap::default(),
            dropouts: 0,
            gates: 0,
        }
    }

    /// Takes any number of samples, full scale 1.
    pub(super) fn push(&mut self, samples: &[f32]) {
        let block = (u64::from(self.rate.0) / BLOCKS_PER_SECOND).max(1);
        // Mean squares are followed over a quarter of a block.
        let follow = 4.0 / block as f32;
        self.samples += samples.len() as u64;
        for &sample in samples {
            let sample = if sample.is_finite() {
                sample
            } else {
                self.not_numbers += 1;
                0.0
            };
            if sample == 0.0 {
                self.gap.zeros += 1;
            } else {
                if self.gap.zeros > 0 {
                    self.end_gap();
                }
                self.gap.before += (sample * sample - self.gap.before) * follow.min(1.0);
            }
            self.block.take(sample);
            if self.block.filled == block {
                self.end_block();
            }
        }
    }

    /// So many of the zeros taken were no numbers.
    pub(super) fn replaced(&mut self, samples: u64) {
        self.not_numbers = self.not_numbers.saturating_add(samples).min(self.samples);
    }

    fn end_gap(&mut self) {
        let seconds = self.rate.seconds(self.gap.zeros);
        if seconds >= GAP_S && self.gap.before >= GAP_LOUD {
            if seconds <= DROPOUT_S {
                self.dropouts += 1;
            } else {
                self.gates += 1;
            }
        }
        if seconds >= GAP_S {
            self.gap.before = 0.0;
        }
        self.gap.zeros = 0;
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.squares += block.squares;
        self.peak = self.peak.max(block.peak);
        if block.squares > 0.0 {
            let level = Decibels::from_power_ratio(block.squares / block.filled as f64).0;
            let place = (level.round() as i32).clamp(LOWEST, 0) - LOWEST;
            self.histogram[place as usize] += 1;
        }
        if block.longest_run >= CLIP_RUN && block.peak >= CLIP_LEAST {
            self.clipped.0 += block.filled;
            self.clipped.1 += block.at_peak;
        }
        // A run may go on in the next block.
        self.block.last = block.last;
    }

    pub(super) fn seconds(&self) -> f64 {
        self.rate.seconds(self.samples)
    }

    /// The part of the samples that are not numbers.
    pub(super) fn not_numbers(&self) -> f64 {
        self.not_numbers as f64 / self.samples.max(1) as f64
    }

    /// Mean level in dBFS, where a square wave of full scale has 0; `None` if all is zero.
    pub(super) fn rms_dbfs(&self) -> Option<f64> {
        let squares = self.squares + self.block.squares;
        (squares > 0.0).then(|| 10.0 * (squares / self.samples.max(1) as f64).log10())
    }

    /// Largest magnitude in dBFS; `None` if all is zero.
    pub(super) fn peak_dbfs(&self) -> Option<f64> {
        let peak = self.peak.max(self.block.peak);
        (peak > 0.0).then(|| 20.0 * f64::from(peak).log10())
    }

    /// The level in dBFS that this part of the sounding blocks does not exceed.
    pub(super) fn quantile_dbfs(&self, part: f64) -> Option<f64> {
        let blocks: u64 = self.histogram.iter().sum();
        let wanted = (blocks as f64 * part).ceil().max(1.0) as u64;
        let mut sum = 0;
        let place = self.histogram.iter().position(|count| {
            sum += count;
            sum >= wanted
        })?;
        Some(f64::from(place as i32 + LOWEST))
    }

    /// Where anything is cut off at all: the part of the samples there that are.
    pub(super) fn clipped(&self) -> f64 {
        self.clipped.1 as f64 / self.clipped.0.max(1) as f64
    }

    /// The part of all samples that stand in blocks where something is cut off.
    pub(super) fn clipped_time(&self) -> f64 {
        self.clipped.0 as f64 / self.samples.max(1) as f64
    }

    /// Short gaps of zeros in the middle of sound.
    pub(super) fn dropouts(&self) -> u64 {
        self.dropouts
    }

    /// Long ones.
    pub(super) fn gates(&self) -> u64 {
        self.gates
    }
}

impl Block {
    fn take(&mut self, sample: f32) {
        let size = sample.abs();
        self.filled += 1;
        self.squares += f64::from(size) * f64::from(size);
        if size > self.peak {
            self.peak = size;
            self.at_peak = 0;
            self.longest_run = 0;
            self.run = 0;
        }
        if size == self.peak {
            self.at_peak += 1;
            self.run = if sample == self.last { self.run + 1 } else { 1 };
            self.longest_run = self.longest_run.max(self.run);
        } else {
            self.run = 0;
        }
        self.last = sample;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::Random;

    const RATE: SampleRate = SampleRate::HZ_48000;

    fn of(samples: &[f32]) -> Loudness {
        let mut loudness = Loudness::new(RATE);
        loudness.push(samples);
        loudness
    }

    fn noise(seconds: f64, rms: f32) -> Vec<f32> {
        let mut random = Random::new(1, "loudness");
        (0..RATE.samples_in(seconds))
            .map(|_| rms * random.gaussian() as f32)
            .collect()
    }

    fn near(got: Option<f64>, wanted: f64) {
        assert!((got.unwrap() - wanted).abs() < 0.6, "{got:?}, not {wanted}");
    }

    #[test]
    fn noise_is_as_loud_as_it_is_and_steady() {
        let loudness = of(&noise(2.0, 0.01));
        near(loudness.rms_dbfs(), -40.0);
        // 960 samples a block: its level errs by 0.2 dB, rounding by half of one.
        near(loudness.quantile_dbfs(0.5), -40.0);
        let spread = loudness.quantile_dbfs(0.95).unwrap() - loudness.quantile_dbfs(0.1).unwrap();
        assert!(spread <= 2.0, "{spread}");
        assert_eq!(loudness.clipped(), 0.0);
        assert_eq!((loudness.dropouts(), loudness.gates()), (0, 0));
    }

    #[test]
    fn silence_has_no_level() {
        let loudness = of(&[0.0; 4800]);
        assert_eq!(loudness.rms_dbfs(), None);
        assert_eq!(loudness.peak_dbfs(), None);
        assert_eq!(loudness.quantile_dbfs(0.5), None);
    }

    #[test]
    fn the_share_of_clipped_noise_is_what_the_normal_distribution_says() {
        // Cut at one standard deviation: 31.7 % lie beyond, also when turned down afterwards.
        for volume in [1.0, 0.7] {
            let cut: Vec<f32> = noise(2.0, 1.0)
                .iter()
                .map(|x| x.clamp(-1.0, 1.0) * volume)
                .collect();
            let loudness = of(&cut);
            assert!(
                (loudness.clipped() - 0.317).abs() < 0.01,
                "{}",
                loudness.clipped()
            );
        }
    }

    #[test]
    fn a_sine_of_full_scale_is_not_clipped() {
        let sine: Vec<f32> = (0..48_000)
            .map(|n| (std::f32::consts::TAU * n as f32 * 440.0 / 48_000.0).sin())
            .map(|x| (x * 32_767.0).round() / 32_768.0)
            .collect();
        assert_eq!(of(&sine).clipped(), 0.0);
    }

    #[test]
    fn gaps_in_sound_are_told_apart_by_their_length() {
        let mut samples = noise(2.0, 0.1);
        samples[10_000..10_480].fill(0.0); // 10 ms
        samples[30_000..39_600].fill(0.0); // 0.2 s
        samples[50_000..50_030].fill(0.0); // too short to say
        let loudness = of(&samples);
        assert_eq!((loudness.dropouts(), loudness.gates()), (1, 1));
    }

    #[test]
    fn any_cut_gives_the_same_figures() {
        let samples: Vec<f32> = noise(1.0, 0.8).iter().map(|x| x.clamp(-1.0, 1.0)).collect();
        let whole = of(&samples);
        let mut cut = Loudness::new(RATE);
        samples.chunks(37).for_each(|piece| cut.push(piece));
        assert_eq!(format!("{whole:?}"), format!("{cut:?}"));
    }

    #[test]
    fn what_is_not_a_number_is_counted_and_harms_nothing() {
        let loudness = of(&[f32::NAN, 0.5, f32::INFINITY, -0.5]);
        assert_eq!(loudness.not_numbers(), 0.5);
        near(loudness.peak_dbfs(), -6.0);
    }
}
