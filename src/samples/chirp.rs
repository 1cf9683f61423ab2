//! The preamble: a linear sweep over the band.
//!
//! A sweep has the smallest crest there is, a correlation peak one over the bandwidth wide, and
//! keeps both under a moving source: a Doppler shift only moves its peak, by two samples at
//! 1000 ppm. It rises, because low frequencies echo longest and get the time to die away before
//! the first symbol.

use std::f64::consts::TAU;

use super::angle::{cosine, sine};
use crate::units::{Hertz, SampleRate};

/// A linear sweep with raised-cosine ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chirp {
    /// Where it starts.
    pub from: Hertz,
    /// Where it ends.
    pub to: Hertz,
    /// How long it lasts, in seconds.
    pub seconds: f64,
}

/// Length of each faded end, in seconds: short against the sweep, long enough not to click.
const FADE: f64 = 0.003;

impl Chirp {
    /// How many samples it has at `rate`.
    pub fn length(&self, rate: SampleRate) -> usize {
        rate.samples_in(self.seconds) as usize
    }

    /// The samples at `rate`, peak 1, as the real part of an analytic signal, and its imaginary part.
    pub fn samples(&self, rate: SampleRate) -> impl Iterator<Item = (f32, f32)> + '_ {
        let count = self.length(rate);
        let rate = f64::from(rate.0);
        (0..count).map(move |i| {
            let t = i as f64 / rate;
            let sweep = (self.to.0 - self.from.0) / self.seconds;
            let phase = TAU * (self.from.0 * t + 0.5 * sweep * t * t);
            let edge = t.min(self.seconds - t);
            let fade = if edge < FADE {
                sine(edge / FADE * TAU / 4.0).powi(2)
            } else {
                1.0
            };
            ((fade * cosine(phase)) as f32, (fade * sine(phase)) as f32)
        })
    }
}
