//! What every windowed-sinc interpolator here is made of.

use std::f64::consts::PI;

use super::angle::sine;

/// A Kaiser window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kaiser {
    beta: f64,
    scale: f64,
}

impl Kaiser {
    /// Of shape `beta` in `0..=12`.
    pub(super) fn new(beta: f64) -> Self {
        Self {
            beta,
            scale: bessel_i0(beta).recip(),
        }
    }

    /// The window at `x` in `-1..=1`, 1 in its middle.
    pub(super) fn at(&self, x: f64) -> f64 {
        bessel_i0(self.beta * (1.0 - x * x).max(0.0).sqrt()) * self.scale
    }
}

/// `sin(pi x) / (pi x)`.
pub(super) fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        sine(PI * x) / (PI * x)
    }
}

/// Modified Bessel function of the first kind, order 0, by its power series: for `x` up to 12 what
/// is left out is below 1e-17 of it.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let series = SERIES.iter().rev();
    series.fold(0.0, |sum, factor| sum * quarter + factor)
}

/// `1 / k!^2` for `k = 0, 1, ..`
const SERIES: [f64; 32] = {
    let mut series = [1.0; 32];
    let mut k = 1;
    while k < series.len() {
        series[k] = series[k - 1] / (k * k) as f64;
        k += 1;
    }
    series
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bessel_function_agrees_with_its_integral() {
        // The mean of exp(x cos t) over a turn; the trapezoidal rule is exact for such.
        for x in [0.0, 0.5, 3.0, 7.8, 12.0] {
            let at = |i: i32| (x * (PI * f64::from(i) / 64.0).cos()).exp();
            let mean = (0..128).map(at).sum::<f64>() / 128.0;
            assert!((bessel_i0(x) / mean - 1.0).abs() < 1e-13, "{x}");
        }
    }

    #[test]
    fn the_window_falls_from_one_to_its_edge() {
        let kaiser = Kaiser::new(7.8);
        assert!((kaiser.at(0.0) - 1.0).abs() < 1e-15);
        assert!((kaiser.at(1.0) * bessel_i0(7.8) - 1.0).abs() < 1e-12);
    }
}
