//! `airshake pipe`: find a peer by sound, then its stdout is our stdin, and the other way round.

use std::future::Future;
use std::io::{self, Read, Write};

use airshake::link::{CloseReason, Link, LinkEvent, MAX_PAYLOAD};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::chat::interrupted;
use super::meet::{self, MeetOptions};
use super::outcome::{Interrupted, Nothing};
use super::talk::Talk;

/// Pass stdin to the other side's stdout, and back
///
/// Both run `airshake pipe`. Bytes pass as they are. The end of stdin ends that direction only;
/// it is over when both have ended and everything was taken. A slow reader slows the writer down.
/// For one direction only, give the other side an empty stdin: `< /dev/null`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tar c photos | airshake pipe                     on one side ...
  airshake pipe < /dev/null | tar x                ... and on the other
  airshake pipe --json < in > out 2> events.jsonl

Exit codes: 0 both directions came to their end; 1 no peer, or the link was lost before that;
2 no sound or no network; 130 ended by Ctrl-C.")]
pub(crate) struct Pipe {
    #[command(flatten)]
    meet: MeetOptions,
}

impl Pipe {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        let mut talk = Talk::new(self.meet.json, quiet);
        meet::run(async {
            let link = self.meet.meet("airshake pipe", &mut talk).await?;
            pass(link, stdin(), &talk).await
        })
    }
}

async fn pass(mut link: Link, input: mpsc::Receiver<Vec<u8>>, talk: &Talk) -> Result<()> {
    let (output, mut written) = stdout();
    let mut output = Some(output);
    let mut untaken: Option<Vec<u8>> = None;
    // On a task of its own: a stdout that nobody reads does not keep stdin from being read.
    let mut up = tokio::spawn(up(link.sender(), input));
    let (mut ended, mut sent) = (None, None);
    let mut here = 0u64;
    let mut left = false;
    let result = loop {
        if let (Some(()), Some(_)) = (ended, sent) {
            break Ok(());
        }
        tokio::select! {
            bytes = &mut up, if sent.is_none() => match bytes {
                Ok(Ok(bytes)) => {
                    talk.event("sent", json!({"bytes": bytes}));
                    sent = Some(bytes);
                }
                // The link says why.
                _ => break Err(lost(&closed(&mut link).await)),
            },
            permit = room(output.clone()), if untaken.is_some() => {
                // Without room there never will be any: stdout is closed, which is said below.
                if let (Some(permit), Some(data)) = (permit, untaken.take()) {
                    permit.send(data);
                }
            }
            event = link.next(), if untaken.is_none() && !left => match event {
                LinkEvent::Data(data) => {
                    here += data.len() as u64;
                    untaken = Some(data);
                }
                LinkEvent::End => output = None,
                LinkEvent::Files(_) => break Err(Nothing(
                    "the other side moves files: both must run `airshake pipe`".to_owned(),
                ).into()),
                // It has everything of ours, and we have everything of its; stdout is only slow.
                LinkEvent::Closed { reason: CloseReason::PeerLeft }
                    if output.is_none() && sent.is_some() => left = true,
                LinkEvent::Closed { reason } => break Err(lost(&reason)),
                LinkEvent::Text(_) => {
                    talk.line("the other side chats: both must run `airshake pipe`");
                }
                _ => {}
            },
            result = &mut written, if ended.is_none() => {
                if let Ok(Err(error)) = result {
                    break Err(error).context("cannot write to stdout");
                }
                ended = Some(());
                talk.event("ended", json!({"bytes": here}));
            }
            () = interrupted() => break Err(Interrupted.into()),
        }
    };
    up.abort();
    let result = match result {
        // What we sent last may still be on its way into a slow reader.
        Ok(()) if left => Ok(()),
        Ok(()) => tokio::select! {
            all = link.drained() => match all {
                true => Ok(()),
                false => Err(lost(&closed(&mut link).await)),
            },
            () = interrupted() => Err(Interrupted.into()),
        },
        Err(error) => {
            // What came is written, though it is not all.
            drop(output);
            if ended.is_none() && !error.is::<Interrupted>() {
                let _ = written.await;
            }
            Err(error)
        }
    };
    link.close().await;
    let reason = match &result {
        Ok(()) => "both directions have ended".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    let there = sent.unwrap_or(0);
    talk.event(
        "closed",
        json!({"reason": reason, "sent": there, "received": here}),
    );
    result
}

/// Room for one more chunk; none if stdout is closed.
async fn room(output: Option<mpsc::Sender<Vec<u8>>>) -> Option<mpsc::OwnedPermit<Vec<u8>>> {
    output?.reserve_owned().await.ok()
}

/// Why a link that is over is over.
async fn closed(link: &mut Link) -> CloseReason {
    loop {
        if let LinkEvent::Closed { reason } = link.next().await {
            return reason;
        }
    }
}

/// Sends what comes, then the end of it. Gives the count of bytes.
async fn up(sender: airshake::link::LinkSender, mut input: mpsc::Receiver<Vec<u8>>) -> Result<u64> {
    let mut bytes = 0;
    while let Some(chunk) = input.recv().await {
        bytes += chunk.len() as u64;
        sender.send_data(&chunk).await?;
    }
    sender.end().await?;
    Ok(bytes)
}

fn lost(reason: &CloseReason) -> anyhow::Error {
    Nothing(format!("{reason}; what was passed is not all")).into()
}

/// What stdin gives, a little ahead.
#[expect(
    clippy::disallowed_methods,
    reason = "stdin can only be read by waiting for it"
)]
fn stdin() -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel(CHUNKS);
    // Nobody waits for this thread: it may hang in a read until the program ends.
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut chunk = vec![0; MAX_PAYLOAD];
        loop {
            match input.read(&mut chunk) {
                Ok(got @ 1..) => {
                    if send.blocking_send(chunk[..got].to_vec()).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A stdin that cannot be read is closed.
                Ok(0) | Err(_) => return,
            }
        }
    });
    receive
}

/// Writes to stdout, and tells when all is written, or why not.
#[expect(
    clippy::disallowed_methods,
    reason = "stdout can only be written by waiting for it"
)]
fn stdout() -> (
    mpsc::Sender<Vec<u8>>,
    impl Future<Output = Result<io::Result<()>, oneshot::error::RecvError>> + Unpin,
) {
    let (send, mut receive) = mpsc::channel::<Vec<u8>>(CHUNKS);
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut output = io::stdout().lock();
        let result = loop {
            let Some(data) = receive.blocking_recv() else {
                break Ok(());
            };
            if let Err(error) = output.write_all(&data).and_then(|()| output.flush()) {
                break Err(error);
            }
        };
        drop(output);
        close_stdout();
        let _ = tell.send(result);
    });
    (send, told)
}

/// Whoever reads our stdout sees its end, though we go on to read stdin. Elsewhere than on Unix
/// it is seen when the program ends.
fn close_stdout() {
    #[cfg(unix)]
    if let Ok(nowhere) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdout(nowhere);
    }
}

/// Chunks of at most 16 KiB between a thread and the link.
const CHUNKS: usize = 16;
