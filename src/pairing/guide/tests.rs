use super::{
    testing::{End, Room, Way, description, ms},
    *,
};
use crate::{
    link::{Certificates, Encounter, Proof, ProofError, Secret as Heard, Side},
    pairing::Failure,
    signal::{Arrival, Beacon, Description, Invitation, Pwd, Role, Secret, Tag, pack},
};
use proptest::prelude::*;

fn code(text: &str) -> GuideOptions {
    GuideOptions {
        code: Some(text.parse().unwrap()),
        ..GuideOptions::default()
    }
}

fn beacon(fingerprint: Fingerprint) -> Beacon {
    Beacon {
        fingerprint,
        secret: Secret([1, 2, 3, 4, 5, 6, 7, 8]),
        max_message_size: 65_536,
        candidates: description(99, Role::Offer).candidates,
    }
}

/// A guide that has begun, made its first offer, and heard this.
fn hearing(ways: Ways, envelope: &[u8]) -> (Guide, Vec<Command>) {
    let mut guide = Guide::new(GuideOptions {
        ways,
        ..GuideOptions::default()
    });
    tell(&mut guide, 0, Told::Start);
    let sdp = description(1, Role::Offer).to_sdp();
    let attempt = Attempt(1);
    tell(&mut guide, 10, Told::Described { attempt, sdp });
    let envelope = envelope.to_vec();
    let commands = tell(&mut guide, 50, Told::Heard { envelope });
    (guide, commands)
}

fn tell(guide: &mut Guide, at: u64, told: Told) -> Vec<Command> {
    guide.tell(ms(at), told).collect()
}

fn said(commands: &[Command]) -> Option<Vec<u8>> {
    commands.iter().find_map(|command| match command {
        Command::Say { envelope, .. } => Some(envelope.clone()),
        _ => None,
    })
}

/// A guide that has said its invitation, at 2 s at the latest.
fn inviting() -> (Guide, Invitation) {
    let mut guide = Guide::new(GuideOptions::default());
    tell(&mut guide, 0, Told::Start);
    let attempt = Attempt(1);
    let sdp = description(1, Role::Offer).to_sdp();
    let commands = tell(&mut guide, 10, Told::Described { attempt, sdp });
    let [
        Command::Accept {
            provisional: true,
            sdp,
            ..
        },
    ] = &commands[..]
    else {
        panic!("{commands:?}");
    };
    let foretold = Description::from_sdp(sdp, Role::Answer).unwrap();
    let commands = wait(&mut guide, 2000);
    let Ok(Signal::Invitation(invitation)) = unpack(&said(&commands).expect("it speaks")) else {
        panic!("{commands:?}");
    };
    assert_eq!(invitation.offer(), description(1, Role::Offer));
    assert_eq!(foretold, invitation.foretold_answer());
    tell(&mut guide, 2000, Told::Started { air: ms(500) });
    (guide, invitation)
}

/// What the channel of the guest's connection shows.
fn opened_to_guest() -> Told {
    opened(Attempt(1), [1; 32], [2; 32])
}

fn opened(attempt: Attempt, ours: [u8; 32], theirs: [u8; 32]) -> Told {
    Told::Opened {
        attempt,
        certificates: Certificates { ours, theirs },
        chance: Box::new([5; 48]),
    }
}

/// The guest proves itself, having heard that secret, until it has nothing more to say.
fn proves(guide: &mut Guide, at: u64, secret: [u8; 8], mut asked: Vec<Command>) -> Vec<Command> {
    let encounter = Encounter {
        side: Side::Answerer,
        secret: Some(Heard::new(secret)),
        code: None,
    };
    let certificates = Certificates {
        ours: [2; 32],
        theirs: [1; 32],
    };
    let attempt = Attempt(1);
    let (mut guest, knock) = Proof::new(&encounter, certificates, &[6; 48]);
    asked.extend(tell(
        guide,
        at,
        Told::Message {
            attempt,
            bytes: knock,
        },
    ));
    let mut read = 0;
    while read < asked.len() {
        if let Command::Send { bytes, .. } = asked[read].clone()
            && let Ok(step) = guest.handle(&bytes)
        {
            for bytes in step.say {
                asked.extend(tell(guide, at, Told::Message { attempt, bytes }));
            }
        }
        read += 1;
    }
    asked
}

#[test]
fn a_guest_comes_unasked_and_one_sound_is_enough() {
    let (mut guide, invitation) = inviting();
    let attempt = Attempt(1);
    let commands = tell(&mut guide, 2100, Told::Reached { attempt });
    assert_eq!(
        commands,
        [
            Command::Hush,
            Command::Note(Note::Knocked),
            Command::Note(Note::Connecting)
        ]
    );
    let asked = tell(&mut guide, 2110, opened_to_guest());
    let commands = proves(&mut guide, 2120, invitation.guest().secret.0, asked);
    assert!(
        matches!(
            commands.last(),
            Some(Command::Met {
                way: Way::OneSound,
                ..
            })
        ),
        "{commands:?}"
    );
}

#[test]
fn a_guest_who_did_not_hear_the_invitation_is_left() {
    let (mut guide, invitation) = inviting();
    let attempt = Attempt(1);
    tell(&mut guide, 2100, Told::Reached { attempt });
    let asked = tell(&mut guide, 2110, opened_to_guest());
    let mut secret = invitation.guest().secret.0;
    secret[0] ^= 1;
    let commands = proves(&mut guide, 2120, secret, asked);
    assert!(commands.contains(&Command::Close {
        attempt,
        gently: true
    }));
    assert!(guide.deadline().is_some(), "it goes on");
}

#[test]
fn a_guest_is_not_let_in_while_somebody_else_is_and_keeps_knocking() {
    let (mut guide, invitation) = inviting();
    let attempt = Attempt(1);
    // Somebody's beacon whose hash is lower stands against ours; one that is higher yields.
    let ours = crate::pairing::words::hash(&pack(&invitation.clone().into()));
    let lower = (0..=255u8)
        .map(|n| pack(&beacon(Fingerprint::Sha256([n; 32])).into()))
        .find(|packed| crate::pairing::words::hash(packed) < ours)
        .expect("one of many is lower");
    tell(&mut guide, 2010, Told::Heard { envelope: lower });
    let sdp = description(2, Role::Offer).to_sdp();
    let other = Attempt(2);
    tell(
        &mut guide,
        2020,
        Told::Described {
            attempt: other,
            sdp,
        },
    );
    assert_eq!(tell(&mut guide, 2100, Told::Reached { attempt }), []);
    assert_eq!(tell(&mut guide, 2110, opened_to_guest()), []);
    assert!(guide.deadline().is_some_and(|due| due <= ms(2200)));
    // The other comes to nothing.
    let words = "gone".to_owned();
    let mut commands = tell(
        &mut guide,
        2150,
        Told::Failed {
            attempt: other,
            words,
        },
    );
    commands.extend(wait(&mut guide, 2400));
    assert!(
        commands.contains(&Command::Note(Note::Knocked)),
        "{commands:?}"
    );
    let commands = proves(&mut guide, 2400, invitation.guest().secret.0, commands);
    assert!(
        matches!(commands.last(), Some(Command::Met { .. })),
        "{commands:?}"
    );
}

#[test]
fn who_could_not_come_unasked_says_where_it_is() {
    let (mut guide, invitation) = inviting();
    let arrival = Arrival {
        answers: Tag::of(&pack(&invitation.clone().into())),
        candidates: description(7, Role::Offer).candidates,
    };
    let envelope = pack(&Signal::Arrival(arrival.clone()));
    let commands = tell(&mut guide, 2700, Told::Heard { envelope });
    let accept = commands.iter().find_map(|command| match command {
        Command::Accept {
            sdp,
            provisional: false,
            ..
        } => Some(Description::from_sdp(sdp, Role::Answer).unwrap()),
        _ => None,
    });
    let expected = Description {
        answers: None,
        ..invitation.answer_by(&arrival)
    };
    assert_eq!(accept, Some(expected), "{commands:?}");
    tell(
        &mut guide,
        2710,
        Told::Reached {
            attempt: Attempt(1),
        },
    );
    let asked = tell(&mut guide, 2720, opened_to_guest());
    let commands = proves(&mut guide, 2730, invitation.guest().secret.0, asked);
    assert!(
        matches!(
            commands.last(),
            Some(Command::Met {
                way: Way::TwoSounds,
                ..
            })
        ),
        "{commands:?}"
    );
}

/// Ticks until then; gives what was asked for.
fn wait(guide: &mut Guide, until: u64) -> Vec<Command> {
    let mut asked = Vec::new();
    while let Some(due) = guide.deadline().filter(|due| *due < ms(until)) {
        asked.extend(guide.tell(due, Told::Tick));
    }
    asked
}

#[test]
fn two_pages_meet_by_two_sounds_and_see_the_same_words() {
    for seed in 0..200 {
        let begins = ms(seed * 37 % 4000);
        let options = GuideOptions::default();
        let room = Room::new(vec![(options.clone(), ms(0)), (options, begins)], seed);
        let (ends, took) = room.drive();
        let [End::Met(a, Way::TwoSounds), End::Met(b, Way::TwoSounds)] = &ends[..] else {
            panic!("{seed}: {ends:?}");
        };
        assert_eq!((a.words, a.root, a.by_code), (b.words, b.root, false));
        // As long as the machines of command lines take at most, which say the same.
        assert!(took < begins + ms(20_000), "{seed}: {took:?}");
    }
}

#[test]
fn two_pages_whose_invitations_cross_meet_by_an_answer_to_one_of_them() {
    for seed in 0..200 {
        let mut options = GuideOptions::default();
        options.timing.listen_spread = ms(0);
        let mut room = Room::new(vec![(options.clone(), ms(0)), (options, ms(0))], seed);
        room.full_duplex = true;
        let (ends, took) = room.drive();
        let [End::Met(a, Way::TwoSounds), End::Met(b, Way::TwoSounds)] = &ends[..] else {
            panic!("{seed}: {ends:?}");
        };
        assert_eq!(a.words, b.words);
        // Two words of 0.4 s; a third would come after a pause of half a second.
        assert!(took < ms(1500), "{seed}: {took:?}");
    }
}

#[test]
fn that_an_engine_lets_us_in_does_not_mean_that_its_page_heard_our_answer() {
    let invitation = Invitation::from_offer(&description(9, Role::Offer)).unwrap();
    let (mut guide, _) = hearing(Ways::Both, &pack(&invitation.into()));
    let attempt = Attempt(2);
    let sdp = description(2, Role::Answer).to_sdp();
    let mut commands = tell(&mut guide, 60, Told::Described { attempt, sdp });
    commands.extend(tell(&mut guide, 70, Told::Reached { attempt }));
    let answer = said(&commands).expect("it answers");
    assert!(!commands.contains(&Command::Note(Note::Connecting)));
    tell(&mut guide, 100, Told::Started { air: ms(500) });
    tell(&mut guide, 600, Told::Finished);
    assert_eq!(said(&wait(&mut guide, 3000)), Some(answer), "once more");
    let opened = opened(attempt, [2; 32], [9; 32]);
    let commands = tell(&mut guide, 3010, opened);
    assert!(commands.contains(&Command::Note(Note::Connecting)));
}

#[test]
fn a_code_is_compared_and_a_wrong_one_ends_it_for_both() {
    let pair = |a, b| {
        let (ends, _) = Room::new(vec![(a, ms(0)), (b, ms(700))], 7).drive();
        ends
    };
    let met = pair(code("blue horse"), code("Blue  horse"));
    assert!(
        met.iter()
            .all(|end| matches!(end, End::Met(p, _) if p.by_code)),
        "{met:?}"
    );
    let wrong = pair(code("blue horse"), code("red horse"));
    let told = |end: &End| *end == End::Ended(Ended::Proof(ProofError::WrongCode));
    assert!(wrong.iter().any(told), "{wrong:?}");
    assert!(!wrong.iter().any(|end| matches!(end, End::Met(..))));
    let one = pair(code("blue horse"), GuideOptions::default());
    for end in one {
        assert!(
            matches!(
                end,
                End::Ended(Ended::Proof(ProofError::CodeMismatch { .. }))
            ),
            "{end:?}"
        );
    }
}

#[test]
fn where_the_network_brings_nothing_both_are_told_so() {
    let options = GuideOptions::default();
    let mut room = Room::new(vec![(options.clone(), ms(0)), (options, ms(900))], 3);
    room.network = false;
    let (ends, _) = room.drive();
    let apart = |end: &End| matches!(end, End::Ended(Ended::Failed(Failure::NoRoute(_))));
    assert!(ends.iter().any(apart), "{ends:?}");
}

#[test]
fn a_beacon_is_approached_at_once_and_answered_by_sound_only_if_that_brings_nothing() {
    let beacon = beacon(Fingerprint::Sha256([9; 32]));
    let packed = pack(&beacon.clone().into());
    let (mut guide, commands) = hearing(Ways::Both, &packed);
    let attempt = Attempt(2);
    assert!(
        commands.contains(&Command::Offer { attempt }),
        "{commands:?}"
    );
    let ours = description(2, Role::Offer);
    let sdp = ours.to_sdp();
    let commands = tell(&mut guide, 100, Told::Described { attempt, sdp });
    let [
        Command::Accept {
            sdp,
            provisional: false,
            ..
        },
    ] = &commands[..]
    else {
        panic!("{commands:?}");
    };
    let theirs = Description::from_sdp(sdp, Role::Answer).unwrap();
    let pwd: Pwd = ours.ice_credentials().pwd;
    assert_eq!(theirs, beacon.answer_to(&pwd));

    assert_eq!(said(&wait(&mut guide, 2000)), None);
    let answer = said(&wait(&mut guide, 2200)).expect("an answer is said");
    let Ok(Signal::Description(answer)) = unpack(&answer) else {
        panic!("{answer:?}");
    };
    assert_eq!(answer.answers(), Some(Tag::of(&packed)));
    assert_eq!(answer.ice_credentials(), ours.ice_credentials());
    assert_eq!(answer.fingerprint, ours.fingerprint.truncated());
}

#[test]
fn a_beacon_of_half_a_fingerprint_is_nothing_an_engine_can_use() {
    let half = beacon(Fingerprint::Sha256([9; 32]).truncated());
    let (_, commands) = hearing(Ways::Both, &pack(&half.into()));
    assert_eq!(commands, []);
}

#[test]
fn by_two_sounds_nobody_is_approached_before_our_answer_was_said() {
    let packed = pack(&beacon(Fingerprint::Sha256([9; 32])).into());
    let (mut guide, _) = hearing(Ways::TwoSounds, &packed);
    let attempt = Attempt(2);
    let sdp = description(2, Role::Offer).to_sdp();
    let mut commands = tell(&mut guide, 100, Told::Described { attempt, sdp });
    commands.extend(wait(&mut guide, 400));
    assert!(
        matches!(commands[..], [Command::Say { .. }]),
        "{commands:?}"
    );
    tell(&mut guide, 400, Told::Started { air: ms(400) });
    assert_eq!(wait(&mut guide, 800), []);
    tell(&mut guide, 800, Told::Finished);
    let accepts = |commands: Vec<Command>| {
        let accept = |command: &Command| matches!(command, Command::Accept { .. });
        commands.iter().any(accept)
    };
    assert!(!accepts(wait(&mut guide, 1799)));
    assert!(accepts(wait(&mut guide, 1810)));
}

#[test]
fn an_engine_that_cannot_even_describe_itself_is_the_end() {
    let mut guide = Guide::new(GuideOptions::default());
    let mut commands = tell(&mut guide, 0, Told::Start);
    let mut tried = 0;
    while let Some(Command::Offer { attempt }) = commands
        .iter()
        .find(|command| matches!(command, Command::Offer { .. }))
    {
        let attempt = *attempt;
        tried += 1;
        assert!(tried <= MOST_FAILURES);
        let sdp = "v=0\r\n".to_owned();
        commands = tell(&mut guide, tried.into(), Told::Described { attempt, sdp });
    }
    assert!(
        matches!(commands.last(), Some(Command::End(Ended::Engine(_)))),
        "{commands:?}"
    );
    assert_eq!(guide.deadline(), None);
    assert_eq!(tell(&mut guide, 99, Told::Tick), []);
}

#[test]
fn cancelling_lets_go_of_every_connection() {
    let packed = pack(&beacon(Fingerprint::Sha256([9; 32])).into());
    let (mut guide, _) = hearing(Ways::Both, &packed);
    let commands = tell(&mut guide, 60, Told::Cancel);
    for attempt in [1, 2] {
        let close = |command: &Command| matches!(command, Command::Close { attempt: a, .. } if a.0 == attempt);
        assert!(commands.iter().any(close), "{attempt}: {commands:?}");
    }
    assert_eq!(
        commands.last(),
        Some(&Command::End(Ended::Failed(Failure::Cancelled)))
    );
}

#[test]
fn who_does_not_have_the_beacons_secret_is_left() {
    let packed = pack(&beacon(Fingerprint::Sha256([9; 32])).into());
    let (mut guide, _) = hearing(Ways::Both, &packed);
    let attempt = Attempt(2);
    let sdp = description(2, Role::Offer).to_sdp();
    tell(&mut guide, 100, Told::Described { attempt, sdp });
    tell(&mut guide, 110, Told::Reached { attempt });
    let opened = opened(attempt, [2; 32], [9; 32]);
    let commands = tell(&mut guide, 120, opened);
    assert!(matches!(commands[..], [Command::Send { .. }]));
    // A hello of somebody who claims nothing.
    let hello = [&[0, crate::link::VERSION, 0][..], &[7; 32]].concat();
    let message = Told::Message {
        attempt,
        bytes: hello,
    };
    let commands = tell(&mut guide, 130, message);
    let trouble = |command: &Command| matches!(command, Command::Trouble(_));
    assert!(commands.iter().any(trouble), "{commands:?}");
    assert!(commands.contains(&Command::Close {
        attempt,
        gently: true
    }));
    assert!(guide.deadline().is_some(), "it goes on");
}

#[test]
fn who_says_nothing_in_the_channel_is_left_too() {
    let packed = pack(&beacon(Fingerprint::Sha256([9; 32])).into());
    let (mut guide, _) = hearing(Ways::Both, &packed);
    let attempt = Attempt(2);
    let sdp = description(2, Role::Offer).to_sdp();
    tell(&mut guide, 100, Told::Described { attempt, sdp });
    let opened = opened(attempt, [2; 32], [9; 32]);
    tell(&mut guide, 120, opened);
    let commands = wait(&mut guide, 6000);
    assert!(commands.contains(&Command::Close {
        attempt,
        gently: true
    }));
}

fn told() -> impl Strategy<Value = Told> {
    let attempt = (0..6u32).prop_map(Attempt);
    let bytes = proptest::collection::vec(any::<u8>(), 0..60);
    let envelope = prop_oneof![
        bytes.clone(),
        any::<[u8; 32]>().prop_map(|fp| pack(&beacon(Fingerprint::Sha256(fp)).into())),
        (0..200u8).prop_map(|n| {
            let invitation = Invitation::from_offer(&description(n, Role::Offer));
            pack(&invitation.expect("an offer").into())
        }),
        any::<u8>().prop_map(|tag| {
            let candidates = description(1, Role::Offer).candidates;
            let answers = Tag(tag);
            pack(&Signal::Arrival(Arrival {
                answers,
                candidates,
            }))
        }),
        (0..200u8).prop_map(|n| pack(&description(n, Role::Offer).into())),
        (0..200u8, any::<u8>()).prop_map(|(n, tag)| {
            let mut answer = description(n, Role::Answer);
            answer.answers = Some(Tag(tag));
            pack(&answer.into())
        }),
    ];
    prop_oneof![
        Just(Told::Start),
        Just(Told::Garbled),
        Just(Told::Finished),
        (0..3000u64).prop_map(|n| Told::Carrier { length: ms(n) }),
        (0..3000u64).prop_map(|n| Told::Started { air: ms(n) }),
        envelope.prop_map(|envelope| Told::Heard { envelope }),
        (attempt.clone(), 0..200u8).prop_map(|(attempt, n)| Told::Described {
            attempt,
            sdp: description(n, Role::Offer).to_sdp()
        }),
        (attempt.clone(), ".{0,60}").prop_map(|(attempt, sdp)| Told::Described { attempt, sdp }),
        attempt
            .clone()
            .prop_map(|attempt| Told::Reached { attempt }),
        (attempt.clone(), any::<[[u8; 32]; 2]>()).prop_map(|(attempt, [ours, theirs])| {
            Told::Opened {
                attempt,
                certificates: Certificates { ours, theirs },
                chance: Box::new([3; 48]),
            }
        }),
        (attempt.clone(), bytes).prop_map(|(attempt, bytes)| Told::Message { attempt, bytes }),
        attempt.prop_map(|attempt| Told::Failed {
            attempt,
            words: "so".to_owned()
        }),
    ]
}

proptest! {
    #[test]
    fn whatever_is_told_in_whatever_order_does_no_harm(
        all in proptest::collection::vec((told(), 0..2000u64), 0..150),
    ) {
        let mut guide = Guide::new(GuideOptions::default());
        tell(&mut guide, 0, Told::Start);
        let mut now = 0;
        let mut live = std::collections::BTreeSet::from([Attempt(1)]);
        let mut over = false;
        for (told, later) in all {
            now += later;
            let commands = tell(&mut guide, now, told);
            prop_assert!(commands.len() <= 20, "{commands:?}");
            for command in commands {
                prop_assert!(!over, "{command:?} after the end");
                match command {
                    Command::Offer { attempt } | Command::Answer { attempt, .. } => {
                        prop_assert!(live.insert(attempt));
                    }
                    Command::Close { attempt, .. } => prop_assert!(live.remove(&attempt)),
                    Command::Accept { attempt, .. } | Command::Send { attempt, .. } => {
                        prop_assert!(live.contains(&attempt));
                    }
                    Command::End(_) | Command::Met { .. } => over = true,
                    _ => {}
                }
                prop_assert!(live.len() <= 3, "{live:?}");
            }
        }
    }
}
