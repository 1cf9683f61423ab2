//! A loudspeaker as a stream of samples.

use super::cards;
use super::keeper::{Kept, Line, Opened, Opener, finish_elsewhere};
use super::outlet::{Flow, Outlet};
use super::vitals::{Counters, Pulse};
use super::{Counts, DeviceError, Direction, Tally};
use crate::units::SampleRate;
use rtrb::Producer;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// An open loudspeaker: takes mono samples at its own rate, full scale 1, and plays them on all
/// its channels; silence when there are none. Never blocks.
///
/// A loudspeaker that fails is opened again in the background; what was queued then is lost.
/// Dropping it closes it.
pub struct Speaker {
    kept: Kept<End>,
    line: Line<End>,
    counters: Arc<Counters>,
    choice: Option<String>,
    frames: u32,
    /// How many dropouts there had been when it was opened.
    dropouts: u64,
}

/// The near end of a loudspeaker's ring.
struct End {
    ring: Producer<f32>,
    flow: Arc<Flow>,
    written: u64,
}

impl Speaker {
    /// Opens the loudspeaker of that name (see [`Device`](super::Device); a part of the name is
    /// enough if it fits only one), or the default one.
    ///
    /// # Errors
    /// [`DeviceError`]: there is none, it has another name, it cannot be used, or the sound
    /// system does not answer within five seconds.
    pub fn open(choice: Option<&str>) -> Result<Self, DeviceError> {
        Self::open_with(choice.map(str::to_owned), FRAMES, Arc::default())
    }

    fn open_with(
        choice: Option<String>,
        frames: u32,
        counters: Arc<Counters>,
    ) -> Result<Self, DeviceError> {
        let opener = opener(choice.clone(), frames, counters.clone());
        let dropouts = counters.counts().dropouts;
        let (kept, line) = Kept::open(Direction::Output, counters.clone(), opener)?;
        Ok(Self {
            kept,
            line,
            counters,
            choice,
            frames,
            dropouts,
        })
    }

    /// Whether the machine has been too busy to feed it in time, and a
    /// [`sturdier`](Speaker::sturdier) one would help.
    pub fn is_strained(&self) -> bool {
        let dropouts = self.counters.counts().dropouts - self.dropouts;
        dropouts >= STRAIN && self.frames < MAX_FRAMES
    }

    /// Opens the same loudspeaker again with a buffer four times as long, while this one goes on:
    /// it survives longer pauses of a busy machine, and is slower to fall silent. Happens in the
    /// background; the counts go on, too.
    ///
    /// What is received is an error where the device can be opened only once.
    pub fn sturdier(&self) -> Receiver<Result<Self, DeviceError>> {
        let (choice, counters) = (self.choice.clone(), self.counters.clone());
        let frames = (4 * self.frames).min(MAX_FRAMES);
        finish_elsewhere("open a device", move || {
            Self::open_with(choice, frames, counters)
        })
    }

    /// Samples per second that it takes. It changes only by [`Speaker::refresh`].
    pub fn rate(&self) -> SampleRate {
        self.line.rate
    }

    /// The name of the device.
    pub fn name(&self) -> &str {
        &self.line.name
    }

    /// Takes up the device again if it was lost and has come back; true if so: what was queued
    /// is gone, and [`Speaker::rate`] may be another. To be called before a sound is begun, and
    /// now and then while it plays.
    pub fn refresh(&mut self) -> bool {
        match self.kept.next_line() {
            Some(line) => {
                self.line = line;
                true
            }
            None => false,
        }
    }

    /// Queues as many of `samples` as there is room for; returns how many. About four seconds
    /// fit.
    pub fn write(&mut self, samples: &[f32]) -> usize {
        let end = &mut self.line.end;
        let room = samples.len().min(end.ring.slots());
        let count = match end.ring.write_chunk_uninit(room) {
            Ok(chunk) => chunk.fill_from_iter(samples.iter().copied()),
            Err(_) => 0,
        };
        end.written += count as u64;
        count
    }

    /// How many samples wait to be given to the hardware.
    pub fn queued(&self) -> usize {
        let end = &self.line.end;
        end.written.saturating_sub(end.flow.taken()) as usize
    }

    /// Whether everything that was written has been played, also by the hardware, as far as it
    /// reports its delay.
    pub fn is_idle(&self) -> bool {
        self.queued() == 0 && self.line.end.flow.played_out()
    }

    /// How many samples the hardware holds back: what is taken from the queue now is in the air
    /// so much later.
    pub fn delay(&self) -> usize {
        self.line.end.flow.ahead() as usize
    }

    /// Throws away what is queued. What sounds already fades within four milliseconds, and is
    /// then silent as soon as the hardware has played what it holds. What is written later is
    /// not affected.
    pub fn clear(&mut self) {
        self.line.end.flow.cancel(self.line.end.written);
    }

    /// Whether it works.
    ///
    /// # Errors
    /// [`DeviceError::Lost`] while it has taken nothing for three seconds. It is tried on; when
    /// it works again this does, too.
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

fn opener(choice: Option<String>, frames: u32, counters: Arc<Counters>) -> Opener<End> {
    Arc::new(move || {
        let pulse = Arc::<Pulse>::default();
        let card = cards::find(Direction::Output, choice.as_deref())?;
        let capacity = card.rate().samples_in(RING) as usize;
        let (stream, (ring, flow)) = card.open_output(frames, &counters, &pulse, || {
            let (outlet, ring, flow) = Outlet::new(capacity, pulse.clone());
            (outlet, (ring, flow))
        })?;
        Ok(Opened {
            stream,
            pulse: pulse.clone(),
            line: Line {
                end: End {
                    ring,
                    flow,
                    written: 0,
                },
                rate: card.rate(),
                name: card.name(),
            },
        })
    })
}

/// How many seconds the ring holds.
const RING: f64 = 4.0;

/// Frames of a callback at 48 kHz, a power of two, as PipeWire behind ALSA wants it. The hardware
/// holds two of them that cannot be called back: 21 ms until a hushed sound is silent.
const FRAMES: u32 = 512;

/// As many frames as are of use: with so many, a machine three times overloaded tore no sound.
const MAX_FRAMES: u32 = 4096;

/// One dropout may be bad luck.
const STRAIN: u64 = 2;
