//! Why nothing was decoded: every cause is made in a simulated room, heard by the real receiver,
//! and must be named; and what is read must not be blamed.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use airshake::air::{Clip, Convolver, Noise, Random, Room, Scene};
use airshake::modem::{Diagnosis, Finding, Profile, Receiver, Report, Transmitter};
use airshake::units::{Decibels, Hertz, SampleRate};

const RATE: SampleRate = SampleRate::HZ_48000;

fn payload(len: usize) -> Vec<u8> {
    let mut random = Random::new(9, "payload");
    (0..len).map(|_| random.bits() as u8).collect()
}

fn burst(len: usize) -> Vec<f32> {
    Transmitter::new(&Profile::AUDIBLE, RATE)
        .burst(&payload(len), 0)
        .unwrap()
        .into_samples()
}

fn report_at(samples: &[f32], rate: SampleRate) -> Report {
    let profiles = &[&Profile::AUDIBLE];
    let mut receiver = Receiver::new(profiles, rate).unwrap();
    let mut diagnosis = Diagnosis::new(profiles, rate);
    for piece in samples.chunks(4_096) {
        diagnosis.push(piece);
        receiver
            .push(piece)
            .for_each(|event| diagnosis.note(&event));
    }
    receiver.finish().for_each(|event| diagnosis.note(&event));
    diagnosis.report()
}

fn report(samples: &[f32]) -> Report {
    report_at(samples, RATE)
}

/// What a scene makes of a burst of that many bytes.
fn heard(scene: &Scene, len: usize) -> Vec<f32> {
    Room::new(scene, 1, RATE).apply(&burst(len))
}

/// What a scene sounds like for so many seconds when nobody plays.
fn unplayed(scene: &Scene, seconds: usize) -> Vec<f32> {
    Room::new(scene, 1, RATE).apply(&vec![0.0; seconds * 48_000])
}

fn cause(samples: &[f32]) -> Finding {
    let report = report(samples);
    assert_eq!(report.messages, 0, "{report:?}");
    report.findings[0]
}

/// Notes of a piano-like sound, three at a time.
fn music(seconds: usize) -> Vec<f32> {
    let mut random = Random::new(4, "music");
    let mut out = vec![0f32; seconds * 48_000];
    for beat in 0..seconds * 4 {
        for _ in 0..3 {
            let pitch = 130.8 * 2f64.powf((random.bits() % 36) as f64 / 12.0);
            let rest = &mut out[beat * 12_000..];
            for (i, slot) in rest.iter_mut().take(24_000).enumerate() {
                let t = i as f64 / 48_000.0;
                let note: f64 = (1..20)
                    .map(|h| {
                        (std::f64::consts::TAU * pitch * f64::from(h) * t).sin() / f64::from(h)
                    })
                    .sum();
                *slot += (0.1 * note * (-4.0 * t).exp() * (200.0 * t).min(1.0)) as f32;
            }
        }
    }
    out
}

#[test]
fn what_is_read_is_not_blamed() {
    for scene in Room::PRESETS {
        for len in [5, 64] {
            let report = report(&heard(scene, len));
            assert_eq!(report.messages, 1, "{}: {report:?}", scene.name);
            assert_eq!(report.findings, [], "{}", scene.name);
        }
    }
}

#[test]
fn where_nobody_plays_no_burst_is_claimed() {
    let noise = |noise| Room::CLEAN.with_noise(noise, Decibels(-15.0));
    let typing = Scene {
        clicks: 20.0,
        ..Room::HISS
    };
    for (name, samples, expected) in [
        ("white", unplayed(&noise(Noise::White), 20), "only-noise"),
        ("pink", unplayed(&noise(Noise::Pink), 20), "only-noise"),
        (
            "hum",
            unplayed(&noise(Noise::Hum(Hertz(50.0))), 20),
            "only-noise",
        ),
        ("babble", unplayed(&noise(Noise::Babble), 20), "no-burst"),
        ("typing", unplayed(&typing, 20), "no-burst"),
        ("music", music(20), "no-burst"),
    ] {
        let report = report(&samples);
        let names: Vec<&str> = report.findings.iter().map(Finding::name).collect();
        assert_eq!(names, [expected], "{name}: {report:?}");
    }
}

#[test]
fn silence_and_too_little_are_named() {
    assert_eq!(cause(&[]), Finding::Empty);
    assert_eq!(cause(&[0.0; 96_000]), Finding::Silence { seconds: 2.0 });
    let hiss = unplayed(&Room::HISS, 1);
    assert!(
        matches!(cause(&hiss[..4_800]), Finding::TooShort { seconds, needed_s }
        if seconds == 0.1 && (0.15..0.25).contains(&needed_s))
    );
    let nonsense = [f32::NAN; 48_000];
    assert_eq!(cause(&nonsense), Finding::NotNumbers { share: 1.0 });
}

#[test]
fn next_to_nothing_is_too_quiet() {
    // White noise at -101 dBFS: what 16 bits add to silence.
    let faint = Scene {
        noise: [Some((Noise::White, Decibels(-92.0))), None, None],
        ..Room::CLEAN
    };
    let found = cause(&unplayed(&faint, 3));
    assert!(
        matches!(found, Finding::TooQuiet { missing, .. } if (15.0..25.0).contains(&missing.0)),
        "{found:?}"
    );
}

/// White noise so that the tones of a burst have this ratio to the noise in their band.
fn in_noise(len: usize, snr: f32, seed: u64) -> Vec<f32> {
    let sound = burst(len);
    // The band of the tones is this part of what the noise covers.
    let (from, to) = Profile::AUDIBLE.normal.plan.band();
    let part = Decibels::from_power_ratio((to.0 - from.0) / (f64::from(RATE.0) / 2.0));
    // Quiet enough that the noise is not cut off.
    let quiet = Scene {
        volume: Decibels(-40.0),
        ..Room::CLEAN
    };
    let level = quiet.level_below(&sound, Decibels(snr + part.0));
    let scene = quiet.with_noise(Noise::White, level);
    Room::new(&scene, seed, RATE).apply(&sound)
}

#[test]
fn a_burst_in_too_much_noise_is_too_noisy_and_its_ratio_is_told() {
    for wanted in [-5.0, -7.0, -10.0] {
        let found = cause(&in_noise(64, wanted, 1));
        let Finding::TooNoisy { at_s, snr, .. } = found else {
            panic!("{wanted}: {found:?}");
        };
        assert!((at_s - 0.5).abs() < 0.02, "{at_s}");
        assert!((snr.0 - wanted).abs() < 2.0, "{snr}, not {wanted}");
    }
}

#[test]
fn the_ratio_that_is_said_to_be_needed_is_needed_and_enough() {
    let Finding::TooNoisy { needed, .. } = cause(&in_noise(64, -8.0, 1)) else {
        panic!("not too noisy");
    };
    let read = |snr| {
        (0..20)
            .filter(|seed| report(&in_noise(5, snr, *seed)).messages == 1)
            .count()
    };
    let (enough, less) = (read(needed.0), read(needed.0 - 4.0));
    assert!(enough >= 18 && less <= 10, "{enough} and {less} of 20");
}

#[test]
fn a_burst_far_below_the_noise_is_not_seen_at_all() {
    let found = cause(&in_noise(64, -25.0, 1));
    assert_eq!(found.name(), "only-noise");
}

#[test]
fn a_clock_beyond_reach_is_told_in_parts_per_million() {
    for ppm in [3000.0, -3000.0, 5000.0] {
        let found = cause(&heard(
            &Scene {
                skew_ppm: ppm,
                ..Room::DESK
            },
            64,
        ));
        assert!(
            matches!(found, Finding::Clock { ppm: got, most_ppm, .. }
                if (got - ppm).abs() < 100.0 && most_ppm < 3000.0),
            "{ppm}: {found:?}"
        );
    }
}

#[test]
fn a_burst_that_ends_too_early_is_cut_off() {
    let sound = burst(400);
    // A code may bridge a missing half.
    let found = cause(&sound[..sound.len() / 3]);
    let missing = RATE.seconds(sound.len() as u64 * 2 / 3);
    assert!(
        matches!(found, Finding::CutOff { missing_s: Some(got), .. } if (got - missing).abs() < 0.05),
        "{found:?}"
    );
}

#[test]
fn a_band_that_ends_is_named() {
    // Noise that leaves enough of the whole band, and not of a third of it.
    for (scene, noise) in [(Room::DESK, -8.0), (Room::ROOM, -10.0), (Room::HALL, -10.0)] {
        let scene = Scene {
            volume: Decibels(-12.0),
            noise: [None; 3],
            ..scene
        }
        .with_noise(Noise::Pink, Decibels(noise));
        for len in [64, 400] {
            let mut samples = heard(&scene, len);
            assert_eq!(report(&samples).messages, 1, "{}", scene.name);
            // A steep edge, as a converter has it: four times 24 dB an octave.
            let line = Scene {
                band: Some((Hertz(300.0), Hertz(3_400.0))),
                around: (0.0, 0.0),
                volume: Decibels(0.0),
                ..Room::CLEAN
            };
            for _ in 0..4 {
                samples = Room::new(&line, 1, RATE).apply(&samples);
            }
            let found = cause(&samples);
            assert!(
                matches!(found, Finding::BandMissing { above } if (2_500.0..4_900.0).contains(&above.0)),
                "{} {len}: {found:?}",
                scene.name
            );
        }
    }
}

#[test]
fn sound_that_is_cut_at_its_peaks_is_clipped() {
    // Hum beside the burst: alone it is filtered out, but where it drives the converter to its
    // end nothing else is left of the sound.
    let scene = Scene {
        volume: Decibels(-26.0),
        ..Room::DESK.with_noise(Noise::Hum(Hertz(50.0)), Decibels(0.0))
    };
    assert_eq!(report(&heard(&scene, 64)).messages, 1);
    let found = cause(&heard(
        &Scene {
            microphone: Decibels(30.0),
            ..scene
        },
        64,
    ));
    assert!(
        matches!(found, Finding::Clipped { share, over } if share > 0.5 && (20.0..45.0).contains(&over.0)),
        "{found:?}"
    );
}

#[test]
fn sound_that_is_switched_off_and_on_is_gated() {
    let mut samples = heard(&Room::DESK, 64);
    for gate in samples.chunks_mut(4_800) {
        let open = gate.len() / 8;
        gate[open..].fill(0.0);
    }
    // The gaps are long against a symbol, and all of the burst suffers.
    let report = report(&samples);
    assert_eq!(report.messages, 0, "{report:?}");
    assert!(
        report.findings.iter().any(|f| f.name() == "gated"),
        "{report:?}"
    );
}

#[test]
fn a_burst_that_another_speaks_over_is_damaged() {
    let mut both = burst(64);
    let other = Transmitter::new(&Profile::AUDIBLE, RATE)
        .burst(&[9; 60], 0)
        .unwrap()
        .into_samples();
    let late = 9_600;
    both.resize(late + other.len(), 0.0);
    for (slot, x) in both[late..].iter_mut().zip(other) {
        *slot = (*slot + x) / 2.0;
    }
    let found = cause(&Room::new(&Room::ROOM, 1, RATE).apply(&both));
    assert_eq!(found.name(), "damaged", "{found:?}");
}

#[test]
fn a_long_message_tells_how_many_segments_are_missing() {
    let sound = burst(4_096);
    let found = cause(&sound[..sound.len() / 2]);
    assert!(
        matches!(found, Finding::SegmentsMissing { got, need, .. } if got < need && got + 6 > need / 2),
        "{found:?}"
    );
}

#[test]
fn an_echo_of_a_cathedral_is_named() {
    // Reverberation of 6 s, ten times as strong as the direct sound.
    let mut random = Random::new(1, "cathedral");
    let mut impulse: Vec<f32> = (0..6 * 48_000)
        .map(|i| random.gaussian() as f32 * 1_000f32.powf(-(i as f32) / 288_000.0))
        .collect();
    let energy: f32 = impulse.iter().map(|x| x * x).sum();
    impulse[0] = (energy / 10.0).sqrt();
    let scale = 1.0 / (1.1 * energy).sqrt();
    impulse.iter_mut().for_each(|x| *x *= scale);
    let mut sound = vec![0.0; 24_000];
    sound.extend(burst(400));
    sound.resize(sound.len() + 48_000, 0.0);
    Convolver::new(&impulse).process(&mut sound);
    let found = cause(&Room::new(&Room::HISS, 1, RATE).apply(&sound));
    assert!(
        matches!(found, Finding::Echo { spread_s, .. } if spread_s > 0.004),
        "{found:?}"
    );
}

#[test]
fn an_amplifier_driven_too_far_is_no_excuse() {
    // What is clipped and read anyway.
    let scene = Scene {
        overdrive: Some(Clip::Hard(Decibels(30.0))),
        ..Room::HISS
    };
    assert_eq!(report(&heard(&scene, 64)).findings, []);
}

#[test]
fn words_and_advice_fit_a_terminal() {
    let at_s = 1234.56;
    let snr = Decibels(-12.3);
    for finding in [
        Finding::Empty,
        Finding::TooShort {
            seconds: 0.1,
            needed_s: 0.2,
        },
        Finding::Silence { seconds: 10.0 },
        Finding::NotNumbers { share: 0.5 },
        Finding::TooQuiet {
            level_dbfs: -101.0,
            missing: Decibels(21.0),
        },
        Finding::OnlyNoise {
            level_dbfs: -50.0,
            steady_within: Decibels(2.0),
        },
        Finding::NoBurst {
            quiet_dbfs: -50.0,
            loud_dbfs: -10.0,
        },
        Finding::Clipped {
            share: 0.97,
            over: Decibels(30.0),
        },
        Finding::BandMissing {
            above: Hertz(3_400.0),
        },
        Finding::BandMissing {
            above: Hertz(8_000.0),
        },
        Finding::BandMissing {
            above: Hertz(8_400.0),
        },
        Finding::Gated { gates: 100 },
        Finding::Dropouts { gaps: 100 },
        Finding::TooNoisy {
            at_s,
            snr,
            needed: Decibels(-2.0),
        },
        Finding::Echo {
            at_s,
            spread_s: 0.01,
            snr,
        },
        Finding::Damaged { at_s, snr },
        Finding::Clock {
            at_s,
            ppm: -3000.0,
            most_ppm: 1200.0,
        },
        Finding::CutOff {
            at_s,
            missing_s: None,
        },
        Finding::CutOff {
            at_s,
            missing_s: Some(12.34),
        },
        Finding::OtherVersion { at_s },
        Finding::SegmentsMissing {
            at_s,
            got: 123,
            need: 132,
        },
    ] {
        let (words, advice) = (finding.to_string(), finding.advice());
        assert!(words.len() <= 76 && advice.len() <= 76, "{words}\n{advice}");
        for (name, value) in finding.figures() {
            assert!(value.is_finite() && !name.is_empty(), "{name}");
        }
    }
}
