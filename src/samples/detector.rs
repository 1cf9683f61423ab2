//! Samples to tone energies.
//!
//! One transform a symbol, no phase. A clock error or a moving source stretches time: at 300 ppm
//! a tone at 9 kHz lies a third of the tones' spacing off its place. So the stretch is found
//! first, from a zero-padded transform whose fine bins are read at stretched places, and then
//! undone by resampling the symbol, which puts every tone back onto its bin.

use std::sync::LazyLock;

use realfft::num_complex::Complex32;

use super::kaiser::{Kaiser, sinc};
use super::transform::ToSpectrum;
use crate::lanes::dot;
use crate::tones::Plan;

/// Bins of the fine spectrum for one of the plain one.
const FINE: usize = 4;
/// Parts of a fine bin that its places are told in.
const PLACES: f64 = 4_294_967_296.0;
/// Taps of the interpolator: 60 dB of rejection up to three quarters of half the sample rate.
const TAPS: usize = 16;
/// Taps for a band that reaches further: as good up to 88 %.
const MORE_TAPS: usize = 32;
/// Positions between two samples for which taps are kept.
const PHASES: usize = 256;
/// Shape of the Kaiser window for that rejection.
const KAISER_BETA: f64 = 5.65;

/// The interpolator's taps, a row a position between two samples. They are the same for all.
#[derive(Clone, Copy)]
enum Taps {
    Few(&'static [[f32; TAPS]]),
    More(&'static [[f32; MORE_TAPS]]),
}

static FEW: LazyLock<Vec<[f32; TAPS]>> = LazyLock::new(interpolator);
static MORE: LazyLock<Vec<[f32; MORE_TAPS]>> = LazyLock::new(interpolator);

/// The spectrum of one symbol's body, finer than its tones lie, before any stretch is undone.
#[derive(Clone, Debug, Default)]
pub struct FineSpectrum(Vec<Complex32>);

/// Measures tone energies.
pub struct Detector {
    plan: Plan,
    body: usize,
    plain: ToSpectrum,
    fine: ToSpectrum,
    input: Vec<f32>,
    fine_input: Vec<f32>,
    spectrum: Vec<Complex32>,
    fine_spectrum: Vec<Complex32>,
    taps: Taps,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detector")
            .field("plan", &self.plan)
            .field("body", &self.body)
            .finish()
    }
}

impl Detector {
    /// For tones of `plan` in symbols whose body is `body` samples at the receiver's rate, a multiple
    /// of eight.
    ///
    /// # Panics
    /// If the highest tone does not lie below 88 % of half that rate.
    pub fn new(plan: Plan, body: usize) -> Self {
        assert!(plan.last_bin() * 200 <= body * 88);
        let taps = if plan.last_bin() * 8 <= body * 3 {
            Taps::Few(&FEW)
        } else {
            Taps::More(&MORE)
        };
        let plain = ToSpectrum::new(body);
        let fine = ToSpectrum::new(body * FINE);
        Self {
            plan,
            body,
            input: vec![0.0; body],
            fine_input: vec![0.0; body * FINE],
            spectrum: plain.make_spectrum(),
            fine_spectrum: fine.make_spectrum(),
            plain,
            fine,
            taps,
        }
    }

    /// Samples needed on either side of a symbol's body.
    pub const MARGIN: usize = MORE_TAPS / 2 + 1;

    /// The spectrum of a body as it is, four times as fine as the tones lie, what
    /// [`Detector::alignment`] reads.
    ///
    /// Takes `samples` up to a body's length; what is missing counts as silence.
    pub fn fine_spectrum(&mut self, samples: &[f32], out: &mut FineSpectrum) {
        let taken = samples.len().min(self.body);
        let samples = &samples[..taken];
        let middle = taken.min(self.body / 2);
        let len = self.fine_input.len();
        // The middle of the body at the origin of time: the phase of each lobe is then nearly
        // constant, and bins can be interpolated as complex numbers.
        self.fine_input.fill(0.0);
        self.fine_input[len - self.body / 2..][..middle].copy_from_slice(&samples[..middle]);
        self.fine_input[..taken - middle].copy_from_slice(&samples[middle..]);
        self.fine
            .transform(&mut self.fine_input, &mut self.fine_spectrum);
        out.0.clear();
        out.0.extend_from_slice(&self.fine_spectrum);
    }

    /// How well the tones stand out if frequencies are stretched by `1 + stretch`: the mean over
    /// all groups of the largest tone's share of its group, at most one.
    pub fn alignment(&self, fine: &FineSpectrum, stretch: f64) -> f32 {
        let scale = FINE as f64 * (1.0 + stretch);
        // Places of bins in parts of 2^-32: all tones' are a multiple of one step.
        let step = (scale * PLACES) as u64;
        let tones = self.plan.tones_per_group();
        let mut place = self.plan.first_bin as u64 * step;
        let mut all = 0f32;
        for _ in 0..self.plan.groups {
            let (mut largest, mut sum) = (0f32, f32::MIN_POSITIVE);
            for _ in 0..tones {
                let below = (place >> 32) as usize;
                let part = (place as u32 >> 8) as f32 * (1.0 / 16_777_216.0);
                place += step;
                let Some(&[a, b]) = fine.0.get(below..).and_then(<[_]>::first_chunk) else {
                    continue;
                };
                let re = a.re + (b.re - a.re) * part;
                let im = a.im + (b.im - a.im) * part;
                let energy = re * re + im * im;
                largest = if energy > largest { energy } else { largest };
                sum += energy;
            }
            all += largest / sum;
        }
        all / self.plan.groups as f32
    }

    /// Appends the energies of all tones, lowest first, of a body that begins at the fractional
    /// sample `start` of `samples`, sent by a clock that runs faster than ours by `stretch`.
    ///
    /// Reads [`Detector::MARGIN`] samples more on both sides; what lies outside counts as silence.
    pub fn energies(&mut self, samples: &[f32], start: f64, stretch: f64, out: &mut Vec<f32>) {
        let step = 1.0 / (1.0 + stretch);
        match self.taps {
            Taps::Few(taps) => interpolate(samples, start, step, taps, &mut self.input),
            Taps::More(taps) => interpolate(samples, start, step, taps, &mut self.input),
        }
        self.plain.transform(&mut self.input, &mut self.spectrum);
        let first = self.plan.first_bin;
        out.extend(
            self.spectrum[first..first + self.plan.tones()]
                .iter()
                .map(|bin| bin.norm_sqr()),
        );
    }
}

/// Fills `out` with the samples at `start` and every `step` after it.
fn interpolate<const N: usize>(
    samples: &[f32],
    start: f64,
    step: f64,
    taps: &[[f32; N]],
    out: &mut [f32],
) {
    for (i, out) in out.iter_mut().enumerate() {
        let position = start + i as f64 * step;
        // Down, not towards zero.
        let towards_zero = position as i64;
        let whole = towards_zero - i64::from(towards_zero as f64 > position);
        let phase = ((position - whole as f64) * PHASES as f64 + 0.5) as usize;
        let taps = &taps[phase];
        let first = whole - (N as i64 / 2 - 1);
        let window = usize::try_from(first)
            .ok()
            .and_then(|first| samples.get(first..)?.first_chunk::<N>());
        *out = match window {
            Some(window) => dot(window, taps),
            None => taps
                .iter()
                .enumerate()
                .map(|(k, tap)| {
                    let at = usize::try_from(first + k as i64).ok();
                    tap * at.and_then(|at| samples.get(at)).copied().unwrap_or(0.0)
                })
                .sum(),
        };
    }
}

/// Windowed sinc, a row a position between two samples.
fn interpolator<const N: usize>() -> Vec<[f32; N]> {
    let half = N as f64 / 2.0;
    let kaiser = Kaiser::new(KAISER_BETA);
    (0..=PHASES)
        .map(|phase| {
            let fraction = phase as f64 / PHASES as f64;
            std::array::from_fn(|k| {
                let x = k as f64 - (half - 1.0) - fraction;
                (sinc(x) * kaiser.at(x / half)) as f32
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::units::Hertz;

    const PLAN: Plan = Plan {
        spacing: Hertz(7.8125),
        first_bin: 77,
        groups: 268,
        bits_per_tone: 2,
    };
    const BODY: usize = 3072;
    const RATE: f64 = 24_000.0;

    fn sounding(group: usize) -> u8 {
        (group * 5 % 7 % 4) as u8
    }

    /// A band that reaches up to 85 % of half the rate, in a shorter symbol.
    const HIGH: Plan = Plan {
        spacing: Hertz(11.718_75),
        first_bin: 583,
        groups: 36,
        bits_per_tone: 3,
    };
    const HIGH_BODY: usize = 2048;

    /// All groups' tones, each at its frequency times `1 + stretch`, beginning at `start`.
    fn symbol(plan: &Plan, start: f64, stretch: f64, len: usize) -> Vec<f32> {
        (0..len)
            .map(|i| {
                let t = (i as f64 - start) / RATE * (1.0 + stretch);
                (0..plan.groups)
                    .map(|group| {
                        let frequency = plan.frequency(group, sounding(group)).0;
                        (2.0 * PI * frequency * t + (group * group) as f64).cos()
                    })
                    .sum::<f64>() as f32
            })
            .collect()
    }

    /// The transform by its definition.
    fn dft_energy(samples: &[f32], bin: usize) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, x) in samples.iter().enumerate() {
            let phase = 2.0 * PI * (bin * i % samples.len()) as f64 / samples.len() as f64;
            re += f64::from(*x) * phase.cos();
            im -= f64::from(*x) * phase.sin();
        }
        re * re + im * im
    }

    #[test]
    fn energies_agree_with_a_transform_by_definition() {
        let samples = symbol(&PLAN, 0.0, 0.0, BODY + 40);
        let mut energies = Vec::new();
        Detector::new(PLAN, BODY).energies(&samples, 20.0, 0.0, &mut energies);
        let strongest = energies.iter().copied().fold(0.0, f32::max);
        for tone in (0..PLAN.tones()).step_by(37) {
            let expected = dft_energy(&samples[20..20 + BODY], PLAN.first_bin + tone) as f32;
            // Single precision over a sum of 3072 terms.
            assert!(
                (energies[tone] - expected).abs() < 1e-4 * strongest,
                "{tone}"
            );
        }
    }

    #[test]
    fn stretch_is_undone() {
        for (plan, body) in [(PLAN, BODY), (HIGH, HIGH_BODY)] {
            let mut detector = Detector::new(plan, body);
            for stretch in [-1000e-6, -200e-6, 35e-6, 300e-6, 1000e-6] {
                let samples = symbol(&plan, 20.25, stretch, body + 60);
                let mut energies = Vec::new();
                detector.energies(&samples, 20.25, stretch, &mut energies);
                let (mut on, mut off) = (0f64, 0f64);
                let groups = energies.chunks_exact(plan.tones_per_group());
                for (group, energies) in groups.enumerate() {
                    for (tone, energy) in energies.iter().enumerate() {
                        let sum = if tone == usize::from(sounding(group)) {
                            &mut on
                        } else {
                            &mut off
                        };
                        *sum += f64::from(*energy);
                    }
                }
                // The interpolator rejects by 60 dB, its table's steps cost some: 45 dB is asked.
                assert!(off / on < 3e-5, "{stretch}: {}", off / on);
            }
        }
    }

    #[test]
    fn alignment_is_best_at_the_true_stretch() {
        let mut detector = Detector::new(PLAN, BODY);
        for stretch in [-800e-6, -120e-6, 0.0, 200e-6, 1000e-6] {
            let samples = symbol(&PLAN, 0.0, stretch, BODY);
            let mut fine = FineSpectrum::default();
            detector.fine_spectrum(&samples, &mut fine);
            let best = (-120..=120)
                .map(|k| f64::from(k) * 10e-6)
                .max_by(|a, b| {
                    detector
                        .alignment(&fine, *a)
                        .total_cmp(&detector.alignment(&fine, *b))
                })
                .unwrap();
            // 40 ppm move a tone at 9 kHz by a twentieth of the tones' spacing.
            assert!((best - stretch).abs() <= 40e-6, "{stretch}: {best}");
        }
    }
}
