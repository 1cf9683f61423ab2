//! Looking around for the other passes of a message, once one of them told what it is.
//!
//! The header of one pass tells the headers of all. Where a loop's [`Rhythm`] says that a pass
//! lies, the header that must stand there is compared with what was heard: nothing needs to be
//! readable, and no preamble seen. Each place may say little; that a whole loop fits is sure.

use crate::bits::Header;
use crate::units::Llr;

use super::frame::Frame;
use super::gathering::{Gathering, Pass};
use super::history::History;
use super::reader::{Announced, Reader};
use super::rhythm::{Place, Rhythm};
use super::trust::{favour, trust};
use super::{Depth, Profile};

/// Nats by which headers must be favoured over chance for a rhythm or a place to be believed.
/// At one trust chance exceeds it once in `e^12` = 160,000 tries, at the best of all once in
/// 10,000; a look makes three for rhythms, and 8 for each sighting of noise. What is believed in
/// error adds noise to a sum, no more.
const BELIEVED: f64 = 12.0;

/// What is looked around in.
pub(super) struct Retrospect<'a, 'h> {
    pub(super) profile: &'static Profile,
    pub(super) readers: &'a mut [Reader; 2],
    pub(super) history: &'a mut History<'h>,
    /// Where the real input ended, once it has.
    pub(super) ended: Option<u64>,
    /// Samples by which two frames differ at least.
    pub(super) apart: u64,
}

/// Passes that were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) passes: Vec<Pass>,
    /// The silence between them, if they make a loop.
    pub(super) silence: Option<f64>,
    /// Whether they are clearly there. In a loop that is known, passes that may well be nothing
    /// are found too.
    pub(super) sure: bool,
}

impl<'a, 'h> Retrospect<'a, 'h> {
    /// A look around in `history`; frames that begin less than `apart` samples from each other are
    /// the same.
    pub(super) fn new(
        readers: &'a mut [Reader; 2],
        history: &'a mut History<'h>,
        ended: Option<u64>,
        apart: u64,
    ) -> Self {
        Self {
            profile: readers[0].profile(),
            readers,
            history,
            ended,
            apart,
        }
    }

    /// The rhythm of a message.
    pub(super) fn rhythm(&self, key: &Header) -> Option<Rhythm> {
        Reader::rhythm(self.readers, key)
    }

    /// Passes of `gathering` that it does not have yet: those of its loop, and those whose
    /// preambles were seen at `sighted` and could not be read. `other` is known to be one of its
    /// loop.
    pub(super) fn find(
        &mut self,
        gathering: &Gathering,
        sighted: &[u64],
        other: Option<Place>,
    ) -> Found {
        let mut found = self.find_loop(gathering, other);
        let mut places: Vec<Place> = Vec::new();
        for &start in sighted {
            let start = start as i64;
            let taken = |place: &Place| place.start.abs_diff(start) < self.apart;
            if gathering.has(start, self.apart)
                || found.passes.iter().any(|pass| taken(&pass.place))
            {
                continue;
            }
            places.extend(self.recognise(gathering, start));
        }
        found.sure |= !places.is_empty();
        found.passes.extend(self.read_all(gathering, places));
        found
    }

    /// The pass of `gathering` whose preamble was seen at `start`, if it is one.
    pub(super) fn recognise(&mut self, gathering: &Gathering, start: i64) -> Option<Place> {
        // All passes of a format are compared with one look.
        let mut heard = [None, None];
        for pass in 0..8 {
            let depth = self.profile.depth(pass) as usize;
            if heard[depth].is_none() {
                let look = self.look(gathering, Place { start, pass });
                heard[depth] = look.map(|(_, heard)| heard);
            }
        }
        (0..8)
            .filter_map(|pass| {
                let header = Header {
                    pass,
                    ..gathering.key
                };
                let depth = self.profile.depth(pass) as usize;
                let word = self.readers[depth].word(&header);
                let known = [(word, heard[depth].clone()?)];
                Some((trusted_favour(&known), Place { start, pass }))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(favour, _)| *favour > BELIEVED)
            .map(|(_, place)| place)
    }

    fn find_loop(&mut self, gathering: &Gathering, other: Option<Place>) -> Found {
        let Some(rhythm) = self.rhythm(&gathering.key) else {
            return Found::default();
        };
        let Some(anchor) = gathering.known.iter().max_by_key(|place| place.start) else {
            return Found::default();
        };
        let silences = match gathering.silence {
            Some(silence) => vec![silence],
            None => {
                let known = gathering.known.iter().copied().chain(other);
                let known: Vec<Place> = known.collect();
                rhythm.silences(&known, gathering.stretch)
            }
        };
        let end = self.history.end() as i64;
        let best = silences
            .into_iter()
            .map(|silence| {
                let mut places = Vec::new();
                let mut known = [Vec::new(), Vec::new()];
                let all = rhythm.places(*anchor, silence, gathering.stretch, 0, end);
                for place in all {
                    if gathering.has(place.start, self.apart) {
                        continue;
                    }
                    let depth = self.profile.depth(place.pass) as usize;
                    match self.look(gathering, place) {
                        Some((word, heard)) => {
                            // Noise, or another sender: it does more harm than good.
                            if favour(&word, &heard) > 0.0 {
                                places.push(place);
                            }
                            known[depth].push((word, heard));
                        }
                        // Its header is gone: what is left of it goes with the others.
                        None => places.push(place),
                    }
                }
                let total: f64 = known.iter().map(|known| trusted_favour(known)).sum();
                (total, silence, places)
            })
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((total, silence, places)) = best else {
            return Found::default();
        };
        if gathering.silence.is_none() && other.is_none() && total < BELIEVED {
            return Found::default();
        }
        let passes = self.read_all(gathering, places);
        Found {
            passes,
            silence: Some(silence),
            sure: total > BELIEVED,
        }
    }

    /// The header that must stand at `place`, and what was heard of it; `None` if its symbols were
    /// not all heard, or are forgotten.
    fn look(&mut self, gathering: &Gathering, place: Place) -> Option<(Vec<bool>, Vec<Llr>)> {
        let header = Header {
            pass: place.pass,
            ..gathering.key
        };
        let reader = &mut self.readers[self.profile.depth_of(&header) as usize];
        let start = u64::try_from(place.start).ok()?;
        let heard = self.ended.unwrap_or(self.history.end());
        if start + reader.geometry.frame(reader.header_symbols()) as u64 > heard {
            return None;
        }
        let (samples, offset) = self.history.from(start)?;
        let look = reader.look(samples, offset, Some(gathering.stretch));
        Some((reader.word(&header), look.llrs))
    }

    /// What was heard of the passes at `places`. Those of one format are trusted alike: what one
    /// header tells may be little.
    fn read_all(&mut self, gathering: &Gathering, places: Vec<Place>) -> Vec<Pass> {
        let mut all = Vec::new();
        for depth in [Depth::Normal, Depth::Deep] {
            let mut known = Vec::new();
            let mut passes = Vec::new();
            for place in &places {
                if self.profile.depth(place.pass) != depth {
                    continue;
                }
                if let Some((pass, word, header)) = self.read(gathering, *place) {
                    known.push((word, header));
                    passes.push(pass);
                }
            }
            let trust = trust(&known);
            passes.iter_mut().for_each(|pass| pass.trust = trust);
            all.append(&mut passes);
        }
        all
    }

    /// What was heard of the pass at `place`, with its header as it is and as heard; `None` if that is less than a symbol, or forgotten.
    fn read(&mut self, gathering: &Gathering, place: Place) -> Option<(Pass, Vec<bool>, Vec<Llr>)> {
        let header = Header {
            pass: place.pass,
            ..gathering.key
        };
        let frame = Frame::with_code(self.profile, &header, gathering.code.clone()).ok()?;
        let reader = &mut self.readers[self.profile.depth_of(&header) as usize];
        let symbols = frame.map.symbols();
        let end = place
            .start
            .saturating_add(reader.geometry.needed(symbols) as i64);
        if end > self.history.end() as i64 {
            return None;
        }
        let heard = self.ended.unwrap_or(self.history.end()) as i64;
        let whole = reader
            .geometry
            .whole_symbols(place.start, gathering.stretch, 0..heard);
        if whole.start.min(symbols) >= whole.end.min(symbols) {
            return None;
        }
        let announced = Announced {
            header,
            stretch: gathering.stretch,
            snr: gathering.snr(),
            other: None,
        };
        let soft = match u64::try_from(place.start) {
            Ok(start) => {
                let (samples, offset) = self.history.from(start)?;
                reader.data(samples, offset, &announced, &frame, whole.clone())
            }
            Err(_) => {
                // It began before we did.
                let (samples, _) = self.history.from(0)?;
                let mut padded = vec![0.0; usize::try_from(-place.start).ok()?];
                padded.extend_from_slice(&samples[..samples.len().min(usize::try_from(end).ok()?)]);
                reader.data(&padded, 0, &announced, &frame, whole.clone())
            }
        };
        let word = reader.word(&header);
        let pass = Pass {
            share: frame.share,
            soft: soft.llrs,
            trust: 1.0,
            place,
            end: place
                .start
                .saturating_add(reader.geometry.frame(symbols) as i64) as u64,
            snr: soft.snr,
            cut_off: whole.end < symbols,
        };
        Some((pass, word, soft.header))
    }
}

/// By how many nats what was heard favours what must have been said, at the best trust.
fn trusted_favour(known: &[(Vec<bool>, Vec<Llr>)]) -> f64 {
    let trust = trust(known);
    known
        .iter()
        .map(|(word, heard)| {
            let scaled: Vec<Llr> = heard.iter().map(|llr| llr * trust).collect();
            favour(word, &scaled)
        })
        .sum()
}
