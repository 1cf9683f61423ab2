//! What was counted in white noise, and where 90 % get through.

use crate::cli::bench::success::Successes;
use crate::cli::bench::theory::{Limit, db};
use crate::cli::interrupt;

/// The share of messages lost where 90 % get through.
pub(super) const LOSS: f64 = 0.1;

/// The messages of one number of passes: what they cost, and what came of them.
#[derive(Debug)]
pub(super) struct Curve {
    /// Bits of a payload.
    pub(super) bits: usize,
    pub(super) passes: usize,
    /// Energy of a typical message, all passes: the sum of squares at a peak of 1.
    pub(super) energy: f64,
    /// Seconds in which it sounds.
    pub(super) air_s: f64,
    /// Its mean power below that of a sine of the same peak.
    pub(super) below_sine_db: f64,
    pub(super) limit: Limit,
    pub(super) points: Vec<Point>,
}

/// What was counted at one Eb/N0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) eb_n0_db: f64,
    pub(super) errors: Successes,
    pub(super) wrong: usize,
    pub(super) complete: bool,
}

impl Curve {
    pub(super) fn complete(&self) -> bool {
        !interrupt::asked() && self.points.iter().all(|point| point.complete)
    }

    /// Mean power while it sounds against the noise in 1 Hz, in dB-Hz.
    pub(super) fn c_n0(&self, eb_n0_db: f64) -> f64 {
        eb_n0_db + db(self.bits as f64 / self.air_s)
    }

    /// The power of a sine of the same peak against the noise in 1 Hz, in dB-Hz.
    pub(super) fn cpk_n0(&self, eb_n0_db: f64) -> f64 {
        self.c_n0(eb_n0_db) + self.below_sine_db
    }

    /// Eb/N0 at which one message in ten is lost, on a straight line between the points.
    pub(super) fn threshold(&self) -> Option<f64> {
        self.crossing(Successes::rate)
    }

    /// The same by the ends of the confidence intervals, low and high.
    pub(super) fn threshold_range(&self) -> (Option<f64>, Option<f64>) {
        (
            self.crossing(|errors| errors.interval().0),
            self.crossing(|errors| errors.interval().1),
        )
    }

    /// Where a rate falls below one in ten for good.
    fn crossing(&self, rate: impl Fn(Successes) -> f64) -> Option<f64> {
        let above = |point: &Point| rate(point.errors) > LOSS;
        let last = self.points.iter().rposition(above)?;
        let (a, b) = (self.points.get(last)?, self.points.get(last + 1)?);
        let (high, low) = (rate(a.errors), rate(b.errors));
        let part = (high - LOSS) / (high - low);
        Some(a.eb_n0_db + part * (b.eb_n0_db - a.eb_n0_db))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::theory::Uses;

    fn curve(points: &[(f64, u64)]) -> Curve {
        let point = |(eb_n0_db, got): &(f64, u64)| Point {
            eb_n0_db: *eb_n0_db,
            errors: Successes { got: *got, of: 100 },
            wrong: 0,
            complete: true,
        };
        let uses = Uses {
            tones: 4,
            count: 8.0,
            energy: 1.0,
        };
        Curve {
            bits: 1000,
            passes: 1,
            energy: 1.0,
            air_s: 0.5,
            below_sine_db: 2.0,
            limit: Limit::new(8, &[uses]),
            points: points.iter().map(point).collect(),
        }
    }

    #[test]
    fn a_threshold_lies_on_the_line_between_its_points() {
        let whole = curve(&[(5.0, 90), (6.0, 30), (7.0, 5)]);
        let threshold = whole.threshold().expect("is crossed");
        assert!((threshold - 6.8).abs() < 1e-9, "{threshold}");
        let (low, high) = whole.threshold_range();
        assert!(low < Some(threshold) && high.is_none());
        assert_eq!(curve(&[(5.0, 90), (6.0, 30)]).threshold(), None);
    }

    #[test]
    fn carrier_to_noise_counts_the_bits_of_a_second() {
        // 2000 bit/s are 33.01 dB-Hz.
        let curve = curve(&[]);
        assert!((curve.c_n0(7.0) - 40.0103).abs() < 1e-4);
        assert!((curve.cpk_n0(7.0) - 42.0103).abs() < 1e-4);
    }
}
