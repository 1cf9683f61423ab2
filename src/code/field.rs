//! The field of 256 elements: bytes that can be added, multiplied and divided.
//!
//! Polynomials over GF(2), modulo x^8 + x^4 + x^3 + x^2 + 1. Adding is exclusive or; multiplying
//! adds logarithms to the base x, which generates all elements but 0.

/// The polynomial, but for its highest term.
const POLYNOMIAL: u8 = 0x1d;
/// Elements beside 0, and with that the period of powers.
pub(super) const PERIOD: usize = 255;
/// Where powers of nothing begin: above every sum of two logarithms. What is added to it by one
/// more must still find zeros.
const NOTHING: usize = 2 * PERIOD;

/// The powers of x, twice, then zeros.
static POWERS: [u8; NOTHING + PERIOD] = powers();
/// The logarithm of each element; [`NOTHING`] that of 0.
static LOGARITHMS: [u16; 256] = logarithms();

/// The logarithm of an element that is not 0, below 255.
pub(super) fn logarithm(element: u8) -> usize {
    debug_assert!(element != 0);
    usize::from(LOGARITHMS[usize::from(element)])
}

/// Adds to each of `sums` the element beside it, times the one whose logarithm is given; of that
/// any multiple of 255 is left out.
pub(super) fn add_multiple(sums: &mut [u8], elements: &[u8], logarithm: usize) {
    let factor = logarithm % PERIOD;
    let products = &POWERS[factor..];
    for (sum, element) in sums.iter_mut().zip(elements) {
        *sum ^= products[usize::from(LOGARITHMS[usize::from(*element)])];
    }
}

const fn powers() -> [u8; NOTHING + PERIOD] {
    let mut powers = [0; NOTHING + PERIOD];
    let mut power = 1u8;
    let mut i = 0;
    while i < PERIOD {
        powers[i] = power;
        powers[i + PERIOD] = power;
        let overflow = power >> 7;
        power = (power << 1) ^ (overflow * POLYNOMIAL);
        i += 1;
    }
    powers
}

const fn logarithms() -> [u16; 256] {
    let mut logarithms = [NOTHING as u16; 256];
    let mut i = 0;
    while i < PERIOD {
        logarithms[POWERS[i] as usize] = i as u16;
        i += 1;
    }
    logarithms
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition: shift, add, reduce.
    fn product(mut a: u8, b: u8) -> u8 {
        let mut sum = 0;
        for bit in 0..8 {
            if b >> bit & 1 == 1 {
                sum ^= a;
            }
            a = (a << 1) ^ ((a >> 7) * POLYNOMIAL);
        }
        sum
    }

    #[test]
    fn every_product_is_that_of_the_definition() {
        let elements: Vec<u8> = (0..=255).collect();
        for factor in 1..=255 {
            for turns in [0, PERIOD, 7 * PERIOD] {
                let mut products = vec![0; 256];
                add_multiple(&mut products, &elements, logarithm(factor) + turns);
                let expected: Vec<u8> = elements.iter().map(|e| product(*e, factor)).collect();
                assert_eq!(products, expected, "{factor}");
            }
        }
    }
}
