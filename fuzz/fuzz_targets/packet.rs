//! Any bits under any header are a packet or an error; what unpacks packs to the same bits.
#![no_main]

use airshake::bits::{
    HEADER_BITS, Header, pack_segment, pack_single, to_bits, unpack_segment, unpack_single,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((head, body)) = data.split_at_checked(5) else { return };
    let mut head_bits = [false; HEADER_BITS];
    for (slot, bit) in head_bits.iter_mut().zip(to_bits(head)) {
        *slot = bit;
    }
    if let Ok(header) = Header::from_bits(&head_bits) {
        assert_eq!(header.to_bits(), head_bits);
    }
    // A checksum is rarely met by chance, so the fields are also taken as they are.
    let header = Header {
        segmented: head[0] & 1 == 1,
        pass: head[0] >> 5,
        id: head[1],
        length: u16::from_be_bytes([head[2], head[3]]) % 1024,
    };
    let bits: Vec<bool> = to_bits(body).collect();
    if let Ok(payload) = unpack_single(&header, &bits) {
        assert_eq!(pack_single(&header, &payload), bits);
    }
    if let Ok(segment) = unpack_segment(&header, &bits) {
        assert_eq!(pack_segment(&header, &segment), bits);
    }
});
