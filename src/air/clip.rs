//! An amplifier that is driven too hard.

use crate::units::Decibels;

/// How samples are kept within +-1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Clip {
    /// Amplified by so much, then cut off at 1.
    Hard(Decibels),
    /// Amplified by so much, then bent towards 1 by a hyperbolic tangent.
    Soft(Decibels),
}

impl Clip {
    /// Replaces samples by their clipped selves.
    pub fn process(self, samples: &mut [f32]) {
        match self {
            Self::Hard(drive) => {
                let gain = drive.amplitude_ratio() as f32;
                samples
                    .iter_mut()
                    .for_each(|x| *x = (*x * gain).clamp(-1.0, 1.0));
            }
            Self::Soft(drive) => {
                let gain = drive.amplitude_ratio() as f32;
                samples.iter_mut().for_each(|x| *x = (*x * gain).tanh());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard_clipping_leaves_what_is_small_and_cuts_what_is_large() {
        let mut samples = [0.1, -0.2, 0.6, -1.0];
        Clip::Hard(Decibels(20.0 * 2f32.log10())).process(&mut samples);
        for (got, want) in samples.iter().zip([0.2, -0.4, 1.0, -1.0]) {
            assert!((got - want).abs() < 1e-6, "{samples:?}");
        }
    }

    #[test]
    fn soft_clipping_makes_odd_harmonics_only() {
        let n = 480;
        let mut samples: Vec<f32> = (0..n)
            .map(|i| (2.0 * std::f32::consts::PI * 8.0 * i as f32 / n as f32).sin())
            .collect();
        Clip::Soft(Decibels(12.0)).process(&mut samples);
        let harmonic = |k: usize| {
            let (mut re, mut im) = (0.0f64, 0.0f64);
            for (i, x) in samples.iter().enumerate() {
                let turn = 2.0 * std::f64::consts::PI * (8 * k * i) as f64 / n as f64;
                re += f64::from(*x) * turn.cos();
                im += f64::from(*x) * turn.sin();
            }
            re.hypot(im) / n as f64
        };
        assert!(
            harmonic(2) < 1e-6 && harmonic(3) > 0.01,
            "{} {}",
            harmonic(2),
            harmonic(3)
        );
        assert!(samples.iter().all(|x| x.abs() < 1.0));
    }
}
