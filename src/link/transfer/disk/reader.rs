//! Reads what is sent, a little ahead of the link.

use super::{hash_of, modified, offering::Offering, read_reason};
use crate::link::transfer::{Entry, Have, Held, Kind, MAX_CHUNK, Piece, Reason};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::mpsc;

/// Files that need not be read any more.
#[derive(Clone)]
pub(super) struct Skips(Arc<[AtomicBool]>);

impl Skips {
    pub(super) fn new(entries: usize) -> Self {
        Self((0..entries).map(|_| AtomicBool::new(false)).collect())
    }

    pub(super) fn skip(&self, index: u32) {
        if let Some(skip) = self.0.get(index as usize) {
            skip.store(true, Ordering::Relaxed);
        }
    }

    fn skips(&self, index: u32) -> bool {
        let skip = self.0.get(index as usize);
        skip.is_some_and(|skip| skip.load(Ordering::Relaxed))
    }
}

/// Reads all files in their order on a thread of its own, as fast as the pieces are taken. It
/// ends when nobody takes them.
pub(super) fn read(
    offering: Offering,
    have: HashMap<u32, Have>,
    skips: Skips,
) -> mpsc::Receiver<Piece> {
    let (pieces, taken) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let _ = read_all(&offering, &have, &skips, &pieces);
    });
    taken
}

/// Pieces that are read ahead: about 0.5 MiB.
const AHEAD: usize = 32;

type Sent = Result<(), mpsc::error::SendError<Piece>>;

fn read_all(
    offering: &Offering,
    have: &HashMap<u32, Have>,
    skips: &Skips,
    pieces: &mpsc::Sender<Piece>,
) -> Sent {
    for (index, entry) in (0..).zip(offering.listing().entries()) {
        let Some(place) = offering.place(index).filter(|_| entry.is_file()) else {
            continue;
        };
        match read_one(index, entry, &place, have.get(&index), skips, pieces) {
            Ok(sent) => sent?,
            Err(reason) => pieces.blocking_send(Piece::Missing { index, reason })?,
        }
    }
    pieces.blocking_send(Piece::AllRead)
}

fn read_one(
    index: u32,
    entry: &Entry,
    place: &Path,
    have: Option<&Have>,
    skips: &Skips,
    pieces: &mpsc::Sender<Piece>,
) -> Result<Sent, Reason> {
    if skips.skips(index) {
        return Err(Reason::Unwritable);
    }
    let mut file = open(place, entry)?;
    let mut hasher = Sha256::new();
    let mut at = 0;
    if let Some(have) = have {
        let (prefix, hashed) =
            hash_of(&mut file, have.size).map_err(|error| read_reason(&error))?;
        if hashed != have.size {
            return Err(Reason::Changed);
        }
        if prefix.clone().finalize()[..] == have.hash {
            if have.held == Held::Whole {
                unchanged(&file, entry)?;
                return Ok(pieces.blocking_send(Piece::Same { index }));
            }
            (hasher, at) = (prefix, have.size);
        } else {
            file.seek(SeekFrom::Start(0))
                .map_err(|error| read_reason(&error))?;
        }
    }
    let start = Piece::Start { index, offset: at };
    if pieces.blocking_send(start).is_err() {
        return Ok(Err(mpsc::error::SendError(Piece::AllRead)));
    }
    let size = entry.size();
    while at < size {
        if skips.skips(index) {
            return Err(Reason::Unwritable);
        }
        let most = usize::try_from(size - at).map_or(MAX_CHUNK, |left| left.min(MAX_CHUNK));
        let mut data = vec![0; most];
        let got = fill(&mut file, &mut data).map_err(|error| read_reason(&error))?;
        if got < most {
            return Err(Reason::Changed);
        }
        hasher.update(&data);
        at += got as u64;
        if pieces.blocking_send(Piece::Data(data)).is_err() {
            return Ok(Err(mpsc::error::SendError(Piece::AllRead)));
        }
    }
    unchanged(&file, entry)?;
    let hash = hasher.finalize().into();
    Ok(pieces.blocking_send(Piece::End { hash }))
}

#[expect(clippy::disallowed_methods, reason = "files are sent from the disk")]
fn open(place: &Path, entry: &Entry) -> Result<File, Reason> {
    // What became a pipe meanwhile would not open before somebody writes to it.
    let metadata = fs::symlink_metadata(place).map_err(|error| read_reason(&error))?;
    if !metadata.is_file() {
        return Err(Reason::Changed);
    }
    let file = File::open(place).map_err(|error| read_reason(&error))?;
    unchanged(&file, entry)?;
    Ok(file)
}

/// Whether the file is still what was offered, as far as its size and time tell.
fn unchanged(file: &File, entry: &Entry) -> Result<(), Reason> {
    let metadata = file.metadata().map_err(|error| read_reason(&error))?;
    let Kind::File {
        size,
        modified: offered,
        ..
    } = entry.kind
    else {
        return Err(Reason::Changed);
    };
    if metadata.len() != size || modified(&metadata) != offered {
        return Err(Reason::Changed);
    }
    Ok(())
}

fn fill(file: &mut File, data: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < data.len() {
        match file.read(&mut data[filled..]) {
            Ok(0) => break,
            Ok(got) => filled += got,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
