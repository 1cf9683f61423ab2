//! Tones to samples: one symbol at a time, with phases chosen for a low crest.
//!
//! The detector ignores phase, so the transmitter may choose it. Many tones at random phases
//! peak 11 dB above their mean power; a loudspeaker that can give a certain peak would then
//! whisper. Quadratic phases (Schroeder 1970) and rounds of clipping with the magnitudes put
//! back (Van der Ouderaa and others 1988) bring that to about 5 dB.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex32};

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
    inverse: Arc<dyn ComplexToReal<f32>>,
    forward: Arc<dyn RealToComplex<f32>>,
    spectrum: Vec<Complex32>,
    body: Vec<f32>,
    work: Vec<f32>,
    scratch: Vec<Complex32>,
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
    /// For symbols whose body is `body` samples, a whole period of the tones' spacing, after a
    /// guard of `guard` samples that repeats the body's end.
    ///
    /// # Panics
    /// If the highest tone does not lie below half the sample rate, or `guard > body`.
    pub fn new(plan: Plan, body: usize, guard: usize) -> Self {
        assert!(plan.bin(plan.groups - 1, 3) < body / 2 && guard <= body);
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (
            planner.plan_fft_forward(body),
            planner.plan_fft_inverse(body),
        );
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            plan,
            guard,
            spectrum: inverse.make_input_vec(),
            body: inverse.make_output_vec(),
            work: inverse.make_output_vec(),
            scratch: vec![Complex32::default(); scratch],
            inverse,
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
            self.spectrum[self.plan.bin(group, *tone)] = Complex32::from_polar(1.0, phase);
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
            self.work
                .iter_mut()
                .for_each(|x| *x = x.clamp(-limit, limit));
            self.restore_magnitudes(tones);
        }
        let limit = rms * CREST;
        let scale = PEAK / limit;
        let wave = |x: &f32| x.clamp(-limit, limit) * scale;
        out.extend(self.body[self.body.len() - self.guard..].iter().map(wave));
        out.extend(self.body.iter().map(wave));
    }

    fn transform_back(&mut self) {
        // The inverse transform uses its input up.
        let mut spectrum = std::mem::take(&mut self.spectrum);
        let kept = spectrum.clone();
        self.inverse
            .process_with_scratch(&mut spectrum, &mut self.body, &mut self.scratch)
            .expect("buffers come from the plan, and the ends of the spectrum are zero");
        self.spectrum = kept;
    }

    fn restore_magnitudes(&mut self, tones: &[Tone]) {
        self.forward
            .process_with_scratch(&mut self.work, &mut self.spectrum, &mut self.scratch)
            .expect("buffers come from the plan");
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
