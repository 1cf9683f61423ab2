//! The network between the peers: doors to knock at, firewalls, links that open.

use super::{End, Happens, NOBODY, Room, ms};
use crate::pairing::{Attempt, Input};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Side {
    Offer(Vec<u8>),
    Answer { offer: Vec<u8>, answer: Vec<u8> },
}

impl Side {
    pub(super) fn is_answer_to(&self, wanted: &[u8]) -> bool {
        matches!(self, Self::Answer { offer, .. } if offer == wanted)
    }
}

/// A link about to open between two attempts.
pub(super) struct Pending {
    pub(super) ends: [(usize, Attempt); 2],
    pub(super) opened: [bool; 2],
}

impl Room {
    pub(super) fn both_hold(&self, link: usize) -> bool {
        self.links[link].ends.iter().all(|(peer, attempt)| {
            !self.peers[*peer].gone && self.peers[*peer].attempts.contains_key(&attempt.0)
        })
    }

    /// Our offer meets an answer: a link opens only if somebody holds that answer to that offer.
    pub(super) fn connect(&mut self, peer: usize, attempt: Attempt, answer: &[u8]) {
        let ours = match &self.peers[peer].attempts[&attempt.0] {
            Side::Offer(offer) => offer.clone(),
            side => panic!("accepts an answer for {side:?}"),
        };
        let is_theirs = |side: &Side| {
            side.is_answer_to(&ours)
                && matches!(side, Side::Answer { answer: a, .. } if a == answer)
        };
        let other = self.peers.iter().enumerate().find_map(|(n, p)| {
            let attempt = p.attempts.iter().find(|(_, side)| is_theirs(side))?.0;
            Some((n, Attempt(*attempt)))
        });
        self.peers[peer].guests.insert(attempt.0, other);
        if let Some(other) = other {
            self.link((peer, attempt), other);
        }
    }

    /// Somebody whose connection is made goes to where the beacon said, again and again.
    pub(super) fn knock(&mut self, peer: usize, attempt: Attempt) {
        let offer = match self.peers[peer].attempts.get(&attempt.0) {
            Some(Side::Answer { offer, .. }) if self.peers[peer].end.is_none() => offer.clone(),
            _ => return,
        };
        self.at(self.now + ms(100), peer, Happens::Knock(attempt.0));
        let door = self.peers.iter().enumerate().find_map(|(n, p)| {
            let offered = Side::Offer(offer.clone());
            let door = p.attempts.iter().find(|(_, side)| **side == offered)?.0;
            (!p.gone).then_some((n, *door))
        });
        let Some((host, door)) = door else {
            return;
        };
        if (self.air.loses)(host, peer) || (self.air.shut)(host, peer) {
            return;
        }
        match self.peers[host].guests.get(&door) {
            Some(guest) if *guest == Some((peer, attempt)) => {}
            Some(_) if (self.air.loses)(peer, host) => {}
            // A browser cannot refuse: it is noticed that nobody speaks.
            Some(_) if (self.air.pages)(host) => {
                self.at(self.now + UNWELCOME, peer, Happens::Refused(attempt.0));
            }
            Some(_) => self.tell(peer, Input::Refused(attempt)),
            None => {
                self.peers[host].visitor = Some((door, peer, attempt));
                self.tell(host, Input::Knocked(Attempt(door)));
            }
        }
    }

    /// Somebody who is nobody here has heard the beacon of `host`, knocks, and is gone at once.
    pub(super) fn stranger_knocks(&mut self, host: usize) {
        let beacon = |side: &Side| matches!(side, Side::Offer(_));
        let doors = self.peers[host].attempts.iter();
        let door = doors
            .filter(|(_, side)| beacon(side))
            .map(|(n, _)| *n)
            .max();
        let Some(door) = door.filter(|door| !self.peers[host].guests.contains_key(door)) else {
            return;
        };
        self.peers[host].visitor = Some((door, NOBODY, Attempt(0)));
        self.tell(host, Input::Knocked(Attempt(door)));
    }

    /// Both know of each other, and the network does what it does.
    pub(super) fn link(&mut self, one: (usize, Attempt), other: (usize, Attempt)) {
        if other.0 == NOBODY {
            return;
        }
        let lost = |to, from| (self.air.loses)(to, from);
        if !lost(one.0, other.0) && !lost(other.0, one.0) {
            let link = self.links.len();
            self.links.push(Pending {
                ends: [one, other],
                opened: [false; 2],
            });
            let opens = self.now + self.air.link_time;
            let skew = self.chance.up_to(ms(60));
            let first = (self.chance.bits() % 2) as usize;
            self.at(
                self.now + self.air.link_time / 5,
                0,
                Happens::LinkAlive(link),
            );
            self.at(opens, 0, Happens::LinkOpens(link, first));
            self.at(opens + skew, 0, Happens::LinkOpens(link, 1 - first));
        }
    }

    /// Everyone linked is linked to one who is linked back. Gives the number of pairs.
    pub(super) fn pairs(&self) -> usize {
        let mut linked = 0;
        for (n, peer) in self.peers.iter().enumerate() {
            if let Some(End::Linked(other, ..)) = peer.end {
                linked += 1;
                match self.peers[other].end {
                    Some(End::Linked(back, ..)) => assert_eq!(back, n, "linked to a busy one"),
                    ref end => panic!("half-open link: {n} to {other}, which ended {end:?}"),
                }
            }
        }
        linked / 2
    }

    /// When the last of the linked was linked.
    pub(super) fn linked_at(&self) -> Option<Duration> {
        self.peers
            .iter()
            .filter_map(|p| match p.end {
                Some(End::Linked(_, at, _)) => Some(at),
                _ => None,
            })
            .max()
    }
}

/// After this a guest to whom its host does not speak knows that it is not wanted.
const UNWELCOME: Duration = Duration::from_millis(1600);
