//! Finding preambles: matched filters that never stop.
//!
//! ```text
//!                                  /- bins of a chirp's band -> short inverse -> peaks -> sightings
//!  samples -> transform of a block +
//!                                  \- the same for each further chirp
//! ```
//!
//! The input is transformed once for all chirps, at its own rate. A chirp fills a few hundred bins
//! of it; their product with the chirp's template goes back through a transform just long enough
//! for them, which gives the correlation at little more than the rate that its bandwidth needs.
//!
//! A place is a *sighting* when the correlation's power stands out of its surroundings by 14 dB
//! and nothing greater lies near. The first path of the sound may be weaker than a reflection, so
//! the sighting tells where the first arrival is that is not much weaker than the peak.

use realfft::num_complex::Complex32;

mod blocks;
mod matched;
mod peaks;

use blocks::Blocks;
use matched::Matched;
use peaks::Peaks;

use super::Chirp;
use super::angle::direction;
use super::transform::MULTIPLE;
use crate::units::{Decibels, SampleRate};

/// Seconds between two transforms, at least: others must not begin to speak before a preamble is
/// noticed. Three hops and what parts overlap hold a preamble of 64 ms.
const HOP_S: f64 = 0.064 / 3.25;
/// Quarters of a hop in a transform: a hop of places, each followed by a part of the chirp, which
/// is a hop and a quarter long, and a quarter in which the end fades into the beginning.
const QUARTERS: usize = 10;
/// What a hop is a multiple of, in samples: a transform of [`QUARTERS`] is then one of
/// [`MULTIPLE`](super::transform::MULTIPLE), and the values of a correlation fall on samples.
const HOPS: usize = 2 * MULTIPLE;

/// A place where a preamble begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sighting {
    /// First sample of the first path's preamble, in samples since the start of the input.
    pub first_path: u64,
    /// First sample of the strongest path's preamble.
    pub strongest: u64,
    /// Power of the peak over the mean around it.
    pub level: Decibels,
    /// Power of the peak itself, to compare sightings of one chirp in one stream.
    pub power: f32,
}

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The preamble.
    pub chirp: Chirp,
    /// The rate in whose samples its sightings are told, whatever the rate of the input.
    pub grid: SampleRate,
}

/// Looks for chirps in a stream. Keeps bounded memory and allocates none after it is made.
pub struct Searcher {
    input: Blocks,
    /// The latest spectra, as many as the longest chirp has parts, a ring.
    spectra: Vec<Vec<Complex32>>,
    /// Transforms so far.
    blocks: u64,
    lines: Vec<Line>,
}

/// What looks for one target.
struct Line {
    matched: Matched,
    peaks: Peaks,
}

impl std::fmt::Debug for Searcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Searcher")
            .field("hop", &self.hop())
            .field("targets", &self.lines.len())
            .finish()
    }
}

impl Searcher {
    /// Looks for `targets` in samples at `rate`. What of a chirp lies above half the rate is not
    /// missed. Allocates here.
    ///
    /// # Panics
    /// If nothing of a chirp lies below half the rate.
    pub fn new(targets: &[Target], rate: SampleRate) -> Self {
        let hop = smooth(rate.samples_in(HOP_S) as usize, HOPS);
        let input = Blocks::new(hop);
        let lines: Vec<Line> = targets
            .iter()
            .map(|target| {
                let matched = Matched::new(&target.chirp, rate, hop);
                let peaks = Peaks::new(target.grid, rate, (input.len(), matched.period()));
                Line { matched, peaks }
            })
            .collect();
        let parts = lines.iter().map(|line| line.matched.parts()).max();
        Self {
            spectra: vec![input.make_spectrum(); parts.unwrap_or(1)],
            input,
            blocks: 0,
            lines,
        }
    }

    /// Samples between two transforms.
    pub fn hop(&self) -> usize {
        self.input.hop()
    }

    /// Samples that must follow the last of any chirp before it is sighted, at most: the
    /// overlap of blocks and how far a peak must stand out.
    pub fn lag(&self) -> usize {
        let most = |line: &Line| {
            let wait = line.peaks.wait() * self.input.len() / line.matched.period();
            line.matched.parts() * self.hop() + wait
        };
        self.lines.iter().map(most).max().unwrap_or(0) + 2 * self.hop()
    }

    /// Takes samples; appends what was sighted, and of which target. The same however a stream is
    /// cut.
    pub fn push(&mut self, mut samples: &[f32], out: &mut Vec<(usize, Sighting)>) {
        let parts = self.spectra.len();
        while !samples.is_empty() {
            let newest = (self.blocks % parts as u64) as usize;
            if self.input.take(&mut samples, &mut self.spectra[newest]) {
                self.blocks += 1;
                self.correlate(newest, out);
            }
        }
    }

    /// Works off the spectra, of which `newest` is the latest.
    fn correlate(&mut self, newest: usize, out: &mut Vec<(usize, Sighting)>) {
        let parts = self.spectra.len();
        for (target, line) in self.lines.iter_mut().enumerate() {
            let own = line.matched.parts();
            if self.blocks < own as u64 {
                continue;
            }
            // Oldest first.
            let spectra =
                (1..=own).map(|part| &*self.spectra[(newest + parts + part - own) % parts]);
            let correlation = line.matched.correlate(spectra);
            line.peaks
                .push(correlation, |sighting| out.push((target, sighting)));
        }
    }
}

/// Half a raised cosine, from 0 to 1 over `0..=1`: two of them, one turned round, add up to 1.
fn rise(part: f32) -> f32 {
    0.5 - 0.5 * direction(std::f32::consts::PI * part).re
}

/// The smallest multiple of `of` from `least` on that has no prime factors above five beside
/// those of `of`: transforms of such lengths are quick.
fn smooth(least: usize, of: usize) -> usize {
    let is_smooth = |mut n: usize| {
        for factor in [2, 3, 5] {
            while n.is_multiple_of(factor) {
                n /= factor;
            }
        }
        n == 1
    };
    let mut times = least.div_ceil(of).max(1);
    while !is_smooth(times) {
        times += 1;
    }
    times * of
}

#[cfg(test)]
mod tests {
    use super::peaks::{BEFORE_S, REACH_S, THRESHOLD};
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
        let target = Target {
            chirp: CHIRP,
            grid: RATE,
        };
        let mut searcher = Searcher::new(&[target], RATE);
        let mut out = Vec::new();
        for piece in samples.chunks(cut) {
            searcher.push(piece, &mut out);
        }
        out.into_iter().map(|(_, sighting)| sighting).collect()
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

    /// The correlation's amplitude with a chirp and the samples it belongs to, from the start of
    /// `samples`.
    fn correlation(samples: &[f32], chirp: &Chirp, rate: SampleRate) -> Vec<(f64, f64)> {
        let hop = smooth(rate.samples_in(HOP_S) as usize, HOPS);
        let mut blocks = Blocks::new(hop);
        let mut matched = Matched::new(chirp, rate, hop);
        let mut spectra = Vec::new();
        let mut rest = samples;
        while !rest.is_empty() {
            let mut spectrum = blocks.make_spectrum();
            if blocks.take(&mut rest, &mut spectrum) {
                spectra.push(spectrum);
            }
        }
        let block = blocks.len();
        let step = block as f64 / matched.period() as f64;
        let mut all = Vec::new();
        for (i, spectra) in spectra.windows(matched.parts()).enumerate() {
            let values = matched.correlate(spectra.iter().map(Vec::as_slice));
            let place = |j: usize| (i * hop) as f64 + j as f64 * step;
            // Transforms are not scaled.
            let scale = 1.0 / block as f64;
            all.extend(
                (0..)
                    .zip(values)
                    .map(|(j, value)| (place(j), f64::from(value.norm()) * scale)),
            );
        }
        all
    }

    #[test]
    fn the_correlation_agrees_with_its_definition() {
        for rate in [SampleRate::HZ_48000, SampleRate(44_100), RATE] {
            let chirp: Vec<(f32, f32)> = CHIRP.samples(rate).collect();
            let samples = noise(rate.samples_in(0.3) as usize, 1.0, 3);
            let (mut off, mut all) = (0.0, 0.0);
            for (at, got) in correlation(&samples, &CHIRP, rate) {
                if at.fract() != 0.0 {
                    continue;
                }
                let (mut re, mut im) = (0.0, 0.0);
                for (x, (c, s)) in samples[at as usize..].iter().zip(&chirp) {
                    re += f64::from(x * c);
                    im += f64::from(x * s);
                }
                off += (got - f64::hypot(re, im)).powi(2);
                all += re * re + im * im;
            }
            // What the chirp's faded ends and the rounding of sums leave: 40 dB less.
            assert!(all > 0.0 && off < 1e-4 * all, "{rate}: {off} of {all}");
        }
    }

    /// Voices and hum stand 40 dB above what else there is, and must not come through at the edges
    /// of hops, where every mistake would look like a preamble. None of these tones has whole
    /// turns in a transform: one that has does not leak.
    #[test]
    fn loud_sound_outside_of_the_band_stays_outside() {
        let rate = SampleRate::HZ_48000;
        let greatest = |samples: &[f32]| {
            let values = correlation(samples, &CHIRP, rate);
            values.into_iter().map(|value| value.1).fold(0.0, f64::max)
        };
        let floor = greatest(&noise(14_400, 0.01, 3));
        for hertz in [60.0, 150.0, 250.0, 9_500.0, 10_100.0, 15_100.0] {
            let turn = std::f64::consts::TAU * hertz / f64::from(rate.0);
            let tone: Vec<f32> = (0..14_400)
                .map(|i| (std::f64::consts::SQRT_2 * (turn * f64::from(i)).sin()) as f32)
                .collect();
            let heard = greatest(&tone);
            assert!(heard < floor, "{hertz} Hz: {heard}, {floor} in noise");
        }
    }

    /// Speech that was once sampled at a lower rate has nothing above but the rounding to 16 bits,
    /// 80 dB below it. Of a block of samples with nothing done to its ends more than that is left at
    /// 17 kHz, always at its ends: it looked like a preamble several times a second.
    #[test]
    fn voices_are_no_chirps_above_what_can_be_heard() {
        let rate = SampleRate::HZ_48000;
        let chirp = Chirp {
            from: Hertz(17_000.0),
            to: Hertz(20_400.0),
            seconds: 0.064,
        };
        let target = Target { chirp, grid: rate };
        let mut searcher = Searcher::new(&[target], rate);
        let mut out = Vec::new();
        let mut random = Random::new(4, "voices");
        // Hums of a glottis: harmonics that fall by 12 dB an octave, with pauses between them.
        for _ in 0..40 {
            let pitch = 80.0 + 140.0 * random.unit();
            let samples: Vec<f32> = (0..12_000)
                .map(|i| {
                    let time = f64::from(i) / 48_000.0;
                    let swell = (std::f64::consts::PI * time / 0.25).sin();
                    let each = (1..40).map(|k| {
                        let k = f64::from(k);
                        (std::f64::consts::TAU * k * pitch * time).sin() / (k * k)
                    });
                    (0.3 * swell * each.sum::<f64>() + 1e-5 * random.gaussian()) as f32
                })
                .collect();
            searcher.push(&samples, &mut out);
        }
        assert_eq!(out, []);
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
