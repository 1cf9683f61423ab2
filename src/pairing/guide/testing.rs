//! Two guides in one room, with an engine that connects whoever has each other's descriptions.

use super::*;
use crate::{
    link::Certificates,
    pairing::chance::Chance,
    signal::{Credentials, Description, IceCredentials, Role, Setup},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

pub(super) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What an engine says of itself: of the connection with that number.
pub(super) fn description(number: u8, role: Role) -> Description {
    let line = format!("candidate:1 1 udp 2113937151 192.0.2.{number} 40000 typ host");
    Description {
        role,
        setup: match role {
            Role::Offer => Setup::ActPass,
            Role::Answer => Setup::Active,
        },
        credentials: Credentials::Explicit(
            IceCredentials::new(&format!("u{number:03}"), &format!("p{number:023}")).unwrap(),
        ),
        fingerprint: Fingerprint::Sha256([number; 32]),
        max_message_size: 262_144,
        candidates: vec![
            crate::signal::Candidate::from_sdp_line(&line)
                .unwrap()
                .unwrap(),
        ],
        answers: None,
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Met(Proven, Way),
    Ended(Ended),
}

pub(super) use crate::pairing::Way;

#[derive(Default)]
struct Connection {
    number: u8,
    remote: Option<Description>,
    /// Whether the engine of whom it goes to has let it in, as far as ICE.
    let_in: bool,
    /// Who is at the other end.
    peer: Option<(usize, Attempt)>,
}

struct Host {
    guide: Guide,
    connections: BTreeMap<Attempt, Connection>,
    /// The word that sounds: until when, and whether it was spoilt.
    word: Option<(u64, Duration)>,
    end: Option<End>,
    over: bool,
}

pub(super) struct Room {
    now: Duration,
    hosts: Vec<Host>,
    queue: BinaryHeap<Reverse<(Duration, u64)>>,
    told: BTreeMap<u64, (usize, Happens)>,
    order: u64,
    numbers: u8,
    chance: Chance,
    /// When the last of them was through.
    ended: Duration,
    /// Whether the network lets the two talk.
    pub(super) network: bool,
    /// Whether each hears while it speaks.
    pub(super) full_duplex: bool,
}

enum Happens {
    Told(Told),
    /// The word with that number ends.
    Ends(u64, Vec<u8>),
}

const AIR: u64 = 400;

impl Room {
    /// Guides with these options, which begin at these times.
    pub(super) fn new(all: Vec<(GuideOptions, Duration)>, seed: u64) -> Self {
        let mut room = Self {
            now: Duration::ZERO,
            hosts: Vec::new(),
            queue: BinaryHeap::new(),
            told: BTreeMap::new(),
            order: 0,
            numbers: 0,
            chance: Chance::new(seed),
            ended: Duration::ZERO,
            network: true,
            full_duplex: false,
        };
        for (host, (options, begins)) in all.into_iter().enumerate() {
            let seed = room.chance.bits();
            room.hosts.push(Host {
                guide: Guide::new(GuideOptions { seed, ..options }),
                connections: BTreeMap::new(),
                word: None,
                end: None,
                over: false,
            });
            room.at(begins, host, Happens::Told(Told::Start));
        }
        room
    }

    fn at(&mut self, when: Duration, host: usize, happens: Happens) {
        self.order += 1;
        self.queue.push(Reverse((when, self.order)));
        self.told.insert(self.order, (host, happens));
    }

    fn soon(&mut self, after: u64, host: usize, told: Told) {
        self.at(self.now + ms(after), host, Happens::Told(told));
    }

    /// Runs until nothing is left to happen; how it ended for each, and when.
    pub(super) fn drive(mut self) -> (Vec<End>, Duration) {
        for _ in 0..100_000 {
            let Some(Reverse((when, order))) = self.queue.pop() else {
                let ends = self.hosts.into_iter();
                return (ends.map(|h| h.end.expect("it hangs")).collect(), self.ended);
            };
            self.now = when;
            let Some((host, happens)) = self.told.remove(&order) else {
                continue;
            };
            match happens {
                Happens::Told(told) => self.tell(host, told),
                Happens::Ends(word, envelope) => self.ends(host, word, envelope),
            }
        }
        panic!("it runs hot");
    }

    fn tell(&mut self, host: usize, told: Told) {
        let now = self.now;
        let commands: Vec<Command> = self.hosts[host].guide.tell(now, told).collect();
        for command in commands {
            assert!(self.hosts[host].end.is_none(), "{command:?} after the end");
            self.obey(host, command);
        }
        if let (Some(_), false) = (&self.hosts[host].end, self.hosts[host].over) {
            self.hosts[host].over = true;
            self.ended = now;
        }
        if let Some(due) = self.hosts[host].guide.deadline() {
            self.at(due.max(now + ms(1)), host, Happens::Told(Told::Tick));
        }
    }

    fn obey(&mut self, host: usize, command: Command) {
        match command {
            Command::Offer { attempt } => self.connect(host, attempt, None),
            Command::Answer { attempt, sdp } => self.connect(host, attempt, Some(sdp)),
            Command::Accept { attempt, sdp, .. } => {
                let remote = Description::from_sdp(&sdp, Role::Answer).unwrap();
                self.hosts[host]
                    .connections
                    .get_mut(&attempt)
                    .unwrap()
                    .remote = Some(remote);
                self.match_up();
            }
            Command::Send { attempt, bytes } => {
                if let Some((peer, attempt)) = self.hosts[host].connections[&attempt].peer {
                    self.soon(2, peer, Told::Message { attempt, bytes });
                }
            }
            Command::Close { attempt, .. } => {
                let gone = self.hosts[host].connections.remove(&attempt);
                if let Some((peer, attempt)) = gone.and_then(|gone| gone.peer) {
                    let words = "closed".to_owned();
                    self.soon(3, peer, Told::Failed { attempt, words });
                }
            }
            Command::Say { envelope, .. } => {
                self.order += 1;
                let word = self.order;
                let until = self.now + ms(AIR);
                self.hosts[host].word = Some((word, until));
                self.soon(0, host, Told::Started { air: ms(AIR) });
                for other in 0..self.hosts.len() {
                    let length = ms(AIR - 100);
                    self.soon(100, other, Told::Carrier { length });
                }
                self.at(until, host, Happens::Ends(word, envelope));
            }
            Command::Hush => self.hosts[host].word = None,
            Command::Met { way, proven, .. } => self.hosts[host].end = Some(End::Met(proven, way)),
            Command::End(ended) => self.hosts[host].end = Some(End::Ended(ended)),
            Command::Note(_) | Command::Trouble(_) => {}
        }
    }

    fn connect(&mut self, host: usize, attempt: Attempt, offer: Option<String>) {
        self.numbers += 1;
        let role = match offer {
            Some(_) => Role::Answer,
            None => Role::Offer,
        };
        let sdp = description(self.numbers, role).to_sdp();
        let connection = Connection {
            number: self.numbers,
            remote: offer.map(|offer| Description::from_sdp(&offer, Role::Offer).unwrap()),
            let_in: false,
            peer: None,
        };
        self.hosts[host].connections.insert(attempt, connection);
        self.soon(20, host, Told::Described { attempt, sdp });
        self.match_up();
    }

    /// Connects those who have each other's descriptions.
    fn match_up(&mut self) {
        let knows = |a: &Connection, b: &Connection| {
            let b = description(b.number, Role::Offer);
            a.remote.as_ref().is_some_and(|remote| {
                remote.credentials == b.credentials && remote.fingerprint == b.fingerprint
            })
        };
        let (mut pairs, mut early) = (Vec::new(), Vec::new());
        for (a, b) in [(0, 1), (1, 0)] {
            for (&of_a, left) in &self.hosts[a].connections {
                for (&of_b, right) in &self.hosts[b].connections {
                    // Whoever knows its password is let in by an engine that was given any answer.
                    if !left.let_in && knows(left, right) && right.remote.is_some() {
                        early.push((a, of_a));
                    }
                    if left.peer.is_none() && knows(left, right) && knows(right, left) {
                        pairs.push(((a, of_a, left.number), (b, of_b, right.number)));
                    }
                }
            }
        }
        for (host, attempt) in early {
            let connection = self.hosts[host].connections.get_mut(&attempt);
            connection.expect("it was found").let_in = true;
            if self.network {
                self.soon(5, host, Told::Reached { attempt });
            }
        }
        pairs.truncate(1);
        for ((a, of_a, ours), (b, of_b, theirs)) in pairs {
            if !self.network {
                continue;
            }
            self.hosts[a].connections.get_mut(&of_a).unwrap().peer = Some((b, of_b));
            self.hosts[b].connections.get_mut(&of_b).unwrap().peer = Some((a, of_a));
            for (host, attempt, ours, theirs) in [(a, of_a, ours, theirs), (b, of_b, theirs, ours)]
            {
                self.soon(10, host, Told::Reached { attempt });
                let chance = Box::new(std::array::from_fn(|_| self.chance.bits() as u8));
                let certificates = Certificates {
                    ours: [ours; 32],
                    theirs: [theirs; 32],
                };
                let opened = Told::Opened {
                    attempt,
                    certificates,
                    chance,
                };
                self.soon(30 + u64::from(ours % 2), host, opened);
            }
        }
    }

    /// A word ends: it was heard, unless another sounded too.
    fn ends(&mut self, host: usize, word: u64, envelope: Vec<u8>) {
        if self.hosts[host]
            .word
            .is_none_or(|(sounding, _)| sounding != word)
        {
            return;
        }
        self.hosts[host].word = None;
        let spoilt = !self.full_duplex && self.hosts.iter().any(|other| other.word.is_some());
        self.tell(host, Told::Finished);
        for other in 0..self.hosts.len() {
            let told = match spoilt {
                true => Told::Garbled,
                false => Told::Heard {
                    envelope: envelope.clone(),
                },
            };
            self.soon(40, other, told);
        }
    }
}
