//! What speaks for the network being to blame, and when that is said.
//!
//! Somebody is heard, yet nothing comes over the network. Words may collide, sound may carry one
//! way only, and whoever was heard may have gone; so no single event ends the pairing, and none
//! that a stranger brings about by knocking and going away counts at all. But it is *told* after
//! [`Timing::told_within`], whatever happens: that clock is stopped by signs of life and by
//! nothing else.

use super::{Machine, stage::Stage};
use crate::pairing::{
    Timing,
    apart::Apart,
    event::{Failure, Note, Output, Way},
    words::Hash,
};
use std::time::Duration;

/// What was noticed of others since the network last showed a sign of life.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// When somebody was first understood, or knocked.
    since: Option<Duration>,
    /// When that was told.
    told: Option<Duration>,
    /// When somebody was last noticed.
    noticed: Duration,
    /// How often an answer to us brought nothing.
    answers: u32,
    /// How often nothing came back from where a beacon said, where nobody answers by sound.
    approaches: u32,
    /// An answer of ours was said and brought nothing. It may not have been heard; and who floods
    /// the air with beacons must not bring us to despair.
    in_vain: bool,
    /// Whether somebody was heard after such an answer.
    still_there: bool,
    /// The offer that was last answered by a whole word of ours.
    spoken_to: Option<Hash>,
    /// Another offer came after that. So ours was heard, unless there are two: it is told, but ends
    /// nothing, since anybody can say two offers.
    remade: bool,
    /// Somebody knocked and was let in, and nothing came of it.
    knocked: bool,
}

impl Doubt {
    /// Somebody was understood, or knocked.
    pub(super) fn notice(&mut self, now: Duration) {
        if now > self.noticed + GONE {
            // Whoever that was has gone; this is somebody else's story.
            let (since, told) = (self.since, self.told);
            *self = Self::default();
            // Who was told nothing yet is still told in time.
            self.since = since.filter(|_| told.is_none());
        }
        self.noticed = now;
        self.since.get_or_insert(now);
        self.still_there |= self.answers > 0;
    }

    /// That offer was heard.
    pub(super) fn notice_offer(&mut self, now: Duration, offer: Hash) {
        self.notice(now);
        self.remade |= self.spoken_to.is_some_and(|other| other != offer);
    }

    /// The offer was answered by a whole word of ours.
    pub(super) fn spoke_to(&mut self, offer: Hash) {
        self.spoken_to = Some(offer);
    }

    /// An answer to us brought nothing.
    pub(super) fn answered_in_vain(&mut self) {
        self.answers += 1;
    }

    /// Nothing came back from where a beacon said, and nobody was to be asked by sound.
    pub(super) fn approached_in_vain(&mut self) {
        self.approaches += 1;
    }

    /// An answer of ours was said, and brought nothing.
    pub(super) fn spoken_in_vain(&mut self) {
        self.in_vain = true;
    }

    /// Somebody knocked, was let in, and nothing came of it.
    pub(super) fn knocked_in_vain(&mut self) {
        self.knocked = true;
    }

    /// The network works.
    pub(super) fn dispel(&mut self) {
        *self = Self::default();
    }

    /// Whether there is reason not to wait for the network before speaking.
    pub(super) fn is_any(&self) -> bool {
        self.is_weighty() || self.in_vain
    }

    fn is_weighty(&self) -> bool {
        self.answers > 0 || self.approaches > 0 || self.knocked
    }

    /// Whether it is not by chance that nothing comes. An answer to us that brought nothing counts
    /// two, an answer of ours in vain one, but once.
    fn is_enough(&self) -> bool {
        2 * self.answers + self.approaches + u32::from(self.in_vain) >= ENOUGH
    }

    /// Whether what is known, though less than enough, is no longer waited upon once the time to
    /// tell has come: both have been heard, and are still there.
    fn is_clear(&self) -> bool {
        self.still_there || self.approaches > 1
    }

    fn apart(&self) -> Apart {
        Apart {
            answered: self.answers > 0 || self.remade,
            knocked: self.knocked,
        }
    }

    fn due(&self, timing: &Timing) -> Option<Duration> {
        let since = self.since.filter(|_| self.told.is_none())?;
        Some(since + timing.told_within)
    }
}

impl Machine {
    /// When it is to be told that nothing comes over the network.
    pub(super) fn told_at(&self) -> Option<Duration> {
        match self.is_alive() {
            true => None,
            false => self.doubt.due(&self.timing),
        }
    }

    /// Tells what is due; ends if there is no doubt left. True if it ended.
    pub(super) fn weigh(&mut self, now: Duration) -> bool {
        if self.is_alive() {
            return false;
        }
        if self.told_at().is_none_or(|at| now < at) {
            return false;
        }
        if let Stage::Linking {
            since,
            way: Way::TwoSounds,
            alive: None,
        } = self.stage
            && now >= since + AT_ONCE
        {
            self.doubt.answered_in_vain();
            self.doubt.still_there = true;
        }
        let crowded = self.others.len() > CROWD;
        if !crowded && self.doubt.is_clear() {
            self.fail(Failure::NoRoute(self.doubt.apart()));
            return true;
        }
        self.doubt.told = Some(now);
        let apart = self.doubt.apart();
        self.outputs.push_back(Output::Note(Note::Unreached(apart)));
        false
    }

    /// After something brought nothing: ends if that was enough. True if it ended.
    pub(super) fn despairs(&mut self) -> bool {
        let told = self.doubt.told.is_some() && (self.doubt.answers > 0 || self.doubt.is_clear());
        let enough = (told || self.doubt.is_enough()) && self.others.len() <= CROWD;
        if enough {
            self.fail(Failure::NoRoute(self.doubt.apart()));
        }
        enough
    }

    /// Why there is no link, now that time is up.
    pub(super) fn too_late(&self) -> Failure {
        match self.doubt.is_weighty() || self.doubt.remade {
            true => Failure::NoRoute(self.doubt.apart()),
            false => Failure::NoPeer(self.overheard),
        }
    }

    /// A word of ours has been said to its end.
    pub(super) fn spoke(&mut self) {
        if let Stage::Answering(answering) = &self.stage {
            self.doubt.spoke_to(answering.offer);
        }
    }
}

/// Who was not noticed for so long has gone: more than colliding words and tries to connect keep
/// two from hearing each other.
const GONE: Duration = Duration::from_secs(13);

/// A network that lets two talk shows signs of life sooner after an answer.
const AT_ONCE: Duration = Duration::from_secs(1);

/// More than one round, so that it is not by chance.
const ENOUGH: u32 = 3;

/// So many offers of one other are heard until it is clear that the network brings nothing. Of
/// more than that many, one may have gone elsewhere.
const CROWD: usize = 4;
