//! Any sample rate to any other, streaming, without delay and without drift.
//!
//! A windowed sinc, cut into phases: output sample `k` lies at input time `k * from / to`, which
//! is a whole number of input samples plus one of `to / gcd(from, to)` fractions. For each
//! fraction a row of taps is kept, contiguous, so that one output sample is one dot product. The
//! position advances in integers: after a year the two clocks still agree to the sample.
//!
//! **Zero net delay**: a sine that crosses zero at input time `t` crosses zero at the same time
//! in the output, whose sample `k` lies at `k / to` seconds. Before the first and after the last
//! sample the input counts as silence.
//!
//! The filter is only as sharp as the caller needs. With `highest` the highest frequency that
//! matters, everything up to it passes within 0.1 dB, and what could fold into
//! `0..=highest`, or is an image of something there, is 80 dB down or more; the
//! transition band in between is free to alias onto itself. From 48 to 24 kHz with 9 kHz of
//! interest it reaches from 9 to 15 kHz and 48 taps are enough, where 11.4 kHz would need 240.

use std::ops::RangeInclusive;

mod filter;
mod half;

use filter::{Filter, Rows};
use half::Half;

use crate::units::{Decibels, Hertz, SampleRate, fixed};

/// Why a resampler cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResampleError {
    /// A rate lies outside of [`Resampler::RATES`].
    #[error("sample rate of {got} cannot be converted: only {} to {}", Resampler::RATES.start(), Resampler::RATES.end())]
    RateOutOfRange {
        /// What was asked for.
        got: SampleRate,
    },
    /// The highest frequency that matters does not fit below half the lower rate.
    #[error("{:.0} Hz cannot be kept between {from} and {to}: at most {:.0} Hz", fixed(highest.0), fixed(max.0))]
    HighestOutOfRange {
        /// What was asked for.
        highest: Hertz,
        /// The highest that works: [`Resampler::HIGHEST_FRACTION`] of half the lower rate.
        max: Hertz,
        /// The rate of the input.
        from: SampleRate,
        /// The rate of the output.
        to: SampleRate,
    },
}

/// Converts a stream of samples from one rate to another. Keeps bounded memory.
///
/// ```
/// use airshake::samples::Resampler;
/// use airshake::units::{Hertz, SampleRate};
///
/// let mut resampler = Resampler::new(SampleRate(44_100), SampleRate(24_000), Hertz(9_000.0))?;
/// let mut out = Vec::new();
/// for block in vec![0.0; 44_100].chunks(1_000) {
///     resampler.push(block, &mut out);
/// }
/// resampler.finish(&mut out);
/// assert_eq!(out.len(), 24_000);
/// # Ok::<(), airshake::samples::ResampleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Resampler {
    /// Output samples per `down` input samples; the two have no common divisor.
    up: u32,
    down: u32,
    rows: Rows,
    /// The short way to half the rate.
    half: Option<Half>,
    /// The last input samples and those not yet used; `window[start]` is the first that the next
    /// output needs. Never longer than [`room`].
    window: Vec<f32>,
    start: usize,
    /// The next output lies `phase / up` input samples after the centre of its window.
    phase: u32,
    /// Input samples taken since the start, times `up`, less outputs given, times `down`: while
    /// it is positive, the next output lies inside of the input.
    owed: i64,
}

impl Resampler {
    /// How far aliases and images lie below what they come from, at least.
    pub const STOP_BAND: Decibels = Decibels(80.0);

    /// `highest` may reach this fraction of half the lower rate. A transition band of twice the
    /// remaining 5 % keeps the longest filter at about 120 periods of the lower rate.
    pub const HIGHEST_FRACTION: f64 = 0.95;

    /// The rates that are taken: below lies no audio, above no sound card.
    pub const RATES: RangeInclusive<SampleRate> = SampleRate(1_000)..=SampleRate(1_000_000);

    /// A resampler that keeps everything up to `highest`. Equal rates pass samples through
    /// untouched. Allocates here.
    ///
    /// # Errors
    /// [`ResampleError::RateOutOfRange`] for a rate outside of [`RATES`](Self::RATES),
    /// [`ResampleError::HighestOutOfRange`] if `highest` is negative, not a number, or above
    /// [`HIGHEST_FRACTION`](Self::HIGHEST_FRACTION) of half the lower rate, unless the rates are equal.
    pub fn new(from: SampleRate, to: SampleRate, highest: Hertz) -> Result<Self, ResampleError> {
        for got in [from, to] {
            if !Self::RATES.contains(&got) {
                return Err(ResampleError::RateOutOfRange { got });
            }
        }
        let max = Hertz(f64::from(from.min(to).0) / 2.0 * Self::HIGHEST_FRACTION);
        if from != to && !(0.0..=max.0).contains(&highest.0) {
            return Err(ResampleError::HighestOutOfRange {
                highest,
                max,
                from,
                to,
            });
        }
        let divisor = gcd(from.0, to.0);
        let (up, down) = (to.0 / divisor, from.0 / divisor);
        let rows = if up == down {
            Rows::none()
        } else {
            Rows::new(&Filter::new(from, to, highest), up)
        };
        let mut resampler = Self {
            up,
            down,
            half: (up == 1 && down == 2).then(|| Half::new(rows.row(0), room(&rows))),
            window: Vec::with_capacity(room(&rows)),
            rows,
            start: 0,
            phase: 0,
            owed: 0,
        };
        resampler.reset();
        Ok(resampler)
    }

    /// Takes any number of samples and appends what they complete to `out`. The output is the
    /// same, bit for bit, however the input is cut. Nothing is allocated but room in `out`.
    ///
    /// A sample that is not finite spoils the outputs whose filters reach it, and no others.
    pub fn push(&mut self, input: &[f32], out: &mut Vec<f32>) {
        if self.up == self.down {
            out.extend_from_slice(input);
            return;
        }
        out.reserve(self.output_len(input.len() as u64) as usize + 1);
        let mut rest = input;
        while !rest.is_empty() {
            let used = self.start.min(self.window.len());
            self.window.drain(..used);
            self.start -= used;
            let room = room(&self.rows) - self.window.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.window.extend_from_slice(now);
            self.owed += now.len() as i64 * i64::from(self.up);
            self.convert(out);
            rest = later;
        }
    }

    /// The input has ended: appends the outputs that lie inside of it and have not been given, so
    /// that `n` input samples have become [`output_len(n)`](Self::output_len). The resampler is
    /// then as new.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        if self.up != self.down {
            let owed = usize::try_from(self.owed)
                .unwrap_or(0)
                .div_ceil(self.down as usize);
            let wanted = out.len() + owed;
            let silence = [0.0; 64];
            let mut tail = self.latency();
            while tail > 0 {
                let n = tail.min(silence.len());
                self.push(&silence[..n], out);
                tail -= n;
            }
            out.truncate(wanted);
        }
        self.reset();
    }

    /// Forgets everything heard; the next sample pushed is the first.
    pub fn reset(&mut self) {
        self.window.clear();
        // The first output is centred on the first input, so half a window of silence precedes.
        self.window
            .resize(self.rows.taps.saturating_sub(1) / 2, 0.0);
        self.start = 0;
        self.phase = 0;
        self.owed = 0;
    }

    /// Forgets everything heard; the next output is that of number `output`, the same bits as if
    /// all had been heard. Gives the number of the input sample to be pushed first.
    pub fn seek(&mut self, output: u64) -> u64 {
        self.window.clear();
        self.start = 0;
        if self.up == self.down {
            return output;
        }
        let place = u128::from(output) * u128::from(self.down);
        let whole = u64::try_from(place / u128::from(self.up)).unwrap_or(u64::MAX);
        self.phase = (place % u128::from(self.up)) as u32;
        let before = (self.rows.taps.saturating_sub(1) / 2) as u64;
        // What would lie before the first input is silence.
        let silence = before.saturating_sub(whole) as usize;
        self.window.resize(silence, 0.0);
        let first = whole.saturating_sub(before);
        self.owed = -((whole - first) as i64 * i64::from(self.up) + i64::from(self.phase));
        first
    }

    /// Output samples per input sample as a fraction in lowest terms: `(to, from)` without their
    /// common divisor.
    pub fn ratio(&self) -> (u32, u32) {
        (self.up, self.down)
    }

    /// Output samples that `input` samples become after [`finish`](Self::finish): those that lie
    /// before the end of the input, `input * to / from` rounded up.
    pub fn output_len(&self, input: u64) -> u64 {
        let len = (u128::from(input) * u128::from(self.up)).div_ceil(u128::from(self.down));
        u64::try_from(len).unwrap_or(u64::MAX)
    }

    /// How many input samples must follow the one at an output's place before it is given. It is
    /// waiting, not delay: the output's place does not move.
    pub fn latency(&self) -> usize {
        self.rows.taps / 2
    }

    /// Gives every output whose window is complete.
    fn convert(&mut self, out: &mut Vec<f32>) {
        let before = out.len();
        if let Some(half) = &mut self.half {
            let window = self.window.get(self.start..).unwrap_or_default();
            self.start += 2 * half.convert(window, out);
            self.owed -= (out.len() - before) as i64 * i64::from(self.down);
            return;
        }
        let taps = self.rows.taps;
        let (step, turn) = (self.down / self.up, self.down % self.up);
        let (mut start, mut phase) = (self.start, self.phase);
        while let Some(window) = self.window.get(start..start + taps) {
            out.push(self.rows.at(phase, window));
            start += step as usize;
            phase += turn;
            if phase >= self.up {
                phase -= self.up;
                start += 1;
            }
        }
        self.owed -= (out.len() - before) as i64 * i64::from(self.down);
        (self.start, self.phase) = (start, phase);
    }
}

/// Input samples to keep at a time.
fn room(rows: &Rows) -> usize {
    rows.taps + BLOCK.max(rows.taps)
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Samples converted at a time: with their taps they stay in the first cache.
const BLOCK: usize = 4096;

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    const PAIRS: [(u32, u32, f64); 12] = [
        (48_000, 24_000, 9_000.0),
        (44_100, 24_000, 9_000.0),
        (96_000, 24_000, 9_000.0),
        (192_000, 24_000, 9_000.0),
        (16_000, 24_000, 7_000.0),
        (8_000, 24_000, 3_700.0),
        (24_000, 48_000, 9_000.0),
        (48_000, 44_100, 20_000.0),
        (48_000, 96_000, 20_000.0),
        (44_100, 48_000, 20_900.0),
        // So many fractions that rows are interpolated.
        (47_999, 48_000, 20_000.0),
        (1_000_000, 7_919, 3_000.0),
    ];

    fn sine(rate: u32, hertz: f64, turns: f64, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| (2.0 * PI * (hertz * n as f64 / f64::from(rate) + turns)).sin() as f32)
            .collect()
    }

    fn resampler(from: u32, to: u32, highest: f64) -> Resampler {
        Resampler::new(SampleRate(from), SampleRate(to), Hertz(highest)).unwrap()
    }

    fn whole(mut resampler: Resampler, input: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        resampler.push(input, &mut out);
        resampler.finish(&mut out);
        out
    }

    fn noise(samples: usize) -> Vec<f32> {
        let mut state = 1u64;
        (0..samples)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 40) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    /// Outputs whose filters do not reach over the edges of `input` samples.
    fn inner(resampler: &Resampler, input: usize) -> std::ops::Range<usize> {
        let edge = resampler.output_len(resampler.latency() as u64) as usize + 1;
        edge..resampler.output_len(input as u64) as usize - edge
    }

    #[test]
    fn a_sine_below_the_highest_comes_out_with_its_frequency_amplitude_and_phase() {
        let floor = 1.0 / Resampler::STOP_BAND.amplitude_ratio();
        for (from, to, highest) in PAIRS {
            for part in [0.01, 0.2, 0.5, 0.77, 1.0] {
                let resampler = resampler(from, to, highest);
                let n = 4 * resampler.latency() + 4_000;
                let input = sine(from, highest * part, 0.1, n);
                let inner = inner(&resampler, n);
                let got = whole(resampler, &input);
                let want = sine(to, highest * part, 0.1, got.len());
                let worst = inner
                    .map(|k| f64::from((got[k] - want[k]).abs()))
                    .fold(0.0, f64::max);
                assert!(
                    worst < floor,
                    "{from} to {to}, {part} of {highest}: off by {worst}"
                );
            }
        }
    }

    #[test]
    fn what_would_fold_onto_the_band_is_suppressed() {
        let floor = 1.0 / Resampler::STOP_BAND.amplitude_ratio();
        for (from, to, highest) in PAIRS.into_iter().filter(|(from, to, _)| from > to) {
            let edge = f64::from(to) - highest;
            let top = f64::from(from) / 2.0;
            if edge >= top {
                continue; // Nothing that the input can hold folds that far.
            }
            for part in [0.0, 0.1, 0.35, 0.7, 0.99] {
                let resampler = resampler(from, to, highest);
                let n = 4 * resampler.latency() + 4_000;
                let input = sine(from, edge + (top - edge) * part, 0.2, n);
                let inner = inner(&resampler, n);
                let got = whole(resampler, &input);
                let worst = inner.map(|k| f64::from(got[k].abs())).fold(0.0, f64::max);
                assert!(
                    worst < floor,
                    "{from} to {to}, {part} above {edge}: {worst} left"
                );
            }
        }
    }

    #[test]
    fn it_agrees_with_the_direct_sum() {
        for (from, to, highest) in PAIRS {
            let resampler = resampler(from, to, highest);
            let filter = Filter::new(SampleRate(from), SampleRate(to), Hertz(highest));
            let input = noise(700.max(3 * filter.half));
            let got = whole(resampler.clone(), &input);
            let (up, down) = resampler.ratio();
            let exact = resampler.rows.grid.is_none();
            // Rounding of the products, or the interpolated rows as well.
            let close = if exact { 2e-6 } else { 4e-5 };
            assert_eq!(got.len() as u64, resampler.output_len(input.len() as u64));
            for (k, got) in got.iter().enumerate().step_by(13) {
                let place = k as f64 * f64::from(down) / f64::from(up);
                // All taps, also those that meet silence before the first and after the last.
                let reach = filter.half as i64 + 1;
                let (mut sum, mut gain) = (0.0, 0.0);
                for n in place as i64 - reach..=place as i64 + reach {
                    let tap = filter.at(place - n as f64);
                    gain += tap;
                    let sample = usize::try_from(n).ok().and_then(|n| input.get(n));
                    sum += tap * f64::from(*sample.unwrap_or(&0.0));
                }
                let want = sum / gain;
                assert!(
                    (f64::from(*got) - want).abs() < close,
                    "{from} to {to}: {k}: {got} {want}"
                );
            }
        }
    }

    #[test]
    fn cutting_the_input_changes_no_bit() {
        for (from, to, highest) in PAIRS {
            let input = noise(9_000);
            let resampler = resampler(from, to, highest);
            let want = whole(resampler.clone(), &input);
            for size in [1, 7, 480, 4_097] {
                let mut resampler = resampler.clone();
                let mut got = Vec::new();
                for block in input.chunks(size) {
                    resampler.push(block, &mut got);
                    resampler.push(&[], &mut got);
                }
                resampler.finish(&mut got);
                assert!(got == want, "{from} to {to} in blocks of {size}");
            }
        }
    }

    #[test]
    fn after_the_end_it_starts_anew() {
        let mut resampler = resampler(44_100, 24_000, 9_000.0);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        resampler.push(&noise(1_000), &mut first);
        resampler.finish(&mut first);
        resampler.push(&noise(1_000), &mut second);
        resampler.finish(&mut second);
        assert_eq!(first, second);
    }

    #[test]
    fn it_may_begin_anywhere() {
        for (from, to, highest) in PAIRS {
            let input = noise(9_000);
            let mut resampler = resampler(from, to, highest);
            let want = whole(resampler.clone(), &input);
            for output in [0, 1, 5, want.len() / 3, want.len() / 2 + 1, want.len() - 1] {
                let first = resampler.seek(output as u64) as usize;
                let mut got = Vec::new();
                resampler.push(&input[first..], &mut got);
                resampler.finish(&mut got);
                assert!(got == want[output..], "{from} to {to} from {output}");
            }
        }
    }

    #[test]
    fn no_length_is_too_short() {
        for (from, to, highest) in PAIRS {
            for samples in 0..40 {
                let resampler = resampler(from, to, highest);
                let want = resampler.output_len(samples as u64) as usize;
                assert_eq!(
                    whole(resampler, &noise(samples)).len(),
                    want,
                    "{from} to {to}"
                );
            }
        }
    }

    #[test]
    fn equal_rates_pass_every_bit() {
        let input = [0.5, f32::NAN, -0.0, f32::INFINITY];
        let out = whole(resampler(48_000, 48_000, 24_000.0), &input);
        assert_eq!(out.map_bits(), input.to_vec().map_bits());
    }

    #[test]
    fn a_bad_sample_spoils_its_own_filter_length_only() {
        for bad in [f32::NAN, f32::INFINITY, f32::MAX] {
            let resampler = resampler(48_000, 24_000, 9_000.0);
            let reach = resampler.latency();
            let mut input = noise(4_000);
            let clean = whole(resampler.clone(), &input);
            input[2_000] = bad;
            let dirty = whole(resampler, &input);
            for (k, (clean, dirty)) in clean.iter().zip(&dirty).enumerate() {
                let far = (2 * k).abs_diff(2_000) > reach;
                assert!(!far || clean == dirty, "{bad} reached output {k}");
            }
            assert_ne!(clean[1_000].to_bits(), dirty[1_000].to_bits());
        }
    }

    #[test]
    fn impossible_rates_and_bands_are_refused() {
        let new = |from, to, highest| {
            Resampler::new(SampleRate(from), SampleRate(to), Hertz(highest)).map(|_| ())
        };
        let rate = |got| {
            Err(ResampleError::RateOutOfRange {
                got: SampleRate(got),
            })
        };
        assert_eq!(new(0, 48_000, 100.0), rate(0));
        assert_eq!(new(48_000, u32::MAX, 100.0), rate(u32::MAX));
        for highest in [f64::NAN, -1.0, 7_601.0, f64::INFINITY] {
            let refused = new(16_000, 48_000, highest);
            assert!(
                matches!(refused, Err(ResampleError::HighestOutOfRange { .. })),
                "{highest}"
            );
        }
        assert_eq!(new(16_000, 48_000, 7_600.0), Ok(()));
        assert_eq!(new(1_000_000, 1_000, 475.0), Ok(()));
        assert_eq!(new(999_999, 999_998, 474_000.0), Ok(()));
    }

    trait Bits {
        fn map_bits(&self) -> Vec<u32>;
    }

    impl Bits for Vec<f32> {
        fn map_bits(&self) -> Vec<u32> {
            self.iter().map(|x| x.to_bits()).collect()
        }
    }
}
