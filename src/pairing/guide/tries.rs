//! The host's connections behind the machine's attempts.

use super::{Command, Input, worth::worth_saying};
use crate::{
    link::{CHANCE, Certificates, Code, Encounter, Proof, ProofError, Proven, Secret, Side},
    pairing::Attempt,
    signal::{Beacon, Description, Fingerprint, Role, Setup, Signal, Tag, pack, unpack},
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
    talk: Talk,
}

/// What a connection is wanted for.
#[derive(Debug)]
enum Purpose {
    /// To be connected to whoever answers an offer.
    Offer,
    /// To answer the offer of these bytes.
    Answer(Vec<u8>),
    /// To reach whoever said a beacon, of these bytes, at once if straight.
    Approach {
        beacon: Box<Beacon>,
        packed: Vec<u8>,
        straight: bool,
    },
}

/// How far the talk in the channel has come.
enum Talk {
    /// The channel is not open.
    Closed,
    Proving {
        proof: Box<Proof>,
        until: Duration,
    },
    Over,
}

impl Tries {
    pub(super) fn new(code: Option<Code>) -> Self {
        Self {
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
        self.begin(attempt, Purpose::Offer);
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
        let input = match &live.purpose {
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
    pub(super) fn reached(&mut self, attempt: Attempt) -> Option<Input> {
        let live = self.live.get_mut(&attempt)?;
        if std::mem::replace(&mut live.reached, true) {
            return None;
        }
        Some(Input::LinkConnecting(attempt))
    }

    /// Our offer was answered.
    pub(super) fn accept(
        &mut self,
        attempt: Attempt,
        answer: &[u8],
        commands: &mut Commands,
    ) -> Option<Input> {
        let live = self.live.get(&attempt)?;
        match (&live.purpose, unpack(answer)) {
            (Purpose::Offer, Ok(Signal::Description(answer)))
                if answer.role == Role::Answer && is_whole(&answer.fingerprint) =>
            {
                let sdp = answer.to_sdp();
                commands.push_back(Command::Accept {
                    attempt,
                    sdp,
                    provisional: false,
                });
                None
            }
            _ => Some(Input::LinkFailed(attempt)),
        }
    }

    /// The channel is open: the proof begins.
    pub(super) fn opened(
        &mut self,
        now: Duration,
        attempt: Attempt,
        certificates: Certificates,
        chance: Box<[u8; CHANCE]>,
        commands: &mut Commands,
    ) -> VecDeque<Input> {
        let Some(live) = self.live.get_mut(&attempt) else {
            return VecDeque::new();
        };
        if !matches!(live.talk, Talk::Closed) {
            return VecDeque::new();
        }
        let (side, secret) = match &live.purpose {
            Purpose::Offer => (Side::Offerer, None),
            Purpose::Answer(_) => (Side::Answerer, None),
            Purpose::Approach { beacon, .. } => (Side::Answerer, Some(beacon.secret.0)),
        };
        let encounter = Encounter {
            side,
            secret: secret.map(Secret::new),
            code: self.code.clone(),
        };
        let (proof, bytes) = Proof::new(&encounter, certificates, &chance);
        live.talk = Talk::Proving {
            proof: Box::new(proof),
            until: now + PROOF,
        };
        commands.push_back(Command::Send { attempt, bytes });
        // Where ICE told nothing the open channel does.
        self.reached(attempt).into_iter().collect()
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
        let Talk::Proving { proof, .. } = &mut live.talk else {
            return Ok(None);
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
            held.into_iter().chain(proving).min()
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
        let begun = Try {
            purpose,
            described: false,
            held_back: None,
            reached: false,
            talk: Talk::Closed,
        };
        self.live.insert(attempt, begun);
    }
}

/// Without what is being proven.
impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "Closed",
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

/// From the end of a word until the other side has understood it.
const UNDERSTANDING: Duration = Duration::from_secs(1);
