//! What a link needs of the network below to come back after its connection broke.

use super::{Side, Unproven};
use std::net::SocketAddr;

/// Makes new connections to a peer that is already known, without anybody between the two.
///
/// Each side keeps sockets open for it, its *doors*, and tells the peer where they are while that
/// can be told. When a connection breaks both sides try to reach each other's doors at once.
#[async_trait::async_trait]
pub trait WayBack: Send + Sync {
    /// Where the peer can find us from now on: at most [`MAX_DOORS`](super::MAX_DOORS), those that
    /// are likeliest first. Looks anew where we are; what was opened before stays open as long as
    /// there is room.
    fn doors(&self) -> Vec<SocketAddr>;

    /// Tries to reach the peer for as long as it takes. Whoever is reached is not yet proven.
    /// Dropping the future ends the try. A connection that was made before must have been
    /// [abandoned](super::Channel::abandon) or closed.
    ///
    /// # Errors
    /// What went wrong, in the words of what is below: one should begin anew.
    async fn reach(&self, call: &Call) -> Result<Unproven, String>;

    /// Waits until it is known that the hosts at these doors are there and nobody uses the doors any
    /// more: the peer's program is gone. It may never be known. What tells may be forged, so this
    /// counts only for a peer of whom nothing else is heard either.
    async fn gone(&self, doors: &[SocketAddr]);

    /// At which of these doors nobody is said to be at the moment. If the peer is heard afterwards,
    /// that answer is worth nothing, now or [later](Self::gone).
    async fn refusing(&self, _doors: &[SocketAddr]) -> Vec<SocketAddr> {
        Vec::new()
    }
}

/// How two who know each other find each other again.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// Which half of their first meeting we were; the answerer begins the handshake.
    pub side: Side,
    /// What our name and our password are made of, this one time; nobody else knows it.
    pub ours: [u8; 32],
    /// And the peer's.
    pub theirs: [u8; 32],
    /// Where the peer was last.
    pub doors: Vec<SocketAddr>,
}

/// Without the keys.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("side", &self.side)
            .field("doors", &self.doors)
            .finish_non_exhaustive()
    }
}
