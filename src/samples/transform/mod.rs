//! Fourier transforms, by whichever code fits.
//!
//! Natively `rustfft` plans them: it knows the processor's vectors and is two to four times as fast
//! as anything small. Its planner holds an algorithm for every length there is, though, more code
//! than all of the modem, and a page downloads every byte of it. WebAssembly therefore has its own
//! transform, for the lengths that the modem uses.

#[cfg(not(target_family = "wasm"))]
mod planned;
mod products;
#[cfg(any(test, target_family = "wasm"))]
mod small;

#[cfg(not(target_family = "wasm"))]
pub(super) use planned::{ComplexTransform, ToSamples, ToSpectrum};
#[cfg(target_family = "wasm")]
pub(super) use small::{ComplexTransform, ToSamples, ToSpectrum};

pub(super) use products::add_products;

/// What every real transform is a multiple of, in samples; beside that it has the prime factors
/// two, three and five. A complex one is half as long.
pub(super) const MULTIPLE: usize = 8;

#[cfg(test)]
mod tests {
    use realfft::num_complex::Complex32;

    use super::{planned, small};
    use crate::air::Random;

    /// Lengths of the modem's profiles, of blocks at common sample rates, and the shortest of every
    /// mix of factors.
    const LENGTHS: [usize; 16] = [
        8, 16, 24, 32, 40, 48, 120, 240, 400, 1200, 2048, 2400, 4096, 4800, 6144, 24_576,
    ];

    fn noise(len: usize) -> Vec<f32> {
        let mut random = Random::new(len as u64, "transform");
        (0..len).map(|_| random.gaussian() as f32).collect()
    }

    fn envelope(len: usize) -> Vec<Complex32> {
        let noise = noise(2 * len);
        let pairs = noise.chunks_exact(2);
        pairs.map(|pair| Complex32::new(pair[0], pair[1])).collect()
    }

    fn power(values: &[Complex32]) -> f32 {
        values.iter().map(Complex32::norm_sqr).sum()
    }

    /// Single precision has 24 bits, and of the rounding of every pass its square root adds up:
    /// 120 dB are left of 144 by a wide margin.
    fn assert_equal(got: &[Complex32], expected: &[Complex32]) {
        assert_eq!(got.len(), expected.len());
        let off: Vec<Complex32> = got.iter().zip(expected).map(|(a, b)| a - b).collect();
        let (off, all) = (power(&off), power(expected));
        assert!(off <= 1e-12 * all, "{}: {off} of {all}", got.len());
    }

    #[test]
    fn both_give_the_same_spectrum() {
        for len in LENGTHS {
            let samples = noise(len);
            let mut planned = planned::ToSpectrum::new(len);
            let mut small = small::ToSpectrum::new(len);
            let mut expected = planned.make_spectrum();
            let mut got = small.make_spectrum();
            planned.transform(&mut samples.clone(), &mut expected);
            small.transform(&mut samples.clone(), &mut got);
            assert_equal(&got, &expected);
        }
    }

    #[test]
    fn both_undo_it_but_for_the_length() {
        for len in LENGTHS {
            let samples = noise(len);
            let mut spectrum = small::ToSpectrum::new(len).make_spectrum();
            small::ToSpectrum::new(len).transform(&mut samples.clone(), &mut spectrum);
            let scaled: Vec<Complex32> = samples
                .iter()
                .map(|sample| Complex32::new(sample * len as f32, 0.0))
                .collect();
            let mut back = vec![0.0; len];
            small::ToSamples::new(len).transform(&mut spectrum.clone(), &mut back);
            let values: Vec<Complex32> = back.iter().map(|re| Complex32::from(*re)).collect();
            assert_equal(&values, &scaled);
            planned::ToSamples::new(len).transform(&mut spectrum, &mut back);
            let values: Vec<Complex32> = back.iter().map(|re| Complex32::from(*re)).collect();
            assert_equal(&values, &scaled);
        }
    }

    #[test]
    fn both_turn_envelopes_alike_in_either_direction() {
        for len in LENGTHS.map(|len| len / 2) {
            let values = envelope(len);
            let (mut expected, mut got) = (values.clone(), values.clone());
            planned::ComplexTransform::forward(len).transform(&mut expected);
            small::ComplexTransform::forward(len).transform(&mut got);
            assert_equal(&got, &expected);
            let (mut expected, mut got) = (values.clone(), values);
            planned::ComplexTransform::inverse(len).transform(&mut expected);
            small::ComplexTransform::inverse(len).transform(&mut got);
            assert_equal(&got, &expected);
        }
    }
}
