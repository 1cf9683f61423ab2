//! Samples to events, streaming.
//!
//! ```text
//!              /- searcher of all preambles -> sightings -\
//!  samples ---+                                            +-> follower -> events
//!              \- ring of the latest samples -> resampler -/   (one for each profile)
//! ```
//!
//! Nothing makes it deaf: the search goes on while frames are read. While nobody speaks, the
//! search is all there is: what is to be read gets a profile's rate when it is read.

use std::collections::VecDeque;

use crate::samples::{Resampler, Searcher, Sighting, Target};
use crate::units::{Hertz, SampleRate};

use super::follower::Follower;
use super::history::{History, Resampled, Ring};
use super::{Event, Profile};

/// Input of a higher rate is brought to the rate that everything is synthesised at: no profile
/// has anything above half of it.
const MOST: SampleRate = SampleRate(50_000);

/// Why a receiver cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiverError {
    /// The band of the profile does not fit below half the sample rate.
    #[error("a sample rate of {got} is too low: at least {min} is needed")]
    RateTooLow {
        /// What was asked for.
        got: SampleRate,
        /// The lowest that works.
        min: SampleRate,
    },
    /// No sound is recorded at such a rate.
    #[error("a sample rate of {got} is too high: at most {max} is read")]
    RateTooHigh {
        /// What was asked for.
        got: SampleRate,
        /// The highest that works.
        max: SampleRate,
    },
}

/// Listens to a stream of samples for bursts of any of some profiles. It is told samples, never
/// asks for time, and keeps bounded memory whatever it hears.
#[derive(Debug)]
pub struct Receiver {
    pushed: u64,
    /// Down to a rate that the search can work at, if the input's is too high.
    down: Option<Resampler>,
    /// Input at that rate, less than a block.
    fresh: Vec<f32>,
    /// Samples in a block. Work is done on a grid of them, which makes the events independent of
    /// how the input is cut.
    block: usize,
    searcher: Searcher,
    ring: Ring,
    lines: Vec<Line>,
    sightings: Vec<(usize, Sighting)>,
    events: VecDeque<Event>,
}

/// What reads in one profile.
#[derive(Debug)]
struct Line {
    resampled: Resampled,
    follower: Follower,
}

impl Receiver {
    /// A receiver of `profiles` for samples at `rate`. Profiles whose band does not fit below
    /// half the rate are left out. Allocates here.
    ///
    /// # Errors
    /// [`ReceiverError`] if `rate` is too low for all of them or above 1 MHz.
    ///
    /// # Panics
    /// If `profiles` is empty.
    pub fn new(profiles: &[&'static Profile], rate: SampleRate) -> Result<Self, ReceiverError> {
        let lowest = profiles.iter().map(|profile| profile.lowest_rate).min();
        let lowest = lowest.expect("a profile to listen for");
        if rate < lowest {
            return Err(ReceiverError::RateTooLow {
                got: rate,
                min: lowest,
            });
        }
        let profiles: Vec<&'static Profile> = profiles
            .iter()
            .copied()
            .filter(|profile| rate >= profile.lowest_rate)
            .collect();
        let own = rate;
        let (rate, down) = if own > MOST {
            let to = SampleRate::HZ_48000;
            (to, Some(resampler(own, to, &profiles)?))
        } else {
            (own, None)
        };
        let targets: Vec<Target> = profiles
            .iter()
            .map(|profile| Target {
                chirp: profile.chirp,
                grid: profile.receiver_rate,
            })
            .collect();
        let searcher = Searcher::new(&targets, rate);
        let lines = profiles
            .iter()
            .map(|profile| Line::new(profile, own, rate))
            .collect::<Result<Vec<_>, _>>()?;
        let memory = lines.iter().map(|line| line.memory(rate)).max();
        let block = searcher.hop() / 2;
        Ok(Self {
            pushed: 0,
            down,
            fresh: Vec::with_capacity(block),
            block,
            ring: Ring::new(memory.unwrap_or(0) + searcher.lag()),
            searcher,
            lines,
            sightings: Vec::new(),
            events: VecDeque::new(),
        })
    }

    /// Takes any number of samples, also none; gives what they caused. The events are the same
    /// however a stream is cut into pushes. A sample that is not finite counts as silence.
    pub fn push(&mut self, samples: &[f32]) -> impl Iterator<Item = Event> + '_ {
        self.pushed += samples.len() as u64;
        // Without a way out in between, so that many are looked at at once.
        let finite = samples
            .iter()
            .fold(true, |so_far, x| so_far & x.is_finite());
        if finite {
            self.take(samples);
        } else {
            let mended: Vec<f32> = samples
                .iter()
                .map(|x| if x.is_finite() { *x } else { 0.0 })
                .collect();
            self.take(&mended);
        }
        self.events.drain(..)
    }

    /// The input has ended: decides what is still open. What was cut off is read as if silence
    /// followed, since a code may bridge a missing end.
    pub fn finish(&mut self) -> impl Iterator<Item = Event> + '_ {
        if let Some(mut down) = self.down.take() {
            let mut rest = Vec::new();
            down.finish(&mut rest);
            self.down = Some(down);
            self.gather(&rest);
        }
        let end = self.ring.end() + self.fresh.len() as u64;
        for line in &mut self.lines {
            line.follower.ends_at(line.resampled.length(end));
        }
        // The silence after which every preamble is sighted, and no more than someone waits for.
        let silence = vec![0.0; self.block];
        for _ in 0..self.searcher.lag() / self.block + 2 {
            self.gather(&silence);
        }
        let mut left = self.ring.capacity() / self.block + 1;
        while left > 0 && self.lines.iter().any(|line| line.follower.is_waiting()) {
            self.gather(&silence);
            left -= 1;
        }
        for line in &mut self.lines {
            line.follower.finish();
            self.events.extend(line.follower.take_events());
        }
        self.events.drain(..)
    }

    /// Samples pushed so far.
    pub fn position(&self) -> u64 {
        self.pushed
    }

    fn take(&mut self, samples: &[f32]) {
        let Some(mut down) = self.down.take() else {
            self.gather(samples);
            return;
        };
        // In pieces: what is pushed may be long, and what is kept may not.
        let mut converted = Vec::with_capacity(2 * self.block);
        for piece in samples.chunks(self.block) {
            down.push(piece, &mut converted);
            self.gather(&converted);
            converted.clear();
        }
        self.down = Some(down);
    }

    /// Fills blocks and works them off.
    fn gather(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let missing = self.block - self.fresh.len();
            let (now, later) = samples.split_at(missing.min(samples.len()));
            self.fresh.extend_from_slice(now);
            samples = later;
            if self.fresh.len() == self.block {
                self.work();
                self.fresh.clear();
            }
        }
    }

    /// Works off a whole block.
    fn work(&mut self) {
        self.ring.push(&self.fresh);
        self.searcher.push(&self.fresh, &mut self.sightings);
        for (line, sighting) in self.sightings.drain(..) {
            self.lines[line].follower.follow(sighting);
        }
        for line in &mut self.lines {
            let mut history = History::new(&self.ring, &mut line.resampled);
            line.follower.advance(&mut history);
            line.follower.forget(history.end());
            self.events.extend(line.follower.take_events());
        }
    }
}

impl Line {
    /// Reads `profile` in samples at `rate`; the input came at rate `own`.
    fn new(
        profile: &'static Profile,
        own: SampleRate,
        rate: SampleRate,
    ) -> Result<Self, ReceiverError> {
        let resampler = resampler(rate, profile.receiver_rate, &[profile])?;
        let chirp = profile.chirp.length(profile.receiver_rate);
        let follower = Follower::new(profile, chirp, own);
        Ok(Self {
            resampled: Resampled::new(resampler, profile.receiver_rate, follower.memory()),
            follower,
        })
    }

    /// Samples at `rate` that it may look back.
    fn memory(&self, rate: SampleRate) -> usize {
        rate.samples_in(self.resampled.seconds()) as usize
    }
}

/// A resampler that keeps what `profiles` need.
fn resampler(
    from: SampleRate,
    to: SampleRate,
    profiles: &[&'static Profile],
) -> Result<Resampler, ReceiverError> {
    let highest = profiles
        .iter()
        .map(|profile| profile.band().1.0)
        .fold(0.0, f64::max);
    let half = f64::from(from.min(to).0) / 2.0;
    let highest = Hertz(highest.min(half * Resampler::HIGHEST_FRACTION));
    Resampler::new(from, to, highest).map_err(|_| ReceiverError::RateTooHigh {
        got: from,
        max: *Resampler::RATES.end(),
    })
}
