//! Two ends of a channel in memory, and two links over it, for tests.

use super::*;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, Notify, mpsc};

/// One end. Cutting it lets messages vanish, as a dead network does.
pub(crate) struct Queue {
    to: mpsc::Sender<Vec<u8>>,
    back: mpsc::WeakSender<Vec<u8>>,
    from: Mutex<mpsc::Receiver<Vec<u8>>>,
    pub(crate) cut: Arc<AtomicBool>,
    closed: Notify,
}

impl Queue {
    /// Sends to this end, as only the other end should.
    pub(crate) async fn send_back(&self, message: &[u8]) {
        let back = self.back.upgrade().expect("in a test");
        back.send(message.to_vec()).await.expect("in a test");
    }

    /// Messages to this end that nobody has read.
    pub(crate) fn waiting(&self) -> usize {
        let back = self.back.upgrade().expect("in a test");
        back.max_capacity() - back.capacity()
    }
}

/// Both ends.
pub(crate) fn queues() -> (Arc<Queue>, Arc<Queue>) {
    let cut = Arc::new(AtomicBool::new(false));
    let (a, from_a) = mpsc::channel(256);
    let (b, from_b) = mpsc::channel(256);
    let (back_a, back_b) = (b.downgrade(), a.downgrade());
    let queue = |to, back, from| {
        Arc::new(Queue {
            to,
            back,
            from: Mutex::new(from),
            cut: cut.clone(),
            closed: Notify::new(),
        })
    };
    (queue(a, back_a, from_b), queue(b, back_b, from_a))
}

#[async_trait::async_trait]
impl Channel for Queue {
    async fn send(&self, message: &[u8]) -> Result<(), ChannelError> {
        if self.cut.load(Ordering::Relaxed) {
            return Ok(());
        }
        let gone = |_| ChannelError("gone".into());
        self.to.send(message.to_vec()).await.map_err(gone)
    }
    async fn send_if_idle(&self, message: &[u8]) -> Result<(), ChannelError> {
        if !self.cut.load(Ordering::Relaxed) {
            let _ = self.to.try_send(message.to_vec());
        }
        Ok(())
    }
    async fn receive(&self) -> Option<Vec<u8>> {
        let mut from = self.from.lock().await;
        tokio::select! {
            message = from.recv() => message,
            () = self.closed.notified() => None,
        }
    }
    async fn flush(&self, _: Duration) {}
    async fn close(&self) {
        self.closed.notify_one();
    }
}

/// Notices a dead peer soon.
pub(crate) fn quick() -> Heartbeat {
    Heartbeat {
        every: Duration::from_millis(40),
        dead_after: Duration::from_millis(140),
        patience: Duration::ZERO,
    }
}

/// Two certificates, seen from either side.
pub(crate) fn certificates(side: Side) -> Certificates {
    match side {
        Side::Offerer => Certificates {
            ours: [0xa; 32],
            theirs: [0xb; 32],
        },
        Side::Answerer => Certificates {
            ours: [0xb; 32],
            theirs: [0xa; 32],
        },
    }
}

/// A meeting in which there is nothing to be proven but the words.
pub(crate) fn plain(side: Side) -> Encounter {
    Encounter {
        side,
        secret: None,
        code: None,
    }
}

/// Proves one end of a channel.
pub(crate) async fn prove(
    channel: Arc<Queue>,
    encounter: Encounter,
) -> Result<Introduction, ProofError> {
    Unproven::new(channel, certificates(encounter.side))
        .prove(&encounter, quick(), Duration::from_secs(5))
        .await
}

/// Two who are proven and not yet accepted.
pub(crate) async fn introduced() -> (Introduction, Introduction, Arc<Queue>) {
    let (a, b) = queues();
    let (left, right) = tokio::join!(
        prove(a.clone(), plain(Side::Offerer)),
        prove(b, plain(Side::Answerer))
    );
    (left.expect("in a test"), right.expect("in a test"), a)
}

/// Two who are linked over these two ends of a channel.
pub(crate) async fn linked_over(
    a: Arc<dyn Channel>,
    b: Arc<dyn Channel>,
    heartbeat: Heartbeat,
) -> (Link, Link) {
    let one = |channel, side, heartbeat| async move {
        let found = Unproven::new(channel, certificates(side))
            .prove(&plain(side), heartbeat, Duration::from_secs(60))
            .await;
        found
            .expect("both prove")
            .accept()
            .await
            .expect("both accept")
    };
    tokio::join!(
        one(a, Side::Offerer, heartbeat.clone()),
        one(b, Side::Answerer, heartbeat)
    )
}

/// Two who are linked.
pub(crate) async fn linked() -> (Link, Link, Arc<Queue>) {
    let (a, b, queue) = introduced().await;
    let (a, b) = tokio::join!(a.accept(), b.accept());
    (a.expect("in a test"), b.expect("in a test"), queue)
}
