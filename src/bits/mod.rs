//! Bytes to bits and back.
//!
//! ```text
//!  payload ── packet (sub-header, CRC-32) ── whitening ── information bits ──▶ code
//!  header  ── 24 bits, CRC-16 ────────────── whitening ── information bits ──▶ code
//! ```

mod checksum;
mod header;
mod packet;
mod whitening;

pub use header::{HEADER_BITS, Header, HeaderError, VERSION};
pub use packet::{
    Body, MAX_BLOCK_PAYLOAD, MAX_MESSAGE, MAX_SHARDS, PacketError, Segment, SegmentKey,
    block_info_bits, message_checksum, pack_segment, pack_single, unpack_segment, unpack_single,
};
pub use whitening::whiten;

/// Bytes to bits, most significant first.
pub fn to_bits(bytes: &[u8]) -> impl Iterator<Item = bool> + '_ {
    bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1 == 1))
}

/// Bits to bytes, the inverse of [`to_bits`]. A last group of fewer than eight bits is filled with zeros.
pub fn to_bytes(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8)
        .map(|chunk| {
            chunk
                .iter()
                .enumerate()
                .fold(0, |byte, (i, bit)| byte | u8::from(*bit) << (7 - i))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_undo_bytes() {
        let bytes: Vec<u8> = (0..=255).collect();
        let bits: Vec<bool> = to_bits(&bytes).collect();
        assert_eq!(bits.len(), 2048);
        assert_eq!(to_bytes(&bits), bytes);
    }
}
