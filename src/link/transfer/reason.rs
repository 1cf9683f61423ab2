//! Why a file, or the whole transfer, did not come through: numbers on the wire, words for people.
//! No words of the peer are ever shown.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $words:literal;)*) => {
        /// Why something was not sent or not stored.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)*
            /// A reason that a later version may know.
            Other(u8),
        }

        impl Reason {
            /// Its number on the wire.
            pub fn number(self) -> u8 {
                match self {
                    $(Self::$name => $number,)*
                    Self::Other(number) => number,
                }
            }

            /// The reason of that number.
            pub fn from_number(number: u8) -> Self {
                match number {
                    $($number => Self::$name,)*
                    other => Self::Other(other),
                }
            }
        }

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => f.write_str($words),)*
                    Self::Other(number) => write!(f, "reason {number}"),
                }
            }
        }
    };
}

reasons! {
    /// The user did not want it.
    Declined = 1, "declined";
    /// Stopped by the user.
    Cancelled = 2, "cancelled";
    /// No room left on the receiver's disk.
    DiskFull = 3, "the disk is full";
    /// The system does not permit it.
    Denied = 4, "permission denied";
    /// The file was altered while it was sent.
    Changed = 5, "it changed while it was sent";
    /// The file was there when it was offered, and is not any more.
    Vanished = 6, "it is not there any more";
    /// It cannot be read.
    Unreadable = 7, "it cannot be read";
    /// It cannot be written.
    Unwritable = 8, "it cannot be written";
    /// What arrived does not have the hash of what was sent.
    Mismatch = 9, "what arrived is not what was sent";
    /// Something of another kind is already there under this name.
    InTheWay = 10, "something else is there under this name";
    /// The other side did not keep to the protocol.
    Protocol = 11, "the other side does not keep to the protocol";
    /// The other side speaks another version.
    Version = 12, "the other side speaks another version of the file transfer: update the older";
    /// More files, or longer names, than a receiver takes.
    TooMuch = 13, "more files than one transfer may have";
    /// Nobody receives on the other side.
    NotReceiving = 14, "the other side does not receive files: it should run `airshake receive`";
    /// Both want to send.
    BothSend = 15, "both sides want to send: one of them must run `airshake receive`";
    /// Both want to receive.
    BothReceive = 16, "both sides want to receive: one of them must run `airshake send`";
}

/// One file that did not come through, by its number in the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its number in the [`Listing`](super::Listing).
    pub index: u32,
    /// Why.
    pub reason: Reason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_reason_and_every_reason_its_number() {
        for number in 0..=255 {
            assert_eq!(Reason::from_number(number).number(), number);
        }
        assert_eq!(Reason::from_number(3), Reason::DiskFull);
    }
}
