//! One panel: axes, ticks, legend, and what is between them.

use super::super::axis::{Mapped, Tick};
use super::super::font;
use super::super::scene::{Align, Frame, Point, Scene, Text, What};
use super::super::{Colour, Panel};
use super::content::{BAR, bar_ticks};
use super::legend::Legend;
use super::shapes::{line, outline, text};

const TITLE: f64 = 14.0;
const LABEL: f64 = 12.5;
/// Height of the letters at ticks and in legends.
pub(super) const TICK: f64 = 12.0;
/// Length of a tick's line.
const STUB: f64 = 4.0;

/// A panel whose margins are known.
pub(super) struct Prepared<'a> {
    pub(super) panel: &'a Panel,
    x: Mapped,
    pub(super) y: Mapped,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    pub(super) bar_ticks: Vec<(f64, String)>,
    legend: Legend<'a>,
}

impl<'a> Prepared<'a> {
    /// `cell` is the width with margins, `height` that of the space between the axes.
    pub(super) fn new(panel: &'a Panel, cell: f64, height: f64) -> Self {
        let x = panel.x.mapped(x_values(panel));
        let y = panel.y.mapped(y_values(panel));
        let x_ticks = panel.x.ticks(&x, (cell / 75.0) as usize);
        let y_ticks = panel.y.ticks(&y, (height / 24.0).max(2.0) as usize);
        let bar_ticks = panel
            .raster
            .as_ref()
            .map_or_else(Vec::new, |raster| bar_ticks(raster, height));
        Self {
            panel,
            x,
            y,
            x_ticks,
            y_ticks,
            bar_ticks,
            legend: Legend::new(panel, cell),
        }
    }

    /// Width of the left margin.
    pub(super) fn left(&self) -> f64 {
        let words = widest(self.y_ticks.iter().filter_map(|tick| tick.label.as_deref()));
        let label = if self.panel.y.label.is_empty() {
            0.0
        } else {
            LABEL + 8.0
        };
        label + words + STUB + 5.0
    }

    /// Width of the right margin.
    pub(super) fn right(&self) -> f64 {
        match &self.panel.raster {
            Some(_) => {
                let words = widest(self.bar_ticks.iter().map(|(_, label)| label.as_str()));
                10.0 + BAR + 5.0 + words + 6.0 + LABEL
            }
            // Half of the last tick's label.
            None => 12.0,
        }
    }

    /// Height above.
    pub(super) fn head(&self) -> f64 {
        let title = if self.panel.title.is_empty() {
            0.0
        } else {
            TITLE + 6.0
        };
        title + self.legend.height() + 4.0
    }

    /// Height below.
    pub(super) fn foot(&self) -> f64 {
        let label = if self.panel.x.label.is_empty() {
            0.0
        } else {
            LABEL + 5.0
        };
        STUB + TICK + 5.0 + label
    }

    /// Draws all of it; `corner` is the upper left one of its cell.
    pub(super) fn draw(&self, scene: &mut Scene, inside: Frame, corner: Point) {
        self.grid(scene, &inside);
        self.content(scene, &inside);
        outline(scene, &inside);
        self.ticks(scene, &inside);
        self.words(scene, &inside, corner);
    }

    pub(super) fn place(&self, inside: &Frame, (x, y): (f64, f64)) -> Option<Point> {
        Some((
            inside.left + self.x.share(x)? * inside.width,
            inside.bottom() - self.y.share(y)? * inside.height,
        ))
    }

    pub(super) fn x_place(&self, inside: &Frame, x: f64) -> Option<f64> {
        Some(inside.left + self.x.share(x)? * inside.width)
    }

    pub(super) fn y_place(&self, inside: &Frame, y: f64) -> Option<f64> {
        Some(inside.bottom() - self.y.share(y)? * inside.height)
    }

    fn grid(&self, scene: &mut Scene, inside: &Frame) {
        if self.panel.raster.is_some() {
            return;
        }
        let mut thin = |points: Vec<Point>, large: bool| {
            scene.add(What::Line {
                points,
                colour: Colour::PALE.faint(if large { 1.0 } else { 0.5 }),
                width: 1.0,
                dash: None,
            });
        };
        if self.panel.x.wants_grid() {
            for tick in &self.x_ticks {
                if let Some(x) = self.x_place(inside, tick.at) {
                    let points = vec![(x, inside.top), (x, inside.bottom())];
                    thin(points, tick.label.is_some());
                }
            }
        }
        if self.panel.y.wants_grid() {
            for tick in &self.y_ticks {
                if let Some(y) = self.y_place(inside, tick.at) {
                    let points = vec![(inside.left, y), (inside.right(), y)];
                    thin(points, tick.label.is_some());
                }
            }
        }
    }

    fn ticks(&self, scene: &mut Scene, inside: &Frame) {
        for tick in &self.x_ticks {
            let Some(x) = self.x_place(inside, tick.at) else {
                continue;
            };
            let length = if tick.label.is_some() {
                STUB
            } else {
                STUB / 2.0
            };
            let points = vec![(x, inside.bottom()), (x, inside.bottom() + length)];
            scene.add(line(points, Colour::BLACK, 1.0, None));
            if let Some(label) = &tick.label {
                let y = inside.bottom() + STUB + 2.0 + TICK;
                let align = Align::Middle;
                scene.add(What::Text(Text {
                    align,
                    ..text((x, y), label, TICK)
                }));
            }
        }
        for tick in &self.y_ticks {
            let Some(y) = self.y_place(inside, tick.at) else {
                continue;
            };
            let length = if tick.label.is_some() {
                STUB
            } else {
                STUB / 2.0
            };
            let points = vec![(inside.left - length, y), (inside.left, y)];
            scene.add(line(points, Colour::BLACK, 1.0, None));
            if let Some(label) = &tick.label {
                let at = (inside.left - STUB - 3.0, y + TICK * 0.35);
                let align = Align::End;
                scene.add(What::Text(Text {
                    align,
                    ..text(at, label, TICK)
                }));
            }
        }
    }

    /// Title, names of the axes, legend.
    fn words(&self, scene: &mut Scene, inside: &Frame, (start, top): Point) {
        let mut y = top;
        if !self.panel.title.is_empty() {
            y += TITLE + 6.0;
            scene.add(What::Text(Text {
                colour: Colour::BLACK,
                ..text((inside.left, y - 6.0), &self.panel.title, TITLE)
            }));
        }
        self.legend.draw(scene, (inside.left, y));
        if !self.panel.x.label.is_empty() {
            let middle = inside.left + inside.width / 2.0;
            let y = inside.bottom() + STUB + TICK + 4.0 + LABEL;
            scene.add(What::Text(Text {
                align: Align::Middle,
                ..text((middle, y), &self.panel.x.label, LABEL)
            }));
        }
        if !self.panel.y.label.is_empty() {
            let middle = inside.top + inside.height / 2.0;
            scene.add(What::Text(Text {
                align: Align::Middle,
                turned: true,
                ..text((start + LABEL, middle), &self.panel.y.label, LABEL)
            }));
        }
    }
}

fn x_values(panel: &Panel) -> impl Iterator<Item = f64> + '_ {
    let rasters = panel
        .raster
        .iter()
        .flat_map(|raster| [raster.x.0, raster.x.1]);
    let series = panel.series.iter().flat_map(|series| {
        let half = series.bars.unwrap_or(0.0) / 2.0;
        series
            .values
            .iter()
            .flat_map(move |(x, _)| [x - half, x + half])
    });
    rasters.chain(series)
}

fn y_values(panel: &Panel) -> impl Iterator<Item = f64> + '_ {
    let rasters = panel
        .raster
        .iter()
        .flat_map(|raster| [raster.y.0, raster.y.1]);
    let series = panel.series.iter().flat_map(|series| {
        let foot = series.bars.map(|_| 0.0);
        let sure = series.sure.iter().flat_map(|(_, low, high)| [*low, *high]);
        series
            .values
            .iter()
            .map(|(_, y)| *y)
            .chain(sure)
            .chain(foot)
    });
    rasters.chain(series)
}

fn widest<'a>(labels: impl Iterator<Item = &'a str>) -> f64 {
    labels
        .map(|label| font::width(label) * TICK)
        .fold(0.0, f64::max)
}
