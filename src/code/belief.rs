//! Decoding the inner code: belief propagation, row by row.
//!
//! Layered sum-product (Hocevar, "A reduced complexity decoder architecture via layered decoding
//! of LDPC codes", 2004): a row uses what the rows above it have just found out, which halves the
//! sweeps. All arithmetic runs over the `size` checks of a row side by side.

use super::inner::{Graph, InnerCode};
use super::protograph::INFORMATION;
use crate::units::Llr;

/// A word was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Sweeps over the graph that it took, `1..=`[`InnerDecoder::SWEEPS`].
    pub iterations: usize,
}

/// The soft bits did not lead to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecoded {
    /// Fewer bits were heard than the word has information: nothing to be found yet.
    #[error("{heard} coded bits heard, at least {need} are needed")]
    TooFew {
        /// Soft bits that are not zero.
        heard: usize,
        /// Information bits of the code.
        need: usize,
    },
    /// The checks still disagree: wait for another pass.
    #[error("no word found in {iterations} iterations")]
    NotFound {
        /// Sweeps that were made.
        iterations: usize,
    },
}

/// Decodes words of one [`InnerCode`]. Allocates when made, never after.
#[derive(Debug)]
pub struct InnerDecoder {
    code: InnerCode,
    /// Belief in every bit of every column.
    beliefs: Vec<Llr>,
    /// What each entry told its column last, row after row.
    messages: Vec<Llr>,
    /// The row in hand: what its columns say, and the partial sums from the left.
    inputs: Vec<Llr>,
    prefixes: Vec<Llr>,
    suffix: Vec<Llr>,
    odd: Vec<u32>,
}

impl InnerDecoder {
    /// The most sweeps a decoding makes.
    pub const SWEEPS: usize = 100;

    /// A decoder for words of `code`. Allocates here.
    pub fn new(code: &InnerCode) -> Self {
        let graph = &code.graph;
        let widest = graph.rows.iter().map(Vec::len).max().unwrap_or(0);
        let entries: usize = graph.rows.iter().map(Vec::len).sum();
        Self {
            code: code.clone(),
            beliefs: vec![0.0; graph.degrees.len() * graph.size],
            messages: vec![0.0; entries * graph.size],
            inputs: vec![0.0; widest * graph.size],
            prefixes: vec![0.0; widest * graph.size],
            suffix: vec![0.0; graph.size],
            odd: vec![0; graph.size],
        }
    }

    /// Finds the word behind `llrs`, one soft bit for each mother bit: 0.0 where nothing was
    /// heard, the sum where one was heard twice. What is not finite counts as not heard.
    ///
    /// A word that satisfies all checks in reach need not be the one sent: look at its checksum.
    ///
    /// # Errors
    /// [`Undecoded`] if there is too little to go by, or the checks do not come to agree. `info`
    /// then holds the best guess, or is untouched after [`Undecoded::TooFew`].
    ///
    /// # Panics
    /// If `llrs.len() != code.mother_bits()` or `info.len() != code.info_bits()`.
    pub fn decode(&mut self, llrs: &[Llr], info: &mut [bool]) -> Result<Decoded, Undecoded> {
        assert_eq!(llrs.len(), self.code.mother_bits(), "soft bits");
        assert_eq!(info.len(), self.code.info_bits(), "information bits");
        let heard = llrs.iter().filter(|l| l.is_finite() && **l != 0.0).count();
        if heard < info.len() {
            let need = info.len();
            return Err(Undecoded::TooFew { heard, need });
        }
        self.load(llrs);
        let mut found = None;
        for iterations in 1..=Self::SWEEPS {
            self.sweep();
            if self.agreed() {
                found = Some(Decoded { iterations });
                break;
            }
        }
        for (bit, &belief) in info.iter_mut().zip(&self.beliefs) {
            *bit = belief < 0.0;
        }
        let iterations = Self::SWEEPS;
        found.ok_or(Undecoded::NotFound { iterations })
    }

    fn load(&mut self, llrs: &[Llr]) {
        // Shortened bits are known to be 0.
        self.beliefs.fill(SURE);
        let mut rest = llrs;
        for run in self.code.runs() {
            let (here, after) = rest.split_at(run.len());
            for (belief, &llr) in self.beliefs[run].iter_mut().zip(here) {
                *belief = if llr.is_finite() {
                    llr.clamp(-SURE, SURE)
                } else {
                    0.0
                };
            }
            rest = after;
        }
        self.messages.fill(0.0);
    }

    fn sweep(&mut self) {
        let Graph { size, rows, .. } = &*self.code.graph;
        let size = *size;
        let mut messages = &mut self.messages[..];
        for (row, entries) in rows.iter().enumerate() {
            let (told, after) = messages.split_at_mut(entries.len() * size);
            messages = after;
            if is_idle(&self.code.graph, &self.beliefs, row) {
                continue;
            }
            for ((entry, told), input) in entries
                .iter()
                .zip(told.chunks_exact(size))
                .zip(self.inputs.chunks_exact_mut(size))
            {
                let belief = &self.beliefs[entry.column * size..][..size];
                let (wrapped, front) = belief.split_at(entry.shift);
                let (input_front, input_wrapped) = input.split_at_mut(front.len());
                let (told_front, told_wrapped) = told.split_at(front.len());
                subtract(front, told_front, input_front);
                subtract(wrapped, told_wrapped, input_wrapped);
            }
            let inputs = &self.inputs[..entries.len() * size];
            extrinsic(inputs, size, &mut self.prefixes, &mut self.suffix, told);
            for ((entry, told), input) in entries
                .iter()
                .zip(told.chunks_exact(size))
                .zip(inputs.chunks_exact(size))
            {
                let belief = &mut self.beliefs[entry.column * size..][..size];
                let (wrapped, front) = belief.split_at_mut(entry.shift);
                let (input_front, input_wrapped) = input.split_at(front.len());
                let (told_front, told_wrapped) = told.split_at(front.len());
                add(input_front, told_front, front);
                add(input_wrapped, told_wrapped, wrapped);
            }
        }
    }

    /// Whether all checks in reach are satisfied.
    fn agreed(&mut self) -> bool {
        let Graph { size, rows, .. } = &*self.code.graph;
        for (row, entries) in rows.iter().enumerate() {
            if is_idle(&self.code.graph, &self.beliefs, row) {
                continue;
            }
            self.odd.fill(0);
            for entry in entries {
                let belief = &self.beliefs[entry.column * size..][..*size];
                let (wrapped, front) = belief.split_at(entry.shift);
                let (odd_front, odd_wrapped) = self.odd.split_at_mut(front.len());
                flip(front, odd_front);
                flip(wrapped, odd_wrapped);
            }
            if self.odd.iter().fold(0, |any, odd| any | odd) >> 31 != 0 {
                return false;
            }
        }
        true
    }
}

/// A row says nothing while nothing was heard of its own parity, if no other row meets that.
fn is_idle(graph: &Graph, beliefs: &[Llr], row: usize) -> bool {
    let column = INFORMATION + row;
    graph.degrees[column] == 1
        && beliefs[column * graph.size..][..graph.size]
            .iter()
            .all(|&belief| belief == 0.0)
}

fn subtract(left: &[Llr], right: &[Llr], out: &mut [Llr]) {
    for ((out, left), right) in out.iter_mut().zip(left).zip(right) {
        *out = left - right;
    }
}

fn add(left: &[Llr], right: &[Llr], out: &mut [Llr]) {
    for ((out, left), right) in out.iter_mut().zip(left).zip(right) {
        *out = left + right;
    }
}

fn flip(beliefs: &[Llr], odd: &mut [u32]) {
    for (odd, belief) in odd.iter_mut().zip(beliefs) {
        *odd ^= belief.to_bits();
    }
}

/// For each of the inputs of `size` checks, the sum of all others, by sums from both ends.
fn extrinsic(
    inputs: &[Llr],
    size: usize,
    prefixes: &mut [Llr],
    suffix: &mut [Llr],
    out: &mut [Llr],
) {
    let last = inputs.len() / size - 1;
    let input = |i: usize| &inputs[i * size..][..size];
    prefixes[..size].copy_from_slice(input(0));
    for i in 1..last {
        let (done, next) = prefixes.split_at_mut(i * size);
        combine(&done[(i - 1) * size..], input(i), &mut next[..size]);
    }
    out[last * size..].copy_from_slice(&prefixes[(last - 1) * size..][..size]);
    suffix.copy_from_slice(input(last));
    for i in (1..last).rev() {
        combine(
            &prefixes[(i - 1) * size..][..size],
            suffix,
            &mut out[i * size..][..size],
        );
        combine_into(suffix, input(i));
    }
    out[..size].copy_from_slice(suffix);
    for message in out.iter_mut() {
        *message = message.clamp(-SURE, SURE);
    }
}

fn combine(left: &[Llr], right: &[Llr], out: &mut [Llr]) {
    for ((out, &left), &right) in out.iter_mut().zip(left).zip(right) {
        *out = sum(left, right);
    }
}

fn combine_into(left: &mut [Llr], right: &[Llr]) {
    for (left, &right) in left.iter_mut().zip(right) {
        *left = sum(*left, right);
    }
}

/// The soft bit of the exclusive or of two bits: `2 atanh(tanh(a/2) tanh(b/2))`, written as the
/// smaller magnitude and two corrections `ln(1 + exp(-x))`.
#[inline(always)]
fn sum(a: Llr, b: Llr) -> Llr {
    let (x, y) = (a.abs(), b.abs());
    let smaller = if x < y { x } else { y };
    let magnitude = smaller + correction(x + y) - correction((x - y).abs());
    let magnitude = if magnitude > 0.0 { magnitude } else { 0.0 };
    let sign = (a.to_bits() ^ b.to_bits()) & SIGN;
    Llr::from_bits(magnitude.to_bits() | sign)
}

/// `ln(1 + exp(-x))` for `x >= 0`, to 0.009: `ln 2 (1 - x/c)^6`, where `c = 12 ln 2` makes the
/// slope at 0 right.
#[inline(always)]
fn correction(x: f32) -> f32 {
    let base = 1.0 - x * (1.0 / (12.0 * std::f32::consts::LN_2));
    let base = if base > 0.0 { base } else { 0.0 };
    let cube = base * base * base;
    std::f32::consts::LN_2 * (cube * cube)
}

const SIGN: u32 = 1 << 31;

/// As sure as a soft bit gets: odds of e^30 are beyond any use, and sums of these stay finite.
const SURE: Llr = 30.0;

#[cfg(test)]
mod tests {
    use super::super::theory::{Exhaustive, GaussianAir};
    use super::*;

    #[test]
    fn the_sum_of_two_soft_bits_is_the_exact_one_to_within_two_corrections() {
        for i in -200..=200 {
            for j in -200..=200 {
                let (a, b) = (i as f32 * 0.05, j as f32 * 0.05);
                let product = f64::from(a / 2.0).tanh() * f64::from(b / 2.0).tanh();
                let exact = 2.0 * product.atanh();
                let error = (f64::from(sum(a, b)) - exact).abs();
                assert!(error < 2.0 * 0.009, "{a} and {b}: off by {error}");
            }
        }
    }

    /// Two of three information bits are known to be 0, which leaves words few enough to try them
    /// all. So short a code is nothing but short cycles, belief propagation's worst case; half a
    /// decibel more than the decibel that codes of some length must keep is allowed for it.
    #[test]
    fn a_toy_code_comes_within_a_decibel_and_a_half_of_exhaustive_search() {
        let code = InnerCode::new(36);
        let known = code.places_of(&(0..36).map(|i| i % 3 != 0).collect::<Vec<_>>());
        let spread =
            |open: &[bool]| -> Vec<bool> { (0..36).map(|i| i % 3 == 0 && open[i / 3]).collect() };
        let search = Exhaustive::new(12, |open| code.encode(&spread(open)));
        let mut decoder = InnerDecoder::new(&code);
        let mut lost = [0; 2];
        for (by_belief, eb_n0) in [(false, 2.0), (true, 3.5)] {
            let mut air = GaussianAir::new(eb_n0, 12.0 / 86.0, 1);
            for _ in 0..1000 {
                let info = spread(&air.bits(12));
                let coded = code.encode(&info);
                let mut heard = vec![0.0; code.mother_bits()];
                for bit in code.pass(0, 86) {
                    heard[bit] = air.hear(coded[bit]);
                }
                known.iter().for_each(|&bit| heard[bit] = SURE);
                let found = if by_belief {
                    let mut out = vec![false; 36];
                    // A guess counts if it is right.
                    let _ = decoder.decode(&heard, &mut out);
                    out
                } else {
                    spread(&search.decode(&heard))
                };
                lost[usize::from(by_belief)] += usize::from(found != info);
            }
        }
        assert!(
            lost[1] <= lost[0],
            "{} lost, {} by search",
            lost[1],
            lost[0]
        );
    }

    #[test]
    fn silence_is_no_word() {
        let code = InnerCode::new(64);
        let mut decoder = InnerDecoder::new(&code);
        let mut out = [true; 64];
        let heard = vec![0.0; code.mother_bits()];
        let nothing = Undecoded::TooFew { heard: 0, need: 64 };
        assert_eq!(decoder.decode(&heard, &mut out), Err(nothing));
        assert_eq!(out, [true; 64]);
    }

    #[test]
    fn hostile_soft_bits_do_not_panic_and_leave_the_decoder_sound() {
        let code = InnerCode::new(100);
        let mut decoder = InnerDecoder::new(&code);
        let mut air = GaussianAir::new(5.0, 0.4, 3);
        let mut out = vec![false; 100];
        let extremes = [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MAX,
            -f32::MAX,
            1e-45,
        ];
        for bad in extremes {
            let _ = decoder.decode(&vec![bad; code.mother_bits()], &mut out);
            let random: Vec<Llr> = air
                .bits(code.mother_bits())
                .iter()
                .map(|&bit| if bit { bad } else { -1.0 })
                .collect();
            let _ = decoder.decode(&random, &mut out);

            // One soft bit in ten destroyed is no more than one in ten not heard.
            let info = air.bits(100);
            let coded = code.encode(&info);
            let mut heard: Vec<Llr> = coded.iter().map(|&bit| air.hear(bit)).collect();
            if !bad.is_finite() {
                heard.iter_mut().step_by(10).for_each(|llr| *llr = bad);
            }
            decoder.decode(&heard, &mut out).unwrap();
            assert_eq!(out, info);
        }
    }
}
