//! A socket with somebody at the door: what comes is looked at before the WebRTC stack gets it.

use std::{
    fmt, io,
    io::IoSliceMut,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};
use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

/// Decides about datagrams. It is asked for each that may be STUN, and for each sent.
pub(super) trait Guard: Send + Sync + 'static {
    /// What is to become of a datagram that came.
    fn receive(&self, datagram: &[u8]) -> Verdict;

    /// Whether a datagram may go out, to there.
    fn send(&self, _to: SocketAddr) -> bool {
        true
    }
}

/// What becomes of a datagram that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The stack gets it.
    Pass,
    /// Nobody gets it.
    Drop,
    /// Nobody gets it, and its sender gets this.
    Reply(Vec<u8>),
}

/// A socket whose datagrams a [`Guard`] sees first.
pub(super) struct Guarded {
    socket: Arc<dyn AsyncUdpSocket>,
    guard: Arc<dyn Guard>,
    kept: Mutex<Kept>,
}

/// A datagram that came before the stack was there.
#[derive(Default)]
struct Kept {
    datagram: Option<(Vec<u8>, SocketAddr)>,
    /// Who waits for something to come.
    waiting: Option<Waker>,
}

impl Guarded {
    pub(super) fn new(socket: Arc<dyn AsyncUdpSocket>, guard: Arc<dyn Guard>) -> Self {
        Self {
            socket,
            guard,
            kept: Mutex::default(),
        }
    }

    /// The stack receives this next, as if it came now from there.
    pub(super) fn replay(&self, datagram: Vec<u8>, from: SocketAddr) {
        let mut kept = self.kept();
        kept.datagram = Some((datagram, from));
        if let Some(waiting) = kept.waiting.take() {
            waiting.wake();
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the guard about what has come. True if it may be passed on.
    fn admits(&self, cx: &mut Context<'_>, bytes: &[u8], meta: &RecvMeta) -> bool {
        // Datagrams of one sender may have been joined; checks are not sent in such bursts.
        let first = &bytes[..meta.stride.clamp(1, bytes.len().max(1)).min(bytes.len())];
        if !may_be_stun(first) {
            return true;
        }
        match self.guard.receive(first) {
            Verdict::Pass => true,
            Verdict::Drop => false,
            Verdict::Reply(reply) => {
                let transmit = Transmit {
                    destination: meta.addr,
                    ecn: None,
                    contents: &reply,
                    segment_size: None,
                    src_ip: None,
                };
                // Unsent, it is as good as lost on the way: they will ask again.
                let _ = self.socket.poll_send(cx, &transmit);
                false
            }
        }
    }
}

impl AsyncUdpSocket for Guarded {
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
        if !self.guard.send(transmit.destination) {
            // As a network does that loses it.
            return Poll::Ready(Ok(transmit.contents.len()));
        }
        self.socket.poll_send(cx, transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        {
            let mut kept = self.kept();
            match kept.datagram.take() {
                Some((datagram, from)) if !bufs.is_empty() && !meta.is_empty() => {
                    let length = datagram.len().min(bufs[0].len());
                    bufs[0][..length].copy_from_slice(&datagram[..length]);
                    meta[0] = RecvMeta::default();
                    meta[0].addr = from;
                    meta[0].len = length;
                    meta[0].stride = length.max(1);
                    return Poll::Ready(Ok(1));
                }
                _ => kept.waiting = Some(cx.waker().clone()),
            }
        }
        loop {
            let came = match self.socket.poll_recv(cx, bufs, meta) {
                Poll::Ready(Ok(came)) => came,
                other => return other,
            };
            let mut passed = 0;
            for n in 0..came {
                let length = meta[n].len.min(bufs[n].len());
                if self.admits(cx, &bufs[n][..length], &meta[n]) {
                    if passed != n {
                        let (front, back) = bufs.split_at_mut(n);
                        front[passed][..length].copy_from_slice(&back[0][..length]);
                        meta[passed] = meta[n];
                    }
                    passed += 1;
                }
            }
            if passed > 0 || came == 0 {
                return Poll::Ready(Ok(passed));
            }
        }
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

/// RFC 7983: the first byte of STUN is 0 to 3; DTLS begins with 20 or more.
fn may_be_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|&first| first < 4)
}
