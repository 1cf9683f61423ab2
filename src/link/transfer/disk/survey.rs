//! What is already there of what is offered.

use super::{
    folder::{Folder, numbered},
    hash_of, modified,
};
use crate::link::transfer::{Entry, Have, Held, Kind, Listing};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

/// What is there, and how far the hashes of the parts have come.
pub(super) struct Survey {
    pub(super) have: Vec<Have>,
    pub(super) parts: HashMap<u32, Sha256>,
}

/// Looks for parts and for files that may be the same. What cannot be read is not there.
pub(super) fn survey(folder: &Folder, listing: &Listing, stop: &AtomicBool) -> Survey {
    let mut survey = Survey {
        have: Vec::new(),
        parts: HashMap::new(),
    };
    for (index, entry) in (0..).zip(listing.entries()) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let Kind::File { size, .. } = entry.kind else {
            continue;
        };
        let whole = whole(folder, entry);
        let certain = whole.as_ref().is_some_and(|(_, same_time)| *same_time);
        let part = || part(folder, entry).filter(|_| !certain);
        let (place, length, held) = match (part(), whole) {
            (Some((part, length)), _) => (part, length, Held::Part),
            (None, Some((place, _))) => (place, size, Held::Whole),
            (None, None) => continue,
        };
        let Some(hasher) = hash(&place, length) else {
            continue;
        };
        let hash = hasher.clone().finalize().into();
        survey.have.push(Have {
            index,
            held,
            size: length,
            hash,
        });
        if held == Held::Part {
            survey.parts.insert(index, hasher);
        }
    }
    survey
}

/// Bytes that these files lack on the disk: all but their parts.
pub(super) fn missing(folder: &Folder, listing: &Listing, files: &[u32]) -> u64 {
    let entries = files.iter().filter_map(|index| listing.entry(*index));
    let lacking = entries.map(|entry| {
        let there = part(folder, entry).map_or(0, |(_, length)| length);
        entry.size() - there
    });
    lacking.fold(0, u64::saturating_add)
}

/// The part of a file, and its length.
fn part(folder: &Folder, entry: &Entry) -> Option<(PathBuf, u64)> {
    let place = folder.partial(&entry.path);
    let there = fs::symlink_metadata(&place).ok()?;
    let length = there.len();
    (there.is_file() && (1..=entry.size()).contains(&length)).then_some((place, length))
}

/// A file that may be the same: of this name or of one with a number, and of this size. One of
/// the same time comes before others.
fn whole(folder: &Folder, entry: &Entry) -> Option<(PathBuf, bool)> {
    let Kind::File {
        size,
        modified: time,
        ..
    } = entry.kind
    else {
        return None;
    };
    let first = folder.look_for(&entry.path)?;
    let mut found = None;
    for number in 0..MOST_LOOKED_AT {
        let place = numbered(&first, number);
        let Ok(there) = fs::symlink_metadata(&place) else {
            break;
        };
        if there.is_file() && there.len() == size {
            let same_time = time.is_some() && modified(&there) == time;
            if same_time {
                return Some((place, true));
            }
            found.get_or_insert((place, false));
        }
    }
    found
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is there is compared with what is offered"
)]
fn hash(place: &Path, length: u64) -> Option<Sha256> {
    let mut file = File::open(place).ok()?;
    let (hasher, hashed) = hash_of(&mut file, length).ok()?;
    (hashed == length).then_some(hasher)
}

/// Names with a number that are looked at.
const MOST_LOOKED_AT: u32 = 100;
