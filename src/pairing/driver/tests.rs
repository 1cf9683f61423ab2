use super::*;
use crate::{
    link::{CloseReason, Heartbeat, Link, LinkEvent},
    medium::{
        Happening, Medium, MediumError,
        memory::{self, MemoryMedium, Options},
    },
    pairing::{Timing, Way, Ways},
};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// Two ends of a quiet room on the real clock.
pub(super) fn room() -> (MemoryMedium, MemoryMedium) {
    let began = Instant::now();
    let options = Options {
        // A carrier is noticed 0.2 s after it began, and a signal takes half a second.
        lead_s: 0.2,
        byte_s: 0.007,
        ..Options::default()
    };
    memory::pair(options, Arc::new(move || began.elapsed()))
}

pub(super) fn loopback(seed: u64) -> PairOptions {
    PairOptions {
        addresses: Addresses::Only(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
        seed: Some(seed),
        ..PairOptions::default()
    }
}

fn two_sounds(seed: u64) -> PairOptions {
    PairOptions {
        ways: Ways::TwoSounds,
        ..loopback(seed)
    }
}

/// Pairs, and accepts whoever was found.
async fn link(
    medium: MemoryMedium,
    options: PairOptions,
    events: impl FnMut(PairEvent),
) -> Result<Link, PairError> {
    let introduction = pair(medium, options, events).await?;
    Ok(introduction.accept().await.expect("the other accepts too"))
}

async fn linked(seed: u64) -> (Link, Link) {
    let (a, b) = room();
    let (a, b) = tokio::join!(
        link(a, loopback(2 * seed), |_| {}),
        link(b, loopback(2 * seed + 1), |_| {})
    );
    (a.unwrap(), b.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pair_by_one_sound_and_talk_both_ways() {
    let events = pair_and_talk(Ways::Both, 1).await;
    let way = |event: &PairEvent| match event {
        PairEvent::Connected { way, seconds } if *seconds > 0.0 => Some(*way),
        _ => None,
    };
    // Both may begin to speak; but nobody answers by sound.
    for events in &events {
        assert_eq!(
            events.last().and_then(way),
            Some(Way::OneSound),
            "{events:?}"
        );
        assert!(!events.contains(&PairEvent::Answered), "{events:?}");
    }
    let played = |e: &PairEvent| matches!(e, PairEvent::Playing { bytes: 48, .. });
    assert!(events.iter().flatten().any(played), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pair_by_two_sounds_and_talk_both_ways() {
    let events = pair_and_talk(Ways::TwoSounds, 3).await;
    for events in &events {
        assert!(
            matches!(
                events.last(),
                Some(PairEvent::Connected {
                    way: Way::TwoSounds,
                    ..
                })
            ),
            "{events:?}"
        );
        let played = |e: &PairEvent| matches!(e, PairEvent::Playing { bytes: 40 | 41, .. });
        assert!(events.iter().any(played), "{events:?}");
    }
}

async fn pair_and_talk(ways: Ways, seed: u64) -> [Vec<PairEvent>; 2] {
    let (one, other) = room();
    let events = Mutex::new([Vec::new(), Vec::new()]);
    let options = |seed| PairOptions {
        ways,
        ..loopback(seed)
    };
    let (a, b) = tokio::join!(
        link(one, options(seed), |event| events.lock().unwrap()[0]
            .push(event)),
        link(other, options(seed + 1), |event| events.lock().unwrap()[1]
            .push(event)),
    );
    let (mut a, mut b) = (a.unwrap(), b.unwrap());
    a.send_text("hello from a").await.unwrap();
    b.send_text("hello from b").await.unwrap();
    assert_eq!(b.next().await, LinkEvent::Text("hello from a".into()));
    assert_eq!(a.next().await, LinkEvent::Text("hello from b".into()));
    let goodbye = tokio::spawn(a.close());
    let left = LinkEvent::Closed {
        reason: CloseReason::PeerLeft,
    };
    assert_eq!(b.next().await, left);
    goodbye.await.unwrap();
    events.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_of_twenty_who_start_at_the_same_moment_pair() {
    let pairs: Vec<_> = (10..30)
        .map(|n| {
            tokio::spawn(async move {
                let began = Instant::now();
                drop(linked(n).await);
                began.elapsed().as_secs_f64()
            })
        })
        .collect();
    let mut times = Vec::new();
    for pair in pairs {
        times.push(pair.await.unwrap());
    }
    times.sort_by(f64::total_cmp);
    println!("start to both linked: {times:.2?}");
    assert!(times[10] < 6.0, "half of them are late");
}

/// From the answer heard to the link open, seen by the offerer.
#[tokio::test(flavor = "multi_thread")]
async fn from_the_answer_to_the_link_takes_less_than_a_second() {
    let mut times = Vec::new();
    for n in 0..20 {
        let (one, other) = room();
        let heard = Mutex::new((None, None));
        let watch = |event: PairEvent| {
            let mut heard = heard.lock().unwrap();
            match event {
                PairEvent::Answered => heard.0 = Some(Instant::now()),
                PairEvent::Connected { .. } => heard.1 = heard.1.or(Some(Instant::now())),
                _ => {}
            }
        };
        let (a, b) = tokio::join!(
            link(one, two_sounds(500 + 2 * n), watch),
            link(other, two_sounds(501 + 2 * n), watch),
        );
        let (_, _) = (a.unwrap(), b.unwrap());
        let (Some(answered), Some(open)) = *heard.lock().unwrap() else {
            panic!()
        };
        times.push((open - answered).as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    println!(
        "answer to link: median {:.3} s, worst {:.3} s, {times:.3?}",
        times[10], times[19]
    );
    assert!(times[10] < 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_side_killed_ends_the_other_within_ten_seconds() {
    // A runtime of its own, shut down at once, is as near to a killed process as one gets inside
    // of one: no task of it runs any more, so nothing says goodbye.
    let (one, other) = room();
    let doomed = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let killed = doomed.spawn(async move { link(one, loopback(71), |_| {}).await });
    let mut left = link(other, loopback(72), |_| {}).await.unwrap();
    std::mem::forget(killed.await.unwrap().unwrap());
    let began = Instant::now();
    doomed.shutdown_background();
    let ended = async {
        loop {
            match left.next().await {
                LinkEvent::Interrupted => {}
                event => break event,
            }
        }
    };
    let event = timeout(Duration::from_secs(10), ended).await;
    println!("{event:?} after {:?}", began.elapsed());
    assert!(matches!(event, Ok(LinkEvent::Closed { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_dropped_without_goodbye_closes_the_other_within_five_seconds() {
    let (a, mut b) = linked(40).await;
    drop(a);
    let began = Instant::now();
    let event = timeout(Duration::from_secs(5), b.next()).await;
    println!("{event:?} after {:?}", began.elapsed());
    assert!(matches!(event, Ok(LinkEvent::Closed { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_offers_and_vanishes_does_not_keep_the_other_from_the_next() {
    let (mut one, other) = room();
    let waiting = tokio::spawn(link(other, loopback(81), |_| {}));
    // Says an offer like anybody, and is never seen again.
    let ghost = RtcTransport::new(Addresses::Only(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]));
    let (connection, offer) = ghost.offer().await.unwrap();
    connection.close().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    one.say(&crate::signal::pack(&offer.into()), 0).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let patient = timeout(Duration::from_secs(30), link(one, loopback(82), |_| {}));
    // Held until both are there: who is dropped at once may take its last word along.
    let (patient, waiting) = tokio::join!(patient, waiting);
    patient.unwrap().unwrap();
    waiting.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn alone_one_is_told_that_nothing_was_heard() {
    let (one, _other) = room();
    let options = PairOptions {
        timing: Timing {
            deadline: Duration::from_millis(1500),
            ..Timing::default()
        },
        ..loopback(90)
    };
    let error = link(one, options, |_| {}).await.unwrap_err();
    assert!(matches!(error, PairError::NoPeer { .. }));
    assert!(error.to_string().contains("nothing was heard"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_it_ends_at_once_and_falls_silent() {
    let (one, mut other) = room();
    let options = loopback(91);
    let cancel = options.cancel.clone();
    let pairing = tokio::spawn(link(one, options, |_| {}));
    let speaks = async {
        while !matches!(other.poll(), Some(Happening::Carrier { .. })) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), speaks).await.unwrap();
    cancel.cancel();
    let end = timeout(Duration::from_millis(500), pairing).await;
    assert!(matches!(end, Ok(Ok(Err(PairError::Cancelled)))));
    tokio::time::sleep(Duration::from_secs(1)).await;
    while let Some(happening) = other.poll() {
        assert!(
            !matches!(happening, Happening::Heard { .. }),
            "it went on speaking"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_medium_ends_pairing_with_its_reason() {
    let (one, mut other) = room();
    other.close();
    let error = link(one, loopback(92), |_| {}).await.unwrap_err();
    assert_eq!(error, PairError::Medium(MediumError::Closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_interface_that_was_named_it_says_so_at_once() {
    let (one, _other) = room();
    let options = PairOptions {
        addresses: Addresses::Interface("no-such-interface".into()),
        ..PairOptions::default()
    };
    let error = link(one, options, |_| {}).await.unwrap_err();
    let PairError::Network(TransportError::NoInterface { name, there }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(name, "no-such-interface");
    assert!(!there.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_who_names_itself_by_multicast_is_answered_with_or_without_a_route_for_it() {
    use crate::signal::{Address, MdnsName};
    let transport = RtcTransport::new(Addresses::Only(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]));
    let (_offerer, mut offer) = transport.offer().await.unwrap();
    let uuid = [
        0x90, 0xeb, 0xec, 0x85, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1,
    ];
    offer.candidates[0].address = Address::Mdns(MdnsName::from_bytes(uuid).unwrap());
    let (_answerer, answer) = transport.answer(&offer).await.unwrap();
    assert!(!answer.candidates.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn data_flows_faster_than_it_would_with_stalls() {
    let (a, mut b) = linked(60).await;
    let sender = a.sender();
    let (total, chunk) = (8 << 20, vec![7; 16_384]);
    let began = Instant::now();
    let writer = tokio::spawn(async move {
        for _ in 0..total / 16_384 {
            sender.send_data(&chunk).await.unwrap();
        }
    });
    let mut got = 0;
    while got < total {
        match b.next().await {
            LinkEvent::Data(data) => got += data.len(),
            other => panic!("{other:?}"),
        }
    }
    writer.await.unwrap();
    println!("8 MiB in {:?}", began.elapsed());
}

#[test]
fn the_default_heartbeat_notices_a_dead_peer_within_five_seconds() {
    let beat = Heartbeat::default();
    assert!(beat.dead_after + beat.every < Duration::from_secs(5));
}
