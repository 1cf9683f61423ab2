//! Tones to samples: one symbol at a time, with phases chosen for a low crest.
//!
//! The detector ignores phase, so the transmitter may choose it. Many tones at random phases
//! peak 11 dB above their mean power; a loudspeaker that can give a certain peak would then
//! whisper. Quadratic phases (Schroeder 1970) and rounds of clipping with the magnitudes put
//! back (Van der Ouderaa and others 1988) bring that to about 5 dB.

use realfft::num_complex::Complex32;

use super::angle::direction;
use super::transform::{ToSamples, ToSpectrum};
use crate::tones::Plan;
use crate::units::Tone;

/// Peak over root mean square that is left, 5 dB; what still exceeds it is clipped. The noise
/// that makes is 30 dB below the tones.
const CREST: f32 = 1.78;
/// Rounds of clipping.
const ROUNDS: usize = 12;
/// Largest sample that is given out.
pub(super) const PEAK: f32 = 0.9;

/// Makes symbols: guard and body, all of the same mean power.
pub struct Synthesizer {
    plan: Plan,
    guard: usize,
    inverse: ToSamples,
    forward: ToSpectrum,
    spectrum: Vec<Complex32>,
    body: Vec<f32>,
    work: Vec<f32>,
}

impl std::fmt::Debug for Synthesizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Synthesizer")
            .field("plan", &self.plan)
            .field("guard", &self.guard)
            .finish()
    }
}

impl Synthesizer {
    /// For symbols whose body is `body` samples, a multiple of eight and a whole period of the tones'
    /// spacing, after a guard of `guard` samples that repeats the body's end.
    ///
    /// # Panics
    /// If the highest tone does not lie below half the sample rate, or `guard > body`.
    pub fn new(plan: Plan, body: usize, guard: usize) -> Self {
        assert!(plan.last_bin() < body / 2 && guard <= body);
        let forward = ToSpectrum::new(body);
        Self {
            plan,
            guard,
            spectrum: forward.make_spectrum(),
            body: vec![0.0; body],
            work: vec![0.0; body],
            inverse: ToSamples::new(body),
            forward,
        }
    }

    /// Samples a symbol takes, guard and body.
    pub fn symbol_len(&self) -> usize {
        self.guard + self.body.len()
    }

    /// Appends the samples of one symbol, peak at most 0.9.
    ///
    /// # Panics
    /// If `tones` is not one a group.
    pub fn symbol(&mut self, tones: &[Tone], out: &mut Vec<f32>) {
        assert_eq!(tones.len(), self.plan.groups);
        let count = tones.len() as f32;
        let phases = (0..tones.len()).map(|k| {
            let k = k as f32;
            std::f32::consts::PI * k * k / count
        });
        self.spectrum.fill(Complex32::default());
        for ((group, tone), phase) in tones.iter().enumerate().zip(phases) {
            self.spectrum[self.plan.bin(group, *tone)] = direction(phase);
        }
        // Parseval: unit bins on one side of the spectrum give this root mean square.
        let rms = (2.0 * count).sqrt();
        for round in 0..=ROUNDS {
            self.transform_back();
            if round == ROUNDS {
                break;
            }
            // Clip a little harder than what is wanted: part of the peak grows back.
            let limit = rms * CREST * 0.93;
            self.work.copy_from_slice(&self.body);
            self.work.iter_mut().for_each(|x| *x = clipped(*x, limit));
            self.restore_magnitudes(tones);
        }
        let limit = rms * CREST;
        let scale = PEAK / limit;
        let wave = |x: &f32| clipped(*x, limit) * scale;
        out.extend(self.body[self.body.len() - self.guard..].iter().map(wave));
        out.extend(self.body.iter().map(wave));
    }

    /// Uses the spectrum up.
    fn transform_back(&mut self) {
        self.inverse.transform(&mut self.spectrum, &mut self.body);
    }

    fn restore_magnitudes(&mut self, tones: &[Tone]) {
        self.forward.transform(&mut self.work, &mut self.spectrum);
        let phases: Vec<Complex32> = tones
            .iter()
            .enumerate()
            .map(|(group, tone)| {
                let bin = self.spectrum[self.plan.bin(group, *tone)];
                if bin.norm() > 0.0 {
                    bin / bin.norm()
                } else {
                    Complex32::new(1.0, 0.0)
                }
            })
            .collect();
        self.spectrum.fill(Complex32::default());
        for ((group, tone), phase) in tones.iter().enumerate().zip(phases) {
            self.spectrum[self.plan.bin(group, *tone)] = phase;
        }
    }
}

/// As `clamp`, whose panic could say any number there is: the code for that is longer than this file.
fn clipped(x: f32, limit: f32) -> f32 {
    x.max(-limit).min(limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Hertz;

    const PLAN: Plan = Plan {
        spacing: Hertz(7.8125),
        first_bin: 77,
        groups: 268,
        bits_per_tone: 2,
    };

    /// Few strong tones, as deep passes have them.
    const DEEP: Plan = Plan {
        spacing: Hertz(7.8125),
        first_bin: 101,
        groups: 16,
        bits_per_tone: 6,
    };

    fn tones(plan: &Plan, seed: usize) -> Vec<Tone> {
        (0..plan.groups)
            .map(|group| (group * group * 31 + seed * 17 + group) % 67 % plan.tones_per_group())
            .map(|tone| tone as Tone)
            .collect()
    }

    #[test]
    fn a_symbol_holds_its_tones_and_little_else() {
        for (plan, seed) in [PLAN, DEEP]
            .iter()
            .flat_map(|plan| (0..8).map(move |s| (plan, s)))
        {
            let mut synthesizer = Synthesizer::new(*plan, 6144, 768);
            let mut samples = Vec::new();
            synthesizer.symbol(&tones(plan, seed), &mut samples);
            assert_eq!(samples.len(), synthesizer.symbol_len());
            assert_eq!(samples[..768], samples[6144..]);
            let mut spectrum = synthesizer.forward.make_spectrum();
            let mut body = samples[768..].to_vec();
            synthesizer.forward.transform(&mut body, &mut spectrum);
            let (mut on, mut off) = (0f64, 0f64);
            for (group, sounding) in tones(plan, seed).into_iter().enumerate() {
                for tone in 0..plan.tones_per_group() as Tone {
                    let energy = f64::from(spectrum[plan.bin(group, tone)].norm_sqr());
                    *if tone == sounding { &mut on } else { &mut off } += energy;
                }
            }
            // What clipping leaves on a silent tone must stay 30 dB below a sounding one, as the
            // constant promises.
            let left = off / on / (plan.tones_per_group() - 1) as f64;
            assert!(left < 1e-3, "{} groups, {seed}: {left}", plan.groups);
        }
    }

    #[test]
    fn the_crest_is_low_whatever_is_sent() {
        for (plan, seed) in [PLAN, DEEP]
            .iter()
            .flat_map(|plan| (0..8).map(move |s| (plan, s)))
        {
            let mut samples = Vec::new();
            Synthesizer::new(*plan, 6144, 768).symbol(&tones(plan, seed), &mut samples);
            let peak = samples.iter().fold(0f32, |peak, x| peak.max(x.abs()));
            let power = samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32;
            // Required: 6 dB. Random phases would peak near 11 dB: ln of 6144 samples over their
            // mean power, twice.
            let crest = 10.0 * (peak * peak / power).log10();
            assert!(
                peak <= PEAK && crest < 6.0,
                "{} groups, {seed}: {peak} {crest}",
                plan.groups
            );
        }
    }
}
