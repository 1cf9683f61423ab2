//! How likely an energy is: exponential where there is but noise or echo, Rician where a part of it
//! is steady, with room for what obeys neither.

use crate::lanes::Lanes;

/// A density of each of some energies: `factor` times the exponential of `exponent`. Taken apart,
/// so that the ratio of two needs one logarithm, whatever they are made of.
#[derive(Clone, Copy)]
pub(super) struct Density {
    factor: Lanes,
    exponent: Lanes,
}

impl Density {
    /// Of energies that are exponential of that mean up to `from` times the mean, and above get
    /// rare more slowly by `factor`; not normalised, which is the same for all tones.
    #[inline(always)]
    pub(super) fn tailed(
        energy: Lanes,
        mean: Lanes,
        (from, factor): (f32, f32),
        lawless: f32,
    ) -> Self {
        let one = Lanes::all(1.0);
        let part = one.over(mean);
        let times = energy.times(part);
        let exponential = Self {
            factor: part,
            exponent: Lanes::all(0.0).minus(times),
        };
        let mixed = exponential.mixed(times, part, lawless);
        let over = times.minus(Lanes::all(from)).at_least(Lanes::all(0.0));
        Self {
            exponent: mixed
                .exponent
                .plus(over.times(Lanes::all(1.0 - 1.0 / factor))),
            ..mixed
        }
    }

    /// Of energies of a steady amplitude with a scattered one upon it.
    #[inline(always)]
    pub(super) fn rician(energy: Lanes, steady: Lanes, scattered: Lanes, lawless: f32) -> Self {
        let part = Lanes::all(1.0).over(scattered);
        let product = energy.times(steady).root();
        let bessel = bessel_i0(product.plus(product).times(part));
        let rician = Self {
            factor: bessel.factor.times(part),
            exponent: bessel.exponent.minus(energy.plus(steady).times(part)),
        };
        if lawless == 0.0 {
            return rician;
        }
        let part = Lanes::all(1.0).over(steady.plus(scattered));
        rician.mixed(energy.times(part), part, lawless)
    }

    /// This one where energies obey their level; a share `lawless` of them is spread around the
    /// mean with density `1 / mean / (1 + energy / mean)^2`, which falls so slowly that it has no
    /// mean itself. Told are the energies by their mean, and one by the mean.
    #[inline(always)]
    fn mixed(self, times: Lanes, part: Lanes, lawless: f32) -> Self {
        if lawless == 0.0 {
            return self;
        }
        let beyond = times.plus(Lanes::all(1.0));
        let broad = part.times(Lanes::all(lawless)).over(beyond.times(beyond));
        let lawful = self.factor.times(self.exponent.exp());
        let all = lawful.times(Lanes::all(1.0 - lawless)).plus(broad);
        Self {
            factor: all.at_least(Lanes::all(f32::MIN_POSITIVE)),
            exponent: Lanes::all(0.0),
        }
    }

    /// The logarithm of the ratio of this density and another.
    #[inline(always)]
    pub(super) fn over(self, other: Self) -> Lanes {
        let ratio = self.factor.over(other.factor).ln();
        self.exponent.minus(other.exponent).plus(ratio)
    }
}

/// `I0(x)` for `x >= 0`, to 1e-6: the polynomials of Abramowitz and Stegun 9.8.1 and 9.8.2.
#[inline(always)]
fn bessel_i0(x: Lanes) -> Density {
    let limit = Lanes::all(3.75);
    let t = x.times(Lanes::all(1.0 / 3.75));
    let t = t.times(t);
    let small = Lanes::all(0.004_581_3)
        .then(t, 0.036_076_8)
        .then(t, 0.265_973_2)
        .then(t, 1.206_749_2)
        .then(t, 3.089_942_4)
        .then(t, 3.515_622_9)
        .then(t, 1.0);
    let t = limit.over(x);
    let large = Lanes::all(0.003_923_77)
        .then(t, -0.016_476_33)
        .then(t, 0.026_355_37)
        .then(t, -0.020_577_06)
        .then(t, 0.009_162_81)
        .then(t, -0.001_575_65)
        .then(t, 0.002_253_19)
        .then(t, 0.013_285_92)
        .then(t, 0.398_942_3);
    Density {
        factor: x.below(limit, small, large.over(x.root())),
        exponent: x.below(limit, Lanes::all(0.0), x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The series of I0, summed: slow and obviously right.
    fn series(x: f64) -> f64 {
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 1..200 {
            term *= (x / 2.0 / f64::from(k)).powi(2);
            sum += term;
        }
        sum
    }

    /// What it is at the first of the energies.
    fn value(density: Density) -> f64 {
        let [factor, exponent] =
            [density.factor, density.exponent].map(|lanes| f64::from(lanes.numbers()[0]));
        factor * exponent.exp()
    }

    #[test]
    fn the_bessel_function_agrees_with_its_series() {
        for i in 0..200 {
            let x = f64::from(i) * 0.2;
            let got = value(bessel_i0(Lanes::all(x as f32))).ln();
            let expected = series(x).ln();
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
        let sum = |density: &dyn Fn(Lanes) -> Density| -> f64 {
            (0..60_000)
                .map(|i| 0.01 * value(density(Lanes::all((i as f32 + 0.5) * 0.01))))
                .sum()
        };
        let exponential =
            |energy, mean, tail, lawless| Density::tailed(energy, Lanes::all(mean), tail, lawless);
        for lawless in [0.0, 0.01, 0.2] {
            let beyond = f64::from(lawless) / 301.0;
            for steady in [0.0, 0.5, 1.8] {
                let [part, rest] = [steady, 2.0 - steady].map(Lanes::all);
                let got = sum(&|energy| Density::rician(energy, part, rest, lawless));
                assert!(
                    (got - 1.0 + beyond).abs() < 2e-3,
                    "{lawless} {steady}: {got}"
                );
            }
            let got = sum(&|energy| exponential(energy, 2.0, (3.0, 1.0), lawless));
            assert!((got - 1.0 + beyond).abs() < 2e-3, "{lawless}: {got}");
        }
        // Above 3 the tail of factor 2 holds twice as much.
        let got = sum(&|energy| exponential(energy, 1.0, (3.0, 2.0), 0.0));
        assert!((got - 1.0 - (-3f64).exp()).abs() < 2e-3, "{got}");
    }

    #[test]
    fn the_ratio_of_two_is_what_they_are_apart() {
        for lawless in [0.0, 0.01] {
            for i in 0..100 {
                let energy = Lanes::all(i as f32 * 0.5);
                let sounding = Density::rician(energy, Lanes::all(8.0), Lanes::all(2.0), lawless);
                let silent = Density::tailed(energy, Lanes::all(1.0), (3.0, 1.5), lawless);
                let expected = (value(sounding) / value(silent)).ln();
                let got = f64::from(sounding.over(silent).numbers()[0]);
                assert!(
                    (got - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                    "{i}"
                );
            }
        }
    }
}
