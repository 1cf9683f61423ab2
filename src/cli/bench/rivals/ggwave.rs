//! ggwave, through its Python module.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::modem::{Decoded, Modem, aside};

/// How to get it.
pub(super) const MISSING: &str = "\
ggwave is not here: python3 -m venv DIR && DIR/bin/pip install ggwave,
then --python DIR/bin/python";

/// The longest payload it takes.
pub(super) const MOST: usize = 140;

/// A Python process that has ggwave loaded.
pub(super) struct Ggwave {
    protocol: u8,
    child: Child,
    to: Option<ChildStdin>,
    from: ChildStdout,
}

impl Ggwave {
    /// Starts it for one of ggwave's protocols: 0 normal, 1 fast, 2 fastest.
    pub(super) fn start(python: &Path, protocol: u8) -> Result<Self> {
        let mut command = Command::new(python);
        command
            .args(["-c", include_str!("ggwave.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = aside(&mut command)
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let from = from.context("no pipe from Python")?;
        Ok(Self {
            protocol,
            child,
            to,
            from,
        })
    }

    fn ask(&mut self, job: u8, body: &[&[u8]]) -> io::Result<()> {
        let to = self.to.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        let length: usize = body.iter().map(|part| part.len()).sum();
        to.write_all(&[job])?;
        to.write_all(&(length as u32).to_le_bytes())?;
        for part in body {
            to.write_all(part)?;
        }
        to.flush()
    }

    fn number(&mut self) -> io::Result<usize> {
        let mut bytes = [0; 4];
        self.from.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes) as usize)
    }

    /// So many bytes, of which no answer has more than a minute of sound has.
    fn bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if length > 60 * 48_000 * 4 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; length];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl Modem for Ggwave {
    fn encode(&mut self, payload: &[u8]) -> Result<Vec<f32>> {
        let sound = self
            .ask(b'e', &[&[self.protocol], payload])
            .and_then(|()| self.number())
            .and_then(|length| self.bytes(length))
            .context("ggwave stopped")?;
        let samples = sound.as_chunks().0.iter();
        Ok(samples.map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn decode(&mut self, sound: &[f32]) -> Result<Decoded> {
        let bytes: Vec<u8> = sound.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut time = [0; 8];
        let count = self
            .ask(b'd', &[&bytes])
            .and_then(|()| self.from.read_exact(&mut time))
            .and_then(|()| self.number())
            .context("ggwave stopped")?;
        let mut outputs = Vec::new();
        for _ in 0..count {
            let length = self.number().context("ggwave stopped")?;
            outputs.push(self.bytes(length).context("ggwave stopped")?);
        }
        let time = Duration::try_from_secs_f64(f64::from_le_bytes(time)).ok();
        Ok(Decoded { outputs, time })
    }
}

impl Drop for Ggwave {
    fn drop(&mut self) {
        // It ends with its input.
        self.to = None;
        let _ = self.child.wait();
    }
}

/// A Python that has ggwave: the one that was named, or the first of the usual ones.
///
/// # Errors
/// If one was named and has it not.
pub(super) fn find(named: Option<&Path>) -> Result<Option<PathBuf>> {
    let has = |python: &Path| {
        Command::new(python)
            .args(["-c", "import ggwave"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    match named {
        Some(python) if has(python) => Ok(Some(python.to_owned())),
        Some(python) => bail!(
            "{} does not run, or has no module ggwave: pip install ggwave",
            python.display()
        ),
        None => {
            let usual = ["python3", "python"].map(PathBuf::from);
            Ok(usual.into_iter().find(|python| has(python)))
        }
    }
}
