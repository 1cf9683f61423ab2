//! Compares waveforms: how much noise each of them bears in each room, and what it costs on air.
//!
//! ```text
//! cargo run --release --no-default-features --example waveform_table            # 12 seeds, a few minutes
//! cargo run --release --no-default-features --example waveform_table -- 40 room # one scene, 40 seeds
//! ```
//!
//! Every candidate is a [`Profile`] that differs from the published one in one thing. For every
//! scene and seed the same room and the same noise meet all candidates; the noise is turned up until
//! the 64 bytes of one pass are no longer read. What is printed is the mean over seeds of that
//! level, in dB against [`airshake::air::REFERENCE_POWER`], with twice its standard error. More is
//! better. A room in which a candidate is not read even 45 dB below that is counted as lost.

use std::io::Write;

use airshake::air::{Noise, Random, Room, Scene};
use airshake::modem::{Event, Format, Profile, Receiver, Transmitter};
use airshake::samples::Chirp;
use airshake::tones::Plan;
use airshake::units::{Decibels, Hertz, SampleRate};

const RATE: SampleRate = SampleRate::HZ_48000;
const PAYLOAD: usize = 64;
/// Noise is looked for between these, in dB, by halving; six halvings leave less than a decibel.
const NOISE: (f64, f64) = (-45.0, 19.0);
const HALVINGS: u32 = 6;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seeds: u64 = std::env::args().nth(1).map_or(Ok(12), |arg| arg.parse())?;
    let only = std::env::args().nth(2);
    let scenes: Vec<(Scene, Noise)> = scenes()
        .into_iter()
        .filter(|(scene, _)| only.as_deref().is_none_or(|name| name == scene.name))
        .collect();
    let mut out = std::io::stdout().lock();
    write!(out, "| waveform | air s | crest dB |")?;
    for (scene, _) in &scenes {
        write!(out, " {} |", scene.name)?;
    }
    writeln!(out, "\n|---|---|---|{}", "---|".repeat(scenes.len()))?;
    for profile in candidates() {
        let sound = sound(profile, &payload(0));
        let air = RATE.seconds(sound.len() as u64);
        write!(
            out,
            "| {} | {air:.3} | {:.1} |",
            profile.name,
            crest(&sound)
        )?;
        for (scene, noise) in &scenes {
            write!(out, " {} |", Margin::measure(profile, scene, *noise, seeds))?;
            out.flush()?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// How much noise a candidate bears in a scene.
struct Margin {
    /// Decibels, one a seed that was read at all.
    levels: Vec<f64>,
    lost: u64,
}

impl Margin {
    fn measure(profile: &'static Profile, scene: &Scene, noise: Noise, seeds: u64) -> Self {
        let levels: Vec<f64> = (0..seeds)
            .filter_map(|seed| loudest_noise(profile, scene, noise, seed))
            .collect();
        let lost = seeds - levels.len() as u64;
        Self { levels, lost }
    }
}

impl std::fmt::Display for Margin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let n = self.levels.len() as f64;
        if n >= 2.0 {
            let mean = self.levels.iter().sum::<f64>() / n;
            let squares: f64 = self.levels.iter().map(|x| (x - mean).powi(2)).sum();
            let error = (squares / (n - 1.0) / n).sqrt();
            write!(f, "{mean:.1} ± {:.1}", 2.0 * error)?;
        }
        if self.lost > 0 {
            write!(f, " ({} lost)", self.lost)?;
        }
        Ok(())
    }
}

/// The level of the noise at which the burst is just about read; `None` if it is not read at all.
fn loudest_noise(profile: &'static Profile, scene: &Scene, noise: Noise, seed: u64) -> Option<f64> {
    let payload = payload(seed);
    let silent = Scene {
        noise: [None; 3],
        ..scene.clone()
    };
    let heard = Room::new(&silent, seed, RATE).apply(&sound(profile, &payload));
    let quiet_place = Scene {
        around: (0.0, 0.0),
        ..Room::CLEAN
    };
    // 20 dB below the reference, lest the simulated microphone clips.
    let hiss = quiet_place.with_noise(noise, Decibels(-20.0));
    let hiss = Room::new(&hiss, seed, RATE).apply(&vec![0.0; heard.len()]);
    let read_at = |level: f64| {
        let gain = 10f64.powf((level + 20.0) / 20.0) as f32;
        let noisy: Vec<f32> = heard.iter().zip(&hiss).map(|(x, n)| x + gain * n).collect();
        is_read(profile, &noisy, &payload)
    };
    let (mut low, mut high) = NOISE;
    if !read_at(low) {
        return None;
    }
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        if read_at(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some((low + high) / 2.0)
}

fn is_read(profile: &'static Profile, samples: &[f32], payload: &[u8]) -> bool {
    let Ok(mut receiver) = Receiver::new(&[profile], RATE) else {
        return false;
    };
    let is_it = |event: Event| matches!(event, Event::Message(heard) if heard.payload == payload);
    let early = receiver.push(samples).any(is_it);
    early || receiver.finish().any(is_it)
}

fn sound(profile: &'static Profile, payload: &[u8]) -> Vec<f32> {
    let burst = Transmitter::new(profile, RATE).burst(payload, 0);
    burst.expect("64 bytes fit a message").into_samples()
}

fn payload(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed, "payload");
    (0..PAYLOAD).map(|_| random.bits() as u8).collect()
}

/// Peak against mean power, in dB; a sine has 3.
fn crest(samples: &[f32]) -> f64 {
    let peak = samples.iter().fold(0f32, |peak, x| peak.max(x.abs()));
    let power = samples.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / samples.len() as f64;
    10.0 * (f64::from(peak).powi(2) / power).log10()
}

/// The rooms, and the kind of noise in each.
fn scenes() -> Vec<(Scene, Noise)> {
    let drifting = Scene {
        name: "room, 300 ppm",
        skew_ppm: 300.0,
        ..Room::ROOM
    };
    let hand_in_hall = Scene {
        name: "hall, 0.3 m/s",
        motion: 0.3,
        ..Room::HALL
    };
    vec![
        (Room::CLEAN, Noise::White),
        (Room::ROOM, Noise::Pink),
        (Room::HALL, Noise::Pink),
        (Room::BATHROOM, Noise::Pink),
        (Room::WORST, Noise::Babble),
        (Room::NOTCHES, Noise::Pink),
        (Room::SHADE, Noise::Pink),
        (drifting, Noise::Pink),
        (Room::HAND, Noise::Pink),
        (Room::CARRIED, Noise::Pink),
        (hand_in_hall, Noise::Pink),
    ]
}

/// The published waveform first, then what differs from it in one thing.
fn candidates() -> Vec<&'static Profile> {
    let published = Waveform::PUBLISHED;
    let profile = |name: &'static str, waveform: Waveform| -> &'static Profile {
        Box::leak(Box::new(waveform.profile(name)))
    };
    vec![
        &Profile::AUDIBLE,
        profile(
            "body 4096",
            Waveform {
                body: 4096,
                guard: 512,
                ..published
            },
        ),
        profile(
            "body 4096, guard 768",
            Waveform {
                body: 4096,
                ..published
            },
        ),
        profile(
            "body 8192",
            Waveform {
                body: 8192,
                guard: 1024,
                ..published
            },
        ),
        profile(
            "guard 384",
            Waveform {
                guard: 384,
                ..published
            },
        ),
        profile(
            "guard 1152",
            Waveform {
                guard: 1152,
                ..published
            },
        ),
        profile(
            "chirp 32 ms",
            Waveform {
                chirp: 0.032,
                ..published
            },
        ),
        profile(
            "chirp 96 ms",
            Waveform {
                chirp: 0.096,
                ..published
            },
        ),
        profile(
            "600 to 6000 Hz",
            Waveform {
                band: (600.0, 6000.0),
                ..published
            },
        ),
        profile(
            "1200 to 6000 Hz",
            Waveform {
                band: (1200.0, 6000.0),
                ..published
            },
        ),
        profile(
            "600 to 11000 Hz",
            Waveform {
                band: (600.0, 11_000.0),
                ..published
            },
        ),
        profile(
            "2 symbols",
            Waveform {
                expansion: (3, 2),
                ..published
            },
        ),
        profile(
            "4 symbols",
            Waveform {
                expansion: (7, 2),
                ..published
            },
        ),
        profile(
            "6 symbols",
            Waveform {
                expansion: (27, 5),
                ..published
            },
        ),
        profile(
            "16 tones, 6 symbols",
            Waveform {
                bits: 4,
                ..published
            },
        ),
        profile(
            "64 tones, 16 symbols",
            Waveform {
                bits: 6,
                ..published
            },
        ),
    ]
}

/// What a waveform is made of. Lengths in samples at 48 kHz.
#[derive(Clone, Copy)]
struct Waveform {
    body: usize,
    guard: usize,
    chirp: f64,
    band: (f64, f64),
    bits: usize,
    expansion: (usize, usize),
}

impl Waveform {
    const PUBLISHED: Self = Self {
        body: Profile::AUDIBLE.normal.body,
        guard: Profile::AUDIBLE.normal.guard,
        chirp: Profile::AUDIBLE.chirp.seconds,
        band: (600.0, 9000.0),
        bits: Profile::AUDIBLE.normal.plan.bits_per_tone,
        expansion: Profile::AUDIBLE.normal.expansion,
    };

    fn profile(self, name: &'static str) -> Profile {
        let spacing = f64::from(RATE.0) / self.body as f64;
        let first_bin = (self.band.0 / spacing).ceil() as usize;
        let last_bin = (self.band.1 / spacing).floor() as usize;
        let format = Format {
            plan: Plan {
                spacing: Hertz(spacing),
                first_bin,
                groups: (last_bin - first_bin) >> self.bits,
                bits_per_tone: self.bits,
            },
            body: self.body,
            guard: self.guard,
            expansion: self.expansion,
        };
        // The receiver wants the band below three quarters of half its rate.
        let receiver_rate = if self.band.1 <= 9000.0 {
            24_000
        } else {
            48_000
        };
        Profile {
            name,
            normal: format,
            deep: format,
            deep_passes: 0,
            chirp: Chirp {
                from: Hertz(self.band.0),
                to: Hertz(self.band.1),
                seconds: self.chirp,
            },
            receiver_rate: SampleRate(receiver_rate),
            ..Profile::AUDIBLE
        }
    }
}
