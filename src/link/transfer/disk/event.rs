//! What a transfer tells its user.

use crate::link::{
    CloseReason, LinkError,
    transfer::{Offer, Reason, TreePath},
};
use std::{io, time::Duration};

/// Something that happened in a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransferEvent {
    /// The offer is on its way; the other side looks at it.
    Offered(Offer),
    /// The files begin to move.
    Accepted,
    /// How far it is; some twenty times a second.
    Progress(Progress),
    /// A file stands complete at its receiver.
    Landed {
        /// Where within what is sent.
        path: TreePath,
        /// Whether it was there before.
        same: bool,
    },
    /// A file was stored under another name, because its own was taken.
    Renamed {
        /// Where within what is sent.
        path: TreePath,
        /// The name it got.
        name: String,
    },
    /// A file did not come through.
    Lost {
        /// Where within what is sent.
        path: TreePath,
        /// Why.
        reason: Reason,
    },
}

/// How far a transfer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// All that is to be done.
    pub total: Offer,
    /// Files that are complete.
    pub files: u32,
    /// Bytes that need not be moved any more: moved, there before, or lost.
    pub bytes: u64,
    /// Bytes that were moved over the link.
    pub moved: u64,
    /// The file that moves.
    pub current: Option<TreePath>,
}

/// How a transfer went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All that was to be done.
    pub total: Offer,
    /// Files that are complete at the receiver.
    pub files: u32,
    /// Those of them that were there before.
    pub same: u32,
    /// Bytes that were moved over the link.
    pub moved: u64,
    /// What did not come through: empty if all is well.
    pub lost: Vec<(TreePath, Reason)>,
    /// From the acceptance to the end.
    pub took: Duration,
}

/// Why a transfer came to nothing, or not to its end. What had arrived stays, and the next try
/// goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The other side said so.
    #[error("the other side gave up: {0}")]
    Theirs(Reason),
    /// This side did.
    #[error("given up: {0}")]
    Ours(Reason),
    /// There is not enough room for what is offered, or there was until something else took it.
    #[error(
        "the disk is full: {needed} bytes are still to come, {free} are free; make room and try \
         again: it goes on where it was"
    )]
    DiskFull {
        /// Bytes that are still to be written.
        needed: u64,
        /// Bytes that may be.
        free: u64,
    },
    /// The link broke.
    #[error("{0}")]
    Closed(CloseReason),
    /// The folder to receive into cannot be used.
    #[error("cannot receive into {folder}")]
    Folder {
        /// The folder, as it was given.
        folder: String,
        /// What the system says.
        source: io::Error,
    },
    /// Another program is receiving into the same folder.
    #[error("another airshake is receiving into {0}")]
    Busy(String),
}

impl From<LinkError> for TransferError {
    fn from(_: LinkError) -> Self {
        Self::Closed(CloseReason::ChannelClosed)
    }
}
