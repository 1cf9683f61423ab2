//! Connections by webrtc-rs, made the ways in which peers meet.

use super::{
    addresses::Addresses,
    approach::{Approach, Start},
    doorstep::Doorstep,
    interfaces,
    rtc_connection::{Certificate, Expected, Plan, Rtc, failed, is_named, nameless},
    servers::{Resolved, Servers},
    sockets::RoomyRuntime,
    transport::{Connection, Transport, TransportError},
    way_back::RtcWayBack,
};
use crate::link::WayBack;
use crate::signal::{Beacon, Candidate, Description, IceCredentials, Invitation, Kind};
use rtc::ice::mdns::MulticastDnsMode;
use std::{
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OnceCell;

/// Makes WebRTC connections from these addresses.
#[derive(Clone, Debug, Default)]
pub struct RtcTransport {
    addresses: Addresses,
    servers: Servers,
    /// Where they are: looked up once, so that a name that is not found holds us up no more than
    /// once.
    resolved: Arc<OnceCell<Resolved>>,
    /// Not yet told, and what was.
    troubles: Arc<Mutex<[Vec<TransportError>; 2]>>,
}

impl RtcTransport {
    /// Connections will be made from these addresses, looked up anew for each.
    pub fn new(addresses: Addresses) -> Self {
        Self {
            addresses,
            ..Self::default()
        }
    }

    /// The same, with the help of these servers.
    #[must_use]
    pub fn with_servers(self, servers: Servers) -> Self {
        Self { servers, ..self }
    }

    fn resolve(&self) -> Result<Vec<IpAddr>, TransportError> {
        let locals = interfaces::locals().map_err(failed("listing the network interfaces"))?;
        self.addresses.choose(&locals)
    }

    /// Where the servers are.
    async fn servers(&self) -> &Resolved {
        self.resolved
            .get_or_init(|| async {
                let resolved = self.servers.resolve().await;
                for trouble in resolved.trouble() {
                    self.trouble(trouble.clone());
                }
                resolved
            })
            .await
    }

    fn trouble(&self, trouble: TransportError) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let [new, old] = &mut *troubles;
        if !new.contains(&trouble) && !old.contains(&trouble) {
            new.push(trouble);
        }
    }

    /// Notes which servers were of no help for a connection.
    fn review(&self, ours: &Description) {
        let relayed = ours.candidates.iter().any(|c| c.kind == Kind::Relayed);
        if !self.servers.turn.is_empty() && !relayed {
            self.trouble(self.servers.no_relay());
        }
    }

    /// From where to go somewhere, and when.
    async fn start(&self, straight: bool) -> Result<Start<'_>, TransportError> {
        Ok(Start {
            addresses: self.resolve()?,
            servers: self.servers().await,
            straight,
        })
    }

    /// Goes to these candidates. Names are asked for by multicast, which fails on a host without a
    /// route for it; then without them: the peer must reach us.
    async fn asking_names<T, F>(
        &self,
        candidates: &[Candidate],
        go: impl Fn(Vec<Candidate>) -> F,
    ) -> Result<T, TransportError>
    where
        F: Future<Output = Result<T, TransportError>>,
    {
        let numbers = candidates.iter().filter(|c| !is_named(&c.address));
        let numbers: Vec<Candidate> = numbers.copied().collect();
        match go(candidates.to_vec()).await {
            Err(_) if numbers.len() < candidates.len() => {
                self.trouble(TransportError::Names);
                go(numbers).await
            }
            gone => gone,
        }
    }

    async fn build(&self, names: MulticastDnsMode) -> Result<Rtc, TransportError> {
        let certificate = Certificate::fresh()?;
        Rtc::build(Plan {
            addresses: self.resolve()?,
            names,
            servers: self.servers().await.for_stack(),
            // Derived, not sent: the fingerprint travels anyway.
            credentials: IceCredentials::derived(&certificate.fingerprint),
            certificate,
            runtime: Arc::new(RoomyRuntime::new()),
            peer: Expected::Described,
        })
        .await
    }
}

#[async_trait::async_trait]
impl Transport for RtcTransport {
    fn troubles(&self) -> Vec<TransportError> {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let [new, old] = &mut *troubles;
        old.extend_from_slice(new);
        std::mem::take(new)
    }

    async fn beacon(&self) -> Result<(Arc<dyn Connection>, Beacon), TransportError> {
        let servers = self.servers().await;
        let (doorstep, beacon) = Doorstep::new(&self.resolve()?, servers).await?;
        if !servers.stun.is_empty() && !doorstep.is_mirrored() {
            self.trouble(self.servers.no_reflection());
        }
        Ok((Arc::new(doorstep), beacon))
    }

    async fn approach(
        &self,
        beacon: &Beacon,
        straight: bool,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let start = self.start(straight).await?;
        let go = |candidates| {
            let beacon = Beacon {
                candidates,
                ..beacon.clone()
            };
            Approach::to_beacon(start.clone(), beacon)
        };
        let (approach, answer) = self.asking_names(&beacon.candidates, go).await?;
        self.review(&answer);
        Ok((Arc::new(approach), answer))
    }

    async fn join(
        &self,
        invitation: &Invitation,
        straight: bool,
    ) -> Result<(Arc<dyn Connection>, Vec<Candidate>), TransportError> {
        let start = self.start(straight).await?;
        let go = |candidates| {
            let invitation = Invitation {
                candidates,
                ..invitation.clone()
            };
            Approach::to_host(start.clone(), invitation)
        };
        let (approach, answer) = self.asking_names(&invitation.candidates, go).await?;
        self.review(&answer);
        Ok((Arc::new(approach), answer.candidates))
    }

    async fn offer(&self) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let rtc = self.build(MulticastDnsMode::Disabled).await?;
        let description = rtc.offer().await?;
        self.review(&description);
        Ok((Arc::new(rtc), description))
    }

    async fn answer(
        &self,
        offer: &Description,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let named = offer.candidates.iter().any(|c| is_named(&c.address));
        // Names are asked for by multicast, which fails on a host without a route for it. Then
        // the peer must reach us, which it can: it will know our numbers.
        let rtc = match named {
            true => self.build(MulticastDnsMode::QueryOnly).await,
            false => Err(TransportError::Closed),
        };
        if named && rtc.is_err() {
            self.trouble(TransportError::Names);
        }
        let (rtc, description) = match rtc {
            Ok(rtc) => {
                let description = rtc.answer(offer).await?;
                (rtc, description)
            }
            Err(_) => {
                let rtc = self.build(MulticastDnsMode::Disabled).await?;
                let description = rtc.answer(&nameless(offer)).await?;
                (rtc, description)
            }
        };
        rtc.open_relays(&description).await;
        self.review(&description);
        Ok((Arc::new(rtc), description))
    }

    fn way_back(&self) -> Option<Arc<dyn WayBack>> {
        Some(Arc::new(RtcWayBack::new(self.addresses.clone())))
    }
}
