//! Lines both ways over an open link.

use std::io::{self, IsTerminal};
use std::time::Duration;

use airshake::link::{CloseReason, Link, LinkError, LinkEvent};
use anyhow::Result;
use serde_json::json;
use tokio::sync::mpsc::Receiver;

use super::files;
use super::interrupt;
use super::outcome::{Interrupted, Nothing};
use super::talk::Talk;
use super::typed::Typed;

/// Sends what is typed and prints what comes, until either side has had enough.
///
/// The end of stdin says goodbye, once everything before it has arrived. A stdin that was empty
/// from the start (closed, or /dev/null) says nothing: then the peer's lines are printed until
/// the peer leaves.
pub(crate) async fn chat(mut link: Link, mut typed: Receiver<Typed>, talk: &Talk) -> Result<()> {
    let terminal = io::stdout().is_terminal();
    let mut listening = true;
    let mut told_of_files = false;
    loop {
        tokio::select! {
            input = typed.recv(), if listening => match input {
                Some(Typed::Line(line)) => match link.send_text(&line).await {
                    Ok(()) => {}
                    // The link says why, below.
                    Err(LinkError::Closed(_)) => listening = false,
                    Err(error) => talk.line(&error.to_string()),
                },
                Some(Typed::Goodbye) => {
                    link.close().await;
                    talk.event("closed", json!({"reason": "we left"}));
                    talk.line("said goodbye");
                    return Ok(());
                }
                Some(Typed::Nothing) | None => listening = false,
            },
            event = link.next() => match event {
                // Among what is typed here, what comes from there must be told apart.
                LinkEvent::Text(line) if terminal => files::print_line(&format!("> {line}"))?,
                LinkEvent::Text(line) => files::print_line(&line)?,
                LinkEvent::Data(data) => {
                    talk.line(&format!("{} bytes that are no line of a chat were left out", data.len()));
                }
                LinkEvent::Files(_) if !told_of_files => {
                    told_of_files = true;
                    talk.line(
                        "the other side moves files: end this chat (Ctrl-D), and run \
                         `airshake receive` or `airshake send` here as well",
                    );
                }
                LinkEvent::Closed { reason } => {
                    talk.event("closed", json!({"reason": reason.to_string()}));
                    return match reason {
                        CloseReason::PeerLeft => {
                            talk.line(&reason.to_string());
                            Ok(())
                        }
                        _ => Err(Nothing(reason.to_string()).into()),
                    };
                }
                _ => {}
            },
            () = interrupted() => {
                link.close().await;
                talk.event("closed", json!({"reason": "interrupted"}));
                return Err(Interrupted.into());
            }
        }
    }
}

/// Ready once the user has asked to stop.
pub(crate) async fn interrupted() {
    while !interrupt::asked() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
