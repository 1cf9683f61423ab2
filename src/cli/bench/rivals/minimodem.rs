//! minimodem, through its program.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use airshake::audio::files::{Recording, WavFormat, WavWriter};
use anyhow::{Context, Result, bail};

use super::super::cost::children_time;
use super::super::sound::RATE;
use super::modem::{Decoded, Modem, aside};

/// How to get it.
pub(super) const MISSING: &str = "\
minimodem is not here: sudo apt-get install minimodem, or brew install minimodem";

/// The program, and a folder for the files it reads and writes.
pub(super) struct Minimodem {
    baud: u32,
    folder: PathBuf,
}

impl Minimodem {
    /// For that many bits a second.
    pub(super) fn start(baud: u32) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("airshake-bench-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self { baud, folder })
    }

    fn command(&self, direction: &str) -> Command {
        let mut command = Command::new(NAME);
        command
            .args([
                direction,
                &self.baud.to_string(),
                "-R",
                "48000",
                "-8",
                "-q",
                "-f",
            ])
            .arg(self.file())
            .stderr(Stdio::null());
        aside(&mut command);
        command
    }

    fn file(&self) -> PathBuf {
        self.folder.join("sound.wav")
    }
}

impl Modem for Minimodem {
    fn encode(&mut self, payload: &[u8]) -> Result<Vec<f32>> {
        let mut child = self
            .command("--tx")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start minimodem")?;
        if let Some(mut to) = child.stdin.take() {
            to.write_all(payload).context("minimodem stopped")?;
        }
        if !child.wait().context("minimodem stopped")?.success() {
            bail!("minimodem cannot send");
        }
        let mut recording = Recording::open(self.file())?;
        let mut sound = Vec::new();
        while let Some(block) = recording.next_block()? {
            sound.extend_from_slice(block);
        }
        Ok(sound)
    }

    fn decode(&mut self, sound: &[f32]) -> Result<Decoded> {
        let count = Some(sound.len() as u64);
        let mut wav = WavWriter::create(self.file(), RATE, WavFormat::Int16, count)?;
        wav.write(sound)?;
        wav.finish()?;
        let before = children_time();
        // Without a carrier it ends with an error, which is only to say that it heard nothing.
        let output = self
            .command("--rx")
            .stdin(Stdio::null())
            .output()
            .context("cannot start minimodem")?;
        let time = children_time()
            .zip(before)
            .map(|(after, before)| after - before);
        Ok(Decoded {
            outputs: vec![output.stdout],
            time,
        })
    }

    /// It gives a stream of bytes and knows nothing of messages: one that stands anywhere in the
    /// stream counts.
    fn delivered(&self, outputs: &[Vec<u8>], payload: &[u8]) -> bool {
        let holds = |stream: &Vec<u8>| stream.windows(payload.len()).any(|part| part == payload);
        outputs.iter().any(holds)
    }

    fn checks(&self) -> bool {
        false
    }
}

impl Drop for Minimodem {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Whether it is there.
pub(super) fn is_here() -> bool {
    Command::new(NAME)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

const NAME: &str = "minimodem";
