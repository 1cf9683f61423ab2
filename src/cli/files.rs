//! Bytes in from a file or stdin, out to a file or stdout. Files appear whole or not at all.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Where bytes come from or go to: a path, or `-` for the pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Stdin or stdout.
    Pipe,
    /// A file.
    File(PathBuf),
}

impl From<OsString> for Place {
    fn from(name: OsString) -> Self {
        if name == "-" {
            Self::Pipe
        } else {
            Self::File(name.into())
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipe => f.write_str("-"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Reads at most `limit` bytes and one more, so that the caller sees that it was too much.
pub(crate) fn read(place: &Place, limit: usize) -> Result<Vec<u8>> {
    let limit = limit as u64 + 1;
    let mut bytes = Vec::new();
    match place {
        Place::Pipe => io::stdin()
            .lock()
            .take(limit)
            .read_to_end(&mut bytes)
            .context("cannot read stdin")?,
        Place::File(path) => open(path)?
            .take(limit)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {}", path.display()))?,
    };
    Ok(bytes)
}

/// Writes all of `bytes`: to stdout, or as a file that appears whole.
pub(crate) fn write(place: &Place, bytes: &[u8]) -> Result<()> {
    match place {
        Place::Pipe => {
            let mut out = io::stdout().lock();
            out.write_all(bytes)
                .and_then(|()| out.flush())
                .context("cannot write to stdout")
        }
        Place::File(path) => {
            write_file(path, bytes).with_context(|| format!("cannot write {}", path.display()))
        }
    }
}

/// Says what is in the way of a file of that name, as far as names tell: before the work whose
/// results it is to hold.
pub(crate) fn check_name(path: &Path) -> Result<(), NameError> {
    let folder = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(NameError::Folder(path.to_path_buf())),
    };
    if !folder.is_dir() {
        return Err(NameError::NoFolder(folder.to_path_buf()));
    }
    if path.is_dir() {
        return Err(NameError::Folder(path.to_path_buf()));
    }
    Ok(())
}

/// Why no file can have a name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NameError {
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    #[error("{} is a folder", .0.display())]
    Folder(PathBuf),
}

/// Makes a folder, and those above it, if it is not there.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    if path.exists() && !path.is_dir() {
        bail!("{} is no folder", path.display());
    }
    fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))
}

/// A line on stdout, at once: a reader at the other end of a pipe is waiting for it.
pub(crate) fn print_line(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .context("cannot write to stdout")
}

#[expect(clippy::disallowed_methods, reason = "the command line is an edge")]
fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| format!("cannot open {}", path.display()))
}

#[expect(clippy::disallowed_methods, reason = "the command line is an edge")]
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link is followed, so that it stays a link. What exists and is no plain file (a device,
    // a named pipe) is written to and never replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if fs::metadata(&path).is_ok_and(|there| !there.is_file()) {
        let mut file = fs::OpenOptions::new().write(true).open(&path)?;
        return file.write_all(bytes).and_then(|()| file.flush());
    }
    let draft = Draft::beside(&path);
    let mut file = File::create(&draft.path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft.path, &path)
}

/// The name of a file that is not finished; whatever happens, no such file is left.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn beside(path: &Path) -> Self {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}.part", std::process::id()));
        Self {
            path: path.with_file_name(name),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_is_whole_and_leaves_no_draft() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.bin");
        write(&Place::File(path.clone()), b"one").expect("writes");
        write(&Place::File(path.clone()), b"three").expect("overwrites");
        assert_eq!(read(&Place::File(path), 100).expect("reads"), b"three");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    fn names_in_missing_folders_and_names_of_folders_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.bin");
        assert!(check_name(&path).is_ok());
        assert!(check_name(Path::new("out.bin")).is_ok());
        assert!(check_name(Path::new("/dev/null")).is_ok());
        let missing = check_name(&folder.path().join("none/out.bin"));
        assert!(matches!(missing, Err(NameError::NoFolder(_))));
        for name in [folder.path(), Path::new("/")] {
            assert!(matches!(check_name(name), Err(NameError::Folder(_))));
        }
    }

    #[test]
    fn reading_stops_one_byte_past_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::File(folder.path().join("in.bin"));
        write(&place, &[7; 100]).expect("writes");
        assert_eq!(read(&place, 10).expect("reads").len(), 11);
    }
}
