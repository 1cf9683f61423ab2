//! The words above a panel that say what its colours and lines mean.

use super::super::font;
use super::super::scene::{Frame, Point, Scene, What, corners};
use super::super::{Colour, Panel};
use super::panel::TICK;
use super::shapes::{line, point, text};

/// Height of a line of the legend.
const HEIGHT: f64 = 17.0;
/// Width of the sample before a word, with the space after it.
const PATCH: f64 = 26.0;

/// Entries of the legend, line by line.
pub(super) struct Legend<'a> {
    panel: &'a Panel,
    lines: Vec<Vec<Entry<'a>>>,
}

/// A word of the legend.
struct Entry<'a> {
    word: &'a str,
    what: Sample,
}

enum Sample {
    Series(usize),
    Patch(Colour),
    Dashed(Colour),
}

impl<'a> Legend<'a> {
    /// As many words in a line as fit into `cell` points with the left margin.
    pub(super) fn new(panel: &'a Panel, cell: f64) -> Self {
        let series = panel
            .series
            .iter()
            .enumerate()
            .filter(|(_, series)| !series.name.is_empty())
            .map(|(i, series)| (series.name.as_str(), Sample::Series(i)));
        let keys = panel.keys.iter().map(|key| {
            let sample = if key.dashed {
                Sample::Dashed(key.colour)
            } else {
                Sample::Patch(key.colour)
            };
            (key.word.as_str(), sample)
        });
        let mut lines: Vec<Vec<Entry<'a>>> = Vec::new();
        let mut x = f64::INFINITY;
        for (word, what) in series.chain(keys) {
            let width = entry_width(word);
            // The left margin is not known yet; 60 points are more than most.
            if x + width > cell - 60.0 {
                lines.push(Vec::new());
                x = 0.0;
            }
            x += width;
            if let Some(line) = lines.last_mut() {
                line.push(Entry { word, what });
            }
        }
        Self { panel, lines }
    }

    /// Height of all lines.
    pub(super) fn height(&self) -> f64 {
        self.lines.len() as f64 * HEIGHT
    }

    /// Draws it; `corner` is its upper left one.
    pub(super) fn draw(&self, scene: &mut Scene, (left, top): Point) {
        let mut y = top;
        for entries in &self.lines {
            let mut x = left;
            for entry in entries {
                self.sample(scene, &entry.what, (x, y + HEIGHT / 2.0));
                let at = (x + PATCH, y + HEIGHT / 2.0 + TICK * 0.35);
                scene.add(What::Text(text(at, entry.word, TICK)));
                x += entry_width(entry.word);
            }
            y += HEIGHT;
        }
    }

    /// The sample before a word of the legend; `at` is the middle of its left end.
    fn sample(&self, scene: &mut Scene, what: &Sample, (x, y): Point) {
        let end = x + PATCH - 6.0;
        match what {
            Sample::Patch(colour) => block(scene, (x, end), y, *colour),
            Sample::Dashed(colour) => {
                scene.add(line(vec![(x, y), (end, y)], *colour, 1.5, Some((5.0, 3.0))));
            }
            Sample::Series(index) => {
                let series = &self.panel.series[*index];
                let colour = self.panel.colour_of(*index);
                if series.bars.is_some() {
                    block(scene, (x, end), y, colour);
                }
                if let Some(style) = series.line {
                    let dash = style.dashed.then_some((6.0, 4.0));
                    let points = vec![(x, y), (end, y)];
                    scene.add(line(points, colour, style.width.max(1.4), dash));
                }
                if let Some(shape) = series.shape {
                    point(scene, None, shape, ((x + end) / 2.0, y), colour);
                }
            }
        }
    }
}

fn entry_width(word: &str) -> f64 {
    PATCH + font::width(word) * TICK + 16.0
}

fn block(scene: &mut Scene, (left, right): (f64, f64), middle: f64, colour: Colour) {
    let frame = Frame {
        left,
        top: middle - 5.0,
        width: right - left,
        height: 10.0,
    };
    scene.add(What::Area {
        points: corners(&frame),
        colour,
    });
}
