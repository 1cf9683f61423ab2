//! How long pairing takes where nothing is in the way but chance.

use super::{
    End, Room,
    air::Air,
    ms,
    survey::{REQUIRED, late, may_be_late, print, quantile, times_to_pair},
};
use crate::pairing::{Timing, Way, Ways};

#[test]
fn two_who_start_at_the_same_moment_pair_in_time() {
    let times = times_to_pair(10_000, &Air::default(), |_| vec![ms(0), ms(0)]);
    print("same moment", &times);
    // To the millisecond, as scripts start and people do not: nineteen of twenty.
    assert!(late(&times) < 0.05);
}

#[test]
fn two_who_start_seconds_apart_pair_in_time() {
    let times = times_to_pair(10_000, &Air::default(), |c| {
        vec![ms(0), c.up_to(ms(10_000))]
    });
    print("apart", &times);
    assert!(late(&times) < may_be_late());
}

#[test]
fn two_pair_though_three_words_in_ten_are_lost() {
    let air = Air {
        loss: 0.3,
        ..Air::default()
    };
    let times = times_to_pair(3000, &air, |c| vec![ms(0), c.up_to(ms(3000))]);
    print("30 % lost", &times);
    assert!(quantile(&times, 0.5) < REQUIRED);
}

#[test]
fn two_pair_over_a_pipe_where_both_hear_each_other_at_once() {
    let air = Air {
        full_duplex: true,
        output_delay: ms(0),
        ..Air::default()
    };
    let times = times_to_pair(3000, &air, |_| vec![ms(0), ms(0)]);
    print("full duplex", &times);
    assert!(late(&times) < may_be_late());
    // No jitter apart at all: every offer crosses.
    let crossing = Timing {
        listen_spread: ms(0),
        ..Timing::default()
    };
    for seed in 0..1000 {
        let mut room = Room::new(air.clone(), &crossing, &[ms(0), ms(0)], seed);
        room.drive();
        assert_eq!(room.pairs(), 1, "seed {seed}");
    }
}

#[test]
fn two_pair_with_slow_sound_and_slow_machines() {
    let air = Air {
        air_time: ms(2000),
        output_delay: ms(150),
        notice_delay: ms(300),
        decode_delay: ms(200),
        make_delay: ms(200),
        link_time: ms(1500),
        ..Air::default()
    };
    let times = times_to_pair(2000, &air, |c| vec![ms(0), c.up_to(ms(5000))]);
    print("slow", &times);
    assert!(times[times.len() - 1] < Timing::default().deadline.as_secs_f64());
}

#[test]
fn by_two_sounds_alone_nobody_is_reached_before_both_are_heard() {
    let air = Air {
        ways: |_| Ways::TwoSounds,
        ..Air::default()
    };
    for seed in 0..300 {
        let mut room = Room::new(air.clone(), &Timing::default(), &[ms(0), ms(700)], seed);
        room.drive();
        assert_eq!(room.pairs(), 1);
        assert!(matches!(
            room.peers[0].end,
            Some(End::Linked(1, _, Way::TwoSounds))
        ));
    }
    let times = times_to_pair(10_000, &air, |c| vec![ms(0), c.up_to(ms(10_000))]);
    print("two sounds", &times);
    assert!(late(&times) < may_be_late());
}
