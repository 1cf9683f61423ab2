//! Transforms in few bytes of code, for the lengths that the modem uses.
//!
//! Stockham's form of the fast transform: each pass reads one buffer and writes the other, and
//! puts what it writes where the next needs it, so nothing is ever reversed. Values values lie
//! together, real parts first: all passes but the first do the same to each of the four, which is
//! one operation where there are vectors.

mod passes;
mod turns;

use realfft::num_complex::Complex32;

use passes::{Passes, Values};
use turns::Turns;

use crate::lanes::{LANES, Lanes};

/// Samples to their spectrum.
pub(in super::super) struct ToSpectrum {
    half: Passes,
    /// The turns by which the odd ones of the samples come later than the even ones, at the first
    /// half of the frequencies: the others follow from those.
    turns: Vec<Values>,
}

impl ToSpectrum {
    /// Of `len` samples, a multiple of [`MULTIPLE`](super::MULTIPLE). Allocates here.
    ///
    /// # Panics
    /// If it has a prime factor above five.
    pub(in super::super) fn new(len: usize) -> Self {
        let all = Turns::new(len);
        let some = |k: usize| {
            let turns: [Complex32; LANES] = std::array::from_fn(|i| all.at(k + i, len));
            Values {
                re: Lanes::new(turns.map(|turn| turn.re)),
                im: Lanes::new(turns.map(|turn| turn.im)),
            }
        };
        Self {
            half: Passes::new(len / 2, &all),
            turns: (0..=len / 4).step_by(LANES).map(some).collect(),
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
        let last = values.len() - 1;
        for (i, turn) in self.turns.iter().enumerate() {
            // Of some frequencies, and those as far from the end.
            let a = values[i].scaled(0.5);
            let (first, others) = (values[(last + 1 - i) % values.len()], values[last - i]);
            let b = Values {
                re: first.re.mirrored(others.re),
                im: first.im.mirrored(others.im),
            };
            let b = b.conj().scaled(0.5);
            // Their spectra, from that of the sum: one is symmetric, one antisymmetric. The odd ones
            // come half a step later, a quarter turn less for what was imaginary.
            let even = a.plus(b);
            let odd = a.minus(b).turned(*turn).a_quarter_back();
            even.plus(odd).lay(spectrum, LANES * i);
            even.minus(odd).conj().lay_back(spectrum, half - LANES * i);
        }
    }
}

/// A spectrum to its samples.
pub(in super::super) struct ToSamples {
    half: Passes,
    /// The turns by which the odd ones of the samples come later, at the first half of the
    /// frequencies.
    turns: Vec<Complex32>,
}

impl ToSamples {
    /// Of `len` samples, a multiple of [`MULTIPLE`](super::MULTIPLE). Allocates here.
    ///
    /// # Panics
    /// If it has a prime factor above five.
    pub(in super::super) fn new(len: usize) -> Self {
        let all = Turns::new(len);
        Self {
            half: Passes::new(len / 2, &all),
            turns: (0..=len / 4).map(|k| all.at(k, len)).collect(),
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
        let values = self.half.run().iter().flat_map(|some| some.values());
        for (pair, value) in samples.as_chunks_mut::<2>().0.iter_mut().zip(values) {
            *pair = [value.im, value.re];
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
            passes: Passes::new(len, &Turns::new(2 * len)),
            is_inverse: false,
        }
    }

    /// From a spectrum of `len` values. Allocates here.
    ///
    /// # Panics
    /// If `len` has a prime factor above five.
    pub(in super::super) fn inverse(len: usize) -> Self {
        Self {
            passes: Passes::new(len, &Turns::new(2 * len)),
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
        let made = self.passes.run();
        for (values, some) in values.as_chunks_mut().0.iter_mut().zip(made) {
            *values = match is_inverse {
                true => some.exchanged().values(),
                false => some.values(),
            };
        }
    }
}

fn exchanged(value: Complex32) -> Complex32 {
    Complex32::new(value.im, value.re)
}
