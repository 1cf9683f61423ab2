//! Coming back to a peer whose connection broke: both sides keep sockets open for it, tell each
//! other where, and try at once when it comes to that. No side waits for the other: whoever has
//! moved knows where the other was.

use super::{
    Addresses,
    gone::{gone, refusing},
    guard::{Guard, Guarded, Verdict},
    interfaces,
    rtc_connection::{Certificate, Expected, Plan, Rtc},
    sockets::RoomyRuntime,
    stun::Check,
    transport::{Connection, TransportError},
};
use crate::{
    link::{Call, Channel, ChannelError, MAX_DOORS, Side, Unproven, WayBack},
    signal::{
        Address, Candidate, Credentials, Description, Fingerprint, IceCredentials, Kind, Pwd, Role,
        Setup,
    },
};
use rtc::ice::mdns::MulticastDnsMode;
use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{interval, timeout},
};
use webrtc::runtime::AsyncUdpSocket;

/// Sockets for one link, and how to make a connection of them.
pub(super) struct RtcWayBack {
    addresses: Addresses,
    doors: Mutex<Vec<Door>>,
    /// How many handshakes in a row came to nothing.
    failures: AtomicU32,
}

/// A socket that nobody reads until it comes to that. One connection after the other uses it.
#[derive(Clone)]
struct Door {
    at: SocketAddr,
    socket: Arc<dyn AsyncUdpSocket>,
}

impl RtcWayBack {
    /// For one link, by these addresses, looked up anew again and again.
    pub(super) fn new(addresses: Addresses) -> Self {
        Self {
            addresses,
            doors: Mutex::default(),
            failures: AtomicU32::new(0),
        }
    }

    /// Opens what is missing. A door at an address that is gone stays, as long as there is room: a
    /// network that comes back often gives the same.
    fn open(&self) -> Vec<SocketAddr> {
        let locals = interfaces::locals().unwrap_or_default();
        let now = self.addresses.choose(&locals).unwrap_or_default();
        let mut doors = self.doors();
        // Where there is a network, or was one, nobody is to be found at the loopback.
        let networked = doors.iter().any(|door| !door.at.ip().is_loopback());
        for ip in now.iter().filter(|ip| !(networked && ip.is_loopback())) {
            if doors.iter().any(|door| door.at.ip() == *ip) {
                continue;
            }
            if let Ok(door) = Door::open(*ip) {
                doors.push(door);
            }
        }
        // The addresses of today first, and then those of before, the latest first.
        doors.sort_by_key(|door| {
            now.iter()
                .position(|ip| door.at.ip() == *ip)
                .unwrap_or(MAX_DOORS)
        });
        doors.truncate(MAX_DOORS);
        doors.iter().map(|door| door.at).collect()
    }

    /// Those whose address is ours at the moment, whether or not its network is up.
    fn usable(&self) -> Vec<Door> {
        let doors = self.doors().clone();
        doors.into_iter().filter(|d| is_ours(d.at.ip())).collect()
    }

    /// Ready when other sockets should be used than these.
    async fn moved(&self, used: &[SocketAddr]) {
        let mut ticks = interval(LOOK);
        loop {
            ticks.tick().await;
            self.open();
            let usable = self.usable();
            if usable.len() != used.len() || usable.iter().any(|door| !used.contains(&door.at)) {
                return;
            }
        }
    }

    async fn build(
        &self,
        call: &Call,
        doors: &[Door],
        gate: &Arc<Gate>,
    ) -> Result<Rtc, TransportError> {
        let certificate = Certificate::fresh()?;
        let sockets = doors.iter().map(|door| {
            let guarded = Guarded::new(door.socket.clone(), gate.clone());
            Arc::new(guarded) as Arc<dyn AsyncUdpSocket>
        });
        let rtc = Rtc::build(Plan {
            addresses: doors.iter().map(|door| door.at.ip()).collect(),
            names: MulticastDnsMode::Disabled,
            servers: Vec::new(),
            certificate,
            credentials: credentials(&call.ours),
            runtime: Arc::new(RoomyRuntime::with_ready(sockets.collect())),
            // Whoever it is has to show that it knows us.
            peer: Expected::Anybody,
        })
        .await?;
        let theirs = |role, setup| Description {
            role,
            setup,
            credentials: Credentials::Explicit(credentials(&call.theirs)),
            fingerprint: Fingerprint::Sha256([0; 32]),
            max_message_size: Description::DEFAULT_MAX_MESSAGE_SIZE,
            candidates: call.doors.iter().map(candidate).collect(),
            answers: None,
        };
        // As when they first met: the answerer begins.
        match call.side {
            Side::Offerer => {
                rtc.answer(&theirs(Role::Offer, Setup::ActPass)).await?;
            }
            Side::Answerer => {
                rtc.offer().await?;
                rtc.accept(&theirs(Role::Answer, Setup::Passive)).await?;
            }
        }
        Ok(rtc)
    }

    fn doors(&self) -> MutexGuard<'_, Vec<Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl WayBack for RtcWayBack {
    fn doors(&self) -> Vec<SocketAddr> {
        self.open()
    }

    async fn reach(&self, call: &Call) -> Result<Unproven, String> {
        loop {
            self.open();
            let doors = self.usable();
            let used: Vec<SocketAddr> = doors.iter().map(|door| door.at).collect();
            if used.is_empty() {
                self.moved(&used).await;
                continue;
            }
            let gate = Arc::new(Gate::new(call));
            let built = self.build(call, &doors, &gate).await;
            let rtc = built.map_err(|error| error.to_string())?;
            let failures = self.failures.load(Ordering::Relaxed).min(MOST_DOUBLINGS);
            let handshake = match call.side {
                Side::Offerer => LONG_HANDSHAKE,
                Side::Answerer => HANDSHAKE * (1 << failures),
            };
            let channel = async {
                rtc.reached().await?;
                let open = timeout(handshake, rtc.open()).await;
                open.unwrap_or(Err(TransportError::Closed))
            };
            let opened = tokio::select! {
                opened = channel => Some(opened),
                () = self.moved(&used) => None,
                () = gate.renewed() => None,
            };
            match opened {
                Some(Ok((channel, certificates))) => {
                    self.failures.store(0, Ordering::Relaxed);
                    let through = Arc::new(Through { channel, gate });
                    return Ok(Unproven::new(through, certificates));
                }
                Some(Err(error)) => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    rtc.close().await;
                    return Err(error.to_string());
                }
                None => rtc.close().await,
            }
        }
    }

    async fn gone(&self, doors: &[SocketAddr]) {
        gone(doors).await;
    }

    async fn refusing(&self, doors: &[SocketAddr]) -> Vec<SocketAddr> {
        refusing(doors).await
    }
}

/// Stands at the doors during one try, and as long as what came of it is used.
///
/// The answerer begins the handshake. If it has to begin anew, its new agent must not meet what the
/// offerer built for the old one, which would answer and lead nowhere: so the gate shuts at the first
/// check of another agent, and the offerer begins anew as well.
struct Gate {
    pwd: Pwd,
    follows: bool,
    /// Which agent of the other side's tries to reach us.
    agent: Mutex<Option<u64>>,
    renewed: watch::Sender<bool>,
    shut: AtomicBool,
}

impl Gate {
    fn new(call: &Call) -> Self {
        Self {
            pwd: credentials(&call.ours).pwd,
            follows: call.side == Side::Offerer,
            agent: Mutex::default(),
            renewed: watch::Sender::new(false),
            shut: AtomicBool::new(false),
        }
    }

    /// Ready when the other side has begun anew: what we have built so far is of no use to it.
    async fn renewed(&self) {
        let mut renewed = self.renewed.subscribe();
        if renewed.wait_for(|renewed| *renewed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Guard for Gate {
    fn receive(&self, datagram: &[u8]) -> Verdict {
        if self.shut.load(Ordering::Relaxed) {
            return Verdict::Drop;
        }
        let check = Check::read(datagram).filter(|_| self.follows);
        if let Some(agent) = check.and_then(|check| check.agent(&self.pwd)) {
            let mut known = self.agent.lock().unwrap_or_else(PoisonError::into_inner);
            if *known.get_or_insert(agent) != agent {
                self.shut.store(true, Ordering::Relaxed);
                self.renewed.send_replace(true);
                return Verdict::Drop;
            }
        }
        Verdict::Pass
    }

    fn send(&self, _to: SocketAddr) -> bool {
        !self.shut.load(Ordering::Relaxed)
    }
}

/// A channel through a gate that can be shut.
struct Through {
    channel: Arc<dyn Channel>,
    gate: Arc<Gate>,
}

#[async_trait::async_trait]
impl Channel for Through {
    async fn send(&self, message: &[u8]) -> Result<(), ChannelError> {
        self.channel.send(message).await
    }

    async fn send_if_idle(&self, message: &[u8]) -> Result<(), ChannelError> {
        self.channel.send_if_idle(message).await
    }

    async fn receive(&self) -> Option<Vec<u8>> {
        self.channel.receive().await
    }

    async fn flush(&self, at_most: Duration) {
        self.channel.flush(at_most).await;
    }

    async fn close(&self) {
        self.channel.close().await;
    }

    async fn abandon(&self) {
        self.gate.shut.store(true, Ordering::Relaxed);
        self.channel.close().await;
    }
}

impl Door {
    #[expect(
        clippy::disallowed_methods,
        reason = "an address must be bound before it is told"
    )]
    fn open(ip: IpAddr) -> std::io::Result<Self> {
        let socket = UdpSocket::bind((ip, 0))?;
        socket.set_nonblocking(true)?;
        let at = socket.local_addr()?;
        let socket = RoomyRuntime::wrap(socket)?;
        Ok(Self { at, socket })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the system is asked whether an address is ours"
)]
fn is_ours(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

fn credentials(key: &[u8; 32]) -> IceCredentials {
    IceCredentials::derived(&Fingerprint::Sha256(*key))
}

fn candidate(door: &SocketAddr) -> Candidate {
    Candidate {
        address: Address::Ip(door.ip()),
        port: door.port(),
        kind: Kind::Host,
    }
}

/// How often we look where we are while nobody is reached.
const LOOK: Duration = Duration::from_millis(250);

/// As long as the encrypted channel may take once the two reach each other: it takes half a second
/// where nothing is lost. Twice as long after every one that was too slow, so that a slow network is
/// given the time it needs. Who begins the handshake gives up first, and the other then follows.
const HANDSHAKE: Duration = Duration::from_millis(1500);
const MOST_DOUBLINGS: u32 = 2;
const LONG_HANDSHAKE: Duration = Duration::from_secs(9);
