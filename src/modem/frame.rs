//! What both directions must agree on: how many symbols a frame has, and what code it carries.

use crate::bits::{HEADER_BITS, Header, PacketError, block_info_bits};
use crate::code::{HeaderCode, InnerCode, InnerCodes, Part};
use crate::tones::FrameMap;

use super::Profile;
use super::profile::Format;

/// Coded bits of data that a segment gets at least, for one information bit. A message alone must
/// survive a room in one pass; a segment has other segments and later passes behind it.
const SEGMENT_EXPANSION: (usize, usize) = (2, 1);

/// Passes that the header's field tells apart.
const PASSES: usize = 8;

/// The frame that a header announces.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) map: FrameMap,
    pub(super) code: InnerCode,
    pub(super) share: Share,
}

/// Which of the mother bits a pass carries, and in what order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    part: Part,
    /// Coded bits of the frame.
    count: usize,
    /// With which of them it begins.
    turn: usize,
}

impl Share {
    /// The mother bits, in the order of the frame's data bits.
    pub(super) fn places(self, code: &InnerCode) -> impl Iterator<Item = usize> + '_ {
        let part = move || code.part(self.part, self.count);
        part().skip(self.turn).chain(part().take(self.turn))
    }
}

impl Frame {
    /// The frame behind a header, whose code `codes` give.
    ///
    /// # Errors
    /// [`PacketError::Length`] if there is none.
    pub(super) fn of(
        profile: &Profile,
        header: &Header,
        codes: &mut InnerCodes,
    ) -> Result<Self, PacketError> {
        let code = codes.of(block_info_bits(header)?);
        Self::with_code(profile, header, code)
    }

    /// The frame behind a header, if its code is at hand: the passes of a message share one.
    ///
    /// # Errors
    /// As [`Frame::of`].
    pub(super) fn with_code(
        profile: &Profile,
        header: &Header,
        code: InnerCode,
    ) -> Result<Self, PacketError> {
        let info = block_info_bits(header)?;
        let format = profile.at_depth(profile.depth_of(header));
        let symbols = Self::symbols(profile, header)?;
        // Both formats mean the same rest: what a normal pass of the front leaves.
        let part = if profile.sends_front(header) {
            Part::Front
        } else {
            let normal = symbols_in(&profile.normal, header, info);
            Part::Rest {
                after: normal * profile.normal.plan.bits_per_symbol() - header_code_bits(),
            }
        };
        let map = FrameMap::new(&format.plan, header_code_bits(), symbols);
        // Every pass begins an eighth later, so that a bit that stood in a notch of the room the
        // last time stands somewhere else when it is sent again.
        let count = map.data_bits();
        let share = Share {
            part,
            count,
            turn: count * usize::from(header.pass) / PASSES,
        };
        Ok(Self { map, code, share })
    }

    /// The mother bits that the frame carries, in the order of its data bits.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.share.places(&self.code)
    }

    /// Symbols in it.
    ///
    /// # Errors
    /// As [`Frame::of`].
    pub(super) fn symbols(profile: &Profile, header: &Header) -> Result<usize, PacketError> {
        let info = block_info_bits(header)?;
        let format = profile.at_depth(profile.depth_of(header));
        Ok(symbols_in(format, header, info))
    }
}

/// Symbols of a frame of `info` information bits in that format.
fn symbols_in(format: &Format, header: &Header, info: usize) -> usize {
    let (above, below) = if header.segmented {
        SEGMENT_EXPANSION
    } else {
        format.expansion
    };
    let coded = (info * above).div_ceil(below);
    FrameMap::symbols_for(&format.plan, header_code_bits(), coded)
}

/// The code of the header.
pub(super) fn header_code() -> HeaderCode {
    HeaderCode::new(HEADER_BITS)
}

/// Coded bits of a header: rate one sixth, stronger than any data.
pub(super) const fn header_code_bits() -> usize {
    HEADER_BITS * 6
}

#[cfg(test)]
mod tests {
    use super::super::Depth;
    use super::*;

    fn header(segmented: bool, pass: u8, length: u16) -> Header {
        Header {
            segmented,
            pass,
            id: 7,
            length,
        }
    }

    fn frame(profile: &Profile, header: &Header) -> Frame {
        Frame::of(profile, header, &mut InnerCodes::new()).expect("such a frame exists")
    }

    /// Every profile with the headers of all passes of a short, a usual and a long message.
    fn each() -> impl Iterator<Item = (&'static Profile, Header)> {
        let headers = [
            (false, 0),
            (false, 64),
            (false, 508),
            (true, 1),
            (true, 500),
        ];
        let headers = headers.into_iter().flat_map(|(segmented, length)| {
            (0..8).map(move |pass| header(segmented, pass, length))
        });
        headers.flat_map(|header| Profile::ALL.iter().map(move |profile| (*profile, header)))
    }

    #[test]
    fn every_pass_sends_as_many_mother_bits_as_its_frame_holds() {
        for (profile, header) in each() {
            let frame = frame(profile, &header);
            let places: Vec<usize> = frame.places().collect();
            assert_eq!(places.len(), frame.map.data_bits());
            assert!(places.iter().all(|place| *place < frame.code.mother_bits()));
            // More bits than information, or it could not be read alone.
            let mut distinct = places;
            distinct.sort_unstable();
            distinct.dedup();
            assert!(distinct.len() > frame.code.info_bits(), "{header:?}");
        }
    }

    #[test]
    fn pass_p_begins_p_eighths_later_and_sends_the_same_bits_as_without_that() {
        for (profile, header) in each() {
            let frame = frame(profile, &header);
            let count = frame.map.data_bits();
            let from_the_start: Vec<usize> = frame.code.part(frame.share.part, count).collect();
            let turned: Vec<usize> = frame.places().collect();
            let turn = count * usize::from(header.pass) / 8;
            for (i, place) in turned.iter().enumerate() {
                assert_eq!(*place, from_the_start[(i + turn) % count], "{header:?}");
            }
        }
    }

    /// Two passes that send the same bits in the same format stand in different places: of what a
    /// notch over a quarter of the band takes away, the next one gives three quarters back.
    #[test]
    fn what_a_notch_takes_from_a_pass_it_leaves_to_the_next_of_its_kind() {
        let profile = &Profile::AUDIBLE;
        for length in [64, 508] {
            let normal = (0..8).filter(|pass| profile.depth(*pass) == Depth::Normal);
            let normal: Vec<Frame> = normal
                .map(|pass| frame(profile, &header(false, pass, length)))
                .collect();
            for (i, frame) in normal.iter().enumerate() {
                let later = normal[i + 1..].iter();
                for other in later.filter(|other| other.share.part == frame.share.part) {
                    let lost = notched(frame, profile);
                    let twice = lost.intersection(&notched(other, profile)).count();
                    // Drawn without replacement from as many: a quarter of a quarter, and four
                    // deviations of the hypergeometric count.
                    let count = lost.len() as f64;
                    let expected = count / 4.0;
                    let slack = 4.0 * (count * 0.25 * 0.75 * 0.75).sqrt();
                    assert!(
                        (twice as f64 - expected).abs() < slack,
                        "{twice} of {count} lost twice"
                    );
                }
            }
        }
    }

    /// The mother bits of a frame which stand in the second quarter of the groups.
    fn notched(frame: &Frame, profile: &Profile) -> std::collections::BTreeSet<usize> {
        let plan = &profile.normal.plan;
        let symbols = frame.map.symbols();
        let bits = plan.bits_per_tone;
        let soft: Vec<f32> = (0..symbols * plan.groups * bits)
            .map(|place| {
                let group = place / bits % plan.groups;
                f32::from(u8::from(group * 4 / plan.groups == 1))
            })
            .collect();
        let inside = frame.map.data_llrs(&soft);
        let pairs = frame.places().zip(inside);
        pairs
            .filter(|(_, inside)| *inside == 1.0)
            .map(|(place, _)| place)
            .collect()
    }
}
