//! A stream of samples through a long impulse response, without waiting.
//!
//! The response is cut into parts of [`PART`] samples. The first is summed directly, so every
//! sample out depends on the sample just in; each later one is multiplied in frequency by
//! the spectrum of a whole block that is already past (overlap-save, uniform partitions).

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Convolves a stream with an impulse response. One sample out for each in, the first with the
/// first; where the blocks begin depends on the number of samples since the start alone.
#[derive(Clone)]
pub struct Convolver {
    forward: Arc<dyn RealToComplex<f32>>,
    backward: Arc<dyn ComplexToReal<f32>>,
    /// The first part of the response, backwards.
    head: Vec<f32>,
    /// Spectra of the later parts.
    parts: Vec<Vec<Complex32>>,
    /// Spectra of past blocks, a ring: `blocks[newest]` is the last.
    blocks: Vec<Vec<Complex32>>,
    newest: usize,
    /// Two blocks of input, the second being filled.
    input: Vec<f32>,
    filled: usize,
    /// What the later parts give to the block being filled.
    tail: Vec<f32>,
    sum: Vec<Complex32>,
    work: Vec<f32>,
}

impl Convolver {
    /// Convolves with `impulse`; an empty one gives silence. Allocates here.
    pub fn new(impulse: &[f32]) -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(2 * PART);
        let backward = planner.plan_fft_inverse(2 * PART);
        let mut head = vec![0.0; PART];
        for (slot, tap) in head.iter_mut().rev().zip(impulse) {
            *slot = *tap;
        }
        let spectrum = |part: &[f32]| {
            let mut padded = vec![0.0; 2 * PART];
            // The transform there and back multiplies by its length.
            for (slot, tap) in padded.iter_mut().zip(part) {
                *slot = *tap / (2 * PART) as f32;
            }
            let mut spectrum = forward.make_output_vec();
            transform(&*forward, &mut padded, &mut spectrum);
            spectrum
        };
        let parts: Vec<_> = impulse.chunks(PART).skip(1).map(spectrum).collect();
        let blocks = vec![forward.make_output_vec(); parts.len()];
        Self {
            sum: forward.make_output_vec(),
            work: vec![0.0; 2 * PART],
            tail: vec![0.0; PART],
            input: vec![0.0; 2 * PART],
            filled: 0,
            newest: 0,
            forward,
            backward,
            head,
            parts,
            blocks,
        }
    }

    /// Replaces samples by their convolution. Any cut of a stream gives the same.
    pub fn process(&mut self, samples: &mut [f32]) {
        let mut rest = samples;
        while !rest.is_empty() {
            let n = rest.len().min(PART - self.filled);
            let (now, later) = rest.split_at_mut(n);
            let from = PART + self.filled;
            self.input[from..from + n].copy_from_slice(now);
            for (i, sample) in now.iter_mut().enumerate() {
                let window = &self.input[self.filled + i + 1..][..PART];
                *sample = dot(&self.head, window) + self.tail[self.filled + i];
            }
            self.filled += n;
            if self.filled == PART {
                self.turn();
            }
            rest = later;
        }
    }

    /// A block is full: what do the later parts of the response give to the next one?
    fn turn(&mut self) {
        self.filled = 0;
        if !self.parts.is_empty() {
            self.newest = (self.newest + 1) % self.blocks.len();
            self.work.copy_from_slice(&self.input);
            transform(
                &*self.forward,
                &mut self.work,
                &mut self.blocks[self.newest],
            );
            self.sum.fill(Complex32::ZERO);
            let (old, new) = self.blocks.split_at(self.newest + 1);
            let past = old.iter().rev().chain(new.iter().rev());
            for (part, block) in self.parts.iter().zip(past) {
                for ((sum, a), b) in self.sum.iter_mut().zip(part).zip(block) {
                    *sum += a * b;
                }
            }
            // A real signal has no imaginary part there; rounding may have left some.
            self.sum[0].im = 0.0;
            self.sum[PART].im = 0.0;
            let done = self.backward.process(&mut self.sum, &mut self.work);
            debug_assert!(done.is_ok(), "lengths are those of the plan");
            self.tail.copy_from_slice(&self.work[PART..]);
        }
        self.input.copy_within(PART.., 0);
    }
}

impl fmt::Debug for Convolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Convolver({} parts of {PART})", self.parts.len() + 1)
    }
}

fn transform(plan: &dyn RealToComplex<f32>, input: &mut [f32], output: &mut [Complex32]) {
    let done = plan.process(input, output);
    debug_assert!(done.is_ok(), "lengths are those of the plan");
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

/// Samples in a part: the direct sum and the spectra cost about the same for half a second.
const PART: usize = 256;

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    fn noise(n: usize, name: &str) -> Vec<f32> {
        let mut random = Random::new(1, name);
        (0..n).map(|_| random.gaussian() as f32).collect()
    }

    #[test]
    fn it_agrees_with_the_double_loop() {
        let input = noise(2_500, "input");
        for taps in [0, 1, 255, 256, 257, 512, 1_300] {
            let impulse = noise(taps, "impulse");
            let mut got = input.clone();
            Convolver::new(&impulse).process(&mut got);
            for (n, got) in got.iter().enumerate() {
                let want: f64 = (0..taps.min(n + 1))
                    .map(|k| f64::from(impulse[k]) * f64::from(input[n - k]))
                    .sum();
                // Rounding of f32 over sums of about sqrt(taps).
                assert!(
                    (f64::from(*got) - want).abs() < 1e-3,
                    "{taps} taps, {n}: {got} {want}"
                );
            }
        }
    }

    #[test]
    fn cutting_the_input_changes_no_bit() {
        let input = noise(3_000, "input");
        let convolver = Convolver::new(&noise(1_000, "impulse"));
        let mut want = input.clone();
        convolver.clone().process(&mut want);
        for size in [1, 100, 257] {
            let mut got = input.clone();
            let mut convolver = convolver.clone();
            got.chunks_mut(size)
                .for_each(|block| convolver.process(block));
            assert!(got == want, "in blocks of {size}");
        }
    }
}
