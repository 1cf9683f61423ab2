//! How likely an energy is: exponential where there is but noise or echo, Rician where a part of it
//! is steady, with room for what obeys neither.

/// Log-density of an exponential.
fn exponential(energy: f32, mean: f32, lawless: f32) -> f32 {
    mixed(-mean.ln() - energy / mean, energy, mean, lawless)
}

/// Log-density of an energy that is exponential of that mean up to `from` times the mean, and above
/// gets rare more slowly by `factor`; not normalised, which is the same for all tones.
pub(super) fn tailed(energy: f32, mean: f32, (from, factor): (f32, f32), lawless: f32) -> f32 {
    let over = (energy / mean - from).max(0.0);
    exponential(energy, mean, lawless) + over * (1.0 - 1.0 / factor)
}

/// Log-density of the energy of a steady amplitude with a scattered one upon it.
pub(super) fn rician(energy: f32, steady: f32, scattered: f32, lawless: f32) -> f32 {
    let bessel = ln_bessel_i0(2.0 * (energy * steady).sqrt() / scattered);
    let log = -scattered.ln() - (energy + steady) / scattered + bessel;
    mixed(log, energy, steady + scattered, lawless)
}

/// Log-density of an energy of that mean, which is `log` where it obeys its level; a share
/// `lawless` is spread around the mean with density `1 / mean / (1 + energy / mean)^2`, which falls
/// so slowly that it has no mean itself.
fn mixed(log: f32, energy: f32, mean: f32, lawless: f32) -> f32 {
    if lawless == 0.0 {
        return log;
    }
    let broad = lawless / (mean * (1.0 + energy / mean).powi(2));
    ((1.0 - lawless) * log.exp() + broad)
        .max(f32::MIN_POSITIVE)
        .ln()
}

/// `ln I0(x)` for `x >= 0`, to 1e-6: the polynomials of Abramowitz and Stegun 9.8.1 and 9.8.2.
fn ln_bessel_i0(x: f32) -> f32 {
    if x < 3.75 {
        let t = (x / 3.75).powi(2);
        let polynomial = 1.0
            + t * (3.515_622_9
                + t * (3.089_942_4
                    + t * (1.206_749_2 + t * (0.265_973_2 + t * (0.036_076_8 + t * 0.004_581_3)))));
        polynomial.ln()
    } else {
        let t = 3.75 / x;
        let polynomial = 0.398_942_3
            + t * (0.013_285_92
                + t * (0.002_253_19
                    + t * (-0.001_575_65
                        + t * (0.009_162_81
                            + t * (-0.020_577_06
                                + t * (0.026_355_37 + t * (-0.016_476_33 + t * 0.003_923_77)))))));
        x - 0.5 * x.ln() + polynomial.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The series of I0, summed: slow and obviously right.
    fn bessel_i0(x: f64) -> f64 {
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 1..200 {
            term *= (x / 2.0 / f64::from(k)).powi(2);
            sum += term;
        }
        sum
    }

    #[test]
    fn the_bessel_function_agrees_with_its_series() {
        for i in 0..200 {
            let x = f64::from(i) * 0.2;
            let (got, expected) = (f64::from(ln_bessel_i0(x as f32)), bessel_i0(x).ln());
            assert!(
                (got - expected).abs() < 1e-5 * (1.0 + x),
                "{x}: {got} for {expected}"
            );
        }
    }

    #[test]
    fn densities_hold_all_that_is_possible() {
        // Sums of 0.01 wide columns, to 300 times the mean; of the broad part of `mixed` 1/301 lies
        // beyond.
        let sum = |log: &dyn Fn(f32) -> f32| -> f64 {
            (0..60_000)
                .map(|i| 0.01 * f64::from(log((i as f32 + 0.5) * 0.01).exp()))
                .sum()
        };
        for lawless in [0.0, 0.01, 0.2] {
            let beyond = f64::from(lawless) / 301.0;
            for steady in [0.0, 0.5, 1.8] {
                let got = sum(&|energy| rician(energy, steady, 2.0 - steady, lawless));
                assert!(
                    (got - 1.0 + beyond).abs() < 2e-3,
                    "{lawless} {steady}: {got}"
                );
            }
            let got = sum(&|energy| exponential(energy, 2.0, lawless));
            assert!((got - 1.0 + beyond).abs() < 2e-3, "{lawless}: {got}");
        }
        // Above 3 the tail of factor 2 holds twice as much.
        let got = sum(&|energy| tailed(energy, 1.0, (3.0, 2.0), 0.0));
        assert!((got - 1.0 - (-3f64).exp()).abs() < 2e-3, "{got}");
    }
}
