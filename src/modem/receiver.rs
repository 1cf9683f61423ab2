//! Samples to bytes, streaming.

use super::{Event, Profile};
use crate::units::SampleRate;

/// Why a receiver cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiverError {
    /// The band of the profile does not fit below half the sample rate.
    #[error("sample rate of {got} is too low: at least {min} is needed")]
    RateTooLow {
        /// What was asked for.
        got: SampleRate,
        /// The lowest that works.
        min: SampleRate,
    },
}

/// Listens to a stream of samples. It is told samples, never asks for time, and keeps bounded
/// memory whatever it hears.
#[derive(Debug)]
pub struct Receiver {
    events: Vec<Event>,
}

impl Receiver {
    /// A receiver for samples at `rate`. Allocates here.
    ///
    /// # Errors
    /// [`ReceiverError::RateTooLow`] below 16 kHz.
    pub fn new(_profile: &'static Profile, _rate: SampleRate) -> Result<Self, ReceiverError> {
        Ok(Self { events: Vec::new() })
    }

    /// Takes any number of samples, also none; gives what they caused. The events are the same
    /// however a stream is cut into pushes.
    pub fn push(&mut self, _samples: &[f32]) -> impl Iterator<Item = Event> + '_ {
        self.events.drain(..)
    }

    /// The input has ended: decides what is still open.
    pub fn finish(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.events.drain(..)
    }

    /// Samples pushed so far.
    pub fn position(&self) -> u64 {
        0
    }
}
