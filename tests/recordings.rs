//! Every recording in `test-audio` still says what stands beside it.
#![cfg(feature = "wav")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic and read files"
)]

use std::path::{Path, PathBuf};

use airshake::audio::files::Recording;
use airshake::modem::{Event, Profile, Receiver};

/// The messages in a recording.
fn decode(path: &Path) -> Vec<Vec<u8>> {
    let mut recording = Recording::open(path).unwrap();
    let mut receiver = Receiver::new(&[&Profile::AUDIBLE], recording.rate()).unwrap();
    let mut events = Vec::new();
    while let Some(block) = recording.next_block().unwrap() {
        events.extend(receiver.push(block));
    }
    events.extend(receiver.finish());
    let messages = events.into_iter().filter_map(|event| match event {
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

fn recordings(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("test-audio")
        .join(folder);
    let files = std::fs::read_dir(folder)
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
    check("golden", 7);
}

#[test]
fn impaired_recordings_stay_readable() {
    check("impaired", 13);
}

#[test]
fn what_once_harmed_or_might_is_taken_calmly() {
    check("crashes", 4);
}
