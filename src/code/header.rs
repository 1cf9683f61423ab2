//! The code of the burst header: short, and stronger than the data it announces.
//!
//! A tail-biting convolutional code: the encoder starts in the state it will end in, so no bit is
//! spent on a tail, and at a few dozen bits it beats any iterative code (Liva, Gaudio, Ninacs and
//! Jerkovits, "Code design for short blocks: a survey", 2016). Read by the wrap-around Viterbi
//! algorithm (Shao, Lin and Fossorier, "Two decoding algorithms for tailbiting codes", 2003).

use std::ops::RangeInclusive;

use crate::units::Llr;

/// Encoder and decoder of headers of one length. Allocates when made, never after.
#[derive(Clone, Debug)]
pub struct HeaderCode {
    info_bits: usize,
    /// The [`RATE`](Self::RATE) coded bits of each content of the shift register.
    outputs: Vec<u8>,
    /// Of the best path into each state: how likely it is, and the state it came from at the
    /// start of this turn.
    paths: Vec<Path>,
    fresh: Vec<Path>,
    /// How likely the best path into each state was at the start of this turn.
    starts: Vec<f32>,
    /// Which of its two predecessors the best path into each state came from, step after step.
    choices: Vec<bool>,
    /// How likely each group of coded bits is at this step.
    branches: [f32; 1 << HeaderCode::RATE],
}

#[derive(Clone, Copy, Debug, Default)]
struct Path {
    metric: f32,
    origin: u16,
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
        let outputs = (0..2 * STATES)
            .map(|register| {
                GENERATORS.iter().fold(0, |bits, generator| {
                    bits << 1 | ((register as u32 & generator).count_ones() & 1) as u8
                })
            })
            .collect();
        Self {
            info_bits,
            outputs,
            paths: vec![Path::default(); STATES],
            fresh: vec![Path::default(); STATES],
            starts: vec![0.0; STATES],
            choices: vec![false; STATES * info_bits],
            branches: [0.0; 1 << Self::RATE],
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
            let register = state << 1 | usize::from(bit);
            let output = self.outputs[register];
            coded.extend((0..Self::RATE).rev().map(|i| output >> i & 1 == 1));
            state = register % STATES;
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
        self.paths.fill(Path::default());
        let mut best_ring = f32::NEG_INFINITY;
        for _ in 0..TURNS {
            self.turn(llrs);
            let best = self.best_end(|_, _| true).unwrap_or(0);
            let closed = |end: usize, path: &Path| usize::from(path.origin) == end;
            // A path that closes is a header; one that beats all others is the likeliest.
            if let Some(end) = self.best_end(closed) {
                let ring = self.paths[end].metric - self.starts[end];
                if ring > best_ring {
                    best_ring = ring;
                    self.trace(end, out);
                }
                if end == best {
                    return;
                }
            }
        }
        if best_ring == f32::NEG_INFINITY {
            let end = self.best_end(|_, _| true).unwrap_or(0);
            self.trace(end, out);
        }
    }

    /// One turn around the ring, from the metrics the last turn ended with.
    fn turn(&mut self, llrs: &[Llr]) {
        let top = self.paths.iter().map(|p| p.metric).fold(f32::MIN, f32::max);
        for (state, path) in self.paths.iter_mut().enumerate() {
            path.metric -= top;
            path.origin = state as u16;
            self.starts[state] = path.metric;
        }
        for (step, llrs) in llrs.chunks_exact(Self::RATE).enumerate() {
            self.weigh(llrs);
            let choices = &mut self.choices[step * STATES..][..STATES];
            for (state, (fresh, choice)) in self.fresh.iter_mut().zip(choices).enumerate() {
                // The register that led here has either value in the bit that just fell out.
                let (low, high) = (state, state + STATES);
                let of = |register: usize| {
                    let Path { metric, origin } = self.paths[register >> 1];
                    let metric = metric + self.branches[usize::from(self.outputs[register])];
                    Path { metric, origin }
                };
                let (low, high) = (of(low), of(high));
                *choice = high.metric > low.metric;
                *fresh = if *choice { high } else { low };
            }
            std::mem::swap(&mut self.paths, &mut self.fresh);
        }
    }

    /// Fills in how likely each group of coded bits is: the soft bits summed with its signs.
    fn weigh(&mut self, llrs: &[Llr]) {
        self.branches[0] = 0.0;
        let mut filled = 1;
        for &llr in llrs.iter().rev() {
            let half = if llr.is_finite() {
                llr.clamp(-SURE, SURE) / 2.0
            } else {
                0.0
            };
            for i in 0..filled {
                self.branches[i + filled] = self.branches[i] - half;
                self.branches[i] += half;
            }
            filled *= 2;
        }
    }

    fn best_end(&self, accept: impl Fn(usize, &Path) -> bool) -> Option<usize> {
        let ends = self.paths.iter().enumerate();
        ends.filter(|&(end, path)| accept(end, path))
            .max_by(|a, b| a.1.metric.total_cmp(&b.1.metric))
            .map(|(end, _)| end)
    }

    fn trace(&self, end: usize, out: &mut [bool]) {
        let mut state = end;
        for (step, bit) in out.iter_mut().enumerate().rev() {
            *bit = state & 1 == 1;
            let high = self.choices[step * STATES + state];
            state = (state + if high { STATES } else { 0 }) >> 1;
        }
    }
}

/// Bits the encoder remembers besides the newest.
const MEMORY: usize = 8;

const STATES: usize = 1 << MEMORY;

/// What each coded bit sums up, the newest bit lowest.
const GENERATORS: [u32; 6] = [0o557, 0o663, 0o711, 0o457, 0o755, 0o551];

/// Turns around the ring at most. Few words need more than two.
const TURNS: usize = 4;

/// As sure as a soft bit gets.
const SURE: Llr = 30.0;

#[cfg(test)]
mod tests {
    use super::super::interleaver::Dice;
    use super::*;

    fn random_bits(count: usize, dice: &mut Dice) -> Vec<bool> {
        (0..count).map(|_| dice.bits() >> 63 == 1).collect()
    }

    #[test]
    fn decode_undoes_encode_for_every_length() {
        let mut dice = Dice::new(1);
        for info_bits in HeaderCode::INFO_BITS {
            let mut code = HeaderCode::new(info_bits);
            for _ in 0..10 {
                let info = random_bits(info_bits, &mut dice);
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
}
