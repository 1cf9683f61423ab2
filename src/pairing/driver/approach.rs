//! The side that heard a beacon: it goes straight to where the beacon said.

use super::{
    guard::{Guard, Verdict},
    rtc_connection::{Certificate, Expected, Plan, Rtc, is_named},
    servers::Resolved,
    sockets::RoomyRuntime,
    stun::{is_busy, is_check_to},
    transport::{Connection, TransportError},
};
use crate::{
    link::Unproven,
    signal::{Beacon, Description, Fingerprint, IceCredentials, Pwd, Role, Setup, Ufrag},
};
use rtc::ice::mdns::MulticastDnsMode;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::watch;

/// A connection that knocks at the door of who said a beacon.
pub(super) struct Approach {
    rtc: Rtc,
    ear: Arc<Ear>,
}

/// Listens to what the other side's door says.
struct Ear {
    /// The beacon's.
    pwd: Pwd,
    /// Our own, by which the other side calls us.
    ufrag: Ufrag,
    refused: watch::Sender<bool>,
    /// Whether anything may be sent yet,
    open: AtomicBool,
    /// except to these.
    servers: Vec<SocketAddr>,
}

impl Approach {
    /// Begins to knock at once, or if not `straight` when the other side has heard our answer.
    /// Gives that answer too.
    pub(super) async fn new(
        addresses: Vec<IpAddr>,
        servers: &Resolved,
        beacon: Beacon,
        straight: bool,
    ) -> Result<(Self, Description), TransportError> {
        let certificate = Certificate::fresh()?;
        let credentials = IceCredentials::derived(&certificate.fingerprint);
        let ear = Arc::new(Ear {
            pwd: beacon.pwd(),
            ufrag: credentials.ufrag.clone(),
            refused: watch::Sender::new(false),
            open: AtomicBool::new(straight),
            servers: servers.all(),
        });
        let named = beacon.candidates.iter().any(|c| is_named(&c.address));
        let rtc = Rtc::build(Plan {
            addresses,
            names: match named {
                true => MulticastDnsMode::QueryOnly,
                false => MulticastDnsMode::Disabled,
            },
            servers: servers.for_stack(),
            certificate,
            credentials: credentials.clone(),
            runtime: Arc::new(RoomyRuntime::guarded(ear.clone())),
            peer: Expected::This(beacon.fingerprint),
        })
        .await?;
        rtc.begin_offer().await?;
        let mut theirs = beacon.answer_to(&credentials.pwd);
        // Checked by us: the stack takes no part of one.
        theirs.fingerprint = Fingerprint::Sha256([0; 32]);
        rtc.accept(&theirs).await?;
        // Knocking has begun; what servers have to say may come later.
        let offer = rtc.described(Role::Offer).await?;
        rtc.open_relays(&offer).await;
        // As short as theirs: who can tell us by so much can be told so.
        let fingerprint = match beacon.fingerprint {
            Fingerprint::Truncated128(_) => offer.fingerprint.truncated(),
            _ => offer.fingerprint,
        };
        let answer = Description {
            role: Role::Answer,
            setup: Setup::Active,
            fingerprint,
            ..offer
        };
        Ok((Self { rtc, ear }, answer))
    }
}

#[async_trait::async_trait]
impl Connection for Approach {
    async fn refused(&self) {
        let mut refused = self.ear.refused.subscribe();
        if refused.wait_for(|refused| *refused).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn answered(&self) {
        self.ear.open.store(true, Ordering::Relaxed);
    }

    async fn accept(&self, _answer: &Description) -> Result<(), TransportError> {
        Err(TransportError::Closed)
    }

    async fn reached(&self) -> Result<(), TransportError> {
        self.rtc.reached().await
    }

    async fn channel(&self) -> Result<Unproven, TransportError> {
        self.rtc.channel().await
    }

    async fn close(&self) {
        self.rtc.close().await;
    }
}

impl Guard for Ear {
    fn receive(&self, datagram: &[u8]) -> Verdict {
        if is_busy(datagram, &self.pwd) {
            self.refused.send_replace(true);
            return Verdict::Drop;
        }
        if !self.open.load(Ordering::Relaxed) && is_check_to(datagram, &self.ufrag) {
            // Who knows our name has heard our answer.
            self.open.store(true, Ordering::Relaxed);
        }
        Verdict::Pass
    }

    fn send(&self, to: SocketAddr) -> bool {
        self.open.load(Ordering::Relaxed) || self.servers.contains(&to)
    }
}
