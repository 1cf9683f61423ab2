//! The two machines with real files: reading and writing on threads that may wait for a disk,
//! messages over a [`Link`](crate::link::Link).

mod event;
mod files;
mod folder;
mod incoming;
mod landing;
mod offering;
mod pump;
mod reader;
mod receive;
mod send;
mod survey;
mod writer;

pub use event::{Progress, Summary, TransferError, TransferEvent};
pub use files::{Files, Wish};
pub use incoming::{Incoming, ReceiveOptions};
pub use offering::{LeftOut, Offering, OfferingError, WhyLeftOut};

use super::{Modified, Reason};
use sha2::{Digest, Sha256};
use std::{
    fs::Metadata,
    io::{self, ErrorKind, Read},
    time::{Duration, SystemTime},
};

/// When a file was last changed, as far as the system knows.
fn modified(metadata: &Metadata) -> Option<Modified> {
    let time = metadata.modified().ok()?;
    Some(match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => Modified {
            seconds: i64::try_from(since.as_secs()).ok()?,
            nanos: since.subsec_nanos(),
        },
        Err(error) => {
            let before = error.duration();
            let seconds = -i64::try_from(before.as_secs()).ok()?;
            match before.subsec_nanos() {
                0 => Modified { seconds, nanos: 0 },
                nanos => Modified {
                    seconds: seconds - 1,
                    nanos: 1_000_000_000 - nanos,
                },
            }
        }
    })
}

/// The time of [`modified`], if the system can hold it.
fn time(modified: Modified) -> Option<SystemTime> {
    let seconds = Duration::from_secs(modified.seconds.unsigned_abs());
    let whole = if modified.seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(seconds)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    };
    whole?.checked_add(Duration::from_nanos(u64::from(modified.nanos)))
}

/// The hash of the next `length` bytes; what was hashed is shorter if the file is.
fn hash_of(file: &mut impl Read, length: u64) -> io::Result<(Sha256, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut hashed = 0;
    while hashed < length {
        let most = usize::try_from(length - hashed).map_or(buffer.len(), |n| n.min(buffer.len()));
        match file.read(&mut buffer[..most]) {
            Ok(0) => break,
            Ok(got) => {
                hasher.update(&buffer[..got]);
                hashed += got as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((hasher, hashed))
}

/// Why a file could not be read.
fn read_reason(error: &io::Error) -> Reason {
    match error.kind() {
        ErrorKind::NotFound => Reason::Vanished,
        ErrorKind::PermissionDenied => Reason::Denied,
        _ => Reason::Unreadable,
    }
}

/// Why a file could not be written.
fn write_reason(error: &io::Error) -> Reason {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Reason::DiskFull,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Reason::Denied,
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
            Reason::InTheWay
        }
        _ => Reason::Unwritable,
    }
}

#[cfg(test)]
mod tests;
