//! Whatever the other side sends, and whatever time does, an end of a link ends at most once, keeps
//! no more than twice its window, and always says when to look at it again, unless it is over.
#![no_main]

use airshake::link::{Endpoint, Frame, Heartbeat, LinkEvent, MAX_PAYLOAD, OVERHEAD};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

/// As in the documentation of `Endpoint`: twice what may be on its way, and one frame.
const MOST_UNTAKEN: usize = 2 * (2 << 20) + MAX_PAYLOAD + OVERHEAD + 1;

fuzz_target!(|bytes: &[u8]| {
    let mut now = Duration::ZERO;
    let mut end = Endpoint::new(now, Heartbeat::default());
    let (mut untaken, mut over) = (0, false);
    let mut rest = bytes;
    while let Some((&[what, number], after)) = rest.split_first_chunk() {
        rest = after;
        let mut take = |length: usize| {
            let (some, after) = rest.split_at(rest.len().min(length));
            rest = after;
            some.to_vec()
        };
        match what % 10 {
            0 => end.accept(),
            1 => end.hear(now, &take(usize::from(number))),
            // Much of it, of some kind, at once.
            2 => {
                let kind = take(1).first().copied().unwrap_or_default();
                let message = [&[kind][..], &vec![number; MAX_PAYLOAD]].concat();
                for _ in 0..number {
                    end.hear(now, &message);
                }
            }
            3 => {
                now += Duration::from_millis(u64::from(number) * 20);
                end.tick(now);
            }
            4 => {
                let said = end.say_data(&vec![7; usize::from(number) * 64]);
                assert!(said.is_err() || end.is_accepted());
                let _ = end.say_text("hello");
            }
            5 => {
                let _ = end.say_files(&take(usize::from(number)));
            }
            6 => {
                // What was given before is taken; whatever of it.
                let some = untaken.min(usize::from(number) * 64);
                if some > OVERHEAD {
                    end.take(some - OVERHEAD - 1);
                    untaken -= some;
                }
            }
            7 => match number {
                0 => end.refuse(),
                1 => end.leave(),
                2 => end.closed(),
                // A frame as it should be.
                _ => {
                    let count = u64::from(number) << (number % 40);
                    end.hear(now, &Frame::Taken(count).encode());
                }
            },
            8 => {
                for _ in 0..number {
                    let Some(message) = end.message() else { break };
                    assert!(message.len() <= 1 + MAX_PAYLOAD);
                    assert!(Frame::decode(&message).is_ok(), "we say no nonsense");
                }
            }
            _ => {
                for _ in 0..number {
                    let Some(event) = end.event() else { break };
                    assert!(!over, "{event:?} after the end");
                    match event {
                        LinkEvent::Data(data) | LinkEvent::Files(data) => {
                            // Some of it is never taken.
                            if number & 1 == 0 {
                                end.take(data.len());
                            } else {
                                untaken += data.len() + OVERHEAD + 1;
                            }
                        }
                        LinkEvent::Closed { .. } => over = true,
                        _ => {}
                    }
                    assert!(untaken <= MOST_UNTAKEN, "{untaken} bytes are kept");
                }
            }
        }
        if let Some(deadline) = end.deadline() {
            assert!(deadline >= now, "{deadline:?} at {now:?}");
        }
    }
});
