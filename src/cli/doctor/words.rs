//! The report for people, for eighty columns.

use airshake::sounding::{Finding, Heard, Sounding, Topic, Verdict};

use super::network::Neighbour;
use super::{Case, drawing, treatment};
use crate::cli::text::{one_line, truncate};

/// The whole report.
pub(super) fn report(case: &Case) -> String {
    let mut lines = heading(case);
    lines.push(String::new());
    lines.extend(Topic::ALL.into_iter().flat_map(|topic| check(case, topic)));
    if let Some(heard) = &case.sounding.way {
        lines.push(String::new());
        lines.extend(drawing::drawing(heard));
    }
    lines.push(String::new());
    lines.extend(what_to_do(case));
    lines.join("\n")
}

fn heading(case: &Case) -> Vec<String> {
    let line = |what: &str, name: &str| truncate(&format!("{what:12} {}", one_line(name)), WIDTH);
    let mut lines = Vec::new();
    if let Some(file) = &case.file {
        let sounding = &case.sounding;
        lines.push(line(
            "recording",
            &format!("{file}, {:.1} s at {}", sounding.seconds, sounding.rate),
        ));
    }
    if let Some(name) = &case.loudspeaker {
        lines.push(line(
            "loudspeaker",
            &format!("{name}, volume {}", case.volume),
        ));
    }
    if let Some(name) = &case.microphone {
        lines.push(line(
            "microphone",
            &format!("{name}, {}", case.sounding.rate),
        ));
    }
    lines
}

/// What was found out about a neighbour.
pub(super) fn of_neighbour(neighbour: &Neighbour) -> String {
    let each = neighbour.lines().into_iter();
    let lines: Vec<String> = each
        .flat_map(|(verdict, topic, words)| wrapped(&format!("  {verdict:9} {topic:11} "), &words))
        .collect();
    lines.join("\n")
}

/// A line for a topic, and one for each finding on it but the first.
fn check(case: &Case, topic: Topic) -> Vec<String> {
    let sounding = &case.sounding;
    let findings: Vec<&Finding> = sounding
        .findings
        .iter()
        .filter(|finding| finding.topic() == topic)
        .collect();
    let known = sounding
        .way
        .as_ref()
        .and_then(|heard| figures(case, heard, topic));
    let Some(verdict) = sounding.verdict_on(topic) else {
        return Vec::new();
    };
    let mut words: Vec<String> = findings.iter().map(ToString::to_string).collect();
    words.extend(known);
    let mut lines = Vec::new();
    for (i, words) in words.iter().enumerate() {
        let (verdict, topic) = match i {
            0 => (verdict.to_string(), topic.name()),
            _ => (String::new(), ""),
        };
        lines.extend(wrapped(&format!("  {verdict:9} {topic:11} "), words));
    }
    lines
}

/// What is known about a topic, also where nothing is wrong.
fn figures(case: &Case, heard: &Heard, topic: Topic) -> Option<String> {
    Some(match topic {
        Topic::Sound => {
            let late = case
                .late_s
                .map(|late| format!(", {:.0} ms after it was given out", 1e3 * late))
                .unwrap_or_default();
            format!("heard, peak {} dBFS{late}", whole(heard.peak_dbfs))
        }
        Topic::Level => match heard.distortion {
            Some(share) if share >= 0.001 => format!("distortion {:.1} %", 100.0 * share),
            Some(_) => "distortion below 0.1 %".to_owned(),
            None => "distortion too small to be measured in this noise".to_owned(),
        },
        Topic::Noise => match heard.noise_dbfs {
            Some(level) => format!("{} dBFS", whole(level)),
            None => "none at all: digital silence".to_owned(),
        },
        Topic::Response => format!(
            "{} to {}",
            hertz(heard.reaches_from.0),
            hertz(heard.reaches_to.0)
        ),
        Topic::Reach => {
            let each: Vec<String> = heard
                .reaches
                .iter()
                .map(|reach| format!("{} {}", reach.profile.name, spare(reach.spare_db)))
                .collect();
            format!("to spare: {}", each.join(", "))
        }
        Topic::Echo => echo(heard),
        Topic::Clock => format!(
            "{:+.1} ppm between loudspeaker and microphone, +-{:.1}",
            (10.0 * heard.clock_ppm).round() / 10.0 + 0.0,
            (2.0 * heard.clock_deviation_ppm).max(0.1)
        ),
        Topic::Gaps => "nothing lost".to_owned(),
        Topic::Processing => match &heard.steady {
            Some(steady) => format!(
                "steady sound sinks by {:.1} dB, level changes on its own by {:.1} dB",
                steady.sunk_db().max(0.0),
                steady.gained_db().max(0.0)
            ),
            None => "what becomes of a steady sound could not be seen".to_owned(),
        },
        _ => return None,
    })
}

fn echo(heard: &Heard) -> String {
    let echo = &heard.echo;
    let time = echo.t30_s.or(echo.t20_s);
    let direct = match echo.direct_db {
        Some(db) if db >= 0.5 => format!("direct sound {db:.0} dB above it"),
        Some(db) if db <= -0.5 => format!("direct sound {:.0} dB below it", -db),
        Some(_) => "direct sound as strong as it".to_owned(),
        None => "none that stands out of the noise".to_owned(),
    };
    match time {
        Some(time) if echo.direct_db.is_some_and(|db| db < NO_ECHO_DB) => {
            format!("falls by 60 dB in {time:.2} s, {direct}")
        }
        _ if echo.direct_db.is_some_and(|db| db >= NO_ECHO_DB) => "none".to_owned(),
        _ => direct,
    }
}

fn what_to_do(case: &Case) -> Vec<String> {
    let sounding = &case.sounding;
    let advice = treatment::treatment(case);
    let mut lines = vec![summary(sounding)];
    for words in advice {
        lines.extend(wrapped("  - ", &words));
    }
    if sounding.verdict() != Verdict::Bad {
        lines.extend(enough_volume(case));
    }
    lines
}

fn summary(sounding: &Sounding) -> String {
    match sounding.verdict() {
        Verdict::Fine => "All is well.".to_owned(),
        Verdict::Doubtful => "It works here; to make it better:".to_owned(),
        Verdict::Bad => "It will not work like this:".to_owned(),
    }
}

/// From which volume on there is enough to spare.
fn enough_volume(case: &Case) -> Option<String> {
    let heard = case.sounding.way.as_ref()?;
    let reach = heard.reaches.iter().find(|r| r.profile.name == "audible")?;
    let down = reach.spare_db - 20.0;
    (down >= 6.0 && case.file.is_none()).then(|| {
        let percent = f64::from(case.volume) * 10f64.powf(-down / 20.0);
        format!(
            "  Volume {} is fine; from {:.0} on it reaches across a room.",
            case.volume,
            percent.ceil().max(1.0)
        )
    })
}

fn spare(db: f64) -> String {
    match db {
        db if db >= 60.0 => "over 60 dB".to_owned(),
        db if db >= 0.0 => format!("{db:.0} dB"),
        _ => "nothing".to_owned(),
    }
}

/// `words` behind `first`, in as many lines as they need, the later ones under the first.
fn wrapped(first: &str, words: &str) -> Vec<String> {
    let mut lines = vec![first.to_owned()];
    let indent = " ".repeat(first.chars().count());
    for word in words.split(' ') {
        let line = lines.last_mut().expect("begun with one");
        let empty = line.chars().count() == indent.len();
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{indent}{word}"));
        } else {
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// A whole number with a true minus.
pub(super) fn whole(value: f64) -> String {
    let value = value.round() + 0.0;
    format!("{value:.0}").replace('-', "\u{2212}")
}

/// A frequency in hertz or kilohertz, to two digits or three.
pub(super) fn hertz(hertz: f64) -> String {
    match hertz {
        hertz if hertz < 995.0 => format!("{:.0} Hz", (hertz / 10.0).round() * 10.0),
        hertz if hertz < 9_950.0 => format!("{:.1} kHz", hertz / 1e3),
        hertz => format!("{:.0} kHz", hertz / 1e3),
    }
}

/// Lines of a terminal of eighty columns.
const WIDTH: usize = 79;
/// What is so much weaker than the direct sound is the tail of a filter, no echo of a room.
const NO_ECHO_DB: f64 = 25.0;
