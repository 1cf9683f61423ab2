//! What the microphone heard in the last seconds, over time and frequency.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use airshake::medium::Spectrum;
use airshake::modem::Profile;
use airshake::units::Hertz;

use super::ink::{Glyphs, Line, Style};

/// Columns of a tenth of a second; the newest is the last.
#[derive(Debug)]
pub(super) struct Waterfall {
    rows: [Range<f64>; ROWS],
    /// How loud it is in each row when nothing happens, in decibels.
    floors: Option<[f32; ROWS]>,
    /// How loud the loudest row was lately.
    loudest: f32,
    columns: VecDeque<Column>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    at: Duration,
    shades: [u8; ROWS],
    /// How loud the loudest row was, in decibels.
    top: f32,
    whose: Whose,
}

/// Who played when it was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Nobodys,
    Ours,
    Theirs,
}

impl Waterfall {
    /// Of the bands of these profiles.
    pub(super) fn new(profiles: &[&Profile]) -> Self {
        Self {
            rows: rows(profiles),
            floors: None,
            loudest: QUIETEST,
            columns: VecDeque::with_capacity(MOST_COLUMNS),
        }
    }

    pub(super) fn tell(&mut self, at: Duration, spectrum: &Spectrum, whose: Whose) {
        let levels = self
            .rows
            .each_ref()
            .map(|row| spectrum.between(Hertz(row.start), Hertz(row.end)));
        let top = levels.iter().copied().fold(QUIETEST, f32::max);
        self.loudest = top.max(self.loudest - FADE_DB);
        // What a strong sound leaks into other bands is not a sound of its own.
        let least = self.loudest - SPAN_DB;
        // Nobody knows how loud the room is before it was heard for a while.
        let settling = self.columns.len() < SETTLED;
        let rise = if settling { FIRST_RISE_DB } else { RISE_DB };
        let floors = self.floors.get_or_insert([QUIETEST; ROWS]);
        let mut shades = [0; ROWS];
        for ((shade, floor), level) in shades.iter_mut().zip(floors).zip(levels) {
            let level = level.max(QUIETEST);
            // Downwards at once, upwards slowly: what lasts is the room.
            *floor = level.min(*floor + rise).max(QUIETEST);
            let above = level - floor.max(least);
            *shade = STEPS_DB.iter().take_while(|step| above >= **step).count() as u8;
        }
        if self.columns.len() == MOST_COLUMNS {
            self.columns.pop_front();
        }
        self.columns.push_back(Column {
            at,
            shades,
            top,
            whose,
        });
    }

    /// Whose the column before was, if it is still about as loud.
    pub(super) fn going_on(&self, spectrum: &Spectrum) -> Whose {
        let top = self
            .rows
            .iter()
            .map(|row| spectrum.between(Hertz(row.start), Hertz(row.end)))
            .fold(QUIETEST, f32::max);
        let before = self.columns.back();
        let loud = before.filter(|before| before.top - top < SPAN_DB / 2.0);
        loud.map_or(Whose::Nobodys, |before| before.whose)
    }

    /// What was heard since then turns out to be somebody's.
    pub(super) fn recognise(&mut self, since: Duration) {
        for column in self.columns.iter_mut().rev() {
            if column.at < since {
                break;
            }
            if column.whose == Whose::Nobodys {
                column.whose = Whose::Theirs;
            }
        }
    }

    /// Lines of so many columns, high frequencies first, then one that says who played.
    pub(super) fn lines(&self, count: usize, width: usize, glyphs: Glyphs) -> Vec<Line> {
        let shown = width.saturating_sub(LABEL).min(MOST_COLUMNS);
        let first = self.columns.len().saturating_sub(shown);
        let blank = shown.saturating_sub(self.columns.len());
        let columns = || self.columns.range(first..);
        let shades = glyphs.shades();
        let mut lines: Vec<Line> = groups(count)
            .rev()
            .map(|rows| {
                let top = self.rows[rows.end - 1].end;
                let mut line = Line::of(format!("{:>7} ", label(top)), Style::Faint);
                line.push(" ".repeat(blank), Style::Plain);
                for column in columns() {
                    let shade = column.shades[rows.clone()].iter().max().copied();
                    let shade = shades[usize::from(shade.unwrap_or(0)).min(shades.len() - 1)];
                    let style = match column.whose {
                        _ if shade == ' ' => Style::Plain,
                        Whose::Nobodys => Style::Plain,
                        Whose::Ours => Style::Ours,
                        Whose::Theirs => Style::Theirs,
                    };
                    line.push(shade, style);
                }
                line
            })
            .collect();
        let mut under = Line::of(" ".repeat(LABEL + blank), Style::Plain);
        for column in columns() {
            let (sign, style) = match column.whose {
                Whose::Nobodys => (' ', Style::Plain),
                Whose::Ours => (glyphs.ours(), Style::Ours),
                Whose::Theirs => (glyphs.theirs(), Style::Theirs),
            };
            under.push(sign, style);
        }
        lines.push(under);
        lines
    }
}

/// All rows in so many groups of neighbours.
fn groups(count: usize) -> impl DoubleEndedIterator<Item = Range<usize>> {
    let count = count.clamp(1, ROWS);
    (0..count).map(move |i| i * ROWS / count..(i + 1) * ROWS / count)
}

/// The bands of the profiles cut into rows, low to high: each stretch of them has one at least,
/// and the wide ones the others.
fn rows(profiles: &[&Profile]) -> [Range<f64>; ROWS] {
    let mut bands: Vec<(f64, f64)> = profiles
        .iter()
        .map(|profile| {
            let (from, to) = (profile.chirp.from.0, profile.chirp.to.0);
            (from.min(to), from.max(to))
        })
        .collect();
    bands.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut stretches: Vec<(f64, f64)> = Vec::new();
    for (low, high) in bands {
        match stretches.last_mut() {
            Some(last) if low <= last.1 => last.1 = last.1.max(high),
            _ => stretches.push((low, high)),
        }
    }
    stretches.truncate(ROWS);
    if stretches.is_empty() {
        stretches.push((0.0, 20_000.0));
    }
    let mut shares = vec![1; stretches.len()];
    for _ in stretches.len()..ROWS {
        let width =
            |i: usize, shares: &[usize]| (stretches[i].1 - stretches[i].0) / shares[i] as f64;
        let widest = (0..stretches.len())
            .max_by(|a, b| width(*a, &shares).total_cmp(&width(*b, &shares)))
            .unwrap_or(0);
        shares[widest] += 1;
    }
    let mut rows = stretches
        .iter()
        .zip(&shares)
        .flat_map(|((low, high), share)| {
            let step = (high - low) / *share as f64;
            (0..*share).map(move |i| low + i as f64 * step..low + (i + 1) as f64 * step)
        });
    std::array::from_fn(|_| rows.next().unwrap_or(0.0..0.0))
}

fn label(frequency: f64) -> String {
    let kilo = frequency / 1000.0;
    if kilo < 9.95 && (kilo - kilo.round()).abs() > 0.05 {
        format!("{kilo:.1} kHz")
    } else {
        format!("{kilo:.0} kHz")
    }
}

/// Rows at most.
pub(super) const ROWS: usize = 4;

/// Columns at most: ten seconds.
const MOST_COLUMNS: usize = 100;

/// Columns of the frequencies at the left: each is where its row ends.
const LABEL: usize = 8;

/// Decibels above the room from which on each shade is used. A band of noise that is measured for
/// a tenth of a second varies by less than the first.
const STEPS_DB: [f32; 4] = [6.0, 12.0, 20.0, 30.0];

/// Below this level nothing is ever shown.
const QUIETEST: f32 = -90.0;

/// Between the loudest and what is still shown beside it; about what a loudspeaker distorts.
const SPAN_DB: f32 = 42.0;

/// So many decibels a column, thus 5 dB a second, the loudest is forgotten.
const FADE_DB: f32 = 0.5;

/// So many decibels a column, thus 2 dB a second, the room may seem to become louder.
const RISE_DB: f32 = 0.2;

/// Until so many columns were heard it may do so faster: 60 dB are followed in two seconds.
const FIRST_RISE_DB: f32 = 3.0;
const SETTLED: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn spectrum(level: impl Fn(f64) -> f32) -> Spectrum {
        Spectrum {
            levels: std::array::from_fn(|i| level((i as f64 + 0.5) * Spectrum::WIDTH.0)),
        }
    }

    fn drawn(waterfall: &Waterfall, count: usize, width: usize) -> Vec<String> {
        let ink = super::super::Ink { colour: false };
        let lines = waterfall.lines(count, width, Glyphs::Ascii);
        lines.iter().map(|line| ink.paint(line)).collect()
    }

    const TENTH: Duration = Duration::from_millis(100);

    #[test]
    fn what_stands_out_of_the_room_is_dark_at_its_frequency_and_time() {
        let mut waterfall = Waterfall::new(Profile::ALL);
        for i in 0..SETTLED as u32 {
            waterfall.tell(Duration::ZERO, &spectrum(|_| -50.0), Whose::Nobodys);
            assert!(i < 14 || waterfall.columns[i as usize].shades == [0; ROWS]);
        }
        for i in 0..10 {
            let burst = |f: f64| if f > 15_000.0 { -25.0 } else { -50.0 };
            let spectrum = spectrum(|f| if i == 7 { burst(f) } else { -50.0 });
            waterfall.tell(i * TENTH, &spectrum, Whose::Nobodys);
        }
        waterfall.recognise(7 * TENTH);
        assert_eq!(
            drawn(&waterfall, ROWS, 19),
            [
                " 20 kHz         *  ",
                "  9 kHz            ",
                "6.1 kHz            ",
                "3.3 kHz            ",
                "                ===",
            ]
        );
        assert_eq!(
            drawn(&waterfall, 2, 11),
            [" 20 kHz *  ", "6.1 kHz    ", "        ==="]
        );
    }

    #[test]
    fn a_noise_that_lasts_becomes_the_room() {
        let mut waterfall = Waterfall::new(&[&Profile::AUDIBLE]);
        for i in 0..400 {
            let level = if i < 50 { -60.0 } else { -30.0 };
            waterfall.tell(i * TENTH, &spectrum(|_| level), Whose::Nobodys);
        }
        let lines = drawn(&waterfall, ROWS, 80);
        assert!(lines[0].trim_end().ends_with("9 kHz"), "{lines:#?}");
        // However long it runs.
        assert_eq!(waterfall.columns.len(), MOST_COLUMNS);
    }

    #[test]
    fn every_choice_of_profiles_has_rows_within_its_bands() {
        for profiles in [Profile::ALL, Profile::alone(&Profile::PHONE), &[]] {
            let rows = rows(profiles);
            assert!(rows.iter().all(|row| row.start < row.end), "{rows:?}");
            assert!(
                rows.windows(2)
                    .all(|pair| pair[0].end <= pair[1].start + 1e-6)
            );
        }
        let phone = rows(Profile::alone(&Profile::PHONE));
        assert!(
            (phone[0].start, phone[3].end) == (400.0, 3_300.0),
            "{phone:?}"
        );
    }
}
