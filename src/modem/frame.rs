//! What both directions must agree on: how many symbols a frame has, and what code it carries.

use crate::bits::{HEADER_BITS, Header, PacketError, block_info_bits};
use crate::code::{HeaderCode, InnerCode};
use crate::tones::FrameMap;

use super::Profile;

/// Coded bits of data that a frame carries at least, for one information bit. A message alone
/// must survive a room in one pass; a segment has other segments and later passes behind it. At
/// 2.3 the 41 bytes of a packed WebRTC description just fit two symbols.
const SINGLE_EXPANSION: (usize, usize) = (23, 10); // rate 0.43
const SEGMENT_EXPANSION: (usize, usize) = (2, 1);

/// The frame that a header announces.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) map: FrameMap,
    pub(super) code: InnerCode,
}

impl Frame {
    /// The frame behind a header.
    ///
    /// # Errors
    /// [`PacketError::Length`] if there is none.
    pub(super) fn of(profile: &Profile, header: &Header) -> Result<Self, PacketError> {
        let info = block_info_bits(header)?;
        let symbols = Self::symbols(profile, header)?;
        let map = FrameMap::new(profile.plan.groups, header_code_bits(), symbols);
        Ok(Self {
            map,
            code: InnerCode::new(info),
        })
    }

    /// Symbols in it.
    ///
    /// # Errors
    /// As [`Frame::of`].
    pub(super) fn symbols(profile: &Profile, header: &Header) -> Result<usize, PacketError> {
        let info = block_info_bits(header)?;
        let (above, below) = if header.segmented {
            SEGMENT_EXPANSION
        } else {
            SINGLE_EXPANSION
        };
        let coded = (info * above).div_ceil(below);
        Ok(FrameMap::symbols_for(
            profile.plan.groups,
            header_code_bits(),
            coded,
        ))
    }
}

/// The code of the header.
pub(super) fn header_code() -> HeaderCode {
    HeaderCode::new(HEADER_BITS)
}

/// Coded bits of a header: rate one sixth, stronger than any data.
pub(super) const fn header_code_bits() -> usize {
    HEADER_BITS * 6
}
