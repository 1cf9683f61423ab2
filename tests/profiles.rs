//! The laws of every profile, over the public interface.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use airshake::air::Random;
use airshake::modem::{Depth, Event, Heard, Profile, Receiver, Transmitter};
use airshake::units::SampleRate;
use realfft::RealFftPlanner;

const RATE: SampleRate = SampleRate::HZ_48000;

fn payload(len: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed, "payload");
    (0..len).map(|_| random.bits() as u8).collect()
}

fn sound(profile: &'static Profile, payload: &[u8], pass: u8, rate: SampleRate) -> Vec<f32> {
    let burst = Transmitter::new(profile, rate).burst(payload, pass);
    burst.unwrap().into_samples()
}

fn heard(profiles: &[&'static Profile], samples: &[f32], rate: SampleRate) -> Vec<Heard> {
    let mut receiver = Receiver::new(profiles, rate).unwrap();
    let mut events: Vec<Event> = receiver.push(samples).collect();
    events.extend(receiver.finish());
    let message = |event| match event {
        Event::Message(heard) => Some(heard),
        _ => None,
    };
    events.into_iter().filter_map(message).collect()
}

/// Silence, a burst, silence, all under white noise whose density lies `cpk` decibels (for 1 Hz)
/// below the power of a sine with the burst's peak of 0.9.
fn in_noise(burst: &[f32], cpk: f64, seed: u64) -> Vec<f32> {
    let density = 0.81 / 2.0 / 10f64.powf(cpk / 10.0);
    let rms = (density * f64::from(RATE.0) / 2.0).sqrt();
    let mut random = Random::new(seed, "noise");
    let mut samples = vec![0.0; 14_400];
    samples.extend_from_slice(burst);
    samples.resize(samples.len() + 14_400, 0.0);
    samples
        .iter_mut()
        .for_each(|x| *x += (random.gaussian() * rms) as f32);
    samples
}

#[test]
fn among_all_profiles_each_burst_is_read_in_its_own_once() {
    for (i, profile) in Profile::ALL.iter().enumerate() {
        for pass in 0..8 {
            let sent = payload(64, i as u64);
            let samples = in_noise(&sound(profile, &sent, pass, RATE), 60.0, 1);
            let found = heard(Profile::ALL, &samples, RATE);
            let names: Vec<_> = found.iter().map(|heard| heard.profile).collect();
            assert_eq!(names, [profile.name], "pass {pass}");
            assert_eq!(found[0].payload, sent);
        }
    }
}

#[test]
fn bursts_of_different_profiles_at_the_same_time_are_all_read() {
    let mut samples = vec![0.0; 48_000 * 2];
    for (i, profile) in Profile::ALL.iter().enumerate() {
        let burst = sound(profile, &payload(20, i as u64), 0, RATE);
        // Phone lies within audible's band: one after the other, with ultrasonic over both.
        let from = if profile.name == "phone" {
            40_000
        } else {
            1000
        };
        for (sample, x) in samples[from..].iter_mut().zip(burst) {
            *sample += x * 0.3;
        }
    }
    let mut names: Vec<_> = heard(Profile::ALL, &samples, RATE)
        .iter()
        .map(|heard| heard.profile)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["audible", "phone", "ultrasonic"]);
}

#[test]
fn every_profile_carries_every_length_in_every_pass_at_every_rate_it_fits() {
    for profile in Profile::ALL {
        for (len, pass) in [
            (0, 0),
            (1, 1),
            (33, 4),
            (140, 3),
            (508, 6),
            (509, 4),
            (1200, 1),
        ] {
            let sent = payload(len, 3);
            let samples = sound(profile, &sent, pass, RATE);
            let found = heard(&[profile], &samples, RATE);
            assert_eq!(found.len(), 1, "{}: {len} bytes, pass {pass}", profile.name);
            assert_eq!(found[0].payload, sent);
        }
        for rate in [
            8000, 11_025, 16_000, 22_050, 32_000, 44_100, 96_000, 192_000,
        ] {
            let rate = SampleRate(rate);
            if rate < profile.lowest_rate {
                assert!(Receiver::new(&[profile], rate).is_err());
                continue;
            }
            for pass in 0..8 {
                let sent = payload(64, 5);
                let found = heard(&[profile], &sound(profile, &sent, pass, rate), rate);
                assert_eq!(found.len(), 1, "{} at {rate}, pass {pass}", profile.name);
                assert_eq!(found[0].payload, sent);
            }
        }
    }
}

#[test]
fn the_air_times_asked_for_are_kept() {
    // Stated requirements for 64 bytes.
    for (profile, seconds) in [
        (&Profile::AUDIBLE, 0.55),
        (&Profile::PHONE, 1.4),
        (&Profile::ULTRASONIC, 1.6),
    ] {
        let burst = Transmitter::new(profile, RATE).burst(&payload(64, 5), 0);
        let got = RATE.seconds(burst.unwrap().len());
        assert!(got <= seconds, "{}: {got} s", profile.name);
    }
}

/// A deep pass takes longer, and must win more than that: where the energy of a normal one no
/// longer is enough, the same energy is.
#[test]
fn a_deep_pass_reaches_further_than_its_length_pays_for() {
    for (profile, deep) in [
        (&Profile::AUDIBLE, 4),
        (&Profile::PHONE, 1),
        (&Profile::ULTRASONIC, 6),
    ] {
        assert_eq!(profile.depth(0), Depth::Normal);
        assert_eq!(profile.depth(deep), Depth::Deep);
        let sent = payload(64, 6);
        let [normal, deep] = [0, deep].map(|pass| sound(profile, &sent, pass, RATE));
        let read = |burst: &[f32], cpk: f64| {
            (0..10)
                .filter(|seed| {
                    let samples = in_noise(burst, cpk, *seed);
                    heard(&[profile], &samples, RATE)
                        .iter()
                        .any(|heard| heard.payload == sent)
                })
                .count()
        };
        // The level at which normal passes begin to fail.
        let fails = (0..16)
            .map(|half| 42.0 - 0.5 * f64::from(half))
            .find(|cpk| read(&normal, *cpk) < 9)
            .unwrap();
        let longer = 10.0 * (deep.len() as f64 / normal.len() as f64).log10();
        let got = read(&deep, fails - longer);
        assert!(
            got >= 9,
            "{}: {got} of 10 at {} dB Hz",
            profile.name,
            fails - longer
        );
    }
}

#[test]
fn another_clock_and_a_hand_that_moves_do_no_harm() {
    for profile in Profile::ALL {
        for ppm in [-900, -600, -200, 200, 600, 900] {
            for pass in [0, 1, 6] {
                let sent = payload(64, 7);
                let mut burst = sound(profile, &sent, pass, RATE);
                burst.resize(burst.len() + 4800, 0.0);
                let stretched = at_other_clock(&burst, f64::from(ppm) * 1e-6);
                let samples = in_noise(&stretched, 48.0, 2);
                let found = heard(&[profile], &samples, RATE);
                assert_eq!(found.len(), 1, "{} {ppm} ppm, pass {pass}", profile.name);
                assert_eq!(found[0].payload, sent);
                assert!(
                    (found[0].clock_ppm - ppm as f32).abs() < 60.0,
                    "{} {ppm} ppm: {}",
                    profile.name,
                    found[0].clock_ppm
                );
            }
        }
    }
}

/// A source whose clock runs faster by `stretch`: straight from the definition of a windowed sinc.
fn at_other_clock(samples: &[f32], stretch: f64) -> Vec<f32> {
    const HALF: i64 = 48;
    let at = |i: i64| usize::try_from(i).ok().and_then(|i| samples.get(i));
    (0..samples.len())
        .map(|i| {
            let position = i as f64 * (1.0 + stretch);
            let middle = position.floor() as i64;
            (middle - HALF + 1..=middle + HALF)
                .map(|k| {
                    let x = position - k as f64;
                    let sinc = if x == 0.0 {
                        1.0
                    } else {
                        (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
                    };
                    let window = (std::f64::consts::FRAC_PI_2 * x / HALF as f64)
                        .cos()
                        .powi(2);
                    f64::from(at(k).copied().unwrap_or(0.0)) * sinc * window
                })
                .sum::<f64>() as f32
        })
        .collect()
}

/// Who hears no 16 kHz must hear no clicks either: neither at the ends of preamble and symbols nor
/// where crests are cut. Required: 50 dB below the whole.
#[test]
fn nothing_of_an_ultrasonic_burst_is_heard() {
    for rate in [RATE, SampleRate(44_100), SampleRate(96_000)] {
        for pass in 0..8 {
            let mut samples = vec![0.0; 4096];
            samples.extend(sound(&Profile::ULTRASONIC, &payload(64, 8), pass, rate));
            samples.resize((samples.len() + 4096).next_power_of_two(), 0.0);
            let peak = samples.iter().fold(0f32, |peak, x| peak.max(x.abs()));
            assert!(peak < 1.0, "{peak}");
            let plan = RealFftPlanner::<f32>::new().plan_fft_forward(samples.len());
            let bin = f64::from(rate.0) / samples.len() as f64;
            let mut spectrum = plan.make_output_vec();
            plan.process(&mut samples, &mut spectrum).unwrap();
            let (mut low, mut all) = (0.0, 0.0);
            for (k, value) in spectrum.iter().enumerate() {
                let energy = f64::from(value.norm_sqr());
                all += energy;
                if k as f64 * bin < 16_000.0 {
                    low += energy;
                }
            }
            let level = 10.0 * (low / all).log10();
            assert!(level <= -50.0, "{rate}, pass {pass}: {level} dB");
        }
    }
}
