//! The whole recording: its spectrogram with the bursts in it, and its level.

use airshake::modem::{Loss, Profile};
use airshake::units::{Hertz, SampleRate};

use super::bursts::{Burst, Bursts, Outcome};
use super::detail::grid;
use super::loudness::Loudness;
use super::spectrogram::Measured;
use crate::cli::plot::{Align, Axis, Colour, Mark, Panel, Picture, Ramp, Raster, Series};
use crate::cli::report::duration;
use crate::cli::text::bytes;

/// Lines of labels over the spectrogram.
const LANES: usize = 5;
/// Points across the panel, about, and points of a letter: to keep labels apart.
const ACROSS: f64 = 770.0;
const LETTER: f64 = 6.4;
/// The level's panel, in dBFS; above full scale just so much that a line along it is seen.
const QUIETEST: f64 = -76.0;
const LOUDEST: f64 = 4.0;

/// What the first two panels show.
pub(super) struct Overview<'a> {
    pub(super) rate: SampleRate,
    pub(super) profiles: &'a [&'static Profile],
    /// The band that is shown.
    pub(super) band: (Hertz, Hertz),
    pub(super) bursts: &'a Bursts,
    pub(super) loudness: &'a Loudness,
    pub(super) spectrogram: Measured,
    /// Draws the grid of symbols too.
    pub(super) with_symbols: bool,
}

impl Overview<'_> {
    pub(super) fn draw(self, picture: Picture) -> Picture {
        let seconds = self.loudness.seconds().max(0.05);
        let time = || Axis::linear("").range(0.0, seconds);
        let mut picture = picture.note(self.in_words());
        if self.bursts.left_out() > 0 {
            let count = self.bursts.left_out();
            picture = picture.note(format!(
                "{count} of the preambles that were seen are left out"
            ));
        }
        let loud = self.level(time().label("time, s"));
        picture
            .row(230.0, [self.spectrum(time(), seconds)])
            .row(96.0, [loud])
    }

    /// What was found, in one line.
    fn in_words(&self) -> String {
        let all = self.bursts.all();
        let count = |wanted: fn(&Burst) -> bool| all.iter().filter(|burst| wanted(burst)).count();
        let sure = count(Burst::is_sure);
        let good = count(Burst::is_good);
        let found = match (sure, good) {
            (0, _) if self.loudness.is_silent() => "no burst, only silence".to_owned(),
            (0, _) => "no burst".to_owned(),
            (1, 0) => "1 burst, not read".to_owned(),
            (1, _) => "1 burst, read".to_owned(),
            (n, 0) => format!("{n} bursts, none of them read"),
            (n, good) if n == good => format!("{n} bursts, all of them read or spare"),
            (n, good) => format!("{n} bursts, {good} of them read"),
        };
        let found = match all.len() - sure {
            0 => found,
            1 => format!("{found}; 1 place looked like a preamble"),
            n => format!("{found}; {n} places looked like a preamble"),
        };
        let names: Vec<&str> = self.profiles.iter().map(|profile| profile.name).collect();
        format!(
            "{} at {}, listened for {}: {found}",
            duration(self.loudness.seconds()),
            self.rate,
            names.join(", ")
        )
    }

    fn spectrum(&self, time: Axis, seconds: f64) -> Panel {
        let (Hertz(low), Hertz(high)) = self.band;
        let panel = Panel::new("spectrogram")
            .x(time)
            .y(Axis::linear("frequency, kHz").range(low / 1000.0, high / 1000.0))
            .raster(raster(&self.spectrogram, 0.0));
        let mut panel = with_keys(panel, self.bursts.all());
        let mut labels = Vec::new();
        let mut lanes = [f64::NEG_INFINITY; LANES];
        let top = high / 1000.0;
        for burst in self.bursts.all() {
            let at = self.rate.seconds(burst.at);
            for mark in marks(burst, self.rate) {
                panel = panel.mark(mark);
            }
            if self.with_symbols {
                for mark in grid(burst.profile(self.profiles, self.rate), burst, self.rate) {
                    panel = panel.mark(mark);
                }
            }
            if !burst.is_sure() {
                continue;
            }
            let text = label(burst);
            let width = (text.chars().count() as f64 * LETTER + 10.0) / ACROSS * seconds;
            // A label that would leave the panel is moved to the left.
            let from = at.min(seconds - width);
            if let Some(lane) = lanes.iter().position(|end| *end < from) {
                lanes[lane] = from + width;
                labels.push(Mark::Label {
                    at: (at, top),
                    shift: (4.0, 15.0 + 17.0 * lane as f64),
                    text,
                    colour: ink(burst),
                    align: Align::Start,
                });
            }
        }
        // On top of all frames.
        labels.into_iter().fold(panel, Panel::mark)
    }

    fn level(&self, time: Axis) -> Panel {
        let clipped = self.loudness.clipped();
        let mut panel = Panel::new("level")
            .x(time)
            .y(Axis::linear("dBFS").range(QUIETEST, LOUDEST))
            .series(
                Series::line("mean power", self.loudness.rms())
                    .colour(Colour::BLUE)
                    .thin(1.4),
            )
            .series(
                Series::line("peak", self.loudness.peak())
                    .colour(Colour::SKY)
                    .thin(1.0),
            );
        if !clipped.is_empty() {
            panel = panel.key("clipped", Colour::VERMILION);
        }
        for x in clipped {
            panel = panel.mark(Mark::Box {
                x,
                y: Some((0.0, LOUDEST)),
                line: Some(Colour::VERMILION),
                fill: Some(Colour::VERMILION),
            });
        }
        panel
    }
}

/// The spectrogram as colours, moved by `start` seconds.
pub(super) fn raster(measured: &Measured, start: f64) -> Raster {
    Raster {
        x: (measured.seconds.0 + start, measured.seconds.1 + start),
        y: (measured.band.0 / 1000.0, measured.band.1 / 1000.0),
        columns: measured.columns,
        values: measured.decibels.clone(),
        range: measured.range(),
        ramp: Ramp::Night,
        label: "dBFS".to_owned(),
    }
}

/// Words of the legend, for what is there.
pub(super) fn with_keys(panel: Panel, bursts: &[Burst]) -> Panel {
    type Kind = (&'static str, Colour, fn(&Burst) -> bool);
    let kinds: [Kind; 4] = [
        ("read", Colour::GREEN, Burst::is_good),
        ("kept for more passes", Colour::ORANGE, |burst| {
            burst.outcome == Outcome::Kept
        }),
        ("not read", Colour::VERMILION, |burst| {
            burst.is_sure() && !burst.is_good() && burst.outcome != Outcome::Kept
        }),
        ("looked like a preamble", Colour::PLUM, |burst| {
            !burst.is_sure()
        }),
    ];
    kinds
        .into_iter()
        .filter(|(_, _, wanted)| bursts.iter().any(wanted))
        .fold(panel, |panel, (word, colour, _)| match colour {
            Colour::PLUM => panel.dashed_key(word, colour),
            _ => panel.key(word, colour),
        })
}

/// A burst as a frame over its time; a mere preamble as a dashed line.
pub(super) fn marks(burst: &Burst, rate: SampleRate) -> Vec<Mark> {
    let at = rate.seconds(burst.at);
    let colour = ink(burst);
    match (burst.is_sure(), burst.until) {
        (true, Some(until)) => vec![Mark::Box {
            x: (at, rate.seconds(until)),
            y: None,
            line: Some(colour),
            fill: Some(colour.faint(0.1)),
        }],
        (sure, _) => vec![Mark::Upright {
            x: at,
            colour,
            dashed: !sure,
        }],
    }
}

/// The colour of what became of a burst.
pub(super) fn ink(burst: &Burst) -> Colour {
    match burst.outcome {
        Outcome::Carrier => Colour::PLUM,
        Outcome::Read { .. } | Outcome::Added | Outcome::Segment { .. } | Outcome::Spare => {
            Colour::GREEN
        }
        Outcome::Kept => Colour::ORANGE,
        Outcome::Begun | Outcome::NoHeader | Outcome::Lost(_) => Colour::VERMILION,
    }
}

/// A whole number with a true minus, and no sign at zero.
fn whole(value: f32) -> String {
    match value.round() {
        0.0 => "0".to_owned(),
        value => value.to_string().replace('-', "\u{2212}"),
    }
}

/// A clock's error in whole ppm, with its sign.
pub(super) fn clock(ppm: f32) -> String {
    let sign = if ppm.round() > 0.0 { "+" } else { "" };
    format!("clock {sign}{} ppm", whole(ppm))
}

/// A burst in few words.
pub(super) fn label(burst: &Burst) -> String {
    let mut parts = Vec::new();
    match burst.outcome {
        Outcome::Carrier => parts.push("like a preamble".to_owned()),
        Outcome::Begun => parts.push("begun".to_owned()),
        Outcome::Spare => parts.push("spare".to_owned()),
        Outcome::Added => parts.push("added to it".to_owned()),
        Outcome::Segment { got, need } => parts.push(format!("{got} of {need}")),
        Outcome::Read { passes: 0 | 1 } => parts.push("read".to_owned()),
        Outcome::Read { passes } => parts.push(format!("read, {passes} passes")),
        Outcome::Kept => parts.push("kept".to_owned()),
        Outcome::NoHeader => parts.push("no header".to_owned()),
        Outcome::Lost(loss) => parts.push(
            match loss {
                Loss::Unreadable { .. } => "lost",
                Loss::CutOff => "cut off",
                Loss::SegmentsMissing { .. } => "segments missing",
                _ => "unknown kind",
            }
            .to_owned(),
        ),
    }
    if let Some(count) = burst.bytes.filter(|_| burst.outcome != Outcome::Added) {
        parts.push(bytes(count));
    }
    if let Some(snr) = burst.snr.filter(|snr| snr.0.is_finite()) {
        parts.push(format!("SNR {} dB", whole(snr.0)));
    }
    parts.join(", ")
}
