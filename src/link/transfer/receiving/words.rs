//! What is said to the machine that receives, and what it says.

use crate::link::transfer::{Failure, Hash, Have, Message, Reason};

/// What the machine is told.
#[derive(Debug)]
pub enum ReceivingInput {
    /// Begin.
    Begin,
    /// The sender said this.
    Heard(Message),
    /// The sender said something that is no message.
    Malformed,
    /// The user wants it.
    Wanted,
    /// The user does not want it, or wants no more of it.
    Unwanted(Reason),
    /// That is already there.
    Surveyed(Vec<Have>),
    /// The folders are made.
    FoldersMade,
    /// The file is verified and stands where it belongs.
    Stored(u32),
    /// A file or a folder cannot be stored.
    NotStored(Failure),
}

/// What the machine wants.
#[derive(Debug, PartialEq, Eq)]
pub enum ReceivingOutput {
    /// Send this.
    Send(Message),
    /// Ask the user, who may look at [`Receiving::listing`](super::Receiving::listing).
    Ask,
    /// Look what is already there.
    Survey,
    /// Make the folders.
    MakeFolders,
    /// Begin a file, or go on with the part that is there.
    Open {
        /// Its number.
        index: u32,
        /// How much of the part is right: all or nothing.
        offset: u64,
    },
    /// Write this to it.
    Write(Vec<u8>),
    /// Verify it and move it to its place.
    Close {
        /// Its number.
        index: u32,
        /// What it must have.
        hash: Hash,
    },
    /// The file will not be completed, and its part is of no use.
    Discard(u32),
    /// What is there under the final name is the file.
    Same(u32),
    /// This one did not come through.
    Lost(Failure),
    /// Everything is settled.
    Finished,
    /// It is over.
    Failed {
        /// Why.
        reason: Reason,
        /// Whether the other side said so.
        theirs: bool,
    },
}
