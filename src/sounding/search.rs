//! Where in a recording the sweeps are.

use realfft::num_complex::Complex64;

use super::stimulus::Stimulus;
use super::transform::{Transform, pass};

/// A pair of sweeps in a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    /// Where the strongest arrival of the first begins, in samples.
    pub(super) at: usize,
    /// How far the weaker of the two stands out of what else is there, in standard deviations.
    pub(super) sigmas: f64,
    /// Its peak, after the sweep is undone.
    pub(super) peak: f64,
}

/// Pairs of sweeps that stand out, the clearest first. One that hides in the echo of a clearer one
/// is not told apart from it.
pub(super) fn pairs(recording: &[f64], rate: f64) -> Vec<Pair> {
    let apart = (Stimulus::APART_S * rate) as usize;
    if recording.len() < apart {
        return Vec::new();
    }
    let compressed = compress(recording, rate);
    let envelope = crests(&compressed, (TOLERANCE_S * rate) as usize);
    let score = |at: usize| envelope[at].min(envelope.get(at + apart).copied().unwrap_or(0.0));
    let mut taken: Vec<Pair> = Vec::new();
    let mut blocked = vec![false; recording.len()];
    let [early, late] = HIDDEN_S.map(|seconds| (seconds * rate) as usize);
    for _ in 0..MOST_LOOKS {
        let best = (0..recording.len() - apart)
            .filter(|at| !blocked[*at])
            .max_by(|a, b| score(*a).total_cmp(&score(*b)));
        let Some(best) = best else {
            break;
        };
        let sigmas = score(best) / noise(&compressed, best, rate).max(f64::MIN_POSITIVE);
        let faint = taken
            .first()
            .is_some_and(|first| score(best) < first.peak * FAINTEST);
        if sigmas < SURE_SIGMAS || faint || score(best) <= 0.0 {
            break;
        }
        let [from, to] = JUST_BEFORE_S.map(|s| best.saturating_sub((s * rate) as usize));
        let before = (from..to).map(score).fold(0.0, f64::max);
        // What did not rise is the echo of something else.
        if taken.is_empty() || score(best) > RISES * before {
            taken.push(Pair {
                at: strongest(&compressed, best, (TOLERANCE_S * rate) as usize),
                sigmas,
                peak: score(best),
            });
        }
        // Its second sweep and what comes after that are no pair either.
        for place in [Some(best), best.checked_sub(apart), Some(best + apart)] {
            let Some(place) = place.filter(|place| *place < recording.len()) else {
                continue;
            };
            let from = place.saturating_sub(early);
            blocked[from..(place + late).min(recording.len())].fill(true);
        }
    }
    taken
}

/// The recording with the sweep undone: an impulse where each begins.
fn compress(recording: &[f64], rate: f64) -> Vec<f64> {
    let sweep = Stimulus::new(1.0).sweep_at(rate);
    let transform = Transform::holding(recording.len() + sweep.len());
    let bin = transform.bin(rate);
    let highest = SEARCHED.1.min(0.9 * Stimulus::highest(rate));
    let reference = transform.spectrum(sweep);
    let most = reference
        .iter()
        .map(Complex64::norm_sqr)
        .fold(f64::MIN_POSITIVE, f64::max);
    let spectrum = transform.spectrum(recording.iter().copied());
    let undone = spectrum
        .iter()
        .zip(&reference)
        .enumerate()
        .map(|(k, (heard, played))| {
            let weight = pass(k as f64 * bin, SEARCHED.0, highest);
            // A white spectrum: the sharpest peak, where no frequency outweighs the others.
            heard * played.conj() * (weight / (played.norm_sqr() + 1e-6 * most))
        })
        .collect();
    let mut samples = transform.samples(undone);
    samples.truncate(recording.len());
    samples
}

/// The largest magnitude within `reach` samples of each place.
fn crests(samples: &[f64], reach: usize) -> Vec<f64> {
    // A queue of candidates, each larger than all that came after it.
    let mut queue = std::collections::VecDeque::new();
    let mut crests = Vec::with_capacity(samples.len());
    let mut next = 0;
    for at in 0..samples.len() {
        while next < samples.len().min(at + reach + 1) {
            let value = samples[next].abs();
            while queue.back().is_some_and(|(_, last)| *last <= value) {
                queue.pop_back();
            }
            queue.push_back((next, value));
            next += 1;
        }
        while queue.front().is_some_and(|(place, _)| *place + reach < at) {
            queue.pop_front();
        }
        crests.push(queue.front().map_or(0.0, |(_, value)| *value));
    }
    crests
}

fn strongest(samples: &[f64], around: usize, reach: usize) -> usize {
    let from = around.saturating_sub(reach);
    let to = (around + reach + 1).min(samples.len());
    (from..to)
        .max_by(|a, b| samples[*a].abs().total_cmp(&samples[*b].abs()))
        .unwrap_or(around)
}

/// The standard deviation of what is there beside a pair of sweeps, from the median of its
/// magnitude, which echoes and harmonics hardly move.
fn noise(compressed: &[f64], at: usize, rate: f64) -> f64 {
    let from = at.saturating_sub((Stimulus::QUIET_S * rate) as usize);
    let to = (at + (Stimulus::APART_S * rate) as usize).min(compressed.len());
    let mut around: Vec<f64> = compressed[from..to].iter().map(|x| x.abs()).collect();
    if around.is_empty() {
        return 0.0;
    }
    let middle = around.len() / 2;
    let (_, median, _) = around.select_nth_unstable_by(middle, f64::total_cmp);
    // The median of the magnitude of a normal variable is 0.6745 of its deviation.
    *median / 0.674_5
}

/// The part of the sweep that is looked for: what small loudspeakers play, telephones included.
const SEARCHED: (f64, f64) = (300.0, 10_000.0);
/// By how much the two may be nearer or further apart than they should be: a clock error of
/// 2000 ppm, 4.4 ms.
const TOLERANCE_S: f64 = 0.0045;
/// The greatest of two million normal deviates stays below 5.5; two at the right distance are
/// greater than 7 by no chance, and by no music that does not quote us.
const SURE_SIGMAS: f64 = 7.0;
/// So many seconds before a sweep are its harmonics (the fifth 0.42 s), and after it is its echo:
/// there nothing else is seen.
const HIDDEN_S: [f64; 2] = [0.45, 0.3];
/// What is 30 dB fainter than the clearest may be harmonic or echo anywhere, and disturbs nobody.
const FAINTEST: f64 = 0.03;
/// A sound that begins is so much louder than what was just before it; echo never is.
const RISES: f64 = 3.0;
const JUST_BEFORE_S: [f64; 2] = [0.06, 0.01];
/// Places that are looked at, the strongest first.
const MOST_LOOKS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::{Noise, NoiseSource, Random};
    use crate::units::{Decibels, SampleRate};

    const RATE: SampleRate = SampleRate(16_000);

    fn noise(kind: Noise, level: f32, seconds: usize) -> Vec<f64> {
        let mut samples = vec![0.0; seconds * RATE.0 as usize];
        NoiseSource::new(kind, Decibels(level), RATE, Random::new(1, "search")).add(&mut samples);
        samples.iter().map(|x| f64::from(*x)).collect()
    }

    fn with_sweeps(mut into: Vec<f64>, starts: &[usize], gain: f64) -> Vec<f64> {
        let sound = Stimulus::new(1.0).samples(RATE);
        for start in starts {
            for (slot, x) in into[*start..].iter_mut().zip(&sound) {
                *slot += gain * f64::from(*x);
            }
        }
        into
    }

    #[test]
    fn noise_talk_and_music_hold_no_sweeps() {
        for kind in [Noise::White, Noise::Pink, Noise::Babble, Noise::Music] {
            assert_eq!(pairs(&noise(kind, 0.0, 20), 16_000.0), [], "{kind:?}");
        }
        assert_eq!(pairs(&[], 16_000.0), []);
        assert_eq!(pairs(&[0.0; 100_000], 16_000.0), []);
    }

    #[test]
    fn a_pair_is_found_to_the_sample_far_below_the_noise() {
        // 12 dB below white noise.
        let sound = with_sweeps(noise(Noise::White, 0.0, 12), &[30_000], 0.125);
        let found = pairs(&sound, 16_000.0);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].at.abs_diff(30_000 + 14_400) <= 1, "{found:?}");
    }

    #[test]
    fn two_soundings_are_told_apart() {
        let both = with_sweeps(noise(Noise::Pink, -30.0, 20), &[10_000], 0.5);
        let both = with_sweeps(both, &[36_000], 0.05);
        let found: Vec<usize> = pairs(&both, 16_000.0).iter().map(|p| p.at).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].abs_diff(24_400) <= 1 && found[1].abs_diff(50_400) <= 1);
    }

    #[test]
    fn crests_are_those_of_a_slow_search() {
        let samples = noise(Noise::White, 0.0, 1);
        let fast = crests(&samples, 37);
        for at in (0..samples.len()).step_by(97) {
            let window = &samples[at.saturating_sub(37)..(at + 38).min(samples.len())];
            let slow = window.iter().fold(0.0f64, |a, x| a.max(x.abs()));
            assert_eq!(fast[at], slow);
        }
    }
}
