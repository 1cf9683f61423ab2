//! Where the passes of a loop lie, once one of them is found.
//!
//! A loop sends its passes in turn, with the same silence after each, or none. The header of one
//! tells how long each of them is; so one place and the silence tell all places, those that went
//! by before and those to come, whether or not a preamble was seen there.

use crate::order::sort_by;

/// Passes that are numbered on their own.
const CYCLE: usize = 8;
/// The longest silence between two passes that still makes a loop, in frames of its own: with
/// more, the passes of half a minute are too few to find it by.
const MOST_SILENCE: f64 = 2.0;
/// Places that are told at most.
const MOST_PLACES: usize = 40;

/// The lengths of all passes of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rhythm {
    /// Samples of each pass's frame.
    pub(super) lengths: [u64; CYCLE],
}

/// A pass, and where its frame begins: before the first sample, if negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) start: i64,
    pub(super) pass: u8,
}

impl Rhythm {
    /// Samples of a pass.
    pub(super) fn length(&self, pass: u8) -> u64 {
        self.lengths[usize::from(pass) % CYCLE]
    }

    /// The silences that are worth a try, in samples of the sender's clock: none, and what the
    /// distance between the newest `known` places tells. `stretch` is by how much that clock runs
    /// faster.
    pub(super) fn silences(&self, known: &[Place], stretch: f64) -> Vec<f64> {
        let mut silences = vec![0.0];
        let mut newest: Vec<Place> = known.to_vec();
        sort_by(&mut newest, |a, b| a.start.cmp(&b.start));
        for pair in newest.windows(2).rev().take(2) {
            // Below a thousandth of a second of each frame's clock it is none.
            let silence = self.silence(pair[0], pair[1], stretch, f64::INFINITY);
            if let Some(silence) = silence.filter(|silence| *silence > 0.0) {
                silences.push(silence);
            }
        }
        silences
    }

    /// The silence after each pass that puts `later` where it is, in samples of the sender's clock
    /// that runs faster by `stretch`; `None` if they make no loop. Passes may lie closer than they
    /// can by `beside`.
    pub(super) fn silence(
        &self,
        earlier: Place,
        later: Place,
        stretch: f64,
        beside: f64,
    ) -> Option<f64> {
        let distance = (later.start.saturating_sub(earlier.start)) as f64 * (1.0 + stretch);
        let (mut sound, mut count, mut pass) = (0.0, 0usize, earlier.pass);
        while pass != later.pass || count == 0 {
            sound += self.length(pass) as f64;
            count += 1;
            pass = (pass + 1) % CYCLE as u8;
        }
        let spare = distance - sound;
        if spare < -beside {
            return None;
        }
        // Below a thousandth of the sound it is the clocks' error.
        let silence = if spare > sound * 1e-3 * count as f64 {
            spare / count as f64
        } else {
            0.0
        };
        (silence < MOST_SILENCE * sound / count as f64).then_some(silence)
    }

    /// The places of the passes before and after `anchor` which reach into `from..to`: those that
    /// end before `from` or after `to` are left out. Newest first on either side.
    pub(super) fn places(
        &self,
        anchor: Place,
        silence: f64,
        stretch: f64,
        from: i64,
        to: i64,
    ) -> Vec<Place> {
        let mut places = Vec::new();
        let scale = 1.0 / (1.0 + stretch);
        let at = |offset: f64| anchor.start.saturating_add((offset * scale).round() as i64);
        let mut offset = 0.0;
        let mut pass = anchor.pass % CYCLE as u8;
        while places.len() < MOST_PLACES {
            offset += self.length(pass) as f64 + silence;
            pass = (pass + 1) % CYCLE as u8;
            if at(offset + self.length(pass) as f64) > to {
                break;
            }
            places.push(Place {
                start: at(offset),
                pass,
            });
        }
        places.reverse();
        let mut offset = 0.0;
        let mut pass = anchor.pass % CYCLE as u8;
        while places.len() < MOST_PLACES {
            if at(offset - silence) <= from {
                break;
            }
            pass = (pass + CYCLE as u8 - 1) % CYCLE as u8;
            offset -= self.length(pass) as f64 + silence;
            places.push(Place {
                start: at(offset),
                pass,
            });
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RHYTHM: Rhythm = Rhythm {
        lengths: [1000, 1000, 1000, 1000, 5000, 1000, 6000, 1000],
    };

    /// The true places of a loop that begins with pass `first` at `start`.
    fn played(start: f64, first: u8, silence: f64, stretch: f64, count: usize) -> Vec<Place> {
        let (mut at, mut pass) = (start, first);
        (0..count)
            .map(|_| {
                let place = Place {
                    start: at.round() as i64,
                    pass,
                };
                at += (RHYTHM.length(pass) as f64 + silence) / (1.0 + stretch);
                pass = (pass + 1) % 8;
                place
            })
            .collect()
    }

    #[test]
    fn one_place_and_the_silence_tell_all_others() {
        for (silence, stretch) in [(0.0, 0.0), (300.0, 200e-6), (77.0, -900e-6)] {
            let all = played(-1500.0, 5, silence, stretch, 12);
            for anchor in &all {
                let end = all[11].start + 1000 + 100;
                let mut found = RHYTHM.places(*anchor, silence, stretch, 0, end);
                found.push(*anchor);
                found.sort_by_key(|place| place.start);
                let heard: Vec<Place> = all
                    .iter()
                    .filter(|place| {
                        let length = RHYTHM.length(place.pass) as i64;
                        place.start + length > 0 || *place == anchor
                    })
                    .copied()
                    .collect();
                assert_eq!(found.len(), heard.len(), "{anchor:?}");
                for (found, heard) in found.iter().zip(&heard) {
                    assert_eq!(found.pass, heard.pass);
                    assert!(
                        found.start.abs_diff(heard.start) <= 1,
                        "{found:?} {heard:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn two_places_tell_the_silence_between_all() {
        let all = played(100.0, 2, 250.0, 100e-6, 20);
        for (a, b) in [(0, 1), (2, 4), (3, 9)] {
            let silences = RHYTHM.silences(&[all[b], all[a]], 100e-6);
            assert!(
                silences.iter().any(|silence| (silence - 250.0).abs() < 1.5),
                "{silences:?}"
            );
        }
        // No silence, and places that belong to no loop.
        let all = played(0.0, 0, 0.0, 0.0, 4);
        assert_eq!(RHYTHM.silences(&all, 0.0), [0.0]);
        let nonsense = [
            Place {
                start: i64::MIN / 4,
                pass: 3,
            },
            Place { start: 0, pass: 3 },
        ];
        assert_eq!(RHYTHM.silences(&nonsense, 0.0), [0.0]);
    }

    #[test]
    fn places_are_bounded_however_short_the_frames() {
        let short = Rhythm { lengths: [1; 8] };
        let anchor = Place { start: 0, pass: 0 };
        let places = short.places(anchor, 0.0, 0.0, i64::MIN / 2, i64::MAX / 2);
        assert_eq!(places.len(), MOST_PLACES);
    }
}
