//! The program from outside: files, pipes, exit codes, and every bad input it may meet.

#![allow(
    clippy::disallowed_methods,
    reason = "tests of the whole program stand outside of it"
)]

mod common;

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;

use common::{airshake, arg, bytes, expect, float_wav, noise, other, run, tool, wav_header};
use tempfile::{TempDir, tempdir};

// --- help

#[test]
fn help_of_every_command_has_examples_and_fits_eighty_columns() {
    let commands = [
        "",
        "pair",
        "send",
        "receive",
        "pipe",
        "encode",
        "decode",
        "say",
        "hear",
        "demo",
        "bench",
        "bench speed",
        "bench rooms",
        "bench awgn",
        "bench rivals",
        "devices",
        "completions",
        "man",
        "web",
    ];
    for command in commands {
        let output = airshake()
            .args(command.split_whitespace())
            .arg("--help")
            .env("COLUMNS", "80")
            .output()
            .expect("runs");
        let help = String::from_utf8(expect(&output, 0, "")).expect("UTF-8");
        assert!(help.contains("Usage: airshake"), "{command}: {help}");
        assert!(help.contains("Examples:"), "{command}: {help}");
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
        // What stands after the options was written to fit, and is not broken again.
        let (_, examples) = help.split_once("Examples:").expect("checked");
        for line in examples.lines().filter(|line| line.starts_with("  ")) {
            let first = line.split_whitespace().next().expect("not empty");
            let starts = ["airshake", "echo", "arecord", "tar"].contains(&first);
            assert!(starts, "{command}: a broken line: {line}");
        }
    }
}

#[test]
fn version_names_the_program_and_its_version() {
    let out = expect(&run(&["--version"], b""), 0, "");
    assert_eq!(
        out,
        format!("airshake {}\n", env!("CARGO_PKG_VERSION")).as_bytes()
    );
}

#[test]
fn wrong_usage_ends_with_two() {
    expect(&run(&[], b""), 2, "Usage");
    expect(&run(&["shout"], b""), 2, "shout");
    expect(&run(&["encode"], b""), 2, "--output");
    expect(
        &run(&["encode", "-o", "-", "--rate", "8000"], b""),
        2,
        "8000",
    );
    expect(
        &run(&["encode", "-o", "-", "--passes", "0"], b""),
        2,
        "passes",
    );
    expect(
        &run(&["encode", "-o", "-", "--profile", "loud"], b""),
        2,
        "[possible values: audible, phone, ultrasonic]",
    );
    expect(&run(&["decode"], b""), 2, "IN");
    expect(
        &run(&["decode", "x.wav", "--json", "-o", "-"], b""),
        2,
        "stdout",
    );
}

#[test]
fn completions_and_manual_pages_are_written() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let out = expect(&run(&["completions", shell], b""), 0, "");
        let script = String::from_utf8_lossy(&out);
        for word in ["decode", "bench", "awgn"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let page = expect(&run(&["man"], b""), 0, "");
    assert!(String::from_utf8_lossy(&page).contains(".TH airshake 1"));
    let folder = tempdir().expect("a folder");
    let out = folder.path().join("man1");
    expect(&run(&["man", "--out", arg(&out)], b""), 0, "");
    for page in [
        "airshake.1",
        "airshake-encode.1",
        "airshake-decode.1",
        "airshake-pair.1",
        "airshake-bench.1",
        "airshake-bench-rooms.1",
    ] {
        assert!(out.join(page).is_file(), "{page}");
    }
}

// --- round trips

/// Encodes `payload` into a file and gives its path.
fn encoded(folder: &TempDir, payload: &[u8], options: &[&str]) -> PathBuf {
    let path = folder.path().join("message.wav");
    let mut arguments = vec!["encode", "-", "-o", arg(&path)];
    arguments.extend(options);
    expect(&run(&arguments, payload), 0, "");
    path
}

#[test]
fn a_picture_is_drawn_whether_anything_is_decoded_or_not() {
    let folder = tempdir().expect("a folder");
    let sound = encoded(&folder, b"hello", &[]);
    let quiet = folder.path().join("noise.wav");
    fs::write(&quiet, float_wav(48_000, &noise(48_000, 0.1, 9))).expect("is written");
    for (input, code) in [(&sound, 0), (&quiet, 1)] {
        let png = folder.path().join("seen.PNG");
        let svg = folder.path().join("seen.svg");
        for (picture, head) in [(&png, &b"\x89PNG\r\n"[..]), (&svg, b"<svg ")] {
            let output = run(&["decode", arg(input), "--plot", arg(picture)], b"");
            assert_eq!(output.status.code(), Some(code), "{output:?}");
            assert!(fs::read(picture).expect("was drawn").starts_with(head));
            fs::remove_file(picture).expect("is there");
        }
    }
}

#[test]
fn a_picture_that_cannot_be_written_is_wrong_usage() {
    let folder = tempdir().expect("a folder");
    let sound = encoded(&folder, b"hello", &[]);
    let nowhere = folder.path().join("no/such/folder.png");
    for (picture, what) in [
        ("-", ".png or .svg"),
        ("seen.gif", ".png or .svg"),
        (arg(&nowhere), "there is no folder"),
    ] {
        let output = run(&["decode", arg(&sound), "--plot", picture], b"");
        expect(&output, 2, what);
    }
}

#[test]
fn bytes_come_back_as_they_were() {
    let folder = tempdir().expect("a folder");
    for count in [0, 1, 64, 140, 400] {
        let payload = bytes(count, 1 + count as u32);
        let sound = encoded(&folder, &payload, &[]);
        let back = folder.path().join("back.bin");
        let output = run(&["decode", arg(&sound), "-o", arg(&back)], b"");
        assert_eq!(
            expect(&output, 0, ""),
            b"",
            "{count} bytes: stdout stays empty"
        );
        assert_eq!(
            fs::read(&back).expect("was written"),
            payload,
            "{count} bytes"
        );
    }
}

#[test]
fn the_longest_message_comes_back_and_a_longer_one_is_refused() {
    let folder = tempdir().expect("a folder");
    let payload = bytes(65_536, 5);
    let sound = encoded(&folder, &payload, &[]);
    assert!(expect(&run(&["decode", arg(&sound)], b""), 0, "65536 bytes") == payload);

    let output = run(&["encode", "-", "-o", "-"], &bytes(65_537, 6));
    assert_eq!(expect(&output, 2, "65536"), b"", "nothing is written");
}

#[test]
fn every_format_rate_and_number_of_passes_can_be_read_again() {
    let folder = tempdir().expect("a folder");
    let payload = bytes(40, 9);
    for format in ["16", "24", "float"] {
        for rate in ["44100", "48000", "96000"] {
            let sound = encoded(&folder, &payload, &["--format", format, "--rate", rate]);
            let back = expect(&run(&["decode", arg(&sound)], b""), 0, "");
            assert_eq!(back, payload, "{format} at {rate} Hz");
        }
    }
    let sound = encoded(&folder, &payload, &["--passes", "3"]);
    assert_eq!(expect(&run(&["decode", arg(&sound)], b""), 0, ""), payload);
}

#[test]
fn pipes_carry_sound_and_bytes() {
    let payload = bytes(100, 11);
    let sound = expect(&run(&["encode", "-", "-o", "-"], &payload), 0, "");
    assert_eq!(&sound[..4], b"RIFF");
    assert_eq!(
        expect(&run(&["decode", "-", "-o", "-"], &sound), 0, ""),
        payload
    );
}

#[test]
fn words_can_be_given_on_the_command_line() {
    let sound = expect(
        &run(&["encode", "--text", "good evening", "-o", "-"], b""),
        0,
        "",
    );
    assert_eq!(
        expect(&run(&["decode", "-"], &sound), 0, ""),
        b"good evening"
    );
}

#[test]
fn quiet_is_quiet() {
    let output = run(&["--quiet", "encode", "--text", "hush", "-o", "-"], b"");
    assert_eq!(output.stderr, b"");
    let output = run(&["decode", "-", "-q"], &output.stdout);
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (&b"hush"[..], &b""[..])
    );
}

#[test]
fn every_message_of_a_recording_is_written_and_told() {
    let folder = tempdir().expect("a folder");
    // Three messages one after the other, by joining what was made of each.
    let mut samples = Vec::new();
    for text in ["one", "two", "three"] {
        let wav = expect(
            &run(
                &["encode", "--text", text, "-o", "-", "--format", "float"],
                b"",
            ),
            0,
            "",
        );
        samples.extend(float_samples(&wav));
        samples.extend([0.0; 24_000]);
    }
    let path = folder.path().join("three.wav");
    fs::write(&path, float_wav(48_000, &samples)).expect("writes");

    let found = folder.path().join("found");
    let output = run(&["decode", arg(&path), "--all", arg(&found), "--json"], b"");
    let lines = String::from_utf8(expect(&output, 0, "")).expect("UTF-8");
    let messages: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!(messages.len(), 3, "{lines}");
    let mut last = -1.0;
    for (number, (message, text)) in messages.iter().zip(["one", "two", "three"]).enumerate() {
        let path = found.join(format!("{:04}.bin", number + 1));
        assert_eq!(fs::read(path).expect("was written"), text.as_bytes());
        assert_eq!(message["text"], text);
        assert_eq!(message["hex"].as_str().map(str::len), Some(2 * text.len()));
        assert_eq!(message["bytes"], text.len());
        assert_eq!(message["profile"], "audible");
        assert_eq!(message["passes"], 1);
        assert!(
            message["snr_db"].as_f64().is_some_and(f64::is_finite),
            "{message}"
        );
        // No clock is involved: what is left is the error of the estimate.
        assert!(
            message["clock_ppm"]
                .as_f64()
                .is_some_and(|ppm| ppm.abs() < 20.0),
            "{message}"
        );
        let offset = message["offset_s"].as_f64().expect("a number");
        assert!(offset > last, "{message}");
        last = offset;
    }

    // Without --all the first is delivered, and the others are mentioned.
    let output = run(&["decode", arg(&path)], b"");
    assert_eq!(expect(&output, 0, "2 other messages"), b"one");
}

#[test]
fn passes_of_a_loop_are_not_called_other_messages() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("loop.wav");
    let output = run(&["encode", "-o", arg(&path), "--passes", "3"], b"again");
    expect(&output, 0, "");
    let output = run(&["decode", arg(&path)], b"");
    assert_eq!(expect(&output, 0, "0.42 s: 5 bytes"), b"again");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(!talk.contains("not written"), "{talk}");
}

/// The samples of a WAV file of mono floats, found by its data chunk.
fn float_samples(wav: &[u8]) -> Vec<f32> {
    let data = wav
        .windows(4)
        .position(|w| w == b"data")
        .expect("a data chunk")
        + 8;
    wav[data..]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

// --- through other programs' hands

#[test]
fn a_copy_at_44100_hz_in_stereo_is_read() {
    if !tool("sox") {
        return;
    }
    let folder = tempdir().expect("a folder");
    let payload = bytes(140, 21);
    let sound = encoded(&folder, &payload, &[]);
    let copy = folder.path().join("stereo.wav");
    other("sox", &[arg(&sound), "-r", "44100", "-c", "2", arg(&copy)]);
    assert_eq!(expect(&run(&["decode", arg(&copy)], b""), 0, ""), payload);
}

#[test]
fn a_copy_in_eight_bits_is_read() {
    if !tool("sox") {
        return;
    }
    let folder = tempdir().expect("a folder");
    let payload = bytes(140, 22);
    let sound = encoded(&folder, &payload, &[]);
    let copy = folder.path().join("eight.wav");
    other("sox", &[arg(&sound), "-b", "8", arg(&copy)]);
    assert_eq!(expect(&run(&["decode", arg(&copy)], b""), 0, ""), payload);
}

#[test]
fn a_flac_copy_is_read() {
    if !tool("flac") {
        return;
    }
    let folder = tempdir().expect("a folder");
    let payload = bytes(140, 23);
    let sound = encoded(&folder, &payload, &["--format", "24"]);
    let copy = folder.path().join("copy.flac");
    other("flac", &["--silent", arg(&sound), "-o", arg(&copy)]);
    assert_eq!(expect(&run(&["decode", arg(&copy)], b""), 0, ""), payload);
}

#[test]
fn an_mp3_copy_of_64_kbit_per_second_is_read() {
    if !tool("lame") {
        return;
    }
    let folder = tempdir().expect("a folder");
    let payload = bytes(140, 24);
    let sound = encoded(&folder, &payload, &[]);
    let copy = folder.path().join("copy.mp3");
    other("lame", &["--quiet", "-b", "64", arg(&sound), arg(&copy)]);
    assert_eq!(expect(&run(&["decode", arg(&copy)], b""), 0, ""), payload);
}

// --- bad input

#[test]
fn what_is_no_sound_is_refused_with_two() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("in");
    let wav = float_wav(48_000, &noise(4800, 0.1, 1));
    let cases: [(&str, &[u8]); 5] = [
        ("an empty file", b""),
        ("text", b"Dear diary, today I heard a chirp.\n"),
        ("a header cut short", &wav[..30]),
        ("zeros", &[0; 4096]),
        (
            "a picture",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0",
        ),
    ];
    for (what, content) in cases {
        fs::write(&path, content).expect("writes");
        let output = run(&["decode", arg(&path)], b"");
        assert_eq!(output.status.code(), Some(2), "{what}: {output:?}");
        assert!(!output.stderr.is_empty(), "{what}");
        let piped = run(&["decode", "-"], content);
        assert_eq!(piped.status.code(), Some(2), "{what}, piped: {piped:?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    expect(
        &run(&["decode", "/nonexistent.wav"], b""),
        2,
        "/nonexistent.wav",
    );
    expect(
        &run(&["encode", "/nonexistent.bin", "-o", "-"], b""),
        2,
        "/nonexistent.bin",
    );
    expect(&run(&["decode", "/"], b""), 2, "/");
}

#[test]
fn a_sample_rate_too_low_is_refused_with_both_numbers() {
    let wav = float_wav(4000, &noise(4000, 0.1, 2));
    let output = run(&["decode", "-"], &wav);
    expect(&output, 2, "4000 Hz");
    expect(&output, 2, "8000 Hz");
    let wav = float_wav(8000, &noise(8000, 0.1, 2));
    let output = run(&["decode", "-", "--profile", "audible"], &wav);
    expect(&output, 2, "16000 Hz");
}

#[test]
fn a_recording_cut_off_in_its_middle_says_so() {
    let folder = tempdir().expect("a folder");
    let sound = fs::read(encoded(&folder, &bytes(140, 31), &[])).expect("reads");
    let output = run(&["decode", "-"], &sound[..sound.len() / 3]);
    assert_eq!(output.stdout, b"");
    // The header was heard: a burst began. Both the burst and the file are told to end early.
    expect(&output, 1, "the burst at 0.00 s is cut off");
    expect(&output, 1, "the file ends before its time");
}

#[test]
fn a_minute_of_noise_holds_nothing_and_its_loudness_is_told() {
    // White noise of amplitude a has an rms of a/sqrt(3): -24.8 dBFS for 0.1.
    let wav = float_wav(48_000, &noise(60 * 48_000, 0.1, 3));
    let output = run(&["decode", "-"], &wav);
    assert_eq!(expect(&output, 1, "60.0 s of sound at -25 dBFS"), b"");
    expect(&output, 1, "no burst, only a steady noise");
}

#[test]
fn silence_is_called_silence() {
    let wav = float_wav(48_000, &[0.0; 96_000]);
    expect(&run(&["decode", "-"], &wav), 1, "2.0 s of silence");
    expect(
        &run(&["decode", "-"], &float_wav(48_000, &[])),
        1,
        "no samples",
    );
}

#[test]
fn samples_that_are_not_numbers_do_no_harm() {
    let wav = float_wav(48_000, &[f32::NAN; 48_000]);
    let output = run(&["decode", "-"], &wav);
    assert_eq!(output.status.code(), Some(1), "{output:?}");

    // Among good samples they cost no more than their place.
    let good = expect(
        &run(
            &[
                "encode",
                "--text",
                "still here",
                "-o",
                "-",
                "--format",
                "float",
            ],
            b"",
        ),
        0,
        "",
    );
    let mut samples = vec![f32::NAN; 4800];
    samples.extend(float_samples(&good));
    samples.extend([f32::INFINITY; 4800]);
    let back = run(&["decode", "-"], &float_wav(48_000, &samples));
    assert_eq!(expect(&back, 0, ""), b"still here");
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_file_is_read_in_bounded_memory() {
    // 200 MB of zeros behind a header: sparse, so the disk holds nothing of it.
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("large.wav");
    let size: u32 = 200_000_000;
    fs::write(&path, wav_header(48_000, 16, false, size)).expect("writes");
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_len(44 + u64::from(size)))
        .expect("grows");
    let mut child = airshake()
        .args(["decode", arg(&path)])
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    while child.try_wait().expect("waits").is_none() {
        // The high-water mark; gone once the program has ended.
        let now = fs::read_to_string(&status).unwrap_or_default();
        let line = now.lines().find(|line| line.starts_with("VmHWM:"));
        let kb = line
            .and_then(|l| l.split_whitespace().nth(1))
            .and_then(|n| n.parse().ok());
        peak_kb = peak_kb.max(kb.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut stderr)
        .expect("UTF-8");
    assert_eq!(child.wait().expect("ended").code(), Some(1), "{stderr}");
    assert!(peak_kb > 0, "the high-water mark was never seen");
    // A quarter of the file: who reads it whole cannot pass.
    assert!(
        peak_kb < 50_000,
        "{peak_kb} kB for a file of {} kB",
        size / 1000
    );
}

// --- bad output

#[test]
fn an_output_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempdir().expect("a folder");
    let missing = folder.path().join("no/such/folder/out.wav");
    expect(
        &run(&["encode", "--text", "x", "-o", arg(&missing)], b""),
        2,
        "out.wav",
    );
    expect(
        &run(&["encode", "--text", "x", "-o", arg(folder.path())], b""),
        2,
        arg(folder.path()),
    );

    let sound = encoded(&folder, b"hello", &[]);
    expect(
        &run(&["decode", arg(&sound), "-o", arg(&missing)], b""),
        2,
        "out.wav",
    );
    assert_eq!(
        fs::read_dir(folder.path()).expect("lists").count(),
        1,
        "only the sound"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_and_the_device_is_left_alone() {
    let folder = tempdir().expect("a folder");
    let sound = encoded(&folder, b"hello", &[]);
    let full = "/dev/full";
    expect(
        &run(&["encode", "--text", "x", "-o", full], b""),
        2,
        "No space left",
    );
    expect(
        &run(&["decode", arg(&sound), "-o", full], b""),
        2,
        "No space left",
    );
    for arguments in [
        &["decode", arg(&sound)][..],
        &["encode", "--text", "x", "-o", "-"],
    ] {
        let device = fs::OpenOptions::new()
            .write(true)
            .open(full)
            .expect("opens");
        let output = airshake()
            .args(arguments)
            .stdout(device)
            .output()
            .expect("runs");
        expect(&output, 2, "No space left");
    }
    let kind = fs::metadata(full).expect("still there").file_type();
    assert!(!kind.is_file(), "/dev/full was replaced by a file");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_its_file_is_replaced_whole() {
    let folder = tempdir().expect("a folder");
    let sound = encoded(&folder, b"new", &[]);
    let file = folder.path().join("file.bin");
    let link = folder.path().join("link.bin");
    fs::write(&file, "something much longer than the new message").expect("writes");
    std::os::unix::fs::symlink(&file, &link).expect("links");
    expect(&run(&["decode", arg(&sound), "-o", arg(&link)], b""), 0, "");
    assert!(link.is_symlink());
    assert_eq!(fs::read(&file).expect("reads"), b"new");
}

#[test]
fn a_reader_who_leaves_early_is_no_error() {
    let mut child = airshake()
        .args(["encode", "--text", "x", "--passes", "50", "-o", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut head = [0; 4];
    child
        .stdout
        .take()
        .expect("piped")
        .read_exact(&mut head)
        .expect("reads");
    // The pipe is closed here, long before everything is written.
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(unix)]
#[test]
fn a_closed_stdin_is_an_empty_message_and_no_sound() {
    let shell = |line: &str| {
        std::process::Command::new("sh")
            .args(["-c", line, env!("CARGO_BIN_EXE_airshake")])
            .output()
            .expect("runs")
    };
    let output = shell("exec \"$0\" decode - <&-");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = shell("\"$0\" -q encode -o - </dev/null | \"$0\" -q decode - -o - | wc -c");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "0",
        "{output:?}"
    );
}

// --- the rest

#[test]
fn the_demo_pairs_two_peers_who_talk_and_send_a_file() {
    let begun = std::time::Instant::now();
    let output = run(&["demo", "--json"], b"");
    let story = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{story}");
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    let events: Vec<serde_json::Value> = story
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    for peer in ["Alice", "Bob"] {
        for event in ["connected", "text"] {
            assert!(
                events
                    .iter()
                    .any(|e| e["event"] == event && e["peer"] == peer),
                "{peer} {event}: {story}"
            );
        }
    }
    assert!(events.iter().any(|e| e["event"] == "playing"), "{story}");
    let files = events.iter().filter(|e| e["event"] == "file");
    let hashes: Vec<&str> = files.filter_map(|e| e["sha256"].as_str()).collect();
    assert_eq!(hashes.len(), 2, "{story}");
    assert_eq!(hashes[0], hashes[1], "{story}");
}

#[test]
fn every_profile_is_recognised_by_itself_and_left_out_if_another_is_asked_for() {
    for name in ["audible", "phone", "ultrasonic"] {
        let wav = run(&["encode", "-o", "-", "--profile", name], b"hello").stdout;
        let lines = String::from_utf8(expect(&run(&["decode", "-", "--json"], &wav), 0, ""));
        let line = lines.expect("UTF-8");
        let message: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
        assert_eq!(message["profile"], name);
        assert_eq!(message["text"], "hello");
        for other in ["audible", "phone", "ultrasonic"] {
            let output = run(&["decode", "-", "--profile", other], &wav);
            if other == name {
                assert_eq!(expect(&output, 0, ""), b"hello");
            } else {
                expect(&output, 1, "");
            }
        }
    }
}
