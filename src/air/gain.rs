//! Automatic gain, as laptops and phones apply it to their microphones.

use crate::units::{Decibels, SampleRate};

/// Holds the level near a target: quick to turn down, slow to turn up.
#[derive(Clone, Debug)]
pub struct AutomaticGain {
    settings: GainSettings,
    /// Samples in a millisecond, after which the gain is set anew.
    block: usize,
    filled: usize,
    energy: f64,
    level: Option<f64>,
    gain: f64,
    step: f64,
}

/// What an [`AutomaticGain`] does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GainSettings {
    /// The root mean square it strives for, full scale being 1.
    pub target: f64,
    /// The most it amplifies.
    pub max: Decibels,
    /// Time constant in seconds with which a louder level is followed.
    pub attack: f64,
    /// Time constant in seconds with which a softer level is followed.
    pub release: f64,
    /// How much of a difference in level it evens out: 0 nothing, 1 all of it.
    pub strength: f64,
}

impl GainSettings {
    /// A laptop: 5 ms, 400 ms, up to 18 dB.
    pub const LAPTOP: Self = Self {
        target: 0.2,
        max: Decibels(18.0),
        attack: 0.005,
        release: 0.4,
        strength: 0.8,
    };

    /// The gain that belongs to a level, as an amplitude ratio.
    pub fn gain(&self, level: f64) -> f64 {
        (self.target / level.max(1e-9))
            .powf(self.strength)
            .min(self.max.amplitude_ratio())
    }
}

impl AutomaticGain {
    /// Begins with the gain that belongs to the first millisecond it hears.
    pub fn new(settings: GainSettings, rate: SampleRate) -> Self {
        Self {
            settings,
            block: (rate.0 as usize / 1_000).max(1),
            filled: 0,
            energy: 0.0,
            level: None,
            gain: 1.0,
            step: 0.0,
        }
    }

    /// Amplifies samples in place. Any cut of a stream gives the same.
    pub fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            self.energy += f64::from(*sample).powi(2);
            *sample = (f64::from(*sample) * self.gain) as f32;
            self.gain += self.step;
            self.filled += 1;
            if self.filled == self.block {
                self.turn();
            }
        }
    }

    /// A millisecond is over: where should the gain be after the next?
    fn turn(&mut self) {
        let heard = (self.energy / self.block as f64).sqrt();
        // An input that is not finite must not deafen it for ever.
        let heard = if heard.is_finite() { heard } else { 0.0 };
        let level = match self.level {
            None => heard,
            Some(level) => {
                let time = if heard > level {
                    self.settings.attack
                } else {
                    self.settings.release
                };
                let keep = (-0.001 / time).exp();
                keep * level + (1.0 - keep) * heard
            }
        };
        self.level = Some(level);
        self.step = (self.settings.gain(level) - self.gain) / self.block as f64;
        self.filled = 0;
        self.energy = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    /// A square wave: its level is its amplitude in every millisecond.
    fn square(amplitude: f32, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| {
                if n / 24 % 2 == 0 {
                    amplitude
                } else {
                    -amplitude
                }
            })
            .collect()
    }

    #[test]
    fn it_settles_at_the_gain_of_its_curve() {
        let settings = GainSettings::LAPTOP;
        for amplitude in [0.01f32, 0.05, 0.2, 0.8] {
            let mut samples = square(amplitude, 96_000);
            AutomaticGain::new(settings, RATE).process(&mut samples);
            let got = f64::from(samples[95_000].abs() / amplitude);
            let want = settings.gain(f64::from(amplitude));
            assert!(
                (got / want - 1.0).abs() < 1e-3,
                "{got} for {amplitude}, {want} expected"
            );
            assert!(got <= settings.max.amplitude_ratio() * 1.001);
        }
    }

    #[test]
    fn it_turns_down_with_its_attack_and_up_with_its_release() {
        let settings = GainSettings {
            strength: 1.0,
            ..GainSettings::LAPTOP
        };
        let mut samples = square(0.1, 48_000);
        samples.extend(square(0.4, 48_000));
        samples.extend(square(0.1, 96_000));
        let input = samples.clone();
        AutomaticGain::new(settings, RATE).process(&mut samples);
        let level = |n: usize| 0.2 / f64::from(samples[n] / input[n]);
        // After one time constant and the millisecond or two of measuring, 1 - 1/e of the step.
        let rise = (level(48_000 + 240 + 48) - 0.1) / 0.3;
        let fall = (0.4 - level(96_000 + 19_200 + 48)) / 0.3;
        let want = 1.0 - (-1f64).exp();
        assert!((rise - want).abs() < 0.1, "{rise}");
        assert!((fall - want).abs() < 0.02, "{fall}");
    }

    #[test]
    fn bad_samples_do_not_deafen_it() {
        let mut agc = AutomaticGain::new(GainSettings::LAPTOP, RATE);
        agc.process(&mut [f32::NAN, f32::INFINITY]);
        let mut samples = square(0.2, 96_000);
        agc.process(&mut samples);
        assert!(
            (samples[95_000].abs() - 0.2).abs() < 1e-3,
            "{}",
            samples[95_000]
        );
    }
}
