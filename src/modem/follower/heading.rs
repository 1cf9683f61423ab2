//! From a sighting to its header.

use crate::bits::Header;
use crate::samples::Sighting;
use crate::units::Decibels;

use super::super::frame::Frame;
use super::super::history::History;
use super::super::reader::{Announced, Look, NoHeader};
use super::super::retrospect::Retrospect;
use super::super::{Depth, Event, Loss};
use super::{Follower, MOST_TRACKS, Stage};

impl Follower {
    /// Tries the normal header, or the deep one, if of the `normal` one no more is known than its
    /// soft bits.
    pub(super) fn read_header(
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
    pub(super) fn recognise(&mut self, start: u64, history: &mut History) -> Option<Stage> {
        let Self {
            readers,
            gatherings,
            ended,
            ..
        } = self;
        let mut retrospect = Retrospect::new(readers, history, *ended, gatherings.apart());
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
    pub(super) fn remember(&mut self, start: u64) {
        if self.recent.len() == MOST_TRACKS {
            self.recent.pop_front();
        }
        self.recent.push_back(start);
    }

    /// Whether a header was read lately that stood within `reach` of `start`.
    pub(super) fn is_known(&self, start: u64, reach: u64) -> bool {
        self.recent
            .iter()
            .any(|known| known.abs_diff(start) < reach)
    }

    /// A header that is being followed already may be read again from another sighting of the same
    /// frame, an echo's or a better one's. True if that was so; the clearer reading is kept.
    pub(super) fn improve(&mut self, at: u64, reading: &Announced) -> bool {
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

    pub(super) fn announce(&mut self, start: u64, announced: Announced) -> Option<Stage> {
        let Ok(frame) = Frame::of(self.profile(), &announced.header, &mut self.codes) else {
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
}
