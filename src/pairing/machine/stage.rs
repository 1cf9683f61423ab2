//! What the machine is doing, and what it keeps in mind for that.

use crate::{
    pairing::{
        event::{Attempt, Way},
        words::{Hash, Words, hash},
    },
    signal::Tag,
};
use std::time::Duration;

/// What the machine is doing.
#[derive(Debug)]
pub(super) enum Stage {
    /// Not yet started.
    Idle,
    /// Saying the own offer and listening for others.
    Offering,
    /// Saying an answer until the network shows that it arrived.
    Answering(Answering),
    /// The own offer is answered, by sound or by a knock; waiting for the link.
    Linking {
        since: Duration,
        way: Way,
        /// When the network showed signs of life.
        alive: Option<Duration>,
    },
    /// Done or failed.
    Over,
}

/// The own offer of the moment. It stays valid while somebody else's is being answered.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) attempt: Attempt,
    /// As said, once made.
    pub(super) words: Option<Words>,
    pub(super) tag: Tag,
}

#[derive(Debug)]
pub(super) struct Answering {
    pub(super) attempt: Attempt,
    /// The offer that is answered.
    pub(super) offer: Hash,
    pub(super) tag: Tag,
    pub(super) words: Option<Words>,
    /// Whether we connect without being heard.
    pub(super) straight: bool,
    pub(super) since: Duration,
    /// Until then nothing is said: one sound may be enough.
    pub(super) silent_until: Duration,
    /// How the two found each other, once that is known.
    pub(super) way: Way,
    /// When the offerer was last noticed.
    pub(super) heard: Duration,
    /// Answers said since then.
    pub(super) unheard: u32,
    /// When the network showed signs of life.
    pub(super) alive: Option<Duration>,
}

impl Offer {
    pub(super) fn unmade(attempt: Attempt) -> Self {
        Self {
            attempt,
            words: None,
            tag: Tag(0),
        }
    }

    pub(super) fn was_said(&self) -> bool {
        self.words.as_ref().is_some_and(|words| words.said > 0)
    }

    pub(super) fn hash(&self) -> Option<Hash> {
        self.words.as_ref().map(|words| hash(&words.envelope))
    }
}

impl Answering {
    pub(super) fn was_said(&self) -> bool {
        self.words.as_ref().is_some_and(|words| words.said > 0)
    }

    /// How the two found each other, if they reach each other now: an answer of ours that is
    /// still sounding was not needed.
    pub(super) fn way_now(&self, speaking: bool) -> Way {
        let said = self.words.as_ref().map_or(0, |words| words.said);
        match self.straight && said <= u32::from(speaking) {
            true => Way::OneSound,
            false => Way::TwoSounds,
        }
    }

    pub(super) fn noticed(&mut self, now: Duration) {
        self.heard = now;
        self.unheard = 0;
    }
}
