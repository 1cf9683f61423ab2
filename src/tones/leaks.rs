//! What a sounding tone adds where it does not belong.
//!
//! *Beside*: a source that moves is heard at a different speed over every reflection. At 0.3 m/s
//! and 8 kHz they lie up to 7 Hz to either side of where the clock says, a whole tone: no one
//! stretch puts all back. *Behind*: a room still sounds when the next symbol begins, so a tone that
//! is silent now is louder if it has just sounded.
//!
//! Both are learnt from the energies of the frame itself, as contrasts between tones that differ in
//! nothing else: silent tones next to the sounding one against silent tones further away, and silent
//! tones that sounded before against those that did not. A contrast that chance could have made is
//! taken for none.

use super::levels::Levels;

/// Parts of the band that have leaks of their own: what motion does grows with frequency, what
/// echo does falls with it.
const REGIONS: usize = 4;
/// Standard errors that a contrast must exceed: chance does that once in 700 times.
const SIGNIFICANT: f64 = 3.0;
/// The leaks never explain more than this share of what silent tones have.
const MOST: f32 = 0.9;

/// The leaks of a part of the band, as shares of a sounding tone's mean energy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Leak {
    /// To the next lower tone.
    pub(super) below: f32,
    /// To the next higher tone.
    pub(super) above: f32,
    /// To the same tone of the next symbol.
    pub(super) behind: f32,
    /// Share of the mean energy of silent tones that is due to these.
    pub(super) share: f32,
}

/// The leaks of a frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaks {
    groups: usize,
    regions: [Leak; REGIONS],
}

impl Leaks {
    /// No leaks.
    pub(super) fn none(groups: usize) -> Self {
        Self {
            groups,
            regions: [Leak::default(); REGIONS],
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.regions.iter().all(|leak| *leak == Leak::default())
    }

    /// Learns from energies whose levels are known, and of whose tones it is known how probably
    /// they sound.
    pub(super) fn learn(levels: &Levels, energies: &[f32], weights: &[f32]) -> Self {
        let mut leaks = Self::none(levels.groups());
        for (region, leak) in leaks.regions.iter_mut().enumerate() {
            let first = (region * levels.groups()).div_ceil(REGIONS);
            let end = ((region + 1) * levels.groups()).div_ceil(REGIONS);
            if first < end {
                *leak = Sums::over(levels, energies, weights, first..end).leak();
            }
        }
        leaks
    }

    /// The leaks of a group.
    pub(super) fn at(&self, group: usize) -> Leak {
        self.regions[group * REGIONS / self.groups]
    }

    /// Adds to the floor under each tone of a slot (symbol times groups plus group) what comes from
    /// the symbol before and from the neighbouring groups.
    pub(super) fn add(&self, levels: &Levels, weights: &[f32], slot: usize, floors: &mut [f32]) {
        let (groups, tones) = (levels.groups(), levels.tones());
        let (symbol, group) = (slot / groups, slot % groups);
        let leak = self.at(group);
        let of = |slot: usize| &weights[slot * tones..][..tones];
        if leak.behind > 0.0 && symbol > 0 {
            let (on, _) = levels.at(symbol - 1, group);
            for (floor, weight) in floors.iter_mut().zip(of(slot - groups)) {
                *floor += leak.behind * on * weight;
            }
        }
        if leak.below > 0.0 && group + 1 < groups {
            let (on, _) = levels.at(symbol, group + 1);
            floors[tones - 1] += leak.below * on * of(slot + 1)[0];
        }
        if leak.above > 0.0 && group > 0 {
            let (on, _) = levels.at(symbol, group - 1);
            floors[0] += leak.above * on * of(slot - 1)[tones - 1];
        }
    }
}

/// A mean of weighted values, and what its error follows from.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    weight: f64,
    sum: f64,
}

impl Mean {
    fn add(&mut self, weight: f64, value: f64) {
        self.weight += weight;
        self.sum += weight * value;
    }

    fn get(self) -> f64 {
        self.sum / self.weight.max(f64::MIN_POSITIVE)
    }
}

/// What a region's leaks follow from. All energies in units of the silent level of their place.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// A sounding tone's.
    on: Mean,
    /// Silent tones': one below the sounding one, one above it, further away.
    below: Mean,
    above: Mean,
    far: Mean,
    /// Silent tones' value and its square, anywhere.
    silent: Mean,
    silent_squares: Mean,
    /// The same in symbols that have one before them; how much of each sounded then, relative to
    /// a sounding tone now; and the square and the product.
    later: Mean,
    before: Mean,
    before_squares: Mean,
    product: Mean,
}

impl Sums {
    fn over(
        levels: &Levels,
        energies: &[f32],
        weights: &[f32],
        region: std::ops::Range<usize>,
    ) -> Self {
        let (groups, tones) = (levels.groups(), levels.tones());
        let mut sums = Self::default();
        // Of the group in hand: energies, and how probably each tone sounds.
        let mut values = vec![(0.0, 0.0); tones];
        for symbol in 0..energies.len() / (groups * tones) {
            for group in region.clone() {
                let start = (symbol * groups + group) * tones;
                let (on, off) = levels.at(symbol, group);
                let part = 1.0 / f64::from(off);
                let each = energies[start..].iter().zip(&weights[start..]);
                for (value, (energy, weight)) in values.iter_mut().zip(each) {
                    *value = (f64::from(*energy) * part, f64::from(*weight));
                }
                sums.on.add(1.0, f64::from(on) * part);
                for (energy, weight) in &values {
                    sums.silent.add(1.0 - weight, *energy);
                    sums.silent_squares.add(1.0 - weight, energy * energy);
                }
                if symbol > 0 {
                    let (earlier, _) = levels.at(symbol - 1, group);
                    let before = &weights[start - groups * tones..];
                    for ((energy, weight), before) in values.iter().zip(before) {
                        let silent = 1.0 - weight;
                        let before = f64::from(before * earlier / on);
                        sums.later.add(silent, *energy);
                        sums.before.add(silent, before);
                        sums.before_squares.add(silent, before * before);
                        sums.product.add(silent, before * energy);
                    }
                }
                sums.beside(&values);
            }
        }
        sums
    }

    /// Adds the silent tones of one group by their distance to the sounding one.
    fn beside(&mut self, values: &[(f64, f64)]) {
        let all: f64 = values.iter().map(|(energy, _)| energy).sum();
        for (tone, (energy, sounding)) in values.iter().enumerate() {
            let mut near = *energy;
            let mut count = 1.0;
            if tone > 0 {
                let (below, _) = values[tone - 1];
                self.below.add(*sounding, below);
                near += below;
                count += 1.0;
            }
            if let Some((above, _)) = values.get(tone + 1) {
                self.above.add(*sounding, *above);
                near += above;
                count += 1.0;
            }
            let others = values.len() as f64 - count;
            if others > 0.0 {
                self.far.add(sounding * others, (all - near) / others);
            }
        }
    }

    fn leak(&self) -> Leak {
        let variance = (self.silent_squares.get() - self.silent.get().powi(2)).max(0.0);
        let significant = |contrast: f64, variance: f64| {
            if contrast > SIGNIFICANT * variance.sqrt() {
                contrast
            } else {
                0.0
            }
        };
        let far = self.far.get();
        let beside = |near: Mean| {
            let error = variance / near.weight.max(1.0) + variance / self.far.weight.max(1.0);
            significant(near.get() - far, error)
        };
        let (below, above) = (beside(self.below), beside(self.above));
        // Regression of a silent tone's energy on what sounded there before: what is thought to
        // have sounded is a probability, whose errors do not flatten the slope.
        let spread = self.before_squares.get() - self.before.get().powi(2);
        let (slope, before) = if spread > 1e-3 {
            let shared = self.product.get() - self.before.get() * self.later.get();
            let error = variance / (spread * self.later.weight.max(1.0));
            (significant(shared / spread, error), self.before.get())
        } else {
            (0.0, 0.0)
        };
        let tones_below = self.below.weight / self.silent.weight.max(1.0);
        let tones_above = self.above.weight / self.silent.weight.max(1.0);
        let share = below * tones_below + above * tones_above + slope * before;
        let on = self.on.get().max(1.0);
        Leak {
            below: (below / on) as f32,
            above: (above / on) as f32,
            behind: (slope / on) as f32,
            share: (share as f32).clamp(0.0, MOST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::Random;

    const GROUPS: usize = 268;
    const SYMBOLS: usize = 6;

    /// Energies of a frame in which a sounding tone of level 20 over noise of 1 leaks so much.
    fn leaky(tones: usize, truth: Leak, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed, "leaks");
        let mut before = vec![0.0; GROUPS * tones];
        let mut energies = Vec::new();
        for _ in 0..SYMBOLS {
            let mut means = vec![1.0f32; GROUPS * tones];
            for (mean, before) in means.iter_mut().zip(&before) {
                *mean += truth.behind * before;
            }
            before.fill(0.0);
            for group in 0..GROUPS {
                let tone = group * tones + random.bits() as usize % tones;
                before[tone] = 20.0;
                means[tone] += 20.0;
                if tone > 0 {
                    means[tone - 1] += 20.0 * truth.below;
                }
                if tone + 1 < means.len() {
                    means[tone + 1] += 20.0 * truth.above;
                }
            }
            energies.extend(
                means
                    .iter()
                    .map(|mean| random.waiting(f64::from(*mean)) as f32),
            );
        }
        energies
    }

    #[test]
    fn leaks_are_learnt_without_knowing_which_tone_sounded() {
        let truth = Leak {
            below: 0.3,
            above: 0.08,
            behind: 0.15,
            share: 0.0,
        };
        for tones in [4, 16] {
            let energies = leaky(tones, truth, 1);
            let (levels, weights) = Levels::learn(GROUPS, tones, &energies);
            let leaks = Leaks::learn(&levels, &energies, &weights);
            let mean = |part: fn(&Leak) -> f32| {
                leaks.regions.iter().map(part).sum::<f32>() / REGIONS as f32
            };
            // Each rests on 1600 exponentials of mean 4 to 7 in units of 20: 2.5 % of them, that is
            // 0.01; four of these, and a fifth for tones taken for the wrong ones.
            let close = |got: f32, want: f32| (got - want).abs() < 0.04 + 0.2 * want;
            assert!(close(mean(|leak| leak.below), truth.below), "{leaks:?}");
            assert!(close(mean(|leak| leak.above), truth.above), "{leaks:?}");
            assert!(close(mean(|leak| leak.behind), truth.behind), "{leaks:?}");
        }
    }

    #[test]
    fn where_nothing_leaks_nothing_is_learnt() {
        // Of 12 contrasts a frame, each is passed by chance once in 700 times.
        let frames = 40;
        let false_alarms = (0..frames)
            .filter(|seed| {
                let energies = leaky(4, Leak::default(), 100 + seed);
                let (levels, weights) = Levels::learn(GROUPS, 4, &energies);
                !Leaks::learn(&levels, &energies, &weights).is_none()
            })
            .count();
        // 0.7 are expected; four or more have a probability below 1 %.
        assert!(false_alarms < 4, "{false_alarms} of {frames}");
    }

    #[test]
    fn silence_leaks_nothing() {
        let energies = vec![0.0; GROUPS * 4 * 2];
        let (levels, weights) = Levels::learn(GROUPS, 4, &energies);
        assert!(weights.iter().all(|weight| weight.is_finite()));
        assert!(Leaks::learn(&levels, &energies, &weights).is_none());
    }
}
