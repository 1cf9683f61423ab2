//! To half the rate, in a third of the time.
//!
//! There the filter falls to a half at a quarter of the rate, so every second tap lies on a zero
//! of the sinc, all but the middle one. Even and odd samples are taken apart; eight outputs at a
//! time are then sums over neighbouring samples, without a step between them.

use crate::lanes::add_filtered;

/// Filters and halves.
#[derive(Clone, Debug)]
pub(super) struct Half {
    /// Taps for the even samples of a window, and the one for the odd sample in its middle.
    even: Vec<f32>,
    middle: f32,
    /// Where that one is.
    place: usize,
    evens: Vec<f32>,
    odds: Vec<f32>,
}

impl Half {
    /// From all taps: a multiple of four, the middle one last in the first half. Windows are at
    /// most `longest`.
    pub(super) fn new(taps: &[f32], longest: usize) -> Self {
        let middle = taps.len() / 2 - 1;
        Self {
            even: taps.iter().copied().step_by(2).collect(),
            middle: taps[middle],
            place: middle / 2,
            evens: Vec::with_capacity(longest / 2),
            odds: Vec::with_capacity(longest / 2),
        }
    }

    /// Appends all outputs whose taps find a sample; returns how many.
    pub(super) fn convert(&mut self, window: &[f32], out: &mut Vec<f32>) -> usize {
        let taps = 2 * self.even.len();
        let Some(more) = window.len().checked_sub(taps) else {
            return 0;
        };
        let outputs = more / 2 + 1;
        let pairs = window.as_chunks::<2>().0;
        self.evens.clear();
        self.evens.extend(pairs.iter().map(|pair| pair[0]));
        self.odds.clear();
        self.odds.extend(pairs.iter().map(|pair| pair[1]));
        let start = out.len();
        // The middle first, then tap after tap: the same order for every output, so that the same
        // bits come wherever a block begins.
        let odds = &self.odds[self.place..][..outputs];
        out.extend(odds.iter().map(|x| x * self.middle));
        let (blocks, rest) = out[start..].as_chunks_mut::<AT_ONCE>();
        for (block, sums) in blocks.iter_mut().enumerate() {
            let samples = &self.evens[block * AT_ONCE..][..self.even.len() + AT_ONCE - 1];
            add_filtered(sums, &self.even, samples);
        }
        let done = outputs - rest.len();
        for (k, sum) in rest.iter_mut().enumerate() {
            for (tap, sample) in self.even.iter().zip(&self.evens[done + k..]) {
                *sum += tap * sample;
            }
        }
        outputs
    }
}

/// Outputs at a time: two vectors of the smallest machine.
const AT_ONCE: usize = 8;

#[cfg(test)]
mod tests {
    use super::super::filter::{Filter, Rows};
    use super::*;
    use crate::units::{Hertz, SampleRate};

    #[test]
    fn it_gives_what_all_taps_give() {
        for highest in [100.0, 5_000.0, 9_000.0, 11_400.0] {
            let filter = Filter::new(SampleRate(48_000), SampleRate(24_000), Hertz(highest));
            let rows = Rows::new(&filter, 1);
            let mut half = Half::new(rows.row(0), 1_001);
            for length in [0, 1, rows.taps - 1, rows.taps, rows.taps + 1, 1_000, 1_001] {
                let window: Vec<f32> = (0..length)
                    .map(|n| (n * 7_919 % 1_000) as f32 / 500.0 - 1.0)
                    .collect();
                let mut got = Vec::new();
                let outputs = half.convert(&window, &mut got);
                let want: Vec<f32> = window
                    .windows(rows.taps)
                    .step_by(2)
                    .map(|w| rows.at(0, w))
                    .collect();
                assert_eq!((got.len(), outputs), (want.len(), want.len()));
                for (got, want) in got.iter().zip(&want) {
                    // Rounding, and the zeros of a sinc in floating point.
                    assert!((got - want).abs() < 2e-6, "{got} {want}");
                }
            }
        }
    }
}
