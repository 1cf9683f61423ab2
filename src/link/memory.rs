//! A channel within one process, for tests and examples that need no network.

use super::{Channel, ChannelError};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, Notify, mpsc};

/// One end of a channel in memory: as a [`Link`](super::Link) sees it, like one over a network.
/// When either end is closed or dropped, so is the other.
#[derive(Debug)]
pub struct MemoryChannel {
    to: mpsc::Sender<Vec<u8>>,
    from: Mutex<mpsc::Receiver<Vec<u8>>>,
    closed: Arc<Closed>,
}

#[derive(Debug, Default)]
struct Closed {
    is: AtomicBool,
    told: Notify,
}

impl MemoryChannel {
    /// The two ends.
    pub fn pair() -> (Arc<Self>, Arc<Self>) {
        let closed = Arc::new(Closed::default());
        let (a, from_a) = mpsc::channel(MESSAGES);
        let (b, from_b) = mpsc::channel(MESSAGES);
        let end = |to, from| {
            Arc::new(Self {
                to,
                from: Mutex::new(from),
                closed: closed.clone(),
            })
        };
        (end(a, from_b), end(b, from_a))
    }
}

#[async_trait::async_trait]
impl Channel for MemoryChannel {
    async fn send(&self, message: &[u8]) -> Result<(), ChannelError> {
        tokio::select! {
            // After the end nothing is sent, though there be room.
            biased;
            () = self.closed.wait() => Err(closed()),
            sent = self.to.send(message.to_vec()) => sent.map_err(|_| closed()),
        }
    }

    async fn send_if_idle(&self, message: &[u8]) -> Result<(), ChannelError> {
        if self.closed.is.load(Ordering::SeqCst) {
            return Err(closed());
        }
        match self.to.try_send(message.to_vec()) {
            Err(mpsc::error::TrySendError::Closed(_)) => Err(closed()),
            _ => Ok(()),
        }
    }

    async fn receive(&self) -> Option<Vec<u8>> {
        let mut from = self.from.lock().await;
        tokio::select! {
            // What came before the end is still read.
            biased;
            message = from.recv() => message,
            () = self.closed.wait() => None,
        }
    }

    async fn flush(&self, at_most: Duration) {
        let empty = async {
            while self.to.capacity() < self.to.max_capacity() && !self.to.is_closed() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = tokio::time::timeout(at_most, empty).await;
    }

    async fn close(&self) {
        self.closed.is.store(true, Ordering::SeqCst);
        self.closed.told.notify_waiters();
    }
}

impl Closed {
    async fn wait(&self) {
        let told = self.told.notified();
        tokio::pin!(told);
        told.as_mut().enable();
        if !self.is.load(Ordering::SeqCst) {
            told.await;
        }
    }
}

fn closed() -> ChannelError {
    ChannelError("it was closed in memory".to_owned())
}

/// Messages on their way in one direction.
const MESSAGES: usize = 64;
