//! Lists: their rows, and how they are cut into messages.

use super::{
    super::{
        listing::{Entry, Kind},
        path::{PathError, TreePath},
    },
    Have, Held, Message, MessageError, Modified,
    fields::Fields,
};
use crate::link::MAX_PAYLOAD;

impl Message {
    /// The messages that list these entries.
    pub fn entries(entries: &[Entry]) -> impl Iterator<Item = Self> {
        let size = |entry: &Entry| entry.path.as_str().len() + ENTRY_BYTES;
        in_frames(entries, 1, size).map(|entries| Self::Entries(entries.to_vec()))
    }

    /// The messages that tell what there is.
    pub fn have(id: u32, have: &[Have]) -> impl Iterator<Item = Self> {
        let tell = move |have: &[Have]| Self::Have {
            id,
            have: have.to_vec(),
        };
        in_frames(have, 5, |_| HAVE_BYTES).map(tell)
    }
}

impl Entry {
    /// Writes it; [`read`](Self::read) undoes it.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let (flags, size, modified) = match self.kind {
            Kind::Folder => (FOLDER, 0, None),
            Kind::File {
                size,
                modified,
                executable,
            } => (
                if executable { EXECUTABLE } else { 0 }
                    | if modified.is_some() { DATED } else { 0 },
                size,
                modified,
            ),
        };
        let path = self.path.as_str();
        let Modified { seconds, nanos } = modified.unwrap_or(Modified {
            seconds: 0,
            nanos: 0,
        });
        bytes.push(flags);
        bytes.extend(size.to_le_bytes());
        bytes.extend(seconds.to_le_bytes());
        bytes.extend(nanos.to_le_bytes());
        // A path has at most 3,000 bytes.
        bytes.extend((path.len() as u16).to_le_bytes());
        bytes.extend(path.as_bytes());
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, MessageError> {
        let flags = fields.u8()?;
        let size = fields.u64()?;
        let seconds = i64::from_le_bytes(fields.take()?);
        let nanos = fields.u32()?;
        if nanos >= 1_000_000_000 {
            return Err(MessageError::Meaningless { kind: fields.kind });
        }
        let length = usize::from(u16::from_le_bytes(fields.take()?));
        let path = fields.bytes(length)?;
        let path = std::str::from_utf8(path).map_err(|_| PathError::Encoding)?;
        let kind = if flags & FOLDER != 0 {
            Kind::Folder
        } else {
            Kind::File {
                size,
                modified: (flags & DATED != 0).then_some(Modified { seconds, nanos }),
                executable: flags & EXECUTABLE != 0,
            }
        };
        let path = TreePath::parse(path)?;
        Ok(Self { path, kind })
    }
}

impl Have {
    /// Writes it; [`read`](Self::read) undoes it.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.index.to_le_bytes());
        bytes.push(u8::from(self.held == Held::Whole));
        bytes.extend(self.size.to_le_bytes());
        bytes.extend(self.hash);
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, MessageError> {
        Ok(Self {
            index: fields.u32()?,
            held: match fields.u8()? {
                0 => Held::Part,
                1 => Held::Whole,
                _ => return Err(MessageError::Meaningless { kind: fields.kind }),
            },
            size: fields.u64()?,
            hash: fields.take()?,
        })
    }
}

/// Cuts `items` where a frame is full.
fn in_frames<T>(
    mut items: &[T],
    header: usize,
    size: impl Fn(&T) -> usize,
) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let mut used = header;
        let fits = items.iter().take_while(|item| {
            used += size(item);
            used <= MAX_PAYLOAD
        });
        let (some, rest) = items.split_at(fits.count());
        items = rest;
        (!some.is_empty()).then_some(some)
    })
}

/// The fields of an entry but its path.
const ENTRY_BYTES: usize = 1 + 8 + 8 + 4 + 2;
const HAVE_BYTES: usize = 4 + 1 + 8 + 32;

const FOLDER: u8 = 1;
const EXECUTABLE: u8 = 2;
const DATED: u8 = 4;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn file(path: &str) -> Entry {
        Entry {
            path: TreePath::parse(path).unwrap(),
            kind: Kind::File {
                size: 1 << 40,
                modified: Some(Modified {
                    seconds: -5,
                    nanos: 999_999_999,
                }),
                executable: true,
            },
        }
    }

    #[test]
    fn long_lists_are_cut_where_a_frame_is_full() {
        let entries: Vec<Entry> = (0..3_000)
            .map(|n| file(&format!("{}/{n}", "x".repeat(n % 250 + 1))))
            .collect();
        let messages: Vec<Message> = Message::entries(&entries).collect();
        let mut read = Vec::new();
        for message in &messages {
            let bytes = message.encode();
            assert!(bytes.len() <= MAX_PAYLOAD);
            match Message::decode(&bytes) {
                Ok(Message::Entries(some)) => read.extend(some),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(read, entries);
        let have = vec![
            Have {
                index: 1,
                held: Held::Part,
                size: 1,
                hash: [0; 32]
            };
            1_000
        ];
        assert!(Message::have(1, &have).all(|m| m.encode().len() <= MAX_PAYLOAD));
    }

    #[test]
    fn a_path_that_escapes_is_no_message() {
        let mut bytes = Message::Entries(vec![file("aaaa")]).encode();
        let at = bytes.len() - 4;
        bytes[at..].copy_from_slice(b"../b");
        assert_eq!(
            Message::decode(&bytes),
            Err(MessageError::Path(PathError::Dots))
        );
    }
}
