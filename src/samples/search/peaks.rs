//! Where a correlation stands out.

use std::sync::LazyLock;

use realfft::num_complex::Complex32;

use super::super::kaiser::{Kaiser, sinc};
use super::Sighting;
use crate::units::{Decibels, SampleRate};

/// Power of the peak over the mean around it: 14 dB. In noise alone the correlation's power is
/// exponential, so a value passes with probability e^-25; at 10^4 independent values a second
/// that is once in many days.
pub(super) const THRESHOLD: f32 = 25.0;
/// A peak must be the greatest within this many seconds on both sides: the spread of echoes that
/// belong to one arrival.
pub(super) const REACH_S: f64 = 0.025;
/// Amplitude of the first path against the peak's.
const FIRST_PATH: f32 = 0.35;
/// Seconds before the peak in which the first path is looked for.
const LOOK_BACK_S: f64 = 0.02;
/// Seconds before the peak over which the surroundings are averaged, beside [`REACH_S`] after it:
/// waiting for more would only delay the news, and others must not begin to speak meanwhile.
pub(super) const BEFORE_S: f64 = 0.08;
/// A peak between two values shows at least this share of its power in one of them: with 1.25
/// values for one of the bandwidth, `sinc(0.4)^2` is 0.57.
const SHOWN: f32 = 0.5;
/// Values that are looked at together: the greatest of them may be a peak. So many longer does a
/// sighting take.
const GROUP: usize = 32;

/// Taps of the interpolator: 50 dB of rejection of images where a fifth of the rate is free.
const TAPS: usize = 16;
/// Places between two values for which taps are kept.
const PHASES: u64 = 64;
/// Shape of the Kaiser window for those taps and that rejection.
const KAISER_BETA: f64 = 4.6;

static INTERPOLATOR: LazyLock<Vec<[f32; TAPS]>> = LazyLock::new(interpolator);

/// Decides about a stream of correlation values.
pub(super) struct Peaks {
    /// The latest values and their power; the first belongs to place `start` of the stream.
    values: Vec<Complex32>,
    power: Vec<f32>,
    start: u64,
    /// The next place to decide about, as an index.
    next: usize,
    reach: usize,
    look_back: usize,
    before: usize,
    /// Values for so many samples of the grid, in lowest terms or not.
    values_for: u128,
    samples: u128,
    /// The same for all.
    taps: &'static [[f32; TAPS]],
}

impl Peaks {
    /// For values of which there are `block.1` for `block.0` samples at `rate`. Sightings are told
    /// in samples at `grid`.
    pub(super) fn new(grid: SampleRate, rate: SampleRate, block: (usize, usize)) -> Self {
        let per_second = f64::from(rate.0) * block.1 as f64 / block.0 as f64;
        let in_values = |seconds: f64| (seconds * per_second).round() as usize;
        let (reach, look_back) = (in_values(REACH_S), in_values(LOOK_BACK_S));
        let before = in_values(BEFORE_S);
        let room = before + look_back + 2 * reach + TAPS + GROUP + block.1;
        Self {
            values: Vec::with_capacity(room),
            power: Vec::with_capacity(room),
            start: 0,
            next: 0,
            reach,
            look_back,
            before,
            values_for: block.1 as u128 * u128::from(rate.0),
            samples: block.0 as u128 * u128::from(grid.0),
            taps: &INTERPOLATOR,
        }
    }

    /// Values that must follow a peak before it is told, at most.
    pub(super) fn wait(&self) -> usize {
        self.reach + GROUP
    }

    /// Takes the next values; tells of every peak whose surroundings are then known.
    pub(super) fn push(&mut self, values: &[Complex32], mut tell: impl FnMut(Sighting)) {
        self.values.extend_from_slice(values);
        self.power.extend(values.iter().map(Complex32::norm_sqr));
        while self.next + GROUP + self.reach <= self.power.len() {
            let group = self.power[self.next..].first_chunk();
            let at = self.next + group.map_or(0, greatest);
            if let Some(sighting) = self.decide(at) {
                tell(sighting);
            }
            self.next += GROUP;
        }
        let keep = self.before.max(self.reach).max(self.look_back + TAPS);
        let forget = self.next.saturating_sub(keep);
        self.values.drain(..forget);
        self.power.drain(..forget);
        self.start += forget as u64;
        self.next -= forget;
    }

    fn decide(&self, at: usize) -> Option<Sighting> {
        let shown = self.power[at];
        let before = &self.power[at.saturating_sub(self.reach)..at];
        let after = &self.power[at + 1..at + 1 + self.reach];
        let is_greatest =
            before.iter().rev().all(|p| *p < shown) && after.iter().all(|p| *p <= shown);
        if !is_greatest {
            return None;
        }
        let around = &self.power[at.saturating_sub(self.before)..at + self.reach];
        // As many sums as a processor adds at once, in single precision: no differences are taken.
        let mean = sum(around) / around.len() as f32;
        let is_likely = shown > SHOWN * THRESHOLD * mean && mean > 0.0;
        if !is_likely {
            return None;
        }
        let at = self.start + at as u64;
        let (strongest, peak) = self
            .samples_between(at.saturating_sub(1), at + 1)
            .map(|sample| (sample, self.power_at(sample)))
            .fold(
                (0, 0.0),
                |best, new| if new.1 > best.1 { new } else { best },
            );
        if peak <= THRESHOLD * mean {
            return None;
        }
        let least = peak * FIRST_PATH * FIRST_PATH;
        let first_path = self
            .samples_between(at.saturating_sub(self.look_back as u64), at + 1)
            .take_while(|sample| *sample < strongest)
            .find(|sample| self.power_at(*sample) >= least);
        Some(Sighting {
            first_path: first_path.unwrap_or(strongest),
            strongest,
            level: Decibels::from_power_ratio(f64::from(peak / mean)),
            power: peak,
        })
    }

    /// The samples of the grid between two places of the stream.
    fn samples_between(&self, from: u64, to: u64) -> std::ops::RangeInclusive<u64> {
        let from = (u128::from(from) * self.samples).div_ceil(self.values_for);
        let to = u128::from(to) * self.samples / self.values_for;
        from as u64..=to as u64
    }

    /// The power at a sample of the grid, interpolated. What is not known counts as nothing.
    fn power_at(&self, sample: u64) -> f32 {
        let place = u128::from(sample) * self.values_for;
        let phases = place * u128::from(PHASES) / self.samples;
        let (whole, phase) = (phases as u64 / PHASES, phases as u64 % PHASES);
        // The taps may begin before the values do.
        let middle = (whole + 1).saturating_sub(self.start) as usize;
        let unknown = (TAPS / 2).saturating_sub(middle);
        let first = middle.saturating_sub(TAPS / 2);
        let values = self.values.get(first..).unwrap_or_default();
        let sum: Complex32 = values
            .iter()
            .zip(&self.taps[phase as usize][unknown..])
            .map(|(value, tap)| value * tap)
            .sum();
        sum.norm_sqr()
    }
}

/// Where the greatest value is, the first of equals; eight are compared in parallel.
fn greatest(values: &[f32; GROUP]) -> usize {
    let mut most = [f32::MIN; 8];
    for eight in values.as_chunks::<8>().0 {
        for (most, value) in most.iter_mut().zip(eight) {
            *most = if *value > *most { *value } else { *most };
        }
    }
    let most = most.into_iter().fold(f32::MIN, f32::max);
    let place = values.iter().position(|value| *value == most);
    place.unwrap_or(0)
}

/// The sum, eight in parallel.
fn sum(values: &[f32]) -> f32 {
    let (eights, rest) = values.as_chunks::<8>();
    let mut sums = [0f32; 8];
    for eight in eights {
        for (sum, value) in sums.iter_mut().zip(eight) {
            *sum += value;
        }
    }
    sums.iter().chain(rest).sum()
}

/// Windowed sinc, a row a place between two values, each for the middle of its step.
fn interpolator() -> Vec<[f32; TAPS]> {
    let half = TAPS as f64 / 2.0;
    let kaiser = Kaiser::new(KAISER_BETA);
    (0..PHASES)
        .map(|phase| {
            let fraction = (phase as f64 + 0.5) / PHASES as f64;
            std::array::from_fn(|k| {
                let x = k as f64 - (half - 1.0) - fraction;
                (sinc(x) * kaiser.at(x / half)) as f32
            })
        })
        .collect()
}
