//! One transfer to the peer: the machine, and which bytes of which file come next.

use airshake::json;
use airshake::json::Value;
use airshake::link::transfer::{
    Entry, Have, Held, Kind, Listing, Message, Modified, Piece, Reason, Sending, SendingInput,
    SendingOutput, TreePath,
};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Heard, records::Records, usage};
use crate::refusal::Refusal;

/// Files on their way out.
pub(super) struct Outgoing {
    machine: Sending,
    listing: Arc<Listing>,
    have: HashMap<u32, Have>,
    /// The first number that has not been looked at.
    next: u32,
    reading: Option<Reading>,
    /// What the peer cannot store, or what could not be read.
    lost: HashSet<u32>,
}

/// The file that the host is asked for.
struct Reading {
    index: u32,
    at: u64,
    until: u64,
    hasher: Sha256,
    /// What the peer has, while its beginning is compared with the file's.
    compared: Option<Have>,
}

impl Outgoing {
    pub(super) fn new(id: u32, listing: Listing, records: &mut Records) -> Self {
        let listing = Arc::new(listing);
        let mut outgoing = Self {
            machine: Sending::new(id, listing.clone()),
            listing,
            have: HashMap::new(),
            next: 0,
            reading: None,
            lost: HashSet::new(),
        };
        outgoing.handle(SendingInput::Begin, records);
        outgoing
    }

    pub(super) fn done(&self) -> u64 {
        self.machine.done()
    }

    pub(super) fn hear(&mut self, heard: Heard, records: &mut Records) {
        let input = match heard {
            Heard::Message(message) => SendingInput::Heard(message),
            Heard::Malformed => SendingInput::Malformed,
        };
        self.handle(input, records);
    }

    pub(super) fn end(&mut self, reason: Reason, records: &mut Records) {
        records.send(&Message::Cancel { reason });
        records.failed(reason, false);
    }

    pub(super) fn data(
        &mut self,
        index: u32,
        data: &[u8],
        records: &mut Records,
    ) -> Result<(), Refusal> {
        let reading = self.reading(index)?;
        let length = data.len() as u64;
        if length > reading.until - reading.at {
            return Err(usage("more bytes than were asked for"));
        }
        reading.hasher.update(data);
        reading.at += length;
        let ended = reading.at == reading.until;
        if reading.compared.is_none() {
            self.read(Piece::Data(data.to_vec()), records);
        }
        if ended {
            self.go_on(records);
        }
        Ok(())
    }

    pub(super) fn missing(
        &mut self,
        index: u32,
        reason: Reason,
        records: &mut Records,
    ) -> Result<(), Refusal> {
        self.reading(index)?;
        self.miss(index, reason, records);
        Ok(())
    }

    fn reading(&mut self, index: u32) -> Result<&mut Reading, Refusal> {
        let reading = self.reading.as_mut();
        let reading = reading.filter(|reading| reading.index == index);
        reading.ok_or_else(|| usage(&format!("nothing of file {index} was asked for")))
    }

    /// Deals with what was asked for and is here, and asks for what comes next. A loop: there may be
    /// very many files without a byte.
    fn go_on(&mut self, records: &mut Records) {
        loop {
            match self.reading.take() {
                Some(reading) if reading.at < reading.until => {
                    let Reading {
                        index, at, until, ..
                    } = reading;
                    records
                        .say(json!({ "type": "read", "index": index, "from": at, "until": until }));
                    self.reading = Some(reading);
                    return;
                }
                Some(reading) => self.reading = self.after(reading, records),
                None => match self.listing.entry(self.next) {
                    Some(entry) => {
                        let (index, wanted) = (self.next, entry.is_file());
                        self.next += 1;
                        if wanted {
                            self.reading = self.begin(index, records);
                        }
                    }
                    None => {
                        self.read(Piece::AllRead, records);
                        records.tell("all-read");
                        return;
                    }
                },
            }
        }
    }

    /// Begins with a file, of which the peer may have something.
    fn begin(&mut self, index: u32, records: &mut Records) -> Option<Reading> {
        if self.lost.contains(&index) {
            let reason = Reason::Unwritable;
            self.read(Piece::Missing { index, reason }, records);
            return None;
        }
        match self.have.remove(&index) {
            Some(have) => Some(Reading {
                index,
                at: 0,
                until: have.size,
                hasher: Sha256::new(),
                compared: Some(have),
            }),
            None => Some(self.start(index, 0, Sha256::new(), records)),
        }
    }

    /// What follows when all that was asked for of a file is here.
    fn after(&mut self, reading: Reading, records: &mut Records) -> Option<Reading> {
        let index = reading.index;
        let Some(have) = reading.compared else {
            let hash = reading.hasher.finalize().into();
            self.read(Piece::End { hash }, records);
            return None;
        };
        let same = reading.hasher.clone().finalize()[..] == have.hash;
        match have.held {
            Held::Whole if same => {
                self.read(Piece::Same { index }, records);
                None
            }
            Held::Part if same => Some(self.start(index, have.size, reading.hasher, records)),
            _ => Some(self.start(index, 0, Sha256::new(), records)),
        }
    }

    /// The file goes from there on.
    fn start(&mut self, index: u32, offset: u64, hasher: Sha256, records: &mut Records) -> Reading {
        self.read(Piece::Start { index, offset }, records);
        Reading {
            index,
            at: offset,
            until: self.size(index),
            hasher,
            compared: None,
        }
    }

    fn miss(&mut self, index: u32, reason: Reason, records: &mut Records) {
        self.reading = None;
        self.read(Piece::Missing { index, reason }, records);
        self.go_on(records);
    }

    fn size(&self, index: u32) -> u64 {
        self.listing.entry(index).map_or(0, Entry::size)
    }

    fn read(&mut self, piece: Piece, records: &mut Records) {
        self.handle(SendingInput::Read(piece), records);
    }

    fn handle(&mut self, input: SendingInput, records: &mut Records) {
        for output in self.machine.handle(input) {
            match output {
                SendingOutput::Send(message) => records.send(&message),
                SendingOutput::Read(have) => {
                    self.have = have;
                    records.tell("accepted");
                    self.go_on(records);
                }
                SendingOutput::Skip(index) => {
                    if self
                        .reading
                        .as_ref()
                        .is_some_and(|file| file.index == index)
                    {
                        self.miss(index, Reason::Unwritable, records);
                    }
                }
                SendingOutput::Landed(index) => records.tell_of("landed", index),
                SendingOutput::Lost(failure) => {
                    self.lost.insert(failure.index);
                    records.lost(failure);
                }
                SendingOutput::Finished => records.finished(),
                SendingOutput::Failed { reason, theirs } => records.failed(reason, theirs),
            }
        }
    }
}

/// The entries of a JSON array.
pub(super) fn entries(json: &[u8]) -> Result<Vec<Entry>, Refusal> {
    let list = json::from_slice(json).ok();
    let list = list.as_ref().and_then(Value::as_array);
    let list = list.ok_or_else(|| usage("files are listed as a JSON array"))?;
    list.iter().map(entry).collect()
}

fn entry(value: &Value) -> Result<Entry, Refusal> {
    let named = value["path"].as_str();
    let named = named.ok_or_else(|| usage("a file has a path"))?;
    let path = TreePath::parse(named);
    let path = path.map_err(|error| Refusal::files(format!("cannot send {named:?}: {error}")))?;
    let kind = if value["folder"] == Value::Bool(true) {
        Kind::Folder
    } else {
        let size = value["size"].as_u64();
        Kind::File {
            size: size.ok_or_else(|| usage("a file has a size in bytes"))?,
            modified: value["modified"].as_i64().map(modified),
            executable: false,
        }
    };
    Ok(Entry { path, kind })
}

/// A time of so many milliseconds.
fn modified(milliseconds: i64) -> Modified {
    Modified {
        seconds: milliseconds.div_euclid(1_000),
        // Below 10^9, for the remainder is below 1,000.
        nanos: milliseconds.rem_euclid(1_000) as u32 * 1_000_000,
    }
}
