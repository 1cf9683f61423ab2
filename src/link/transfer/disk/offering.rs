//! What is to be sent: files and folders of this computer, looked up beforehand.

use super::modified;
use crate::link::transfer::{Entry, Kind, Listing, ListingError, PathError, TreePath};
use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Files and folders to be sent, as they were when they were [looked up](Self::of).
#[derive(Clone, Debug)]
pub struct Offering {
    listing: Arc<Listing>,
    /// What was named, and in whose tree each entry stands.
    roots: Vec<PathBuf>,
    root_of: Vec<u32>,
    left_out: Vec<LeftOut>,
}

/// Something below a folder that will not be sent.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// Where it is.
    pub path: PathBuf,
    /// Why.
    pub why: WhyLeftOut,
}

/// Why something will not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhyLeftOut {
    /// It may lead anywhere. To send what it points to, name the link itself.
    #[error("a symbolic link")]
    Link,
    /// A device, a pipe, a socket.
    #[error("neither a file nor a folder")]
    Special,
    /// Its name, or where it stands.
    #[error("{0}")]
    Path(#[from] PathError),
    /// It cannot be looked at, in the system's words.
    #[error("{0}")]
    Unreadable(String),
}

/// Why files cannot be offered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfferingError {
    /// Something that was named cannot be looked at.
    #[error("cannot send {path}")]
    Unreadable {
        /// As it was named.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Something that was named cannot be sent.
    #[error("cannot send {path}: {why}")]
    Unsendable {
        /// As it was named.
        path: String,
        /// Why not.
        why: WhyLeftOut,
    },
    /// Two things that were named have the same name, and would become one.
    #[error("two of them are named {0:?}: send them one after the other")]
    Twice(TreePath),
    /// There are too many.
    #[error(transparent)]
    TooMuch(ListingError),
}

impl Offering {
    /// Looks up these files and folders, and all that is in the folders, in the order of their
    /// names. A symbolic link is followed if it is among `paths`, and left out if it is below one.
    /// Each keeps its own name: `a/b` is offered as `b`.
    ///
    /// It waits for the disk: in async code call it on a thread for that.
    ///
    /// # Errors
    /// [`OfferingError`]: only what is below a folder may be left out, what was named may not.
    pub fn of<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, OfferingError> {
        let mut walk = Walk::default();
        for path in paths {
            walk.root(path.as_ref())?;
        }
        walk.listing.check().map_err(|error| match error {
            ListingError::Twice(path) | ListingError::BelowFile(path) => OfferingError::Twice(path),
            error => OfferingError::TooMuch(error),
        })?;
        Ok(Self {
            listing: Arc::new(walk.listing),
            roots: walk.roots,
            root_of: walk.root_of,
            left_out: walk.left_out,
        })
    }

    /// What will be offered.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// What will not.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    pub(super) fn shared_listing(&self) -> Arc<Listing> {
        self.listing.clone()
    }

    /// Where an entry is on this computer.
    pub(super) fn place(&self, index: u32) -> Option<PathBuf> {
        let entry = self.listing.entry(index)?;
        let root = *self.root_of.get(index as usize)?;
        let mut place = self.roots.get(root as usize)?.clone();
        place.extend(entry.path.names().skip(1));
        Some(place)
    }
}

#[derive(Default)]
struct Walk {
    listing: Listing,
    roots: Vec<PathBuf>,
    root_of: Vec<u32>,
    left_out: Vec<LeftOut>,
}

impl Walk {
    fn root(&mut self, path: &Path) -> Result<(), OfferingError> {
        let named = || path.display().to_string();
        let unreadable = |source| OfferingError::Unreadable {
            path: named(),
            source,
        };
        let unsendable = |why| OfferingError::Unsendable { path: named(), why };
        // `.` and `..` have a name as well, and a link is its target under its own name.
        let canonical = path.canonicalize().map_err(unreadable)?;
        let name = match path.file_name() {
            Some(name) => name,
            None => canonical
                .file_name()
                .ok_or(unsendable(PathError::Empty.into()))?,
        };
        let name = name
            .to_str()
            .ok_or_else(|| unsendable(PathError::Encoding.into()))?;
        let name = TreePath::from_names([name]).map_err(|error| unsendable(error.into()))?;
        let metadata = fs::metadata(&canonical).map_err(unreadable)?;
        self.roots.push(canonical.clone());
        if metadata.is_dir() {
            // Its list must be readable; of what is below it, some may not be.
            fs::read_dir(&canonical).map_err(unreadable)?;
            self.folder(name, &canonical)
        } else if metadata.is_file() {
            self.push(name, file(&metadata))
        } else {
            Err(unsendable(WhyLeftOut::Special))
        }
    }

    fn folder(&mut self, path: TreePath, place: &Path) -> Result<(), OfferingError> {
        let entries = match fs::read_dir(place).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => {
                self.leave_out(place, WhyLeftOut::Unreadable(error.to_string()));
                return Ok(());
            }
        };
        self.push(path.clone(), Kind::Folder)?;
        let mut names: Vec<_> = entries.iter().map(fs::DirEntry::file_name).collect();
        drop(entries);
        names.sort();
        for name in names {
            let place = place.join(&name);
            let below = name.to_str().ok_or(PathError::Encoding);
            let below = below.and_then(|name| TreePath::from_names(path.names().chain([name])));
            let below = match below {
                Ok(below) => below,
                Err(error) => {
                    self.leave_out(&place, error.into());
                    continue;
                }
            };
            match fs::symlink_metadata(&place) {
                Err(error) => self.leave_out(&place, WhyLeftOut::Unreadable(error.to_string())),
                Ok(metadata) if metadata.is_symlink() => self.leave_out(&place, WhyLeftOut::Link),
                Ok(metadata) if metadata.is_dir() => self.folder(below, &place)?,
                Ok(metadata) if metadata.is_file() => self.push(below, file(&metadata))?,
                Ok(_) => self.leave_out(&place, WhyLeftOut::Special),
            }
        }
        Ok(())
    }

    fn push(&mut self, path: TreePath, kind: Kind) -> Result<(), OfferingError> {
        self.listing
            .push(Entry { path, kind })
            .map_err(OfferingError::TooMuch)?;
        self.root_of.push(self.roots.len() as u32 - 1);
        Ok(())
    }

    fn leave_out(&mut self, path: &Path, why: WhyLeftOut) {
        let path = path.to_path_buf();
        self.left_out.push(LeftOut { path, why });
    }
}

fn file(metadata: &Metadata) -> Kind {
    #[cfg(unix)]
    let executable = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    let executable = false;
    Kind::File {
        size: metadata.len(),
        modified: modified(metadata),
        executable,
    }
}
