//! Level over time and frequency, in bounded memory however long the sound is.
//!
//! Columns begin short. When there are too many, neighbours are joined, and from then on each
//! column takes twice the time. Joined columns keep the greater value: a short burst stays visible
//! in a long recording, at the price of a noise floor that rises by some decibels.

use std::sync::Arc;

use airshake::units::{Hertz, SampleRate};
use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

/// Columns at most; half as many at least, once there were as many. A picture is not wider.
const MOST_COLUMNS: usize = 1600;
/// Rows at most.
const MOST_ROWS: usize = 480;
/// Seconds of a window, about: a symbol is four times as long, a preamble twice.
const WINDOW_S: f64 = 0.03;
/// Below this is digital silence.
const FLOOR_DB: f32 = -140.0;

/// A spectrogram that grows.
pub(super) struct Spectrogram {
    rate: SampleRate,
    forward: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// Makes a sine at full scale 0 dB.
    scale: f32,
    input: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Bins of each row.
    rows: Vec<std::ops::Range<usize>>,
    band: (f64, f64),
    /// The latest samples, less than a window.
    pending: Vec<f32>,
    /// Samples from one window to the next, at most a window.
    hop: usize,
    /// Windows of a column.
    per_column: usize,
    in_column: usize,
    /// Powers, column after column; the last may be unfinished.
    powers: Vec<f32>,
}

impl Spectrogram {
    /// Of samples at `rate`, between two frequencies, with columns of `hop_s` seconds to begin with.
    pub(super) fn new(rate: SampleRate, band: (Hertz, Hertz), hop_s: f64) -> Self {
        let len = ((f64::from(rate.0) * WINDOW_S) as usize)
            .clamp(64, 1 << 16)
            .next_power_of_two();
        let forward = RealFftPlanner::new().plan_fft_forward(len);
        let spacing = f64::from(rate.0) / len as f64;
        let bins = len / 2 + 1;
        let first = ((band.0.0 / spacing) as usize).min(bins - 2);
        let last = ((band.1.0 / spacing).ceil() as usize).clamp(first + 1, bins);
        let per_row = (last - first).div_ceil(MOST_ROWS);
        let rows: Vec<_> = (first..last)
            .step_by(per_row)
            .map(|bin| bin..(bin + per_row).min(last))
            .collect();
        let window: Vec<f32> = (0..len)
            .map(|i| {
                (std::f32::consts::PI * (i as f32 + 0.5) / len as f32)
                    .sin()
                    .powi(2)
            })
            .collect();
        let half_sum = window.iter().sum::<f32>() / 2.0;
        // The first window is centred on the first sample.
        let pending = vec![0.0; len / 2];
        Self {
            rate,
            window,
            scale: 1.0 / (half_sum * half_sum),
            input: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            scratch: forward.make_scratch_vec(),
            forward,
            band: (
                (first as f64 - 0.5) * spacing,
                (last as f64 - 0.5) * spacing,
            ),
            rows,
            pending,
            hop: (rate.samples_in(hop_s) as usize).clamp(1, len),
            per_column: 1,
            in_column: 0,
            powers: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, mut samples: &[f32]) {
        let len = self.window.len();
        while !samples.is_empty() {
            let take = samples.len().min(len - self.pending.len());
            self.pending.extend_from_slice(&samples[..take]);
            samples = &samples[take..];
            if self.pending.len() == len {
                self.transform();
                self.pending.drain(..self.hop);
            }
        }
    }

    /// What is left at the end, as if silence followed.
    pub(super) fn finish(&mut self) {
        self.push(&vec![0.0; self.window.len() / 2]);
    }

    fn transform(&mut self) {
        for ((slot, x), weight) in self.input.iter_mut().zip(&self.pending).zip(&self.window) {
            *slot = if x.is_finite() { x * weight } else { 0.0 };
        }
        self.forward
            .process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch)
            .expect("buffers come from the plan");
        let rows = self.rows.len();
        if self.in_column == 0 {
            if self.columns() == MOST_COLUMNS {
                self.join();
            }
            self.powers.extend(std::iter::repeat_n(0.0, rows));
        }
        let column = self.powers.len() - rows;
        for (slot, bins) in self.powers[column..].iter_mut().zip(&self.rows) {
            let count = bins.len() as f32;
            let power: f32 = self.spectrum[bins.clone()]
                .iter()
                .map(|c| c.norm_sqr())
                .sum();
            *slot = slot.max(power / count * self.scale);
        }
        self.in_column = (self.in_column + 1) % self.per_column;
    }

    /// Joins neighbouring columns.
    fn join(&mut self) {
        let rows = self.rows.len();
        let joined: Vec<f32> = self
            .powers
            .chunks(2 * rows)
            .flat_map(|pair| (0..rows).map(|i| pair[i].max(*pair.get(rows + i).unwrap_or(&0.0))))
            .collect();
        self.powers = joined;
        // First windows drift apart until they only touch, then each column holds more of them.
        if self.hop * 2 <= self.window.len() {
            self.hop *= 2;
        } else {
            self.per_column *= 2;
        }
    }

    fn columns(&self) -> usize {
        self.powers.len() / self.rows.len()
    }

    /// Seconds of a column.
    pub(super) fn column_s(&self) -> f64 {
        self.rate.seconds((self.hop * self.per_column) as u64)
    }

    /// What was measured.
    pub(super) fn measured(&self) -> Measured {
        let half = self.rate.seconds(self.hop as u64) / 2.0;
        Measured {
            columns: self.columns(),
            // A window stands for the time around its middle.
            seconds: (-half, self.columns() as f64 * self.column_s() - half),
            band: self.band,
            decibels: self
                .powers
                .iter()
                .map(|power| (10.0 * power.log10()).max(FLOOR_DB))
                .collect(),
        }
    }
}

/// A spectrogram as it is drawn.
pub(super) struct Measured {
    pub(super) columns: usize,
    /// Begin of the first column and end of the last.
    pub(super) seconds: (f64, f64),
    /// The lowest and highest frequency, in hertz.
    pub(super) band: (f64, f64),
    /// Column after column, from low to high frequencies; 0 is a sine at full scale.
    pub(super) decibels: Vec<f32>,
}

impl Measured {
    /// Levels between which there is something to see: from the quieter places to the loudest.
    pub(super) fn range(&self) -> (f64, f64) {
        let mut sorted = self.decibels.clone();
        if sorted.iter().all(|level| *level <= FLOOR_DB) {
            return (-100.0, -40.0);
        }
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| f64::from(sorted[(share * (sorted.len() - 1) as f64) as usize]);
        // Noise alone is to look pale, and what is quiet is still to be seen beside what is loud.
        let low = (at(0.2) / 5.0).floor() * 5.0;
        let high = ((at(0.999) / 5.0).ceil() * 5.0).max(low + 30.0);
        (low.max(high - 70.0), high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(48_000);
    const BAND: (Hertz, Hertz) = (Hertz(0.0), Hertz(12_000.0));

    fn sine(frequency: f32, from: usize, len: usize) -> Vec<f32> {
        (from..from + len)
            .map(|i| (std::f32::consts::TAU * frequency * i as f32 / 48_000.0).sin())
            .collect()
    }

    #[test]
    fn a_full_scale_sine_is_at_0_db_in_its_row_and_its_time() {
        let mut spectrogram = Spectrogram::new(RATE, BAND, 0.01);
        spectrogram.push(&vec![0.0; 48_000]);
        spectrogram.push(&sine(3_000.0, 0, 48_000));
        spectrogram.finish();
        let measured = spectrogram.measured();
        let rows = measured.decibels.len() / measured.columns;
        let (at, level) = measured
            .decibels
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .expect("not empty");
        let (low, high) = measured.band;
        let frequency = low + (high - low) * ((at % rows) as f64 + 0.5) / rows as f64;
        assert!((frequency - 3_000.0).abs() < 50.0, "{frequency}");
        // A row is the mean of a few bins; the line fills three.
        assert!((-6.0..=0.1).contains(level), "{level}");
        let loud = (0..measured.columns)
            .find(|column| measured.decibels[column * rows + at % rows] > -10.0)
            .expect("it sounds");
        let seconds = measured.seconds.0 + loud as f64 * 0.01;
        assert!((seconds - 1.0).abs() < 0.03, "{seconds}");
        assert!((measured.seconds.1 - 2.0).abs() < 0.03);
    }

    #[test]
    fn memory_stays_bounded_and_a_late_blip_stays_at_its_time() {
        let mut spectrogram = Spectrogram::new(SampleRate(8_000), (Hertz(0.0), Hertz(4e3)), 0.01);
        let quiet = vec![0.0; 8_000];
        for second in 0..600 {
            if second == 451 {
                spectrogram.push(&sine(6_000.0, 0, 8_000));
            } else {
                spectrogram.push(&quiet);
            }
            assert!(spectrogram.powers.len() <= MOST_COLUMNS * MOST_ROWS);
        }
        spectrogram.finish();
        let measured = spectrogram.measured();
        assert!(
            (measured.seconds.1 - 600.0).abs() < 2.0,
            "{:?}",
            measured.seconds
        );
        let rows = measured.decibels.len() / measured.columns;
        let loud = measured
            .decibels
            .chunks(rows)
            .position(|column| column.iter().any(|level| *level > -20.0))
            .expect("the blip");
        let seconds = loud as f64 * spectrogram.column_s();
        assert!((seconds - 451.0).abs() < 2.0, "{seconds}");
    }

    #[test]
    fn silence_and_nonsense_have_a_range_too() {
        let mut spectrogram = Spectrogram::new(RATE, BAND, 0.01);
        spectrogram.push(&[f32::NAN; 5_000]);
        assert_eq!(spectrogram.measured().range(), (-100.0, -40.0));
        assert_eq!(Spectrogram::new(RATE, BAND, 0.01).measured().columns, 0);
    }
}
