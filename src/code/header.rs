//! The code of the burst header: short, and stronger than the data it announces.
//!
//! A tail-biting convolutional code: the encoder starts in the state it will end in, so no bit is
//! spent on a tail, and at a few dozen bits it beats any iterative code (Liva, Gaudio, Ninacs and
//! Jerkovits, "Code design for short blocks: a survey", 2016). Read by the wrap-around Viterbi
//! algorithm (Shao, Lin and Fossorier, "Two decoding algorithms for tailbiting codes", 2003).

use std::ops::RangeInclusive;

use crate::lanes::Lanes;
use crate::units::Llr;

/// Encoder and decoder of headers of one length. Allocates when made, never after.
#[derive(Clone, Debug)]
pub struct HeaderCode {
    info_bits: usize,
    /// The coded bits that leave each state of the encoder when a 0 comes in. When a 1 comes in,
    /// or the oldest bit of the state differs, all of them flip.
    outputs: Vec<u8>,
    /// How likely the best path into each state is: at the start of this turn, then step after
    /// step. Which way it came follows from that, and is asked for few states.
    metrics: Vec<f32>,
    /// The state that path came from at the start of this turn.
    origins: Vec<u16>,
    fresh_origins: Vec<u16>,
    /// How likely the bits are that leave each state of the lower half, step after step.
    weights: Vec<f32>,
}

impl HeaderCode {
    /// Coded bits for one information bit.
    pub const RATE: usize = GENERATORS.len();

    /// Information bits a header can have.
    pub const INFO_BITS: RangeInclusive<usize> = 16..=64;

    /// The code of headers of `info_bits` bits, checksum included.
    ///
    /// # Panics
    /// If `info_bits` is outside [`Self::INFO_BITS`].
    pub fn new(info_bits: usize) -> Self {
        assert!(
            Self::INFO_BITS.contains(&info_bits),
            "{info_bits} information bits, the header code takes 16 to 64"
        );
        let outputs = (0..HALF as u32)
            .map(|state| {
                GENERATORS.iter().fold(0, |bits, generator| {
                    bits << 1 | (state << 1 & generator).count_ones() as u8 & 1
                })
            })
            .collect();
        Self {
            info_bits,
            outputs,
            metrics: vec![0.0; STATES * (info_bits + 1)],
            origins: vec![0; STATES],
            fresh_origins: vec![0; STATES],
            weights: vec![0.0; HALF * info_bits],
        }
    }

    /// Information bits of a header.
    pub fn info_bits(&self) -> usize {
        self.info_bits
    }

    /// Coded bits of a header.
    pub fn coded_bits(&self) -> usize {
        self.info_bits * Self::RATE
    }

    /// The coded bits of `info`.
    ///
    /// # Panics
    /// If `info.len() != self.info_bits()`.
    pub fn encode(&self, info: &[bool]) -> Vec<bool> {
        assert_eq!(info.len(), self.info_bits, "information bits");
        // The state it ends in, hence starts in: the last bits, the newest lowest.
        let mut state = info[info.len() - MEMORY..]
            .iter()
            .fold(0, |state, &bit| state << 1 | usize::from(bit));
        let mut coded = Vec::with_capacity(self.coded_bits());
        for &bit in info {
            let flip = bit != (state >= HALF);
            let output = self.outputs[state % HALF];
            coded.extend(
                (0..Self::RATE)
                    .rev()
                    .map(|i| (output >> i & 1 == 1) != flip),
            );
            state = (state << 1 | usize::from(bit)) % STATES;
        }
        coded
    }

    /// The likeliest header behind `llrs`, the inverse of [`encode`](Self::encode). There always
    /// is one: look at its checksum. What is not finite counts as not heard.
    ///
    /// # Panics
    /// If `llrs.len() != self.coded_bits()` or `out.len() != self.info_bits()`.
    pub fn decode(&mut self, llrs: &[Llr], out: &mut [bool]) {
        assert_eq!(llrs.len(), self.coded_bits(), "soft bits");
        assert_eq!(out.len(), self.info_bits, "information bits");
        self.ends_mut().fill(0.0);
        let steps = self.weights.chunks_exact_mut(HALF);
        for (weights, llrs) in steps.zip(llrs.chunks_exact(Self::RATE)) {
            let branches = weigh(llrs);
            for (weight, output) in weights.iter_mut().zip(&self.outputs) {
                *weight = branches[usize::from(*output) % branches.len()];
            }
        }
        let mut best_ring = f32::NEG_INFINITY;
        for _ in 0..TURNS {
            self.turn();
            let best = self.best_end(|_| true).unwrap_or(0);
            // A path that closes is a header; one that beats all others is the likeliest.
            let is_ring = self.origin(best) == best;
            if !is_ring {
                self.find_origins();
            }
            let end = match is_ring {
                true => Some(best),
                false => self.best_end(|end| usize::from(self.origins[end]) == end),
            };
            if let Some(end) = end {
                let ring = self.ends()[end] - self.metrics[end];
                if ring > best_ring {
                    best_ring = ring;
                    self.trace(end, out);
                }
            }
            if is_ring {
                return;
            }
        }
        if best_ring == f32::NEG_INFINITY {
            let end = self.best_end(|_| true).unwrap_or(0);
            self.trace(end, out);
        }
    }

    /// How likely the best path into each state is at the end of a turn.
    fn ends(&self) -> &[f32] {
        &self.metrics[STATES * self.info_bits..]
    }

    fn ends_mut(&mut self) -> &mut [f32] {
        &mut self.metrics[STATES * self.info_bits..]
    }

    /// One turn around the ring, from the metrics the last turn ended with.
    fn turn(&mut self) {
        let greater = |a, b| if a < b { b } else { a };
        let top = self.ends().iter().copied().fold(f32::MIN, greater);
        let (starts, ends) = self.metrics.split_at_mut(STATES * self.info_bits);
        for (start, end) in starts.iter_mut().zip(ends) {
            *start = *end - top;
        }
        let mut rest = &mut self.metrics[..];
        for weights in self.weights.chunks_exact(HALF) {
            // The states `s` and `s + HALF` both lead to `2 s` and `2 s + 1`.
            let (before, after) = rest.split_at_mut(STATES);
            let (lower, upper) = before.split_at(HALF);
            let pairs = after.as_chunks_mut().0.as_chunks_mut::<2>().0;
            let before = Lanes::each(weights)
                .zip(Lanes::each(lower))
                .zip(Lanes::each(upper));
            for (pair, ((weight, lower), upper)) in pairs.iter_mut().zip(before) {
                let even = lower.plus(weight).at_least(upper.minus(weight));
                let odd = lower.minus(weight).at_least(upper.plus(weight));
                let [first, second] = even.in_turn(odd);
                *pair = [first.numbers(), second.numbers()];
            }
            rest = after;
        }
    }

    /// Where the best path into each state began.
    fn find_origins(&mut self) {
        for (origin, state) in self.origins.iter_mut().zip(0..) {
            *origin = state;
        }
        let steps = self.metrics.chunks_exact(STATES);
        for (metrics, weights) in steps.zip(self.weights.chunks_exact(HALF)) {
            let (lower, upper) = metrics.split_at(HALF);
            let (lower_origins, upper_origins) = self.origins.split_at(HALF);
            let (fresh, _) = self.fresh_origins.as_chunks_mut::<2>();
            let origins = lower_origins.iter().zip(upper_origins);
            let before = weights.iter().zip(lower).zip(upper).zip(origins);
            for (fresh, (((weight, lower), upper), (stays, flips))) in fresh.iter_mut().zip(before)
            {
                let even = upper - weight > lower + weight;
                let odd = upper + weight > lower - weight;
                *fresh = [even, odd].map(|flip| if flip { *flips } else { *stays });
            }
            std::mem::swap(&mut self.origins, &mut self.fresh_origins);
        }
    }

    /// The likeliest of the ends that `accept` takes.
    fn best_end(&self, accept: impl Fn(usize) -> bool) -> Option<usize> {
        (0..STATES)
            .filter(|&end| accept(end))
            .max_by(|&a, &b| self.ends()[a].total_cmp(&self.ends()[b]))
    }

    /// The information bits of the best path into `end`.
    fn trace(&self, end: usize, out: &mut [bool]) {
        let path = self.path(end);
        out.iter_mut()
            .rev()
            .zip(path)
            .for_each(|(bit, state)| *bit = state & 1 == 1);
    }

    /// Where the best path into `end` began.
    fn origin(&self, end: usize) -> usize {
        self.path(end).last().unwrap_or(end)
    }

    /// The states of the best path into `end`, from there back to where it began.
    fn path(&self, end: usize) -> impl Iterator<Item = usize> + '_ {
        let steps = self.metrics.chunks_exact(STATES);
        let back = steps.zip(self.weights.chunks_exact(HALF)).rev();
        let before = back.scan(end, |state, (metrics, weights)| {
            let (lower, odd) = (*state / 2, *state % 2 == 1);
            let weight = if odd { -weights[lower] } else { weights[lower] };
            let flips = metrics[lower + HALF] - weight > metrics[lower] + weight;
            *state = lower + usize::from(flips) * HALF;
            Some(*state)
        });
        std::iter::once(end).chain(before)
    }
}

/// How likely each group of coded bits is: its soft bits, halved, summed with their signs. The
/// flipped group has the opposite.
fn weigh(llrs: &[Llr]) -> [f32; 1 << HeaderCode::RATE] {
    let mut branches = [0.0; 1 << HeaderCode::RATE];
    let mut filled = 1;
    for &llr in llrs.iter().rev() {
        let half = if llr.is_finite() {
            llr.clamp(-SURE, SURE) / 2.0
        } else {
            0.0
        };
        for i in 0..filled {
            branches[i + filled] = branches[i] - half;
            branches[i] += half;
        }
        filled *= 2;
    }
    branches
}

/// Bits the encoder remembers besides the newest. With 8, a header of 40 bits needs 0.3 dB more
/// at a loss of one in a hundred; 12 take four times as long and win 0.1 dB.
const MEMORY: usize = 10;

const STATES: usize = 1 << MEMORY;

const HALF: usize = STATES / 2;

/// What each coded bit sums up, the newest bit lowest. From a random walk that looked for the
/// least union bound at 40 bits and Eb/N0 = 2.5 dB: free distance 43. All begin and end in 1, so
/// the oldest and the newest bit flip the whole output.
const GENERATORS: [u32; 6] = [0o2277, 0o2353, 0o2661, 0o3175, 0o3225, 0o3671];

/// Turns around the ring at most. Few words need more than two.
const TURNS: usize = 4;

/// As sure as a soft bit gets.
const SURE: Llr = 30.0;

#[cfg(test)]
mod tests {
    use super::super::theory::{Exhaustive, GaussianAir, bound, fingerprint, most_losses};
    use super::*;

    #[test]
    fn decode_undoes_encode_for_every_length() {
        let mut air = GaussianAir::new(0.0, 0.5, 1);
        for info_bits in HeaderCode::INFO_BITS {
            let mut code = HeaderCode::new(info_bits);
            for _ in 0..10 {
                let info = air.bits(info_bits);
                let llrs: Vec<Llr> = code
                    .encode(&info)
                    .iter()
                    .map(|&bit| if bit { -1.0 } else { 1.0 })
                    .collect();
                let mut out = vec![false; info_bits];
                code.decode(&llrs, &mut out);
                assert_eq!(out, info);
            }
        }
    }

    /// Fails when a receiver of today would no longer understand a sender of yesterday.
    #[test]
    fn the_wire_format_has_not_moved() {
        let info: Vec<bool> = (0..40).map(|i| i * i % 11 < 5).collect();
        let coded = HeaderCode::new(40).encode(&info);
        assert_eq!(fingerprint(coded), 0x40ae_4f13_284d_5d11);
    }

    #[test]
    fn hostile_soft_bits_do_not_panic() {
        let mut code = HeaderCode::new(40);
        let mut out = [false; 40];
        for bad in [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MAX,
            0.0,
            1e-45,
        ] {
            code.decode(&vec![bad; code.coded_bits()], &mut out);
            let mixed: Vec<Llr> = (0..code.coded_bits())
                .map(|i| if i % 3 == 0 { bad } else { -f32::MAX })
                .collect();
            code.decode(&mixed, &mut out);
        }
    }

    /// Headers lost out of `words`.
    fn losses(
        info_bits: usize,
        eb_n0: f64,
        words: usize,
        mut decode: impl FnMut(&[Llr], &mut [bool]),
    ) -> usize {
        let code = HeaderCode::new(info_bits);
        let mut air = GaussianAir::new(eb_n0, 1.0 / HeaderCode::RATE as f64, 2);
        let mut out = vec![false; info_bits];
        let mut lost = 0;
        for _ in 0..words {
            let info = air.bits(info_bits);
            let heard: Vec<Llr> = code.encode(&info).iter().map(|&b| air.hear(b)).collect();
            decode(&heard, &mut out);
            lost += usize::from(out != info);
        }
        lost
    }

    #[test]
    fn a_header_is_lost_no_more_often_than_the_bound_says() {
        for info_bits in [40, 64] {
            let mut code = HeaderCode::new(info_bits);
            // The bound itself is good to 0.1 dB.
            let eb_n0 = bound(info_bits, code.coded_bits(), 0.01) + 0.1;
            let lost = losses(info_bits, eb_n0, 1000, |heard, out| code.decode(heard, out));
            assert!(
                lost <= most_losses(1000, 0.01),
                "{lost} lost of {info_bits} bits"
            );
        }
    }

    #[test]
    fn the_wrap_around_search_loses_a_quarter_of_a_decibel_to_exhaustive_search() {
        let info_bits = 16;
        let mut code = HeaderCode::new(info_bits);
        let search = Exhaustive::new(info_bits, |info| code.encode(info));
        let eb_n0 = bound(info_bits, code.coded_bits(), 0.1);
        let by_search = losses(info_bits, eb_n0, 500, |heard, out| {
            out.copy_from_slice(&search.decode(heard));
        });
        let by_turns = losses(info_bits, eb_n0 + 0.25, 500, |heard, out| {
            code.decode(heard, out)
        });
        assert!(
            by_turns <= by_search,
            "{by_turns} lost, {by_search} by search"
        );
    }
}
