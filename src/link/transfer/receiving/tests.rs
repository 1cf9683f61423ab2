use super::*;
use crate::link::transfer::{Entry, Have, Kind, TreePath};
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
