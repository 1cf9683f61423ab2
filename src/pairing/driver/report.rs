//! What happens while pairing, for a screen or a log.

use crate::medium::{Hearing, Spectrum};
use crate::pairing::{Apart, Note, Way};

/// Something that happened while pairing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PairEvent {
    /// An envelope of ours has begun to sound.
    Playing {
        /// Its length.
        bytes: usize,
        /// How long it sounds, in seconds.
        air_s: f64,
    },
    /// An envelope of somebody else was heard.
    Heard {
        /// Its length.
        bytes: usize,
        /// Signal-to-noise ratio in decibels.
        snr_db: f32,
    },
    /// An offer is being answered.
    Answering,
    /// Our offer was answered.
    Answered,
    /// Somebody who heard our beacon connects.
    Knocked,
    /// Whose beacon was heard is pairing with somebody else.
    Busy,
    /// The two reach each other over the network.
    Connecting,
    /// The link is open and proven.
    Connected {
        /// By which way.
        way: Way,
        /// Since the first sound, ours or theirs.
        seconds: f64,
    },
    /// The other side has been heard for a while, but nothing comes over the network. Pairing
    /// goes on.
    Unreached(Apart),
    /// How loud it is; full scale is 1.
    Level {
        /// Root mean square.
        rms: f32,
        /// Largest magnitude.
        peak: f32,
    },
    /// How loud it is at each frequency.
    Spectrum(Spectrum),
    /// How far something has come that is being heard; perhaps it is our own.
    Hearing(Hearing),
    /// Something went wrong that pairing goes on in spite of; in words.
    Trouble(String),
}

impl From<Note> for PairEvent {
    fn from(note: Note) -> Self {
        match note {
            Note::Answering => Self::Answering,
            Note::Answered => Self::Answered,
            Note::Knocked => Self::Knocked,
            Note::Busy => Self::Busy,
            Note::Connecting => Self::Connecting,
            Note::Unreached(apart) => Self::Unreached(apart),
            Note::Outpaced => {
                Self::Trouble("somebody else answered first; waiting for another peer".to_owned())
            }
            Note::PeerGone => Self::Trouble("the other side went quiet; starting over".to_owned()),
            Note::NoRoute => Self::Trouble(
                "the two hear each other, but this network does not let them talk; trying again"
                    .to_owned(),
            ),
        }
    }
}
