//! One number.

use super::{MANTISSA, ROOT_OF_HALF};

/// Numbers in one of them.
pub(crate) const LANES: usize = 1;

/// One number.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(f32);

impl Lanes {
    #[inline(always)]
    pub(crate) fn new([number]: [f32; 1]) -> Self {
        Self(number)
    }

    #[inline(always)]
    pub(crate) fn all(number: f32) -> Self {
        Self(number)
    }

    #[inline(always)]
    pub(crate) fn numbers(self) -> [f32; 1] {
        [self.0]
    }

    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    #[inline(always)]
    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    #[inline(always)]
    pub(crate) fn times(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }

    #[inline(always)]
    pub(crate) fn over(self, other: Self) -> Self {
        Self(self.0 / other.0)
    }

    #[inline(always)]
    pub(crate) fn root(self) -> Self {
        Self(self.0.sqrt())
    }

    #[inline(always)]
    pub(crate) fn at_least(self, other: Self) -> Self {
        self.below(other, other, self)
    }

    #[inline(always)]
    pub(crate) fn at_most(self, other: Self) -> Self {
        other.below(self, other, self)
    }

    /// Of these where they are less than `limit`, the numbers of `yes`, else those of `no`.
    #[inline(always)]
    pub(crate) fn below(self, limit: Self, yes: Self, no: Self) -> Self {
        if self.0 < limit.0 { yes } else { no }
    }

    /// The sum of them all.
    #[inline(always)]
    pub(crate) fn sum(self) -> f32 {
        self.0
    }

    /// The greatest of them.
    #[inline(always)]
    pub(crate) fn greatest(self) -> f32 {
        self.0
    }

    /// The first of these, then the others of `others` from behind.
    #[cfg(any(test, target_family = "wasm"))]
    #[inline(always)]
    pub(crate) fn mirrored(self, _others: Self) -> Self {
        self
    }

    /// From behind.
    #[cfg(any(test, target_family = "wasm"))]
    #[inline(always)]
    pub(crate) fn reversed(self) -> Self {
        self
    }

    /// These and others in turn.
    #[inline(always)]
    pub(crate) fn in_turn(self, others: Self) -> [Self; 2] {
        [self, others]
    }

    /// Adds the lowest bits of `bits` to the exponents.
    #[inline(always)]
    pub(super) fn with_exponent_of(self, bits: Self) -> Self {
        let bits = bits.0.to_bits() << MANTISSA;
        Self(f32::from_bits(self.0.to_bits().wrapping_add(bits)))
    }

    /// The exponents of two, and what they are to be multiplied by.
    #[inline(always)]
    pub(super) fn taken_apart(self) -> (Self, Self) {
        let bits = self.0.to_bits() as i32;
        let exponent = bits.wrapping_sub(ROOT_OF_HALF) >> MANTISSA;
        let part = bits.wrapping_sub(exponent << MANTISSA);
        (Self(exponent as f32), Self(f32::from_bits(part as u32)))
    }
}

/// The sum of products of two slices, in four running sums; of as many as are a multiple of four.
#[inline(always)]
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0f32; 4];
    for (left, right) in left.as_chunks::<4>().0.iter().zip(right.as_chunks().0) {
        let [a, b, c, d] = right;
        sums[0] += left[0] * a;
        sums[1] += left[1] * b;
        sums[2] += left[2] * c;
        sums[3] += left[3] * d;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// Adds the products of `taps` and as many `samples` to the first of `sums`, and of those a sample
/// later to the next.
#[inline(always)]
pub(crate) fn add_filtered(sums: &mut [f32; 8], taps: &[f32], samples: &[f32]) {
    let mut eight = *sums;
    for (tap, samples) in taps.iter().zip(samples.windows(8)) {
        eight[0] += tap * samples[0];
        eight[1] += tap * samples[1];
        eight[2] += tap * samples[2];
        eight[3] += tap * samples[3];
        eight[4] += tap * samples[4];
        eight[5] += tap * samples[5];
        eight[6] += tap * samples[6];
        eight[7] += tap * samples[7];
    }
    *sums = eight;
}

/// The largest magnitude of as many as are a multiple of four; 0 for none.
#[inline(always)]
pub(crate) fn largest(numbers: &[f32]) -> f32 {
    let mut largest = [0f32; 4];
    for [a, b, c, d] in numbers.as_chunks().0 {
        let greater = |a, b| if a < b { b } else { a };
        largest[0] = greater(largest[0], a.abs());
        largest[1] = greater(largest[1], b.abs());
        largest[2] = greater(largest[2], c.abs());
        largest[3] = greater(largest[3], d.abs());
    }
    largest
        .into_iter()
        .fold(0.0, |a, b| if a < b { b } else { a })
}
