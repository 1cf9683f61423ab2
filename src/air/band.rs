//! A line that carries only a part of the spectrum, such as a telephone.

use super::biquad::{Biquad, butterworth};
use crate::units::{Hertz, SampleRate};

/// A Butterworth band pass, of fourth order at each edge: 24 dB an octave, -3 dB at the edges.
#[derive(Clone, Debug)]
pub struct Band {
    sections: Vec<Biquad>,
}

impl Band {
    /// What telephones carry.
    pub const PHONE: (Hertz, Hertz) = (Hertz(300.0), Hertz(3_400.0));

    /// Lets `low` to `high` pass.
    pub fn new((low, high): (Hertz, Hertz), rate: SampleRate) -> Self {
        let sections = butterworth(2)
            .flat_map(|q| {
                [
                    Biquad::high_pass(low, q, rate),
                    Biquad::low_pass(high, q, rate),
                ]
            })
            .collect();
        Self { sections }
    }

    /// Filters samples in place. Any cut of a stream gives the same.
    pub fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            let mut x = f64::from(*sample);
            for section in &mut self.sections {
                x = section.next(x);
            }
            *sample = x as f32;
        }
    }

    /// The gain at a frequency, as a ratio of powers.
    pub fn power_at(&self, at: Hertz, rate: SampleRate) -> f64 {
        self.sections
            .iter()
            .map(|section| section.power_at(at, rate))
            .product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_is_flat_inside_and_steep_outside() {
        let rate = SampleRate(48_000);
        let band = Band::new(Band::PHONE, rate);
        let gain = |at| 10.0 * band.power_at(Hertz(at), rate).log10();
        assert!((gain(300.0) + 3.01).abs() < 0.02 && (gain(3_400.0) + 3.01).abs() < 0.02);
        assert!(gain(1_000.0).abs() < 0.01);
        // Fourth order: an octave out 24.1 dB (10 log10(1 + 2^8)).
        assert!((gain(150.0) + 24.1).abs() < 0.1, "{}", gain(150.0));
        // The bilinear transform is steeper above.
        assert!(gain(6_800.0) < -24.1, "{}", gain(6_800.0));
    }
}
