//! Whitening: information bits against a fixed pseudo-random sequence.

/// Flips `bits` by the whitening sequence, in place. Its own inverse.
///
/// Without it a payload of zeros would put the same tone into every group, and levels learnt
/// from "one tone in four is on" would be learnt from a single tone. The sequence is that of
/// the shift register x^15 + x^14 + 1 (ITU-T O.150's PRBS15, period 32,767), started from all ones.
pub fn whiten(bits: &mut [bool]) {
    let mut state: u16 = 0x7fff;
    for bit in bits {
        let next = (state >> 14 ^ state >> 13) & 1;
        state = (state << 1 | next) & 0x7fff;
        *bit ^= next == 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitening_undoes_itself_and_balances_zeros() {
        let mut bits = vec![false; 32_767];
        whiten(&mut bits);
        // One full period of a maximal-length sequence holds 2^14 ones.
        assert_eq!(bits.iter().filter(|bit| **bit).count(), 1 << 14);
        whiten(&mut bits);
        assert!(bits.iter().all(|bit| !bit));
    }

    #[test]
    fn the_sequence_is_that_of_its_polynomial() {
        // Every bit is the sum of those 14 and 15 before it; those before the first are ones.
        let mut sequence = vec![true; 15];
        for i in 15..400 {
            sequence.push(sequence[i - 14] != sequence[i - 15]);
        }
        let mut bits = vec![false; 385];
        whiten(&mut bits);
        assert_eq!(bits, sequence[15..]);
    }
}
