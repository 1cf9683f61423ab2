//! A voice that says nothing: enough like speech to disturb like it.

use std::f64::consts::PI;

use super::biquad::Biquad;
use super::random::Random;
use crate::units::{Hertz, SampleRate};

/// Somebody talking. Mean power 1 in the long run, pauses included.
#[derive(Clone, Debug)]
pub(super) struct Talker {
    random: Random,
    rate: f64,
    /// Their usual pitch, in hertz, and how much longer or shorter their throat is than most.
    pitch: f64,
    throat: f64,
    phase: f64,
    glottis: Biquad,
    formants: [(Biquad, f64); 3],
    hiss: Biquad,
    /// What they are at, and for how many more samples of how many.
    doing: Doing,
    left: u32,
    length: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    Pausing,
    Hissing(f64),
    /// A vowel: its loudness, its pitch at the beginning and at the end.
    Voicing(f64, f64, f64),
}

impl Talker {
    pub(super) fn new(rate: SampleRate, random: &mut Random) -> Self {
        let mut random = Random::new(random.bits(), "talker");
        let pitch = random.between(95f64.ln(), 230f64.ln()).exp();
        let throat = (pitch / 150.0).powf(0.25) * random.between(0.95, 1.05);
        let mut talker = Self {
            rate: f64::from(rate.0),
            pitch,
            throat,
            phase: 0.0,
            // The source falls by 12 dB an octave, the mouth gives 6 of them back; formants do
            // the rest.
            glottis: Biquad::low_pass(Hertz(450.0), 0.6, rate),
            formants: [(Biquad::default(), 0.0); 3],
            hiss: Biquad::default(),
            doing: Doing::Pausing,
            left: 0,
            length: 1,
            random,
        };
        // Somewhere in a sentence, not all at its beginning.
        talker.left = talker.samples(0.0, 0.5);
        talker
    }

    pub(super) fn next(&mut self) -> f64 {
        while self.left == 0 {
            self.begin();
        }
        self.left -= 1;
        let done = 1.0 - f64::from(self.left) / f64::from(self.length);
        let swell = (PI * done).sin().sqrt();
        let (pulse, noise) = match self.doing {
            Doing::Pausing => (0.0, 0.0),
            Doing::Hissing(loud) => {
                // Of the same density at every rate.
                let noise = self.random.gaussian() * (self.rate / 48_000.0).sqrt();
                (0.0, self.hiss.next(noise) * loud * swell)
            }
            Doing::Voicing(loud, from, to) => {
                self.phase += (from + (to - from) * done) / self.rate;
                let beat = self.phase >= 1.0;
                self.phase = self.phase.fract();
                let pulse = if beat { self.rate / from.sqrt() } else { 0.0 };
                (pulse * loud * swell, 0.0)
            }
        };
        let source = self.glottis.next(pulse);
        let voice: f64 = self
            .formants
            .iter_mut()
            .map(|(f, gain)| f.next(source) * *gain)
            .sum();
        (voice * VOICE + noise) * LEVEL
    }

    /// The next sound.
    fn begin(&mut self) {
        let rate = SampleRate(self.rate as u32);
        let random = &mut self.random;
        let choice = random.unit();
        let before = self.doing;
        self.doing = if choice < 0.15 && before != Doing::Pausing {
            Doing::Pausing
        } else if choice < 0.45 && !matches!(before, Doing::Hissing(_)) {
            let at = Hertz(random.between(2_500.0, 6_500.0));
            self.hiss = Biquad::band_pass(at, random.between(1.0, 2.5), rate);
            Doing::Hissing(random.between(0.1, 1.0))
        } else {
            let formant = |low: f64, high: f64, width: f64, random: &mut Random| {
                let at = random.between(low, high) * self.throat;
                Biquad::band_pass(Hertz(at), at / width, rate)
            };
            self.formants = [
                (formant(280.0, 750.0, 80.0, random), 1.0),
                (formant(900.0, 2_200.0, 110.0, random), 0.9),
                (formant(2_400.0, 3_200.0, 170.0, random), 0.8),
            ];
            let from = self.pitch * random.between(0.85, 1.25);
            Doing::Voicing(
                random.between(0.4, 1.0),
                from,
                from * random.between(0.85, 1.1),
            )
        };
        self.length = match self.doing {
            Doing::Pausing => self.samples(0.08, 0.6),
            Doing::Hissing(_) => self.samples(0.05, 0.14),
            Doing::Voicing(..) => self.samples(0.10, 0.28),
        };
        self.left = self.length;
    }

    fn samples(&mut self, shortest: f64, longest: f64) -> u32 {
        (self.random.between(shortest, longest) * self.rate) as u32 + 1
    }
}

/// Voice against hiss.
const VOICE: f64 = 1.0;

/// Makes the mean power 1. The power without it, measured over half an hour of sixty talkers, is
/// 14.7 at 16 kHz, where the sharpest hisses are lost, 15.1 at 48 kHz and 15.0 at 96 kHz.
const LEVEL: f64 = 0.258;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_power_is_one_at_every_rate() {
        for rate in [16_000, 48_000, 96_000] {
            let mut power = 0.0;
            let (talkers, seconds) = (60, 5);
            for seed in 0..talkers {
                let mut talker = Talker::new(SampleRate(rate), &mut Random::new(seed, "test"));
                power += (0..seconds * rate)
                    .map(|_| talker.next().powi(2))
                    .sum::<f64>();
            }
            power /= (talkers * u64::from(seconds * rate)) as f64;
            // 300 s hold some 1500 syllables, each of them as uncertain as it is loud: 5 %.
            assert!((power - 1.0).abs() < 0.15, "{power} at {rate}");
        }
    }
}
