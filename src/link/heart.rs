//! How a link is watched, and what is told of it.

use std::{fmt, time::Duration};

use crate::units::fixed;

/// How a link is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// A sign of life is sent this often.
    pub every: Duration,
    /// The connection is taken for broken when nothing at all was heard for this long: three beats
    /// may be lost.
    pub dead_after: Duration,
    /// How long a broken connection is tried to be got back, once both have accepted each other,
    /// before the link is over; not at all if zero.
    pub patience: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            dead_after: Duration::from_millis(3500),
            patience: Duration::from_secs(60),
        }
    }
}

/// Something that came over a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkEvent {
    /// A chat message, [clean](super::clean).
    Text(String),
    /// Bytes, as they were given to `send_data`.
    Data(Vec<u8>),
    /// The peer has said that it will send no more data. It may go on to listen.
    End,
    /// A message of a [file transfer](super::transfer), for
    /// [`send_files`](super::Link::send_files) or [`receive_files`](super::Link::receive_files).
    Files(Vec<u8>),
    /// Nothing is heard of the peer any more. What is sent waits; both sides try to reach each other
    /// again, and [`Resumed`](Self::Resumed) or [`Closed`](Self::Closed) follows. Nothing that was
    /// sent is lost by that, and nothing comes twice.
    Interrupted,
    /// The peer is there again.
    Resumed {
        /// From the last that was heard before.
        after: Duration,
    },
    /// The link is over; nothing else comes.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// How a link is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// The peer is there.
    Open,
    /// Nothing is heard of the peer, and both try to reach each other again.
    Interrupted,
    /// The peer is there again.
    Resumed {
        /// From the last that was heard before.
        after: Duration,
    },
    /// The link is over.
    Over,
}

/// Why a link is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer said goodbye.
    PeerLeft,
    /// The peer does not take us for the one it meant: the words on the two screens differed.
    Refused,
    /// The peer sent something for use before it had said that it takes us for the one it meant.
    TooEarly,
    /// The peer sent more than it may while what it sent before waits.
    TooMuch,
    /// Nothing was heard of the peer for so long.
    PeerSilent {
        /// The whole silence.
        silence: Duration,
    },
    /// The peer's computer is there, but its program ended without a goodbye.
    PeerGone,
    /// The channel was closed below us, by the peer or by the network.
    ChannelClosed,
    /// The peer came back, but says that it heard other messages than were sent.
    OutOfStep,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerLeft => f.write_str("the other side left"),
            Self::Refused => f.write_str("the other side refused: it does not see the same words"),
            Self::TooEarly => f.write_str(
                "the other side sent something before it had accepted us: it is broken or hostile",
            ),
            Self::TooMuch => {
                f.write_str("the other side sent more than it may at once: it is broken or hostile")
            }
            Self::PeerSilent { silence } => write!(
                f,
                "nothing heard of the other side for {:.1} s: it was stopped, sleeps, or lost the \
                 network",
                fixed(silence.as_secs_f64())
            ),
            Self::PeerGone => f.write_str("the other side's program ended without a goodbye"),
            Self::OutOfStep => f.write_str(
                "the other side came back with a false account of what it had heard: it is broken \
                 or hostile",
            ),
            Self::ChannelClosed => f.write_str("the connection was closed by the other side"),
        }
    }
}
