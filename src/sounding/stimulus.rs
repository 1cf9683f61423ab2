//! The sound that is played to measure by.

use std::f64::consts::{PI, TAU};
use std::ops::Range;

use crate::units::{Hertz, SampleRate};

/// The sound of one sounding: always the same one, so that a recording made elsewhere, at another
/// time and at any sample rate, can be examined.
///
/// ```text
///  quiet 0.9 s | sweep 1.4 s | 0.7 s | sweep 1.4 s | 0.7 s | steady 4.5 s | soft 1.0 s | 0.2 s
/// ```
///
/// *Quiet* shows the noise. The two *sweeps* (exponential, after Farina, "Simultaneous measurement
/// of impulse response and distortion with a swept-sine technique", AES 108, 2000) give the impulse
/// response; what they disagree in is noise and time. *Steady* is a sound that a noise suppression
/// learns to take away, and its *soft* end, 12 dB below, one that an automatic gain lifts.
///
/// ```
/// use airshake::sounding::Stimulus;
/// use airshake::units::SampleRate;
///
/// let sound = Stimulus::new(0.8).samples(SampleRate::HZ_48000);
/// assert!(sound.iter().all(|sample| sample.abs() <= 0.8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stimulus {
    volume: f64,
}

impl Stimulus {
    /// At a peak of `volume`, kept within `0.0..=1.0`; not a number is not loud.
    pub fn new(volume: f32) -> Self {
        let volume = f64::from(volume);
        Self {
            volume: if volume.is_nan() {
                0.0
            } else {
                volume.clamp(0.0, 1.0)
            },
        }
    }

    /// Its peak.
    pub fn volume(&self) -> f32 {
        self.volume as f32
    }

    /// How long it lasts, in seconds, the quiet at both ends included.
    pub const fn seconds() -> f64 {
        SOFT.1 + END_S
    }

    /// The samples at `rate`: as many as [`Stimulus::seconds`] last. What a rate below 48 kHz does
    /// not hold is left out.
    pub fn samples(&self, rate: SampleRate) -> Vec<f32> {
        let mut samples = vec![0.0; rate.samples_in(Self::seconds()) as usize];
        let highest = highest(f64::from(rate.0));
        for start in SWEEPS {
            let first = rate.samples_in(start) as usize;
            // The sweep begins between samples where the rate says so.
            let offset = rate.seconds(first as u64) - start;
            for (n, slot) in samples[first..].iter_mut().enumerate() {
                let t = offset + rate.seconds(n as u64);
                if t > SWEEP_S {
                    break;
                }
                *slot = (self.volume * sweep(t, highest)) as f32;
            }
        }
        self.add_steady(rate, &mut samples);
        samples
    }

    fn add_steady(&self, rate: SampleRate, samples: &mut [f32]) {
        let lines: Vec<f64> = steady_lines(highest(f64::from(rate.0))).collect();
        if lines.is_empty() {
            return;
        }
        let level = self.volume * steady_amplitude();
        let mut phase = Phases::new();
        // Each line is a number that turns: two multiplications a sample instead of a sine.
        let mut turning: Vec<[f64; 4]> = lines
            .iter()
            .map(|hertz| {
                let (sin, cos) = phase.next().sin_cos();
                let (step_sin, step_cos) = (TAU * hertz / f64::from(rate.0)).sin_cos();
                [cos, sin, step_cos, step_sin]
            })
            .collect();
        let range = rate.samples_in(STEADY.0) as usize..rate.samples_in(SOFT.1) as usize;
        for n in range {
            let mut sum = 0.0;
            for [re, im, step_re, step_im] in &mut turning {
                sum += *re;
                (*re, *im) = (
                    *re * *step_re - *im * *step_im,
                    *re * *step_im + *im * *step_re,
                );
            }
            let t = rate.seconds(n as u64);
            samples[n] = (level * steady_gain(t) * sum) as f32;
        }
    }

    /// From the beginning of one sweep to that of the other, in seconds.
    pub(super) const APART_S: f64 = SWEEPS[1] - SWEEPS[0];
    /// Length of a sweep, in seconds.
    pub(super) const SWEEP_S: f64 = SWEEP_S;
    /// The silence after each sweep, for its echo, in seconds.
    pub(super) const GAP_S: f64 = GAP_S;
    /// The steady sound and its soft end, in seconds from the beginning of the first sweep.
    pub(super) const STEADY_S: Range<f64> = STEADY.0 - QUIET_S..STEADY.1 - QUIET_S;
    /// See [`Stimulus::STEADY_S`].
    pub(super) const SOFT_S: Range<f64> = SOFT.0 - QUIET_S..SOFT.1 - QUIET_S;
    /// The quiet before the first sweep, in seconds.
    pub const QUIET_S: f64 = QUIET_S;
    /// By how much the soft end is softer, in decibels.
    pub(super) const STEP_DB: f64 = STEP_DB;
    /// The sweep's ends.
    pub(super) const BAND: (Hertz, Hertz) = (Hertz(FROM), Hertz(TO));
    /// `T / ln(f2 / f1)`, in seconds: the sweep's frequency grows e-fold in this time, and its n-th
    /// harmonic is early by `ln n` of it.
    pub(super) const GROWTH_S: f64 = GROWTH_S;

    /// The sweep alone, at its volume, for a recorder whose clock makes `rate` samples while the
    /// player's makes one second.
    pub(super) fn sweep_at(&self, rate: f64) -> Vec<f64> {
        let count = (SWEEP_S * rate).floor().max(0.0) as usize + 1;
        let highest = highest(rate);
        (0..count)
            .map(|n| self.volume * sweep(n as f64 / rate, highest))
            .collect()
    }

    /// Mean power of the steady sound's lines, each, at full volume.
    pub(super) fn line_power(&self) -> f64 {
        (self.volume * steady_amplitude()).powi(2) / 2.0
    }

    /// The highest frequency that is played at a rate, in hertz.
    pub(super) fn highest(rate: f64) -> f64 {
        highest(rate)
    }

    /// The frequencies of the steady sound that a `rate` holds, in hertz.
    pub(super) fn lines(rate: f64) -> impl Iterator<Item = f64> {
        steady_lines(highest(rate))
    }
}

/// The sweep at `t` seconds after its beginning, peak 1, silent above `highest`.
fn sweep(t: f64, highest: f64) -> f64 {
    if !(0.0..=SWEEP_S).contains(&t) {
        return 0.0;
    }
    let frequency = FROM * (t / GROWTH_S).exp();
    if frequency >= highest {
        return 0.0;
    }
    // A whole number of turns (FROM * GROWTH_S) keeps the harmonics in step with the sweep.
    let phase = TAU * FROM * GROWTH_S * ((t / GROWTH_S).exp() - 1.0);
    let rise = (t / RISE_S).min(1.0);
    let fall = ((SWEEP_S - t) / FALL_S).min(1.0);
    let edge = ((highest / frequency).log2() / EDGE_OCTAVES).min(1.0);
    ramp(rise) * ramp(fall) * ramp(edge) * phase.sin()
}

/// The highest frequency that is played at a rate: a converter's filter begins above it.
fn highest(rate: f64) -> f64 {
    (HIGHEST_PART * rate).min(TO)
}

/// From 0 to 1 as a quarter of a sine squared.
fn ramp(part: f64) -> f64 {
    (part.clamp(0.0, 1.0) * PI / 2.0).sin().powi(2)
}

fn steady_lines(highest: f64) -> impl Iterator<Item = f64> {
    let first = (STEADY_BAND.0 / LINES_HZ).ceil() as u32;
    let last = (STEADY_BAND.1.min(highest) / LINES_HZ).floor() as u32;
    (first..=last).map(|line| f64::from(line) * LINES_HZ)
}

/// The amplitude of a line, such that the sum of all has the root mean square [`STEADY_RMS`].
fn steady_amplitude() -> f64 {
    let lines = steady_lines(TO).count() as f64;
    STEADY_RMS * (2.0 / lines).sqrt()
}

fn steady_gain(t: f64) -> f64 {
    let rise = ramp((t - STEADY.0) / RISE_S);
    let fall = ramp((SOFT.1 - t) / RISE_S);
    let soft = 10f64.powf(-STEP_DB / 20.0);
    let step = ramp((t - STEADY.1) / RISE_S);
    rise * fall * (1.0 + (soft - 1.0) * step)
}

/// Phases that look like nothing, the same on every machine: a linear congruential generator with
/// the constants of Knuth's MMIX.
struct Phases(u64);

impl Phases {
    fn new() -> Self {
        Self(SEED)
    }

    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 * TAU
    }
}

/// The sweep begins below what a laptop's loudspeaker plays, and ends above the ultrasonic profile.
const FROM: f64 = 100.0;
const TO: f64 = 21_000.0;
/// `FROM * GROWTH_S` is a whole number, 26.
const GROWTH_S: f64 = 0.26;
/// `GROWTH_S * ln(TO / FROM)`.
const SWEEP_S: f64 = 1.390_247_957_986_542;
/// A sweep may start softly where no loudspeaker plays; at its end it is above what is needed.
const RISE_S: f64 = 0.02;
const FALL_S: f64 = 0.003;
/// What a rate does not hold is faded within a twelfth of an octave.
const EDGE_OCTAVES: f64 = 1.0 / 12.0;
/// Of a rate: converters pass 0.4535 of theirs (20 kHz of 44.1).
const HIGHEST_PART: f64 = 0.45;

const QUIET_S: f64 = 0.9;
/// The echo of a room of 0.7 s falls by 60 dB in it; T20 needs 25 dB, so rooms of 1.7 s.
const GAP_S: f64 = 0.7;
const END_S: f64 = 0.2;
const SWEEPS: [f64; 2] = [QUIET_S, QUIET_S + SWEEP_S + GAP_S];
const STEADY: (f64, f64) = (
    SWEEPS[1] + SWEEP_S + GAP_S,
    SWEEPS[1] + SWEEP_S + GAP_S + STEADY_S,
);
const SOFT: (f64, f64) = (STEADY.1, STEADY.1 + 1.0);
/// The noise suppression of WebRTC, at its strongest, leaves a steady sound alone for 2.5 s, has
/// taken 3 dB of it after 4 s, and 13 dB after 8 s.
const STEADY_S: f64 = 4.5;
const STEP_DB: f64 = 12.0;

/// The steady sound covers the band of speech and of the modem, in lines so close that no ear and
/// no noise suppression sees them apart.
const STEADY_BAND: (f64, f64) = (400.0, 9_000.0);
const LINES_HZ: f64 = 12.5;
/// Its crest is 4.4 with these phases: within the volume, and 3 dB to spare.
const STEADY_RMS: f64 = 0.16;
const SEED: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [u32; 6] = [8_000, 16_000, 22_050, 44_100, 48_000, 96_000];

    #[test]
    fn a_sweep_is_as_long_as_its_frequencies_say_and_makes_whole_turns() {
        assert!((GROWTH_S * (TO / FROM).ln() - SWEEP_S).abs() < 1e-9);
        assert!((FROM * GROWTH_S - (FROM * GROWTH_S).round()).abs() < 1e-9);
    }

    #[test]
    fn it_keeps_within_its_volume_at_every_rate_and_lasts_as_long_as_it_says() {
        for rate in RATES.map(SampleRate) {
            let sound = Stimulus::new(0.5).samples(rate);
            assert_eq!(sound.len() as u64, rate.samples_in(Stimulus::seconds()));
            let peak = sound.iter().fold(0.0f32, |a, x| a.max(x.abs()));
            assert!((0.49..=0.5).contains(&peak), "{peak} at {rate}");
            let quiet = rate.samples_in(QUIET_S) as usize;
            assert!(sound[..quiet].iter().all(|x| *x == 0.0));
        }
        assert!(Stimulus::seconds() < 11.0);
    }

    #[test]
    fn the_steady_part_has_its_level_and_the_soft_part_is_twelve_decibels_below() {
        let rate = SampleRate::HZ_48000;
        let sound = Stimulus::new(1.0).samples(rate);
        let rms = |from: f64, to: f64| {
            let part = &sound[rate.samples_in(from) as usize..rate.samples_in(to) as usize];
            (part.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / part.len() as f64).sqrt()
        };
        // Whole periods of 80 ms.
        let loud = rms(STEADY.0 + 0.1, STEADY.0 + 0.9);
        let soft = rms(SOFT.0 + 0.1, SOFT.0 + 0.9);
        assert!((loud / STEADY_RMS - 1.0).abs() < 1e-3, "{loud}");
        assert!((20.0 * (loud / soft).log10() - STEP_DB).abs() < 1e-2);
        let steady = &sound[rate.samples_in(STEADY.0) as usize..];
        let peak = steady.iter().fold(0.0f32, |a, x| a.max(x.abs()));
        assert!(peak < 0.75, "{peak}");
    }

    #[test]
    fn two_rates_hold_the_same_sound() {
        let (slow, fast) = (SampleRate(24_000), SampleRate(48_000));
        let (a, b) = (
            Stimulus::new(1.0).samples(slow),
            Stimulus::new(1.0).samples(fast),
        );
        // Where both hold everything: below 10 kHz, so up to 1.19 s into a sweep.
        for t in [1.0, 1.9, 3.5, 7.0, 10.0] {
            let (i, j) = (slow.samples_in(t) as usize, fast.samples_in(t) as usize);
            assert!((a[i] - b[j]).abs() < 1e-4, "{} {} at {t}", a[i], b[j]);
        }
    }

    #[test]
    fn not_a_number_is_not_loud() {
        assert_eq!(Stimulus::new(f32::NAN).volume(), 0.0);
        assert_eq!(Stimulus::new(9.0).volume(), 1.0);
    }
}
