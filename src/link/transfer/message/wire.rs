//! Messages to bytes, and back.

use super::{super::listing::Entry, Have, Message, MessageError, Offer, fields::Fields};

impl Message {
    /// The bytes of this message: at most [`MAX_PAYLOAD`](crate::link::MAX_PAYLOAD) if the
    /// lists were made by [`entries`](Self::entries) and [`have`](Self::have) and the data is no
    /// longer than [`MAX_CHUNK`](super::MAX_CHUNK). [`decode`](Self::decode) undoes it.
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
                    entry.write(&mut bytes);
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
                    have.write(&mut bytes);
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
                    entries.push(Entry::read(&mut fields)?);
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
                    have.push(Have::read(&mut fields)?);
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
    use super::super::{Held, MAX_CHUNK, lists::tests::file};
    use super::*;
    use crate::link::transfer::{Kind, Reason, TreePath};
    use proptest::prelude::*;

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
