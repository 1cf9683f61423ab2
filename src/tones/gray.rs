//! A few bits to one tone of a group, Gray coded, and back.
//!
//! The code is the binary-reflected one, the first bit the highest: neighbouring tones differ in
//! one bit, since a clock error or a moving speaker leaks into the neighbour first.

use crate::lanes::{LANES, Lanes};
use crate::units::{Llr, Tone};

/// Bits to tone, one of two to the power of their number.
///
/// # Panics
/// If there are more than 8 bits.
pub fn tone_of(bits: &[bool]) -> Tone {
    assert!(bits.len() <= 8, "{} bits to one tone", bits.len());
    // Each bit of the number is the parity of the Gray code's bits down to it.
    let mut parity = false;
    bits.iter().fold(0, |tone, bit| {
        parity ^= bit;
        tone << 1 | Tone::from(parity)
    })
}

/// Tone to `count` bits, the first bit first: the inverse of [`tone_of`].
pub fn bits_of(tone: Tone, count: usize) -> impl Iterator<Item = bool> {
    let code = code_of(usize::from(tone));
    (0..count).rev().map(move |place| code >> place & 1 == 1)
}

/// The Gray code of a number.
fn code_of(tone: usize) -> usize {
    tone ^ tone >> 1
}

/// Log-likelihoods of the tones of a group (up to a common constant) to soft bits, one for each
/// of `out`. Leaves the likelihoods, divided by their largest, in `likelihoods`.
///
/// # Panics
/// If there are not two to the power of `out.len()` tones, or less than four.
pub(super) fn soft(likelihoods: &mut [f32], out: &mut [Llr]) {
    assert!(out.len() > 1 && likelihoods.len() == 1 << out.len());
    let lanes = likelihoods.as_chunks_mut().0;
    let best = lanes.iter().map(|some| Lanes::new(*some).greatest());
    let best = Lanes::all(best.fold(f32::MIN, |a, b| if a < b { b } else { a }));
    for some in lanes {
        *some = Lanes::new(*some).minus(best).exp().numbers();
    }
    let bits = out.len();
    for (first, llrs) in (0..).step_by(LANES).zip(out.chunks_mut(LANES)) {
        let mut ratios = [1.0; LANES];
        for (place, ratio) in (first..bits).zip(&mut ratios) {
            let mut sums = [f32::MIN_POSITIVE; 2];
            for (tone, likelihood) in likelihoods.iter().enumerate() {
                sums[code_of(tone) >> (bits - 1 - place) & 1] += likelihood;
            }
            *ratio = sums[0] / sums[1];
        }
        let each = Lanes::new(ratios).ln().numbers();
        llrs.iter_mut()
            .zip(each)
            .for_each(|(llr, each)| *llr = each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits a tone tells, for groups of 2 to 256 tones.
    const SIZES: std::ops::RangeInclusive<usize> = 1..=8;

    fn bits(tone: usize, count: usize) -> Vec<bool> {
        bits_of(tone as Tone, count).collect()
    }

    /// The same, of which soft bits are made.
    const FOUR_AND_MORE: std::ops::RangeInclusive<usize> = 2..=8;

    #[test]
    fn soft_bits_undo_every_tone() {
        for count in FOUR_AND_MORE {
            for tone in 0..1 << count {
                assert_eq!(usize::from(tone_of(&bits(tone, count))), tone);
                let mut likelihoods = vec![0.0; 1 << count];
                likelihoods[tone] = 9.0;
                let mut llrs = vec![0.0; count];
                soft(&mut likelihoods, &mut llrs);
                let hard: Vec<bool> = llrs.iter().map(|llr| *llr < 0.0).collect();
                assert_eq!(hard, bits(tone, count));
            }
        }
    }

    #[test]
    fn neighbouring_tones_differ_in_one_bit() {
        for count in SIZES {
            for tone in 1..1 << count {
                let (a, b) = (bits(tone - 1, count), bits(tone, count));
                assert_eq!((0..count).filter(|i| a[*i] != b[*i]).count(), 1);
            }
        }
    }

    /// Fails when a receiver of today would no longer understand a sender of yesterday.
    #[test]
    fn four_tones_are_mapped_as_published() {
        let of = |a, b| tone_of(&[a, b]);
        let tones = [
            of(false, false),
            of(false, true),
            of(true, true),
            of(true, false),
        ];
        assert_eq!(tones, [0, 1, 2, 3]);
    }

    #[test]
    fn soft_bits_are_ratios_of_sums_over_tones() {
        for count in FOUR_AND_MORE {
            let tones = 1 << count;
            let likelihoods: Vec<f32> = (0..tones).map(|t| (t * t % 13) as f32 * 0.7).collect();
            let mut llrs = vec![0.0; count];
            soft(&mut likelihoods.clone(), &mut llrs);
            for (place, llr) in llrs.iter().enumerate() {
                let sum = |value: bool| -> f64 {
                    (0..tones)
                        .filter(|tone| bits(*tone, count)[place] == value)
                        .map(|tone| f64::from(likelihoods[tone]).exp())
                        .sum()
                };
                let expected = (sum(false) / sum(true)).ln();
                assert!((f64::from(*llr) - expected).abs() < 1e-4, "{count} {place}");
            }
        }
    }

    #[test]
    fn equal_likelihoods_tell_nothing() {
        let mut llrs = [1.0; 4];
        soft(&mut [3.0; 16], &mut llrs);
        assert_eq!(llrs, [0.0; 4]);
    }
}
