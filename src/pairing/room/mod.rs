//! Many machines in one simulated room, in virtual time: every fault a plain field.

mod air;
mod network;
mod survey;

mod crowd;
mod faults;
mod hostile;
mod isolation;
mod pages;
mod times;

use super::{Attempt, Failure, Input, Machine, Note, Output, Timing, Way, Ways, chance::Chance};
use crate::signal::Tag;
use air::{Air, Speech};
use network::{Pending, Side};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    time::Duration,
};

/// How it ended for one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// Linked to that peer at that time.
    Linked(usize, Duration, Way),
    Failed(Failure, Duration),
}

struct Room {
    air: Air,
    now: Duration,
    chance: Chance,
    peers: Vec<Peer>,
    speeches: Vec<Speech>,
    links: Vec<Pending>,
    queue: BinaryHeap<Reverse<(Duration, u64, usize, Happens)>>,
    order: u64,
    steps: u64,
}

struct Peer {
    machine: Machine,
    /// Live attempts: what was said for them, and for answers the offer they answer.
    attempts: HashMap<u32, Side>,
    /// Who knocked last at which of our doors, and who was let in.
    visitor: Option<(u32, usize, Attempt)>,
    guests: HashMap<u32, Option<(usize, Attempt)>>,
    end: Option<End>,
    /// When the first sound of somebody else began that was understood here.
    understood: Option<Duration>,
    /// When it was first told that the network brings nothing, or all ended.
    told: Option<Duration>,
    speaking: Option<usize>,
    gone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Told(Told),
    SpeechBegins(usize),
    Notice(usize),
    SpeechOver(usize),
    Decoded(usize),
    Knock(u32),
    Refused(u32),
    StrangerKnocks,
    LinkAlive(usize),
    LinkOpens(usize, usize),
    TickDue,
    Leaves,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Start,
    OfferReady(u32),
    AnswerReady(u32),
    Cancel,
}

/// Who says what nobody here says.
const NOBODY: usize = usize::MAX;

const OFFER: u8 = 1;
const ANSWER: u8 = 2;
const BEACON: u8 = 3;
const INVITATION: u8 = 4;
/// That of a page to a page: the other's browser wants the whole fingerprint.
const WHOLE_ANSWER: u8 = 5;

impl Room {
    /// Peers that start at these times.
    fn new(air: Air, timing: &Timing, starts: &[Duration], seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let peers = (0..starts.len())
            .map(|n| Peer {
                machine: Machine::new(timing.clone(), chance.bits())
                    .by((air.ways)(n))
                    .leaving_when_busy(air.leave_when_busy),
                attempts: HashMap::new(),
                visitor: None,
                guests: HashMap::new(),
                end: None,
                understood: None,
                told: None,
                speaking: None,
                gone: false,
            })
            .collect();
        let mut room = Self {
            air,
            now: Duration::ZERO,
            chance,
            peers,
            speeches: Vec::new(),
            links: Vec::new(),
            queue: BinaryHeap::new(),
            order: 0,
            steps: 0,
        };
        for (peer, &start) in starts.iter().enumerate() {
            room.at(start, peer, Happens::Told(Told::Start));
        }
        room
    }

    fn at(&mut self, when: Duration, peer: usize, happens: Happens) {
        self.order += 1;
        self.queue.push(Reverse((when, self.order, peer, happens)));
    }

    /// Runs until nothing is left to happen.
    fn drive(&mut self) {
        while let Some(Reverse((when, _, peer, happens))) = self.queue.pop() {
            assert!(when >= self.now);
            self.now = when;
            self.steps += 1;
            assert!(self.steps < 200_000, "the machines run hot");
            self.step(peer, happens);
        }
        for (n, peer) in self.peers.iter().enumerate() {
            assert!(peer.gone || peer.end.is_some(), "peer {n} hangs");
        }
    }

    fn step(&mut self, peer: usize, happens: Happens) {
        match happens {
            Happens::TickDue => self.tell(peer, Input::Tick),
            Happens::Leaves => {
                self.peers[peer].gone = true;
                self.peers[peer].attempts.clear();
                self.hush(peer);
            }
            Happens::Told(Told::Start) => self.tell(peer, Input::Start),
            Happens::Told(Told::Cancel) => self.tell(peer, Input::Cancel),
            Happens::Told(Told::OfferReady(attempt)) => {
                if let Some(Side::Offer(envelope)) = self.peers[peer].attempts.get(&attempt) {
                    let envelope = envelope.clone();
                    let tag = tag(&envelope);
                    self.tell(
                        peer,
                        Input::OfferReady {
                            attempt: Attempt(attempt),
                            envelope,
                            tag,
                        },
                    );
                }
            }
            Happens::Told(Told::AnswerReady(attempt)) => {
                if let Some(Side::Answer { answer, .. }) = self.peers[peer].attempts.get(&attempt) {
                    let envelope = answer.clone();
                    self.tell(
                        peer,
                        Input::AnswerReady {
                            attempt: Attempt(attempt),
                            envelope,
                        },
                    );
                }
            }
            Happens::SpeechBegins(speech) => {
                if self.peers[peer].speaking == Some(speech) {
                    let air = self.speeches[speech].end - self.speeches[speech].begin;
                    self.tell(peer, Input::Started { air });
                }
            }
            Happens::Notice(speech) => {
                let (from, left) = {
                    let s = &self.speeches[speech];
                    (s.from, s.end.saturating_sub(self.now))
                };
                let clean =
                    !self.overlapped_until(speech, self.speeches[speech].begin + self.air.preamble);
                if clean && !left.is_zero() {
                    // One's own carrier is noticed like anybody's.
                    self.tell_if_here(from, Input::Carrier { length: left });
                }
                for to in self.listeners(from) {
                    if clean && !left.is_zero() && self.chance.unit() >= self.air.loss {
                        self.tell(to, Input::Carrier { length: left });
                    }
                }
            }
            Happens::SpeechOver(speech) => {
                let from = self.speeches[speech].from;
                if self.peers[from].speaking == Some(speech) {
                    self.peers[from].speaking = None;
                    self.tell(from, Input::Finished);
                }
            }
            Happens::Decoded(speech) => self.decoded(speech),
            Happens::Knock(attempt) => self.knock(peer, Attempt(attempt)),
            Happens::Refused(attempt) => self.tell(peer, Input::Refused(Attempt(attempt))),
            Happens::StrangerKnocks => self.stranger_knocks(peer),
            Happens::LinkAlive(link) => {
                for (peer, attempt) in self.links[link].ends {
                    if self.both_hold(link) {
                        self.tell(peer, Input::LinkConnecting(attempt));
                    }
                }
            }
            Happens::LinkOpens(link, end) => {
                // The last message of the proof is on its way once the first side is open.
                if self.both_hold(link) || self.links[link].opened[1 - end] {
                    let (peer, attempt) = self.links[link].ends[end];
                    self.links[link].opened[end] = true;
                    self.tell(peer, Input::LinkOpen(attempt));
                }
            }
        }
    }

    fn tell(&mut self, peer: usize, input: Input) {
        if self.peers[peer].gone {
            return;
        }
        let now = self.now;
        let outputs: Vec<_> = self.peers[peer].machine.handle(now, input).collect();
        for output in outputs {
            self.carry_out(peer, output);
        }
        if let Some(deadline) = self.peers[peer].machine.deadline() {
            let when = deadline.max(now + Duration::from_micros(1));
            self.at(when, peer, Happens::TickDue);
        }
    }

    fn carry_out(&mut self, peer: usize, output: Output) {
        let now = self.now;
        let made = now + self.air.make_delay;
        match output {
            Output::MakeOffer(Attempt(n)) => {
                let mut envelope = vec![match (self.air.ways)(peer) {
                    Ways::TwoSounds => OFFER,
                    _ if (self.air.pages)(peer) => INVITATION,
                    _ => BEACON,
                }];
                envelope.extend(self.chance.bits().to_le_bytes());
                let side = Side::Offer(envelope);
                self.peers[peer].attempts.insert(n, side);
                self.at(made, peer, Happens::Told(Told::OfferReady(n)));
            }
            Output::MakeAnswer {
                attempt,
                offer,
                straight,
            } => {
                let kind = match (self.air.pages)(peer) && offer[0] == INVITATION {
                    true => WHOLE_ANSWER,
                    false => ANSWER,
                };
                let mut answer = vec![kind, tag(&offer).0];
                answer.extend(self.chance.bits().to_le_bytes());
                let side = Side::Answer { offer, answer };
                self.peers[peer].attempts.insert(attempt.0, side);
                self.at(made, peer, Happens::Told(Told::AnswerReady(attempt.0)));
                if straight {
                    self.at(made + ms(2), peer, Happens::Knock(attempt.0));
                }
            }
            Output::AcceptAnswer { attempt, answer } => self.connect(peer, attempt, &answer),
            Output::Admit(attempt) => {
                let (door, who, theirs) = self.peers[peer].visitor.expect("somebody knocked");
                assert_eq!(door, attempt.0, "lets in at another door");
                self.peers[peer].guests.insert(door, Some((who, theirs)));
                self.link((peer, attempt), (who, theirs));
            }
            Output::Abandon(attempt) => {
                self.peers[peer].attempts.remove(&attempt.0);
            }
            Output::Say { envelope, .. } => {
                let begin = now + self.air.output_delay;
                let end = begin + self.air.time_of(&envelope);
                let speech = self.speeches.len();
                assert!(self.peers[peer].speaking.is_none(), "speaks twice at once");
                self.speeches.push(Speech {
                    from: peer,
                    begin,
                    end,
                    envelope,
                    hushed: false,
                });
                self.peers[peer].speaking = Some(speech);
                self.at(begin, peer, Happens::SpeechBegins(speech));
                self.at(begin + self.air.notice_delay, peer, Happens::Notice(speech));
                self.at(end, peer, Happens::SpeechOver(speech));
                self.at(end + self.air.decode_delay, peer, Happens::Decoded(speech));
            }
            Output::Hush => self.hush(peer),
            Output::Note(Note::NoRoute | Note::Unreached(_)) => {
                self.peers[peer].told.get_or_insert(now);
            }
            Output::Note(_) => {}
            Output::Done { attempt, way } => {
                let (other, _) = self
                    .links
                    .iter()
                    .flat_map(|l| [(l.ends[0], l.ends[1]), (l.ends[1], l.ends[0])])
                    .find(|(mine, _)| *mine == (peer, attempt))
                    .expect("done without a link")
                    .1;
                self.peers[peer].end = Some(End::Linked(other, now, way));
            }
            Output::Failed(failure) => {
                self.peers[peer].end = Some(End::Failed(failure, now));
                self.peers[peer].told.get_or_insert(now);
                assert!(
                    self.peers[peer].attempts.is_empty(),
                    "attempts are left over"
                );
            }
        }
    }
}

/// Four bits, as few as an answer may carry, so that chance agreements happen here too.
fn tag(offer: &[u8]) -> Tag {
    Tag(offer[1] & 15)
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
