//! The faults of a scene, joined.

use super::band::Band;
use super::clip::Clip;
use super::convolve::Convolver;
use super::echo::Echo;
use super::gain::AutomaticGain;
use super::gaps::{Clicks, Dropouts};
use super::motion::Moving;
use super::noise::NoiseSource;
use super::random::Random;
use super::response::Response;
use super::scene::{Scene, Speaker};
use super::skew::Skew;
use crate::units::{Decibels, SampleRate};

/// A simulated room, from loudspeaker to microphone. The same scene, seed and samples give the
/// same recording. Each fault draws from its own stream of chance, so that one more or less does
/// not move the others.
#[derive(Clone, Debug)]
pub struct Room {
    rate: SampleRate,
    around: (f64, f64),
    overdrive: Option<Clip>,
    volume: f32,
    band: Option<Band>,
    way: Option<Convolver>,
    moving: Option<Moving>,
    skew: Skew,
    noises: Vec<NoiseSource>,
    clicks: Option<Clicks>,
    gain: Option<AutomaticGain>,
    microphone: Decibels,
    dropouts: Option<Dropouts>,
    work: Vec<f32>,
    /// Samples the longest echo goes on after the signal.
    ring: usize,
}

impl Room {
    /// The room of a scene, at 8 to 192 kHz. Allocates here.
    pub fn new(scene: &Scene, seed: u64, rate: SampleRate) -> Self {
        let chance = |name| Random::new(seed, name);
        let speaker = match scene.speaker {
            Speaker::Flat => None,
            Speaker::Laptop => Some(Response::laptop(&mut chance("speaker"))),
            Speaker::Notched => {
                let laptop = Response::laptop(&mut chance("speaker"));
                Some(laptop.notched(6, &mut chance("notches")))
            }
        };
        let speaker = speaker.map(|response| response.impulse(rate));
        let moves = scene.motion > 0.0;
        let still = scene.echo.filter(|_| !moves);
        let echo = still.map(|echo| echo.impulse(rate, &mut chance("echo")));
        let impulse = match (speaker, echo) {
            (Some(speaker), Some(echo)) => Some(both(&speaker, &echo)),
            (one, None) | (None, one) => one,
        };
        let moving = moves.then(|| {
            let parts = match scene.echo {
                Some(echo) => echo.moving(rate, &mut chance("echo"), chance("directions")),
                None => vec![Vec::new(), vec![1.0]],
            };
            Moving::new(&parts, scene.motion, rate, &mut chance("motion"))
        });
        let ring = impulse.as_ref().map_or(0, Vec::len)
            + scene
                .echo
                .filter(|_| moves)
                .map_or(0, |echo| echo.length(rate) + Moving::latest(rate));
        let noises = scene
            .noise
            .iter()
            .flatten()
            .zip(["noise 1", "noise 2", "noise 3"]);
        Self {
            rate,
            around: scene.around,
            overdrive: scene.overdrive,
            volume: scene.volume.amplitude_ratio() as f32,
            band: scene.band.map(|band| Band::new(band, rate)),
            ring,
            way: impulse.as_deref().map(Convolver::new),
            moving,
            skew: Skew::new(scene.skew_ppm),
            noises: noises
                .map(|((noise, level), name)| NoiseSource::new(*noise, *level, rate, chance(name)))
                .collect(),
            clicks: (scene.clicks > 0.0)
                .then(|| Clicks::new(scene.clicks, 0.5, rate, chance("clicks"))),
            gain: scene
                .automatic_gain
                .map(|settings| AutomaticGain::new(settings, rate)),
            microphone: scene.microphone,
            dropouts: (scene.dropouts > 0.0)
                .then(|| Dropouts::new(scene.dropouts, (0.005, 0.020), rate, chance("dropouts"))),
            work: Vec::with_capacity(BLOCK),
        }
    }

    /// Takes what is played (silence too: noise does not wait for a signal) and appends what is
    /// recorded at the same time: as many samples, one more or less now and then if clocks
    /// disagree. Any cut of a stream gives the same, bit for bit.
    ///
    /// The direct sound arrives [`Room::DELAY`] samples after it was played.
    pub fn process(&mut self, input: &[f32], out: &mut Vec<f32>) {
        for block in input.chunks(BLOCK) {
            let mut work = std::mem::take(&mut self.work);
            work.clear();
            work.extend_from_slice(block);
            if let Some(clip) = self.overdrive {
                clip.process(&mut work);
            }
            work.iter_mut().for_each(|x| *x *= self.volume);
            if let Some(band) = &mut self.band {
                band.process(&mut work);
            }
            if let Some(way) = &mut self.way {
                way.process(&mut work);
            }
            if let Some(moving) = &mut self.moving {
                moving.process(&mut work);
            }
            let start = out.len();
            self.skew.push(&work, out);
            self.work = work;
            self.record(&mut out[start..]);
        }
    }

    /// The whole recording of `signal`: the scene's [`around`](Scene::around) seconds before it and
    /// after it, and the echo in between, begun with this room as it is.
    pub fn apply(&mut self, signal: &[f32]) -> Vec<f32> {
        let lead = self.rate.samples_in(self.around.0) as usize;
        let trail = self.rate.samples_in(self.around.1) as usize + self.ring + Self::DELAY;
        let mut out = Vec::with_capacity(lead + signal.len() + trail);
        self.process(&vec![0.0; lead], &mut out);
        self.process(signal, &mut out);
        self.process(&vec![0.0; trail], &mut out);
        out
    }

    /// How late the direct sound arrives at most, in samples, from a speaker that stands still; one
    /// that moves is up to 7 ms later. What the speaker's response adds is part of the sound, not of
    /// this.
    pub const DELAY: usize = Skew::DELAY + Echo::LEAD;

    /// What happens at the receiver.
    fn record(&mut self, samples: &mut [f32]) {
        for noise in &mut self.noises {
            noise.add(samples);
        }
        if let Some(clicks) = &mut self.clicks {
            clicks.process(samples);
        }
        if let Some(gain) = &mut self.gain {
            gain.process(samples);
        }
        Clip::Hard(self.microphone).process(samples);
        if let Some(dropouts) = &mut self.dropouts {
            dropouts.process(samples);
        }
    }
}

/// Two responses, one after the other.
fn both(first: &[f32], second: &[f32]) -> Vec<f32> {
    let mut joined = second.to_vec();
    joined.resize(first.len() + second.len() - 1, 0.0);
    Convolver::new(first).process(&mut joined);
    joined
}

/// Samples processed at a time.
const BLOCK: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::noise::REFERENCE_POWER;

    const RATE: SampleRate = SampleRate(48_000);

    fn chirp(samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| {
                let t = n as f64 / 48_000.0;
                (2.0 * std::f64::consts::PI * (600.0 + 4_000.0 * t) * t).sin() as f32
            })
            .collect()
    }

    fn power(samples: &[f32]) -> f64 {
        samples.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / samples.len() as f64
    }

    #[test]
    fn the_clean_room_is_a_quieter_and_later_copy() {
        let signal = chirp(20_000);
        let mut out = Vec::new();
        Room::new(&Room::CLEAN, 0, RATE).process(&signal, &mut out);
        assert_eq!(out.len(), signal.len());
        let late = Skew::DELAY;
        for (n, x) in out.iter().enumerate().skip(late) {
            assert!((x - 0.5 * signal[n - late]).abs() < 1e-6, "{n}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_samples_and_another_seed_others() {
        let signal = chirp(10_000);
        for scene in Room::PRESETS.iter().filter(|scene| **scene != Room::CLEAN) {
            let heard = |seed| Room::new(scene, seed, RATE).apply(&signal);
            let (first, second, other) = (heard(1), heard(1), heard(2));
            assert!(first == second, "{}", scene.name);
            assert!(first != other, "{}", scene.name);
        }
    }

    #[test]
    fn cutting_the_stream_changes_no_bit() {
        let signal = chirp(10_000);
        for scene in Room::PRESETS {
            let (mut want, mut got) = (Vec::new(), Vec::new());
            Room::new(scene, 3, RATE).process(&signal, &mut want);
            let mut room = Room::new(scene, 3, RATE);
            for block in signal.chunks(777) {
                room.process(block, &mut got);
            }
            assert!(got == want, "{}", scene.name);
        }
    }

    #[test]
    fn silence_is_filled_with_noise_of_the_level_stated() {
        for level in [-30.0, -20.0] {
            let scene = Scene {
                noise: [
                    Some((super::super::Noise::White, Decibels(level))),
                    None,
                    None,
                ],
                ..Room::CLEAN
            };
            let mut out = Vec::new();
            Room::new(&scene, 1, RATE).process(&vec![0.0; 480_000], &mut out);
            let got = 10.0 * (power(&out) / REFERENCE_POWER).log10();
            assert!((got - f64::from(level)).abs() < 0.05, "{got}");
        }
    }

    #[test]
    fn a_room_keeps_the_power_of_noise_and_the_time_of_the_direct_sound() {
        let mut random = Random::new(9, "test");
        let signal: Vec<f32> = (0..96_000)
            .map(|_| random.gaussian() as f32 * 0.2)
            .collect();
        let scene = Scene {
            noise: [None; 3],
            speaker: Speaker::Flat,
            ..Room::DESK
        };
        let mut out = Vec::new();
        Room::new(&scene, 1, RATE).process(&signal, &mut out);
        let change = 10.0 * (power(&out[48_000..]) / power(&signal[48_000..])).log10();
        assert!((change + 6.02).abs() < 1.0, "{change} dB");
        // Where the recording resembles what was played most.
        let resemblance = |late: usize| -> f64 {
            let pairs = out[late..].iter().zip(&signal);
            pairs.map(|(a, b)| f64::from(a * b)).sum::<f64>().abs()
        };
        let best = (0..400).max_by(|a, b| resemblance(*a).total_cmp(&resemblance(*b)));
        assert_eq!(best, Some(Room::DELAY));
    }

    #[test]
    fn the_ratio_asked_for_is_the_ratio_heard() {
        let mut random = Random::new(9, "test");
        let signal: Vec<f32> = (0..240_000)
            .map(|_| random.gaussian() as f32 * 0.2)
            .collect();
        let noise = super::super::Noise::White;
        for ratio in [-10.0, 0.0, 10.0] {
            let level = Room::CLEAN.level_below(&signal, Decibels(ratio));
            let loud = Room::CLEAN.with_noise(noise, level);
            let (mut clean, mut noisy) = (Vec::new(), Vec::new());
            Room::new(&Room::CLEAN, 1, RATE).process(&signal, &mut clean);
            Room::new(&loud, 1, RATE).process(&signal, &mut noisy);
            // Below the microphone's limits.
            assert!(noisy.iter().filter(|x| x.abs() >= 1.0).count() < noisy.len() / 200);
            let noise: Vec<f32> = noisy.iter().zip(&clean).map(|(a, b)| a - b).collect();
            let got = 10.0 * (power(&clean) / power(&noise)).log10();
            assert!((got - f64::from(ratio)).abs() < 0.1, "{got} for {ratio}");
        }
    }

    #[test]
    fn no_samples_are_no_samples() {
        for scene in Room::PRESETS {
            let mut out = Vec::new();
            Room::new(scene, 0, RATE).process(&[], &mut out);
            assert!(out.is_empty());
        }
    }

    #[test]
    fn other_rates_hear_the_same_room() {
        for rate in [8_000, 16_000, 44_100, 192_000].map(SampleRate) {
            for scene in Room::PRESETS {
                let heard = Room::new(scene, 1, rate).apply(&vec![0.1; 1_000]);
                assert!(
                    heard.iter().all(|x| x.abs() <= 1.0),
                    "{} at {rate}",
                    scene.name
                );
            }
        }
    }
}
