//! What a [`Guide`](super::Guide) is told, and what it asks for.

use super::Note;
use crate::{
    link::{CHANCE, Certificates, ProofError, Proven},
    pairing::{Attempt, Failure, Way},
};
use std::time::Duration;

/// Something that a host tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Told {
    /// Begin.
    Start,
    /// Time has passed.
    Tick,
    /// The user has had enough.
    Cancel,
    /// Somebody, perhaps we, began to speak.
    Carrier {
        /// Time until it ends.
        length: Duration,
    },
    /// Something was heard that could not be read.
    Garbled,
    /// An envelope was heard; perhaps our own.
    Heard {
        /// The bytes.
        envelope: Vec<u8>,
    },
    /// The word of [`Command::Say`] has begun.
    Started {
        /// How long it takes.
        air: Duration,
    },
    /// It is over, to its end or not. Not told after [`Command::Hush`].
    Finished,
    /// The engine has made its offer or answer, with the addresses it found.
    Described {
        /// Of which attempt.
        attempt: Attempt,
        /// The whole session description.
        sdp: String,
    },
    /// ICE has reached the other side.
    Reached {
        /// In which attempt.
        attempt: Attempt,
    },
    /// The channel is open.
    Opened {
        /// Of which attempt.
        attempt: Attempt,
        /// What the two ends really use.
        certificates: Certificates,
        /// Random bytes, never used before or after.
        chance: Box<[u8; CHANCE]>,
    },
    /// A message came over the channel.
    Message {
        /// Of which attempt.
        attempt: Attempt,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Nothing will come of an attempt: the engine refuses, the connection failed or was closed.
    Failed {
        /// Which.
        attempt: Attempt,
        /// Why, in words.
        words: String,
    },
}

/// Something that a host is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Make a connection with one channel, negotiated, number 0, ordered, and its offer; tell
    /// [`Told::Described`].
    Offer {
        /// Numbers the connection.
        attempt: Attempt,
    },
    /// Make a connection with such a channel, give it this offer, and make its answer; tell
    /// [`Told::Described`].
    Answer {
        /// Numbers the connection.
        attempt: Attempt,
        /// The remote description.
        sdp: String,
    },
    /// Give the connection this remote answer.
    Accept {
        /// Which.
        attempt: Attempt,
        /// The remote description.
        sdp: String,
        /// Whether another answer may follow: `pranswer`.
        provisional: bool,
    },
    /// Send this over the connection's channel.
    Send {
        /// Which.
        attempt: Attempt,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Let go of the connection.
    Close {
        /// Which.
        attempt: Attempt,
        /// Whether something was sent that should arrive before.
        gently: bool,
    },
    /// Say this once.
    Say {
        /// What to say.
        envelope: Vec<u8>,
        /// Counts the repetitions of the same envelope from 0, wrapping around.
        pass: u8,
    },
    /// Stop speaking at once.
    Hush,
    /// Something worth showing.
    Note(Note),
    /// Something went wrong, and it goes on; in words.
    Trouble(String),
    /// Each side has proven itself to the other. What comes over the channel from now on, and what
    /// goes, is that of the link.
    Met {
        /// Over which connection.
        attempt: Attempt,
        /// How the two found each other.
        way: Way,
        /// The words to compare.
        proven: Proven,
    },
    /// There will be nobody.
    End(Ended),
}

/// Why there will be nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// As the machine says.
    #[error("{}", words(.0))]
    Failed(Failure),
    /// The other side was found but cannot be talked to.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The engine does not do what it is asked for.
    #[error("{0}")]
    Engine(String),
}

fn words(failure: &Failure) -> String {
    match failure {
        Failure::NoPeer(heard) => format!("no peer: {heard}"),
        Failure::NoRoute(apart) => apart.to_string(),
        Failure::Busy => "who was heard is pairing with somebody else: try again".to_owned(),
        Failure::Cancelled => "cancelled".to_owned(),
    }
}
