//! What all modems have in common, and ours seen that way.

use std::process::Command;
use std::time::Duration;

use airshake::modem::{Event, Profile, Receiver, Transmitter};
use anyhow::Result;

use super::super::cost::thread_time;
use super::super::sound::{RATE, silence};
use crate::cli::options::GAP;

/// Bytes to sound and back, at 48 kHz.
pub(super) trait Modem {
    /// The sound of a payload, at any level.
    fn encode(&mut self, payload: &[u8]) -> Result<Vec<f32>>;

    /// What a receiver that starts afresh makes of a sound.
    fn decode(&mut self, sound: &[f32]) -> Result<Decoded>;

    /// Whether the payload is among the outputs.
    fn delivered(&self, outputs: &[Vec<u8>], payload: &[u8]) -> bool {
        outputs.iter().any(|output| output == payload)
    }

    /// Whether it checks what it gives out, so that a wrong message is a fault.
    fn checks(&self) -> bool {
        true
    }
}

/// What came out.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Messages, or one stream of bytes.
    pub(super) outputs: Vec<Vec<u8>>,
    /// Time of a processor that decoding took, if it can be told.
    pub(super) time: Option<Duration>,
}

/// Ours.
pub(super) struct Airshake {
    profile: &'static Profile,
    passes: usize,
}

impl Airshake {
    pub(super) fn new(profile: &'static Profile, passes: usize) -> Self {
        Self { profile, passes }
    }

    /// As many passes of `bytes` bytes as fit into so many seconds, at least one.
    pub(super) fn passes_in(
        profile: &'static Profile,
        bytes: usize,
        seconds: f64,
    ) -> Result<usize> {
        let transmitter = Transmitter::new(profile, RATE);
        let payload = vec![0; bytes];
        let mut left = seconds;
        let mut passes = 0;
        loop {
            left -= RATE.seconds(transmitter.burst(&payload, (passes % 8) as u8)?.len());
            if left < 0.0 {
                return Ok(passes.max(1));
            }
            passes += 1;
            left -= GAP.as_secs_f64();
        }
    }
}

impl Modem for Airshake {
    fn encode(&mut self, payload: &[u8]) -> Result<Vec<f32>> {
        let transmitter = Transmitter::new(self.profile, RATE);
        let mut sound = Vec::new();
        for pass in 0..self.passes {
            if pass > 0 {
                sound.extend(silence(GAP.as_secs_f64()));
            }
            let burst = transmitter.burst(payload, (pass % 8) as u8)?;
            sound.extend(burst.into_samples());
        }
        Ok(sound)
    }

    fn decode(&mut self, sound: &[f32]) -> Result<Decoded> {
        // For all it knows, as `airshake decode` does, and as the others do.
        let mut receiver = Receiver::new(Profile::ALL, RATE)?;
        let mut outputs = Vec::new();
        let mut keep = |event| {
            if let Event::Message(heard) = event {
                outputs.push(heard.payload);
            }
        };
        let start = thread_time();
        for block in sound.chunks(480) {
            receiver.push(block).for_each(&mut keep);
        }
        receiver.finish().for_each(&mut keep);
        let time = thread_time().saturating_sub(start);
        Ok(Decoded {
            outputs,
            time: Some(time),
        })
    }
}

/// A child that Ctrl-C does not reach: it is told to end when the work does.
pub(super) fn aside(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    command
}
