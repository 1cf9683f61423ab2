//! What else there is to hear.
//!
//! Levels are mean powers over all frequencies up to half the rate, in decibels against
//! [`REFERENCE_POWER`]. White noise of level `L` therefore has a density of
//! `L - 10 log10(rate / 2)` in each hertz.

use std::f64::consts::PI;

use super::biquad::Biquad;
use super::music::Player;
use super::random::Random;
use super::speech::Talker;
use crate::units::{Decibels, Hertz, SampleRate};

/// The power of a sine of peak 0.5: what a speaker at the usual volume ([`super::Scene::volume`])
/// is capable of, before the room. 0 dB of noise are as strong as that.
pub const REFERENCE_POWER: f64 = 0.125;

/// A kind of noise.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Noise {
    /// The same power in each hertz: hiss of an amplifier.
    White,
    /// The same power in each octave from about 20 Hz up: fans, streets, most rooms. At 48 kHz
    /// half of it lies below 500 Hz.
    Pink,
    /// Falling by 6 dB an octave from 20 Hz up: wind, traffic behind a wall.
    Brown,
    /// Mains: this frequency and its harmonics up to the twelfth, falling by 6 dB an octave.
    Hum(Hertz),
    /// Six people talking at the same time: pulses of voices through changing formants,
    /// hisses, syllables and pauses.
    Babble,
    /// Chords, tunes, drums, sweeps, sirens, whistles, birds, dialled numbers, other modems, and
    /// chirps that resemble our preamble, one after the other.
    Music,
}

/// An endless stream of one kind of noise.
#[derive(Clone, Debug)]
pub struct NoiseSource {
    random: Random,
    scale: f64,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    White,
    /// White noise through filters.
    Shaped(Vec<Biquad>),
    Hum {
        period: Vec<f64>,
        place: f64,
        step: f64,
    },
    Babble(Vec<Talker>),
    Music(Box<Player>),
}

impl NoiseSource {
    /// Noise of `level` against [`REFERENCE_POWER`].
    pub fn new(noise: Noise, level: Decibels, rate: SampleRate, mut random: Random) -> Self {
        let (kind, power) = match noise {
            Noise::White => (Kind::White, 1.0),
            Noise::Pink | Noise::Brown => {
                let sections = if noise == Noise::Pink {
                    pink(rate)
                } else {
                    brown(rate)
                };
                let power = mean_power(&sections, rate);
                (Kind::Shaped(sections), power)
            }
            Noise::Hum(mains) => {
                let period = hum(&mut random);
                let power = period.iter().map(|x| x * x).sum::<f64>() / period.len() as f64;
                let step = mains.0 / f64::from(rate.0) * period.len() as f64;
                let step = step.rem_euclid(period.len() as f64);
                (
                    Kind::Hum {
                        period,
                        place: 0.0,
                        step,
                    },
                    power,
                )
            }
            Noise::Babble => {
                let talkers = (0..TALKERS)
                    .map(|_| Talker::new(rate, &mut random))
                    .collect();
                (Kind::Babble(talkers), TALKERS as f64)
            }
            Noise::Music => (Kind::Music(Box::new(Player::new(rate, &mut random))), 1.0),
        };
        let scale = (REFERENCE_POWER * level.power_ratio() / power).sqrt();
        Self {
            random,
            scale,
            kind,
        }
    }

    /// Adds the next stretch of noise to samples.
    pub fn add(&mut self, samples: &mut [f32]) {
        for sample in samples {
            *sample += (self.next() * self.scale) as f32;
        }
    }

    #[inline]
    fn next(&mut self) -> f64 {
        match &mut self.kind {
            Kind::White => self.random.gaussian(),
            Kind::Shaped(sections) => {
                let white = self.random.gaussian();
                sections
                    .iter_mut()
                    .fold(white, |x, section| section.next(x))
            }
            Kind::Hum {
                period,
                place,
                step,
            } => {
                let (i, part) = (*place as usize, place.fract());
                let here = period[i % period.len()];
                let next = period[(i + 1) % period.len()];
                *place += *step;
                if *place >= period.len() as f64 {
                    *place -= period.len() as f64;
                }
                here + part * (next - here)
            }
            Kind::Babble(talkers) => talkers.iter_mut().map(Talker::next).sum(),
            Kind::Music(player) => player.next(),
        }
    }
}

/// A filter that falls by 3 dB an octave: a pole at each octave and a zero half an octave above it,
/// from 10 Hz to the whole rate. What samples make of that lies 2 dB too high at half the rate; a
/// zero at -0.1 takes it away. From 20 Hz to 0.49 of the rate it stays within 0.3 dB of the
/// straight line, at any rate.
fn pink(rate: SampleRate) -> Vec<Biquad> {
    (0..)
        .map(|octave| 10.0 * f64::from(1 << octave))
        .take_while(|pole| *pole < f64::from(rate.0))
        .map(|pole| Biquad::step_down(Hertz(pole), Hertz(pole * 2f64.sqrt()), rate))
        .chain([Biquad::soften(0.1)])
        .collect()
}

/// A filter that falls by 6 dB an octave: one pole at 20 Hz, and a zero too high to matter.
fn brown(rate: SampleRate) -> Vec<Biquad> {
    let far = Hertz(10.0 * f64::from(rate.0));
    vec![Biquad::step_down(Hertz(20.0), far, rate)]
}

/// Mean over 0 to half the rate of what filters let pass, on a grid fine enough for 20 Hz.
fn mean_power(sections: &[Biquad], rate: SampleRate) -> f64 {
    let points = 1 << 14;
    (0..points)
        .map(|i| Hertz((f64::from(i) + 0.5) / f64::from(points) * f64::from(rate.0) / 2.0))
        .map(|at| {
            sections
                .iter()
                .map(|s| s.power_at(at, rate))
                .product::<f64>()
        })
        .sum::<f64>()
        / f64::from(points)
}

/// One period of mains hum.
fn hum(random: &mut Random) -> Vec<f64> {
    let points = 4_096;
    let mut period = vec![0.0; points];
    for harmonic in 1..=12 {
        let phase = random.between(0.0, 2.0 * PI);
        for (i, x) in period.iter_mut().enumerate() {
            let turn = 2.0 * PI * f64::from(harmonic) * i as f64 / points as f64;
            *x += (turn + phase).sin() / f64::from(harmonic);
        }
    }
    period
}

/// Voices in a babble: with fewer one understands them, with more they become a roar.
const TALKERS: usize = 6;

#[cfg(test)]
mod tests {
    use realfft::RealFftPlanner;

    use super::super::measure::slope;
    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    fn samples(noise: Noise, level: f32, rate: SampleRate, seconds: usize) -> Vec<f32> {
        let mut samples = vec![0.0; seconds * rate.0 as usize];
        NoiseSource::new(noise, Decibels(level), rate, Random::new(7, "noise")).add(&mut samples);
        samples
    }

    fn power(samples: &[f32]) -> f64 {
        samples.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / samples.len() as f64
    }

    /// Power density in dB at the middle of each third of an octave.
    fn thirds(samples: &[f32], low: f64, high: f64) -> Vec<(f64, f64)> {
        let n = 1 << 15;
        let plan = RealFftPlanner::<f32>::new().plan_fft_forward(n);
        let mut spectrum = vec![0.0f64; n / 2 + 1];
        let mut bins = plan.make_output_vec();
        for block in samples.chunks_exact(n) {
            let mut windowed: Vec<f32> = block
                .iter()
                .enumerate()
                .map(|(i, x)| x * (PI * i as f64 / n as f64).sin().powi(2) as f32)
                .collect();
            plan.process(&mut windowed, &mut bins).unwrap();
            for (sum, bin) in spectrum.iter_mut().zip(&bins) {
                *sum += f64::from(bin.norm_sqr());
            }
        }
        let bin = f64::from(RATE.0) / n as f64;
        (0..)
            .map(|i| low * 2f64.powf(f64::from(i) / 3.0))
            .take_while(|f| f * 2f64.powf(1.0 / 3.0) <= high)
            .map(|f| {
                let range = (f / bin) as usize..(f * 2f64.powf(1.0 / 3.0) / bin) as usize;
                let mean = spectrum[range.clone()].iter().sum::<f64>() / range.len() as f64;
                ((f * 2f64.powf(1.0 / 6.0)).log2(), 10.0 * mean.log10())
            })
            .collect()
    }

    #[test]
    fn every_kind_has_the_power_it_was_asked_for() {
        for rate in [16_000, 44_100, 48_000, 96_000].map(SampleRate) {
            for (noise, close) in [
                (Noise::White, 0.05),
                (Noise::Pink, 0.5),
                (Noise::Brown, 1.0),
                (Noise::Hum(Hertz(50.0)), 0.02),
                (Noise::Babble, 1.5),
            ] {
                // Six voices are not sixty: one loud one is 1 dB.
                let got = power(&samples(noise, -13.0, rate, 20));
                let got = 10.0 * (got / REFERENCE_POWER).log10();
                assert!((got + 13.0).abs() < close, "{noise:?} at {rate}: {got} dB");
            }
        }
    }

    #[test]
    fn white_noise_is_flat_and_pink_noise_falls_by_three_decibels_an_octave() {
        for (noise, want) in [(Noise::White, 0.0), (Noise::Pink, -10.0 * 2f64.log10())] {
            let thirds = thirds(&samples(noise, 0.0, RATE, 40), 60.0, 16_000.0);
            let slope = slope(thirds.iter().copied());
            assert!(
                (slope - want).abs() < 0.1,
                "{noise:?}: {slope} dB an octave"
            );
            let middle = thirds[thirds.len() / 2];
            for (octave, level) in &thirds {
                let line = middle.1 + want * (octave - middle.0);
                // The lowest third holds 10 bins of 58 blocks: 0.18 dB of deviation each.
                assert!(
                    (level - line).abs() < 1.0,
                    "{noise:?} at 2^{octave}: {level}, {line}"
                );
            }
        }
    }

    #[test]
    fn hum_is_made_of_its_harmonics() {
        let samples = samples(Noise::Hum(Hertz(60.0)), 0.0, RATE, 1);
        let at = |f: f64| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, x) in samples.iter().enumerate() {
                let turn = 2.0 * PI * f * n as f64 / 48_000.0;
                re += f64::from(*x) * turn.cos();
                im += f64::from(*x) * turn.sin();
            }
            (re * re + im * im) / 24_000f64.powi(2) / 2.0
        };
        let all: f64 = (1..=12).map(|k| at(60.0 * f64::from(k))).sum();
        assert!((all / REFERENCE_POWER - 1.0).abs() < 0.001, "{all}");
        assert!((at(60.0) / at(120.0) - 4.0).abs() < 0.01);
    }

    #[test]
    fn babble_has_the_spectrum_of_speech_and_its_pauses() {
        let samples = samples(Noise::Babble, 0.0, RATE, 60);
        let thirds = thirds(&samples, 100.0, 10_000.0);
        let level = |hertz: f64| {
            let nearest = |a: &&(f64, f64), b: &&(f64, f64)| {
                let far = |x: f64| (x - hertz.log2()).abs();
                far(a.0).total_cmp(&far(b.0))
            };
            thirds.iter().min_by(nearest).unwrap().1
        };
        // Long-term spectrum of speech (Byrne et al., 1994): density falls by some 20 to 35 dB from
        // 500 Hz to 4 kHz.
        let fall = level(500.0) - level(4_000.0);
        assert!((15.0..40.0).contains(&fall), "{fall}");
        // Six voices swell and ebb with their syllables: the deviation of the level of 20 ms
        // blocks is several times that of steady noise (0.4 dB in 20 ms of 1 kHz bandwidth).
        let levels: Vec<f64> = samples
            .chunks(960)
            .map(|block| 10.0 * power(block).log10())
            .collect();
        let mean = levels.iter().sum::<f64>() / levels.len() as f64;
        let spread = levels.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / levels.len() as f64;
        assert!((1.5..8.0).contains(&spread.sqrt()), "{}", spread.sqrt());
    }
}
