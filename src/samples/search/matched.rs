//! The correlation of a stream with one chirp, at the rate of the chirp's bandwidth.

use realfft::num_complex::Complex32;

use super::super::Chirp;
use super::super::transform::{ComplexTransform, add_products};
use super::{QUARTERS, rise, smooth};
use crate::units::SampleRate;

/// Bins of the inverse transform for one of the band, at least. What lies between two values can
/// then be interpolated with few taps.
const OVERSAMPLING: f64 = 1.25;
/// A chirp's faded ends and those of its parts spill over its band by this much.
const SPILL_HZ: f64 = 80.0;

/// Correlates the spectra of overlapping blocks with a chirp.
///
/// The chirp is cut into parts, a hop apart. The block that begins with the stream's hop `i`,
/// correlated with part `p`, is right in its first hop, and belongs to a chirp that began in hop
/// `i - p`; so the spectra of a few blocks, each times the template of its part, add up.
///
/// Each part fades into the next over a quarter of a hop. Cut sharply they would answer to the
/// whole spectrum and, as only bins of the band are kept, strong sound outside of it, a voice or
/// hum, would spill into the first values of every hop.
pub(super) struct Matched {
    inverse: ComplexTransform,
    /// The first bin of the band.
    first: usize,
    /// For each part, the conjugate spectrum in the band.
    templates: Vec<Vec<Complex32>>,
    sum: Vec<Complex32>,
    /// As long as the inverse transform.
    values: Vec<Complex32>,
}

impl Matched {
    /// For blocks of so many [`QUARTERS`] of `hop` samples at `rate`.
    ///
    /// # Panics
    /// If nothing of the chirp lies below half the rate, or `hop` is not a multiple of 8.
    pub(super) fn new(chirp: &Chirp, rate: SampleRate, hop: usize) -> Self {
        assert!(hop.is_multiple_of(8), "a hop of {hop}");
        let block = hop / 4 * QUARTERS;
        let bin = |hertz: f64| hertz * block as f64 / f64::from(rate.0);
        let first = bin(chirp.from.0.min(chirp.to.0) - SPILL_HZ).max(1.0) as usize;
        let last = bin(chirp.from.0.max(chirp.to.0) + SPILL_HZ).ceil() as usize;
        let last = last.min(block / 2 - 1);
        assert!(first < last, "a chirp does not fit below half of {rate}");
        let bins = last - first + 1;
        // So that a hop is a whole number of values.
        let period = smooth((bins as f64 * OVERSAMPLING).ceil() as usize, 2 * QUARTERS);
        let mut forward = ComplexTransform::forward(block);
        // The analytic chirp makes the correlation an envelope instead of a carrier.
        let samples: Vec<Complex32> = chirp
            .samples(rate)
            .map(|(re, im)| Complex32::new(re, im))
            .collect();
        let fade = hop / 4;
        let parts = samples.len().saturating_sub(fade).div_ceil(hop).max(1);
        let templates = (0..parts)
            .map(|part| {
                let mut template = vec![Complex32::default(); block];
                let samples = &samples[part * hop..];
                for (i, (slot, sample)) in
                    template[..hop + fade].iter_mut().zip(samples).enumerate()
                {
                    let fades_in = part > 0 && i < fade;
                    let fades_out = part + 1 < parts && i >= hop;
                    let rise = rise((i % hop) as f32 / fade as f32);
                    *slot = sample
                        * match (fades_in, fades_out) {
                            (true, _) => rise,
                            (_, true) => 1.0 - rise,
                            _ => 1.0,
                        };
                }
                forward.transform(&mut template);
                template[first..=last].iter().map(Complex32::conj).collect()
            })
            .collect();
        Self {
            inverse: ComplexTransform::inverse(period),
            first,
            templates,
            sum: vec![Complex32::default(); bins],
            values: vec![Complex32::default(); period],
        }
    }

    /// Parts of the chirp: how many spectra a correlation takes.
    pub(super) fn parts(&self) -> usize {
        self.templates.len()
    }

    /// Values that a block would have; a correlation gives those of a hop.
    pub(super) fn period(&self) -> usize {
        self.values.len()
    }

    /// Takes as many spectra as the chirp has parts, oldest first; gives the correlation, as a
    /// complex envelope, for chirps that began in the oldest hop.
    pub(super) fn correlate<'a>(
        &mut self,
        spectra: impl Iterator<Item = &'a [Complex32]>,
    ) -> &[Complex32] {
        let bins = self.sum.len();
        self.sum.fill(Complex32::default());
        for (spectrum, template) in spectra.zip(&self.templates) {
            let band = &spectrum[self.first..self.first + bins];
            add_products(&mut self.sum, band, template);
        }
        // The middle of the band goes to frequency zero. It turns whole times in a hop if its bin
        // is a multiple of the quarters, so that the envelope does not jump from hop to hop.
        let middle = (bins / 2).saturating_sub((self.first + bins / 2) % QUARTERS);
        let (below, above) = self.sum.split_at(middle);
        let period = self.values.len();
        self.values[..above.len()].copy_from_slice(above);
        self.values[above.len()..period - below.len()].fill(Complex32::default());
        self.values[period - below.len()..].copy_from_slice(below);
        self.inverse.transform(&mut self.values);
        &self.values[..period / QUARTERS * 4]
    }
}
