//! Two peers, one air, nobody in charge: who offers, who answers, who yields.

use super::{
    Timing,
    chance::Chance,
    event::{Attempt, Failure, Input, Note, Output, Overheard, Way, Ways},
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
    /// Offers of others; more than [`CROWD`] is a crowd, or a flood.
    others: OwnWords,
    overheard: Overheard,
    /// How often the network brought nothing though both sides heard each other, or one knocked at
    /// the other's door: [`ENOUGH_DESPAIR`] ends all.
    despair: u32,
    /// An answer of ours was said and brought nothing. It may not have been heard; and who floods
    /// the air with beacons must not bring us to despair.
    in_vain: bool,
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
    /// Whether we connect without being heard.
    straight: bool,
    since: Duration,
    /// Until then nothing is said: one sound may be enough.
    silent_until: Duration,
    /// How the two found each other, once that is known.
    way: Way,
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
            despair: 0,
            in_vain: false,
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
            return self.fail(match self.despair {
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
            if self.ways != Ways::OneSound {
                // Then at once: mostly there is no other listener.
                let pause = answering.silent_until.saturating_sub(now);
                self.voice
                    .plan(now, pause, Duration::ZERO, &mut self.chance);
            }
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

    fn offer_heard(&mut self, now: Duration, envelope: Vec<u8>, tag: Tag, straight: bool) {
        if self.ours.contains(&envelope) {
            return;
        }
        self.overheard.offers = self.overheard.offers.saturating_add(1);
        self.voice.air_is_free(now);
        if self.taken.contains(&envelope) || (self.ways == Ways::OneSound && !straight) {
            return;
        }
        let hash = hash(&envelope);
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
                self.in_vain |= answering.was_said();
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
        let silent_until = match straight && self.despair == 0 && !self.in_vain {
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

    /// Somebody heard our beacon and is there. The first is let in.
    fn knocked(&mut self, now: Duration, attempt: Attempt) {
        if attempt != self.offer.attempt || !self.offer.was_said() {
            return;
        }
        match &self.stage {
            Stage::Offering => {}
            // As with answers: if each knocks at the other's door, the lower hash stands. Whoever
            // else it is will still be knocking when we are back.
            Stage::Answering(answering)
                if answering.alive.is_none() && self.offer.hash() < Some(answering.offer) =>
            {
                self.outputs.push_back(Output::Abandon(answering.attempt));
            }
            _ => return,
        }
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
    fn refused(&mut self, now: Duration, attempt: Attempt) {
        let Stage::Answering(answering) = &self.stage else {
            return;
        };
        if answering.attempt != attempt || answering.alive.is_some() {
            return;
        }
        self.taken.remember_hash(answering.offer);
        self.overheard.busy = self.overheard.busy.saturating_add(1);
        if self.leave_when_busy {
            return self.fail(Failure::Busy);
        }
        self.outputs.push_back(Output::Abandon(attempt));
        self.outputs.push_back(Output::Note(Note::Busy));
        self.back_to_offering(now, self.timing.listen);
    }

    fn link_alive(&mut self, now: Duration, attempt: Attempt) {
        let alive = match &mut self.stage {
            Stage::Linking { alive, .. } if self.offer.attempt == attempt => alive,
            Stage::Answering(answering) if answering.attempt == attempt => &mut answering.alive,
            _ => return,
        };
        if alive.replace(now).is_none() {
            if let Stage::Answering(answering) = &mut self.stage {
                answering.way = answering.way_now(self.voice.is_speaking());
            }
            (self.despair, self.in_vain) = (0, false);
            self.hush();
            self.outputs.push_back(Output::Note(Note::Connecting));
        }
    }

    fn link_open(&mut self, attempt: Attempt) {
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
        let note = match &self.stage {
            Stage::Linking { alive, way, .. } => {
                self.despair += match (alive, way) {
                    (None, Way::TwoSounds) => 2,
                    (None, Way::OneSound) => 1,
                    (Some(_), _) => 0,
                };
                Note::NoRoute
            }
            Stage::Answering(answering) if answering.alive.is_some() => Note::PeerGone,
            // The beacon's place is known, and nothing comes back from it.
            Stage::Answering(_) if self.ways == Ways::OneSound => {
                self.despair += 1;
                Note::NoRoute
            }
            Stage::Answering(answering) => {
                self.in_vain |= answering.was_said();
                Note::PeerGone
            }
            _ => return,
        };
        let despair = self.despair + u32::from(self.in_vain);
        if despair >= ENOUGH_DESPAIR && self.others.len() <= CROWD {
            return self.fail(Failure::NoRoute);
        }
        self.outputs.push_back(Output::Abandon(attempt));
        self.outputs.push_back(Output::Note(note));
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
    fn was_said(&self) -> bool {
        self.words.as_ref().is_some_and(|words| words.said > 0)
    }

    /// How the two found each other, if they reach each other now: an answer of ours that is
    /// still sounding was not needed.
    fn way_now(&self, speaking: bool) -> Way {
        let said = self.words.as_ref().map_or(0, |words| words.said);
        match self.straight && said <= u32::from(speaking) {
            true => Way::OneSound,
            false => Way::TwoSounds,
        }
    }

    fn noticed(&mut self, now: Duration) {
        self.heard = now;
        self.unheard = 0;
    }
}

/// So many answers in a row without a sign of the offerer are enough, once its time is up too.
const ENOUGH_ANSWERS: u32 = 3;

/// An answer to us that brought nothing counts two, a knock one, an answer of ours in vain one, but
/// once. So it is not by chance that nothing comes.
const ENOUGH_DESPAIR: u32 = 3;

/// So many offers of one other are heard until it is clear that the network brings nothing. Of
/// more than that many, one may have gone elsewhere.
const CROWD: usize = 4;
