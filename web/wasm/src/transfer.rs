//! Files over a link: the machines of the library, what they hash, and the order in which the host
//! reads and writes.
//!
//! The host has the files and the link, and nothing else: it lays down what the peer said, or the
//! next bytes of the file that is asked for, and does what the output says, in its order. Output is
//! a row of records: a byte of kind, a length of 32 bits, little-endian, and so many bytes.
//!
//! ```text
//! 1  a message for the peer
//! 2  bytes for the file that is open
//! 3  something to do or to know, as JSON with a `type`
//! ```
//!
//! One instance is for one link, and does one transfer at a time, one way or the other.

mod incoming;
mod outgoing;
mod records;

#[cfg(test)]
mod tests;

use airshake::link::transfer::{Listing, MAX_CHUNK, Message, MessageError, Reason};

use super::refusal::Refusal;
use incoming::Incoming;
use outgoing::Outgoing;
use records::Records;

/// The transfers of one link.
#[derive(Default)]
pub(crate) struct Transfer {
    /// What is listed to be sent next.
    listing: Listing,
    turn: Turn,
}

/// What goes on.
#[derive(Default)]
enum Turn {
    #[default]
    Nothing,
    Sending(Box<Outgoing>),
    Receiving(Box<Incoming>),
}

/// What the peer said, as a machine is told it.
enum Heard {
    Message(Message),
    Malformed,
}

type Told = Result<Vec<u8>, Refusal>;

impl Transfer {
    /// Lists some more of what is sent next: a JSON array of `{path, size, modified, folder}`, of
    /// which `modified`, in milliseconds since 1970, and `folder` may be left out. An empty array
    /// forgets what was listed.
    pub(crate) fn list(&mut self, json: &[u8]) -> Told {
        match outgoing::entries(json)? {
            none if none.is_empty() => self.listing = Listing::default(),
            entries => {
                for entry in entries {
                    let pushed = self.listing.push(entry);
                    pushed.map_err(|error| Refusal::files(error.to_string()))?;
                }
            }
        }
        Ok(Vec::new())
    }

    /// Offers what is listed, as the transfer of that number.
    pub(crate) fn send(&mut self, id: u32) -> Told {
        if !matches!(self.turn, Turn::Nothing) {
            return Err(usage("a transfer goes on: one at a time"));
        }
        let listing = std::mem::take(&mut self.listing);
        let checked = listing.check();
        checked.map_err(|error| Refusal::files(error.to_string()))?;
        let mut records = Records::default();
        self.turn = Turn::Sending(Box::new(Outgoing::new(id, listing, &mut records)));
        Ok(self.told(records))
    }

    /// Takes a message of the peer. Without a transfer, an offer begins one.
    pub(crate) fn hear(&mut self, message: &[u8]) -> Told {
        let heard = match Message::decode(message) {
            Ok(message) => Heard::Message(message),
            // Of a later version.
            Err(MessageError::UnknownKind(_)) => return Ok(Vec::new()),
            Err(_) => Heard::Malformed,
        };
        let mut records = Records::default();
        match (&mut self.turn, heard) {
            (Turn::Sending(outgoing), heard) => outgoing.hear(heard, &mut records),
            (Turn::Receiving(incoming), heard) => incoming.hear(heard, &mut records),
            (Turn::Nothing, Heard::Message(message @ Message::Offer { .. })) => {
                records.tell("listing");
                let mut incoming = Box::new(Incoming::new(&mut records));
                incoming.hear(Heard::Message(message), &mut records);
                self.turn = Turn::Receiving(incoming);
            }
            (Turn::Nothing, Heard::Message(Message::Ready { .. })) => records.tell("waits"),
            // Left over from a transfer before.
            (Turn::Nothing, _) => {}
        }
        Ok(self.told(records))
    }

    /// Takes the next bytes of the file of that number, of which some were asked for.
    pub(crate) fn data(&mut self, index: u32, data: &[u8]) -> Told {
        if data.is_empty() || data.len() > MAX_CHUNK {
            let got = data.len();
            return Err(usage(&format!("{got} bytes at once: 1 to {MAX_CHUNK}")));
        }
        let mut records = Records::default();
        self.sending()?.data(index, data, &mut records)?;
        Ok(self.told(records))
    }

    /// The file of that number, of which some was asked for, cannot be read.
    pub(crate) fn missing(&mut self, index: u32, reason: u32) -> Told {
        let mut records = Records::default();
        let reason = reason_of(reason)?;
        self.sending()?.missing(index, reason, &mut records)?;
        Ok(self.told(records))
    }

    /// Some of what the peer offers, as JSON, from that number on: an empty array at the end.
    pub(crate) fn listed(&mut self, from: u32) -> Told {
        Ok(self.receiving()?.listed(from))
    }

    /// The user wants what is offered.
    pub(crate) fn accept(&mut self) -> Told {
        let mut records = Records::default();
        self.receiving()?.accept(&mut records);
        Ok(self.told(records))
    }

    /// The file of that number, which was to be closed, is kept.
    pub(crate) fn stored(&mut self, index: u32) -> Told {
        let mut records = Records::default();
        self.receiving()?.stored(index, &mut records)?;
        Ok(self.told(records))
    }

    /// The file of that number cannot be kept.
    pub(crate) fn lost(&mut self, index: u32, reason: u32) -> Told {
        let mut records = Records::default();
        let reason = reason_of(reason)?;
        self.receiving()?.lost(index, reason, &mut records);
        Ok(self.told(records))
    }

    /// Ends the transfer, and tells the peer why.
    pub(crate) fn end(&mut self, reason: u32) -> Told {
        let mut records = Records::default();
        let reason = reason_of(reason)?;
        match &mut self.turn {
            Turn::Nothing => {}
            Turn::Sending(outgoing) => outgoing.end(reason, &mut records),
            Turn::Receiving(incoming) => incoming.end(reason, &mut records),
        }
        Ok(self.told(records))
    }

    /// Bytes that are settled: moved, there before, or given up.
    pub(crate) fn done(&self) -> u64 {
        match &self.turn {
            Turn::Nothing => 0,
            Turn::Sending(outgoing) => outgoing.done(),
            Turn::Receiving(incoming) => incoming.done(),
        }
    }

    fn sending(&mut self) -> Result<&mut Outgoing, Refusal> {
        match &mut self.turn {
            Turn::Sending(outgoing) => Ok(outgoing),
            _ => Err(usage("nothing is being sent")),
        }
    }

    fn receiving(&mut self) -> Result<&mut Incoming, Refusal> {
        match &mut self.turn {
            Turn::Receiving(incoming) => Ok(incoming),
            _ => Err(usage("nothing is being received")),
        }
    }

    fn told(&mut self, records: Records) -> Vec<u8> {
        if records.is_last() {
            self.turn = Turn::Nothing;
        }
        records.into_bytes()
    }
}

/// The reason of that number on the wire.
fn reason_of(number: u32) -> Result<Reason, Refusal> {
    let number = u8::try_from(number);
    number
        .map(Reason::from_number)
        .map_err(|_| usage("a reason is a number below 256"))
}

fn usage(words: &str) -> Refusal {
    Refusal::usage(words.to_owned())
}

/// The exports: each does what the function of that name does to the transfers of this instance.
mod exports {
    use super::{Told, Transfer};
    use crate::at_desk;

    fn at_transfer(act: impl FnOnce(&mut Transfer, &[u8]) -> Told) -> i32 {
        at_desk(|desk| act(&mut desk.transfer, &desk.input))
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_list() -> i32 {
        at_transfer(Transfer::list)
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_send(id: u32) -> i32 {
        at_transfer(|transfer, _| transfer.send(id))
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_hear() -> i32 {
        at_transfer(Transfer::hear)
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_data(index: u32) -> i32 {
        at_transfer(|transfer, input| transfer.data(index, input))
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_missing(index: u32, reason: u32) -> i32 {
        at_transfer(|transfer, _| transfer.missing(index, reason))
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_listed(from: u32) -> i32 {
        at_transfer(|transfer, _| transfer.listed(from))
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_accept() -> i32 {
        at_transfer(|transfer, _| transfer.accept())
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_stored(index: u32) -> i32 {
        at_transfer(|transfer, _| transfer.stored(index))
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_lost(index: u32, reason: u32) -> i32 {
        at_transfer(|transfer, _| transfer.lost(index, reason))
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_end(reason: u32) -> i32 {
        at_transfer(|transfer, _| transfer.end(reason))
    }

    /// The most bytes of a file in one call.
    #[unsafe(no_mangle)]
    extern "C" fn transfer_chunk() -> u32 {
        super::MAX_CHUNK as u32
    }

    #[unsafe(no_mangle)]
    extern "C" fn transfer_done() -> f64 {
        crate::DESK.with_borrow(|desk| desk.transfer.done() as f64)
    }
}
