//! `airshake doctor`: what is wrong with loudspeaker, microphone, room and network.

mod all;
mod drawing;
mod json;
mod listen;
mod network;
mod picture;
mod treatment;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use airshake::audio::device::{Microphone, Speaker};
use airshake::audio::files::{Recording, WavFormat, WavWriter};
use airshake::sounding::{Finding, Sounding, Stimulus, Verdict, examine};
use airshake::units::SampleRate;
use anyhow::{Context, Result};
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};

use self::listen::Measured;
use self::network::Neighbour;
use super::files::{self, Place};
use super::options::{self, LoudspeakerOption, MicrophoneOption};
use super::outcome::Nothing;
use super::plot::picture_path;
use super::talk::Talk;

/// Measure loudspeaker, microphone and room, and say what is wrong
///
/// It plays two sweeps and a hiss, ten seconds in all, listens to them with this computer's own
/// microphone, and says what it heard: the response, the noise, the echo, the clock, and who works
/// on the microphone's sound. Then it says which volume to set and what to change. A way that works
/// here has yet to reach the other computer: how much is to spare for that is in the report.
///
/// If another computer within earshot runs it, too, the two then measure the air between them both
/// ways, and the network. Nobody has to accept anything: nothing but these figures is exchanged.
///
/// With a file it examines a recording of the same sound made elsewhere, for instance by a phone:
/// --save writes that sound.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake doctor
  airshake doctor --plot report.png
  airshake doctor --no-network                 this computer alone
  airshake doctor --all                        try every loudspeaker and microphone
  airshake doctor --input usb --volume 40
  airshake doctor --save sweep.wav             write the sound; play it anywhere, ...
  airshake doctor phone.m4a                    ... and examine what was recorded

Exit codes: 0 it works, perhaps with doubts; 1 something will keep it from working;
2 no device, wrong usage or unreadable input; 130 ended by Ctrl-C.")]
pub(crate) struct Doctor {
    /// A recording of the sound that --save writes; `-` reads it from stdin. Without it, play and
    /// listen
    #[arg(value_name = "RECORDING")]
    recording: Option<OsString>,

    /// Write the sound as a WAV file, and do nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recording", "plot", "all", "json"])]
    save: Option<PathBuf>,

    /// Draw response, noise, echo and impulse response, as FILE.png or FILE.svg
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(picture_path))]
    plot: Option<PathBuf>,

    /// Write what the microphone heard as a WAV file, for whoever is asked for advice
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recording", "all"])]
    keep: Option<PathBuf>,

    /// Play on every loudspeaker, listen with every microphone, and say which pair is best
    #[arg(long, conflicts_with_all = ["recording", "input", "output"])]
    all: bool,

    /// Print the report as a line of JSON, and events as JSON lines on stderr
    #[arg(long)]
    json: bool,

    /// Do not look for another computer that runs it, to measure the way to there and the network
    #[arg(long)]
    no_network: bool,

    /// Look for another computer that runs it for this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = options::seconds)]
    timeout: Duration,

    #[command(flatten)]
    microphone: MicrophoneOption,

    #[command(flatten)]
    loudspeaker: LoudspeakerOption,
}

/// What was examined.
struct Case {
    /// A title for it: the devices, or the file.
    loudspeaker: Option<String>,
    microphone: Option<String>,
    file: Option<String>,
    /// The volume that was played at, in percent.
    volume: u8,
    /// From a sample written to the same sample read, in seconds.
    late_s: Option<f64>,
    sounding: Sounding,
}

impl Doctor {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        if let Some(path) = &self.save {
            return self.save_sound(path, quiet);
        }
        let mut talk = Talk::new(self.json, quiet);
        let case = match &self.recording {
            Some(name) => self.examine_file(Place::from(name.clone()))?,
            None if self.all => all::best(&self.loudspeaker, &mut talk)?,
            None => self.measure(&mut talk)?,
        };
        talk.end_status();
        if !self.json {
            files::print_line(&words::report(&case))?;
        }
        if let Some(path) = &self.plot {
            picture::picture(&case).save(path)?;
        }
        let alone = self.recording.is_some() || self.all || self.no_network;
        let neighbour = if alone {
            None
        } else {
            Some(self.look_for_another(&mut talk)?)
        };
        if self.json {
            let report = json::report(&case, neighbour.as_ref());
            files::print_line(&report.to_string())?;
        } else if let Some(neighbour) = &neighbour {
            files::print_line(&format!("\n{}", words::of_neighbour(neighbour)))?;
        }
        verdict(&case, neighbour.as_ref())
    }

    fn look_for_another(&self, talk: &mut Talk) -> Result<Neighbour> {
        // The other may still be at its sweeps.
        listen::wait_for_a_lull(self.microphone.name(), talk)?;
        talk.end_status();
        network::look(&self.microphone, &self.loudspeaker, self.timeout, talk)
    }

    /// Plays and listens.
    fn measure(&self, talk: &mut Talk) -> Result<Case> {
        let microphone = Microphone::open(self.microphone.name());
        let microphone = microphone.context("cannot open the microphone")?;
        let speaker = Speaker::open(self.loudspeaker.name());
        let speaker = speaker.context("cannot open the loudspeaker")?;
        let names = (speaker.name().to_owned(), microphone.name().to_owned());
        let stimulus = Stimulus::new(self.loudspeaker.amplitude());
        let Measured {
            mut soundings,
            late_s,
            first,
        } = listen::measure(speaker, vec![microphone], &stimulus, talk)?;
        if let Some(path) = &self.keep {
            write_wav(path, &first, soundings[0].rate, WavFormat::Float32)?;
        }
        Ok(Case {
            loudspeaker: Some(names.0),
            microphone: Some(names.1),
            file: None,
            volume: self.loudspeaker.percent(),
            late_s,
            sounding: soundings.swap_remove(0),
        })
    }

    fn examine_file(&self, place: Place) -> Result<Case> {
        let mut recording = match &place {
            Place::Pipe => Recording::from_reader(std::io::stdin(), "stdin"),
            Place::File(path) => Recording::open(path),
        }?;
        let rate = recording.rate();
        let most = rate.samples_in(MOST_S) as usize;
        let mut samples = Vec::new();
        while samples.len() < most
            && let Some(block) = recording.next_block()?
        {
            samples.extend_from_slice(block);
        }
        let stimulus = Stimulus::new(self.loudspeaker.amplitude());
        Ok(Case {
            loudspeaker: None,
            microphone: None,
            file: Some(place.to_string()),
            volume: self.loudspeaker.percent(),
            late_s: None,
            sounding: examine(&samples, rate, &stimulus, None),
        })
    }

    fn save_sound(&self, path: &Path, quiet: bool) -> Result<()> {
        let rate = SampleRate::HZ_48000;
        let samples = Stimulus::new(self.loudspeaker.amplitude()).samples(rate);
        write_wav(path, &samples, rate, WavFormat::Int16)?;
        Talk::new(false, quiet).line(&format!(
            "{:.1} s of sound; play it, record it, then: airshake doctor RECORDING",
            Stimulus::seconds()
        ));
        Ok(())
    }
}

/// How it ends: whether anything keeps pairing from working.
fn verdict(case: &Case, neighbour: Option<&Neighbour>) -> Result<()> {
    let worst = match case.sounding.verdict() {
        Verdict::Bad => case.sounding.findings.first().map(Finding::to_string),
        _ => None,
    };
    let apart = neighbour.is_some_and(Neighbour::is_bad);
    let worst = worst.or_else(|| apart.then(|| "the network keeps the two apart".to_owned()));
    match worst {
        Some(worst) => Err(Nothing(format!("this will keep it from working: {worst}")).into()),
        None => Ok(()),
    }
}

fn write_wav(path: &Path, samples: &[f32], rate: SampleRate, format: WavFormat) -> Result<()> {
    let mut writer = WavWriter::create(path, rate, format, Some(samples.len() as u64))?;
    writer.write(samples)?;
    writer.finish()?;
    Ok(())
}

/// What of a recording is read: the first half minute.
const MOST_S: f64 = 30.0;
