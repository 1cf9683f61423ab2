//! The report for programs.

use airshake::sounding::{Band, Finding, Heard, Reach, Topic};
use serde_json::{Value, json};

use super::network::Neighbour;
use super::{Case, treatment};
use crate::cli::talk::round;

/// The whole report. Names and units stay; words may change.
pub(super) fn report(case: &Case, neighbour: Option<&Neighbour>) -> Value {
    let sounding = &case.sounding;
    let verdicts: serde_json::Map<String, Value> = Topic::ALL
        .into_iter()
        .filter_map(|topic| {
            let verdict = sounding.verdict_on(topic)?;
            Some((topic.name().to_owned(), verdict.to_string().into()))
        })
        .collect();
    json!({
        "verdict": sounding.verdict().to_string(),
        "loudspeaker": case.loudspeaker,
        "microphone": case.microphone,
        "file": case.file,
        "volume": case.volume,
        "rate": sounding.rate.0,
        "seconds": round(sounding.seconds, 3),
        "late_s": case.late_s.map(|late| round(late, 4)),
        "verdicts": verdicts,
        "findings": sounding.findings.iter().map(finding).collect::<Vec<_>>(),
        "advice": treatment::treatment(case),
        "way": sounding.way.as_ref().map(heard),
        "network": neighbour.map(Neighbour::json),
    })
}

fn finding(finding: &Finding) -> Value {
    let mut object = json!({
        "cause": finding.name(),
        "topic": finding.topic().name(),
        "verdict": finding.verdict().to_string(),
        "words": finding.to_string(),
        "advice": finding.advice(),
    });
    for (name, value) in finding.figures() {
        object[name] = round(value, 4).into();
    }
    object
}

/// What was heard, without the impulse response.
pub(super) fn heard(heard: &Heard) -> Value {
    let echo = &heard.echo;
    json!({
        "at_s": round(heard.at_s, 4),
        "peak_dbfs": tenth(heard.peak_dbfs),
        "gain_db": tenth(heard.gain_db),
        "noise_dbfs": heard.noise_dbfs.map(tenth),
        "reaches_hz": [heard.reaches_from.0.round(), heard.reaches_to.0.round()],
        "distortion": heard.distortion.map(|share| round(share, 5)),
        "t20_s": echo.t20_s.map(|time| round(time, 3)),
        "t30_s": echo.t30_s.map(|time| round(time, 3)),
        "direct_db": echo.direct_db.map(tenth),
        "clarity_db": echo.clarity_db.map(tenth),
        "clock_ppm": round(heard.clock_ppm, 2),
        "clock_deviation_ppm": round(heard.clock_deviation_ppm, 3),
        "agreement_db": tenth(heard.agreement_db),
        "steady": heard.steady.map(|steady| json!({
            "sunk_db": tenth(steady.sunk_db()),
            "gained_db": tenth(steady.gained_db()),
        })),
        "reaches": heard.reaches.iter().map(reach).collect::<Vec<_>>(),
        "bands": heard.bands.iter().map(band).collect::<Vec<_>>(),
    })
}

fn reach(reach: &Reach) -> Value {
    json!({
        "profile": reach.profile.name,
        "snr_db": tenth(reach.snr_db),
        "echo_db": tenth(reach.echo_db),
        "needed_db": tenth(reach.needed_db),
        "spare_db": tenth(reach.spare_db),
    })
}

fn band(band: &Band) -> Value {
    json!({
        "hz": band.middle.0.round(),
        "gain_db": band.gain_db.map(tenth),
        "floor_db": band.floor_db.map(tenth),
        "noise_dbfs": band.noise_dbfs.map(tenth),
    })
}

fn tenth(value: f64) -> f64 {
    round(value, 1)
}
