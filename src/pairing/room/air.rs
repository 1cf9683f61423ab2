//! The air between the peers: who hears what, and what disturbs it.

use super::{BEACON, Happens, INVITATION, NOBODY, OFFER, Room, WHOLE_ANSWER, ms, tag};
use crate::{
    pairing::{Input, Ways},
    signal::Tag,
};
use std::time::Duration;

/// The air and the network between the peers.
#[derive(Clone, Debug)]
pub(super) struct Air {
    /// Of every envelope but those that hold a whole fingerprint,
    pub(super) air_time: Duration,
    /// which take so much longer.
    pub(super) whole_more: Duration,
    /// From `Say` to the first sample in the air.
    pub(super) output_delay: Duration,
    /// The part of an envelope that must be heard undisturbed to notice it.
    pub(super) preamble: Duration,
    /// From the first sample to the carrier notice.
    pub(super) notice_delay: Duration,
    /// From the last sample to the envelope.
    pub(super) decode_delay: Duration,
    /// To make an offer or an answer.
    pub(super) make_delay: Duration,
    /// From the accepted answer to the open link.
    pub(super) link_time: Duration,
    /// Probability that a listener misses an envelope, its carrier included.
    pub(super) loss: f64,
    /// Whether one can hear while speaking, and two at once (a pipe, not a room).
    pub(super) full_duplex: bool,
    /// Whether the network loses all that `from` sends to `to`.
    pub(super) loses: fn(to: usize, from: usize) -> bool,
    /// Whether a firewall at `to` keeps out what `from` sends unasked.
    pub(super) shut: fn(to: usize, from: usize) -> bool,
    /// Who is a page in a browser: it says invitations, and can be no guest.
    pub(super) pages: fn(peer: usize) -> bool,
    /// What the peers are told to do.
    pub(super) ways: fn(peer: usize) -> Ways,
    /// Whether the peers leave when who they hear is busy.
    pub(super) leave_when_busy: bool,
    /// Whether `to` hears `from`.
    pub(super) hears: fn(to: usize, from: usize) -> bool,
}

impl Air {
    pub(super) fn time_of(&self, envelope: &[u8]) -> Duration {
        match envelope.first() {
            Some(&(BEACON | INVITATION | WHOLE_ANSWER)) => self.air_time + self.whole_more,
            _ => self.air_time,
        }
    }
}

impl Default for Air {
    fn default() -> Self {
        Self {
            air_time: ms(350),
            // One symbol: 48 to 62 bytes instead of 25 to 41.
            whole_more: ms(144),
            output_delay: ms(30),
            preamble: ms(80),
            notice_delay: ms(220),
            decode_delay: ms(50),
            make_delay: ms(40),
            link_time: ms(500),
            loss: 0.0,
            full_duplex: false,
            loses: |_, _| false,
            shut: |_, _| false,
            pages: |_| false,
            ways: |_| Ways::Both,
            leave_when_busy: false,
            hears: |_, _| true,
        }
    }
}

pub(super) struct Speech {
    pub(super) from: usize,
    pub(super) begin: Duration,
    pub(super) end: Duration,
    pub(super) envelope: Vec<u8>,
    pub(super) hushed: bool,
}

impl Room {
    pub(super) fn decoded(&mut self, speech: usize) {
        let Speech {
            from,
            hushed,
            ref envelope,
            ..
        } = self.speeches[speech];
        let envelope = envelope.clone();
        let broken = hushed || (!self.air.full_duplex && self.overlapped(speech));
        let mut listeners = self.listeners(from);
        listeners.extend((from != NOBODY).then_some(from));
        for to in listeners {
            if !self.air.full_duplex && to != from && self.was_speaking(to, speech) {
                continue;
            }
            if broken {
                // A collision is not always noticed as such.
                if self.chance.unit() < 0.5 {
                    self.tell(to, Input::Garbled);
                }
            } else if to == from || self.chance.unit() >= self.air.loss {
                if to != from && self.peers[to].machine.deadline().is_some() {
                    let begin = self.speeches[speech].begin;
                    self.peers[to].understood.get_or_insert(begin);
                }
                let input = match envelope[0] {
                    kind @ (OFFER | BEACON | INVITATION) => Input::OfferHeard {
                        tag: tag(&envelope),
                        envelope: envelope.clone(),
                        straight: match kind {
                            OFFER => false,
                            INVITATION => !(self.air.pages)(to),
                            _ => true,
                        },
                    },
                    _ => Input::AnswerHeard {
                        to: Tag(envelope[1]),
                        envelope: envelope.clone(),
                    },
                };
                self.tell(to, input);
            }
        }
    }

    pub(super) fn listeners(&self, from: usize) -> Vec<usize> {
        (0..self.peers.len())
            .filter(|&to| to != from && (self.air.hears)(to, from))
            .collect()
    }

    pub(super) fn overlapped(&self, speech: usize) -> bool {
        self.overlapped_until(speech, self.speeches[speech].end)
    }

    /// Whether another sounds while this speech does, up to that time.
    pub(super) fn overlapped_until(&self, speech: usize, until: Duration) -> bool {
        let s = &self.speeches[speech];
        self.speeches
            .iter()
            .enumerate()
            .any(|(n, o)| n != speech && o.begin < until && s.begin < o.end)
    }

    pub(super) fn was_speaking(&self, peer: usize, speech: usize) -> bool {
        let s = &self.speeches[speech];
        self.speeches
            .iter()
            .any(|o| o.from == peer && o.begin < s.end && s.begin < o.end)
    }

    pub(super) fn tell_if_here(&mut self, peer: usize, input: Input) {
        if peer != NOBODY {
            self.tell(peer, input);
        }
    }

    pub(super) fn hush(&mut self, peer: usize) {
        if let Some(speech) = self.peers[peer].speaking.take() {
            let speech = &mut self.speeches[speech];
            speech.hushed = self.now < speech.end;
            speech.end = speech.end.min(self.now.max(speech.begin));
            speech.begin = speech.begin.min(speech.end);
        }
    }

    /// A speech of nobody here, which all hear.
    pub(super) fn say_from_nowhere(&mut self, begin: Duration, envelope: Vec<u8>) {
        let speech = self.speeches.len();
        let end = begin + self.air.time_of(&envelope);
        self.speeches.push(Speech {
            from: NOBODY,
            begin,
            end,
            envelope,
            hushed: false,
        });
        self.at(begin + self.air.notice_delay, 0, Happens::Notice(speech));
        self.at(end + self.air.decode_delay, 0, Happens::Decoded(speech));
    }
}
