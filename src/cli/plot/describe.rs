//! The description of a picture: rows of panels, and what is in them.

use super::scene::Align;
use super::{Axis, Colour, Raster, Series};

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    pub(crate) title: String,
    /// Small lines below the title.
    pub(crate) notes: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// Panels side by side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Height of the space between the axes, in points; the picture is 900 points wide.
    pub(super) height: f64,
    pub(super) panels: Vec<Panel>,
}

/// Two axes and what is between them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) raster: Option<Raster>,
    pub(crate) series: Vec<Series>,
    pub(crate) marks: Vec<Mark>,
    /// Further words of the legend.
    pub(crate) keys: Vec<Key>,
}

/// A word of the legend that names no series but marks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) word: String,
    pub(crate) colour: Colour,
    /// Of dashed lines, not of areas.
    pub(crate) dashed: bool,
}

/// What is drawn over series and rasters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    /// A rectangle. `y: None` is the full height.
    Box {
        x: (f64, f64),
        y: Option<(f64, f64)>,
        line: Option<Colour>,
        fill: Option<Colour>,
    },
    /// A line up the whole panel.
    Upright {
        x: f64,
        colour: Colour,
        dashed: bool,
    },
    /// A line across the whole panel.
    Level {
        y: f64,
        colour: Colour,
        dashed: bool,
    },
    /// A word on a white ground, moved by `shift` points, right and down.
    Label {
        at: (f64, f64),
        shift: (f64, f64),
        text: String,
        colour: Colour,
        align: Align,
    },
}

impl Picture {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            notes: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// A small line below the title.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Panels side by side, each an equal share of the width, with `height` points between their
    /// axes.
    pub(crate) fn row(mut self, height: f64, panels: impl IntoIterator<Item = Panel>) -> Self {
        self.rows.push(Row {
            height,
            panels: panels.into_iter().collect(),
        });
        self
    }

    /// All panels, as they are read.
    pub(crate) fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.rows.iter().flat_map(|row| &row.panels)
    }
}

impl Panel {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            x: Axis::linear(""),
            y: Axis::linear(""),
            raster: None,
            series: Vec::new(),
            marks: Vec::new(),
            keys: Vec::new(),
        }
    }

    pub(crate) fn x(mut self, axis: Axis) -> Self {
        self.x = axis;
        self
    }

    pub(crate) fn y(mut self, axis: Axis) -> Self {
        self.y = axis;
        self
    }

    pub(crate) fn raster(mut self, raster: Raster) -> Self {
        self.raster = Some(raster);
        self
    }

    pub(crate) fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    pub(crate) fn mark(mut self, mark: Mark) -> Self {
        self.marks.push(mark);
        self
    }

    /// A word in the legend beside a patch of colour.
    pub(crate) fn key(mut self, word: impl Into<String>, colour: Colour) -> Self {
        self.keys.push(Key {
            word: word.into(),
            colour,
            dashed: false,
        });
        self
    }

    /// A word in the legend beside a dashed line.
    pub(crate) fn dashed_key(mut self, word: impl Into<String>, colour: Colour) -> Self {
        self.keys.push(Key {
            word: word.into(),
            colour,
            dashed: true,
        });
        self
    }

    /// The colour of a series: its own, or the next in turn.
    pub(super) fn colour_of(&self, index: usize) -> Colour {
        let turn = Colour::SERIES[index % Colour::SERIES.len()];
        self.series[index].colour.unwrap_or(turn)
    }
}
