//! The open channel, and what people do over it.
//!
//! A [`Channel`] carries messages between two peers. A [`Link`] is one whose two directions have
//! been proven and whose far end is known to be alive; only [`Link::prove`] makes one. [`Frame`] is
//! what travels.

mod frame;
mod text;

#[cfg(feature = "net")]
mod channel;
#[cfg(feature = "net")]
mod heart;
#[cfg(feature = "net")]
mod session;

pub use frame::{Frame, FrameError, Hello, MAX_PAYLOAD, VERSION};
pub use text::clean;

#[cfg(feature = "net")]
pub use channel::{Channel, ChannelError};
#[cfg(feature = "net")]
pub use heart::{CloseReason, Heartbeat, LinkEvent};
#[cfg(feature = "net")]
pub use session::{Link, LinkError, LinkSender, ProofError};
