//! Samples to spectra and back.

use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// A Fourier transform of one length.
pub(super) struct Transform {
    forward: Arc<dyn RealToComplex<f64>>,
    backward: Arc<dyn ComplexToReal<f64>>,
}

impl Transform {
    /// Of the next power of two that holds `samples`, and 16 at least.
    pub(super) fn holding(samples: usize) -> Self {
        let size = samples.max(16).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        Self {
            forward: planner.plan_fft_forward(size),
            backward: planner.plan_fft_inverse(size),
        }
    }

    /// Its length.
    pub(super) fn size(&self) -> usize {
        self.forward.len()
    }

    /// The width of a bin, for samples at `rate`.
    pub(super) fn bin(&self, rate: f64) -> f64 {
        rate / self.size() as f64
    }

    /// The spectrum of up to [`size`](Self::size) samples, silence after them.
    pub(super) fn spectrum(&self, samples: impl IntoIterator<Item = f64>) -> Vec<Complex64> {
        let mut input = self.forward.make_input_vec();
        for (slot, sample) in input.iter_mut().zip(samples) {
            *slot = sample;
        }
        let mut spectrum = self.forward.make_output_vec();
        self.forward
            .process(&mut input, &mut spectrum)
            .expect("buffers come from the plan");
        spectrum
    }

    /// The samples of a spectrum of this size.
    pub(super) fn samples(&self, mut spectrum: Vec<Complex64>) -> Vec<f64> {
        // What has no phase in a real signal; the transform insists on it.
        if let Some(first) = spectrum.first_mut() {
            first.im = 0.0;
        }
        if let Some(last) = spectrum.last_mut() {
            last.im = 0.0;
        }
        let mut samples = self.backward.make_output_vec();
        self.backward
            .process(&mut spectrum, &mut samples)
            .expect("buffers have the plan's length");
        let scale = 1.0 / self.size() as f64;
        samples.iter_mut().for_each(|x| *x *= scale);
        samples
    }
}

/// From 0 to 1 while `x` goes from `from` to `to`, on a scale of octaves, as half a cosine.
pub(super) fn rise(x: f64, from: f64, to: f64) -> f64 {
    if x <= from {
        return 0.0;
    }
    if x >= to {
        return 1.0;
    }
    let part = (x / from).ln() / (to / from).ln();
    0.5 - 0.5 * (part * std::f64::consts::PI).cos()
}

/// A pass band with edges outside of `low..high`, a twelfth of an octave wide.
pub(super) fn pass(x: f64, low: f64, high: f64) -> f64 {
    pass_softly(x, low, high, 1.0 / 12.0)
}

/// The same with edges so many octaves wide: the wider, the shorter it rings.
pub(super) fn pass_softly(x: f64, low: f64, high: f64, octaves: f64) -> f64 {
    let edge = octaves.exp2();
    rise(x, low / edge, low) * (1.0 - rise(x, high, high * edge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_undo_the_spectrum() {
        let transform = Transform::holding(100);
        let signal: Vec<f64> = (0..100).map(|n| (f64::from(n) * 0.7).sin()).collect();
        let back = transform.samples(transform.spectrum(signal.iter().copied()));
        assert_eq!(back.len(), 128);
        for (n, x) in back.iter().enumerate() {
            let want = signal.get(n).copied().unwrap_or(0.0);
            assert!((x - want).abs() < 1e-12, "{n}");
        }
    }

    #[test]
    fn a_pass_band_is_flat_inside_and_nothing_outside() {
        assert_eq!(pass(1000.0, 500.0, 8000.0), 1.0);
        assert_eq!(pass(500.0, 500.0, 8000.0), 1.0);
        assert_eq!(pass(400.0, 500.0, 8000.0), 0.0);
        assert_eq!(pass(9000.0, 500.0, 8000.0), 0.0);
        assert_eq!(pass(0.0, 500.0, 8000.0), 0.0);
    }
}
