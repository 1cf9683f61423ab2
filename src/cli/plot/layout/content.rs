//! What stands between the axes: rasters, series, marks.

use super::super::font;
use super::super::scene::{Align, Frame, Scene, Text, What};
use super::super::{Axis, Colour, Mark, Raster, Series};
use super::panel::{Prepared, TICK};
use super::shapes::{grown, label, line, outline, point, runs, text};

/// Height of the letters of a raster's unit.
const UNIT: f64 = 12.5;
/// Width of the bar that shows a raster's colours.
pub(super) const BAR: f64 = 12.0;

impl Prepared<'_> {
    /// All of it, the raster first; of the series the first lies on top.
    pub(super) fn content(&self, scene: &mut Scene, inside: &Frame) {
        if let Some(raster) = &self.panel.raster {
            self.raster(scene, raster, inside);
        }
        for index in (0..self.panel.series.len()).rev() {
            self.series(scene, index, inside);
        }
        for mark in &self.panel.marks {
            self.mark(scene, mark, inside);
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
                bar.right() + 5.0 + right + 5.0 + UNIT * 0.8,
                bar.top + bar.height / 2.0,
            ),
            align: Align::Middle,
            turned: true,
            ..text((0.0, 0.0), &raster.label, UNIT)
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
}

/// Round values along a raster's bar, as shares of its length.
pub(super) fn bar_ticks(raster: &Raster, height: f64) -> Vec<(f64, String)> {
    let axis = Axis::linear("").range(raster.range.0, raster.range.1);
    let mapped = axis.mapped(std::iter::empty());
    axis.ticks(&mapped, (height / 32.0).max(2.0) as usize)
        .into_iter()
        .filter_map(|tick| Some((mapped.share(tick.at)?, tick.label?)))
        .collect()
}
