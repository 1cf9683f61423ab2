//! The host's connections behind the machine's attempts.

use super::{Command, Input, worth::worth_saying};
use crate::{
    link::{CHANCE, Certificates, Code, Encounter, Proof, ProofError, Proven, Secret, Side},
    pairing::{Attempt, Ways},
    signal::{
        Beacon, Description, Fingerprint, Invitation, Role, Setup, Signal, Tag, pack, unpack,
    },
};
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    time::Duration,
};

type Commands = VecDeque<Command>;

/// Every live attempt.
#[derive(Debug)]
pub(super) struct Tries {
    ways: Ways,
    code: Option<Code>,
    live: BTreeMap<Attempt, Try>,
}

#[derive(Debug)]
struct Try {
    purpose: Purpose,
    described: bool,
    /// An answer that the engine is not given before ours has been said, and when it is.
    held_back: Option<(String, Option<Duration>)>,
    reached: bool,
    door: Door,
    talk: Talk,
}

/// What a connection is wanted for.
#[derive(Debug)]
enum Purpose {
    /// To be connected to whoever answers an offer.
    Offer,
    /// To be reached by whoever hears an invitation, or connected to who answers it.
    Invitation(Option<Box<Invitation>>),
    /// To answer the offer of these bytes.
    Answer(Vec<u8>),
    /// To reach whoever said a beacon, of these bytes, at once if straight.
    Approach {
        beacon: Box<Beacon>,
        packed: Vec<u8>,
        straight: bool,
    },
}

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// Whom an answer of theirs, or ours, described.
    Open,
    /// A guest, once it has knocked and was let in; when to tell again that it is there.
    Shut { knock_at: Option<Duration> },
    /// The guest.
    ForGuest,
}

/// How far the talk in the channel has come.
enum Talk {
    /// The channel is not open.
    Closed,
    /// It is, to somebody who was not let in yet: what is needed, and what came.
    Waiting {
        certificates: Certificates,
        chance: Box<[u8; CHANCE]>,
        came: Vec<Vec<u8>>,
    },
    Proving {
        proof: Box<Proof>,
        until: Duration,
    },
    Over,
}

impl Tries {
    pub(super) fn new(ways: Ways, code: Option<Code>) -> Self {
        Self {
            ways,
            code,
            live: BTreeMap::new(),
        }
    }

    pub(super) fn has(&self, attempt: Attempt) -> bool {
        self.live.contains_key(&attempt)
    }

    /// Whether the engine has described that connection.
    pub(super) fn was_described(&self, attempt: Attempt) -> bool {
        self.live.get(&attempt).is_some_and(|live| live.described)
    }

    /// A connection that waits for somebody.
    pub(super) fn offer(&mut self, attempt: Attempt, commands: &mut Commands) {
        let purpose = match self.ways {
            Ways::TwoSounds => Purpose::Offer,
            Ways::Both | Ways::OneSound => Purpose::Invitation(None),
        };
        self.begin(attempt, purpose);
        commands.push_back(Command::Offer { attempt });
    }

    /// A connection to whose offer or beacon was heard.
    pub(super) fn answer(
        &mut self,
        attempt: Attempt,
        packed: Vec<u8>,
        straight: bool,
        commands: &mut Commands,
    ) -> Option<Input> {
        let offer = match unpack(&packed) {
            Ok(Signal::Description(offer)) if is_whole(&offer.fingerprint) => offer,
            Ok(Signal::Invitation(invitation)) => invitation.offer(),
            Ok(Signal::Beacon(beacon)) if is_whole(&beacon.fingerprint) => {
                let purpose = Purpose::Approach {
                    beacon: Box::new(beacon),
                    packed,
                    straight,
                };
                self.begin(attempt, purpose);
                // Its sender is, as far as the engine is concerned, who answers.
                commands.push_back(Command::Offer { attempt });
                return None;
            }
            _ => return Some(Input::LinkFailed(attempt)),
        };
        self.begin(attempt, Purpose::Answer(packed));
        let sdp = offer.to_sdp();
        commands.push_back(Command::Answer { attempt, sdp });
        None
    }

    /// The engine has described a connection.
    ///
    /// # Errors
    /// In words, if that description is none for one data channel.
    pub(super) fn described(
        &mut self,
        attempt: Attempt,
        sdp: &str,
        commands: &mut Commands,
    ) -> Result<Option<Input>, String> {
        let Some(live) = self.live.get_mut(&attempt) else {
            return Ok(None);
        };
        let read = |role| {
            let mut ours = Description::from_sdp(sdp, role).map_err(|error| error.to_string())?;
            ours.candidates = worth_saying(ours.candidates);
            match ours.candidates.is_empty() {
                true => Err("the browser has no network".to_owned()),
                false => Ok(ours),
            }
        };
        let input = match &mut live.purpose {
            Purpose::Invitation(said) => {
                let invitation = Invitation::from_offer(&read(Role::Offer)?);
                let invitation = invitation.map_err(|error| error.to_string())?;
                // Who comes is let in at once, as far as the engine is concerned.
                commands.push_back(Command::Accept {
                    attempt,
                    sdp: invitation.foretold_answer().to_sdp(),
                    provisional: true,
                });
                let envelope = pack(&said.insert(Box::new(invitation)).as_ref().clone().into());
                Input::OfferReady {
                    attempt,
                    tag: Tag::of(&envelope),
                    envelope,
                }
            }
            Purpose::Offer => {
                let envelope = pack(&read(Role::Offer)?.into());
                Input::OfferReady {
                    attempt,
                    tag: Tag::of(&envelope),
                    envelope,
                }
            }
            Purpose::Answer(offer) => Input::AnswerReady {
                attempt,
                envelope: pack(&read(Role::Answer)?.answering(offer).into()),
            },
            Purpose::Approach {
                beacon,
                packed,
                straight,
            } => {
                let ours = read(Role::Offer)?;
                let theirs = beacon.answer_to(&ours.ice_credentials().pwd).to_sdp();
                match straight {
                    true => commands.push_back(Command::Accept {
                        attempt,
                        sdp: theirs,
                        provisional: false,
                    }),
                    false => live.held_back = Some((theirs, None)),
                }
                let answer = Description {
                    role: Role::Answer,
                    setup: Setup::Active,
                    // Only command lines say beacons, and they compare the half with what they see.
                    fingerprint: ours.fingerprint.truncated(),
                    ..ours
                };
                Input::AnswerReady {
                    attempt,
                    envelope: pack(&answer.answering(packed).into()),
                }
            }
        };
        live.described = true;
        Ok(Some(input))
    }

    /// A word of ours has been said to its end: what was held back until then goes on, a little
    /// later, so that the other side understands before it is reached.
    pub(super) fn said(&mut self, now: Duration) {
        for live in self.live.values_mut() {
            if let Some((_, at @ None)) = &mut live.held_back {
                *at = Some(now + UNDERSTANDING);
            }
        }
    }

    /// ICE has reached the other side.
    pub(super) fn reached(&mut self, now: Duration, attempt: Attempt) -> Option<Input> {
        let live = self.live.get_mut(&attempt)?;
        // Who invites lets anybody in as far as its engine is concerned, also while its mind is on
        // somebody else: only its channel shows that it has taken our answer.
        let early = matches!(live.purpose, Purpose::Answer(_)) && matches!(live.talk, Talk::Closed);
        if early || std::mem::replace(&mut live.reached, true) {
            return None;
        }
        match &mut live.door {
            Door::Open | Door::ForGuest => Some(Input::LinkConnecting(attempt)),
            Door::Shut { knock_at } => {
                *knock_at = Some(now + BETWEEN_KNOCKS);
                Some(Input::Knocked(attempt))
            }
        }
    }

    /// Lets in the guest who knocked. Gives what it has said already.
    pub(super) fn admit(
        &mut self,
        now: Duration,
        attempt: Attempt,
        commands: &mut Commands,
    ) -> Vec<Vec<u8>> {
        let Some(live) = self.live.get_mut(&attempt) else {
            return Vec::new();
        };
        live.door = Door::ForGuest;
        live.prove(now, attempt, self.code.clone(), commands)
    }

    /// Our offer or invitation was answered by sound.
    pub(super) fn accept(
        &mut self,
        attempt: Attempt,
        answer: &[u8],
        commands: &mut Commands,
    ) -> Option<Input> {
        let live = self.live.get_mut(&attempt)?;
        let sdp = match (&live.purpose, unpack(answer)) {
            // The guest, who could not come unasked.
            (Purpose::Invitation(Some(invitation)), Ok(Signal::Arrival(arrival))) => {
                live.door = Door::ForGuest;
                invitation.answer_by(&arrival).to_sdp()
            }
            // Somebody else than the one whom we have been reached by.
            (Purpose::Invitation(_), _) if live.reached => return Some(Input::LinkFailed(attempt)),
            (Purpose::Offer | Purpose::Invitation(_), Ok(Signal::Description(answer)))
                if answer.role == Role::Answer && is_whole(&answer.fingerprint) =>
            {
                live.door = Door::Open;
                answer.to_sdp()
            }
            _ => return Some(Input::LinkFailed(attempt)),
        };
        commands.push_back(Command::Accept {
            attempt,
            sdp,
            provisional: false,
        });
        live.reached.then_some(Input::LinkConnecting(attempt))
    }

    /// The channel is open.
    pub(super) fn opened(
        &mut self,
        now: Duration,
        attempt: Attempt,
        certificates: Certificates,
        chance: Box<[u8; CHANCE]>,
        commands: &mut Commands,
    ) -> Option<Input> {
        let live = self.live.get_mut(&attempt)?;
        if !matches!(live.talk, Talk::Closed) {
            return None;
        }
        live.talk = Talk::Waiting {
            certificates,
            chance,
            came: Vec::new(),
        };
        if !matches!(live.door, Door::Shut { .. }) {
            live.prove(now, attempt, self.code.clone(), commands);
        }
        // Where ICE told nothing the open channel does.
        self.reached(now, attempt)
    }

    /// A message of the proof.
    ///
    /// # Errors
    /// [`ProofError`]: the other side is not believed.
    pub(super) fn message(
        &mut self,
        attempt: Attempt,
        bytes: &[u8],
        commands: &mut Commands,
    ) -> Result<Option<Proven>, ProofError> {
        let Some(live) = self.live.get_mut(&attempt) else {
            return Ok(None);
        };
        let proof = match &mut live.talk {
            Talk::Proving { proof, .. } => proof,
            Talk::Waiting { came, .. } if came.len() < MOST_EARLY => {
                came.push(bytes.to_vec());
                return Ok(None);
            }
            _ => return Ok(None),
        };
        let mut send = |bytes| commands.push_back(Command::Send { attempt, bytes });
        match proof.handle(bytes) {
            Ok(step) => {
                step.say.into_iter().for_each(send);
                if step.proven.is_some() {
                    live.talk = Talk::Over;
                }
                Ok(step.proven)
            }
            Err(error) => {
                proof.last_words().into_iter().for_each(&mut send);
                live.talk = Talk::Over;
                Err(error)
            }
        }
    }

    /// What time alone brings about.
    pub(super) fn tick(&mut self, now: Duration, commands: &mut Commands) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (&attempt, live) in &mut self.live {
            if let Some((sdp, _)) = live
                .held_back
                .take_if(|(_, at)| at.is_some_and(|at| now >= at))
            {
                commands.push_back(Command::Accept {
                    attempt,
                    sdp,
                    provisional: false,
                });
            }
            if let Door::Shut { knock_at: Some(at) } = &mut live.door
                && now >= *at
            {
                *at = now + BETWEEN_KNOCKS;
                inputs.push(Input::Knocked(attempt));
            }
            if let Talk::Proving { until, .. } = live.talk
                && now >= until
            {
                live.talk = Talk::Over;
                commands.push_back(Command::Trouble(ProofError::Silent(PROOF).to_string()));
                inputs.push(Input::LinkFailed(attempt));
            }
        }
        inputs
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let of = |live: &Try| {
            let held = live.held_back.as_ref().and_then(|(_, at)| *at);
            let proving = match live.talk {
                Talk::Proving { until, .. } => Some(until),
                _ => None,
            };
            let knock = match live.door {
                Door::Shut { knock_at } => knock_at,
                _ => None,
            };
            [held, proving, knock].into_iter().flatten().min()
        };
        self.live.values().filter_map(of).min()
    }

    /// Lets go of an attempt.
    pub(super) fn abandon(&mut self, attempt: Attempt, commands: &mut Commands) {
        if let Some(gone) = self.live.remove(&attempt) {
            commands.push_back(Command::Close {
                attempt,
                // What we said last tells the other side why.
                gently: !matches!(gone.talk, Talk::Closed),
            });
        }
    }

    /// Gives an attempt's connection into other hands.
    pub(super) fn release(&mut self, attempt: Attempt) {
        self.live.remove(&attempt);
    }

    /// Lets go of all.
    pub(super) fn close(&mut self, commands: &mut Commands) {
        let all: Vec<Attempt> = self.live.keys().copied().collect();
        for attempt in all {
            self.abandon(attempt, commands);
        }
    }

    fn begin(&mut self, attempt: Attempt, purpose: Purpose) {
        let door = match purpose {
            Purpose::Invitation(_) => Door::Shut { knock_at: None },
            _ => Door::Open,
        };
        let begun = Try {
            purpose,
            described: false,
            held_back: None,
            reached: false,
            door,
            talk: Talk::Closed,
        };
        self.live.insert(attempt, begun);
    }
}

impl Try {
    /// Begins the proof, if the channel is open; gives what the other side has said already.
    fn prove(
        &mut self,
        now: Duration,
        attempt: Attempt,
        code: Option<Code>,
        commands: &mut Commands,
    ) -> Vec<Vec<u8>> {
        let (side, secret) = match &self.purpose {
            // Who answered as itself is no guest.
            Purpose::Invitation(Some(invitation)) if self.door == Door::ForGuest => {
                (Side::Offerer, Some(invitation.guest().secret.0))
            }
            Purpose::Offer | Purpose::Invitation(_) => (Side::Offerer, None),
            Purpose::Answer(_) => (Side::Answerer, None),
            Purpose::Approach { beacon, .. } => (Side::Answerer, Some(beacon.secret.0)),
        };
        let Talk::Waiting {
            certificates,
            chance,
            came,
        } = &mut self.talk
        else {
            return Vec::new();
        };
        let came = std::mem::take(came);
        let encounter = Encounter {
            side,
            secret: secret.map(Secret::new),
            code,
        };
        let (proof, bytes) = Proof::new(&encounter, *certificates, chance);
        self.talk = Talk::Proving {
            proof: Box::new(proof),
            until: now + PROOF,
        };
        commands.push_back(Command::Send { attempt, bytes });
        came
    }
}

/// Without what is being proven.
impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "Closed",
            Self::Waiting { .. } => "Waiting",
            Self::Proving { .. } => "Proving",
            Self::Over => "Over",
        })
    }
}

/// A half would do for a command line; an engine wants all of it.
fn is_whole(fingerprint: &Fingerprint) -> bool {
    !matches!(fingerprint, Fingerprint::Truncated128(_))
}

/// As long as the proof may take: five ways over the network, however slow.
const PROOF: Duration = Duration::from_secs(5);

/// Who waits at the door is told of so often.
const BETWEEN_KNOCKS: Duration = Duration::from_millis(100);

/// Messages that are kept of somebody who was not let in yet: it says two before it is answered.
const MOST_EARLY: usize = 8;

/// From the end of a word until the other side has understood it.
const UNDERSTANDING: Duration = Duration::from_secs(1);
