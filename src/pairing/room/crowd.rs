//! More than two in the room.

use super::{End, Peer, Room, air::Air, ms, survey::print};
use crate::pairing::{Failure, Timing, chance::Chance};

#[test]
fn of_three_in_a_room_two_pair_and_the_third_is_left_alone() {
    let mut times = Vec::new();
    for seed in 0..2000 {
        let mut chance = Chance::new(!seed);
        let starts: Vec<_> = (0..3).map(|_| chance.up_to(ms(2000))).collect();
        let mut room = Room::new(Air::default(), &Timing::default(), &starts, seed);
        room.drive();
        assert_eq!(room.pairs(), 1, "seed {seed}");
        times.push(room.linked_at().unwrap().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    print("three", &times);
}

#[test]
fn six_in_a_room_become_three_pairs() {
    for seed in 0..300 {
        let mut chance = Chance::new(!seed);
        let starts: Vec<_> = (0..6).map(|_| chance.up_to(ms(4000))).collect();
        let mut room = Room::new(Air::default(), &Timing::default(), &starts, seed);
        room.drive();
        assert_eq!(room.pairs(), 3, "seed {seed}");
    }
}

#[test]
fn of_three_the_third_is_told_that_they_are_busy_and_leaves_if_it_is_to() {
    let air = Air {
        leave_when_busy: true,
        ..Air::default()
    };
    let mut told = 0;
    for seed in 0..1000 {
        let mut chance = Chance::new(!seed);
        // The one who is heard comes first, so both others hear the same beacon.
        let starts = [ms(0), chance.up_to(ms(200)), chance.up_to(ms(200))];
        let mut room = Room::new(air.clone(), &Timing::default(), &starts, seed);
        room.drive();
        assert_eq!(room.pairs(), 1, "seed {seed}");
        let busy = |p: &Peer| matches!(p.end, Some(End::Failed(Failure::Busy, _)));
        told += room.peers.iter().filter(|p| busy(p)).count();
    }
    println!("told of 1000: {told}");
    // Two of the three hear the first beacon unless they speak at the same time.
    assert!(told > 500);
}
