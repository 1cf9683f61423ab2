//! A closer look at one burst: its symbols, its tones, its echoes.

use airshake::modem::{Anatomy, Depth, Format, Profile};
use airshake::samples::Resampler;
use airshake::units::{Hertz, SampleRate};

use super::bursts::Burst;
use super::clips::Clip;
use super::overview::{clock, ink, label, marks, raster, with_keys};
use super::spectrogram::Spectrogram;
use crate::cli::plot::{Align, Axis, Colour, Mark, Panel, Picture, Series};

/// Seconds between the columns of the close look.
const COLUMN_S: f64 = 0.004;
/// The least correlation power that is drawn, in decibels: below, a burst's own first symbol looks
/// like echo, and would disturb nothing if it were.
const FAINTEST: f64 = -25.0;

/// A burst and the samples around it.
pub(super) struct Detail<'a> {
    rate: SampleRate,
    profile: &'static Profile,
    clip: &'a Clip,
    burst: &'a Burst,
}

impl<'a> Detail<'a> {
    pub(super) fn new(
        rate: SampleRate,
        profile: &'static Profile,
        clip: &'a Clip,
        burst: &'a Burst,
    ) -> Self {
        Self {
            rate,
            profile,
            clip,
            burst,
        }
    }

    pub(super) fn profile(&self) -> &'static Profile {
        self.profile
    }

    fn name(&self) -> String {
        format!("at {:.2} s", self.rate.seconds(self.burst.at))
    }

    /// The spectrogram of the burst alone, with its symbols.
    pub(super) fn draw_closer(&self, picture: Picture, band: (Hertz, Hertz)) -> Picture {
        let mut spectrogram = Spectrogram::new(self.rate, band, COLUMN_S);
        spectrogram.push(&self.clip.samples);
        spectrogram.finish();
        let measured = spectrogram.measured();
        let start = self.rate.seconds(self.clip.start);
        let end = start + self.rate.seconds(self.clip.samples.len() as u64);
        let panel = Panel::new(format!("{}: {}", self.name(), self.in_words()))
            .x(Axis::linear("time, s").range(start, end))
            .y(Axis::linear("frequency, kHz")
                .range(measured.band.0 / 1000.0, measured.band.1 / 1000.0))
            .raster(raster(&measured, start));
        let mut panel = with_keys(panel, std::slice::from_ref(self.burst));
        for mark in marks(self.burst, self.rate) {
            panel = panel.mark(mark);
        }
        for mark in grid(self.profile, self.burst, self.rate) {
            panel = panel.mark(mark);
        }
        let at = self.rate.seconds(self.burst.at);
        let symbols = at + self.profile.chirp.seconds;
        for (text, x, align) in [
            ("preamble", at, Align::End),
            ("symbols", symbols, Align::Start),
        ] {
            panel = panel.mark(Mark::Label {
                at: (x, measured.band.1 / 1000.0),
                shift: (if align == Align::End { -5.0 } else { 5.0 }, 15.0),
                text: text.to_owned(),
                colour: ink(self.burst),
                align,
            });
        }
        picture.row(170.0, [panel])
    }

    fn in_words(&self) -> String {
        let mut words = label(self.burst);
        if let Some(pass) = self.burst.pass {
            words.push_str(&format!(", pass {pass}"));
        }
        if let Some(ppm) = self.burst.clock_ppm.filter(|ppm| ppm.is_finite()) {
            words.push_str(&format!(", {}", clock(ppm)));
        }
        words
    }

    /// Levels over frequency, and the echoes.
    pub(super) fn draw_levels(&self, picture: Picture) -> Picture {
        let Some(anatomy) = self.anatomy() else {
            return picture;
        };
        picture.row(150.0, [self.tones(&anatomy), self.arrivals(&anatomy)])
    }

    fn anatomy(&self) -> Option<Anatomy> {
        let rate = self.profile.receiver_rate;
        let (_, highest) = self.profile.band();
        let highest = Hertz(highest.0.min(f64::from(self.rate.0) * 0.45));
        let mut resampler = Resampler::new(self.rate, rate, highest).ok()?;
        let mut samples = Vec::new();
        resampler.push(&self.clip.samples, &mut samples);
        resampler.finish(&mut samples);
        let before = self.burst.at.checked_sub(self.clip.start)?;
        let at = rate.samples_in(self.rate.seconds(before)) as usize;
        let symbols = symbols(self.profile, self.burst, self.rate).min(
            // No further than the clip reaches.
            symbols_in(
                format(self.profile, self.burst),
                rate.seconds(samples.len().saturating_sub(at) as u64),
            ),
        );
        Some(Anatomy::of(
            self.profile,
            depth(self.profile, self.burst),
            &samples,
            at,
            symbols,
        ))
    }

    fn tones(&self, anatomy: &Anatomy) -> Panel {
        // Against the loudest: the unit of the energies means nothing.
        let loudest = anatomy
            .groups
            .iter()
            .map(|group| group.on)
            .fold(f32::MIN_POSITIVE, f32::max);
        let level = |value: f32| {
            let decibels = 10.0 * f64::from(value / loudest).log10();
            if decibels.is_finite() {
                decibels.max(-80.0)
            } else {
                f64::NAN
            }
        };
        // The noise of one symbol is one draw of an exponential a tone: neighbours make it a level.
        let width = (anatomy.groups.len() / 32).max(1);
        let noise: Vec<(f64, f64)> = anatomy
            .groups
            .chunks(width)
            .filter_map(|groups| {
                let values: Option<Vec<f32>> = groups.iter().map(|group| group.before).collect();
                let values = values?;
                let middle = groups[groups.len() / 2].frequency.0 / 1000.0;
                Some((
                    middle,
                    level(values.iter().sum::<f32>() / values.len() as f32),
                ))
            })
            .collect();
        let over = |value: fn(&airshake::modem::GroupLevels) -> f32| -> Vec<(f64, f64)> {
            let groups = anatomy.groups.iter();
            groups
                .map(|group| (group.frequency.0 / 1000.0, level(value(group))))
                .collect()
        };
        let (on, off) = (over(|group| group.on), over(|group| group.off));
        // At least 22 dB, or the chances of mere noise look like mountains.
        let all = on.iter().chain(&off).chain(&noise);
        let lowest = all.map(|(_, level)| level - 2.0).fold(-20.0, f64::min);
        let panel = Panel::new(format!("tones, {}", self.name()))
            .x(Axis::linear("frequency, kHz"))
            .y(Axis::linear("level, dB").range(lowest, 2.0))
            .series(Series::line("sounding", on).colour(Colour::BLUE))
            .series(Series::line("silent", off).colour(Colour::VERMILION));
        if !noise.iter().any(|(_, level)| level.is_finite()) {
            return panel;
        }
        panel.series(
            Series::line("just before", noise)
                .colour(Colour::BLACK)
                .dashed()
                .thin(1.4),
        )
    }

    fn arrivals(&self, anatomy: &Anatomy) -> Panel {
        let arrivals = anatomy
            .arrivals
            .iter()
            .map(|(delay, power)| {
                (
                    delay * 1000.0,
                    (10.0 * f64::from(*power).log10()).max(FAINTEST),
                )
            })
            .collect();
        let guard = format(self.profile, self.burst).guard as f64
            / f64::from(SampleRate::HZ_48000.0)
            * 1000.0;
        Panel::new(format!("arrivals of the preamble, {}", self.name()))
            .x(Axis::linear("delay, ms").range(-5.0, 30.0))
            .y(Axis::linear("power, dB").range(FAINTEST, 2.0))
            .series(Series::line("", arrivals).colour(Colour::BLUE).thin(1.2))
            .mark(Mark::Upright {
                x: guard,
                colour: Colour::GREY,
                dashed: true,
            })
            .dashed_key("end of the guard", Colour::GREY)
    }
}

/// Lines between a burst's preamble and symbols, as far as its header was read.
pub(super) fn grid(profile: &Profile, burst: &Burst, rate: SampleRate) -> Vec<Mark> {
    if burst.until.is_none() {
        return Vec::new();
    }
    let at = rate.seconds(burst.at) + profile.chirp.seconds;
    let symbol = symbol_s(format(profile, burst));
    // More than these would be a grey wall.
    (0..symbols(profile, burst, rate).min(64))
        .map(|i| Mark::Upright {
            x: at + i as f64 * symbol,
            colour: ink(burst).faint(if i == 0 { 1.0 } else { 0.5 }),
            dashed: true,
        })
        .collect()
}

/// Symbols of a burst, as its header tells; else one, which is always there.
fn symbols(profile: &Profile, burst: &Burst, rate: SampleRate) -> usize {
    let Some(until) = burst.until else {
        return 1;
    };
    let seconds = rate.seconds(until.saturating_sub(burst.at));
    symbols_in(format(profile, burst), seconds - profile.chirp.seconds)
}

fn symbols_in(format: &Format, seconds: f64) -> usize {
    ((seconds / symbol_s(format) + 0.1) as usize).max(1)
}

fn symbol_s(format: &Format) -> f64 {
    (format.guard + format.body) as f64 / f64::from(SampleRate::HZ_48000.0)
}

/// Which format a burst is in, as its header tells.
fn depth(profile: &Profile, burst: &Burst) -> Depth {
    match (burst.pass, burst.bytes) {
        (Some(pass), Some(_)) => profile.depth(pass),
        _ => Depth::Normal,
    }
}

fn format<'a>(profile: &'a Profile, burst: &Burst) -> &'a Format {
    profile.at_depth(depth(profile, burst))
}
