//! Who sends files: a machine that is told what the receiver says and what was read.

use super::{
    Hash, VERSION,
    listing::Listing,
    message::{Have, Held, Message},
    reason::{Failure, Reason},
};
use std::{collections::HashMap, sync::Arc};

/// Sends the files of one listing.
#[derive(Debug)]
pub struct Sending {
    id: u32,
    listing: Arc<Listing>,
    state: State,
    have: HashMap<u32, Have>,
    marks: Vec<Mark>,
    /// The file that is being sent, and how far it is.
    current: Option<(u32, u64)>,
    failures: Vec<Failure>,
    done: u64,
    moved: u64,
}

/// What the machine is told.
#[derive(Debug)]
pub enum SendingInput {
    /// Begin.
    Begin,
    /// The receiver said this.
    Heard(Message),
    /// The receiver said something that is no message.
    Malformed,
    /// This was read of the files.
    Read(Piece),
}

/// What comes of reading the files in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The receiver's file is this one.
    Same {
        /// Its number.
        index: u32,
    },
    /// A file begins, at this place.
    Start {
        /// Its number.
        index: u32,
        /// 0, or the length of what the receiver has, if that is the beginning of this file.
        offset: u64,
    },
    /// Its next bytes, at most [`MAX_CHUNK`](super::MAX_CHUNK).
    Data(Vec<u8>),
    /// That was all of it.
    End {
        /// Of the whole file.
        hash: Hash,
    },
    /// It cannot be read, or not to its end.
    Missing {
        /// Its number.
        index: u32,
        /// Why.
        reason: Reason,
    },
    /// That was all of them.
    AllRead,
}

/// What the machine wants.
#[derive(Debug, PartialEq, Eq)]
pub enum SendingOutput {
    /// Send this.
    Send(Message),
    /// Read all files, in the order of the listing; of these the receiver has something.
    Read(HashMap<u32, Have>),
    /// This file need not be read any more.
    Skip(u32),
    /// This file has arrived, or was there before.
    Landed(u32),
    /// This one has not.
    Lost(Failure),
    /// Everything is settled.
    Finished,
    /// It is over.
    Failed {
        /// Why.
        reason: Reason,
        /// Whether the other side said so.
        theirs: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Offered,
    Streaming,
    AllSent,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Waiting,
    Sent,
    Landed,
    Lost,
}

impl Sending {
    /// Will send these. `id` should differ from that of the transfer before on the same link.
    pub fn new(id: u32, listing: Arc<Listing>) -> Self {
        let marks = vec![Mark::Waiting; listing.entries().len()];
        Self {
            id,
            listing,
            state: State::New,
            have: HashMap::new(),
            marks,
            current: None,
            failures: Vec::new(),
            done: 0,
            moved: 0,
        }
    }

    /// Bytes that are settled: read, or known to be there.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Bytes that were sent.
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// The number of the file that is being sent.
    pub fn current(&self) -> Option<u32> {
        self.current.map(|(index, _)| index)
    }

    /// What did not come through.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Takes an input and says what follows.
    pub fn handle(&mut self, input: SendingInput) -> Vec<SendingOutput> {
        let mut outputs = Vec::new();
        match (self.state, input) {
            (State::Over, _) => {}
            (State::New, SendingInput::Begin) => self.offer(&mut outputs),
            (State::New, _) | (_, SendingInput::Begin) => {}
            (_, SendingInput::Malformed) => self.give_up(Reason::Protocol, &mut outputs),
            (_, SendingInput::Heard(message)) => self.hear(message, &mut outputs),
            (_, SendingInput::Read(piece)) => self.read(piece, &mut outputs),
        }
        outputs
    }

    fn offer(&mut self, outputs: &mut Vec<SendingOutput>) {
        self.state = State::Offered;
        outputs.push(SendingOutput::Send(Message::Offer {
            version: VERSION,
            id: self.id,
            offer: self.listing.offer(),
        }));
        let entries = Message::entries(self.listing.entries());
        outputs.extend(entries.map(SendingOutput::Send));
        outputs.push(SendingOutput::Send(Message::Listed));
    }

    fn hear(&mut self, message: Message, outputs: &mut Vec<SendingOutput>) {
        match (self.state, message) {
            (State::Offered, Message::Ready { version }) if version != VERSION => {
                self.give_up(Reason::Version, outputs);
            }
            (State::Offered, Message::Offer { .. }) => self.give_up(Reason::BothSend, outputs),
            (State::Offered, Message::Have { id, have }) if id == self.id => {
                for have in have {
                    if !self.may_have(&have) || self.have.insert(have.index, have).is_some() {
                        return self.give_up(Reason::Protocol, outputs);
                    }
                }
            }
            (State::Offered, Message::Accept { id }) if id == self.id => {
                self.state = State::Streaming;
                outputs.push(SendingOutput::Read(std::mem::take(&mut self.have)));
            }
            (State::Streaming | State::AllSent, Message::Landed { id, index }) if id == self.id => {
                match self.marks.get_mut(index as usize) {
                    Some(mark @ Mark::Sent) => {
                        *mark = Mark::Landed;
                        outputs.push(SendingOutput::Landed(index));
                    }
                    _ => self.give_up(Reason::Protocol, outputs),
                }
            }
            (State::Streaming | State::AllSent, Message::Lost { id, index, reason })
                if id == self.id =>
            {
                match self.marks.get(index as usize) {
                    Some(Mark::Waiting | Mark::Sent) => {
                        self.lose(Failure { index, reason }, outputs);
                        outputs.push(SendingOutput::Skip(index));
                    }
                    // Both found at the same time that it does not work.
                    Some(Mark::Lost) => {}
                    Some(Mark::Landed) | None => self.give_up(Reason::Protocol, outputs),
                }
            }
            (State::AllSent, Message::Finished { id }) if id == self.id => {
                if self.marks.contains(&Mark::Sent) {
                    return self.give_up(Reason::Protocol, outputs);
                }
                self.state = State::Over;
                outputs.push(SendingOutput::Finished);
            }
            (_, Message::Refuse { id, reason }) if id == self.id => {
                self.state = State::Over;
                outputs.push(SendingOutput::Failed {
                    reason,
                    theirs: true,
                });
            }
            // Left over from a transfer before, or greetings.
            _ => {}
        }
    }

    fn may_have(&self, have: &Have) -> bool {
        let entry = self.listing.entry(have.index);
        entry.is_some_and(|entry| {
            entry.is_file()
                && match have.held {
                    Held::Part => have.size <= entry.size(),
                    Held::Whole => have.size == entry.size(),
                }
        })
    }

    fn read(&mut self, piece: Piece, outputs: &mut Vec<SendingOutput>) {
        if self.state != State::Streaming {
            return;
        }
        match piece {
            Piece::Same { index } => {
                self.done += self.size(index);
                if self.mark(index, Mark::Landed) {
                    outputs.push(SendingOutput::Send(Message::Same { index }));
                    outputs.push(SendingOutput::Landed(index));
                }
            }
            Piece::Start { index, offset } => {
                self.current = Some((index, offset));
                self.done += offset;
                if !self.is_lost(index) {
                    outputs.push(SendingOutput::Send(Message::Start { index, offset }));
                }
            }
            Piece::Data(data) => {
                let Some((index, at)) = &mut self.current else {
                    return;
                };
                let length = data.len() as u64;
                (*at, self.done) = (*at + length, self.done + length);
                let index = *index;
                if !self.is_lost(index) {
                    self.moved += length;
                    outputs.push(SendingOutput::Send(Message::Data(data)));
                }
            }
            Piece::End { hash } => {
                let Some((index, at)) = self.current.take() else {
                    return;
                };
                // Whoever reads keeps to the size in the listing; the peer must not pay if not.
                if at != self.size(index) {
                    return self.miss(index, Reason::Changed, outputs);
                }
                if self.mark(index, Mark::Sent) {
                    outputs.push(SendingOutput::Send(Message::End { hash }));
                }
            }
            Piece::Missing { index, reason } => {
                let at = self.current.take().map_or(0, |(_, at)| at);
                self.done += self.size(index).saturating_sub(at);
                self.miss(index, reason, outputs);
            }
            Piece::AllRead => {
                self.current = None;
                self.state = State::AllSent;
                outputs.push(SendingOutput::Send(Message::Done));
            }
        }
    }

    fn miss(&mut self, index: u32, reason: Reason, outputs: &mut Vec<SendingOutput>) {
        if !self.is_lost(index) {
            outputs.push(SendingOutput::Send(Message::Missing { index, reason }));
            self.lose(Failure { index, reason }, outputs);
        }
    }

    fn lose(&mut self, failure: Failure, outputs: &mut Vec<SendingOutput>) {
        if let Some(mark) = self.marks.get_mut(failure.index as usize) {
            *mark = Mark::Lost;
        }
        self.failures.push(failure);
        outputs.push(SendingOutput::Lost(failure));
    }

    /// False if it was lost meanwhile.
    fn mark(&mut self, index: u32, mark: Mark) -> bool {
        match self.marks.get_mut(index as usize) {
            Some(Mark::Lost) | None => false,
            Some(old) => {
                *old = mark;
                true
            }
        }
    }

    fn is_lost(&self, index: u32) -> bool {
        self.marks.get(index as usize) == Some(&Mark::Lost)
    }

    fn size(&self, index: u32) -> u64 {
        self.listing.entry(index).map_or(0, |entry| entry.size())
    }

    fn give_up(&mut self, reason: Reason, outputs: &mut Vec<SendingOutput>) {
        self.state = State::Over;
        outputs.push(SendingOutput::Send(Message::Cancel { reason }));
        outputs.push(SendingOutput::Failed {
            reason,
            theirs: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::transfer::{Entry, Kind, TreePath};

    fn sending(sizes: &[u64]) -> Sending {
        let mut listing = Listing::default();
        for (n, &size) in sizes.iter().enumerate() {
            let path = TreePath::parse(&format!("f{n}")).unwrap();
            let kind = Kind::File {
                size,
                modified: None,
                executable: false,
            };
            listing.push(Entry { path, kind }).unwrap();
        }
        let mut sending = Sending::new(1, Arc::new(listing));
        sending.handle(SendingInput::Begin);
        sending
    }

    fn heard(sending: &mut Sending, message: Message) -> Vec<SendingOutput> {
        sending.handle(SendingInput::Heard(message))
    }

    fn failed(outputs: &[SendingOutput]) -> Option<Reason> {
        outputs.iter().find_map(|output| match output {
            SendingOutput::Failed { reason, .. } => Some(*reason),
            _ => None,
        })
    }

    #[test]
    fn nothing_is_read_before_it_is_wanted_and_nothing_sent_after_a_refusal() {
        let mut sender = sending(&[3]);
        assert!(heard(&mut sender, Message::Accept { id: 2 }).is_empty());
        let refusal = Message::Refuse {
            id: 1,
            reason: Reason::Declined,
        };
        assert_eq!(failed(&heard(&mut sender, refusal)), Some(Reason::Declined));
        assert!(heard(&mut sender, Message::Accept { id: 1 }).is_empty());
    }

    #[test]
    fn a_receiver_cannot_have_more_than_was_offered() {
        let have = |index, held, size| Have {
            index,
            held,
            size,
            hash: [0; 32],
        };
        for wrong in [
            vec![have(9, Held::Part, 0)],
            vec![have(0, Held::Part, 4)],
            vec![have(0, Held::Whole, 2)],
            vec![have(0, Held::Part, 1), have(0, Held::Part, 1)],
        ] {
            let outputs = heard(&mut sending(&[3]), Message::Have { id: 1, have: wrong });
            assert_eq!(failed(&outputs), Some(Reason::Protocol));
        }
    }

    #[test]
    fn what_never_was_sent_cannot_land_and_nothing_finishes_before_all_has() {
        let mut sender = sending(&[3, 0]);
        heard(&mut sender, Message::Accept { id: 1 });
        let landed = Message::Landed { id: 1, index: 0 };
        assert_eq!(failed(&heard(&mut sender, landed)), Some(Reason::Protocol));
        let mut sender = sending(&[3]);
        heard(&mut sender, Message::Accept { id: 1 });
        for piece in [
            Piece::Start {
                index: 0,
                offset: 0,
            },
            Piece::Data(vec![1, 2, 3]),
            Piece::End { hash: [0; 32] },
            Piece::AllRead,
        ] {
            assert_eq!(failed(&sender.handle(SendingInput::Read(piece))), None);
        }
        let finished = heard(&mut sender, Message::Finished { id: 1 });
        assert_eq!(failed(&finished), Some(Reason::Protocol));
    }

    #[test]
    fn the_rest_of_a_lost_file_stays_here_and_the_next_one_goes() {
        let mut sender = sending(&[3, 1]);
        heard(&mut sender, Message::Accept { id: 1 });
        sender.handle(SendingInput::Read(Piece::Start {
            index: 0,
            offset: 0,
        }));
        let lost = Message::Lost {
            id: 1,
            index: 0,
            reason: Reason::Denied,
        };
        assert!(heard(&mut sender, lost).contains(&SendingOutput::Skip(0)));
        for piece in [Piece::Data(vec![1, 2, 3]), Piece::End { hash: [0; 32] }] {
            assert_eq!(sender.handle(SendingInput::Read(piece)), []);
        }
        let next = Piece::Start {
            index: 1,
            offset: 0,
        };
        let start = Message::Start {
            index: 1,
            offset: 0,
        };
        assert_eq!(
            sender.handle(SendingInput::Read(next)),
            [SendingOutput::Send(start)]
        );
        assert_eq!(sender.failures().len(), 1);
    }

    #[test]
    fn two_senders_tell_each_other() {
        let mut a = sending(&[1]);
        let offer = Message::Offer {
            version: VERSION,
            id: 5,
            offer: Default::default(),
        };
        assert_eq!(failed(&heard(&mut a, offer)), Some(Reason::BothSend));
    }
}
