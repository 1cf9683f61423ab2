//! `airshake pair`: find a peer by sound, then chat.

use std::path::PathBuf;

use airshake::link::Introduction;
use airshake::medium::{Medium, Reporter};
use airshake::pairing::{PairError, PairEvent, PairOptions, Ways, pair};
use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::advice::Advice;
use super::chat::{chat, interrupted};
use super::interrupt;
use super::meet::{self, MeetOptions};
use super::outcome::{Interrupted, Nothing};
use super::report;
use super::screen::Stage;
use super::talk::{Talk, round};

/// Pair with whoever is listening, then chat
///
/// Run it on both computers; nobody chooses a role. When they have found each other, both show
/// the same four words: compare them aloud, so that you know who is there, or give both the same
/// --code. Without a terminal nobody is asked. Once both have said yes, lines that are typed appear
/// on the other side (after `> ` if that is a terminal). At a terminal /send FILE sends files, and
/// /help tells the other commands. Ctrl-D says goodbye. If stdin is a pipe,
/// its end says goodbye once everything has arrived; if it is empty from the start (/dev/null), the peer's lines are
/// printed until the peer leaves.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake pair
  airshake pair --code 'blue horse'            only with who has the same code
  airshake pair --timeout 30 --json 2> events.jsonl
  airshake pair --input usb --output headphones
  echo 'see you at eight' | airshake pair      say it and leave
  airshake pair < /dev/null > said.txt         write down what the peer says

Exit codes: 0 the chat is over; 1 no peer, the wrong one, or the link was lost;
2 no sound or no network; 130 ended by Ctrl-C.")]
pub(crate) struct Pair {
    /// Folder for files that the other side sends in the chat; made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,

    #[command(flatten)]
    meet: MeetOptions,
}

/// How to be found.
#[derive(Debug, Args)]
pub(super) struct WaysOptions {
    /// Never answer by sound: connect straight to who is heard, or not at all
    #[arg(long, conflicts_with = "two_sounds")]
    one_sound: bool,

    /// Let nobody connect before each side has heard the other
    #[arg(long)]
    two_sounds: bool,

    /// Say 16 bytes less, which command lines understand and browsers do not
    #[arg(long, conflicts_with = "two_sounds")]
    pub(super) short: bool,

    /// Leave if who is heard pairs with somebody else, instead of waiting for another
    #[arg(long)]
    pub(super) no_wait: bool,
}

impl WaysOptions {
    pub(super) fn ways(&self) -> Ways {
        match (self.one_sound, self.two_sounds) {
            (true, _) => Ways::OneSound,
            (_, true) => Ways::TwoSounds,
            _ => Ways::Both,
        }
    }
}

impl Pair {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        let mut talk = Talk::new(self.meet.json, quiet);
        meet::run(async {
            let link = self.meet.meet("airshake pair", &mut talk).await?;
            chat(link, &self.into, &mut talk).await
        })
    }
}

/// Pairs on `medium`, and tells what happens meanwhile, and if nobody was found what `reporter`
/// knows of the reason.
pub(super) async fn find(
    medium: impl Medium,
    options: PairOptions,
    reporter: Option<Reporter>,
    talk: &mut Talk,
) -> Result<Introduction> {
    let cancel = options.cancel.clone();
    let watch = async {
        interrupted().await;
        cancel.cancel();
        // Pairing ends within milliseconds, by itself.
        std::future::pending::<()>().await;
    };
    let mut advice = Advice::new(reporter.clone());
    let on_event = |event| {
        tell(&event, talk);
        advice.give(talk);
    };
    let paired = tokio::select! {
        paired = pair(medium, options, on_event) => paired,
        () = watch => unreachable!("it waits without end"),
    };
    talk.end_screen();
    paired.map_err(|error| {
        let heard = match error {
            // Who gives up waiting wants to know why, too.
            PairError::NoPeer { .. } | PairError::Cancelled => {
                reporter.map(|reporter| reporter.report())
            }
            _ => None,
        };
        if let Some(heard) = &heard {
            talk.event("report", report::as_json(heard));
        }
        let closed = json!({"reason": error.to_string(), "cause": cause_of(&error)});
        talk.event("closed", closed);
        match error {
            PairError::Cancelled if interrupt::asked() => {
                let cause = heard.and_then(|heard| report::cause(&heard));
                cause.into_iter().for_each(|cause| talk.line(&cause));
                Interrupted.into()
            }
            PairError::NoPeer { .. }
            | PairError::LinkFailed { .. }
            | PairError::Busy
            | PairError::Proof(_) => {
                let cause = heard.and_then(|heard| report::cause(&heard));
                let advice = match &error {
                    PairError::LinkFailed { apart } => Some(format!("  {}", apart.advice())),
                    _ => None,
                };
                let lines = [Some(error.to_string()), cause, advice];
                Nothing(lines.into_iter().flatten().collect::<Vec<_>>().join("\n")).into()
            }
            error => error.into(),
        }
    })
}

/// The kind of an end, in a word that stays.
fn cause_of(error: &PairError) -> &'static str {
    match error {
        PairError::NoPeer { .. } => "no-peer",
        PairError::LinkFailed { .. } => "no-route",
        PairError::Busy => "busy",
        PairError::Proof(_) => "proof",
        PairError::Cancelled => "cancelled",
        _ => "other",
    }
}

fn tell(event: &PairEvent, talk: &Talk) {
    match event {
        PairEvent::Playing { bytes, air_s } => {
            talk.event(
                "playing",
                json!({"bytes": bytes, "air_s": round(*air_s, 3)}),
            );
            talk.screen(|scene, now| scene.playing(now, *bytes, *air_s));
        }
        PairEvent::Heard { bytes, snr_db } => {
            let snr = round(f64::from(*snr_db), 2);
            talk.event("heard", json!({"bytes": bytes, "snr_db": snr}));
            talk.screen(|scene, now| scene.heard(now));
            talk.line(&format!("heard {bytes} bytes, SNR {snr_db:.1} dB"));
        }
        PairEvent::Answering => {
            talk.event("answering", json!({}));
            talk.screen(|scene, _| scene.stage(Stage::Answering));
            talk.line("answering");
        }
        PairEvent::Answered => {
            talk.event("answered", json!({}));
            talk.screen(|scene, _| scene.stage(Stage::Answered));
            talk.line("got an answer");
        }
        PairEvent::Knocked => {
            talk.event("knocked", json!({}));
            talk.screen(|scene, _| scene.stage(Stage::Knocked));
            talk.line("somebody who heard it connects");
        }
        PairEvent::Busy => {
            talk.event("busy", json!({}));
            talk.screen(|scene, _| scene.stage(Stage::Listening));
            talk.line("who was heard pairs with somebody else; waiting for another");
        }
        PairEvent::Connecting => {
            talk.event("connecting", json!({}));
            talk.screen(|scene, _| scene.stage(Stage::Connecting));
        }
        PairEvent::Connected { way, seconds } => {
            let rounded = round(*seconds, 3);
            talk.event(
                "connected",
                json!({"way": way.to_string(), "seconds": rounded}),
            );
            talk.strong(&format!("connected by {way} in {seconds:.1} s"));
        }
        PairEvent::Level { rms, peak } => {
            talk.screen(|scene, now| scene.level(now, *rms, *peak));
        }
        PairEvent::Spectrum(spectrum) => {
            talk.screen(|scene, now| scene.spectrum(now, spectrum));
        }
        PairEvent::Hearing(hearing) => {
            talk.screen(|scene, now| scene.hearing(now, *hearing));
        }
        PairEvent::Unreached(apart) => {
            let (words, advice) = (apart.to_string(), apart.advice());
            talk.event("unreached", json!({"reason": words, "advice": advice}));
            talk.screen(|scene, _| scene.hint(&words, advice));
            talk.line(&format!("{words}; still trying\n  {advice}"));
        }
        PairEvent::Trouble(words) => {
            talk.event("trouble", json!({"reason": words}));
            talk.screen(|scene, _| scene.stage(Stage::Listening));
            talk.line(words);
        }
        _ => {}
    }
}
