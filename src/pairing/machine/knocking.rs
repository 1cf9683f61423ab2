//! The direct try: who heard a beacon knocks at the door of who said it.

use super::{Machine, stage::Stage};
use crate::pairing::event::{Attempt, Failure, Note, Output, Way};
use std::time::Duration;

impl Machine {
    /// Somebody heard our beacon and is there. The first is let in.
    pub(super) fn knocked(&mut self, now: Duration, attempt: Attempt) {
        if attempt != self.offer.attempt || !self.offer.was_said() {
            return;
        }
        match &self.stage {
            Stage::Offering => {}
            // As with answers: if each knocks at the other's door, the lower hash stands. If the one
            // that stands cannot be reached, then who is here already is as good as any; whoever
            // else it is will still be knocking when we are back.
            Stage::Answering(answering)
                if answering.alive.is_none()
                    && (self.offer.hash() < Some(answering.offer)
                        || now >= answering.since + self.timing.one_sound_patience / 2) =>
            {
                self.outputs.push_back(Output::Abandon(answering.attempt));
            }
            _ => return,
        }
        self.doubt.notice(now);
        self.hush();
        self.stage = Stage::Linking {
            since: now,
            way: Way::OneSound,
            alive: None,
        };
        self.outputs.push_back(Output::Note(Note::Knocked));
        self.outputs.push_back(Output::Admit(attempt));
    }

    /// Somebody else was faster, as whose beacon we heard says.
    pub(super) fn refused(&mut self, now: Duration, attempt: Attempt) {
        let Stage::Answering(answering) = &self.stage else {
            return;
        };
        if answering.attempt != attempt || answering.alive.is_some() {
            return;
        }
        self.taken.remember_hash(answering.offer);
        // What we sent arrived, and so did this.
        self.doubt.dispel();
        self.overheard.busy = self.overheard.busy.saturating_add(1);
        if self.leave_when_busy {
            return self.fail(Failure::Busy);
        }
        self.outputs.push_back(Output::Abandon(attempt));
        self.outputs.push_back(Output::Note(Note::Busy));
        self.back_to_offering(now, self.timing.listen);
    }
}
