//! The shared words of the path. Units live in types; a bare number is a count.

use std::fmt;

/// A frequency in hertz.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Hertz(pub f64);

/// Samples per second of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleRate(pub u32);

impl SampleRate {
    /// The rate everything is synthesised at, and the one to ask a sound card for.
    pub const HZ_48000: Self = Self(48_000);

    /// Samples in `seconds`, rounded to the nearest.
    pub fn samples_in(self, seconds: f64) -> u64 {
        (seconds * f64::from(self.0)).round().max(0.0) as u64
    }

    /// How long `samples` last, in seconds.
    pub fn seconds(self, samples: u64) -> f64 {
        samples as f64 / f64::from(self.0)
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.0)
    }
}

/// A ratio of powers in decibels: `10 log10(power ratio)`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Decibels(pub f32);

impl Decibels {
    /// From a ratio of powers; zero and below give minus infinity.
    pub fn from_power_ratio(ratio: f64) -> Self {
        Self((10.0 * ratio.max(0.0).log10()) as f32)
    }

    /// The ratio of powers.
    pub fn power_ratio(self) -> f64 {
        10f64.powf(f64::from(self.0) / 10.0)
    }

    /// The ratio of amplitudes.
    pub fn amplitude_ratio(self) -> f64 {
        10f64.powf(f64::from(self.0) / 20.0)
    }
}

impl fmt::Display for Decibels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dB", self.0)
    }
}

/// A soft bit: `ln P(bit = 0) - ln P(bit = 1)`. Positive means 0 is likelier, zero means unknown.
pub type Llr = f32;

/// The number of a tone inside its group, `0..M`.
pub type Tone = u8;
