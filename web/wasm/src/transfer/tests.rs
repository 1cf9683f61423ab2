use super::*;
use airshake::link::transfer::{Hash, Have, Held, Offer, VERSION};
use records::parse;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// One end with its files, and what happened there.
#[derive(Default)]
struct End {
    transfer: Transfer,
    /// What is sent, and what was received, by number.
    files: Vec<Vec<u8>>,
    kept: Vec<(u32, Vec<u8>)>,
    open: Vec<u8>,
    said: Vec<Value>,
    outbox: VecDeque<Vec<u8>>,
}

impl End {
    fn sender(files: &[&[u8]]) -> Self {
        let listed: Vec<Value> = (0..)
            .zip(files)
            .map(|(n, file)| serde_json::json!({ "path": format!("f{n}"), "size": file.len() }))
            .collect();
        let mut end = Self {
            files: files.iter().map(|file| file.to_vec()).collect(),
            ..Self::default()
        };
        let listed = Value::from(listed).to_string();
        end.transfer.list(listed.as_bytes()).expect("a list");
        let offered = end.transfer.send(7).expect("offers");
        end.carry_out(&offered);
        end
    }

    /// Does what a host does.
    fn carry_out(&mut self, row: &[u8]) {
        for (kind, body) in parse(row) {
            match kind {
                1 => self.outbox.push_back(body),
                2 => self.open.extend(body),
                _ => self.obey(serde_json::from_slice(&body).expect("JSON")),
            }
        }
    }

    fn obey(&mut self, order: Value) {
        let number = |name: &str| order[name].as_u64().expect("a number") as usize;
        let followed = match order["type"].as_str() {
            Some("ask") => Some(self.transfer.accept().expect("asked")),
            Some("open") => {
                self.open.clear();
                None
            }
            Some("close") => {
                let index = number("index") as u32;
                self.kept.push((index, std::mem::take(&mut self.open)));
                Some(self.transfer.stored(index).expect("closed"))
            }
            Some("read") => {
                let (index, until) = (number("index"), number("until"));
                let file = self.files[index][number("from")..until].to_vec();
                for chunk in file.chunks(MAX_CHUNK) {
                    let row = self.transfer.data(index as u32, chunk).expect("asked for");
                    self.carry_out(&row);
                }
                None
            }
            _ => None,
        };
        self.said.push(order);
        if let Some(row) = followed {
            self.carry_out(&row);
        }
    }

    fn hear(&mut self, message: &[u8]) {
        let row = self.transfer.hear(message).expect("never refused");
        self.carry_out(&row);
    }

    fn said(&self, kind: &str) -> Vec<&Value> {
        self.said
            .iter()
            .filter(|said| said["type"] == kind)
            .collect()
    }
}

fn run(a: &mut End, b: &mut End) {
    loop {
        match (a.outbox.pop_front(), b.outbox.pop_front()) {
            (None, None) => break,
            (from_a, from_b) => {
                from_a.iter().for_each(|message| b.hear(message));
                from_b.iter().for_each(|message| a.hear(message));
            }
        }
    }
}

fn noise(length: usize) -> Vec<u8> {
    (0..length as u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

#[test]
fn files_of_every_length_arrive() {
    let large = noise(100_000);
    let files: [&[u8]; 5] = [b"", b"x", &large[..MAX_CHUNK], &large[..=MAX_CHUNK], &large];
    let (mut a, mut b) = (End::sender(&files), End::default());
    run(&mut a, &mut b);
    let expected: Vec<(u32, Vec<u8>)> = (0..).zip(a.files.clone()).collect();
    assert_eq!(b.kept, expected);
    for end in [&a, &b] {
        assert_eq!(end.said("finished").len(), 1);
        assert_eq!((end.said("lost").len(), end.said("failed").len()), (0, 0));
    }
    assert_eq!(a.said("landed").len(), files.len());
}

#[test]
fn what_arrives_otherwise_than_it_was_sent_is_not_kept() {
    let (mut a, mut b) = (End::sender(&[b"first", b"second"]), End::default());
    loop {
        match (a.outbox.pop_front(), b.outbox.pop_front()) {
            (None, None) => break,
            (from_a, from_b) => {
                if let Some(mut message) = from_a {
                    if message.ends_with(b"first") {
                        message[1] ^= 1;
                    }
                    b.hear(&message);
                }
                from_b.iter().for_each(|message| a.hear(message));
            }
        }
    }
    assert_eq!(b.kept, [(1, b"second".to_vec())]);
    for end in [&a, &b] {
        let lost = end.said("lost");
        assert_eq!(
            (lost.len(), &lost[0]["reason"]),
            (1, &Value::from("mismatch"))
        );
        assert_eq!(end.said("finished").len(), 1);
    }
}

/// A peer that has something, as the command line may.
fn goes_on_after(have: Have) -> (End, Vec<Message>) {
    let mut a = End::sender(&[b"0123456789"]);
    a.outbox.clear();
    for message in [
        Message::Have {
            id: 7,
            have: vec![have],
        },
        Message::Accept { id: 7 },
    ] {
        a.hear(&message.encode());
    }
    let said = a.outbox.drain(..);
    let said = said.map(|bytes| Message::decode(&bytes).expect("a message"));
    let said = said.collect();
    (a, said)
}

fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

#[test]
fn who_has_the_beginning_of_a_file_gets_the_rest() {
    let part = |size: u64, of: &[u8]| Have {
        index: 0,
        held: Held::Part,
        size,
        hash: hash(of),
    };
    let whole = hash(b"0123456789");
    let from = |offset: u64, data: &[u8]| {
        let mut said = vec![Message::Start { index: 0, offset }];
        if !data.is_empty() {
            said.push(Message::Data(data.to_vec()));
        }
        said.extend([Message::End { hash: whole }, Message::Done]);
        said
    };
    for (have, expected) in [
        (part(4, b"0123"), from(4, b"456789")),
        (part(10, b"0123456789"), from(10, b"")),
        (part(0, b""), from(0, b"0123456789")),
        (part(4, b"another"), from(0, b"0123456789")),
    ] {
        assert_eq!(goes_on_after(have).1, expected, "{have:?}");
    }
}

#[test]
fn who_has_the_same_file_gets_nothing_and_who_has_another_gets_all() {
    let have = |of: &[u8]| Have {
        index: 0,
        held: Held::Whole,
        size: 10,
        hash: hash(of),
    };
    let (a, said) = goes_on_after(have(b"0123456789"));
    assert_eq!(said, [Message::Same { index: 0 }, Message::Done]);
    assert_eq!((a.transfer.done(), a.said("landed").len()), (10, 1));
    assert_eq!(goes_on_after(have(b"9876543210")).1.len(), 4);
}

#[test]
fn the_rest_of_a_file_that_the_peer_cannot_store_is_not_asked_for() {
    let mut transfer = End::sender(&[]).transfer;
    transfer.end(2).expect("ends");
    let list = br#"[{"path":"a","size":40000},{"path":"b","folder":true},{"path":"c","size":5}]"#;
    transfer.list(list).expect("a list");
    transfer.send(1).expect("offers");
    let orders = |row: Vec<u8>| -> Vec<Value> {
        let told = parse(&row).into_iter().filter(|(kind, _)| *kind == 3);
        told.map(|(_, body)| serde_json::from_slice(&body).expect("JSON"))
            .collect()
    };
    let accept = Message::Accept { id: 1 };
    let asked = orders(transfer.hear(&accept.encode()).expect("heard"));
    assert_eq!(asked[1]["index"], 0);
    transfer.data(0, &[0; 1_000]).expect("asked for");
    let reason = Reason::Denied;
    let lost = Message::Lost {
        id: 1,
        index: 0,
        reason,
    };
    let asked = orders(transfer.hear(&lost.encode()).expect("heard"));
    assert_eq!(asked[0]["reason"], "denied");
    assert_eq!(
        (&asked[1]["type"], &asked[1]["index"]),
        (&"read".into(), &2.into())
    );
    assert!(transfer.data(0, b"more").is_err());
    assert!(transfer.data(2, &[0; 6]).is_err());
    let asked = orders(transfer.data(2, &[0; 5]).expect("asked for"));
    assert_eq!(asked[0]["type"], "all-read");
}

#[test]
fn what_goes_on_for_ever_is_refused() {
    let mut b = Transfer::default();
    let offer = Offer {
        files: 1,
        folders: 0,
        bytes: 5,
    };
    let (id, version) = (1, VERSION);
    b.hear(&Message::Offer { version, id, offer }.encode())
        .expect("heard");
    // A list that never ends.
    let row = b.hear(&Message::Entries(vec![]).encode()).expect("heard");
    let last = parse(&row).pop().expect("something");
    let last: Value = serde_json::from_slice(&last.1).expect("JSON");
    assert_eq!(
        (&last["type"], &last["reason"]),
        (&"failed".into(), &"protocol".into())
    );
    // It is over: the next offer is a new one.
    let row = b
        .hear(&Message::Offer { version, id, offer }.encode())
        .expect("heard");
    assert_eq!(parse(&row).len(), 2);
}

#[test]
fn calls_out_of_order_are_refused_in_words() {
    let mut transfer = Transfer::default();
    assert!(transfer.accept().is_err() && transfer.data(0, b"x").is_err());
    assert!(transfer.stored(0).is_err() && transfer.listed(0).is_err());
    assert!(transfer.missing(0, 1).is_err() && transfer.lost(0, 1).is_err());
    assert!(transfer.list(b"[{}]").is_err() && transfer.list(b"{").is_err());
    for escaping in ["../x", "/etc/passwd", "", "a/../b"] {
        let list = serde_json::json!([{ "path": escaping, "size": 1 }]).to_string();
        assert!(transfer.list(list.as_bytes()).is_err(), "{escaping}");
    }
    transfer.send(1).expect("nothing is a listing too");
    assert!(transfer.send(2).is_err());
    assert!(transfer.end(256).is_err());
    transfer.end(2).expect("ends");
    assert_eq!(transfer.done(), 0);
}
