//! What sender and receiver of files say to each other: a byte of kind, then fixed fields,
//! little-endian. One message is one frame of the link.

mod fields;
mod lists;
mod wire;

pub use fields::MessageError;

use super::{Hash, listing::Entry, reason::Reason};
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
