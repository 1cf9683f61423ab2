//! `airshake hear`: print what others say.

use std::io::{self, IsTerminal};
use std::time::Duration;

use airshake::medium::sound::Sound;
use airshake::medium::{Happening, Medium, MediumError};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::advice::Advice;
use super::files::{self, Place};
use super::interrupt;
use super::options::{self, MicrophoneOption, ProfilesOption};
use super::outcome::Nothing;
use super::report;
use super::screen::{Keep, Setting};
use super::talk::{self, Talk, round};
use super::text;

/// Listen, and print every message that is heard
///
/// Each message is printed with a line break after it; --raw leaves that away. It listens until
/// Ctrl-C, or as long as --count and --timeout say.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake hear
  airshake hear --count 1 --timeout 30 --raw > key.bin
  airshake hear --json 2> events.jsonl

Exit codes: 0 --count messages, or at least one until --timeout;
1 none was heard; 130 ended by Ctrl-C.")]
pub(crate) struct Hear {
    /// Stop after this many messages
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = options::seconds)]
    timeout: Option<Duration>,

    /// Print the bytes of each message and nothing else
    #[arg(long)]
    raw: bool,

    /// Tell events as JSON lines on stderr
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    microphone: MicrophoneOption,

    #[command(flatten)]
    profiles: ProfilesOption,
}

impl Hear {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        let mut talk = Talk::new(self.json, quiet);
        let mut sound = Sound::open(options::ear(&self.microphone, &self.profiles))
            .context("cannot open the microphone")?;
        talk.line("listening; Ctrl-C ends it");
        let reporter = sound.reporter();
        let mut advice = Advice::new(reporter.clone());
        let mut messages = 0;
        talk.open_screen(Setting {
            limit: self.timeout,
            profiles: self.profiles.profiles(),
            keep: Keep::Above,
        });
        while self.count.is_none_or(|count| messages < count) {
            if interrupt::asked() {
                // Who gives up waiting wants to know why.
                if let Some(reporter) = reporter.as_ref().filter(|_| messages == 0) {
                    let heard = reporter.report();
                    talk.event("report", report::as_json(&heard));
                    talk.line(&report::words(&heard, ""));
                }
                interrupt::check()?;
            }
            advice.give(&talk);
            if self.timeout.is_some_and(|limit| talk.elapsed() >= limit) {
                break;
            }
            let Some(happening) = sound.poll() else {
                sound.wait(Duration::from_millis(100));
                continue;
            };
            match happening {
                Happening::Heard { envelope, snr } => {
                    messages += 1;
                    talk.event(
                        "heard",
                        json!({"bytes": envelope.len(), "snr_db": round(f64::from(snr.0), 2)}),
                    );
                    talk.screen(|scene, now| scene.heard(now));
                    talk.line(&format!("{}, SNR {snr}", text::bytes(envelope.len())));
                    talk::aside(|| self.print(&envelope))?;
                }
                Happening::Carrier { for_s } => {
                    talk.event("carrier", json!({"for_s": round(for_s, 3)}));
                }
                Happening::Garbled => {
                    talk.event("garbled", json!({}));
                    talk.line("a burst could not be read alone; another pass of it adds to it");
                }
                Happening::Level { rms, peak } => {
                    talk.screen(|scene, now| scene.level(now, rms, peak));
                }
                Happening::Spectrum(spectrum) => {
                    talk.screen(|scene, now| scene.spectrum(now, &spectrum));
                }
                Happening::Hearing(hearing) => {
                    talk.screen(|scene, now| scene.hearing(now, hearing));
                }
                Happening::Trouble(error @ MediumError::Closed) => return Err(error.into()),
                Happening::Trouble(error) => {
                    talk.event("trouble", json!({"reason": error.to_string()}));
                    talk.line(&error.to_string());
                }
                _ => {}
            }
        }
        match reporter {
            Some(reporter) if messages == 0 => {
                let heard = reporter.report();
                talk.event("report", report::as_json(&heard));
                Err(Nothing(report::words(&heard, "")).into())
            }
            _ => Ok(()),
        }
    }

    fn print(&self, payload: &[u8]) -> Result<()> {
        if self.raw {
            return files::write(&Place::Pipe, payload);
        }
        if io::stdout().is_terminal() {
            return files::print_line(&match text::as_text(payload) {
                Some(message) => message.to_owned(),
                None => format!("(not text) {}", text::hex(payload)),
            });
        }
        files::write(&Place::Pipe, &[payload, b"\n"].concat())
    }
}
