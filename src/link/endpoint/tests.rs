#[cfg(feature = "net")]
mod beside_a_link;

use super::*;
use proptest::prelude::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What it sends now.
fn sent(end: &mut Endpoint) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| end.message())
        .map(|message| message.to_vec())
        .collect()
}

fn frames(end: &mut Endpoint) -> Vec<Frame> {
    sent(end)
        .iter()
        .map(|message| Frame::decode(message).unwrap())
        .collect()
}

fn events(end: &mut Endpoint) -> Vec<LinkEvent> {
    std::iter::from_fn(|| end.event()).collect()
}

fn closed(reason: CloseReason) -> LinkEvent {
    LinkEvent::Closed { reason }
}

/// An end whose peer is this test, both accepted.
fn accepted() -> Endpoint {
    let mut end = Endpoint::new(ms(0), Heartbeat::default());
    end.accept();
    end.hear(ms(0), &Frame::Accept.encode());
    sent(&mut end);
    end
}

#[test]
fn nothing_is_said_before_both_have_accepted() {
    let mut end = Endpoint::new(ms(0), Heartbeat::default());
    assert_eq!(end.say_text("early"), Err(SayError::TooEarly));
    end.accept();
    assert_eq!(
        frames(&mut end),
        [Frame::Doors(Vec::new()), Frame::Accept],
        "a page says that it has no doors"
    );
    assert_eq!(end.say_text("early"), Err(SayError::TooEarly));
    end.hear(ms(0), &Frame::Accept.encode());
    assert_eq!(end.say_text("now"), Ok(()));
}

#[test]
fn who_sends_before_it_has_accepted_is_left() {
    for frame in [
        Frame::Text("hi".into()),
        Frame::Data(vec![1]),
        Frame::Files(vec![1]),
        Frame::End,
    ] {
        let mut end = Endpoint::new(ms(0), Heartbeat::default());
        end.accept();
        end.hear(ms(0), &frame.encode());
        assert_eq!(events(&mut end), [closed(CloseReason::TooEarly)]);
        assert_eq!(end.deadline(), None);
    }
}

#[test]
fn a_refusal_comes_through_in_both_directions() {
    let mut end = Endpoint::new(ms(0), Heartbeat::default());
    end.hear(ms(0), &Frame::Refuse.encode());
    assert_eq!(events(&mut end), [closed(CloseReason::Refused)]);
    let mut end = Endpoint::new(ms(0), Heartbeat::default());
    end.refuse();
    assert_eq!(frames(&mut end), [Frame::Refuse]);
}

#[test]
fn what_came_is_told_as_taken_every_second_and_before_the_last_word() {
    let mut end = accepted();
    end.hear(ms(10), &Frame::Text("four".into()).encode());
    assert_eq!(events(&mut end), [LinkEvent::Text("four".into())]);
    assert_eq!(frames(&mut end), []);
    assert_eq!(end.deadline(), Some(ms(1000)));
    end.tick(ms(1000));
    assert_eq!(frames(&mut end), [Frame::Taken(cost(5))]);
    end.hear(ms(1100), &Frame::Files(vec![7; 99]).encode());
    events(&mut end);
    end.take(99);
    end.hear(ms(1200), &Frame::Bye.encode());
    assert_eq!(
        frames(&mut end),
        [Frame::Taken(cost(5) + cost(100)), Frame::Bye]
    );
    assert_eq!(events(&mut end), [closed(CloseReason::PeerLeft)]);
}

#[test]
fn a_text_that_cleaning_changes_costs_what_was_sent() {
    let mut end = accepted();
    let raw = [&[1][..], b"\x1b[2J\xff\xff\xff"].concat();
    end.hear(ms(0), &raw);
    events(&mut end);
    end.tick(ms(1000));
    assert_eq!(frames(&mut end), [Frame::Taken(cost(raw.len()))]);
}

#[test]
fn no_more_is_on_its_way_than_the_window() {
    let mut end = accepted();
    let mut said = 0;
    while end.has_room() {
        end.say_files(&vec![0; MAX_PAYLOAD]).unwrap();
        said += cost(1 + MAX_PAYLOAD);
    }
    assert!(said < WINDOW + cost(1 + MAX_PAYLOAD), "{said}");
    assert_eq!(end.say_text("more"), Err(SayError::NoRoom));
    sent(&mut end);
    end.hear(ms(0), &Frame::Taken(u64::MAX).encode());
    assert!(end.is_drained(), "no more than was sent can be taken");
    assert_eq!(end.say_text("more"), Ok(()));
    let long = vec![0; MAX_PAYLOAD + 1];
    assert_eq!(
        end.say_data(&long),
        Err(SayError::TooLong {
            got: MAX_PAYLOAD + 1,
            max: MAX_PAYLOAD
        })
    );
}

#[test]
fn who_sends_beyond_the_window_is_left_before_memory_is_full() {
    let mut end = accepted();
    let message = Frame::Files(vec![0; MAX_PAYLOAD]).encode();
    let mut came = 0;
    while end.deadline().is_some() {
        end.hear(ms(0), &message);
        came += cost(message.len());
        assert!(came <= 3 * WINDOW);
    }
    assert!(came > 2 * WINDOW, "who keeps to the window is not left");
    assert_eq!(events(&mut end).last(), Some(&closed(CloseReason::TooMuch)));
}

#[test]
fn a_short_silence_is_waited_out_and_a_long_one_ends_it() {
    let mut end = accepted();
    let mut at = 0;
    let mut step = |end: &mut Endpoint, until: u64| {
        let mut happened = Vec::new();
        while at < until {
            at += 100;
            end.tick(ms(at));
            happened.extend(events(end));
        }
        happened
    };
    assert_eq!(step(&mut end, 5000), [LinkEvent::Interrupted]);
    assert!(frames(&mut end).contains(&Frame::Lost(1)));
    end.hear(ms(5000), &Frame::Found(1).encode());
    assert_eq!(events(&mut end), [LinkEvent::Resumed { after: ms(5000) }]);
    let happened = step(&mut end, 40_000);
    let [LinkEvent::Interrupted, LinkEvent::Closed { reason }] = &happened[..] else {
        panic!("{happened:?}");
    };
    let CloseReason::PeerSilent { silence } = reason else {
        panic!("{reason:?}");
    };
    let Heartbeat {
        dead_after, every, ..
    } = Heartbeat::default();
    let most = dead_after + WITHOUT_DOORS;
    assert!(
        (most..most + every + ms(100)).contains(silence),
        "{silence:?}"
    );
}

#[test]
fn a_page_that_slept_does_not_take_its_own_sleep_for_the_peers_silence() {
    let mut end = accepted();
    end.tick(ms(1000));
    end.tick(ms(3_600_000));
    assert_eq!(events(&mut end), []);
    end.hear(ms(3_600_001), &Frame::Ping.encode());
    for second in 1..4 {
        end.tick(ms(3_600_001 + 1000 * second));
    }
    assert_eq!(events(&mut end), []);
}

#[test]
fn before_both_have_accepted_nobody_is_waited_for() {
    let mut end = Endpoint::new(ms(0), Heartbeat::default());
    for step in 1..60 {
        end.tick(ms(100 * step));
    }
    let events = events(&mut end);
    assert!(
        matches!(
            events[..],
            [LinkEvent::Closed {
                reason: CloseReason::PeerSilent { .. }
            }]
        ),
        "{events:?}"
    );
}

#[test]
fn who_says_again_and_again_that_it_does_not_hear_us_is_believed() {
    let mut end = accepted();
    for second in 1..=8 {
        end.hear(ms(1000 * second), &Frame::Lost(3).encode());
        assert!(frames(&mut end).contains(&Frame::Found(3)));
        end.tick(ms(1000 * second));
    }
    assert_eq!(events(&mut end), [LinkEvent::Interrupted]);
}

#[test]
fn a_goodbye_that_nobody_answers_is_the_end_after_two_seconds() {
    let mut end = accepted();
    end.leave();
    assert_eq!(frames(&mut end), [Frame::Bye]);
    assert_eq!(end.say_text("more"), Err(SayError::Over));
    assert_eq!(end.deadline(), Some(ms(1000)));
    end.tick(ms(1000));
    end.tick(ms(2000));
    assert_eq!(events(&mut end), [closed(CloseReason::PeerLeft)]);
}

/// What can happen to one of two ends.
#[derive(Clone, Debug)]
enum Step {
    Text {
        side: bool,
        bytes: usize,
    },
    Files {
        side: bool,
        bytes: usize,
    },
    /// That many messages travel.
    Carry {
        side: bool,
        count: usize,
    },
    /// The user takes what came.
    Take {
        side: bool,
    },
    Wait {
        ms: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let side = any::<bool>();
    prop_oneof![
        (side, 0..300usize).prop_map(|(side, bytes)| Step::Text { side, bytes }),
        (side, 0..=MAX_PAYLOAD).prop_map(|(side, bytes)| Step::Files { side, bytes }),
        (side, 0..40usize).prop_map(|(side, count)| Step::Carry { side, count }),
        side.prop_map(|side| Step::Take { side }),
        (0..1500u64).prop_map(|ms| Step::Wait { ms }),
    ]
}

#[derive(Default)]
struct Books {
    said: Vec<LinkEvent>,
    got: Vec<LinkEvent>,
    untaken: Vec<usize>,
    on_its_way: VecDeque<Vec<u8>>,
}

proptest! {
    #[test]
    fn all_that_is_said_comes_once_and_in_order_however_slowly(
        steps in proptest::collection::vec(step(), 0..300),
    ) {
        let mut ends = [accepted(), accepted()];
        let mut books = [Books::default(), Books::default()];
        let mut now = Duration::ZERO;
        let all: Vec<Step> = steps
            .into_iter()
            .chain((0..400).flat_map(|_| {
                [false, true].into_iter().flat_map(|side| {
                    [Step::Carry { side, count: 1000 }, Step::Take { side }]
                })
            }))
            .collect();
        for step in all {
            match step {
                Step::Text { side, bytes } => {
                    let text = "x".repeat(bytes);
                    if ends[usize::from(side)].say_text(&text).is_ok() {
                        books[usize::from(side)].said.push(LinkEvent::Text(text));
                    }
                }
                Step::Files { side, bytes } => {
                    let message = vec![bytes as u8; bytes];
                    if ends[usize::from(side)].say_files(&message).is_ok() {
                        books[usize::from(side)].said.push(LinkEvent::Files(message));
                    }
                }
                Step::Carry { side, count } => {
                    let (from, to) = (usize::from(side), usize::from(!side));
                    books[from].on_its_way.extend(sent(&mut ends[from]));
                    for _ in 0..count {
                        let Some(message) = books[from].on_its_way.pop_front() else {
                            break;
                        };
                        ends[to].hear(now, &message);
                    }
                }
                Step::Take { side } => {
                    let side = usize::from(side);
                    for event in events(&mut ends[side]) {
                        if let LinkEvent::Files(message) = &event {
                            books[side].untaken.push(message.len());
                        }
                        books[side].got.push(event);
                    }
                    for bytes in std::mem::take(&mut books[side].untaken) {
                        ends[side].take(bytes);
                    }
                }
                Step::Wait { ms: wait } => {
                    // Signs of life arrive meanwhile.
                    now += ms(wait);
                    for end in &mut ends {
                        end.hear(now, &Frame::Ping.encode());
                        end.tick(now);
                    }
                }
            }
        }
        prop_assert_eq!(&books[0].said, &books[1].got);
        prop_assert_eq!(&books[1].said, &books[0].got);
    }

    #[test]
    fn any_messages_are_heard_without_harm(
        messages in proptest::collection::vec(
            (0..80u8, proptest::collection::vec(any::<u8>(), 0..40)),
            0..200,
        ),
        accepts in any::<bool>(),
    ) {
        let mut end = Endpoint::new(ms(0), Heartbeat::default());
        if accepts {
            end.accept();
        }
        for (n, (kind, rest)) in messages.into_iter().enumerate() {
            let now = ms(n as u64 * 97);
            end.hear(now, &[&[kind], &rest[..]].concat());
            end.tick(now);
            prop_assert!(sent(&mut end).len() <= 8);
            let events = events(&mut end);
            let ended = events.iter().any(|event| matches!(event, LinkEvent::Closed { .. }));
            prop_assert_eq!(ended, end.deadline().is_none() && !events.is_empty());
        }
    }
}
