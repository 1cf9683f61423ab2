//! The path joined: bytes to samples, and any stream of samples back to bytes.

mod event;
mod profile;
mod receiver;
mod transmitter;

pub use event::{Event, Heard, Loss};
pub use profile::Profile;
pub use receiver::{Receiver, ReceiverError};
pub use transmitter::{Burst, MAX_PAYLOAD, TransmitError, Transmitter};
