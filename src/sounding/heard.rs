//! The figures of a way on which the sweeps were heard.

use super::decay::Echo;
use super::noise::{Density, mean};
use super::reach::{self, Reach};
use super::search::Pair;
use super::steady::Steady;
use super::stimulus::Stimulus;
use super::way::Way;
use crate::units::Hertz;

/// What is known of a way on which the sweeps were heard.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Heard {
    /// Where in the recording the first sweep begins, in seconds.
    pub at_s: f64,
    /// How far the sweeps stand out, in standard deviations of what else is there.
    pub sigmas: f64,
    /// The peak of the sweeps in dB against full scale.
    pub peak_dbfs: f64,
    /// Gain of the way from 0.6 to 9 kHz (as far as the rate holds that), in decibels of recorded
    /// against played full scale.
    pub gain_db: f64,
    /// The response and the noise, a sixth of an octave each.
    pub bands: Vec<Band>,
    /// The noise from 100 Hz up to 21 kHz (as far as the rate holds that), in dB against full
    /// scale; `None` if it is digital silence, or there was no quiet before the first sweep.
    pub noise_dbfs: Option<f64>,
    /// The frequencies between which the response stays within 20 dB of its mean from 0.6 to
    /// 9 kHz.
    pub reaches_from: Hertz,
    /// See `reaches_from`.
    pub reaches_to: Hertz,
    /// Harmonics two to five against the sweep from 0.4 to 4 kHz, as a ratio of amplitudes; `None`
    /// if noise covers them.
    pub distortion: Option<f64>,
    /// The echo, from 0.5 to 8 kHz (as far as the rate holds that).
    pub echo: Echo,
    /// The impulse response from 5 ms before the strongest arrival: seconds and amplitudes of
    /// recorded against played, every sample.
    pub impulse: Vec<(f64, f64)>,
    /// By how much the player's clock runs faster than the recorder's, in parts per million.
    pub clock_ppm: f64,
    /// Standard deviation of that.
    pub clock_deviation_ppm: f64,
    /// What the two sweeps have in common against what they differ in, in decibels.
    pub agreement_db: f64,
    /// By how much the second sweep came louder, in decibels.
    pub swelled_db: Option<f64>,
    /// What became of the steady sound; `None` if it was not heard.
    pub steady: Option<Steady>,
    /// What the modem would make of it, a profile each.
    pub reaches: Vec<Reach>,
}

/// A sixth of an octave.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Band {
    /// Its middle: 1 kHz, and sixths of an octave from there.
    pub middle: Hertz,
    /// The gain of the way in decibels of recorded against played; `None` if noise covers it.
    pub gain_db: Option<f64>,
    /// The gain at which a burst of the audible profile, played at the volume of the stimulus, would
    /// be no stronger than the noise; `None` for no noise at all. By how much the gain is above it
    /// is the burst's signal-to-noise ratio.
    pub floor_db: Option<f64>,
    /// The noise in it, in dB against full scale; `None` for none at all.
    pub noise_dbfs: Option<f64>,
}

/// The figures of the pair of sweeps that `way` was measured with.
pub(super) fn measure(
    samples: &[f64],
    rate: f64,
    stimulus: &Stimulus,
    pair: &Pair,
    way: &Way,
) -> Heard {
    let clock = way.clock();
    let at = pair.at as f64;
    let place = |seconds: f64| ((at + seconds * rate).max(0.0) as usize).min(samples.len());
    let noise = quiet(samples, rate, pair.at);
    let volume = f64::from(stimulus.volume());
    let (power_of, bin) = way.power();
    let [low, high] = way.limits();
    let modem = (MODEM.0, MODEM.1.min(high));
    let gain = mean(&power_of, bin, modem.0, modem.1);
    let reaches = reach::reaches(way, &noise, volume);
    let bands = bands(&power_of, bin, &noise, (low, high), volume);
    let (reaches_from, reaches_to) = reached(&bands, decibels(gain));
    let sweeps = &samples[place(0.0)..place(Stimulus::APART_S + Stimulus::SWEEP_S)];
    let echo_band = (ECHO_BAND.0, ECHO_BAND.1.min(high));
    let energies = way.energies(echo_band.0, echo_band.1);
    let (impulse, lead) = way.impulse();
    let before = (0.005 * rate) as usize;
    let second = rate / (1.0 + clock.ppm / 1e6);
    // What became of a steady sound is of interest most where the sweeps were changed.
    let agreement_db = way.agreement(echo_band.0, echo_band.1);
    let loudness;
    let gains = if agreement_db < UNSTEADY_DB {
        // Whatever the two have in common: what is left of each where the way changes.
        let ([first, second], _) = way.powers();
        let both = first.iter().zip(&second);
        loudness = both.map(|(a, b)| (a + b) / 2.0).collect();
        &loudness
    } else {
        &power_of
    };
    let line_gain = |hertz: f64| mean(gains, bin, hertz - LINE_HZ / 2.0, hertz + LINE_HZ / 2.0);
    Heard {
        at_s: at / rate,
        sigmas: pair.sigmas,
        peak_dbfs: 2.0 * decibels(sweeps.iter().fold(0.0f64, |peak, x| peak.max(x.abs()))),
        gain_db: decibels(gain),
        noise_dbfs: finite(decibels(noise.power(low.min(100.0), rate / 2.0))),
        bands,
        reaches_from,
        reaches_to,
        distortion: distortion(way),
        echo: Echo::of(&energies, rate, echo_band.1 - echo_band.0),
        impulse: impulse
            .iter()
            .enumerate()
            .skip(lead - before.min(lead))
            .map(|(n, x)| ((n as f64 - lead as f64) / rate, *x))
            .collect(),
        clock_ppm: clock.ppm,
        clock_deviation_ppm: clock.deviation_ppm,
        agreement_db,
        swelled_db: way.swelled(echo_band.0, echo_band.1),
        steady: Steady::of(samples, at, second, stimulus, line_gain),
        reaches,
    }
}

/// The noise before the first sweep.
fn quiet(samples: &[f64], rate: f64, at: usize) -> Density {
    let end = at.saturating_sub((BEFORE_S * rate) as usize);
    let start = at.saturating_sub(((Stimulus::QUIET_S - BEFORE_S) * rate) as usize);
    Density::of(&samples[start.min(end)..end], rate)
}

fn bands(
    power: &[f64],
    bin: f64,
    noise: &Density,
    (low, high): (f64, f64),
    volume: f64,
) -> Vec<Band> {
    let audible = &crate::modem::Profile::AUDIBLE;
    let density = reach::burst_density(audible) * volume * volume;
    sixths()
        .filter(|middle| middle / HALF_SIXTH >= low && middle * HALF_SIXTH <= high)
        .map(|middle| {
            let (from, to) = (middle / HALF_SIXTH, middle * HALF_SIXTH);
            let noise = noise.power(from, to);
            Band {
                middle: Hertz(middle),
                gain_db: finite(decibels(mean(power, bin, from, to))),
                floor_db: finite(decibels(noise / (density * (to - from)))),
                noise_dbfs: finite(decibels(noise)),
            }
        })
        .collect()
}

/// Where the response begins and ends around its loudest band.
fn reached(bands: &[Band], gain_db: f64) -> (Hertz, Hertz) {
    let heard = |band: &&Band| band.gain_db.is_some_and(|gain| gain > gain_db - DEEP_DB);
    let first = bands.iter().find(heard);
    let last = bands.iter().rev().find(heard);
    let middle = |band: Option<&Band>| band.map_or(Hertz(0.0), |band| band.middle);
    (middle(first), middle(last))
}

/// Harmonics two to five, as a ratio of amplitudes.
fn distortion(way: &Way) -> Option<f64> {
    let made: Option<f64> = (2..=5)
        .map(|order| way.harmonic(order, DISTORTED.0, DISTORTED.1))
        .sum();
    made.filter(|made| *made > 0.0).map(f64::sqrt)
}

/// The middles of sixths of octaves.
pub(super) fn sixths() -> impl Iterator<Item = f64> {
    (-24..=27).map(|sixth| 1_000.0 * 2f64.powf(f64::from(sixth) / 6.0))
}

pub(super) fn power(samples: &[f64]) -> f64 {
    samples.iter().map(|x| x * x).sum::<f64>() / samples.len().max(1) as f64
}

pub(super) fn decibels(power: f64) -> f64 {
    10.0 * power.max(0.0).log10()
}

fn finite(decibels: f64) -> Option<f64> {
    // What is below the last bit of 24 by 50 dB is rounding.
    (decibels > -200.0).then_some(decibels)
}

/// Kept clear of the first sweep when noise is measured: what arrives before the strongest.
const BEFORE_S: f64 = 0.05;
/// The band of the audible profile, in hertz.
pub(super) const MODEM: (f64, f64) = (600.0, 9_000.0);
/// Where speech and the modem live, without the edges of either.
const ECHO_BAND: (f64, f64) = (500.0, 8_000.0);
/// Where harmonics up to the fifth still lie below 20 kHz.
const DISTORTED: (f64, f64) = (400.0, 4_000.0);
/// The distance of the steady sound's lines, in hertz.
const LINE_HZ: f64 = 12.5;
/// A band that is so much weaker than the mean carries nothing where others just work.
pub(super) const DEEP_DB: f64 = 20.0;
/// The twelfth part of an octave.
pub(super) const HALF_SIXTH: f64 = 1.059_463_094_359_295_3;
/// The same sound twice is the same to better than a tenth of its power, unless somebody moves.
pub(super) const UNSTEADY_DB: f64 = 10.0;
