//! What we say, and when.

use super::{
    Machine,
    stage::{Offer, Stage},
};
use crate::{
    pairing::{
        event::{Attempt, Output, Ways},
        words::Words,
    },
    signal::Tag,
};
use std::time::Duration;

impl Machine {
    pub(super) fn make_offer(&mut self) {
        let attempt = self.next_attempt();
        self.offer = Offer::unmade(attempt);
        self.outputs.push_back(Output::MakeOffer(attempt));
    }

    pub(super) fn offer_ready(&mut self, attempt: Attempt, envelope: Vec<u8>, tag: Tag) {
        if self.offer.attempt == attempt && self.offer.words.is_none() {
            self.ours.remember(&envelope);
            self.offer.words = Some(Words::unsaid(envelope));
            self.offer.tag = tag;
        }
    }

    pub(super) fn answer_ready(&mut self, now: Duration, ready: Attempt, envelope: Vec<u8>) {
        let Stage::Answering(answering) = &mut self.stage else {
            return;
        };
        if answering.attempt == ready && answering.words.is_none() {
            self.ours.remember(&envelope);
            answering.words = Some(Words::unsaid(envelope));
            if self.ways != Ways::OneSound {
                // Then at once: mostly there is no other listener.
                let pause = answering.silent_until.saturating_sub(now);
                self.voice
                    .plan(now, pause, Duration::ZERO, &mut self.chance);
            }
        }
    }

    pub(super) fn speak(&mut self, now: Duration) {
        if let Stage::Answering(answering) = &mut self.stage {
            // Asked here, and not when the time is up: an answer just said may be on its way.
            let late = now >= answering.heard + self.timing.answer_patience;
            if late && answering.unheard >= ENOUGH_ANSWERS {
                let attempt = answering.attempt;
                return self.link_failed(now, attempt);
            }
            answering.unheard = answering.unheard.saturating_add(1);
        }
        if let Some(words) = self.words_mut() {
            let pass = words.said as u8;
            words.said = words.said.wrapping_add(1);
            let envelope = words.envelope.clone();
            self.voice.begin(now);
            self.outputs.push_back(Output::Say { envelope, pass });
        }
    }

    pub(super) fn finished(&mut self, now: Duration) {
        if !self.voice.end() {
            return;
        }
        self.spoke();
        // The pause before a word begins with the word that brought nothing so far.
        let pause = match &self.stage {
            Stage::Offering => self.timing.offer_pause,
            Stage::Answering(_) => self.timing.answer_pause,
            _ => return,
        };
        let spread = self.voice.spread(&self.timing);
        self.voice.discourage();
        self.voice.plan(now, pause, spread, &mut self.chance);
    }

    pub(super) fn hush(&mut self) {
        if self.voice.end() {
            self.outputs.push_back(Output::Hush);
        }
        self.voice.rest();
        self.voice.encourage();
    }

    /// What to say now, if it is ready.
    fn words_mut(&mut self) -> Option<&mut Words> {
        match &mut self.stage {
            Stage::Offering => self.offer.words.as_mut(),
            Stage::Answering(answering) => answering.words.as_mut(),
            _ => None,
        }
    }

    pub(super) fn next_word_at(&self) -> Option<Duration> {
        let ready = match &self.stage {
            Stage::Offering => self.offer.words.is_some(),
            Stage::Answering(answering) => answering.words.is_some(),
            _ => false,
        };
        if ready || self.voice.is_speaking() {
            self.voice.next()
        } else {
            None
        }
    }
}

/// So many answers in a row without a sign of the offerer are enough, once its time is up too.
const ENOUGH_ANSWERS: u32 = 3;
