//! A second look at a burst that could not be read: what was wrong with it.
//!
//! Reading asks for one answer and takes what a good burst looks like for granted. Here nothing
//! is decided: figures are taken, in a wider range than a burst can be read in, for
//! [`super::report`] to judge. It costs some milliseconds, so there is a [`Budget`].

use crate::order::sort_by;
use crate::samples::{Detector, FineSpectrum};
use crate::tones::{Plan, SoftDemapper};
use crate::units::{Decibels, Hertz};

use super::reader::Geometry;
use super::{Depth, Profile, Unread};

/// Largest clock error that is looked for, as a fraction. Beyond it the preamble itself, a chirp
/// swept at the wrong speed, no longer stands out.
const STRETCH_MOST: f64 = 6000e-6;
/// Steps of that look: a tone at 9 kHz moves by a tenth of the tones' spacing.
const STRETCH_STEP: f64 = 80e-6;
/// Parts of the band that are looked at on their own.
const PARTS: usize = 16;
/// A part of the band is heard when its tones stand out by so many standard deviations: by chance
/// that happens once in 30,000 looks at one part.
const HEARD_SIGMA: f64 = 4.0;
/// Seconds around the preamble's arrival in which its echoes are looked for. Later ones lie under
/// the first symbol.
const ECHO_BEFORE_S: f64 = 0.02;
const ECHO_AFTER_S: f64 = 0.02;
/// Before the first arrival lies what is no echo, but for this many seconds of its own width.
const ECHO_EDGE_S: f64 = 0.002;
/// Ratios beyond this say nothing more: sound out of digital silence.
const LOUDEST: f32 = 99.0;

/// Looks at bursts of one format of a profile.
#[derive(Debug)]
pub(super) struct Examiner {
    profile: &'static Profile,
    plan: Plan,
    geometry: Geometry,
    detector: Detector,
    demapper: SoftDemapper,
    fine: FineSpectrum,
    energies: Vec<f32>,
}

/// Costly looks that may still be made: a few at once, fewer in the long run, so that speech and
/// music, which make preambles by chance, do not keep a processor busy.
#[derive(Debug)]
pub(super) struct Budget {
    at_once: f64,
    per_second: f64,
    left: f64,
    asked_at: u64,
}

impl Budget {
    pub(super) fn new(at_once: f64, per_second: f64) -> Self {
        Self {
            at_once,
            per_second,
            left: at_once,
            asked_at: 0,
        }
    }

    /// Whether one more may be made at sample `at` of a stream of `rate` samples a second.
    pub(super) fn allows(&mut self, at: u64, rate: f64) -> bool {
        let passed = at.saturating_sub(self.asked_at) as f64 / rate;
        self.asked_at = self.asked_at.max(at);
        self.left = (self.left + passed * self.per_second).min(self.at_once);
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

impl Examiner {
    /// Tones that stand out by so many standard deviations are there: by chance the best of all
    /// stretches comes so far once in some ten thousand looks.
    pub(super) const SURE_SIGMAS: f32 = 5.0;

    pub(super) fn new(profile: &'static Profile, depth: Depth, geometry: Geometry) -> Self {
        let plan = profile.at_depth(depth).plan;
        Self {
            profile,
            plan,
            geometry,
            detector: Detector::new(plan, geometry.body()),
            demapper: SoftDemapper::new(plan),
            fine: FineSpectrum::default(),
            energies: Vec::new(),
        }
    }

    /// Looks at the burst whose preamble begins at `start` of `samples`. Positions and what is
    /// known otherwise are left for the caller to fill in.
    pub(super) fn examine(&mut self, samples: &[f32], start: usize) -> Unread {
        let from = |at: usize| &samples[at.min(samples.len())..];
        let body_start = start + self.geometry.body_start(0);
        self.detector
            .fine_spectrum(from(body_start), &mut self.fine);
        let (stretch, sigmas) = self.best_stretch();
        let offset = self.geometry.body_start(0) as f64 / (1.0 + stretch);
        self.energies.clear();
        self.detector
            .energies(samples, start as f64 + offset, stretch, &mut self.energies);
        let (_, levels) = self.demapper.demap(&self.energies);
        let band = self.heard_band();
        let during: f64 = self.energies.iter().map(|e| f64::from(*e)).sum();
        let before = start
            .checked_sub(self.geometry.body())
            .map(|at| self.power_at(samples, at));
        Unread {
            at: 0,
            header: false,
            cut_off: false,
            above: before.map(|before| {
                let ratio = Decibels::from_power_ratio(during / before.max(f64::MIN_POSITIVE));
                Decibels(ratio.0.clamp(-LOUDEST, LOUDEST))
            }),
            snr: Decibels(levels.snr().0.clamp(-LOUDEST, LOUDEST)),
            sigmas: sigmas as f32,
            clock_ppm: (stretch * 1e6) as f32,
            spread_s: self.spread(samples, start) as f32,
            band,
        }
    }

    /// The stretch at which the tones stand out best, and by how many standard deviations they
    /// do so above what the same sound shows at other stretches.
    fn best_stretch(&self) -> (f64, f64) {
        let steps = (STRETCH_MOST / STRETCH_STEP).round() as i32;
        let mut looks: Vec<(f32, f64)> = (-steps..=steps)
            .map(|k| {
                let stretch = f64::from(k) * STRETCH_STEP;
                (self.detector.alignment(&self.fine, stretch), stretch)
            })
            .collect();
        sort_by(&mut looks, |a, b| a.0.total_cmp(&b.0));
        let (best, stretch) = looks[looks.len() - 1];
        let (usual, _) = looks[looks.len() / 2];
        let (_, deviation) = share_by_chance(self.plan.tones_per_group());
        let sigma = deviation / (self.plan.groups as f64).sqrt();
        (stretch, f64::from(best - usual) / sigma)
    }

    /// The lowest and the highest frequency of the parts of the band whose tones stand out.
    fn heard_band(&self) -> Option<(Hertz, Hertz)> {
        let groups = self.plan.groups;
        let per_part = groups.div_ceil(PARTS);
        let tones = self.plan.tones_per_group();
        let (mean, deviation) = share_by_chance(tones);
        let heard: Vec<usize> = self
            .energies
            .chunks(per_part * tones)
            .enumerate()
            .filter(|(_, part)| {
                let quads = part.chunks_exact(tones);
                let count = quads.len().max(1) as f64;
                let share: f64 = quads.map(largest_share).sum::<f64>() / count;
                share - mean > HEARD_SIGMA * deviation / count.sqrt()
            })
            .map(|(part, _)| part)
            .collect();
        let (first, last) = (heard.first()?, heard.last()?);
        let plan = &self.plan;
        let highest = ((last + 1) * per_part).min(groups) - 1;
        Some((
            plan.frequency(first * per_part, 0),
            plan.frequency(highest, (tones - 1) as u8),
        ))
    }

    /// Power of all tones' places in the body's length from `at`.
    fn power_at(&mut self, samples: &[f32], at: usize) -> f64 {
        self.energies.clear();
        self.detector
            .energies(samples, at as f64, 0.0, &mut self.energies);
        self.energies.iter().map(|e| f64::from(*e)).sum()
    }

    /// Root mean square of the delays with which the preamble arrives, in seconds. The symbol
    /// behind it correlates with it as noise does, 27 dB below a single arrival; over 20 ms that
    /// is a twentieth of its energy, and shows as a spread of 3 ms where there is no echo.
    fn spread(&self, samples: &[f32], start: usize) -> f64 {
        let rate = self.profile.receiver_rate;
        let chirp: Vec<(f32, f32)> = self.profile.chirp.samples(rate).collect();
        let in_samples = |seconds: f64| rate.samples_in(seconds) as usize;
        let first = start.saturating_sub(in_samples(ECHO_BEFORE_S));
        let last = start + in_samples(ECHO_AFTER_S);
        // The correlation is as wide as the band: every second value is enough.
        let profile: Vec<(f64, f64)> = (first..last)
            .step_by(2)
            .filter_map(|at| {
                let window = samples.get(at..at + chirp.len())?;
                let (re, im) = window
                    .iter()
                    .zip(&chirp)
                    .fold((0f32, 0f32), |(re, im), (x, (c, s))| {
                        (re + x * c, im + x * s)
                    });
                let delay = (at as f64 - start as f64) / f64::from(rate.0);
                Some((delay, f64::from(re * re + im * im)))
            })
            .collect();
        let mut quiet: Vec<f64> = profile
            .iter()
            .filter(|(delay, _)| *delay < -ECHO_EDGE_S)
            .map(|(_, power)| *power)
            .collect();
        sort_by(&mut quiet, f64::total_cmp);
        let floor = quiet.get(quiet.len() / 2).copied().unwrap_or(0.0);
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for (delay, power) in profile.iter().filter(|(delay, _)| *delay >= -ECHO_EDGE_S) {
            let power = power - floor;
            sum += power;
            first += power * delay;
            second += power * delay * delay;
        }
        if sum <= 0.0 {
            return 0.0;
        }
        (second / sum - (first / sum).powi(2)).max(0.0).sqrt()
    }
}

/// The largest tone's share of its group's energy.
fn largest_share(quad: &[f32]) -> f64 {
    let sum: f32 = quad.iter().sum();
    let largest = quad.iter().copied().fold(0.0, f32::max);
    f64::from(largest / sum.max(f32::MIN_POSITIVE))
}

/// Mean and standard deviation of that share in noise. Energies are exponential there; the sum S
/// of m is independent of their shares, and the largest is distributed as the sum of m
/// exponentials of means 1, 1/2, ... 1/m: so `E[share^k] = E[largest^k] / E[S^k]`.
fn share_by_chance(tones: usize) -> (f64, f64) {
    let m = tones as f64;
    let harmonic: f64 = (1..=tones).map(|i| 1.0 / i as f64).sum();
    let squares: f64 = (1..=tones).map(|i| 1.0 / (i * i) as f64).sum();
    let mean = harmonic / m;
    let second = (squares + harmonic * harmonic) / (m * (m + 1.0));
    (mean, (second - mean * mean).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::{Transmitter, reader::Reader};
    use super::*;
    use crate::air::Random;

    #[test]
    fn the_largest_of_four_has_the_share_that_theory_gives() {
        // 25/48, the mean longest piece of a stick broken at three places.
        let (mean, deviation) = share_by_chance(4);
        assert!((mean - 25.0 / 48.0).abs() < 1e-12);
        assert!((deviation - 0.1301).abs() < 1e-4, "{deviation}");
    }

    fn examiner(profile: &'static Profile) -> Examiner {
        let chirp = profile.chirp.samples(profile.receiver_rate).count();
        let geometry = Reader::new(profile, Depth::Normal, chirp).geometry;
        Examiner::new(profile, Depth::Normal, geometry)
    }

    #[test]
    fn a_clean_burst_shows_all_its_band_no_echo_and_no_clock_error() {
        let profile = &Profile::AUDIBLE;
        let rate = profile.receiver_rate;
        let burst = Transmitter::new(profile, rate).burst(&[7; 20], 0).unwrap();
        let mut random = Random::new(2, "examination");
        // In-band 20 dB below the tones.
        let mut samples: Vec<f32> = (0..24_000)
            .map(|_| 0.03 * random.gaussian() as f32)
            .collect();
        for (slot, x) in samples[6_000..].iter_mut().zip(burst.into_samples()) {
            *slot += x;
        }
        let mut examiner = examiner(profile);
        let seen = examiner.examine(&samples, 6_000);
        assert!(seen.spread_s < 0.005, "{seen:?}");
        assert!(
            seen.sigmas > 20.0 && seen.clock_ppm.abs() <= 80.0,
            "{seen:?}"
        );
        assert!(
            seen.above.unwrap().0 > 15.0 && seen.snr.0 > 15.0,
            "{seen:?}"
        );
        let (from, to) = seen.band.unwrap();
        assert_eq!((from, to), profile.normal.plan.band());
    }

    #[test]
    fn noise_shows_nothing_at_all() {
        let profile = &Profile::AUDIBLE;
        let mut examiner = examiner(profile);
        for seed in 0..20 {
            let mut random = Random::new(seed, "examination");
            let samples: Vec<f32> = (0..12_000).map(|_| random.gaussian() as f32).collect();
            let seen = examiner.examine(&samples, 4_000);
            assert!(seen.sigmas < 5.0, "{seen:?}");
            assert!(seen.above.unwrap().0.abs() < 1.0, "{seen:?}");
        }
    }

    #[test]
    fn a_budget_lasts_for_two_a_second_in_the_long_run() {
        let mut budget = Budget::new(4.0, 2.0);
        let made = (0..10_000)
            .filter(|k| budget.allows(k * 240, 24_000.0))
            .count();
        assert!((200..=204).contains(&made), "{made}");
    }
}
