//! A question to whoever sits at the keyboard, while other things go on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};

use tokio::sync::oneshot;

/// Whether somebody would see a question and could answer it.
pub(crate) fn possible() -> bool {
    Keyboard::open().is_some()
}

/// Asks until there is an answer; none if the user is gone (Ctrl-D).
pub(crate) async fn ask(question: &str) -> Option<bool> {
    let (answer, _) = ask_on_a_line(question).await;
    answer
}

/// The same; also tells whether all of it took exactly one line of the terminal.
pub(crate) async fn ask_on_a_line(question: &str) -> (Option<bool>, bool) {
    forget_what_was_typed_before();
    let mut at_once = true;
    loop {
        let _ = write!(io::stderr().lock(), "{question} [Y/n] ");
        let _ = io::stderr().lock().flush();
        let Some(line) = line().await else {
            return (None, false);
        };
        let short = line.len() < SHORT && line.ends_with('\n');
        if let Some(answer) = understand(&line) {
            return (Some(answer), at_once && short);
        }
        at_once = false;
    }
}

/// Ends the line of a question that need not be answered any more.
pub(crate) fn leave() {
    super::talk::to_stderr("");
}

/// An Enter pressed while nothing was asked is no yes.
fn forget_what_was_typed_before() {
    #[cfg(unix)]
    {
        use nix::sys::termios::{FlushArg, tcflush};
        if io::stdin().is_terminal() {
            let _ = tcflush(io::stdin(), FlushArg::TCIFLUSH);
        }
    }
}

/// Yes, no, or neither.
fn understand(line: &str) -> Option<bool> {
    match line.trim().to_lowercase().as_str() {
        "" | "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

/// The next line from the keyboard; none at its end.
#[expect(
    clippy::disallowed_methods,
    reason = "a keyboard can only be read by waiting for it"
)]
async fn line() -> Option<String> {
    let (send, receive) = oneshot::channel();
    // Nobody waits for this thread: it may hang in a read until the program ends.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = match Keyboard::open() {
            Some(Keyboard::Stdin) => io::stdin().lock().read_line(&mut line),
            Some(Keyboard::Terminal(file)) => BufReader::new(file).read_line(&mut line),
            None => Ok(0),
        };
        let _ = send.send(read.is_ok_and(|n| n > 0).then_some(line));
    });
    receive.await.ok().flatten()
}

/// An answer that does not break a line.
const SHORT: usize = 8;

/// Where a person can answer.
enum Keyboard {
    Stdin,
    /// Stdin is something else, but there is a terminal.
    Terminal(File),
}

impl Keyboard {
    #[expect(clippy::disallowed_methods, reason = "the terminal is a file")]
    fn open() -> Option<Self> {
        if !io::stderr().is_terminal() {
            None
        } else if io::stdin().is_terminal() {
            Some(Self::Stdin)
        } else {
            // Only Unix has such a file; elsewhere there is no other keyboard than stdin.
            File::open("/dev/tty").ok().map(Self::Terminal)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_and_no_are_answers_and_enter_is_yes() {
        for yes in ["\n", "y\n", " YES \r\n"] {
            assert_eq!(understand(yes), Some(true));
        }
        for no in ["n", "No\n"] {
            assert_eq!(understand(no), Some(false));
        }
        for neither in ["weasel bucket galaxy daisy\n", "yn", "what?"] {
            assert_eq!(understand(neither), None);
        }
    }
}
