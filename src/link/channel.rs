//! What a link stands on.

use std::time::Duration;

/// An open channel between two peers: messages of up to 16 KiB + 1 byte, ordered, none lost, only
/// the two can read them. WebRTC's data channel is one.
#[async_trait::async_trait]
pub trait Channel: Send + Sync {
    /// Sends one message; waits while too much is on its way.
    ///
    /// # Errors
    /// [`ChannelError`] if the channel is closed.
    async fn send(&self, message: &[u8]) -> Result<(), ChannelError>;

    /// Sends one message if that needs no waiting; otherwise it is not sent.
    ///
    /// # Errors
    /// [`ChannelError`] if the channel is closed.
    async fn send_if_idle(&self, message: &[u8]) -> Result<(), ChannelError>;

    /// The next message; `None` when the channel is closed. Dropping the future loses nothing.
    async fn receive(&self) -> Option<Vec<u8>>;

    /// Waits until what was sent has arrived, but no longer than `at_most`.
    async fn flush(&self, at_most: Duration);

    /// Closes the channel and lets go of everything below it. Further calls do nothing.
    async fn close(&self);

    /// The same without a word to the other end, where that is possible: what carries nothing any more
    /// is left, and the two may be about to meet elsewhere.
    async fn abandon(&self) {
        self.close().await;
    }

    /// Whether this end holds all that it announces to take, however busy it is. If so, the other is
    /// told.
    fn is_roomy(&self) -> bool {
        false
    }

    /// The other end says that of itself: as much may be on its way at once.
    fn peer_is_roomy(&self) {}
}

/// A channel that carries nothing any more, in the words of what is below it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channel is closed: {0}")]
pub struct ChannelError(pub String);
