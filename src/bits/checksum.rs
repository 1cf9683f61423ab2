//! CRC-32, as of Ethernet and gzip.

/// The polynomial, lowest bit first as the sums are, but for its highest term.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// What each byte does to a sum.
static STEPS: [u32; 256] = steps();

/// The sum over all parts, one after the other.
///
/// A table of one step instead of many at once: messages are short, and a page downloads the table.
pub(super) fn crc32(parts: &[&[u8]]) -> u32 {
    let bytes = parts.iter().copied().flatten();
    !bytes.fold(!0, |sum: u32, byte| {
        STEPS[usize::from(sum as u8 ^ byte)] ^ (sum >> 8)
    })
}

const fn steps() -> [u32; 256] {
    let mut steps = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum >> 1) ^ ((sum & 1) * POLYNOMIAL);
            bit += 1;
        }
        steps[byte] = sum;
        byte += 1;
    }
    steps
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
