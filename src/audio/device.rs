//! Microphone and loudspeaker.
//!
//! [`Microphone`] and [`Speaker`] are streams of mono samples at whatever rate the hardware has,
//! that never block: between the hardware's callbacks and the caller lies a lock-free ring.
//! Behind each a keeper watches that the callbacks keep coming, and opens the device again when
//! they do not: sound servers are restarted, headsets walk out of range, laptops sleep.
//!
//! ```no_run
//! use airshake::audio::device::{Microphone, Speaker};
//!
//! let mut microphone = Microphone::open(None)?;
//! let mut speaker = Speaker::open(Some("headphones"))?;
//! let mut block = [0.0; 1024];
//! let heard = microphone.read(&mut block);
//! let taken = speaker.write(&block[..heard]);
//! # Ok::<(), airshake::audio::device::DeviceError>(())
//! ```

mod calm;
mod cards;
mod choice;
mod error;
mod intake;
mod keeper;
mod microphone;
mod outlet;
mod speaker;
mod vitals;

pub use cards::devices;
pub use choice::{Device, Direction};
pub use error::DeviceError;
pub use microphone::{Microphone, Warning};
pub use speaker::Speaker;
pub use vitals::{Counts, Tally};
