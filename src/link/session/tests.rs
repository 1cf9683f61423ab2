use super::*;
use crate::link::testing::{linked, quick};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn text_and_data_go_both_ways_in_order() {
    let (mut a, mut b, _) = linked().await;
    a.send_text("one").await.unwrap();
    a.send_data(&[2, 2]).await.unwrap();
    b.send_text("eins").await.unwrap();
    assert_eq!(b.next().await, LinkEvent::Text("one".into()));
    assert_eq!(b.next().await, LinkEvent::Data(vec![2, 2]));
    assert_eq!(a.next().await, LinkEvent::Text("eins".into()));
}

#[tokio::test]
async fn everything_said_before_the_goodbye_arrives() {
    let (a, mut b, _) = linked().await;
    for n in 0..100 {
        a.send_text(&n.to_string()).await.unwrap();
    }
    let reader = tokio::spawn(async move {
        let mut texts = Vec::new();
        loop {
            match b.next().await {
                LinkEvent::Text(text) => texts.push(text),
                LinkEvent::Closed { reason } => return (texts.len(), reason),
                other => panic!("{other:?}"),
            }
        }
    });
    a.close().await;
    assert_eq!(reader.await.unwrap(), (100, CloseReason::PeerLeft));
}

#[tokio::test]
async fn a_silent_peer_is_noticed_in_time_and_a_quiet_one_is_not_taken_for_silent() {
    let (mut a, _b, queue) = linked().await;
    let quiet = timeout(quick().dead_after * 4, a.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    queue.cut.store(true, Ordering::Relaxed);
    match timeout(quick().dead_after * 3, a.next()).await.unwrap() {
        LinkEvent::Closed {
            reason: CloseReason::PeerSilent { silence },
        } => assert!(silence >= quick().dead_after),
        other => panic!("{other:?}"),
    }
    assert!(matches!(a.next().await, LinkEvent::Closed { .. }));
}

#[tokio::test]
async fn a_reader_who_dawdles_is_waited_for_and_loses_nothing() {
    let (a, mut b, _) = linked().await;
    let sender = a.sender();
    let writer = tokio::spawn(async move {
        for n in 0..600u16 {
            sender.send_data(&n.to_le_bytes()).await.unwrap();
        }
    });
    tokio::time::sleep(quick().dead_after * 4).await;
    for n in 0..600u16 {
        assert_eq!(b.next().await, LinkEvent::Data(n.to_le_bytes().to_vec()));
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn a_hostile_peer_is_read_past() {
    let (a, mut b, queue) = linked().await;
    let proof_again = [&[0, crate::link::VERSION, 0][..], &[0; 32]].concat();
    for message in [
        proof_again,
        vec![],
        vec![99; 70_000],
        vec![0],
        vec![1; 20_000],
    ] {
        queue.send(&message).await.unwrap();
    }
    a.send_text("still here").await.unwrap();
    assert_eq!(b.next().await, LinkEvent::Text("still here".into()));
    let long = "x".repeat(MAX_PAYLOAD + 1);
    assert!(matches!(
        a.send_text(&long).await,
        Err(LinkError::TooLong { .. })
    ));
}

#[tokio::test]
async fn a_writer_waits_for_a_reader_who_takes_nothing_and_hears_the_peer_meanwhile() {
    let (a, b, _) = linked().await;
    let sender = a.sender();
    let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = sent.clone();
    let writer = tokio::spawn(async move {
        loop {
            sender.send_data(&[7; MAX_PAYLOAD]).await.unwrap();
            count.fetch_add(MAX_PAYLOAD, Ordering::Relaxed);
        }
    });
    tokio::time::sleep(quick().dead_after * 3).await;
    let window = crate::link::frame::WINDOW as usize;
    let before = sent.load(Ordering::Relaxed);
    assert!(
        before <= window + MAX_PAYLOAD,
        "{before} in spite of {window}"
    );
    let (mut reader, mut waiting) = (b, a);
    for _ in 0..10 {
        reader.send_text("slowly").await.unwrap();
        assert_eq!(waiting.next().await, LinkEvent::Text("slowly".into()));
        assert!(matches!(reader.next().await, LinkEvent::Data(_)));
    }
    for _ in 0..2 * window / MAX_PAYLOAD {
        assert!(matches!(reader.next().await, LinkEvent::Data(_)));
    }
    writer.abort();
}

#[tokio::test]
async fn two_who_only_write_are_each_freed_by_what_the_other_takes() {
    let (mut a, mut b, _) = linked().await;
    let total = 6 * crate::link::frame::WINDOW as usize;
    let write = |sender: LinkSender| async move {
        for _ in 0..total / MAX_PAYLOAD {
            sender.send_data(&[1; MAX_PAYLOAD]).await.unwrap();
        }
        sender.end().await.unwrap();
    };
    // Both windows fill first; a takes nothing until b has taken everything.
    let from_a = tokio::spawn(write(a.sender()));
    let from_b = tokio::spawn(write(b.sender()));
    for link in [&mut b, &mut a] {
        let mut got = 0;
        loop {
            match link.next().await {
                LinkEvent::Data(data) => got += data.len(),
                LinkEvent::End => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(got, total);
    }
    from_a.await.unwrap();
    from_b.await.unwrap();
    tokio::join!(a.drained(), b.drained());
}
