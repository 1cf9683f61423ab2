//! What the modem would make of a way: how much of its signal would be left.

use super::noise::{Density, mean};
use super::way::Way;
use crate::modem::{Profile, Transmitter};
use crate::units::SampleRate;

/// How well a profile gets through.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reach {
    /// The profile.
    pub profile: &'static Profile,
    /// What its bursts would have against the noise in its band, in decibels: the ratio that, the
    /// same everywhere, would carry as much as the one that differs from frequency to frequency
    /// does (by Shannon's formula). No more than 99.
    pub snr_db: f64,
    /// What they would have against their own echo, as far as that comes after the guard, in
    /// decibels.
    pub echo_db: f64,
    /// What a message of 64 bytes needs in one pass, in decibels.
    pub needed_db: f64,
    /// By how many decibels the sound may still become weaker, by distance or by something in
    /// between, before a message needs a second pass. Negative if it is too weak already.
    pub spare_db: f64,
}

/// Where a profile's band ends above what the rate holds, nothing is known of it.
pub(super) fn reaches(way: &Way, noise: &Density, volume: f64) -> Vec<Reach> {
    let known = way.limits();
    let (power, bin) = way.power();
    Profile::ALL
        .iter()
        .filter(|profile| profile.band().1.0 <= known[1] * 1.03)
        .map(|profile| reach(profile, way, &power, bin, noise, volume))
        .collect()
}

/// Power density of a profile's bursts at a peak of 1, in squares of full scale a hertz of its band.
pub(super) fn burst_density(profile: &'static Profile) -> f64 {
    let (low, high) = profile.normal.plan.band();
    Burst::of(profile).power / (high.0 - low.0)
}

fn reach(
    profile: &'static Profile,
    way: &Way,
    power: &[f64],
    bin: f64,
    noise: &Density,
    volume: f64,
) -> Reach {
    let (low, high) = profile.normal.plan.band();
    let width = high.0 - low.0;
    let burst = Burst::of(profile);
    let density = burst.power * volume * volume / width;
    let needed = NEEDED_EBN0 * burst.bits_a_second / width;
    let echo = echo(profile, &way.energies(low.0, high.0), way.rate());
    let ratios: Vec<f64> = (0..PARTS)
        .map(|i| {
            let edge = |i: usize| low.0 + width * i as f64 / PARTS as f64;
            let signal = density * mean(power, bin, edge(i), edge(i + 1)).max(0.0);
            let noise = noise.mean(edge(i), edge(i + 1));
            (signal / noise.max(signal * 1e-10).max(f64::MIN_POSITIVE)).min(MOST)
        })
        .collect();
    let effective = |weaker: f64, echo: f64| {
        let carried = ratios.iter().map(|ratio| {
            let ratio = ratio * weaker;
            (ratio / (1.0 + ratio / echo)).ln_1p()
        });
        (carried.sum::<f64>() / PARTS as f64).exp_m1()
    };
    // It falls with what is taken away: halve the interval until the answer is known.
    let (mut least, mut most) = (-60.0, 99.0);
    for _ in 0..30 {
        let middle = f64::midpoint(least, most);
        let enough = effective(10f64.powf(-middle / 10.0), echo) >= needed;
        (least, most) = if enough {
            (middle, most)
        } else {
            (least, middle)
        };
    }
    let decibels = |ratio: f64| (10.0 * ratio.log10()).clamp(-99.0, 99.0);
    Reach {
        profile,
        snr_db: decibels(effective(1.0, f64::INFINITY)),
        echo_db: decibels(echo),
        needed_db: decibels(needed),
        spare_db: least,
    }
}

/// The part of a burst's energy that helps against the part that disturbs.
///
/// What comes later than the guard reaches into the next symbol: with a delay `d` beyond it, of a
/// body of length `n`, the amplitude `1 - d/n` of a tone stays, and the rest of its power is noise
/// to all (Steendam and Moeneclaey, "Analysis and optimization of the performance of OFDM on
/// frequency-selective time-selective fading channels", 1999).
fn echo(profile: &Profile, energies: &[f64], rate: f64) -> f64 {
    let samples = |at_48k: usize| at_48k as f64 * rate / f64::from(SampleRate::HZ_48000.0);
    let (guard, body) = (samples(profile.normal.guard), samples(profile.normal.body));
    let (mut helps, mut all) = (0.0, 0.0);
    for (n, energy) in energies.iter().enumerate() {
        let kept = (1.0 - (n as f64 - guard).max(0.0) / body).max(0.0);
        helps += energy * kept * kept;
        all += energy;
    }
    // Where noise covers everything there is nothing to tell of its echo.
    if helps <= 0.0 || all <= helps {
        return MOST;
    }
    (helps / (all - helps)).clamp(1.0 / MOST, MOST)
}

/// What is known of a profile's bursts of 64 bytes, before they are sent.
struct Burst {
    /// Mean power at a peak of 1.
    power: f64,
    bits_a_second: f64,
}

impl Burst {
    fn of(profile: &'static Profile) -> Self {
        let rate = SampleRate::HZ_48000;
        let burst = Transmitter::new(profile, rate).burst(&[0x5a; BYTES], 0);
        let samples = burst.map(|burst| burst.into_samples()).unwrap_or_default();
        let peak = samples.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        let power: f64 = samples.iter().map(|x| f64::from(*x).powi(2)).sum();
        let count = samples.len().max(1) as f64;
        Self {
            power: power / count / f64::from(peak.max(f32::MIN_POSITIVE)).powi(2),
            bits_a_second: 8.0 * BYTES as f64 / rate.seconds(samples.len().max(1) as u64),
        }
    }
}

/// Parts of a band that are looked at one by one.
const PARTS: usize = 64;
/// The message whose fate is told.
const BYTES: usize = 64;
/// Eb/N0 at which nine of ten messages of 64 bytes come through in one pass: 7.9 dB, measured in
/// white noise (`airshake bench awgn`).
const NEEDED_EBN0: f64 = 6.166;
/// 99 dB: more is as good as everything.
const MOST: f64 = 7.943_282_347_242_821e9;
