//! Second-order filters, and Butterworth filters made of them.
//!
//! Each is the bilinear transform of its analogue prototype, with the frequency that matters
//! bent back to its place: with `k = tan(pi f / rate)`, `s` becomes `(1 - z^-1) / (1 + z^-1) / k`.

use std::f64::consts::PI;

use crate::units::{Hertz, SampleRate};

/// One section, `(b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2)`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
}

impl Biquad {
    /// Of the analogue `(n0 + n1 s + n2 s^2) / (d0 + d1 s + d2 s^2)`, with `s` in units of `at`.
    fn analogue(n: [f64; 3], d: [f64; 3], at: Hertz, rate: SampleRate) -> Self {
        let k = bent(at, rate);
        let z = |c: [f64; 3]| {
            let [c0, c1, c2] = [c[0] * k * k, c[1] * k, c[2]];
            [c0 + c1 + c2, 2.0 * (c0 - c2), c0 - c1 + c2]
        };
        let (b, a) = (z(n), z(d));
        Self {
            b: b.map(|x| x / a[0]),
            a: [a[1] / a[0], a[2] / a[0]],
            state: [0.0; 2],
        }
    }

    /// Second-order low pass; `q` of `sqrt(1/2)` is Butterworth's.
    pub(super) fn low_pass(at: Hertz, q: f64, rate: SampleRate) -> Self {
        Self::analogue([1.0, 0.0, 0.0], [1.0, 1.0 / q, 1.0], at, rate)
    }

    /// Second-order high pass.
    pub(super) fn high_pass(at: Hertz, q: f64, rate: SampleRate) -> Self {
        Self::analogue([0.0, 0.0, 1.0], [1.0, 1.0 / q, 1.0], at, rate)
    }

    /// Resonance with gain 1 at its centre and bandwidth `at / q`.
    pub(super) fn band_pass(at: Hertz, q: f64, rate: SampleRate) -> Self {
        Self::analogue([0.0, 1.0 / q, 0.0], [1.0, 1.0 / q, 1.0], at, rate)
    }

    /// First order: gain 1 far below `pole`, falling to `zero`, flat above. Pole and zero are carried
    /// over by `z = exp(s / rate)`, so that both may lie above half the rate.
    pub(super) fn step_down(pole: Hertz, zero: Hertz, rate: SampleRate) -> Self {
        let place = |at: Hertz| (-2.0 * PI * at.0 / f64::from(rate.0)).exp();
        let (p, z) = (place(pole), place(zero));
        let scale = (1.0 - p) / (1.0 - z);
        Self {
            b: [scale, -z * scale, 0.0],
            a: [-p, 0.0],
            state: [0.0; 2],
        }
    }

    /// First order, without a pole: gain 1 far below half the rate, `(1 - r) / (1 + r)` there.
    pub(super) fn soften(r: f64) -> Self {
        Self {
            b: [1.0 / (1.0 + r), r / (1.0 + r), 0.0],
            ..Self::default()
        }
    }

    /// The next output (transposed direct form 2).
    #[inline]
    pub(super) fn next(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.state[0];
        self.state[0] = self.b[1] * x - self.a[0] * y + self.state[1];
        self.state[1] = self.b[2] * x - self.a[1] * y;
        y
    }

    /// The power that passes at a frequency, as a ratio.
    pub(super) fn power_at(&self, at: Hertz, rate: SampleRate) -> f64 {
        let w = 2.0 * PI * at.0 / f64::from(rate.0);
        let size = |c: [f64; 3]| {
            let re = c[0] + c[1] * w.cos() + c[2] * (2.0 * w).cos();
            let im = c[1] * w.sin() + c[2] * (2.0 * w).sin();
            re * re + im * im
        };
        size(self.b) / size([1.0, self.a[0], self.a[1]])
    }
}

/// The qualities of the sections of a Butterworth filter of order `2 * sections`.
pub(super) fn butterworth(sections: usize) -> impl Iterator<Item = f64> {
    (0..sections).map(move |i| {
        let angle = PI * (2 * i + 1) as f64 / (4 * sections) as f64;
        1.0 / (2.0 * angle.cos())
    })
}

/// Where a frequency goes by the bilinear transform. Nothing reaches half the rate, so what is
/// asked for above is put just below it.
fn bent(at: Hertz, rate: SampleRate) -> f64 {
    let cycles = (at.0 / f64::from(rate.0)).clamp(1e-7, 0.499);
    (PI * cycles).tan()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    fn decibels(filter: Biquad, at: f64) -> f64 {
        10.0 * filter.power_at(Hertz(at), RATE).log10()
    }

    #[test]
    fn corners_are_three_decibels_down_and_slopes_twelve_an_octave() {
        let half = 10.0 * 0.5f64.log10();
        let q = 0.5f64.sqrt();
        let low = Biquad::low_pass(Hertz(1_000.0), q, RATE);
        let high = Biquad::high_pass(Hertz(1_000.0), q, RATE);
        assert!((decibels(low, 1_000.0) - half).abs() < 1e-9);
        assert!((decibels(high, 1_000.0) - half).abs() < 1e-9);
        assert!(decibels(low, 10.0).abs() < 1e-3 && decibels(high, 20_000.0).abs() < 1e-3);
        let slope = decibels(high, 20.0) - decibels(high, 10.0);
        assert!((slope - 40.0 * 2f64.log10()).abs() < 0.01, "{slope}");
    }

    #[test]
    fn a_band_pass_is_one_at_its_centre_and_a_half_at_its_edges() {
        let filter = Biquad::band_pass(Hertz(1_000.0), 10.0, RATE);
        assert!(decibels(filter, 1_000.0).abs() < 1e-9);
        // Edges at the roots of f^2 - 1000^2 = +-100 f; the transform bends them a little.
        assert!((decibels(filter, 951.2) + 3.01).abs() < 0.1);
        assert!((decibels(filter, 1_051.2) + 3.01).abs() < 0.1);
    }

    #[test]
    fn what_comes_out_is_what_is_foretold() {
        let at = Hertz(700.0);
        for filter in [
            Biquad::low_pass(Hertz(500.0), 2.0, RATE),
            Biquad::high_pass(Hertz(900.0), 0.6, RATE),
            Biquad::band_pass(Hertz(750.0), 5.0, RATE),
            Biquad::step_down(Hertz(400.0), Hertz(800.0), RATE),
            Biquad::soften(0.4),
        ] {
            let mut running = filter;
            let power: f64 = (0..96_000)
                .map(|n| running.next((2.0 * PI * at.0 * f64::from(n) / 48_000.0).sin()))
                .skip(48_000)
                .map(|y| y * y)
                .sum::<f64>()
                / 24_000.0;
            let want = filter.power_at(at, RATE);
            assert!((power - want).abs() < 1e-6 * want, "{power} {want}");
        }
    }
}
