//! Lines both ways over an open link, and at a terminal files too.

mod command;
mod complete;
mod editor;
mod input;
mod keyboard;
mod moves;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use airshake::link::transfer::{Offering, Reason, TransferError};
use airshake::link::{CloseReason, Link, LinkError, LinkEvent};
use anyhow::Result;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::files;
use super::interrupt;
use super::moving::{self, Moving};
use super::outcome::{Interrupted, Nothing};
use super::question;
use super::talk::{self, Talk};
use super::text;
use super::typed::Typed;
use command::Command;
use input::Input;
use moves::{Moves, News};

pub(crate) use keyboard::put_back;

/// Sends what is typed and prints what comes, until either side has had enough.
///
/// At a terminal a line is edited with what comes above it, and some lines are commands: `/help`
/// tells them. Files that the other side sends are asked about, and come into that folder.
///
/// The end of stdin says goodbye, once everything before it has arrived. A stdin that was empty
/// from the start (closed, or /dev/null) says nothing: then the peer's lines are printed until
/// the peer leaves.
pub(crate) async fn chat(mut link: Link, into: &Path, talk: &mut Talk) -> Result<()> {
    let by_hand = io::stdin().is_terminal() && question::possible() && talk.speaks_to_people();
    let mut input = Input::open(talk.ink().filter(|_| by_hand));
    let mut chat = Chat {
        terminal: io::stdout().is_terminal(),
        echo: input.is_keys(),
        moves: None,
        moving: None,
        asked: None,
        told_of_files: false,
        into,
    };
    let mut news = None;
    if by_hand {
        let (moves, told) = Moves::begin(link.files(), into.to_path_buf());
        (chat.moves, news) = (Some(moves), Some(told));
    }
    talk.line(if by_hand { BY_HAND } else { BY_LINES });
    let end = chat.go_on(&mut link, &mut input, &mut news, talk).await;
    talk.end_status();
    drop((chat, input));
    match end {
        Ok(End::Left) => {
            link.close().await;
            talk.event("closed", json!({"reason": "we left"}));
            talk.line("said goodbye");
            Ok(())
        }
        Ok(End::Interrupted) => {
            link.close().await;
            talk.event("closed", json!({"reason": "interrupted"}));
            Err(Interrupted.into())
        }
        Ok(End::Closed(reason)) => {
            talk.event("closed", json!({"reason": reason.to_string()}));
            match reason {
                CloseReason::PeerLeft => {
                    talk.line(&reason.to_string());
                    Ok(())
                }
                _ => Err(Nothing(reason.to_string()).into()),
            }
        }
        Err(error) => {
            link.close().await;
            Err(error)
        }
    }
}

/// Why it is over.
enum End {
    Left,
    Interrupted,
    Closed(CloseReason),
}

struct Chat<'a> {
    /// Whether lines that come are printed where others are typed.
    terminal: bool,
    /// Whether what is typed is not printed by the terminal.
    echo: bool,
    /// Where files can be moved.
    moves: Option<Moves>,
    moving: Option<Moving>,
    /// Waits for yes or no.
    asked: Option<oneshot::Sender<bool>>,
    told_of_files: bool,
    into: &'a Path,
}

impl Chat<'_> {
    async fn go_on(
        &mut self,
        link: &mut Link,
        input: &mut Input,
        news: &mut Option<mpsc::UnboundedReceiver<News>>,
        talk: &mut Talk,
    ) -> Result<End> {
        let mut listening = true;
        loop {
            tokio::select! {
                typed = input.next(talk), if listening => {
                    for typed in typed.unwrap_or_else(|| vec![Typed::Nothing]) {
                        let said = match typed {
                            Typed::Line(line) => self.typed(line, link, talk).await?,
                            Typed::Pasted(line) => {
                                talk.line(&line);
                                self.say(&line, link, talk).await?
                            }
                            Typed::Goodbye => Said::Quit,
                            Typed::Nothing => Said::NoMore,
                        };
                        match said {
                            Said::All => {}
                            Said::Quit => return Ok(End::Left),
                            Said::NoMore => {
                                listening = false;
                                break;
                            }
                        }
                    }
                }
                event = link.next() => match event {
                    LinkEvent::Text(line) => talk::aside(|| self.print(&line, talk))?,
                    LinkEvent::Data(data) => {
                        talk.line(&format!(
                            "{} bytes that are no line of a chat were left out",
                            data.len()
                        ));
                    }
                    LinkEvent::Files(_) if !self.told_of_files => {
                        self.told_of_files = true;
                        talk.line(
                            "the other side moves files: end this chat (Ctrl-D), and run \
                             `airshake receive` or `airshake send` here as well",
                        );
                    }
                    LinkEvent::Closed { reason } => return Ok(End::Closed(reason)),
                    _ => {}
                },
                Some(news) = next(news) => self.hear(news, talk),
                () = interrupted() => return Ok(End::Interrupted),
            }
        }
    }

    /// Among what is typed here, what comes from there must be told apart.
    fn print(&self, line: &str, talk: &Talk) -> Result<()> {
        match (self.terminal, talk.ink()) {
            (true, Some(ink)) if ink.colour => {
                files::print_line(&format!("\x1b[32m>\x1b[0m {line}"))
            }
            (true, _) => files::print_line(&format!("> {line}")),
            (false, _) => files::print_line(line),
        }
    }

    async fn typed(&mut self, line: String, link: &Link, talk: &mut Talk) -> Result<Said> {
        if self.moves.is_none() {
            return self.say(&line, link, talk).await;
        }
        if self.echo {
            talk.line(&line);
        }
        if let Some(answer) = self.answered(&line) {
            if let Some(asked) = self.asked.take() {
                let _ = asked.send(answer);
            }
            return Ok(Said::All);
        }
        match Command::read(&line, input::home().as_deref()) {
            Command::Say(line) => return self.say(&line, link, talk).await,
            Command::Quit => return Ok(Said::Quit),
            Command::Help => talk.line(command::HELP),
            Command::Unknown(wrong) => talk.line(&wrong),
            Command::Cancel if self.moving.is_none() && self.asked.is_none() => {
                talk.line("nothing moves");
            }
            Command::Cancel => {
                if let Some(moves) = &self.moves {
                    moves.cancel();
                }
            }
            Command::Send(paths) => {
                // Looking at many files takes a while.
                let offering = tokio::task::spawn_blocking(move || Offering::of(&paths)).await?;
                match offering {
                    Ok(offering) => self.send(offering, talk),
                    Err(error) => talk.line(&text::one_line(&error.to_string())),
                }
            }
        }
        Ok(Said::All)
    }

    /// Yes or no, if that was asked for.
    fn answered(&self, line: &str) -> Option<bool> {
        self.asked.as_ref()?;
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => Some(true),
            "n" | "no" => Some(false),
            _ => None,
        }
    }

    async fn say(&self, line: &str, link: &Link, talk: &Talk) -> Result<Said> {
        match link.send_text(line).await {
            Ok(()) => {}
            // The link says why, by itself.
            Err(LinkError::Closed(_)) => return Ok(Said::NoMore),
            Err(error) => talk.line(&error.to_string()),
        }
        Ok(Said::All)
    }

    fn send(&mut self, offering: Offering, talk: &Talk) {
        let offer = offering.listing().offer();
        let left_out = offering.left_out().len();
        let busy = self.moving.is_some() || self.asked.is_some();
        if busy
            || !self
                .moves
                .as_ref()
                .is_some_and(|moves| moves.send(offering))
        {
            talk.line("other files are moving: wait for them, or /cancel them");
            return;
        }
        self.moving = Some(Moving::new("sent"));
        let left_out = match left_out {
            0 => String::new(),
            n => format!(" ({n} left out: links, devices or names that cannot be sent)"),
        };
        talk.line(&format!(
            "offered {}{left_out}; waiting for the other side to agree",
            moving::amount(&offer)
        ));
    }

    fn hear(&mut self, news: News, talk: &mut Talk) {
        match news {
            News::Offered(listing, answer) => {
                talk.line(&format!(
                    "the other side offers {}",
                    moving::amount(&listing.offer())
                ));
                moving::show(&listing, talk);
                let folder = moving::folder(self.into);
                talk.strong(&format!("Receive into {folder}? Type y or n"));
                self.asked = Some(answer);
                self.moving = Some(Moving::new("received"));
            }
            News::Moving(event) => {
                if let Some(moving) = &mut self.moving {
                    moving.tell(event, talk);
                }
            }
            News::Wanted => talk.line("the other side waits for files: /send FILE..."),
            News::Withdrawn(error) => self.over(talk, &format!("not received: {error}")),
            News::Refused => self.over(talk, "refused; nothing was received"),
            News::Stopped => self.over(talk, "stopped"),
            News::Ended { sent, result } => {
                let words = match &result {
                    Ok(summary) => moving::summary(if sent { "sent" } else { "received" }, summary),
                    Err(TransferError::Ours(Reason::BothSend)) => {
                        "both sides began to send: one of them must try again".to_owned()
                    }
                    Err(TransferError::Theirs(Reason::Declined)) => {
                        "the other side did not want it".to_owned()
                    }
                    Err(error) if sent => format!("not sent: {error}"),
                    Err(error) => format!("not received: {error}"),
                };
                self.over(talk, &words);
            }
        }
    }

    fn over(&mut self, talk: &mut Talk, words: &str) {
        (self.moving, self.asked) = (None, None);
        talk.end_status();
        talk.line(words);
    }
}

/// What became of a line.
enum Said {
    All,
    Quit,
    /// Nothing more can be said.
    NoMore,
}

async fn next(news: &mut Option<mpsc::UnboundedReceiver<News>>) -> Option<News> {
    match news {
        Some(news) => news.recv().await,
        None => None,
    }
}

/// Ready once the user has asked to stop.
pub(crate) async fn interrupted() {
    while !interrupt::asked() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const BY_HAND: &str =
    "what you type appears on the other side; /help tells more, Ctrl-D ends the chat";

const BY_LINES: &str = "what you type appears on the other side; Ctrl-D ends the chat";
