//! A stream cut into overlapping blocks, and their spectra.

use realfft::num_complex::Complex32;

use super::super::transform::ToSpectrum;
use super::{QUARTERS, rise};

/// Cuts a stream into blocks, a hop apart.
///
/// A transform takes its block for one turn of something periodic. Where the end of a block does
/// not fit its beginning, that is a jump, whose spectrum reaches far: of a voice or of music at
/// 1 kHz, so much up to 17 kHz that it would look like a preamble wherever the air above is quiet.
/// So in the last quarter of a hop what follows the block fades into what came before it.
pub(super) struct Blocks {
    forward: ToSpectrum,
    /// A quarter that came before, then the block; there up to `filled`.
    input: Vec<f32>,
    filled: usize,
    block: Vec<f32>,
    /// From 0 to 1, over a quarter.
    fade: Vec<f32>,
}

impl Blocks {
    /// Blocks of so many [`QUARTERS`] of `hop` samples. Silence is taken to come before the
    /// stream.
    ///
    /// # Panics
    /// If `hop` is not a multiple of 4.
    pub(super) fn new(hop: usize) -> Self {
        assert!(hop.is_multiple_of(4), "a hop of {hop}");
        let quarter = hop / 4;
        let forward = ToSpectrum::new(quarter * QUARTERS);
        Self {
            input: vec![0.0; quarter * (QUARTERS + 1)],
            filled: quarter,
            block: vec![0.0; quarter * QUARTERS],
            fade: (0..quarter)
                .map(|i| rise((i as f32 + 0.5) / quarter as f32))
                .collect(),
            forward,
        }
    }

    /// Samples between two blocks.
    pub(super) fn hop(&self) -> usize {
        4 * self.fade.len()
    }

    /// Samples of a block.
    pub(super) fn len(&self) -> usize {
        self.block.len()
    }

    /// Room for the spectrum of a block.
    pub(super) fn make_spectrum(&self) -> Vec<Complex32> {
        self.forward.make_spectrum()
    }

    /// Takes of `samples` what a block still needs; true if it then is whole, and its `spectrum`
    /// made.
    pub(super) fn take(&mut self, samples: &mut &[f32], spectrum: &mut [Complex32]) -> bool {
        let missing = self.input.len() - self.filled;
        let (now, later) = samples.split_at(samples.len().min(missing));
        self.input[self.filled..][..now.len()].copy_from_slice(now);
        self.filled += now.len();
        *samples = later;
        if self.filled < self.input.len() {
            return false;
        }
        let quarter = self.fade.len();
        let (before, block) = self.input.split_at(quarter);
        self.block.copy_from_slice(block);
        let end = self.block.len() - quarter;
        for ((sample, before), fade) in self.block[end..].iter_mut().zip(before).zip(&self.fade) {
            *sample += (before - *sample) * fade;
        }
        self.forward.transform(&mut self.block, spectrum);
        let hop = self.hop();
        self.input.copy_within(hop.., 0);
        self.filled -= hop;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a tone far from its place: the jump of a bare block falls with the first
    /// power of the distance; two that rise and fall over a quarter of a hop, T, with the third.
    /// `1 / (1 - (2 f T)^2)` is that of a raised cosine of length T beside a jump.
    #[test]
    fn a_tone_leaves_nothing_far_from_its_place() {
        let (rate, hertz) = (48_000.0, 1_234.5);
        let mut blocks = Blocks::new(960);
        let samples: Vec<f32> = (0..9_600)
            .map(|i| (std::f64::consts::TAU * hertz / rate * f64::from(i)).sin() as f32)
            .collect();
        let mut spectrum = blocks.make_spectrum();
        let mut rest = &samples[..];
        let mut whole = 0;
        while !rest.is_empty() {
            if !blocks.take(&mut rest, &mut spectrum) {
                continue;
            }
            whole += 1;
            // The first has silence before it.
            if whole == 1 {
                continue;
            }
            let per_bin = rate / blocks.len() as f64;
            let peak = blocks.len() as f64 / 2.0;
            for (bin, value) in spectrum.iter().enumerate() {
                let away = (bin as f64 * per_bin - hertz).abs();
                if away < 4_000.0 {
                    continue;
                }
                let turns = away * 240.0 / rate;
                // A jump of at most 2 in one sample has a spectrum of rate / (2 pi f) of that.
                let jump = 2.0 * rate / (std::f64::consts::TAU * away);
                let bound = 2.0 * jump / ((2.0 * turns).powi(2) - 1.0) + 1e-6 * peak;
                assert!(
                    f64::from(value.norm()) < bound,
                    "{away}: {} {bound}",
                    value.norm()
                );
            }
        }
        assert_eq!(whole, (9_600 - blocks.len()) / 960 + 1);
    }
}
