//! What the receiver said, gathered by burst, in bounded memory.

use airshake::modem::{Event, Heard, Loss, Profile, Unread};
use airshake::units::{Decibels, SampleRate};

/// Bursts and mere preambles that are kept; of more, the last mere preambles are left out first.
const MOST: usize = 400;
/// So clearly tones must be heard after a preamble for it to be taken for a burst, in standard
/// deviations: what the receiver calls sure.
const SURE_SIGMAS: f32 = 5.0;

/// A burst, or what may be the beginning of one. Positions are samples of the input.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Burst {
    pub(super) at: u64,
    /// One past its last sample, if its header was read.
    pub(super) until: Option<u64>,
    /// Bytes of the message, if the header tells.
    pub(super) bytes: Option<usize>,
    pub(super) pass: Option<u8>,
    /// Name of the profile it came in, if a message came of it.
    pub(super) profile: Option<&'static str>,
    /// How far the preamble stood out.
    pub(super) level: Option<Decibels>,
    pub(super) snr: Option<Decibels>,
    pub(super) clock_ppm: Option<f32>,
    pub(super) outcome: Outcome,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Nothing followed the preamble: mostly no burst at all.
    Carrier,
    /// A header was read, and then nothing was said.
    Begun,
    /// Its message was complete before it.
    Spare,
    /// A segment of a long message.
    Segment { got: usize, need: usize },
    /// A message came of it, with so many passes.
    Read { passes: u32 },
    /// It was added to those before it, and a message came of them.
    Added,
    /// It could not be read alone and was kept for further passes.
    Kept,
    /// A burst without doubt, whose header could not be read.
    NoHeader,
    /// It was not read.
    Lost(Loss),
}

/// The bursts of a recording, in the order of their preambles.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    bursts: Vec<Burst>,
    left_out: u64,
    /// Samples between two sightings of the same burst.
    reach: u64,
}

impl Bursts {
    /// Sightings nearer than `reach` samples belong to one burst.
    pub(super) fn new(reach: u64) -> Self {
        Self {
            reach,
            ..Self::default()
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Carrier { at, level } => {
                let burst = self.at(*at);
                if burst.level.is_none_or(|known| known.0 < level.0) {
                    burst.level = Some(*level);
                }
            }
            Event::Header {
                at,
                profile,
                bytes,
                pass,
                until,
            } => {
                let burst = self.at(*at);
                burst.profile = Some(profile);
                burst.at = *at;
                burst.until = Some((*until).max(*at));
                (burst.bytes, burst.pass) = (*bytes, Some(*pass));
                burst.outcome = Outcome::Begun;
            }
            Event::Segment { at, got, need } => {
                self.at(*at).outcome = Outcome::Segment {
                    got: *got,
                    need: *need,
                };
            }
            Event::Kept { at, snr, .. } => {
                let burst = self.at(*at);
                burst.snr = Some(*snr);
                burst.outcome = Outcome::Kept;
            }
            Event::Message(heard) => self.read(heard),
            Event::Unread(unread) => self.unread(unread),
            Event::Lost {
                at,
                profile,
                reason,
                snr,
            } => {
                let burst = self.at(*at);
                burst.profile = Some(profile);
                burst.snr = Some(*snr);
                burst.outcome = Outcome::Lost(*reason);
            }
            _ => {}
        }
        self.leave_out();
    }

    /// The message begins with one burst and ends with another, or with the same.
    fn read(&mut self, heard: &Heard) {
        let reach = self.reach;
        let outcome = Outcome::Read {
            passes: heard.passes,
        };
        let first = self.at(heard.at);
        (first.snr, first.clock_ppm) = (Some(heard.snr), Some(heard.clock_ppm));
        first.bytes = Some(heard.payload.len());
        first.profile = Some(heard.profile);
        let start = first.at;
        let end = first.until.get_or_insert(heard.end);
        *end = (*end).min(heard.end.max(first.at));
        first.outcome = outcome;
        for burst in &mut self.bursts {
            let inside = burst.at >= heard.at && burst.at < heard.end;
            let part = matches!(burst.outcome, Outcome::Begun | Outcome::Kept);
            let last = burst
                .until
                .is_some_and(|end| end.abs_diff(heard.end) < reach);
            if inside && burst.at != start && (part || last) {
                burst.outcome = Outcome::Added;
            }
        }
    }

    fn unread(&mut self, unread: &Unread) {
        let sure = unread.sigmas >= SURE_SIGMAS;
        let burst = self.at(unread.at);
        if sure {
            (burst.snr, burst.clock_ppm) = (Some(unread.snr), Some(unread.clock_ppm));
        }
        if sure && burst.outcome == Outcome::Carrier {
            burst.outcome = Outcome::NoHeader;
        }
    }

    /// The burst at a place, known or new.
    fn at(&mut self, at: u64) -> &mut Burst {
        let place = self.bursts.partition_point(|burst| burst.at < at);
        let near = |index: usize| {
            let known = self.bursts.get(index)?;
            let distance = known.at.abs_diff(at);
            (distance < self.reach).then_some((distance, index))
        };
        let nearest = [place.checked_sub(1).and_then(near), near(place)]
            .into_iter()
            .flatten()
            .min();
        let index = nearest.map_or_else(
            || {
                self.bursts.insert(
                    place,
                    Burst {
                        at,
                        until: None,
                        bytes: None,
                        pass: None,
                        profile: None,
                        level: None,
                        snr: None,
                        clock_ppm: None,
                        outcome: Outcome::Carrier,
                    },
                );
                place
            },
            |(_, index)| index,
        );
        &mut self.bursts[index]
    }

    fn leave_out(&mut self) {
        if self.bursts.len() > MOST {
            let mere = |burst: &Burst| burst.outcome == Outcome::Carrier;
            let weakest = self
                .bursts
                .iter()
                .enumerate()
                // The latest may still become a burst.
                .take(self.bursts.len() - 8)
                .filter(|(_, burst)| mere(burst))
                .min_by(|(_, a), (_, b)| {
                    let level = |burst: &Burst| burst.level.map_or(0.0, |level| level.0);
                    level(a).total_cmp(&level(b))
                });
            let index = weakest.map_or(self.bursts.len() - 9, |(index, _)| index);
            self.bursts.remove(index);
            self.left_out += 1;
        }
    }

    /// The input has ended: of a message that is complete, the receiver reads no more.
    pub(super) fn finish(&mut self) {
        let mut done: Option<Burst> = None;
        for burst in &mut self.bursts {
            let same = |done: &Burst| burst.bytes.is_none() || burst.bytes == done.bytes;
            if burst.outcome == Outcome::Begun && done.as_ref().is_some_and(same) {
                burst.outcome = Outcome::Spare;
            }
            match burst.outcome {
                Outcome::Read { .. } => done = Some(burst.clone()),
                Outcome::Added | Outcome::Spare | Outcome::Carrier => {}
                _ => done = None,
            }
        }
    }

    /// All that are kept, the first first.
    pub(super) fn all(&self) -> &[Burst] {
        &self.bursts
    }

    /// How many were left out.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Burst {
    /// The profile of a burst, out of some: that of its message; else the first of whose symbols
    /// its length is a whole number; else the first.
    pub(super) fn profile(
        &self,
        profiles: &[&'static Profile],
        rate: SampleRate,
    ) -> &'static Profile {
        let fits = |profile: &&&'static Profile| {
            let (Some(until), Some(pass)) = (self.until, self.pass) else {
                return false;
            };
            let format = profile.format(pass);
            let symbol = SampleRate::HZ_48000.seconds((format.guard + format.body) as u64);
            let seconds = rate.seconds(until.saturating_sub(self.at)) - profile.chirp.seconds;
            let count = (seconds / symbol).round();
            count >= 1.0 && (seconds - count * symbol).abs() < 0.001
        };
        self.profile
            .and_then(Profile::by_name)
            .or_else(|| profiles.iter().find(fits).copied())
            .or_else(|| profiles.first().copied())
            .unwrap_or(&Profile::AUDIBLE)
    }

    /// Whether anything but a preamble says that this is a burst.
    pub(super) fn is_sure(&self) -> bool {
        self.outcome != Outcome::Carrier
    }

    /// Whether it was read, or could be spared.
    pub(super) fn is_good(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Read { .. } | Outcome::Added | Outcome::Segment { .. } | Outcome::Spare
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(at: u64) -> Event {
        Event::Header {
            at,
            profile: "audible",
            bytes: Some(64),
            pass: 0,
            until: at + 24_000,
        }
    }

    #[test]
    fn a_burst_is_one_from_its_preamble_to_its_message() {
        let mut bursts = Bursts::new(2_000);
        bursts.event(&Event::Carrier {
            at: 9_990,
            level: Decibels(20.0),
        });
        bursts.event(&header(10_000));
        bursts.event(&Event::Message(Heard {
            at: 10_000,
            end: 34_000,
            payload: vec![0; 64],
            profile: "audible",
            passes: 1,
            snr: Decibels(12.0),
            clock_ppm: 3.0,
        }));
        bursts.event(&Event::Carrier {
            at: 90_000,
            level: Decibels(15.0),
        });
        let [read, carrier] = bursts.all() else {
            panic!("{bursts:?}");
        };
        assert_eq!(read.outcome, Outcome::Read { passes: 1 });
        assert_eq!((read.at, read.until), (10_000, Some(34_000)));
        assert_eq!(read.level, Some(Decibels(20.0)));
        assert!(read.is_good() && !carrier.is_sure());
    }

    #[test]
    fn passes_that_were_added_up_all_count_as_read() {
        let mut bursts = Bursts::new(2_000);
        for (pass, at) in [(0, 10_000), (1, 60_000)] {
            bursts.event(&header(at));
            if pass == 0 {
                bursts.event(&Event::Kept {
                    at,
                    pass,
                    passes: 1,
                    snr: Decibels(-6.0),
                });
            }
        }
        bursts.event(&Event::Message(Heard {
            at: 10_000,
            end: 84_000,
            payload: vec![0; 64],
            profile: "audible",
            passes: 2,
            snr: Decibels(-5.0),
            clock_ppm: 0.0,
        }));
        let outcomes: Vec<_> = bursts.all().iter().map(|burst| burst.outcome).collect();
        assert_eq!(outcomes, [Outcome::Read { passes: 2 }, Outcome::Added]);
        assert_eq!(bursts.all()[0].until, Some(34_000));
    }

    #[test]
    fn what_follows_a_complete_message_can_be_spared() {
        let mut bursts = Bursts::new(2_000);
        bursts.event(&header(10_000));
        bursts.event(&Event::Message(Heard {
            at: 10_000,
            end: 34_000,
            payload: vec![0; 64],
            profile: "audible",
            passes: 1,
            snr: Decibels(12.0),
            clock_ppm: 0.0,
        }));
        bursts.event(&header(40_000));
        bursts.event(&Event::Header {
            at: 70_000,
            profile: "audible",
            bytes: Some(65),
            pass: 0,
            until: 90_000,
        });
        bursts.finish();
        let outcomes: Vec<_> = bursts.all().iter().map(|burst| burst.outcome).collect();
        let read = Outcome::Read { passes: 1 };
        assert_eq!(outcomes, [read, Outcome::Spare, Outcome::Begun]);
    }

    #[test]
    fn however_many_preambles_are_seen_few_are_kept_and_no_burst_is_lost() {
        let mut bursts = Bursts::new(2_000);
        bursts.event(&header(5_000));
        for i in 1..10_000u64 {
            bursts.event(&Event::Carrier {
                at: i * 100_000,
                level: Decibels((i % 17) as f32),
            });
        }
        assert_eq!(bursts.all().len(), MOST);
        assert_eq!(bursts.left_out(), 10_000 - MOST as u64);
        assert_eq!(bursts.all()[0].at, 5_000);
    }
}
