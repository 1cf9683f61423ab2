//! Every recording in `test-audio` still says what stands beside it.
#![cfg(feature = "wav")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic and read files"
)]

use std::path::{Path, PathBuf};

use airshake::audio::files::Recording;
use airshake::modem::{Event, Loss, Profile, Receiver, Transmitter};
use airshake::units::SampleRate;

/// What a recording leads to, whatever profile it is in.
fn events(path: &Path) -> Vec<Event> {
    let mut recording = Recording::open(path).unwrap();
    let mut receiver = Receiver::new(Profile::ALL, recording.rate()).unwrap();
    let mut events = Vec::new();
    while let Some(block) = recording.next_block().unwrap() {
        events.extend(receiver.push(block));
    }
    events.extend(receiver.finish());
    events
}

/// The messages in a recording.
fn decode(path: &Path) -> Vec<Vec<u8>> {
    let messages = events(path).into_iter().filter_map(|event| match event {
        Event::Message(heard) => Some(heard.payload),
        _ => None,
    });
    messages.collect()
}

/// A line a message: `text WORDS` or `hex DIGITS`; no line, no message.
fn expected(path: &Path) -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let message = |line: &str| match line.split_once(' ') {
        Some(("text", words)) => words.as_bytes().to_vec(),
        Some(("hex", digits)) => (0..digits.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
            .collect(),
        _ => panic!("{}: what is {line:?}?", path.display()),
    };
    text.lines().map(message).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("test-audio")
        .join(name)
}

fn recordings(name: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "wav"))
        .collect()
}

fn check(folder: &str, at_least: usize) {
    let recordings = recordings(folder);
    assert!(
        recordings.len() >= at_least,
        "{} recordings in {folder}",
        recordings.len()
    );
    for path in recordings {
        assert_eq!(
            decode(&path),
            expected(&path.with_extension("txt")),
            "{}",
            path.display()
        );
    }
}

#[test]
fn golden_recordings_stay_readable() {
    check("golden", GOLDEN.len() + 1);
}

/// The golden recordings of one message: its profile and its passes.
const GOLDEN: &[(&str, &Profile, &[u8])] = &[
    ("empty", &Profile::AUDIBLE, &[0]),
    ("hello", &Profile::AUDIBLE, &[0]),
    ("sixty-four-bytes", &Profile::AUDIBLE, &[0]),
    ("sixty-four-bytes-pass-3", &Profile::AUDIBLE, &[3]),
    ("loop", &Profile::AUDIBLE, &[0, 1, 2, 3, 4, 5, 6, 7]),
    ("deep-pass-4", &Profile::AUDIBLE, &[4]),
    ("deep-pass-6", &Profile::AUDIBLE, &[6]),
    ("longest-single-frame", &Profile::AUDIBLE, &[0]),
    ("three-segments", &Profile::AUDIBLE, &[0]),
    ("two-segments-pass-5", &Profile::AUDIBLE, &[5]),
    ("phone", &Profile::PHONE, &[0]),
    ("phone-deep-pass-1", &Profile::PHONE, &[1]),
    ("ultrasonic", &Profile::ULTRASONIC, &[0]),
    ("ultrasonic-deep-pass-4", &Profile::ULTRASONIC, &[4]),
];

/// A step of the 16 bits in which they are stored. The sender computes in single precision, and
/// the order of its sums differs from one kind of processor to the next by a few parts in ten
/// million, a hundredth of a step: which may round to the neighbouring step, and no further.
const STEP: f32 = 1.0 / 32_768.0;

/// The tones are the wire format, and `tests/waveform` holds them. This also holds lengths,
/// levels and phases. Phases are free: who chooses others on purpose changes this test, and not the
/// recordings.
#[test]
fn golden_recordings_are_what_is_still_sent() {
    for (name, profile, passes) in GOLDEN {
        let path = folder("golden").join(name).with_extension("wav");
        let mut recording = Recording::open(&path).unwrap();
        let (rate, mut recorded) = (recording.rate(), Vec::new());
        while let Some(block) = recording.next_block().unwrap() {
            recorded.extend_from_slice(block);
        }
        let message = &expected(&path.with_extension("txt"))[0];
        let sent: Vec<f32> = passes
            .iter()
            .flat_map(|pass| sound(profile, message, *pass, rate))
            .collect();
        assert_eq!(sent.len(), recorded.len(), "{name}");
        for (i, (sent, recorded)) in sent.iter().zip(&recorded).enumerate() {
            // Half a step is lost by storing.
            let error = (sent - recorded).abs();
            assert!(error < 1.5 * STEP, "{name}, sample {i}: {sent} {recorded}");
        }
    }
}

fn sound(profile: &'static Profile, message: &[u8], pass: u8, rate: SampleRate) -> Vec<f32> {
    let burst = Transmitter::new(profile, rate).burst(message, pass);
    burst.unwrap().into_samples()
}

/// What was sent while the format was being developed is no longer read, and is told by its name.
#[test]
fn an_older_wire_version_is_called_unsupported() {
    let events = events(&folder("crashes").join("wire-version-0.wav"));
    let unsupported = |event: &Event| {
        matches!(
            event,
            Event::Lost {
                reason: Loss::Unsupported,
                ..
            }
        )
    };
    assert!(events.iter().any(unsupported), "{events:?}");
}

#[test]
fn impaired_recordings_stay_readable() {
    check("impaired", 13);
}

#[test]
fn what_once_harmed_or_might_is_taken_calmly() {
    check("crashes", 5);
}
