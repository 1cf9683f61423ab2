//! What both directions must agree on: how many symbols a frame has, and what code it carries.

use crate::bits::{HEADER_BITS, Header, PacketError, block_info_bits};
use crate::code::{HeaderCode, InnerCode, Part};
use crate::tones::FrameMap;

use super::Profile;
use super::profile::Format;

/// Coded bits of data that a segment gets at least, for one information bit. A message alone must
/// survive a room in one pass; a segment has other segments and later passes behind it.
const SEGMENT_EXPANSION: (usize, usize) = (2, 1);

/// The frame that a header announces.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) map: FrameMap,
    pub(super) code: InnerCode,
    pub(super) part: Part,
}

impl Frame {
    /// The frame behind a header.
    ///
    /// # Errors
    /// [`PacketError::Length`] if there is none.
    pub(super) fn of(profile: &Profile, header: &Header) -> Result<Self, PacketError> {
        let code = InnerCode::new(block_info_bits(header)?);
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
        Ok(Self {
            map: FrameMap::new(&format.plan, header_code_bits(), symbols),
            code,
            part,
        })
    }

    /// The mother bits that the frame carries, in the order of its data bits.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.code.part(self.part, self.map.data_bits())
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
