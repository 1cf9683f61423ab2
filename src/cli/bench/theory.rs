//! The limits that a measurement in white noise is drawn beside.
//!
//! Everything here is about tones heard without phase: one of `M` orthogonal tones sounds with
//! energy `Es`, the receiver knows `Es / N0` and nothing of the phase.

use airshake::air::Random;

/// One of several tones, again and again: what a pass is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Uses {
    /// Tones of which one sounds.
    pub(super) tones: usize,
    /// How often.
    pub(super) count: f64,
    /// Energy of all of them together, in any unit.
    pub(super) energy: f64,
}

/// What one use tells of the tone that sounded, in bits: its mean, which is the capacity, and its
/// variance, the dispersion.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Information {
    mean: f64,
    variance: f64,
}

/// Information against Es/N0, for one number of tones.
#[derive(Clone, Debug)]
struct Curve {
    points: Vec<Information>,
}

/// How well any code can do with such tones.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    bits: f64,
    uses: Vec<(Uses, Curve)>,
    energy: f64,
}

impl Limit {
    /// For a message of `bits` bits in these uses.
    pub(super) fn new(bits: usize, uses: &[Uses]) -> Self {
        let mut curves: Vec<(usize, Curve)> = Vec::new();
        let mut curve = |tones| match curves.iter().find(|(known, _)| *known == tones) {
            Some((_, curve)) => curve.clone(),
            None => {
                let curve = Curve::new(tones);
                curves.push((tones, curve.clone()));
                curve
            }
        };
        Self {
            bits: bits as f64,
            uses: uses.iter().map(|uses| (*uses, curve(uses.tones))).collect(),
            energy: uses.iter().map(|uses| uses.energy).sum(),
        }
    }

    /// The share of messages that the best code there is loses at this Eb/N0, energy counted a
    /// bit of the message: the normal approximation (Polyanskiy, Poor and Verdu, "Channel coding
    /// rate in the finite blocklength regime", 2010, equation 296).
    pub(super) fn loss(&self, eb_n0_db: f64) -> f64 {
        let (mean, variance, count) = self.sums(eb_n0_db);
        let room = mean - self.bits + 0.5 * count.log2();
        tail(room / variance.max(1e-12).sqrt())
    }

    /// The Eb/N0 in dB at which such tones carry just as many bits as the message has: with
    /// longer and longer messages at the same rate, codes get there and not beyond.
    pub(super) fn capacity_db(&self) -> f64 {
        solve(|db| self.sums(db).0 > self.bits)
    }

    /// The Eb/N0 in dB at which the best code loses this share.
    pub(super) fn needed_db(&self, loss: f64) -> f64 {
        solve(|db| self.loss(db) < loss)
    }

    /// Capacity, dispersion and number of all uses.
    fn sums(&self, eb_n0_db: f64) -> (f64, f64, f64) {
        let n0 = self.energy / self.bits / power(eb_n0_db);
        let each = self.uses.iter().map(|(uses, curve)| {
            let information = curve.at(db(uses.energy / uses.count / n0));
            (
                uses.count * information.mean,
                uses.count * information.variance,
                uses.count,
            )
        });
        each.fold((0.0, 0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
    }
}

/// The share of messages of `bits` bits lost without any code, when all energy goes into tones of
/// `log2(tones)` bits each, at most 16 of them.
pub(super) fn uncoded_loss(tones: usize, bits: usize, eb_n0_db: f64) -> f64 {
    // The terms of the sum below grow large and cancel.
    debug_assert!(tones <= 16);
    let bits_per_tone = (tones as f64).log2();
    let wrong = tone_error(tones, power(eb_n0_db) * bits_per_tone);
    1.0 - (1.0 - wrong).powf(bits as f64 / bits_per_tone)
}

/// How often another tone is louder than the one that sounds (Proakis, "Digital Communications",
/// 4th edition, equation 5.4-46).
fn tone_error(tones: usize, es_n0: f64) -> f64 {
    let others = tones - 1;
    let (mut sum, mut choose) = (0.0, 1.0);
    for n in 1..=others {
        choose *= (others + 1 - n) as f64 / n as f64;
        let sign = if n % 2 == 1 { 1.0 } else { -1.0 };
        let n = n as f64;
        sum += sign * choose / (n + 1.0) * (-es_n0 * n / (n + 1.0)).exp();
    }
    sum.clamp(0.0, 1.0)
}

impl Curve {
    const FROM_DB: f64 = -30.0;
    const STEP_DB: f64 = 0.5;
    const POINTS: usize = 101;
    /// Draws behind a point. Their chance moves the capacity by less than half a percent, which
    /// is 0.02 dB.
    const DRAWS: usize = 1 << 15;

    fn new(tones: usize) -> Self {
        // Few draws of many tones tell as much as many of few: each holds more chance.
        let draws = Self::DRAWS * 4 / tones.max(4);
        let mut random = Random::new(1, "theory");
        let noise: Vec<(f64, f64)> = (0..draws * tones)
            .map(|_| {
                // Variance 1 of a complex number: half of it in each part.
                let half = 0.5f64.sqrt();
                (random.gaussian() * half, random.gaussian() * half)
            })
            .collect();
        let points = (0..Self::POINTS)
            .map(|i| {
                let es_n0 = power(Self::FROM_DB + i as f64 * Self::STEP_DB);
                Self::point(tones, es_n0, &noise)
            })
            .collect();
        Self { points }
    }

    /// The information of a tone that sounds with `es_n0`, over draws of the noise.
    fn point(tones: usize, es_n0: f64, noise: &[(f64, f64)]) -> Information {
        let amplitude = es_n0.sqrt();
        let (mut sum, mut square) = (0.0, 0.0);
        for draw in noise.chunks_exact(tones) {
            // The likelihood of a tone that was heard with amplitude r, against silence:
            // I0(2 sqrt(Es/N0) r), but for a factor that all tones share.
            let likelihood = |(re, im): (f64, f64)| ln_bessel_i0(2.0 * amplitude * re.hypot(im));
            let sounding = likelihood((draw[0].0 + amplitude, draw[0].1));
            let others: f64 = draw[1..]
                .iter()
                .map(|z| (likelihood(*z) - sounding).exp())
                .sum();
            let bits = (tones as f64).log2() - others.ln_1p() / std::f64::consts::LN_2;
            sum += bits;
            square += bits * bits;
        }
        let n = (noise.len() / tones) as f64;
        let mean = sum / n;
        Information {
            mean,
            variance: square / n - mean * mean,
        }
    }

    fn at(&self, es_n0_db: f64) -> Information {
        let place = (es_n0_db - Self::FROM_DB) / Self::STEP_DB;
        let place = place.clamp(0.0, (Self::POINTS - 1) as f64);
        let i = (place as usize).min(Self::POINTS - 2);
        let part = place - i as f64;
        let (a, b) = (self.points[i], self.points[i + 1]);
        Information {
            mean: a.mean + part * (b.mean - a.mean),
            variance: a.variance + part * (b.variance - a.variance),
        }
    }
}

/// The logarithm of the modified Bessel function of order 0, to a relative error of the function
/// of 2e-7 (Abramowitz and Stegun, 9.8.1 and 9.8.2).
fn ln_bessel_i0(x: f64) -> f64 {
    let polynomial =
        |t: f64, coefficients: &[f64]| coefficients.iter().rev().fold(0.0, |sum, c| sum * t + c);
    if x < 3.75 {
        let t = (x / 3.75) * (x / 3.75);
        polynomial(t, &SMALL).ln()
    } else {
        x + (polynomial(3.75 / x, &LARGE) / x.sqrt()).ln()
    }
}

const SMALL: [f64; 7] = [
    1.0,
    3.515_622_9,
    3.089_942_4,
    1.206_749_2,
    0.265_973_2,
    0.036_076_8,
    0.004_581_3,
];
const LARGE: [f64; 9] = [
    0.398_942_28,
    0.013_285_92,
    0.002_253_19,
    -0.001_575_65,
    0.009_162_81,
    -0.020_577_06,
    0.026_355_37,
    -0.016_476_33,
    0.003_923_77,
];

/// The chance that a normal variable exceeds `x`: the continued fraction of the complementary
/// error function from 3 on, its series below (Abramowitz and Stegun, 26.2.14 and 26.2.10).
fn tail(x: f64) -> f64 {
    if x < 0.0 {
        return 1.0 - tail(-x);
    }
    let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x > 3.0 {
        let fraction = (1..=60)
            .rev()
            .fold(0.0, |rest, k| f64::from(k) / (x + rest));
        return density / (x + fraction);
    }
    let (mut term, mut sum, mut k) = (x, x, 1.0);
    while term > 1e-17 {
        term *= x * x / (2.0 * k + 1.0);
        sum += term;
        k += 1.0;
    }
    0.5 - density * sum
}

/// The least Eb/N0 in dB, from -10 to 40, at which `enough` holds.
fn solve(enough: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (-10.0, 40.0);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// A ratio of powers in dB.
pub(super) fn db(ratio: f64) -> f64 {
    10.0 * ratio.max(1e-300).log10()
}

/// The ratio of powers that so many dB are.
pub(super) fn power(db: f64) -> f64 {
    10f64.powf(db / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_and_tail_have_the_values_of_the_tables() {
        // Abramowitz and Stegun, tables 9.8 and 26.1.
        for (x, i0) in [(0.0, 1.0), (1.0, 1.266_065_878), (5.0, 27.239_871_82)] {
            assert!((ln_bessel_i0(x) - f64::ln(i0)).abs() < 3e-7, "{x}");
        }
        // The power series, 9.6.12.
        for x in [0.1, 2.0, 3.7, 3.8, 10.0, 30.0] {
            let (mut term, mut sum) = (1.0, 1.0);
            for k in 1..200 {
                term *= x * x / 4.0 / f64::from(k * k);
                sum += term;
            }
            assert!((ln_bessel_i0(x) - f64::ln(sum)).abs() < 3e-7, "{x}");
        }
        for (x, q) in [
            (0.0, 0.5),
            (1.0, 0.158_655_25),
            (2.0, 0.022_750_13),
            (4.0, 3.167_12e-5),
        ] {
            assert!((tail(x) / q - 1.0).abs() < 1e-5, "{x}: {}", tail(x));
            assert!((tail(-x) - (1.0 - q)).abs() < 1e-7, "{x}");
        }
        assert!((tail(3.000_001) - tail(2.999_999)).abs() < 1e-7);
    }

    #[test]
    fn two_tones_err_as_often_as_the_closed_form_says() {
        for es_n0 in [0.5, 2.0, 9.0] {
            let closed = 0.5 * f64::exp(-es_n0 / 2.0);
            assert!((tone_error(2, es_n0) / closed - 1.0).abs() < 1e-12);
        }
        // Guessing among four.
        assert!((tone_error(4, 0.0) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn information_goes_from_nothing_to_all_bits() {
        for tones in [2, 4, 16] {
            let curve = Curve::new(tones);
            let (weak, strong) = (curve.at(-30.0), curve.at(20.0));
            assert!(weak.mean.abs() < 0.01, "{weak:?}");
            assert!(
                (strong.mean - (tones as f64).log2()).abs() < 1e-3,
                "{strong:?}"
            );
            let means: Vec<f64> = (-20..20).map(|db| curve.at(f64::from(db)).mean).collect();
            assert!(means.windows(2).all(|pair| pair[0] < pair[1] + 1e-3));
        }
    }

    /// The slow twin for two tones: the integral over both amplitudes, that of the sounding tone
    /// distributed after Rice, that of the other after Rayleigh.
    fn two_tones_by_integral(es_n0: f64) -> f64 {
        let amplitude = es_n0.sqrt();
        let step = 0.01;
        let grid = || (0..1_000).map(|i| (f64::from(i) + 0.5) * step);
        let likelihood = |r: f64| ln_bessel_i0(2.0 * amplitude * r);
        let silent: Vec<(f64, f64)> = grid()
            .map(|r| (2.0 * r * (-r * r).exp() * step, likelihood(r)))
            .collect();
        let lost: f64 = grid()
            .map(|r| {
                let density = 2.0 * r * (-r * r - es_n0 + likelihood(r)).exp() * step;
                let loss =
                    |(weight, other): &(f64, f64)| weight * (other - likelihood(r)).exp().ln_1p();
                density * silent.iter().map(loss).sum::<f64>()
            })
            .sum();
        1.0 - lost / std::f64::consts::LN_2
    }

    #[test]
    fn drawn_information_is_that_of_the_integral() {
        let curve = Curve::new(2);
        for es_n0_db in [-6.0, 0.0, 6.0, 12.0] {
            let got = curve.at(es_n0_db);
            let wanted = two_tones_by_integral(power(es_n0_db));
            // Two tones have as many draws as four: 2^15.
            let chance = 4.0 * (got.variance / 32_768.0).sqrt();
            assert!(
                (got.mean - wanted).abs() < chance,
                "{es_n0_db}: {got:?} {wanted}"
            );
        }
    }

    #[test]
    fn no_code_beats_capacity_and_longer_ones_come_closer() {
        let limit = |bits: usize| {
            let uses = Uses {
                tones: 4,
                count: bits as f64,
                energy: bits as f64,
            };
            Limit::new(bits, &[uses])
        };
        let (short, long) = (limit(500), limit(50_000));
        assert!((short.capacity_db() - long.capacity_db()).abs() < 1e-6);
        let capacity = long.capacity_db();
        let (short, long) = (short.needed_db(0.1), long.needed_db(0.1));
        assert!(capacity < long && long < short, "{capacity} {long} {short}");
        assert!(long - capacity < 0.2 && short - capacity < 1.5);
        // And no code at all is worse than the best one.
        assert!(uncoded_loss(4, 500, short) > 0.9);
    }
}
