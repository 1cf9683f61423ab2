//! Another sender, written after `docs/waveform.md` and nothing else, sounds the same tones as ours:
//! the text says everything, and the wire format has not moved.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod sender;
mod text;

use std::f64::consts::PI;

use airshake::modem::{Event, Loss, Profile, Receiver, Transmitter};
use airshake::units::SampleRate;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex32;

use sender::{Frame, announcement, bytes, crc32, pass_of};
use text::{Format, digests, profiles, values};

const HELLO: &[u8] = b"hello, air";
/// 64 ms at 48 kHz.
const CHIRP: usize = 3072;

/// A sample of the preamble, its peak 1.
fn chirp(profile: &text::Profile, i: usize) -> f64 {
    let [from, to] = profile.chirp;
    let (t, length) = (i as f64 / 48_000.0, 0.064);
    let edge = t.min(length - t);
    let fade = (PI / 2.0 * (edge / 0.003).min(1.0)).sin().powi(2);
    fade * (2.0 * PI * (from * t + (to - from) * t * t / (2.0 * length))).cos()
}

fn squares() -> Vec<u8> {
    (0..1300u32).map(|i| (i * i % 251) as u8).collect()
}

/// What our sender plays.
fn ours(profile: &text::Profile, message: &[u8], pass: usize) -> Vec<f32> {
    let profile = Profile::by_name(profile.name).unwrap();
    let transmitter = Transmitter::new(profile, SampleRate::HZ_48000);
    transmitter
        .burst(message, pass as u8)
        .unwrap()
        .into_samples()
}

/// The loudest tone of each group in the symbol whose guard begins at `at`.
fn loudest(samples: &[f32], at: usize, profile: &text::Profile, format: &Format) -> Vec<u8> {
    // A little before the body begins: a filter that keeps ultrasound quiet rings around every edge.
    let from = at + profile.guard * 3 / 4;
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(profile.body);
    let mut spectrum = transform.make_output_vec();
    let mut body = samples[from..from + profile.body].to_vec();
    transform.process(&mut body, &mut spectrum).unwrap();
    let tones = spectrum[format.first_bin..].chunks(format.tones);
    tones
        .take(format.groups)
        .map(|group| {
            let powers = group.iter().map(|bin| bin.norm_sqr()).enumerate();
            let loudest = powers.max_by(|a, b| a.1.total_cmp(&b.1));
            loudest.unwrap().0 as u8
        })
        .collect()
}

#[test]
fn every_pass_of_every_profile_sounds_the_tones_of_the_text() {
    let long = squares();
    for profile in profiles() {
        for length in [0, 1, 10, 64, 217, 508, 509, 1300] {
            let message = &long[..length];
            for pass in 0..8 {
                let context = format!("{}, {length} bytes, pass {pass}", profile.name);
                let samples = ours(&profile, message, pass);
                let mut at = 0;
                for frame in pass_of(&profile, message, pass) {
                    at += CHIRP;
                    for tones in &frame.tones {
                        let got = loudest(&samples, at, &profile, &frame.format);
                        assert_eq!(got, *tones, "{context}");
                        at += profile.guard + profile.body;
                    }
                }
                // The filter of quiet bursts rings for less than a guard.
                assert!(
                    (at..at + profile.guard).contains(&samples.len()),
                    "{context}"
                );
            }
        }
    }
}

#[test]
fn the_preamble_is_that_of_the_text() {
    for profile in profiles()
        .iter()
        .filter(|profile| profile.name != "ultrasonic")
    {
        let samples = ours(profile, HELLO, 0);
        for (i, got) in samples[..CHIRP].iter().enumerate() {
            // Single precision.
            let expected = 0.9 * chirp(profile, i);
            assert!(
                (f64::from(*got) - expected).abs() < 1e-6,
                "{} {i}",
                profile.name
            );
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The worked example, in the order of the text.
fn worked() -> Vec<(String, String)> {
    let audible = &profiles()[0];
    let of = |pass| -> Frame { pass_of(audible, HELLO, pass).remove(0) };
    let first = of(0);
    let bits = |bits: &[bool]| hex(&bytes(bits));
    let mut worked = vec![
        ("payload".to_owned(), hex(HELLO)),
        (
            "CRC-32 of the message".to_owned(),
            format!("{:08x}", crc32(HELLO)),
        ),
        ("header".to_owned(), bits(&first.header)),
        ("header whitened".to_owned(), bits(&first.header_whitened)),
        ("header coded".to_owned(), bits(&first.header_coded)),
        ("packet".to_owned(), bits(&first.packet)),
        ("packet whitened".to_owned(), bits(&first.packet_whitened)),
        (
            format!("mother bits, {}", first.mother.len()),
            bits(&first.mother),
        ),
    ];
    for pass in [0, 1, 4] {
        let frame = of(pass);
        let tones = frame.tones.concat();
        let digits = if frame.format.tones > 16 {
            hex(&tones)
        } else {
            tones.iter().map(|tone| format!("{tone:x}")).collect()
        };
        worked.push((
            format!("pass {pass}, {} data bits", frame.data.len()),
            bits(&frame.data),
        ));
        worked.push((format!("pass {pass}, tones"), digits));
    }
    worked
}

#[test]
fn the_worked_example_is_what_the_text_leads_to() {
    let published = values("vector");
    let worked = worked();
    assert_eq!(published.len(), worked.len());
    for (name, value) in worked {
        assert_eq!(published.get(&name), Some(&value), "{name}");
    }
}

#[test]
fn the_digests_are_those_of_all_tones() {
    let published = digests();
    assert_eq!(published.len(), 6);
    for profile in profiles() {
        for (name, message) in [("hello", HELLO), ("squares", &squares())] {
            let digest = |pass| {
                let frames = pass_of(&profile, message, pass);
                let tones: Vec<Vec<u8>> = frames.into_iter().flat_map(|f| f.tones).collect();
                crc32(&tones.concat())
            };
            let digests: Vec<u32> = (0..8).map(digest).collect();
            let head = format!("{name}, {}", profile.name);
            assert_eq!(published.get(&head), Some(&digests), "{head}");
        }
    }
}

/// The sound of some symbols behind a preamble, after section 1, with phases of its own choice.
fn sound(profile: &text::Profile, format: &Format, symbols: &[Vec<u8>]) -> Vec<f32> {
    let mut samples: Vec<f32> = (0..CHIRP).map(|i| 0.9 * chirp(profile, i) as f32).collect();
    let transform = RealFftPlanner::<f32>::new().plan_fft_inverse(profile.body);
    for symbol in symbols {
        let mut spectrum = transform.make_input_vec();
        for (group, tone) in symbol.iter().enumerate() {
            let bin = format.first_bin + group * format.tones + usize::from(*tone);
            // As good as any: the fraction of a square times an irrational.
            let turn = (group * group) as f32 * 0.618_034;
            spectrum[bin] = Complex32::from_polar(1.0, 2.0 * PI as f32 * turn.fract());
        }
        let mut body = transform.make_output_vec();
        transform.process(&mut spectrum, &mut body).unwrap();
        let peak = body.iter().fold(0f32, |peak, x| peak.max(x.abs()));
        body.iter_mut().for_each(|x| *x *= 0.9 / peak);
        samples.extend_from_slice(&body[profile.body - profile.guard..]);
        samples.extend_from_slice(&body);
    }
    samples
}

fn heard(profile: &text::Profile, samples: &[f32]) -> Vec<Event> {
    let profile = Profile::by_name(profile.name).unwrap();
    let mut receiver = Receiver::new(&[profile], SampleRate::HZ_48000).unwrap();
    let mut events: Vec<Event> = receiver.push(&[0.0; 9600]).collect();
    events.extend(receiver.push(samples));
    events.extend(receiver.finish());
    events
}

#[test]
fn our_receiver_reads_the_other_sender() {
    let long = squares();
    for profile in profiles() {
        for (length, pass) in [(0, 0), (64, 1), (64, 4), (64, 7), (508, 2), (1300, 3)] {
            let message = &long[..length];
            let frames = pass_of(&profile, message, pass);
            let sounds = frames
                .iter()
                .map(|frame| sound(&profile, &frame.format, &frame.tones));
            let events = heard(&profile, &sounds.collect::<Vec<_>>().concat());
            let messages = events.iter().filter_map(|event| match event {
                Event::Message(heard) => Some(heard.payload.as_slice()),
                _ => None,
            });
            assert!(messages.eq([message]), "{}, {length}, {pass}", profile.name);
        }
    }
}

/// Section 6: what is not known yet is told by its name, and nothing else is made of it.
#[test]
fn other_versions_and_reserved_lengths_are_called_unsupported() {
    let other = [0, 2, 3].map(|version| (version, false, 64));
    let reserved = [
        (false, 509),
        (false, 1023),
        (true, 0),
        (true, 501),
        (true, 1023),
    ];
    let reserved = reserved.map(|(segmented, length)| (1, segmented, length));
    for profile in profiles() {
        for (version, segmented, length) in other.into_iter().chain(reserved) {
            let symbols = announcement(&profile, version, segmented, length);
            let events = heard(&profile, &sound(&profile, &profile.normal, &symbols));
            let context = format!(
                "{} {version} {segmented} {length}: {events:?}",
                profile.name
            );
            let told = events
                .iter()
                .filter(|event| !matches!(event, Event::Carrier { .. }));
            let told: Vec<&Event> = told.collect();
            let [
                Event::Lost {
                    reason: Loss::Unsupported,
                    ..
                },
            ] = told[..]
            else {
                panic!("{context}");
            };
        }
    }
}
