//! Transforms in few bytes of code, for the lengths that the modem uses.
//!
//! Stockham's form of the fast transform: each pass reads one buffer and writes the other, and
//! puts what it writes where the next needs it, so nothing is ever reversed. Four values lie
//! together, real parts first: all passes but the first do the same to each of the four, which is
//! one operation where there are vectors.

mod passes;
mod quad;

use realfft::num_complex::Complex32;

use passes::{Four, Passes};

/// Samples to their spectrum.
pub(in super::super) struct ToSpectrum {
    half: Passes,
    turns: Vec<Complex32>,
}

impl ToSpectrum {
    /// Of `len` samples, a multiple of [`MULTIPLE`](super::MULTIPLE). Allocates here.
    ///
    /// # Panics
    /// If it has a prime factor above five.
    pub(in super::super) fn new(len: usize) -> Self {
        Self {
            half: Passes::new(len / 2),
            turns: turns(len),
        }
    }

    /// Room for a spectrum: from frequency zero to half the sample rate, both included.
    pub(in super::super) fn make_spectrum(&self) -> Vec<Complex32> {
        vec![Complex32::default(); self.half.len() + 1]
    }

    /// The spectrum, not scaled.
    ///
    /// # Panics
    /// If a buffer is not as long as it must be.
    pub(in super::super) fn transform(&mut self, samples: &mut [f32], spectrum: &mut [Complex32]) {
        let half = self.half.len();
        assert!(samples.len() == 2 * half && spectrum.len() == half + 1);
        // Even samples as the real parts of half as many values, odd ones as the imaginary parts.
        let pairs = samples.as_chunks::<2>().0;
        for (slot, [even, odd]) in self.half.input().iter_mut().zip(pairs) {
            *slot = Complex32::new(*even, *odd);
        }
        let values = self.half.run();
        for (k, turn) in self.turns.iter().enumerate() {
            // Their spectra, from that of the sum: one is symmetric, one antisymmetric.
            let (a, b) = (at(values, k), at(values, (half - k) % half).conj());
            let even = (a + b) * 0.5;
            let odd = (a - b) * 0.5 * turn;
            // The odd ones come half a step later, a quarter turn less for what was imaginary.
            let odd = Complex32::new(odd.im, -odd.re);
            spectrum[k] = even + odd;
            spectrum[half - k] = (even - odd).conj();
        }
    }
}

/// A spectrum to its samples.
pub(in super::super) struct ToSamples {
    half: Passes,
    turns: Vec<Complex32>,
}

impl ToSamples {
    /// Of `len` samples, a multiple of [`MULTIPLE`](super::MULTIPLE). Allocates here.
    ///
    /// # Panics
    /// If it has a prime factor above five.
    pub(in super::super) fn new(len: usize) -> Self {
        Self {
            half: Passes::new(len / 2),
            turns: turns(len),
        }
    }

    /// The samples, `len` times what [`ToSpectrum`] made the spectrum of.
    ///
    /// # Panics
    /// If a buffer is not as long as it must be.
    pub(in super::super) fn transform(&mut self, spectrum: &mut [Complex32], samples: &mut [f32]) {
        let half = self.half.len();
        assert!(samples.len() == 2 * half && spectrum.len() == half + 1);
        // What has no phase in a real signal.
        spectrum[0].im = 0.0;
        spectrum[half].im = 0.0;
        let input = self.half.input();
        for (k, turn) in self.turns.iter().enumerate() {
            let (a, b) = (spectrum[k], spectrum[half - k].conj());
            let even = a + b;
            let odd = (a - b) * turn.conj();
            let odd = Complex32::new(-odd.im, odd.re);
            // With its parts exchanged: a transform of that is the inverse, parts exchanged.
            input[(half - k) % half] = exchanged((even - odd).conj());
            input[k] = exchanged(even + odd);
        }
        let fours = self.half.run();
        for (eight, four) in samples.as_chunks_mut::<8>().0.iter_mut().zip(fours) {
            let (re, im) = (four.re.numbers(), four.im.numbers());
            for (i, pair) in eight.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                *pair = [im[i], re[i]];
            }
        }
    }
}

/// Complex numbers to complex numbers.
pub(in super::super) struct ComplexTransform {
    passes: Passes,
    is_inverse: bool,
}

impl ComplexTransform {
    /// To the spectrum of `len` values, a multiple of half of [`MULTIPLE`](super::MULTIPLE).
    /// Allocates here.
    ///
    /// # Panics
    /// If `len` has a prime factor above five.
    pub(in super::super) fn forward(len: usize) -> Self {
        Self {
            passes: Passes::new(len),
            is_inverse: false,
        }
    }

    /// From a spectrum of `len` values. Allocates here.
    ///
    /// # Panics
    /// If `len` has a prime factor above five.
    pub(in super::super) fn inverse(len: usize) -> Self {
        Self {
            passes: Passes::new(len),
            is_inverse: true,
        }
    }

    /// In place, not scaled.
    ///
    /// # Panics
    /// If there are not as many values as it was made for.
    pub(in super::super) fn transform(&mut self, values: &mut [Complex32]) {
        assert_eq!(values.len(), self.passes.len());
        let is_inverse = self.is_inverse;
        // The inverse is a transform with real and imaginary parts exchanged, before and after.
        let directed = |value| if is_inverse { exchanged(value) } else { value };
        for (slot, value) in self.passes.input().iter_mut().zip(&*values) {
            *slot = directed(*value);
        }
        let fours = self.passes.run();
        for (values, four) in values.as_chunks_mut::<4>().0.iter_mut().zip(fours) {
            let (re, im) = (four.re.numbers(), four.im.numbers());
            for (i, value) in values.iter_mut().enumerate() {
                *value = directed(Complex32::new(re[i], im[i]));
            }
        }
    }
}

fn exchanged(value: Complex32) -> Complex32 {
    Complex32::new(value.im, value.re)
}

#[inline(always)]
fn at(fours: &[Four], k: usize) -> Complex32 {
    let four = &fours[k / 4];
    Complex32::new(four.re.numbers()[k % 4], four.im.numbers()[k % 4])
}

/// The turns by which the odd ones of `len` samples come later than the even ones, at the first
/// quarter of the frequencies: the others follow from those.
fn turns(len: usize) -> Vec<Complex32> {
    (0..=len / 4).map(|k| passes::turn(k, len)).collect()
}
