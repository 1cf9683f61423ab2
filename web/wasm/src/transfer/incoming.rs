//! One transfer from the peer: the machine, and the hash of what arrives.

use airshake::json;
use airshake::json::Value;
use airshake::link::{
    clean,
    transfer::{
        Entry, Failure, Kind, Reason, Receiving, ReceivingInput, ReceivingOutput, TreePath,
    },
};
use sha2::{Digest, Sha256};
use std::collections::{HashSet, VecDeque};

use super::{Heard, records::Records, usage};
use crate::refusal::Refusal;

/// Files on their way in.
pub(super) struct Incoming {
    machine: Receiving,
    /// Of the file that is open.
    hasher: Sha256,
    /// What is complete and verified, and not yet kept.
    closing: HashSet<u32>,
}

/// Entries that one call lists.
const LISTED: usize = 256;

impl Incoming {
    pub(super) fn new(records: &mut Records) -> Self {
        let mut incoming = Self {
            machine: Receiving::new(),
            hasher: Sha256::new(),
            closing: HashSet::new(),
        };
        incoming.handle(ReceivingInput::Begin, records);
        incoming
    }

    pub(super) fn done(&self) -> u64 {
        self.machine.done()
    }

    pub(super) fn hear(&mut self, heard: Heard, records: &mut Records) {
        let input = match heard {
            Heard::Message(message) => ReceivingInput::Heard(message),
            Heard::Malformed => ReceivingInput::Malformed,
        };
        self.handle(input, records);
    }

    pub(super) fn listed(&self, from: u32) -> Vec<u8> {
        let entries = self.machine.listing().entries();
        let rest = entries.get(from as usize..).unwrap_or_default();
        let listed: Value = rest.iter().take(LISTED).map(listed).collect();
        listed.to_string().into_bytes()
    }

    pub(super) fn accept(&mut self, records: &mut Records) {
        self.handle(ReceivingInput::Wanted, records);
    }

    pub(super) fn stored(&mut self, index: u32, records: &mut Records) -> Result<(), Refusal> {
        if !self.closing.remove(&index) {
            return Err(usage(&format!("file {index} was not to be closed")));
        }
        self.handle(ReceivingInput::Stored(index), records);
        Ok(())
    }

    pub(super) fn lost(&mut self, index: u32, reason: Reason, records: &mut Records) {
        self.closing.remove(&index);
        let failure = Failure { index, reason };
        self.handle(ReceivingInput::NotStored(failure), records);
    }

    pub(super) fn end(&mut self, reason: Reason, records: &mut Records) {
        self.handle(ReceivingInput::Unwanted(reason), records);
    }

    fn handle(&mut self, input: ReceivingInput, records: &mut Records) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for output in self.machine.handle(input) {
                match output {
                    ReceivingOutput::Send(message) => records.send(&message),
                    ReceivingOutput::Ask => self.ask(records),
                    // A page starts with nothing, and keeps folders in the names of files.
                    ReceivingOutput::Survey => {
                        inputs.push_back(ReceivingInput::Surveyed(Vec::new()));
                    }
                    ReceivingOutput::MakeFolders => inputs.push_back(ReceivingInput::FoldersMade),
                    ReceivingOutput::Open { index, .. } => {
                        self.hasher = Sha256::new();
                        records.tell_of("open", index);
                    }
                    ReceivingOutput::Write(data) => {
                        self.hasher.update(&data);
                        records.write(&data);
                    }
                    ReceivingOutput::Close { index, hash } => {
                        if self.hasher.finalize_reset()[..] == hash {
                            self.closing.insert(index);
                            records.tell_of("close", index);
                        } else {
                            let reason = Reason::Mismatch;
                            records.tell_of("discard", index);
                            inputs.push_back(ReceivingInput::NotStored(Failure { index, reason }));
                        }
                    }
                    ReceivingOutput::Discard(index) => records.tell_of("discard", index),
                    // Nothing was said to be here.
                    ReceivingOutput::Same(_) => {}
                    ReceivingOutput::Lost(failure) => records.lost(failure),
                    ReceivingOutput::Finished => records.finished(),
                    ReceivingOutput::Failed { reason, theirs } => records.failed(reason, theirs),
                }
            }
        }
    }

    fn ask(&self, records: &mut Records) {
        let offer = self.machine.listing().offer();
        records.say(json!({
            "type": "ask",
            "id": self.machine.id(),
            "files": offer.files,
            "folders": offer.folders,
            "bytes": offer.bytes,
        }));
    }
}

/// An entry for the host.
fn listed(entry: &Entry) -> Value {
    let path = shown(&entry.path);
    match entry.kind {
        Kind::Folder => json!({ "path": path, "folder": true }),
        Kind::File { size, modified, .. } => json!({
            "path": path,
            "size": size,
            "modified": modified.map(|time| {
                time.seconds
                    .saturating_mul(1_000)
                    .saturating_add(i64::from(time.nanos / 1_000_000))
            }),
        }),
    }
}

/// The path without what could make it look like another one. What is left of a name must be one
/// itself: two dots may have had something invisible between them.
fn shown(path: &TreePath) -> String {
    let names: Vec<String> = path
        .names()
        .map(|name| {
            let cleaned = clean(name);
            match TreePath::from_names([cleaned.as_str()]) {
                Ok(_) => cleaned,
                Err(_) => "_".to_owned(),
            }
        })
        .collect();
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_without_what_would_make_it_another_and_stays_a_name() {
        for (path, expected) in [
            ("Grüße/世界.txt", "Grüße/世界.txt"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            (".\u{200e}./.\u{200e}./etc", "_/_/etc"),
            ("\u{200f}/x", "_/x"),
            ("two\nlines", "two lines"),
        ] {
            let path = TreePath::parse(path).expect("a path");
            let shown = shown(&path);
            assert_eq!(shown, expected);
            assert!(TreePath::parse(&shown).is_ok());
        }
    }
}
