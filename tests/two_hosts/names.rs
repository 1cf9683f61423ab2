//! Peers that tell a name where others tell an address, as browsers do that hide theirs.

use super::hosts::Hosts;
use super::peers::{LONG, Pair};
use airshake::pairing::driver::{Connection, RtcTransport, Transport, TransportError};
use airshake::signal::{Address, Beacon, Candidate, Description, Invitation};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

/// A transport whose beacons and offers hold a name, for which it answers.
pub(crate) struct Named(RtcTransport);

impl Named {
    /// The name stands for `ip`.
    pub(crate) fn new(transport: RtcTransport, ip: Ipv4Addr) -> Self {
        std::thread::spawn(move || answer_for(ip));
        Self(transport)
    }
}

#[async_trait::async_trait]
impl Transport for Named {
    async fn beacon(&self) -> Result<(Arc<dyn Connection>, Beacon), TransportError> {
        let (connection, mut beacon) = self.0.beacon().await?;
        hide(&mut beacon.candidates);
        Ok((connection, beacon))
    }

    async fn approach(
        &self,
        beacon: &Beacon,
        straight: bool,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        self.0.approach(beacon, straight).await
    }

    async fn join(
        &self,
        invitation: &Invitation,
        straight: bool,
    ) -> Result<(Arc<dyn Connection>, Vec<Candidate>), TransportError> {
        self.0.join(invitation, straight).await
    }

    async fn offer(&self) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let (connection, mut offer) = self.0.offer().await?;
        hide(&mut offer.candidates);
        Ok((connection, offer))
    }

    async fn answer(
        &self,
        offer: &Description,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        self.0.answer(offer).await
    }
}

const LABEL: &str = "6f3a2f0e-9c1b-4d57-8a3e-1b2c3d4e5f60";

fn hide(candidates: &mut [Candidate]) {
    for candidate in candidates {
        candidate.address = format!("{LABEL}.local").parse::<Address>().expect("a name");
    }
}

/// Answers questions for the name (RFC 6762), as long as there is a network to hear them.
fn answer_for(ip: Ipv4Addr) {
    const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
    let socket =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("shared");
    socket.set_reuse_port(true).expect("shared");
    let any: SocketAddr = (Ipv4Addr::UNSPECIFIED, 5353).into();
    socket.bind(&any.into()).expect("the port of names");
    let socket: UdpSocket = socket.into();
    if socket.join_multicast_v4(&GROUP, &ip).is_err() {
        return;
    }
    let mut name = vec![LABEL.len() as u8];
    name.extend(LABEL.as_bytes());
    name.extend(b"\x05local\x00");
    let mut answer = vec![0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    answer.extend(&name);
    answer.extend([0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4]);
    answer.extend(ip.octets());
    let mut question = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut question) {
        let asks = question[2] & 0x80 == 0;
        let ours = question[..length].windows(name.len()).any(|w| w == name);
        if asks && ours {
            let _ = socket.send_to(&answer, (GROUP, 5353));
            let _ = socket.send_to(&answer, from);
        }
    }
}

/// The named one says a beacon, and only it is heard.
fn settings(way: &'static str) -> [Vec<(&'static str, &'static str)>; 2] {
    let ways = ("AIRSHAKE_TEST_WAYS", way);
    [
        vec![("AIRSHAKE_TEST_NAMED", "192.168.77.2"), ways],
        vec![ways, ("AIRSHAKE_TEST_LISTENS", "1")],
    ]
}

#[test]
fn a_name_in_a_beacon_is_asked_for_and_its_owner_reached_by_one_sound() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    for (host, device) in [(0, "vA"), (1, "vB")] {
        hosts.ip(host, &format!("route add 224.0.0.0/4 dev {device}"));
    }
    let [a, b] = settings("both");
    let mut pair = Pair::start_with(&hosts, [0, 1], [&a, &b]);
    pair.expect_both("linked", LONG);
    pair.expect_both("way: OneSound", LONG);
    pair.expect_both("text hello from process", LONG);
}

#[test]
fn a_name_in_an_offer_is_asked_for() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    for (host, device) in [(0, "vA"), (1, "vB")] {
        hosts.ip(host, &format!("route add 224.0.0.0/4 dev {device}"));
    }
    let [a, b] = settings("two-sounds");
    let mut pair = Pair::start_with(&hosts, [0, 1], [&a, &b]);
    pair.expect_both("linked", LONG);
}

#[test]
fn where_names_cannot_be_asked_for_that_is_said_and_the_other_side_comes_here() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    let [a, b] = settings("both");
    let mut pair = Pair::start_with(&hosts, [0, 1], [&a, &b]);
    pair.expect(1, "hides its address behind a name", LONG);
    pair.expect_both("linked", LONG);
}
