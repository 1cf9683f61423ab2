//! One burst, tone by tone: for eyes, not for reading it.

use crate::units::Hertz;

use super::reader::Reader;
use super::{Depth, Profile};

/// Seconds around the preamble's place in which its arrivals are looked for. The later, the more of
/// the first symbol lies under them.
const ARRIVALS_BEFORE_S: f64 = 0.005;
const ARRIVALS_AFTER_S: f64 = 0.03;
/// Symbols that are looked at: more tell nothing new of a room.
const MOST_SYMBOLS: usize = 64;

/// What the tones and the preamble of a burst looked like when they arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Anatomy {
    /// A line for each group of tones, lowest first.
    pub groups: Vec<GroupLevels>,
    /// The preamble's correlation power over the delay in seconds, against where the burst was
    /// said to begin: its first arrival, then its echoes. The greatest is 1; all 0 in silence.
    pub arrivals: Vec<(f64, f32)>,
    /// By how much the sender's clock seems to run faster than ours, in parts per million.
    pub clock_ppm: f32,
}

/// Mean energies in a group of tones. Their unit is that of the samples, squared; only ratios
/// mean something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupLevels {
    /// The middle of the group.
    pub frequency: Hertz,
    /// A tone that sounds, as the soft demapper learnt it.
    pub on: f32,
    /// A tone that does not: noise, echo of the symbol before, distortion.
    pub off: f32,
    /// A tone's place in the last symbol's length before the preamble: noise alone. `None` where
    /// the samples do not reach back so far.
    pub before: Option<f32>,
}

impl Anatomy {
    /// Looks at a burst whose preamble begins at `at` of `samples`, which are at the profile's
    /// receiver rate. `symbols` of the format `depth` follow it; at least one is looked at, what
    /// is missing counts as silence. Not made for speed.
    pub fn of(
        profile: &'static Profile,
        depth: Depth,
        samples: &[f32],
        at: usize,
        symbols: usize,
    ) -> Self {
        let chirp: Vec<(f32, f32)> = profile.chirp.samples(profile.receiver_rate).collect();
        let mut reader = Reader::new(profile, depth, chirp.len());
        let at = at.min(samples.len());
        let (levels, stretch) = reader.levels(samples, at, symbols.clamp(1, MOST_SYMBOLS));
        let before = reader.noise_before(samples, at);
        let plan = profile.at_depth(depth).plan;
        let tones = plan.tones_per_group();
        let groups = (0..plan.groups)
            .map(|group| {
                let first = plan.frequency(group, 0).0;
                let width = plan.spacing.0 * (tones - 1) as f64;
                let noise = before.get(group * tones..(group + 1) * tones);
                GroupLevels {
                    frequency: Hertz(first + width / 2.0),
                    on: levels.on(group),
                    off: levels.off(group),
                    before: noise.map(|noise| noise.iter().sum::<f32>() / tones as f32),
                }
            })
            .collect();
        Self {
            groups,
            arrivals: arrivals(profile, &chirp, samples, at),
            clock_ppm: (stretch * 1e6) as f32,
        }
    }
}

/// Correlation with the preamble around its place.
fn arrivals(
    profile: &Profile,
    chirp: &[(f32, f32)],
    samples: &[f32],
    at: usize,
) -> Vec<(f64, f32)> {
    let rate = profile.receiver_rate;
    let from = at.saturating_sub(rate.samples_in(ARRIVALS_BEFORE_S) as usize);
    let to = at + rate.samples_in(ARRIVALS_AFTER_S) as usize;
    let mut arrivals: Vec<(f64, f32)> = (from..to)
        .filter_map(|place| {
            let window = samples.get(place..place + chirp.len())?;
            let (mut re, mut im) = (0f32, 0f32);
            for (x, (c, s)) in window.iter().zip(chirp) {
                re += x * c;
                im += x * s;
            }
            let delay = (place as f64 - at as f64) / f64::from(rate.0);
            Some((delay, re * re + im * im))
        })
        .collect();
    let greatest = arrivals.iter().map(|(_, power)| *power).fold(0.0, f32::max);
    if greatest > 0.0 {
        arrivals
            .iter_mut()
            .for_each(|(_, power)| *power /= greatest);
    }
    arrivals
}

#[cfg(test)]
mod tests {
    use super::super::Transmitter;
    use super::*;
    use crate::air::Random;
    use crate::units::Decibels;

    const PROFILE: &Profile = &Profile::AUDIBLE;
    const LEAD: usize = 6_000;

    /// A burst at the receiver's rate in white noise, from sample [`LEAD`] on.
    fn noisy_burst(noise: f32) -> Vec<f32> {
        let transmitter = Transmitter::new(PROFILE, PROFILE.receiver_rate);
        let burst = transmitter.burst(&[7; 64], 0).expect("fits");
        let mut random = Random::new(1, "anatomy");
        let mut samples = vec![0.0; LEAD];
        samples.extend(burst.into_samples());
        samples
            .iter_mut()
            .for_each(|x| *x += noise * random.gaussian() as f32);
        samples
    }

    fn mean_db(values: impl Iterator<Item = f32>) -> f32 {
        let (sum, count) = values.fold((0f64, 0f64), |(sum, count), value| {
            (sum + f64::from(value), count + 1.0)
        });
        Decibels::from_power_ratio(sum / count).0
    }

    /// White noise of variance v has the energy `v * body` at every tone's place.
    #[test]
    fn silent_tones_are_as_loud_as_the_noise_before_and_sounding_ones_far_louder() {
        // Far above what the transmitter's limiter adds.
        let noise = 0.1f32;
        let anatomy = Anatomy::of(PROFILE, Depth::Normal, &noisy_burst(noise), LEAD, 3);
        let body = PROFILE.normal.body / 2;
        let expected = Decibels::from_power_ratio(f64::from(noise * noise) * body as f64).0;
        let off = mean_db(anatomy.groups.iter().map(|group| group.off));
        let before = mean_db(anatomy.groups.iter().filter_map(|group| group.before));
        let on = mean_db(anatomy.groups.iter().map(|group| group.on));
        // The mean of over a thousand exponentials is off by an eighth of a decibel; clipping of
        // the burst's crests adds to the silent tones.
        assert!((before - expected).abs() < 0.5, "{before} {expected}");
        assert!((off - expected).abs() < 1.5, "{off} {expected}");
        assert!(on > off + 10.0, "{on} {off}");
        assert_eq!(anatomy.groups.len(), PROFILE.normal.plan.groups);
    }

    #[test]
    fn the_first_arrival_is_at_nought_and_an_echo_at_its_delay() {
        let direct = noisy_burst(0.001);
        let delay = 240;
        let samples: Vec<f32> = (0..direct.len())
            .map(|i| direct[i] + 0.5 * i.checked_sub(delay).map_or(0.0, |i| direct[i]))
            .collect();
        let anatomy = Anatomy::of(PROFILE, Depth::Normal, &samples, LEAD, 3);
        let at = |seconds: f64| {
            let near = anatomy.arrivals.iter();
            near.filter(|(delay, _)| (delay - seconds).abs() < 0.0002)
                .map(|(_, power)| *power)
                .fold(0.0, f32::max)
        };
        assert!(at(0.0) > 0.99, "{}", at(0.0));
        assert!((at(0.01) - 0.25).abs() < 0.05, "{}", at(0.01));
        assert!(at(0.005) < 0.05, "{}", at(0.005));
    }

    #[test]
    fn any_samples_and_places_are_survived() {
        for (len, at) in [(0, 0), (10, 5), (100, 900), (30_000, 29_999)] {
            let anatomy = Anatomy::of(PROFILE, Depth::Deep, &vec![0.0; len], at, usize::MAX);
            assert!(anatomy.groups.iter().all(|group| group.on.is_finite()));
        }
    }
}
