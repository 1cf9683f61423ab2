//! `airshake receive`: find a peer by sound, then receive what it sends.

use std::path::PathBuf;

use airshake::link::Link;
use airshake::link::transfer::{Incoming, ReceiveOptions, TransferError};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use super::chat::interrupted;
use super::meet::{self, MeetOptions};
use super::moving::{self, Moving};
use super::outcome::{Interrupted, Nothing};
use super::question;
use super::talk::Talk;

/// Receive files and folders from whoever sends
///
/// The other side runs `airshake send`. What it offers is shown and asked about, but not with
/// --yes. Nothing is written outside DIR. A file gets its name when it is complete, verified and safe on the disk;
/// until then it is in DIR/.airshake-partial, where the next try goes on.
///
/// A file that is there stays: if it is the same, it is not sent again; if not, the new one is
/// named `name (1)`, or replaces it with --overwrite.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake receive
  airshake receive ~/Downloads
  airshake receive --code 'blue horse' --yes --json inbox 2> events.jsonl

Exit codes: 0 everything is there, verified; 1 no peer, not wanted, the link was lost, or some
files did not come through; 2 a folder that cannot be written or is full, no sound or no network;
130 ended by Ctrl-C.")]
pub(crate) struct Receive {
    /// Folder to receive into; made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,

    /// Replace files that are there and differ
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    meet: MeetOptions,
}

impl Receive {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        let mut talk = Talk::new(self.meet.json, quiet);
        if self.folder.exists() && !self.folder.is_dir() {
            bail!("{} is not a folder", self.folder.display());
        }
        if !self.meet.trust.yes() && (self.meet.json || !question::possible()) {
            bail!("nobody can be asked here whether to take what is offered: use --yes");
        }
        meet::run(async {
            let link = self.meet.meet("airshake send", &mut talk).await?;
            self.receive(link, &mut talk).await
        })
    }

    async fn receive(&self, mut link: Link, talk: &mut Talk) -> Result<()> {
        let mut moving = Moving::new("received");
        let received = tokio::select! {
            received = self.take(&mut link, &mut moving, talk) => Some(received),
            () = interrupted() => None,
        };
        talk.end_status();
        link.close().await;
        match received {
            Some(Ok(Some(summary))) => moving.end(Ok(summary), talk),
            Some(Ok(None)) => {
                talk.event("closed", json!({"reason": "declined"}));
                Err(Nothing("declined; nothing was received".to_owned()).into())
            }
            Some(Err(error)) => moving.end(Err(error), talk),
            None => {
                talk.event("closed", json!({"reason": "interrupted"}));
                Err(Interrupted.into())
            }
        }
    }

    /// `None` if the user did not want it.
    async fn take(
        &self,
        link: &mut Link,
        moving: &mut Moving,
        talk: &mut Talk,
    ) -> Result<Option<airshake::link::transfer::Summary>, TransferError> {
        talk.status("waiting for the other side's offer");
        let mut incoming = link.receive_files().await?;
        talk.end_status();
        let offer = incoming.offer();
        talk.event(
            "offered",
            json!({"files": offer.files, "folders": offer.folders, "bytes": offer.bytes}),
        );
        talk.line(&format!("offered: {}", moving::amount(&offer)));
        moving::show(incoming.listing(), talk);
        if !self.meet.trust.yes() && !self.agree(&mut incoming).await? {
            incoming.refuse().await;
            return Ok(None);
        }
        let options = ReceiveOptions::default().overwrite(self.overwrite);
        let taken = incoming.accept(&self.folder, options, |event| moving.tell(event, talk));
        taken.await.map(Some)
    }

    async fn agree(&self, incoming: &mut Incoming<'_>) -> Result<bool, TransferError> {
        let question = format!("Receive into {}?", moving::folder(&self.folder));
        tokio::select! {
            answer = question::ask(&question) => Ok(answer == Some(true)),
            withdrawn = incoming.withdrawn() => {
                question::leave();
                Err(withdrawn)
            }
        }
    }
}
