//! Passes of messages that cannot be read yet: those whose preambles were not seen, too.

use crate::bits::Header;
use crate::code::InnerDecoder;

use super::super::frame::Frame;
use super::super::gathering::{Gathering, Outcome};
use super::super::history::History;
use super::super::retrospect::Retrospect;
use super::super::rhythm::Place;
use super::Follower;

/// Passes in a row that are looked for where they should lie, with no news of them in between.
const MOST_LOOKS: usize = 8;

impl Follower {
    /// Looks for other passes of a gathering; `None` if there are none. There are `news` if it has
    /// just got one, maybe with another of the same loop.
    pub(super) fn look_around(
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
        let mut retrospect = Retrospect::new(readers, history, *ended, gatherings.apart());
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
    pub(super) fn look_for_missing(&mut self, history: &mut History) {
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
