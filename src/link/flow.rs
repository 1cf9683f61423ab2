//! How much may be on its way, so that a slow reader slows the writer down and costs no memory:
//! each side says how much its user has taken, and keeps what it sends within a window of that.
//!
//! The stack below has a window too, but its waits are seconds long once that is closed, and a
//! browser has none. Ours is smaller than its buffers, so that what keeps the link alive always
//! finds room between the data.
//!
//! The end of the data costs nothing: who has taken all the data has drained the link, whether or
//! not its program has looked for the end as well.

use super::frame::{WINDOW, cost};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Notify, watch};

/// Both directions of one link.
#[derive(Debug)]
pub(super) struct Flow {
    sent: AtomicU64,
    received: watch::Sender<Received>,
    arrived: AtomicU64,
    taken: AtomicU64,
    told: AtomicU64,
    owing: Notify,
}

/// What the peer says that its user took of what was sent, and whether it can still say so.
#[derive(Clone, Copy, Debug, Default)]
struct Received {
    total: u64,
    over: bool,
}

impl Flow {
    pub(super) fn new() -> Self {
        Self {
            sent: AtomicU64::new(0),
            received: watch::Sender::default(),
            arrived: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            told: AtomicU64::new(0),
            owing: Notify::new(),
        }
    }

    /// Waits for room in the window; also returns when the link is over.
    pub(super) async fn room(&self) {
        let mut received = self.received.subscribe();
        let sent = || self.sent.load(Ordering::Relaxed);
        // The sender of the watch lives in `self`: it cannot go away.
        let _ = received
            .wait_for(|r| r.over || sent().saturating_sub(r.total) < WINDOW)
            .await;
    }

    /// A frame of so many bytes is sent. Gives what it costs.
    pub(super) fn sent(&self, bytes: usize) -> u64 {
        self.sent.fetch_add(cost(bytes), Ordering::Relaxed);
        cost(bytes)
    }

    /// Waits until the peer's user has taken everything. False if the link was over before.
    pub(super) async fn drained(&self) -> bool {
        let mut received = self.received.subscribe();
        let all = |r: &Received| r.total >= self.sent.load(Ordering::Relaxed);
        match received.wait_for(|r| r.over || all(r)).await {
            Ok(received) => all(&received),
            Err(_) => false,
        }
    }

    /// The peer says that its user has taken so much.
    pub(super) fn peer_has_taken(&self, total: u64) {
        self.received.send_if_modified(|received| {
            let more = total > received.total;
            received.total = total.max(received.total);
            more
        });
    }

    /// Nothing needs to wait any more.
    pub(super) fn over(&self) {
        self.received.send_modify(|received| received.over = true);
    }

    /// A frame of so many bytes has arrived. Gives what [`take`](Self::take) wants for it.
    pub(super) fn arrived(&self, bytes: usize) -> u64 {
        self.arrived.fetch_add(cost(bytes), Ordering::Relaxed);
        cost(bytes)
    }

    /// Whether the peer has sent more than it may.
    pub(super) fn is_full(&self) -> bool {
        let untaken = self
            .arrived
            .load(Ordering::Relaxed)
            .saturating_sub(self.taken());
        // Whoever keeps to the window may go beyond it by one frame a task that sends.
        untaken > 2 * WINDOW
    }

    /// The user takes something. At the end of something, the peer is told at once.
    pub(super) fn take(&self, cost: u64, at_once: bool) {
        let taken = self.taken.fetch_add(cost, Ordering::Relaxed) + cost;
        let told = self.told.load(Ordering::Relaxed);
        if at_once || taken.saturating_sub(told) >= WINDOW / 8 {
            self.told.store(taken, Ordering::Relaxed);
            self.owing.notify_one();
        }
    }

    /// The peer should be told at once how it is here.
    pub(super) fn owe(&self) {
        self.owing.notify_one();
    }

    /// Ready when the peer should be told what was [taken](Self::taken).
    pub(super) async fn owing(&self) {
        self.owing.notified().await;
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}
