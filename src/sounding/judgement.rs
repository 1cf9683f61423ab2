//! What samples and figures tell of a way: its findings.

use super::clipping;
use super::finding::Finding;
use super::gaps;
use super::heard::{Band, DEEP_DB, Heard, MODEM, UNSTEADY_DB};
use super::stimulus::Stimulus;
use super::way::MOST_PPM;
use crate::units::{Hertz, SampleRate};

/// How many pieces are lost of a stimulus whose first sweep begins at `at_s`.
pub(super) fn lost(recording: &[f32], rate: SampleRate, at_s: f64) -> u64 {
    let parts = [
        (0.0, Stimulus::SWEEP_S),
        (Stimulus::APART_S, Stimulus::APART_S + Stimulus::SWEEP_S),
        (Stimulus::STEADY_S.start, Stimulus::SOFT_S.end),
    ];
    let parts = parts.map(|(from, to)| part(recording, rate, at_s + from, at_s + to));
    parts.into_iter().map(|part| gaps::gaps(part, rate)).sum()
}

/// What the samples tell, wherever the sweeps are; `gaps` pieces are lost of them.
pub(super) fn of_the_recording(
    recording: &[f32],
    rate: SampleRate,
    heard: &Heard,
    gaps: u64,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Where the sweep is above a kilohertz.
    let high = Stimulus::GROWTH_S * (1_000.0 / Stimulus::BAND.0.0).ln();
    let over = [0.0, Stimulus::APART_S]
        .map(|start| heard.at_s + start)
        .map(|start| part(recording, rate, start + high, start + Stimulus::SWEEP_S))
        .into_iter()
        .filter_map(|sweep| clipping::overdrive(sweep, f64::from(rate.0)))
        .reduce(f64::max);
    if let Some(over_db) = over.filter(|over| *over >= CLIPPED_DB) {
        findings.push(Finding::Clipped { over_db });
    }
    if gaps > 0 {
        findings.push(Finding::Gaps { gaps });
    }
    findings
}

/// From one second to another, as far as the recording has it.
fn part(recording: &[f32], rate: SampleRate, from_s: f64, to_s: f64) -> &[f32] {
    let place = |seconds: f64| (rate.samples_in(seconds.max(0.0)) as usize).min(recording.len());
    &recording[place(from_s)..place(to_s)]
}

/// What the figures tell.
pub(super) fn of_the_way(heard: &Heard) -> Vec<Finding> {
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

/// Harmonics that make a twentieth of the power are as strong as the echo of a room, and they fall
/// between the tones: 22 % of the amplitude is 13 dB.
const DISTORTION: f64 = 0.22;
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
