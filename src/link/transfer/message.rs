//! What sender and receiver of files say to each other: a byte of kind, then fixed fields,
//! little-endian. One message is one frame of the link.

use super::{
    Hash,
    listing::{Entry, Kind},
    path::{PathError, TreePath},
    reason::Reason,
};
use crate::link::MAX_PAYLOAD;

/// The most bytes of a file in one message.
pub const MAX_CHUNK: usize = MAX_PAYLOAD - 1;

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// How many files.
    pub files: u32,
    /// How many folders.
    pub folders: u32,
    /// Bytes of all files together.
    pub bytes: u64,
}

/// A time, counted from the beginning of 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Modified {
    /// Whole seconds, rounded down.
    pub seconds: i64,
    /// What is beyond them, below 10^9.
    pub nanos: u32,
}

/// What a receiver already has of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Have {
    /// The file's number in the listing.
    pub index: u32,
    /// Whether it is a part or something under the final name.
    pub held: Held,
    /// How many bytes there are.
    pub size: u64,
    /// Their hash.
    pub hash: Hash,
}

/// What is there of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The beginning of it, from an earlier try.
    Part,
    /// A file of its name and size; perhaps it is the same.
    Whole,
}

/// Something that is said over a link to move files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// The sender's first words. What the receiver answers carries the same number.
    Offer {
        /// [`VERSION`](super::VERSION) of the sender.
        version: u8,
        /// Of this transfer.
        id: u32,
        /// How much there is.
        offer: Offer,
    },
    /// Some of what is offered. The first of all has the number 0.
    Entries(Vec<Entry>),
    /// That was all of it.
    Listed,
    /// A file follows, from this place on.
    Start {
        /// Its number.
        index: u32,
        /// Bytes that the receiver has and that are right.
        offset: u64,
    },
    /// Bytes of the file that was started: at most [`MAX_CHUNK`].
    Data(Vec<u8>),
    /// That was the file.
    End {
        /// Of the whole file, also of what was there.
        hash: Hash,
    },
    /// What the receiver has under the final name is this file.
    Same {
        /// Its number.
        index: u32,
    },
    /// The file cannot be sent, or not to its end.
    Missing {
        /// Its number.
        index: u32,
        /// Why.
        reason: Reason,
    },
    /// All files have been dealt with.
    Done,
    /// The sender gives up.
    Cancel {
        /// Why.
        reason: Reason,
    },
    /// The receiver's first words.
    Ready {
        /// [`VERSION`](super::VERSION) of the receiver.
        version: u8,
    },
    /// What the receiver already has.
    Have {
        /// Of the transfer.
        id: u32,
        /// Some of it.
        have: Vec<Have>,
    },
    /// It may begin.
    Accept {
        /// Of the transfer.
        id: u32,
    },
    /// A file stands verified under its final name.
    Landed {
        /// Of the transfer.
        id: u32,
        /// The file's number.
        index: u32,
    },
    /// A file or folder could not be stored; the rest of it need not be sent.
    Lost {
        /// Of the transfer.
        id: u32,
        /// The file's number.
        index: u32,
        /// Why.
        reason: Reason,
    },
    /// Everything that was sent has landed or was lost.
    Finished {
        /// Of the transfer.
        id: u32,
    },
    /// The receiver does not want it, or gives up.
    Refuse {
        /// Of the transfer.
        id: u32,
        /// Why.
        reason: Reason,
    },
}

/// Why bytes are no message of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It ends too early.
    #[error("message of kind {kind} that ends within a field")]
    Short {
        /// The first byte.
        kind: u8,
    },
    /// A kind that a later version may know.
    #[error("message of kind {0}, which this version does not know")]
    UnknownKind(u8),
    /// No bytes at all.
    #[error("empty message")]
    Empty,
    /// A field that has no meaning.
    #[error("message of kind {kind} with a field that means nothing")]
    Meaningless {
        /// The first byte.
        kind: u8,
    },
    /// A path that is none.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl Message {
    /// The bytes of this message: at most [`MAX_PAYLOAD`] if the
    /// lists were made by [`entries`](Self::entries) and [`have`](Self::have) and the data is no
    /// longer than [`MAX_CHUNK`]. [`decode`](Self::decode) undoes it.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Offer { version, id, offer } => {
                bytes.extend([OFFER, *version]);
                bytes.extend(id.to_le_bytes());
                bytes.extend(offer.files.to_le_bytes());
                bytes.extend(offer.folders.to_le_bytes());
                bytes.extend(offer.bytes.to_le_bytes());
            }
            Self::Entries(entries) => {
                bytes.push(ENTRIES);
                for entry in entries {
                    write_entry(entry, &mut bytes);
                }
            }
            Self::Listed => bytes.push(LISTED),
            Self::Start { index, offset } => {
                bytes.push(START);
                bytes.extend(index.to_le_bytes());
                bytes.extend(offset.to_le_bytes());
            }
            Self::Data(data) => {
                bytes.reserve_exact(1 + data.len());
                bytes.push(DATA);
                bytes.extend_from_slice(data);
            }
            Self::End { hash } => {
                bytes.push(END);
                bytes.extend(hash);
            }
            Self::Same { index } => {
                bytes.push(SAME);
                bytes.extend(index.to_le_bytes());
            }
            Self::Missing { index, reason } => {
                bytes.push(MISSING);
                bytes.extend(index.to_le_bytes());
                bytes.push(reason.number());
            }
            Self::Done => bytes.push(DONE),
            Self::Cancel { reason } => bytes.extend([CANCEL, reason.number()]),
            Self::Ready { version } => bytes.extend([READY, *version]),
            Self::Have { id, have } => {
                bytes.push(HAVE);
                bytes.extend(id.to_le_bytes());
                for have in have {
                    bytes.extend(have.index.to_le_bytes());
                    bytes.push(u8::from(have.held == Held::Whole));
                    bytes.extend(have.size.to_le_bytes());
                    bytes.extend(have.hash);
                }
            }
            Self::Accept { id } => {
                bytes.push(ACCEPT);
                bytes.extend(id.to_le_bytes());
            }
            Self::Landed { id, index } => {
                bytes.push(LANDED);
                bytes.extend(id.to_le_bytes());
                bytes.extend(index.to_le_bytes());
            }
            Self::Lost { id, index, reason } => {
                bytes.push(LOST);
                bytes.extend(id.to_le_bytes());
                bytes.extend(index.to_le_bytes());
                bytes.push(reason.number());
            }
            Self::Finished { id } => {
                bytes.push(FINISHED);
                bytes.extend(id.to_le_bytes());
            }
            Self::Refuse { id, reason } => {
                bytes.push(REFUSE);
                bytes.extend(id.to_le_bytes());
                bytes.push(reason.number());
            }
        }
        bytes
    }

    /// Reads a message. The bytes may come from anybody; more than a message needs is left for
    /// later versions.
    ///
    /// # Errors
    /// If the bytes are no message of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let (&kind, rest) = bytes.split_first().ok_or(MessageError::Empty)?;
        let mut fields = Fields { kind, rest };
        Ok(match kind {
            OFFER => Self::Offer {
                version: fields.u8()?,
                id: fields.u32()?,
                offer: Offer {
                    files: fields.u32()?,
                    folders: fields.u32()?,
                    bytes: fields.u64()?,
                },
            },
            ENTRIES => {
                let mut entries = Vec::new();
                while !fields.rest.is_empty() {
                    entries.push(read_entry(&mut fields)?);
                }
                Self::Entries(entries)
            }
            LISTED => Self::Listed,
            START => Self::Start {
                index: fields.u32()?,
                offset: fields.u64()?,
            },
            DATA => Self::Data(rest.to_vec()),
            END => Self::End {
                hash: fields.take()?,
            },
            SAME => Self::Same {
                index: fields.u32()?,
            },
            MISSING => Self::Missing {
                index: fields.u32()?,
                reason: fields.reason()?,
            },
            DONE => Self::Done,
            CANCEL => Self::Cancel {
                reason: fields.reason()?,
            },
            READY => Self::Ready {
                version: fields.u8()?,
            },
            HAVE => {
                let id = fields.u32()?;
                let mut have = Vec::new();
                while !fields.rest.is_empty() {
                    have.push(Have {
                        index: fields.u32()?,
                        held: match fields.u8()? {
                            0 => Held::Part,
                            1 => Held::Whole,
                            _ => return Err(MessageError::Meaningless { kind }),
                        },
                        size: fields.u64()?,
                        hash: fields.take()?,
                    });
                }
                Self::Have { id, have }
            }
            ACCEPT => Self::Accept { id: fields.u32()? },
            LANDED => Self::Landed {
                id: fields.u32()?,
                index: fields.u32()?,
            },
            LOST => Self::Lost {
                id: fields.u32()?,
                index: fields.u32()?,
                reason: fields.reason()?,
            },
            FINISHED => Self::Finished { id: fields.u32()? },
            REFUSE => Self::Refuse {
                id: fields.u32()?,
                reason: fields.reason()?,
            },
            other => return Err(MessageError::UnknownKind(other)),
        })
    }

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

fn write_entry(entry: &Entry, bytes: &mut Vec<u8>) {
    let (flags, size, modified) = match entry.kind {
        Kind::Folder => (FOLDER, 0, None),
        Kind::File {
            size,
            modified,
            executable,
        } => (
            if executable { EXECUTABLE } else { 0 } | if modified.is_some() { DATED } else { 0 },
            size,
            modified,
        ),
    };
    let path = entry.path.as_str();
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

fn read_entry(fields: &mut Fields<'_>) -> Result<Entry, MessageError> {
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
    Ok(Entry { path, kind })
}

struct Fields<'a> {
    kind: u8,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn bytes(&mut self, length: usize) -> Result<&'a [u8], MessageError> {
        let cut = self.rest.split_at_checked(length);
        let (bytes, rest) = cut.ok_or(MessageError::Short { kind: self.kind })?;
        self.rest = rest;
        Ok(bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let mut field = [0; N];
        field.copy_from_slice(self.bytes(N)?);
        Ok(field)
    }

    fn u8(&mut self) -> Result<u8, MessageError> {
        self.take().map(u8::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, MessageError> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, MessageError> {
        self.take().map(u64::from_le_bytes)
    }

    fn reason(&mut self) -> Result<Reason, MessageError> {
        self.u8().map(Reason::from_number)
    }
}

const OFFER: u8 = 0;
const ENTRIES: u8 = 1;
const LISTED: u8 = 2;
const START: u8 = 3;
const DATA: u8 = 4;
const END: u8 = 5;
const SAME: u8 = 6;
const MISSING: u8 = 7;
const DONE: u8 = 8;
const CANCEL: u8 = 9;
// What a receiver says.
const READY: u8 = 64;
const HAVE: u8 = 65;
const ACCEPT: u8 = 66;
const LANDED: u8 = 67;
const LOST: u8 = 68;
const FINISHED: u8 = 69;
const REFUSE: u8 = 70;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(path: &str) -> Entry {
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
    fn decode_undoes_encode_for_every_kind() {
        let folder = Entry {
            path: TreePath::parse("Fotos/Sommer 🌞").unwrap(),
            kind: Kind::Folder,
        };
        let offer = Offer {
            files: 1_000,
            folders: 3,
            bytes: u64::MAX,
        };
        let have = Have {
            index: 9,
            held: Held::Whole,
            size: 77,
            hash: [5; 32],
        };
        let (id, index, reason) = (0x0102_0304, 7, Reason::DiskFull);
        for message in [
            Message::Offer {
                version: 1,
                id,
                offer,
            },
            Message::Entries(vec![folder, file("a/b")]),
            Message::Entries(vec![]),
            Message::Listed,
            Message::Start {
                index,
                offset: 1 << 33,
            },
            Message::Data(vec![8; MAX_CHUNK]),
            Message::End { hash: [1; 32] },
            Message::Same { index },
            Message::Missing { index, reason },
            Message::Done,
            Message::Cancel { reason },
            Message::Ready { version: 1 },
            Message::Have {
                id,
                have: vec![have; 3],
            },
            Message::Accept { id },
            Message::Landed { id, index },
            Message::Lost { id, index, reason },
            Message::Finished { id },
            Message::Refuse { id, reason },
        ] {
            assert_eq!(Message::decode(&message.encode()), Ok(message));
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

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(
            kind in prop_oneof![0u8..12, 60u8..75, any::<u8>()],
            rest in proptest::collection::vec(any::<u8>(), 0..300)
        ) {
            let bytes = [&[kind], &rest[..]].concat();
            if let Ok(message) = Message::decode(&bytes) {
                prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
            }
        }
    }
}
