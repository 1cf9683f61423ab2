//! How loud a stream is, how steady, how much of it is clipped or missing.

use crate::lanes;
use crate::units::{Decibels, SampleRate};

/// Blocks a second: 20 ms each, in which speech and bursts are steady.
const BLOCKS_PER_SECOND: u64 = 50;
/// The lowest level that is told apart, in dBFS: below the noise of 24-bit samples in a block.
const LOWEST: i32 = -150;
/// As large as a sample must be at least to count as cut off: converters that clip do so near
/// full scale, and so do programs; half of it leaves room for a volume that was turned down later.
const CLIP_LEAST: f32 = 0.5;
/// Equal samples in a row that are a cut wave and not just its crest.
const CLIP_RUN: usize = 3;
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
    /// The block that is being filled, of finite samples.
    block: Vec<f32>,
    block_len: usize,
    /// Blocks of each whole decibel from [`LOWEST`] up to 0 dBFS.
    histogram: Vec<u64>,
    /// Samples in blocks where something is cut off, and how many of them are.
    clipped: (u64, u64),
    gaps: Gaps,
}

/// Gaps of zeros, and the zeros that may become one.
#[derive(Clone, Copy, Debug)]
struct Gaps {
    rate: SampleRate,
    /// Samples over which the mean square before a gap is followed: a quarter of a block.
    follow: usize,
    zeros: u64,
    /// Mean square of the last few milliseconds before them.
    before: f32,
    dropouts: u64,
    gates: u64,
}

impl Loudness {
    pub(super) fn new(rate: SampleRate) -> Self {
        let block_len = (u64::from(rate.0) / BLOCKS_PER_SECOND).max(1) as usize;
        Self {
            rate,
            samples: 0,
            not_numbers: 0,
            squares: 0.0,
            peak: 0.0,
            block: Vec::with_capacity(block_len),
            block_len,
            histogram: vec![0; LOWEST.unsigned_abs() as usize + 1],
            clipped: (0, 0),
            gaps: Gaps::new(rate, block_len.div_ceil(4)),
        }
    }

    /// Takes any number of samples, full scale 1.
    pub(super) fn push(&mut self, mut samples: &[f32]) {
        self.samples += samples.len() as u64;
        while !samples.is_empty() {
            let take = samples.len().min(self.block_len - self.block.len());
            let (now, later) = samples.split_at(take);
            self.block.extend_from_slice(now);
            samples = later;
            if any(now, |sample| !sample.is_finite()) {
                let start = self.block.len() - take;
                let bad = self.block[start..].iter_mut();
                for sample in bad.filter(|sample| !sample.is_finite()) {
                    *sample = 0.0;
                    self.not_numbers += 1;
                }
            }
            if self.block.len() == self.block_len {
                self.end_block();
            }
        }
    }

    /// So many of the zeros taken were no numbers.
    pub(super) fn replaced(&mut self, samples: u64) {
        self.not_numbers = self.not_numbers.saturating_add(samples).min(self.samples);
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        let (squares, peak) = (sum_of_squares(&block), largest(&block));
        self.squares += squares;
        self.peak = self.peak.max(peak);
        if squares > 0.0 {
            let level = Decibels::from_power_ratio(squares / block.len() as f64).0;
            let place = (level.round() as i32).clamp(LOWEST, 0) - LOWEST;
            self.histogram[place as usize] += 1;
        }
        if peak >= CLIP_LEAST {
            let is_cut = |run: &[f32]| run[0].abs() == peak && run.len() >= CLIP_RUN;
            if block.chunk_by(|a, b| a == b).any(is_cut) {
                let at_peak = block.iter().filter(|sample| sample.abs() == peak).count();
                self.clipped.0 += block.len() as u64;
                self.clipped.1 += at_peak as u64;
            }
        }
        self.gaps.follow(&block);
        self.block = block;
        self.block.clear();
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
        let squares = self.squares + sum_of_squares(&self.block);
        (squares > 0.0).then(|| 10.0 * (squares / self.samples.max(1) as f64).log10())
    }

    /// Largest magnitude in dBFS; `None` if all is zero.
    pub(super) fn peak_dbfs(&self) -> Option<f64> {
        let peak = self.peak.max(largest(&self.block));
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
        self.all_gaps().dropouts
    }

    /// Long ones.
    pub(super) fn gates(&self) -> u64 {
        self.all_gaps().gates
    }

    /// Those in the block that is being filled among them.
    fn all_gaps(&self) -> Gaps {
        let mut gaps = self.gaps;
        gaps.follow(&self.block);
        gaps
    }
}

impl Gaps {
    fn new(rate: SampleRate, follow: usize) -> Self {
        Self {
            rate,
            follow,
            zeros: 0,
            before: 0.0,
            dropouts: 0,
            gates: 0,
        }
    }

    /// Takes the samples of a block. Few have a gap, and those that have none are quick.
    fn follow(&mut self, block: &[f32]) {
        let Some(first) = block.iter().position(|sample| *sample != 0.0) else {
            self.zeros += block.len() as u64;
            return;
        };
        // Wherever a gap lies, one of the parts that are half as long lies in it.
        let half = (self.rate.samples_in(GAP_S) / 2).max(1) as usize;
        let mut parts = block.chunks_exact(half);
        let has_gap = parts.any(|part| !any(part, |sample| sample != 0.0));
        if !has_gap && block.len() >= self.follow {
            self.zeros += first as u64;
            self.end();
            let latest = &block[block.len() - self.follow..];
            self.before = (sum_of_squares(latest) / self.follow as f64) as f32;
            let last = block.iter().rev().position(|sample| *sample != 0.0);
            self.zeros = last.unwrap_or(0) as u64;
            return;
        }
        let part = 1.0 / self.follow as f32;
        for &sample in block {
            if sample == 0.0 {
                self.zeros += 1;
            } else {
                self.end();
                self.before += (sample * sample - self.before) * part;
            }
        }
    }

    /// Sound has come back.
    fn end(&mut self) {
        if self.zeros == 0 {
            return;
        }
        let seconds = self.rate.seconds(self.zeros);
        if seconds >= GAP_S {
            if self.before >= GAP_LOUD {
                if seconds <= DROPOUT_S {
                    self.dropouts += 1;
                } else {
                    self.gates += 1;
                }
            }
            self.before = 0.0;
        }
        self.zeros = 0;
    }
}

/// Single precision is enough for the few squares of a block, unless they are beyond all that is
/// sound.
fn sum_of_squares(samples: &[f32]) -> f64 {
    let rest = samples.as_chunks::<4>().1;
    let rest: f32 = rest.iter().map(|x| x * x).sum();
    let sum = lanes::dot(samples, samples) + rest;
    if sum.is_finite() {
        return f64::from(sum);
    }
    samples.iter().map(|x| f64::from(*x).powi(2)).sum()
}

/// Whether any is so. Without a way out in between, so that many are looked at at once.
fn any(samples: &[f32], is_so: impl Fn(f32) -> bool) -> bool {
    samples.iter().fold(false, |so_far, x| so_far | is_so(*x))
}

/// The largest magnitude.
fn largest(samples: &[f32]) -> f32 {
    let rest = samples.as_chunks::<4>().1;
    let rest = rest.iter().map(|x| x.abs());
    rest.fold(lanes::largest(samples), f32::max)
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
    fn a_gap_just_before_the_end_counts() {
        let mut samples = noise(1.0, 0.1);
        // The last block is not whole: its sound comes back 1 ms before the end.
        samples.extend_from_slice(&[0.0; 480]);
        samples.extend(noise(0.001, 0.1));
        assert_eq!((of(&samples).dropouts(), of(&samples).gates()), (1, 0));
        // Zeros at the end are its end.
        samples.extend_from_slice(&[0.0; 200]);
        assert_eq!((of(&samples).dropouts(), of(&samples).gates()), (1, 0));
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
