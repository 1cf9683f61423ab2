//! The header of a frame: what a receiver must know before it can read the data.

use super::whiten;

/// The wire version that this code speaks, frozen: `docs/waveform.md` is its text. 0 was the
/// version under development; 2 is the next; 3 is kept for "the version stands elsewhere", so that
/// versions do not run out.
pub const VERSION: u8 = 1;

/// Information bits of a coded header: 24 of content, 16 of checksum.
pub const HEADER_BITS: usize = 40;

/// What stands at the head of each frame.
///
/// | bits | field |
/// |---|---|
/// | 2 | version |
/// | 1 | segmented |
/// | 3 | pass |
/// | 8 | id |
/// | 10 | length |
/// | 16 | CRC-16/CCITT of the 24 bits above |
///
/// `pass` is the only field that changes between the passes of one message, so that a receiver
/// can add up the soft bits of several headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// Whether the frame carries one segment of a long message instead of a whole one.
    pub segmented: bool,
    /// Which redundancy the frame carries, `0..8`.
    pub pass: u8,
    /// Low bits of the message's checksum: frames of other messages differ here most of the time.
    pub id: u8,
    /// Bytes of payload in this frame, `0..1024`: the message, or the shard of a segment. Those
    /// that no codeword holds, 509 and more or a segment's 0 and from 501 on, are reserved:
    /// [`block_info_bits`](super::block_info_bits) refuses them.
    pub length: u16,
}

/// Why 40 bits are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The checksum does not fit: noise, or a header damaged beyond the code's strength.
    #[error("header checksum is {got:#06x}, its bits say {expected:#06x}")]
    Checksum {
        /// As received.
        got: u16,
        /// As computed.
        expected: u16,
    },
    /// Another version of the format.
    #[error("wire version {got}: this program reads version {known}")]
    Version {
        /// As received.
        got: u8,
        /// What this program reads.
        known: u8,
    },
}

impl Header {
    /// The 24 bits of content as a number, without the checksum.
    ///
    /// # Panics
    /// If `pass >= 8` or `length >= 1024`.
    pub fn content(&self) -> u32 {
        assert!(self.pass < 8, "pass {} does not fit 3 bits", self.pass);
        assert!(
            self.length < 1024,
            "length {} does not fit 10 bits",
            self.length
        );
        u32::from(VERSION) << 22
            | u32::from(self.segmented) << 21
            | u32::from(self.pass) << 18
            | u32::from(self.id) << 10
            | u32::from(self.length)
    }

    /// The content with pass 0: binds the data to the header, the same in every pass.
    pub fn binding(&self) -> [u8; 3] {
        let [_, a, b, c] = Self { pass: 0, ..*self }.content().to_be_bytes();
        [a, b, c]
    }

    /// To whitened bits with the checksum.
    ///
    /// # Panics
    /// As [`Header::content`].
    pub fn to_bits(&self) -> [bool; HEADER_BITS] {
        let content = self.content();
        let word = u64::from(content) << 16 | u64::from(crc16(content));
        let mut bits = std::array::from_fn(|i| word >> (HEADER_BITS - 1 - i) & 1 == 1);
        whiten(&mut bits);
        bits
    }

    /// From whitened bits, the inverse of [`Header::to_bits`].
    ///
    /// # Errors
    /// [`HeaderError`] if the checksum fails, or the version is not ours.
    pub fn from_bits(bits: &[bool; HEADER_BITS]) -> Result<Self, HeaderError> {
        let mut bits = *bits;
        whiten(&mut bits);
        let word = bits
            .iter()
            .fold(0u64, |word, bit| word << 1 | u64::from(*bit));
        let (content, got) = ((word >> 16) as u32, word as u16);
        let expected = crc16(content);
        if got != expected {
            return Err(HeaderError::Checksum { got, expected });
        }
        let version = (content >> 22) as u8;
        if version != VERSION {
            return Err(HeaderError::Version {
                got: version,
                known: VERSION,
            });
        }
        Ok(Self {
            segmented: content >> 21 & 1 == 1,
            pass: (content >> 18 & 7) as u8,
            id: (content >> 10) as u8,
            length: (content & 1023) as u16,
        })
    }
}

/// CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xffff) over the low 24 bits, first the highest.
fn crc16(content: u32) -> u16 {
    (0..24).rev().fold(0xffff, |crc: u16, shift| {
        let bit = (content >> shift) as u16 & 1;
        let carry = crc >> 15 ^ bit;
        (crc << 1) ^ (carry * 0x1021)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn checksum_agrees_with_the_catalogued_check_value() {
        // CRC-16/CCITT-FALSE of "123" (first three bytes of the usual check string).
        assert_eq!(crc16(0x31_32_33), 0x5bce);
    }

    #[test]
    fn every_damage_of_up_to_three_bits_is_seen() {
        // The polynomial has distance 4 at this length.
        let header = Header {
            segmented: false,
            pass: 3,
            id: 0xa5,
            length: 64,
        };
        let bits = header.to_bits();
        for i in 0..HEADER_BITS {
            for j in 0..=i {
                for k in 0..=j {
                    let mut damaged = bits;
                    for place in [i, j, k] {
                        damaged[place] ^= true;
                    }
                    if damaged != bits {
                        assert!(Header::from_bits(&damaged).is_err(), "{i} {j} {k}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_other_version_is_named() {
        for got in [0, 2, 3] {
            let content = u32::from(got) << 22 | 5;
            let word = u64::from(content) << 16 | u64::from(crc16(content));
            let mut bits = std::array::from_fn(|i| word >> (HEADER_BITS - 1 - i) & 1 == 1);
            whiten(&mut bits);
            let refused = HeaderError::Version {
                got,
                known: VERSION,
            };
            assert_eq!(Header::from_bits(&bits), Err(refused));
        }
    }

    /// Fails when a receiver of today would no longer understand a sender of yesterday.
    #[test]
    #[expect(clippy::unusual_byte_groupings, reason = "a group is a field")]
    fn the_wire_format_has_not_moved() {
        let header = Header {
            segmented: true,
            pass: 5,
            id: 0xa5,
            length: 500,
        };
        // Version, segmented, pass, id, length; then, with pass 0, in bytes.
        assert_eq!(header.content(), 0b01_1_101_10100101_0111110100);
        assert_eq!(header.binding(), [0b01_1_000_10, 0b100101_01, 0b1111_0100]);
    }

    proptest! {
        #[test]
        fn bits_undo_header(segmented: bool, pass in 0u8..8, id: u8, length in 0u16..1024) {
            let header = Header { segmented, pass, id, length };
            prop_assert_eq!(Header::from_bits(&header.to_bits()), Ok(header));
        }
    }
}
