//! The link itself: proven when it is made, watched while it lives.

use super::{
    Channel, ChannelError, CloseReason, Frame, Heartbeat, Hello, LinkEvent, MAX_PAYLOAD, VERSION,
    heart,
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

/// An open channel to a peer, both directions proven, watched by a [`Heartbeat`].
///
/// Dropping it closes the channel without a goodbye: the peer notices within seconds.
pub struct Link {
    channel: Arc<dyn Channel>,
    events: mpsc::Receiver<LinkEvent>,
    heart: JoinHandle<()>,
    closed: Option<CloseReason>,
}

/// Sends over a [`Link`] from elsewhere.
#[derive(Clone)]
pub struct LinkSender(Arc<dyn Channel>);

/// Why a channel did not become a link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The channel closed too early.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The peer speaks another version.
    #[error(
        "the other side speaks version {theirs} of the link, we speak {ours}: update the older"
    )]
    Version {
        /// [`VERSION`].
        ours: u8,
        /// What its hello said.
        theirs: u8,
    },
    /// The peer did not prove in time that it hears us.
    #[error("the channel opened, but the other side did not say hello within {0:?}")]
    Silent(Duration),
}

/// Why something was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The link is over.
    #[error(transparent)]
    Closed(#[from] ChannelError),
    /// More than one message carries.
    #[error("{got} bytes do not fit into one message: at most {max}")]
    TooLong {
        /// Bytes given.
        got: usize,
        /// [`MAX_PAYLOAD`].
        max: usize,
    },
}

impl Link {
    /// Exchanges hellos over an open channel, which both sides must do. Whoever returns has been
    /// heard and has heard. On failure the channel is closed.
    ///
    /// # Errors
    /// [`ProofError`]; the proof must be complete within `at_most`.
    pub async fn prove(
        channel: Arc<dyn Channel>,
        heartbeat: Heartbeat,
        at_most: Duration,
    ) -> Result<Self, ProofError> {
        let proof = timeout(at_most, exchange_hellos(&*channel)).await;
        if let Err(error) = proof.unwrap_or(Err(ProofError::Silent(at_most))) {
            channel.close().await;
            return Err(error);
        }
        let (sender, events) = mpsc::channel(UNREAD);
        let heart = tokio::spawn(heart::beat(channel.clone(), sender, heartbeat));
        Ok(Self {
            channel,
            events,
            heart,
            closed: None,
        })
    }

    /// Sends a chat message.
    ///
    /// # Errors
    /// [`LinkError::TooLong`] above [`MAX_PAYLOAD`] bytes; [`LinkError::Closed`].
    pub async fn send_text(&self, text: &str) -> Result<(), LinkError> {
        self.sender().send_text(text).await
    }

    /// Sends bytes; waits while too much is on its way.
    ///
    /// # Errors
    /// [`LinkError::TooLong`] above [`MAX_PAYLOAD`] bytes; [`LinkError::Closed`].
    pub async fn send_data(&self, data: &[u8]) -> Result<(), LinkError> {
        self.sender().send_data(data).await
    }

    /// Sends from elsewhere, while [`next`](Self::next) waits here.
    pub fn sender(&self) -> LinkSender {
        LinkSender(self.channel.clone())
    }

    /// Waits for the next thing. After [`LinkEvent::Closed`] it gives that again and again.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> LinkEvent {
        if let Some(reason) = &self.closed {
            let reason = reason.clone();
            return LinkEvent::Closed { reason };
        }
        let event = self.events.recv().await.unwrap_or(LinkEvent::Closed {
            reason: CloseReason::ChannelClosed,
        });
        if let LinkEvent::Closed { reason } = &event {
            self.closed = Some(reason.clone());
        }
        event
    }

    /// Says goodbye, waits a moment for all that was sent to arrive, and closes.
    pub async fn close(mut self) {
        if self.closed.is_none() && self.channel.send(&Frame::Bye.encode()).await.is_ok() {
            // The peer's echo of the goodbye comes after everything we sent has arrived.
            let echo = async { while !matches!(self.next().await, LinkEvent::Closed { .. }) {} };
            let _ = timeout(LAST_WORDS, echo).await;
        }
        self.heart.abort();
        self.channel.close().await;
    }
}

impl LinkSender {
    /// As [`Link::send_text`].
    ///
    /// # Errors
    /// As there.
    pub async fn send_text(&self, text: &str) -> Result<(), LinkError> {
        fits(text.len())?;
        let frame = Frame::Text(text.to_owned());
        Ok(self.0.send(&frame.encode()).await?)
    }

    /// As [`Link::send_data`].
    ///
    /// # Errors
    /// As there.
    pub async fn send_data(&self, data: &[u8]) -> Result<(), LinkError> {
        fits(data.len())?;
        let frame = Frame::Data(data.to_vec());
        Ok(self.0.send(&frame.encode()).await?)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.heart.abort();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let channel = self.channel.clone();
            runtime.spawn(async move { channel.close().await });
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LinkSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkSender").finish_non_exhaustive()
    }
}

async fn exchange_hellos(channel: &dyn Channel) -> Result<(), ProofError> {
    let hello = |heard| {
        Frame::Hello(Hello {
            version: VERSION,
            heard,
        })
        .encode()
    };
    channel.send(&hello(false)).await?;
    let mut confirmed = false;
    loop {
        let message = channel
            .receive()
            .await
            .ok_or_else(|| ChannelError("it closed during the hello".into()))?;
        let Ok(Frame::Hello(theirs)) = Frame::decode(&message) else {
            continue;
        };
        if theirs.version != VERSION {
            return Err(ProofError::Version {
                ours: VERSION,
                theirs: theirs.version,
            });
        }
        if !confirmed {
            channel.send(&hello(true)).await?;
            confirmed = true;
        }
        if theirs.heard {
            return Ok(());
        }
    }
}

fn fits(got: usize) -> Result<(), LinkError> {
    if got > MAX_PAYLOAD {
        return Err(LinkError::TooLong {
            got,
            max: MAX_PAYLOAD,
        });
    }
    Ok(())
}

/// Events that may wait for [`Link::next`]: 64 frames are at most 1 MiB.
const UNREAD: usize = 64;

/// How long [`Link::close`] waits for the peer's goodbye.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
