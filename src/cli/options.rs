//! Options that several commands share.

use std::time::Duration;

use airshake::medium::sound::{Ends, SoundOptions};
use airshake::modem::Profile;
use airshake::units::SampleRate;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// The profile to send or listen in.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProfileOption {
    /// Band and waveform; both sides must use the same
    #[arg(long, value_name = "NAME", default_value = Profile::AUDIBLE.name, value_parser = profile())]
    pub(crate) profile: &'static Profile,
}

/// Which microphone.
#[derive(Clone, Debug, Args)]
pub(crate) struct MicrophoneOption {
    /// Microphone to listen with: a name, or a part of one (see `airshake devices`)
    #[arg(long, value_name = "NAME")]
    input: Option<String>,
}

/// Which loudspeaker, and how loud.
#[derive(Clone, Debug, Args)]
pub(crate) struct LoudspeakerOption {
    /// Loudspeaker to play on: a name, or a part of one (see `airshake devices`)
    #[arg(long, value_name = "NAME")]
    output: Option<String>,

    /// How loud to play, on top of the system's own volume: from 0 to 100
    #[arg(long, value_name = "PERCENT", default_value_t = 80,
          value_parser = clap::value_parser!(u8).range(0..=100))]
    volume: u8,
}

/// The air, for listening only.
pub(crate) fn ear(microphone: &MicrophoneOption, profile: &'static Profile) -> SoundOptions {
    SoundOptions {
        input: microphone.input.clone(),
        profile,
        ends: Ends::Ear,
        ..SoundOptions::default()
    }
}

/// The air, for speaking only.
pub(crate) fn mouth(loudspeaker: &LoudspeakerOption, profile: &'static Profile) -> SoundOptions {
    SoundOptions {
        output: loudspeaker.output.clone(),
        volume: f32::from(loudspeaker.volume) / 100.0,
        profile,
        ends: Ends::Mouth,
        ..SoundOptions::default()
    }
}

/// The air, for both.
pub(crate) fn both(
    microphone: &MicrophoneOption,
    loudspeaker: &LoudspeakerOption,
    profile: &'static Profile,
) -> SoundOptions {
    SoundOptions {
        input: microphone.input.clone(),
        ends: Ends::Both,
        ..mouth(loudspeaker, profile)
    }
}

/// Silence between two passes: long enough for the echo of a large room to fade.
pub(crate) const GAP: Duration = Duration::from_millis(300);

fn profile() -> impl TypedValueParser<Value = &'static Profile> {
    PossibleValuesParser::new(Profile::ALL.iter().map(|p| p.name))
        .try_map(|name| Profile::by_name(&name).ok_or("no such profile"))
}

/// The sample rates that are written.
pub(crate) fn rate() -> impl TypedValueParser<Value = SampleRate> {
    PossibleValuesParser::new(["44100", "48000", "96000"])
        .try_map(|rate| rate.parse().map(SampleRate))
}

/// A time in seconds, with or without a fraction.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    // A year is forever here, and no float that is larger can do harm.
    if (0.0..=31_536_000.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("from 0 to 31536000 seconds".to_owned())
    }
}
