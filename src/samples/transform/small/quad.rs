//! Four numbers on which one operation acts at a time.
//!
//! Said in the words of WebAssembly's vectors where the engine has them: a compiler that is told to
//! make little code finds none by itself.

#[cfg(target_feature = "simd128")]
use std::arch::wasm32::{
    f32x4, f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, f32x4_sub, v128,
};

/// Four numbers.
#[derive(Clone, Copy)]
#[cfg(target_feature = "simd128")]
pub(super) struct Quad(v128);

#[cfg(target_feature = "simd128")]
impl Quad {
    #[inline(always)]
    pub(super) fn new([a, b, c, d]: [f32; 4]) -> Self {
        Self(f32x4(a, b, c, d))
    }

    #[inline(always)]
    pub(super) fn all(number: f32) -> Self {
        Self(f32x4_splat(number))
    }

    #[inline(always)]
    pub(super) fn numbers(self) -> [f32; 4] {
        [
            f32x4_extract_lane::<0>(self.0),
            f32x4_extract_lane::<1>(self.0),
            f32x4_extract_lane::<2>(self.0),
            f32x4_extract_lane::<3>(self.0),
        ]
    }

    #[inline(always)]
    pub(super) fn plus(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    pub(super) fn minus(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    pub(super) fn times(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }
}

/// Four numbers.
#[derive(Clone, Copy)]
#[cfg(not(target_feature = "simd128"))]
pub(super) struct Quad([f32; 4]);

#[cfg(not(target_feature = "simd128"))]
impl Quad {
    #[inline(always)]
    pub(super) fn new(numbers: [f32; 4]) -> Self {
        Self(numbers)
    }

    #[inline(always)]
    pub(super) fn all(number: f32) -> Self {
        Self([number; 4])
    }

    #[inline(always)]
    pub(super) fn numbers(self) -> [f32; 4] {
        self.0
    }

    #[inline(always)]
    pub(super) fn plus(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    #[inline(always)]
    pub(super) fn minus(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    #[inline(always)]
    pub(super) fn times(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }

    #[inline(always)]
    fn with(self, other: Self, of: impl Fn(f32, f32) -> f32) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([of(a, e), of(b, f), of(c, g), of(d, h)])
    }
}
