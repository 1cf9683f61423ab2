//! Whether the other side is the one that was meant: the words on both screens, and the question.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::time::Duration;

use airshake::link::{Code, Introduction, Link};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use tokio::sync::oneshot;

use super::chat::interrupted;
use super::outcome::{Interrupted, Nothing};
use super::talk::{self, Talk};

/// Whom to accept.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrustOptions {
    /// Accept only who was given the same code: a word or a sentence that both users know. Then
    /// nobody has to compare words. Case and the number of spaces do not matter
    #[arg(long, value_name = "WORD")]
    code: Option<Code>,

    /// Accept whoever is found, without asking whether both screens show the same words
    #[arg(long, short)]
    yes: bool,
}

impl TrustOptions {
    /// The code, for pairing.
    pub(crate) fn code(&self) -> Option<Code> {
        self.code.clone()
    }

    /// Shows the words, asks whoever is there whether both screens show them, and waits for the
    /// other side's answer.
    ///
    /// Nobody is asked with `--yes`, with a code, where JSON is spoken, and where no terminal is:
    /// a script cannot compare anything. Where stdin is in use for something else, the question
    /// is answered at the terminal itself.
    pub(crate) async fn accept(&self, mut found: Introduction, talk: &mut Talk) -> Result<Link> {
        let words = found.words();
        let by_code = found.is_by_code();
        let fields = json!({"words": words.each(), "by_code": by_code});
        talk.event("words", fields);
        talk.end_status();
        if by_code {
            talk.line("the other side has the same code");
        } else if self.yes || talk.is_json() {
            talk.line(&format!("both screens should show: {words}"));
        } else if Keyboard::open().is_none() {
            talk.line(&format!(
                "both screens should show: {words}\nthere is no terminal to ask at, so nobody \
                 compared them: use --code where it matters who is there"
            ));
        } else {
            talk::to_stderr(&format!("\n    {words}\n"));
            let asked = tokio::select! {
                asked = ask() => asked,
                reason = found.ended() => {
                    talk::to_stderr("");
                    return Err(over(talk, &reason.to_string()));
                }
                () = interrupted() => None,
            };
            if asked != Some(true) {
                found.refuse().await;
                return Err(match asked {
                    None => {
                        talk.event("closed", json!({"reason": "interrupted"}));
                        Interrupted.into()
                    }
                    _ => over(
                        talk,
                        "refused, and told the other side: if it did not show these words, \
                         somebody stood between the two. Try again, or with --code",
                    ),
                });
            }
        }
        let accepting = found.accept();
        tokio::pin!(accepting);
        let patient = tokio::time::sleep(PATIENCE);
        tokio::pin!(patient);
        let mut told = false;
        loop {
            return tokio::select! {
                link = &mut accepting => link.map_err(|error| over(talk, &error.to_string())),
                () = interrupted() => {
                    talk.event("closed", json!({"reason": "interrupted"}));
                    Err(Interrupted.into())
                }
                () = &mut patient, if !told => {
                    told = true;
                    talk.line("waiting for the other side to compare the words");
                    continue;
                }
            };
        }
    }
}

fn over(talk: &Talk, reason: &str) -> anyhow::Error {
    talk.event("closed", json!({"reason": reason}));
    Nothing(reason.to_owned()).into()
}

/// Asks until there is an answer; none if the user is gone.
async fn ask() -> Option<bool> {
    forget_what_was_typed_before();
    loop {
        let _ = write!(
            io::stderr().lock(),
            "Do both screens show these words? [Y/n] "
        );
        let _ = io::stderr().lock().flush();
        match line().await {
            None => return Some(false),
            Some(line) => {
                if let Some(answer) = understand(&line) {
                    return Some(answer);
                }
            }
        }
    }
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

/// The next line from the keyboard; none at its end (Ctrl-D).
#[expect(
    clippy::disallowed_methods,
    reason = "a keyboard can only be read by waiting for it"
)]
async fn line() -> Option<String> {
    let (send, receive) = oneshot::channel();
    // Nobody waits for this thread if the other side leaves first: the program then ends.
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

/// Where a person can answer.
enum Keyboard {
    /// Stdin is one.
    Stdin,
    /// Stdin is not, but somebody reads what we say and sits at a terminal.
    Terminal(File),
}

impl Keyboard {
    /// None where nobody would see the question or could answer it.
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

/// How long the other side's answer may take before somebody wonders.
const PATIENCE: Duration = Duration::from_secs(1);

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
