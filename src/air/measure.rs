//! What is known of a room from its impulse response.

use crate::units::{Decibels, SampleRate};

/// Samples later than this after the strongest count as reverberation: 2.5 ms, as usual for
/// direct-to-reverberant ratios.
pub(super) const DIRECT_S: f64 = 0.0025;

/// Reverberation time in seconds: how long it takes to fall by 60 dB, from the fall between 5
/// and 25 dB below the start (ISO 3382's T20), by Schroeder's backward integration. `None` if the
/// response does not fall that far.
pub fn reverberation_time(impulse: &[f32], rate: SampleRate) -> Option<f64> {
    let mut left = 0.0;
    let mut decay: Vec<f64> = impulse
        .iter()
        .rev()
        .map(|x| {
            left += f64::from(*x).powi(2);
            left
        })
        .collect();
    decay.reverse();
    let whole = *decay.first()?;
    let level = |n: usize| 10.0 * (decay[n] / whole).log10();
    let first = (0..decay.len()).find(|n| level(*n) <= -5.0)?;
    let last = (first..decay.len()).find(|n| level(*n) <= -25.0)?;
    let points = (first..=last).map(|n| (n as f64, level(n)));
    let slope = slope(points) * f64::from(rate.0);
    (slope < 0.0).then(|| -60.0 / slope)
}

/// Energy up to 2.5 ms after the strongest sample against all that comes later.
pub fn direct_to_reverberant(impulse: &[f32], rate: SampleRate) -> Decibels {
    let strongest = impulse
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
        .map_or(0, |(n, _)| n);
    let end = (strongest + rate.samples_in(DIRECT_S) as usize).min(impulse.len());
    let energy = |part: &[f32]| part.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    Decibels::from_power_ratio(energy(&impulse[..end]) / energy(&impulse[end..]))
}

/// The slope of the straight line that fits points best.
pub(super) fn slope(points: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut n, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (a, b) in points {
        n += 1.0;
        x += a;
        y += b;
        xx += a * a;
        xy += a * b;
    }
    (n * xy - x * y) / (n * xx - x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_has_the_time_it_was_made_with() {
        let rate = SampleRate(48_000);
        for time in [0.1, 0.5, 1.2] {
            // 60 dB are a factor of 1000 in amplitude.
            let impulse: Vec<f32> = (0..96_000)
                .map(|n| 1_000f64.powf(-f64::from(n) / 48_000.0 / time) as f32)
                .collect();
            let got = reverberation_time(&impulse, rate).unwrap();
            assert!((got / time - 1.0).abs() < 0.001, "{got} for {time}");
        }
        assert_eq!(reverberation_time(&[], rate), None);
        assert_eq!(reverberation_time(&[0.0; 100], rate), None);
        assert_eq!(reverberation_time(&[1.0; 100], rate), None);
    }

    #[test]
    fn the_direct_part_ends_two_and_a_half_milliseconds_after_the_peak() {
        let rate = SampleRate(48_000);
        let mut impulse = vec![0.0; 1_000];
        impulse[100] = 2.0;
        impulse[100 + 119] = 1.0;
        impulse[100 + 120] = 0.5;
        // 5 against 0.25.
        let got = direct_to_reverberant(&impulse, rate);
        assert!((got.0 - 13.0103).abs() < 1e-3, "{got}");
    }
}
