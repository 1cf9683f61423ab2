//! How loud a stream of samples is at each frequency, for a screen.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

use crate::units::{Hertz, SampleRate};

/// Loudness over frequency, of a tenth of a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spectrum {
    /// Decibels, in bands of [`Spectrum::WIDTH`] from 0 Hz upwards; 0 is a sine at full scale in
    /// that band, and nothing is below [`Spectrum::FLOOR`].
    pub levels: [f32; Spectrum::BANDS],
}

impl Spectrum {
    /// How many bands there are: up to 22 kHz, which the lowest rate of a good sound card carries.
    pub const BANDS: usize = 44;
    /// How wide a band is: a tenth of what the narrowest profiles of the modem take, and more than
    /// ten times what a look of some 20 ms can tell apart.
    pub const WIDTH: Hertz = Hertz(500.0);
    /// Less than this is as good as nothing: the noise of 16-bit samples is louder in each band.
    pub const FLOOR: f32 = -120.0;

    /// The loudest band between two frequencies, in decibels.
    pub fn between(&self, low: Hertz, high: Hertz) -> f32 {
        let first = (low.0 / Self::WIDTH.0).floor().max(0.0) as usize;
        let last = (high.0 / Self::WIDTH.0).ceil().max(0.0) as usize;
        let first = first.min(Self::BANDS);
        self.levels[first..last.clamp(first, Self::BANDS)]
            .iter()
            .copied()
            .fold(Self::FLOOR, f32::max)
    }
}

/// Takes a stream of samples to pieces, ten times a second. It looks at nearly all of them, once.
pub struct Spectroscope {
    forward: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    input: Vec<f32>,
    filled: usize,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// The band of each bin.
    bands: Vec<Option<usize>>,
    /// Makes a sine at full scale 1.
    scale: f32,
    powers: [f32; Spectrum::BANDS],
    looks: u32,
    block: u64,
    passed: u64,
}

impl Spectroscope {
    /// For samples at `rate`. Allocates here.
    pub fn new(rate: SampleRate) -> Self {
        let len = ((f64::from(rate.0) * LOOK_S) as usize)
            .clamp(64, 1 << 14)
            .next_power_of_two();
        let forward = RealFftPlanner::new().plan_fft_forward(len);
        let window: Vec<f32> = (0..len)
            .map(|i| {
                let phase = std::f32::consts::PI * (i as f32 + 0.5) / len as f32;
                phase.sin().powi(2)
            })
            .collect();
        let squares: f32 = window.iter().map(|w| w * w).sum();
        let spacing = f64::from(rate.0) / len as f64;
        let bands = (0..=len / 2)
            .map(|bin| {
                let band = (bin as f64 * spacing / Spectrum::WIDTH.0) as usize;
                (band < Spectrum::BANDS).then_some(band)
            })
            .collect();
        Self {
            input: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            scratch: forward.make_scratch_vec(),
            forward,
            window,
            filled: 0,
            bands,
            // By Parseval: half of the power is at positive frequencies, and a sine's mean
            // square is one half.
            scale: 4.0 / (len as f32 * squares),
            powers: [0.0; Spectrum::BANDS],
            looks: 0,
            block: (u64::from(rate.0) / BLOCKS_PER_SECOND).max(1),
            passed: 0,
        }
    }

    /// Takes any number of samples. Gives the spectrum of the last tenth of a second that they
    /// completed, if they completed one.
    pub fn push(&mut self, mut samples: &[f32]) -> Option<Spectrum> {
        let mut completed = None;
        while !samples.is_empty() {
            let to_look = self.window.len() - self.filled;
            let to_block = usize::try_from(self.block - self.passed).unwrap_or(usize::MAX);
            let (now, later) = samples.split_at(samples.len().min(to_look).min(to_block));
            for (&sample, weight) in now.iter().zip(&self.window[self.filled..]) {
                // A broken driver may deliver anything.
                let sample = if sample.is_finite() {
                    sample.clamp(-LOUDEST, LOUDEST)
                } else {
                    0.0
                };
                self.input[self.filled] = sample * weight;
                self.filled += 1;
            }
            self.passed += now.len() as u64;
            samples = later;
            if self.filled == self.window.len() {
                self.look();
            }
            if self.passed == self.block {
                completed = Some(self.complete());
            }
        }
        completed
    }

    fn look(&mut self) {
        self.filled = 0;
        self.forward
            .process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch)
            .expect("buffers come from the plan");
        for (value, band) in self.spectrum.iter().zip(&self.bands) {
            if let Some(band) = band {
                self.powers[*band] += value.norm_sqr();
            }
        }
        self.looks += 1;
    }

    fn complete(&mut self) -> Spectrum {
        let scale = self.scale / self.looks.max(1) as f32;
        let levels = self
            .powers
            .map(|power| (10.0 * (power * scale).log10()).max(Spectrum::FLOOR));
        self.powers = [0.0; Spectrum::BANDS];
        (self.looks, self.passed) = (0, 0);
        Spectrum { levels }
    }
}

impl fmt::Debug for Spectroscope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spectroscope")
            .field("len", &self.window.len())
            .field("looks", &self.looks)
            .finish_non_exhaustive()
    }
}

/// Seconds of a look at least, and less than twice as many: a symbol of the modem is several times
/// as long.
const LOOK_S: f64 = 0.02;

/// As often as the level is told.
const BLOCKS_PER_SECOND: u64 = 10;

/// Full scale is 1; what is this much more is nonsense, and its square must stay a number.
const LOUDEST: f32 = 1e3;

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: SampleRate, frequency: f64, seconds: f64) -> Vec<f32> {
        (0..rate.samples_in(seconds))
            .map(|i| (std::f64::consts::TAU * frequency * rate.seconds(i)).sin() as f32)
            .collect()
    }

    fn all(rate: SampleRate, samples: &[f32], piece: usize) -> Vec<Spectrum> {
        let mut scope = Spectroscope::new(rate);
        samples
            .chunks(piece)
            .filter_map(|piece| scope.push(piece))
            .collect()
    }

    #[test]
    fn a_full_scale_sine_is_at_0_db_in_its_band_at_every_rate() {
        for rate in [8_000, 16_000, 44_100, 48_000, 96_000, 192_000].map(SampleRate) {
            let spectra = all(rate, &sine(rate, 1_250.0, 1.0), 441);
            assert_eq!(spectra.len(), 10, "{rate}");
            for spectrum in &spectra {
                // By the window's mean over any phase of the sine, and what is outside the band:
                // a Hann window's lobe is two bins to each side.
                assert!(spectrum.levels[2].abs() < 0.1, "{rate} {spectrum:?}");
                assert_eq!(
                    spectrum.between(Hertz(1_000.0), Hertz(1_500.0)),
                    spectrum.levels[2]
                );
                assert!(spectrum.between(Hertz(3_000.0), Hertz(3e4)) < -60.0);
            }
        }
    }

    #[test]
    fn any_cut_of_the_same_samples_gives_the_same_spectra() {
        let rate = SampleRate::HZ_48000;
        let mut samples = sine(rate, 440.0, 0.3);
        samples.extend(sine(rate, 18_000.0, 0.25));
        let whole: Vec<Spectrum> = all(rate, &samples, 4_800);
        assert_eq!(whole.len(), 5);
        for piece in [1, 7, 1_024, 4_799] {
            assert_eq!(all(rate, &samples, piece), whole, "{piece}");
        }
    }

    #[test]
    fn silence_and_nonsense_have_a_spectrum_too() {
        let rate = SampleRate::HZ_48000;
        for sample in [0.0, f32::NAN, f32::INFINITY, f32::MAX, f32::MIN] {
            for spectrum in all(rate, &[sample; 9_600], 480) {
                let sane = |level: &f32| level.is_finite() && *level >= Spectrum::FLOOR;
                assert!(spectrum.levels.iter().all(sane), "{sample}: {spectrum:?}");
            }
        }
        let silent = all(rate, &[0.0; 4_800], 480);
        assert_eq!(silent[0].levels, [Spectrum::FLOOR; Spectrum::BANDS]);
        assert_eq!(
            silent[0].between(Hertz(-5.0), Hertz(f64::NAN)),
            Spectrum::FLOOR
        );
    }
}
