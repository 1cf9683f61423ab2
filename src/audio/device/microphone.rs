//! A microphone as a stream of samples.

use super::cards;
use super::intake::Intake;
use super::keeper::{Kept, Line, Opened, Opener};
use super::vitals::{Counters, Pulse};
use super::{Counts, DeviceError, Direction, Tally};
use crate::audio::level::{Level, Meter};
use crate::units::SampleRate;
use rtrb::Consumer;
use std::sync::Arc;

/// An open microphone: mono samples at its own rate, full scale 1. Never blocks.
///
/// A microphone that fails is opened again in the background; meanwhile [`Microphone::read`]
/// gives nothing. Dropping it closes it.
pub struct Microphone {
    kept: Kept<Consumer<f32>>,
    line: Line<Consumer<f32>>,
    counters: Arc<Counters>,
    meter: Meter,
    doubt: Doubt,
}

impl Microphone {
    /// Opens the microphone of that name (see [`Device`](super::Device); a part of the name is
    /// enough if it fits only one), or the default one. It hears from now on; four seconds are
    /// kept for a reader that comes late.
    ///
    /// # Errors
    /// [`DeviceError`]: there is none, it has another name, it cannot be used, or the sound
    /// system does not answer within five seconds.
    pub fn open(choice: Option<&str>) -> Result<Self, DeviceError> {
        let counters = Arc::<Counters>::default();
        let (kept, line) = Kept::open(
            Direction::Input,
            counters.clone(),
            opener(choice, &counters),
        )?;
        Ok(Self {
            meter: Meter::new(line.rate),
            kept,
            line,
            counters,
            doubt: Doubt::default(),
        })
    }

    /// Samples per second of what [`Microphone::read`] gave last. It changes only between two
    /// reads, and only if the device came back at another rate after it was lost.
    pub fn rate(&self) -> SampleRate {
        self.line.rate
    }

    /// The name of the device.
    pub fn name(&self) -> &str {
        &self.line.name
    }

    /// Fills the front of `out` with what has been heard since the last call, oldest first;
    /// returns how many samples that are.
    pub fn read(&mut self, out: &mut [f32]) -> usize {
        let mut count = pop(&mut self.line.end, out);
        if count == 0
            && let Some(line) = self.kept.next_line()
        {
            if line.rate != self.line.rate {
                self.meter = Meter::new(line.rate);
            }
            self.line = line;
            count = pop(&mut self.line.end, out);
        }
        self.meter.push(&out[..count]);
        count
    }

    /// How loud the last tenth of a second was that was read.
    pub fn level(&self) -> Level {
        self.meter.level()
    }

    /// Something the user should know, said once.
    pub fn warning(&mut self) -> Option<Warning> {
        let zeros_s = self.line.rate.seconds(self.meter.zeros());
        let news = self.doubt.arises(zeros_s, self.meter.alive());
        news.then_some(Warning::Silent)
    }

    /// Whether it works.
    ///
    /// # Errors
    /// [`DeviceError::Lost`] while nothing has come from it for three seconds. It is tried on;
    /// when it works again this does, too.
    pub fn check(&self) -> Result<(), DeviceError> {
        self.kept.trouble().map_or(Ok(()), Err)
    }

    /// What has gone wrong so far.
    pub fn counts(&self) -> Counts {
        self.counters.counts()
    }

    /// The counts, to be read while another thread has the device.
    pub fn tally(&self) -> Tally {
        Tally(self.counters.clone())
    }
}

/// Something about a microphone that works but does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// For seconds there have been only zeros.
    #[error(
        "the microphone gives only zeros: it is muted, or this program may not use it \
         (see the privacy settings of the system)"
    )]
    Silent,
}

/// Whether a microphone hears anything at all.
#[derive(Debug, Default)]
struct Doubt {
    standing: bool,
}

impl Doubt {
    /// Takes how long there have been only zeros, and whether there ever was anything else;
    /// true when that begins to be doubtful.
    fn arises(&mut self, zeros_s: f64, alive: bool) -> bool {
        let silent = zeros_s >= if alive { MUTED } else { SILENT };
        let news = silent && !self.standing;
        self.standing = silent;
        news
    }
}

fn opener(choice: Option<&str>, counters: &Arc<Counters>) -> Opener<Consumer<f32>> {
    let choice = choice.map(str::to_owned);
    let counters = counters.clone();
    Arc::new(move || {
        let pulse = Arc::<Pulse>::default();
        let card = cards::find(Direction::Input, choice.as_deref())?;
        let capacity = card.rate().samples_in(RING) as usize;
        let (stream, end) = card.open_input(&counters, &pulse, || {
            Intake::new(capacity, counters.clone(), pulse.clone())
        })?;
        Ok(Opened {
            stream,
            pulse: pulse.clone(),
            line: Line {
                end,
                rate: card.rate(),
                name: card.name(),
            },
        })
    })
}

fn pop(ring: &mut Consumer<f32>, out: &mut [f32]) -> usize {
    let count = out.len().min(ring.slots());
    let Ok(chunk) = ring.read_chunk(count) else {
        return 0;
    };
    let (head, tail) = chunk.as_slices();
    out[..head.len()].copy_from_slice(head);
    out[head.len()..count].copy_from_slice(tail);
    chunk.commit_all();
    count
}

/// How many seconds the ring holds.
const RING: f64 = 4.0;

/// So many seconds of nothing but zeros from the start mean that there is no permission.
const SILENT: f64 = 3.0;

/// So many seconds of zeros after there was sound mean that somebody has muted it.
const MUTED: f64 = 30.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zeros_from_the_start_are_doubtful_once() {
        let mut doubt = Doubt::default();
        assert!(!doubt.arises(SILENT - 0.1, false));
        assert!(doubt.arises(SILENT, false));
        assert!(!doubt.arises(100.0 * SILENT, false));
    }

    #[test]
    fn a_microphone_that_was_alive_is_given_more_time_and_warned_of_again() {
        let mut doubt = Doubt::default();
        assert!(!doubt.arises(MUTED - 0.1, true));
        assert!(doubt.arises(MUTED, true));
        assert!(!doubt.arises(0.0, true));
        assert!(doubt.arises(MUTED, true));
    }
}
