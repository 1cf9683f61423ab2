//! What a [`Machine`](super::Machine) is told, and what it asks for.

use super::apart::Apart;
use crate::signal::Tag;
use std::{fmt, time::Duration};

/// Numbers a try: each own offer and each answer is one, with its own connection behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u32);

/// Something the machine is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// Begin.
    Start,
    /// Time has passed.
    Tick,
    /// Our offer for that attempt is ready to be said.
    OfferReady {
        /// From [`Output::MakeOffer`].
        attempt: Attempt,
        /// What to say.
        envelope: Vec<u8>,
        /// How an answer will name it.
        tag: Tag,
    },
    /// Our answer for that attempt is ready to be said.
    AnswerReady {
        /// From [`Output::MakeAnswer`].
        attempt: Attempt,
        /// What to say.
        envelope: Vec<u8>,
    },
    /// An offer was heard. It may be our own.
    OfferHeard {
        /// As heard.
        envelope: Vec<u8>,
        /// How an answer names it.
        tag: Tag,
        /// Whether it is a beacon or an invitation, whose sender may be reached without an answer.
        straight: bool,
    },
    /// An answer was heard. It may be our own.
    AnswerHeard {
        /// As heard.
        envelope: Vec<u8>,
        /// The offer it answers.
        to: Tag,
    },
    /// A whole envelope was heard that is neither offer nor answer of this version.
    StrangeHeard,
    /// Something was heard that could not be read.
    Garbled,
    /// Somebody, perhaps we, began to speak.
    Carrier {
        /// Time until it ends.
        length: Duration,
    },
    /// The medium has begun our word.
    Started {
        /// How long it takes.
        air: Duration,
    },
    /// Our word is over.
    Finished,
    /// Somebody who heard the beacon of that attempt knocks at our door. They go on knocking.
    Knocked(Attempt),
    /// At the door of whose beacon we answer in that attempt, somebody else was faster.
    Refused(Attempt),
    /// The connection shows signs of life: the other side has both descriptions.
    LinkConnecting(Attempt),
    /// The link is open, and both directions are proven.
    LinkOpen(Attempt),
    /// The link did not come about, or its description could not be made or used.
    LinkFailed(Attempt),
    /// The user has had enough.
    Cancel,
}

/// Something the machine asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Make an offer and tell [`Input::OfferReady`].
    MakeOffer(Attempt),
    /// Make an answer to this offer and tell [`Input::AnswerReady`]; connect as soon as possible.
    MakeAnswer {
        /// Numbers the answer.
        attempt: Attempt,
        /// The offer, as heard.
        offer: Vec<u8>,
        /// Whether to connect before the answer is said, which only a beacon allows.
        straight: bool,
    },
    /// Let in who knocks at the door of our beacon, and nobody else.
    Admit(Attempt),
    /// Connect our offer to this answer.
    AcceptAnswer {
        /// The attempt of our offer.
        attempt: Attempt,
        /// The answer, as heard.
        answer: Vec<u8>,
    },
    /// Nothing will come of this attempt: let go of its connection.
    Abandon(Attempt),
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
    /// The link of this attempt is open; the machine is over.
    Done {
        /// Which.
        attempt: Attempt,
        /// How the two found each other.
        way: Way,
    },
    /// There will be no link; the machine is over.
    Failed(Failure),
}

/// Which ways to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ways {
    /// By one sound, and by two where that does not work.
    #[default]
    Both,
    /// By one sound alone: whoever hears a beacon never speaks.
    OneSound,
    /// By two sounds alone: an offer instead of a beacon, and nobody connects before both have
    /// heard each other.
    TwoSounds,
}

/// How two peers found each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Only one of them was heard by the other.
    OneSound,
    /// Each heard the other.
    TwoSounds,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneSound => "one-sound",
            Self::TwoSounds => "two-sounds",
        })
    }
}

/// Progress, for the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// An offer was heard and is being answered.
    Answering,
    /// An answer to our offer was heard.
    Answered,
    /// Somebody who heard our beacon is at the door.
    Knocked,
    /// Whose beacon was heard is pairing with somebody else.
    Busy,
    /// The two sides reach each other over the network.
    Connecting,
    /// Somebody else answered the offer first; waiting for another.
    Outpaced,
    /// The peer has gone quiet; starting over.
    PeerGone,
    /// Signals went both ways, but the network brought no link; starting over.
    NoRoute,
    /// Somebody has been heard for a while, and nothing came over the network; going on.
    Unreached(Apart),
}

/// Why there is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Nobody could be paired with in time.
    NoPeer(Overheard),
    /// Somebody was heard, but the network brought no link.
    NoRoute(Apart),
    /// Whose beacon was heard is pairing with somebody else, and we were not to wait for another.
    Busy,
    /// [`Input::Cancel`].
    Cancelled,
}

/// What was heard of others, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overheard {
    /// Carriers, readable in the end or not.
    pub carriers: u32,
    /// Things that could not be read.
    pub garbled: u32,
    /// Whole envelopes that were not for pairing.
    pub strange: u32,
    /// Offers.
    pub offers: u32,
    /// Answers, to whomever.
    pub answers: u32,
    /// Peers who said that they are pairing with somebody else.
    pub busy: u32,
}

impl fmt::Display for Overheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.busy > 0 {
            "others in the room paired with each other, and nobody else came; run the command \
             again on both sides"
        } else if self.offers > 0 {
            "a peer was heard and answered, but no link came: either it did not hear the answer \
             (raise the volume) or this network does not let the two talk (try a phone hotspot)"
        } else if self.answers > 0 {
            "others in the room paired with each other; run the command again on both sides"
        } else if self.strange > 0 {
            "messages were heard, but none to pair with: is another version or another command \
             running on the other side?"
        } else if self.garbled > 0 || self.carriers > 0 {
            "somebody was heard, but too faintly or with too much noise to be understood: move \
             closer or raise the volume"
        } else {
            "nothing was heard: is the other side running, its speaker on and this microphone \
             not muted?"
        })
    }
}
