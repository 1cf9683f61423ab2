//! Four, in 128-bit vectors of WebAssembly.

use std::arch::wasm32::{
    f32x4, f32x4_abs, f32x4_add, f32x4_convert_i32x4, f32x4_div, f32x4_extract_lane, f32x4_lt,
    f32x4_mul, f32x4_pmax, f32x4_pmin, f32x4_splat, f32x4_sqrt, f32x4_sub, i32x4_add, i32x4_shl,
    i32x4_shr, i32x4_shuffle, i32x4_splat, i32x4_sub, v128, v128_bitselect,
};

use super::{MANTISSA, ROOT_OF_HALF};

/// Numbers in one of them.
pub(crate) const LANES: usize = 4;

/// Four numbers.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(v128);

impl Lanes {
    #[inline(always)]
    pub(crate) fn new([a, b, c, d]: [f32; 4]) -> Self {
        Self(f32x4(a, b, c, d))
    }

    #[inline(always)]
    pub(crate) fn all(number: f32) -> Self {
        Self(f32x4_splat(number))
    }

    #[inline(always)]
    pub(crate) fn numbers(self) -> [f32; 4] {
        [
            f32x4_extract_lane::<0>(self.0),
            f32x4_extract_lane::<1>(self.0),
            f32x4_extract_lane::<2>(self.0),
            f32x4_extract_lane::<3>(self.0),
        ]
    }

    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn minus(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn times(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn over(self, other: Self) -> Self {
        Self(f32x4_div(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn root(self) -> Self {
        Self(f32x4_sqrt(self.0))
    }

    #[inline(always)]
    pub(crate) fn at_least(self, other: Self) -> Self {
        Self(f32x4_pmax(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn at_most(self, other: Self) -> Self {
        Self(f32x4_pmin(self.0, other.0))
    }

    /// Of these where they are less than `limit`, the numbers of `yes`, else those of `no`.
    #[inline(always)]
    pub(crate) fn below(self, limit: Self, yes: Self, no: Self) -> Self {
        Self(v128_bitselect(yes.0, no.0, f32x4_lt(self.0, limit.0)))
    }

    /// The sum of them all.
    #[inline(always)]
    pub(crate) fn sum(self) -> f32 {
        let [a, b, c, d] = self.numbers();
        (a + b) + (c + d)
    }

    /// The greatest of them.
    #[inline(always)]
    pub(crate) fn greatest(self) -> f32 {
        let [a, b, c, d] = self.numbers();
        let greater = |a, b| if a < b { b } else { a };
        greater(greater(a, b), greater(c, d))
    }

    /// The first of these, then the last three of `others` from behind.
    #[inline(always)]
    pub(crate) fn mirrored(self, others: Self) -> Self {
        Self(i32x4_shuffle::<0, 7, 6, 5>(self.0, others.0))
    }

    /// From behind.
    #[inline(always)]
    pub(crate) fn reversed(self) -> Self {
        Self(i32x4_shuffle::<3, 2, 1, 0>(self.0, self.0))
    }

    /// Neighbours exchanged, two by two.
    #[inline(always)]
    pub(crate) fn swapped(self) -> Self {
        Self(i32x4_shuffle::<1, 0, 3, 2>(self.0, self.0))
    }

    /// The first and the third, each twice.
    #[inline(always)]
    pub(crate) fn evens(self) -> Self {
        Self(i32x4_shuffle::<0, 0, 2, 2>(self.0, self.0))
    }

    /// The second and the fourth, each twice.
    #[inline(always)]
    pub(crate) fn odds(self) -> Self {
        Self(i32x4_shuffle::<1, 1, 3, 3>(self.0, self.0))
    }

    /// The four and four others in turn.
    #[inline(always)]
    pub(crate) fn in_turn(self, others: Self) -> [Self; 2] {
        [
            Self(i32x4_shuffle::<0, 4, 1, 5>(self.0, others.0)),
            Self(i32x4_shuffle::<2, 6, 3, 7>(self.0, others.0)),
        ]
    }

    /// Adds the lowest bits of `bits` to the exponents.
    #[inline(always)]
    pub(super) fn with_exponent_of(self, bits: Self) -> Self {
        Self(i32x4_add(self.0, i32x4_shl(bits.0, MANTISSA)))
    }

    /// The exponents of two, and what they are to be multiplied by.
    #[inline(always)]
    pub(super) fn taken_apart(self) -> (Self, Self) {
        let over = i32x4_sub(self.0, i32x4_splat(ROOT_OF_HALF));
        let exponent = i32x4_shr(over, MANTISSA);
        let part = i32x4_sub(self.0, i32x4_shl(exponent, MANTISSA));
        (Self(f32x4_convert_i32x4(exponent)), Self(part))
    }
}

/// The sum of products of two slices, in four running sums; of as many as are a multiple of four.
#[inline(always)]
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = Lanes::all(0.0);
    for (left, right) in Lanes::each(left).zip(Lanes::each(right)) {
        sums = sums.plus(left.times(right));
    }
    sums.sum()
}

/// Adds the products of `taps` and as many `samples` to the first of `sums`, and of those a sample
/// later to the next.
#[inline(always)]
pub(crate) fn add_filtered(sums: &mut [f32; 8], taps: &[f32], samples: &[f32]) {
    let [a, b, c, d, e, f, g, h] = *sums;
    let (mut first, mut last) = (Lanes::new([a, b, c, d]), Lanes::new([e, f, g, h]));
    for (tap, samples) in taps.iter().zip(samples.windows(8)) {
        let Some([a, b, c, d, e, f, g, h]) = samples.first_chunk() else {
            break;
        };
        let tap = Lanes::all(*tap);
        first = first.plus(tap.times(Lanes::new([*a, *b, *c, *d])));
        last = last.plus(tap.times(Lanes::new([*e, *f, *g, *h])));
    }
    let ([a, b, c, d], [e, f, g, h]) = (first.numbers(), last.numbers());
    *sums = [a, b, c, d, e, f, g, h];
}

/// The largest magnitude of as many as are a multiple of four; 0 for none.
#[inline(always)]
pub(crate) fn largest(numbers: &[f32]) -> f32 {
    let mut largest = Lanes::all(0.0);
    for some in Lanes::each(numbers) {
        largest = largest.at_least(Lanes(f32x4_abs(some.0)));
    }
    largest.greatest()
}
