//! Successes counted, and how sure the count makes us.

/// So many of so many trials went well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Successes {
    pub(super) got: u64,
    pub(super) of: u64,
}

impl Successes {
    /// One trial more.
    pub(super) fn count(&mut self, success: bool) {
        self.got += u64::from(success);
        self.of += 1;
    }

    /// The share that went well; 0 of nothing.
    pub(super) fn rate(self) -> f64 {
        self.got as f64 / self.of.max(1) as f64
    }

    /// Between which rates the true one lies, with 95 % confidence: Wilson's score interval
    /// (1927), which keeps its promise for few trials and for rates near 0 and 1.
    pub(super) fn interval(self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let n = self.of as f64;
        let p = self.rate();
        let square = Z95 * Z95;
        let middle = p + square / (2.0 * n);
        let half = Z95 * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
        let scale = 1.0 + square / n;
        (
            ((middle - half) / scale).max(0.0),
            ((middle + half) / scale).min(1.0),
        )
    }
}

/// A normal variable stays within so many standard deviations of its mean 95 times in a hundred.
const Z95: f64 = 1.959_963_985;

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(got: u64, of: u64) -> (f64, f64) {
        Successes { got, of }.interval()
    }

    #[test]
    fn the_intervals_are_those_published() {
        // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
        for (got, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let (a, b) = interval(got, of);
            assert!(
                (a - low).abs() < 5e-5 && (b - high).abs() < 5e-5,
                "{got} of {of}: {a} {b}"
            );
        }
    }

    #[test]
    fn an_interval_holds_its_rate_and_mirrors_with_it() {
        for of in [1, 2, 7, 40, 1000] {
            for got in 0..=of {
                let (low, high) = interval(got, of);
                let rate = got as f64 / of as f64;
                assert!((0.0..=1.0).contains(&low) && low <= rate + 1e-12 && rate <= high + 1e-12);
                let (mirror_low, mirror_high) = interval(of - got, of);
                assert!((low + mirror_high - 1.0).abs() < 1e-9);
                assert!((high + mirror_low - 1.0).abs() < 1e-9);
            }
        }
        assert_eq!(interval(0, 0), (0.0, 1.0));
    }
}
