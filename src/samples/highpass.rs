//! A filter that keeps a burst out of what people hear.
//!
//! A symbol that begins at once is a click, faint but far below its tones, and so is every crest
//! that was clipped. For tones nobody hears that would be all there is to hear.

use super::kaiser::{Kaiser, sinc};
use crate::units::{Hertz, SampleRate};

/// Shape of the Kaiser window for 60 dB of rejection.
const KAISER_BETA: f64 = 5.65;
/// Its width: transition band in parts of the rate, times taps (Kaiser 1974: (60 - 8) / 14.36).
const WIDTH: f64 = 3.62;

/// A streaming filter without net delay: a sample pushed comes out once as many were pushed after
/// it as the filter reaches.
#[derive(Clone, Debug)]
pub struct HighPass {
    taps: Vec<f32>,
    /// What the next output is computed from, and what is not yet needed.
    window: Vec<f32>,
}

impl HighPass {
    /// Rejects everything up to `stop` by 60 dB and passes everything from `pass` on, within a
    /// hundredth of a decibel.
    ///
    /// # Panics
    /// If not `0 < stop < pass < rate / 2`.
    pub fn new(rate: SampleRate, stop: Hertz, pass: Hertz) -> Self {
        let rate = f64::from(rate.0);
        assert!(0.0 < stop.0 && stop.0 < pass.0 && pass.0 < rate / 2.0);
        let half = (WIDTH * rate / (pass.0 - stop.0) / 2.0).ceil() as usize;
        let edge = (stop.0 + pass.0) / 2.0 / rate;
        let kaiser = Kaiser::new(KAISER_BETA);
        let taps = (0..=2 * half)
            .map(|k| {
                let x = k as f64 - half as f64;
                let low = 2.0 * edge * sinc(2.0 * edge * x);
                let high = if k == half { 1.0 - low } else { -low };
                (high * kaiser.at(x / half as f64)) as f32
            })
            .collect();
        Self {
            taps,
            window: vec![0.0; half],
        }
    }

    /// Samples by which a sound gets longer, before and after.
    pub fn reach(&self) -> usize {
        self.taps.len() / 2
    }

    /// Takes samples and appends those they complete to `out`.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.window.extend_from_slice(samples);
        let outputs = self.window.windows(self.taps.len());
        out.extend(outputs.map(|window| {
            let products = window.iter().zip(&self.taps).map(|(x, tap)| x * tap);
            products.sum::<f32>()
        }));
        let kept = self.window.len().min(self.taps.len() - 1);
        self.window.drain(..self.window.len() - kept);
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    const RATE: SampleRate = SampleRate::HZ_48000;

    /// What is left of a sine, as a ratio of amplitudes.
    fn left(frequency: f64) -> f64 {
        let filter = HighPass::new(RATE, Hertz(16_000.0), Hertz(17_000.0));
        // The response of a symmetric filter, by definition.
        let turn = 2.0 * PI * frequency / f64::from(RATE.0);
        let half = filter.reach() as f64;
        let part = |(k, tap): (usize, &f32)| f64::from(*tap) * (turn * (k as f64 - half)).cos();
        filter.taps.iter().enumerate().map(part).sum::<f64>().abs()
    }

    #[test]
    fn it_rejects_and_passes_what_it_promises() {
        for frequency in (0..=16_000).step_by(100) {
            assert!(left(f64::from(frequency)) < 1.1e-3, "{frequency} Hz");
        }
        for frequency in (17_000..24_000).step_by(100) {
            assert!(
                (left(f64::from(frequency)) - 1.0).abs() < 1.1e-3,
                "{frequency} Hz"
            );
        }
    }

    #[test]
    fn cuts_of_the_stream_change_nothing_and_there_is_no_delay() {
        let mut click = vec![0.0; 1000];
        click[500] = 1.0;
        let mut whole = Vec::new();
        let mut filter = HighPass::new(RATE, Hertz(16_000.0), Hertz(17_000.0));
        filter.push(&click, &mut whole);
        let mut pieces = Vec::new();
        let mut filter = HighPass::new(RATE, Hertz(16_000.0), Hertz(17_000.0));
        click
            .chunks(7)
            .for_each(|piece| filter.push(piece, &mut pieces));
        assert_eq!(whole, pieces);
        assert_eq!(whole.len(), 1000 - filter.reach());
        let peak = whole.iter().copied().fold(0.0, f32::max);
        assert_eq!(whole[500], peak);
    }
}
