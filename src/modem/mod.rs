//! The path joined: bytes to samples, and any stream of samples back to bytes.
//!
//! ```text
//!  burst    one pass of a message: a frame, or for a long message a frame for each segment
//!  frame    chirp | symbol | symbol | ...      the first symbols also carry the header
//!  symbol   guard | body                       one tone of every group
//! ```
//!
//! The waveform is wire version 1 and frozen: `docs/waveform.md` says it bit by bit.

mod anatomy;
mod assembly;
mod event;
mod examination;
mod faint;
mod follower;
mod frame;
mod gathering;
mod history;
mod profile;
mod reader;
mod receiver;
mod report;
mod retrospect;
mod rhythm;
mod transmitter;
mod trust;

pub use anatomy::{Anatomy, GroupLevels};
pub use event::{Event, Heard, Loss, Unread};
pub use profile::{Depth, Format, Profile};
pub use receiver::{Receiver, ReceiverError};
pub use report::{Diagnosis, Finding, Report};
pub use transmitter::{Burst, TransmitError, Transmitter};

pub use crate::bits::MAX_MESSAGE as MAX_PAYLOAD;
