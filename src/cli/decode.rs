//! `airshake decode`: sound to bytes.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use airshake::audio::files::{Channel, Recording};
use airshake::modem::{Diagnosis, Event, Heard, Receiver};
use airshake::units::SampleRate;
use anyhow::{Context, Result};
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use serde_json::json;

use super::files::{self, Place};
use super::interrupt;
use super::options::ProfilesOption;
use super::outcome::Nothing;
use super::plot::picture_path;
use super::report;
use super::sketch::Sketch;
use super::talk::{Talk, round};
use super::text;

/// Turn sound back into bytes
///
/// Reads WAV, AIFF, FLAC, Ogg Vorbis, MP3, AAC and ALAC at any sample rate from 8 kHz and any number
/// of channels. Without -o the first message goes to stdout, as it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake decode hello.wav                  the first message, to stdout
  airshake decode memo.mp3 -o key.bin        into a file
  airshake decode evening.flac --all found   every message: found/0001.bin ...
  airshake decode evening.flac --json        a line of JSON for each message
  airshake decode evening.flac --report      and say which bursts were not read
  airshake decode memo.wav --plot memo.png   and draw what was heard
  arecord -f S16_LE -r 48000 | airshake decode -

Exit codes: 0 a message was decoded; 1 none was found, and stderr says what
was heard; 2 the input is no sound, or the output cannot be written.")]
pub(crate) struct Decode {
    /// Sound file; `-` is stdin
    #[arg(value_name = "IN")]
    input: Place,

    /// Write the first message here; `-` is stdout
    #[arg(short, long, value_name = "OUT")]
    output: Option<Place>,

    /// Write every message into this folder, as 0001.bin, 0002.bin, ...
    #[arg(long, value_name = "DIR")]
    all: Option<PathBuf>,

    /// Print a line of JSON for each message instead of its bytes: offset_s, profile, passes,
    /// snr_db, clock_ppm, bytes (how many), hex, and text where the message is text; if there is
    /// none, one line {"report": ...} that says why
    #[arg(long)]
    json: bool,

    /// Say at the end what was heard and what kept bursts from being read, also when a message was
    /// decoded; with --json as a line {"report": ...}
    #[arg(long)]
    report: bool,

    /// Which channel to listen to, counted from 0; `mix` is the mean of all
    #[arg(long, value_name = "N", default_value = "mix", value_parser = channel)]
    channel: Channel,

    /// Draw what was heard, and what became of it, into this .png or .svg file; drawn also when
    /// nothing can be decoded
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(picture_path))]
    plot: Option<PathBuf>,

    #[command(flatten)]
    profiles: ProfilesOption,
}

impl Decode {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        if self.json && self.output == Some(Place::Pipe) {
            anyhow::bail!("--json and -o - both want stdout: leave one out");
        }
        if let Some(Place::File(path)) = &self.output {
            files::check_name(path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let mut talk = Talk::new(false, quiet);
        let mut recording = self.open()?;
        let rate = recording.rate();
        let total = recording.duration();
        let mut receiver = Receiver::new(self.profiles.profiles(), rate)
            .with_context(|| self.input.to_string())?;
        if let Some(folder) = &self.all {
            files::create_folder(folder)?;
        }
        let mut diagnosis = Diagnosis::new(self.profiles.profiles(), rate);
        let mut sketch = self
            .plot
            .as_ref()
            .map(|_| Sketch::new(rate, self.profiles.profiles()));
        let mut heard_so_far = Tally::default();
        let mut broken = None;
        loop {
            interrupt::check()?;
            let samples = match recording.next_block() {
                Ok(Some(samples)) => samples,
                Ok(None) => break,
                // What came before the damage may hold the message.
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            };
            diagnosis.push(samples);
            if let Some(sketch) = &mut sketch {
                sketch.samples(samples);
            }
            for event in receiver.push(samples) {
                diagnosis.note(&event);
                if let Some(sketch) = &mut sketch {
                    sketch.event(&event);
                }
                self.tell(&event, &mut heard_so_far, rate, &talk)?;
            }
            let seconds = rate.seconds(receiver.position());
            talk.status(&progress(seconds, total));
        }
        for event in receiver.finish() {
            diagnosis.note(&event);
            if let Some(sketch) = &mut sketch {
                sketch.event(&event);
            }
            self.tell(&event, &mut heard_so_far, rate, &talk)?;
        }
        let count = heard_so_far.messages;
        talk.end_status();
        if let (Some(sketch), Some(path)) = (sketch, &self.plot) {
            sketch.finish(&self.input.to_string()).save(path)?;
        }
        diagnosis.replaced(recording.replaced() / u64::from(recording.channels()).max(1));
        let heard = diagnosis.report();
        if self.json && (self.report || count == 0) {
            files::print_line(&json!({ "report": report::as_json(&heard) }).to_string())?;
        }
        let told = report::words(&heard, &note(&recording));
        if self.report && count > 0 {
            talk.line(&told);
        }
        match (count, broken) {
            (0, Some(error)) => Err(error).context(told),
            (0, None) => Err(Nothing(format!("{}: {told}", self.input)).into()),
            (_, Some(error)) => {
                talk.line(&format!(
                    "the rest is lost: {:#}",
                    anyhow::Error::from(error)
                ));
                Ok(())
            }
            (_, None) => {
                if let Some(line) = heard_so_far.unwritten()
                    && self.all.is_none()
                    && !self.json
                {
                    talk.line(&line);
                }
                Ok(())
            }
        }
    }

    fn open(&self) -> Result<Recording> {
        let recording = match &self.input {
            Place::Pipe => Recording::from_reader(io::stdin(), "stdin"),
            Place::File(path) => Recording::open(path),
        };
        Ok(recording?.select(self.channel)?)
    }

    /// Tells what matters of an event.
    fn tell(&self, event: &Event, tally: &mut Tally, rate: SampleRate, talk: &Talk) -> Result<()> {
        match event {
            Event::Message(heard) => {
                tally.count(&heard.payload);
                self.deliver(heard, tally.messages, rate, talk)?;
            }
            Event::Kept {
                at, passes, snr, ..
            } => talk.line(&format!(
                "{:.2} s: not readable alone, kept; passes of it so far: {passes}, SNR {snr}",
                rate.seconds(*at)
            )),
            _ => {}
        }
        Ok(())
    }

    /// Puts a message where it belongs.
    fn deliver(&self, heard: &Heard, number: u64, rate: SampleRate, talk: &Talk) -> Result<()> {
        talk.line(&summary(heard, rate));
        if self.json {
            files::print_line(&as_json(heard, rate))?;
        }
        if let Some(folder) = &self.all {
            let path = folder.join(format!("{number:04}.bin"));
            files::write(&Place::File(path), &heard.payload)?;
        }
        if number > 1 {
            return Ok(());
        }
        match &self.output {
            Some(place) => files::write(place, &heard.payload),
            None if self.json || self.all.is_some() => Ok(()),
            None => self.to_stdout(heard, talk),
        }
    }

    fn to_stdout(&self, heard: &Heard, talk: &Talk) -> Result<()> {
        if !io::stdout().is_terminal() {
            return files::write(&Place::Pipe, &heard.payload);
        }
        match text::as_text(&heard.payload) {
            Some(message) if message.ends_with('\n') || message.is_empty() => {
                files::write(&Place::Pipe, &heard.payload)
            }
            Some(message) => files::print_line(message),
            None => {
                talk.line(&format!(
                    "{}, not text, kept off the terminal; -o FILE writes them",
                    text::bytes(heard.payload.len())
                ));
                Ok(())
            }
        }
    }
}

/// Messages heard so far, and how many of them say something else than the first.
#[derive(Debug, Default)]
struct Tally {
    messages: u64,
    first: Option<Vec<u8>>,
    others: u64,
}

impl Tally {
    fn count(&mut self, payload: &[u8]) {
        self.messages += 1;
        match &self.first {
            None => self.first = Some(payload.to_vec()),
            Some(first) => self.others += u64::from(first != payload),
        }
    }

    /// That something was left out, if it was: a loop's passes all say the same.
    fn unwritten(&self) -> Option<String> {
        match self.others {
            0 => None,
            1 => Some("1 other message not written; --all DIR keeps every one".to_owned()),
            n => Some(format!(
                "{n} other messages not written; --all DIR keeps every one"
            )),
        }
    }
}

fn channel(text: &str) -> Result<Channel, String> {
    match (text, text.parse()) {
        ("mix", _) => Ok(Channel::Mix),
        (_, Ok(index)) => Ok(Channel::Index(index)),
        _ => Err("`mix` or a number, counted from 0".to_owned()),
    }
}

/// What is wrong with the file itself.
fn note(recording: &Recording) -> String {
    let mut note = String::new();
    if recording.is_truncated() {
        note.push_str("; the file ends before its time");
    }
    if recording.damaged() > 0 {
        note.push_str(&format!(
            "; {} damaged packets left out",
            recording.damaged()
        ));
    }
    note
}

fn progress(seconds: f64, total: Option<f64>) -> String {
    match total {
        Some(total) if total > 0.0 => {
            format!("listened to {seconds:.0} s of {total:.0} s")
        }
        _ => format!("listened to {seconds:.0} s"),
    }
}

/// A message on one line, for people.
pub(super) fn summary(heard: &Heard, rate: SampleRate) -> String {
    format!(
        "{:.2} s: {}, {}, {} {}, SNR {}, clock {:+.1} ppm",
        rate.seconds(heard.at),
        text::bytes(heard.payload.len()),
        heard.profile,
        heard.passes,
        if heard.passes == 1 { "pass" } else { "passes" },
        heard.snr,
        heard.clock_ppm
    )
}

/// A message on one line, for programs.
fn as_json(heard: &Heard, rate: SampleRate) -> String {
    let mut object = json!({
        "offset_s": round(rate.seconds(heard.at), 4),
        "end_s": round(rate.seconds(heard.end), 4),
        "profile": heard.profile,
        "passes": heard.passes,
        "snr_db": round(f64::from(heard.snr.0), 2),
        "clock_ppm": round(f64::from(heard.clock_ppm), 2),
        "bytes": heard.payload.len(),
        "hex": text::hex(&heard.payload),
    });
    if let Some(message) = text::as_text(&heard.payload) {
        object["text"] = message.into();
    }
    object.to_string()
}
