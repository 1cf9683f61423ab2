//! Keeps a stream alive: watches its callbacks, and opens it again when they stop.
//!
//! Opening and throwing away can both hang for ever inside a sound system (a daemon that is
//! alive but does not answer; a device that vanished under an open stream), so both happen on
//! threads of their own that the keeper never waits for.

use super::vitals::{Counters, Pulse};
use super::{DeviceError, Direction};
use crate::units::SampleRate;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A stream that runs, and the caller's end of its ring.
pub(super) struct Opened<L> {
    /// Runs until it is dropped.
    pub(super) stream: Box<dyn Send>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) line: Line<L>,
}

/// The caller's end of an opened device.
pub(super) struct Line<L> {
    pub(super) end: L,
    pub(super) rate: SampleRate,
    pub(super) name: String,
}

/// Opens the device; called again for every try.
pub(super) type Opener<L> = Arc<dyn Fn() -> Result<Opened<L>, DeviceError> + Send + Sync>;

/// The caller's hold on a kept device. Dropping it closes the device.
pub(super) struct Kept<L> {
    lines: Receiver<Line<L>>,
    trouble: Arc<Mutex<Option<DeviceError>>>,
    stop: Sender<()>,
    stopped: Receiver<()>,
}

impl<L: Send + 'static> Kept<L> {
    /// Opens a device and keeps it open. Gives the first line; [`Kept::next_line`] the later ones.
    pub(super) fn open(
        direction: Direction,
        counters: Arc<Counters>,
        opener: Opener<L>,
    ) -> Result<(Self, Line<L>), DeviceError> {
        let first = try_to_open(&opener);
        let opened = first
            .recv_timeout(OPENING)
            .unwrap_or(Err(DeviceError::Hung {
                direction,
                seconds: OPENING.as_secs(),
            }))?;
        let (lines_in, lines) = mpsc::channel();
        let (stop, stop_out) = mpsc::channel();
        let (stopped_in, stopped) = mpsc::channel();
        let trouble = Arc::<Mutex<Option<DeviceError>>>::default();
        let mut watch = Watch {
            direction,
            name: opened.line.name.clone(),
            opener,
            counters,
            lines: lines_in,
            trouble: trouble.clone(),
            good: Duration::ZERO,
            why: String::new(),
            phase: Phase::Running {
                stream: opened.stream,
                pulse: opened.pulse,
                beats: 0,
                since: Duration::ZERO,
            },
        };
        let start = now();
        spawn("keep a device", move || {
            while let Err(RecvTimeoutError::Timeout) = stop_out.recv_timeout(TICK) {
                watch.tick(now().duration_since(start));
            }
            if let Phase::Running { stream, .. } = watch.phase {
                let buried = bury(stream);
                let _ = buried.recv_timeout(BURIAL);
            }
            let _ = stopped_in.send(());
        });
        let kept = Self {
            lines,
            trouble,
            stop,
            stopped,
        };
        Ok((kept, opened.line))
    }

    /// The line of a new opening, if there has been one: the one before is dead.
    pub(super) fn next_line(&self) -> Option<Line<L>> {
        self.lines.try_iter().last()
    }

    /// What is wrong, for as long as it is.
    pub(super) fn trouble(&self) -> Option<DeviceError> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl<L> Drop for Kept<L> {
    fn drop(&mut self) {
        // Gives a healthy device the time to close, a sick one no more than that.
        let _ = self.stop.send(());
        let _ = self.stopped.recv_timeout(BURIAL + 2 * TICK);
    }
}

/// The state of the keeper. It is told the time.
struct Watch<L> {
    direction: Direction,
    name: String,
    opener: Opener<L>,
    counters: Arc<Counters>,
    lines: Sender<Line<L>>,
    trouble: Arc<Mutex<Option<DeviceError>>>,
    /// When the device was last seen to work.
    good: Duration,
    /// Why it does not.
    why: String,
    phase: Phase<L>,
}

enum Phase<L> {
    /// A stream is open; its callbacks have come `beats` times, the last change was at `since`.
    Running {
        stream: Box<dyn Send>,
        pulse: Arc<Pulse>,
        beats: u64,
        since: Duration,
    },
    /// The old stream is being thrown away; there is no use in waiting beyond `until`.
    Burying { done: Receiver<()>, until: Duration },
    /// A try to open it is under way.
    Opening(Receiver<Result<Opened<L>, DeviceError>>),
    /// The last try failed; the next is due then.
    Resting { until: Duration },
}

impl<L: Send + 'static> Watch<L> {
    fn tick(&mut self, now: Duration) {
        match &mut self.phase {
            Phase::Running {
                pulse,
                beats,
                since,
                ..
            } => {
                let patience = if *beats == 0 { FIRST_BEAT } else { STALL };
                if pulse.beats() != *beats {
                    (*beats, *since) = (pulse.beats(), now);
                    self.good = now;
                    self.recovered();
                } else if pulse.is_broken() {
                    self.give_up_stream("the system has taken it away", now);
                } else if now.saturating_sub(*since) >= patience {
                    self.give_up_stream("no samples come", now);
                }
            }
            Phase::Burying { done, until } => {
                if done.try_recv() != Err(TryRecvError::Empty) || now >= *until {
                    self.phase = Phase::Opening(try_to_open(&self.opener));
                }
            }
            Phase::Opening(attempt) => match attempt.try_recv() {
                Ok(Ok(opened)) => {
                    self.counters.reopened.fetch_add(1, Relaxed);
                    self.name.clone_from(&opened.line.name);
                    let _ = self.lines.send(opened.line);
                    self.phase = Phase::Running {
                        stream: opened.stream,
                        pulse: opened.pulse,
                        beats: 0,
                        since: now,
                    };
                }
                Ok(Err(error)) => {
                    self.why = error.to_string();
                    self.phase = Phase::Resting { until: now + REST };
                }
                Err(TryRecvError::Disconnected) => {
                    self.phase = Phase::Resting { until: now + REST };
                }
                // Perhaps for ever: then this is the only thread that is left hanging.
                Err(TryRecvError::Empty) => {}
            },
            Phase::Resting { until } => {
                if now >= *until {
                    self.phase = Phase::Opening(try_to_open(&self.opener));
                }
            }
        }
        if now.saturating_sub(self.good) >= LOST {
            self.lost();
        }
    }

    fn give_up_stream(&mut self, why: &str, now: Duration) {
        self.why = why.to_owned();
        let next = Phase::Resting { until: now };
        if let Phase::Running { stream, .. } = std::mem::replace(&mut self.phase, next) {
            self.phase = Phase::Burying {
                done: bury(stream),
                until: now + BURIAL,
            };
        }
    }

    fn recovered(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn lost(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(DeviceError::Lost {
            direction: self.direction,
            name: self.name.clone(),
            why: self.why.clone(),
        });
    }
}

/// Opens on a thread of its own.
fn try_to_open<L: Send + 'static>(opener: &Opener<L>) -> Receiver<Result<Opened<L>, DeviceError>> {
    let opener = opener.clone();
    finish_elsewhere("open a device", move || opener())
}

/// Throws a stream away on a thread of its own.
fn bury(stream: Box<dyn Send>) -> Receiver<()> {
    finish_elsewhere("close a device", move || drop(stream))
}

/// Runs `work` on a thread of its own; the receiver gets its result if it ever ends. A result
/// that nobody waits for any more is dropped there, too.
pub(super) fn finish_elsewhere<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Receiver<T> {
    let (done, result) = mpsc::channel();
    spawn(name, move || {
        let _ = done.send(work());
    });
    result
}

/// Starts a thread. Where the system has none left, what it would have worked on is dropped, and
/// whoever waits for it is told so by the closed channel.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let _ = thread::Builder::new().name(name.to_owned()).spawn(work);
}

#[expect(
    clippy::disallowed_methods,
    reason = "a stalled device shows in time only"
)]
fn now() -> Instant {
    Instant::now()
}

/// How often the keeper looks.
const TICK: Duration = Duration::from_millis(50);

/// A stream without callbacks for so long is dead. Callbacks come every 20 ms; a machine so
/// busy that 500 ms pass without one has lost the sound already.
const STALL: Duration = Duration::from_millis(500);

/// The first callback may take longer: headsets wake up, systems ask for permission.
const FIRST_BEAT: Duration = Duration::from_secs(2);

/// How long the first opening may take.
const OPENING: Duration = Duration::from_secs(5);

/// How long a stream may take to close before it is opened again beside the old one.
const BURIAL: Duration = Duration::from_millis(300);

/// The pause between two tries.
const REST: Duration = Duration::from_millis(500);

/// A device that has not worked for so long is reported as lost. It is tried on.
const LOST: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    /// A sound system whose faults are fields.
    #[derive(Default)]
    struct System {
        unplugged: AtomicBool,
        hangs_on_open: AtomicBool,
        hangs_on_close: AtomicBool,
        opened: AtomicUsize,
        closed: AtomicUsize,
        refused: AtomicUsize,
        pulse: Mutex<Option<Arc<Pulse>>>,
    }

    struct Stream(Arc<System>);

    impl Drop for Stream {
        fn drop(&mut self) {
            while self.0.hangs_on_close.load(Relaxed) {
                thread::park_timeout(Duration::from_millis(5));
            }
            self.0.closed.fetch_add(1, Relaxed);
        }
    }

    impl System {
        fn opener(self: &Arc<Self>) -> Opener<u32> {
            let system = self.clone();
            Arc::new(move || {
                while system.hangs_on_open.load(Relaxed) {
                    thread::park_timeout(Duration::from_millis(5));
                }
                if system.unplugged.load(Relaxed) {
                    system.refused.fetch_add(1, Relaxed);
                    return Err(DeviceError::None {
                        direction: Direction::Input,
                        detail: "unplugged".to_owned(),
                    });
                }
                let pulse = Arc::<Pulse>::default();
                *system.pulse.lock().unwrap() = Some(pulse.clone());
                Ok(Opened {
                    stream: Box::new(Stream(system.clone())),
                    pulse,
                    line: Line {
                        end: system.opened.fetch_add(1, Relaxed) as u32,
                        rate: SampleRate::HZ_48000,
                        name: "fake".to_owned(),
                    },
                })
            })
        }

        /// How many openings and closings have ended.
        fn ended(&self) -> usize {
            [&self.opened, &self.closed, &self.refused]
                .iter()
                .map(|count| count.load(Relaxed))
                .sum()
        }

        fn beat(&self) {
            self.pulse.lock().unwrap().as_ref().unwrap().beat();
        }
    }

    /// A watch on virtual time.
    struct Bench {
        system: Arc<System>,
        watch: Watch<u32>,
        lines: Receiver<Line<u32>>,
        now: Duration,
    }

    impl Bench {
        fn new() -> Self {
            let system = Arc::<System>::default();
            let opener = system.opener();
            let opened = opener().unwrap();
            let (lines_in, lines) = mpsc::channel();
            let watch = Watch {
                direction: Direction::Input,
                name: opened.line.name,
                opener,
                counters: Arc::default(),
                lines: lines_in,
                trouble: Arc::default(),
                good: Duration::ZERO,
                why: String::new(),
                phase: Phase::Running {
                    stream: opened.stream,
                    pulse: opened.pulse,
                    beats: 0,
                    since: Duration::ZERO,
                },
            };
            Self {
                system,
                watch,
                lines,
                now: Duration::ZERO,
            }
        }

        /// Lets `span` of virtual time pass. Work on other threads takes no virtual time, unless
        /// it hangs.
        fn pass(&mut self, span: Duration, beating: bool) {
            let end = self.now + span;
            while self.now < end {
                self.now += TICK;
                if beating {
                    self.system.beat();
                }
                let ended = self.system.ended();
                let before = std::mem::discriminant(&self.watch.phase);
                self.watch.tick(self.now);
                // What was begun ends before more virtual time passes, however busy the machine.
                let ends = match &self.watch.phase {
                    Phase::Burying { .. } => !self.system.hangs_on_close.load(Relaxed),
                    Phase::Opening(_) => !self.system.hangs_on_open.load(Relaxed),
                    _ => false,
                };
                let begun = before != std::mem::discriminant(&self.watch.phase);
                while begun && ends && self.system.ended() == ended {
                    thread::yield_now();
                }
                // Between the end of the work and the message about it.
                thread::park_timeout(Duration::from_millis(1));
            }
        }

        fn trouble(&self) -> Option<DeviceError> {
            self.watch.trouble.lock().unwrap().clone()
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_stream_that_beats_is_left_alone() {
        let mut bench = Bench::new();
        bench.pass(20 * SECOND, true);
        assert_eq!(bench.system.opened.load(Relaxed), 1);
        assert_eq!(bench.trouble(), None);
    }

    #[test]
    fn a_stream_that_stops_is_opened_again_before_it_counts_as_lost() {
        let mut bench = Bench::new();
        bench.pass(SECOND, true);
        bench.pass(STALL + 10 * TICK, false);
        assert_eq!(bench.lines.try_recv().map(|line| line.end), Ok(1));
        bench.pass(5 * SECOND, true);
        assert_eq!(bench.system.closed.load(Relaxed), 1);
        assert_eq!(bench.watch.counters.counts().reopened, 1);
        assert_eq!(bench.trouble(), None);
    }

    #[test]
    fn a_stream_that_the_system_takes_away_is_not_waited_for() {
        let mut bench = Bench::new();
        bench.pass(SECOND, true);
        bench
            .system
            .pulse
            .lock()
            .unwrap()
            .as_ref()
            .unwrap()
            .break_down();
        bench.pass(8 * TICK, false);
        assert_eq!(bench.system.opened.load(Relaxed), 2);
    }

    #[test]
    fn a_device_that_stays_away_is_lost_after_three_seconds_and_comes_back() {
        let mut bench = Bench::new();
        bench.pass(SECOND, true);
        bench.system.unplugged.store(true, Relaxed);
        bench.pass(LOST - TICK, false);
        assert_eq!(bench.trouble(), None, "not yet");
        bench.pass(2 * TICK, false);
        match bench.trouble() {
            Some(DeviceError::Lost { why, .. }) => assert!(why.contains("unplugged"), "{why}"),
            other => panic!("{other:?}"),
        }
        bench.system.unplugged.store(false, Relaxed);
        bench.pass(2 * SECOND, false);
        assert!(bench.lines.try_recv().is_ok());
        bench.pass(SECOND, true);
        assert_eq!(bench.trouble(), None);
    }

    #[test]
    fn a_close_that_hangs_does_not_keep_it_from_opening_again() {
        let mut bench = Bench::new();
        bench.pass(SECOND, true);
        bench.system.hangs_on_close.store(true, Relaxed);
        bench.pass(STALL + BURIAL + 10 * TICK, false);
        assert_eq!(bench.system.opened.load(Relaxed), 2);
        assert_eq!(bench.system.closed.load(Relaxed), 0);
        bench.system.hangs_on_close.store(false, Relaxed);
    }

    #[test]
    fn an_open_that_hangs_is_reported_as_lost_and_leaves_one_thread_only() {
        let mut bench = Bench::new();
        bench.pass(SECOND, true);
        bench.system.hangs_on_open.store(true, Relaxed);
        bench.pass(10 * SECOND, false);
        assert!(matches!(bench.trouble(), Some(DeviceError::Lost { .. })));
        bench.system.hangs_on_open.store(false, Relaxed);
        bench.pass(SECOND, false);
        assert_eq!(bench.system.opened.load(Relaxed), 2);
    }

    #[test]
    fn closing_a_device_that_hangs_takes_less_than_a_second() {
        let system = Arc::<System>::default();
        let (kept, line) =
            Kept::open(Direction::Output, Arc::default(), system.opener()).expect("opens");
        assert_eq!(line.end, 0);
        system.hangs_on_close.store(true, Relaxed);
        let (done, dropped) = mpsc::channel();
        spawn("drop", move || {
            drop(kept);
            let _ = done.send(());
        });
        assert_eq!(dropped.recv_timeout(SECOND), Ok(()));
        system.hangs_on_close.store(false, Relaxed);
    }
}
