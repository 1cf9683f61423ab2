//! Two peers, one air, nobody in charge: who offers, who answers, who yields.

use super::{
    Timing,
    chance::Chance,
    event::{Attempt, Failure, Input, Note, Output, Overheard},
    voice::Voice,
    words::{Hash, OwnWords, Words, hash},
};
use crate::signal::Tag;
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
/// Each listens a random moment, then speaks its offer, and repeats it with random gaps. Who
/// hears an offer answers it instead, again and again until the network shows that the answer
/// arrived. Who hears an answer to its offer falls silent and connects. When each has heard the
/// other's offer and both answer, the offer with the lower hash stands; both sides know both
/// offers, so both decide alike.
#[derive(Debug)]
pub struct Machine {
    timing: Timing,
    chance: Chance,
    voice: Voice,
    stage: Stage,
    offer: Offer,
    attempts: u32,
    ends_at: Duration,
    ours: OwnWords,
    overheard: Overheard,
    answers_accepted: u32,
    outputs: VecDeque<Output>,
}

/// What the machine is doing.
#[derive(Debug)]
enum Stage {
    /// Not yet started.
    Idle,
    /// Saying the own offer and listening for others.
    Offering,
    /// Saying an answer until the network shows that it arrived.
    Answering(Answering),
    /// The own offer is answered; waiting for the link.
    Linking {
        since: Duration,
        /// When the network showed signs of life.
        alive: Option<Duration>,
    },
    /// Done or failed.
    Over,
}

/// The own offer of the moment. It stays valid while somebody else's is being answered.
#[derive(Debug)]
struct Offer {
    attempt: Attempt,
    /// As said, once made.
    words: Option<Words>,
    tag: Tag,
}

#[derive(Debug)]
struct Answering {
    attempt: Attempt,
    /// The offer that is answered.
    offer: Hash,
    tag: Tag,
    words: Option<Words>,
    /// When the offerer was last noticed.
    heard: Duration,
    /// Answers said since then.
    unheard: u32,
    /// When the network showed signs of life.
    alive: Option<Duration>,
}

impl Machine {
    /// A machine that keeps `timing`. Two peers must not share a `seed`.
    pub fn new(timing: Timing, seed: u64) -> Self {
        Self {
            timing,
            chance: Chance::new(seed),
            voice: Voice::new(),
            stage: Stage::Idle,
            offer: Offer::unmade(Attempt(0)),
            attempts: 0,
            ends_at: Duration::MAX,
            ours: OwnWords::default(),
            overheard: Overheard::default(),
            answers_accepted: 0,
            outputs: VecDeque::new(),
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
            Input::OfferHeard { envelope, tag } => self.offer_heard(now, envelope, tag),
            Input::AnswerHeard { envelope, to } => self.answer_heard(now, envelope, to),
            Input::StrangeHeard => {
                self.overheard.strange = self.overheard.strange.saturating_add(1);
                self.voice.air_is_free(now);
            }
            Input::Garbled => self.garbled(now),
            Input::Carrier { length } => self.carrier(now, length),
            Input::Started { air } => self.voice.started(now, air),
            Input::Finished => self.finished(now),
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
            return self.fail(match self.answers_accepted {
                0 => Failure::NoPeer(self.overheard),
                _ => Failure::NoRoute,
            });
        }
        if self.out_of_patience_at().is_some_and(|at| now >= at) {
            match &self.stage {
                Stage::Answering(answering) => self.link_failed(now, answering.attempt),
                _ => self.link_failed(now, self.offer.attempt),
            }
        }
        if self.voice.is_overdue(now) {
            self.finished(now);
        }
        if self.voice.is_due(now) {
            self.speak(now);
        }
    }

    // -- what we say --

    fn make_offer(&mut self) {
        let attempt = self.next_attempt();
        self.offer = Offer::unmade(attempt);
        self.outputs.push_back(Output::MakeOffer(attempt));
    }

    fn offer_ready(&mut self, attempt: Attempt, envelope: Vec<u8>, tag: Tag) {
        if self.offer.attempt == attempt && self.offer.words.is_none() {
            self.ours.remember(&envelope);
            self.offer.words = Some(Words::unsaid(envelope));
            self.offer.tag = tag;
        }
    }

    fn answer_ready(&mut self, now: Duration, ready: Attempt, envelope: Vec<u8>) {
        let Stage::Answering(answering) = &mut self.stage else {
            return;
        };
        if answering.attempt == ready && answering.words.is_none() {
            self.ours.remember(&envelope);
            answering.words = Some(Words::unsaid(envelope));
            // At once: mostly there is no other listener.
            let none = Duration::ZERO;
            self.voice.plan(now, none, none, &mut self.chance);
        }
    }

    fn speak(&mut self, now: Duration) {
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

    fn finished(&mut self, now: Duration) {
        if !self.voice.end() {
            return;
        }
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

    fn hush(&mut self) {
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

    fn next_word_at(&self) -> Option<Duration> {
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

    // -- what we hear --

    fn offer_heard(&mut self, now: Duration, envelope: Vec<u8>, tag: Tag) {
        if self.ours.contains(&envelope) {
            return;
        }
        self.overheard.offers = self.overheard.offers.saturating_add(1);
        self.voice.air_is_free(now);
        let hash = hash(&envelope);
        match &mut self.stage {
            Stage::Offering => self.answer(now, envelope, tag),
            Stage::Answering(answering) if answering.offer == hash => {
                answering.noticed(now);
                // It is still offering, so our answer did not arrive: perhaps another spoke at
                // the same time. It now listens; the moment is good.
                if answering.words.is_some() && !self.voice.is_speaking() {
                    let spread = self.voice.spread(&self.timing) / 2;
                    self.voice
                        .plan(now, Duration::ZERO, spread, &mut self.chance);
                }
            }
            Stage::Answering(answering)
                if answering.alive.is_none()
                    && now >= answering.heard + self.timing.turn_away + self.voice.air() * 2 =>
            {
                let attempt = answering.attempt;
                self.outputs.push_back(Output::Abandon(attempt));
                self.answer(now, envelope, tag);
            }
            _ => {}
        }
    }

    fn answer(&mut self, now: Duration, offer: Vec<u8>, tag: Tag) {
        self.hush();
        let attempt = self.next_attempt();
        self.stage = Stage::Answering(Answering {
            attempt,
            offer: hash(&offer),
            tag,
            words: None,
            heard: now,
            unheard: 0,
            alive: None,
        });
        self.outputs.push_back(Output::Note(Note::Answering));
        self.outputs
            .push_back(Output::MakeAnswer { attempt, offer });
    }

    fn answer_heard(&mut self, now: Duration, envelope: Vec<u8>, to: Tag) {
        if self.ours.contains(&envelope) {
            return;
        }
        self.overheard.answers = self.overheard.answers.saturating_add(1);
        self.voice.air_is_free(now);
        let to_us = self.offer.was_said() && self.offer.tag == to;
        match &mut self.stage {
            Stage::Offering if to_us => self.accept(now, envelope),
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
        self.answers_accepted = self.answers_accepted.saturating_add(1);
        self.stage = Stage::Linking {
            since: now,
            alive: None,
        };
        let attempt = self.offer.attempt;
        self.outputs.push_back(Output::Note(Note::Answered));
        self.outputs
            .push_back(Output::AcceptAnswer { attempt, answer });
    }

    fn garbled(&mut self, now: Duration) {
        if !self.voice.is_speaking() {
            self.overheard.garbled = self.overheard.garbled.saturating_add(1);
        }
        self.voice.air_is_free(now);
        self.voice.discourage();
    }

    fn carrier(&mut self, now: Duration, length: Duration) {
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

    // -- what the network does --

    fn link_alive(&mut self, now: Duration, attempt: Attempt) {
        let alive = match &mut self.stage {
            Stage::Linking { alive, .. } if self.offer.attempt == attempt => alive,
            Stage::Answering(answering) if answering.attempt == attempt => &mut answering.alive,
            _ => return,
        };
        if alive.replace(now).is_none() {
            self.hush();
            self.outputs.push_back(Output::Note(Note::Connecting));
        }
    }

    fn link_open(&mut self, attempt: Attempt) {
        if self.current() != Some(attempt) {
            return;
        }
        self.hush();
        if attempt != self.offer.attempt {
            self.outputs.push_back(Output::Abandon(self.offer.attempt));
        }
        self.stage = Stage::Over;
        self.outputs.push_back(Output::Done(attempt));
    }

    fn link_failed(&mut self, now: Duration, attempt: Attempt) {
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
        self.outputs.push_back(Output::Abandon(attempt));
        self.outputs.push_back(Output::Note(if offered {
            Note::NoRoute
        } else {
            Note::PeerGone
        }));
        self.back_to_offering(now, self.timing.listen);
        if offered {
            self.make_offer();
        }
    }

    fn back_to_offering(&mut self, now: Duration, pause: Duration) {
        self.hush();
        self.stage = Stage::Offering;
        let spread = self.timing.listen_spread;
        self.voice.plan(now, pause, spread, &mut self.chance);
    }

    fn fail(&mut self, failure: Failure) {
        self.hush();
        if let Stage::Answering(answering) = &self.stage {
            self.outputs.push_back(Output::Abandon(answering.attempt));
        }
        self.outputs.push_back(Output::Abandon(self.offer.attempt));
        self.stage = Stage::Over;
        self.outputs.push_back(Output::Failed(failure));
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
            Stage::Linking { since, alive } => Some(match alive {
                Some(alive) => *alive + timing.proof_patience,
                None => *since + timing.link_patience,
            }),
            Stage::Answering(answering) => {
                answering.alive.map(|alive| alive + timing.proof_patience)
            }
            _ => None,
        }
    }

    fn next_attempt(&mut self) -> Attempt {
        self.attempts = self.attempts.wrapping_add(1);
        Attempt(self.attempts)
    }
}

impl Offer {
    fn unmade(attempt: Attempt) -> Self {
        Self {
            attempt,
            words: None,
            tag: Tag(0),
        }
    }

    fn was_said(&self) -> bool {
        self.words.as_ref().is_some_and(|words| words.said > 0)
    }

    fn hash(&self) -> Option<Hash> {
        self.words.as_ref().map(|words| hash(&words.envelope))
    }
}

impl Answering {
    fn noticed(&mut self, now: Duration) {
        self.heard = now;
        self.unheard = 0;
    }
}

/// So many answers in a row without a sign of the offerer are enough, once its time is up too.
const ENOUGH_ANSWERS: u32 = 3;
