//! The folder that receives: nothing is written outside it.

use super::event::TransferError;
use crate::link::transfer::{PARTIAL_FOLDER, Platform, TreePath};
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    fmt::Write as _,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// A folder that one program receives into, and what was stored in it by this transfer.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
    stored: Mutex<HashSet<FileId>>,
}

/// What tells one file from another, whatever their names: where names that differ in case or in
/// the way they are composed are one, two files of a transfer must not become one.
type FileId = (u64, u64);

impl Folder {
    /// Makes it if it is not there, and keeps other receivers out.
    pub(super) fn open(path: &Path) -> Result<Self, TransferError> {
        let failed = |source| TransferError::Folder {
            folder: path.display().to_string(),
            source,
        };
        fs::create_dir_all(path).map_err(failed)?;
        let partial = path.join(PARTIAL_FOLDER);
        make_private(&partial).map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(partial.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(TransferError::Busy(path.display().to_string()));
            }
            // Some network disks have no locks; two who receive at once are rare.
            Err(TryLockError::Error(_)) => {}
        }
        Ok(Self {
            path: path.to_path_buf(),
            lock,
            stored: Mutex::new(HashSet::new()),
        })
    }

    /// Bytes that may still be written, if the system knows: some network disks say that they
    /// have no room at all, not even for what is there.
    pub(super) fn free(&self) -> Option<u64> {
        let disk = fs4::statvfs(&self.path).ok()?;
        (disk.total_space() > 0).then_some(disk.available_space())
    }

    /// Where the part of a file is kept. It depends on nothing but its path: the next offer of
    /// the same path goes on with it, if it is the beginning of what is offered then.
    pub(super) fn partial(&self, path: &TreePath) -> PathBuf {
        let hash = Sha256::digest(path.as_str().as_bytes());
        let mut name = String::new();
        for byte in &hash[..16] {
            let _ = write!(name, "{byte:02x}");
        }
        self.path.join(PARTIAL_FOLDER).join(name + ".part")
    }

    /// Makes the folders that a file stands in, and says where it will stand.
    pub(super) fn make_way(&self, path: &TreePath) -> io::Result<PathBuf> {
        let mut place = self.path.clone();
        let mut names = path.storable(Platform::HERE).peekable();
        while let Some(name) = names.next() {
            place.push(name);
            if names.peek().is_some() {
                make_folder(&place)?;
            }
        }
        Ok(place)
    }

    /// Makes a folder.
    pub(super) fn make_folder(&self, path: &TreePath) -> io::Result<()> {
        make_folder(&self.make_way(path)?)
    }

    /// Where a file would stand. `None` if the way there is missing, or leads through anything
    /// but folders.
    pub(super) fn look_for(&self, path: &TreePath) -> Option<PathBuf> {
        let mut place = self.path.clone();
        let mut names = path.storable(Platform::HERE).peekable();
        while let Some(name) = names.next() {
            place.push(name);
            if names.peek().is_some() && !fs::symlink_metadata(&place).is_ok_and(|m| m.is_dir()) {
                return None;
            }
        }
        Some(place)
    }

    /// Remembers a file that was stored.
    pub(super) fn remember(&self, place: &Path) {
        if let Some(id) = id(place) {
            let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
            stored.insert(id);
        }
    }

    /// Whether it was stored by this transfer.
    pub(super) fn stored(&self, place: &Path) -> bool {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        id(place).is_some_and(|id| stored.contains(&id))
    }

    /// Removes what is of no use after a transfer; parts of files stay for the next.
    pub(super) fn tidy(&self) {
        let partial = self.path.join(PARTIAL_FOLDER);
        let only_lock = fs::read_dir(&partial).is_ok_and(|mut entries| {
            entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == LOCK))
        });
        if only_lock {
            let _ = fs::remove_file(partial.join(LOCK));
            let _ = fs::remove_dir(&partial);
        }
        let _ = self.lock.unlock();
    }
}

/// The name of that number: `photo.jpg`, `photo (1).jpg`, `photo (2).jpg`.
pub(super) fn numbered(place: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return place.to_path_buf();
    }
    let stem = place.file_stem().unwrap_or_default().to_string_lossy();
    let end = match place.extension() {
        Some(extension) => format!(" ({number}).{}", extension.to_string_lossy()),
        None => format!(" ({number})"),
    };
    // The longest name leaves no room for a number; 255 bytes are what most systems allow.
    let mut cut = stem.len().min(255usize.saturating_sub(end.len()));
    while !stem.is_char_boundary(cut) {
        cut -= 1;
    }
    place.with_file_name(format!("{}{end}", &stem[..cut]))
}

/// Makes one folder, if it is not there. A link to a folder is none: it may lead out of ours.
fn make_folder(place: &Path) -> io::Result<()> {
    match fs::create_dir(place) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(place)?.is_dir() {
                Ok(())
            } else {
                Err(ErrorKind::NotADirectory.into())
            }
        }
        made => made,
    }
}

/// What is not yet complete is nobody else's business.
fn make_private(place: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut builder = fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(place) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
    make_folder(place)
}

#[cfg(unix)]
fn id(place: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(place).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Elsewhere names tell: they are compared as Windows compares them, nearly.
#[cfg(not(unix))]
fn id(place: &Path) -> Option<FileId> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let folded = place.to_string_lossy().to_uppercase().to_lowercase();
    let mut hasher = DefaultHasher::new();
    folded.hash(&mut hasher);
    Some((0, hasher.finish()))
}

/// Held while somebody receives.
const LOCK: &str = "lock";
