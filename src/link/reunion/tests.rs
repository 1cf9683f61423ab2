use super::*;
use proptest::prelude::*;

fn bonds(number: u8) -> (Bond, Bond) {
    let root = Root([number; 32]);
    (
        Bond::new(&root, Side::Offerer),
        Bond::new(&root, Side::Answerer),
    )
}

/// Certificates of the two ends of a connection of that number, seen from either side.
fn certificates(side: Side, connection: u8) -> Certificates {
    let (a, b) = ([connection; 32], [connection ^ 0x80; 32]);
    match side {
        Side::Offerer => Certificates { ours: a, theirs: b },
        Side::Answerer => Certificates { ours: b, theirs: a },
    }
}

/// One side, and what it has said.
struct Party {
    reunion: Reunion,
    said: Vec<Vec<u8>>,
    known: bool,
    heard: Option<u64>,
    end: Option<ReunionError>,
}

impl Party {
    fn new(bond: &Bond, certificates: Certificates, nonce: u8) -> Self {
        let (reunion, knock) = Reunion::new(bond, certificates, [nonce; NONCE]);
        Self {
            reunion,
            said: vec![knock],
            known: false,
            heard: None,
            end: None,
        }
    }

    fn hear(&mut self, message: &[u8]) {
        if self.end.is_some() {
            return;
        }
        match self.reunion.handle(message) {
            Ok(step) => {
                self.said.extend(step.say);
                self.known |= step.known;
                self.heard = self.heard.or(step.heard);
            }
            Err(error) => self.end = Some(error),
        }
    }
}

/// Two over one connection; `at` is its number.
fn two(a: &Bond, b: &Bond, at: u8) -> (Party, Party) {
    (
        Party::new(a, certificates(Side::Offerer, at), 2 * at),
        Party::new(b, certificates(Side::Answerer, at), 2 * at + 1),
    )
}

fn converse(a: &mut Party, b: &mut Party) {
    let (mut from_a, mut from_b) = (0, 0);
    while from_a < a.said.len() || from_b < b.said.len() {
        if let Some(message) = a.said.get(from_a).cloned() {
            b.hear(&message);
            from_a += 1;
        }
        if let Some(message) = b.said.get(from_b).cloned() {
            a.hear(&message);
            from_b += 1;
        }
    }
}

/// Both know each other and go on; the answerer's last word arrives or not.
fn reunited(a: &mut Bond, b: &mut Bond, at: u8, last_word: bool) {
    let (mut left, mut right) = two(a, b, at);
    converse(&mut left, &mut right);
    assert!(left.known && right.known, "{:?} {:?}", left.end, right.end);
    right.hear(&Reunion::resume(7));
    assert_eq!(right.heard, Some(7));
    *b = right.reunion.into_bond();
    if last_word {
        left.hear(&Reunion::resume(9));
        assert_eq!(left.heard, Some(9));
        *a = left.reunion.into_bond();
    }
}

#[test]
fn two_who_shared_a_link_know_each_other_again_and_again() {
    let (mut a, mut b) = bonds(1);
    for at in 1..20 {
        reunited(&mut a, &mut b, at, true);
        assert_eq!(a.now.bytes, b.now.bytes);
        b.settle();
    }
    assert_eq!(a.now.epoch, 19);
}

proptest! {
    #[test]
    fn whichever_last_words_are_lost_the_two_stay_in_step(
        arrives in proptest::collection::vec(any::<bool>(), 1..30),
    ) {
        let (mut a, mut b) = bonds(1);
        for (at, arrives) in arrives.into_iter().enumerate() {
            reunited(&mut a, &mut b, at as u8 + 1, arrives);
            if arrives {
                b.settle();
            }
        }
    }

    #[test]
    fn whatever_is_said_to_a_reunion_by_one_without_the_bond_is_not_believed(
        messages in proptest::collection::vec(
            (
                prop_oneof![Just(KNOCK), Just(AGAIN), Just(SAME), Just(RESUME), any::<u8>()],
                proptest::collection::vec(any::<u8>(), 0..60),
                any::<bool>(),
            ),
            0..8,
        ),
        answerer in any::<bool>(),
    ) {
        let (a, b) = bonds(1);
        let (side, bond) = if answerer { (Side::Answerer, b) } else { (Side::Offerer, a) };
        let mut party = Party::new(&bond, certificates(side, 1), 3);
        for (kind, rest, in_form) in messages {
            let mut message = [&[kind][..], &rest].concat();
            if in_form && kind == AGAIN {
                message = vec![AGAIN, letter(side.other())];
                message.extend([0; 8]);
                message.extend([9; NONCE]);
            }
            party.hear(&message);
            prop_assert!(!party.known && party.heard.is_none());
        }
    }
}

#[test]
fn who_has_another_bond_is_a_stranger() {
    let ((a, _), (_, b)) = (bonds(1), bonds(2));
    let (mut left, mut right) = two(&a, &b, 1);
    converse(&mut left, &mut right);
    assert_eq!(left.end, Some(ReunionError::Stranger));
    assert_eq!(right.end, Some(ReunionError::Stranger));
}

#[test]
fn one_between_the_two_who_hands_on_every_message_is_found_out() {
    // Each of the two has a connection with the one between, and so other certificates.
    let (a, b) = bonds(1);
    let mut left = Party::new(&a, certificates(Side::Offerer, 1), 1);
    let mut right = Party::new(&b, certificates(Side::Answerer, 2), 2);
    converse(&mut left, &mut right);
    assert_eq!(left.end, Some(ReunionError::Stranger));
    assert_eq!(right.end, Some(ReunionError::Stranger));
}

#[test]
fn a_reunion_played_back_is_worth_nothing() {
    let (a, b) = bonds(1);
    for (side, bond, other) in [(Side::Offerer, &a, &b), (Side::Answerer, &b, &a)] {
        // Recorded: all that the other side said at a reunion, even on a connection with the very
        // same certificates.
        let (mut left, mut right) = two(&a, &b, 1);
        converse(&mut left, &mut right);
        let recorded = if side == Side::Offerer {
            right.said
        } else {
            left.said
        };
        let mut again = Party::new(bond, certificates(side, 1), 77);
        for message in &recorded {
            again.hear(message);
        }
        assert_eq!(again.end, Some(ReunionError::Stranger), "{other:?}");
    }
}

#[test]
fn a_bond_that_is_over_is_worth_nothing() {
    let (mut a, mut b) = bonds(1);
    let stolen = b.clone();
    reunited(&mut a, &mut b, 1, true);
    b.settle();
    let (mut left, mut right) = two(&a, &stolen, 2);
    converse(&mut left, &mut right);
    assert!(!left.known && !right.known);
    let (mut left, mut right) = two(&bonds(1).0, &b, 3);
    converse(&mut left, &mut right);
    assert!(!left.known && !right.known);
    let out_of_step = ReunionError::OutOfStep { ours: 1, theirs: 0 };
    assert_eq!(right.end, Some(out_of_step));
}

#[test]
fn what_is_thrown_back_at_a_reunion_is_known_again() {
    let (a, _) = bonds(1);
    let mut party = Party::new(&a, certificates(Side::Offerer, 1), 1);
    party.hear(&[KNOCK]);
    let own = party.said[1].clone();
    party.hear(&own);
    assert_eq!(party.end, Some(ReunionError::Reflected));
}

#[test]
fn a_lost_knock_is_no_harm() {
    let (a, b) = bonds(1);
    let (mut left, mut right) = two(&a, &b, 1);
    right.said.clear();
    converse(&mut left, &mut right);
    assert!(left.known && right.known);
}

#[test]
fn both_sides_call_each_other_by_the_same_names_and_every_time_by_others() {
    let (mut a, mut b) = bonds(1);
    let mut seen = vec![bonds(2).0.calls()[0]];
    for at in 1..5 {
        let [ours, theirs] = a.calls()[0];
        assert_eq!(b.calls()[0], [theirs, ours]);
        assert!(!seen.contains(&[ours, theirs]) && ours != theirs);
        seen.push([ours, theirs]);
        // The answerer's last word is lost: it also knows the names that still hold.
        reunited(&mut a, &mut b, 2 * at, false);
        assert_eq!(b.calls()[1], [theirs, ours]);
        reunited(&mut a, &mut b, 2 * at + 1, true);
        b.settle();
        assert_eq!(b.calls().len(), 1);
    }
}
