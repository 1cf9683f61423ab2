//! Two clocks that do not agree: the receiver samples a little faster or slower than the sender
//! plays.
//!
//! Output sample `k` lies at input time `k (1 + ppm / 10^6)`, [`Skew::DELAY`] samples later than it
//! could. Positions are fixed-point numbers of 64 bits after the point, so that nothing drifts.

use std::f64::consts::PI;
use std::sync::LazyLock;

/// Stretches a stream by parts per million.
#[derive(Clone, Debug)]
pub struct Skew {
    /// Input samples from one output to the next, times `2^64`.
    step: u128,
    /// Place of the next output after the first sample of `window`, times `2^64`.
    place: u128,
    window: Vec<f32>,
    interpolator: &'static Interpolator,
}

impl Skew {
    /// How late every output is, in input samples: half of a window.
    pub const DELAY: usize = TAPS / 2;

    /// The sender's clock runs `ppm` parts per million faster than the receiver's: what is sent as
    /// 1 kHz arrives as `1 kHz (1 + ppm / 10^6)`. Kept within +-100 000 (a tenth).
    pub fn new(ppm: f64) -> Self {
        let ppm = if ppm.is_finite() {
            ppm.clamp(-1e5, 1e5)
        } else {
            0.0
        };
        let more = (ppm / 1e6 * 2f64.powi(64)) as i128;
        Self {
            step: (1u128 << 64).wrapping_add_signed(more),
            place: 0,
            // The first output, at time 0, is late.
            window: vec![0.0; TAPS],
            interpolator: Interpolator::shared(),
        }
    }

    /// Appends to `out` what `input` completes: about as many samples, exactly
    /// `input / (1 + ppm / 10^6)` in the long run. Any cut of a stream gives the same.
    pub fn push(&mut self, input: &[f32], out: &mut Vec<f32>) {
        if self.step == 1 << 64 {
            self.pass(input, out);
            return;
        }
        for sample in input {
            self.window.copy_within(1.., 0);
            self.window[TAPS - 1] = *sample;
            // Outputs up to the next input sample.
            while self.place < 1 << 64 {
                let fraction = (self.place >> 32) as f64 / 2f64.powi(32);
                out.push(self.interpolator.between(&self.window, fraction));
                self.place += self.step;
            }
            self.place -= 1 << 64;
        }
    }

    /// Without skew samples are only late, and not otherwise changed.
    fn pass(&mut self, input: &[f32], out: &mut Vec<f32>) {
        let start = out.len();
        out.extend_from_slice(&self.window[TAPS - Self::DELAY..]);
        out.extend_from_slice(input);
        let end = start + input.len();
        self.window[TAPS - Self::DELAY..].copy_from_slice(&out[end..]);
        out.truncate(end);
    }
}

/// Reads a signal between its samples.
#[derive(Debug)]
pub(super) struct Interpolator {
    table: Vec<[f32; TAPS]>,
}

impl Interpolator {
    /// Samples it looks at.
    pub(super) const TAPS: usize = TAPS;

    /// The one that all share.
    pub(super) fn shared() -> &'static Self {
        static SHARED: LazyLock<Interpolator> = LazyLock::new(|| Interpolator { table: table() });
        &SHARED
    }

    /// The signal at `fraction`, `0.0..1.0`, after sample `TAPS / 2 - 1` of `window`.
    ///
    /// # Panics
    /// If `window` holds fewer than [`Self::TAPS`] samples, or `fraction` is 1 or more.
    pub(super) fn between(&self, window: &[f32], fraction: f64) -> f32 {
        let place = fraction * ROWS as f64;
        let (row, part) = (place as usize, place.fract() as f32);
        let (mut here, mut next) = ([0.0f32; 8], [0.0f32; 8]);
        let (a, b) = (&self.table[row], &self.table[row + 1]);
        for i in (0..TAPS).step_by(8) {
            for lane in 0..8 {
                here[lane] += a[i + lane] * window[i + lane];
                next[lane] += b[i + lane] * window[i + lane];
            }
        }
        let (here, next) = (here.iter().sum::<f32>(), next.iter().sum::<f32>());
        here + part * (next - here)
    }
}

/// Rows of a windowed sinc, one for each part of a sample and one more.
fn table() -> Vec<[f32; TAPS]> {
    // Kaiser's window of 90 dB.
    let beta = 8.96;
    let half = TAPS as f64 / 2.0;
    let bessel = |x: f64| {
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 1..40 {
            term *= x * x / 4.0 / f64::from(k * k);
            sum += term;
        }
        sum
    };
    let row = |row: usize| {
        let fraction = row as f64 / ROWS as f64;
        std::array::from_fn(|j| {
            // The sample before the place is tap half - 1.
            let t = half - 1.0 - j as f64 + fraction;
            let sinc = if t == 0.0 {
                1.0
            } else {
                (PI * t).sin() / (PI * t)
            };
            let window = bessel(beta * (1.0 - (t / half).powi(2)).max(0.0).sqrt()) / bessel(beta);
            (sinc * window) as f32
        })
    };
    (0..=ROWS).map(row).collect()
}

/// Length of the window: flat to 0.001 dB up to 0.41 of the rate, 19.9 kHz of 48.
const TAPS: usize = 64;

/// Parts of a sample with a row of their own; interpolated in between, -106 dB at half the rate.
const ROWS: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(cycles: f64, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| (2.0 * PI * cycles * n as f64).sin() as f32)
            .collect()
    }

    #[test]
    fn a_tone_is_shifted_by_exactly_so_many_parts_per_million() {
        for ppm in [-300.0, -1.0, 0.0, 0.1, 200.0, 5_000.0] {
            for cycles in [0.01, 0.1, 0.37] {
                let mut out = Vec::new();
                Skew::new(ppm).push(&sine(cycles, 60_000), &mut out);
                let shifted = cycles * (1.0 + ppm / 1e6);
                let worst = (2 * TAPS..out.len())
                    .map(|k| {
                        let phase = shifted * k as f64 - cycles * Skew::DELAY as f64;
                        (f64::from(out[k]) - (2.0 * PI * phase).sin()).abs()
                    })
                    .fold(0.0, f64::max);
                // -80 dB: a frequency wrong by 1 in 10^9 would show.
                assert!(worst < 1e-4, "{worst} at {ppm} ppm, {cycles}");
            }
        }
    }

    #[test]
    fn the_stream_gets_shorter_or_longer_by_as_much() {
        for ppm in [-1_000.0, 0.0, 1_000.0] {
            let mut out = Vec::new();
            Skew::new(ppm).push(&vec![0.0; 1_000_000], &mut out);
            let want = 1e6 / (1.0 + ppm / 1e6);
            assert!(
                (out.len() as f64 - want).abs() <= 1.0,
                "{} at {ppm}",
                out.len()
            );
        }
    }

    #[test]
    fn cutting_the_input_changes_no_bit() {
        let input = sine(0.123, 5_000);
        for ppm in [0.0, 150.0] {
            let (mut want, mut got) = (Vec::new(), Vec::new());
            Skew::new(ppm).push(&input, &mut want);
            let mut skew = Skew::new(ppm);
            input
                .chunks(17)
                .for_each(|block| skew.push(block, &mut got));
            assert!(got == want, "{ppm}");
        }
    }
}
