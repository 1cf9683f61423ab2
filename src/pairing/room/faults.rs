//! What is lost, shut, deaf or gone.

use super::{
    BEACON, End, Happens, Peer, Room,
    air::Air,
    ms,
    survey::{print, quantile, times_to_pair},
};
use crate::pairing::{Failure, Overheard, Timing, Way, Ways, chance::Chance};

#[test]
fn whatever_is_lost_or_cancelled_no_link_is_half_open() {
    for seed in 0..3000 {
        let mut chance = Chance::new(!seed);
        let air = Air {
            loss: chance.unit(),
            loses: match chance.bits() % 10 {
                0 => |_, _| true,
                1 => |to, from| to < from,
                _ => |_, _| false,
            },
            shut: match chance.bits() % 4 {
                0 => |_, _| true,
                1 => |to, from| to < from,
                _ => |_, _| false,
            },
            ways: match chance.bits() % 6 {
                0 => |_| Ways::OneSound,
                1 => |_| Ways::TwoSounds,
                2 => |peer| [Ways::Both, Ways::TwoSounds, Ways::OneSound][peer % 3],
                _ => |_| Ways::Both,
            },
            leave_when_busy: chance.unit() < 0.2,
            full_duplex: chance.unit() < 0.2,
            ..Air::default()
        };
        let count = 2 + (chance.bits() % 3) as usize;
        let starts: Vec<_> = (0..count).map(|_| chance.up_to(ms(3000))).collect();
        let timing = Timing {
            deadline: ms(5000 + chance.bits() % 20_000),
            ..Timing::default()
        };
        let mut room = Room::new(air, &timing, &starts, seed);
        room.drive();
        room.pairs();
    }
}

#[test]
fn an_offerer_who_goes_away_is_given_up_and_the_next_one_answered() {
    for seed in 0..500 {
        let mut room = Room::new(
            Air::default(),
            &Timing::default(),
            &[ms(0), ms(1200), ms(20_000)],
            seed,
        );
        // Sooner than any link: offers were heard by then, links need 0.5 s more.
        room.at(ms(1450), 0, Happens::Leaves);
        room.drive();
        assert_eq!(room.pairs(), 1, "seed {seed}");
        assert!(matches!(room.peers[1].end, Some(End::Linked(2, at, _)) if at < ms(34_000)));
    }
}

#[test]
fn alone_one_fails_at_the_deadline_and_says_that_nothing_was_heard() {
    let mut room = Room::new(Air::default(), &Timing::default(), &[ms(0)], 1);
    room.drive();
    let nothing = Failure::NoPeer(Overheard::default());
    assert_eq!(room.peers[0].end, Some(End::Failed(nothing, ms(60_000))));
}

#[test]
fn a_firewall_at_either_side_or_both_costs_a_second_sound_and_no_more() {
    for shut in [
        (|_, _| true) as fn(usize, usize) -> bool,
        |to, _| to == 0,
        |to, _| to == 1,
    ] {
        let air = Air {
            shut,
            ..Air::default()
        };
        let times = times_to_pair(3000, &air, |c| vec![ms(0), c.up_to(ms(5000))]);
        print("firewall", &times);
        assert!(quantile(&times, 0.5) < 4.0);
    }
}

#[test]
fn who_cannot_be_heard_pairs_all_the_same_by_one_sound() {
    let air = Air {
        hears: |to, from| (to, from) != (0, 1),
        ..Air::default()
    };
    for seed in 0..300 {
        let mut room = Room::new(air.clone(), &Timing::default(), &[ms(0), ms(500)], seed);
        room.drive();
        assert!(matches!(
            room.peers[1].end,
            Some(End::Linked(0, _, Way::OneSound))
        ));
    }
}

#[test]
fn who_cannot_be_heard_is_told_that_it_heard_a_peer() {
    let air = Air {
        hears: |to, from| (to, from) != (0, 1),
        shut: |_, _| true,
        ..Air::default()
    };
    let mut room = Room::new(air, &Timing::default(), &[ms(0), ms(500)], 4);
    room.drive();
    match room.peers[1].end {
        Some(End::Failed(Failure::NoPeer(overheard), _)) => assert!(overheard.offers > 0),
        // Answered again and again, and nothing came.
        Some(End::Failed(Failure::NoRoute(_), _)) => {}
        ref end => panic!("{end:?}"),
    }
}

#[test]
fn by_one_sound_alone_nobody_answers_by_sound() {
    let air = Air {
        ways: |_| Ways::OneSound,
        ..Air::default()
    };
    for seed in 0..300 {
        let mut room = Room::new(air.clone(), &Timing::default(), &[ms(0), ms(700)], seed);
        room.drive();
        assert_eq!(room.pairs(), 1);
        assert!(room.speeches.iter().all(|s| s.envelope[0] == BEACON));
    }
    let shut = Air {
        shut: |_, _| true,
        ..air
    };
    for seed in 0..100 {
        let mut room = Room::new(shut.clone(), &Timing::default(), &[ms(0), ms(700)], seed);
        room.drive();
        assert_eq!(room.pairs(), 0);
        let told = |p: &Peer| matches!(p.end, Some(End::Failed(Failure::NoRoute(_), _)));
        assert!(room.peers.iter().any(told), "seed {seed}");
    }
}
