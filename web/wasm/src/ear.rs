//! Samples to events, as JSON.

use airshake::json;
use airshake::json::Value;
use airshake::modem::{Diagnosis, Event, Finding, Loss, Profile, Receiver, Unread};
use airshake::units::{Decibels, SampleRate};

use super::hex::hex;
use super::refusal::Refusal;

/// Listens, and knows why nothing was heard.
pub(crate) struct Ear {
    receiver: Receiver,
    diagnosis: Diagnosis,
}

impl Ear {
    /// For the profiles whose bits are set in `wanted`.
    pub(crate) fn new(wanted: u32, rate: u32) -> Result<Self, Refusal> {
        let profiles: Vec<&'static Profile> = Profile::ALL
            .iter()
            .enumerate()
            .filter(|(i, _)| wanted >> i & 1 == 1)
            .map(|(_, profile)| *profile)
            .collect();
        if profiles.is_empty() || wanted >> Profile::ALL.len() != 0 {
            return Err(Refusal::usage(format!(
                "no such profiles: {wanted:#x} of {}",
                Profile::ALL.len()
            )));
        }
        let rate = SampleRate(rate);
        let receiver = Receiver::new(&profiles, rate);
        let receiver = receiver.map_err(|error| Refusal::limit(error.to_string()))?;
        Ok(Self {
            receiver,
            diagnosis: Diagnosis::new(&profiles, rate),
        })
    }

    pub(crate) fn missing() -> Refusal {
        Refusal::usage("nothing listens: ear_open comes first".to_owned())
    }

    /// The events as a JSON array; no byte if there are none.
    pub(crate) fn push(&mut self, samples: &[f32]) -> Vec<u8> {
        self.diagnosis.push(samples);
        told(&mut self.diagnosis, self.receiver.push(samples))
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        told(&mut self.diagnosis, self.receiver.finish())
    }

    pub(crate) fn report(&self) -> Vec<u8> {
        let report = self.diagnosis.report();
        let level = |dbfs: Option<f64>| dbfs.map(|dbfs| rounded(dbfs, 10.0));
        json!({
            "seconds": rounded(report.seconds, 1e3),
            "rmsDbfs": level(report.rms_dbfs),
            "peakDbfs": level(report.peak_dbfs),
            "messages": report.messages,
            "findings": report.findings.iter().map(finding).collect::<Value>(),
        })
        .to_string()
        .into_bytes()
    }
}

fn told(diagnosis: &mut Diagnosis, events: impl Iterator<Item = Event>) -> Vec<u8> {
    let mut all = Vec::new();
    for event in events {
        diagnosis.note(&event);
        all.push(object(&event));
    }
    match all.is_empty() {
        true => Vec::new(),
        false => Value::Array(all).to_string().into_bytes(),
    }
}

/// The event under its name, with the names of its figures as JavaScript writes them.
fn object(event: &Event) -> Value {
    match event {
        Event::Carrier { at, level } => {
            json!({ "type": "carrier", "at": at, "levelDb": decibels(*level) })
        }
        Event::Header {
            at,
            profile,
            bytes,
            pass,
            until,
        } => json!({
            "type": "header",
            "at": at,
            "profile": profile,
            "bytes": *bytes,
            "pass": pass,
            "until": until,
        }),
        Event::Segment { at, got, need } => {
            json!({ "type": "segment", "at": at, "got": got, "need": need })
        }
        Event::Kept {
            at,
            pass,
            passes,
            snr,
        } => json!({
            "type": "kept",
            "at": at,
            "pass": pass,
            "passes": passes,
            "snrDb": decibels(*snr),
        }),
        Event::Message(heard) => json!({
            "type": "message",
            "at": heard.at,
            "end": heard.end,
            "payload": hex(&heard.payload),
            "profile": heard.profile,
            "passes": heard.passes,
            "snrDb": decibels(heard.snr),
            "clockPpm": rounded(heard.clock_ppm.into(), 10.0),
        }),
        Event::Unread(unread) => unread_object(unread),
        Event::Lost {
            at,
            profile,
            reason,
            snr,
        } => json!({
            "type": "lost",
            "at": at,
            "profile": profile,
            "reason": loss(reason),
            "snrDb": decibels(*snr),
        }),
        // Of a library newer than this module.
        _ => json!({ "type": "other" }),
    }
}

fn unread_object(unread: &Unread) -> Value {
    json!({
        "type": "unread",
        "at": unread.at,
        "header": unread.header,
        "cutOff": unread.cut_off,
        "aboveDb": unread.above.map(decibels),
        "snrDb": decibels(unread.snr),
        "sigmas": rounded(unread.sigmas.into(), 100.0),
        "clockPpm": rounded(unread.clock_ppm.into(), 10.0),
        "spreadSeconds": rounded(unread.spread_s.into(), 1e4),
        "band": unread.band.map(|(from, to)| [rounded(from.0, 10.0), rounded(to.0, 10.0)]),
    })
}

fn loss(reason: &Loss) -> Value {
    match reason {
        Loss::Unreadable { passes } => json!({ "type": "unreadable", "passes": passes }),
        Loss::CutOff => json!({ "type": "cut-off" }),
        Loss::SegmentsMissing { got, need } => {
            json!({ "type": "segments-missing", "got": got, "need": need })
        }
        Loss::Unsupported => json!({ "type": "unsupported" }),
        _ => json!({ "type": "other" }),
    }
}

fn finding(finding: &Finding) -> Value {
    let figures = finding.figures().into_iter();
    json!({
        "cause": finding.name(),
        "words": finding.to_string(),
        "advice": finding.advice(),
        "figures": figures
            .map(|(name, value)| (name.to_owned(), Value::from(rounded(value, 1e4))))
            .collect::<json::Map>(),
    })
}

fn decibels(level: Decibels) -> f64 {
    rounded(level.0.into(), 100.0)
}

/// To so many parts of one.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
