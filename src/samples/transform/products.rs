//! Products of spectra.

use realfft::num_complex::Complex32;

/// Adds the products of as many values and factors to `sums`.
#[cfg(not(target_feature = "simd128"))]
pub(in super::super) fn add_products(
    sums: &mut [Complex32],
    values: &[Complex32],
    factors: &[Complex32],
) {
    for ((sum, value), factor) in sums.iter_mut().zip(values).zip(factors) {
        *sum += value * factor;
    }
}

/// Adds the products of as many values and factors to `sums`: two at a time.
#[cfg(target_feature = "simd128")]
pub(in super::super) fn add_products(
    sums: &mut [Complex32],
    values: &[Complex32],
    factors: &[Complex32],
) {
    use crate::lanes::Lanes;

    let both = |[a, b]: &[Complex32; 2]| Lanes::new([a.re, a.im, b.re, b.im]);
    // What is multiplied with imaginary parts becomes real with its sign turned.
    let signs = Lanes::new([-1.0, 1.0, -1.0, 1.0]);
    let (pairs, last) = sums.as_chunks_mut::<2>();
    let factor_pairs = factors.as_chunks::<2>().0;
    for ((sum, value), factor) in pairs.iter_mut().zip(values.as_chunks().0).zip(factor_pairs) {
        let (value, factor) = (both(value), both(factor));
        let product = value
            .times(factor.evens())
            .plus(value.swapped().times(factor.odds().times(signs)));
        let [a, b, c, d] = both(sum).plus(product).numbers();
        *sum = [Complex32::new(a, b), Complex32::new(c, d)];
    }
    for ((sum, value), factor) in last.iter_mut().zip(values.last()).zip(factors.last()) {
        *sum += value * factor;
    }
}
