//! What is sent in a trial, and what a receiver makes of it.

use airshake::air::{Random, Room, Scene};
use airshake::modem::{Event, Profile, Receiver, Transmitter};
use airshake::units::SampleRate;
use anyhow::{Context, Result};

use crate::cli::options::GAP;

/// The rate of everything here: that of most sound cards.
pub(super) const RATE: SampleRate = SampleRate::HZ_48000;

/// A message as it is played: its passes, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) payload: Vec<u8>,
    pub(super) passes: Vec<Vec<f32>>,
}

/// What came out of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// After how many passes the message was there, if it ever was.
    pub(super) after: Option<usize>,
    /// Messages that were never sent, accepted as if they were.
    pub(super) wrong: usize,
}

impl Message {
    /// `bytes` random bytes, drawn by the seed, in `passes` passes. The peak of all of them is 1,
    /// so that a room's volume means the same for every waveform.
    pub(super) fn new(
        profile: &'static Profile,
        bytes: usize,
        passes: usize,
        seed: u64,
    ) -> Result<Self> {
        let payload = payload(bytes, seed);
        let transmitter = Transmitter::new(profile, RATE);
        let mut passes = (0..passes)
            .map(|pass| {
                Ok(transmitter
                    .burst(&payload, (pass % 256) as u8)?
                    .into_samples())
            })
            .collect::<Result<Vec<_>>>()
            .context("cannot make the sound")?;
        normalise(passes.iter_mut());
        Ok(Self { payload, passes })
    }

    /// Seconds in which it sounds, over all passes.
    pub(super) fn air_s(&self) -> f64 {
        RATE.seconds(self.passes.iter().map(|pass| pass.len() as u64).sum())
    }

    /// Energy of all passes: the sum of the squares of its samples.
    pub(super) fn energy(&self) -> f64 {
        self.passes.iter().map(|pass| energy(pass)).sum()
    }

    /// Plays pass after pass in a room, with the usual pause between them, until the message
    /// came out or there are no more.
    pub(super) fn play(
        &self,
        profile: &'static Profile,
        scene: &Scene,
        seed: u64,
    ) -> Result<Outcome> {
        let mut room = Room::new(scene, seed, RATE);
        let mut receiver = Receiver::new(&[profile], RATE)?;
        let gap = RATE.samples_in(GAP.as_secs_f64());
        let mut outcome = Outcome {
            after: None,
            wrong: 0,
        };
        let mut starts = Vec::with_capacity(self.passes.len());
        let mut played = 0;
        let mut recorded = Vec::new();
        let mut listen = |sound: &[f32], starts: &[u64], outcome: &mut Outcome| {
            recorded.clear();
            room.process(sound, &mut recorded);
            for event in receiver.push(&recorded) {
                self.judge(&event, starts, gap, outcome);
            }
        };
        let lead = silence(scene.around.0);
        let mut pause = lead.as_slice();
        let between = vec![0.0; gap as usize];
        for pass in &self.passes {
            listen(pause, &starts, &mut outcome);
            played += pause.len() as u64;
            pause = &between;
            if outcome.after.is_some() {
                return Ok(outcome);
            }
            starts.push(played);
            listen(pass, &starts, &mut outcome);
            played += pass.len() as u64;
        }
        // The echo, too, is heard to its end.
        listen(&silence(scene.around.1 + ECHO_S), &starts, &mut outcome);
        for event in receiver.finish() {
            self.judge(&event, &starts, gap, &mut outcome);
        }
        Ok(outcome)
    }

    /// Takes note of a message that came out.
    fn judge(&self, event: &Event, starts: &[u64], gap: u64, outcome: &mut Outcome) {
        let Event::Message(heard) = event else {
            return;
        };
        if heard.payload != self.payload {
            outcome.wrong += 1;
        } else if outcome.after.is_none() {
            // A pass was of use if the message needed samples from beyond the pause before it.
            let begun = starts.iter().filter(|start| *start + gap / 2 <= heard.end);
            outcome.after = Some(begun.count().max(1));
        }
    }
}

/// Bytes that resemble nothing, the same for the same seed.
pub(super) fn payload(bytes: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed, "payload");
    (0..bytes).map(|_| random.bits() as u8).collect()
}

/// Makes the peak of all sounds together 1.
pub(super) fn normalise<'a>(sounds: impl Iterator<Item = &'a mut Vec<f32>>) {
    let sounds: Vec<_> = sounds.collect();
    let peak = sounds
        .iter()
        .flat_map(|sound| sound.iter())
        .fold(0f32, |peak, x| peak.max(x.abs()));
    if peak > 0.0 {
        for sound in sounds {
            sound.iter_mut().for_each(|x| *x /= peak);
        }
    }
}

/// The sum of the squares.
pub(super) fn energy(sound: &[f32]) -> f64 {
    sound.iter().map(|x| f64::from(*x).powi(2)).sum()
}

pub(super) fn silence(seconds: f64) -> Vec<f32> {
    vec![0.0; RATE.samples_in(seconds) as usize]
}

/// What the longest echo of a preset adds to the signal.
const ECHO_S: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_room_needs_one_pass_and_the_peak_is_one() {
        let message = Message::new(&Profile::AUDIBLE, 20, 2, 1).expect("fits");
        let peak = message
            .passes
            .concat()
            .iter()
            .fold(0f32, |p, x| p.max(x.abs()));
        assert_eq!(peak, 1.0);
        let outcome = message
            .play(&Profile::AUDIBLE, &Room::CLEAN, 1)
            .expect("runs");
        assert_eq!(
            outcome,
            Outcome {
                after: Some(1),
                wrong: 0
            }
        );
    }

    #[test]
    fn a_pass_counts_from_the_middle_of_the_pause_before_it() {
        let message = Message::new(&Profile::AUDIBLE, 20, 1, 1).expect("fits");
        let after = |end| {
            let mut outcome = Outcome {
                after: None,
                wrong: 0,
            };
            let event = heard(&message.payload, end);
            message.judge(&event, &[1_000, 51_000, 101_000], 14_400, &mut outcome);
            outcome.after
        };
        assert_eq!(after(36_000), Some(1));
        assert_eq!(after(57_000), Some(1));
        assert_eq!(after(86_000), Some(2));
        assert_eq!(after(136_000), Some(3));
    }

    #[test]
    fn another_payload_is_a_wrong_one() {
        let message = Message::new(&Profile::AUDIBLE, 20, 1, 1).expect("fits");
        let mut outcome = Outcome {
            after: None,
            wrong: 0,
        };
        message.judge(&heard(b"hoax", 30_000), &[0], 14_400, &mut outcome);
        assert_eq!(
            outcome,
            Outcome {
                after: None,
                wrong: 1
            }
        );
    }

    fn heard(payload: &[u8], end: u64) -> Event {
        Event::Message(airshake::modem::Heard {
            at: 0,
            end,
            payload: payload.to_vec(),
            profile: "audible",
            passes: 1,
            snr: airshake::units::Decibels(10.0),
            clock_ppm: 0.0,
        })
    }
}
