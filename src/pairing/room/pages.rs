//! Pages in browsers: among each other, and with command lines.

use super::{
    BEACON, End, INVITATION, Room,
    air::Air,
    ms,
    survey::{print, quantile, times_of_sound},
};
use crate::pairing::{Failure, Timing, Way, chance::Chance};

type Pages = fn(usize) -> bool;

/// Times as measured with Chromium over virtual audio: its sound card and its audio thread take longer
/// to speak, and to understand, than a command line; a link over the loopback is there soon.
fn air(pages: Pages, full_duplex: bool) -> Air {
    Air {
        pages,
        full_duplex,
        output_delay: ms(40),
        notice_delay: ms(150),
        decode_delay: ms(80),
        link_time: ms(100),
        ..Air::default()
    }
}

const WHO: [(&str, Pages); 2] = [
    ("page with page", |_| true),
    ("page with command line", |peer| peer == 0),
];

#[test]
fn two_who_both_speak_meet_soon_after_the_first_sound_whoever_is_a_page() {
    for (who, pages) in WHO {
        for (place, full_duplex) in [("one room", false), ("two cables", true)] {
            let air = air(pages, full_duplex);
            let together = times_of_sound(10_000, &air, |_| vec![ms(0), ms(0)]);
            print(&format!("{who}, {place}, same moment"), &together);
            let apart = times_of_sound(10_000, &air, |c| vec![ms(0), c.up_to(ms(2000))]);
            print(&format!("{who}, {place}, up to 2 s apart"), &apart);
            // Required of a word that is understood at once: the median is one.
            assert!(quantile(&together, 0.5).max(quantile(&apart, 0.5)) < 1.5);
            // Two words in a row that nobody understands, of 1.6 s with their pauses, and a third.
            assert!(quantile(&together, 0.95).max(quantile(&apart, 0.95)) < 2.0 * 1.6 + 1.5);
        }
    }
}

/// Nobody waits before the first word, and each hears while it speaks.
fn crossing(air: &Air, seed: u64) -> Room {
    let timing = Timing {
        listen_spread: ms(0),
        ..Timing::default()
    };
    let mut room = Room::new(air.clone(), &timing, &[ms(0), ms(0)], seed);
    room.drive();
    assert_eq!(room.pairs(), 1, "seed {seed}");
    room
}

#[test]
fn where_an_invitation_crosses_a_beacon_one_sound_of_each_is_all() {
    for seed in 0..500 {
        let room = crossing(&air(|peer| peer == 0, true), seed);
        assert_eq!(room.speeches.len(), 2, "seed {seed}");
        for peer in &room.peers {
            assert!(matches!(peer.end, Some(End::Linked(_, at, Way::OneSound)) if at < ms(1000)));
        }
    }
}

#[test]
fn where_two_invitations_cross_an_answer_is_all_that_follows() {
    for seed in 0..500 {
        let room = crossing(&air(|_| true, true), seed);
        // Both answer, for neither knows that it was heard; the answer to one of them stands.
        assert_eq!(room.speeches.len(), 4, "seed {seed}");
        for peer in &room.peers {
            // Two words and what lies between; a third would begin later.
            assert!(matches!(peer.end, Some(End::Linked(_, at, Way::TwoSounds)) if at < ms(2000)));
        }
    }
}

#[test]
fn where_offers_cross_and_one_firewall_is_shut_nobody_has_to_speak_again() {
    for pages in [|_| false, |peer| peer == 0] as [Pages; 2] {
        for shut in [|to, _| to == 0, |to, _| to == 1] as [fn(usize, usize) -> bool; 2] {
            let air = Air {
                shut,
                ..air(pages, true)
            };
            for seed in 0..200 {
                let room = crossing(&air, seed);
                let said = room.speeches.iter().map(|s| s.envelope[0]);
                let only_offers = said
                    .clone()
                    .all(|kind| [BEACON, INVITATION].contains(&kind));
                assert!(only_offers, "seed {seed}: {:?}", said.collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn of_two_command_lines_that_hear_a_page_one_is_its_guest_and_the_other_is_told() {
    let air = Air {
        leave_when_busy: true,
        ..air(|peer| peer == 0, false)
    };
    let mut told = 0;
    for seed in 0..1000 {
        let mut chance = Chance::new(!seed);
        let starts = [ms(0), chance.up_to(ms(200)), chance.up_to(ms(200))];
        let mut room = Room::new(air.clone(), &Timing::default(), &starts, seed);
        room.drive();
        assert_eq!(room.pairs(), 1, "seed {seed}");
        let busy = |end: &Option<End>| matches!(end, Some(End::Failed(Failure::Busy, _)));
        told += room.peers.iter().filter(|peer| busy(&peer.end)).count();
    }
    println!("told of 1000: {told}");
    // As with three command lines.
    assert!(told > 500);
}
