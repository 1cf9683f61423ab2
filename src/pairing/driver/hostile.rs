//! Strangers at the door of a beacon, over real sockets.

#![expect(clippy::disallowed_methods, reason = "the sockets are what is tested")]

use super::{Addresses, Connection, RtcTransport, Transport, TransportError, stun};
use crate::{
    link::{Encounter, Heartbeat, ProofError, Secret as LinkSecret, Side},
    signal::{Address, Beacon, Fingerprint, IceCredentials, Secret},
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(10);
const NOT: Duration = Duration::from_millis(400);

fn transport() -> RtcTransport {
    RtcTransport::new(Addresses::Only(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]))
}

fn door(beacon: &Beacon) -> SocketAddr {
    match beacon.candidates[0].address {
        Address::Ip(ip) => SocketAddr::new(ip, beacon.candidates[0].port),
        Address::Mdns(_) => panic!("a number was said"),
    }
}

fn stranger() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn check(beacon: &Beacon, who: u8) -> Vec<u8> {
    let credentials = IceCredentials::derived(&Fingerprint::Sha256([who; 32]));
    stun::tests::check(&credentials, &beacon.pwd())
}

async fn proves(
    connection: Arc<dyn Connection>,
    side: Side,
    secret: Secret,
) -> Result<(), ProofError> {
    connection.reached().await.unwrap();
    let encounter = Encounter {
        side,
        secret: Some(LinkSecret::new(secret.0)),
        code: None,
    };
    let channel = connection.channel().await.unwrap();
    let proof = channel.prove(&encounter, Heartbeat::default(), SOON);
    proof.await.map(std::mem::forget)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_garbage_and_a_flood_of_it_open_no_door_and_the_right_one_does() {
    let (host, beacon) = transport().beacon().await.unwrap();
    let (to, stranger) = (door(&beacon), stranger());
    let mut other = beacon.clone();
    other.secret.0[3] ^= 1;
    let wrong = check(&other, 5);
    let flood = async {
        for n in 0..5000u32 {
            let garbage = n.to_be_bytes().repeat(1 + (n as usize * 7) % 300);
            let _ = stranger.send_to(&garbage, to);
            let _ = stranger.send_to(&wrong, to);
            let _ = stranger.send_to(&[], to);
            if n % 50 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
    };
    tokio::select! {
        knocked = host.knocked() => panic!("opened: {knocked:?}"),
        () = flood => {}
    }
    assert!(timeout(NOT, host.knocked()).await.is_err());
    let (_guest, _) = transport().approach(&beacon, true).await.unwrap();
    timeout(SOON, host.knocked()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_is_let_in_and_the_second_is_told_that_it_is_late() {
    let (host, beacon) = transport().beacon().await.unwrap();
    let (first, _) = transport().approach(&beacon, true).await.unwrap();
    timeout(SOON, host.knocked()).await.unwrap().unwrap();
    host.admit().await.unwrap();
    let (second, _) = transport().approach(&beacon, true).await.unwrap();
    let (a, b, refused) = tokio::join!(
        proves(host.clone(), Side::Offerer, beacon.secret),
        proves(first.clone(), Side::Answerer, beacon.secret),
        timeout(SOON, second.refused()),
    );
    a.unwrap();
    b.unwrap();
    refused.expect("it is told");
    assert!(timeout(NOT, first.refused()).await.is_err());
    assert!(timeout(NOT, second.reached()).await.is_err());
    // Somebody without the secret is not even told that.
    let (to, stranger) = (door(&beacon), stranger());
    let mut other = beacon.clone();
    other.secret.0[0] ^= 1;
    stranger.send_to(&check(&other, 6), to).unwrap();
    sleep(NOT).await;
    assert!(stranger.recv_from(&mut [0; 1500]).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_does_not_know_the_secret_does_not_pass_the_proof() {
    let (host, beacon) = transport().beacon().await.unwrap();
    let (guest, _) = transport().approach(&beacon, true).await.unwrap();
    timeout(SOON, host.knocked()).await.unwrap().unwrap();
    host.admit().await.unwrap();
    let (a, b) = tokio::join!(
        proves(host, Side::Offerer, beacon.secret),
        proves(guest, Side::Answerer, Secret([0; 8])),
    );
    assert!(a.is_err() && b.is_err(), "{a:?} {b:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beacon_with_another_fingerprint_leads_to_nobody() {
    for whole in [true, false] {
        let (host, beacon) = transport().beacon().await.unwrap();
        // As an impostor would say it, who knows all but has another certificate. The key of the
        // checks follows from the fingerprint, so even the door stays shut.
        let mut altered = beacon.clone();
        altered.fingerprint = match whole {
            true => Fingerprint::Sha256([1; 32]),
            false => Fingerprint::Truncated128([1; 16]),
        };
        let (_guest, _) = transport().approach(&altered, true).await.unwrap();
        assert!(timeout(NOT, host.knocked()).await.is_err());
        // Its second half does not lead to the key; the certificate is then compared.
        if let Fingerprint::Sha256(mut bytes) = beacon.fingerprint {
            bytes[31] ^= 1;
            altered.fingerprint = Fingerprint::Sha256(bytes);
            let (guest, _) = transport().approach(&altered, true).await.unwrap();
            timeout(SOON, host.knocked()).await.unwrap().unwrap();
            host.admit().await.unwrap();
            let channel = timeout(SOON, guest.channel()).await.unwrap();
            assert_eq!(channel.unwrap_err(), TransportError::Impostor);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beacon_heard_again_when_its_sender_is_gone_leads_to_nobody() {
    let (host, beacon) = transport().beacon().await.unwrap();
    let (guest, _) = transport().approach(&beacon, true).await.unwrap();
    timeout(SOON, host.knocked()).await.unwrap().unwrap();
    host.close().await;
    drop(host);
    assert!(timeout(NOT, guest.reached()).await.is_err());
    let (again, next) = transport().beacon().await.unwrap();
    assert_ne!(next.secret, beacon.secret);
    // The recording, said to come from where somebody else beacons now.
    let mut moved = beacon.clone();
    moved.candidates = next.candidates.clone();
    let (_late, _) = transport().approach(&moved, true).await.unwrap();
    assert!(timeout(NOT, again.knocked()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_reached_unasked_is_reached_after_an_answer() {
    let (host, beacon) = transport().beacon().await.unwrap();
    let mut short = beacon.clone();
    short.fingerprint = beacon.fingerprint.truncated();
    let (guest, answer) = transport().approach(&short, false).await.unwrap();
    assert!(timeout(NOT, host.knocked()).await.is_err());
    assert_eq!(answer.fingerprint, answer.fingerprint.truncated());
    host.accept(&answer).await.unwrap();
    let (a, b) = tokio::join!(
        proves(host, Side::Offerer, beacon.secret),
        proves(guest, Side::Answerer, beacon.secret),
    );
    a.unwrap();
    b.unwrap();
}
