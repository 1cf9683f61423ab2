//! An end without a runtime and a [`Link`], over a channel in memory.

use super::{Endpoint, WINDOW, WITHOUT_DOORS, closed, ms};
use crate::link::{
    Channel, CloseReason, Heartbeat, Introduction, Link, LinkEvent, MAX_PAYLOAD, MemoryChannel,
    Proof, Side, Unproven,
    proof::CHANCE,
    testing::{certificates, plain},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// Lets an [`Endpoint`] speak over a channel, as a page does.
struct Page {
    channel: Arc<dyn Channel>,
    end: Endpoint,
    began: Instant,
}

impl Page {
    /// Proves itself, by the pure machine.
    async fn meet(channel: Arc<dyn Channel>, heartbeat: Heartbeat) -> Self {
        let side = Side::Answerer;
        let (mut proof, knock) = Proof::new(&plain(side), certificates(side), &[9; CHANCE]);
        channel.send(&knock).await.unwrap();
        loop {
            let message = channel.receive().await.unwrap();
            let step = proof.handle(&message).unwrap();
            for say in step.say {
                channel.send(&say).await.unwrap();
            }
            if step.proven.is_some() {
                break;
            }
        }
        Self {
            channel,
            end: Endpoint::new(Duration::ZERO, heartbeat),
            began: Instant::now(),
        }
    }

    async fn send(&mut self) {
        while let Some(message) = self.end.message() {
            let _ = self.channel.send(&message).await;
        }
    }

    /// The next event; takes files at once.
    async fn next(&mut self) -> LinkEvent {
        loop {
            self.send().await;
            if let Some(event) = self.end.event() {
                if let LinkEvent::Files(bytes) | LinkEvent::Data(bytes) = &event {
                    self.end.take(bytes.len());
                }
                return event;
            }
            let due = self.began + self.end.deadline().unwrap_or(Duration::from_secs(9));
            tokio::select! {
                message = self.channel.receive() => match message {
                    Some(message) => self.end.hear(self.began.elapsed(), &message),
                    None => self.end.closed(),
                },
                () = tokio::time::sleep_until(due) => self.end.tick(self.began.elapsed()),
            }
        }
    }

    /// Works until both have accepted.
    async fn accepted(&mut self) {
        self.end.accept();
        while !self.end.is_accepted() {
            self.send().await;
            let message = self.channel.receive().await.unwrap();
            self.end.hear(self.began.elapsed(), &message);
        }
        self.send().await;
    }
}

async fn introduced(heartbeat: Heartbeat) -> (Introduction, Page) {
    let (a, b) = MemoryChannel::pair();
    let unproven = Unproven::new(a, certificates(Side::Offerer));
    let encounter = plain(Side::Offerer);
    let (native, page) = tokio::join!(
        unproven.prove(&encounter, heartbeat.clone(), Duration::from_secs(5)),
        Page::meet(b, heartbeat)
    );
    (native.unwrap(), page)
}

async fn linked(heartbeat: Heartbeat) -> (Link, Page) {
    let (native, mut page) = introduced(heartbeat).await;
    let (native, ()) = tokio::join!(native.accept(), page.accepted());
    (native.unwrap(), page)
}

fn quick() -> Heartbeat {
    Heartbeat {
        every: ms(40),
        dead_after: ms(140),
        patience: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn text_goes_both_ways_and_a_goodbye_is_clean() {
    let (mut native, mut page) = linked(Heartbeat::default()).await;
    native.send_text("from a terminal").await.unwrap();
    assert_eq!(page.next().await, LinkEvent::Text("from a terminal".into()));
    page.end.say_text("from a page").unwrap();
    page.send().await;
    assert_eq!(native.next().await, LinkEvent::Text("from a page".into()));
    let began = Instant::now();
    let leave = async {
        page.end.leave();
        page.next().await
    };
    let (native, page) = tokio::join!(native.next(), leave);
    assert_eq!(native, closed(CloseReason::PeerLeft));
    assert_eq!(page, closed(CloseReason::PeerLeft));
    assert!(began.elapsed() < Duration::from_secs(1), "no echo came");
}

#[tokio::test]
async fn the_others_goodbye_is_answered() {
    let (native, mut page) = linked(Heartbeat::default()).await;
    let began = Instant::now();
    let page = async {
        let event = page.next().await;
        page.send().await;
        event
    };
    let (page, ()) = tokio::join!(page, native.close());
    assert_eq!(page, closed(CloseReason::PeerLeft));
    assert!(began.elapsed() < Duration::from_secs(1), "no echo came");
}

#[tokio::test]
async fn a_refusal_is_understood_on_both_sides() {
    let (native, mut page) = introduced(Heartbeat::default()).await;
    native.refuse().await;
    assert_eq!(page.next().await, closed(CloseReason::Refused));
    let (mut native, mut page) = introduced(Heartbeat::default()).await;
    page.end.refuse();
    page.send().await;
    assert_eq!(native.ended().await, CloseReason::Refused);
}

#[tokio::test]
async fn ten_windows_go_through_in_both_directions_at_once() {
    let (mut native, mut page) = linked(Heartbeat::default()).await;
    let count = 10 * WINDOW as usize / MAX_PAYLOAD;
    let sender = native.sender();
    let sending = async {
        for n in 0..count {
            sender.send_data(&vec![n as u8; MAX_PAYLOAD]).await.unwrap();
        }
    };
    let receiving = async {
        for n in 0..count {
            let LinkEvent::Files(bytes) = native.next().await else {
                panic!("the {n}th");
            };
            assert_eq!(bytes, vec![n as u8; MAX_PAYLOAD]);
        }
    };
    let page = async {
        let (mut said, mut got) = (0, 0);
        while said < count || got < count {
            while said < count && page.end.has_room() {
                page.end.say_files(&vec![said as u8; MAX_PAYLOAD]).unwrap();
                said += 1;
                page.send().await;
            }
            if got == count {
                page.send().await;
                let message = page.channel.receive().await.unwrap();
                page.end.hear(page.began.elapsed(), &message);
                continue;
            }
            let LinkEvent::Data(bytes) = page.next().await else {
                panic!("the {got}th");
            };
            assert_eq!(bytes, vec![got as u8; MAX_PAYLOAD]);
            got += 1;
        }
    };
    timeout(Duration::from_secs(60), async {
        tokio::join!(sending, receiving, page)
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_page_that_is_gone_is_waited_for_no_longer_than_it_may_come_back() {
    tokio::time::pause();
    let heartbeat = Heartbeat::default();
    let (mut native, page) = linked(heartbeat.clone()).await;
    let began = Instant::now();
    assert_eq!(native.next().await, LinkEvent::Interrupted);
    let LinkEvent::Closed {
        reason: CloseReason::PeerSilent { silence },
    } = native.next().await
    else {
        panic!("not silent");
    };
    let most = heartbeat.dead_after + WITHOUT_DOORS + heartbeat.every;
    assert!(silence <= most && began.elapsed() <= most, "{silence:?}");
    drop(page);
}

#[tokio::test]
async fn a_page_that_stood_still_for_a_while_goes_on() {
    let (mut native, mut page) = linked(quick()).await;
    // Nobody drives the page.
    assert_eq!(native.next().await, LinkEvent::Interrupted);
    native.send_text("are you there?").await.unwrap();
    let page = async {
        let text = page.next().await;
        let _ = timeout(ms(500), page.next()).await;
        text
    };
    let (page, native) = tokio::join!(page, native.next());
    assert_eq!(page, LinkEvent::Text("are you there?".into()));
    assert!(matches!(native, LinkEvent::Resumed { .. }), "{native:?}");
}

#[tokio::test]
async fn a_command_line_that_is_gone_is_told() {
    let (native, mut page) = linked(quick()).await;
    drop(native);
    let end = timeout(Duration::from_secs(5), page.next()).await.unwrap();
    assert_eq!(end, closed(CloseReason::ChannelClosed));
}
