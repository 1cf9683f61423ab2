//! Whatever is heard, whatever an engine says of itself and whatever comes over its channels, in any
//! order: a guide asks only for what there is, believes nobody who has proven nothing, and says
//! nothing after the end.
#![no_main]

use airshake::link::Certificates;
use airshake::pairing::{Attempt, Command, Guide, GuideOptions, Told, Ways};
use airshake::signal::{Description, Role, Signal, pack, unpack};
use libfuzzer_sys::fuzz_target;
use std::{collections::BTreeSet, time::Duration};

const OFFER: &str = include_str!("../../tests/fixtures/signal/chromium-offer-mic.sdp");
const ANSWER: &str = include_str!("../../tests/fixtures/signal/chromium-answer.sdp");

/// More than a machine tries at a time.
const MOST_CONNECTIONS: usize = 64;

/// Signals that lead somewhere: changed in one byte or not, they are heard.
fn envelope(number: u8, at: u8, with: u8) -> Vec<u8> {
    let (sdp, role) = match number & 1 {
        0 => (OFFER, Role::Offer),
        _ => (ANSWER, Role::Answer),
    };
    let description = Description::from_sdp(sdp, role).expect("a browser said so");
    let mut bytes = pack(&Signal::Description(description));
    if number & 2 != 0 {
        let length = bytes.len();
        bytes[usize::from(at) % length] ^= with;
    }
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&[flags], mut rest)) = bytes.split_first_chunk() else {
        return;
    };
    let mut guide = Guide::new(GuideOptions {
        ways: match flags % 3 {
            0 => Ways::Both,
            1 => Ways::OneSound,
            _ => Ways::TwoSounds,
        },
        leave_when_busy: flags & 4 != 0,
        code: (flags & 8 != 0).then(|| "blue horse".parse().expect("is a code")),
        seed: u64::from(flags),
        ..GuideOptions::default()
    });
    let mut now = Duration::ZERO;
    let mut said = Vec::new();
    let (mut made, mut open) = (0, BTreeSet::new());
    let mut over = false;
    while let Some((&[what, number], after)) = rest.split_first_chunk() {
        rest = after;
        let mut take = |length: usize| {
            let (some, after) = rest.split_at(rest.len().min(length));
            rest = after;
            some.to_vec()
        };
        let attempt = Attempt(u32::from(number & 15));
        let told = match what % 14 {
            0 => Told::Start,
            1 => {
                now += Duration::from_millis(u64::from(number) * 10);
                Told::Tick
            }
            2 if number == 255 => Told::Cancel,
            2 => Told::Garbled,
            3 => Told::Carrier {
                length: Duration::from_millis(u64::from(number) * 10),
            },
            4 => Told::Heard {
                envelope: take(usize::from(number)),
            },
            5 => {
                let [at, with] = take(2).try_into().unwrap_or_default();
                Told::Heard {
                    envelope: envelope(number, at, with),
                }
            }
            // Our own words, or what somebody made of them.
            6 => {
                let mut envelope: Vec<u8> = said.clone();
                if number & 1 != 0 && let Some(byte) = envelope.get_mut(usize::from(number) / 2) {
                    *byte ^= 1;
                }
                Told::Heard { envelope }
            }
            7 => Told::Started {
                air: Duration::from_millis(u64::from(number) * 10),
            },
            8 => Told::Finished,
            9 => Told::Described {
                attempt,
                sdp: match number >> 4 {
                    0..4 => OFFER.to_owned(),
                    4..8 => ANSWER.to_owned(),
                    _ => String::from_utf8_lossy(&take(64)).into_owned(),
                },
            },
            10 => Told::Reached { attempt },
            11 => Told::Opened {
                attempt,
                certificates: Certificates {
                    ours: [1; 32],
                    theirs: [number >> 4; 32],
                },
                chance: Box::new([number; _]),
            },
            12 => {
                let bytes = take(80);
                Told::Message { attempt, bytes }
            }
            _ => Told::Failed {
                attempt,
                words: "no".to_owned(),
            },
        };
        for command in guide.tell(now, told) {
            assert!(!over, "{command:?} after the end");
            match command {
                Command::Offer { attempt } | Command::Answer { attempt, .. } => {
                    assert!(attempt.0 >= made, "a number that was taken");
                    made = attempt.0 + 1;
                    open.insert(attempt);
                    assert!(open.len() <= MOST_CONNECTIONS);
                }
                Command::Accept { attempt, sdp, .. } => {
                    assert!(open.contains(&attempt));
                    assert!(Description::from_sdp(&sdp, Role::Answer).is_ok());
                }
                Command::Send { attempt, .. } => assert!(open.contains(&attempt)),
                Command::Close { attempt, .. } => assert!(open.remove(&attempt)),
                Command::Say { envelope, .. } => {
                    assert!(unpack(&envelope).is_ok(), "we say no nonsense");
                    said = envelope;
                }
                Command::Met { .. } => panic!("it believes a stranger"),
                Command::End(_) => over = true,
                _ => {}
            }
        }
        if over {
            assert!(open.is_empty() && guide.deadline().is_none());
        }
    }
});
