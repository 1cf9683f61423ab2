//! The link itself, watched while it lives.

use super::{
    Channel, ChannelError, CloseReason, Frame, Heartbeat, LinkEvent, LinkStream, MAX_PAYLOAD,
    Standing,
    keeper::{FAREWELL, Keeper},
    line::Line,
    reunion::Bond,
    transfer::Files,
    way_back::WayBack,
};
use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

/// An open channel to a peer who proved itself and was [accepted](super::Introduction::accept),
/// watched by a [`Heartbeat`].
///
/// It outlives its connection: when that breaks, both sides look for each other by a
/// [`WayBack`], prove that they are the same two, and go on where they were, within the heartbeat's
/// patience. [`LinkEvent::Interrupted`] and [`LinkEvent::Resumed`] tell of it; nothing else changes.
///
/// Dropping it closes the channel without a goodbye, once what was sent has left: the peer notices
/// within seconds.
pub struct Link {
    line: Arc<Line>,
    events: mpsc::UnboundedReceiver<Delivery>,
    keeper: JoinHandle<()>,
    closed: Option<CloseReason>,
    transfers: Arc<Mutex<u32>>,
    /// Where file messages go, once the files are apart.
    files: Option<mpsc::UnboundedSender<Delivery>>,
}

/// Something that came, and what it cost of the window.
pub(super) use super::keeper::Delivery;

/// Sends over a [`Link`] from elsewhere.
#[derive(Clone)]
pub struct LinkSender {
    line: Arc<Line>,
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
    /// Begins to watch a channel that is proven; the receiver tells once the peer has accepted.
    pub(super) fn watch(
        channel: Arc<dyn Channel>,
        heartbeat: Heartbeat,
        bond: Bond,
        way: Option<Arc<dyn WayBack>>,
    ) -> (Self, watch::Receiver<bool>) {
        let line = Line::new(channel.clone());
        let (sender, events) = mpsc::unbounded_channel();
        let (accept, accepted) = watch::channel(false);
        let keeper = Keeper::new(line.clone(), channel, sender, accept, heartbeat, bond, way);
        let link = Self {
            line,
            events,
            keeper: tokio::spawn(keeper.keep()),
            closed: None,
            transfers: Arc::default(),
            files: None,
        };
        (link, accepted)
    }

    /// What it stands on.
    #[cfg(test)]
    pub(super) fn line_for_tests(&self) -> &Line {
        &self.line
    }

    /// Sends a frame that is none of the user's.
    pub(super) fn say(&self, frame: &Frame) -> Result<(), ChannelError> {
        self.line.say(frame)
    }

    /// Closes once all that was sent has arrived, or soon.
    pub(super) async fn leave(self) {
        self.line.flush(FAREWELL).await;
        self.keeper.abort();
        self.line.close().await;
    }

    /// Sends a chat message; waits as [`send_data`](Self::send_data) does. A future that is dropped
    /// while it waits has sent nothing.
    ///
    /// # Errors
    /// [`LinkError::TooLong`] above [`MAX_PAYLOAD`] bytes; [`LinkError::Closed`].
    pub async fn send_text(&self, text: &str) -> Result<(), LinkError> {
        self.sender().send_text(text).await
    }

    /// Sends bytes; waits while 2 MiB are sent that the peer's program has not yet taken, and so
    /// also while the connection is interrupted. A future that is dropped while it waits has sent
    /// nothing.
    ///
    /// # Errors
    /// [`LinkError::TooLong`] above [`MAX_PAYLOAD`] bytes; [`LinkError::Closed`].
    pub async fn send_data(&self, data: &[u8]) -> Result<(), LinkError> {
        self.sender().send_data(data).await
    }

    /// Says that no more data will be sent; the peer gets [`LinkEvent::End`]. What it sends still
    /// comes. A future that is dropped while it waits has said nothing.
    ///
    /// # Errors
    /// [`LinkError::Closed`].
    pub async fn end(&self) -> Result<(), LinkError> {
        self.sender().end().await
    }

    /// Sends from elsewhere, while [`next`](Self::next) waits here.
    pub fn sender(&self) -> LinkSender {
        LinkSender {
            line: self.line.clone(),
        }
    }

    /// How the link is, now and from now on, for a screen that does not read its events.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.line.standing.subscribe()
    }

    /// The link as a stream of bytes, for whatever speaks over
    /// [`AsyncRead`](tokio::io::AsyncRead) and [`AsyncWrite`](tokio::io::AsyncWrite).
    pub fn into_stream(self) -> LinkStream {
        LinkStream::new(self)
    }

    /// Waits for the next thing. After [`LinkEvent::Closed`] it gives that again and again.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> LinkEvent {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next), for a future of one's own.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent> {
        if let Some(reason) = &self.closed {
            let reason = reason.clone();
            return Poll::Ready(LinkEvent::Closed { reason });
        }
        let closed = LinkEvent::Closed {
            reason: CloseReason::ChannelClosed,
        };
        let (event, cost) = loop {
            let delivery = ready!(self.events.poll_recv(cx)).unwrap_or((closed.clone(), 0));
            match self.route(delivery) {
                Some(delivery) => break delivery,
                None => continue,
            }
        };
        self.line.flow.take(cost, matches!(event, LinkEvent::End));
        if let LinkEvent::Closed { reason } = &event {
            self.closed = Some(reason.clone());
        }
        Poll::Ready(event)
    }

    /// Waits until the peer's program has taken everything that was sent. False if the link was
    /// over before; [`next`](Self::next) then says why. Dropping the future loses nothing.
    pub async fn drained(&self) -> bool {
        self.sender().drained().await
    }

    /// Parts the files from everything else, so that they can move while this is used for
    /// something else: what comes for them comes there, as long as somebody waits in
    /// [`next`](Self::next) here. Once that is dropped, it comes here again.
    pub fn files(&mut self) -> Files {
        let (sender, events) = mpsc::unbounded_channel();
        self.files = Some(sender);
        Files::new(events, self.sender(), self.transfers())
    }

    /// Hands on what is for the files; gives the rest.
    fn route(&mut self, delivery: Delivery) -> Option<Delivery> {
        let Some(files) = &self.files else {
            return Some(delivery);
        };
        match delivery {
            // What it cost is given back where it is taken.
            (LinkEvent::Files(_), _) => match files.send(delivery) {
                Ok(()) => None,
                Err(mpsc::error::SendError(delivery)) => {
                    self.files = None;
                    Some(delivery)
                }
            },
            (LinkEvent::Closed { reason }, cost) => {
                let reason_there = reason.clone();
                let _ = files.send((
                    LinkEvent::Closed {
                        reason: reason_there,
                    },
                    0,
                ));
                Some((LinkEvent::Closed { reason }, cost))
            }
            other => Some(other),
        }
    }

    /// The count of file transfers, held by the one that goes on, until it has said its last word.
    pub(super) fn transfers(&self) -> Arc<Mutex<u32>> {
        self.transfers.clone()
    }

    /// Says goodbye, waits a moment (at most 2 s) for all that was sent to arrive, and closes. Dropping
    /// the future closes without waiting.
    pub async fn close(mut self) {
        // A file transfer that was dropped has perhaps not yet said so.
        let transfers = self.transfers.clone();
        let _said = timeout(LAST_WORDS, transfers.lock()).await;
        if self.closed.is_none() && self.line.say(&Frame::Bye).is_ok() {
            // The peer's echo of the goodbye comes after everything we sent has arrived.
            let echo = async { while !matches!(self.next().await, LinkEvent::Closed { .. }) {} };
            let _ = timeout(LAST_WORDS, echo).await;
        }
        self.keeper.abort();
        self.line.close().await;
    }
}

impl LinkSender {
    /// As [`Link::send_text`].
    ///
    /// # Errors
    /// As there.
    pub async fn send_text(&self, text: &str) -> Result<(), LinkError> {
        fits(text.len())?;
        self.send(&Frame::Text(text.to_owned())).await
    }

    /// As [`Link::send_data`].
    ///
    /// # Errors
    /// As there.
    pub async fn send_data(&self, data: &[u8]) -> Result<(), LinkError> {
        fits(data.len())?;
        self.send(&Frame::Data(data.to_vec())).await
    }

    /// As [`Link::end`].
    ///
    /// # Errors
    /// As there.
    pub async fn end(&self) -> Result<(), LinkError> {
        self.send(&Frame::End).await
    }

    /// As [`Link::drained`].
    pub async fn drained(&self) -> bool {
        self.line.flow.drained().await
    }

    /// Something that came has been taken elsewhere than by [`Link::next`].
    pub(super) fn take(&self, cost: u64) {
        self.line.flow.take(cost, false);
    }

    /// Sends a message of a file transfer.
    pub(super) async fn send_file_message(&self, message: Vec<u8>) -> Result<(), LinkError> {
        fits(message.len())?;
        self.send(&Frame::Files(message)).await
    }

    async fn send(&self, frame: &Frame) -> Result<(), LinkError> {
        self.line.flow.room().await;
        Ok(self.line.say(frame)?)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (line, keeper) = (self.line.clone(), self.keeper.abort_handle());
            // What was said last, perhaps that we accept, must not be taken along.
            runtime.spawn(async move {
                line.flush(FAREWELL).await;
                keeper.abort();
                line.close().await;
            });
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

fn fits(got: usize) -> Result<(), LinkError> {
    if got > MAX_PAYLOAD {
        return Err(LinkError::TooLong {
            got,
            max: MAX_PAYLOAD,
        });
    }
    Ok(())
}

/// How long [`Link::close`] waits for the peer's goodbye.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
