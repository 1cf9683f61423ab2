//! Networks that keep the two apart: what is told of it, and when.

use super::{
    End, Happens, Room,
    air::Air,
    ms,
    network::Pending,
    survey::{print, quantile},
};
use crate::pairing::{Failure, Timing, Ways, chance::Chance};
use std::time::Duration;

/// The requirement, from the beginning of the first sound that is understood.
const TOLD_WITHIN: Duration = Duration::from_secs(15);

/// What a network loses, all or in one direction.
const WALLS: [fn(usize, usize) -> bool; 3] = [|_, _| true, |to, _| to == 0, |to, _| to == 1];

/// Two who are kept apart, started up to that long apart.
fn kept_apart(air: &Air, spread: Duration, seed: u64) -> Room {
    let starts = [ms(0), Chance::new(!seed).up_to(spread)];
    let mut room = Room::new(air.clone(), &Timing::default(), &starts, seed);
    room.drive();
    assert_eq!(room.pairs(), 0, "seed {seed}");
    room
}

#[test]
fn who_understood_somebody_is_told_within_fifteen_seconds_whatever_the_schedule() {
    for (n, loses) in WALLS.into_iter().enumerate() {
        for seed in 0..3000 {
            let mut chance = Chance::new(!seed ^ 0x5eed);
            let air = Air {
                loses,
                // Any room, up to one where half of all words are lost.
                loss: (chance.unit() - 0.3).max(0.0),
                air_time: ms(300) + chance.up_to(ms(1500)),
                full_duplex: chance.unit() < 0.2,
                ways: match chance.bits() % 4 {
                    0 => |_| Ways::OneSound,
                    1 => |_| Ways::TwoSounds,
                    _ => |_| Ways::Both,
                },
                ..Air::default()
            };
            let room = kept_apart(&air, ms(40_000), seed);
            for (side, peer) in room.peers.iter().enumerate() {
                let Some(understood) = peer.understood else {
                    continue;
                };
                let told = peer.told.map(|told| told.saturating_sub(understood));
                assert!(
                    told.is_some_and(|told| told <= TOLD_WITHIN),
                    "wall {n}, seed {seed}, side {side}: told after {told:?}"
                );
            }
        }
    }
}

#[test]
fn where_the_network_lets_nothing_through_it_is_told_and_pairing_ends() {
    for loses in WALLS {
        let air = Air {
            loses,
            ..Air::default()
        };
        let (mut told, mut first, mut both) = (Vec::new(), Vec::new(), Vec::new());
        for seed in 0..4000 {
            let room = kept_apart(&air, ms(3000), seed);
            let peers = || room.peers.iter();
            let began = peers().filter_map(|p| p.understood).min();
            let began = began.expect("somebody was heard");
            let since = |at: Duration| at.saturating_sub(began).as_secs_f64();
            let ended = || {
                peers().map(|p| match p.end {
                    Some(End::Failed(Failure::NoRoute(_) | Failure::NoPeer(_), at)) => since(at),
                    ref end => panic!("seed {seed}: {end:?}"),
                })
            };
            told.extend(
                peers()
                    .filter_map(|p| p.told)
                    .map(since)
                    .min_by(f64::total_cmp),
            );
            first.extend(ended().min_by(f64::total_cmp));
            both.extend(ended().max_by(f64::total_cmp));
        }
        for times in [&mut told, &mut first, &mut both] {
            times.sort_by(f64::total_cmp);
        }
        print("no way through, until one is told", &told);
        print("no way through, until one ends", &first);
        print("no way through, until both have ended", &both);
        assert!(quantile(&told, 1.0) <= TOLD_WITHIN.as_secs_f64());
        // Ended by then, too, unless chance kept the two from hearing each other.
        assert!(quantile(&first, 0.99) <= TOLD_WITHIN.as_secs_f64());
    }
}

#[test]
fn who_knocks_and_goes_away_ends_nothing() {
    for seed in 0..300 {
        let starts = [ms(0), ms(25_000)];
        let mut room = Room::new(Air::default(), &Timing::default(), &starts, seed);
        // Strangers, one after another, for as long as the other side is not yet there.
        for n in 0..110 {
            room.at(ms(200 * n), 0, Happens::StrangerKnocks);
        }
        room.drive();
        assert!(
            room.peers[0].guests.len() > 5,
            "seed {seed}: nobody knocked"
        );
        assert_eq!(room.pairs(), 1, "seed {seed}: {:?}", room.peers[0].end);
    }
}

#[test]
fn who_answers_once_and_goes_away_ends_nothing() {
    for seed in 0..300 {
        let starts = [ms(0), ms(0), ms(20_000)];
        let mut room = Room::new(
            Air {
                ways: |_| Ways::TwoSounds,
                ..Air::default()
            },
            &Timing::default(),
            &starts,
            seed,
        );
        // Both may have spoken by then; one is gone before a link can open.
        room.at(ms(2200), 1, Happens::Leaves);
        room.drive();
        let linked = |n: usize| matches!(room.peers[n].end, Some(End::Linked(..)));
        let left =
            |link: &Pending| link.opened == [false; 2] || link.ends[0].0 + link.ends[1].0 != 1;
        if room.links.iter().all(left) {
            assert!(
                linked(0) && linked(2),
                "seed {seed}: {:?}",
                room.peers[0].end
            );
        }
    }
}
