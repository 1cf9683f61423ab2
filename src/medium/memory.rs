//! Envelopes between two ends in one process, without sound: for tests of what stands above.
//!
//! It behaves like the air of a room where that matters: an envelope takes its time, is announced
//! by a carrier, may be lost, may be cut off, may meet another one on the way, and may be heard
//! by its own sender. Time is whatever the caller's clock says, so that a test of minutes runs in
//! milliseconds, the same every time.

use super::{Happening, Medium, MediumError};
use crate::units::Decibels;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Tells the time since some fixed moment.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What the way between the two ends is like.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Seconds that every envelope takes, whatever its length.
    pub lead_s: f64,
    /// Seconds that a byte takes.
    pub byte_s: f64,
    /// Seconds between the ends.
    pub delay_s: f64,
    /// The share of envelopes that come garbled, `0.0..=1.0`.
    pub loss: f64,
    /// Whether envelopes that overlap garble each other, as they do in air.
    pub collide: bool,
    /// Whether an end hears itself.
    pub hears_itself: bool,
    /// Where the choice of the lost envelopes starts from; the same seed, the same losses.
    pub seed: u64,
}

impl Default for Options {
    /// A quiet room: about what the audible profile does between two laptops that hear
    /// themselves, too.
    fn default() -> Self {
        Self {
            lead_s: 0.3,
            byte_s: 0.005,
            delay_s: 0.05,
            loss: 0.0,
            collide: true,
            hears_itself: true,
            seed: 1,
        }
    }
}

/// Two ends of one way.
///
/// ```
/// use airshake::medium::memory::{self, Options};
/// use airshake::medium::{Happening, Medium};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use std::time::Duration;
///
/// let millis = Arc::new(AtomicU64::new(0));
/// let now = millis.clone();
/// let clock = Arc::new(move || Duration::from_millis(now.load(Relaxed)));
/// let (mut one, mut other) = memory::pair(Options::default(), clock);
/// one.say(b"hello", 0)?;
/// assert_eq!(other.poll(), None);
/// millis.store(1000, Relaxed);
/// assert!(matches!(other.poll(), Some(Happening::Carrier { .. })));
/// assert!(matches!(other.poll(), Some(Happening::Heard { .. })));
/// # Ok::<(), airshake::medium::MediumError>(())
/// ```
pub fn pair(options: Options, clock: Clock) -> (MemoryMedium, MemoryMedium) {
    let way = Arc::new(Mutex::new(Way {
        random: options.seed,
        options,
        now: 0.0,
        speeches: Vec::new(),
        inboxes: [const { VecDeque::new() }; 2],
        closed: false,
    }));
    let end = |side| MemoryMedium {
        way: way.clone(),
        clock: clock.clone(),
        side,
    };
    (end(0), end(1))
}

/// One end of a way in memory.
pub struct MemoryMedium {
    way: Arc<Mutex<Way>>,
    clock: Clock,
    side: usize,
}

impl MemoryMedium {
    /// Closes the way for both ends.
    pub fn close(&mut self) {
        let mut way = self.way();
        if !way.closed {
            way.closed = true;
            for inbox in &mut way.inboxes {
                inbox.push_back(Happening::Trouble(MediumError::Closed));
            }
        }
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        let mut way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        way.advance((self.clock)().as_secs_f64());
        way
    }
}

impl Medium for MemoryMedium {
    fn say(&mut self, envelope: &[u8], _pass: u8) -> Result<(), MediumError> {
        let side = self.side;
        self.way().say(side, envelope)
    }

    fn hush(&mut self) {
        let side = self.side;
        self.way().cut(side);
    }

    fn poll(&mut self) -> Option<Happening> {
        let side = self.side;
        self.way().inboxes[side].pop_front()
    }
}

/// The way, seen from above. Sides are 0 and 1, times are seconds.
struct Way {
    options: Options,
    random: u64,
    now: f64,
    speeches: Vec<Speech>,
    inboxes: [VecDeque<Happening>; 2],
    closed: bool,
}

/// An envelope on its way.
struct Speech {
    side: usize,
    envelope: Vec<u8>,
    begun: f64,
    ends: f64,
    garbled: bool,
    /// Whether its sender knows how it ended.
    finished: bool,
    /// Which sides have noticed its carrier.
    noticed: [bool; 2],
    /// Which sides are through with it.
    through: [bool; 2],
}

impl Way {
    fn say(&mut self, side: usize, envelope: &[u8]) -> Result<(), MediumError> {
        if self.closed {
            return Err(MediumError::Closed);
        }
        if envelope.len() > MAX_ENVELOPE {
            return Err(MediumError::TooLong {
                got: envelope.len(),
                max: MAX_ENVELOPE,
            });
        }
        self.cut(side);
        let air_s = self.options.lead_s + self.options.byte_s * envelope.len() as f64;
        let mut garbled = self.chance() < self.options.loss;
        if self.options.collide {
            for other in self
                .speeches
                .iter_mut()
                .filter(|other| other.ends > self.now)
            {
                (other.garbled, garbled) = (true, true);
            }
        }
        self.inboxes[side].push_back(Happening::Started { air_s });
        self.speeches.push(Speech {
            side,
            envelope: envelope.to_vec(),
            begun: self.now,
            ends: self.now + air_s,
            garbled,
            finished: false,
            noticed: [false; 2],
            through: std::array::from_fn(|ear| ear == side && !self.options.hears_itself),
        });
        Ok(())
    }

    /// Ends what `side` is saying.
    fn cut(&mut self, side: usize) {
        for speech in &mut self.speeches {
            if speech.side == side && speech.ends > self.now {
                speech.ends = self.now;
                speech.garbled = true;
                speech.finished = true;
            }
        }
    }

    /// Lets everything happen that is due at `now`.
    fn advance(&mut self, now: f64) {
        self.now = now;
        for speech in &mut self.speeches {
            if !speech.finished && now >= speech.ends {
                speech.finished = true;
                self.inboxes[speech.side].push_back(Happening::Finished);
            }
            for (ear, inbox) in self.inboxes.iter_mut().enumerate() {
                let lag = if ear == speech.side {
                    0.0
                } else {
                    self.options.delay_s
                };
                // A header is known when the part that every envelope has is over.
                let known = speech.begun + self.options.lead_s;
                if !speech.through[ear]
                    && !speech.noticed[ear]
                    && known <= speech.ends
                    && now >= known + lag
                {
                    speech.noticed[ear] = true;
                    inbox.push_back(Happening::Carrier {
                        for_s: (speech.ends + lag - now).max(0.0),
                    });
                }
                if !speech.through[ear] && now >= speech.ends + lag {
                    speech.through[ear] = true;
                    if !speech.garbled {
                        inbox.push_back(Happening::Heard {
                            envelope: speech.envelope.clone(),
                            snr: SNR,
                        });
                    } else if speech.noticed[ear] {
                        inbox.push_back(Happening::Garbled);
                    }
                }
            }
        }
        self.speeches
            .retain(|speech| !speech.finished || speech.through != [true; 2]);
    }

    /// A number in `0.0..1.0` (SplitMix64).
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Memory has no noise; this is what a good room has.
const SNR: Decibels = Decibels(30.0);

/// As much as every medium carries: 64 KiB.
const MAX_ENVELOPE: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    /// Two ends on virtual time, in milliseconds.
    struct Bench {
        ends: [MemoryMedium; 2],
        now: Arc<AtomicU64>,
    }

    impl Bench {
        fn new(options: Options) -> Self {
            let now = Arc::<AtomicU64>::default();
            let clock = now.clone();
            let (one, other) = pair(
                options,
                Arc::new(move || Duration::from_millis(clock.load(Relaxed))),
            );
            Self {
                ends: [one, other],
                now,
            }
        }

        fn at(&mut self, millis: u64) -> [Vec<Happening>; 2] {
            self.now.store(millis, Relaxed);
            [0, 1].map(|side| std::iter::from_fn(|| self.ends[side].poll()).collect())
        }
    }

    /// 0.3 s and 0.01 s a byte, 0.05 s away.
    fn options() -> Options {
        Options {
            byte_s: 0.01,
            ..Options::default()
        }
    }

    fn heard(envelope: &[u8]) -> Happening {
        Happening::Heard {
            envelope: envelope.to_vec(),
            snr: SNR,
        }
    }

    #[test]
    fn an_envelope_takes_its_time_and_both_hear_it() {
        let mut bench = Bench::new(options());
        bench.ends[0].say(&[7; 10], 0).expect("says");
        assert_eq!(
            bench.at(299),
            [vec![Happening::Started { air_s: 0.4 }], vec![]]
        );
        let [own, other] = bench.at(399);
        assert!(matches!(own[..], [Happening::Carrier { .. }]), "{own:?}");
        assert!(
            matches!(other[..], [Happening::Carrier { .. }]),
            "{other:?}"
        );
        assert_eq!(
            bench.at(401),
            [vec![Happening::Finished, heard(&[7; 10])], vec![]]
        );
        assert_eq!(bench.at(449)[1], []);
        assert_eq!(bench.at(451), [vec![], vec![heard(&[7; 10])]]);
        assert_eq!(bench.at(9_999), [vec![], vec![]]);
    }

    #[test]
    fn what_is_hushed_is_not_heard_and_not_finished() {
        let mut bench = Bench::new(options());
        bench.ends[0].say(&[7; 10], 0).expect("says");
        bench.at(360);
        bench.ends[0].hush();
        assert_eq!(
            bench.at(9_999),
            [vec![Happening::Garbled], vec![Happening::Garbled]]
        );
    }

    #[test]
    fn a_new_envelope_replaces_the_old_one_but_not_one_that_is_in_the_air() {
        let mut bench = Bench::new(options());
        bench.ends[0].say(b"first", 0).expect("says");
        bench.at(360); // said whole at 350, there at 400
        bench.ends[0].say(b"second", 0).expect("says");
        assert_eq!(bench.at(410)[1], [heard(b"first")]);
        bench.ends[0].say(b"third", 0).expect("says");
        let [_, other] = bench.at(9_999);
        assert_eq!(other.last(), Some(&heard(b"third")));
        assert!(!other.contains(&heard(b"second")));
    }

    #[test]
    fn envelopes_that_meet_garble_each_other_if_they_are_to() {
        for collide in [true, false] {
            let mut bench = Bench::new(Options {
                collide,
                ..options()
            });
            bench.ends[0].say(b"one", 0).expect("says");
            bench.at(100);
            bench.ends[1].say(b"two", 0).expect("says");
            let [own, other] = bench.at(9_999);
            assert_eq!(own.contains(&heard(b"two")), !collide);
            assert_eq!(other.contains(&heard(b"one")), !collide);
            assert_eq!(other.contains(&Happening::Garbled), collide);
        }
    }

    #[test]
    fn the_share_of_lost_envelopes_is_the_one_asked_for_and_the_same_every_time() {
        let count = || {
            let mut bench = Bench::new(Options {
                loss: 0.3,
                ..options()
            });
            (1..=2000u64)
                .filter(|&turn| {
                    bench.ends[0].say(b"x", 0).expect("says");
                    bench.at(1000 * turn)[1].contains(&Happening::Garbled)
                })
                .count() as f64
        };
        let lost = count();
        // Three standard deviations of a binomial distribution.
        let deviation = (2000.0f64 * 0.3 * 0.7).sqrt();
        assert!((lost - 600.0).abs() < 3.0 * deviation, "{lost}");
        assert_eq!(lost, count());
    }

    #[test]
    fn an_end_that_does_not_hear_itself_hears_only_the_other() {
        let mut bench = Bench::new(Options {
            hears_itself: false,
            ..options()
        });
        bench.ends[0].say(b"x", 0).expect("says");
        let [own, other] = bench.at(1000);
        assert!(
            matches!(own[..], [Happening::Started { .. }, Happening::Finished]),
            "{own:?}"
        );
        assert_eq!(other.last(), Some(&heard(b"x")));
    }

    #[test]
    fn a_closed_way_says_so_once_and_carries_nothing() {
        let mut bench = Bench::new(options());
        bench.ends[0].close();
        let closed = vec![Happening::Trouble(MediumError::Closed)];
        assert_eq!(bench.at(1), [closed.clone(), closed]);
        assert_eq!(bench.at(2), [vec![], vec![]]);
        assert_eq!(bench.ends[1].say(b"x", 0), Err(MediumError::Closed));
    }

    #[test]
    fn an_envelope_that_is_too_long_is_refused() {
        let mut bench = Bench::new(options());
        assert!(matches!(
            bench.ends[0].say(&[0; MAX_ENVELOPE + 1], 0),
            Err(MediumError::TooLong { .. })
        ));
    }
}
