//! What we hear: offers that we answer, answers to ours, and what was none.

use super::{
    Machine,
    stage::{Answering, Stage},
};
use crate::{
    pairing::{
        event::{Note, Output, Way, Ways},
        words::hash,
    },
    signal::Tag,
};
use std::time::Duration;

impl Machine {
    pub(super) fn offer_heard(
        &mut self,
        now: Duration,
        envelope: Vec<u8>,
        tag: Tag,
        straight: bool,
    ) {
        if self.ours.contains(&envelope) {
            return;
        }
        self.overheard.offers = self.overheard.offers.saturating_add(1);
        self.voice.air_is_free(now);
        if self.taken.contains(&envelope) || (self.ways == Ways::OneSound && !straight) {
            return;
        }
        let hash = hash(&envelope);
        self.doubt.notice_offer(now, hash);
        if !self.others.contains(&envelope) {
            self.others.remember_hash(hash);
        }
        match &mut self.stage {
            Stage::Offering => self.answer(now, envelope, tag, straight),
            Stage::Answering(answering) if answering.offer == hash => {
                answering.noticed(now);
                // It is still offering, so it knows nothing of us: the network did not let us
                // through, or our answer was lost, perhaps in another's. It now listens; the
                // moment is good.
                let soon = answering.since + self.timing.one_sound_patience / 2;
                let may_speak =
                    self.ways != Ways::OneSound && now >= soon.min(answering.silent_until);
                if let Some(words) = &answering.words
                    && may_speak
                    && !self.voice.is_speaking()
                {
                    let spread = match words.said {
                        0 => Duration::ZERO,
                        _ => self.voice.spread(&self.timing) / 2,
                    };
                    self.voice
                        .plan(now, Duration::ZERO, spread, &mut self.chance);
                }
            }
            Stage::Answering(answering)
                if answering.alive.is_none()
                    && now >= answering.heard + self.timing.turn_away + self.voice.air() * 2 =>
            {
                let attempt = answering.attempt;
                if answering.was_said() {
                    self.doubt.spoken_in_vain();
                }
                self.outputs.push_back(Output::Abandon(attempt));
                self.answer(now, envelope, tag, straight);
            }
            _ => {}
        }
    }

    fn answer(&mut self, now: Duration, offer: Vec<u8>, tag: Tag, straight: bool) {
        self.hush();
        let attempt = self.next_attempt();
        let straight = straight && self.ways != Ways::TwoSounds;
        // Where the network brought nothing before, no time is lost with waiting for it.
        let silent_until = match straight && !self.doubt.is_any() {
            true => now + self.timing.one_sound_patience,
            false => now,
        };
        self.stage = Stage::Answering(Answering {
            attempt,
            offer: hash(&offer),
            tag,
            words: None,
            straight,
            since: now,
            silent_until,
            way: Way::TwoSounds,
            heard: now,
            unheard: 0,
            alive: None,
        });
        self.outputs.push_back(Output::Note(Note::Answering));
        self.outputs.push_back(Output::MakeAnswer {
            attempt,
            offer,
            straight,
        });
    }

    pub(super) fn answer_heard(&mut self, now: Duration, envelope: Vec<u8>, to: Tag) {
        if self.ours.contains(&envelope) {
            return;
        }
        self.overheard.answers = self.overheard.answers.saturating_add(1);
        self.voice.air_is_free(now);
        self.doubt.notice(now);
        let to_us = self.offer.was_said() && self.offer.tag == to;
        match &mut self.stage {
            Stage::Offering if to_us => self.accept(now, envelope),
            // Who knocked got nothing back, and says so.
            Stage::Linking {
                since,
                way: way @ Way::OneSound,
                alive: None,
            } if to_us => (*since, *way) = (now, Way::TwoSounds),
            Stage::Answering(answering) if to_us && answering.alive.is_none() => {
                // Both answer each other. Both know both offers: the lower hash stands.
                if self.offer.hash() < Some(answering.offer) {
                    let attempt = answering.attempt;
                    self.outputs.push_back(Output::Abandon(attempt));
                    self.accept(now, envelope);
                } else {
                    answering.noticed(now);
                }
            }
            Stage::Answering(answering) if answering.tag == to && answering.alive.is_none() => {
                // Somebody was faster. If the offerer heard it, the two are busy now; if not, its
                // offer will come again.
                let attempt = answering.attempt;
                self.outputs.push_back(Output::Abandon(attempt));
                self.outputs.push_back(Output::Note(Note::Outpaced));
                self.back_to_offering(now, self.timing.turn_away);
            }
            _ => {}
        }
    }

    fn accept(&mut self, now: Duration, answer: Vec<u8>) {
        self.hush();
        self.stage = Stage::Linking {
            since: now,
            way: Way::TwoSounds,
            alive: None,
        };
        let attempt = self.offer.attempt;
        self.outputs.push_back(Output::Note(Note::Answered));
        self.outputs
            .push_back(Output::AcceptAnswer { attempt, answer });
    }

    pub(super) fn garbled(&mut self, now: Duration) {
        if !self.voice.is_speaking() {
            self.overheard.garbled = self.overheard.garbled.saturating_add(1);
        }
        self.voice.air_is_free(now);
        self.voice.discourage();
    }

    pub(super) fn carrier(&mut self, now: Duration, length: Duration) {
        if self.voice.gives_way(now, &self.timing) {
            self.outputs.push_back(Output::Hush);
            self.voice
                .plan(now, Duration::ZERO, Duration::ZERO, &mut self.chance);
        }
        if !self.voice.is_speaking() {
            self.overheard.carriers = self.overheard.carriers.saturating_add(1);
        }
        self.voice
            .yield_to_carrier(now, length, &self.timing, &mut self.chance);
    }
}
