//! What else there is to hear: power density over frequency.

use super::transform::Transform;

/// Power density of a stretch of sound, in squares of full scale a hertz.
#[derive(Clone, Debug)]
pub(super) struct Density {
    bins: Vec<f64>,
    bin: f64,
}

impl Density {
    /// Of `samples`, by Welch's method: Hann windows that overlap by half.
    pub(super) fn of(samples: &[f64], rate: f64) -> Self {
        let wanted = ((LOOK_S * rate) as usize).max(16);
        let size = wanted.next_power_of_two().min(
            // A short stretch is looked at as a whole.
            (samples.len() / 2 + 1).next_power_of_two().max(16),
        );
        let transform = Transform::holding(size);
        let size = transform.size();
        let window: Vec<f64> = (0..size)
            .map(|n| {
                (std::f64::consts::PI * n as f64 / size as f64)
                    .sin()
                    .powi(2)
            })
            .collect();
        let weight: f64 = window.iter().map(|w| w * w).sum();
        let mut bins = vec![0.0; size / 2 + 1];
        let mut looks = 0.0;
        let mut start = 0;
        while start + size <= samples.len() {
            let look = &samples[start..start + size];
            let spectrum = transform.spectrum(look.iter().zip(&window).map(|(x, w)| x * w));
            for (sum, bin) in bins.iter_mut().zip(&spectrum) {
                *sum += bin.norm_sqr();
            }
            looks += 1.0;
            start += size / 2;
        }
        // Both halves of the spectrum, of which one is kept.
        let scale = 2.0 / (weight * rate * f64::max(looks, 1.0));
        bins.iter_mut().for_each(|x| *x *= scale);
        Self {
            bins,
            bin: rate / size as f64,
        }
    }

    /// The mean within `low..high` hertz.
    pub(super) fn mean(&self, low: f64, high: f64) -> f64 {
        mean(&self.bins, self.bin, low, high)
    }

    /// The power within `low..high` hertz.
    pub(super) fn power(&self, low: f64, high: f64) -> f64 {
        let high = high.min(self.bin * self.bins.len() as f64);
        self.mean(low, high) * (high - low).max(0.0)
    }
}

/// The mean of what lies within `low..high` of values that stand `step` apart; of the nearest one if
/// there is none.
pub(super) fn mean(values: &[f64], step: f64, low: f64, high: f64) -> f64 {
    let first = ((low / step).ceil() as usize).min(values.len());
    let end = ((high / step).ceil() as usize).clamp(first, values.len());
    if first == end {
        let nearest = ((low + high) / 2.0 / step).round() as usize;
        return values.get(nearest).copied().unwrap_or(0.0);
    }
    values[first..end].iter().sum::<f64>() / (end - first) as f64
}

/// Bins of 6 to 12 Hz: finer than a sixth of an octave at 100 Hz, and ten looks in a second.
const LOOK_S: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::{Noise, NoiseSource, REFERENCE_POWER, Random};
    use crate::units::{Decibels, SampleRate};

    #[test]
    fn white_noise_has_its_power_evenly_everywhere() {
        for rate in [8_000, 48_000] {
            let mut samples = vec![0.0; rate as usize];
            let random = Random::new(1, "noise");
            NoiseSource::new(Noise::White, Decibels(-20.0), SampleRate(rate), random)
                .add(&mut samples);
            let samples: Vec<f64> = samples.iter().map(|x| f64::from(*x)).collect();
            let density = Density::of(&samples, f64::from(rate));
            let half = f64::from(rate) / 2.0;
            let want = REFERENCE_POWER * 0.01;
            let got = 10.0 * (density.power(100.0, half) / want).log10();
            assert!(got.abs() < 0.3, "{got} dB at {rate}");
            // A third of the band.
            let part = density.power(half / 3.0, half * 2.0 / 3.0) / want;
            assert!((part - 1.0 / 3.0).abs() < 0.03, "{part}");
        }
    }

    #[test]
    fn nothing_is_nothing() {
        for samples in [vec![], vec![0.0; 3], vec![0.0; 5000]] {
            let density = Density::of(&samples, 48_000.0);
            assert_eq!(density.power(100.0, 20_000.0), 0.0);
        }
    }
}
