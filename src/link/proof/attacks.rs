//! What others may try, and what becomes of it: the tests that `docs/security.md` names.
//!
//! A man in the middle, M, sits on two channels with a certificate of his own on each. He has
//! heard every beacon, answers in whatever order he likes, and computes as much as he wants.

use super::testing::{Party, certificate, chance, converse, encounter, two};
use super::*;
use super::{
    message::Claims,
    transcript::{Transcript, commitment},
};

const A: u8 = b'a';
const B: u8 = b'b';
const M: u8 = b'm';

/// Meetings that are tried. In so many the first words agree by chance about 78 times.
const MEETINGS: u64 = 20_000;

/// So many words more than that come about by chance once in three million runs: five standard
/// deviations of a binomial distribution.
fn at_most_by_chance(meetings: u64) -> u64 {
    let p = 1.0 / 256.0;
    let mean = meetings as f64 * p;
    (mean + 5.0 * (mean * (1.0 - p)).sqrt()) as u64
}

/// A and B, each with M at the other end.
fn victims(secret: Option<u8>, code: Option<&str>, number: u64) -> (Party, Party) {
    (
        Party::new(encounter(Side::Offerer, secret, code), A, M, 4 * number),
        Party::new(
            encounter(Side::Answerer, secret, code),
            B,
            M,
            4 * number + 1,
        ),
    )
}

/// M towards A, and M towards B.
fn middle(secret: Option<u8>, code: Option<&str>, number: u64) -> (Party, Party) {
    (
        Party::new(
            encounter(Side::Answerer, secret, code),
            M,
            A,
            4 * number + 2,
        ),
        Party::new(encounter(Side::Offerer, secret, code), M, B, 4 * number + 3),
    )
}

fn first_words_agree(a: &Party, b: &Party) -> bool {
    let first = |party: &Party| party.words().expect("M plays by the rules").each()[0];
    first(a) == first(b)
}

#[test]
fn a_man_in_the_middle_makes_the_words_agree_no_more_often_than_chance() {
    let mut agreed = 0;
    for number in 0..MEETINGS {
        let (mut a, mut b) = victims(Some(1), None, number);
        let (mut to_a, mut to_b) = middle(Some(1), None, number);
        converse(&mut a, &mut to_a, |_, _| {});
        converse(&mut to_b, &mut b, |_, _| {});
        agreed += u64::from(first_words_agree(&a, &b));
    }
    assert!(agreed <= at_most_by_chance(MEETINGS), "{agreed}");
}

#[test]
fn a_man_in_the_middle_who_waits_to_see_all_he_can_gains_nothing() {
    // M is done with A, knows its words, and only then is bound towards B: to whichever of a
    // hundred nonces looks best, were B to use the nonce that it used last.
    let mut agreed = 0;
    let meetings = MEETINGS / 20;
    let mut last = chance(1)[..16].try_into().expect("16 bytes");
    for number in 0..meetings {
        let (mut a, mut b) = victims(None, None, number);
        let (mut to_a, _) = middle(None, None, number);
        converse(&mut a, &mut to_a, |_, _| {});
        let wanted = a.words().expect("proven").each()[0];
        let best = (0..100)
            .map(|n| 1_000_000 + 100 * number + n)
            .find(|&n| words(nonce(n), last).each()[0] == wanted)
            .unwrap_or(0);
        let mut to_b = Party::new(encounter(Side::Offerer, None, None), M, B, best);
        converse(&mut to_b, &mut b, |_, _| {});
        agreed += u64::from(first_words_agree(&a, &b));
        last = b.said[1][1..17].try_into().expect("16 bytes");
    }
    assert!(agreed <= at_most_by_chance(meetings), "{agreed}");
}

#[test]
fn a_man_in_the_middle_who_grinds_nonces_is_stopped_by_his_commitment() {
    let (mut a, mut b) = victims(None, None, 1);
    let (mut to_a, to_b) = middle(None, None, 1);
    converse(&mut a, &mut to_a, |_, _| {});
    let wanted = &a.words().expect("proven").each()[..2];
    // B is given a commitment, as it must be, and shows its nonce.
    b.hear(&to_b.said[0]);
    let b_nonce = b.last()[1..17].try_into().expect("16 bytes");
    // Now M knows all there is. Two words of four are found in a second; four would be a matter
    // of an hour.
    let ground = (0..1_000_000)
        .map(nonce)
        .find(|&ours| &words(ours, b_nonce).each()[..2] == wanted)
        .expect("65,536 tries are enough on average");
    let forged = Message::Reveal {
        nonce: ground,
        element: None,
    };
    b.hear(&forged.encode());
    assert_eq!(b.error(), Some(&ProofError::BrokenCommitment));
}

/// The words that B would show if M, its offerer, had the first nonce and B the second.
fn words(ours: [u8; 16], theirs: [u8; 16]) -> Words {
    let certificates = Certificates {
        ours: certificate(M),
        theirs: certificate(B),
    };
    let claims = Claims::default();
    Transcript::new(Side::Offerer, &certificates, claims, ours, theirs).words()
}

/// The nonce of whoever has that chance.
fn nonce(number: u64) -> [u8; 16] {
    chance(number)[..16].try_into().expect("16 bytes")
}

#[test]
fn nobody_sees_a_nonce_before_being_bound_to_one() {
    let (mut a, _) = two(
        encounter(Side::Offerer, None, None),
        encounter(Side::Answerer, None, None),
        7,
    );
    let secret = nonce(14);
    assert!(!a.said[0].windows(16).any(|bytes| bytes == secret));
    let greedy = Message::Reveal {
        nonce: [0; 16],
        element: None,
    };
    a.hear(&greedy.encode());
    assert!(matches!(a.error(), Some(ProofError::OutOfTurn { .. })));
    assert_eq!(a.said.len(), 1, "it said more than its hello");
}

#[test]
fn a_relay_with_other_certificates_is_found_out_without_anybody_looking() {
    // M hands on every word unchanged.
    for (secret, code) in [(None, None), (Some(1), None), (None, Some("blue"))] {
        let (mut a, mut b) = victims(secret, code, 2);
        converse(&mut a, &mut b, |_, _| {});
        assert_eq!(a.error(), Some(&ProofError::BrokenCommitment));
        assert_eq!(b.error(), Some(&ProofError::BrokenCommitment));
    }
}

#[test]
fn one_who_did_not_hear_the_beacon_is_a_stranger() {
    let (mut a, mut b) = two(
        encounter(Side::Offerer, Some(1), None),
        encounter(Side::Answerer, Some(2), None),
        8,
    );
    converse(&mut a, &mut b, |_, _| {});
    assert_eq!(a.error(), Some(&ProofError::Stranger));
    assert_eq!(b.error(), Some(&ProofError::Stranger));
}

#[test]
fn the_proof_of_one_channel_is_worth_nothing_in_another() {
    // M did not hear the beacon, and hands what A says to B, who did, and back.
    let (mut a, mut b) = victims(Some(1), None, 3);
    let (mut to_a, mut to_b) = middle(Some(2), None, 3);
    for (victim, m) in [(&mut a, &mut to_a), (&mut b, &mut to_b)] {
        for n in 0..2 {
            let (theirs, ours) = (victim.said[n].clone(), m.said[n].clone());
            m.hear(&theirs);
            victim.hear(&ours);
        }
    }
    let (from_a, from_b) = (a.last().to_vec(), b.last().to_vec());
    a.hear(&from_b);
    b.hear(&from_a);
    assert_eq!(a.error(), Some(&ProofError::Stranger));
    assert_eq!(b.error(), Some(&ProofError::Stranger));
}

#[test]
fn a_proof_played_back_is_worth_nothing() {
    // B meets one who plays back what A said in an earlier meeting of the same certificates.
    let meeting = |number| {
        two(
            encounter(Side::Offerer, Some(1), None),
            encounter(Side::Answerer, Some(1), None),
            number,
        )
    };
    let (mut a, mut b) = meeting(9);
    converse(&mut a, &mut b, |_, _| {});
    assert!(b.words().is_some());
    let (_, mut later) = meeting(10);
    a.said.iter().for_each(|message| later.hear(message));
    assert_eq!(later.error(), Some(&ProofError::Stranger));
}

#[test]
fn what_is_thrown_back_is_known_again() {
    let alone = || Party::new(encounter(Side::Offerer, Some(1), None), A, M, 11);
    // The whole hello.
    let mut a = alone();
    a.hear(&a.said[0].clone());
    assert_eq!(a.error(), Some(&ProofError::Reflected));
    // The commitment and nonce in the words of the other side.
    let mut a = alone();
    let mut hello = a.said[0].clone();
    hello[2] ^= 1;
    a.hear(&hello);
    a.hear(&a.said[1].clone());
    assert_eq!(a.error(), Some(&ProofError::BrokenCommitment));
    // The HMAC, after a hello and a nonce of his own.
    let mut a = alone();
    let mut m = Party::new(encounter(Side::Answerer, Some(2), None), M, A, 12);
    for n in 0..2 {
        let (from_a, from_m) = (a.said[n].clone(), m.said[n].clone());
        m.hear(&from_a);
        a.hear(&from_m);
    }
    a.hear(&a.said[2].clone());
    assert_eq!(a.error(), Some(&ProofError::Stranger));
    // Our own certificate.
    let mut a = Party::new(encounter(Side::Offerer, None, None), A, A, 13);
    let b = Party::new(encounter(Side::Answerer, None, None), A, A, 14);
    a.hear(b.last());
    assert_eq!(a.error(), Some(&ProofError::Reflected));
}

#[test]
fn a_man_in_the_middle_without_the_code_gets_past_neither_side() {
    // He guesses.
    let (mut a, mut b) = victims(None, Some("blue horse"), 4);
    let (mut to_a, mut to_b) = middle(None, Some("blue house"), 4);
    converse(&mut a, &mut to_a, |_, _| {});
    converse(&mut to_b, &mut b, |_, _| {});
    assert_eq!(a.error(), Some(&ProofError::WrongCode));
    assert_eq!(b.error(), Some(&ProofError::WrongCode));
    // He is bound to nonces of his own, and hands on the exchange of the two who know the code.
    let (mut a, mut b) = victims(None, Some("blue horse"), 5);
    let (to_a, to_b) = middle(None, Some("blue house"), 5);
    a.hear(&to_a.said[0]);
    b.hear(&to_b.said[0]);
    let hand_on = |victim: &Party, number| Message::Reveal {
        nonce: nonce(number),
        element: victim.last()[17..].try_into().ok(),
    };
    let (for_a, for_b) = (hand_on(&b, 4 * 5 + 2), hand_on(&a, 4 * 5 + 3));
    a.hear(&for_a.encode());
    b.hear(&for_b.encode());
    let (from_a, from_b) = (a.last().to_vec(), b.last().to_vec());
    a.hear(&from_b);
    b.hear(&from_a);
    assert_eq!(a.error(), Some(&ProofError::WrongCode));
    assert_eq!(b.error(), Some(&ProofError::WrongCode));
}

#[test]
fn who_did_not_hear_the_beacon_gets_no_guess_at_the_code() {
    let ours = encounter(Side::Offerer, Some(1), Some("blue horse"));
    for number in 0..10 {
        let mut a = Party::new(ours.clone(), A, M, 2 * number);
        let guess = encounter(Side::Answerer, Some(2), Some("blue horse"));
        let mut m = Party::new(guess, M, A, 2 * number + 1);
        converse(&mut a, &mut m, |_, _| {});
        assert_eq!(a.error(), Some(&ProofError::Stranger));
        assert_eq!(a.said.len(), 3, "it spoke of the code");
    }
}

#[test]
fn points_that_are_none_are_no_guess() {
    // The neutral point, a point of small order, no point at all, and our own side's letter.
    let mut neutral = [0; 33];
    neutral[1] = 1;
    let mut small = [0; 33];
    small[0] = 0;
    let none = [0xff; 33];
    for mut element in [neutral, small, none] {
        for letter in [b'A', b'B'] {
            element[0] = letter;
            let mut a = Party::new(encounter(Side::Offerer, None, Some("blue")), A, M, 15);
            let m = Party::new(encounter(Side::Answerer, None, Some("red")), M, A, 16);
            a.hear(&m.said[0]);
            let reveal = Message::Reveal {
                nonce: nonce(16),
                element: Some(element),
            };
            a.hear(&reveal.encode());
            a.hear(&[&[34], &[0; 32][..]].concat());
            assert!(matches!(
                a.error(),
                Some(ProofError::Malformed { .. } | ProofError::WrongCode)
            ));
        }
    }
}

#[test]
fn nobody_is_talked_out_of_a_proof() {
    let all = [
        (None, None),
        (Some(1), None),
        (None, Some("blue")),
        (Some(1), Some("blue")),
    ];
    for ours in all {
        for theirs in all.into_iter().filter(|theirs| *theirs != ours) {
            let (mut a, mut b) = two(
                encounter(Side::Offerer, ours.0, ours.1),
                encounter(Side::Answerer, theirs.0, theirs.1),
                17,
            );
            converse(&mut a, &mut b, |_, _| {});
            let expected = |ours: (Option<u8>, Option<&str>), theirs: (Option<u8>, _)| {
                if ours.0 != theirs.0 {
                    let ours = ours.0.is_some();
                    ProofError::SecretMismatch { ours }
                } else {
                    let ours = ours.1.is_some();
                    ProofError::CodeMismatch { ours }
                }
            };
            assert_eq!(a.error(), Some(&expected(ours, theirs)));
            assert_eq!(b.error(), Some(&expected(theirs, ours)));
            assert_eq!((a.said.len(), b.said.len()), (1, 1), "more than a hello");
        }
    }
}

#[test]
fn a_commitment_binds_the_side_the_meeting_and_the_nonce() {
    let certificates = Certificates {
        ours: certificate(A),
        theirs: certificate(B),
    };
    let turned = Certificates {
        ours: certificate(B),
        theirs: certificate(A),
    };
    let all = [
        commitment(Side::Offerer, &certificates, &[1; 16]),
        commitment(Side::Offerer, &certificates, &[2; 16]),
        commitment(Side::Answerer, &certificates, &[1; 16]),
        commitment(Side::Offerer, &turned, &[1; 16]),
    ];
    for (i, a) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|b| a != b));
    }
}
