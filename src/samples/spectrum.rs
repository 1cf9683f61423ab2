//! The long-term spectrum of a stream, from a look now and then: enough to see where it ends.

use std::f64::consts::PI;

use realfft::num_complex::Complex32;

use super::angle::cosine;
use super::transform::ToSpectrum;
use crate::units::{Hertz, SampleRate};

/// Looks a second. A burst lasts for two at least.
const LOOKS_PER_SECOND: u64 = 10;
/// A look is at least so many seconds long: bins of 50 Hz or less.
const LOOK_S: f64 = 0.02;
/// Bins are averaged over this many hertz.
const SMOOTH: f64 = 150.0;
/// Power of a bin that counts as nothing at all, 40 dB below the noise of 16-bit samples.
const NOTHING: f64 = 1e-14;
/// Products of powers may become as great, or as small as one over it: no power, not even the
/// square of the greatest single-precision number, brings one from there to infinity.
const GREATEST: f64 = 1e200;
/// A channel ends where the spectrum falls by this many decibels from [`BELOW`] to [`ABOVE`], an
/// octave or less, and does not rise again: no room, speaker or voice falls that steeply, and
/// every codec and every filter before a converter falls by more.
const CLIFF_DB: f64 = 25.0;
/// What lies below an edge, as parts of its frequency.
const BELOW: (f64, f64) = (0.55, 0.8);
/// What lies above it begins here.
const ABOVE: f64 = 1.1;

/// Looks at a stream and keeps the mean of what it sees, in decibels: a click or a pause moves
/// such a mean less than one of powers. Digital silence is not looked at.
pub struct LongSpectrum {
    forward: ToSpectrum,
    window: Vec<f32>,
    input: Vec<f32>,
    filled: usize,
    /// Samples until the next look begins.
    skip: u64,
    period: u64,
    spectrum: Vec<Complex32>,
    /// The powers of each bin multiplied, and the logarithms of what was taken out of that: a
    /// logarithm for many looks is as good as one each.
    products: Vec<f64>,
    sums: Vec<f64>,
    looks: u64,
    bin: f64,
}

impl std::fmt::Debug for LongSpectrum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LongSpectrum")
            .field("bin", &self.bin)
            .field("looks", &self.looks)
            .finish()
    }
}

impl LongSpectrum {
    /// For samples at `rate`. Allocates here.
    pub fn new(rate: SampleRate) -> Self {
        let size = (rate.samples_in(LOOK_S) as usize)
            .clamp(16, 1 << 20)
            .next_power_of_two();
        let forward = ToSpectrum::new(size);
        let hann = |i: usize| 0.5 - 0.5 * cosine(2.0 * PI * i as f64 / size as f64);
        Self {
            window: (0..size).map(|i| hann(i) as f32).collect(),
            input: vec![0.0; size],
            spectrum: forward.make_spectrum(),
            products: vec![1.0; size / 2 + 1],
            sums: vec![0.0; size / 2 + 1],
            forward,
            filled: 0,
            skip: 0,
            period: (u64::from(rate.0) / LOOKS_PER_SECOND).max(size as u64),
            looks: 0,
            bin: f64::from(rate.0) / size as f64,
        }
    }

    /// Takes any number of samples. What is not finite counts as silence.
    pub fn push(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            if self.skip > 0 {
                let skip = usize::try_from(self.skip)
                    .map_or(samples.len(), |skip| skip.min(samples.len()));
                self.skip -= skip as u64;
                samples = &samples[skip..];
                continue;
            }
            let take = samples.len().min(self.input.len() - self.filled);
            let room = &mut self.input[self.filled..self.filled + take];
            for (slot, sample) in room.iter_mut().zip(samples) {
                *slot = if sample.is_finite() { *sample } else { 0.0 };
            }
            self.filled += take;
            samples = &samples[take..];
            if self.filled == self.input.len() {
                self.look();
                self.filled = 0;
                self.skip = self.period - self.input.len() as u64;
            }
        }
    }

    fn look(&mut self) {
        if self.input.iter().all(|sample| *sample == 0.0) {
            return;
        }
        for (sample, weight) in self.input.iter_mut().zip(&self.window) {
            *sample *= weight;
        }
        self.forward.transform(&mut self.input, &mut self.spectrum);
        let scale = 1.0 / (self.input.len() as f64 * self.input.len() as f64);
        let bins = self.products.iter_mut().zip(&mut self.sums);
        for ((product, sum), bin) in bins.zip(&self.spectrum) {
            *product *= f64::from(bin.norm_sqr()) * scale + NOTHING;
            if !(GREATEST.recip()..GREATEST).contains(product) {
                *sum += 10.0 * product.log10();
                *product = 1.0;
            }
        }
        self.looks += 1;
    }

    /// The frequency above which nothing comes through, if there is such an edge between `from`
    /// and `to`, and nothing above it up to `until` either.
    pub fn end_of_band(&self, from: Hertz, to: Hertz, until: Hertz) -> Option<Hertz> {
        if self.looks == 0 {
            return None;
        }
        let index = |hertz: f64| ((hertz / self.bin) as usize).min(self.sums.len());
        let products = self.sums.iter().zip(&self.products);
        let levels: Vec<f64> = products
            .map(|(sum, product)| sum + 10.0 * product.log10())
            .collect();
        let mean = |from: usize, to: usize| {
            let part = &levels[from..to];
            part.iter().sum::<f64>() / (part.len().max(1) as f64 * self.looks as f64)
        };
        let step = (SMOOTH / self.bin).ceil() as usize;
        let until = index(until.0);
        let edges = (index(from.0)..index(to.0)).filter_map(|edge| {
            let part = |part: f64| (edge as f64 * part) as usize;
            if part(ABOVE) + step > until {
                return None;
            }
            let loudest_above = (part(ABOVE)..=until - step)
                .step_by((step / 2).max(1))
                .map(|at| mean(at, at + step))
                .fold(f64::NEG_INFINITY, f64::max);
            let fall = mean(part(BELOW.0), part(BELOW.1)) - loudest_above;
            (fall >= CLIFF_DB).then_some((edge, fall))
        });
        let (edge, _) = edges.max_by(|a, b| a.1.total_cmp(&b.1))?;
        // Many places satisfy a steep fall: it begins where a tenth of the power is left.
        let first = (edge as f64 * BELOW.0) as usize;
        let left = mean(first, (edge as f64 * BELOW.1) as usize) - 10.0;
        let end = (first..until - step).find(|at| mean(*at, at + step) < left)?;
        Some(Hertz((end + step / 2) as f64 * self.bin))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Resampler;
    use super::*;
    use crate::air::{Noise, Random, Room, Scene};
    use crate::units::Decibels;

    const RATE: SampleRate = SampleRate::HZ_48000;

    fn end(samples: &[f32]) -> Option<Hertz> {
        let mut spectrum = LongSpectrum::new(RATE);
        spectrum.push(samples);
        spectrum.end_of_band(Hertz(1500.0), Hertz(8600.0), Hertz(12_000.0))
    }

    fn noise(seconds: usize) -> Vec<f32> {
        let mut random = Random::new(3, "spectrum");
        (0..seconds * 48_000)
            .map(|_| 0.1 * random.gaussian() as f32)
            .collect()
    }

    fn resampled(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
        let highest = Hertz(f64::from(from.min(to)) * 0.45);
        let mut resampler = Resampler::new(SampleRate(from), SampleRate(to), highest).unwrap();
        let mut out = Vec::new();
        resampler.push(samples, &mut out);
        resampler.finish(&mut out);
        out
    }

    #[test]
    fn a_way_through_a_low_rate_shows_where_it_ends() {
        for (rate, least, most) in [(8_000, 3_400.0, 4_200.0), (16_000, 6_800.0, 8_400.0)] {
            let narrow = resampled(&resampled(&noise(3), 48_000, rate), rate, 48_000);
            let end = end(&narrow).expect("an edge").0;
            assert!((least..most).contains(&end), "{rate}: {end}");
        }
    }

    #[test]
    fn rooms_noises_and_voices_have_no_edge() {
        assert_eq!(end(&noise(3)), None);
        for noise in [Noise::Pink, Noise::Babble, Noise::Hum(Hertz(50.0))] {
            for scene in [Room::DESK, Room::NOTCHES, Room::HALL] {
                let scene = Scene {
                    noise: [None; 3],
                    ..scene
                }
                .with_noise(noise, Decibels(-20.0));
                let heard = Room::new(&scene, 1, RATE).apply(&[0.0; 96_000]);
                assert_eq!(end(&heard), None, "{noise:?} in {}", scene.name);
            }
        }
        assert_eq!(end(&[0.0; 48_000]), None);
    }

    #[test]
    fn any_cut_gives_the_same_mean() {
        let samples = noise(1);
        let mut whole = LongSpectrum::new(RATE);
        whole.push(&samples);
        let mut cut = LongSpectrum::new(RATE);
        samples.chunks(37).for_each(|piece| cut.push(piece));
        assert_eq!((whole.sums, whole.looks), (cut.sums, cut.looks));
        assert_eq!(whole.products, cut.products);
    }
}
