//! Carries out what the [`Machine`](super::Machine) asks for: sounds, sockets and time.
//!
//! Everything here belongs to tokio's clock and tasks. [`Transport`] is what is needed of a WebRTC
//! stack; [`RtcTransport`] is webrtc-rs behind it, [`MemoryTransport`] needs no network at all.

mod addresses;
mod approach;
mod doorstep;
mod error;
mod flight;
mod gone;
mod guard;
mod interfaces;
mod memory_transport;
mod mirror;
mod pair;
mod report;
mod rtc_channel;
mod rtc_connection;
mod rtc_transport;
mod servers;
mod sockets;
mod stun;
mod transport;
mod tries;
mod way_back;

pub use addresses::Addresses;
pub use error::PairError;
pub use memory_transport::MemoryTransport;
pub use pair::{Cancel, PairOptions, pair, pair_by};
pub use report::PairEvent;
pub use rtc_transport::RtcTransport;
pub use servers::{ServerError, Servers, StunServer, TurnServer};
pub use transport::{Connection, Transport, TransportError};

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod inviting;
#[cfg(test)]
mod tests;
