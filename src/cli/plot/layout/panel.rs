//! One panel: axes, ticks, legend, and what is between them.

use super::super::axis::{Mapped, Tick};
use super::super::font;
use super::super::scene::{Align, Frame, Point, Scene, Text, What, corners};
use super::super::{Colour, Mark, Panel, Raster, Series, Shape};

const TITLE: f64 = 14.0;
const LABEL: f64 = 12.5;
const TICK: f64 = 12.0;
/// Length of a tick's line.
const STUB: f64 = 4.0;
/// Height of a line of the legend.
const LEGEND: f64 = 17.0;
/// Width of the sample in a legend, with the space after it.
const PATCH: f64 = 26.0;
/// Width of the bar that shows a raster's colours.
const BAR: f64 = 12.0;

/// A panel whose margins are known.
pub(super) struct Prepared<'a> {
    panel: &'a Panel,
    x: Mapped,
    y: Mapped,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    bar_ticks: Vec<(f64, String)>,
    /// Entries of the legend, line by line.
    legend: Vec<Vec<Entry>>,
}

/// A word of the legend.
struct Entry {
    word: String,
    what: Sample,
}

enum Sample {
    Series(usize),
    Patch(Colour),
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
            legend: legend(panel, cell),
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
        title + self.legend.len() as f64 * LEGEND + 4.0
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
        if let Some(raster) = &self.panel.raster {
            self.raster(scene, raster, &inside);
        }
        for index in 0..self.panel.series.len() {
            self.series(scene, index, &inside);
        }
        for mark in &self.panel.marks {
            self.mark(scene, mark, &inside);
        }
        outline(scene, &inside);
        self.ticks(scene, &inside);
        self.words(scene, &inside, corner);
    }

    fn place(&self, inside: &Frame, (x, y): (f64, f64)) -> Option<Point> {
        Some((
            inside.left + self.x.share(x)? * inside.width,
            inside.bottom() - self.y.share(y)? * inside.height,
        ))
    }

    fn x_place(&self, inside: &Frame, x: f64) -> Option<f64> {
        Some(inside.left + self.x.share(x)? * inside.width)
    }

    fn y_place(&self, inside: &Frame, y: f64) -> Option<f64> {
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

    fn raster(&self, scene: &mut Scene, raster: &Raster, inside: &Frame) {
        let low = self.place(inside, (raster.x.0, raster.y.0));
        let high = self.place(inside, (raster.x.1, raster.y.1));
        let (Some(low), Some(high)) = (low, high) else {
            return;
        };
        if raster.rows() == 0 || high.0 <= low.0 || high.1 >= low.1 {
            return;
        }
        scene.add_inside(
            *inside,
            What::Image {
                place: Frame {
                    left: low.0,
                    top: high.1,
                    width: high.0 - low.0,
                    height: low.1 - high.1,
                },
                columns: raster.columns,
                pixels: raster.pixels(),
            },
        );
        self.bar(scene, raster, inside);
    }

    /// The bar of a raster's colours.
    fn bar(&self, scene: &mut Scene, raster: &Raster, inside: &Frame) {
        let bar = Frame {
            left: inside.right() + 10.0,
            top: inside.top,
            width: BAR,
            height: inside.height,
        };
        scene.add(What::Image {
            place: bar,
            columns: 1,
            pixels: (0..256)
                .map(|i| raster.ramp.at(1.0 - f64::from(i) / 255.0))
                .collect(),
        });
        outline(scene, &bar);
        let mut right: f64 = 0.0;
        for (share, label) in &self.bar_ticks {
            let y = bar.bottom() - share * bar.height;
            let words = text((bar.right() + 5.0, y + TICK * 0.35), label, TICK);
            right = right.max(font::width(label) * TICK);
            scene.add(What::Text(words));
        }
        scene.add(What::Text(Text {
            at: (
                bar.right() + 5.0 + right + 5.0 + LABEL * 0.8,
                bar.top + bar.height / 2.0,
            ),
            align: Align::Middle,
            turned: true,
            ..text((0.0, 0.0), &raster.label, LABEL)
        }));
    }

    fn series(&self, scene: &mut Scene, index: usize, inside: &Frame) {
        let series = &self.panel.series[index];
        let colour = self.panel.colour_of(index);
        let place = |value: (f64, f64)| self.place(inside, value);
        if let Some(width) = series.bars {
            self.bars(scene, series, width, colour, inside);
        }
        if series.line.is_some() {
            for run in runs(
                series
                    .sure
                    .iter()
                    .map(|(x, low, high)| Some((place((*x, *low))?, place((*x, *high))?))),
            ) {
                let up = run.iter().map(|(low, _)| *low);
                let back = run.iter().rev().map(|(_, high)| *high);
                scene.add_inside(
                    *inside,
                    What::Area {
                        points: up.chain(back).collect(),
                        colour: colour.faint(0.2),
                    },
                );
            }
        } else {
            for (x, low, high) in &series.sure {
                if let (Some(low), Some(high)) = (place((*x, *low)), place((*x, *high))) {
                    scene.add_inside(*inside, line(vec![low, high], Colour::BLACK, 1.4, None));
                }
            }
        }
        if let Some(style) = series.line {
            let dash = style.dashed.then_some((6.0, 4.0));
            for points in runs(series.values.iter().map(|value| place(*value))) {
                scene.add_inside(*inside, line(points, colour, style.width, dash));
            }
        }
        if let Some(shape) = series.shape {
            // A point on an axis is seen whole.
            let around = grown(inside, 5.0);
            for at in series.values.iter().filter_map(|value| place(*value)) {
                point(scene, Some(around), shape, at, colour);
            }
        }
    }

    fn bars(&self, scene: &mut Scene, series: &Series, width: f64, colour: Colour, inside: &Frame) {
        for (x, y) in &series.values {
            let low = self.place(inside, (x - width / 2.0, self.y.foot()));
            let high = self.place(inside, (x + width / 2.0, *y));
            if let (Some(low), Some(high)) = (low, high) {
                scene.add_inside(
                    *inside,
                    What::Area {
                        points: vec![low, (low.0, high.1), high, (high.0, low.1)],
                        colour: colour.faint(0.85),
                    },
                );
            }
        }
    }

    fn mark(&self, scene: &mut Scene, mark: &Mark, inside: &Frame) {
        match mark {
            Mark::Box {
                x,
                y,
                line: edge,
                fill,
            } => {
                let left = self.x_place(inside, x.0);
                let right = self.x_place(inside, x.1);
                let (bottom, top) = match y {
                    Some((low, high)) => (self.y_place(inside, *low), self.y_place(inside, *high)),
                    None => (Some(inside.bottom()), Some(inside.top)),
                };
                let (Some(left), Some(right), Some(top), Some(bottom)) = (left, right, top, bottom)
                else {
                    return;
                };
                let mut points = vec![(left, top), (right, top), (right, bottom), (left, bottom)];
                if let Some(colour) = fill {
                    let points = points.clone();
                    let colour = *colour;
                    scene.add_inside(*inside, What::Area { points, colour });
                }
                if let Some(colour) = edge {
                    points.push(points[0]);
                    points.push(points[1]);
                    scene.add_inside(*inside, line(points, *colour, 1.6, None));
                }
            }
            Mark::Upright { x, colour, dashed } => {
                if let Some(x) = self.x_place(inside, *x) {
                    let points = vec![(x, inside.top), (x, inside.bottom())];
                    let dash = dashed.then_some((5.0, 3.0));
                    if self.panel.raster.is_some() {
                        let halo = Colour::WHITE.faint(0.55);
                        scene.add_inside(*inside, line(points.clone(), halo, 3.0, None));
                    }
                    scene.add_inside(*inside, line(points, *colour, 1.5, dash));
                }
            }
            Mark::Level { y, colour, dashed } => {
                if let Some(y) = self.y_place(inside, *y) {
                    let points = vec![(inside.left, y), (inside.right(), y)];
                    let dash = dashed.then_some((4.0, 3.0));
                    scene.add_inside(*inside, line(points, *colour, 1.4, dash));
                }
            }
            Mark::Label {
                at,
                shift,
                text: words,
                colour,
                align,
            } => {
                if let Some((x, y)) = self.place(inside, *at) {
                    let at = (x + shift.0, y + shift.1);
                    label(scene, inside, at, words, *colour, *align);
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
        for entries in &self.legend {
            let mut x = inside.left;
            for entry in entries {
                self.sample(scene, &entry.what, (x, y + LEGEND / 2.0));
                let at = (x + PATCH, y + LEGEND / 2.0 + TICK * 0.35);
                scene.add(What::Text(text(at, &entry.word, TICK)));
                x += entry_width(&entry.word);
            }
            y += LEGEND;
        }
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

    /// The sample before a word of the legend; `at` is the middle of its left end.
    fn sample(&self, scene: &mut Scene, what: &Sample, (x, y): Point) {
        let end = x + PATCH - 6.0;
        match what {
            Sample::Patch(colour) => block(scene, (x, end), y, *colour),
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

/// Words of the legend, as many in a line as fit.
fn legend(panel: &Panel, cell: f64) -> Vec<Vec<Entry>> {
    let series = panel
        .series
        .iter()
        .enumerate()
        .filter(|(_, series)| !series.name.is_empty())
        .map(|(i, series)| (series.name.clone(), Sample::Series(i)));
    let keys = panel
        .keys
        .iter()
        .map(|(word, colour)| (word.clone(), Sample::Patch(*colour)));
    let mut lines: Vec<Vec<Entry>> = Vec::new();
    let mut x = f64::INFINITY;
    for (word, what) in series.chain(keys) {
        let width = entry_width(&word);
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
    lines
}

fn entry_width(word: &str) -> f64 {
    PATCH + font::width(word) * TICK + 16.0
}

/// Round values along a raster's bar, as shares of its length.
fn bar_ticks(raster: &Raster, height: f64) -> Vec<(f64, String)> {
    let axis = super::super::Axis::linear("").range(raster.range.0, raster.range.1);
    let mapped = axis.mapped(std::iter::empty());
    axis.ticks(&mapped, (height / 32.0).max(2.0) as usize)
        .into_iter()
        .filter_map(|tick| Some((mapped.share(tick.at)?, tick.label?)))
        .collect()
}

fn widest<'a>(labels: impl Iterator<Item = &'a str>) -> f64 {
    labels
        .map(|label| font::width(label) * TICK)
        .fold(0.0, f64::max)
}

fn text(at: Point, words: &str, size: f64) -> Text {
    Text {
        at,
        text: words.to_owned(),
        size,
        colour: Colour::BLACK,
        align: Align::Start,
        turned: false,
    }
}

fn line(points: Vec<Point>, colour: Colour, width: f64, dash: Option<(f64, f64)>) -> What {
    What::Line {
        points,
        colour,
        width,
        dash,
    }
}

fn outline(scene: &mut Scene, frame: &Frame) {
    let mut points = corners(frame);
    points.push(points[0]);
    points.push(points[1]);
    scene.add(line(points, Colour::GREY, 1.0, None));
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

fn grown(frame: &Frame, by: f64) -> Frame {
    Frame {
        left: frame.left - by,
        top: frame.top - by,
        width: frame.width + 2.0 * by,
        height: frame.height + 2.0 * by,
    }
}

/// A word on a white ground, kept inside of the panel from left to right.
fn label(
    scene: &mut Scene,
    inside: &Frame,
    (x, y): Point,
    words: &str,
    colour: Colour,
    align: Align,
) {
    let width = font::width(words) * TICK;
    let wanted = x - width * align.share();
    let left = wanted
        .min(inside.right() - width - 3.0)
        .max(inside.left + 3.0);
    let ground = Frame {
        left: left - 3.0,
        top: y - TICK,
        width: width + 6.0,
        height: TICK + 4.0,
    };
    scene.add_inside(
        *inside,
        What::Area {
            points: corners(&ground),
            colour: Colour::WHITE.faint(0.85),
        },
    );
    scene.add_inside(
        *inside,
        What::Text(Text {
            colour,
            ..text((left, y), words, TICK)
        }),
    );
}

fn point(scene: &mut Scene, clip: Option<Frame>, shape: Shape, (x, y): Point, colour: Colour) {
    let mut add = |what| match clip {
        Some(clip) => scene.add_inside(clip, what),
        None => scene.add(what),
    };
    let around = |corners: usize, radius: f64, from: f64| -> Vec<Point> {
        (0..corners)
            .map(|i| (from + i as f64 / corners as f64) * std::f64::consts::TAU)
            .map(|angle| (x + radius * angle.sin(), y - radius * angle.cos()))
            .collect()
    };
    match shape {
        Shape::Disc => add(What::Area {
            points: around(16, 3.4, 0.0),
            colour,
        }),
        Shape::Square => add(What::Area {
            points: around(4, 4.4, 0.125),
            colour,
        }),
        Shape::Triangle => add(What::Area {
            points: around(3, 4.8, 0.0),
            colour,
        }),
        Shape::Cross => {
            for slope in [1.0, -1.0] {
                let points = vec![(x - 3.4, y - 3.4 * slope), (x + 3.4, y + 3.4 * slope)];
                add(line(points, colour, 1.6, None));
            }
        }
    }
}

/// Cuts where a place is missing.
fn runs<T>(places: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
    let mut runs = vec![Vec::new()];
    for place in places {
        match place {
            Some(place) => {
                if let Some(run) = runs.last_mut() {
                    run.push(place);
                }
            }
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}
