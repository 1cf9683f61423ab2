//! A picture as a file.

use std::path::{Path, PathBuf};

use super::Picture;
use super::{png, svg};
use crate::cli::files::{self, Place};

/// Pixels a point in PNG: sharp on screens of twice the density, and when looked at closely.
const SCALE: f64 = 2.0;

/// How pictures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Pixels, twice as many across as the picture is wide.
    Png,
    /// Shapes; spectrograms are pixels inside it.
    Svg,
}

/// Why a picture cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    /// The name does not say which kind is wanted.
    #[error("cannot tell the kind of picture from the name {0}: end it in .png or .svg")]
    Kind(PathBuf),
    /// No file can have that name.
    #[error(transparent)]
    Name(#[from] files::NameError),
    /// The picture is too large to draw.
    #[error("a picture of {width} by {height} pixels cannot be drawn")]
    Size {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
    /// The encoder failed.
    #[error("the picture cannot be made a PNG file: {0}")]
    Png(String),
}

impl Kind {
    /// The kind that the end of a file's name asks for.
    pub(crate) fn of(path: &Path) -> Result<Self, SaveError> {
        let end = path.extension().unwrap_or_default().to_ascii_lowercase();
        match end.to_str() {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ => Err(SaveError::Kind(path.to_path_buf())),
        }
    }
}

/// A name that a picture can have, known before hours of work: its end says of which kind, and its
/// folder is there.
pub(crate) fn picture_path(path: PathBuf) -> Result<PathBuf, SaveError> {
    Kind::of(&path)?;
    files::check_name(&path)?;
    Ok(path)
}

impl Picture {
    /// Writes the picture; the name's end says whether as PNG or as SVG. The file appears whole.
    pub(crate) fn save(&self, path: &Path) -> anyhow::Result<()> {
        let bytes = self.encode(Kind::of(path)?)?;
        files::write(&Place::File(path.to_path_buf()), &bytes)
    }

    /// The file's bytes.
    pub(crate) fn encode(&self, kind: Kind) -> Result<Vec<u8>, SaveError> {
        let scene = self.lay_out();
        match kind {
            Kind::Png => png::png(&scene, SCALE),
            Kind::Svg => svg::svg(&scene).map(String::into_bytes),
        }
    }
}
