//! Finding preambles: a matched filter that never stops.
//!
//! The chirp is correlated with the input by overlap-save transforms. A place is a *sighting*
//! when the correlation's power stands out of its surroundings by [`THRESHOLD`] and nothing
//! greater lies within [`REACH_S`]. The first path of the sound may be weaker than a reflection,
//! so the sighting is placed at the first arrival that is at least [`FIRST_PATH`] of the peak.

use std::sync::Arc;

use realfft::RealFftPlanner;
use realfft::RealToComplex;
use realfft::num_complex::Complex32;

use super::Chirp;
use crate::units::{Decibels, SampleRate};

/// Power of the peak over the mean around it: 14 dB. In noise alone the correlation's power is
/// exponential, so a value passes with probability e^-25; at 10^4 independent values a second
/// that is once in many days.
const THRESHOLD: f32 = 25.0;
/// A peak must be the greatest within this many seconds on both sides: the spread of echoes that
/// belong to one arrival.
const REACH_S: f64 = 0.025;
/// Amplitude of the first path against the peak's.
const FIRST_PATH: f32 = 0.35;
/// Seconds before the peak in which the first path is looked for.
const LOOK_BACK_S: f64 = 0.02;
/// Seconds before the peak over which the surroundings are averaged, beside [`REACH_S`] after it:
/// waiting for more would only delay the news, and others must not begin to speak meanwhile.
const BEFORE_S: f64 = 0.08;
/// Seconds between two transforms, for the same reason.
const HOP_S: f64 = 0.04;

/// A place where a preamble begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sighting {
    /// First sample of the first path's preamble, in samples since the start of the input.
    pub first_path: u64,
    /// First sample of the strongest path's preamble.
    pub strongest: u64,
    /// Power of the peak over the mean around it.
    pub level: Decibels,
    /// Power of the peak itself, to compare sightings of one stream.
    pub power: f32,
}

/// Looks for a chirp in a stream.
pub struct Searcher {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn rustfft::Fft<f32>>,
    template: Vec<Complex32>,
    chirp_len: usize,
    fft: usize,
    hop: usize,
    input: Vec<f32>,
    filled: usize,
    spectrum: Vec<Complex32>,
    correlation: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Correlation power, `power[i]` for a preamble that begins at sample `power_start + i`.
    power: Vec<f32>,
    power_start: u64,
    reach: usize,
    look_back: usize,
    before: usize,
    /// The next place to decide about, as an index into `power`.
    next: usize,
}

impl std::fmt::Debug for Searcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Searcher")
            .field("fft", &self.fft)
            .field("hop", &self.hop)
            .finish()
    }
}

impl Searcher {
    /// Looks for `chirp` in samples at `rate`.
    pub fn new(chirp: &Chirp, rate: SampleRate) -> Self {
        let samples: Vec<(f32, f32)> = chirp.samples(rate).collect();
        let chirp_len = samples.len();
        // Just long enough: every value of a transform is used as soon as it can be. A multiple of
        // 512 is fast.
        let fft = (chirp_len + rate.samples_in(HOP_S) as usize).next_multiple_of(512);
        let hop = fft - chirp_len + 1;
        let forward = RealFftPlanner::new().plan_fft_forward(fft);
        let inverse = rustfft::FftPlanner::new().plan_fft_inverse(fft);
        // The analytic chirp makes the correlation an envelope instead of a carrier.
        let mut template = vec![Complex32::default(); fft];
        for (slot, (re, im)) in template.iter_mut().zip(&samples) {
            *slot = Complex32::new(*re, *im);
        }
        rustfft::FftPlanner::new()
            .plan_fft_forward(fft)
            .process(&mut template);
        template.truncate(fft / 2 + 1);
        template.iter_mut().for_each(|bin| *bin = bin.conj());
        let scratch = forward
            .get_scratch_len()
            .max(inverse.get_inplace_scratch_len());
        let in_samples = |seconds: f64| rate.samples_in(seconds) as usize;
        Self {
            input: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            correlation: vec![Complex32::default(); fft],
            scratch: vec![Complex32::default(); scratch],
            forward,
            inverse,
            template,
            chirp_len,
            fft,
            hop,
            filled: 0,
            power: Vec::with_capacity(4 * fft),
            power_start: 0,
            reach: in_samples(REACH_S),
            look_back: in_samples(LOOK_BACK_S),
            before: in_samples(BEFORE_S),
            next: 0,
        }
    }

    /// Takes samples, appends what was sighted. Sightings come late by the chirp, up to one hop
    /// and the reach of a peak, 0.13 s at most; and the same however a stream is cut.
    pub fn push(&mut self, mut samples: &[f32], out: &mut Vec<Sighting>) {
        while !samples.is_empty() {
            let take = samples.len().min(self.fft - self.filled);
            self.input_slot()[..take].copy_from_slice(&samples[..take]);
            self.filled += take;
            samples = &samples[take..];
            if self.filled == self.fft {
                self.correlate();
                self.decide(out);
            }
        }
    }

    fn input_slot(&mut self) -> &mut [f32] {
        &mut self.input[self.filled..]
    }

    /// One overlap-save step: appends `hop` values of correlation power.
    fn correlate(&mut self) {
        let tail: Vec<f32> = self.input[self.hop..].to_vec();
        self.forward
            .process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch)
            .expect("buffers come from the plan");
        self.correlation.fill(Complex32::default());
        for ((slot, bin), template) in self
            .correlation
            .iter_mut()
            .zip(&self.spectrum)
            .zip(&self.template)
        {
            *slot = bin * template;
        }
        self.inverse
            .process_with_scratch(&mut self.correlation, &mut self.scratch);
        self.power
            .extend(self.correlation[..self.hop].iter().map(|c| c.norm_sqr()));
        self.input[..tail.len()].copy_from_slice(&tail);
        self.filled = tail.len();
    }

    /// Decides about every place whose surroundings are known, then forgets what is not needed.
    fn decide(&mut self, out: &mut Vec<Sighting>) {
        let last = self.power.len().saturating_sub(self.reach);
        if self.next >= last {
            return;
        }
        // Prefix sums in double precision: a difference of large sums must not go negative.
        let mut sums = Vec::with_capacity(self.power.len() + 1);
        sums.push(0f64);
        for power in &self.power {
            sums.push(sums[sums.len() - 1] + f64::from(*power));
        }
        while self.next < last {
            let at = self.next;
            let peak = self.power[at];
            let from = at.saturating_sub(self.before);
            let to = at + self.reach;
            let mean = ((sums[to] - sums[from]) / (to - from) as f64) as f32;
            if peak > THRESHOLD * mean && mean > 0.0 && self.is_greatest(at) {
                out.push(Sighting {
                    first_path: self.power_start + self.first_path(at) as u64,
                    strongest: self.power_start + at as u64,
                    level: Decibels::from_power_ratio(f64::from(peak / mean)),
                    power: peak,
                });
            }
            self.next += 1;
        }
        let forget = self
            .next
            .saturating_sub(self.before.max(self.reach + self.look_back));
        self.power.drain(..forget);
        self.power_start += forget as u64;
        self.next -= forget;
    }

    fn is_greatest(&self, at: usize) -> bool {
        let peak = self.power[at];
        let before = &self.power[at.saturating_sub(self.reach)..at];
        let after = &self.power[at + 1..(at + 1 + self.reach).min(self.power.len())];
        before.iter().all(|p| *p < peak) && after.iter().all(|p| *p <= peak)
    }

    fn first_path(&self, at: usize) -> usize {
        let least = self.power[at] * FIRST_PATH * FIRST_PATH;
        let from = at.saturating_sub(self.look_back);
        (from..=at).find(|i| self.power[*i] >= least).unwrap_or(at)
    }

    /// Samples in the chirp.
    pub fn chirp_len(&self) -> usize {
        self.chirp_len
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::Random;
    use crate::units::Hertz;

    const RATE: SampleRate = SampleRate(24_000);
    const CHIRP: Chirp = Chirp {
        from: Hertz(600.0),
        to: Hertz(9000.0),
        seconds: 0.064,
    };

    fn noise(len: usize, rms: f32, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed, "search");
        (0..len).map(|_| random.gaussian() as f32 * rms).collect()
    }

    fn add_chirp(samples: &mut [f32], at: usize, amplitude: f32) {
        for (slot, (re, _)) in samples[at..].iter_mut().zip(CHIRP.samples(RATE)) {
            *slot += amplitude * re;
        }
    }

    fn sightings(samples: &[f32], cut: usize) -> Vec<Sighting> {
        let mut searcher = Searcher::new(&CHIRP, RATE);
        let mut out = Vec::new();
        for piece in samples.chunks(cut) {
            searcher.push(piece, &mut out);
        }
        out
    }

    #[test]
    fn a_chirp_is_found_where_it_is_however_the_stream_is_cut() {
        let mut samples = noise(48_000, 0.1, 1);
        add_chirp(&mut samples, 20_011, 0.1);
        let found = sightings(&samples, 48_000);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].strongest.abs_diff(20_011) <= 1, "{found:?}");
        for cut in [1, 7, 240, 4096] {
            assert_eq!(sightings(&samples, cut), found);
        }
    }

    /// Energy over noise density of a chirp of amplitude a and n samples in noise of power s^2 is
    /// a^2 n / (2 s^2); the peak over the mean exceeds it by one on average. At 20 dB a threshold
    /// of 14 dB is missed with a probability below 1e-3.
    #[test]
    fn chirps_are_found_as_deep_in_noise_as_theory_allows() {
        let length = CHIRP.samples(RATE).count() as f32;
        let amplitude = (100.0 * 2.0 / length).sqrt();
        let found = (0..50)
            .filter(|seed| {
                let mut samples = noise(24_000, 1.0, 100 + seed);
                add_chirp(&mut samples, 9_000, amplitude);
                sightings(&samples, 24_000)
                    .iter()
                    .any(|s| s.strongest.abs_diff(9_000) <= 4)
            })
            .count();
        assert!(found >= 48, "{found} of 50");
    }

    #[test]
    fn noise_and_silence_show_nothing() {
        // e^-25 a value, and 24,000 values a second: one in two million seconds.
        assert_eq!(sightings(&noise(24_000 * 20, 0.3, 5), 24_000), []);
        assert_eq!(sightings(&vec![0.0; 48_000], 24_000), []);
    }

    #[test]
    fn the_first_path_wins_over_a_stronger_reflection() {
        let mut samples = noise(48_000, 0.001, 2);
        add_chirp(&mut samples, 20_000, 0.2);
        add_chirp(&mut samples, 20_120, 0.4);
        let found = sightings(&samples, 48_000);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].first_path.abs_diff(20_000) <= 2 && found[0].strongest.abs_diff(20_120) <= 1
        );
    }

    /// The matched filter by its definition: two loops in double precision.
    fn power_by_definition(samples: &[f32]) -> Vec<f64> {
        let chirp: Vec<(f32, f32)> = CHIRP.samples(RATE).collect();
        samples
            .windows(chirp.len())
            .map(|window| {
                let (mut re, mut im) = (0.0, 0.0);
                for (x, (a, b)) in window.iter().zip(&chirp) {
                    re += f64::from(*x) * f64::from(*a);
                    im += f64::from(*x) * f64::from(*b);
                }
                re * re + im * im
            })
            .collect()
    }

    #[test]
    fn sightings_are_those_of_a_matched_filter_by_definition() {
        let mut samples = noise(36_000, 0.1, 7);
        // Loud, with a reflection within reach, at the edge of what is noticed, and two in a row.
        add_chirp(&mut samples, 3_000, 0.5);
        add_chirp(&mut samples, 3_300, 0.3);
        for (i, amplitude) in [0.016, 0.02, 0.024, 0.028, 0.032].into_iter().enumerate() {
            add_chirp(&mut samples, 8_000 + 3_000 * i, amplitude);
        }
        add_chirp(&mut samples, 25_000, 0.2);
        add_chirp(&mut samples, 26_000, 0.2);
        let power = power_by_definition(&samples);
        let (reach, before) = (
            RATE.samples_in(REACH_S) as usize,
            RATE.samples_in(BEFORE_S) as usize,
        );
        // The last hop may be undecided.
        let decided = power.len() - reach - RATE.samples_in(2.0 * HOP_S) as usize;
        let mut wanted = Vec::new();
        for at in 0..decided {
            let around = &power[at.saturating_sub(before)..at + reach];
            let over = power[at] * around.len() as f64 / around.iter().sum::<f64>();
            let near = &power[at.saturating_sub(reach)..=at + reach];
            if near.iter().all(|other| *other <= power[at]) {
                wanted.push((at as u64, over));
            }
        }
        let found = sightings(&samples, 4096);
        let threshold = f64::from(THRESHOLD);
        let mut clear = 0;
        for (at, over) in &wanted {
            let sighting = found.iter().find(|s| s.strongest.abs_diff(*at) <= 1);
            // Single precision and a transform: a hundredth either way.
            assert!(
                sighting.is_some() || *over < threshold * 1.01,
                "{at}: {over}"
            );
            if let Some(sighting) = sighting {
                let error = f64::from(sighting.level.0) - 10.0 * over.log10();
                assert!(error.abs() < 0.05, "{at}: off by {error} dB");
                clear += 1;
            }
        }
        let early = found.iter().filter(|s| s.strongest < decided as u64);
        assert_eq!(early.count(), clear, "{found:?}, {wanted:?}");
        assert!(clear >= 4, "{found:?}");
    }
}
