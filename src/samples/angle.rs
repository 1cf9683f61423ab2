//! Sines and cosines.
//!
//! Natively the standard library's. WebAssembly has no such instructions, and the functions that
//! take their place are right up to angles of 10^308, with a table of so many digits of pi; a page
//! would download that for angles of a few thousand turns.

use realfft::num_complex::Complex32;

/// The sine of an angle of at most a million turns.
#[cfg(not(target_family = "wasm"))]
pub(super) fn sine(angle: f64) -> f64 {
    angle.sin()
}

/// The cosine of an angle of at most a million turns.
#[cfg(not(target_family = "wasm"))]
pub(super) fn cosine(angle: f64) -> f64 {
    angle.cos()
}

/// Of length 1, at an angle.
#[cfg(not(target_family = "wasm"))]
pub(super) fn direction(angle: f32) -> Complex32 {
    Complex32::from_polar(1.0, angle)
}

/// Of length 1, at an angle.
#[cfg(target_family = "wasm")]
pub(super) fn direction(angle: f32) -> Complex32 {
    let angle = f64::from(angle);
    Complex32::new(cosine(angle) as f32, sine(angle) as f32)
}

#[cfg(target_family = "wasm")]
pub(super) use small::{cosine, sine};

#[cfg(any(test, target_family = "wasm"))]
mod small {
    use std::f64::consts::FRAC_PI_2;

    /// What a quarter turn has beyond the digits of [`FRAC_PI_2`].
    const BEYOND: f64 = 6.123_233_995_736_766e-17;

    /// By what each term of the series is divided after the one before it but one: from the second
    /// power on.
    const STEPS: [f64; 17] = {
        let mut steps = [0.0; 17];
        let mut i = 0;
        while i < steps.len() {
            steps[i] = 1.0 / ((i + 1) * (i + 2)) as f64;
            i += 1;
        }
        steps
    };

    pub(in super::super) fn sine(angle: f64) -> f64 {
        turned(angle, 0)
    }

    pub(in super::super) fn cosine(angle: f64) -> f64 {
        turned(angle, 1)
    }

    /// The sine of so many quarter turns more.
    fn turned(angle: f64, more: i64) -> f64 {
        let quarters = (angle / FRAC_PI_2).round();
        let rest = angle - quarters * FRAC_PI_2 - quarters * BEYOND;
        let quarters = quarters as i64 + more;
        // Their Taylor series: an eighth of a turn to the eighteenth power, over the faculty of that,
        // is less than the last bit of one.
        let is_sine = quarters & 1 == 0;
        let (mut term, first) = if is_sine { (rest, 1) } else { (1.0, 0) };
        let mut value = term;
        for part in STEPS[first..].iter().step_by(2) {
            term *= -rest * rest * part;
            value += term;
        }
        if quarters & 2 == 0 { value } else { -value }
    }
}

#[cfg(test)]
mod tests {
    use super::small;

    #[test]
    fn the_small_ones_are_right_to_fifteen_digits() {
        for i in -200_000..200_000i32 {
            let angle = f64::from(i) * 0.0137;
            assert!((small::sine(angle) - angle.sin()).abs() < 1e-15 * (1.0 + angle.abs()));
            assert!((small::cosine(angle) - angle.cos()).abs() < 1e-15 * (1.0 + angle.abs()));
        }
        assert_eq!((small::sine(0.0), small::cosine(0.0)), (0.0, 1.0));
    }
}
