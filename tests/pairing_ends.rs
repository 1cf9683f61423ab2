//! How pairing ends: the sound at the first contact, and everything when nobody wants it any more.

#![cfg(feature = "net")]
#![allow(
    clippy::disallowed_methods,
    reason = "what takes how long is what is tested"
)]

use std::collections::VecDeque;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use airshake::medium::{Happening, Medium, MediumError};
use airshake::modem::Profile;
use airshake::pairing::{Addresses, PairEvent, PairOptions, Timing, pair};
use airshake::units::{Decibels, SampleRate};
use tokio::runtime::{Handle, Runtime};
use tokio::time::{sleep, timeout};

/// A symbol of the profile that is spoken by default.
fn symbol() -> Duration {
    let format = &Profile::AUDIBLE.normal;
    let samples = (format.guard + format.body) as u64;
    Duration::from_secs_f64(SampleRate::HZ_48000.seconds(samples))
}

/// From the end of a beacon in the listener's ears, over its connection, its knock and our proof
/// that it is one, to the command to be silent. What remains of the symbol is more than the sound
/// needs to fade (192 samples) and a sound card to play what it holds (1024).
#[test]
fn a_word_stops_within_a_symbol_of_the_first_knock() {
    alone(silenced());
}

async fn silenced() {
    let rest = Duration::from_secs_f64(SampleRate::HZ_48000.seconds(192 + 1024));
    let mut took = Vec::new();
    // A busy machine may be late, but not always.
    for seed in 0..5 {
        let room = Room::new();
        // One speaks, the other only listens.
        let mut listener = options(2 * seed + 1);
        listener.timing.listen = Duration::from_secs(10);
        let knocked = Mutex::new(None);
        let (a, b) = tokio::join!(
            pair(room.end(0), options(2 * seed), |event| {
                if event == PairEvent::Knocked {
                    knocked.lock().expect("alone").get_or_insert(Instant::now());
                }
            }),
            pair(room.end(1), listener, |_| {}),
        );
        let (_a, _b) = (a.expect("found"), b.expect("found"));
        let [speaker, listener] = &*room.ends();
        assert!(listener.said.is_none(), "{listener:?}");
        let knocked = knocked.into_inner().expect("alone").expect("knocked at");
        let hushed = speaker.hushed.expect("hushed");
        println!(
            "knocked at and silent {:?} apart",
            hushed.max(knocked) - hushed.min(knocked)
        );
        took.push(hushed - speaker.said.expect("it spoke"));
    }
    took.sort();
    println!("from a beacon's end to silence being asked for: {took:?}");
    let middle = took[took.len() / 2];
    assert!(middle + rest <= symbol(), "{took:?}, {:?}", symbol());
}

#[test]
fn a_pairing_that_is_dropped_leaves_nothing_behind_whenever_that_is() {
    alone(dropped_at_any_time());
}

async fn dropped_at_any_time() {
    // Once without counting: what is made once stays.
    let _ = dropped_after(Duration::from_secs(5), 0).await;
    settled(0, usize::MAX).await;
    let (tasks, sockets) = (tasks(), sockets());
    let mut found = 0;
    for step in 0..24 {
        let both = dropped_after(Duration::from_millis(16 * step), step).await;
        found += usize::from(both);
        settled(tasks, sockets).await;
    }
    // Some were too early and some were not, or nothing was tried.
    assert!((1..24).contains(&found), "{found} of 24 paired");
}

/// Both sides pair; whatever has come of it is dropped after that time. Whether both were there.
async fn dropped_after(time: Duration, seed: u64) -> bool {
    let room = Room::new();
    let (a, b) = tokio::join!(
        timeout(time, pair(room.end(0), options(2 * seed), |_| {})),
        timeout(time, pair(room.end(1), options(2 * seed + 1), |_| {})),
    );
    // Dropped with the future, not some time later.
    for end in room.ends().iter() {
        assert!(end.gone && end.hushed >= end.said, "{end:?}");
    }
    matches!((a, b), (Ok(Ok(_)), Ok(Ok(_))))
}

#[test]
fn a_pairing_may_be_dropped_outside_of_its_runtime() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = Runtime::new().expect("a runtime");
    let (tasks, sockets) = {
        let _within = runtime.enter();
        (tasks(), sockets())
    };
    let room = Room::new();
    let mut pairing: Vec<Pin<Box<_>>> = (0..2)
        .map(|side| Box::pin(pair(room.end(side), options(90 + side as u64), |_| {})))
        .collect();
    let (b, a) = (pairing.pop().expect("two"), pairing.pop().expect("two"));
    let (mut a, mut b) = (a, b);
    runtime.block_on(async {
        let both = async { tokio::join!(&mut a, &mut b) };
        let _ = timeout(Duration::from_millis(120), both).await;
    });
    drop((a, b));
    runtime.block_on(settled(tasks, sockets));
}

/// Waits until no more tasks run and no more sockets are open than that.
async fn settled(most_tasks: usize, most_sockets: usize) {
    let end = Instant::now() + Duration::from_secs(10);
    while tasks() > most_tasks || sockets() > most_sockets {
        assert!(
            Instant::now() < end,
            "{} tasks and {} sockets are left, {most_tasks} and {most_sockets} were before",
            tasks(),
            sockets()
        );
        sleep(Duration::from_millis(10)).await;
    }
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// How many sockets are open; where that cannot be seen, none.
fn sockets() -> usize {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else {
        return 0;
    };
    open.flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

fn options(seed: u64) -> PairOptions {
    PairOptions {
        addresses: Addresses::Only(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
        timing: Timing {
            // Nobody is in the way here.
            listen: Duration::ZERO,
            listen_spread: Duration::from_millis(20),
            ..Timing::default()
        },
        seed: Some(seed),
        ..PairOptions::default()
    }
}

/// Two ends of a medium whose words are understood when they begin and sound for seconds: so there
/// is something to be silenced.
struct Room(Arc<Mutex<[End; 2]>>);

#[derive(Debug, Default)]
struct End {
    inbox: VecDeque<Happening>,
    said: Option<Instant>,
    hushed: Option<Instant>,
    gone: bool,
}

struct Voice {
    ends: Arc<Mutex<[End; 2]>>,
    side: usize,
}

impl Room {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn end(&self, side: usize) -> Voice {
        Voice {
            ends: self.0.clone(),
            side,
        }
    }

    fn ends(&self) -> MutexGuard<'_, [End; 2]> {
        self.0.lock().expect("nobody panicked")
    }
}

impl Medium for Voice {
    fn say(&mut self, envelope: &[u8], _pass: u8) -> Result<(), MediumError> {
        let mut ends = self.ends.lock().expect("nobody panicked");
        let own = &mut ends[self.side];
        own.inbox.push_back(Happening::Started { air_s: LONG_S });
        own.said = Some(Instant::now());
        own.hushed = None;
        ends[1 - self.side].inbox.push_back(Happening::Heard {
            envelope: envelope.to_vec(),
            snr: Decibels(20.0),
        });
        Ok(())
    }

    fn hush(&mut self) {
        let mut ends = self.ends.lock().expect("nobody panicked");
        ends[self.side].hushed.get_or_insert_with(Instant::now);
    }

    fn poll(&mut self) -> Option<Happening> {
        let mut ends = self.ends.lock().expect("nobody panicked");
        ends[self.side].inbox.pop_front()
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.ends.lock().expect("nobody panicked")[self.side].gone = true;
    }
}

/// How long a word sounds.
const LONG_S: f64 = 5.0;

/// Runs a test while no other does.
fn alone(test: impl Future<Output = ()>) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Runtime::new().expect("a runtime").block_on(test);
}

/// Tasks and sockets are counted, so one test at a time, and one runtime: each has a socket of its
/// own, by which signals come.
static ALONE: Mutex<()> = Mutex::new(());
