//! A virtual air of its own for each test, and processes that live in it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A virtual air of its own, for one test at a time: time is measured, and a few sound servers at
/// once are more than a small machine bears.
pub(crate) struct Air {
    folder: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Air {
    pub(crate) fn start(topology: &str) -> Option<Self> {
        static ALONE: Mutex<()> = Mutex::new(());
        let there = |tool: &str| {
            Command::new("sh")
                .args(["-c", &format!("command -v {tool}")])
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        if !there("pulseaudio") || !there("pactl") {
            let message =
                "no PulseAudio: apt-get install pulseaudio pulseaudio-utils libasound2-plugins";
            assert!(
                std::env::var_os("AIRSHAKE_REQUIRE_LIVE").is_none(),
                "{message}"
            );
            // Past the capture of the test harness.
            let _ = writeln!(std::io::stderr(), "SKIPPED live audio: {message}");
            return None;
        }
        let air = Self {
            folder: tempfile::tempdir().expect("a folder"),
            _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner),
        };
        air.script(&["start", topology]);
        Some(air)
    }

    fn folder(&self) -> PathBuf {
        self.folder.path().join("air")
    }

    fn command(&self) -> Command {
        let mut command =
            Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("script/virtual-audio"));
        command.env("VIRTUAL_AUDIO_DIR", self.folder());
        command
    }

    pub(crate) fn script(&self, arguments: &[&str]) -> String {
        let output = self
            .command()
            .args(arguments)
            .output()
            .expect("the script runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text
    }

    pub(crate) fn environment(&self, side: &str) -> HashMap<String, String> {
        self.script(&["env", side])
            .lines()
            .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
            .collect()
    }

    /// Ends the sound server without notice.
    pub(crate) fn kill(&self) {
        let pid = std::fs::read_to_string(self.folder().join("pid")).expect("a pid");
        let status = Command::new("kill").args(["-9", pid.trim()]).status();
        assert!(status.expect("kill runs").success());
    }

    pub(crate) fn helper(&self, side: &str, part: &str, arguments: &[(&str, &str)]) -> Helper {
        let plain = helper_command(part, arguments);
        let mut command = self.command();
        command
            .args(["run", side])
            .arg(plain.get_program())
            .args(plain.get_args());
        command.envs(
            plain
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        Helper::spawn(command)
    }
}

impl Drop for Air {
    fn drop(&mut self) {
        let _ = self.command().arg("stop").output();
    }
}

pub(crate) fn helper_command(part: &str, arguments: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args([
        "--ignored",
        "--exact",
        "helper",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env("AIRSHAKE_LIVE_PART", part);
    command.envs(arguments.iter().copied());
    command
}

/// The other process. It is ended with its test.
pub(crate) struct Helper {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    said: HashMap<String, String>,
}

impl Helper {
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("a helper");
        let output = child.stdout.take().expect("its output");
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            lines,
            said: HashMap::new(),
        }
    }

    /// Waits until the helper says `name`; gives what it says of it.
    pub(crate) fn wait_for(&mut self, name: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while !self.said.contains_key(name) {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no {name}: {:?}", self.said));
            if let Some((name, value)) = line.strip_prefix('@').and_then(|l| l.split_once(' ')) {
                self.said.insert(name.to_owned(), value.to_owned());
            }
        }
        self.said[name].clone()
    }

    /// Waits for the end of the helper; gives all it said.
    pub(crate) fn finish(&mut self) -> HashMap<String, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some((name, value)) =
                        line.strip_prefix('@').and_then(|l| l.split_once(' '))
                    {
                        self.said.insert(name.to_owned(), value.to_owned());
                    }
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(_) => panic!("the helper does not end: {:?}", self.said),
            }
        }
        let status = self.child.wait().expect("its status");
        assert!(status.success(), "{status}: {:?}", self.said);
        std::mem::take(&mut self.said)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// More than any part takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
