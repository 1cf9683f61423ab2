//! Options that several commands share.

use std::time::Duration;

use airshake::medium::sound::{Ends, SoundOptions};
use airshake::modem::Profile;
use airshake::units::SampleRate;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// The profile to send in.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProfileOption {
    /// Band and waveform; whoever listens recognises it
    #[arg(long, value_name = "NAME", default_value = Profile::AUDIBLE.name, value_parser = profile())]
    pub(crate) profile: &'static Profile,
}

/// The profiles to listen for.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProfilesOption {
    /// Listen only for this band and waveform, instead of for all of them
    #[arg(long, value_name = "NAME", value_parser = profile())]
    profile: Option<&'static Profile>,
}

impl ProfilesOption {
    pub(crate) fn profiles(&self) -> &'static [&'static Profile] {
        self.profile.map_or(Profile::ALL, Profile::alone)
    }
}

/// The profile to pair in.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PairProfileOption {
    /// Pair only in this band and waveform. Without it: offers are made in `audible`, understood
    /// in all, and answered in their own
    #[arg(long, value_name = "NAME", value_parser = profile())]
    profile: Option<&'static Profile>,
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

impl MicrophoneOption {
    /// The name that was given.
    pub(crate) fn name(&self) -> Option<&str> {
        self.input.as_deref()
    }
}

impl LoudspeakerOption {
    /// The name that was given.
    pub(crate) fn name(&self) -> Option<&str> {
        self.output.as_deref()
    }

    /// How loud, in percent.
    pub(crate) fn percent(&self) -> u8 {
        self.volume
    }

    /// How loud, as the largest magnitude of a sample.
    pub(crate) fn amplitude(&self) -> f32 {
        f32::from(self.volume) / 100.0
    }
}

/// The air, for listening only.
pub(crate) fn ear(microphone: &MicrophoneOption, profiles: &ProfilesOption) -> SoundOptions {
    SoundOptions {
        input: microphone.input.clone(),
        understood: profiles.profiles(),
        ends: Ends::Ear,
        ..SoundOptions::default()
    }
}

/// The air, for speaking only.
pub(crate) fn mouth(loudspeaker: &LoudspeakerOption, profile: &'static Profile) -> SoundOptions {
    SoundOptions {
        output: loudspeaker.output.clone(),
        volume: loudspeaker.amplitude(),
        profile,
        ends: Ends::Mouth,
        ..SoundOptions::default()
    }
}

/// The air, for both.
pub(crate) fn both(
    microphone: &MicrophoneOption,
    loudspeaker: &LoudspeakerOption,
    profile: &PairProfileOption,
) -> SoundOptions {
    SoundOptions {
        input: microphone.input.clone(),
        understood: profile.profile.map_or(Profile::ALL, Profile::alone),
        ends: Ends::Both,
        ..mouth(loudspeaker, profile.profile.unwrap_or(&Profile::AUDIBLE))
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
