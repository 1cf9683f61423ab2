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
mod flow;
#[cfg(feature = "net")]
mod heart;
#[cfg(feature = "net")]
mod memory;
#[cfg(feature = "net")]
mod session;
#[cfg(feature = "net")]
mod stream;

pub mod transfer;

pub use frame::{Frame, FrameError, Hello, MAX_PAYLOAD, OVERHEAD, VERSION};
pub use text::clean;

#[cfg(feature = "net")]
pub use channel::{Channel, ChannelError};
#[cfg(feature = "net")]
pub use heart::{CloseReason, Heartbeat, LinkEvent};
#[cfg(feature = "net")]
pub use memory::MemoryChannel;
#[cfg(feature = "net")]
pub use session::{Link, LinkError, LinkSender, ProofError};
#[cfg(feature = "net")]
pub use stream::LinkStream;
