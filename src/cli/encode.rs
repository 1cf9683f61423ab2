//! `airshake encode`: bytes to sound.

use std::io::{self, IsTerminal};

use airshake::audio::files::{WavFormat, WavWriter};
use airshake::modem::{MAX_PAYLOAD, Transmitter};
use airshake::units::SampleRate;
use anyhow::{Result, bail};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::files::{self, Place};
use super::interrupt;
use super::options::{self, ProfileOption};
use super::talk::Talk;
use super::text;

/// Turn bytes into sound
///
/// Writes a mono WAV file that any player can play and `airshake decode` or `airshake hear` can
/// read, over a loudspeaker, a phone call or a tape.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake encode key.bin -o key.wav             a file
  echo hello | airshake encode -o hello.wav      stdin
  airshake encode --text hello -o - | aplay      straight to the loudspeaker
  airshake encode key.bin --passes 4 -o key.wav  four passes, for a bad room")]
pub(crate) struct Encode {
    /// File to read, at most 64 KiB; `-` or nothing is stdin
    #[arg(value_name = "IN", default_value = "-")]
    input: Place,

    /// Encode these words instead of a file
    #[arg(short, long, conflicts_with = "input")]
    text: Option<String>,

    /// WAV file to write; `-` is stdout
    #[arg(short, long, value_name = "OUT")]
    output: Place,

    /// How often to play the message; the receiver combines what it hears of each pass
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    passes: u32,

    /// Sample format: bits of an integer, or 32-bit float
    #[arg(long, value_name = "FORMAT", default_value = "16", value_parser = format())]
    format: WavFormat,

    /// Sample rate in hertz
    #[arg(long, value_name = "HZ", default_value = "48000", value_parser = options::rate())]
    rate: SampleRate,

    #[command(flatten)]
    profile: ProfileOption,
}

/// The passes of a message begin again after so many.
const CYCLE: u32 = 8;

/// Samples made at once.
const BLOCK: usize = 4096;

impl Encode {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        if self.output == Place::Pipe && io::stdout().is_terminal() {
            bail!("a sound does a terminal no good: -o OUT.wav, or pipe it into a player");
        }
        let talk = Talk::new(false, quiet);
        let payload = self.payload(&talk)?;
        let transmitter = Transmitter::new(self.profile.profile, self.rate);
        // Before the output is touched: a payload that does not fit leaves it as it was.
        let lengths = self.lengths(&transmitter, &payload)?;
        let total = lengths
            .iter()
            .cycle()
            .take(self.passes as usize)
            .sum::<u64>();
        let mut wav = self.create(total)?;
        let mut block = [0.0; BLOCK];
        // No silence between passes: who has heard one knows where the others lie.
        for pass in 0..self.passes {
            let mut burst = transmitter.burst(&payload, (pass % CYCLE) as u8)?;
            loop {
                interrupt::check()?;
                let count = burst.read(&mut block);
                if count == 0 {
                    break;
                }
                wav.write(&block[..count])?;
            }
        }
        wav.finish()?;
        talk.line(&format!(
            "{} in {:.2} s of sound{}",
            text::bytes(payload.len()),
            self.rate.seconds(total),
            match self.passes {
                1 => String::new(),
                n => format!(", {n} passes"),
            }
        ));
        Ok(())
    }

    /// The samples of each pass, up to where they begin again.
    fn lengths(&self, transmitter: &Transmitter, payload: &[u8]) -> Result<Vec<u64>> {
        (0..self.passes.min(CYCLE))
            .map(|pass| Ok(transmitter.burst(payload, pass as u8)?.len()))
            .collect()
    }

    fn payload(&self, talk: &Talk) -> Result<Vec<u8>> {
        if let Some(text) = &self.text {
            return Ok(text.clone().into_bytes());
        }
        if self.input == Place::Pipe && io::stdin().is_terminal() {
            talk.line("type the message; Ctrl-D ends it");
        }
        let payload = files::read(&self.input, MAX_PAYLOAD)?;
        if payload.len() > MAX_PAYLOAD {
            bail!(
                "{} is too long: at most {MAX_PAYLOAD} bytes go into one message",
                self.input
            );
        }
        Ok(payload)
    }

    fn create(&self, samples: u64) -> Result<WavWriter> {
        let samples = Some(samples);
        let wav = match &self.output {
            Place::Pipe => {
                WavWriter::to_stream(io::stdout(), "stdout", self.rate, self.format, samples)
            }
            Place::File(path) => WavWriter::create(path, self.rate, self.format, samples),
        };
        Ok(wav?)
    }
}

fn format() -> impl TypedValueParser<Value = WavFormat> {
    PossibleValuesParser::new(["16", "24", "float"]).map(|name| match name.as_str() {
        "16" => WavFormat::Int16,
        "24" => WavFormat::Int24,
        _ => WavFormat::Float32,
    })
}
