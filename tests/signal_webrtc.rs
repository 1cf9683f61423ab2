//! Two real WebRTC engines that know of each other nothing but packed bytes.
#![cfg(feature = "net")]

use std::sync::Arc;
use std::time::Duration;

use airshake::signal::{Credentials, Description, IceCredentials, Role, Signal, Tag, pack, unpack};
use rtc::peer_connection::certificate::CertificateParams;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::peer_connection::crypto::{SignatureScheme, default_provider};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCCertificate,
    RTCConfigurationBuilder, RTCIceGatheringState, RTCSessionDescription, SettingEngineBuilder,
};
use webrtc::runtime::TokioRuntime;

/// Longer than any step takes on a loaded machine: a limit against hanging, not a measurement.
const PATIENCE: Duration = Duration::from_secs(60);

struct Events {
    gathered: UnboundedSender<()>,
    channels: UnboundedSender<Arc<dyn DataChannel>>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Events {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            let _ = self.gathered.send(());
        }
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        let _ = self.channels.send(channel);
    }
}

struct Engine {
    connection: Box<dyn PeerConnection>,
    gathered: UnboundedReceiver<()>,
    channels: UnboundedReceiver<Arc<dyn DataChannel>>,
}

impl Engine {
    async fn new(derived: bool) -> Self {
        let provider = default_provider().expect("a provider is compiled in");
        let certificate = RTCCertificate::generate(
            provider.crypto(),
            SignatureScheme::EcdsaP256Sha256,
            CertificateParams::new(vec!["peer".to_owned()]).expect("the name is ASCII"),
        )
        .expect("P-256 is supported");
        let mut settings = SettingEngineBuilder::new();
        if derived {
            let all = certificate.get_fingerprints(provider.crypto());
            let sdp = &all.expect("SHA-256 is supported")[0];
            let fingerprint = format!("{} {}", sdp.algorithm, sdp.value);
            let fingerprint = fingerprint.parse().expect("it is a SHA-256");
            let IceCredentials { ufrag, pwd } = IceCredentials::derived(&fingerprint);
            settings = settings.with_ice_credentials(ufrag.to_string(), pwd.to_string());
        }
        let (gather, gathered) = unbounded_channel();
        let (channel, channels) = unbounded_channel();
        let connection = PeerConnectionBuilder::new()
            .with_configuration(
                RTCConfigurationBuilder::default()
                    .with_certificates(vec![certificate])
                    .build(),
            )
            .with_setting_engine(
                settings
                    .with_multicast_dns_mode(rtc::ice::mdns::MulticastDnsMode::Disabled)
                    .build(),
            )
            .with_runtime(Arc::new(TokioRuntime))
            .with_handler(Arc::new(Events {
                gathered: gather,
                channels: channel,
            }))
            .with_udp_addrs(vec!["127.0.0.1:0".to_owned()])
            .build()
            .await
            .expect("loopback has a free port");
        Self {
            connection: Box::new(connection),
            gathered,
            channels,
        }
    }

    /// Makes `sdp` the engine's own and gives it back with its candidates.
    async fn gather(&mut self, sdp: RTCSessionDescription, role: Role) -> Description {
        let set = self.connection.set_local_description(sdp).await;
        set.expect("the engine takes its own words");
        let gathered = timeout(PATIENCE, self.gathered.recv()).await;
        gathered.expect("gathering on loopback ends");
        let sdp = self.connection.local_description().await;
        let sdp = sdp.expect("it has just been set").sdp;
        Description::from_sdp(&sdp, role).expect("an engine's own SDP is packable")
    }
}

/// What the other side makes of a description that it hears.
fn heard(sound: &[u8]) -> Description {
    match unpack(sound) {
        Ok(Signal::Description(description)) => description,
        other => panic!("{other:?}"),
    }
}

async fn connect(derived: bool) -> (usize, usize) {
    let mut alice = Engine::new(derived).await;
    let mut bob = Engine::new(derived).await;
    let channel = alice.connection.create_data_channel("any", None).await;
    let channel = channel.expect("a channel can be made before the offer");

    let offer = alice.connection.create_offer(None).await.expect("an offer");
    let offer = alice.gather(offer, Role::Offer).await;
    let expected = derived.then_some(Credentials::Derived);
    assert!(expected.is_none_or(|credentials| offer.credentials == credentials));
    let offer = pack(&offer.into());

    let remote = RTCSessionDescription::offer(heard(&offer).to_sdp());
    let remote = remote.expect("the engine reads our SDP");
    let set = bob.connection.set_remote_description(remote).await;
    set.expect("the engine takes our offer");
    let answer = bob.connection.create_answer(None).await.expect("an answer");
    let answer = bob.gather(answer, Role::Answer).await.answering(&offer);
    let answer = pack(&answer.into());

    assert_eq!(heard(&answer).answers(), Some(Tag::of(&offer)));
    let remote = RTCSessionDescription::answer(heard(&answer).to_sdp());
    let remote = remote.expect("the engine reads our SDP");
    let set = alice.connection.set_remote_description(remote).await;
    set.expect("the engine takes our answer");

    let said = async {
        wait_for(&channel, |event| matches!(event, DataChannelEvent::OnOpen)).await;
        channel.send_text("hello").await.expect("it is open");
        let other = bob.channels.recv().await.expect("the channel arrives");
        wait_for(&other, |event| {
            matches!(event, DataChannelEvent::OnMessage(message) if &message.data[..] == b"hello")
        })
        .await;
    };
    timeout(PATIENCE, said).await.expect("the channel opens");
    let _ = alice.connection.close().await;
    let _ = bob.connection.close().await;
    (offer.len(), answer.len())
}

async fn wait_for(channel: &Arc<dyn DataChannel>, wanted: impl Fn(&DataChannelEvent) -> bool) {
    while let Some(event) = channel.poll().await {
        if wanted(&event) {
            return;
        }
    }
    panic!("the channel ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packed_bytes_with_derived_credentials_open_a_channel() {
    assert_eq!(connect(true).await, (40, 41));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packed_bytes_with_the_engine_s_own_credentials_open_a_channel() {
    // webrtc-rs chooses 16 + 32 characters: two lengths and 48 characters more.
    assert_eq!(connect(false).await, (40 + 38, 41 + 38));
}
