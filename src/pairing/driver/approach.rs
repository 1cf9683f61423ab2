//! The side that heard a beacon or an invitation: it goes straight to where that said.

use super::{
    guard::{Guard, Verdict},
    rtc_connection::{Certificate, Expected, Plan, Rtc, is_named},
    servers::Resolved,
    sockets::RoomyRuntime,
    stun::{is_answer, is_busy, is_check_to},
    transport::{Connection, TransportError},
};
use crate::{
    link::Unproven,
    signal::{
        Beacon, Description, Fingerprint, IceCredentials, Invitation, Pwd, Role, Setup, Ufrag,
    },
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

/// A connection that goes where a beacon or an invitation said.
pub(super) struct Approach {
    rtc: Rtc,
    ear: Arc<Ear>,
}

/// From where an approach is made, and when.
#[derive(Clone)]
pub(super) struct Start<'a> {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) servers: &'a Resolved,
    /// At once; otherwise when the other side has heard our answer.
    pub(super) straight: bool,
}

/// Listens to what the other side says.
struct Ear {
    /// The other side's.
    pwd: Pwd,
    /// Our own, by which the other side calls us.
    ufrag: Ufrag,
    refused: watch::Sender<bool>,
    /// Whether a check of ours was answered.
    noticed: watch::Sender<bool>,
    /// Whether anything may be sent yet,
    open: AtomicBool,
    /// except to these.
    servers: Vec<SocketAddr>,
}

impl Approach {
    /// Knocks at the door of who said a beacon. Gives the answer to say, too.
    pub(super) async fn to_beacon(
        start: Start<'_>,
        beacon: Beacon,
    ) -> Result<(Self, Description), TransportError> {
        let certificate = Certificate::fresh()?;
        let credentials = IceCredentials::derived(&certificate.fingerprint);
        let mut theirs = beacon.answer_to(&credentials.pwd);
        // Checked by us: the stack takes no part of one.
        theirs.fingerprint = Fingerprint::Sha256([0; 32]);
        let expected = Expected::This(beacon.fingerprint);
        let approach = Self::build(start, &theirs, certificate, credentials, expected).await?;
        let rtc = &approach.rtc;
        rtc.begin_offer().await?;
        rtc.accept(&theirs).await?;
        // Knocking has begun; what servers have to say may come later.
        let offer = rtc.described(Role::Offer).await?;
        rtc.open_relays(&offer).await;
        let answer = Description {
            role: Role::Answer,
            setup: Setup::Active,
            // Who says a beacon lets in whoever knocks and compares certificates afterwards: half
            // is enough.
            fingerprint: offer.fingerprint.truncated(),
            ..offer
        };
        Ok((approach, answer))
    }

    /// Comes to who said an invitation, as its guest. Gives where the guest is, too.
    pub(super) async fn to_host(
        start: Start<'_>,
        invitation: Invitation,
    ) -> Result<(Self, Description), TransportError> {
        let guest = invitation.guest();
        let certificate = Certificate::of(&guest)?;
        let theirs = invitation.offer();
        let expected = Expected::Described;
        let approach =
            Self::build(start, &theirs, certificate, guest.credentials, expected).await?;
        let rtc = &approach.rtc;
        rtc.begin_answer(&theirs).await?;
        let answer = rtc.described(Role::Answer).await?;
        rtc.open_relays(&answer).await;
        Ok((approach, answer))
    }

    /// What is to connect to `theirs`, with these credentials and this certificate.
    async fn build(
        start: Start<'_>,
        theirs: &Description,
        certificate: Certificate,
        credentials: IceCredentials,
        peer: Expected,
    ) -> Result<Self, TransportError> {
        let ear = Arc::new(Ear {
            pwd: theirs.ice_credentials().pwd,
            ufrag: credentials.ufrag.clone(),
            refused: watch::Sender::new(false),
            noticed: watch::Sender::new(false),
            open: AtomicBool::new(start.straight),
            servers: start.servers.all(),
        });
        let named = theirs.candidates.iter().any(|c| is_named(&c.address));
        let rtc = Rtc::build(Plan {
            addresses: start.addresses,
            names: match named {
                true => MulticastDnsMode::QueryOnly,
                false => MulticastDnsMode::Disabled,
            },
            servers: start.servers.for_stack(),
            certificate,
            credentials,
            runtime: Arc::new(RoomyRuntime::guarded(ear.clone())),
            peer,
        })
        .await?;
        Ok(Self { rtc, ear })
    }
}

#[async_trait::async_trait]
impl Connection for Approach {
    async fn refused(&self) {
        until(&self.ear.refused).await;
    }

    async fn noticed(&self) {
        until(&self.ear.noticed).await;
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

/// Waits for the flag.
async fn until(flag: &watch::Sender<bool>) {
    if flag.subscribe().wait_for(|set| *set).await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl Guard for Ear {
    fn receive(&self, datagram: &[u8]) -> Verdict {
        if !*self.noticed.borrow() && is_answer(datagram, &self.pwd) {
            self.noticed.send_replace(true);
        }
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
