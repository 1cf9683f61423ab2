//! Levels of sounding and silent tones, learnt from the energies alone, and the soft bits that
//! follow from them.
//!
//! In each group one tone sounds. Which one is not known, but the energies of a few hundred
//! tones tell both levels: expectation maximisation over "tone t of the group sounds", pooled
//! over neighbouring groups, since a room and a loudspeaker change slowly over frequency on
//! average. A tone that sounds is modelled as Rician: a steady part, and a scattered part
//! that echo and noise make. In a room nearly all is scattered, on a cable nearly none. Then
//! the [leaks](super::leaks) are learnt: what a tone adds to its neighbours and to the next symbol.

use super::density::Density;
use super::gray::soft;
use super::leaks::Leaks;
use super::plan::Plan;
use crate::lanes::{LANES, Lanes};
use crate::units::{Decibels, Llr};

/// Energies that a level is learnt from at least: with fewer, its error makes soft bits too sure
/// of themselves (of 9 exponentials, the mean is off by a third).
const POOL: usize = 45;
/// Tones to either side whose levels are taken for the same however many symbols there are.
const NEAREST: usize = 16;
/// A symbol's own level is believed as if so many tones more had sounded at the frame's: of a
/// few exponentials, the mean alone says little.
const SYMBOL_PRIOR: f32 = 8.0;
/// Rounds of expectation maximisation; the levels settle to within 1 % in three from any start.
const ROUNDS: usize = 4;
/// A silent tone is never taken for more than 40 dB below a sounding one: leakage, clipping and
/// clicks are not noise, and confidence beyond this only hurts.
const DEEPEST: f32 = 1e-4;
/// Rounds more, in which the leaks are learnt beside.
const LEAK_ROUNDS: usize = 3;
/// Tones of a group that are few: bits are then safe from a loud one by [`LAWLESS`], else by the
/// tail that is learnt.
const FEW: usize = 4;
/// Share of energies that follow their level but loosely: a harmonic of somebody's voice, a click,
/// a tone that noise suppression took away. It bounds how much a single tone can say. In white
/// noise it costs less than 0.01 dB; through noise suppression it is worth more than all else.
/// While levels are learnt such tones are too few to matter. For groups of four tones; where there
/// are more, a share of all energies is somebody in every group.
const LAWLESS: f32 = 0.01;
/// Above so many times its level a silent tone belongs to the tail, which is learnt apart: of
/// exponentials one in twenty.
const TAIL: f32 = 3.0;
/// Rounds in which the tail is learnt: what stands in it was taken for sounding at first.
const TAIL_ROUNDS: usize = 4;
/// A tail is believed to be that of an exponential as if so many tones had shown it.
const TAIL_PRIOR: f32 = 10.0;
/// Largest magnitude of a soft bit, one error in 400: in rooms some are wrong for reasons that no
/// model of levels knows of, and none may outweigh all others.
const SUREST: Llr = 6.0;

/// What the energies of a frame say about its levels.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Tones in a group.
    tones: usize,
    /// Mean energy of a sounding tone, a group each.
    on: Vec<f32>,
    /// Mean energy of a silent tone, a group each.
    off: Vec<f32>,
    /// Factors of each symbol upon `on` and `off`.
    symbol: Vec<(f32, f32)>,
    /// Steady part of a sounding tone's energy, `0..1`.
    steady: f32,
    /// What sounding tones add to others.
    leaks: Leaks,
    /// By what factor the loudest silent tones get rare more slowly than exponentials would.
    tail: f32,
}

/// Turns tone energies into soft bits.
#[derive(Debug)]
pub struct SoftDemapper {
    plan: Plan,
}

impl SoftDemapper {
    /// For symbols of `plan`.
    ///
    /// # Panics
    /// If its groups have two tones: four are looked at at once.
    pub fn new(plan: Plan) -> Self {
        assert!(plan.bits_per_tone > 1, "groups of two tones");
        Self { plan }
    }

    /// Soft bits of every group of every symbol, in order.
    ///
    /// `energies` holds the energies of all tones, lowest first, symbol after symbol.
    ///
    /// # Panics
    /// If `energies` is empty or not a whole number of symbols.
    pub fn demap(&self, energies: &[f32]) -> (Vec<Llr>, Levels) {
        let (groups, tones) = (self.plan.groups, self.plan.tones_per_group());
        let (mut levels, mut weights) = Levels::learn(groups, tones, energies);
        let mut likelihoods = vec![0.0; energies.len()];
        if tones > FEW {
            for _ in 0..TAIL_ROUNDS {
                levels.tail = levels.learn_tail(energies, &weights);
                levels.expect(energies, &mut weights, &mut likelihoods);
            }
        }
        let lawless = if tones <= FEW { LAWLESS } else { 0.0 };
        levels.likelihoods(energies, &weights, lawless, &mut likelihoods);
        let mut out = vec![0.0; energies.len() / tones * self.plan.bits_per_tone];
        for (group, llrs) in likelihoods
            .chunks_exact_mut(tones)
            .zip(out.chunks_exact_mut(self.plan.bits_per_tone))
        {
            soft(group, llrs);
            llrs.iter_mut()
                .for_each(|llr| *llr = llr.clamp(-SUREST, SUREST));
        }
        (out, levels)
    }
}

impl Levels {
    /// Learns from the energies of some symbols; see [`SoftDemapper::demap`] for their order.
    /// Also gives the probability of each tone to be the one of its group that sounds.
    pub(super) fn learn(groups: usize, tones: usize, energies: &[f32]) -> (Self, Vec<f32>) {
        let per_symbol = groups * tones;
        assert!(!energies.is_empty() && energies.len().is_multiple_of(per_symbol));
        let symbols = energies.len() / per_symbol;
        let mut levels = Self::first_guess(groups, tones, energies);
        levels.symbol = vec![(1.0, 1.0); symbols];
        let mut weights = vec![0f32; energies.len()];
        let mut likelihoods = vec![0f32; energies.len()];
        for _ in 0..ROUNDS {
            levels.expect(energies, &mut weights, &mut likelihoods);
            levels.maximise(groups, energies, &weights);
        }
        for _ in 0..LEAK_ROUNDS {
            levels.leaks = Leaks::learn(&levels, energies, &weights);
            if levels.leaks.is_none() {
                break;
            }
            levels.expect(energies, &mut weights, &mut likelihoods);
            levels.maximise(groups, energies, &weights);
        }
        (levels, weights)
    }

    /// The largest of each group sounds, the others do not: biased, but a start.
    fn first_guess(groups: usize, tones: usize, energies: &[f32]) -> Self {
        let mut on = vec![0f32; groups];
        let mut off = vec![0f32; groups];
        for (slot, group) in energies.chunks_exact(tones).enumerate() {
            let sum: f32 = group.iter().sum();
            let largest = group.iter().copied().fold(0.0, f32::max);
            on[slot % groups] += largest;
            off[slot % groups] += (sum - largest) / (tones - 1) as f32;
        }
        let symbols = energies.len() / groups / tones;
        let mut levels = Self {
            tones,
            on: pool(&on, symbols, 1, tones),
            off: pool(&off, symbols, tones - 1, tones),
            symbol: Vec::new(),
            steady: 0.0,
            leaks: Leaks::none(groups),
            tail: 1.0,
        };
        levels.tidy();
        levels
    }

    /// Probability of each tone to be the one that sounds, given what was thought before.
    fn expect(&self, energies: &[f32], weights: &mut [f32], likelihoods: &mut [f32]) {
        self.likelihoods(energies, weights, 0.0, likelihoods);
        let slots = weights.chunks_exact_mut(self.tones);
        for (weights, likelihoods) in slots.zip(likelihoods.chunks_exact(self.tones)) {
            let (weights, likelihoods) = (weights.as_chunks_mut().0, likelihoods.as_chunks().0);
            let best = likelihoods.iter().map(|some| Lanes::new(*some).greatest());
            let best = Lanes::all(best.fold(f32::MIN, |a, b| if a < b { b } else { a }));
            let mut sum = 0.0;
            for (weights, likelihoods) in weights.iter_mut().zip(likelihoods) {
                let each = Lanes::new(*likelihoods).minus(best).exp();
                sum += each.sum();
                *weights = each.numbers();
            }
            let part = Lanes::all(1.0 / sum);
            for weights in weights {
                *weights = Lanes::new(*weights).times(part).numbers();
            }
        }
    }

    /// Levels given those probabilities.
    fn maximise(&mut self, groups: usize, energies: &[f32], weights: &[f32]) {
        let symbols = self.symbol.len();
        let silent_tones = (self.tones - 1) as f32;
        let mut on = vec![0f32; groups];
        let mut off = vec![0f32; groups];
        let mut squares = 0f32;
        let mut per_symbol = vec![(0f32, 0f32); symbols];
        for (slot, (group, weights)) in energies
            .chunks_exact(self.tones)
            .zip(weights.chunks_exact(self.tones))
            .enumerate()
        {
            let (symbol, place) = (slot / groups, slot % groups);
            let (scale_on, scale_off) = self.symbol[symbol];
            let part = Lanes::all(1.0 / (self.on[place] * scale_on));
            let mut sums = [Lanes::all(0.0); 3];
            for (energies, weights) in Lanes::each(group).zip(Lanes::each(weights)) {
                let times = energies.times(part);
                let others = Lanes::all(1.0).minus(weights);
                sums[0] = sums[0].plus(energies.times(weights));
                sums[1] = sums[1].plus(energies.times(others));
                sums[2] = sums[2].plus(times.times(times));
            }
            let [sounding, silent, all_squares] = sums.map(Lanes::sum);
            let silent = silent / silent_tones;
            // The silent tones' part of the squares: an exponential's second moment is twice the
            // square of its mean.
            let ratio = (self.off[place] * scale_off) / (self.on[place] * scale_on);
            squares += all_squares - silent_tones * 2.0 * ratio * ratio;
            on[place] += sounding / scale_on;
            off[place] += silent / scale_off;
            per_symbol[symbol].0 += sounding / self.on[place];
            per_symbol[symbol].1 += silent / self.off[place];
        }
        self.on = pool(&on, symbols, 1, self.tones);
        self.off = pool(&off, symbols, self.tones - 1, self.tones);
        for (scale, (sounding, silent)) in self.symbol.iter_mut().zip(per_symbol) {
            *scale = (
                (sounding + SYMBOL_PRIOR) / (groups as f32 + SYMBOL_PRIOR),
                (silent / groups as f32).max(1e-3),
            );
        }
        // Second moment of a Rician's energy with mean 1 and steady part s: 2 - s^2. Taken over
        // all tones, not over those believed to sound, which are the stronger ones.
        let second = squares / (groups * symbols) as f32;
        self.steady = (2.0 - second).clamp(0.0, 1.0).sqrt().min(0.98);
        self.tidy();
    }

    fn tidy(&mut self) {
        for (on, off) in self.on.iter_mut().zip(&mut self.off) {
            *on = on.max(f32::MIN_POSITIVE * 1e6);
            *off = bounded(*off, *on);
        }
    }

    /// Levels of a sounding and of a silent tone of a group in a symbol.
    pub(super) fn at(&self, symbol: usize, group: usize) -> (f32, f32) {
        let (scale_on, scale_off) = self.symbol.get(symbol).copied().unwrap_or((1.0, 1.0));
        let on = self.on[group] * scale_on;
        (on, bounded(self.off[group] * scale_off, on))
    }

    pub(super) fn groups(&self) -> usize {
        self.on.len()
    }

    pub(super) fn tones(&self) -> usize {
        self.tones
    }

    /// Log-likelihoods of each tone to be the one of its group that sounds, up to a constant a
    /// group. `weights` are the probabilities as far as they are known, from which follows what
    /// leaks in from the symbol before and from the neighbouring groups. A share `lawless` of all
    /// energies is taken to obey no level.
    fn likelihoods(&self, energies: &[f32], weights: &[f32], lawless: f32, out: &mut [f32]) {
        let (groups, tones) = (self.groups(), self.tones);
        let mut floors = vec![0.0; tones];
        for (slot, (group, out)) in energies
            .chunks_exact(tones)
            .zip(out.chunks_exact_mut(tones))
            .enumerate()
        {
            let (symbol, place) = (slot / groups, slot % groups);
            let (on, off) = self.at(symbol, place);
            self.floors(weights, slot, &mut floors);
            let steady = Lanes::all((on * self.steady).min(on - off).max(0.0));
            let above = Lanes::all(on - off);
            let each = out.as_chunks_mut().0.iter_mut();
            for ((out, energy), floor) in each.zip(Lanes::each(group)).zip(Lanes::each(&floors)) {
                let scattered = floor.plus(above).at_least(floor).minus(steady);
                let sounding = Density::rician(energy, steady, scattered, lawless);
                let silent = Density::tailed(energy, floor, (TAIL, self.tail), lawless);
                *out = sounding.over(silent).numbers();
            }
            let leak = self.leaks.at(place);
            if leak.below > 0.0 {
                self.for_each_louder(group, &floors, leak.below * on, lawless, |tone, louder| {
                    if let Some(above) = out.get_mut(tone + 1) {
                        *above += louder;
                    }
                });
            }
            if leak.above > 0.0 {
                self.for_each_louder(group, &floors, leak.above * on, lawless, |tone, louder| {
                    if let Some(below) = tone.checked_sub(1) {
                        out[below] += louder;
                    }
                });
            }
        }
    }

    /// By how much likelier each energy of a group is if so much leaks into it from a neighbour.
    fn for_each_louder(
        &self,
        group: &[f32],
        floors: &[f32],
        leaked: f32,
        lawless: f32,
        mut tell: impl FnMut(usize, f32),
    ) {
        for (some, (energy, floor)) in Lanes::each(group).zip(Lanes::each(floors)).enumerate() {
            let [louder, silent] = [floor.plus(Lanes::all(leaked)), floor]
                .map(|mean| Density::tailed(energy, mean, (TAIL, self.tail), lawless));
            for (place, by) in louder.over(silent).numbers().into_iter().enumerate() {
                tell(LANES * some + place, by);
            }
        }
    }

    /// Mean energies of a slot's tones while they are silent, with what leaks into them.
    fn floors(&self, weights: &[f32], slot: usize, floors: &mut [f32]) {
        let (symbol, place) = (slot / self.groups(), slot % self.groups());
        let (on, off) = self.at(symbol, place);
        let leak = self.leaks.at(place);
        floors.fill((off * (1.0 - leak.share)).max(on * DEEPEST));
        self.leaks.add(self, weights, slot, floors);
    }

    /// The mean excess of silent tones over [`TAIL`] times their level: 1 of exponentials, more in
    /// echo and in talk, whose voices have harmonics that are anything but noise. It tells how much
    /// less a loud tone proves.
    fn learn_tail(&self, energies: &[f32], weights: &[f32]) -> f32 {
        let mut floors = vec![0.0; self.tones];
        let (mut count, mut excess) = (0f32, 0f32);
        for (slot, (group, some)) in energies
            .chunks_exact(self.tones)
            .zip(weights.chunks_exact(self.tones))
            .enumerate()
        {
            self.floors(weights, slot, &mut floors);
            for ((energy, floor), weight) in group.iter().zip(&floors).zip(some) {
                let over = energy / floor - TAIL;
                if over > 0.0 {
                    count += 1.0 - weight;
                    excess += (1.0 - weight) * over;
                }
            }
        }
        ((excess + TAIL_PRIOR) / (count + TAIL_PRIOR)).max(1.0)
    }

    /// Mean energy of a tone of that group that sounds.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn on(&self, group: usize) -> f32 {
        self.on[group]
    }

    /// Mean energy of a tone of that group that does not.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn off(&self, group: usize) -> f32 {
        self.off[group]
    }

    /// Power of the tones against the noise in their band.
    pub fn snr(&self) -> Decibels {
        let on: f64 = self.on.iter().map(|level| f64::from(*level)).sum();
        let off: f64 = self.off.iter().map(|level| f64::from(*level)).sum();
        Decibels::from_power_ratio(
            (on - off).max(0.0) / (off * self.tones as f64).max(f64::MIN_POSITIVE),
        )
    }
}

/// Means, a group each, of `sums` over symbols of the mean energy of `alike` tones: taken over as
/// many neighbouring groups of `tones` tones as [`POOL`] asks for. The silent tones of a group are
/// pooled as the sounding one is, where there are three of them, and less where there are more.
fn pool(sums: &[f32], symbols: usize, alike: usize, tones: usize) -> Vec<f32> {
    let energies = symbols * alike.div_ceil(3);
    let reach = (POOL.div_ceil(energies) / 2).max(NEAREST / tones);
    let mut total = 0f64;
    let prefix: Vec<f64> = std::iter::once(0.0)
        .chain(sums.iter().map(|sum| {
            total += f64::from(*sum);
            total
        }))
        .collect();
    (0..sums.len())
        .map(|group| {
            let (from, to) = (
                group.saturating_sub(reach),
                (group + reach + 1).min(sums.len()),
            );
            ((prefix[to] - prefix[from]) / ((to - from) * symbols) as f64) as f32
        })
        .collect()
}

/// A silent level within what is believed beside a sounding one. Samples far beyond full scale lead
/// to energies beyond all numbers, which `clamp` refuses by a panic.
fn bounded(off: f32, on: f32) -> f32 {
    let deepest = on * DEEPEST;
    let off = if off > deepest { off } else { deepest };
    if off < on { off } else { on }
}

#[cfg(test)]
mod tests {
    use super::super::gray::bits_of;
    use super::*;
    use crate::air::Random;
    use crate::units::Hertz;

    /// Energies as the model has them: in each group one tone of mean `on`, partly steady, the
    /// others exponential of mean 1. Returns them with the tones that sounded.
    fn simulated(slots: usize, tones: usize, on: f32, steady: f32) -> (Vec<f32>, Vec<usize>) {
        let mut random = Random::new(7, "levels");
        let mut gauss = |power: f32| random.gaussian() as f32 * (power / 2.0).sqrt();
        let mut energies = Vec::new();
        let mut sounded = Vec::new();
        for slot in 0..slots {
            let sounding = slot * 7 % 67 % tones;
            sounded.push(sounding);
            for tone in 0..tones {
                let (mean, scattered) = if tone == sounding {
                    ((on * steady).sqrt(), on * (1.0 - steady))
                } else {
                    (0.0, 1.0)
                };
                energies.push((mean + gauss(scattered)).powi(2) + gauss(scattered).powi(2));
            }
        }
        (energies, sounded)
    }

    #[test]
    fn levels_are_learnt_without_knowing_which_tone_sounded() {
        const GROUPS: usize = 2000;
        for (tones, on, steady) in [
            (4, 100.0, 0.0),
            (4, 100.0, 0.9),
            (4, 10.0, 0.0),
            (4, 10.0, 0.8),
            (16, 20.0, 0.0),
            (64, 20.0, 0.0),
            (64, 20.0, 0.8),
        ] {
            let (energies, _) = simulated(GROUPS, tones, on, steady);
            let (levels, _) = Levels::learn(GROUPS, tones, &energies);
            let mean = |level: &[f32]| level.iter().sum::<f32>() / level.len() as f32;
            // The mean of 2000 exponentials has a deviation of 2.2 %; four of these.
            assert!(
                (mean(&levels.on) / on - 1.0).abs() < 0.09,
                "{tones} {on} {steady}: {}",
                mean(&levels.on)
            );
            assert!(
                (mean(&levels.off) - 1.0).abs() < 0.09,
                "{tones} {on} {steady}: {}",
                mean(&levels.off)
            );
        }
    }

    /// Of the bits whose soft bit has magnitude L, a share of 1 / (1 + e^L) must be wrong: in one
    /// long symbol, and in frames as they are sent.
    #[test]
    fn soft_bits_mean_what_they_say() {
        for (bits_per_tone, groups, symbols, on, steady) in [
            (2, 40_000, 1, 8.0, 0.0),
            (2, 40_000, 1, 8.0, 0.8),
            (4, 10_000, 1, 12.0, 0.0),
            (4, 67, 6, 12.0, 0.0),
            (6, 3_000, 1, 16.0, 0.0),
            (6, 16, 12, 16.0, 0.0),
            (6, 16, 12, 12.0, 0.8),
            (6, 16, 3, 16.0, 0.0),
        ] {
            let plan = Plan {
                spacing: Hertz(1.0),
                first_bin: 0,
                groups,
                bits_per_tone,
            };
            let frames = 3000_usize.div_ceil(groups * symbols);
            let tones = plan.tones_per_group();
            let (energies, sounded) = simulated(frames * groups * symbols, tones, on, steady);
            let demapper = SoftDemapper::new(plan);
            let soft: Vec<Llr> = energies
                .chunks_exact(symbols * plan.tones())
                .flat_map(|frame| demapper.demap(frame).0)
                .collect();
            let sent = sounded
                .iter()
                .flat_map(|tone| bits_of(*tone as u8, bits_per_tone));
            let pairs: Vec<(Llr, bool)> = soft.into_iter().zip(sent).collect();
            for (low, high) in [(0.5, 1.5), (1.5, 2.5), (2.5, 3.5)] {
                let (mut count, mut wrong, mut expected) = (0.0f64, 0.0, 0.0);
                for (llr, bit) in &pairs {
                    if (low..high).contains(&llr.abs()) {
                        count += 1.0;
                        wrong += f64::from(u8::from((*llr < 0.0) != *bit));
                        expected += 1.0 / (1.0 + f64::from(llr.abs()).exp());
                    }
                }
                // The bits of one tone are wrong together, which multiplies the variance by up to
                // their number. Four standard deviations, and a tenth for levels learnt, not known.
                let slack = 4.0 * (expected * bits_per_tone as f64).sqrt() + 0.1 * expected;
                assert!(
                    (wrong - expected).abs() < slack,
                    "{bits_per_tone} {groups} {symbols} {on} {steady} {low}: \
                     {wrong} of {count}, not {expected}"
                );
            }
        }
    }
}
