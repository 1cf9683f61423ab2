//! As many numbers as one operation acts on at a time: *lanes*.
//!
//! Four where there are the vectors of WebAssembly, said in their words: a compiler that is told to
//! make little code finds none by itself. Elsewhere one, a plain number; a compiler that is told to
//! make quick code finds vectors for loops over it.

#[cfg(not(target_feature = "simd128"))]
mod single;
#[cfg(target_feature = "simd128")]
mod vector;

#[cfg(not(target_feature = "simd128"))]
pub(crate) use single::{LANES, Lanes, add_filtered, dot, largest};
#[cfg(target_feature = "simd128")]
pub(crate) use vector::{LANES, Lanes, add_filtered, dot, largest};

impl Lanes {
    /// Those of a slice, one after the other. Numbers of a last one that is not full are left out.
    #[inline(always)]
    pub(crate) fn each(numbers: &[f32]) -> impl Iterator<Item = Self> {
        numbers.as_chunks().0.iter().map(|some| Self::new(*some))
    }

    /// One more step of a polynomial of `x`, whose factors are told from the highest power down.
    #[inline(always)]
    pub(crate) fn then(self, x: Self, factor: f32) -> Self {
        self.times(x).plus(Self::all(factor))
    }

    /// The exponential, to two units in the last place; of less than -87 that of -87, of more than
    /// 88 that of 88.
    ///
    /// The polynomial is that of Moshier's Cephes, `expf`.
    #[inline(always)]
    pub(crate) fn exp(self) -> Self {
        let x = self.at_least(Self::all(-87.0)).at_most(Self::all(88.0));
        // Added, it leaves no bits but those of whole numbers, the lowest of which are a factor's
        // exponent.
        let round = Self::all(12_582_912.0);
        let shifted = x.times(Self::all(std::f32::consts::LOG2_E)).plus(round);
        let whole = shifted.minus(round);
        let rest = x
            .minus(whole.times(Self::all(LN_2_HIGH)))
            .minus(whole.times(Self::all(LN_2_LOW)));
        let value = Self::all(1.987_569_1e-4)
            .then(rest, 1.398_2e-3)
            .then(rest, 8.333_452e-3)
            .then(rest, 4.166_579_6e-2)
            .then(rest, 1.666_666_5e-1)
            .then(rest, 0.5);
        let value = value.times(rest.times(rest)).plus(rest);
        value.plus(Self::all(1.0)).with_exponent_of(shifted)
    }

    /// The natural logarithm of positive numbers above 1.2e-38, to two units in the last place or,
    /// near 1, to 1e-7. Of others it is a number that says nothing.
    ///
    /// The polynomial is that of Moshier's Cephes, `logf`.
    #[inline(always)]
    pub(crate) fn ln(self) -> Self {
        let (exponent, part) = self.taken_apart();
        let x = part.minus(Self::all(1.0));
        let square = x.times(x);
        let value = Self::all(7.037_683_6e-2)
            .then(x, -1.151_461e-1)
            .then(x, 1.167_699_9e-1)
            .then(x, -1.242_014_1e-1)
            .then(x, 1.424_932_3e-1)
            .then(x, -1.666_805_8e-1)
            .then(x, 2.000_071_5e-1)
            .then(x, -2.499_999_4e-1)
            .then(x, 3.333_333e-1);
        let value = value
            .times(x)
            .times(square)
            .plus(exponent.times(Self::all(LN_2_LOW)))
            .minus(square.times(Self::all(0.5)));
        x.plus(value).plus(exponent.times(Self::all(LN_2_HIGH)))
    }
}

/// `ln 2` in two parts, of which the first has few digits: whole multiples of it are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// Bits of the square root of a half: numbers are taken apart so that what is left lies around 1.
const ROOT_OF_HALF: i32 = 0x3f35_04f3;

/// Bits behind those of the exponent.
const MANTISSA: u32 = 23;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(function: impl Fn(Lanes) -> Lanes, x: f32) -> f32 {
        function(Lanes::all(x)).numbers()[0]
    }

    #[test]
    fn exponentials_are_right_to_two_units_in_the_last_place() {
        for i in -86_999..88_000i32 {
            let x = i as f32 * 0.001;
            let (got, exact) = (of(Lanes::exp, x), f64::from(x).exp());
            assert!((f64::from(got) / exact - 1.0).abs() < 2.4e-7, "{x}: {got}");
        }
        for (beyond, end) in [(f32::NEG_INFINITY, -87.0), (f32::INFINITY, 88.0)] {
            assert_eq!(of(Lanes::exp, beyond), of(Lanes::exp, end));
        }
        assert_eq!(of(Lanes::exp, 0.0), 1.0);
    }

    #[test]
    fn logarithms_are_right_to_two_units_in_the_last_place() {
        for exponent in -126..127 {
            for i in 1000..2000i32 {
                let x = 2f32.powi(exponent) * (i as f32 * 0.001);
                let (got, exact) = (of(Lanes::ln, x), f64::from(x).ln());
                let off = (f64::from(got) - exact).abs();
                assert!(off < 1e-7 + 2.4e-7 * exact.abs(), "{x}: {got}");
            }
        }
        assert_eq!(of(Lanes::ln, 1.0), 0.0);
        // No panic, whatever comes.
        for bad in [f32::NAN, f32::INFINITY, -1.0, 0.0] {
            of(Lanes::ln, bad);
        }
    }
}
