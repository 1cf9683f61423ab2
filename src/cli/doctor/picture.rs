//! The report as a picture.

use airshake::modem::Profile;
use airshake::sounding::Heard;

use super::Case;
use super::words::{hertz, whole};
use crate::cli::plot::{Align, Axis, Colour, Mark, Panel, Picture, Series};
use crate::cli::text::one_line;

/// Response and noise, reach, decay and impulse response.
pub(super) fn picture(case: &Case) -> Picture {
    let title = match (&case.file, &case.loudspeaker, &case.microphone) {
        (Some(file), _, _) => one_line(file),
        (_, Some(loudspeaker), Some(microphone)) => {
            format!("{} to {}", one_line(loudspeaker), one_line(microphone))
        }
        _ => "sounding".to_owned(),
    };
    let picture = Picture::new(title).note(in_words(case));
    let Some(heard) = &case.sounding.way else {
        return picture.row(120.0, [Panel::new("the sound was not heard")]);
    };
    picture
        .row(260.0, [response(heard)])
        .row(180.0, [decay(heard), arrivals(heard)])
}

fn in_words(case: &Case) -> String {
    let sounding = &case.sounding;
    let findings: Vec<String> = sounding.findings.iter().map(ToString::to_string).collect();
    let found = if findings.is_empty() {
        "nothing is wrong".to_owned()
    } else {
        findings.join("; ")
    };
    let volume = case.volume;
    format!("volume {volume}, {}: {found}", sounding.rate)
}

/// The response over the noise, in sixths of octaves: what lies between is the modem's
/// signal-to-noise ratio.
fn response(heard: &Heard) -> Panel {
    let over = |value: fn(&airshake::sounding::Band) -> Option<f64>| -> Vec<(f64, f64)> {
        let bands = heard.bands.iter();
        bands
            .map(|band| (band.middle.0, value(band).unwrap_or(f64::NAN)))
            .collect()
    };
    let (modem, noise) = (over(|band| band.gain_db), over(|band| band.floor_db));
    let levels = modem.iter().chain(&noise).map(|(_, level)| *level);
    let levels: Vec<f64> = levels.filter(|level| level.is_finite()).collect();
    let top = levels.iter().copied().fold(-90.0, f64::max) + 6.0;
    let foot = levels.iter().copied().fold(top, f64::min).max(top - 120.0) - 14.0;
    let panel = Panel::new("response over noise, sixths of octaves")
        .x(Axis::log("frequency, Hz").range(100.0, 22_000.0))
        .y(Axis::linear("gain, dB").range(foot, top))
        .series(Series::line("response", modem).colour(Colour::BLUE))
        .series(
            Series::line("noise: a burst here would be no stronger", noise)
                .colour(Colour::VERMILION),
        );
    let colours = [Colour::GREEN, Colour::PURPLE, Colour::ORANGE];
    let profiles = Profile::ALL.iter().zip(colours).enumerate();
    profiles.fold(panel, |panel, (i, (profile, colour))| {
        let (low, high) = profile.band();
        let reach = heard.reaches.iter().find(|r| r.profile == *profile);
        let spare = match reach.map(|reach| reach.spare_db) {
            Some(spare) if spare >= 0.0 => format!("{} dB to spare", whole(spare)),
            Some(_) => "nothing to spare".to_owned(),
            None => "above what the rate holds".to_owned(),
        };
        let y = foot + 2.5 + 4.0 * i as f64;
        // The narrow bands have their words beside them.
        let (at, align, shift) = match profile.name {
            "ultrasonic" => (low.0, Align::End, -6.0),
            _ => (high.0, Align::Start, 6.0),
        };
        panel
            .mark(Mark::Box {
                x: (low.0, high.0),
                y: Some((y - 1.0, y + 1.0)),
                line: Some(colour),
                fill: Some(colour.faint(0.6)),
            })
            .mark(Mark::Label {
                at: (at, y),
                shift: (shift, 4.0),
                text: format!("{}: {spare}", profile.name),
                colour: Colour::BLACK,
                align,
            })
    })
}

fn decay(heard: &Heard) -> Panel {
    let echo = &heard.echo;
    let time = match (echo.t20_s, echo.t30_s) {
        (Some(t20), Some(t30)) => format!("T20 {t20:.2} s, T30 {t30:.2} s"),
        (Some(t20), None) => format!("T20 {t20:.2} s"),
        _ => "too short or too noisy for T20".to_owned(),
    };
    let curve: Vec<(f64, f64)> = echo.decay.iter().map(|(t, db)| (t * 1e3, *db)).collect();
    let end = curve.last().map_or(50.0, |(t, _)| t.max(50.0));
    Panel::new(format!("energy still to come, {time}"))
        .x(Axis::linear("time, ms").range(0.0, end))
        .y(Axis::linear("dB").range(-70.0, 2.0))
        .series(Series::line("", curve).colour(Colour::BLUE))
}

fn arrivals(heard: &Heard) -> Panel {
    let peak = heard
        .impulse
        .iter()
        .fold(0.0f64, |peak, (_, x)| peak.max(x.abs()));
    let shown = heard.impulse.iter().filter(|(t, _)| *t < SHOWN_S);
    let curve = shown
        .map(|(t, x)| {
            let level = 20.0 * (x.abs() / peak.max(f64::MIN_POSITIVE)).log10();
            (t * 1e3, level.max(-80.0))
        })
        .collect();
    let band = (heard.reaches_from.0, heard.reaches_to.0);
    let guard = Profile::AUDIBLE.normal.guard as f64 / 48.0;
    Panel::new(format!("arrivals, {} to {}", hertz(band.0), hertz(band.1)))
        .x(Axis::linear("delay, ms").range(-5.0, SHOWN_S * 1e3))
        .y(Axis::linear("dB").range(-80.0, 2.0))
        .series(Series::line("", curve).colour(Colour::BLUE).thin(1.0))
        .mark(Mark::Upright {
            x: guard,
            colour: Colour::GREY,
            dashed: true,
        })
        .dashed_key("end of the guard of audible", Colour::GREY)
}

/// How much of the impulse response is shown.
const SHOWN_S: f64 = 0.06;
