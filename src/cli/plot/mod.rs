//! The drawing base: charts and images, written as PNG or SVG from one description.
//!
//! A [`Picture`] is rows of [`Panel`]s; a panel has two [`Axis`]es and what is drawn between them:
//! [`Series`] (lines, points, bars, with confidence), a [`Raster`] (a spectrogram), and marks
//! (boxes, rules, labels). The description is data: tests look at it before anything is drawn.
//!
//! ```text
//!  Picture, Panel, Axis, Series, Raster   what is to be seen, in its own units
//!  layout                                 -> scene: places in points, 900 of them across
//!  svg, png                               scene -> bytes
//! ```
//!
//! An error rate over SNR, with confidence, beside its theory:
//!
//! ```ignore
//! use super::plot::{Axis, Panel, Picture, Series, Shape};
//!
//! let measured: Vec<(f64, f64)> = rows.iter().map(|row| (row.snr, row.rate)).collect();
//! let sure: Vec<(f64, f64, f64)> = rows.iter().map(|row| (row.snr, row.low, row.high)).collect();
//! Picture::new("Messages lost in white noise")
//!     .note("64 bytes, 400 messages a point, 95 % confidence")
//!     .row(320.0, [
//!         Panel::new("one pass")
//!             .x(Axis::linear("SNR in the band, dB"))
//!             .y(Axis::log("messages lost").range(1e-3, 1.0))
//!             .series(Series::line("airshake", measured).points(Shape::Disc).sure(sure))
//!             .series(Series::line("theory", theory).dashed()),
//!     ])
//!     .save(Path::new("awgn.svg"))?;
//! ```
//!
//! Series without a colour of their own take those of [`Colour::SERIES`] in turn, which also the
//! colour-blind tell apart. Bars of named things go over [`Axis::named`]. A value that is not
//! finite, or not positive on a log axis, is left out and leaves a gap in its line.

mod axis;
mod colour;
mod describe;
mod font;
mod layout;
mod png;
mod raster;
mod save;
mod scene;
mod series;
mod svg;

pub(crate) use axis::Axis;
pub(crate) use colour::{Colour, Ramp};
pub(crate) use describe::{Mark, Panel, Picture};
pub(crate) use raster::Raster;
#[cfg(test)]
pub(crate) use save::Kind;
pub(crate) use save::picture_path;
pub(crate) use scene::Align;
pub(crate) use series::{Series, Shape};
