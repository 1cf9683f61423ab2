//! One connection of webrtc-rs (`webrtc` and `rtc`, 0.21.1), with what that version needs to be
//! told, and its one channel.

use super::{
    flight::Flight,
    rtc_channel::RtcChannel,
    sockets::RoomyRuntime,
    transport::{Connection, TransportError},
};
use crate::{
    link::{Certificates, Channel, Unproven},
    signal::{Address, Candidate, Description, Fingerprint, Guest, IceCredentials, Kind, Role},
};
use p256::{SecretKey, pkcs8::EncodePrivateKey};
use rtc::{
    ice::mdns::MulticastDnsMode,
    peer_connection::{certificate::CertificateParams, transport::RTCDtlsRole},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use tokio::{sync::watch, time::Instant};
use webrtc::{
    data_channel::{DataChannel, DataChannelEvent, RTCDataChannelInit},
    peer_connection::{
        PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCCertificate,
        RTCConfigurationBuilder, RTCIceCandidateInit, RTCIceConnectionState, RTCIceGatheringState,
        RTCIceServer, RTCPeerConnectionState, RTCSessionDescription, SettingEngineBuilder,
        StatsSelector,
        crypto::{self, SignatureScheme},
    },
};

/// What a connection is built of.
pub(super) struct Plan {
    /// Where its sockets are bound; not empty.
    pub(super) addresses: Vec<IpAddr>,
    /// Whether names are asked for by multicast.
    pub(super) names: MulticastDnsMode,
    /// Asked how we are seen, and for relays.
    pub(super) servers: Vec<RTCIceServer>,
    pub(super) certificate: Certificate,
    pub(super) credentials: IceCredentials,
    pub(super) runtime: Arc<RoomyRuntime>,
    pub(super) peer: Expected,
}

/// Whose certificate is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// The one of the description that the stack will be given; it checks that itself.
    Described,
    /// The one with this hash, of which the stack knows nothing.
    This(Fingerprint),
    /// Anybody's: a proof in the channel has to follow.
    Anybody,
}

/// A connection and its one channel.
pub(super) struct Rtc {
    pub(super) peer: Arc<Peer>,
    channel: Arc<dyn DataChannel>,
    progress: watch::Receiver<Progress>,
    fingerprint: Fingerprint,
    addresses: Vec<IpAddr>,
    asks_names: bool,
    expected: Expected,
    runtime: Arc<RoomyRuntime>,
}

/// The stack's connection. Dropped without being closed it would keep its sockets and its task.
///
/// It remembers its runtime: it may be dropped where there is none.
pub(super) struct Peer(pub(super) Arc<dyn PeerConnection>, tokio::runtime::Handle);

impl Drop for Peer {
    fn drop(&mut self) {
        let peer = self.0.clone();
        self.1.spawn(async move {
            let _ = peer.close().await;
        });
    }
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    gathered: bool,
    reached: bool,
    failed: bool,
}

impl Rtc {
    pub(super) async fn build(plan: Plan) -> Result<Self, TransportError> {
        let Plan {
            addresses,
            certificate: Certificate { whole, fingerprint },
            credentials: IceCredentials { ufrag, pwd },
            ..
        } = plan;
        let settings = SettingEngineBuilder::new()
            .with_ice_credentials(ufrag.as_str().to_owned(), pwd.as_str().to_owned())
            // Never give up while an answer is still being sounded: who is patient, and how
            // long, is decided above.
            .with_ice_timeouts(Some(DISCONNECTED), Some(Duration::ZERO), Some(KEEP_ALIVE))
            .with_ice_connection_attempts(Some(CHECK_INTERVAL), Some(u16::MAX))
            // We chose the addresses; loopback is among them only on purpose.
            .with_include_loopback_candidate(true)
            .with_multicast_dns_mode(plan.names)
            .with_disable_certificate_fingerprint_verification(plan.peer != Expected::Described)
            .with_sctp_max_receive_buffer_size(RoomyRuntime::receive_window());
        let settings = match plan.peer {
            Expected::Described => settings,
            // A beacon says so: whoever comes begins the handshake.
            _ => settings.with_answering_dtls_role(RTCDtlsRole::Server),
        }
        .build();
        let (sender, progress) = watch::channel(Progress::default());
        let sockets = addresses
            .iter()
            .map(|&ip| SocketAddr::new(ip, 0).to_string());
        let peer = PeerConnectionBuilder::new()
            .with_configuration(
                RTCConfigurationBuilder::default()
                    .with_certificates(vec![whole])
                    .with_ice_servers(plan.servers)
                    .build(),
            )
            .with_setting_engine(settings)
            .with_runtime(plan.runtime.clone())
            .with_handler(Arc::new(Handler(sender)))
            .with_udp_addrs(sockets.collect())
            .with_data_channel_send_buffer_limit(SEND_BUFFER)
            .build()
            .await
            .map_err(failed("opening the sockets"))?;
        let peer = Arc::new(Peer(Arc::new(peer), tokio::runtime::Handle::current()));
        // Known to both beforehand: nothing has to be said in the channel to open it.
        let negotiated = RTCDataChannelInit {
            negotiated: Some(0),
            ..Default::default()
        };
        let channel = peer.0.create_data_channel("", Some(negotiated)).await;
        let channel = channel.map_err(failed("making the channel"))?;
        Ok(Self {
            peer,
            channel,
            progress,
            fingerprint,
            addresses,
            asks_names: plan.names != MulticastDnsMode::Disabled,
            expected: plan.peer,
            runtime: plan.runtime,
        })
    }

    /// Makes an offer to anybody.
    pub(super) async fn offer(&self) -> Result<Description, TransportError> {
        self.begin_offer().await?;
        self.described(Role::Offer).await
    }

    /// Makes an offer, which is described later.
    pub(super) async fn begin_offer(&self) -> Result<(), TransportError> {
        let offer = self.peer.0.create_offer(None).await;
        let offer = offer.map_err(failed("making the offer"))?;
        self.begin(offer).await
    }

    /// Takes an offer and answers it.
    pub(super) async fn answer(&self, offer: &Description) -> Result<Description, TransportError> {
        self.begin_answer(offer).await?;
        self.described(Role::Answer).await
    }

    /// Takes an offer; the answer is described later, if at all.
    pub(super) async fn begin_answer(&self, offer: &Description) -> Result<(), TransportError> {
        let offer = RTCSessionDescription::offer(offer.to_sdp());
        let offer = offer.map_err(failed("reading the offer"))?;
        let set = self.peer.0.set_remote_description(offer).await;
        set.map_err(failed("reading the offer"))?;
        let answer = self.peer.0.create_answer(None).await;
        let answer = answer.map_err(failed("making the answer"))?;
        self.begin(answer).await
    }

    /// Takes our offer or answer into effect.
    async fn begin(&self, local: RTCSessionDescription) -> Result<(), TransportError> {
        let set = self.peer.0.set_local_description(local).await;
        set.map_err(failed("starting the connection"))
    }

    /// What the peer must know of our offer or answer, once all of our addresses are known or
    /// time is up.
    pub(super) async fn described(&self, role: Role) -> Result<Description, TransportError> {
        let gathered = self.wait_for(|progress| progress.gathered);
        // Host addresses take no time; if one hangs, the others may do.
        let _ = tokio::time::timeout(GATHERING, gathered).await;
        let local = self.peer.0.local_description().await;
        let sdp = local.map(|local| local.sdp).unwrap_or_default();
        let mut description =
            Description::from_sdp(&sdp, role).map_err(failed("reading the own description"))?;
        // The stack gives its sockets in any order; ours is the one we chose.
        let preference = |address: &Address| match address {
            Address::Ip(ip) => self.addresses.iter().position(|a| a == ip),
            Address::Mdns(_) => None,
        };
        worth_telling(&mut description.candidates);
        description
            .candidates
            .sort_by_key(|c| preference(&c.address).unwrap_or(usize::MAX));
        if description.candidates.is_empty() {
            return Err(TransportError::NoNetwork);
        }
        debug_assert_eq!(description.fingerprint, self.fingerprint);
        Ok(description)
    }

    /// A relay lets in only who it was told of, by address whatever the port. The other side may
    /// come from behind the same router as we, or by the same relay, without our having been told:
    /// so both are told to the relay, as if somebody were there.
    pub(super) async fn open_relays(&self, ours: &Description) {
        let seen = |kind| {
            let of_kind = ours.candidates.iter().filter(move |c| c.kind == kind);
            of_kind.map(|candidate| Candidate {
                port: DISCARD,
                ..*candidate
            })
        };
        if seen(Kind::Relayed).next().is_none() {
            return;
        }
        for (index, candidate) in (0..).zip(seen(Kind::Relayed).chain(seen(Kind::ServerReflexive)))
        {
            let line = RTCIceCandidateInit {
                candidate: candidate.sdp_line(index),
                sdp_mid: Some("0".to_owned()),
                sdp_mline_index: Some(0),
                ..Default::default()
            };
            // Without it fewer ways are open, and no fewer than before.
            let _ = self.peer.0.add_ice_candidate(line).await;
        }
    }

    /// Waits for the open channel, with the certificates that its two ends really use.
    pub(super) async fn open(&self) -> Result<(Arc<dyn Channel>, Certificates), TransportError> {
        while let Some(event) = self.channel.poll().await {
            match event {
                DataChannelEvent::OnOpen => {
                    let flight = Flight::new(self.there_and_back().await, self.runtime.turns());
                    let channel = Arc::new(RtcChannel::new(
                        self.peer.clone(),
                        self.channel.clone(),
                        flight,
                    ));
                    return Ok((channel, self.certificates().await?));
                }
                DataChannelEvent::OnClose | DataChannelEvent::OnError => break,
                _ => {}
            }
        }
        Err(TransportError::Closed)
    }

    /// The certificates that the open connection really uses.
    async fn certificates(&self) -> Result<Certificates, TransportError> {
        let doing = "reading the other side's certificate";
        let missing = || failed(doing)("there is none");
        let sctp = self.peer.0.sctp().await.ok_or_else(missing)?;
        let chain = sctp.transport().get_remote_certificates().await;
        let chain = chain.map_err(failed(doing))?;
        // The first is the other side's own (RFC 5246, section 7.4.2).
        let theirs = Fingerprint::of(chain.first().ok_or_else(missing)?);
        if let Expected::This(expected) = self.expected
            && ![theirs, theirs.truncated()].contains(&expected)
        {
            return Err(TransportError::Impostor);
        }
        match (self.fingerprint, theirs) {
            (Fingerprint::Sha256(ours), Fingerprint::Sha256(theirs)) => {
                Ok(Certificates { ours, theirs })
            }
            _ => Err(missing()),
        }
    }

    /// How long it took there and back when the two looked for each other; zero if nobody knows, and
    /// where both are on this computer.
    async fn there_and_back(&self) -> Duration {
        let here = |ip: &IpAddr| ip.is_loopback() || self.addresses.contains(ip);
        if self.runtime.turns().to().as_ref().is_some_and(here) {
            return Duration::ZERO;
        }
        let stats = self
            .peer
            .0
            .get_stats(Instant::now().into(), StatsSelector::None)
            .await;
        let answered = stats
            .candidate_pairs()
            .filter(|pair| pair.responses_received > 0);
        let seconds = answered.map(|pair| pair.current_round_trip_time);
        let least = seconds.fold(f64::INFINITY, f64::min);
        Duration::try_from_secs_f64(least).unwrap_or_default()
    }

    async fn wait_for(&self, far_enough: impl Fn(&Progress) -> bool) -> Result<(), TransportError> {
        let mut progress = self.progress.clone();
        let now = progress.wait_for(|p| far_enough(p) || p.failed).await;
        match now {
            Ok(progress) if far_enough(&progress) => Ok(()),
            _ => Err(TransportError::Closed),
        }
    }
}

#[async_trait::async_trait]
impl Connection for Rtc {
    async fn accept(&self, answer: &Description) -> Result<(), TransportError> {
        let answer = match self.asks_names {
            true => answer.to_sdp(),
            false => nameless(answer).to_sdp(),
        };
        let answer = RTCSessionDescription::answer(answer);
        let answer = answer.map_err(failed("reading the answer"))?;
        let set = self.peer.0.set_remote_description(answer).await;
        set.map_err(failed("reading the answer"))
    }

    async fn reached(&self) -> Result<(), TransportError> {
        self.wait_for(|progress| progress.reached).await
    }

    async fn channel(&self) -> Result<Unproven, TransportError> {
        let (channel, certificates) = self.open().await?;
        Ok(Unproven::new(channel, certificates))
    }

    async fn close(&self) {
        let _ = self.peer.0.close().await;
    }
}

/// Notes what happens, without waiting for anything: it runs on the stack's own task.
struct Handler(watch::Sender<Progress>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.0.send_modify(|progress| progress.gathered = true);
        }
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        if matches!(
            state,
            RTCIceConnectionState::Connected | RTCIceConnectionState::Completed
        ) {
            self.0.send_modify(|progress| progress.reached = true);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        if matches!(
            state,
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed
        ) {
            self.0.send_modify(|progress| progress.failed = true);
        }
    }
}

/// A certificate for one pairing, and its hash.
#[derive(Clone)]
pub(super) struct Certificate {
    whole: RTCCertificate,
    pub(super) fingerprint: Fingerprint,
}

impl Certificate {
    pub(super) fn fresh() -> Result<Self, TransportError> {
        let provider = crypto::default_provider().map_err(failed("finding the cryptography"))?;
        // The names in a certificate say nothing here, and should tell nothing.
        let params = CertificateParams::new(vec!["airshake".to_owned()])
            .map_err(failed("making the certificate"))?;
        let scheme = SignatureScheme::EcdsaP256Sha256;
        let whole = RTCCertificate::generate(provider.crypto(), scheme, params)
            .map_err(failed("making the certificate"))?;
        Self::hashed(whole)
    }

    /// That of everybody who comes at one invitation.
    pub(super) fn of(guest: &Guest) -> Result<Self, TransportError> {
        let provider = crypto::default_provider().map_err(failed("finding the cryptography"))?;
        let doing = "making the guest's certificate";
        let key = SecretKey::from_slice(&Guest::PRIVATE_KEY).map_err(failed(doing))?;
        let key = key.to_pkcs8_der().map_err(failed(doing))?;
        let whole = RTCCertificate::from_pkcs8(
            provider.crypto(),
            SignatureScheme::EcdsaP256Sha256,
            vec![guest.certificate().into()],
            key.as_bytes(),
            UNIX_EPOCH + GUESTS_UNTIL,
        );
        Self::hashed(whole.map_err(failed(doing))?)
    }

    fn hashed(whole: RTCCertificate) -> Result<Self, TransportError> {
        let der = whole.dtls_certificate.certificate.first();
        let der = der.ok_or(TransportError::Stack {
            doing: "making the certificate",
            detail: "it is empty".into(),
        })?;
        let fingerprint = Fingerprint::of(der.as_ref());
        Ok(Self { whole, fingerprint })
    }
}

/// Leaves out what servers said that costs bytes and adds no way: how we are seen where we are
/// seen as we are, and more than a few.
fn worth_telling(candidates: &mut Vec<Candidate>) {
    let hosts: Vec<Address> = candidates
        .iter()
        .filter(|c| c.kind == Kind::Host)
        .map(|c| c.address)
        .collect();
    let (mut reflexive, mut relayed) = (Vec::new(), 0);
    candidates.retain(|candidate| match candidate.kind {
        Kind::Host => true,
        Kind::ServerReflexive => {
            let at = (candidate.address, candidate.port);
            let news = !hosts.contains(&candidate.address) && !reflexive.contains(&at);
            let keep = news && reflexive.len() < MOST_REFLEXIVE;
            reflexive.extend(keep.then_some(at));
            keep
        }
        Kind::Relayed => {
            relayed += 1;
            relayed <= MOST_RELAYED
        }
    });
}

/// A description without the addresses that are names.
pub(super) fn nameless(description: &Description) -> Description {
    let mut description = description.clone();
    description.candidates.retain(|c| !is_named(&c.address));
    description
}

pub(super) fn is_named(address: &Address) -> bool {
    matches!(address, Address::Mdns(_))
}

pub(super) fn failed<E: std::fmt::Display>(
    doing: &'static str,
) -> impl FnOnce(E) -> TransportError {
    move |error| TransportError::Stack {
        doing,
        detail: error.to_string(),
    }
}

/// 31 December 2049, 23:59:59, to which every guest's certificate is valid.
const GUESTS_UNTIL: Duration = Duration::from_secs(2_524_607_999);

/// Without an answer a candidate pair is given up after seven checks of 0.2 s by default; an
/// answer takes longer than that to be said. So: checks without end, and close together, since
/// the link opens at the first one after the answer was heard.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// How soon the stack notices a break; it only tells, see `with_ice_timeouts`.
const DISCONNECTED: Duration = Duration::from_secs(5);

/// How often the stack keeps the way open while nothing is sent.
const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// Bytes that may be on their way before a sender has to wait; by default there is no limit.
const SEND_BUFFER: usize = 4 << 20;

/// How long to wait for the own addresses, and for what servers say. Less than a listener keeps
/// silent before it answers by sound, so that a server that does not answer delays nothing.
const GATHERING: Duration = Duration::from_millis(1500);

/// As many as there may be interfaces, see `addresses`.
const MOST_REFLEXIVE: usize = 2;

/// One is enough: it is reached from everywhere.
const MOST_RELAYED: usize = 1;

/// RFC 863: nobody is there.
const DISCARD: u16 = 9;
