//! Whether the other side is the one that was meant: the words on both screens, and the question.

use std::time::Duration;

use airshake::link::{Code, Introduction, Link};
use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::chat::interrupted;
use super::outcome::{Interrupted, Nothing};
use super::question;
use super::screen;
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

    /// Whether the user has agreed beforehand.
    pub(crate) fn yes(&self) -> bool {
        self.yes
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
        } else if !question::possible() {
            talk.line(&format!(
                "both screens should show: {words}\nthere is no terminal to ask at, so nobody \
                 compared them: use --code where it matters who is there"
            ));
        } else {
            let ink = talk.ink();
            let shown = match ink {
                Some(ink) => Some(screen::show_words(words.each(), ink, 1)),
                None => {
                    talk::to_stderr(&format!("\n    {words}\n"));
                    None
                }
            };
            let asked = tokio::select! {
                asked = question::ask_on_a_line("Do both screens show these words?") => {
                    let (answer, on_a_line) = asked;
                    if let Some(shown) = shown.filter(|_| on_a_line) {
                        shown.take_back();
                        talk.line(&format!("this screen shows: {words}"));
                    }
                    // Ctrl-D is a no.
                    Some(answer == Some(true))
                }
                reason = found.ended() => {
                    question::leave();
                    return Err(over(talk, &reason.to_string()));
                }
                () = interrupted() => {
                    question::leave();
                    None
                }
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

/// How long the other side's answer may take before somebody wonders.
const PATIENCE: Duration = Duration::from_secs(1);
