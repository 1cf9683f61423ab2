//! Files and folders over a link: offered, accepted, verified, resumed.
//!
//! One side has an [`Offering`] and calls [`Link::send_files`](super::Link::send_files), the other
//! calls [`Link::receive_files`](super::Link::receive_files):
//!
//! ```text
//! sender                                              receiver
//! Offer: how many, how large                  <-      Ready
//! Entries ... Listed                          ->      checked; the user is asked
//!                                             <-      Have: what is already there, with its hash
//!                                             <-      Accept, or Refuse
//! Start, Data ... End with the hash, Start... ->      written aside, verified, moved to its place
//!                                             <-      Landed, Landed, Lost ...
//! Done                                        ->
//!                                             <-      Finished
//! ```
//!
//! To talk meanwhile, [`Link::files`](super::Link::files) parts the files from the rest.
//!
//! No file waits for another: everything from the first `Start` to `Done` is one stream, and the
//! link's window slows it down. [`Sending`] and [`Receiving`] are the two machines: told messages
//! and what the disk did, they say what to send and what to do; they know no file. The messages
//! are in [`Message`], little-endian, one in a frame.
//!
//! The hash is SHA-256: every computer has it (`sha256sum`; in a browser too), processors of the
//! last years compute it at over 1 GB/s, others at 200 MB/s, more than a link carries. It is
//! computed while the file is read, so that the first byte leaves at once.
//!
//! What a receiver promises:
//! - Nothing is written outside its folder: a path has no `..`, no root, no separator within a
//!   name, and no existing symbolic link is followed below the folder.
//! - Nothing stands under its final name before its hash was verified and it is safe on the disk.
//!   Until then it is in `.airshake-partial`, from where the next try goes on.
//! - What is there stays: a file of the same content is not sent again, one of another content is
//!   kept, and the new one becomes `name (1)`; unless overwriting was asked for.
//! - Symbolic links, devices and names that are not Unicode are left out, and the sender says so.
//!   Times of last change and the right to execute are kept, other rights and owners are not.

mod listing;
mod message;
mod path;
mod reason;
mod receiving;
mod sending;

#[cfg(feature = "net")]
mod disk;

pub use listing::{Entry, Kind, Listing, ListingError, MAX_ENTRIES, MAX_NAME_BYTES};
pub use message::{Have, Held, MAX_CHUNK, Message, MessageError, Modified, Offer};
pub use path::{MAX_COMPONENT, MAX_DEPTH, MAX_PATH, PARTIAL_FOLDER, PathError, Platform, TreePath};
pub use reason::{Failure, Reason};
pub use receiving::{Receiving, ReceivingInput, ReceivingOutput};
pub use sending::{Piece, Sending, SendingInput, SendingOutput};

#[cfg(feature = "net")]
pub use disk::{
    Files, Incoming, LeftOut, Offering, OfferingError, Progress, ReceiveOptions, Summary,
    TransferError, TransferEvent, WhyLeftOut, Wish,
};

/// The version of what files are sent by. An offer and a greeting carry it; both must agree.
pub const VERSION: u8 = 1;

/// A SHA-256.
pub type Hash = [u8; 32];
