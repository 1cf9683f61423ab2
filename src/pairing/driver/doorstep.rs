//! The side that says a beacon: it waits at its own door for whoever heard it.

use super::{
    guard::{Guard, Guarded, Verdict},
    mirror::{self, Mirror},
    rtc_connection::{Certificate, Expected, Plan, Rtc, failed},
    servers::Resolved,
    sockets::RoomyRuntime,
    stun::{Caller, Check},
    transport::{Connection, TransportError},
};
use crate::{
    link::Unproven,
    signal::{
        Address, Beacon, Candidate, Credentials, Description, Fingerprint, IceCredentials, Kind,
        Pwd, Role, Secret, Setup, Ufrag,
    },
};
use rtc::ice::mdns::MulticastDnsMode;
use std::{
    future::poll_fn,
    io::IoSliceMut,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::watch;
use webrtc::{
    peer_connection::RTCIceServer,
    runtime::{AsyncUdpSocket, RecvMeta},
};

/// Sockets at which somebody who heard the beacon may knock, and behind them, once somebody is
/// let in, the connection.
pub(super) struct Doorstep {
    certificate: Certificate,
    pwd: Pwd,
    sockets: Vec<Arc<dyn AsyncUdpSocket>>,
    /// For the connection.
    servers: Vec<RTCIceServer>,
    /// Asked now and then, so that what they told of us stays true.
    mirrors: Vec<Mirror>,
    who: Mutex<Who>,
    inside: watch::Sender<Inside>,
}

/// Who is at the door.
enum Who {
    Nobody,
    Somebody(Visitor),
    /// The door is shut: somebody is in, or we are gone.
    Shut,
}

/// Somebody whose first check is in order.
struct Visitor {
    caller: Caller,
    from: SocketAddr,
    check: Vec<u8>,
    socket: usize,
}

/// What was at the door.
enum Knock {
    InOrder,
    /// So much else that we do not look at it for a moment. A check comes again.
    Flood,
}

/// What is behind the door.
#[derive(Clone)]
enum Inside {
    Empty,
    Connection(Arc<Rtc>),
    Closed,
}

impl Doorstep {
    /// Binds a socket at each address, all with one port if that is possible, and makes the
    /// beacon that tells of them, and of how STUN servers see them. Relays are asked only when
    /// somebody has answered.
    pub(super) async fn new(
        addresses: &[IpAddr],
        servers: &Resolved,
    ) -> Result<(Self, Beacon), TransportError> {
        let certificate = Certificate::fresh()?;
        let mut secret = [0; 8];
        getrandom::fill(&mut secret).map_err(failed("asking the system for chance"))?;
        let mut sockets = Vec::new();
        let mut candidates = Vec::new();
        let mut port = 0;
        for &ip in addresses {
            // The same port again costs two bytes of sound less.
            let socket = bind(ip, port).or_else(|_| bind(ip, 0));
            let socket = socket.map_err(failed("opening the sockets"))?;
            let at = socket.local_addr().map_err(failed("opening the sockets"))?;
            port = at.port();
            candidates.push(Candidate {
                address: Address::Ip(at.ip()),
                port,
                kind: Kind::Host,
            });
            sockets.push(RoomyRuntime::wrap(socket).map_err(failed("opening the sockets"))?);
        }
        let mirrors = mirror::ask(&sockets, &servers.stun).await?;
        candidates.extend(mirror::worth_telling(&mirrors, addresses));
        let beacon = Beacon {
            fingerprint: certificate.fingerprint,
            secret: Secret(secret),
            max_message_size: Description::DEFAULT_MAX_MESSAGE_SIZE,
            candidates,
        };
        let doorstep = Self {
            certificate,
            pwd: beacon.pwd(),
            sockets,
            servers: servers.for_stack(),
            mirrors,
            who: Mutex::new(Who::Nobody),
            inside: watch::Sender::new(Inside::Empty),
        };
        Ok((doorstep, beacon))
    }

    /// Whether a server told how we are seen.
    pub(super) fn is_mirrored(&self) -> bool {
        !self.mirrors.is_empty()
    }

    /// Reads what has come, until somebody has knocked. Whatever is not a check in order is
    /// dropped; so is a check while somebody stands there already.
    fn poll_knock(&self, cx: &mut Context<'_>) -> Poll<Result<Knock, TransportError>> {
        // Held while reading: once the door is shut, nothing is taken from the sockets.
        let mut who = self.who();
        if let Who::Shut = *who {
            return Poll::Ready(Err(TransportError::Closed));
        }
        for (index, socket) in self.sockets.iter().enumerate() {
            let mut flood = true;
            for _ in 0..MOST_AT_ONCE {
                let mut buffer = [0; LONGEST_CHECK];
                let mut meta = [RecvMeta::default()];
                let buffers = &mut [IoSliceMut::new(&mut buffer)];
                match socket.poll_recv(cx, buffers, &mut meta) {
                    // An error of one datagram, such as "port unreachable", ends nothing.
                    Poll::Ready(Ok(0) | Err(_)) => continue,
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => {
                        flood = false;
                        break;
                    }
                }
                let length = meta[0].len.min(meta[0].stride).min(buffer.len());
                let check = &buffer[..length];
                let caller = Check::read(check).and_then(|check| check.caller(&self.pwd));
                let Some(caller) = caller else {
                    continue;
                };
                *who = Who::Somebody(Visitor {
                    caller,
                    from: meta[0].addr,
                    check: check.to_vec(),
                    socket: index,
                });
                return Poll::Ready(Ok(Knock::InOrder));
            }
            if flood {
                return Poll::Ready(Ok(Knock::Flood));
            }
        }
        Poll::Pending
    }

    /// Shuts the door and builds the connection: to a visitor, or to who answered by sound.
    async fn let_in(
        &self,
        visitor: Option<Visitor>,
        peer: Description,
        expected: Expected,
    ) -> Result<(), TransportError> {
        let theirs = peer.ice_credentials();
        let guard = Arc::new(Busy {
            pwd: self.pwd.clone(),
            inside: theirs.pwd.as_ufrag(),
        });
        let guarded: Vec<Arc<Guarded>> = self
            .sockets
            .iter()
            .map(|socket| Arc::new(Guarded::new(socket.clone(), guard.clone())))
            .collect();
        let sockets = guarded.iter().map(|s| s.clone() as Arc<dyn AsyncUdpSocket>);
        let addresses = self.sockets.iter().filter_map(|s| s.local_addr().ok());
        let rtc = Rtc::build(Plan {
            addresses: addresses.map(|addr| addr.ip()).collect(),
            names: MulticastDnsMode::Disabled,
            servers: self.servers.clone(),
            certificate: self.certificate.clone(),
            credentials: IceCredentials {
                ufrag: theirs.pwd.as_ufrag(),
                pwd: self.pwd.clone(),
            },
            runtime: Arc::new(RoomyRuntime::with_ready(sockets.collect())),
            peer: expected,
        })
        .await?;
        rtc.begin_answer(&peer).await?;
        if let Some(Visitor {
            from,
            check,
            socket,
            ..
        }) = visitor
            && let Some(socket) = guarded.get(socket)
        {
            socket.replay(check, from);
        }
        let rtc = Arc::new(rtc);
        let mut closed = false;
        self.inside.send_modify(|inside| match inside {
            Inside::Closed => closed = true,
            _ => *inside = Inside::Connection(rtc.clone()),
        });
        match closed {
            true => Err(TransportError::Closed),
            false => Ok(()),
        }
    }

    async fn connection(&self) -> Result<Arc<Rtc>, TransportError> {
        let mut inside = self.inside.subscribe();
        let changed = inside
            .wait_for(|inside| !matches!(inside, Inside::Empty))
            .await;
        match changed.as_deref() {
            Ok(Inside::Connection(rtc)) => Ok(rtc.clone()),
            _ => Err(TransportError::Closed),
        }
    }

    fn who(&self) -> MutexGuard<'_, Who> {
        self.who.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Connection for Doorstep {
    async fn knocked(&self) -> Result<(), TransportError> {
        loop {
            let knock = poll_fn(|cx| self.poll_knock(cx));
            let knock = match self.mirrors.is_empty() {
                true => knock.await?,
                false => match tokio::time::timeout(mirror::REMINDER, knock).await {
                    Ok(knock) => knock?,
                    Err(_) => {
                        mirror::remind(&self.mirrors, &self.sockets).await;
                        continue;
                    }
                },
            };
            match knock {
                Knock::InOrder => return Ok(()),
                Knock::Flood => tokio::time::sleep(BREATH).await,
            }
        }
    }

    async fn admit(&self) -> Result<(), TransportError> {
        let visitor = match std::mem::replace(&mut *self.who(), Who::Shut) {
            Who::Somebody(visitor) => visitor,
            Who::Nobody | Who::Shut => return Err(TransportError::Closed),
        };
        let peer = Description {
            role: Role::Offer,
            setup: Setup::ActPass,
            credentials: Credentials::Explicit(IceCredentials {
                ufrag: visitor.caller.ufrag.clone(),
                pwd: visitor.caller.pwd.clone(),
            }),
            // Not known, and not looked at.
            fingerprint: Fingerprint::Sha256([0; 32]),
            max_message_size: Description::DEFAULT_MAX_MESSAGE_SIZE,
            candidates: vec![Candidate {
                address: Address::Ip(visitor.from.ip()),
                port: visitor.from.port(),
                kind: Kind::Host,
            }],
            answers: None,
        };
        self.let_in(Some(visitor), peer, Expected::Anybody).await
    }

    async fn accept(&self, answer: &Description) -> Result<(), TransportError> {
        let visitor = match std::mem::replace(&mut *self.who(), Who::Shut) {
            Who::Somebody(visitor) => {
                Some(visitor).filter(|v| v.caller.pwd == answer.ice_credentials().pwd)
            }
            Who::Nobody => None,
            Who::Shut => return Err(TransportError::Closed),
        };
        let expected = Expected::This(answer.fingerprint);
        // Whoever answers a beacon is the one who offers, as far as the stacks are concerned.
        let peer = Description {
            role: Role::Offer,
            setup: Setup::ActPass,
            credentials: Credentials::Explicit(answer.ice_credentials()),
            fingerprint: Fingerprint::Sha256([0; 32]),
            answers: None,
            ..answer.clone()
        };
        self.let_in(visitor, peer, expected).await
    }

    async fn reached(&self) -> Result<(), TransportError> {
        self.connection().await?.reached().await
    }

    async fn channel(&self) -> Result<Unproven, TransportError> {
        self.connection().await?.channel().await
    }

    async fn close(&self) {
        *self.who() = Who::Shut;
        let was = self.inside.send_replace(Inside::Closed);
        if let Inside::Connection(rtc) = was {
            rtc.close().await;
        }
    }
}

/// Tells everybody but the one inside that they come too late.
struct Busy {
    pwd: Pwd,
    /// What the one inside calls us.
    inside: Ufrag,
}

impl Guard for Busy {
    fn receive(&self, datagram: &[u8]) -> Verdict {
        let Some(check) = Check::read(datagram) else {
            return Verdict::Pass;
        };
        if check.is_to(&self.inside) {
            return Verdict::Pass;
        }
        match check.caller(&self.pwd) {
            Some(_) => Verdict::Reply(check.busy(&self.pwd)),
            None => Verdict::Drop,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an address in a beacon must be bound before it is said"
)]
fn bind(ip: IpAddr, port: u16) -> std::io::Result<std::net::UdpSocket> {
    let socket = std::net::UdpSocket::bind((ip, port))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Checks are below 200 bytes; what is longer is cut here and then is none.
const LONGEST_CHECK: usize = 1281;

/// Datagrams read in one go.
const MOST_AT_ONCE: usize = 32;

/// The pause after a flood: with [`MOST_AT_ONCE`], 3200 signatures checked in a second at most.
const BREATH: Duration = Duration::from_millis(10);
