//! Keeps the thread of a microphone from spinning while it waits.
//!
//! On ALSA that thread sleeps until the hardware says that there is sound, and calls back when
//! there is enough of it. Where ALSA stands in front of PulseAudio the pieces that arrive are not
//! as long as a callback's, and as long as a rest of one lies there it is said again and again
//! that there is sound: the thread asks without pause, for a third of a core and more (measured:
//! 25 to 45 % of one), to no avail.
//!
//! Where it was busy while it waited it is therefore put to sleep for that time: callbacks get a
//! regular beat, late enough that each finds everything there. A thread that sleeps while it
//! waits is left alone.

use std::time::Duration;

/// When something happened on a thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Since any fixed time.
    passed: Duration,
    /// How long of it the thread was busy.
    busy: Duration,
}

impl Moment {
    /// Now, on this thread; `None` where no thread spins.
    #[cfg(target_os = "linux")]
    pub(super) fn now() -> Option<Self> {
        use nix::time::{ClockId, clock_gettime};
        let read = |clock| clock_gettime(clock).ok().map(Duration::from);
        Some(Self {
            passed: read(ClockId::CLOCK_MONOTONIC)?,
            busy: read(ClockId::CLOCK_THREAD_CPUTIME_ID)?,
        })
    }

    /// Now, on this thread; `None` where no thread spins.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn now() -> Option<Self> {
        None
    }
}

/// The beat of one stream's callbacks.
#[derive(Debug, Default)]
pub(super) struct Calm {
    /// The end of the last callback, its sleep included.
    ended: Option<Moment>,
    /// When the next callback should come; `None` as long as the thread sleeps by itself.
    due: Option<Duration>,
    /// By how much the beat comes earlier with the next callback.
    haste: Duration,
}

impl Calm {
    /// A callback with sound for `period` has begun: how long the thread should sleep at its end.
    pub(super) fn rest(&mut self, begun: Moment, period: Duration) -> Duration {
        let busy = self.ended.map_or(Duration::ZERO, |ended| {
            begun.busy.saturating_sub(ended.busy)
        });
        // What comes after a long gap is behind its time, and no measure of it.
        if busy >= SPUN && busy < 2 * period {
            self.due = Some(begun.passed + MARGIN);
            self.haste = period / HASTE;
        }
        let Some(due) = self.due else {
            return Duration::ZERO;
        };
        // The beat comes earlier by and by, so that nothing piles up behind it, until it is too
        // early and the thread spins again.
        let next = (due + period).saturating_sub(self.haste);
        self.haste = (self.haste * 51 / 50).min(period / 4);
        self.due = Some(next);
        next.saturating_sub(begun.passed).min(period)
    }

    /// The callback has ended, and the thread has slept.
    pub(super) fn ended(&mut self, ended: Moment) {
        self.ended = Some(ended);
    }
}

/// So much work between two callbacks is none: waking up, and fetching the samples, takes a
/// twentieth of it.
const SPUN: Duration = Duration::from_micros(200);

/// Later than the latest: pieces do not come like clockwork.
const MARGIN: Duration = Duration::from_millis(1);

/// By this part of itself the beat is faster at first: no two clocks differ as much.
const HASTE: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: f64 = 1024.0;

    /// A stream whose samples arrive in pieces, and whose thread spins while some are there that
    /// are not enough. Times are samples.
    struct Stream {
        piece: f64,
        now: f64,
        busy: f64,
        read: f64,
        calm: Calm,
        most_waiting: f64,
    }

    impl Stream {
        fn new(piece: f64) -> Self {
            Self {
                piece,
                now: 0.0,
                busy: 0.0,
                read: 0.0,
                calm: Calm::default(),
                most_waiting: 0.0,
            }
        }

        fn moment(&self) -> Moment {
            let time = |samples: f64| Duration::from_secs_f64(samples / 48_000.0);
            Moment {
                passed: time(self.now),
                busy: time(self.busy),
            }
        }

        /// Until the time of sample `end`, pieces coming `late` after their time.
        fn run(&mut self, end: f64, late: impl Fn(f64) -> f64) {
            while self.now < end {
                let pieces = ((self.read + PERIOD) / self.piece).ceil();
                let ready = pieces * self.piece + late(pieces);
                if self.now < ready {
                    // It spins as long as there is a rest, and sleeps otherwise.
                    if self.read % self.piece != 0.0 {
                        self.busy += ready - self.now;
                    }
                    self.now = ready;
                }
                let arrived = (self.now / self.piece).floor() * self.piece;
                self.most_waiting = self.most_waiting.max(arrived - self.read);
                self.read += PERIOD;
                self.busy += 0.5;
                let period = Duration::from_secs_f64(PERIOD / 48_000.0);
                let rest = self.calm.rest(self.moment(), period);
                self.now += rest.as_secs_f64() * 48_000.0;
                self.calm.ended(self.moment());
            }
        }
    }

    #[test]
    fn a_thread_that_sleeps_by_itself_is_left_alone() {
        let mut stream = Stream::new(PERIOD);
        stream.run(480_000.0, |_| 0.0);
        assert_eq!(stream.calm.due, None);
    }

    #[test]
    fn a_thread_that_spins_works_for_less_than_a_hundredth_of_the_time() {
        // As PulseAudio cuts them, and pieces longer than a callback's.
        for piece in [672.0, 480.0, 960.0, 1500.0] {
            let mut stream = Stream::new(piece);
            stream.run(48_000.0, |_| 0.0);
            let settled = stream.busy;
            // Each piece up to a millisecond late.
            stream.run(1_488_000.0, |n| 48.0 * (0.5 + 0.5 * (n * 1.7).sin()));
            let share = (stream.busy - settled) / 1_440_000.0;
            assert!(share < 0.01, "{piece}: {share}");
            // What waits is what lay there anyway: a callback's, and one piece.
            let most = PERIOD + piece + 96.0;
            assert!(
                stream.most_waiting <= most,
                "{piece}: {}",
                stream.most_waiting
            );
        }
    }

    #[test]
    fn after_a_long_gap_it_catches_up_at_once() {
        let mut stream = Stream::new(672.0);
        stream.run(48_000.0, |_| 0.0);
        // For 0.2 s nothing comes, then all of it at once.
        stream.run(57_000.0, |n| (57_600.0 - n * 672.0).max(0.0));
        stream.run(60_000.0, |_| 0.0);
        assert!(stream.most_waiting > 8_000.0, "{}", stream.most_waiting);
        stream.most_waiting = 0.0;
        stream.run(300_000.0, |_| 0.0);
        let most = PERIOD + 672.0 + 96.0;
        assert!(stream.most_waiting <= most, "{}", stream.most_waiting);
    }
}
