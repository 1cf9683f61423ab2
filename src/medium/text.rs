//! Envelopes as lines of text, for whatever carries lines: a pipe, a chat window, a terminal one
//! copies from and pastes into.
//!
//! A line is [`PREFIX`] and the envelope in hexadecimal digits. Other lines, and whatever stands
//! around the prefix in a line, are passed over, so that lines may be quoted, indented or mixed
//! with talk.

use super::{Happening, Medium, MediumError};
use crate::units::Decibels;
use std::collections::VecDeque;
use std::io::{BufRead, Read, Write};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

/// What every line of ours has before its digits.
pub const PREFIX: &str = "airshake:";

/// Says envelopes as lines, and hears the lines that come.
pub struct TextMedium {
    writer: Box<dyn Write + Send>,
    lines: Receiver<Vec<u8>>,
    happenings: VecDeque<Happening>,
    ended: bool,
}

impl TextMedium {
    /// Reads lines on a thread of its own, which ends with the reader.
    pub fn new(reader: impl BufRead + Send + 'static, writer: impl Write + Send + 'static) -> Self {
        let (sender, lines) = sync_channel(WAITING);
        #[expect(
            clippy::disallowed_methods,
            reason = "a reader blocks, and a medium must not"
        )]
        std::thread::spawn(move || {
            let mut reader = reader;
            while let Some(line) = next_line(&mut reader) {
                if let Some(envelope) = decode(&line)
                    && sender.send(envelope).is_err()
                {
                    return;
                }
            }
        });
        Self {
            writer: Box::new(writer),
            lines,
            happenings: VecDeque::new(),
            ended: false,
        }
    }
}

impl Medium for TextMedium {
    fn say(&mut self, envelope: &[u8], _pass: u8) -> Result<(), MediumError> {
        if envelope.len() > MAX_ENVELOPE {
            return Err(MediumError::TooLong {
                got: envelope.len(),
                max: MAX_ENVELOPE,
            });
        }
        let line = encode(envelope);
        let written = writeln!(self.writer, "{line}").and_then(|()| self.writer.flush());
        written.map_err(|_| MediumError::Closed)?;
        // A line takes no time.
        self.happenings.push_back(Happening::Started { air_s: 0.0 });
        self.happenings.push_back(Happening::Finished);
        Ok(())
    }

    fn hush(&mut self) {}

    fn poll(&mut self) -> Option<Happening> {
        if let Some(happening) = self.happenings.pop_front() {
            return Some(happening);
        }
        match self.lines.try_recv() {
            Ok(envelope) => Some(Happening::Heard {
                envelope,
                snr: NO_NOISE,
            }),
            Err(TryRecvError::Disconnected) if !self.ended => {
                self.ended = true;
                Some(Happening::Trouble(MediumError::Closed))
            }
            Err(_) => None,
        }
    }
}

/// The line of an envelope. [`decode`] undoes it.
fn encode(envelope: &[u8]) -> String {
    let mut line = String::with_capacity(PREFIX.len() + 2 * envelope.len());
    line.push_str(PREFIX);
    for byte in envelope {
        line.extend([byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)])));
    }
    line
}

/// The envelope of a line, if it has one.
fn decode(line: &str) -> Option<Vec<u8>> {
    let (_, digits) = line.split_once(PREFIX)?;
    let values: Vec<u8> = digits
        .chars()
        .map_while(|c| c.to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    if values.is_empty() || values.len() % 2 == 1 || values.len() > 2 * MAX_ENVELOPE {
        return None;
    }
    Some(
        values
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

/// The next line, without what exceeds the longest envelope; `None` at the end.
fn next_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let most = LONGEST_LINE as u64;
    match reader.by_ref().take(most).read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => None,
        // A longer line comes in pieces, of which none is an envelope.
        Ok(_) => Some(String::from_utf8_lossy(&line).into_owned()),
    }
}

/// Lines that may wait; the reader waits with the next.
const WAITING: usize = 16;

/// As much as every medium carries: 64 KiB.
const MAX_ENVELOPE: usize = 65_536;

/// An envelope's digits, the prefix, and some talk before it.
const LONGEST_LINE: usize = 2 * MAX_ENVELOPE + 1024;

/// Text has no noise; this is what a good room has.
const NO_NOISE: Decibels = Decibels(30.0);

const DIGITS: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn heard(input: &[u8]) -> Vec<Vec<u8>> {
        let mut medium = TextMedium::new(std::io::Cursor::new(input.to_vec()), Page::default());
        let mut envelopes = Vec::new();
        loop {
            match medium.poll() {
                Some(Happening::Heard { envelope, .. }) => envelopes.push(envelope),
                Some(Happening::Trouble(MediumError::Closed)) => return envelopes,
                Some(other) => panic!("{other:?}"),
                None => std::thread::yield_now(),
            }
        }
    }

    #[test]
    fn what_one_says_another_hears() {
        let page = Page::default();
        let mut medium = TextMedium::new(std::io::empty(), page.clone());
        medium.say(&[0, 1, 254, 255], 0).unwrap();
        medium.say(b"two", 1).unwrap();
        let said = page.0.lock().unwrap().clone();
        assert_eq!(heard(&said), [vec![0, 1, 254, 255], b"two".to_vec()]);
    }

    #[test]
    fn talk_around_a_line_does_not_matter() {
        let input =
            b"> him: look: airshake:0aff, got it?\nairshake:\nairshake:123\nairshake:zz\nhi\r\n\
                      airshake:77\r\n";
        assert_eq!(heard(input), [vec![0x0a, 0xff], vec![0x77]]);
    }

    #[test]
    fn a_line_without_end_is_passed_over_in_bounded_memory() {
        let mut input = vec![b'x'; 3 * LONGEST_LINE];
        input.extend_from_slice(b"\nairshake:42\n");
        assert_eq!(heard(&input), [vec![0x42]]);
    }

    #[test]
    fn more_than_an_envelope_is_refused() {
        let mut medium = TextMedium::new(std::io::empty(), Page::default());
        assert!(matches!(
            medium.say(&vec![0; MAX_ENVELOPE + 1], 0),
            Err(MediumError::TooLong { .. })
        ));
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(envelope in proptest::collection::vec(any::<u8>(), 1..300)) {
            prop_assert_eq!(decode(&encode(&envelope)), Some(envelope));
        }

        #[test]
        fn any_line_is_read_without_harm(line in ".{0,200}") {
            let _ = decode(&line);
            let _ = decode(&format!("{PREFIX}{line}"));
        }
    }
}
