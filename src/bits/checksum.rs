//! CRC-32, as of Ethernet and gzip.

/// The polynomial, lowest bit first as the sums are, but for its highest term.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// The sum over all parts, one after the other.
///
/// Bit by bit: messages are short, and a page would have to download a table.
pub(super) fn crc32(parts: &[&[u8]]) -> u32 {
    let bytes = parts.iter().copied().flatten();
    !bytes.fold(!0, |sum: u32, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ ((sum & 1) * POLYNOMIAL)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_one_that_all_know() {
        // The check value of every catalogue.
        assert_eq!(crc32(&[b"123456789"]), 0xcbf4_3926);
        assert_eq!(crc32(&[b"1234", b"", b"56789"]), 0xcbf4_3926);
        assert_eq!(crc32(&[]), 0);
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(crc32(&[&all]), crc32fast::hash(&all));
    }
}
