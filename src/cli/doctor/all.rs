//! Every loudspeaker with every microphone.

use airshake::audio::device::{Device, Direction, Microphone, Speaker, devices};
use airshake::sounding::{Heard, Sounding, Stimulus};
use anyhow::{Context, Result, bail};
use serde_json::json;

use super::treatment::usable;
use super::{Case, listen};
use crate::cli::interrupt;
use crate::cli::options::LoudspeakerOption;
use crate::cli::talk::{Talk, round};
use crate::cli::text::one_line;

/// Plays on each loudspeaker in turn, listens with all microphones at once, tells of each pair, and
/// gives the best one.
pub(super) fn best(loudspeaker: &LoudspeakerOption, talk: &mut Talk) -> Result<Case> {
    let devices = devices().context("cannot list the sound devices")?;
    let of = |direction| -> Vec<&Device> { usable(&devices, direction).take(MOST).collect() };
    let (outputs, inputs) = (of(Direction::Output), of(Direction::Input));
    if outputs.is_empty() || inputs.is_empty() {
        bail!("no pair of a loudspeaker and a microphone that work: see `airshake devices`");
    }
    let stimulus = Stimulus::new(loudspeaker.amplitude());
    let mut cases: Vec<Case> = Vec::new();
    for output in &outputs {
        interrupt::check()?;
        talk.line(&format!("playing on {}", one_line(&output.name)));
        let speaker = match Speaker::open(Some(&output.id)) {
            Ok(speaker) => speaker,
            Err(error) => {
                talk.line(&format!("  {error}"));
                continue;
            }
        };
        let mut opened = Vec::new();
        for input in &inputs {
            match Microphone::open(Some(&input.id)) {
                Ok(microphone) => opened.push((*input, microphone)),
                Err(error) => talk.line(&format!("  {error}")),
            }
        }
        let (inputs, microphones): (Vec<&Device>, Vec<Microphone>) = opened.into_iter().unzip();
        if microphones.is_empty() {
            continue;
        }
        let measured = listen::measure(speaker, microphones, &stimulus, talk)?;
        talk.end_status();
        for (input, sounding) in inputs.iter().zip(measured.soundings) {
            talk.event(
                "pair",
                json!({
                    "loudspeaker": output.name,
                    "microphone": input.name,
                    "verdict": sounding.verdict().to_string(),
                    "spare_db": spare(&sounding).map(|spare| round(spare, 1)),
                }),
            );
            talk.line(&format!(
                "  {:9} {}: {}",
                sounding.verdict().to_string(),
                one_line(&input.name),
                in_words(&sounding)
            ));
            cases.push(Case {
                loudspeaker: Some(output.name.clone()),
                microphone: Some(input.name.clone()),
                file: None,
                volume: loudspeaker.percent(),
                late_s: sounding
                    .way
                    .as_ref()
                    .map(|way| way.at_s - Stimulus::QUIET_S),
                sounding,
            });
        }
    }
    let merit = |case: &Case| {
        let spare = spare(&case.sounding).unwrap_or(f64::NEG_INFINITY);
        (std::cmp::Reverse(case.sounding.verdict()), spare)
    };
    let best = cases.into_iter().max_by(|a, b| {
        let (a, b) = (merit(a), merit(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let best = best.context("none of the devices can be used")?;
    if let (Some(output), Some(input)) = (&best.loudspeaker, &best.microphone) {
        talk.line(&format!(
            "best: --output '{}' --input '{}'\n",
            one_line(output),
            one_line(input)
        ));
    }
    Ok(best)
}

fn in_words(sounding: &Sounding) -> String {
    match (sounding.findings.first(), spare(sounding)) {
        (Some(finding), _) => finding.to_string(),
        (None, Some(spare)) => format!("{spare:.0} dB to spare"),
        (None, None) => "heard".to_owned(),
    }
}

fn spare(sounding: &Sounding) -> Option<f64> {
    let of = |heard: &Heard| {
        let audible = heard.reaches.iter().find(|r| r.profile.name == "audible")?;
        Some(audible.spare_db)
    };
    sounding.way.as_ref().and_then(of)
}

/// Devices of a kind that are tried: ten seconds each.
const MOST: usize = 6;
