//! Values that belong together and share a colour and a name.

use super::Colour;

/// Lines, points or bars of one name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// What the legend says; empty for a series the legend leaves out.
    pub(crate) name: String,
    /// Values, in the order in which a line joins them.
    pub(crate) values: Vec<(f64, f64)>,
    /// Confidence: x, lowest, highest. A faint band along a line, whiskers on points and bars.
    pub(crate) sure: Vec<(f64, f64, f64)>,
    pub(super) line: Option<Line>,
    pub(super) shape: Option<Shape>,
    pub(super) bars: Option<f64>,
    pub(super) colour: Option<Colour>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) width: f64,
    pub(super) dashed: bool,
}

/// What marks a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Disc,
    Square,
    Triangle,
    Cross,
}

impl Shape {
    /// All, to be taken in turn.
    pub(crate) const ALL: [Self; 4] = [Self::Disc, Self::Square, Self::Triangle, Self::Cross];
}

impl Series {
    /// A line through values.
    pub(crate) fn line(name: &str, values: Vec<(f64, f64)>) -> Self {
        Self {
            line: Some(Line {
                width: 1.8,
                dashed: false,
            }),
            ..Self::bare(name, values)
        }
    }

    /// Points alone.
    pub(crate) fn scatter(name: &str, values: Vec<(f64, f64)>, shape: Shape) -> Self {
        Self {
            shape: Some(shape),
            ..Self::bare(name, values)
        }
    }

    /// Bars from the foot of the panel, `width` wide in units of the x axis, around their x.
    pub(crate) fn bars(name: &str, values: Vec<(f64, f64)>, width: f64) -> Self {
        Self {
            bars: Some(width),
            ..Self::bare(name, values)
        }
    }

    fn bare(name: &str, values: Vec<(f64, f64)>) -> Self {
        Self {
            name: name.to_owned(),
            values,
            sure: Vec::new(),
            line: None,
            shape: None,
            bars: None,
            colour: None,
        }
    }

    /// Also a mark at every value.
    pub(crate) fn points(mut self, shape: Shape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// Confidence: x, lowest, highest.
    pub(crate) fn sure(mut self, sure: Vec<(f64, f64, f64)>) -> Self {
        self.sure = sure;
        self
    }

    pub(crate) fn colour(mut self, colour: Colour) -> Self {
        self.colour = Some(colour);
        self
    }

    pub(crate) fn dashed(mut self) -> Self {
        if let Some(line) = &mut self.line {
            line.dashed = true;
        }
        self
    }

    /// Width of the line, in points.
    pub(crate) fn thin(mut self, width: f64) -> Self {
        if let Some(line) = &mut self.line {
            line.width = width;
        }
        self
    }
}
