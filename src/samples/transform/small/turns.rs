//! Parts of a turn.

use realfft::num_complex::Complex32;

use super::super::super::angle::{cosine, sine};

/// What each of some equal parts of a turn backwards is. Of these only an eighth is computed.
pub(super) struct Turns {
    parts: usize,
    /// The first quarter.
    quarter: Vec<Complex32>,
}

impl Turns {
    /// In so many parts, a multiple of eight.
    pub(super) fn new(parts: usize) -> Self {
        let mut quarter = vec![Complex32::default(); parts / 4];
        for k in 0..=parts / 8 {
            let angle = std::f64::consts::TAU * k as f64 / parts as f64;
            let (cosine, sine) = (cosine(angle) as f32, sine(angle) as f32);
            // The angle that lies as far before the end of the quarter.
            if let Some(mirrored) = quarter.get_mut(parts / 4 - k) {
                *mirrored = Complex32::new(sine, -cosine);
            }
            quarter[k] = Complex32::new(cosine, -sine);
        }
        Self { parts, quarter }
    }

    /// Part `k` of a turn in `of` parts, where `k < of` and `of` divides the parts there are.
    pub(super) fn at(&self, k: usize, of: usize) -> Complex32 {
        let k = k * (self.parts / of);
        let first = self.quarter[k % self.quarter.len()];
        match k / self.quarter.len() {
            0 => first,
            1 => Complex32::new(first.im, -first.re),
            2 => -first,
            _ => Complex32::new(-first.im, first.re),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_the_sine_says() {
        for parts in [8, 16, 24, 40, 120, 2400] {
            let turns = Turns::new(parts);
            for of in (1..=parts).filter(|of| parts % of == 0) {
                for k in 0..of {
                    let angle = -std::f64::consts::TAU * k as f64 / of as f64;
                    let got = turns.at(k, of);
                    assert!(
                        (f64::from(got.re) - angle.cos()).abs() < 1e-7,
                        "{k} of {of}"
                    );
                    assert!(
                        (f64::from(got.im) - angle.sin()).abs() < 1e-7,
                        "{k} of {of}"
                    );
                }
            }
        }
    }
}
