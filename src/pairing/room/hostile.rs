//! Who means ill, or is out of his mind.

use super::{BEACON, End, Happens, Room, Told, air::Air, ms};
use crate::{
    pairing::{Attempt, Failure, Input, Machine, Output, Timing, chance::Chance},
    signal::Tag,
};
use std::time::Duration;

#[test]
fn a_beacon_repeated_by_somebody_else_links_nobody_to_them() {
    // The replayer: what it heard it says again later, and holds no attempt of its own.
    for seed in 0..300 {
        let mut room = Room::new(Air::default(), &Timing::default(), &[ms(0), ms(4000)], seed);
        let mut replayed = vec![BEACON];
        replayed.extend((!seed).to_le_bytes());
        for n in 0..4 {
            let begin = ms(100 + 900 * n);
            room.say_from_nowhere(begin, replayed.clone());
        }
        room.drive();
        assert_eq!(room.pairs(), 1, "seed {seed}");
        assert!(matches!(room.peers[0].end, Some(End::Linked(1, ..))));
    }
}

#[test]
fn a_flood_of_beacons_is_survived_and_the_real_one_is_found() {
    for seed in 0..30 {
        let mut room = Room::new(Air::default(), &Timing::default(), &[ms(0), ms(500)], seed);
        let mut chance = Chance::new(seed);
        // Every second a new one, for twenty seconds: nobody is behind any of them.
        for n in 0..20 {
            let mut fake = vec![BEACON];
            fake.extend(chance.bits().to_le_bytes());
            room.say_from_nowhere(ms(300 + 1000 * n), fake);
        }
        room.drive();
        let most = room.peers.iter().map(|p| p.attempts.len()).max();
        assert!(most <= Some(3), "attempts pile up: {most:?}");
        assert_eq!(room.pairs(), 1, "seed {seed}");
    }
}

#[test]
fn cancel_ends_at_once_wherever_the_machine_is() {
    for at in (0..3000).step_by(50) {
        let mut room = Room::new(Air::default(), &Timing::default(), &[ms(0), ms(0)], at);
        room.at(ms(at), 0, Happens::Told(Told::Cancel));
        room.drive();
        match room.peers[0].end {
            Some(End::Failed(Failure::Cancelled, when)) => assert_eq!(when, ms(at)),
            Some(End::Linked(..)) => assert_eq!(room.pairs(), 1),
            ref end => panic!("{end:?}"),
        }
    }
}

#[test]
fn the_machine_survives_any_order_of_inputs() {
    for seed in 0..300 {
        let mut chance = Chance::new(seed);
        let mut machine = Machine::new(Timing::default(), seed);
        let mut now = Duration::ZERO;
        let mut over = 0;
        for _ in 0..2000 {
            now += chance.up_to(ms(200));
            let attempt = Attempt((chance.bits() % 6) as u32);
            let envelope = vec![(chance.bits() % 3) as u8, (chance.bits() % 4) as u8];
            let tag = Tag((chance.bits() % 4) as u8);
            let input = match chance.bits() % 16 {
                0 => Input::Start,
                1 => Input::OfferReady {
                    attempt,
                    envelope,
                    tag,
                },
                2 => Input::AnswerReady { attempt, envelope },
                3 => Input::OfferHeard {
                    envelope,
                    tag,
                    straight: chance.unit() < 0.5,
                },
                4 => Input::AnswerHeard { envelope, to: tag },
                5 => Input::StrangeHeard,
                6 => Input::Garbled,
                7 => Input::Carrier {
                    length: Duration::MAX,
                },
                8 => Input::Started { air: Duration::MAX },
                9 => Input::Finished,
                10 => Input::LinkConnecting(attempt),
                11 if chance.unit() < 0.02 => Input::LinkOpen(attempt),
                12 => Input::LinkFailed(attempt),
                13 => Input::Knocked(attempt),
                14 => Input::Refused(attempt),
                _ => Input::Tick,
            };
            for output in machine.handle(now, input) {
                over += u32::from(matches!(output, Output::Done { .. } | Output::Failed(_)));
            }
            assert!(over <= 1, "ended twice");
            assert!(over == 0 || machine.deadline().is_none());
        }
        assert!(
            now > Duration::from_secs(70) && over == 1,
            "seed {seed} never ended"
        );
    }
}
