//! The way of the sound, as the two sweeps show it: impulse response, response over frequency,
//! harmonics, and what the clocks disagree in.

use realfft::num_complex::Complex64;

use super::search::Pair;
use super::stimulus::Stimulus;
use super::transform::{Transform, pass, pass_softly};

/// The way from what is played to what is recorded, twice.
///
/// Whatever is asked of it is asked of both at once, as a product of one and the other: what the
/// two have in common stays, and the noise in them, which is not the same, adds nothing on average.
pub(super) struct Way {
    transform: Transform,
    rate: f64,
    /// Impulse responses; the strongest arrival is at `lead`, what is early, such as harmonics,
    /// ends at the end.
    first: Vec<f64>,
    second: Vec<f64>,
    lead: usize,
    /// Samples after `lead` that show nothing but echo.
    tail: usize,
    clock: Clock,
}

/// How the player's clock compares to the recorder's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Clock {
    /// By how much the player's runs faster, in parts per million.
    pub(super) ppm: f64,
    /// Standard deviation of that.
    pub(super) deviation_ppm: f64,
}

impl Way {
    /// From a recording in which a pair of sweeps was found.
    pub(super) fn measure(
        recording: &[f64],
        rate: f64,
        stimulus: &Stimulus,
        pair: &Pair,
    ) -> Option<Self> {
        let lead = (LEAD_S * rate) as usize;
        let start = pair.at.checked_sub(lead)?;
        let apart = (Stimulus::APART_S * rate).round();
        let length = ((LEAD_S + Stimulus::SWEEP_S + Stimulus::GAP_S - END_S) * rate) as usize;
        let transform = Transform::holding(length);
        let take = |start: usize| {
            let fade = (END_S * rate) as usize;
            let part = recording.get(start..).unwrap_or_default();
            let part = &part[..part.len().min(length)];
            let left = part.len();
            part.iter().enumerate().map(move |(n, x)| {
                let rest = (left - n) as f64 / fade.max(1) as f64;
                x * rest.min(1.0)
            })
        };
        let heard = [start, start + apart as usize].map(|start| transform.spectrum(take(start)));
        let mut way = Self {
            rate,
            first: Vec::new(),
            second: Vec::new(),
            lead,
            tail: length - lead - (Stimulus::SWEEP_S * rate) as usize,
            transform,
            clock: Clock {
                ppm: 0.0,
                deviation_ppm: f64::INFINITY,
            },
        };
        way.undo(&heard, stimulus, rate, 0.0);
        let (late, deviation) = way.lateness()?;
        let ppm = (Stimulus::APART_S * rate / (apart + late) - 1.0) * 1e6;
        way.clock = Clock {
            ppm,
            deviation_ppm: deviation / (Stimulus::APART_S * rate) * 1e6,
        };
        // Once more, with a sweep of the length that it really had: so the delays of high and low
        // frequencies do not spread.
        let known = if ppm.abs() < MOST_PPM { ppm } else { 0.0 };
        way.undo(&heard, stimulus, rate / (1.0 + known / 1e6), late);
        way.look_again();
        Some(way)
    }

    /// The strongest arrival may have moved by the length that the sweep really had.
    fn look_again(&mut self) {
        let reach = (MOVED_S * self.rate) as usize;
        let strength = |n: usize| (self.first[n] + self.second[n]).abs();
        let strongest = (self.lead - reach.min(self.lead)..=self.lead + reach)
            .max_by(|a, b| strength(*a).total_cmp(&strength(*b)));
        if let Some(strongest) = strongest {
            self.tail = self.lead + self.tail - strongest;
            self.lead = strongest;
        }
    }

    /// Undoes the sweep in both of what was heard; the second is `late` samples late.
    fn undo(
        &mut self,
        heard: &[Vec<Complex64>; 2],
        stimulus: &Stimulus,
        sweep_rate: f64,
        late: f64,
    ) {
        let played = self.transform.spectrum(stimulus.sweep_at(sweep_rate));
        let bin = self.transform.bin(self.rate);
        let most = played
            .iter()
            .map(Complex64::norm_sqr)
            .fold(f64::MIN_POSITIVE, f64::max);
        let [low, high] = self.limits();
        let turn = std::f64::consts::TAU / self.transform.size() as f64;
        let undone = |heard: &[Complex64], late: f64| {
            let spectrum = heard
                .iter()
                .zip(&played)
                .enumerate()
                .map(|(k, (heard, played))| {
                    let weight = pass(k as f64 * bin, low, high);
                    let back = Complex64::from_polar(1.0, turn * k as f64 * late);
                    heard * played.conj() * back * (weight / (played.norm_sqr() + 1e-9 * most))
                })
                .collect();
            self.transform.samples(spectrum)
        };
        (self.first, self.second) = (undone(&heard[0], 0.0), undone(&heard[1], late));
    }

    /// The frequencies between which the way is known, in hertz.
    pub(super) fn limits(&self) -> [f64; 2] {
        let (low, _) = Stimulus::BAND;
        [1.25 * low.0, 0.96 * Stimulus::highest(self.rate)]
    }

    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// By how many samples the second is later than the first, and the standard deviation of that.
    ///
    /// The delay that best explains the turn between the two spectra; how well it is known follows
    /// from what they have in common in each frequency (Knapp and Carter, "The generalized
    /// correlation method for estimation of time delay", 1976, equation 42).
    fn lateness(&self) -> Option<(f64, f64)> {
        let length = (NEAR_S * self.rate) as usize;
        let small = Transform::holding(2 * length);
        let near = |impulse: &[f64]| small.spectrum(self.windowed(impulse, length));
        let (first, second) = (near(&self.first), near(&self.second));
        let bin = small.bin(self.rate);
        let cross: Vec<Complex64> = first
            .iter()
            .zip(&second)
            .enumerate()
            .map(|(k, (a, b))| {
                let weight = pass(k as f64 * bin, CLOCKED.0, CLOCKED.1.min(self.limits()[1]));
                b * a.conj() * weight
            })
            .collect();
        let correlation = small.samples(cross.clone());
        let size = correlation.len() as isize;
        let best = (0..correlation.len())
            .max_by(|a, b| correlation[*a].total_cmp(&correlation[*b]))
            .filter(|best| correlation[*best] > 0.0)? as isize;
        let coarse = if best > size / 2 { best - size } else { best };
        // Newton's steps towards the delay at which all frequencies agree best.
        let turn = std::f64::consts::TAU / size as f64;
        let mut late = coarse as f64;
        for _ in 0..20 {
            let (mut slope, mut bend) = (0.0, 0.0);
            for (k, cross) in cross.iter().enumerate() {
                let omega = turn * k as f64;
                let left = cross * Complex64::from_polar(1.0, omega * late);
                slope -= omega * left.im;
                bend -= omega * omega * left.re;
            }
            if bend >= 0.0 {
                break;
            }
            let step = (slope / bend).clamp(-0.5, 0.5);
            late -= step;
            if step.abs() < 1e-9 {
                break;
            }
        }
        if !late.is_finite() || (late - coarse as f64).abs() > 2.0 {
            return None;
        }
        // The variance of the delay: what disagrees in quadrature against how sharply it turns.
        let (mut disagree, mut sharp) = (0.0, 0.0);
        for (k, cross) in cross.iter().enumerate() {
            let omega = turn * k as f64;
            let left = cross * Complex64::from_polar(1.0, omega * late);
            disagree += (omega * left.im).powi(2);
            sharp += omega * omega * left.re;
        }
        (sharp > 0.0).then(|| (late, disagree.sqrt() / sharp))
    }

    /// The first `length` samples around the strongest arrival and after it, softly cut.
    fn windowed<'a>(&'a self, impulse: &'a [f64], length: usize) -> impl Iterator<Item = f64> + 'a {
        let end = (self.lead + length.min(self.tail)).min(impulse.len());
        let before = (BEFORE_S * self.rate) as usize;
        let fade = (length / 8).max(1) as f64;
        impulse[..end].iter().enumerate().map(move |(n, x)| {
            if n + before < self.lead {
                return 0.0;
            }
            x * ((end - n) as f64 / fade).min(1.0)
        })
    }

    /// The energies in common of the impulse response within `low..high` hertz, a sample each,
    /// from the strongest arrival on, as long as there is nothing but echo; the first has also what
    /// of that arrival comes before its top. Noise makes them scatter around 0.
    pub(super) fn energies(&self, low: f64, high: f64) -> Vec<f64> {
        let bin = self.transform.bin(self.rate);
        let filtered = |impulse: &[f64]| {
            let spectrum = self.transform.spectrum(impulse.iter().copied());
            let spectrum = spectrum.iter().enumerate();
            let spectrum =
                spectrum.map(|(k, x)| x * pass_softly(k as f64 * bin, low, high, SOFT_OCTAVES));
            self.transform.samples(spectrum.collect())
        };
        let (first, second) = (filtered(&self.first), filtered(&self.second));
        let common = |range: std::ops::Range<usize>| {
            let both = first[range.clone()].iter().zip(&second[range]);
            both.map(|(a, b)| a * b)
        };
        let before = self.lead - ((RISE_S * self.rate) as usize).min(self.lead);
        let mut energies: Vec<f64> =
            common(self.lead..(self.lead + self.tail).min(first.len())).collect();
        if let Some(top) = energies.first_mut() {
            *top += common(before..self.lead).sum::<f64>();
        }
        energies
    }

    /// The power response, as ratios of what is recorded to what is played, a bin each, and the
    /// width of a bin in hertz. Noise makes it scatter, below 0 too.
    pub(super) fn power(&self) -> (Vec<f64>, f64) {
        let [first, second] = self.spectra();
        let both = first.iter().zip(&second);
        let power = both.map(|(a, b)| (a * b.conj()).re).collect();
        (power, self.transform.bin(self.rate))
    }

    /// The power response of each of the two by itself, its noise with it.
    pub(super) fn powers(&self) -> ([Vec<f64>; 2], f64) {
        let power = |spectrum: Vec<Complex64>| spectrum.iter().map(Complex64::norm_sqr).collect();
        (self.spectra().map(power), self.transform.bin(self.rate))
    }

    /// By how many decibels the second came louder than the first, in `low..high` hertz; `None` if
    /// either did not come.
    pub(super) fn swelled(&self, low: f64, high: f64) -> Option<f64> {
        let [first, second] = self.spectra();
        let bin = self.transform.bin(self.rate);
        let range = (low / bin) as usize..((high / bin) as usize).min(first.len());
        let common: f64 = range
            .clone()
            .map(|k| (first[k] * second[k].conj()).re)
            .sum();
        let own: f64 = range.map(|k| first[k].norm_sqr()).sum();
        let ratio = common / own;
        (ratio > 0.0 && ratio.is_finite()).then(|| 20.0 * ratio.log10())
    }

    fn spectra(&self) -> [Vec<Complex64>; 2] {
        [&self.first, &self.second]
            .map(|impulse| self.transform.spectrum(self.windowed(impulse, self.tail)))
    }

    /// Power of the `order`th harmonic (2 to 5) against the sweep itself while it passes through
    /// `low..high` hertz, as a ratio. Noise makes it scatter, below 0 too.
    pub(super) fn harmonic(&self, order: usize, low: f64, high: f64) -> Option<f64> {
        let length = (HARMONIC_S * self.rate) as usize;
        let small = Transform::holding(length + self.lead);
        let early = (Stimulus::GROWTH_S * (order as f64).ln() * self.rate).round() as usize;
        let size = self.transform.size();
        let before = (BEFORE_S * self.rate) as usize;
        let part = |impulse: &[f64], early: usize| {
            let fade = (length / 8).max(1) as f64;
            let cut: Vec<f64> = (0..length)
                .map(|n| {
                    let at = (self.lead + size + n - before - early) % size;
                    let edges = (n.min(length - n)) as f64;
                    impulse[at] * (edges / fade).min(1.0)
                })
                .collect();
            small.spectrum(cut)
        };
        let power = |early: usize| -> Vec<f64> {
            let (first, second) = (part(&self.first, early), part(&self.second, early));
            let both = first.iter().zip(&second);
            both.map(|(a, b)| (a * b.conj()).re).collect()
        };
        let (plain, harmonic) = (power(0), power(early));
        let bin = small.bin(self.rate);
        let top = high.min(self.limits()[1] / order as f64);
        // Points evenly spread over octaves, as the sweep passes them.
        let points = 64;
        let (mut own, mut made) = (0.0, 0.0);
        for i in 0..points {
            let hertz = low * (top / low).powf((f64::from(i) + 0.5) / f64::from(points));
            let at = |hertz: f64| (hertz / bin).round() as usize;
            own += plain.get(at(hertz))?;
            made += harmonic.get(at(hertz * order as f64))?;
        }
        (top > low && own > 0.0).then(|| made / own)
    }

    /// How much stronger what the two have in common is than what they differ in, in the first
    /// 50 ms and in `low..high` hertz, in decibels.
    pub(super) fn agreement(&self, low: f64, high: f64) -> f64 {
        let length = (NEAR_S * self.rate) as usize;
        let small = Transform::holding(2 * length);
        let near = |impulse: &[f64]| small.spectrum(self.windowed(impulse, length));
        let (first, second) = (near(&self.first), near(&self.second));
        let bin = small.bin(self.rate);
        let (mut common, mut differing) = (0.0, 0.0);
        for (k, (a, b)) in first.iter().zip(&second).enumerate() {
            let weight = pass(k as f64 * bin, low, high);
            common += weight * (a + b).norm_sqr() / 4.0;
            differing += weight * (a - b).norm_sqr() / 4.0;
        }
        10.0 * (common / differing.max(f64::MIN_POSITIVE)).log10()
    }

    /// The impulse response, the mean of both, from a little before the strongest arrival on, and
    /// where in it that is. For drawing.
    pub(super) fn impulse(&self) -> (Vec<f64>, usize) {
        let end = (self.lead + self.tail).min(self.first.len());
        let both = self.first[..end].iter().zip(&self.second[..end]);
        (both.map(|(a, b)| (a + b) / 2.0).collect(), self.lead)
    }
}

/// Taken from before the strongest arrival, in seconds: a weaker one may come first.
const LEAD_S: f64 = 0.03;
/// What is before the strongest arrival and belongs to it.
const BEFORE_S: f64 = 0.01;
/// Half of an impulse of 7.5 kHz of bandwidth, and of what its edges ring.
const RISE_S: f64 = 0.002;
/// The end of the silence after a sweep, softly left out.
const END_S: f64 = 0.01;
/// The part of a response by which two are compared: louder than its echo.
const NEAR_S: f64 = 0.05;
/// The part of a response that a harmonic has before the next higher one ends: from the fifth to
/// the fourth there are 58 ms.
const HARMONIC_S: f64 = 0.055;
/// Frequencies by which clocks are compared.
const CLOCKED: (f64, f64) = (500.0, 10_000.0);
/// 1000 ppm of a sweep are 1.4 ms.
const MOVED_S: f64 = 0.003;
/// Edges of an octave below 500 Hz ring for 4 ms.
const SOFT_OCTAVES: f64 = 1.0;
/// More is no clock's error: something was lost, or put in, between the sweeps.
pub(super) const MOST_PPM: f64 = 1_000.0;
