//! What the live tests share: the virtual air, and the program running in it.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::common::tool;
use crate::relay::{Impairment, Relay};

/// The virtual air, for one test at a time.
pub(crate) struct Air {
    pub(crate) topology: String,
    pub(crate) folder: TempDir,
    relay: Option<Relay>,
    _alone: MutexGuard<'static, ()>,
}

impl Air {
    /// A topology of the script, or `impaired`: [`Impairment::REQUIRED`]. `None` where there is no
    /// PulseAudio.
    pub(crate) fn start(topology: &str) -> Option<Self> {
        match topology {
            "impaired" => Self::impaired(&Impairment::REQUIRED),
            topology => Self::plain(topology),
        }
    }

    /// What lies between the two sides is as bad as that.
    pub(crate) fn impaired(impairment: &Impairment) -> Option<Self> {
        let mut air = Self::plain("separate")?;
        air.topology = "impaired".to_owned();
        let mut command = air.script();
        command
            .args(["run", "A"])
            .arg(std::env::current_exe().expect("the test has a path"))
            .args(["relay_process", "--exact", "--ignored", "--nocapture"]);
        air.relay = Some(Relay::start(command, impairment));
        Some(air)
    }

    fn plain(topology: &str) -> Option<Self> {
        static ALONE: Mutex<()> = Mutex::new(());
        if !(tool("pulseaudio") && tool("pactl")) {
            return None;
        }
        let air = Self {
            topology: topology.to_owned(),
            folder: tempdir().expect("a folder"),
            relay: None,
            _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let started = air
            .script()
            .arg("start")
            .args(topology.split(' '))
            .output()
            .expect("runs");
        assert!(
            started.status.success(),
            "{}",
            String::from_utf8_lossy(&started.stderr)
        );
        Some(air)
    }

    pub(crate) fn script(&self) -> Command {
        let mut command = Command::new(script());
        command.env("VIRTUAL_AUDIO_DIR", self.folder.path());
        command
    }

    /// Ends the sound server without notice.
    pub(crate) fn kill(&self) {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).expect("a pid");
        let status = Command::new("kill").args(["-9", pid.trim()]).status();
        assert!(status.expect("kill runs").success());
    }
}

impl Drop for Air {
    fn drop(&mut self) {
        drop(self.relay.take());
        let _ = self.script().arg("stop").output();
    }
}

pub(crate) fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("script/virtual-audio")
}

/// A running `airshake`, one that tells its events.
pub(crate) struct Program {
    pub(crate) side: &'static str,
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
    events: Receiver<(Instant, String)>,
}

impl Program {
    /// Starts it as that side; `script` runs the virtual air's script.
    pub(crate) fn start(
        mut script: Command,
        side: &'static str,
        arguments: &[impl AsRef<OsStr>],
    ) -> Self {
        let mut child = script
            .args(["run", side, env!("CARGO_BIN_EXE_airshake")])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        Self {
            side,
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            events: each_line_of(child.stderr.take().expect("piped"), |line| {
                (Instant::now(), line)
            }),
            child,
        }
    }

    /// Waits for the event of that name.
    #[track_caller]
    pub(crate) fn event(&self, name: &str, within: Duration) -> Value {
        self.event_and_time(name, within).0
    }

    /// When the event of that name was told.
    #[track_caller]
    pub(crate) fn when(&self, name: &str, within: Duration) -> Instant {
        self.event_and_time(name, within).1
    }

    #[track_caller]
    fn event_and_time(&self, name: &str, within: Duration) -> (Value, Instant) {
        let end = Instant::now() + within;
        let mut seen = Vec::new();
        while let Ok((at, line)) = self
            .events
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["event"] == name {
                return (event, at);
            }
            seen.push(line);
        }
        panic!("{}: no {name} in {within:?}; {seen:#?}", self.side);
    }

    pub(crate) fn rest(&self) -> Vec<String> {
        self.events.try_iter().map(|(_, line)| line).collect()
    }

    /// The next line that it told already, and when it did.
    pub(crate) fn next_event(&self) -> Option<(Instant, String)> {
        self.events.try_recv().ok()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// The exit code, once the program has ended.
    #[track_caller]
    pub(crate) fn ended(&mut self, within: Duration) -> Option<i32> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("waits") {
                return status.code();
            }
            assert!(
                Instant::now() < end,
                "{}: still running after {within:?}; {:#?}",
                self.side,
                self.rest()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running program, ended with its test.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lines of a stream as they come.
pub(crate) fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    each_line_of(stream, |line| line)
}

/// What `note` makes of each line of a stream as it comes.
fn each_line_of<T: Send + 'static>(
    stream: impl Read + Send + 'static,
    note: impl Fn(String) -> T + Send + 'static,
) -> Receiver<T> {
    let (send, receive) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if send.send(note(line)).is_err() {
                break;
            }
        }
    });
    receive
}
