//! What becomes of a steady sound: whether somebody works on the microphone's signal.

use std::f64::consts::TAU;

use super::stimulus::Stimulus;

/// Levels of the steady sound and its soft end, in decibels against what the sweeps let expect.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Steady {
    /// When it has just begun.
    pub begun_db: f64,
    /// At its end.
    pub ended_db: f64,
    /// When the soft end has just begun, against what that should be.
    pub soft_begun_db: f64,
    /// At the end.
    pub soft_ended_db: f64,
}

impl Steady {
    /// From a recording in which the first sweep arrives at `at`, the player's clock making
    /// `second` samples a second; `gain` is the power response that the sweeps showed. `None` if
    /// the recording ends before it, or noise covers it.
    pub(super) fn of(
        recording: &[f64],
        at: f64,
        second: f64,
        stimulus: &Stimulus,
        gain: impl Fn(f64) -> f64,
    ) -> Option<Self> {
        let lines: Vec<f64> = Stimulus::lines(second)
            .filter(|hertz| is_free_of_hum(*hertz) && is_free_of_hum(hertz + BETWEEN_HZ))
            .step_by(EVERY)
            .collect();
        let expected: f64 = lines.iter().map(|hertz| gain(*hertz).max(0.0)).sum();
        let expected = expected * stimulus.line_power();
        // The powers of the lines, and of the places between them, where only noise is.
        let look = |end_s: f64| {
            let place = |seconds: f64| (at + seconds * second).round() as usize;
            let part = recording.get(place(end_s - LOOK_S)..place(end_s))?;
            let sum = |offset: f64| -> f64 {
                let each = lines.iter();
                each.map(|hertz| line(part, (hertz + offset) / second))
                    .sum()
            };
            Some((sum(0.0), sum(BETWEEN_HZ)))
        };
        let (loud, soft) = (Stimulus::STEADY_S, Stimulus::SOFT_S);
        let begun = look(loud.start + SETTLE_S + LOOK_S)?;
        let ended = look(loud.end)?;
        let soft_begun = look(soft.start + SETTLE_S + LOOK_S)?;
        let soft_ended = look(soft.end - EDGE_S)?;
        let step = 10f64.powf(-Stimulus::STEP_DB / 10.0);
        let noise = (begun.1 + ended.1 + soft_begun.1 + soft_ended.1) / 4.0;
        if expected <= 0.0 || expected * step < LEAST_OVER_NOISE * noise {
            return None;
        }
        let level = |(heard, noise): (f64, f64), expected: f64| {
            // Where nothing but noise is left nobody can say by how much it is below.
            let left = (heard - noise).max(noise * NOISE_ERRS).max(expected * 1e-6);
            10.0 * (left / expected).log10()
        };
        Some(Self {
            begun_db: level(begun, expected),
            ended_db: level(ended, expected),
            soft_begun_db: level(soft_begun, expected * step),
            soft_ended_db: level(soft_ended, expected * step),
        })
    }

    /// By how many decibels it sank while it stayed the same, or had sunk already when it had just
    /// begun: what a noise suppression does.
    pub fn sunk_db(&self) -> f64 {
        self.begun_db.max(0.0) - self.ended_db
    }

    /// By how many decibels the step to the soft end was evened out: what an automatic gain does.
    pub fn undone_db(&self) -> f64 {
        self.soft_ended_db - self.ended_db
    }

    /// By how many decibels the level changed on its own: it rose, or a step was evened out.
    pub fn gained_db(&self) -> f64 {
        let rose = self.ended_db - self.begun_db;
        rose.max(self.soft_ended_db - self.soft_begun_db)
            .max(self.undone_db())
    }
}

/// Whether no harmonic of the mains, of 50 or of 60 Hz, is there.
fn is_free_of_hum(hertz: f64) -> bool {
    [50.0, 60.0].into_iter().all(|mains| {
        let off = hertz % mains;
        off.min(mains - off) > 2.0
    })
}

/// The power of a sine of `turns` a sample in a stretch of sound.
fn line(part: &[f64], turns: f64) -> f64 {
    let (step_im, step_re) = (TAU * turns).sin_cos();
    let (mut re, mut im) = (1.0, 0.0);
    let (mut sum_re, mut sum_im) = (0.0, 0.0);
    for x in part {
        sum_re += x * re;
        sum_im += x * im;
        (re, im) = (re * step_re - im * step_im, re * step_im + im * step_re);
    }
    let count = part.len().max(1) as f64;
    2.0 * (sum_re * sum_re + sum_im * sum_im) / (count * count)
}

/// The echo of what came before is left to fade.
const SETTLE_S: f64 = 0.1;
/// Five periods of the sound's lines: so lines, and places between them that are a multiple of
/// 2.5 Hz away, are orthogonal.
const LOOK_S: f64 = 0.4;
const BETWEEN_HZ: f64 = 5.0;
/// Every second line is enough to judge by.
const EVERY: usize = 2;
/// The soft end's own end is a ramp.
const EDGE_S: f64 = 0.03;
/// So many lines of noise have a sum that errs by this part: one over the root of 200.
const NOISE_ERRS: f64 = 0.07;
/// The soft end must stand out of the noise to be measured: at 3 dB above it the error stays below
/// half a decibel.
const LEAST_OVER_NOISE: f64 = 2.0;
