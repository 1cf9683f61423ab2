//! The frequency response of a small loudspeaker.

use std::f64::consts::PI;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;

use super::random::Random;
use crate::units::{Decibels, Hertz, SampleRate};

/// A loudspeaker, with its enclosure and the table it stands on: minimum phase, 0 dB on average
/// (of power) between 500 and 8000 Hz.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Below falls by 12 dB an octave; -3 dB here.
    pub high_pass: Hertz,
    /// Above falls by 12 dB an octave; -3 dB here.
    pub low_pass: Hertz,
    /// Bumps and dips: centre, height, and quality (centre over width).
    pub bumps: Vec<(Hertz, Decibels, f64)>,
    /// Fine structure: heights at points a sixth of an octave apart from [`RIPPLE_FROM`](Self::RIPPLE_FROM) upwards,
    /// joined by half waves of a cosine.
    pub ripple: Vec<Decibels>,
}

impl Response {
    /// Where the ripple begins.
    pub const RIPPLE_FROM: Hertz = Hertz(125.0);

    /// A laptop, by the seed: high pass at 300 to 500 Hz, low pass at 10 to 12 kHz, three
    /// resonances of up to 5 dB either way, ripple of up to 4 dB either way.
    pub fn laptop(random: &mut Random) -> Self {
        let log = |random: &mut Random, low: f64, high: f64| {
            Hertz(random.between(low.ln(), high.ln()).exp())
        };
        let level =
            |random: &mut Random, range: f64| Decibels(random.between(-range, range) as f32);
        Self {
            high_pass: log(random, 300.0, 500.0),
            low_pass: log(random, 10_000.0, 12_000.0),
            bumps: (0..3)
                .map(|_| {
                    let at = log(random, 600.0, 8_000.0);
                    (at, level(random, 5.0), random.between(1.5, 6.0))
                })
                .collect(),
            ripple: (0..44).map(|_| level(random, 4.0)).collect(),
        }
    }

    /// The same with holes in it: `count` notches 15 to 30 dB deep and a thirtieth to a third of an octave
    /// wide at half their depth, between 600 Hz and 9 kHz, as a cone that breaks up or a grille makes them.
    pub fn notched(mut self, count: u32, random: &mut Random) -> Self {
        for _ in 0..count {
            let at = Hertz(random.between(600f64.ln(), 9_000f64.ln()).exp());
            let depth = Decibels(-random.between(15.0, 30.0) as f32);
            self.bumps.push((at, depth, random.between(4.3, 40.0)));
        }
        self
    }

    /// The gain at a frequency above zero, before the mean is set to 0 dB.
    pub fn at(&self, hertz: Hertz) -> Decibels {
        let f = hertz.0;
        let (low, high) = (f / self.low_pass.0, self.high_pass.0 / f);
        let butterworth = -10.0 * ((1.0 + low.powi(4)).log10() + (1.0 + high.powi(4)).log10());
        let bumps: f64 = self
            .bumps
            .iter()
            .map(|(at, height, quality)| {
                // The shape of a resonance, in dB: half its height at the edges of its width.
                let detuned = quality * (f / at.0 - at.0 / f);
                f64::from(height.0) / (1.0 + detuned * detuned)
            })
            .sum();
        Decibels((butterworth + bumps + self.ripple_at(f)) as f32)
    }

    fn ripple_at(&self, f: f64) -> f64 {
        let Some(last) = self.ripple.len().checked_sub(1) else {
            return 0.0;
        };
        let place = (6.0 * (f / Self::RIPPLE_FROM.0).log2()).clamp(0.0, last as f64);
        let (i, part) = (place as usize, place.fract());
        let weight = 0.5 - 0.5 * (PI * part).cos();
        let here = f64::from(self.ripple[i].0);
        here + weight * (f64::from(self.ripple[(i + 1).min(last)].0) - here)
    }

    /// The impulse response, 85 ms long and of minimum phase: as early as its gain allows. From
    /// 300 Hz on the gain is that of [`at`](Self::at) within 0.1 dB.
    pub fn impulse(&self, rate: SampleRate) -> Vec<f32> {
        let kept = rate.samples_in(0.085) as usize;
        // Eight times as long while it is made: the cepstrum of a high pass falls slowly, and what
        // does not fit folds over.
        let length = 8 * kept.next_power_of_two();
        let half = length / 2;
        let step = f64::from(rate.0) / length as f64;
        // Nothing lies below -100 dB, so that the logarithm is finite at 0 Hz.
        let gains: Vec<f64> = (0..=half)
            .map(|k| f64::from(self.at(Hertz((k as f64).max(0.01) * step)).0).max(-100.0))
            .collect();
        let band: Vec<f64> = gains
            .iter()
            .enumerate()
            .filter(|(k, _)| (500.0..=8_000.0).contains(&(*k as f64 * step)))
            .map(|(_, gain)| 10f64.powf(gain / 10.0))
            .collect();
        let mean = 10.0 * (band.iter().sum::<f64>() / band.len().max(1) as f64).log10();
        let mut impulse = minimum_phase(&gains, mean, length);
        impulse.truncate(kept);
        impulse
    }
}

/// The causal response of least delay with these gains (in dB, less `mean`): the cepstrum of the
/// gains, its second half folded onto its first (Oppenheim and Schafer, 13.5).
fn minimum_phase(gains: &[f64], mean: f64, length: usize) -> Vec<f32> {
    let half = length / 2;
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, backward) = (
        planner.plan_fft_forward(length),
        planner.plan_fft_inverse(length),
    );
    let mut spectrum: Vec<Complex64> = gains
        .iter()
        .map(|gain| Complex64::new((gain - mean) / 20.0 * 10f64.ln(), 0.0))
        .collect();
    let mut time = backward.make_output_vec();
    let mut done = backward.process(&mut spectrum, &mut time).is_ok();
    for (n, x) in time.iter_mut().enumerate() {
        let fold = if n == 0 || n == half {
            1.0
        } else if n < half {
            2.0
        } else {
            0.0
        };
        *x *= fold / length as f64;
    }
    done &= forward.process(&mut time, &mut spectrum).is_ok();
    for x in &mut spectrum {
        *x = x.exp();
    }
    // Real signals: no imaginary part at either end.
    spectrum[0].im = 0.0;
    spectrum[half].im = 0.0;
    done &= backward.process(&mut spectrum, &mut time).is_ok();
    debug_assert!(done, "lengths are those of the plan");
    time.iter().map(|x| (x / length as f64) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    fn measured(impulse: &[f32], at: f64) -> f64 {
        let turn = 2.0 * PI * at / f64::from(RATE.0);
        let sum: Complex64 = impulse
            .iter()
            .enumerate()
            .map(|(n, x)| Complex64::from_polar(f64::from(*x), -turn * n as f64))
            .sum();
        10.0 * sum.norm_sqr().log10()
    }

    #[test]
    fn the_impulse_has_the_gain_that_is_foretold() {
        for seed in 0..5 {
            let random = &mut Random::new(seed, "speaker");
            let response = Response::laptop(random);
            let impulse = response.impulse(RATE);
            let reference = measured(&impulse, 2_000.0) - f64::from(response.at(Hertz(2_000.0)).0);
            for at in [
                350.0, 500.0, 700.0, 1_234.0, 4_000.0, 8_000.0, 12_000.0, 17_000.0,
            ] {
                let want = f64::from(response.at(Hertz(at)).0) + reference;
                let got = measured(&impulse, at);
                assert!(
                    (got - want).abs() < 0.1,
                    "{got} at {at} Hz, {want} foretold"
                );
            }
        }
    }

    #[test]
    fn the_mean_power_from_500_to_8000_hertz_stays() {
        let impulse = Response::laptop(&mut Random::new(3, "speaker")).impulse(RATE);
        let points = 2_000;
        let mean = (0..points)
            .map(|i| 500.0 + 7_500.0 * (f64::from(i) + 0.5) / f64::from(points))
            .map(|at| 10f64.powf(measured(&impulse, at) / 10.0))
            .sum::<f64>()
            / f64::from(points);
        assert!((10.0 * mean.log10()).abs() < 0.05, "{mean}");
    }

    #[test]
    fn the_energy_comes_early() {
        let impulse = Response::laptop(&mut Random::new(4, "speaker")).impulse(RATE);
        let energy = |part: &[f32]| part.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        // Minimum phase: 5 ms hold all but a per cent, whatever the resonances.
        assert!(energy(&impulse[240..]) < 0.01 * energy(&impulse));
    }

    #[test]
    fn notches_are_where_they_were_put() {
        let random = &mut Random::new(5, "speaker");
        let response = Response {
            bumps: Vec::new(),
            ..Response::laptop(random)
        }
        .notched(3, random);
        let impulse = response.impulse(RATE);
        for (at, depth, quality) in &response.bumps {
            let beside = measured(&impulse, at.0 * (1.0 + 6.0 / quality));
            let inside = measured(&impulse, at.0);
            // Beside it the ripple may differ by up to 8 dB and the notch still has 1/145 of its depth.
            assert!(
                inside < beside + f64::from(depth.0) + 12.0,
                "{inside} at {at:?}, {beside} beside"
            );
        }
    }
}
