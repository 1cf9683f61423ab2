//! A program that ended and a network that is down look alike from the other end of a link:
//! silence. But a host without the program says so: to a datagram for a port at which nobody
//! listens it answers "port unreachable" (RFC 1122, section 4.1.3.1), which a connected socket tells
//! as a refusal.
//!
//! Whoever can guess both ports can forge that answer. So it is asked only when nothing is heard,
//! believed only when it comes again and again, and ends nothing but what is silent anyway.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Ready when it is known that nobody uses one of these ports any more; perhaps never.
pub(super) async fn gone(doors: &[SocketAddr]) {
    let mut probes: Vec<Probe> = doors
        .iter()
        .filter_map(|&door| Probe::to(door).ok())
        .collect();
    loop {
        if probes.iter_mut().any(Probe::is_refused) {
            return;
        }
        let refused = probes.iter().any(|probe| probe.refusals > 0);
        sleep(if refused { OFTEN } else { SELDOM }).await;
    }
}

/// Those of these doors at which nobody is said to be at the moment. Of a peer that is there, that is
/// what a firewall says.
pub(super) async fn refusing(doors: &[SocketAddr]) -> Vec<SocketAddr> {
    let probes = doors.iter().map(|&door| (door, Probe::to(door)));
    let mut probes: Vec<_> = probes.collect();
    for _ in 0..3 {
        for (_, probe) in &mut probes {
            if let Ok(probe) = probe {
                let _ = probe.is_refused();
            }
        }
        sleep(HEARING).await;
    }
    let refused = |probe: &io::Result<Probe>| probe.as_ref().is_ok_and(|p| p.refusals > 0);
    probes.retain(|(_, probe)| refused(probe));
    probes.into_iter().map(|(door, _)| door).collect()
}

/// Asks one port whether anybody is there.
struct Probe {
    socket: UdpSocket,
    refusals: u32,
    first: Option<Instant>,
}

impl Probe {
    #[expect(clippy::disallowed_methods, reason = "the network is what is asked")]
    fn to(door: SocketAddr) -> io::Result<Self> {
        let any = match door {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        socket.connect(door)?;
        Ok(Self {
            socket,
            refusals: 0,
            first: None,
        })
    }

    /// Asks again, and counts the answers. Silence is no answer, of either kind.
    fn is_refused(&mut self) -> bool {
        // What came is told in place of the next datagram, so that one is sent again.
        for _ in 0..2 {
            match self.socket.send(&KEEPALIVE) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    self.refusals += 1;
                    self.first.get_or_insert_with(Instant::now);
                }
                _ => break,
            }
        }
        let since = self.first.map_or(Duration::ZERO, |first| first.elapsed());
        self.refusals >= ENOUGH && since >= LONG_ENOUGH
    }
}

/// A STUN binding indication (RFC 8489, section 6): whoever understands it does not answer.
const KEEPALIVE: [u8; 20] = [
    0x00, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// How often a port is asked. A host sends about one such answer a second, whoever asks (Linux:
/// `icmp_ratelimit`), and whatever else still goes there takes its share: who wants to hear the next
/// one must ask more often than the checks of a connection in the making, twenty times a second.
const SELDOM: Duration = Duration::from_millis(100);
const OFTEN: Duration = Duration::from_millis(10);

/// How long an answer may take.
const HEARING: Duration = Duration::from_millis(200);

/// Refusals that are believed, and how far the first and the last are apart.
const ENOUGH: u32 = 3;
const LONG_ENOUGH: Duration = Duration::from_millis(1500);

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the sockets are what is tested")]
mod tests {
    use super::*;
    use tokio::time::timeout;

    fn door() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = socket.local_addr().unwrap();
        (socket, at)
    }

    #[tokio::test]
    async fn a_port_at_which_nobody_listens_is_known_after_some_refusals_and_not_after_one() {
        let (socket, at) = door();
        drop(socket);
        let began = Instant::now();
        timeout(Duration::from_secs(4), gone(&[at])).await.unwrap();
        assert!(began.elapsed() >= LONG_ENOUGH, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_port_that_nobody_reads_is_not_taken_for_gone() {
        let (_socket, at) = door();
        let told = timeout(Duration::from_secs(3), gone(&[at])).await;
        assert!(told.is_err());
    }

    #[tokio::test]
    async fn a_port_that_refuses_is_told_from_one_that_does_not_within_a_second() {
        let (_socket, at) = door();
        let (closed, nobody) = door();
        drop(closed);
        assert_eq!(refusing(&[at, nobody]).await, [nobody]);
    }
}
