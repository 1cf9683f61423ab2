//! Any bytes are a message of a file transfer or an error; what is read is written the same way;
//! and whatever a sender says, no file gets more bytes than were agreed on.
#![no_main]

use airshake::link::Frame;
use airshake::link::transfer::{
    Failure, Listing, Message, Reason, Receiving, ReceivingInput, ReceivingOutput, Sending,
    SendingInput,
};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }
    let mut receiving = Receiving::new();
    receiving.handle(ReceivingInput::Begin);
    let mut sending = Sending::new(1, Arc::new(Listing::default()));
    sending.handle(SendingInput::Begin);
    let mut open: Option<(u32, u64)> = None;
    // A byte of length, then a message of that length.
    let mut rest = bytes;
    while let Some((&length, after)) = rest.split_first() {
        let (message, after) = after.split_at(after.len().min(usize::from(length)));
        rest = after;
        let Ok(message) = Message::decode(message) else {
            continue;
        };
        assert_eq!(Message::decode(&message.encode()).as_ref(), Ok(&message));
        sending.handle(SendingInput::Heard(message.clone()));
        let mut inputs = vec![ReceivingInput::Heard(message)];
        while let Some(input) = inputs.pop() {
            for output in receiving.handle(input) {
                match output {
                    ReceivingOutput::Ask => inputs.push(ReceivingInput::Wanted),
                    ReceivingOutput::Survey => inputs.push(ReceivingInput::Surveyed(vec![])),
                    ReceivingOutput::MakeFolders => inputs.push(ReceivingInput::FoldersMade),
                    ReceivingOutput::Open { index, offset } => open = Some((index, offset)),
                    ReceivingOutput::Write(data) => {
                        let (index, at) = open.as_mut().expect("a file is open");
                        *at += data.len() as u64;
                        let entry = receiving.listing().entry(*index).expect("it was offered");
                        assert!(*at <= entry.size());
                    }
                    ReceivingOutput::Close { index, .. } => {
                        assert_eq!(open.take().map(|(open, _)| open), Some(index));
                        let reason = Reason::Mismatch;
                        let lost = Failure { index, reason };
                        inputs.push(ReceivingInput::NotStored(lost));
                    }
                    _ => {}
                }
            }
        }
    }
});
