//! Two bits to one of four tones, Gray coded, and back.

use crate::units::{Llr, Tone};

/// Tones in a group. Four loses least in echo where there is signal; more tones in a group win
/// only far below that (achievable rates in simulated and measured rooms).
pub const TONES: usize = 4;

/// Bits that one tone of a group tells.
pub const BITS_PER_TONE: usize = 2;

/// Bits to tone: neighbouring tones differ in one bit, since a clock error or a moving speaker
/// leaks into the neighbour first.
pub fn tone_of(bits: [bool; BITS_PER_TONE]) -> Tone {
    match bits {
        [false, false] => 0,
        [false, true] => 1,
        [true, true] => 2,
        [true, false] => 3,
    }
}

/// Tone to bits, the inverse of [`tone_of`].
///
/// # Panics
/// If `tone >= 4`.
pub fn bits_of(tone: Tone) -> [bool; BITS_PER_TONE] {
    match tone {
        0 => [false, false],
        1 => [false, true],
        2 => [true, true],
        3 => [true, false],
        _ => panic!("tone {tone} of a group of {TONES}"),
    }
}

/// Log-likelihoods of the four tones (up to a common constant) to soft bits.
pub(super) fn soft(likelihoods: [f32; TONES]) -> [Llr; BITS_PER_TONE] {
    let [a, b, c, d] = likelihoods;
    [log_sum(a, b) - log_sum(c, d), log_sum(a, d) - log_sum(b, c)]
}

/// `ln(e^a + e^b)` without overflow.
fn log_sum(a: f32, b: f32) -> f32 {
    a.max(b) + (-(a - b).abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_bits_undo_every_tone() {
        for tone in 0..TONES as Tone {
            assert_eq!(tone_of(bits_of(tone)), tone);
            let mut likelihoods = [0.0; TONES];
            likelihoods[usize::from(tone)] = 9.0;
            assert_eq!(soft(likelihoods).map(|llr| llr < 0.0), bits_of(tone));
        }
    }

    #[test]
    fn neighbouring_tones_differ_in_one_bit() {
        for tone in 1..TONES as Tone {
            let (a, b) = (bits_of(tone - 1), bits_of(tone));
            assert_eq!((0..BITS_PER_TONE).filter(|i| a[*i] != b[*i]).count(), 1);
        }
    }

    #[test]
    fn equal_likelihoods_tell_nothing() {
        assert_eq!(soft([3.0; TONES]), [0.0; BITS_PER_TONE]);
    }
}
