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
        write!(f, "{:.1} dB", fixed(self.0))
    }
}

/// A number that is shown with as many decimals as its format asks for: `{:.1}`.
///
/// In few bytes of code: the standard library does it for every number there is, with arithmetic of
/// a thousand bits. Here what is not below 2^53 after the shift of the point is shown inexactly,
/// and nothing from 2^64 on.
#[derive(Clone, Copy)]
pub(crate) struct Fixed(f64);

/// To be shown with a fixed number of decimals.
pub(crate) fn fixed(number: impl Into<f64>) -> Fixed {
    Fixed(number.into())
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_nan() {
            return f.write_str("NaN");
        }
        if self.0 < 0.0 {
            f.write_str("-")?;
        }
        if self.0.is_infinite() {
            return f.write_str("inf");
        }
        let parts = 10u64.pow(f.precision().map_or(0, |decimals| decimals.min(9) as u32));
        let shifted = (self.0.abs() * parts as f64).round_ties_even() as u64;
        write_whole(shifted / parts, f)?;
        let (mut left, mut place) = (shifted % parts, parts);
        while place > 1 {
            if place == parts {
                f.write_str(".")?;
            }
            place /= 10;
            write_whole(left / place, f)?;
            left %= place;
        }
        Ok(())
    }
}

/// Whatever precision is asked for.
fn write_whole(number: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{number}")
}

/// A soft bit: `ln P(bit = 0) - ln P(bit = 1)`. Positive means 0 is likelier, zero means unknown.
pub type Llr = f32;

/// The number of a tone inside its group, `0..M`.
pub type Tone = u8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_of_the_standard_library() {
        let mut dice = 1u64;
        let mut numbers = vec![0.0, 0.5, 1.5, -2.5, 0.125, 99.95, -0.04];
        numbers.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
        numbers.extend((0..20_000u32).map(|i| {
            // Knuth's generator; 44 bits, of which 13 to 43 are behind the point.
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (dice as i64 >> 20) as f64 / 8_192.0 / f64::from(1u32 << (i % 31))
        }));
        for number in numbers {
            assert_eq!(format!("{:.0}", fixed(number)), format!("{number:.0}"));
            assert_eq!(format!("{:.1}", fixed(number)), format!("{number:.1}"));
            assert_eq!(format!("{:.2}", fixed(number)), format!("{number:.2}"));
        }
    }
}
