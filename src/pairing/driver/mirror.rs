//! How our sockets are seen from outside: asked of STUN servers before a beacon tells of it.

use super::{
    rtc_connection::failed,
    stun::{question, seen_as},
    transport::TransportError,
};
use crate::signal::{Address, Candidate, Kind};
use std::{
    future::poll_fn,
    io::IoSliceMut,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio::{task::JoinSet, time::timeout};
use webrtc::runtime::{AsyncUdpSocket, RecvMeta};

/// A server that told a socket how it is seen.
pub(super) struct Mirror {
    /// Which of our sockets.
    socket: usize,
    server: SocketAddr,
    transaction: [u8; 12],
    seen: SocketAddr,
}

/// Asks the first server of the right family for each socket, all at once. Who does not answer is
/// left out.
pub(super) async fn ask(
    sockets: &[Arc<dyn AsyncUdpSocket>],
    servers: &[SocketAddr],
) -> Result<Vec<Mirror>, TransportError> {
    let mut asking = JoinSet::new();
    for (index, socket) in sockets.iter().enumerate() {
        let Ok(local) = socket.local_addr() else {
            continue;
        };
        let fits = |server: &&SocketAddr| server.is_ipv4() == local.is_ipv4();
        let Some(&server) = servers.iter().find(fits) else {
            continue;
        };
        let mut transaction = [0; 12];
        getrandom::fill(&mut transaction).map_err(failed("asking the system for chance"))?;
        let socket = socket.clone();
        asking.spawn(async move {
            for patience in PATIENCE {
                // Unsent, it is as good as lost on the way.
                let _ = socket.send_to(&question(&transaction), server).await;
                let answered = timeout(patience, answer(&socket, server, &transaction));
                if let Ok(seen) = answered.await {
                    return Some(Mirror {
                        socket: index,
                        server,
                        transaction,
                        seen,
                    });
                }
            }
            None
        });
    }
    let mut mirrors: Vec<Mirror> = asking.join_all().await.into_iter().flatten().collect();
    mirrors.sort_by_key(|mirror| mirror.socket);
    Ok(mirrors)
}

/// Asks again, without waiting for an answer: routers forget whom nobody talks to.
pub(super) async fn remind(mirrors: &[Mirror], sockets: &[Arc<dyn AsyncUdpSocket>]) {
    for mirror in mirrors {
        if let Some(socket) = sockets.get(mirror.socket) {
            let question = question(&mirror.transaction);
            let _ = timeout(PATIENCE[0], socket.send_to(&question, mirror.server)).await;
        }
    }
}

/// What a beacon should tell of it: nothing, where we are seen as we are.
pub(super) fn worth_telling(mirrors: &[Mirror], ours: &[IpAddr]) -> Vec<Candidate> {
    let mut told: Vec<Candidate> = Vec::new();
    for mirror in mirrors {
        let candidate = Candidate {
            address: Address::Ip(mirror.seen.ip()),
            port: mirror.seen.port(),
            kind: Kind::ServerReflexive,
        };
        let news = !ours.contains(&mirror.seen.ip()) && !told.contains(&candidate);
        if news && candidate.is_usable() {
            told.push(candidate);
        }
    }
    told
}

/// Waits for the answer, and drops everything else: nobody knows of this socket yet.
async fn answer(
    socket: &Arc<dyn AsyncUdpSocket>,
    server: SocketAddr,
    transaction: &[u8; 12],
) -> SocketAddr {
    poll_fn(|cx| {
        // Not without end: a flood lets others run in between.
        for _ in 0..MOST_AT_ONCE {
            let mut buffer = [0; LONGEST];
            let mut meta = [RecvMeta::default()];
            match socket.poll_recv(cx, &mut [IoSliceMut::new(&mut buffer)], &mut meta) {
                Poll::Ready(Ok(n)) if n > 0 && meta[0].addr == server => {
                    let length = meta[0].len.min(LONGEST);
                    if let Some(seen) = seen_as(&buffer[..length], transaction) {
                        return Poll::Ready(seen);
                    }
                }
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Twice, a little apart: together less than one listens before the first word.
const PATIENCE: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(500)];

/// Routers forget after 30 s at the soonest (RFC 4787 asks for two minutes, and is not heard).
pub(super) const REMINDER: Duration = Duration::from_secs(15);

/// Datagrams read in one go.
const MOST_AT_ONCE: usize = 32;

/// Answers are below 150 bytes.
const LONGEST: usize = 1281;
