//! What to do: volume, devices, settings.

use airshake::audio::device::{Device, Direction, devices};
use airshake::sounding::{Finding, Sounding, Verdict};

use super::Case;
use crate::cli::text::one_line;

/// What to do about a case, the most urgent first; each a sentence or two.
pub(super) fn treatment(case: &Case) -> Vec<String> {
    let mut advice = Vec::new();
    let mut add = |words: String| {
        if !advice.contains(&words) {
            advice.push(words);
        }
    };
    let volume = volume(&case.sounding, case.volume);
    for finding in &case.sounding.findings {
        match (finding, &volume) {
            // The volume is said with its figure.
            (
                Finding::Clipped { .. }
                | Finding::Distorted { .. }
                | Finding::Near { .. }
                | Finding::TooNoisy { .. }
                | Finding::TooQuiet { .. },
                Some(volume),
            ) => add(volume.words(case.volume)),
            (finding, _) => add(finding.advice()),
        }
    }
    if case.file.is_none() && needs_other_devices(&case.sounding) {
        others(case).into_iter().for_each(add);
    }
    advice
}

/// Whether another pair of devices may be the remedy.
fn needs_other_devices(sounding: &Sounding) -> bool {
    sounding.findings.iter().any(|finding| {
        finding.verdict() == Verdict::Bad || matches!(finding, Finding::BandLimited { .. })
    })
}

/// The volume to set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Volume {
    /// In percent, as `--volume` takes it.
    pub(super) percent: u8,
    /// What `--volume` cannot give, in decibels of the system's own volume.
    pub(super) system_db: f64,
}

impl Volume {
    fn words(self, now: u8) -> String {
        let system = match self.system_db.round() {
            0.0 => None,
            db => Some(format!("the loudspeaker's system volume up by {db:.0} dB")),
        };
        match (self.percent == now, system) {
            (true, Some(system)) => format!("Turn {system}."),
            (_, None) => format!("Play with --volume {}.", self.percent),
            (false, Some(system)) => {
                format!("Play with --volume {}, and turn {system}.", self.percent)
            }
        }
    }
}

/// The volume that gives the modem room for a greater distance without being too loud; `None` if
/// that is already so, or another volume would not help.
pub(super) fn volume(sounding: &Sounding, now: u8) -> Option<Volume> {
    let heard = sounding.way.as_ref()?;
    let clipped = sounding.findings.iter().find_map(|finding| match finding {
        Finding::Clipped { over_db } => Some(*over_db),
        _ => None,
    });
    let distorted = |finding: &Finding| matches!(finding, Finding::Distorted { .. });
    let down = match clipped {
        // As much as it was too loud, and a little room for what is louder.
        Some(over) => Some(over + 3.0),
        None => sounding.findings.iter().any(distorted).then_some(6.0),
    };
    if let Some(down) = down {
        return Some(Volume {
            percent: turned(now, -down),
            system_db: 0.0,
        });
    }
    let reach = heard.reaches.iter().find(|r| r.profile.name == "audible")?;
    let wanted = WANTED_DB - reach.spare_db;
    // No louder than the microphone bears.
    let change = wanted.min(-1.0 - heard.peak_dbfs);
    if wanted <= 0.0 || change < 1.0 {
        return None;
    }
    let percent = turned(now, change);
    let given = 20.0 * (f64::from(percent) / f64::from(now.max(1))).log10();
    Some(Volume {
        percent,
        system_db: (change - given).max(0.0),
    })
}

fn turned(percent: u8, by_db: f64) -> u8 {
    let wanted = f64::from(percent) * 10f64.powf(by_db / 20.0);
    wanted.round().clamp(1.0, 100.0) as u8
}

/// Other devices that work, to be tried.
fn others(case: &Case) -> Vec<String> {
    let Ok(devices) = devices() else {
        return Vec::new();
    };
    let mut advice = Vec::new();
    for (direction, used, option) in [
        (Direction::Output, &case.loudspeaker, "--output"),
        (Direction::Input, &case.microphone, "--input"),
    ] {
        let names: Vec<String> = usable(&devices, direction)
            .filter(|device| {
                used.as_ref()
                    .is_none_or(|used| !used.contains(&device.name))
            })
            .take(3)
            .map(|device| format!("{option} '{}'", one_line(&device.name)))
            .collect();
        if !names.is_empty() {
            advice.push(format!("Try {}.", names.join(" or ")));
        }
    }
    advice
}

/// The devices of a direction that work now.
pub(super) fn usable(devices: &[Device], direction: Direction) -> impl Iterator<Item = &Device> {
    devices
        .iter()
        .filter(move |device| device.direction == direction && !device.rates.is_empty())
}

/// From 30 cm to 3 m are 20 dB in the free field.
const WANTED_DB: f64 = 20.0;
