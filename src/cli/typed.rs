//! Lines from stdin while something else goes on.

use std::io::{self, BufRead, IsTerminal, Read};

use tokio::sync::mpsc::{Receiver, channel};

/// Something that came from stdin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line, without its end.
    Line(String),
    /// One of several lines that were pasted: to be said, whatever it looks like.
    Pasted(String),
    /// There will be no more, and that means goodbye: a person pressed Ctrl-D, or a pipe has
    /// given everything it had.
    Goodbye,
    /// There never was anything: stdin is closed or /dev/null. The link stays open.
    Nothing,
}

/// The longest line; what is longer comes in pieces.
const LONGEST: u64 = 16 * 1024;

/// Reads stdin from here on, a few lines ahead at most.
#[expect(
    clippy::disallowed_methods,
    reason = "stdin can only be read by waiting for it"
)]
pub(crate) fn lines() -> Receiver<Typed> {
    let (send, receive) = channel(16);
    // Nobody waits for this thread: it may hang in a read until the program ends.
    std::thread::spawn(move || {
        let terminal = io::stdin().is_terminal();
        read(&mut io::stdin().lock(), terminal, |typed| {
            send.blocking_send(typed).is_ok()
        });
    });
    receive
}

/// Hands over what `input` gives until its end, or until nobody takes it.
fn read(input: &mut impl BufRead, terminal: bool, mut hand_over: impl FnMut(Typed) -> bool) {
    let mut any = terminal;
    let mut line = Vec::new();
    loop {
        line.clear();
        let got = input.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        if !matches!(got, Ok(1..)) {
            hand_over(if any { Typed::Goodbye } else { Typed::Nothing });
            return;
        }
        any = true;
        while line.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
            line.pop();
        }
        if !hand_over(Typed::Line(String::from_utf8_lossy(&line).into_owned())) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8], terminal: bool) -> Vec<Typed> {
        let mut got = Vec::new();
        read(&mut { input }, terminal, |typed| {
            got.push(typed);
            true
        });
        got
    }

    #[test]
    fn lines_come_without_their_ends_and_the_last_needs_none() {
        assert_eq!(
            all(b"one\r\n\ntwo", false),
            [
                Typed::Line("one".to_owned()),
                Typed::Line(String::new()),
                Typed::Line("two".to_owned()),
                Typed::Goodbye
            ]
        );
    }

    #[test]
    fn an_empty_pipe_is_no_goodbye_but_ctrl_d_is() {
        assert_eq!(all(b"", false), [Typed::Nothing]);
        assert_eq!(all(b"", true), [Typed::Goodbye]);
    }

    #[test]
    fn an_endless_line_comes_in_pieces() {
        let got = all(&vec![b'x'; 40_000], false);
        assert_eq!(got.len(), 4);
        assert!(matches!(&got[0], Typed::Line(line) if line.len() == 16_384));
    }
}
