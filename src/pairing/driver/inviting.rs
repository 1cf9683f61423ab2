//! Guests, over real sockets. Who invites is played by the stack itself, told as little as a
//! browser can be: it keeps credentials and a certificate of its own choice, and is given the
//! foretold answer before anybody is there.

use super::{
    Addresses, Connection, PairError, PairEvent, PairOptions, RtcTransport, Transport, pair,
    rtc_connection::{Certificate, Expected, Plan, Rtc},
    sockets::RoomyRuntime,
    tests::{loopback, room},
};
use crate::{
    link::{Encounter, Heartbeat, ProofError, Secret as LinkSecret, Side},
    medium::{Happening, Medium},
    pairing::{Way, Ways},
    signal::{
        Arrival, Credentials, Fingerprint, Guest, IceCredentials, Invitation, Role, Secret, Signal,
        Tag, pack, unpack,
    },
};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey, signature::Verifier};
use rtc::ice::mdns::MulticastDnsMode;
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{sleep, timeout};
use webrtc::peer_connection::RTCIceCandidateInit;

const SOON: Duration = Duration::from_secs(10);
const NOT: Duration = Duration::from_millis(600);

fn transport() -> RtcTransport {
    RtcTransport::new(Addresses::Only(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]))
}

/// As Chromium chooses them.
fn any_credentials() -> IceCredentials {
    let chance: [u8; 16] = std::array::from_fn(|_| getrandom::u32().unwrap() as u8);
    let derived = IceCredentials::derived(&Fingerprint::Truncated128(chance));
    IceCredentials::new(&derived.ufrag.as_str()[..4], derived.pwd.as_str()).unwrap()
}

/// Somebody whose offer is ready, and the invitation that it is.
async fn host() -> (Arc<Rtc>, Invitation) {
    let credentials = any_credentials();
    let rtc = Rtc::build(Plan {
        addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        names: MulticastDnsMode::Disabled,
        servers: Vec::new(),
        certificate: Certificate::fresh().unwrap(),
        credentials: credentials.clone(),
        runtime: Arc::new(RoomyRuntime::new()),
        peer: Expected::Described,
    });
    let rtc = rtc.await.unwrap();
    rtc.begin_offer().await.unwrap();
    let offer = rtc.described(Role::Offer).await.unwrap();
    assert_eq!(offer.credentials, Credentials::Explicit(credentials));
    (Arc::new(rtc), Invitation::from_offer(&offer).unwrap())
}

/// The same, who has been told the foretold answer.
async fn expecting() -> (Arc<Rtc>, Invitation) {
    let (host, invitation) = host().await;
    let foretold = invitation.foretold_answer();
    assert!(foretold.candidates.is_empty());
    host.accept(&foretold).await.unwrap();
    (host, invitation)
}

/// The invitation as it is understood on the other side of the air.
fn heard(invitation: &Invitation) -> Invitation {
    match unpack(&pack(&invitation.clone().into())).unwrap() {
        Signal::Invitation(heard) => heard,
        other => panic!("{other:?}"),
    }
}

async fn proves(
    connection: Arc<dyn Connection>,
    side: Side,
    secret: Secret,
) -> Result<(), ProofError> {
    timeout(SOON, connection.reached()).await.unwrap().unwrap();
    let encounter = Encounter {
        side,
        secret: Some(LinkSecret::new(secret.0)),
        code: None,
    };
    let channel = timeout(SOON, connection.channel()).await.unwrap().unwrap();
    let proof = channel.prove(&encounter, Heartbeat::default(), SOON);
    proof.await.map(std::mem::forget)
}

/// Whether both sides pass the proof.
async fn meet(host: Arc<Rtc>, guest: Arc<dyn Connection>, secret: Secret) {
    let (a, b) = tokio::join!(
        proves(host, Side::Offerer, secret),
        proves(guest, Side::Answerer, secret),
    );
    a.unwrap();
    b.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hears_an_invitation_comes_unasked_as_the_guest_foretold() {
    let (host, invitation) = expecting().await;
    let (guest, _) = transport().join(&heard(&invitation), true).await.unwrap();
    meet(host, guest, invitation.guest().secret).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_does_not_know_the_secret_does_not_pass_its_hosts_proof() {
    let (host, invitation) = expecting().await;
    let (guest, _) = transport().join(&invitation, true).await.unwrap();
    let (a, b) = tokio::join!(
        proves(host, Side::Offerer, invitation.guest().secret),
        proves(guest, Side::Answerer, Secret([0; 8])),
    );
    assert!(a.is_err() && b.is_err(), "{a:?} {b:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_altered_in_the_air_leads_to_nobody() {
    let other = IceCredentials::new("abcd", "0123456789abcdefghijklmn").unwrap();
    let alter: [&dyn Fn(&mut Invitation); 4] = [
        // Of the first half the guest is made, the second is compared by its DTLS.
        &|invitation| invitation.sha256[3] ^= 1,
        &|invitation| invitation.sha256[31] ^= 1,
        &|invitation| invitation.credentials.pwd = other.pwd.clone(),
        &|invitation| invitation.credentials.ufrag = other.ufrag.clone(),
    ];
    for (n, alter) in alter.iter().enumerate() {
        let (host, invitation) = expecting().await;
        let mut altered = invitation.clone();
        alter(&mut altered);
        let (guest, _) = transport().join(&altered, true).await.unwrap();
        let met = timeout(NOT, async {
            tokio::select! {
                Ok(_) = host.channel() => "the host's",
                Ok(_) = guest.channel() => "the guest's",
                else => std::future::pending().await,
            }
        });
        assert!(met.await.is_err(), "alteration {n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_with_a_certificate_of_their_own_is_no_guest() {
    let (host, invitation) = expecting().await;
    let rtc = Rtc::build(Plan {
        addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        names: MulticastDnsMode::Disabled,
        servers: Vec::new(),
        certificate: Certificate::fresh().unwrap(),
        credentials: invitation.guest().credentials,
        runtime: Arc::new(RoomyRuntime::new()),
        peer: Expected::Described,
    });
    let rtc = rtc.await.unwrap();
    rtc.begin_answer(&invitation.offer()).await.unwrap();
    timeout(SOON, host.reached()).await.unwrap().unwrap();
    let opened = timeout(NOT, host.channel()).await;
    assert!(!matches!(opened, Ok(Ok(_))), "DTLS took it");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_guests_at_once_one_at_most_is_linked() {
    let (host, invitation) = expecting().await;
    let secret = invitation.guest().secret;
    let (first, second) = (transport(), transport());
    let (first, second) = tokio::join!(
        first.join(&invitation, true),
        second.join(&invitation, true),
    );
    let guests = [first.unwrap().0, second.unwrap().0].map(|guest| {
        tokio::spawn(async move {
            let proof = timeout(Duration::from_secs(5), passes(guest, secret));
            proof.await == Ok(true)
        })
    });
    let proof = timeout(SOON, proves(host, Side::Offerer, secret));
    let met = matches!(proof.await, Ok(Ok(())));
    let mut linked = 0;
    for guest in guests {
        linked += u32::from(guest.await.unwrap());
    }
    println!("the host met somebody: {met}; guests linked: {linked}");
    assert!(linked <= u32::from(met), "{met} {linked}");
}

/// Whether the guest gets as far as a proof, and passes it.
async fn passes(guest: Arc<dyn Connection>, secret: Secret) -> bool {
    let encounter = Encounter {
        side: Side::Answerer,
        secret: Some(LinkSecret::new(secret.0)),
        code: None,
    };
    let Ok(channel) = guest.channel().await else {
        return false;
    };
    let proof = channel.prove(&encounter, Heartbeat::default(), SOON).await;
    let passed = proof.is_ok();
    std::mem::forget(proof);
    passed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_holds_back_comes_after_its_answer() {
    let (host, invitation) = expecting().await;
    let (guest, _) = transport().join(&invitation, false).await.unwrap();
    let reached = timeout(NOT, guest.reached()).await;
    assert!(reached.is_err(), "it did not hold back");
    guest.answered().await;
    meet(host, guest, invitation.guest().secret).await;
}

/// As behind a firewall that lets nobody in: the first packet has to be the host's.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_holds_back_is_reached_where_its_arrival_says() {
    let (host, invitation) = expecting().await;
    let packed = pack(&invitation.clone().into());
    let (guest, candidates) = transport().join(&invitation, false).await.unwrap();
    let arrival = Signal::from(Arrival {
        answers: Tag::of(&packed),
        candidates,
    });
    let said = pack(&arrival);
    assert_eq!(said.len(), 9);
    let Signal::Arrival(arrival) = unpack(&said).unwrap() else {
        panic!("{arrival:?}");
    };
    for (index, candidate) in (0..).zip(&arrival.candidates) {
        let line = RTCIceCandidateInit {
            candidate: candidate.sdp_line(index),
            sdp_mid: Some("0".to_owned()),
            sdp_mline_index: Some(0),
            ..Default::default()
        };
        host.peer.0.add_ice_candidate(line).await.unwrap();
    }
    meet(host, guest, invitation.guest().secret).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_makes_the_whole_answer_where_none_was_given_before() {
    let (host, invitation) = host().await;
    let packed = pack(&invitation.clone().into());
    let (guest, candidates) = transport().join(&invitation, true).await.unwrap();
    sleep(NOT).await;
    let arrival = Arrival {
        answers: Tag::of(&packed),
        candidates,
    };
    host.accept(&invitation.answer_by(&arrival)).await.unwrap();
    meet(host, guest, invitation.guest().secret).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_heard_again_when_its_sender_is_gone_leads_to_nobody() {
    let (old, invitation) = expecting().await;
    Connection::close(&*old).await;
    drop(old);
    let (next, fresh) = expecting().await;
    // The recording, said to come from where somebody else invites now.
    let mut moved = invitation.clone();
    moved.candidates = fresh.candidates.clone();
    let (guest, _) = transport().join(&moved, true).await.unwrap();
    let reached = timeout(NOT, async {
        tokio::select! {
            Ok(()) = guest.reached() => {}
            Ok(()) = next.reached() => {}
            else => std::future::pending().await,
        }
    });
    assert!(reached.await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_with_names_is_joined_with_or_without_a_route_for_them() {
    let (_host, mut invitation) = expecting().await;
    let name = "90ebec85-0000-4000-8000-000000000001.local";
    invitation.candidates[0].address = name.parse().unwrap();
    let (_guest, candidates) = transport().join(&invitation, true).await.unwrap();
    assert!(!candidates.is_empty());
}

#[test]
fn the_key_of_every_guest_is_the_one_that_is_published() {
    let guest = any_invitation().guest();
    let key = SigningKey::from_slice(&Guest::PRIVATE_KEY).unwrap();
    let point = VerifyingKey::from(&key).to_encoded_point(false);
    let der = guest.certificate();
    let place = |part: &[u8]| der.windows(part.len()).position(|window| window == part);
    assert!(place(point.as_bytes()).is_some());
    assert!(Certificate::of(&guest).is_ok());
}

/// That the certificate is signed at all is for parsers; that the signature is of another serial
/// number is what nobody looks at.
#[test]
fn the_template_of_the_guests_certificate_is_signed_with_that_key() {
    let mut der = any_invitation().guest().certificate();
    let key = SigningKey::from_slice(&Guest::PRIVATE_KEY).unwrap();
    let key = VerifyingKey::from(&key);
    // RFC 5280, section 4.1: what is signed, 12 bytes of algorithm, a bit string with the signature.
    let holds = |der: &[u8]| {
        let (signed, rest) = der[4..].split_at(203);
        let signature = Signature::from_der(&rest[12 + 3..]).unwrap();
        key.verify(signed, &signature).is_ok()
    };
    assert!(!holds(&der));
    der[14..30].fill(0);
    der[14] = 0x40;
    assert!(holds(&der));
}

fn any_invitation() -> Invitation {
    Invitation {
        credentials: any_credentials(),
        sha256: [7; 32],
        max_message_size: 65_536,
        candidates: Vec::new(),
    }
}

/// As of two guests the second: a browser cannot refuse it, but speaks to the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_to_whom_its_host_does_not_speak_knows_that_it_is_not_wanted() {
    let (mut browser, listener) = room();
    let options = PairOptions {
        leave_when_busy: true,
        ..loopback(96)
    };
    let pairing = tokio::spawn(pair(listener, options, |_| {}));
    let (host, invitation) = expecting().await;
    browser.say(&pack(&invitation.into()), 0).unwrap();
    timeout(SOON, host.reached()).await.unwrap().unwrap();
    let ended = timeout(Duration::from_secs(3), pairing).await.unwrap();
    assert!(matches!(ended.unwrap(), Err(PairError::Busy)));
    while let Some(happening) = browser.poll() {
        let arrived = matches!(&happening, Happening::Heard { envelope, .. }
            if matches!(unpack(envelope), Ok(Signal::Arrival(_))));
        assert!(!arrived, "it speaks to somebody who is busy");
    }
}

/// A room, in which one is a browser as far as the other can tell.
#[tokio::test(flavor = "multi_thread")]
async fn who_pairs_and_hears_an_invitation_is_its_guest() {
    pairs_with_a_host(Ways::Both, Way::OneSound).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pairs_by_two_sounds_alone_says_its_arrival_first() {
    pairs_with_a_host(Ways::TwoSounds, Way::TwoSounds).await;
}

async fn pairs_with_a_host(ways: Ways, expected: Way) {
    let (mut browser, listener) = room();
    let options = PairOptions {
        ways,
        ..loopback(95)
    };
    let way = Arc::new(Mutex::new(None));
    let note = way.clone();
    let pairing = tokio::spawn(pair(listener, options, move |event| {
        if let PairEvent::Connected { way, .. } = event {
            *note.lock().unwrap() = Some(way);
        }
    }));
    let (host, invitation) = expecting().await;
    let packed = pack(&invitation.clone().into());
    browser.say(&packed, 0).unwrap();
    timeout(SOON, host.reached()).await.unwrap().unwrap();
    let mut heard = Vec::new();
    while let Some(happening) = browser.poll() {
        if let Happening::Heard { envelope, .. } = happening
            && let Ok(Signal::Arrival(arrival)) = unpack(&envelope)
        {
            heard.push(arrival.answers);
        }
    }
    match expected {
        Way::OneSound => assert_eq!(heard, []),
        Way::TwoSounds => assert_eq!(heard.first(), Some(&Tag::of(&packed))),
    }
    let channel = host.channel().await.unwrap();
    let encounter = Encounter {
        side: Side::Offerer,
        secret: Some(LinkSecret::new(invitation.guest().secret.0)),
        code: None,
    };
    let ours = channel.prove(&encounter, Heartbeat::default(), SOON);
    let ours = ours.await.unwrap();
    let theirs = timeout(SOON, pairing).await.unwrap().unwrap().unwrap();
    assert_eq!(ours.words(), theirs.words());
    assert_eq!(*way.lock().unwrap(), Some(expected));
}
