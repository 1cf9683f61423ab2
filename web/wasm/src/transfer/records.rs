//! What a call gives the host: a row of records.

use airshake::json;
use airshake::json::Value;
use airshake::link::transfer::{Failure, Message, Reason};

/// Records, in the order in which they are to be carried out.
#[derive(Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    last: bool,
}

const SEND: u8 = 1;
const WRITE: u8 = 2;
const TELL: u8 = 3;

impl Records {
    pub(super) fn send(&mut self, message: &Message) {
        self.push(SEND, &message.encode());
    }

    pub(super) fn write(&mut self, data: &[u8]) {
        self.push(WRITE, data);
    }

    pub(super) fn tell(&mut self, kind: &str) {
        self.say(json!({ "type": kind }));
    }

    pub(super) fn tell_of(&mut self, kind: &str, index: u32) {
        self.say(json!({ "type": kind, "index": index }));
    }

    pub(super) fn say(&mut self, what: Value) {
        self.push(TELL, what.to_string().as_bytes());
    }

    /// A file that did not come through.
    pub(super) fn lost(&mut self, Failure { index, reason }: Failure) {
        self.say(json!({
            "type": "lost",
            "index": index,
            "reason": name(reason),
            "words": reason.to_string(),
        }));
    }

    /// The end, with everything settled.
    pub(super) fn finished(&mut self) {
        self.tell("finished");
        self.last = true;
    }

    /// The end before it.
    pub(super) fn failed(&mut self, reason: Reason, theirs: bool) {
        self.say(json!({
            "type": "failed",
            "reason": name(reason),
            "words": reason.to_string(),
            "theirs": theirs,
        }));
        self.last = true;
    }

    /// Whether the transfer is over.
    pub(super) fn is_last(&self) -> bool {
        self.last
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn push(&mut self, kind: u8, body: &[u8]) {
        self.bytes.reserve(5 + body.len());
        self.bytes.push(kind);
        // A message or a chunk: nothing is near four gigabytes.
        self.bytes.extend((body.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(body);
    }
}

/// The reason as programs know it: `disk-full`.
fn name(reason: Reason) -> String {
    if let Reason::Other(_) = reason {
        return "other".to_owned();
    }
    let mut name = String::new();
    for c in format!("{reason:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// The records of a row: their kinds and bodies.
#[cfg(test)]
pub(super) fn parse(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut records = Vec::new();
    while let Some((&kind, rest)) = bytes.split_first() {
        let (length, rest) = rest.split_first_chunk().expect("a length");
        let (body, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        records.push((kind, body.to_vec()));
        bytes = rest;
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let mut records = Records::default();
        records.send(&Message::Done);
        records.write(&[7; 70_000]);
        records.tell_of("open", 3);
        let row = parse(&records.into_bytes());
        assert_eq!(row[0], (SEND, Message::Done.encode()));
        assert_eq!(row[1], (WRITE, vec![7; 70_000]));
        assert_eq!(
            json::from_slice(&row[2].1).expect("JSON"),
            json!({ "type": "open", "index": 3_u32 })
        );
    }

    #[test]
    fn reasons_have_names_that_programs_write() {
        assert_eq!(name(Reason::DiskFull), "disk-full");
        assert_eq!(name(Reason::Declined), "declined");
        assert_eq!(name(Reason::Other(200)), "other");
    }
}
