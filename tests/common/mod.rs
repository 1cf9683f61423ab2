//! What the black-box tests share: running the program, and sound files made by hand.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program under test.
pub(crate) fn airshake() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_airshake"));
    command.env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

/// Runs the program with `input` on stdin.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = airshake()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let input = input.to_vec();
    #[allow(clippy::disallowed_methods, reason = "a test may have threads")]
    // A thread of its own: the program may answer before it has read everything.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

/// Checks exit code and that stderr names `says`; gives stdout.
#[track_caller]
pub(crate) fn expect(output: &Output, code: i32, says: &str) -> Vec<u8> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "stderr: {stderr}");
    assert!(stderr.contains(says), "no {says:?} in: {stderr}");
    output.stdout.clone()
}

/// Bytes that look like nothing in particular, the same for the same seed.
pub(crate) fn bytes(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    (0..count)
        .map(|_| (xorshift(&mut state) >> 8) as u8)
        .collect()
}

/// White noise of amplitude `0..=size`.
pub(crate) fn noise(count: usize, size: f32, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    (0..count)
        .map(|_| size * (xorshift(&mut state) as f32 / 2f32.powi(31) - 1.0))
        .collect()
}

fn xorshift(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

/// The header of a mono WAV file with `data` bytes of samples to follow.
pub(crate) fn wav_header(rate: u32, bits: u16, float: bool, data: u32) -> Vec<u8> {
    let frame = bits / 8;
    let mut header = Vec::new();
    header.extend(b"RIFF");
    header.extend((36 + data).to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16u32.to_le_bytes());
    header.extend(if float { 3u16 } else { 1 }.to_le_bytes());
    header.extend(1u16.to_le_bytes());
    header.extend(rate.to_le_bytes());
    header.extend((rate * u32::from(frame)).to_le_bytes());
    header.extend(frame.to_le_bytes());
    header.extend(bits.to_le_bytes());
    header.extend(b"data");
    header.extend(data.to_le_bytes());
    header
}

/// A mono WAV file of 32-bit floats.
pub(crate) fn float_wav(rate: u32, samples: &[f32]) -> Vec<u8> {
    let mut wav = wav_header(rate, 32, true, 4 * samples.len() as u32);
    wav.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    wav
}

/// A path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().expect("a path of UTF-8")
}

/// Whether a program is there; where live tests are required, it must be.
pub(crate) fn tool(name: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder: PathBuf| folder.join(name).is_file())
    });
    assert!(
        found || std::env::var_os("AIRSHAKE_REQUIRE_LIVE").is_none(),
        "{name} is missing: script/setup installs it"
    );
    if !found {
        eprintln!("skipped, {name} is missing: script/setup installs it");
    }
    found
}

/// Runs another program, which must succeed.
#[track_caller]
pub(crate) fn other(name: &str, arguments: &[&str]) {
    let output = Command::new(name)
        .args(arguments)
        .output()
        .expect("the program starts");
    assert!(
        output.status.success(),
        "{name} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
