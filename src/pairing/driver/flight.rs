//! How much is on its way at once to somebody whose socket holds little.
//!
//! SCTP keeps to the window that the other side announces. A browser announces 5 MiB, but gives its
//! socket a buffer of 64 KiB: where no network slows a burst down, the rest of it is lost in the
//! kernel, and of the last words of a burst SCTP finds that out after a whole second (Chromium on
//! the same computer: 7 to 14 MB/s, a second's wait after every few MB). So what has been handed to
//! the stack and not yet been acknowledged is kept below what such a socket holds. A side that sized
//! its window by its socket [says so](crate::link::Frame::Roomy), and is sent all that it announces.

use std::{
    fmt,
    future::Future,
    io,
    io::IoSliceMut,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};
use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

/// Bounds what is on its way over one connection.
#[derive(Debug)]
pub(super) struct Flight {
    /// Another message may go while fewer bytes than these are on their way.
    bound: AtomicUsize,
    turns: Turns,
}

impl Flight {
    /// To somebody of whom nothing is known but how long it takes there and back: zero for a program
    /// on this computer, whatever was measured while both were busy.
    pub(super) fn new(there_and_back: Duration, turns: Turns) -> Self {
        Self {
            bound: AtomicUsize::new(bound(there_and_back)),
            turns,
        }
    }

    /// The other side's socket holds what it announces.
    pub(super) fn is_roomy(&self) {
        self.bound.store(usize::MAX, Ordering::Relaxed);
    }

    /// Waits until another message may go; `on_its_way` counts the bytes that are.
    ///
    /// # Errors
    /// Those of `on_its_way`.
    pub(super) async fn room<F, E>(&self, on_its_way: impl Fn() -> F) -> Result<(), E>
    where
        F: Future<Output = Result<usize, E>>,
    {
        while self.bound.load(Ordering::Relaxed) < usize::MAX {
            let turn = self.turns.0.round.notified();
            tokio::pin!(turn);
            turn.as_mut().enable();
            if on_its_way().await? < self.bound.load(Ordering::Relaxed) {
                break;
            }
            // The stack may be busy with something else than its sockets.
            let _ = timeout(LOOK_AGAIN, turn).await;
        }
        Ok(())
    }
}

/// What may be on its way before another message goes, if it takes that long there and back: what
/// the smallest sockets hold, and what a fast network has on its wires meanwhile.
fn bound(there_and_back: Duration) -> usize {
    let on_the_wires = there_and_back.saturating_sub(AT_THE_ENDS).as_micros() * GIGABIT;
    HELD.saturating_add(usize::try_from(on_the_wires).unwrap_or(usize::MAX))
}

/// Chromium asks for a buffer of 64 KiB, which Linux takes for twice that, and of which it counts
/// 2,304 bytes for a datagram of ours: 56 of some 1,150 bytes of data. With the message of 16 KiB
/// that goes when fewer than these are on their way there are 50.
const HELD: usize = 40 << 10;

/// What the two programs take of the time there and back: so much and less was measured where there
/// is nothing else.
const AT_THE_ENDS: Duration = Duration::from_millis(1);

/// Bytes in a microsecond, as fast as most computers send.
const GIGABIT: u128 = 125;

/// How long to wait for the stack at most before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Told whenever the stack, done with all that came before, asks its sockets for more; and whom it
/// talks to.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Traffic>);

#[derive(Debug, Default)]
struct Traffic {
    round: Notify,
    to: Mutex<Option<IpAddr>>,
}

impl Turns {
    /// Where the last datagram went that was none of those by which ways are tried.
    pub(super) fn to(&self) -> Option<IpAddr> {
        *self.0.to.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that tells.
pub(super) struct Watched {
    socket: Arc<dyn AsyncUdpSocket>,
    turns: Turns,
}

impl Watched {
    pub(super) fn new(socket: Arc<dyn AsyncUdpSocket>, turns: Turns) -> Self {
        Self { socket, turns }
    }
}

impl AsyncUdpSocket for Watched {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_gso_segments(&self) -> usize {
        self.socket.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.socket.max_gro_segments()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        // RFC 7983: the first byte of DTLS is 20 to 63.
        if let Some(20..64) = transmit.contents.first() {
            let mut to = self
                .turns
                .0
                .to
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *to = Some(transmit.destination.ip());
        }
        self.socket.poll_send(cx, transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.turns.0.round.notify_waiters();
        self.socket.poll_recv(cx, bufs, meta)
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::MAX_PAYLOAD;
    use std::convert::Infallible;

    /// Sends 100 messages, of which one is acknowledged whenever a sender has waited; gives the most
    /// bytes that were on their way.
    async fn most_on_its_way(flight: &Flight) -> usize {
        let on_its_way = AtomicUsize::new(0);
        let looked = || async { Ok::<_, Infallible>(on_its_way.load(Ordering::Relaxed)) };
        let sending = async {
            let mut most = 0;
            for _ in 0..100 {
                let Ok(()) = flight.room(looked).await;
                most = most.max(MAX_PAYLOAD + on_its_way.fetch_add(MAX_PAYLOAD, Ordering::Relaxed));
            }
            most
        };
        let acknowledging = async {
            loop {
                tokio::task::yield_now().await;
                let one_less = |n: usize| n.checked_sub(MAX_PAYLOAD);
                let _ = on_its_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
                flight.turns.0.round.notify_waiters();
            }
        };
        tokio::select! {
            most = sending => most,
            () = acknowledging => unreachable!("it goes on for ever"),
        }
    }

    #[tokio::test]
    async fn no_more_is_on_its_way_than_a_socket_of_64_kib_holds() {
        let flight = Flight::new(Duration::ZERO, Turns::default());
        let most = most_on_its_way(&flight).await;
        // As Linux counts: twice what was asked for; a datagram and what describes it.
        let (buffer, datagram, data) = (2 * 65_536, 2_304, 1_150);
        assert!(most.div_ceil(data) * datagram <= buffer, "{most}");
        assert!(most >= HELD, "{most}: a message goes while there is room");
    }

    #[tokio::test]
    async fn a_roomy_side_is_sent_all_at_once() {
        let flight = Flight::new(Duration::ZERO, Turns::default());
        flight.is_roomy();
        assert_eq!(most_on_its_way(&flight).await, 100 * MAX_PAYLOAD);
    }

    #[tokio::test]
    async fn who_waits_looks_again_though_the_stack_never_comes_round() {
        let flight = Flight::new(Duration::ZERO, Turns::default());
        let looks = AtomicUsize::new(0);
        let looked = || async {
            let first = looks.fetch_add(1, Ordering::Relaxed) == 0;
            Ok::<_, Infallible>(if first { HELD } else { HELD - 1 })
        };
        let Ok(()) = flight.room(looked).await;
        assert_eq!(looks.into_inner(), 2);
    }

    #[test]
    fn a_network_may_hold_what_a_gigabit_brings_meanwhile() {
        assert_eq!(bound(Duration::from_micros(300)), HELD);
        assert_eq!(bound(Duration::from_millis(5)), HELD + 500_000);
        assert!(bound(Duration::MAX) > 1 << 40);
    }
}
