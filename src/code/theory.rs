//! What the tests measure against: the limits of any code, the noise that leads to them, and the
//! decoder that tries everything.

use std::f64::consts::{LN_2, LOG2_E, TAU};

use super::interleaver::Dice;
use crate::units::Llr;

/// Antipodal bits in white Gaussian noise.
pub(super) struct GaussianAir {
    dice: Dice,
    /// Noise against a signal of 1.
    deviation: f64,
}

impl GaussianAir {
    /// Air in which a code of `rate` information bits a coded bit has `eb_n0` dB.
    pub(super) fn new(eb_n0: f64, rate: f64, seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            deviation: deviation(eb_n0, rate),
        }
    }

    /// What is heard of a coded bit.
    pub(super) fn hear(&mut self, bit: bool) -> Llr {
        let sent = if bit { -1.0 } else { 1.0 };
        let received = sent + self.deviation * self.gaussian();
        (2.0 * received / (self.deviation * self.deviation)) as Llr
    }

    /// Random bits to send.
    pub(super) fn bits(&mut self, count: usize) -> Vec<bool> {
        (0..count).map(|_| self.dice.bits() >> 63 == 1).collect()
    }

    /// Box and Muller.
    fn gaussian(&mut self) -> f64 {
        let mut uniform = || ((self.dice.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        (-2.0 * uniform().ln()).sqrt() * (TAU * uniform()).cos()
    }
}

/// The Eb/N0 in dB at which the best code there is loses about one word in `1 / loss`: the normal
/// approximation (Polyanskiy, Poor and Verdu, "Channel coding rate in the finite blocklength
/// regime", 2010, equation 296), good to about 0.1 dB from a hundred coded bits.
pub(super) fn bound(info_bits: usize, coded_bits: usize, loss: f64) -> f64 {
    let (info, coded) = (info_bits as f64, coded_bits as f64);
    let (mut low, mut high) = (-2.0, 15.0);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        let (capacity, dispersion) = information(deviation(middle, info / coded));
        let room = coded * capacity - info + 0.5 * coded.log2();
        if tail(room / (coded * dispersion).sqrt()) > loss {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn deviation(eb_n0: f64, rate: f64) -> f64 {
    (2.0 * rate * 10f64.powf(eb_n0 / 10.0)).sqrt().recip()
}

/// Mean and variance of the information that one coded bit brings, in bits.
fn information(deviation: f64) -> (f64, f64) {
    let step = 0.01;
    let (mut mean, mut square) = (0.0, 0.0);
    for i in -800..=800 {
        let noise = f64::from(i) * step;
        let weight = (-noise * noise / 2.0).exp() / TAU.sqrt() * step;
        let llr = 2.0 * (1.0 + deviation * noise) / (deviation * deviation);
        let bits = 1.0 - LOG2_E * (-llr).exp().ln_1p();
        mean += weight * bits;
        square += weight * bits * bits;
    }
    (mean, square - mean * mean)
}

/// The chance that a Gaussian of variance 1 exceeds `x`.
fn tail(x: f64) -> f64 {
    let step = 0.001;
    let density = |y: f64| (-y * y / 2.0).exp() / TAU.sqrt();
    let area: f64 = (0..(x.abs() / step) as usize)
        .map(|i| density((i as f64 + 0.5) * step) * step)
        .sum();
    if x < 0.0 { 0.5 + area } else { 0.5 - area }
}

/// Losses out of `words` that a decoder which loses one word in `1 / loss` exceeds less than once
/// in 700 runs: the mean and three standard deviations.
pub(super) fn most_losses(words: usize, loss: f64) -> usize {
    let mean = words as f64 * loss;
    (mean + 3.0 * (mean * (1.0 - loss)).sqrt()) as usize
}

/// Tells one sequence of coded bits from another: FNV-1a, one step a bit.
pub(super) fn fingerprint(bits: impl IntoIterator<Item = bool>) -> u64 {
    bits.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, bit| {
        (hash ^ u64::from(bit)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The slow twin of every decoder: tries all words of a linear code.
pub(super) struct Exhaustive {
    /// For each coded bit, which information bits it sums up.
    sums: Vec<usize>,
    info_bits: usize,
}

impl Exhaustive {
    /// The search through all words that `encode` makes of `info_bits` bits, at most 20 or so.
    pub(super) fn new(info_bits: usize, encode: impl Fn(&[bool]) -> Vec<bool>) -> Self {
        let mut sums = Vec::new();
        for bit in 0..info_bits {
            let mut info = vec![false; info_bits];
            info[bit] = true;
            let coded = encode(&info);
            sums.resize(coded.len(), 0);
            for (sum, bit_is_in) in sums.iter_mut().zip(coded) {
                *sum |= usize::from(bit_is_in) << bit;
            }
        }
        Self { sums, info_bits }
    }

    /// The likeliest information. The likelihoods of all words together are the Walsh-Hadamard
    /// transform of the soft bits.
    pub(super) fn decode(&self, llrs: &[Llr]) -> Vec<bool> {
        let mut likelihoods = vec![0.0; 1 << self.info_bits];
        for (&sum, llr) in self.sums.iter().zip(llrs) {
            likelihoods[sum] += llr;
        }
        for bit in 0..self.info_bits {
            for block in likelihoods.chunks_exact_mut(2 << bit) {
                let (zeros, ones) = block.split_at_mut(1 << bit);
                for (zero, one) in zeros.iter_mut().zip(ones) {
                    (*zero, *one) = (*zero + *one, *zero - *one);
                }
            }
        }
        let best = (0..likelihoods.len())
            .max_by(|&a, &b| likelihoods[a].total_cmp(&likelihoods[b]))
            .unwrap_or(0);
        (0..self.info_bits)
            .map(|bit| best >> bit & 1 == 1)
            .collect()
    }
}

#[test]
fn the_bound_tends_to_what_shannon_found() {
    // At rate 1/2 antipodal signalling needs 0.187 dB, at rates near 0 ln 2, -1.59 dB.
    assert!((bound(5_000_000, 10_000_000, 0.5) - 0.187).abs() < 0.01);
    let ultimate = 10.0 * LN_2.log10();
    assert!((bound(100_000, 100_000_000, 0.5) - ultimate).abs() < 0.02);
}
