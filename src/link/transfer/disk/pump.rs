//! Messages of a transfer both ways at once: sending never keeps from hearing, or two who wait
//! for each other's window would wait for ever.

use super::files::Source;
use crate::link::{
    CloseReason, LinkError, LinkEvent, LinkSender,
    transfer::{Message, MessageError},
};
use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::OwnedMutexGuard;

/// One end of a transfer.
pub(super) struct Pump<'a> {
    source: &'a mut dyn Source,
    /// Gone only where the last word is said: the next transfer comes after it.
    turn: Option<OwnedMutexGuard<u32>>,
    sender: LinkSender,
    outbox: VecDeque<Message>,
    sending: Option<Sending>,
    /// Said if the transfer is dropped before it is over.
    farewell: Option<Message>,
}

type Sending = Pin<Box<dyn Future<Output = Result<(), LinkError>> + Send>>;

/// What happens at the pump.
pub(super) enum Pumped {
    /// The peer said this.
    Heard(Result<Message, MessageError>),
    /// All is sent.
    Idle,
    /// The link is over.
    Closed(CloseReason),
}

impl<'a> Pump<'a> {
    /// Waits until a transfer that was dropped has said so. Also gives a number that it did not
    /// have.
    pub(super) async fn new(source: &'a mut dyn Source) -> (Self, u32) {
        let mut turn = source.count().lock_owned().await;
        *turn = turn.wrapping_add(1);
        let id = *turn;
        let sender = source.out();
        let pump = Self {
            source,
            turn: Some(turn),
            sender,
            outbox: VecDeque::new(),
            sending: None,
            farewell: None,
        };
        (pump, id)
    }

    /// To be sent after everything before it.
    pub(super) fn send(&mut self, message: Message) {
        self.outbox.push_back(message);
    }

    /// Whether all is sent.
    pub(super) fn is_idle(&self) -> bool {
        self.outbox.is_empty() && self.sending.is_none()
    }

    /// How much is not sent.
    pub(super) fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// The transfer is over: nothing needs to be said when it is dropped.
    pub(super) fn over(&mut self) {
        self.farewell = None;
    }

    /// What is said if the transfer is dropped from here on.
    pub(super) fn set_farewell(&mut self, farewell: Message) {
        self.farewell = Some(farewell);
    }

    /// What happens next. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Pumped {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Sends, and hears nothing, until fewer messages wait.
    pub(super) async fn send_until_below(&mut self, waiting: usize) {
        poll_fn(|cx| {
            let _ = self.poll_send(cx);
            if self.waiting() < waiting {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Pumped> {
        if self.poll_send(cx).is_ready() {
            return Poll::Ready(Pumped::Idle);
        }
        self.poll_hear(cx)
    }

    /// Sends what can be sent; ready when that was the last.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.is_idle() {
            if self.sending.is_none()
                && let Some(message) = self.outbox.pop_front()
            {
                let sender = self.sender.clone();
                let message = message.encode();
                self.sending = Some(Box::pin(
                    async move { sender.send_file_message(message).await },
                ));
            }
            let Some(sending) = &mut self.sending else {
                break;
            };
            match sending.as_mut().poll(cx) {
                Poll::Ready(sent) => {
                    self.sending = None;
                    if sent.is_err() {
                        // The link says why, below.
                        self.outbox.clear();
                        break;
                    }
                    if self.is_idle() {
                        return Poll::Ready(());
                    }
                }
                Poll::Pending => break,
            }
        }
        Poll::Pending
    }

    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Pumped> {
        loop {
            match self.source.poll_event(cx) {
                Poll::Ready(LinkEvent::Files(message)) => {
                    return Poll::Ready(Pumped::Heard(Message::decode(&message)));
                }
                Poll::Ready(LinkEvent::Closed { reason }) => {
                    return Poll::Ready(Pumped::Closed(reason));
                }
                // Whoever chats meanwhile is not heard.
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Drop for Pump<'_> {
    fn drop(&mut self) {
        let Some(farewell) = self.farewell.take() else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (sender, turn) = (self.sender.clone(), self.turn.take());
            runtime.spawn(async move {
                let _ = sender.send_file_message(farewell.encode()).await;
                drop(turn);
            });
        }
    }
}
