//! Bytes to samples.

use super::Profile;
use crate::units::SampleRate;

/// The longest payload, in bytes: 64 KiB.
pub const MAX_PAYLOAD: usize = 65_536;

/// Why a payload cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransmitError {
    /// The payload is longer than [`MAX_PAYLOAD`].
    #[error("payload of {got} bytes does not fit: at most {max} bytes go into one message")]
    TooLong {
        /// What was asked for.
        got: usize,
        /// The limit.
        max: usize,
    },
}

/// Turns payloads into bursts.
#[derive(Debug)]
pub struct Transmitter {
    _profile: &'static Profile,
    _rate: SampleRate,
}

impl Transmitter {
    /// A transmitter that gives samples at `rate` (16 kHz or more).
    pub fn new(profile: &'static Profile, rate: SampleRate) -> Self {
        Self {
            _profile: profile,
            _rate: rate,
        }
    }

    /// The sound of `payload`. `pass` counts the repetitions of a loop from 0; each pass carries
    /// other redundancy of the same message, and any one of them is enough in a good room.
    ///
    /// # Errors
    /// [`TransmitError::TooLong`] above [`MAX_PAYLOAD`] bytes.
    pub fn burst(&self, _payload: &[u8], _pass: u8) -> Result<Burst, TransmitError> {
        Ok(Burst {
            samples: Vec::new(),
            position: 0,
        })
    }
}

/// The samples of one burst, made as they are read. Peak amplitude at most 1.
#[derive(Debug)]
pub struct Burst {
    samples: Vec<f32>,
    position: usize,
}

impl Burst {
    /// Samples in the whole burst, first to last sounding.
    pub fn len(&self) -> u64 {
        self.samples.len() as u64
    }

    /// Never: every burst sounds.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Fills the front of `out`; returns how many samples were written, 0 at the end.
    pub fn read(&mut self, out: &mut [f32]) -> usize {
        let n = out.len().min(self.samples.len() - self.position);
        out[..n].copy_from_slice(&self.samples[self.position..self.position + n]);
        self.position += n;
        n
    }
}
