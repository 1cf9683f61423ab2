//! What `airshake decode` says when nothing was decoded, and with `--report`: for people in an
//! eighty-column terminal, and as JSON.

#![allow(
    clippy::disallowed_methods,
    reason = "tests of the whole program stand outside of it"
)]

mod common;

use airshake::air::{Clip, Noise, Room, Scene};
use airshake::bits::{HEADER_BITS, Header, VERSION, whiten};
use airshake::code::HeaderCode;
use airshake::modem::{Profile, Transmitter};
use airshake::samples::Synthesizer;
use airshake::tones::FrameMap;
use airshake::units::{Decibels, Hertz, SampleRate};
use common::{bytes, expect, float_wav, run};
use serde_json::Value;

const RATE: SampleRate = SampleRate::HZ_48000;

/// What a scene makes of a burst of that many bytes.
fn heard(scene: &Scene, len: usize) -> Vec<f32> {
    let burst = Transmitter::new(&Profile::AUDIBLE, RATE)
        .burst(&bytes(len, 5), 0)
        .expect("fits");
    Room::new(scene, 1, RATE).apply(&burst.into_samples())
}

/// Decodes sound that holds nothing readable. Gives the findings, after a look at the words.
fn findings(samples: &[f32]) -> Vec<Value> {
    let wav = float_wav(RATE.0, samples);
    let output = run(&["decode", "-"], &wav);
    assert_eq!(expect(&output, 1, "nothing decoded"), b"");
    let words = String::from_utf8(output.stderr).expect("UTF-8");
    println!("{words}");
    // Before it come the passes that were kept.
    let from = words.find("airshake: ").expect("the program says it");
    let lines: Vec<&str> = words[from..].lines().collect();
    assert!((3..=4).contains(&lines.len()), "{words}");
    assert!(
        lines.iter().all(|line| line.chars().count() < 80),
        "{words}"
    );

    let output = run(&["decode", "-q", "--json", "-"], &wav);
    let line = String::from_utf8(expect(&output, 1, "")).expect("UTF-8");
    let object: Value = serde_json::from_str(&line).expect("one line of JSON");
    let report = &object["report"];
    assert_eq!(report["messages"], 0, "{line}");
    let seconds = report["seconds"].as_f64().expect("a number");
    assert!(
        (seconds - RATE.seconds(samples.len() as u64)).abs() < 0.001,
        "{line}"
    );
    let findings = report["findings"].as_array().expect("an array").clone();
    // Words and JSON agree.
    assert!(
        words.contains(findings[0]["words"].as_str().expect("words")),
        "{words}{line}"
    );
    assert!(
        words.contains(findings[0]["advice"].as_str().expect("advice")),
        "{words}{line}"
    );
    findings
}

fn number(finding: &Value, name: &str) -> f64 {
    finding[name]
        .as_f64()
        .unwrap_or_else(|| panic!("no {name} in {finding}"))
}

#[test]
fn silence_and_noise_are_told_apart() {
    let silence = &findings(&[0.0; 96_000])[0];
    assert_eq!(silence["cause"], "silence");
    let hiss = Room::new(&Room::HISS, 1, RATE).apply(&[0.0; 96_000]);
    let noise = &findings(&hiss)[0];
    assert_eq!(noise["cause"], "only-noise");
    // 30 dB below a sine of half of full scale.
    assert!((number(noise, "level_dbfs") + 39.0).abs() < 1.5, "{noise}");
}

#[test]
fn people_talking_are_no_burst() {
    let scene = Room::CLEAN.with_noise(Noise::Babble, Decibels(-15.0));
    let talk = Room::new(&scene, 1, RATE).apply(&vec![0.0; 480_000]);
    assert_eq!(findings(&talk)[0]["cause"], "no-burst");
}

#[test]
fn a_burst_under_the_noise_is_told_with_what_is_missing() {
    let scene = Scene {
        volume: Decibels(-40.0),
        ..Room::CLEAN
    };
    let weak = &findings(&heard(&scene.with_noise(Noise::White, Decibels(-21.0)), 64))[0];
    assert_eq!(weak["cause"], "too-noisy", "{weak}");
    assert!(number(weak, "snr_db") < number(weak, "needed_db"), "{weak}");
    assert!((number(weak, "at_s") - 0.5).abs() < 0.1, "{weak}");
}

#[test]
fn the_band_of_a_telephone_is_named() {
    let scene = Scene {
        volume: Decibels(-12.0),
        noise: [None; 3],
        ..Room::ROOM
    };
    let mut samples = heard(&scene.with_noise(Noise::Pink, Decibels(-10.0)), 64);
    let line = Scene {
        band: Some((Hertz(300.0), Hertz(3_400.0))),
        around: (0.0, 0.0),
        volume: Decibels(0.0),
        ..Room::CLEAN
    };
    for _ in 0..4 {
        samples = Room::new(&line, 1, RATE).apply(&samples);
    }
    let band = &findings(&samples)[0];
    assert_eq!(band["cause"], "band-missing", "{band}");
    assert!(
        (2_500.0..4_900.0).contains(&number(band, "above_hz")),
        "{band}"
    );
}

#[test]
fn sound_cut_off_at_full_scale_is_clipped() {
    let scene = Scene {
        volume: Decibels(-26.0),
        microphone: Decibels(30.0),
        ..Room::DESK.with_noise(Noise::Hum(Hertz(50.0)), Decibels(0.0))
    };
    let clipped = &findings(&heard(&scene, 64))[0];
    assert_eq!(clipped["cause"], "clipped", "{clipped}");
    assert!(number(clipped, "share") > 0.5 && number(clipped, "over_db") > 20.0);
}

#[test]
fn a_clock_out_of_reach_is_told() {
    let clock = &findings(&heard(
        &Scene {
            skew_ppm: 3_000.0,
            ..Room::DESK
        },
        64,
    ))[0];
    assert_eq!(clock["cause"], "clock", "{clock}");
    assert!((number(clock, "ppm") - 3_000.0).abs() < 100.0, "{clock}");
}

#[test]
fn a_recording_that_ends_too_early_is_told() {
    let samples = heard(&Room::DESK, 400);
    // Half a second before it, 2.2 s of burst.
    let cut = &findings(&samples[..48_000 * 12 / 10])[0];
    assert_eq!(cut["cause"], "cut-off", "{cut}");
    assert!((number(cut, "missing_s") - 1.5).abs() < 0.15, "{cut}");
}

/// A burst as another version of the format would send it: all is as ours, but for the number.
fn other_version() -> Vec<f32> {
    let header = Header {
        segmented: false,
        pass: 0,
        id: 1,
        length: 64,
    };
    let mut content = header.to_bits();
    whiten(&mut content);
    let ours = content[..24]
        .iter()
        .fold(0u32, |all, bit| all << 1 | u32::from(*bit));
    assert_eq!(ours >> 22, u32::from(VERSION));
    let theirs = ours ^ 2 << 22;
    let word = u64::from(theirs) << 16 | u64::from(crc16(theirs));
    let mut bits: [bool; HEADER_BITS] =
        std::array::from_fn(|i| word >> (HEADER_BITS - 1 - i) & 1 == 1);
    whiten(&mut bits);

    let profile = &Profile::AUDIBLE;
    let format = profile.format(0);
    let coded = HeaderCode::new(HEADER_BITS).encode(&bits);
    let map = FrameMap::new(&format.plan, coded.len(), 3);
    let data: Vec<bool> = bytes(map.data_bits(), 8)
        .iter()
        .map(|x| x & 1 == 1)
        .collect();
    let mut samples = vec![0.0; 24_000];
    samples.extend(profile.chirp.samples(RATE).map(|(re, _)| 0.5 * re));
    let mut synthesizer = Synthesizer::new(format.plan, format.body, format.guard);
    for tones in map.tones(&coded, &data) {
        synthesizer.symbol(&tones, &mut samples);
    }
    samples.resize(samples.len() + 24_000, 0.0);
    Room::new(&Room::HISS, 1, RATE).apply(&samples)
}

/// CRC-16/CCITT-FALSE over 24 bits, as the documentation of the waveform has it.
fn crc16(content: u32) -> u16 {
    (0..24).rev().fold(0xffff, |crc: u16, i| {
        let carry = crc >> 15 ^ (content >> i) as u16 & 1;
        (crc << 1) ^ (carry * 0x1021)
    })
}

#[test]
fn a_burst_of_another_version_is_told() {
    let other = &findings(&other_version())[0];
    assert_eq!(other["cause"], "other-version", "{other}");
    // Half a second of ours and half a second of the room's before it.
    assert!((number(other, "at_s") - 1.0).abs() < 0.05, "{other}");
}

#[test]
fn what_was_lost_on_the_way_is_told_as_dropouts() {
    // Too quiet to be read, and in pieces: gaps of 5 to 20 ms.
    let scene = Scene {
        volume: Decibels(-40.0),
        dropouts: 25.0,
        ..Room::CLEAN
    }
    .with_noise(Noise::White, Decibels(-21.0));
    let findings = findings(&heard(&scene, 400));
    let dropouts = findings
        .iter()
        .find(|finding| finding["cause"] == "dropouts")
        .unwrap_or_else(|| panic!("{findings:?}"));
    // 25 a second for the 3.9 s of the recording are 98. With a mean of 12.5 ms they cover
    // 1 - exp(-25 * 0.0125) = 27 %; those that begin within another are one with it: 72, four
    // Poisson deviations more or less.
    let gaps = number(dropouts, "gaps");
    assert!((38.0..106.0).contains(&gaps), "{dropouts}");
}

#[test]
fn samples_that_are_no_numbers_are_told_and_not_taken_for_silence() {
    for broken in [f32::NAN, f32::INFINITY] {
        let broken = &findings(&[broken; 48_000])[0];
        assert_eq!(broken["cause"], "not-numbers", "{broken}");
        assert_eq!(number(broken, "share"), 1.0);
    }
}

#[test]
fn a_report_can_be_had_beside_a_message() {
    let good = heard(&Room::DESK, 20);
    let wav = float_wav(RATE.0, &good);
    let output = run(&["decode", "--report", "-"], &wav);
    assert_eq!(expect(&output, 0, "one message in "), bytes(20, 5));
    let output = run(&["decode", "-q", "--report", "--json", "-"], &wav);
    let lines = String::from_utf8(expect(&output, 0, "")).expect("UTF-8");
    let objects: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(objects.len(), 2, "{lines}");
    assert_eq!(objects[1]["report"]["messages"], 1);
    assert_eq!(objects[1]["report"]["findings"], Value::Array(vec![]));

    // A second burst that runs too fast is told beside the first.
    let fast = Scene {
        skew_ppm: 3_000.0,
        ..Room::DESK
    };
    let both = [good, heard(&fast, 20)].concat();
    let output = run(&["decode", "--report", "-"], &float_wav(RATE.0, &both));
    assert_eq!(expect(&output, 0, "0.30 % too fast"), bytes(20, 5));
}

#[test]
fn a_clipped_message_that_is_read_is_not_blamed() {
    let scene = Scene {
        overdrive: Some(Clip::Hard(Decibels(30.0))),
        ..Room::HISS
    };
    let output = run(
        &["decode", "--report", "-"],
        &float_wav(RATE.0, &heard(&scene, 20)),
    );
    expect(&output, 0, "one message");
    let words = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!words.contains("cut off"), "{words}");
}
