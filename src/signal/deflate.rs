//! Deflate (RFC 1951, no header) after a preset dictionary, by whichever code fits.
//!
//! Natively `zlib-rs`. What a page downloads has its own: zlib's code for streams, levels and
//! checksums is most of a tenth of the module, for a text that lies in memory as a whole. Both read
//! what the other writes.

#[cfg(any(test, target_family = "wasm"))]
mod small;
#[cfg(not(target_family = "wasm"))]
mod zlib;

#[cfg(target_family = "wasm")]
pub(super) use small::{deflate, inflate};
#[cfg(not(target_family = "wasm"))]
pub(super) use zlib::{deflate, inflate};

/// What became of a deflated text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inflated {
    /// The text, and how many bytes of the input it took.
    Whole(Vec<u8>, usize),
    /// It is longer than was allowed.
    Longer,
    /// It is not deflated, or cut off.
    Damaged,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DICTIONARY: &[u8] = b"a=ice-ufrag:a=ice-pwd:a=candidate:1 1 udp 2130706431 typ host\r\n";

    type Inflate = fn(&[u8], &[u8], usize) -> Inflated;
    const READERS: [Inflate; 2] = [zlib::inflate, small::inflate];

    /// Runs of bytes, runs of the dictionary, repetitions near and far.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            prop::collection::vec(b'a'..=b'c', 0..400),
            (0..DICTIONARY.len()).prop_map(|from| DICTIONARY[from..].to_vec()),
            (any::<u8>(), 0..1000usize).prop_map(|(byte, times)| vec![byte; times]),
        ];
        prop::collection::vec((part, 1..4usize), 0..12)
            .prop_map(|parts| parts.iter().flat_map(|(part, n)| part.repeat(*n)).collect())
    }

    proptest! {
        #[test]
        fn each_reads_what_either_writes(text in texts()) {
            for deflated in [
                zlib::deflate(DICTIONARY, &text, usize::MAX >> 1),
                small::deflate(DICTIONARY, &text, usize::MAX >> 1),
            ] {
                let deflated = deflated.unwrap();
                for inflate in READERS {
                    let whole = Inflated::Whole(text.clone(), deflated.len());
                    prop_assert_eq!(inflate(DICTIONARY, &deflated, text.len()), whole);
                    if !text.is_empty() {
                        let short = inflate(DICTIONARY, &deflated, text.len() - 1);
                        prop_assert_eq!(short, Inflated::Longer);
                    }
                }
            }
        }

        #[test]
        fn both_read_the_same_of_what_is_damaged(
            text in texts(), flips in prop::collection::vec(any::<prop::sample::Index>(), 1..4)
        ) {
            let mut deflated = zlib::deflate(DICTIONARY, &text, usize::MAX >> 1).unwrap();
            let bits = deflated.len() * 8;
            for flip in flips {
                let bit = flip.index(bits);
                deflated[bit / 8] ^= 1 << (bit % 8);
            }
            prop_assert_eq!(
                small::inflate(DICTIONARY, &deflated, 65_536),
                zlib::inflate(DICTIONARY, &deflated, 65_536)
            );
        }

        #[test]
        fn both_read_the_same_of_anything(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(
                small::inflate(DICTIONARY, &bytes, 65_536),
                zlib::inflate(DICTIONARY, &bytes, 65_536)
            );
        }
    }

    /// Codes of its own are what the small one does without: what they save of a text is less than
    /// a tenth, in bits, once the dictionary is known. A bound of the format alone is nine bits for
    /// a byte, and ten for the block.
    #[test]
    fn nothing_grows_by_more_than_an_eighth() {
        let mut dice = 1u64;
        let noise: Vec<u8> = (0..2000)
            .map(|_| {
                // Knuth's generator, whose high bits are good.
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (dice >> 56) as u8
            })
            .collect();
        let deflated = small::deflate(DICTIONARY, &noise, usize::MAX >> 1).unwrap();
        assert!(
            deflated.len() * 8 <= noise.len() * 9 + 17,
            "{}",
            deflated.len()
        );
        assert_eq!(small::deflate(DICTIONARY, &noise, noise.len()), None);
    }
}
