//! Connections by webrtc-rs (`webrtc` and `rtc`, 0.21.1), with what that version needs to be told.

use super::{
    addresses::Addresses,
    sockets::RoomyRuntime,
    transport::{Connection, Transport, TransportError},
};
use crate::{
    link::{Certificates, Channel, ChannelError, Unproven},
    signal::{Address, Credentials, Description, Fingerprint, IceCredentials, Role},
};
use rtc::{ice::mdns::MulticastDnsMode, peer_connection::certificate::CertificateParams};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::watch;
use webrtc::{
    data_channel::{DataChannel, DataChannelEvent, RTCDataChannelInit},
    peer_connection::{
        PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCCertificate,
        RTCConfigurationBuilder, RTCIceConnectionState, RTCIceGatheringState,
        RTCPeerConnectionState, RTCSessionDescription, SettingEngineBuilder,
        crypto::{self, SignatureScheme},
    },
};

/// Makes WebRTC connections from these addresses.
#[derive(Clone, Debug, Default)]
pub struct RtcTransport {
    addresses: Addresses,
}

impl RtcTransport {
    /// Connections will be made from these addresses, looked up anew for each.
    pub fn new(addresses: Addresses) -> Self {
        Self { addresses }
    }
}

#[async_trait::async_trait]
impl Transport for RtcTransport {
    async fn offer(&self) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let rtc = Rtc::build(&self.addresses, MulticastDnsMode::Disabled).await?;
        let offer = rtc.peer.0.create_offer(None).await;
        let offer = offer.map_err(failed("making the offer"))?;
        let description = rtc.describe(offer, Role::Offer).await?;
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
            true => Rtc::build(&self.addresses, MulticastDnsMode::QueryOnly).await,
            false => Err(TransportError::Closed),
        };
        let (rtc, names) = match rtc {
            Ok(rtc) => (rtc, true),
            Err(_) => {
                let rtc = Rtc::build(&self.addresses, MulticastDnsMode::Disabled).await?;
                (rtc, false)
            }
        };
        let offer = RTCSessionDescription::offer(readable(offer, names));
        let offer = offer.map_err(failed("reading the offer"))?;
        let set = rtc.peer.0.set_remote_description(offer).await;
        set.map_err(failed("reading the offer"))?;
        let answer = rtc.peer.0.create_answer(None).await;
        let answer = answer.map_err(failed("making the answer"))?;
        let description = rtc.describe(answer, Role::Answer).await?;
        Ok((Arc::new(rtc), description))
    }
}

/// A connection and its one channel.
struct Rtc {
    peer: Arc<Peer>,
    channel: Arc<dyn DataChannel>,
    progress: watch::Receiver<Progress>,
    fingerprint: Fingerprint,
    addresses: Vec<std::net::IpAddr>,
}

/// The stack's connection. Dropped without being closed it would keep its sockets and its task.
struct Peer(Arc<dyn PeerConnection>);

impl Drop for Peer {
    fn drop(&mut self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let peer = self.0.clone();
            runtime.spawn(async move {
                let _ = peer.close().await;
            });
        }
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
    async fn build(addresses: &Addresses, names: MulticastDnsMode) -> Result<Self, TransportError> {
        let addresses = addresses
            .resolve()
            .map_err(failed("listing the network interfaces"))?;
        if addresses.is_empty() {
            return Err(TransportError::NoNetwork);
        }
        let (certificate, fingerprint) = fresh_certificate()?;
        // Derived, not sent: the fingerprint travels anyway.
        let own = IceCredentials::derived(&fingerprint);
        let settings = SettingEngineBuilder::new()
            .with_ice_credentials(own.ufrag.as_str().to_owned(), own.pwd.as_str().to_owned())
            // Never give up while an answer is still being sounded: who is patient, and how
            // long, is decided above.
            .with_ice_timeouts(Some(DISCONNECTED), Some(Duration::ZERO), Some(KEEP_ALIVE))
            .with_ice_connection_attempts(Some(CHECK_INTERVAL), Some(u16::MAX))
            // We chose the addresses; loopback is among them only on purpose.
            .with_include_loopback_candidate(true)
            .with_multicast_dns_mode(names)
            .with_sctp_max_receive_buffer_size(RoomyRuntime::receive_window())
            .build();
        let (sender, progress) = watch::channel(Progress::default());
        let sockets = addresses
            .iter()
            .map(|&ip| SocketAddr::new(ip, 0).to_string());
        let peer = PeerConnectionBuilder::new()
            .with_configuration(
                RTCConfigurationBuilder::default()
                    .with_certificates(vec![certificate])
                    .build(),
            )
            .with_setting_engine(settings)
            .with_runtime(Arc::new(RoomyRuntime::new()))
            .with_handler(Arc::new(Handler(sender)))
            .with_udp_addrs(sockets.collect())
            .with_data_channel_send_buffer_limit(SEND_BUFFER)
            .build()
            .await
            .map_err(failed("opening the sockets"))?;
        let peer = Arc::new(Peer(Arc::new(peer)));
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
        })
    }

    /// Takes our offer or answer into effect, and says what the peer must know of it.
    async fn describe(
        &self,
        local: RTCSessionDescription,
        role: Role,
    ) -> Result<Description, TransportError> {
        let set = self.peer.0.set_local_description(local).await;
        set.map_err(failed("starting the connection"))?;
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
        description
            .candidates
            .sort_by_key(|c| preference(&c.address).unwrap_or(usize::MAX));
        if description.candidates.is_empty() {
            return Err(TransportError::NoNetwork);
        }
        debug_assert_eq!(description.fingerprint, self.fingerprint);
        debug_assert_eq!(description.credentials, Credentials::Derived);
        Ok(description)
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
        match (self.fingerprint, theirs) {
            (Fingerprint::Sha256(ours), Fingerprint::Sha256(theirs)) => {
                Ok(Certificates { ours, theirs })
            }
            _ => Err(missing()),
        }
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
        let answer = RTCSessionDescription::answer(readable(answer, false));
        let answer = answer.map_err(failed("reading the answer"))?;
        let set = self.peer.0.set_remote_description(answer).await;
        set.map_err(failed("reading the answer"))
    }

    async fn reached(&self) -> Result<(), TransportError> {
        self.wait_for(|progress| progress.reached).await
    }

    async fn channel(&self) -> Result<Unproven, TransportError> {
        while let Some(event) = self.channel.poll().await {
            match event {
                DataChannelEvent::OnOpen => {
                    let channel = Arc::new(RtcChannel {
                        peer: self.peer.clone(),
                        channel: self.channel.clone(),
                    });
                    return Ok(Unproven::new(channel, self.certificates().await?));
                }
                DataChannelEvent::OnClose | DataChannelEvent::OnError => break,
                _ => {}
            }
        }
        Err(TransportError::Closed)
    }

    async fn close(&self) {
        let _ = self.peer.0.close().await;
    }
}

/// The open channel of a connection.
struct RtcChannel {
    peer: Arc<Peer>,
    channel: Arc<dyn DataChannel>,
}

#[async_trait::async_trait]
impl Channel for RtcChannel {
    async fn send(&self, message: &[u8]) -> Result<(), ChannelError> {
        self.channel.send(message.into()).await.map_err(closed)
    }

    async fn send_if_idle(&self, message: &[u8]) -> Result<(), ChannelError> {
        match self.channel.try_send(message.into()).await {
            // There is much on its way: that is sign of life enough.
            Err(webrtc::error::Error::ErrSendBufferFull) => Ok(()),
            sent => sent.map_err(closed),
        }
    }

    async fn receive(&self) -> Option<Vec<u8>> {
        loop {
            match self.channel.poll().await? {
                DataChannelEvent::OnMessage(message) => return Some(message.data.to_vec()),
                DataChannelEvent::OnClose => return None,
                _ => {}
            }
        }
    }

    async fn flush(&self, at_most: Duration) {
        let empty = async {
            while self.channel.outstanding_bytes().await.is_ok_and(|n| n > 0) {
                tokio::time::sleep(FLUSH_POLL).await;
            }
        };
        let _ = tokio::time::timeout(at_most, empty).await;
    }

    async fn close(&self) {
        let _ = self.channel.close().await;
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

/// A certificate for one pairing, and its fingerprint.
fn fresh_certificate() -> Result<(RTCCertificate, Fingerprint), TransportError> {
    let provider = crypto::default_provider().map_err(failed("finding the cryptography"))?;
    // The names in a certificate say nothing here, and should tell nothing.
    let params = CertificateParams::new(vec!["airshake".to_owned()])
        .map_err(failed("making the certificate"))?;
    let scheme = SignatureScheme::EcdsaP256Sha256;
    let certificate = RTCCertificate::generate(provider.crypto(), scheme, params)
        .map_err(failed("making the certificate"))?;
    let der = certificate.dtls_certificate.certificate.first();
    let der = der.ok_or(TransportError::Stack {
        doing: "making the certificate",
        detail: "it is empty".into(),
    })?;
    let fingerprint = Fingerprint::of(der.as_ref());
    Ok((certificate, fingerprint))
}

/// The SDP of a peer's description; without names if they are not asked for.
fn readable(description: &Description, names: bool) -> String {
    let mut description = description.clone();
    if !names {
        description.candidates.retain(|c| !is_named(&c.address));
    }
    description.to_sdp()
}

fn is_named(address: &Address) -> bool {
    matches!(address, Address::Mdns(_))
}

fn failed<E: std::fmt::Display>(doing: &'static str) -> impl FnOnce(E) -> TransportError {
    move |error| TransportError::Stack {
        doing,
        detail: error.to_string(),
    }
}

fn closed(error: webrtc::error::Error) -> ChannelError {
    ChannelError(error.to_string())
}

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

/// How long to wait for the own addresses.
const GATHERING: Duration = Duration::from_secs(2);

/// How often to look whether everything has arrived.
const FLUSH_POLL: Duration = Duration::from_millis(10);
