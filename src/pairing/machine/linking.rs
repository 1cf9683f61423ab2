//! What the network does with an offer that was answered, and how it ends.

use super::{Machine, stage::Stage};
use crate::pairing::event::{Attempt, Failure, Note, Output, Way, Ways};
use std::time::Duration;

impl Machine {
    pub(super) fn link_alive(&mut self, now: Duration, attempt: Attempt) {
        let alive = match &mut self.stage {
            Stage::Linking { alive, .. } if self.offer.attempt == attempt => alive,
            Stage::Answering(answering) if answering.attempt == attempt => &mut answering.alive,
            _ => return,
        };
        if alive.replace(now).is_none() {
            if let Stage::Answering(answering) = &mut self.stage {
                answering.way = answering.way_now(self.voice.is_speaking());
            }
            self.doubt.dispel();
            self.hush();
            self.outputs.push_back(Output::Note(Note::Connecting));
        }
    }

    pub(super) fn link_open(&mut self, attempt: Attempt) {
        if self.current() != Some(attempt) {
            return;
        }
        let way = match &self.stage {
            Stage::Linking { way, .. } => *way,
            Stage::Answering(answering) if answering.alive.is_some() => answering.way,
            Stage::Answering(answering) => answering.way_now(self.voice.is_speaking()),
            _ => return,
        };
        self.hush();
        if attempt != self.offer.attempt {
            self.outputs.push_back(Output::Abandon(self.offer.attempt));
        }
        self.stage = Stage::Over;
        self.outputs.push_back(Output::Done { attempt, way });
    }

    pub(super) fn link_failed(&mut self, now: Duration, attempt: Attempt) {
        if attempt == self.offer.attempt && !matches!(self.stage, Stage::Linking { .. }) {
            // The offer that stands by, or is being said, can no longer be connected.
            self.outputs.push_back(Output::Abandon(attempt));
            if matches!(self.stage, Stage::Offering) {
                self.back_to_offering(now, self.timing.offer_pause);
            }
            return self.make_offer();
        }
        if self.current() != Some(attempt) {
            return;
        }
        let offered = attempt == self.offer.attempt;
        let note = match &self.stage {
            Stage::Linking { alive, way, .. } => {
                match (alive, way) {
                    (None, Way::TwoSounds) => self.doubt.answered_in_vain(),
                    // Whoever knocked may have gone away again.
                    (None, Way::OneSound) => self.doubt.knocked_in_vain(),
                    (Some(_), _) => {}
                }
                match (alive, way) {
                    (None, Way::TwoSounds) => Note::NoRoute,
                    _ => Note::PeerGone,
                }
            }
            Stage::Answering(answering) if answering.alive.is_some() => Note::PeerGone,
            // The beacon's place is known, and nothing comes back from it.
            Stage::Answering(_) if self.ways == Ways::OneSound => {
                self.doubt.approached_in_vain();
                Note::NoRoute
            }
            Stage::Answering(answering) => {
                if answering.was_said() {
                    self.doubt.spoken_in_vain();
                }
                Note::PeerGone
            }
            _ => return,
        };
        if self.despairs() {
            return;
        }
        self.outputs.push_back(Output::Abandon(attempt));
        self.outputs.push_back(Output::Note(note));
        self.back_to_offering(now, self.timing.listen);
        if offered {
            self.make_offer();
        }
    }

    pub(super) fn back_to_offering(&mut self, now: Duration, pause: Duration) {
        self.hush();
        self.stage = Stage::Offering;
        let spread = self.timing.listen_spread;
        self.voice.plan(now, pause, spread, &mut self.chance);
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.hush();
        if let Stage::Answering(answering) = &self.stage {
            self.outputs.push_back(Output::Abandon(answering.attempt));
        }
        self.outputs.push_back(Output::Abandon(self.offer.attempt));
        self.stage = Stage::Over;
        self.outputs.push_back(Output::Failed(failure));
    }
}
