//! The few shapes that panels are drawn of.

use super::super::font;
use super::super::scene::{Align, Frame, Point, Scene, Text, What, corners};
use super::super::{Colour, Shape};
use super::panel::TICK;

pub(super) fn text(at: Point, words: &str, size: f64) -> Text {
    Text {
        at,
        text: words.to_owned(),
        size,
        colour: Colour::BLACK,
        align: Align::Start,
        turned: false,
    }
}

pub(super) fn line(
    points: Vec<Point>,
    colour: Colour,
    width: f64,
    dash: Option<(f64, f64)>,
) -> What {
    What::Line {
        points,
        colour,
        width,
        dash,
    }
}

pub(super) fn outline(scene: &mut Scene, frame: &Frame) {
    let mut points = corners(frame);
    points.push(points[0]);
    points.push(points[1]);
    scene.add(line(points, Colour::GREY, 1.0, None));
}

pub(super) fn grown(frame: &Frame, by: f64) -> Frame {
    Frame {
        left: frame.left - by,
        top: frame.top - by,
        width: frame.width + 2.0 * by,
        height: frame.height + 2.0 * by,
    }
}

/// A word on a white ground, kept inside of the panel from left to right.
pub(super) fn label(
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

pub(super) fn point(
    scene: &mut Scene,
    clip: Option<Frame>,
    shape: Shape,
    (x, y): Point,
    colour: Colour,
) {
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
pub(super) fn runs<T>(places: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
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
