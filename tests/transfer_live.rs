//! `airshake send`, `receive` and `pipe` as two processes within earshot: sound through a virtual
//! air, WebRTC over the loopback. Needs Linux and PulseAudio (`script/setup`); passes by where they
//! are missing, unless AIRSHAKE_REQUIRE_LIVE is set.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests of the whole program live in real time"
)]

mod common;
#[path = "common/live.rs"]
mod live;
#[path = "common/relay.rs"]
mod relay;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use common::bytes;
use live::{Air, Program};
use tempfile::tempdir;

/// Ample for a pairing that goes wrong once and starts over, on a busy machine.
const PAIRING: Duration = Duration::from_secs(60);
/// For some 100 MB over a loopback, for a peer's death to be noticed, for a program to end.
const TRANSFER: Duration = Duration::from_secs(60);

#[test]
fn a_folder_is_sent_and_received_as_it_was() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let (from, to) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    let root = from.path().join("photos");
    fs::create_dir_all(root.join("summer/empty")).expect("made");
    for n in 0..300 {
        let name = format!("summer/{n:03}.jpg");
        fs::write(root.join(name), bytes(n * 97, n as u32)).expect("written");
    }
    fs::write(root.join("Grüße, 世界.txt"), "hello").expect("written");
    fs::write(root.join("large"), bytes(5_000_000, 1)).expect("written");
    let mut sender = start(&air, "A", &["send".as_ref(), root.as_os_str()]);
    let mut receiver = start(
        &air,
        "B",
        &["receive".as_ref(), "-y".as_ref(), to.path().as_os_str()],
    );
    let offered = receiver.event("offered", PAIRING);
    assert_eq!(offered["files"], 302, "{offered}");
    for peer in [&mut sender, &mut receiver] {
        let done = peer.event("done", TRANSFER);
        assert_eq!((&done["files"], &done["lost"]), (&302.into(), &0.into()));
        assert_eq!(peer.ended(TRANSFER), Some(0));
    }
    assert_eq!(tree(from.path()), tree(to.path()));
}

#[test]
fn a_receiver_that_is_killed_goes_on_where_it_was() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let (from, to) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    let file = from.path().join("disk.img");
    let size = 150_000_000;
    fs::write(&file, bytes(size, 2)).expect("written");
    let send: [&std::ffi::OsStr; 2] = ["send".as_ref(), file.as_os_str()];
    let receive: [&std::ffi::OsStr; 3] = ["receive".as_ref(), "-y".as_ref(), to.path().as_os_str()];
    let mut sender = start(&air, "A", &send);
    let receiver = start(&air, "B", &receive);
    let far = loop {
        let bytes = receiver.event("progress", PAIRING)["bytes"].as_u64();
        if let Some(bytes @ 10_000_000..) = bytes {
            break bytes;
        }
    };
    receiver.signal("KILL");
    assert_eq!(
        sender.ended(TRANSFER),
        Some(1),
        "a lost link is no good end"
    );
    assert!(
        !to.path().join("disk.img").exists(),
        "half a file has its name"
    );
    drop((sender, receiver));
    let mut sender = start(&air, "A", &send);
    let mut receiver = start(&air, "B", &receive);
    let done = sender.event("done", PAIRING + TRANSFER);
    let moved = done["moved"].as_u64().expect("a number");
    assert!(moved <= size as u64 - far, "{moved} of {size} moved again");
    assert_eq!(sender.ended(TRANSFER), Some(0));
    assert_eq!(receiver.ended(TRANSFER), Some(0));
    assert_eq!(tree(from.path()), tree(to.path()));
}

#[test]
fn a_pipe_is_clean_both_ways_and_each_way_ends_alone() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let mut a = start(&air, "A", &["pipe".as_ref()]);
    let mut b = start(&air, "B", &["pipe".as_ref()]);
    let (there, back) = (bytes(3_000_000, 3), bytes(100_001, 4));
    let (to_b, at_b) = (
        a.stdin.take().expect("piped"),
        b.stdout.take().expect("piped"),
    );
    let (to_a, at_a) = (
        b.stdin.take().expect("piped"),
        a.stdout.take().expect("piped"),
    );
    let copy = there.clone();
    let writer = thread::spawn(move || write_and_end(to_b, &copy));
    assert!(read(at_b) == there, "what came to B is not what A said");
    writer.join().expect("written");
    // The other way is still open.
    let copy = back.clone();
    let writer = thread::spawn(move || write_and_end(to_a, &copy));
    assert!(read(at_a) == back, "what came to A is not what B said");
    writer.join().expect("written");
    assert_eq!(a.ended(TRANSFER), Some(0));
    assert_eq!(b.ended(TRANSFER), Some(0));
}

#[test]
fn two_who_both_send_are_told_so() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let from = tempdir().expect("a folder");
    let file = from.path().join("f");
    fs::write(&file, "f").expect("written");
    let send: [&std::ffi::OsStr; 2] = ["send".as_ref(), file.as_os_str()];
    for peer in &mut [start(&air, "A", &send), start(&air, "B", &send)] {
        let closed = peer.event("closed", PAIRING);
        let reason = closed["reason"].as_str().expect("a reason");
        assert!(reason.contains("both sides want to send"), "{reason}");
        assert_eq!(peer.ended(TRANSFER), Some(1));
    }
}

#[test]
fn what_cannot_work_is_said_before_any_sound() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_airshake"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    let (code, said) = run(&["send", "/no/such/file"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("/no/such/file"), "{said}");
    let (code, said) = run(&["send", "/dev/null"]);
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = run(&["send", "src/lib.rs", "./src/lib.rs"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("two of them are named"), "{said}");
    let (code, said) = run(&["receive"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--yes"), "{said}");
    let (code, said) = run(&["receive", "--yes", "Cargo.toml"]);
    assert_eq!(code, Some(2), "{said}");
}

/// Starts the program as that side, telling its events.
fn start(air: &Air, side: &'static str, arguments: &[&OsStr]) -> Program {
    Program::start(
        air.script(),
        side,
        &[arguments, &["--json".as_ref()]].concat(),
    )
}

fn write_and_end(mut to: impl Write, bytes: &[u8]) {
    to.write_all(bytes).expect("the peer reads");
}

fn read(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).expect("can be read");
    bytes
}

/// Every file with its content and every folder below this one.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("can be listed") {
            let path = entry.expect("can be read").path();
            let below = path.strip_prefix(folder).expect("is below").to_path_buf();
            if path.is_dir() {
                found.insert(below, None);
                folders.push(path);
            } else {
                found.insert(below, Some(fs::read(&path).expect("can be read")));
            }
        }
    }
    found
}
