//! Follows sightings: from a preamble to its header, from the header to the data, from the data
//! to a message.
//!
//! Every sighting is followed on its own, and one that turns out to be nothing costs one look at
//! one symbol. Positions are samples at the receiver's rate of the profile, until an event tells
//! them.
//!
//! Here: what is followed, and for how long. `heading` reads headers, `reading` data,
//! `missing` looks where a pass should lie, `telling` says what came of it.

mod heading;
mod missing;
mod reading;
mod telling;

use std::collections::VecDeque;

use crate::bits::Header;
use crate::code::{InnerCodes, InnerDecoder};
use crate::samples::Sighting;
use crate::units::SampleRate;

use super::assembly::Assemblies;
use super::examination::{Budget, Examiner};
use super::faint::FaintHeaders;
use super::frame::Frame;
use super::gathering::Gatherings;
use super::history::History;
use super::reader::{Announced, Look, Reader};
use super::{Depth, Event, Loss, Profile};

/// Sightings that are followed at once; the weakest gives way. Two bursts and their echoes need
/// a handful.
const MOST_TRACKS: usize = 16;
/// Seconds of sound that are remembered at least: two turns of eight passes of 64 bytes.
const MEMORY_S: f64 = 16.0;
/// Bursts that cannot be read and are examined, at once and in the long run.
const EXAMINATIONS_AT_ONCE: f64 = 4.0;
const EXAMINATIONS_PER_SECOND: f64 = 2.0;
/// Seconds after which a message that grows no more is given up. Other messages may come between
/// its passes.
const PATIENCE_S: f64 = 60.0;
/// A chirp out of silence stands out before it is whole. A sighting that is followed within a
/// chirp by one of this many times its power, 10 dB, was such a beginning; were it a burst of its
/// own, it would be lost under the stronger one.
const FORESHADOW: f32 = 10.0;

/// Everything that is being followed in one profile.
#[derive(Debug)]
pub(super) struct Follower {
    /// The rate of the input, in which events tell positions.
    rate: SampleRate,
    /// What reads the normal format, what reads the deep one.
    readers: [Reader; 2],
    tracks: Vec<Track>,
    /// Starts of the frames whose headers were read lately, to tell an echo's sighting apart.
    recent: VecDeque<u64>,
    gatherings: Gatherings,
    /// The frames whose headers could not be read lately: should one become known, they may be
    /// its passes.
    faint: FaintHeaders,
    assemblies: Assemblies,
    codes: InnerCodes,
    /// For the last code used: the segments of a message share one.
    decoder: Option<(usize, InnerDecoder)>,
    /// Made when the first burst of each format cannot be read.
    examiners: [Option<Box<Examiner>>; 2],
    examinations: Budget,
    events: VecDeque<Event>,
    /// Where the real input ended, once it has.
    ended: Option<u64>,
}

/// A sighting that is being followed.
#[derive(Debug)]
struct Track {
    sighting: Sighting,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The header of the normal format is tried next.
    Sighted,
    /// That of the deep one, since the normal one could not be read.
    Unread(Look),
    Announced {
        start: u64,
        announced: Announced,
        frame: Box<Frame>,
    },
}

impl Follower {
    /// A follower of sightings in `profile`, whose chirp has `chirp` samples; `rate` is that of
    /// the input.
    pub(super) fn new(profile: &'static Profile, chirp: usize, rate: SampleRate) -> Self {
        let readers = [Depth::Normal, Depth::Deep].map(|depth| Reader::new(profile, depth, chirp));
        Self {
            rate,
            faint: FaintHeaders::new(&readers[0]),
            readers,
            tracks: Vec::with_capacity(MOST_TRACKS + 1),
            recent: VecDeque::new(),
            gatherings: Gatherings::new(chirp as u64),
            assemblies: Assemblies::default(),
            codes: InnerCodes::new(),
            decoder: None,
            examiners: [None, None],
            examinations: Budget::new(EXAMINATIONS_AT_ONCE, EXAMINATIONS_PER_SECOND),
            events: VecDeque::new(),
            ended: None,
        }
    }

    /// Samples that the history must keep.
    pub(super) fn memory(&self) -> usize {
        let needed = |reader: &Reader| reader.geometry.needed(reader.longest_frame());
        let longest = self.readers.iter().map(needed).max().unwrap_or(0);
        // The search lags by less than half a second.
        let longest = longest + self.profile_rate().samples_in(0.5) as usize;
        longest.max(self.profile_rate().samples_in(MEMORY_S) as usize)
    }

    /// The real input ends at `end`; what follows is silence that we add.
    pub(super) fn ends_at(&mut self, end: u64) {
        self.ended = Some(end);
    }

    /// Whether more samples may still tell something, were they only silence.
    pub(super) fn is_waiting(&self) -> bool {
        let mut open = self.gatherings.open();
        !self.tracks.is_empty() || open.any(|gathering| gathering.look_at < u64::MAX)
    }

    /// What has happened since the last call, in order.
    pub(super) fn take_events(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.events.drain(..)
    }

    fn profile(&self) -> &'static Profile {
        self.readers[0].profile()
    }

    fn profile_rate(&self) -> SampleRate {
        self.profile().receiver_rate
    }

    fn reader(&self, depth: Depth) -> &Reader {
        &self.readers[depth as usize]
    }

    /// What reads the frame behind a header.
    fn reader_of(&self, header: &Header) -> &Reader {
        self.reader(self.profile().depth_of(header))
    }

    /// Starts to follow a sighting.
    pub(super) fn follow(&mut self, sighting: Sighting) {
        let at = self.to_input(sighting.first_path);
        self.events.push_back(Event::Carrier {
            at,
            level: sighting.level,
        });
        let reach = 2 * self.reader(Depth::Normal).geometry.chirp as u64;
        self.tracks.retain(|track| {
            let foreshadow = !matches!(track.stage, Stage::Announced { .. })
                && track.sighting.strongest.abs_diff(sighting.strongest) < reach
                && track.sighting.power * FORESHADOW < sighting.power;
            !foreshadow
        });
        self.tracks.push(Track {
            sighting,
            stage: Stage::Sighted,
        });
        if self.tracks.len() > MOST_TRACKS {
            // A frame being read is worth more than a mere sighting; then the louder one.
            let weakest = self.tracks.iter().enumerate().min_by(|(_, a), (_, b)| {
                let rank = |track: &Track| matches!(track.stage, Stage::Announced { .. });
                rank(a)
                    .cmp(&rank(b))
                    .then(a.sighting.level.0.total_cmp(&b.sighting.level.0))
            });
            if let Some((weakest, _)) = weakest {
                self.tracks.swap_remove(weakest);
            }
        }
    }

    /// Takes every track as far as `history` allows.
    pub(super) fn advance(&mut self, history: &mut History) {
        let mut i = 0;
        while i < self.tracks.len() {
            let heard = history.end();
            let needed = match &self.tracks[i].stage {
                stage @ (Stage::Sighted | Stage::Unread(_)) => {
                    let reader = self.reader(match stage {
                        Stage::Sighted => Depth::Normal,
                        _ => Depth::Deep,
                    });
                    // The strongest path may be tried after the first.
                    self.tracks[i].sighting.strongest
                        + reader.geometry.needed(reader.header_symbols()) as u64
                }
                Stage::Announced {
                    start,
                    announced,
                    frame,
                } => {
                    let reader = self.reader_of(&announced.header);
                    start + reader.geometry.needed(frame.map.symbols()) as u64
                }
            };
            if heard < needed {
                i += 1;
                continue;
            }
            let track = self.tracks.remove(i);
            let next = match track.stage {
                Stage::Sighted => self.read_header(track.sighting, None, history),
                Stage::Unread(normal) => self.read_header(track.sighting, Some(normal), history),
                Stage::Announced {
                    start,
                    announced,
                    frame,
                } => {
                    self.read_data(start, &announced, &frame, history);
                    None
                }
            };
            if let Some(stage) = next {
                self.tracks.insert(
                    i,
                    Track {
                        sighting: track.sighting,
                        stage,
                    },
                );
            }
        }
        self.look_for_missing(history);
    }

    /// Gives up what has not grown for too long at `now`.
    pub(super) fn forget(&mut self, now: u64) {
        let patience = self.profile_rate().samples_in(PATIENCE_S);
        self.give_up(now.saturating_sub(patience));
    }

    /// The input has ended: gives up all that is still open.
    pub(super) fn finish(&mut self) {
        self.give_up(u64::MAX);
    }

    fn give_up(&mut self, before: u64) {
        for gathering in self.gatherings.give_up(before) {
            let reason = if gathering.cut_off {
                Loss::CutOff
            } else {
                Loss::Unreadable {
                    passes: gathering.passes,
                }
            };
            self.lose(gathering.first_at, reason, gathering.snr());
        }
        for assembly in self.assemblies.give_up(before) {
            let (got, need) = (assembly.got(), assembly.need());
            self.lose(
                assembly.first_at,
                Loss::SegmentsMissing { got, need },
                assembly.snr(),
            );
        }
    }

    /// A sample at the receiver's rate as one of the input.
    fn to_input(&self, sample: u64) -> u64 {
        let (from, to) = (u128::from(self.rate.0), u128::from(self.profile_rate().0));
        (u128::from(sample) * from / to) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::{Resampled, Ring};
    use super::super::{Receiver, Transmitter, Unread, faint};
    use super::*;
    use crate::air::Random;
    use crate::samples::Resampler;
    use crate::units::{Decibels, Hertz};

    #[test]
    fn a_million_sightings_of_nothing_take_no_more_memory_than_a_few() {
        let profile = &Profile::AUDIBLE;
        let rate = profile.receiver_rate;
        let chirp = profile.chirp.length(rate);
        let mut follower = Follower::new(profile, chirp, rate);
        let mut random = Random::new(1, "sightings");
        let resampler = Resampler::new(rate, rate, Hertz(0.0)).unwrap();
        let mut resampled = Resampled::new(resampler, rate, follower.memory());
        let mut ring = Ring::new(follower.memory());
        // So much that the beginning is forgotten.
        let second: Vec<f32> = (0..rate.0).map(|_| random.gaussian() as f32).collect();
        for _ in 0..40 {
            ring.push(&second);
        }
        let mut history = History::new(&ring, &mut resampled);
        let mut follow = |at: u64, history: &mut History| {
            follower.follow(Sighting {
                first_path: at,
                strongest: at,
                level: Decibels(random.unit() as f32),
                power: random.unit() as f32,
            });
            follower.advance(history);
            assert!(follower.tracks.len() <= MOST_TRACKS);
            assert!(follower.faint.starts().count() <= faint::MOST);
            assert!(follower.recent.len() <= MOST_TRACKS);
            assert!(follower.gatherings.open().count() <= MOST_TRACKS);
            assert!(follower.take_events().count() <= 3);
        };
        // Most are too old to be looked at, or lie beyond what was heard.
        for i in 0..1_000_000 {
            follow(i % 1000 + (i % 2) * 10_000_000, &mut history);
        }
        let end = history.end();
        for i in 0..100 {
            follow(end - 100_000 - 997 * i, &mut history);
        }
    }

    #[test]
    fn a_deep_burst_that_cannot_be_read_is_examined_as_one() {
        let profile = &Profile::AUDIBLE;
        let rate = profile.receiver_rate;
        let burst = |payload: &[u8]| {
            let burst = Transmitter::new(profile, rate).burst(payload, 4);
            burst.expect("fits").into_samples()
        };
        // Each symbol of its header is another's.
        let symbols = (0..3).map(|i| 1536 + i * 3456);
        let bursts: [&[u8]; 3] = [b"one", b"another", b"a third"];
        let mut samples = vec![0.0; 12_000];
        samples.extend_from_slice(&burst(b"one")[..1536]);
        for (at, payload) in symbols.zip(bursts) {
            samples.extend_from_slice(&burst(payload)[at..at + 3456]);
        }
        samples.extend(vec![0.0; 24_000]);
        let mut random = Random::new(1, "deep");
        samples
            .iter_mut()
            .for_each(|x| *x += (random.gaussian() * 0.01) as f32);
        let mut receiver = Receiver::new(profile.alone(), rate).expect("a receiver");
        let events: Vec<Event> = receiver.push(&samples).collect();
        let unread = events.iter().filter_map(|event| match event {
            Event::Unread(unread) => Some(unread),
            _ => None,
        });
        let unread: Vec<&Unread> = unread.collect();
        assert!(
            matches!(unread[..], [Unread { header: false, .. }]),
            "{events:?}"
        );
        let [normal, deep] = [Depth::Normal, Depth::Deep].map(|depth| {
            let geometry = Reader::new(profile, depth, 1536).geometry;
            let mut examiner = Examiner::new(profile, depth, geometry);
            f64::from(examiner.examine(&samples, 12_000).sigmas)
        });
        assert!(deep > 2.0 * normal, "{deep} {normal}");
        assert!((f64::from(unread[0].sigmas) / deep - 1.0).abs() < 0.1);
    }
}
