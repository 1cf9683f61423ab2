//! One file on its way to its place: written aside, verified, made safe, moved.

use super::{
    folder::{Folder, numbered},
    hash_of, time, write_reason,
};
use crate::link::transfer::{Entry, Hash, Kind, Reason};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A file that is being written.
pub(super) struct Landing {
    folder: Arc<Folder>,
    entry: Entry,
    part: PathBuf,
    file: File,
    hasher: Sha256,
}

/// How a file came to its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Landed {
    /// Its name, if it is not the one it was sent by.
    pub(super) renamed: Option<String>,
}

impl Landing {
    /// Begins a file, or goes on at `offset` after what `hasher` has seen.
    pub(super) fn open(
        folder: Arc<Folder>,
        entry: Entry,
        offset: u64,
        hasher: Sha256,
    ) -> Result<Self, Reason> {
        let part = folder.partial(&entry.path);
        let open = || {
            if fs::symlink_metadata(&part).is_ok_and(|there| !there.is_file()) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            // That a file's place can be had is better known before its bytes come.
            folder.make_way(&entry.path)?;
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&part)?;
            file.set_len(offset)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok(file)
        };
        let file = open().map_err(|error: io::Error| write_reason(&error))?;
        Ok(Self {
            folder,
            entry,
            part,
            file,
            hasher,
        })
    }

    pub(super) fn write(&mut self, data: &[u8]) -> Result<(), Reason> {
        self.file
            .write_all(data)
            .map_err(|error| write_reason(&error))?;
        self.hasher.update(data);
        Ok(())
    }

    /// Forgets the file and what was written of it.
    pub(super) fn discard(self) {
        drop(self.file);
        let _ = fs::remove_file(self.part);
    }

    /// Verifies the file and moves it to its place.
    pub(super) fn close(self, hash: Hash, overwrite: bool) -> Result<Landed, Reason> {
        if self.hasher.clone().finalize()[..] != hash {
            self.discard();
            return Err(Reason::Mismatch);
        }
        self.settle(hash, overwrite)
            .map_err(|error| write_reason(&error))
    }

    fn settle(self, hash: Hash, overwrite: bool) -> io::Result<Landed> {
        let Kind::File {
            size,
            modified,
            executable,
        } = self.entry.kind
        else {
            return Err(ErrorKind::IsADirectory.into());
        };
        if executable {
            make_executable(&self.file)?;
        }
        if let Some(time) = modified.and_then(time) {
            // A system that cannot keep the time keeps the file.
            let _ = self.file.set_modified(time);
        }
        // Else a power cut could leave an empty file under the final name.
        self.file.sync_all()?;
        drop(self.file);
        let first = self.folder.make_way(&self.entry.path)?;
        for number in 0..MOST_NAMES {
            let place = numbered(&first, number);
            let taken = if overwrite {
                match fs::symlink_metadata(&place) {
                    Ok(there) => there.is_dir() || self.folder.stored(&place),
                    Err(_) => false,
                }
            } else {
                match move_to_free(&self.part, &place) {
                    Ok(()) => {
                        self.folder.remember(&place);
                        return Ok(landed(&place, number));
                    }
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => true,
                    Err(error) => return Err(error),
                }
            };
            if !taken {
                fs::rename(&self.part, &place)?;
                self.folder.remember(&place);
                return Ok(landed(&place, number));
            }
            // As when an earlier try was stopped between moving the file and saying so.
            if !self.folder.stored(&place) && is_same(&place, size, &hash) {
                fs::remove_file(&self.part)?;
                self.folder.remember(&place);
                return Ok(landed(&place, number));
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

fn landed(place: &Path, number: u32) -> Landed {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    Landed {
        renamed: (number > 0).then(|| name.into_owned()),
    }
}

/// Moves a file to a name that is free, and fails if it is not. Two who try at once do not
/// overwrite each other: a hard link cannot be made to a name that exists.
fn move_to_free(part: &Path, place: &Path) -> io::Result<()> {
    match fs::hard_link(part, place) {
        Ok(()) => fs::remove_file(part),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Disks without hard links: memory cards, some network disks.
        Err(_) => match fs::symlink_metadata(place) {
            Ok(_) => Err(ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => fs::rename(part, place),
            Err(error) => Err(error),
        },
    }
}

/// Whether a file of that size and hash is there.
#[expect(
    clippy::disallowed_methods,
    reason = "what is there is compared with what came"
)]
pub(super) fn is_same(place: &Path, size: u64, hash: &Hash) -> bool {
    if !fs::symlink_metadata(place).is_ok_and(|there| there.is_file() && there.len() == size) {
        return false;
    }
    let hashed = File::open(place).and_then(|mut file| hash_of(&mut file, size));
    hashed.is_ok_and(|(hasher, length)| length == size && hasher.finalize()[..] == hash[..])
}

#[cfg(unix)]
fn make_executable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    let mode = permissions.mode();
    // Whoever may read may execute: so the user's mask goes for both.
    permissions.set_mode(mode | (mode & 0o444) >> 2);
    file.set_permissions(permissions)
}

#[cfg(not(unix))]
fn make_executable(_: &File) -> io::Result<()> {
    Ok(())
}

/// Names that are tried: `name (9999)` is the last.
const MOST_NAMES: u32 = 10_000;
