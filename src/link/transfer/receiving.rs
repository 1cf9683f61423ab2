//! Who receives files: a machine that is told what the sender says, what the user wants and what
//! the disk did.

mod words;

pub use words::{ReceivingInput, ReceivingOutput};

use super::{
    VERSION,
    listing::{Listing, ListingError, MAX_ENTRIES},
    message::{Held, Message, Offer},
    reason::{Failure, Reason},
};
use std::collections::HashMap;

/// Receives the files of one offer.
#[derive(Debug)]
pub struct Receiving {
    id: u32,
    offer: Offer,
    listing: Listing,
    state: State,
    have: HashMap<u32, (Held, u64)>,
    marks: Vec<Mark>,
    /// The first number that may still begin.
    next: u32,
    current: Option<Current>,
    /// What the disk still has to answer.
    pending: u32,
    failures: Vec<Failure>,
    done: u64,
    moved: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Waiting,
    Listing,
    Asking,
    Surveying,
    Streaming,
    AllSent,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Waiting,
    Begun,
    Arrived,
    Settled,
}

#[derive(Debug)]
struct Current {
    index: u32,
    at: u64,
    size: u64,
}

impl Default for Receiving {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiving {
    /// Waits for an offer.
    pub fn new() -> Self {
        Self {
            id: 0,
            offer: Offer::default(),
            listing: Listing::default(),
            state: State::New,
            have: HashMap::new(),
            marks: Vec::new(),
            next: 0,
            current: None,
            pending: 0,
            failures: Vec::new(),
            done: 0,
            moved: 0,
        }
    }

    /// The number of the transfer, as the sender chose it; `None` while there is no offer.
    pub fn id(&self) -> Option<u32> {
        (!matches!(self.state, State::New | State::Waiting)).then_some(self.id)
    }

    /// What is offered; complete from [`ReceivingOutput::Ask`] on.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Bytes that are settled: arrived, or known to be there.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Bytes that arrived.
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// The number of the file that is arriving.
    pub fn current(&self) -> Option<u32> {
        self.current.as_ref().map(|current| current.index)
    }

    /// The numbers of the files that are not settled: still to come, or to be stored.
    pub fn unsettled(&self) -> impl Iterator<Item = u32> {
        let entries = (0..).zip(self.listing.entries()).zip(&self.marks);
        entries
            .filter(|((_, entry), mark)| entry.is_file() && **mark != Mark::Settled)
            .map(|((index, _), _)| index)
    }

    /// What did not come through.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Takes an input and says what follows.
    pub fn handle(&mut self, input: ReceivingInput) -> Vec<ReceivingOutput> {
        let mut outputs = Vec::new();
        let out = &mut outputs;
        match (self.state, input) {
            (State::Over, _) => {}
            (State::New, ReceivingInput::Begin) => {
                self.state = State::Waiting;
                let version = VERSION;
                out.push(ReceivingOutput::Send(Message::Ready { version }));
            }
            (_, ReceivingInput::Heard(message)) => self.hear(message, out),
            // Left over from something before.
            (State::New | State::Waiting, ReceivingInput::Malformed) => {}
            (_, ReceivingInput::Malformed) => self.give_up(Reason::Protocol, out),
            (State::Asking, ReceivingInput::Wanted) => {
                self.state = State::Surveying;
                out.push(ReceivingOutput::Survey);
            }
            (_, ReceivingInput::Unwanted(reason)) => self.give_up(reason, out),
            (State::Surveying, ReceivingInput::Surveyed(have)) => {
                self.state = State::Streaming;
                let messages = Message::have(self.id, &have);
                out.extend(messages.map(ReceivingOutput::Send));
                self.have = have
                    .into_iter()
                    .map(|have| (have.index, (have.held, have.size)))
                    .collect();
                self.pending = 1;
                out.push(ReceivingOutput::MakeFolders);
                let id = self.id;
                out.push(ReceivingOutput::Send(Message::Accept { id }));
            }
            (State::Streaming | State::AllSent, ReceivingInput::FoldersMade) => self.settle(out),
            (State::Streaming | State::AllSent, ReceivingInput::Stored(index)) => {
                self.set(index, Mark::Settled);
                let id = self.id;
                out.push(ReceivingOutput::Send(Message::Landed { id, index }));
                self.settle(out);
            }
            (State::Streaming | State::AllSent, ReceivingInput::NotStored(failure)) => {
                self.not_stored(failure, out);
            }
            _ => {}
        }
        outputs
    }

    fn hear(&mut self, message: Message, out: &mut Vec<ReceivingOutput>) {
        match (self.state, message) {
            (State::Waiting, Message::Offer { version, id, offer }) => {
                self.id = id;
                if version != VERSION {
                    return self.give_up(Reason::Version, out);
                }
                if offer.files.saturating_add(offer.folders) > MAX_ENTRIES {
                    return self.give_up(Reason::TooMuch, out);
                }
                (self.state, self.offer) = (State::Listing, offer);
            }
            (State::Waiting, Message::Ready { .. }) => self.give_up(Reason::BothReceive, out),
            // Left over from a transfer before.
            (State::New | State::Waiting, _) => {}
            (_, Message::Cancel { reason }) => {
                self.state = State::Over;
                out.push(ReceivingOutput::Failed {
                    reason,
                    theirs: true,
                });
            }
            (State::Listing, Message::Entries(entries)) => {
                // An empty list would be a way to say nothing for ever.
                let mut pushed = (!entries.is_empty()).then_some(()).ok_or(Reason::Protocol);
                for entry in entries {
                    pushed = pushed.and_then(|()| self.listing.push(entry).map_err(reason_of));
                }
                if let Err(reason) = pushed {
                    self.give_up(reason, out);
                }
            }
            (State::Listing, Message::Listed) => {
                if self.listing.offer() != self.offer || self.listing.check().is_err() {
                    return self.give_up(Reason::Protocol, out);
                }
                self.marks = vec![Mark::Waiting; self.listing.entries().len()];
                self.state = State::Asking;
                out.push(ReceivingOutput::Ask);
            }
            (State::Streaming, message) => {
                if self.stream(message, out).is_none() {
                    self.give_up(Reason::Protocol, out);
                }
            }
            _ => self.give_up(Reason::Protocol, out),
        }
    }

    /// What the sender says after it may. `None` if it may not say that.
    fn stream(&mut self, message: Message, out: &mut Vec<ReceivingOutput>) -> Option<()> {
        match message {
            Message::Start { index, offset } => {
                let size = self.may_begin(index)?;
                let continued = self.have.get(&index) == Some(&(Held::Part, offset));
                if offset != 0 && !continued {
                    return None;
                }
                let at = offset;
                self.current = Some(Current { index, at, size });
                self.done += offset;
                if self.mark(index) == Mark::Waiting {
                    self.set(index, Mark::Begun);
                    out.push(ReceivingOutput::Open { index, offset });
                }
            }
            Message::Data(data) => {
                let current = self.current.as_mut()?;
                let length = data.len() as u64;
                // Empty ones would be a way to say nothing for ever.
                if length == 0 || length > current.size - current.at {
                    return None;
                }
                current.at += length;
                let index = current.index;
                (self.done, self.moved) = (self.done + length, self.moved + length);
                if self.mark(index) == Mark::Begun {
                    out.push(ReceivingOutput::Write(data));
                }
            }
            Message::End { hash } => {
                let Current { index, at, size } = self.current.take()?;
                if at != size {
                    return None;
                }
                if self.mark(index) == Mark::Begun {
                    self.set(index, Mark::Arrived);
                    self.pending += 1;
                    out.push(ReceivingOutput::Close { index, hash });
                }
            }
            Message::Same { index } => {
                let size = self.may_begin(index)?;
                matches!(self.have.get(&index), Some((Held::Whole, _))).then_some(())?;
                self.done += size;
                self.set(index, Mark::Settled);
                out.push(ReceivingOutput::Same(index));
            }
            Message::Missing { index, reason } => {
                if self.current() == Some(index) {
                    self.leave_current();
                } else {
                    self.done += self.may_begin(index)?;
                }
                match self.mark(index) {
                    Mark::Begun => out.push(ReceivingOutput::Discard(index)),
                    Mark::Waiting => {}
                    Mark::Arrived | Mark::Settled => return Some(()),
                }
                self.lose(Failure { index, reason }, out);
            }
            Message::Done => {
                // Of a file that is lost here, the sender may leave out the rest.
                let left_open = |current: &Current| self.mark(current.index) == Mark::Begun;
                if self.current.as_ref().is_some_and(left_open) {
                    return None;
                }
                let entries = self.listing.entries().iter();
                let mut unsaid = entries.zip(&self.marks);
                if unsaid.any(|(entry, &mark)| entry.is_file() && mark == Mark::Waiting) {
                    return None;
                }
                self.leave_current();
                self.state = State::AllSent;
                // Nothing is settled by this; it only may have been the last.
                self.finish(out);
            }
            _ => return None,
        }
        Some(())
    }

    /// The size of a file that may begin now: each has its turn once, in their order, and the one
    /// before must have ended, unless it is lost here. `None` if it may not.
    fn may_begin(&mut self, index: u32) -> Option<u64> {
        let entry = self.listing.entry(index)?;
        let size = entry.size();
        let open = self
            .current()
            .is_some_and(|open| self.mark(open) == Mark::Begun);
        if index < self.next || !entry.is_file() || open {
            return None;
        }
        self.leave_current();
        self.next = index + 1;
        Some(size)
    }

    /// What is left of the file that was arriving will not come.
    fn leave_current(&mut self) {
        if let Some(current) = self.current.take() {
            self.done += current.size - current.at;
        }
    }

    fn not_stored(&mut self, failure: Failure, out: &mut Vec<ReceivingOutput>) {
        if failure.reason == Reason::DiskFull {
            return self.give_up(Reason::DiskFull, out);
        }
        let mark = self.mark(failure.index);
        if mark == Mark::Settled {
            return;
        }
        out.push(ReceivingOutput::Send(Message::Lost {
            id: self.id,
            index: failure.index,
            reason: failure.reason,
        }));
        self.lose(failure, out);
        if mark == Mark::Arrived {
            self.settle(out);
        }
    }

    fn lose(&mut self, failure: Failure, out: &mut Vec<ReceivingOutput>) {
        self.set(failure.index, Mark::Settled);
        self.failures.push(failure);
        out.push(ReceivingOutput::Lost(failure));
    }

    /// One thing less is open.
    fn settle(&mut self, out: &mut Vec<ReceivingOutput>) {
        self.pending = self.pending.saturating_sub(1);
        self.finish(out);
    }

    fn finish(&mut self, out: &mut Vec<ReceivingOutput>) {
        if self.state == State::AllSent && self.pending == 0 {
            self.state = State::Over;
            let id = self.id;
            out.push(ReceivingOutput::Send(Message::Finished { id }));
            out.push(ReceivingOutput::Finished);
        }
    }

    fn mark(&self, index: u32) -> Mark {
        let mark = self.marks.get(index as usize).copied();
        mark.unwrap_or(Mark::Settled)
    }

    fn set(&mut self, index: u32, mark: Mark) {
        if let Some(old) = self.marks.get_mut(index as usize) {
            *old = mark;
        }
    }

    fn give_up(&mut self, reason: Reason, out: &mut Vec<ReceivingOutput>) {
        self.state = State::Over;
        let id = self.id;
        out.push(ReceivingOutput::Send(Message::Refuse { id, reason }));
        out.push(ReceivingOutput::Failed {
            reason,
            theirs: false,
        });
    }
}

fn reason_of(error: ListingError) -> Reason {
    match error {
        ListingError::TooMany | ListingError::LongNames => Reason::TooMuch,
        _ => Reason::Protocol,
    }
}

#[cfg(test)]
mod tests;
