//! What is offered: a list of files and folders that is a tree.

use super::{
    message::{Modified, Offer},
    path::TreePath,
};
use std::collections::HashMap;

/// The most files and folders of one transfer.
pub const MAX_ENTRIES: u32 = 200_000;

/// The most bytes of all their paths together, so that a list takes no more than some 30 MiB.
pub const MAX_NAME_BYTES: usize = 16 << 20;

/// A file or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub path: TreePath,
    /// What it is.
    pub kind: Kind,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder, with or without something in it.
    Folder,
    /// A file.
    File {
        /// In bytes.
        size: u64,
        /// When it was last changed, if that is known.
        modified: Option<Modified>,
        /// Whether its owner may execute it.
        executable: bool,
    },
}

impl Entry {
    /// Bytes of the file; 0 for a folder.
    pub fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size, .. } => size,
            Kind::Folder => 0,
        }
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File { .. })
    }
}

/// Files and folders that fit together: no path twice, none below a file, none too many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    entries: Vec<Entry>,
    offer: Offer,
    name_bytes: usize,
}

/// Why entries are no listing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListingError {
    /// More than a receiver takes.
    #[error("more than {MAX_ENTRIES} files and folders: pack some of them first")]
    TooMany,
    /// Longer paths than a receiver takes.
    #[error("the paths have more than {MAX_NAME_BYTES} bytes together: pack some folders first")]
    LongNames,
    /// More bytes than can be counted.
    #[error("the sizes add up to more than 2^64 bytes")]
    TooLarge,
    /// The same path twice.
    #[error("{0:?} is there twice")]
    Twice(TreePath),
    /// A file cannot have files in it.
    #[error("{0:?} is a file, and something is said to be in it")]
    BelowFile(TreePath),
}

impl Listing {
    /// Adds an entry.
    ///
    /// # Errors
    /// [`ListingError`], of those that show at once.
    pub fn push(&mut self, entry: Entry) -> Result<(), ListingError> {
        if self.entries.len() >= MAX_ENTRIES as usize {
            return Err(ListingError::TooMany);
        }
        let names = self.name_bytes + entry.path.as_str().len();
        if names > MAX_NAME_BYTES {
            return Err(ListingError::LongNames);
        }
        let bytes = self.offer.bytes.checked_add(entry.size());
        self.offer.bytes = bytes.ok_or(ListingError::TooLarge)?;
        self.name_bytes = names;
        match entry.kind {
            Kind::File { .. } => self.offer.files += 1,
            Kind::Folder => self.offer.folders += 1,
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Checks that the entries are a tree.
    ///
    /// # Errors
    /// [`ListingError::Twice`], [`ListingError::BelowFile`].
    pub fn check(&self) -> Result<(), ListingError> {
        let mut seen = HashMap::with_capacity(self.entries.len());
        for entry in &self.entries {
            if seen.insert(entry.path.as_str(), entry.is_file()).is_some() {
                return Err(ListingError::Twice(entry.path.clone()));
            }
        }
        for entry in &self.entries {
            if let Some(file) = entry
                .path
                .folders()
                .find(|folder| seen.get(folder) == Some(&true))
            {
                let file = TreePath::parse(file);
                return Err(ListingError::BelowFile(file.unwrap_or(entry.path.clone())));
            }
        }
        Ok(())
    }

    /// All of them, in the order in which they are sent.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that number.
    pub fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    /// How many there are, and how large they are together.
    pub fn offer(&self) -> Offer {
        self.offer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: u64) -> Entry {
        Entry {
            path: TreePath::parse(path).unwrap(),
            kind: Kind::File {
                size,
                modified: None,
                executable: false,
            },
        }
    }

    fn folder(path: &str) -> Entry {
        Entry {
            path: TreePath::parse(path).unwrap(),
            kind: Kind::Folder,
        }
    }

    fn listing(entries: &[Entry]) -> Result<Listing, ListingError> {
        let mut listing = Listing::default();
        for entry in entries {
            listing.push(entry.clone())?;
        }
        listing.check()?;
        Ok(listing)
    }

    #[test]
    fn a_tree_is_counted() {
        let tree = listing(&[folder("a"), file("a/b", 5), file("a/c", 7), folder("d")]).unwrap();
        let offer = Offer {
            files: 2,
            folders: 2,
            bytes: 12,
        };
        assert_eq!(tree.offer(), offer);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let twice = TreePath::parse("a").unwrap();
        assert_eq!(
            listing(&[file("a", 1), folder("a")]),
            Err(ListingError::Twice(twice.clone()))
        );
        assert_eq!(
            listing(&[file("a/b/c", 1), file("a", 1)]),
            Err(ListingError::BelowFile(twice))
        );
        assert_eq!(
            listing(&[file("a", u64::MAX), file("b", 1)]),
            Err(ListingError::TooLarge)
        );
    }

    #[test]
    fn a_list_has_an_end() {
        let mut many = Listing::default();
        let long = "x".repeat(250);
        let refused =
            (0..=MAX_ENTRIES).find_map(|n| many.push(file(&format!("{long}{n}"), 1)).err());
        assert_eq!(refused, Some(ListingError::LongNames));
        let mut many = Listing::default();
        let refused = (0..=MAX_ENTRIES).find_map(|n| many.push(file(&format!("{n}"), 1)).err());
        assert_eq!(refused, Some(ListingError::TooMany));
    }
}
