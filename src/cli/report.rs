//! Why nothing was decoded, in words and in JSON.

use airshake::modem::{Finding, Report};
use serde_json::{Value, json};

use super::talk::round;

/// Longest line that a terminal of eighty columns shows whole.
const WIDTH: usize = 79;

/// Up to four lines: how much was heard and how loud, with `note` added to it; the likeliest
/// cause; what to do about it; and the other causes, as many as fit.
pub(crate) fn words(report: &Report, note: &str) -> String {
    let mut lines = vec![format!("{}{note}", heading(report))];
    if let Some((first, others)) = report.findings.split_first() {
        lines.push(format!("  {first}"));
        lines.push(format!("  {}", first.advice()));
        lines.extend(also(others));
    }
    lines.join("\n")
}

/// Only the cause and what to do about it: for an end that says otherwise what it was.
pub(crate) fn cause(report: &Report) -> Option<String> {
    let finding = report.findings.first()?;
    Some(format!("  {finding}\n  {}", finding.advice()))
}

fn heading(report: &Report) -> String {
    let seconds = duration(report.seconds);
    let sound = match (report.rms_dbfs, report.peak_dbfs) {
        (Some(rms), Some(peak)) => {
            // Adding zero takes the sign from a rounded -0.
            let (rms, peak) = (rms.round() + 0.0, peak.round() + 0.0);
            format!("{seconds} of sound at {rms} dBFS, peak {peak} dBFS")
        }
        _ => format!("{seconds} of silence"),
    };
    match report.messages {
        _ if report.seconds == 0.0 => "nothing decoded".to_owned(),
        0 => format!("nothing decoded in {sound}"),
        1 => format!("one message in {sound}"),
        n => format!("{n} messages in {sound}"),
    }
}

/// Seconds in words, to two digits where there are few.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{seconds:.1} s")
    }
}

fn also(others: &[Finding]) -> Option<String> {
    let mut line = String::new();
    for finding in others {
        let longer = match line.as_str() {
            "" => format!("  also: {finding}"),
            line => format!("{line}; {finding}"),
        };
        if longer.len() <= WIDTH {
            line = longer;
        }
    }
    (!line.is_empty()).then_some(line)
}

/// The report as an object. Causes have names and figures that stay; words may change.
pub(crate) fn as_json(report: &Report) -> Value {
    let decibels = |level: Option<f64>| level.map(|level| round(level, 1));
    json!({
        "seconds": round(report.seconds, 3),
        "rms_dbfs": decibels(report.rms_dbfs),
        "peak_dbfs": decibels(report.peak_dbfs),
        "messages": report.messages,
        "findings": report.findings.iter().map(finding_as_json).collect::<Vec<_>>(),
    })
}

/// A cause as an object.
pub(crate) fn finding_as_json(finding: &Finding) -> Value {
    let mut object = json!({
        "cause": finding.name(),
        "words": finding.to_string(),
        "advice": finding.advice(),
    });
    for (name, value) in finding.figures() {
        object[name] = round(value, 4).into();
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use airshake::modem::{Diagnosis, Profile};
    use airshake::units::SampleRate;

    fn report(samples: &[f32]) -> Report {
        let mut diagnosis = Diagnosis::new(Profile::ALL, SampleRate::HZ_48000);
        diagnosis.push(samples);
        diagnosis.report()
    }

    #[test]
    fn the_words_say_how_much_what_and_what_to_do() {
        assert_eq!(
            words(&report(&[0.0; 96_000]), "; the file ends before its time"),
            "nothing decoded in 2.0 s of silence; the file ends before its time\n  \
             every sample is zero\n  \
             Unmute the microphone, allow its use, or choose another one."
        );
        assert_eq!(
            words(&report(&[]), ""),
            "nothing decoded\n  there are no samples\n  Check what made the recording."
        );
    }

    #[test]
    fn other_causes_follow_as_long_as_there_is_room() {
        let gaps = Finding::Dropouts { gaps: 5 };
        let gates = Finding::Gated { gates: 5 };
        assert_eq!(also(&[]), None);
        let line = also(&[gaps, gates]).expect("a line");
        assert_eq!(line, "  also: 5 short gaps in the sound, lost on the way");
    }

    #[test]
    fn json_has_the_cause_with_its_figures() {
        let value = as_json(&report(&[0.1; 4_800]));
        assert_eq!(value["findings"][0]["cause"], "too-short");
        assert_eq!(value["findings"][0]["seconds"], 0.1);
        assert_eq!(value["rms_dbfs"], -20.0);
        assert_eq!(as_json(&report(&[]))["peak_dbfs"], Value::Null);
    }
}
