//! How the sound dies away.

/// The echo of a room, as the microphone hears it.
///
/// Reverberation times after ISO 3382-1 and -2, with one difference: the decay is looked at from
/// 5 ms after the strongest arrival on. The standard keeps the microphone far from the
/// loudspeaker, so that the direct sound is no part of the decay; in a laptop they are neighbours.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Echo {
    /// Reverberation time from the fall between 5 and 25 dB, in seconds; `None` if noise covers it.
    pub t20_s: Option<f64>,
    /// The same between 5 and 35 dB.
    pub t30_s: Option<f64>,
    /// What comes within 2.5 ms of the strongest arrival against what comes later, in decibels;
    /// `None` if nothing comes later that could be told from noise.
    pub direct_db: Option<f64>,
    /// What comes within 50 ms against what comes later (C50 of ISO 3382-1), in decibels; `None` as
    /// above.
    pub clarity_db: Option<f64>,
    /// The energy that is still to come, in decibels against all of it, over seconds since the
    /// strongest arrival: Schroeder's decay ("New method of measuring reverberation time", 1965).
    pub decay: Vec<(f64, f64)>,
}

impl Echo {
    /// From the energies of an impulse response since its strongest arrival, around which noise
    /// scatters; `band` is its width in hertz.
    pub(super) fn of(energies: &[f64], rate: f64, band: f64) -> Self {
        let scatter = Scatter::of(energies, rate, band);
        let end = scatter.knee(energies, rate);
        let left = remaining(&energies[..end]);
        let whole = left.first().copied().unwrap_or(0.0);
        let place = |seconds: f64| ((seconds * rate) as usize).min(end);
        let ratio = |seconds: f64| {
            let late = left.get(place(seconds)).copied().unwrap_or(0.0);
            let sure = late > SURE * scatter.of_sum(end - place(seconds));
            (sure && whole > late).then(|| 10.0 * ((whole - late) / late).log10())
        };
        let tail = &energies[place(FROM_S)..end];
        // What a filter rings is no echo.
        let ringing = left.get(place(FROM_S)).copied().unwrap_or(0.0) < RINGING * whole;
        let fall = |from, to| {
            let time = || reverberation(tail, rate, &scatter, from, to);
            if ringing { None } else { time() }
        };
        Self {
            t20_s: fall(-5.0, -25.0),
            t30_s: fall(-5.0, -35.0),
            direct_db: ratio(DIRECT_S),
            clarity_db: ratio(CLARITY_S),
            decay: drawn(&left, rate, whole, |n| scatter.of_sum(end - n)),
        }
    }
}

/// By how much sums of energies are wrong because of noise.
struct Scatter {
    deviation: f64,
    /// Samples that share one draw of chance.
    together: f64,
}

impl Scatter {
    /// The end of a response is mostly noise; where it is not, this errs on the safe side.
    fn of(energies: &[f64], rate: f64, band: f64) -> Self {
        let end = &energies[energies.len() - energies.len() / 5..];
        let square = end.iter().map(|x| x * x).sum::<f64>() / end.len().max(1) as f64;
        Self {
            deviation: square.sqrt(),
            together: (rate / (2.0 * band)).max(1.0),
        }
    }

    /// Standard deviation of a sum of so many energies.
    fn of_sum(&self, count: usize) -> f64 {
        self.deviation * (count as f64 * self.together).sqrt()
    }

    /// Where the response sinks into the noise: what comes after it would add nothing but that.
    fn knee(&self, energies: &[f64], rate: f64) -> usize {
        let block = ((BLOCK_S * rate) as usize).max(1);
        let threshold = 2.0 * self.of_sum(block);
        let mut quiet = 0;
        for (i, energies) in energies.chunks(block).enumerate() {
            let loud = energies.iter().sum::<f64>() > threshold;
            quiet = if loud { 0 } else { quiet + 1 };
            if quiet == QUIET_BLOCKS {
                return (i + 1) * block - QUIET_BLOCKS * block / 2;
            }
        }
        energies.len()
    }
}

/// The sum of each energy and all later ones.
fn remaining(energies: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut left: Vec<f64> = energies
        .iter()
        .rev()
        .map(|x| {
            sum += x;
            sum
        })
        .collect();
    left.reverse();
    left
}

/// The time of a fall by 60 dB, from the straight line that fits best between two levels.
fn reverberation(
    energies: &[f64],
    rate: f64,
    scatter: &Scatter,
    from: f64,
    to: f64,
) -> Option<f64> {
    let left = remaining(energies);
    // What would have come after the end, as the line says: ISO 3382-1, 5.3.3.
    let mut beyond = 0.0;
    let mut time = None;
    for _ in 0..5 {
        let whole = left.first()? + beyond;
        let level = |n: usize| 10.0 * ((left[n] + beyond) / whole).log10();
        let first = (0..left.len()).find(|n| level(*n) <= from)?;
        let last = (first..left.len()).find(|n| level(*n) <= to)?;
        if last < first + 8 || left[last] < SURE * scatter.of_sum(left.len() - last) {
            return None;
        }
        let step = ((last - first) / 1_000).max(1);
        let points = (first..=last).step_by(step).map(|n| (n as f64, level(n)));
        let (slope, start) = line(points)?;
        if slope >= 0.0 {
            return None;
        }
        time = Some(-60.0 / slope / rate);
        beyond = whole * 10f64.powf((start + slope * left.len() as f64) / 10.0);
    }
    time
}

/// Slope and start of the straight line that fits points best.
fn line(points: impl Iterator<Item = (f64, f64)>) -> Option<(f64, f64)> {
    let (mut n, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (a, b) in points {
        n += 1.0;
        x += a;
        y += b;
        xx += a * a;
        xy += a * b;
    }
    let slope = (n * xy - x * y) / (n * xx - x * x);
    slope
        .is_finite()
        .then(|| (slope, (y - slope * x) / n.max(1.0)))
}

/// The decay in steps of 5 ms, as far as noise lets it be seen.
fn drawn(left: &[f64], rate: f64, whole: f64, scatter: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let step = ((0.005 * rate) as usize).max(1);
    let places = (0..left.len()).step_by(step);
    places
        .take_while(|n| left[*n] > 0.0 && left[*n] > scatter(*n))
        .map(|n| (n as f64 / rate, 10.0 * (left[n] / whole).log10()))
        .collect()
}

/// Up to here after the strongest arrival is direct sound, in seconds: as usual for
/// direct-to-reverberant ratios.
const DIRECT_S: f64 = 0.0025;
/// ISO 3382-1, annex A.
const CLARITY_S: f64 = 0.05;
/// From here on there is nothing but echo, in seconds.
const FROM_S: f64 = 0.005;
/// -35 dB.
const RINGING: f64 = 3e-4;
/// A sum that stands out of its scatter by this is known to 2 dB.
const SURE: f64 = 3.0;
/// Blocks by which the end of the echo is found; four in a row without any are the end.
const BLOCK_S: f64 = 0.01;
const QUIET_BLOCKS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::Random;

    /// Exponentially falling energies, and noise around 0.
    fn falling(time: f64, noise: f64, seconds: f64) -> Vec<f64> {
        let mut random = Random::new(1, "decay");
        (0..(seconds * 48_000.0) as usize)
            .map(|n| {
                let fall = 10f64.powf(-6.0 * n as f64 / 48_000.0 / time);
                fall * random.gaussian().powi(2) + noise * random.gaussian() * random.gaussian()
            })
            .collect()
    }

    #[test]
    fn an_exponential_has_the_time_it_was_made_with_also_where_it_is_cut_off() {
        for time in [0.1, 0.3, 0.8, 1.5] {
            let echo = Echo::of(&falling(time, 1e-9, 0.78), 48_000.0, 24_000.0);
            let t20 = echo.t20_s.expect("a time");
            // The draw of each energy makes an error of its own: 0.88 / sqrt(B T), with
            // (1 + 1.9 / n) for the n = 0.35 decays that T20 averages (Davy, 1979).
            let deviation = 0.88 * ((1.0 + 1.9 / 0.35) / 0.35 / (24_000.0 * time)).sqrt();
            assert!(
                (t20 / time - 1.0).abs() < 3.0 * deviation,
                "{t20} for {time}, {deviation}"
            );
        }
    }

    #[test]
    fn noise_takes_a_time_away_but_does_not_make_one() {
        let quiet = Echo::of(&falling(0.4, 1e-4, 0.78), 48_000.0, 24_000.0);
        assert!((quiet.t20_s.expect("a time") / 0.4 - 1.0).abs() < 0.1);
        let loud = Echo::of(&falling(0.4, 0.5, 0.78), 48_000.0, 24_000.0);
        assert_eq!((loud.t20_s, loud.t30_s), (None, None));
    }

    #[test]
    fn a_response_without_echo_has_none() {
        let mut energies = vec![0.0; 30_000];
        energies[0] = 1.0;
        let echo = Echo::of(&energies, 48_000.0, 24_000.0);
        assert_eq!(
            (echo.t20_s, echo.direct_db, echo.clarity_db),
            (None, None, None)
        );
        let none = Echo::of(&[], 48_000.0, 24_000.0);
        assert_eq!((none.t20_s, none.decay.len()), (None, 0));
    }
}
