//! The files of a link, apart from what else goes over it.

use super::{
    event::{Summary, TransferError, TransferEvent},
    incoming::{Incoming, receive},
    offering::Offering,
    send::send,
};
use crate::link::{CloseReason, Link, LinkEvent, LinkSender, session::Delivery, transfer::Message};
use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::sync::{Mutex, mpsc};

/// Moves files while the link is used for something else, such as a chat; from
/// [`Link::files`]. What comes for it comes here and not out of [`Link::next`], but only while
/// somebody waits there.
pub struct Files {
    events: mpsc::UnboundedReceiver<Delivery>,
    sender: LinkSender,
    transfers: Arc<Mutex<u32>>,
    /// What was looked at and is not yet taken.
    held: Option<LinkEvent>,
    closed: Option<CloseReason>,
}

/// What the other side wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wish {
    /// It offers files, and waits for [`Files::receive`].
    Offers,
    /// It waits for files: it runs [`Link::receive_files`].
    Waits,
    /// Nothing any more: the link is over.
    Nothing,
}

impl Files {
    pub(in crate::link) fn new(
        events: mpsc::UnboundedReceiver<Delivery>,
        sender: LinkSender,
        transfers: Arc<Mutex<u32>>,
    ) -> Self {
        Self {
            events,
            sender,
            transfers,
            held: None,
            closed: None,
        }
    }

    /// Waits until the other side wants something, and says nothing. Dropping the future loses
    /// nothing.
    pub async fn wish(&mut self) -> Wish {
        loop {
            if self.held.is_none() {
                self.held = Some(poll_fn(|cx| self.poll_fresh(cx)).await);
            }
            let wish = match &self.held {
                Some(LinkEvent::Closed { .. }) => return Wish::Nothing,
                Some(LinkEvent::Files(message)) => match Message::decode(message) {
                    // It stays for who receives.
                    Ok(Message::Offer { .. }) => return Wish::Offers,
                    Ok(Message::Ready { .. }) => Some(Wish::Waits),
                    // Left over from a transfer before.
                    _ => None,
                },
                _ => None,
            };
            self.held = None;
            if let Some(wish) = wish {
                return wish;
            }
        }
    }

    /// As [`Link::send_files`].
    ///
    /// # Errors
    /// As there.
    pub async fn send(
        &mut self,
        offering: &Offering,
        events: impl FnMut(TransferEvent),
    ) -> Result<Summary, TransferError> {
        send(self, offering, events).await
    }

    /// As [`Link::receive_files`].
    ///
    /// # Errors
    /// As there.
    pub async fn receive(&mut self) -> Result<Incoming<'_>, TransferError> {
        receive(self).await
    }

    fn poll_fresh(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent> {
        if let Some(reason) = &self.closed {
            let reason = reason.clone();
            return Poll::Ready(LinkEvent::Closed { reason });
        }
        let closed = LinkEvent::Closed {
            reason: CloseReason::ChannelClosed,
        };
        let (event, cost) = ready!(self.events.poll_recv(cx)).unwrap_or((closed, 0));
        self.sender.take(cost);
        if let LinkEvent::Closed { reason } = &event {
            self.closed = Some(reason.clone());
        }
        Poll::Ready(event)
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files")
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

/// Where the messages of a transfer come from and go to.
pub(super) trait Source: Send {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent>;
    fn out(&self) -> LinkSender;
    /// The count of transfers, held by the one that goes on.
    fn count(&self) -> Arc<Mutex<u32>>;
}

impl Source for Link {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent> {
        self.poll_next(cx)
    }

    fn out(&self) -> LinkSender {
        self.sender()
    }

    fn count(&self) -> Arc<Mutex<u32>> {
        self.transfers()
    }
}

impl Source for Files {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<LinkEvent> {
        match self.held.take() {
            Some(event) => Poll::Ready(event),
            None => self.poll_fresh(cx),
        }
    }

    fn out(&self) -> LinkSender {
        self.sender.clone()
    }

    fn count(&self) -> Arc<Mutex<u32>> {
        self.transfers.clone()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the test has real files")]
mod tests {
    use super::*;
    use crate::link::{Heartbeat, MemoryChannel, testing::linked_over, transfer::ReceiveOptions};

    async fn two() -> (Link, Link) {
        let (a, b) = MemoryChannel::pair();
        linked_over(a, b, Heartbeat::default()).await
    }

    /// Talks on while files move; gives the texts that came.
    fn talk(mut link: Link, texts: u32) -> tokio::task::JoinHandle<Vec<String>> {
        tokio::spawn(async move {
            for i in 0..texts {
                link.send_text(&format!("line {i}")).await.expect("open");
            }
            let mut came = Vec::new();
            while came.len() < texts as usize {
                match link.next().await {
                    LinkEvent::Text(text) => came.push(text),
                    LinkEvent::Closed { .. } => break,
                    other => panic!("{other:?}"),
                }
            }
            // The files may take longer than the talk.
            while !matches!(link.next().await, LinkEvent::Closed { .. }) {}
            came
        })
    }

    #[tokio::test]
    async fn files_move_both_ways_while_both_talk_and_no_line_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("large");
        let content: Vec<u8> = (0..5_000_000u32).map(|n| (n >> 3) as u8).collect();
        std::fs::write(&file, &content).expect("writes");
        let (mut a, mut b) = two().await;
        let (mut of_a, mut of_b) = (a.files(), b.files());
        let talks = [talk(a, 500), talk(b, 500)];
        let offering = Offering::of([&file]).expect("reads");
        for turn in 0..2 {
            let there = folder.path().join(format!("there {turn}"));
            let (from, to) = match turn {
                0 => (&mut of_a, &mut of_b),
                _ => (&mut of_b, &mut of_a),
            };
            let received = async {
                assert_eq!(to.wish().await, Wish::Offers);
                let incoming = to.receive().await?;
                let options = ReceiveOptions::default();
                incoming.accept(&there, options, |_| {}).await
            };
            let (sent, received) = tokio::join!(from.send(&offering, |_| {}), received);
            assert_eq!(sent.expect("sent").files, 1);
            assert_eq!(received.expect("received").files, 1);
            assert!(std::fs::read(there.join("large")).expect("reads") == content);
        }
        drop((of_a, of_b));
        let [a, b] = talks;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        for talk in [&a, &b] {
            assert!(!talk.is_finished());
        }
        a.abort();
        let came = b.await.expect("ends");
        assert_eq!(came.len(), 500);
        assert_eq!(came[499], "line 499");
    }

    #[tokio::test]
    async fn who_waits_for_files_is_seen_and_the_end_of_the_link_too() {
        let (mut a, mut b) = two().await;
        let mut files = a.files();
        let there = tokio::spawn(async move { b.receive_files().await.map(|_| ()) });
        let mut talk =
            tokio::spawn(
                async move { while !matches!(a.next().await, LinkEvent::Closed { .. }) {} },
            );
        assert_eq!(files.wish().await, Wish::Waits);
        there.abort();
        (&mut talk).await.expect("ends");
        assert_eq!(files.wish().await, Wish::Nothing);
        let offering = Offering::of(["Cargo.toml"]).expect("reads");
        let error = files.send(&offering, |_| {}).await.expect_err("over");
        assert!(matches!(error, TransferError::Closed(_)), "{error}");
    }
}
