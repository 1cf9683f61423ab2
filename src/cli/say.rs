//! `airshake say`: a message by sound alone.

use std::time::Duration;

use airshake::medium::sound::Sound;
use airshake::medium::{Happening, Medium};
use airshake::modem::MAX_PAYLOAD;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::files::{self, Place};
use super::interrupt;
use super::options::{self, LoudspeakerOption, ProfileOption};
use super::talk::{Talk, now, round, wait};
use super::text;

/// Play a message to whoever listens
///
/// `airshake hear` on the other side prints it. Nobody confirms: for that, pair.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake say 'the door code is 4711'
  airshake say --passes 4 'for the last row'
  airshake say - < key.bin")]
pub(crate) struct Say {
    /// The message, at most 64 KiB; `-` reads it from stdin
    text: String,

    /// How often to play it; the listener combines what it hears of each pass
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    passes: u32,

    /// Tell events as JSON lines on stderr
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    loudspeaker: LoudspeakerOption,

    #[command(flatten)]
    profile: ProfileOption,
}

impl Say {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        let payload = match self.text.as_str() {
            "-" => files::read(&Place::Pipe, MAX_PAYLOAD)?,
            text => text.as_bytes().to_vec(),
        };
        let mut talk = Talk::new(self.json, quiet);
        let mut sound = Sound::open(options::mouth(&self.loudspeaker, self.profile.profile))
            .context("cannot open the loudspeaker")?;
        for pass in 0..self.passes {
            if pass > 0 {
                wait(options::GAP);
            }
            // The pass counts on modulo 256; the redundancy repeats after eight.
            play(&mut sound, &payload, (pass % 256) as u8, &mut talk)?;
        }
        Ok(())
    }
}

/// Plays `payload` once, to its end.
fn play(sound: &mut Sound, payload: &[u8], pass: u8, talk: &mut Talk) -> Result<()> {
    sound.say(payload, pass)?;
    let mut air_s = 0.0;
    let mut since = now();
    loop {
        if interrupt::asked() {
            sound.hush();
            interrupt::check()?;
        }
        match sound.poll() {
            Some(Happening::Started { air_s: length }) => {
                air_s = length;
                since = now();
                talk.event(
                    "playing",
                    json!({"bytes": payload.len(), "air_s": round(air_s, 3)}),
                );
            }
            Some(Happening::Finished) => {
                talk.line(&format!(
                    "said {} in {air_s:.2} s of sound",
                    text::bytes(payload.len())
                ));
                return Ok(());
            }
            Some(Happening::Trouble(error)) => return Err(error.into()),
            Some(_) => {}
            None => wait(Duration::from_millis(5)),
        }
        let gone = now().duration_since(since).as_secs_f64().min(air_s);
        if air_s > 0.0 {
            talk.status(&format!("playing {gone:.1} of {air_s:.1} s"));
        }
    }
}
