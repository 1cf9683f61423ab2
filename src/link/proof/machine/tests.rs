use super::super::testing::{Party, chance, converse, encounter, two};
use super::*;
use crate::link::proof::CodeError;
use proptest::prelude::*;

type Means = (Option<u8>, Option<&'static str>);

const ALL: [Means; 4] = [
    (None, None),
    (Some(7), None),
    (None, Some("blue horse")),
    (Some(7), Some("blue horse")),
];

fn meeting(means: Means, number: u64) -> (Party, Party) {
    let side = |side| encounter(side, means.0, means.1);
    two(side(Side::Offerer), side(Side::Answerer), number)
}

#[test]
fn two_who_mean_each_other_are_proven_and_show_the_same_words() {
    for means in ALL {
        let (mut a, mut b) = meeting(means, 1);
        converse(&mut a, &mut b, |_, _| {});
        let (Some(Ok(a)), Some(Ok(b))) = (a.end, b.end) else {
            panic!("not proven with {means:?}");
        };
        assert_eq!(a, b);
        assert_eq!(a.by_code, means.1.is_some());
    }
}

#[test]
fn other_nonces_certificates_or_claims_are_other_words() {
    let words = |means, number| {
        let (mut a, mut b) = meeting(means, number);
        converse(&mut a, &mut b, |_, _| {});
        a.words().expect("proven")
    };
    let all = [
        words(ALL[0], 1),
        words(ALL[0], 2),
        words(ALL[1], 1),
        words(ALL[2], 1),
    ];
    for (i, a) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|b| a != b), "{all:?}");
    }
}

/// What two implementations of this version must agree on: computed apart from this one, with
/// Python's `hashlib` and `hmac`.
#[test]
fn the_words_and_the_tags_are_those_of_the_protocol() {
    let (mut a, mut b) = meeting(ALL[1], 1);
    converse(&mut a, &mut b, |_, _| {});
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(
        hex(&a.said[0]),
        "0001026761c0fabc6984443551face49f71e7eed2d2957eee864c299a616eab28b4d9f"
    );
    assert_eq!(hex(&a.said[1]), "201309ac3f4e41512820fbf259ae492bb6");
    assert_eq!(
        hex(&a.said[2]),
        "21806e75e1ad81e1a95ab6cdb228d3b42a546e23685d8214976b026e438a30221e"
    );
    assert_eq!(
        a.words().expect("proven").to_string(),
        "weasel bucket galaxy daisy"
    );
}

#[test]
fn a_message_twice_is_one_too_many() {
    for means in ALL {
        let (mut a, mut b) = meeting(means, 3);
        let hello = b.last().to_vec();
        a.hear(&hello);
        a.hear(&hello);
        let twice = ProofError::OutOfTurn {
            got: "hello",
            due: "nonce",
        };
        assert_eq!(a.error(), Some(&twice));
        assert_eq!(a.said.len(), 2, "it went on");
        b.hear(b"");
        assert_eq!(b.error(), Some(&ProofError::Malformed { got: 0 }));
    }
}

#[test]
fn a_knock_may_be_lost_on_either_side() {
    let party = |side, ours, theirs, number| {
        let certificates = Certificates {
            ours: [ours; 32],
            theirs: [theirs; 32],
        };
        Proof::new(
            &encounter(side, Some(7), None),
            certificates,
            &chance(number),
        )
        .0
    };
    for lost in [true, false] {
        let mut a = party(Side::Offerer, 1, 2, 1);
        let mut b = party(Side::Answerer, 2, 1, 2);
        let mut for_b = vec![a.handle(&Message::Knock.encode()).unwrap().say];
        if !lost {
            for_b.insert(0, vec![Message::Knock.encode()]);
        }
        let (mut for_a, mut words) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            for message in for_b.drain(..).flatten() {
                let step = b.handle(&message).unwrap();
                words.extend(step.proven.map(|proven| proven.words));
                for_a.push(step.say);
            }
            for message in for_a.drain(..).flatten() {
                let step = a.handle(&message).unwrap();
                words.extend(step.proven.map(|proven| proven.words));
                for_b.push(step.say);
            }
        }
        assert_eq!(words.len(), 2);
        assert_eq!(words[0], words[1]);
    }
}

#[test]
fn after_an_error_even_the_right_message_is_none() {
    let (mut a, b) = meeting(ALL[0], 4);
    assert!(a.proof.handle(b"nonsense").is_err());
    assert_eq!(
        a.proof.handle(b.last()),
        Err(ProofError::OutOfTurn {
            got: "hello",
            due: "silence"
        })
    );
}

#[test]
fn after_the_proof_nothing_more_is_taken() {
    let (mut a, mut b) = meeting(ALL[1], 5);
    converse(&mut a, &mut b, |_, _| {});
    let again = a.proof.handle(b.last());
    assert!(matches!(again, Err(ProofError::OutOfTurn { .. })));
}

proptest! {
    #[test]
    fn one_bit_changed_on_the_way_and_nobody_is_believed(
        means in 0..ALL.len(),
        number in any::<u64>(),
        which in 0usize..4,
        bit in 0usize..8 * 50,
    ) {
        let (mut a, mut b) = meeting(ALL[means], number / 2);
        let changed = std::cell::Cell::new(false);
        converse(&mut a, &mut b, |n, message| {
            if n == which {
                let bit = bit % (8 * message.len());
                message[bit / 8] ^= 1 << (bit % 8);
                changed.set(true);
            }
        });
        prop_assert_eq!(b.error().is_some(), changed.get());
    }

    #[test]
    fn whatever_comes_instead_of_the_right_message_is_refused(
        means in 0..ALL.len(),
        right in 0usize..3,
        junk in proptest::collection::vec(any::<u8>(), 0..200),
        kind in prop_oneof![Just(None), (0u8..40).prop_map(Some)],
    ) {
        let (mut a, mut b) = meeting(ALL[means], 6);
        // Some right messages first.
        for n in 0..right {
            let (from_a, from_b) = (a.said.get(n).cloned(), b.said.get(n).cloned());
            from_a.iter().for_each(|message| b.hear(message));
            from_b.iter().for_each(|message| a.hear(message));
        }
        prop_assume!(a.end.is_none());
        let mut junk = junk;
        if let (Some(kind), Some(first)) = (kind, junk.first_mut()) {
            *first = kind;
        }
        let said = a.said.len();
        a.hear(&junk);
        // A stranger's well-formed hello is a right one: it may begin, and get no further.
        let begins = junk.len() == 35 && right == 0 && a.end.is_none();
        prop_assert!(begins || a.error().is_some());
        prop_assert!(begins || a.said.len() == said);
    }

    #[test]
    fn any_text_is_a_code_or_an_error(text in ".{0,300}") {
        match text.parse::<crate::link::Code>() {
            Ok(code) => {
                let (_, hello) = Proof::new(
                    &Encounter { side: Side::Offerer, secret: None, code: Some(code) },
                    Certificates { ours: [1; 32], theirs: [2; 32] },
                    &chance(1),
                );
                prop_assert_eq!(hello.len(), 1);
            }
            Err(CodeError::Empty) => prop_assert!(text.trim().is_empty()),
            Err(CodeError::TooLong { got, max }) => prop_assert!(got > max),
        }
    }
}
