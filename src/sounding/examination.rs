//! From a recording to what can be known of it.

use super::clipping;
use super::decay::Echo;
use super::finding::{Finding, Topic, Verdict};
use super::gaps;
use super::noise::{Density, mean};
use super::reach::{self, Reach};
use super::search::{self, Pair};
use super::steady::Steady;
use super::stimulus::Stimulus;
use super::way::{MOST_PPM, Way};
use crate::samples::Resampler;
use crate::units::{Hertz, SampleRate};

/// What a recording of a [`Stimulus`] shows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sounding {
    /// How long the recording is.
    pub seconds: f64,
    /// Its sample rate.
    pub rate: SampleRate,
    /// Its largest sample in dB against full scale; `None` if all was zero.
    pub peak_dbfs: Option<f64>,
    /// What is known of the way, if the sweeps were heard.
    pub way: Option<Heard>,
    /// What is not as it should be, the worst first.
    pub findings: Vec<Finding>,
}

/// What is known of a way on which the sweeps were heard.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Heard {
    /// Where in the recording the first sweep begins, in seconds.
    pub at_s: f64,
    /// How far the sweeps stand out, in standard deviations of what else is there.
    pub sigmas: f64,
    /// The peak of the sweeps in dB against full scale.
    pub peak_dbfs: f64,
    /// Gain of the way from 0.6 to 9 kHz (as far as the rate holds that), in decibels of recorded
    /// against played full scale.
    pub gain_db: f64,
    /// The response and the noise, a sixth of an octave each.
    pub bands: Vec<Band>,
    /// The noise from 100 Hz up to 21 kHz (as far as the rate holds that), in dB against full
    /// scale; `None` if it is digital silence, or there was no quiet before the first sweep.
    pub noise_dbfs: Option<f64>,
    /// The frequencies between which the response stays within 20 dB of its mean from 0.6 to
    /// 9 kHz.
    pub reaches_from: Hertz,
    /// See `reaches_from`.
    pub reaches_to: Hertz,
    /// Harmonics two to five against the sweep from 0.4 to 4 kHz, as a ratio of amplitudes; `None`
    /// if noise covers them.
    pub distortion: Option<f64>,
    /// The echo, from 0.5 to 8 kHz (as far as the rate holds that).
    pub echo: Echo,
    /// The impulse response from 5 ms before the strongest arrival: seconds and amplitudes of
    /// recorded against played, every sample.
    pub impulse: Vec<(f64, f64)>,
    /// By how much the player's clock runs faster than the recorder's, in parts per million.
    pub clock_ppm: f64,
    /// Standard deviation of that.
    pub clock_deviation_ppm: f64,
    /// What the two sweeps have in common against what they differ in, in decibels.
    pub agreement_db: f64,
    /// By how much the second sweep came louder, in decibels.
    pub swelled_db: Option<f64>,
    /// What became of the steady sound; `None` if it was not heard.
    pub steady: Option<Steady>,
    /// What the modem would make of it, a profile each.
    pub reaches: Vec<Reach>,
}

/// A sixth of an octave.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Band {
    /// Its middle: 1 kHz, and sixths of an octave from there.
    pub middle: Hertz,
    /// The gain of the way in decibels of recorded against played; `None` if noise covers it.
    pub gain_db: Option<f64>,
    /// The gain at which a burst of the audible profile, played at the volume of the stimulus, would
    /// be no stronger than the noise; `None` for no noise at all. By how much the gain is above it
    /// is the burst's signal-to-noise ratio.
    pub floor_db: Option<f64>,
    /// The noise in it, in dB against full scale; `None` for none at all.
    pub noise_dbfs: Option<f64>,
}

/// Examines a recording of `stimulus`, mono, full scale 1, at any rate from 8 to 192 kHz; the
/// first 30 s of it. `expected_s` tells where the first sweep should be, if that is known: then
/// also a sound that was taken away can be told from one that was not played, and one's own from
/// another's. Whatever is in the recording, there is no panic.
///
/// ```
/// use airshake::sounding::{Stimulus, examine};
/// use airshake::units::SampleRate;
///
/// let rate = SampleRate::HZ_48000;
/// let stimulus = Stimulus::new(0.5);
/// let heard = examine(&stimulus.samples(rate), rate, &stimulus, None);
/// assert!(heard.findings.is_empty(), "{:?}", heard.findings);
/// ```
pub fn examine(
    recording: &[f32],
    rate: SampleRate,
    stimulus: &Stimulus,
    expected_s: Option<f64>,
) -> Sounding {
    let most = rate.samples_in(MOST_S) as usize;
    let recording = &recording[..recording.len().min(most)];
    let mut sounding = Sounding {
        seconds: rate.seconds(recording.len() as u64),
        rate,
        peak_dbfs: peak_dbfs(recording),
        way: None,
        findings: Vec::new(),
    };
    sounding.findings = look(recording, stimulus, expected_s, &mut sounding);
    sounding
        .findings
        .sort_by_key(|finding| std::cmp::Reverse(finding.verdict()));
    sounding
}

impl Sounding {
    /// The worst of all.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.findings.iter().map(Finding::verdict);
        verdicts.max().unwrap_or(Verdict::Fine)
    }

    /// The worst of a topic; `None` if nothing is known about it.
    pub fn verdict_on(&self, topic: Topic) -> Option<Verdict> {
        let of_topic = self.findings.iter().filter(|f| f.topic() == topic);
        let worst = of_topic.map(Finding::verdict).max();
        worst.or_else(|| self.way.is_some().then_some(Verdict::Fine))
    }
}

fn look(
    recording: &[f32],
    stimulus: &Stimulus,
    expected_s: Option<f64>,
    sounding: &mut Sounding,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if recording.is_empty() {
        return vec![Finding::Empty];
    }
    let broken = recording.iter().filter(|x| !x.is_finite()).count();
    if broken > 0 {
        let share = broken as f64 / recording.len() as f64;
        findings.push(Finding::NotNumbers { share });
    }
    if sounding.peak_dbfs.is_none() {
        findings.push(Finding::Silent);
        return findings;
    }
    let needed_s = Stimulus::APART_S + Stimulus::SWEEP_S;
    if sounding.seconds < needed_s {
        let seconds = sounding.seconds;
        findings.push(Finding::TooShort { seconds, needed_s });
        return findings;
    }
    let Some((samples, rate)) = at_working_rate(recording, sounding.rate) else {
        findings.push(Finding::NotHeard {
            level_dbfs: decibels(power(&[])),
        });
        return findings;
    };
    let pairs = search::pairs(&samples, rate);
    let own = own(&pairs, rate, expected_s);
    let measured = own.and_then(|pair| Some((pair, Way::measure(&samples, rate, stimulus, pair)?)));
    let Some((pair, way)) = measured else {
        findings.push(not_heard(&samples, rate, expected_s));
        return findings;
    };
    let at_s = pair.at as f64 / rate;
    let other = pairs
        .iter()
        .map(|other| other.at as f64 / rate)
        .find(|other| *other != at_s && (other - at_s).abs() < Stimulus::seconds());
    if let Some(at_s) = other {
        findings.push(Finding::Disturbed { at_s });
    }
    if let Some(fell_db) = only_pieces(&way, pair) {
        findings.push(Finding::EchoCancelled { fell_db });
        return findings;
    }
    let heard = measure(&samples, rate, stimulus, pair, &way);
    findings.extend(of_the_recording(recording, sounding.rate, &heard));
    findings.extend(of_the_way(&heard));
    let missing_s = heard.at_s + Stimulus::SOFT_S.end - sounding.seconds;
    if missing_s > 0.0 {
        findings.push(Finding::CutOff { missing_s });
    }
    sounding.way = Some(heard);
    findings
}

/// The pair that is nearest to where ours should be; the clearest one if that is not known.
fn own(pairs: &[Pair], rate: f64, expected_s: Option<f64>) -> Option<&Pair> {
    let Some(expected) = expected_s else {
        return pairs.first();
    };
    let off = |pair: &Pair| (pair.at as f64 / rate - expected).abs();
    pairs
        .iter()
        .filter(|pair| off(pair) < FOUND_WITHIN_S)
        .min_by(|a, b| off(a).total_cmp(&off(b)))
}

/// The samples at a rate no higher than is needed, without those that are no numbers.
fn at_working_rate(recording: &[f32], rate: SampleRate) -> Option<(Vec<f64>, f64)> {
    let clean = |x: &f32| if x.is_finite() { *x } else { 0.0 };
    let working = SampleRate::HZ_48000;
    if rate.0 < LOWEST_RATE {
        return None;
    }
    if rate.0 <= working.0 {
        let samples = recording.iter().map(|x| f64::from(clean(x))).collect();
        return Some((samples, f64::from(rate.0)));
    }
    let mut resampler = Resampler::new(rate, working, Stimulus::BAND.1).ok()?;
    let cleaned: Vec<f32> = recording.iter().map(clean).collect();
    let mut samples = Vec::new();
    resampler.push(&cleaned, &mut samples);
    resampler.finish(&mut samples);
    let samples = samples.into_iter().map(f64::from).collect();
    Some((samples, f64::from(working.0)))
}

/// The sweeps are not there: never played, or taken away?
fn not_heard(samples: &[f64], rate: f64, expected_s: Option<f64>) -> Finding {
    let level_dbfs = decibels(power(samples));
    let Some(expected) = expected_s else {
        return Finding::NotHeard { level_dbfs };
    };
    let part = |from: f64, to: f64| {
        let place = |seconds: f64| ((seconds * rate).max(0.0) as usize).min(samples.len());
        power(&samples[place(expected + from)..place(expected + to).max(place(expected + from))])
    };
    let before = part(-Stimulus::QUIET_S, -0.1);
    let during = part(0.3, Stimulus::SWEEP_S);
    let fell_db = decibels(before) - decibels(during);
    if before > 0.0 && fell_db >= FALLEN_DB {
        Finding::EchoCancelled { fell_db }
    } else {
        Finding::NotHeard { level_dbfs }
    }
}

/// By how much the weaker half of the sweeps is below their strongest piece, if nearly half of their
/// frequencies are gone; or a quarter, and what is left did not come the same twice; or if what came
/// of one sweep is not what came of the other.
fn only_pieces(way: &Way, pair: &Pair) -> Option<f64> {
    if pair.sigmas < CLEAR_SIGMAS {
        return None;
    }
    let high = MODEM.1.min(way.limits()[1]);
    let ([first, second], bin) = way.powers();
    let each: Vec<[f64; 2]> = sixths()
        .filter(|middle| (MODEM.0..=high).contains(middle))
        .map(|middle| {
            [&first, &second]
                .map(|power| mean(power, bin, middle / HALF_SIXTH, middle * HALF_SIXTH))
        })
        .collect();
    let mut levels: Vec<f64> = each.iter().map(|[a, b]| decibels((a + b) / 2.0)).collect();
    levels.sort_by(f64::total_cmp);
    let below = |share: f64| {
        let place = (levels.len() as f64 * share) as usize;
        Some(levels.last()? - levels.get(place)?)
    };
    let changed = way.agreement(MODEM.0, high) < UNSTEADY_DB;
    let gone = below(if changed { 0.25 } else { MOST_GONE })? >= PIECES_DB;
    let uneven = |[a, b]: &&[f64; 2]| (decibels(*a) - decibels(*b)).abs() > UNEVEN_DB;
    let torn = changed && each.iter().filter(uneven).count() as f64 >= TORN * each.len() as f64;
    below(0.5).filter(|_| gone || torn)
}

/// The middles of sixths of octaves.
fn sixths() -> impl Iterator<Item = f64> {
    (-24..=27).map(|sixth| 1_000.0 * 2f64.powf(f64::from(sixth) / 6.0))
}

fn measure(samples: &[f64], rate: f64, stimulus: &Stimulus, pair: &Pair, way: &Way) -> Heard {
    let clock = way.clock();
    let at = pair.at as f64;
    let place = |seconds: f64| ((at + seconds * rate).max(0.0) as usize).min(samples.len());
    let noise = quiet(samples, rate, pair.at);
    let volume = f64::from(stimulus.volume());
    let (power_of, bin) = way.power();
    let [low, high] = way.limits();
    let modem = (MODEM.0, MODEM.1.min(high));
    let gain = mean(&power_of, bin, modem.0, modem.1);
    let reaches = reach::reaches(way, &noise, volume);
    let bands = bands(&power_of, bin, &noise, (low, high), volume);
    let (reaches_from, reaches_to) = reached(&bands, decibels(gain));
    let sweeps = &samples[place(0.0)..place(Stimulus::APART_S + Stimulus::SWEEP_S)];
    let echo_band = (ECHO_BAND.0, ECHO_BAND.1.min(high));
    let energies = way.energies(echo_band.0, echo_band.1);
    let (impulse, lead) = way.impulse();
    let before = (0.005 * rate) as usize;
    let second = rate / (1.0 + clock.ppm / 1e6);
    // What became of a steady sound is of interest most where the sweeps were changed.
    let agreement_db = way.agreement(echo_band.0, echo_band.1);
    let loudness;
    let gains = if agreement_db < UNSTEADY_DB {
        // Whatever the two have in common: what is left of each where the way changes.
        let ([first, second], _) = way.powers();
        let both = first.iter().zip(&second);
        loudness = both.map(|(a, b)| (a + b) / 2.0).collect();
        &loudness
    } else {
        &power_of
    };
    let line_gain = |hertz: f64| mean(gains, bin, hertz - LINE_HZ / 2.0, hertz + LINE_HZ / 2.0);
    Heard {
        at_s: at / rate,
        sigmas: pair.sigmas,
        peak_dbfs: 2.0 * decibels(sweeps.iter().fold(0.0f64, |peak, x| peak.max(x.abs()))),
        gain_db: decibels(gain),
        noise_dbfs: finite(decibels(noise.power(low.min(100.0), rate / 2.0))),
        bands,
        reaches_from,
        reaches_to,
        distortion: distortion(way),
        echo: Echo::of(&energies, rate, echo_band.1 - echo_band.0),
        impulse: impulse
            .iter()
            .enumerate()
            .skip(lead - before.min(lead))
            .map(|(n, x)| ((n as f64 - lead as f64) / rate, *x))
            .collect(),
        clock_ppm: clock.ppm,
        clock_deviation_ppm: clock.deviation_ppm,
        agreement_db,
        swelled_db: way.swelled(echo_band.0, echo_band.1),
        steady: Steady::of(samples, at, second, stimulus, line_gain),
        reaches,
    }
}

/// The noise before the first sweep.
fn quiet(samples: &[f64], rate: f64, at: usize) -> Density {
    let end = at.saturating_sub((BEFORE_S * rate) as usize);
    let start = at.saturating_sub(((Stimulus::QUIET_S - BEFORE_S) * rate) as usize);
    Density::of(&samples[start.min(end)..end], rate)
}

fn bands(
    power: &[f64],
    bin: f64,
    noise: &Density,
    (low, high): (f64, f64),
    volume: f64,
) -> Vec<Band> {
    let audible = &crate::modem::Profile::AUDIBLE;
    let density = reach::burst_density(audible) * volume * volume;
    sixths()
        .filter(|middle| middle / HALF_SIXTH >= low && middle * HALF_SIXTH <= high)
        .map(|middle| {
            let (from, to) = (middle / HALF_SIXTH, middle * HALF_SIXTH);
            let noise = noise.power(from, to);
            Band {
                middle: Hertz(middle),
                gain_db: finite(decibels(mean(power, bin, from, to))),
                floor_db: finite(decibels(noise / (density * (to - from)))),
                noise_dbfs: finite(decibels(noise)),
            }
        })
        .collect()
}

/// Where the response begins and ends around its loudest band.
fn reached(bands: &[Band], gain_db: f64) -> (Hertz, Hertz) {
    let heard = |band: &&Band| band.gain_db.is_some_and(|gain| gain > gain_db - DEEP_DB);
    let first = bands.iter().find(heard);
    let last = bands.iter().rev().find(heard);
    let middle = |band: Option<&Band>| band.map_or(Hertz(0.0), |band| band.middle);
    (middle(first), middle(last))
}

/// Harmonics two to five, as a ratio of amplitudes.
fn distortion(way: &Way) -> Option<f64> {
    let made: Option<f64> = (2..=5)
        .map(|order| way.harmonic(order, DISTORTED.0, DISTORTED.1))
        .sum();
    made.filter(|made| *made > 0.0).map(f64::sqrt)
}

/// What the samples tell, wherever the sweeps are.
fn of_the_recording(recording: &[f32], rate: SampleRate, heard: &Heard) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = |seconds: f64| {
        let samples = rate.samples_in((heard.at_s + seconds).max(0.0)) as usize;
        samples.min(recording.len())
    };
    // Where the sweep is above a kilohertz.
    let high = Stimulus::GROWTH_S * (1_000.0 / Stimulus::BAND.0.0).ln();
    let over = [0.0, Stimulus::APART_S]
        .map(|start| &recording[place(start + high)..place(start + Stimulus::SWEEP_S)])
        .into_iter()
        .filter_map(|sweep| clipping::overdrive(sweep, f64::from(rate.0)))
        .reduce(f64::max);
    if let Some(over_db) = over.filter(|over| *over >= CLIPPED_DB) {
        findings.push(Finding::Clipped { over_db });
    }
    let sounding = [
        (0.0, Stimulus::SWEEP_S),
        (Stimulus::APART_S, Stimulus::APART_S + Stimulus::SWEEP_S),
        (Stimulus::STEADY_S.start, Stimulus::SOFT_S.end),
    ];
    let gaps = sounding
        .into_iter()
        .map(|(from, to)| gaps::gaps(&recording[place(from)..place(to)], rate))
        .sum();
    if gaps > 0 {
        findings.push(Finding::Gaps { gaps });
    }
    findings
}

/// What the figures tell.
fn of_the_way(heard: &Heard) -> Vec<Finding> {
    let mut findings = Vec::new();
    if heard.peak_dbfs < QUIET_DBFS {
        let peak_dbfs = heard.peak_dbfs;
        findings.push(Finding::TooQuiet { peak_dbfs });
    }
    if let Some(share) = heard.distortion.filter(|share| *share > DISTORTION) {
        findings.push(Finding::Distorted { share });
    }
    findings.extend(band_limit(heard));
    findings.extend(of_reach(heard));
    let slipped = heard.clock_ppm.abs() > MOST_PPM;
    if slipped {
        let by_ms = -heard.clock_ppm / 1e6 * Stimulus::APART_S * 1e3;
        findings.push(Finding::Slipped { by_ms });
    } else if heard.clock_ppm.abs() > GOOD_PPM {
        let ppm = heard.clock_ppm;
        findings.push(Finding::ClockOff { ppm });
    }
    if let Some(steady) = &heard.steady {
        let (sunk_db, by_db) = (steady.sunk_db(), steady.gained_db());
        if by_db >= PROCESSED_DB {
            findings.push(Finding::GainControlled { by_db });
        }
        if sunk_db >= PROCESSED_DB {
            findings.push(Finding::NoiseSuppressed { sunk_db });
        }
    }
    if heard.agreement_db < UNSTEADY_DB && expected_agreement(heard) > UNSTEADY_DB + 6.0 {
        let agreement_db = heard.agreement_db;
        findings.push(Finding::Unsteady { agreement_db });
    }
    findings
}

/// The agreement that noise alone would leave, at least: in a response of 50 ms the sweep's power
/// stands above the noise by its own length against those.
fn expected_agreement(heard: &Heard) -> f64 {
    10.0 * (heard.sigmas * heard.sigmas / 100.0).max(1e-9).log10()
}

fn band_limit(heard: &Heard) -> Option<Finding> {
    let gain = |band: &Band| band.gain_db.unwrap_or(f64::NEG_INFINITY);
    let modem: Vec<&Band> = heard
        .bands
        .iter()
        .filter(|band| (MODEM.0..=MODEM.1).contains(&band.middle.0))
        .collect();
    let top = heard.bands.last()?.middle.0;
    // A cliff: all above is gone, and just below nothing was missing.
    let edge = heard.reaches_to.0;
    let below: Vec<f64> = heard
        .bands
        .iter()
        .filter(|band| band.middle.0 <= edge && band.middle.0 > edge / 2.0)
        .map(gain)
        .collect();
    let cliff = heard
        .bands
        .iter()
        .filter(|band| band.middle.0 > edge * CLIFF_WITHIN)
        .map(gain)
        .fold(f64::NEG_INFINITY, f64::max);
    let level = below.iter().sum::<f64>() / below.len().max(1) as f64;
    if edge < MODEM.1 && edge < top / CLIFF_WITHIN && cliff < level - CLIFF_DB {
        return Some(Finding::BandLimited { above: Hertz(edge) });
    }
    let deep = modem
        .iter()
        .filter(|band| gain(band) < heard.gain_db - DEEP_DB)
        .count();
    let share = deep as f64 / modem.len().max(1) as f64;
    (share > HOLES_SHARE).then_some(Finding::Holes { share })
}

fn of_reach(heard: &Heard) -> Option<Finding> {
    let audible = heard.reaches.iter().find(|r| r.profile.name == "audible")?;
    if audible.spare_db < 0.0 {
        let echo = audible.echo_db < audible.needed_db + 3.0;
        return Some(if echo {
            Finding::LongEcho {
                echo_db: audible.echo_db,
            }
        } else {
            Finding::TooNoisy {
                missing_db: -audible.spare_db,
            }
        });
    }
    (audible.spare_db < ACROSS_A_ROOM_DB).then_some(Finding::Near {
        spare_db: audible.spare_db,
    })
}

fn power(samples: &[f64]) -> f64 {
    samples.iter().map(|x| x * x).sum::<f64>() / samples.len().max(1) as f64
}

fn decibels(power: f64) -> f64 {
    10.0 * power.max(0.0).log10()
}

fn finite(decibels: f64) -> Option<f64> {
    // What is below the last bit of 24 by 50 dB is rounding.
    (decibels > -200.0).then_some(decibels)
}

fn peak_dbfs(samples: &[f32]) -> Option<f64> {
    let finite = samples.iter().filter(|x| x.is_finite());
    let peak = finite.fold(0.0f32, |peak, x| peak.max(x.abs()));
    (peak > 0.0).then(|| 20.0 * f64::from(peak).log10())
}

/// So much of a recording is looked at.
const MOST_S: f64 = 30.0;
/// Below this there is too little of the band.
const LOWEST_RATE: u32 = 8_000;
/// Sound cards hold back no more than two seconds.
const FOUND_WITHIN_S: f64 = 2.5;
/// A microphone that hears so much less while the loudspeaker plays is being worked on: noise of a
/// second varies by a decibel or two.
const FALLEN_DB: f64 = 6.0;
/// Kept clear of the first sweep when noise is measured: what arrives before the strongest.
const BEFORE_S: f64 = 0.05;
/// The band of the audible profile, in hertz.
const MODEM: (f64, f64) = (600.0, 9_000.0);
/// Where speech and the modem live, without the edges of either.
const ECHO_BAND: (f64, f64) = (500.0, 8_000.0);
/// Where harmonics up to the fifth still lie below 20 kHz.
const DISTORTED: (f64, f64) = (400.0, 4_000.0);
/// The distance of the steady sound's lines, in hertz.
const LINE_HZ: f64 = 12.5;
/// Harmonics that make a twentieth of the power are as strong as the echo of a room, and they fall
/// between the tones: 22 % of the amplitude is 13 dB.
const DISTORTION: f64 = 0.22;
/// A band that is so much weaker than the mean carries nothing where others just work.
const DEEP_DB: f64 = 20.0;
/// Loudspeakers, rooms and converters fall by 24 dB an octave at most, up to where they end.
const CLIFF_DB: f64 = 25.0;
const CLIFF_WITHIN: f64 = 1.2;
/// The code bears the loss of a third of the tones.
const HOLES_SHARE: f64 = 0.2;
/// Below it the noise of 16 bits (-101 dBFS) is nearer than the 40 dB that leave room for
/// everything else.
const QUIET_DBFS: f64 = -60.0;
/// From the 30 cm of a laptop's own loudspeaker to 3 m across a room are 20 dB in the free field.
const ACROSS_A_ROOM_DB: f64 = 20.0;
/// Crystals are within 100 ppm, worn ones within 200, two of them within 400.
const GOOD_PPM: f64 = 400.0;
/// Tops that are cut by less do no harm.
const CLIPPED_DB: f64 = 0.5;
/// A quarter of the step, and more than any room or loudspeaker does by itself.
const PROCESSED_DB: f64 = 3.0;
/// Pieces that are left stand out of the rest by more than any loudspeaker's response.
const PIECES_DB: f64 = 30.0;
/// However somebody moves, a sixth of an octave keeps its level: at the lower end, 69 Hz in 0.4 s of
/// echo, its power is a sum of four that are independent, and two such sums differ by 10 dB once in
/// 260 times (F distribution, 8 and 8 degrees of freedom); higher up never.
const UNEVEN_DB: f64 = 10.0;
/// Three of the modem's 24 sixths.
const TORN: f64 = 0.125;
/// A telephone takes a third of the modem's octaves.
const MOST_GONE: f64 = 0.45;
/// A sweep that stands out by this leaves 20 dB and more to see that it is not the same twice.
const CLEAR_SIGMAS: f64 = 100.0;
/// The twelfth part of an octave.
const HALF_SIXTH: f64 = 1.059_463_094_359_295_3;
/// The same sound twice is the same to better than a tenth of its power, unless somebody moves.
const UNSTEADY_DB: f64 = 10.0;
