//! Transforms as `rustfft` plans them for the processor at hand.

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

const FIT: &str = "buffers are as long as the plan says";

/// Samples to their spectrum.
pub(in super::super) struct ToSpectrum {
    plan: Arc<dyn RealToComplex<f32>>,
    scratch: Vec<Complex32>,
}

impl ToSpectrum {
    /// Of `len` samples, a multiple of [`MULTIPLE`](super::MULTIPLE). Allocates here.
    pub(in super::super) fn new(len: usize) -> Self {
        let plan = RealFftPlanner::new().plan_fft_forward(len);
        Self {
            scratch: plan.make_scratch_vec(),
            plan,
        }
    }

    /// Room for a spectrum: from frequency zero to half the sample rate, both included.
    pub(in super::super) fn make_spectrum(&self) -> Vec<Complex32> {
        self.plan.make_output_vec()
    }

    /// The spectrum, not scaled. Uses the samples up.
    ///
    /// # Panics
    /// If a buffer is not as long as it must be.
    pub(in super::super) fn transform(&mut self, samples: &mut [f32], spectrum: &mut [Complex32]) {
        self.plan
            .process_with_scratch(samples, spectrum, &mut self.scratch)
            .expect(FIT);
    }
}

/// A spectrum to its samples.
pub(in super::super) struct ToSamples {
    plan: Arc<dyn ComplexToReal<f32>>,
    scratch: Vec<Complex32>,
}

impl ToSamples {
    /// Of `len` samples, a multiple of [`MULTIPLE`](super::MULTIPLE). Allocates here.
    pub(in super::super) fn new(len: usize) -> Self {
        let plan = RealFftPlanner::new().plan_fft_inverse(len);
        Self {
            scratch: plan.make_scratch_vec(),
            plan,
        }
    }

    /// The samples, `len` times what [`ToSpectrum`] made the spectrum of. Uses the spectrum up.
    ///
    /// # Panics
    /// If a buffer is not as long as it must be.
    pub(in super::super) fn transform(&mut self, spectrum: &mut [Complex32], samples: &mut [f32]) {
        // What has no phase in a real signal; the plan insists on it.
        for end in [0, spectrum.len() - 1] {
            spectrum[end].im = 0.0;
        }
        self.plan
            .process_with_scratch(spectrum, samples, &mut self.scratch)
            .expect(FIT);
    }
}

/// Complex numbers to complex numbers.
pub(in super::super) struct ComplexTransform {
    plan: Arc<dyn Fft<f32>>,
    scratch: Vec<Complex32>,
}

impl ComplexTransform {
    /// To the spectrum of `len` values, a multiple of half of [`MULTIPLE`](super::MULTIPLE).
    /// Allocates here.
    pub(in super::super) fn forward(len: usize) -> Self {
        Self::new(FftPlanner::new().plan_fft_forward(len))
    }

    /// From a spectrum of `len` values. Allocates here.
    pub(in super::super) fn inverse(len: usize) -> Self {
        Self::new(FftPlanner::new().plan_fft_inverse(len))
    }

    fn new(plan: Arc<dyn Fft<f32>>) -> Self {
        Self {
            scratch: vec![Complex32::default(); plan.get_inplace_scratch_len()],
            plan,
        }
    }

    /// In place, not scaled.
    ///
    /// # Panics
    /// If there are not as many values as it was made for.
    pub(in super::super) fn transform(&mut self, values: &mut [Complex32]) {
        self.plan.process_with_scratch(values, &mut self.scratch);
    }
}
