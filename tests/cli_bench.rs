//! `airshake bench` from outside: that it ends on its counts, gives the same for the same seeds,
//! and keeps to the names it promises.

#![allow(
    clippy::disallowed_methods,
    reason = "tests of the whole program stand outside of it"
)]

mod common;

use common::{airshake, expect, run};
use serde_json::Value;
use tempfile::tempdir;

/// Runs a measurement and parses its lines.
#[track_caller]
fn lines(arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["bench"];
    all.extend(arguments);
    all.push("--json");
    let out = expect(&run(&all, b""), 0, "");
    let text = String::from_utf8(out).expect("UTF-8");
    let parse = |line: &str| serde_json::from_str(line).expect("a line of JSON");
    text.lines().map(parse).collect()
}

/// A table for people, whose lines must fit a terminal.
#[track_caller]
fn table(arguments: &[&str]) -> String {
    let mut all = vec!["bench"];
    all.extend(arguments);
    let text = String::from_utf8(expect(&run(&all, b""), 0, "")).expect("UTF-8");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    text
}

#[track_caller]
fn has(record: &Value, names: &[&str]) {
    for name in names {
        assert!(record.get(name).is_some(), "{name} is missing: {record}");
    }
}

fn number(record: &Value, name: &str) -> f64 {
    record[name].as_f64().expect("a number")
}

const SPEED: &[&str] = &[
    "speed",
    "--rounds",
    "2",
    "--seconds",
    "2",
    "--payload",
    "20",
];

#[test]
fn speed_tells_each_figure_with_its_spread() {
    let records = lines(SPEED);
    let of = |what: &str| {
        records
            .iter()
            .find(|record| record["what"] == what)
            .expect(what)
    };
    for what in [
        "encode",
        "decode",
        "noise",
        "silence",
        "all-profiles",
        "talk",
        "music",
    ] {
        let record = of(what);
        has(
            record,
            &[
                "bench",
                "profile",
                "payload",
                "rounds",
                "sound_s",
                "core_percent",
            ],
        );
        let (min, max) = (
            number(record, "times_real_time_min"),
            number(record, "times_real_time_max"),
        );
        let median = number(record, "times_real_time");
        assert!(0.0 < min && min <= median && median <= max, "{record}");
    }
    has(of("start"), &["ms", "ms_min", "ms_max"]);
    // A message is there within a tenth of a second, or talking by sound would feel slow.
    let latency = of("latency");
    assert!(number(latency, "stream_ms") < 100.0, "{latency}");
    has(
        latency,
        &[
            "cpu_ms",
            "cpu_ms_min",
            "cpu_ms_max",
            "stream_ms_min",
            "stream_ms_max",
        ],
    );
    has(of("memory"), &["receiver_mib", "process_mib"]);
    if cfg!(target_os = "linux") {
        assert!(number(of("memory"), "receiver_mib") > 0.0);
    }
    assert!(table(SPEED).contains("x real time"));
}

const ROOMS: &[&str] = &[
    "rooms",
    "--scenes",
    "clean,hall",
    "--quieter",
    "0,60",
    "--max",
    "6",
    "--errors",
    "3",
    "--payload",
    "20",
    "--passes",
    "2",
];

#[test]
fn rooms_counts_by_pass_and_stops_on_errors() {
    let records = lines(ROOMS);
    // Two rooms, two volumes, two passes.
    assert_eq!(records.len(), 8);
    for record in &records {
        has(
            record,
            &["bench", "profile", "payload", "air_s", "wrong", "complete"],
        );
        assert!(number(record, "low") <= number(record, "rate"), "{record}");
        assert!(number(record, "rate") <= number(record, "high"), "{record}");
        let quiet = number(record, "quieter_db") == 60.0;
        let hall = record["scene"] == "hall";
        // A cable loses nothing even then; in the hall 60 dB leave nothing of the message.
        let (messages, out) = if quiet && hall { (3, 0) } else { (6, 6) };
        assert_eq!(record["messages"], messages, "{record}");
        assert_eq!(record["out"], out, "{record}");
    }
    assert!(table(ROOMS).contains("2 passes"));
}

const AWGN: &[&str] = &[
    "awgn",
    "--payload",
    "20",
    "--from",
    "2",
    "--step",
    "6",
    "--max",
    "8",
    "--errors",
    "4",
];

#[test]
fn awgn_goes_from_all_lost_to_none_and_says_what_theory_says() {
    let records = lines(AWGN);
    let (last, points) = records.split_last().expect("lines");
    for point in points {
        has(
            point,
            &[
                "bench", "profile", "payload", "passes", "low", "high", "wrong", "complete",
            ],
        );
        assert_eq!(point["what"], "point");
        // What no code can do, this one does not: at 2 dB all but nothing gets through.
        let allowed = 1.0 - number(point, "bound");
        assert!(allowed > 0.01 || number(point, "rate") == 1.0, "{point}");
    }
    assert_eq!(number(&points[0], "rate"), 1.0);
    assert_eq!(points.last().map(|point| number(point, "rate")), Some(0.0));
    assert_eq!(last["what"], "threshold");
    has(
        last,
        &[
            "eb_n0_db",
            "c_n0_db_hz",
            "cpk_n0_db_hz",
            "capacity_db",
            "air_s",
        ],
    );
    assert!(number(last, "capacity_db") < number(last, "bound_db"));
    assert!(number(last, "bound_db") < number(last, "eb_n0_db"));
    assert!(table(AWGN).contains("Cpk/N0"));
}

#[test]
fn equal_seeds_give_equal_results_on_any_number_of_threads() {
    for measurement in [ROOMS, AWGN] {
        let with = |threads| {
            let mut arguments = measurement.to_vec();
            arguments.extend(["--threads", threads]);
            lines(&arguments)
        };
        assert_eq!(with("1"), with("3"));
    }
}

#[test]
fn bad_arguments_end_with_two() {
    for (arguments, says) in [
        (vec!["bench"], "Usage"),
        (vec!["bench", "moon"], "moon"),
        (vec!["bench", "rooms", "--scenes", "moon"], "hall"),
        (vec!["bench", "rooms", "--passes", "9"], "passes"),
        (vec!["bench", "rooms", "--payload", "65537"], "65536"),
        (vec!["bench", "rooms", "--max", "0"], "max"),
        (vec!["bench", "rooms", "--quieter", "-3"], "quieter"),
        (vec!["bench", "awgn", "--step", "0"], "0.01"),
        (vec!["bench", "awgn", "--from", "many"], "decibels"),
        (vec!["bench", "awgn", "--payload", "0"], "payload"),
        (vec!["bench", "speed", "--rounds", "0"], "rounds"),
        (
            vec!["bench", "rooms", "--plot", "rooms.jpg"],
            ".png or .svg",
        ),
    ] {
        expect(&run(&arguments, b""), 2, says);
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_gives_what_was_measured_by_then() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};
    let mut child = airshake()
        .args([
            "bench",
            "rooms",
            "--scenes",
            "clean,room",
            "--payload",
            "4",
            "--json",
        ])
        .args([
            "--passes",
            "1",
            "--max",
            "300",
            "--errors",
            "1000000",
            "--quieter",
            "0,1,2,3,4,5",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines();
    let first = lines.next().expect("a line").expect("UTF-8");
    assert!(first.contains("\"complete\":true"), "{first}");
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
    let rest: Vec<String> = lines.map(|line| line.expect("UTF-8")).collect();
    let mut told = String::new();
    let stderr = child.stderr.as_mut().expect("is piped");
    stderr.read_to_string(&mut told).expect("UTF-8");
    assert_eq!(child.wait().expect("ends").code(), Some(130), "{told}");
    let last: Value = serde_json::from_str(rest.last().expect("a point cut short")).expect("JSON");
    assert_eq!(last["complete"], false);
    assert!(number(&last, "messages") < 300.0, "{last}");
    assert!(told.contains("interrupted"), "{told}");
}

// --- pictures

#[test]
fn every_measurement_draws_a_picture() {
    let folder = tempdir().expect("a folder");
    for (number, measurement) in [SPEED, ROOMS, AWGN, &RIVALS[1..RIVALS.len() - 1]]
        .iter()
        .enumerate()
    {
        for end in ["png", "svg"] {
            let file = folder.path().join(format!("{number}.{end}"));
            let output = airshake()
                .arg("bench")
                .args(*measurement)
                .arg("--plot")
                .arg(&file)
                // No rivals: they take their time.
                .env("PATH", folder.path())
                .output()
                .expect("runs");
            expect(&output, 0, "");
            let picture = std::fs::read(&file).expect("was drawn");
            match end {
                "png" => check_png(&picture),
                _ => check_svg(std::str::from_utf8(&picture).expect("UTF-8")),
            }
        }
    }
}

/// Signature, and a size as a README wants it.
#[track_caller]
fn check_png(picture: &[u8]) {
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().expect("four"));
    assert_eq!(size(16), 1800);
    assert!((200..4000).contains(&size(20)), "{}", size(20));
}

/// Every element is closed in its turn, and nothing stands outside of the first.
#[track_caller]
fn check_svg(picture: &str) {
    let mut open = Vec::new();
    let mut elements = 0;
    for tag in picture.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), name, "{tag}");
        } else if !tag.ends_with('/') {
            assert!(elements == 0 || !open.is_empty(), "{tag}");
            open.push(name.expect("a name"));
        }
        elements += 1;
    }
    assert!(open.is_empty() && elements > 20, "{open:?} {elements}");
}

// --- rivals

const RIVALS: &[&str] = &[
    "bench",
    "rivals",
    "--scenes",
    "clean",
    "--max",
    "2",
    "--payload",
    "20",
    "--json",
];

/// The lines of a run of `airshake bench rivals` in a changed environment.
#[track_caller]
fn rivals(change: impl FnOnce(&mut std::process::Command)) -> (Vec<Value>, String) {
    let mut program = airshake();
    program.args(RIVALS);
    change(&mut program);
    let output = program.output().expect("runs");
    let out = String::from_utf8(expect(&output, 0, "")).expect("UTF-8");
    let records = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    (
        records.collect(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn without_rivals_ours_stands_alone_and_the_way_to_get_them_is_told() {
    let nothing = tempdir().expect("a folder");
    let (records, told) = rivals(|program| {
        program.env("PATH", nothing.path());
    });
    for way in ["pip install ggwave", "apt-get install minimodem"] {
        assert!(told.contains(way), "{told}");
    }
    assert_eq!(records.len(), 2);
    has(
        &records[0],
        &[
            "bench",
            "payload",
            "air_s",
            "bytes_per_s",
            "crest_db",
            "times_real_time",
        ],
    );
    assert_eq!(records[0]["modem"], "airshake 1 pass");
    has(
        &records[1],
        &["quieter_db", "low", "high", "wrong", "complete"],
    );
    assert_eq!(
        (&records[1]["messages"], &records[1]["out"]),
        (&2.into(), &2.into())
    );
}

/// A module that stands in for ggwave: it remembers what it sent, adds a message that nobody
/// sent, and its sound is a square wave.
const STAND_IN: &str = "\
import struct
sent = None
def encode(payload, protocolId, volume):
    global sent
    assert protocolId in (0, 1, 2)
    sent = payload
    return struct.pack('<9600f', *[0.5 if n // 24 % 2 else -0.5 for n in range(9600)])
def init():
    return [sent, b'hoax']
def decode(instance, block):
    assert len(block) == 4096
    return instance.pop(0) if instance else None
def free(instance):
    pass
";

#[test]
fn ggwave_is_asked_through_its_module() {
    let found = std::process::Command::new("python3")
        .arg("--version")
        .output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped, python3 is missing");
        return;
    }
    let folder = tempdir().expect("a folder");
    std::fs::write(folder.path().join("ggwave.py"), STAND_IN).expect("writes");
    let (records, _) = rivals(|program| {
        program
            .args(["--python", "python3"])
            .env("PYTHONPATH", folder.path());
    });
    for way in ["normal", "fast", "fastest"] {
        let of = |what: &str| {
            let name = format!("ggwave {way}");
            let mut lines = records
                .iter()
                .filter(|r| r["what"] == what && r["modem"] == name.as_str());
            lines.next().expect("a line").clone()
        };
        // 9600 samples with a crest of 1.
        assert_eq!(number(&of("modem"), "air_s"), 0.2);
        assert!(number(&of("modem"), "crest_db").abs() < 0.01);
        let room = of("room");
        // Each of the two trials brings what was sent and what was not.
        assert_eq!(
            (&room["out"], &room["wrong"]),
            (&2.into(), &2.into()),
            "{room}"
        );
    }
}

#[test]
fn a_python_without_ggwave_is_refused() {
    let arguments = ["bench", "rivals", "--python", "/nowhere/python"];
    expect(&run(&arguments, b""), 2, "ggwave");
}
