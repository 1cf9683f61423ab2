//! From a recording to what can be known of it.

use super::cancelled::{not_heard, only_pieces};
use super::finding::{Finding, Topic, Verdict};
use super::heard::{Heard, measure};
use super::judgement::{lost, of_the_recording, of_the_way};
use super::search::{self, Pair};
use super::stimulus::Stimulus;
use super::way::Way;
use crate::samples::Resampler;
use crate::units::SampleRate;

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
            level_dbfs: f64::NEG_INFINITY,
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
    let lost = lost(recording, sounding.rate, at_s);
    if let Some(fell_db) = only_pieces(&way, pair, lost > 0) {
        findings.push(Finding::EchoCancelled { fell_db });
        return findings;
    }
    let heard = measure(&samples, rate, stimulus, pair, &way);
    findings.extend(of_the_recording(recording, sounding.rate, &heard, lost));
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
