//! `airshake send`, `receive` and `pipe` as two processes within earshot: sound through a virtual
//! air, WebRTC over the loopback. Needs Linux and PulseAudio (`script/setup`); passes by where they
//! are missing, unless AIRSHAKE_REQUIRE_LIVE is set.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests of the whole program live in real time"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use common::tool;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

/// Ample for a pairing that goes wrong once and starts over, on a busy machine.
const PAIRING: Duration = Duration::from_secs(60);
/// For some 100 MB over a loopback, for a peer's death to be noticed, for a program to end.
const TRANSFER: Duration = Duration::from_secs(60);

#[test]
fn a_folder_is_sent_and_received_as_it_was() {
    let Some(air) = Air::start() else {
        return;
    };
    let (from, to) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    let root = from.path().join("photos");
    fs::create_dir_all(root.join("summer/empty")).expect("made");
    for n in 0..300 {
        let name = format!("summer/{n:03}.jpg");
        fs::write(root.join(name), noise(n * 97)).expect("written");
    }
    fs::write(root.join("Grüße, 世界.txt"), "hello").expect("written");
    fs::write(root.join("large"), noise(5_000_000)).expect("written");
    let mut sender = Peer::start(&air, "A", &["send".as_ref(), root.as_os_str()]);
    let mut receiver = Peer::start(
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
    let Some(air) = Air::start() else {
        return;
    };
    let (from, to) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    let file = from.path().join("disk.img");
    let size = 150_000_000;
    fs::write(&file, noise(size)).expect("written");
    let send: [&std::ffi::OsStr; 2] = ["send".as_ref(), file.as_os_str()];
    let receive: [&std::ffi::OsStr; 3] = ["receive".as_ref(), "-y".as_ref(), to.path().as_os_str()];
    let mut sender = Peer::start(&air, "A", &send);
    let receiver = Peer::start(&air, "B", &receive);
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
    let mut sender = Peer::start(&air, "A", &send);
    let mut receiver = Peer::start(&air, "B", &receive);
    let done = sender.event("done", PAIRING + TRANSFER);
    let moved = done["moved"].as_u64().expect("a number");
    assert!(moved <= size as u64 - far, "{moved} of {size} moved again");
    assert_eq!(sender.ended(TRANSFER), Some(0));
    assert_eq!(receiver.ended(TRANSFER), Some(0));
    assert_eq!(tree(from.path()), tree(to.path()));
}

#[test]
fn a_pipe_is_clean_both_ways_and_each_way_ends_alone() {
    let Some(air) = Air::start() else {
        return;
    };
    let mut a = Peer::start(&air, "A", &["pipe".as_ref()]);
    let mut b = Peer::start(&air, "B", &["pipe".as_ref()]);
    let (there, back) = (noise(3_000_000), noise(100_001));
    let (to_b, at_b) = (a.stdin(), b.stdout());
    let (to_a, at_a) = (b.stdin(), a.stdout());
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
    let Some(air) = Air::start() else {
        return;
    };
    let from = tempdir().expect("a folder");
    let file = from.path().join("f");
    fs::write(&file, "f").expect("written");
    let send: [&std::ffi::OsStr; 2] = ["send".as_ref(), file.as_os_str()];
    for peer in &mut [Peer::start(&air, "A", &send), Peer::start(&air, "B", &send)] {
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

fn write_and_end(mut to: impl Write, bytes: &[u8]) {
    to.write_all(bytes).expect("the peer reads");
}

fn read(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).expect("can be read");
    bytes
}

/// Bytes of every kind, which do not repeat where a chunk ends.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length as u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
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

/// The virtual air, for one test at a time.
struct Air {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Air {
    fn start() -> Option<Self> {
        static ALONE: Mutex<()> = Mutex::new(());
        if !(tool("pulseaudio") && tool("pactl")) {
            return None;
        }
        let air = Self {
            folder: tempdir().expect("a folder"),
            _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let started = air.script().args(["start", "crossed"]).output();
        let started = started.expect("runs");
        assert!(
            started.status.success(),
            "{}",
            String::from_utf8_lossy(&started.stderr)
        );
        Some(air)
    }

    fn script(&self) -> Command {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("script/virtual-audio");
        let mut command = Command::new(script);
        command.env("VIRTUAL_AUDIO_DIR", self.folder.path());
        command
    }
}

impl Drop for Air {
    fn drop(&mut self) {
        let _ = self.script().arg("stop").output();
    }
}

/// A running `airshake ... --json`.
struct Peer {
    side: &'static str,
    child: Child,
    events: Receiver<String>,
}

impl Peer {
    fn start(air: &Air, side: &'static str, arguments: &[&std::ffi::OsStr]) -> Self {
        let mut child = air
            .script()
            .args(["run", side, env!("CARGO_BIN_EXE_airshake")])
            .args(arguments)
            .args(["--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        Self {
            side,
            events: lines_of(child.stderr.take().expect("piped")),
            child,
        }
    }

    fn stdin(&mut self) -> impl Write + use<> {
        self.child.stdin.take().expect("piped")
    }

    fn stdout(&mut self) -> impl Read + use<> {
        self.child.stdout.take().expect("piped")
    }

    /// Waits for the event of that name.
    #[track_caller]
    fn event(&self, name: &str, within: Duration) -> Value {
        let end = Instant::now() + within;
        let mut seen = Vec::new();
        while let Ok(line) = self
            .events
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["event"] == name {
                return event;
            }
            seen.push(line);
        }
        panic!("{}: no {name} in {within:?}; {seen:#?}", self.side);
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// The exit code, once the program has ended.
    #[track_caller]
    fn ended(&mut self, within: Duration) -> Option<i32> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("waits") {
                return status.code();
            }
            assert!(
                Instant::now() < end,
                "{}: still running after {within:?}; {:#?}",
                self.side,
                self.events.try_iter().collect::<Vec<_>>()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a stream as they come.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    receive
}
