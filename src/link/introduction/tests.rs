use super::*;
use crate::link::{
    Code, MAX_PAYLOAD, Secret, Side,
    testing::{certificates, introduced, plain, prove, queues, quick},
};

/// What both sides make of each other.
async fn meet(
    a: Encounter,
    b: Encounter,
) -> (
    Result<Introduction, ProofError>,
    Result<Introduction, ProofError>,
) {
    let (left, right) = queues();
    tokio::join!(prove(left, a), prove(right, b))
}

fn with_secret(side: Side, secret: u8) -> Encounter {
    Encounter {
        secret: Some(Secret::new([secret; 8])),
        ..plain(side)
    }
}

fn with_code(side: Side, code: &str) -> Encounter {
    Encounter {
        code: Some(code.parse().unwrap()),
        ..plain(side)
    }
}

#[tokio::test]
async fn both_screens_show_the_same_words_and_another_meeting_others() {
    let (a, b, _) = introduced().await;
    let (c, _, _) = introduced().await;
    assert_eq!(a.words(), b.words());
    assert_ne!(a.words(), c.words());
    assert!(!a.is_by_code());
}

#[tokio::test]
async fn a_link_opens_once_both_have_accepted_and_not_before() {
    let (a, b, _) = introduced().await;
    let mut accepting = tokio::spawn(a.accept());
    let early = timeout(quick().dead_after * 3, &mut accepting).await;
    assert!(early.is_err(), "{early:?}");
    let mut b = b.accept().await.unwrap();
    let a = accepting.await.unwrap().unwrap();
    a.send_text("now").await.unwrap();
    assert_eq!(b.next().await, LinkEvent::Text("now".into()));
}

#[tokio::test]
async fn a_refusal_is_told_to_who_has_accepted_and_to_who_still_compares() {
    let (a, b, _) = introduced().await;
    let (accepted, ()) = tokio::join!(a.accept(), b.refuse());
    assert_eq!(accepted.err(), Some(NotAccepted(CloseReason::Refused)));
    let (mut a, b, _) = introduced().await;
    let (ended, ()) = tokio::join!(a.ended(), b.refuse());
    assert_eq!(ended, CloseReason::Refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_who_drops_the_link_as_soon_as_it_has_it_was_linked_all_the_same() {
    for run in 0..200 {
        let (a, b) = crate::link::MemoryChannel::pair();
        let one = |channel, side| async move {
            let proof = Unproven::new(channel, certificates(side));
            let heartbeat = Heartbeat::default();
            let encounter = plain(side);
            let met = proof.prove(&encounter, heartbeat, Duration::from_secs(60));
            met.await.unwrap().accept().await.map(drop)
        };
        let (a, b) = tokio::join!(
            tokio::spawn(one(a, Side::Offerer)),
            tokio::spawn(one(b, Side::Answerer))
        );
        assert_eq!((a.unwrap(), b.unwrap()), (Ok(()), Ok(())), "run {run}");
    }
}

#[tokio::test]
async fn the_death_of_the_other_is_noticed_while_one_compares() {
    let (mut a, _b, queue) = introduced().await;
    queue.cut.store(true, std::sync::atomic::Ordering::Relaxed);
    let ended = timeout(quick().dead_after * 4, a.ended()).await;
    assert!(matches!(ended, Ok(CloseReason::PeerSilent { .. })));
}

#[tokio::test]
async fn what_is_sent_before_it_was_accepted_is_never_delivered() {
    let (a, _b, queue) = introduced().await;
    // Over the head of the type, as only a hostile program can.
    let early = Frame::Text("open the door".into()).encode();
    queue.send_back(&early).await;
    let accepted = a.accept().await;
    assert!(accepted.is_err());
}

#[tokio::test]
async fn what_comes_after_its_acceptance_waits_for_ours_and_no_more_than_may() {
    let (a, _b, queue) = introduced().await;
    queue.send_back(&Frame::Accept.encode()).await;
    // More than any peer may send.
    let most = 2 * crate::link::frame::WINDOW as usize / MAX_PAYLOAD;
    for n in 0..most + 100 {
        let data = vec![n as u8; MAX_PAYLOAD];
        queue.send_back(&Frame::Data(data).encode()).await;
    }
    tokio::time::sleep(quick().dead_after).await;
    // Twice the window and one in hand; the others are still in the channel.
    assert!(queue.waiting() >= 100 - 2, "{}", queue.waiting());
    let mut link = a.accept().await.unwrap();
    for n in 0..most + 100 {
        let data = vec![n as u8; MAX_PAYLOAD];
        assert_eq!(link.next().await, LinkEvent::Data(data));
    }
}

#[tokio::test]
async fn the_secret_of_the_beacon_is_proven_both_ways() {
    let (a, b) = meet(
        with_secret(Side::Offerer, 1),
        with_secret(Side::Answerer, 1),
    )
    .await;
    assert_eq!(a.unwrap().words(), b.unwrap().words());
    let (a, b) = meet(
        with_secret(Side::Offerer, 1),
        with_secret(Side::Answerer, 2),
    )
    .await;
    assert_eq!(a.err(), Some(ProofError::Stranger));
    assert_eq!(b.err(), Some(ProofError::Stranger));
}

#[tokio::test]
async fn with_the_same_code_nobody_has_to_compare_words() {
    let (a, b) = meet(
        with_code(Side::Offerer, "blue horse"),
        with_code(Side::Answerer, "Blue  Horse"),
    )
    .await;
    assert!(a.unwrap().is_by_code() && b.unwrap().is_by_code());
}

#[tokio::test]
async fn another_code_is_refused_on_both_sides() {
    let (a, b) = meet(
        with_code(Side::Offerer, "blue horse"),
        with_code(Side::Answerer, "blue house"),
    )
    .await;
    assert_eq!(a.err(), Some(ProofError::WrongCode));
    assert_eq!(b.err(), Some(ProofError::WrongCode));
}

#[tokio::test]
async fn a_code_on_one_side_only_is_refused_and_told_to_both() {
    let (a, b) = meet(with_code(Side::Offerer, "blue"), plain(Side::Answerer)).await;
    assert_eq!(a.err(), Some(ProofError::CodeMismatch { ours: true }));
    assert_eq!(b.err(), Some(ProofError::CodeMismatch { ours: false }));
}

#[tokio::test]
async fn one_who_says_nothing_or_leaves_is_nobody() {
    let at_most = Duration::from_millis(100);
    let (a, b) = queues();
    let silent = Unproven::new(a, certificates(Side::Offerer))
        .prove(&plain(Side::Offerer), quick(), at_most)
        .await;
    assert_eq!(silent.err(), Some(ProofError::Silent(at_most)));
    drop(b);
    let (a, b) = queues();
    drop(b);
    let left = prove(a, plain(Side::Offerer)).await;
    assert!(matches!(left, Err(ProofError::Closed(_))));
}

#[tokio::test]
async fn one_who_leaves_after_a_guess_gets_three_and_no_more() {
    let code: Code = "blue horse".parse().unwrap();
    let encounter = Encounter {
        code: Some(code),
        ..plain(Side::Offerer)
    };
    let mut ends = Vec::new();
    for _ in 0..4 {
        let (a, b) = queues();
        // Goes on until it has our answer to its guess, and is gone.
        let guess = async {
            let encounter = with_code(Side::Answerer, "a guess");
            let (mut proof, knock) =
                Proof::new(&encounter, certificates(Side::Answerer), &[7; CHANCE]);
            b.send(&knock).await.unwrap();
            for _knock_and_hello in 0..2 {
                let theirs = b.receive().await.unwrap();
                for say in proof.handle(&theirs).unwrap().say {
                    b.send(&say).await.unwrap();
                }
            }
            for _answer in 0..2 {
                let _ = b.receive().await;
            }
            drop(b);
        };
        let (end, ()) = tokio::join!(prove(a, encounter.clone()), guess);
        ends.push(end.err().unwrap());
    }
    for end in &ends[..3] {
        assert!(matches!(end, ProofError::Closed(_)), "{end}");
    }
    assert_eq!(ends[3], ProofError::GuessesSpent);
    assert!(ends[3].is_final());
}
