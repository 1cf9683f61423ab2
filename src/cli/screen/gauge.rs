//! The level of the microphone, with a mark that stays at its peaks for a while.

use std::time::Duration;

use super::ink::{Glyphs, Line, Style};

/// How loud it is and was. Times are since the command began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gauge {
    rms: f32,
    peak: f32,
    /// The peak that is held, in dBFS, and since when.
    held: Option<(f32, Duration)>,
    clipped: Option<Duration>,
}

impl Gauge {
    /// Full scale is 1.
    pub(super) fn tell(&mut self, now: Duration, rms: f32, peak: f32) {
        (self.rms, self.peak) = (rms, peak);
        let level = dbfs(peak);
        if self.hold(now).is_none_or(|held| level >= held) {
            self.held = Some((level, now));
        }
        if peak >= CLIPPING {
            self.clipped = Some(now);
        }
    }

    /// The held peak: it stays, then it falls.
    fn hold(&self, now: Duration) -> Option<f32> {
        let (level, since) = self.held?;
        let falling = now.saturating_sub(since + HOLD).as_secs_f32();
        Some(level - FALL_DB_PER_S * falling).filter(|level| *level > LOWEST)
    }

    fn is_clipped(&self, now: Duration) -> bool {
        self.clipped.is_some_and(|at| now < at + CLIP_SHOWS)
    }

    /// The meter in so many columns: a bar for the mean, a mark at the held peak, a word for what
    /// is cut off. Below 30 columns there are no numbers.
    pub(super) fn line(&self, now: Duration, width: usize, glyphs: Glyphs) -> Line {
        let words = match self.hold(now) {
            None => " silence ".to_owned(),
            Some(held) => format!(" {:3.0} dB, peak {held:3.0}", dbfs(self.rms).max(LOWEST)),
        };
        let words = if width < 30 { "" } else { &words };
        let numbers = if width < 30 { 0 } else { NUMBERS };
        let cells = width.saturating_sub(numbers + 2);
        if cells == 0 {
            return Line::new();
        }
        let (left, right) = match glyphs {
            Glyphs::Ascii => ("[", "]"),
            Glyphs::Unicode => ("▕", "▏"),
        };
        let share = |level: f32| ((level - LOWEST) / -LOWEST).clamp(0.0, 1.0) * cells as f32;
        let bar = share(dbfs(self.rms));
        let mark = self
            .hold(now)
            .map(|held| (share(held) as usize).min(cells - 1));
        let mut line = Line::of(left, Style::Faint);
        for cell in 0..cells {
            let rest = bar - cell as f32;
            if mark == Some(cell) && rest < 1.0 {
                let alarm = self.is_clipped(now) && cell + 1 == cells;
                let style = if alarm { Style::Alarm } else { Style::Strong };
                line.push(mark_of(glyphs).to_string(), style);
            } else {
                line.push(cell_of(rest, glyphs).to_string(), Style::Theirs);
            }
        }
        line.push(right, Style::Faint);
        if self.is_clipped(now) && numbers > 0 {
            line.push(" TOO LOUD: clipped", Style::Alarm);
        } else {
            line.push(words, Style::Plain);
        }
        line
    }
}

/// A cell of which so much is covered.
fn cell_of(share: f32, glyphs: Glyphs) -> char {
    const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
    match glyphs {
        Glyphs::Unicode => EIGHTHS[((share * 8.0).round() as usize).min(8)],
        Glyphs::Ascii if share >= 0.5 => '#',
        Glyphs::Ascii => ' ',
    }
}

fn mark_of(glyphs: Glyphs) -> char {
    match glyphs {
        Glyphs::Unicode => '│',
        Glyphs::Ascii => '|',
    }
}

fn dbfs(amplitude: f32) -> f32 {
    20.0 * amplitude.max(1e-6).log10()
}

/// The left end of the meter, in dBFS: a quiet room through a microphone of some worth.
const LOWEST: f32 = -70.0;

/// The largest number of 16 bits is 0.99997.
const CLIPPING: f32 = 0.999;

/// As long as a peak stays, and how it then falls: as a peak programme meter does (IEC 60268-10,
/// type I: 20 dB in 1.7 s), after time enough to read it.
const HOLD: Duration = Duration::from_millis(1500);
const FALL_DB_PER_S: f32 = 20.0 / 1.7;

/// As long as what was cut off is told.
const CLIP_SHOWS: Duration = Duration::from_secs(2);

/// Columns of the numbers.
const NUMBERS: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(gauge: &Gauge, now: Duration, width: usize) -> String {
        super::super::Ink { colour: false }.paint(&gauge.line(now, width, Glyphs::Ascii))
    }

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn the_bar_is_the_mean_and_the_mark_is_the_peak() {
        let mut gauge = Gauge::default();
        gauge.tell(S, 0.01, 0.1); // -40 and -20 dBFS
        // Of 35 cells 15 and 25 of 35.
        let shown = text(&gauge, S, 56);
        assert_eq!(
            shown,
            "[###############          |         ] -40 dB, peak -20"
        );
    }

    #[test]
    fn a_peak_stays_for_a_while_and_then_falls() {
        let mut gauge = Gauge::default();
        gauge.tell(S, 0.01, 0.1);
        gauge.tell(2 * S, 0.01, 0.01);
        assert!(text(&gauge, 2 * S, 56).ends_with("peak -20"));
        gauge.tell(3 * S, 0.01, 0.01);
        // Half a second of the fall.
        assert!(text(&gauge, 3 * S, 56).ends_with("peak -26"));
    }

    #[test]
    fn what_is_cut_off_is_said_for_a_while() {
        let mut gauge = Gauge::default();
        gauge.tell(S, 0.7, 1.0);
        assert!(text(&gauge, 2 * S, 56).contains("TOO LOUD"));
        gauge.tell(5 * S, 0.1, 0.3);
        assert!(!text(&gauge, 5 * S, 56).contains("TOO LOUD"));
    }

    #[test]
    fn no_width_and_no_level_does_harm() {
        for width in 0..80 {
            for level in [0.0, 1e-9, 1.0, 1e9, f32::NAN, f32::INFINITY] {
                let mut gauge = Gauge::default();
                gauge.tell(S, level, level);
                let line = gauge.line(S, width, Glyphs::Unicode);
                assert!(line.width() <= width.max(2), "{width} {level}");
            }
        }
    }
}
