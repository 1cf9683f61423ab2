//! In few bytes of code.

mod reading;
mod writing;

pub(in super::super) use reading::inflate;
pub(in super::super) use writing::deflate;

/// The shortest and the longest repetition.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=258;
/// How far back one may begin.
const FARTHEST: usize = 32_768;
/// The end of a block, among the codes of bytes and lengths.
const END: usize = 256;

/// The first length of a code of lengths from 257 on, and how many bits are added to it.
fn length_code(code: usize) -> Option<(usize, u32)> {
    match code {
        0..8 => Some((code + 3, 0)),
        28 => Some((258, 0)),
        8..28 => Some(steps(code, 4, 3)),
        _ => None,
    }
}

/// The first distance of a code of distances, and how many bits are added to it.
fn distance_code(code: usize) -> Option<(usize, u32)> {
    match code {
        0..4 => Some((code + 1, 0)),
        4..30 => Some(steps(code, 2, 1)),
        _ => None,
    }
}

/// As many codes of equal width, then as many of twice that, and so on.
fn steps(code: usize, equal: usize, first: usize) -> (usize, u32) {
    let bits = code / equal - 1;
    ((equal + code % equal) * (1 << bits) + first, bits as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_each_other_without_a_gap() {
        for (code, next) in [(distance_code as fn(usize) -> _, 1), (length_code, 3)].into_iter() {
            let mut next = next;
            for (first, bits) in (0..28).map_while(code) {
                assert_eq!(first, next);
                next += 1 << bits;
            }
        }
        assert_eq!(distance_code(29), Some((24_577, 13)));
        assert_eq!(length_code(27), Some((227, 5)));
        assert_eq!(length_code(28), Some((258, 0)));
        assert_eq!((length_code(29), distance_code(30)), (None, None));
    }
}
