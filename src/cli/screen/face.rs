//! What is known, as lines that fit a window.

use std::time::Duration;

use super::ink::{Glyphs, Line, Style};
use super::scene::{Entry, Scene};
use super::waterfall::ROWS;

/// The window: columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// The screen for a window of that size: at most twelve lines, and one less than there are rows,
/// each shorter than the window is wide.
pub(super) fn face(scene: &Scene, now: Duration, size: Size, glyphs: Glyphs) -> Vec<Line> {
    let width = size.columns.saturating_sub(1).min(WIDEST);
    let plan = Plan::of(size.rows);
    let mut lines = Vec::with_capacity(12);
    if plan.blank {
        lines.push(Line::new());
    }
    lines.push(state(scene, now, width));
    if plan.level {
        let gauge = scene.gauge.line(now, width.saturating_sub(MARGIN), glyphs);
        lines.push(with_label(if width < 30 { "" } else { "level" }, gauge));
    }
    if plan.waterfall > 0 {
        lines.extend(scene.waterfall.lines(plan.waterfall, width, glyphs));
    }
    // A hint takes two lines where there are some.
    let hint = scene.hint.as_ref().filter(|_| plan.foot);
    let count = plan.entries.saturating_sub(usize::from(hint.is_some()));
    let mut entries: Vec<Line> = scene.last(count).map(entry).collect();
    entries.resize(count, Line::new());
    lines.extend(entries);
    if let Some((wrong, _)) = hint.filter(|_| plan.entries > 0) {
        lines.push(Line::of("  ! ", Style::Alarm).and(wrong.as_str(), Style::Plain));
    }
    if plan.foot {
        // Ctrl-C is echoed behind it, and must not break the line.
        let foot = foot(scene, plan.waterfall > 0 && width >= 50, glyphs);
        lines.push(foot.cut(width.saturating_sub(ECHO)));
    }
    lines.iter().map(|line| line.cut(width)).collect()
}

/// What there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    /// An empty line at the top. Enter, when it is pressed meanwhile, moves the screen down by a
    /// line; what is left of it above is then this one.
    blank: bool,
    level: bool,
    waterfall: usize,
    entries: usize,
    foot: bool,
}

impl Plan {
    fn of(rows: usize) -> Self {
        // Whatever follows needs a row too.
        let room = rows.saturating_sub(1);
        Self {
            blank: room >= 6,
            level: room >= 2,
            waterfall: match room {
                12.. => ROWS,
                8.. => 2,
                _ => 0,
            },
            entries: match room {
                12.. => 3,
                10.. => 2,
                8.. => 1,
                7 => 3,
                5.. => 2,
                4 => 1,
                _ => 0,
            },
            foot: room >= 3,
        }
    }
}

fn state(scene: &Scene, now: Duration, width: usize) -> Line {
    let left = match scene.left(now) {
        Some(left) if width < 50 => format!("{left} s"),
        Some(left) => format!("{left} s left"),
        None => String::new(),
    };
    let style = if scene.is_busy(now) {
        Style::Strong
    } else {
        Style::Plain
    };
    let state = scene.state(now);
    let room = width.saturating_sub(left.len() + 3);
    Line::of("  ", Style::Plain)
        .and(super::ink::fit(&state, room), style)
        .and_at_right(&left, Style::Faint, width)
}

fn with_label(label: &str, rest: Line) -> Line {
    let mut line = Line::of(format!("{label:>7} "), Style::Faint);
    line.append(rest);
    line
}

fn entry(entry: &Entry) -> Line {
    let time = format!("{:5.1} s  ", entry.at.as_secs_f64());
    let first = entry.text.lines().next().unwrap_or_default();
    let style = if entry.strong {
        Style::Strong
    } else {
        Style::Plain
    };
    Line::of(time, Style::Faint).and(first, style)
}

fn foot(scene: &Scene, legend: bool, glyphs: Glyphs) -> Line {
    if let Some((_, advice)) = &scene.hint {
        return Line::of("    ", Style::Plain).and(advice.as_str(), Style::Strong);
    }
    let mut line = Line::of("  ", Style::Plain);
    if legend {
        line.push(glyphs.ours().to_string().repeat(2), Style::Ours);
        line.push(" played here  ", Style::Faint);
        line.push(glyphs.theirs().to_string().repeat(2), Style::Theirs);
        line.push(" heard  ", Style::Faint);
    }
    line.and(" Ctrl-C ends it", Style::Faint)
}

/// Columns at most: what is wider cannot be taken in at a glance.
const WIDEST: usize = 79;

/// Columns of `^C`.
const ECHO: usize = 2;

/// Columns at the left of the meter.
const MARGIN: usize = 8;

#[cfg(test)]
mod tests {
    use super::super::scene::{Keep, Setting};
    use super::*;
    use airshake::medium::Spectrum;
    use airshake::modem::Profile;

    fn scene() -> Scene {
        let mut scene = Scene::new(Setting {
            limit: Some(Duration::from_secs(60)),
            profiles: Profile::ALL,
            keep: Keep::Within,
        });
        for tenth in 0..200 {
            let now = Duration::from_millis(tenth * 100);
            scene.level(now, 0.01, 0.05);
            let levels = [-60.0 + (tenth % 7) as f32 * 5.0; Spectrum::BANDS];
            scene.spectrum(now, &Spectrum { levels });
            if tenth % 20 == 0 {
                scene.playing(now, 32, 0.35);
            }
        }
        for i in 0..9 {
            let line = format!(
                "line {i} is long enough to be cut off somewhere: {}",
                "x".repeat(90)
            );
            scene.log(Duration::from_secs(i), &line, i == 8);
        }
        scene
    }

    #[test]
    fn it_fits_every_window() {
        let mut scene = scene();
        let now = Duration::from_secs(20);
        let wide = "世界".repeat(80);
        for hint in [None, Some((wide.clone(), wide))] {
            scene.hint = hint;
            for columns in 1..130 {
                for rows in 1..40 {
                    for glyphs in [Glyphs::Ascii, Glyphs::Unicode] {
                        let size = Size { columns, rows };
                        let lines = face(&scene, now, size, glyphs);
                        assert!(lines.len() <= 12.min(rows.max(2) - 1), "{size:?}");
                        assert!(!lines.is_empty());
                        for line in lines {
                            assert!(line.width() < columns.max(2), "{size:?}: {line:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn in_eighty_columns_there_is_everything() {
        let size = Size {
            columns: 80,
            rows: 24,
        };
        let lines = face(&scene(), Duration::from_millis(19_950), size, Glyphs::Ascii);
        let ink = super::super::Ink { colour: false };
        let text: Vec<String> = lines.iter().map(|line| ink.paint(line)).collect();
        assert_eq!(text.len(), 12);
        assert!(text[1].starts_with("  Listening") && text[1].ends_with("41 s left"));
        assert!(text[2].contains("-40 dB, peak -26"), "{text:#?}");
        assert!(text[3].contains("20 kHz") && text[6].contains("3.3 kHz"));
        assert!(text[7].trim_end().ends_with('-'), "{text:#?}");
        assert!(text[10].starts_with("  8.0 s  line 8"));
        assert!(text[11].contains("Ctrl-C"));
    }
}
