//! Two peers, one air, nobody in charge: who offers, who answers, who yields.

mod doubt;
mod hearing;
mod knocking;
mod linking;
mod speaking;
mod stage;

use super::{
    Timing,
    chance::Chance,
    event::{Attempt, Failure, Input, Output, Overheard, Way, Ways},
    voice::Voice,
    words::OwnWords,
};
use doubt::Doubt;
use stage::{Offer, Stage};
use std::{
    collections::{VecDeque, vec_deque},
    time::Duration,
};

/// Pairs with one peer over one medium.
///
/// The machine is told the time and what happened, and says what to do; it owns no clock, no
/// socket and no randomness but its seed. **Feed every input with the time it happened, carry out
/// every output in order, and send [`Input::Tick`] no later than [`Machine::deadline`].**
///
/// ```
/// use airshake::pairing::{Input, Machine, Output, Timing};
/// use std::time::Duration;
///
/// let mut machine = Machine::new(Timing::default(), 7);
/// let wanted: Vec<Output> = machine.handle(Duration::ZERO, Input::Start).collect();
/// assert!(matches!(wanted[..], [Output::MakeOffer(_)]));
/// assert!(machine.deadline().is_some());
/// ```
///
/// Each listens a random moment, then speaks its offer, and repeats it with random gaps. If that
/// is a beacon, who hears it connects at once; its sender falls silent when the first check
/// arrives, lets that one in and refuses all others. If nothing comes of it for a while, or if it
/// is no beacon, who heard it answers by sound, again and again until the network shows that the
/// answer arrived. Who hears an answer to its offer falls silent and connects. When each has heard
/// the other's offer and both answer, the offer with the lower hash stands; both sides know both
/// offers, so both decide alike.
#[derive(Debug)]
pub struct Machine {
    timing: Timing,
    ways: Ways,
    leave_when_busy: bool,
    chance: Chance,
    voice: Voice,
    stage: Stage,
    offer: Offer,
    attempts: u32,
    ends_at: Duration,
    ours: OwnWords,
    /// Offers whose senders are busy.
    taken: OwnWords,
    /// Offers of others; too many are a crowd, or a flood.
    others: OwnWords,
    overheard: Overheard,
    doubt: Doubt,
    outputs: VecDeque<Output>,
}

impl Machine {
    /// A machine that keeps `timing`. Two peers must not share a `seed`.
    pub fn new(timing: Timing, seed: u64) -> Self {
        Self {
            timing,
            ways: Ways::Both,
            leave_when_busy: false,
            chance: Chance::new(seed),
            voice: Voice::new(),
            stage: Stage::Idle,
            offer: Offer::unmade(Attempt(0)),
            attempts: 0,
            ends_at: Duration::MAX,
            ours: OwnWords::default(),
            taken: OwnWords::default(),
            others: OwnWords::default(),
            overheard: Overheard::default(),
            doubt: Doubt::default(),
            outputs: VecDeque::new(),
        }
    }

    /// The same, but taking only these ways. What is said as an offer must be a beacon, except
    /// for [`Ways::TwoSounds`].
    #[must_use]
    pub fn by(self, ways: Ways) -> Self {
        Self { ways, ..self }
    }

    /// The same, but if `leave`, failing when who is heard pairs with somebody else, instead of
    /// waiting for another.
    #[must_use]
    pub fn leaving_when_busy(self, leave: bool) -> Self {
        Self {
            leave_when_busy: leave,
            ..self
        }
    }

    /// Takes what happened at `now` (since any fixed moment, never backwards); gives what to do.
    pub fn handle(&mut self, now: Duration, input: Input) -> vec_deque::Drain<'_, Output> {
        match input {
            Input::Start => self.start(now),
            Input::Tick => {}
            _ if matches!(self.stage, Stage::Idle | Stage::Over) => {}
            Input::OfferReady {
                attempt,
                envelope,
                tag,
            } => self.offer_ready(attempt, envelope, tag),
            Input::AnswerReady { attempt, envelope } => self.answer_ready(now, attempt, envelope),
            Input::OfferHeard {
                envelope,
                tag,
                straight,
            } => self.offer_heard(now, envelope, tag, straight),
            Input::AnswerHeard { envelope, to } => self.answer_heard(now, envelope, to),
            Input::StrangeHeard => {
                self.overheard.strange = self.overheard.strange.saturating_add(1);
                self.voice.air_is_free(now);
            }
            Input::Garbled => self.garbled(now),
            Input::Carrier { length } => self.carrier(now, length),
            Input::Started { air } => self.voice.started(now, air),
            Input::Finished => self.finished(now),
            Input::Knocked(attempt) => self.knocked(now, attempt),
            Input::Refused(attempt) => self.refused(now, attempt),
            Input::LinkConnecting(attempt) => self.link_alive(now, attempt),
            Input::LinkOpen(attempt) => self.link_open(attempt),
            Input::LinkFailed(attempt) => self.link_failed(now, attempt),
            Input::Cancel => self.fail(Failure::Cancelled),
        }
        self.tick(now);
        self.outputs.drain(..)
    }

    /// When the next [`Input::Tick`] is due at the latest; `None` before the start and when the
    /// machine is over.
    pub fn deadline(&self) -> Option<Duration> {
        let patience = self.out_of_patience_at().unwrap_or(Duration::MAX);
        match self.stage {
            Stage::Idle | Stage::Over => None,
            _ if self.is_alive() => Some(patience),
            _ => Some(
                self.ends_at
                    .min(patience)
                    .min(self.told_at().unwrap_or(Duration::MAX))
                    .min(self.next_word_at().unwrap_or(Duration::MAX)),
            ),
        }
    }

    /// What was heard of others so far.
    pub fn overheard(&self) -> Overheard {
        self.overheard
    }

    fn start(&mut self, now: Duration) {
        if !matches!(self.stage, Stage::Idle) {
            return;
        }
        self.ends_at = now + self.timing.deadline;
        self.stage = Stage::Offering;
        let (pause, spread) = (self.timing.listen, self.timing.listen_spread);
        self.voice.plan(now, pause, spread, &mut self.chance);
        self.make_offer();
    }

    /// What time alone brings about.
    fn tick(&mut self, now: Duration) {
        if matches!(self.stage, Stage::Idle | Stage::Over) {
            return;
        }
        if now >= self.ends_at && !self.is_alive() {
            return self.fail(self.too_late());
        }
        if self.out_of_patience_at().is_some_and(|at| now >= at) {
            match &self.stage {
                Stage::Answering(answering) => self.link_failed(now, answering.attempt),
                _ => self.link_failed(now, self.offer.attempt),
            }
        }
        if self.weigh(now) {
            return;
        }
        if self.voice.is_overdue(now) {
            self.finished(now);
        }
        if self.voice.is_due(now) {
            self.speak(now);
        }
    }

    /// The attempt a link may come from.
    fn current(&self) -> Option<Attempt> {
        match &self.stage {
            Stage::Linking { .. } => Some(self.offer.attempt),
            Stage::Answering(answering) => Some(answering.attempt),
            _ => None,
        }
    }

    /// Whether the network has shown that the other side is connecting too. From then on nothing
    /// that is heard changes the course, so that both sides end in the same link.
    fn is_alive(&self) -> bool {
        match &self.stage {
            Stage::Linking { alive, .. } => alive.is_some(),
            Stage::Answering(answering) => answering.alive.is_some(),
            _ => false,
        }
    }

    fn out_of_patience_at(&self) -> Option<Duration> {
        let timing = &self.timing;
        match &self.stage {
            Stage::Linking { since, way, alive } => Some(match alive {
                Some(alive) => *alive + timing.proof_patience,
                None if *way == Way::OneSound => *since + timing.one_sound_patience,
                None => *since + timing.link_patience,
            }),
            Stage::Answering(answering) => match answering.alive {
                Some(alive) => Some(alive + timing.proof_patience),
                // It is never going to be heard.
                None if self.ways == Ways::OneSound => Some(answering.since + timing.link_patience),
                None => None,
            },
            _ => None,
        }
    }

    fn next_attempt(&mut self) -> Attempt {
        self.attempts = self.attempts.wrapping_add(1);
        Attempt(self.attempts)
    }
}
