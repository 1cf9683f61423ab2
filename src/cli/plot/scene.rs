//! What is drawn, in points from the upper left corner: between the layout and the two outputs.

use super::Colour;

/// A place: right, down.
pub(super) type Point = (f64, f64);

/// A rectangle with its sides along the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// The picture as shapes, the later ones on top, on white.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) shapes: Vec<Drawn>,
}

/// A shape, seen only inside of `clip`.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) clip: Option<Frame>,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// A line through points.
    Line {
        points: Vec<Point>,
        colour: Colour,
        width: f64,
        /// Lengths of dash and gap.
        dash: Option<(f64, f64)>,
    },
    /// The inside of a closed line.
    Area {
        points: Vec<Point>,
        colour: Colour,
    },
    Text(Text),
    /// Pixels, row by row from the top.
    Image {
        place: Frame,
        columns: usize,
        pixels: Vec<[u8; 3]>,
    },
}

/// A line of text. `at` is on the baseline.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) at: Point,
    pub(super) text: String,
    pub(super) size: f64,
    pub(super) colour: Colour,
    pub(super) align: Align,
    /// Read from bottom to top.
    pub(super) turned: bool,
}

/// Which part of a text is at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Start,
    Middle,
    End,
}

impl Align {
    /// The share of the width that is before the place.
    pub(super) fn share(self) -> f64 {
        match self {
            Self::Start => 0.0,
            Self::Middle => 0.5,
            Self::End => 1.0,
        }
    }
}

impl Scene {
    pub(super) fn add(&mut self, what: What) {
        self.shapes.push(Drawn { clip: None, what });
    }

    pub(super) fn add_inside(&mut self, clip: Frame, what: What) {
        self.shapes.push(Drawn {
            clip: Some(clip),
            what,
        });
    }
}

/// The corners of a rectangle.
pub(super) fn corners(frame: &Frame) -> Vec<Point> {
    vec![
        (frame.left, frame.top),
        (frame.right(), frame.top),
        (frame.right(), frame.bottom()),
        (frame.left, frame.bottom()),
    ]
}
