//! Packets: what one codeword carries, with its checksum.
//!
//! ```text
//!  single   payload (0..=508) | CRC-32
//!  segment  message length 3 | index 1 | message CRC-32 4 | shard (1..=500) | CRC-32
//! ```
//!
//! The CRC-32 (IEEE 802.3) also covers the header's fields, pass excepted: data read with the
//! help of a wrong header fails. Numbers are big endian.

use super::checksum::crc32;
use super::{Header, to_bits, to_bytes, whiten};

/// The longest message, in bytes: 64 KiB.
pub const MAX_MESSAGE: usize = 65_536;

/// Payload bytes that fit one codeword; a longer message travels in segments.
pub const MAX_BLOCK_PAYLOAD: usize = 508;

/// Shards of one message, data and redundancy: the field of the erasure code has 256 elements.
pub const MAX_SHARDS: usize = 256;

const CHECKSUM: usize = 4;
const SEGMENT_HEAD: usize = 8;
/// Bytes of shard that fit one codeword beside the segment's head.
const MAX_SHARD: usize = MAX_BLOCK_PAYLOAD - SEGMENT_HEAD;

/// What the information bits of one codeword hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A whole message.
    Single(Vec<u8>),
    /// A part of a long one.
    Segment(Segment),
}

/// Which message a segment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SegmentKey {
    /// Bytes in the whole message, `1..=65536`.
    pub message_bytes: usize,
    /// CRC-32 of the whole message.
    pub checksum: u32,
    /// Bytes in each shard, `1..=500`.
    pub shard_bytes: usize,
}

impl SegmentKey {
    /// How a message is cut: the fewest shards, all of one length, the last filled with zeros.
    pub fn of(message: &[u8]) -> Self {
        let shards = message.len().div_ceil(MAX_SHARD).max(1);
        Self {
            message_bytes: message.len(),
            checksum: message_checksum(message),
            shard_bytes: message.len().div_ceil(shards).max(1),
        }
    }

    /// The data shards of the message, the last filled up with zeros.
    pub fn shards(&self, message: &[u8]) -> Vec<Vec<u8>> {
        let pieces = message.chunks(self.shard_bytes).map(<[u8]>::to_vec);
        let mut shards: Vec<Vec<u8>> = pieces.collect();
        if let Some(last) = shards.last_mut() {
            last.resize(self.shard_bytes, 0);
        }
        shards
    }

    /// Shards that hold data; the others hold redundancy.
    pub fn data_shards(&self) -> usize {
        self.message_bytes.div_ceil(self.shard_bytes)
    }
}

/// One shard of a long message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The message it belongs to.
    pub key: SegmentKey,
    /// Which shard: data first, then redundancy.
    pub index: u8,
    /// Its bytes.
    pub shard: Vec<u8>,
}

/// Why the bits of a codeword are not a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// Damaged, or read with the help of a wrong header.
    #[error("packet checksum is {got:#010x}, its bytes say {expected:#010x}")]
    Checksum {
        /// As received.
        got: u32,
        /// As computed.
        expected: u32,
    },
    /// The header announces more than a codeword can hold, or less than a segment needs.
    #[error("a codeword holds {min} to {max} bytes of payload, the header says {got}")]
    Length {
        /// As announced.
        got: usize,
        /// Fewest possible.
        min: usize,
        /// Most possible.
        max: usize,
    },
    /// Checked, and yet its fields contradict each other: not written by this program.
    #[error(
        "segment {index} of a message of {message_bytes} bytes in shards of {shard_bytes}: impossible"
    )]
    Segment {
        /// As received.
        index: u8,
        /// As received.
        message_bytes: usize,
        /// As announced by the header.
        shard_bytes: usize,
    },
}

/// CRC-32 of a whole message; its low byte is the header's `id`.
pub fn message_checksum(message: &[u8]) -> u32 {
    crc32(&[message])
}

/// Information bits that a frame with this header carries.
///
/// # Errors
/// [`PacketError::Length`] if no codeword is that long or short.
pub fn block_info_bits(header: &Header) -> Result<usize, PacketError> {
    let got = usize::from(header.length);
    let (min, max, head) = if header.segmented {
        (1, MAX_SHARD, SEGMENT_HEAD)
    } else {
        (0, MAX_BLOCK_PAYLOAD, 0)
    };
    if !(min..=max).contains(&got) {
        return Err(PacketError::Length { got, min, max });
    }
    Ok((head + got + CHECKSUM) * 8)
}

/// The information bits of a whole message.
///
/// # Panics
/// If `payload.len() > 508` or it is not what `header` announces.
pub fn pack_single(header: &Header, payload: &[u8]) -> Vec<bool> {
    assert!(!header.segmented && payload.len() == usize::from(header.length));
    assert!(
        payload.len() <= MAX_BLOCK_PAYLOAD,
        "{} bytes in one codeword",
        payload.len()
    );
    seal(header, payload.to_vec())
}

/// The information bits of one segment.
///
/// # Panics
/// If the segment is not what `header` announces, or its message is longer than 65,536 bytes.
pub fn pack_segment(header: &Header, segment: &Segment) -> Vec<bool> {
    let SegmentKey {
        message_bytes,
        checksum,
        shard_bytes,
    } = segment.key;
    assert!(header.segmented && shard_bytes == usize::from(header.length));
    assert!(segment.shard.len() == shard_bytes && message_bytes <= MAX_MESSAGE);
    let mut bytes = Vec::with_capacity(SEGMENT_HEAD + shard_bytes + CHECKSUM);
    bytes.extend_from_slice(&(message_bytes as u32).to_be_bytes()[1..]);
    bytes.push(segment.index);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes.extend_from_slice(&segment.shard);
    seal(header, bytes)
}

/// The inverse of [`pack_single`].
///
/// # Errors
/// [`PacketError`] if the bits are not a packet that fits the header.
pub fn unpack_single(header: &Header, bits: &[bool]) -> Result<Vec<u8>, PacketError> {
    open(header, bits)
}

/// The inverse of [`pack_segment`].
///
/// # Errors
/// [`PacketError`] if the bits are not a packet that fits the header, or its fields are impossible.
pub fn unpack_segment(header: &Header, bits: &[bool]) -> Result<Segment, PacketError> {
    let bytes = open(header, bits)?;
    let shard_bytes = usize::from(header.length);
    let [a, b, c, index, d, e, f, g, shard @ ..] = bytes.as_slice() else {
        return Err(PacketError::Length {
            got: bytes.len(),
            min: SEGMENT_HEAD,
            max: MAX_BLOCK_PAYLOAD,
        });
    };
    let key = SegmentKey {
        message_bytes: u32::from_be_bytes([0, *a, *b, *c]) as usize,
        checksum: u32::from_be_bytes([*d, *e, *f, *g]),
        shard_bytes,
    };
    let possible = (1..=MAX_MESSAGE).contains(&key.message_bytes) && key.data_shards() < MAX_SHARDS;
    if !possible {
        return Err(PacketError::Segment {
            index: *index,
            message_bytes: key.message_bytes,
            shard_bytes,
        });
    }
    Ok(Segment {
        key,
        index: *index,
        shard: shard.to_vec(),
    })
}

fn seal(header: &Header, mut bytes: Vec<u8>) -> Vec<bool> {
    let checksum = bound_checksum(header, &bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    let mut bits: Vec<bool> = to_bits(&bytes).collect();
    whiten(&mut bits);
    bits
}

fn open(header: &Header, bits: &[bool]) -> Result<Vec<u8>, PacketError> {
    let needed = block_info_bits(header)?;
    if bits.len() != needed {
        let bytes = needed / 8;
        return Err(PacketError::Length {
            got: bits.len() / 8,
            min: bytes,
            max: bytes,
        });
    }
    let mut bits = bits.to_vec();
    whiten(&mut bits);
    let mut bytes = to_bytes(&bits);
    let tail = bytes.split_off(bytes.len() - CHECKSUM);
    let got = tail
        .iter()
        .fold(0, |word: u32, byte| word << 8 | u32::from(*byte));
    let expected = bound_checksum(header, &bytes);
    if got != expected {
        return Err(PacketError::Checksum { got, expected });
    }
    Ok(bytes)
}

fn bound_checksum(header: &Header, bytes: &[u8]) -> u32 {
    crc32(&[&header.binding(), bytes])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn single(length: usize) -> Header {
        Header {
            segmented: false,
            pass: 0,
            id: 7,
            length: length as u16,
        }
    }

    #[test]
    fn a_packet_fails_under_any_other_header() {
        let bits = pack_single(&single(4), b"data");
        for other in [
            Header { id: 8, ..single(4) },
            Header {
                length: 5,
                ..single(4)
            },
            Header {
                segmented: true,
                ..single(4)
            },
        ] {
            assert!(unpack_single(&other, &bits).is_err(), "{other:?}");
        }
        assert_eq!(
            unpack_single(
                &Header {
                    pass: 5,
                    ..single(4)
                },
                &bits
            )
            .as_deref(),
            Ok(&b"data"[..])
        );
    }

    #[test]
    fn the_longest_message_needs_fewer_shards_than_the_field_has_elements() {
        let key = SegmentKey::of(&vec![0; MAX_MESSAGE]);
        assert!(key.shard_bytes <= MAX_SHARD);
        // At least half as much redundancy as data can follow in later passes.
        assert!(
            key.data_shards() * 3 / 2 < MAX_SHARDS,
            "{}",
            key.data_shards()
        );
    }

    #[test]
    fn lengths_that_no_codeword_holds_are_refused() {
        assert!(block_info_bits(&single(509)).is_err());
        assert!(
            block_info_bits(&Header {
                segmented: true,
                ..single(0)
            })
            .is_err()
        );
        assert!(
            block_info_bits(&Header {
                segmented: true,
                ..single(501)
            })
            .is_err()
        );
    }

    proptest! {
        #[test]
        fn unpacking_undoes_packing(payload in prop::collection::vec(any::<u8>(), 0..=MAX_BLOCK_PAYLOAD)) {
            let header = single(payload.len());
            prop_assert_eq!(unpack_single(&header, &pack_single(&header, &payload)), Ok(payload));
        }

        #[test]
        fn unpacking_undoes_packing_of_segments(
            message in prop::collection::vec(any::<u8>(), 509..3000), index: u8, pass in 0u8..8,
        ) {
            let key = SegmentKey::of(&message);
            let segment = Segment { key, index, shard: message[..key.shard_bytes].to_vec() };
            let header =
                Header { segmented: true, pass, id: key.checksum as u8, length: key.shard_bytes as u16 };
            prop_assert_eq!(unpack_segment(&header, &pack_segment(&header, &segment)), Ok(segment));
        }

        #[test]
        fn any_bits_give_a_value_or_an_error(
            bits in prop::collection::vec(any::<bool>(), 0..4200), segmented: bool, length in 0u16..1024,
        ) {
            let header = Header { segmented, pass: 0, id: 0, length };
            let _ = unpack_single(&header, &bits);
            let _ = unpack_segment(&header, &bits);
        }
    }
}
