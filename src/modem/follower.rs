//! Follows sightings: from a preamble to its header, from the header to the data, from the data
//! to a message.
//!
//! Every sighting is followed on its own, and one that turns out to be nothing costs one look at
//! one symbol. Positions are samples at the receiver's rate of the profile, until an event tells
//! them.

use std::collections::VecDeque;

use crate::bits::{Header, Segment, unpack_segment};
use crate::code::InnerDecoder;
use crate::samples::Sighting;
use crate::units::{Decibels, SampleRate};

use super::assembly::{Assemblies, Progress};
use super::examination::{Budget, Examiner};
use super::faint::FaintHeaders;
use super::frame::Frame;
use super::gathering::{Gathering, Gatherings, Outcome, Pass, trust};
use super::history::History;
use super::reader::{Announced, Look, NoHeader, Reader, Soft};
use super::retrospect::Retrospect;
use super::rhythm::Place;
use super::{Depth, Event, Heard, Loss, Profile, Unread};

/// Sightings that are followed at once; the weakest gives way. Two bursts and their echoes need
/// a handful.
const MOST_TRACKS: usize = 16;
/// Seconds of sound that are remembered at least: two turns of eight passes of 64 bytes.
const MEMORY_S: f64 = 16.0;
/// Bursts that cannot be read and are examined, at once and in the long run.
const EXAMINATIONS_AT_ONCE: f64 = 4.0;
const EXAMINATIONS_PER_SECOND: f64 = 2.0;
/// Passes in a row that are looked for where they should lie, with no news of them in between.
const MOST_LOOKS: usize = 8;
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
    /// The last code used: the segments of a message share one.
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

    /// Tries the normal header, or the deep one, if of the `normal` one no more is known than its
    /// soft bits.
    fn read_header(
        &mut self,
        sighting: Sighting,
        normal: Option<Look>,
        history: &mut History,
    ) -> Option<Stage> {
        let depth = match normal {
            None => Depth::Normal,
            Some(_) => Depth::Deep,
        };
        let mut strongest = None;
        let reach = self.reader(depth).geometry.body() as u64;
        let mut unsupported = false;
        for start in [sighting.first_path, sighting.strongest] {
            let (samples, offset) = history.from(start)?;
            let reader = &mut self.readers[depth as usize];
            let look = reader.look(samples, offset, None);
            match reader.header(&look) {
                Ok(better) if self.improve(start, &better) => return None,
                Ok(announced) => {
                    if self.is_known(start, reach) {
                        return None;
                    }
                    self.remember(start);
                    return self.announce(start, announced);
                }
                Err(NoHeader::Unsupported) => unsupported = true,
                Err(NoHeader::Unreadable) => {}
            }
            strongest = Some(look);
            if sighting.first_path == sighting.strongest {
                break;
            }
        }
        if unsupported {
            self.lose(sighting.first_path, Loss::Unsupported, Decibels(f32::NAN));
            return None;
        }
        // An echo of a frame that is known needs no second look.
        if self.is_known(sighting.first_path, reach) {
            return None;
        }
        let strongest = strongest?;
        let Some(normal) = normal else {
            return Some(Stage::Unread(strongest));
        };
        if let Some(stage) = self.recognise(sighting.strongest, history) {
            return Some(stage);
        }
        self.faint.keep(sighting.strongest, [normal, strongest]);
        if let Some(announced) = self.faint.read(&mut self.readers, history) {
            self.remember(sighting.strongest);
            return self.announce(sighting.strongest, announced);
        }
        let start = sighting.first_path;
        let end = start + self.reader(Depth::Normal).geometry.frame(1) as u64;
        self.examine((start, end), &[Depth::Normal, Depth::Deep], false, history);
        None
    }

    /// A header that cannot be read by itself may be clear enough to be told from those of the
    /// messages that are being gathered.
    fn recognise(&mut self, start: u64, history: &mut History) -> Option<Stage> {
        let Self {
            readers,
            gatherings,
            ended,
            ..
        } = self;
        let mut retrospect = Retrospect {
            profile: readers[0].profile(),
            readers,
            history,
            ended: *ended,
            apart: gatherings.apart(),
        };
        let announced = gatherings.open().find_map(|gathering| {
            let place = retrospect.recognise(gathering, start as i64)?;
            Some(Announced {
                header: Header {
                    pass: place.pass,
                    ..gathering.key
                },
                stretch: gathering.stretch,
                snr: gathering.snr(),
                other: None,
            })
        })?;
        self.remember(start);
        self.announce(start, announced)
    }

    /// A header was read at `start`.
    fn remember(&mut self, start: u64) {
        if self.recent.len() == MOST_TRACKS {
            self.recent.pop_front();
        }
        self.recent.push_back(start);
    }

    /// Whether a header was read lately that stood within `reach` of `start`.
    fn is_known(&self, start: u64, reach: u64) -> bool {
        self.recent
            .iter()
            .any(|known| known.abs_diff(start) < reach)
    }

    /// Tells what a burst looks like that could not be read, in the first of the formats in
    /// `depths` or another that clearly fits better, if there is time for a closer look.
    fn examine(
        &mut self,
        (start, end): (u64, u64),
        depths: &[Depth],
        header: bool,
        history: &mut History,
    ) {
        let Some((samples, offset)) = history.from(start) else {
            return;
        };
        let per_second = f64::from(self.profile_rate().0);
        if !self.examinations.allows(start, per_second) {
            return;
        }
        let Self {
            readers, examiners, ..
        } = self;
        let seen = depths.iter().map(|&depth| {
            let reader = &readers[depth as usize];
            let (profile, geometry) = (reader.profile(), reader.geometry);
            examiners[depth as usize]
                .get_or_insert_with(|| Box::new(Examiner::new(profile, depth, geometry)))
                .examine(samples, offset)
        });
        // Another than the first must be sure: chance makes one or the other fit better.
        let better = |first: Unread, other: Unread| {
            let is_better = other.sigmas > first.sigmas.max(Examiner::SURE_SIGMAS);
            if is_better { other } else { first }
        };
        let Some(seen) = seen.reduce(better) else {
            return;
        };
        self.events.push_back(Event::Unread(Unread {
            at: self.to_input(start),
            header,
            cut_off: self.is_cut_off(end),
            ..seen
        }));
    }

    /// Whether the input ended so long before `end` that data are missing.
    fn is_cut_off(&self, end: u64) -> bool {
        self.ended.is_some_and(|ended| {
            end > ended + self.reader(Depth::Normal).geometry.body() as u64 / 8
        })
    }

    /// A header that is being followed already may be read again from another sighting of the same
    /// frame, an echo's or a better one's. True if that was so; the clearer reading is kept.
    fn improve(&mut self, at: u64, reading: &Announced) -> bool {
        let reach = self.reader_of(&reading.header).geometry.body() as u64;
        for track in &mut self.tracks {
            if let Stage::Announced {
                start, announced, ..
            } = &mut track.stage
                && start.abs_diff(at) < reach
                && announced.header == reading.header
            {
                if reading.snr.0 > announced.snr.0 {
                    (*start, *announced) = (at, *reading);
                }
                return true;
            }
        }
        false
    }

    fn announce(&mut self, start: u64, announced: Announced) -> Option<Stage> {
        let Ok(frame) = Frame::of(self.profile(), &announced.header) else {
            self.lose(start, Loss::Unsupported, announced.snr);
            return None;
        };
        let header = announced.header;
        let end = start + self.reader_of(&header).geometry.frame(frame.map.symbols()) as u64;
        self.events.push_back(Event::Header {
            at: self.to_input(start),
            profile: self.profile().name,
            bytes: (!header.segmented).then_some(usize::from(header.length)),
            pass: header.pass,
            until: self.to_input(end),
        });
        Some(Stage::Announced {
            start,
            announced,
            frame: Box::new(frame),
        })
    }

    fn read_data(
        &mut self,
        start: u64,
        announced: &Announced,
        frame: &Frame,
        history: &mut History,
    ) {
        let Some((samples, offset)) = history.from(start) else {
            return;
        };
        let depth = self.profile().depth_of(&announced.header);
        let reader = &mut self.readers[depth as usize];
        let symbols = frame.map.symbols();
        let heard = match self.ended {
            Some(ended) => {
                let heard = 0..ended as i64;
                let geometry = &reader.geometry;
                geometry.whole_symbols(start as i64, announced.stretch, heard)
            }
            None => 0..symbols,
        };
        let soft = reader.data(samples, offset, announced, frame, heard);
        let end = start + reader.geometry.frame(symbols) as u64;
        let info = frame.code.info_bits();
        if self.decoder.as_ref().is_none_or(|(bits, _)| *bits != info) {
            self.decoder = Some((info, InnerDecoder::new(&frame.code)));
        }
        let served = if announced.header.segmented {
            self.read_segment((start, end), announced, frame, &soft)
        } else {
            self.gather((start, end), announced, frame, soft, history)
        };
        if !served {
            self.examine((start, end), &[depth], true, history);
        }
    }

    /// Takes a pass of a message; false if it could not be read, nor anything with its help.
    fn gather(
        &mut self,
        (start, end): (u64, u64),
        announced: &Announced,
        frame: &Frame,
        soft: Soft,
        history: &mut History,
    ) -> bool {
        let header = announced.header;
        let cut_off = self.is_cut_off(end);
        let Some((_, decoder)) = &mut self.decoder else {
            return true;
        };
        let snr = soft.snr;
        let word = self.readers[0].word(&header);
        let heard = Pass {
            share: frame.share,
            trust: trust(&[(word, soft.header)]),
            soft: soft.llrs,
            place: Place {
                start: start as i64,
                pass: header.pass,
            },
            end,
            snr,
            cut_off,
        };
        let outcome = self
            .gatherings
            .add(&header, &frame.code, decoder, heard, soft.stretch);
        let key = Header { pass: 0, ..header };
        let outcome = match outcome {
            Outcome::Kept { passes } => self
                .look_around(&key, Some(announced.other), history)
                .unwrap_or(Outcome::Kept { passes }),
            other => other,
        };
        match outcome {
            Outcome::Kept { passes } => {
                let at = self.to_input(start);
                self.events.push_back(Event::Kept {
                    at,
                    pass: header.pass,
                    passes,
                    snr,
                });
                false
            }
            outcome => {
                self.settle(outcome, end, soft.stretch);
                true
            }
        }
    }

    /// Gives out a message that was read.
    fn settle(&mut self, outcome: Outcome, end: u64, stretch: f64) {
        if let Outcome::Whole {
            payload,
            first_at,
            passes,
            snr,
        } = outcome
        {
            self.hear(first_at, end, payload, passes, snr, (stretch * 1e6) as f32);
        }
    }

    /// Looks for other passes of a gathering; `None` if there are none. There are `news` if it has
    /// just got one, maybe with another of the same loop.
    fn look_around(
        &mut self,
        key: &Header,
        news: Option<Option<Place>>,
        history: &mut History,
    ) -> Option<Outcome> {
        let Self {
            readers,
            gatherings,
            faint,
            ended,
            decoder,
            ..
        } = self;
        let mut retrospect = Retrospect {
            profile: readers[0].profile(),
            readers,
            history,
            ended: *ended,
            apart: gatherings.apart(),
        };
        let gathering = gatherings.of_mut(key)?;
        // What was sighted later has been compared already.
        let sighted: Vec<u64> = match news {
            Some(_) if gathering.passes == 1 => faint.starts().collect(),
            _ => Vec::new(),
        };
        let found = retrospect.find(gathering, &sighted, news.flatten());
        gathering.silence = gathering.silence.or(found.silence);
        gathering.looks = match news.is_some() || found.sure {
            true => 0,
            false => gathering.looks + 1,
        };
        gathering.look_at = next_look(&retrospect, gathering).unwrap_or(u64::MAX);
        if found.passes.is_empty() {
            return None;
        }
        let info = gathering.code.info_bits();
        if decoder.as_ref().is_none_or(|(bits, _)| *bits != info) {
            *decoder = Some((info, InnerDecoder::new(&gathering.code)));
        }
        let (_, decoder) = decoder.as_mut()?;
        Some(gatherings.add_found(key, decoder, found.passes))
    }

    /// Looks for passes that should have come by now, whose preambles were not seen.
    fn look_for_missing(&mut self, history: &mut History) {
        let end = history.end();
        let due = |follower: &Self| {
            let mut open = follower.gatherings.open();
            open.find(|gathering| gathering.look_at <= end)
                .map(|gathering| (gathering.key, gathering.stretch))
        };
        while let Some((key, stretch)) = due(self) {
            let outcome = self.look_around(&key, None, history);
            // A slow clock's pass is due a little before it is whole: once more, when more was heard.
            if let Some(gathering) = self.gatherings.of_mut(&key) {
                gathering.look_at = gathering.look_at.max(end + 1);
            }
            if let Some(outcome) = outcome {
                let end = self.ended.unwrap_or(end).min(end);
                self.settle(outcome, end, stretch);
            }
        }
    }

    /// Takes a segment of a long message; false if it could not be read.
    fn read_segment(
        &mut self,
        place: (u64, u64),
        announced: &Announced,
        frame: &Frame,
        soft: &Soft,
    ) -> bool {
        let Some((_, decoder)) = &mut self.decoder else {
            return true;
        };
        let header = &announced.header;
        let mut llrs = vec![0f32; frame.code.mother_bits()];
        for (place, llr) in frame.places().zip(&soft.llrs) {
            llrs[place] += llr;
        }
        let mut info = vec![false; frame.code.info_bits()];
        // One segment more or less is for the message's end to judge.
        if decoder.decode(&llrs, &mut info).is_err() {
            return false;
        }
        let Ok(segment) = unpack_segment(header, &info) else {
            return false;
        };
        let clock_ppm = (soft.stretch * 1e6) as f32;
        self.assemble(segment, header.pass, place, soft.snr, clock_ppm);
        true
    }

    fn assemble(
        &mut self,
        segment: Segment,
        pass: u8,
        (start, end): (u64, u64),
        snr: Decibels,
        clock_ppm: f32,
    ) {
        match self.assemblies.add(segment, pass, start, end, snr) {
            Progress::Known => {}
            Progress::Partial { got, need } => {
                let at = self.to_input(start);
                self.events.push_back(Event::Segment { at, got, need });
            }
            Progress::Whole {
                payload,
                first_at,
                passes,
                snr,
            } => {
                self.hear(first_at, end, payload, passes, snr, clock_ppm);
            }
            Progress::Contradiction {
                first_at,
                passes,
                snr,
            } => self.lose(first_at, Loss::Unreadable { passes }, snr),
        }
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

    fn hear(
        &mut self,
        at: u64,
        end: u64,
        payload: Vec<u8>,
        passes: u32,
        snr: Decibels,
        clock_ppm: f32,
    ) {
        self.events.push_back(Event::Message(Heard {
            at: self.to_input(at),
            end: self.to_input(end),
            payload,
            profile: self.profile().name,
            passes,
            snr,
            clock_ppm,
        }));
    }

    fn lose(&mut self, at: u64, reason: Loss, snr: Decibels) {
        self.events.push_back(Event::Lost {
            at: self.to_input(at),
            profile: self.profile().name,
            reason,
            snr,
        });
    }

    /// A sample at the receiver's rate as one of the input.
    fn to_input(&self, sample: u64) -> u64 {
        let (from, to) = (u128::from(self.rate.0), u128::from(self.profile_rate().0));
        (u128::from(sample) * from / to) as u64
    }
}

/// When the next pass of a gathering will be whole, if it goes on as it did; `None` when it has
/// been silent for too long.
fn next_look(retrospect: &Retrospect<'_, '_>, gathering: &Gathering) -> Option<u64> {
    if gathering.looks >= MOST_LOOKS {
        return None;
    }
    let rhythm = retrospect.rhythm(&gathering.key)?;
    let mut place = *gathering.known.iter().max_by_key(|place| place.start)?;
    let silence = gathering.silence.unwrap_or(0.0) as i64;
    let mut at = place.start;
    for _ in 0..=gathering.looks {
        at = at.saturating_add(rhythm.length(place.pass) as i64 + silence);
        place.pass = (place.pass + 1) % 8;
    }
    // Nothing comes after the end.
    if retrospect.ended.is_some_and(|ended| at >= ended as i64) {
        return None;
    }
    let header = Header {
        pass: place.pass,
        ..gathering.key
    };
    let reader = &retrospect.readers[retrospect.profile.depth_of(&header) as usize];
    let symbols = Frame::symbols(retrospect.profile, &header).ok()?;
    u64::try_from(at.saturating_add(reader.geometry.needed(symbols) as i64)).ok()
}

#[cfg(test)]
mod tests {
    use super::super::history::{Resampled, Ring};
    use super::super::{Receiver, Transmitter, faint};
    use super::*;
    use crate::air::Random;
    use crate::samples::Resampler;
    use crate::units::Hertz;

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
