//! How long it takes, over many rooms.

use super::{Room, air::Air};
use crate::pairing::{Timing, chance::Chance};
use std::time::Duration;

/// Runs `count` rooms; gives the sorted times from the last start until all are linked.
pub(super) fn times_to_pair(
    count: u64,
    air: &Air,
    starts: impl Fn(&mut Chance) -> Vec<Duration>,
) -> Vec<f64> {
    times_since(count, air, starts, |_, starts| {
        starts.iter().max().copied().unwrap_or_default()
    })
}

/// The same, from the beginning of the first sound.
pub(super) fn times_of_sound(
    count: u64,
    air: &Air,
    starts: impl Fn(&mut Chance) -> Vec<Duration>,
) -> Vec<f64> {
    times_since(count, air, starts, |room, _| {
        let first = room.speeches.iter().map(|s| s.begin).min();
        first.unwrap()
    })
}

/// From what `since` says of a room and its starts.
fn times_since(
    count: u64,
    air: &Air,
    starts: impl Fn(&mut Chance) -> Vec<Duration>,
    since: impl Fn(&Room, &[Duration]) -> Duration,
) -> Vec<f64> {
    let mut times: Vec<f64> = (0..count)
        .map(|seed| {
            let starts = starts(&mut Chance::new(!seed));
            let mut room = Room::new(air.clone(), &Timing::default(), &starts, seed);
            room.drive();
            assert_eq!(room.pairs(), 1, "seed {seed}");
            (room.linked_at().unwrap() - since(&room, &starts)).as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * q).round() as usize]
}

pub(super) fn late(sorted: &[f64]) -> f64 {
    sorted.iter().filter(|t| **t > REQUIRED).count() as f64 / sorted.len() as f64
}

pub(super) fn print(what: &str, times: &[f64]) {
    println!(
        "{what}: median {:.2} s, 90 % {:.2} s, 95 % {:.2} s, 99 % {:.2} s, 99.9 % {:.2} s, worst {:.2} s of {}; \
         {:.2} % after {REQUIRED} s",
        quantile(times, 0.5),
        quantile(times, 0.9),
        quantile(times, 0.95),
        quantile(times, 0.99),
        quantile(times, 0.999),
        times[times.len() - 1],
        times.len(),
        100.0 * late(times),
    );
}

/// The requirement: twenty pairs of twenty are linked so many seconds after the later one starts.
pub(super) const REQUIRED: f64 = 6.0;

/// So many may be late for twenty of twenty to be in time nine times of ten.
pub(super) fn may_be_late() -> f64 {
    1.0 - 0.9f64.powf(1.0 / 20.0)
}
