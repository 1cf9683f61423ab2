//! `airshake send`: find a peer by sound, then send it files and folders.

use std::path::PathBuf;

use airshake::link::Link;
use airshake::link::transfer::Offering;
use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::chat::interrupted;
use super::meet::{self, MeetOptions};
use super::moving::{self, Moving};
use super::outcome::Interrupted;
use super::talk::Talk;
use super::text;

/// Send files and folders to whoever receives
///
/// The other side runs `airshake receive`, sees how many files there are and how large, and
/// agrees. Every file is verified there before it gets its name. If the link breaks, run both
/// again: what has arrived is not sent again, and a file that was cut off goes on where it was.
///
/// Symbolic links below a folder, devices and names that are not Unicode are left out, and said.
/// The time of the last change and the right to execute are kept.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake send report.pdf
  airshake send photos/ notes.txt
  airshake send --json disk.img 2> events.jsonl

Exit codes: 0 everything stands verified on the other side; 1 no peer, it did not want it, the
link was lost, or some files did not come through; 2 a file that cannot be read, no sound or no
network; 130 ended by Ctrl-C.")]
pub(crate) struct Send {
    /// Files and folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    meet: MeetOptions,
}

impl Send {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        let mut talk = Talk::new(self.meet.json, quiet);
        let offering = Offering::of(&self.files)?;
        let offer = offering.listing().offer();
        talk.event(
            "offering",
            json!({"files": offer.files, "folders": offer.folders, "bytes": offer.bytes,
                   "left_out": offering.left_out().len()}),
        );
        talk.line(&format!("to send: {}", moving::amount(&offer)));
        for left_out in offering.left_out().iter().take(MOST_NAMED) {
            let path = text::one_line(&left_out.path.display().to_string());
            talk.line(&format!("left out: {path}: {}", left_out.why));
        }
        let more = offering.left_out().len().saturating_sub(MOST_NAMED);
        if more > 0 {
            talk.line(&format!("left out: {more} more"));
        }
        meet::run(async {
            let link = self.meet.meet("airshake receive", &mut talk).await?;
            send(link, &offering, &mut talk).await
        })
    }
}

/// Sends, tells how it goes, and leaves.
async fn send(mut link: Link, offering: &Offering, talk: &mut Talk) -> Result<()> {
    talk.line("waiting for the other side to agree");
    let mut moving = Moving::new("sent");
    let sent = tokio::select! {
        sent = link.send_files(offering, |event| moving.tell(event, talk)) => Some(sent),
        () = interrupted() => None,
    };
    talk.end_status();
    link.close().await;
    match sent {
        Some(sent) => moving.end(sent, talk),
        None => {
            talk.event("closed", json!({"reason": "interrupted"}));
            Err(Interrupted.into())
        }
    }
}

/// So many that are left out are named.
const MOST_NAMED: usize = 10;
