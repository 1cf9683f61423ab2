//! The open channel, and what people do over it.
//!
//! A `Channel` carries messages between two peers, nobody knows which. It becomes of use in three
//! steps, each a type that cannot be made without the one before:
//!
//! 1. `Unproven`: the channel, of which nothing can be had but a proof.
//! 2. `Introduction`: each side has [proven](Proof) itself to the other. It has [`Words`] for two
//!    people to compare.
//! 3. `Link`: both users have accepted the other side, and its far end is watched. [`Frame`] is
//!    what travels over it.
//!
//! [`Endpoint`] is one end of a link without a task or a socket, for web pages and others who have
//! their own.
//!
//! A link outlives its channel. Both sides count the frames and keep what the other may lack; when
//! nothing is heard any more both try, by a `WayBack`, to reach each other over a new channel, and
//! know each other again by what they shared at their first meeting.

mod endpoint;
mod frame;
mod heart;
mod ledger;
mod proof;
mod text;

#[cfg(feature = "net")]
mod channel;
#[cfg(feature = "net")]
mod flow;
#[cfg(feature = "net")]
mod introduction;
#[cfg(feature = "net")]
mod keeper;
#[cfg(feature = "net")]
mod line;
#[cfg(feature = "net")]
mod memory;
#[cfg(feature = "net")]
mod reunion;
#[cfg(feature = "net")]
mod reunite;
#[cfg(feature = "net")]
mod session;
#[cfg(feature = "net")]
mod stream;
#[cfg(feature = "net")]
mod way_back;

pub mod transfer;

#[cfg(all(test, feature = "net"))]
pub(crate) mod testing;

pub use endpoint::{Endpoint, SayError};
pub use frame::{Frame, FrameError, MAX_DOORS, MAX_PAYLOAD, OVERHEAD, VERSION};
pub use heart::{CloseReason, Heartbeat, LinkEvent, Standing};
pub use proof::{
    CHANCE, Certificates, Claims, Code, CodeError, Encounter, LONGEST, Message, Proof, ProofError,
    Proven, Root, Secret, Side, Step, Words,
};
pub use text::clean;

#[cfg(feature = "net")]
pub use channel::{Channel, ChannelError};
#[cfg(feature = "net")]
pub use introduction::{Introduction, NotAccepted, Unproven};
#[cfg(feature = "net")]
pub use memory::MemoryChannel;
#[cfg(feature = "net")]
pub use session::{Link, LinkError, LinkSender};
#[cfg(feature = "net")]
pub use stream::LinkStream;
#[cfg(feature = "net")]
pub use way_back::{Call, WayBack};
