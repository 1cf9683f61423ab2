//! A speaker that moves: every arrival has a delay of its own that changes in its own way.
//!
//! The direct sound of a speaker that backs away at 0.3 m/s is 870 ppm too low, and at the same
//! time a reflection from the wall behind the speaker is 870 ppm too high. No clock error does
//! that: what a moving hand does to the tones of a symbol is to smear them, and no resampling of
//! the whole undoes it.

use super::convolve::Convolver;
use super::echo::SOUND;
use super::random::Random;
use super::skew::Interpolator;
use crate::units::SampleRate;

/// Directions that are told apart: an eighth of the speed from one to the next.
const DIRECTIONS: usize = 17;
/// The speaker goes to and fro over so many metres.
const WALK: f64 = 1.0;

/// An impulse response in parts, by the direction in which the sound leaves the speaker. While
/// the speaker backs away from the microphone by `d`, the paths of a part grow by its *growth*
/// times `d`: 1 for the direct sound, -1 for what leaves the other way.
pub(super) struct Parts {
    impulses: Vec<Vec<f64>>,
    chance: Option<Random>,
}

impl Parts {
    /// One part for everything: a speaker that stands still.
    pub(super) fn still(len: usize) -> Self {
        Self {
            impulses: vec![vec![0.0; len]],
            chance: None,
        }
    }

    /// Parts for a speaker that moves. Where geometry does not say the direction, `chance` does.
    pub(super) fn moving(len: usize, chance: Random) -> Self {
        Self {
            impulses: vec![vec![0.0; len]; DIRECTIONS],
            chance: Some(chance),
        }
    }

    /// The part of that growth, `-1..=1`.
    pub(super) fn of_growth(&mut self, growth: f64) -> &mut [f64] {
        let steps = (self.impulses.len() - 1) as f64;
        let part = ((growth + 1.0) / 2.0 * steps).round().clamp(0.0, steps);
        &mut self.impulses[part as usize]
    }

    /// A part at random: in a diffuse field all directions carry alike, so that their growths are
    /// evenly distributed.
    pub(super) fn of_chance(&mut self) -> &mut [f64] {
        let growth = self.chance.as_mut().map(|chance| chance.between(-1.0, 1.0));
        self.of_growth(growth.unwrap_or(0.0))
    }

    /// All parts, their sum being of energy 1.
    pub(super) fn normalised(self) -> Vec<Vec<f32>> {
        let len = self.impulses.first().map_or(0, Vec::len);
        let sum = |n: usize| self.impulses.iter().map(|part| part[n]).sum::<f64>();
        let scale = 1.0 / (0..len).map(|n| sum(n).powi(2)).sum::<f64>().sqrt();
        let scaled = |part: &Vec<f64>| part.iter().map(|x| (x * scale) as f32).collect();
        self.impulses.iter().map(scaled).collect()
    }
}

/// The way from a speaker that goes to and fro at a steady speed, a metre each way, beginning
/// towards the microphone or away from it by the seed.
#[derive(Clone, Debug)]
pub(super) struct Moving {
    parts: Vec<Part>,
    /// Metres a sample.
    speed: f64,
    /// Metres gone since the start, modulo there and back.
    gone: f64,
    /// Samples that sound takes for a metre.
    per_metre: f64,
}

#[derive(Clone, Debug)]
struct Part {
    growth: f64,
    convolver: Convolver,
    /// What has left the convolver, the newest last.
    line: Vec<f32>,
}

impl Moving {
    /// `parts` as [`Parts::normalised`] gives them; `speed` in metres a second.
    pub(super) fn new(
        parts: &[Vec<f32>],
        speed: f64,
        rate: SampleRate,
        chance: &mut Random,
    ) -> Self {
        let per_metre = f64::from(rate.0) / SOUND;
        let steps = (parts.len().max(2) - 1) as f64;
        let kept = Self::kept(per_metre);
        Self {
            parts: parts
                .iter()
                .enumerate()
                .filter(|(_, impulse)| impulse.iter().any(|x| *x != 0.0))
                .map(|(i, impulse)| Part {
                    growth: 2.0 * i as f64 / steps - 1.0,
                    convolver: Convolver::new(impulse),
                    line: vec![0.0; kept],
                })
                .collect(),
            speed: speed.abs() / f64::from(rate.0),
            gone: if chance.sign() > 0.0 { 0.0 } else { WALK },
            per_metre,
        }
    }

    /// Samples by which the direct sound may come later than from a speaker that stands still.
    pub(super) fn latest(rate: SampleRate) -> usize {
        (2.0 * WALK * f64::from(rate.0) / SOUND).ceil() as usize + Interpolator::TAPS
    }

    /// Samples of the past that a delay can reach.
    fn kept(per_metre: f64) -> usize {
        (2.0 * WALK * per_metre).ceil() as usize + Interpolator::TAPS + 1
    }

    /// Replaces samples by what arrives. Any cut of a stream gives the same.
    pub(super) fn process(&mut self, samples: &mut [f32]) {
        let kept = Self::kept(self.per_metre);
        for part in &mut self.parts {
            let fresh = part.line.len();
            part.line.extend_from_slice(samples);
            part.convolver.process(&mut part.line[fresh..]);
        }
        let interpolator = Interpolator::shared();
        for (n, sample) in samples.iter_mut().enumerate() {
            let away = if self.gone < WALK {
                self.gone
            } else {
                2.0 * WALK - self.gone
            };
            self.gone = (self.gone + self.speed) % (2.0 * WALK);
            *sample = self
                .parts
                .iter()
                .map(|part| {
                    // The least delay is that of paths that have shrunk by a whole walk.
                    let delay = (WALK + part.growth * away) * self.per_metre;
                    // Split before the place in the block comes in: rounding must not depend on it.
                    let whole = delay.ceil();
                    let first = kept + n + 1 - Interpolator::TAPS - whole as usize;
                    interpolator.between(&part.line[first..], whole - delay)
                })
                .sum();
        }
        for part in &mut self.parts {
            let forget = part.line.len() - kept;
            part.line.drain(..forget);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    /// Cycles that fit a stretch of samples best, a sample.
    fn cycles(samples: &[f32], near: f64) -> f64 {
        let power = |cycles: f64| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, x) in samples.iter().enumerate() {
                let turn = TAU * cycles * n as f64;
                re += f64::from(*x) * turn.cos();
                im += f64::from(*x) * turn.sin();
            }
            re * re + im * im
        };
        (-400..=400)
            .map(|step| near * (1.0 + f64::from(step) * 1e-5))
            .max_by(|a, b| power(*a).total_cmp(&power(*b)))
            .unwrap()
    }

    #[test]
    fn each_direction_has_the_shift_that_its_angle_gives() {
        let tone = 0.1;
        for (growth, seed) in [(1.0, 1), (0.5, 2), (0.0, 3), (-1.0, 4)] {
            let mut parts = Parts::moving(8, Random::new(0, "test"));
            parts.of_growth(growth)[0] = 1.0;
            let mut chance = Random::new(seed, "test");
            let mut moving = Moving::new(&parts.normalised(), 0.3, RATE, &mut chance);
            let away = if moving.gone == 0.0 { 1.0 } else { -1.0 };
            let mut samples: Vec<f32> = (0..48_000)
                .map(|n| (TAU * tone * f64::from(n)).sin() as f32)
                .collect();
            moving.process(&mut samples);
            let want = tone * (1.0 - away * growth * 0.3 / SOUND);
            let got = cycles(&samples[2_000..26_000], tone);
            // The grid of the search.
            assert!((got / want - 1.0).abs() < 1.1e-5, "{got}, not {want}");
        }
    }

    #[test]
    fn the_walk_turns_and_cutting_it_changes_no_bit() {
        let mut parts = Parts::moving(64, Random::new(0, "test"));
        for n in 0..64 {
            parts.of_chance()[n] = 1.0;
        }
        let parts = parts.normalised();
        // Five metres in a second: there and back twice and a half.
        let mut whole = Moving::new(&parts, 5.0, RATE, &mut Random::new(1, "test"));
        let mut cut = whole.clone();
        let mut random = Random::new(2, "test");
        let mut want: Vec<f32> = (0..48_000).map(|_| random.gaussian() as f32).collect();
        let mut got = want.clone();
        whole.process(&mut want);
        got.chunks_mut(777).for_each(|block| cut.process(block));
        assert!(want == got && want.iter().all(|x| x.is_finite()));
    }
}
