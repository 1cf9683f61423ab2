//! Samples to events, streaming.
//!
//! ```text
//!                /- resampler -> history -> searcher -> sightings -> follower -\
//!  samples -----+                    (a line for each profile)                 +-> events
//!                \- ...                                                      -/
//! ```
//!
//! Nothing makes it deaf: the search goes on while frames are read.

use std::collections::VecDeque;

use crate::samples::{Resampler, Searcher, Sighting};
use crate::units::{Hertz, SampleRate};

use super::follower::Follower;
use super::history::History;
use super::{Event, Profile};

/// Blocks a second. Lines work on a grid of their own, in step with each other, which makes the
/// events independent of how the input is cut.
const BLOCKS: u32 = 100;

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
    lines: Vec<Line>,
    events: VecDeque<Event>,
}

/// What listens in one profile.
#[derive(Debug)]
struct Line {
    /// Samples in a block, at the receiver's rate.
    block: usize,
    resampler: Resampler,
    /// Resampled; worked off up to `worked`.
    fresh: Vec<f32>,
    worked: usize,
    history: History,
    searcher: Searcher,
    sightings: Vec<Sighting>,
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
        let lines = profiles
            .iter()
            .filter(|profile| rate >= profile.lowest_rate)
            .map(|profile| Line::new(profile, rate))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            pushed: 0,
            lines,
            events: VecDeque::new(),
        })
    }

    /// Takes any number of samples, also none; gives what they caused. The events are the same
    /// however a stream is cut into pushes. A sample that is not finite counts as silence.
    pub fn push(&mut self, samples: &[f32]) -> impl Iterator<Item = Event> + '_ {
        self.pushed += samples.len() as u64;
        if samples.iter().all(|sample| sample.is_finite()) {
            self.take(samples);
        } else {
            let mended: Vec<f32> = samples
                .iter()
                .map(|x| if x.is_finite() { *x } else { 0.0 })
                .collect();
            self.take(&mended);
        }
        self.work();
        self.events.drain(..)
    }

    /// The input has ended: decides what is still open. What was cut off is read as if silence
    /// followed, since a code may bridge a missing end.
    pub fn finish(&mut self) -> impl Iterator<Item = Event> + '_ {
        for line in &mut self.lines {
            line.finish();
        }
        self.work();
        for line in &mut self.lines {
            // No more silence than someone waits for.
            let mut left = line.follower.memory() / line.block + 1;
            while line.is_ready() || (left > 0 && line.follower.is_waiting()) {
                if !line.is_ready() {
                    line.fresh.resize(line.fresh.len() + line.block, 0.0);
                    left -= 1;
                }
                line.work(&mut self.events);
            }
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
        for line in &mut self.lines {
            line.fresh.drain(..line.worked);
            line.worked = 0;
            line.resampler.push(samples, &mut line.fresh);
        }
    }

    /// Works off the blocks that all lines have.
    fn work(&mut self) {
        while self.lines.iter().all(Line::is_ready) {
            for line in &mut self.lines {
                line.work(&mut self.events);
            }
        }
    }
}

impl Line {
    fn new(profile: &'static Profile, rate: SampleRate) -> Result<Self, ReceiverError> {
        let too_high = ReceiverError::RateTooHigh {
            got: rate,
            max: *Resampler::RATES.end(),
        };
        let (_, highest) = profile.band();
        let highest = Hertz(
            highest
                .0
                .min(f64::from(rate.0) / 2.0 * Resampler::HIGHEST_FRACTION),
        );
        let searcher = Searcher::new(&profile.chirp, profile.receiver_rate);
        let follower = Follower::new(profile, searcher.chirp_len(), rate);
        Ok(Self {
            block: (profile.receiver_rate.0 / BLOCKS) as usize,
            resampler: Resampler::new(rate, profile.receiver_rate, highest)
                .map_err(|_| too_high)?,
            fresh: Vec::new(),
            worked: 0,
            history: History::new(follower.memory()),
            searcher,
            sightings: Vec::new(),
            follower,
        })
    }

    /// Whether there is a whole block to work on.
    fn is_ready(&self) -> bool {
        self.fresh.len() - self.worked >= self.block
    }

    /// Works off one block.
    fn work(&mut self, events: &mut VecDeque<Event>) {
        let block = &self.fresh[self.worked..self.worked + self.block];
        self.history.push(block);
        self.searcher.push(block, &mut self.sightings);
        self.worked += self.block;
        for sighting in self.sightings.drain(..) {
            self.follower.follow(sighting);
        }
        self.follower.advance(&self.history);
        self.follower.forget(self.history.end());
        events.extend(self.follower.take_events());
    }

    /// Adds the silence after which every preamble is sighted.
    fn finish(&mut self) {
        self.resampler.finish(&mut self.fresh);
        let end = self.history.end() + (self.fresh.len() - self.worked) as u64;
        self.follower.ends_at(end);
        let silence = 50 * self.block;
        self.fresh
            .resize(self.fresh.len() + silence + self.block, 0.0);
    }
}
