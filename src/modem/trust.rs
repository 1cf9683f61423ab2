//! What soft bits are worth, where the bits are known.

use crate::units::Llr;

/// By how many nats soft bits favour `word` over bits thrown by a coin: the logarithm of a
/// likelihood ratio. With signs thrown by a coin the mean of that ratio is one, however large the
/// soft bits are; so it exceeds `x` with a probability of `e^-x` at most.
pub(super) fn favour(word: &[bool], soft: &[Llr]) -> f64 {
    word.iter()
        .zip(soft)
        .map(|(&bit, &llr)| {
            let against = f64::from(if bit { llr } else { -llr });
            // ln 2 - ln(1 + e^against), without overflow.
            std::f64::consts::LN_2 - against.max(0.0) - (-against.abs()).exp().ln_1p()
        })
        .sum()
}

/// The factor by which soft bits are to be taken, given what some of them must say. Far below the
/// noise, levels learnt from energies alone make soft bits too sure of themselves, and a loop is
/// where it matters: the noise of many weak passes would drown a strong one. The factor is the
/// one under which the known bits are likeliest.
pub(super) fn trust(known: &[(Vec<bool>, Vec<Llr>)]) -> f32 {
    // Not at all, or in steps of 1 dB; where nothing is known, as they are.
    let steps = (0..=15).rev().map(|step| 10f32.powf(-0.1 * step as f32));
    let factors = std::iter::once(0.0).chain(steps);
    let likelihood = |factor: f32| -> f64 {
        let each = known.iter().map(|(word, soft)| {
            let scaled: Vec<Llr> = soft.iter().map(|llr| llr * factor).collect();
            favour(word, &scaled)
        });
        each.sum()
    };
    factors
        .map(|factor| (likelihood(factor), factor))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(1.0, |(_, factor)| factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::Random;

    #[test]
    fn known_bits_tell_what_soft_bits_are_worth() {
        let mut random = Random::new(11, "trust");
        let mut heard = |mean: f64, boast: f64| {
            let word: Vec<bool> = (0..2400).map(|_| random.bits() & 1 == 1).collect();
            let soft = word.iter().map(|&bit| {
                let sign = if bit { -1.0 } else { 1.0 };
                let llr = sign * mean + random.gaussian() * (2.0 * mean).sqrt();
                (boast * llr) as f32
            });
            let soft = soft.collect();
            (word, soft)
        };
        for (mean, boast) in [(2.0, 1.0), (0.5, 1.0), (0.5, 3.0), (0.1, 8.0)] {
            let factor = f64::from(trust(&[heard(mean, boast)]));
            // Within a step of 1 dB and what 2400 bits can tell.
            assert!((factor * boast).log10().abs() < 0.2, "{boast}: {factor}");
        }
        assert!(trust(&[heard(0.0001, 50.0)]) < 0.05);
        assert_eq!(trust(&[]), 1.0);
    }
}
