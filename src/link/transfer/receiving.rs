//! Who receives files: a machine that is told what the sender says, what the user wants and what
//! the disk did.

use super::{
    Hash, VERSION,
    listing::{Listing, ListingError, MAX_ENTRIES},
    message::{Have, Held, Message, Offer},
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

/// What the machine is told.
#[derive(Debug)]
pub enum ReceivingInput {
    /// Begin.
    Begin,
    /// The sender said this.
    Heard(Message),
    /// The sender said something that is no message.
    Malformed,
    /// The user wants it.
    Wanted,
    /// The user does not want it, or wants no more of it.
    Unwanted(Reason),
    /// That is already there.
    Surveyed(Vec<Have>),
    /// The folders are made.
    FoldersMade,
    /// The file is verified and stands where it belongs.
    Stored(u32),
    /// A file or a folder cannot be stored.
    NotStored(Failure),
}

/// What the machine wants.
#[derive(Debug, PartialEq, Eq)]
pub enum ReceivingOutput {
    /// Send this.
    Send(Message),
    /// Ask the user, who may look at [`Receiving::listing`].
    Ask,
    /// Look what is already there.
    Survey,
    /// Make the folders.
    MakeFolders,
    /// Begin a file, or go on with the part that is there.
    Open {
        /// Its number.
        index: u32,
        /// How much of the part is right: all or nothing.
        offset: u64,
    },
    /// Write this to it.
    Write(Vec<u8>),
    /// Verify it and move it to its place.
    Close {
        /// Its number.
        index: u32,
        /// What it must have.
        hash: Hash,
    },
    /// The file will not be completed, and its part is of no use.
    Discard(u32),
    /// What is there under the final name is the file.
    Same(u32),
    /// This one did not come through.
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
mod tests {
    use super::*;
    use crate::link::transfer::{Entry, Kind, TreePath};
    use proptest::prelude::*;

    fn entry(path: &str, size: u64) -> Entry {
        Entry {
            path: TreePath::parse(path).unwrap(),
            kind: Kind::File {
                size,
                modified: None,
                executable: false,
            },
        }
    }

    fn hear(receiving: &mut Receiving, message: Message) -> Vec<ReceivingOutput> {
        receiving.handle(ReceivingInput::Heard(message))
    }

    fn offered(sizes: &[u64]) -> Receiving {
        let mut receiving = Receiving::new();
        receiving.handle(ReceivingInput::Begin);
        let offer = Offer {
            files: sizes.len() as u32,
            folders: 0,
            bytes: sizes.iter().sum(),
        };
        let (version, id) = (VERSION, 1);
        let paths = sizes.iter().enumerate();
        let entries = paths.map(|(n, &size)| entry(&format!("f{n}"), size));
        hear(&mut receiving, Message::Offer { version, id, offer });
        hear(&mut receiving, Message::Entries(entries.collect()));
        receiving
    }

    fn accepted(sizes: &[u64], have: Vec<Have>) -> Receiving {
        let mut receiving = offered(sizes);
        assert_eq!(
            hear(&mut receiving, Message::Listed),
            [ReceivingOutput::Ask]
        );
        receiving.handle(ReceivingInput::Wanted);
        receiving.handle(ReceivingInput::Surveyed(have));
        receiving.handle(ReceivingInput::FoldersMade);
        receiving
    }

    fn failed(outputs: &[ReceivingOutput]) -> Option<Reason> {
        outputs.iter().find_map(|output| match output {
            ReceivingOutput::Failed { reason, .. } => Some(*reason),
            _ => None,
        })
    }

    fn start(index: u32, offset: u64) -> Message {
        Message::Start { index, offset }
    }

    #[test]
    fn a_file_is_opened_written_closed_and_told() {
        let mut r = accepted(&[3], vec![]);
        let open = ReceivingOutput::Open {
            index: 0,
            offset: 0,
        };
        assert_eq!(hear(&mut r, start(0, 0)), [open]);
        let data = vec![1, 2, 3];
        let write = ReceivingOutput::Write(data.clone());
        assert_eq!(hear(&mut r, Message::Data(data)), [write]);
        let hash = [4; 32];
        let close = ReceivingOutput::Close { index: 0, hash };
        assert_eq!(hear(&mut r, Message::End { hash }), [close]);
        assert_eq!(hear(&mut r, Message::Done), []);
        assert_eq!(
            r.handle(ReceivingInput::Stored(0)),
            [
                ReceivingOutput::Send(Message::Landed { id: 1, index: 0 }),
                ReceivingOutput::Send(Message::Finished { id: 1 }),
                ReceivingOutput::Finished,
            ]
        );
    }

    #[test]
    fn whoever_does_not_keep_to_the_protocol_is_refused() {
        let end = Message::End { hash: [0; 32] };
        let data = |n| Message::Data(vec![0; n]);
        for wrong in [
            vec![start(0, 0), data(4)],              // more than announced
            vec![start(0, 0), data(0)],              // nothing, for ever
            vec![start(0, 0), data(2), end.clone()], // less than announced
            vec![start(0, 1)],                       // goes on with nothing
            vec![start(2, 0)],                       // never offered
            vec![start(0, 0), start(1, 0)],          // two at once
            vec![start(1, 0), data(1), end.clone(), start(0, 0)], // backwards
            vec![start(0, 0), data(3), end.clone(), start(0, 0)], // twice
            vec![data(1)],
            vec![end],
            vec![Message::Same { index: 0 }], // nothing is there
            vec![Message::Done],              // without the files
            vec![Message::Listed],
            vec![Message::Entries(vec![entry("late", 1)])],
        ] {
            let mut r = accepted(&[3, 1], vec![]);
            let last = wrong
                .into_iter()
                .map(|message| hear(&mut r, message))
                .last();
            assert_eq!(failed(&last.unwrap()), Some(Reason::Protocol));
        }
    }

    #[test]
    fn a_listing_must_be_what_was_announced() {
        let mut short = offered(&[1, 2]);
        short.offer.files = 3;
        assert_eq!(
            failed(&hear(&mut short, Message::Listed)),
            Some(Reason::Protocol)
        );
        let mut empty = offered(&[1]);
        assert_eq!(
            failed(&hear(&mut empty, Message::Entries(vec![]))),
            Some(Reason::Protocol)
        );
        let mut twice = offered(&[1]);
        twice.offer = Offer {
            files: 2,
            bytes: 2,
            folders: 0,
        };
        hear(&mut twice, Message::Entries(vec![entry("f0", 1)]));
        assert_eq!(
            failed(&hear(&mut twice, Message::Listed)),
            Some(Reason::Protocol)
        );
    }

    #[test]
    fn nothing_but_a_cancel_may_come_while_the_user_thinks() {
        let mut r = offered(&[1]);
        hear(&mut r, Message::Listed);
        assert_eq!(failed(&hear(&mut r, start(0, 0))), Some(Reason::Protocol));
        let mut r = offered(&[1]);
        hear(&mut r, Message::Listed);
        let reason = Reason::Cancelled;
        assert_eq!(
            hear(&mut r, Message::Cancel { reason }),
            [ReceivingOutput::Failed {
                reason,
                theirs: true
            }]
        );
    }

    #[test]
    fn a_part_is_continued_only_where_it_ends() {
        let part = Have {
            index: 0,
            held: Held::Part,
            size: 2,
            hash: [0; 32],
        };
        let open = |offset| ReceivingOutput::Open { index: 0, offset };
        let mut r = accepted(&[3], vec![part]);
        assert_eq!(hear(&mut r, start(0, 2)), [open(2)]);
        let mut r = accepted(&[3], vec![part]);
        assert_eq!(hear(&mut r, start(0, 0)), [open(0)]);
        let mut r = accepted(&[3], vec![part]);
        assert_eq!(failed(&hear(&mut r, start(0, 1))), Some(Reason::Protocol));
    }

    #[test]
    fn a_file_that_cannot_be_stored_costs_only_itself_and_a_full_disk_everything() {
        let mut r = accepted(&[3, 1], vec![]);
        hear(&mut r, start(0, 0));
        let failure = |reason| Failure { index: 0, reason };
        r.handle(ReceivingInput::NotStored(failure(Reason::Denied)));
        // The sender does not know yet, and then leaves out the rest.
        assert_eq!(hear(&mut r, Message::Data(vec![1])), []);
        let open = ReceivingOutput::Open {
            index: 1,
            offset: 0,
        };
        assert_eq!(hear(&mut r, start(1, 0)), [open]);
        let mut r = accepted(&[3], vec![]);
        hear(&mut r, start(0, 0));
        let full = r.handle(ReceivingInput::NotStored(failure(Reason::DiskFull)));
        assert_eq!(failed(&full), Some(Reason::DiskFull));
    }

    fn any_message() -> impl Strategy<Value = Message> {
        let index = 0u32..4;
        prop_oneof![
            (index.clone(), 0u64..4).prop_map(|(index, offset)| start(index, offset)),
            (0usize..5).prop_map(|n| Message::Data(vec![7; n])),
            Just(Message::End { hash: [0; 32] }),
            index.clone().prop_map(|index| Message::Same { index }),
            index.prop_map(|index| Message::Missing {
                index,
                reason: Reason::Changed
            }),
            Just(Message::Done),
            Just(Message::Listed),
        ]
    }

    proptest! {
        /// Whatever a sender says: files are opened one at a time, never get more bytes than were
        /// announced, and are closed only when they have all of them.
        #[test]
        fn the_disk_is_never_asked_for_more_than_was_agreed(
            messages in proptest::collection::vec(any_message(), 0..40),
            failing in proptest::collection::vec(any::<bool>(), 40),
        ) {
            let sizes = [3, 0, 2];
            let part = Have { index: 2, held: Held::Part, size: 1, hash: [0; 32] };
            let mut r = accepted(&sizes, vec![part]);
            let mut open: Option<(u32, u64)> = None;
            let mut closed = Vec::new();
            for (message, fails) in messages.into_iter().zip(failing) {
                for output in hear(&mut r, message) {
                    match output {
                        ReceivingOutput::Open { index, offset } => {
                            prop_assert!(!closed.contains(&index));
                            open = Some((index, offset));
                        }
                        ReceivingOutput::Write(data) => {
                            let (index, at) = open.as_mut().expect("is open");
                            *at += data.len() as u64;
                            prop_assert!(*at <= sizes[*index as usize]);
                        }
                        ReceivingOutput::Close { index, .. } => {
                            prop_assert_eq!(open.take(), Some((index, sizes[index as usize])));
                            closed.push(index);
                        }
                        ReceivingOutput::Discard(index) => {
                            prop_assert_eq!(open.take().map(|(index, _)| index), Some(index));
                        }
                        _ => {}
                    }
                }
                if let (true, Some((index, _))) = (fails, open) {
                    let reason = Reason::Denied;
                    r.handle(ReceivingInput::NotStored(Failure { index, reason }));
                    open = None;
                }
            }
            prop_assert!(r.done() <= r.listing().offer().bytes);
        }
    }
}
