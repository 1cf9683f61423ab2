//! What may be wrong with a way: its figures, its words, and what to do.

use std::fmt;

use crate::units::Hertz;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As it should be.
    Fine,
    /// It may keep the modem from working somewhere, or costs reach.
    Doubtful,
    /// It keeps the modem from working.
    Bad,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fine => "ok",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        })
    }
}

/// What a finding is about, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// Whether the sound arrives at all.
    Sound,
    /// How loud it is: clipping, distortion.
    Level,
    /// What else there is to hear.
    Noise,
    /// Which frequencies come through.
    Response,
    /// What the modem would make of it.
    Reach,
    /// How the sound dies away.
    Echo,
    /// Whose clock runs faster.
    Clock,
    /// Whether pieces are lost.
    Gaps,
    /// Whether somebody works on the signal.
    Processing,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 9] = [
        Self::Sound,
        Self::Level,
        Self::Noise,
        Self::Response,
        Self::Reach,
        Self::Echo,
        Self::Clock,
        Self::Gaps,
        Self::Processing,
    ];

    /// As programs know it: a name that stays.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Level => "level",
            Self::Noise => "noise",
            Self::Response => "response",
            Self::Reach => "reach",
            Self::Echo => "echo",
            Self::Clock => "clock",
            Self::Gaps => "gaps",
            Self::Processing => "processing",
        }
    }
}

/// Something that is not as it should be. [`fmt::Display`] says it in a few words.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// There are no samples.
    Empty,
    /// The recording is too short to hold two sweeps.
    TooShort {
        /// How long it is.
        seconds: f64,
        /// How long it should be.
        needed_s: f64,
    },
    /// Samples that are not numbers.
    NotNumbers {
        /// Their part of all samples, `0..=1`.
        share: f64,
    },
    /// Every sample is zero.
    Silent,
    /// The sweeps are not in the recording.
    NotHeard {
        /// The level of what is there instead, in dB against full scale.
        level_dbfs: f64,
    },
    /// This computer takes its own sound out of what its microphone hears: of the sweeps there are
    /// only pieces, or nothing and even less noise than before. So nothing can be said of the way.
    EchoCancelled {
        /// By how many decibels.
        fell_db: f64,
    },
    /// The recording ends before the sound does.
    CutOff {
        /// How much is missing.
        missing_s: f64,
    },
    /// Somebody else's sounding lies over this one.
    Disturbed {
        /// Where it begins.
        at_s: f64,
    },
    /// Samples cut off at the top.
    Clipped {
        /// By how much the sound was too loud, in decibels.
        over_db: f64,
    },
    /// Loudspeaker or amplifier bend the sound.
    Distorted {
        /// Root mean square of the harmonics against the sweep, `0..`.
        share: f64,
    },
    /// Sound so quiet that the converter's own noise covers it.
    TooQuiet {
        /// The peak of the sweeps in dB against full scale.
        peak_dbfs: f64,
    },
    /// Nothing comes through above some frequency.
    BandLimited {
        /// Which.
        above: Hertz,
    },
    /// Holes in the response.
    Holes {
        /// Their part of the modem's band, `0..=1`.
        share: f64,
    },
    /// The modem works, but only as near as this.
    Near {
        /// By how many decibels the sound may become weaker.
        spare_db: f64,
    },
    /// The sound is too weak for the noise.
    TooNoisy {
        /// By how many decibels.
        missing_db: f64,
    },
    /// Echo that the modem can hardly bear.
    LongEcho {
        /// The signal against its own echo, in decibels.
        echo_db: f64,
    },
    /// The clocks disagree by more than clocks do.
    ClockOff {
        /// By how much the player's runs faster, in parts per million.
        ppm: f64,
    },
    /// Between the two sweeps pieces were lost or put in.
    Slipped {
        /// How much later the second came than it should, in milliseconds.
        by_ms: f64,
    },
    /// Zeros in the middle of the sound.
    Gaps {
        /// How many.
        gaps: u64,
    },
    /// The two sweeps, which are the same, did not arrive the same.
    Unsteady {
        /// What they have in common against what they differ in, in decibels.
        agreement_db: f64,
    },
    /// A steady sound is taken away.
    NoiseSuppressed {
        /// By how many decibels.
        sunk_db: f64,
    },
    /// The level changes on its own.
    GainControlled {
        /// By how many decibels.
        by_db: f64,
    },
}

impl Finding {
    /// The finding as programs know it: a name that stays.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooShort { .. } => "too-short",
            Self::NotNumbers { .. } => "not-numbers",
            Self::Silent => "silence",
            Self::NotHeard { .. } => "not-heard",
            Self::EchoCancelled { .. } => "echo-cancelled",
            Self::CutOff { .. } => "cut-off",
            Self::Disturbed { .. } => "disturbed",
            Self::Clipped { .. } => "clipped",
            Self::Distorted { .. } => "distorted",
            Self::TooQuiet { .. } => "too-quiet",
            Self::BandLimited { .. } => "band-missing",
            Self::Holes { .. } => "holes",
            Self::Near { .. } => "near",
            Self::TooNoisy { .. } => "too-noisy",
            Self::LongEcho { .. } => "echo",
            Self::ClockOff { .. } => "clock",
            Self::Slipped { .. } => "slipped",
            Self::Gaps { .. } => "dropouts",
            Self::Unsteady { .. } => "unsteady",
            Self::NoiseSuppressed { .. } => "noise-suppressed",
            Self::GainControlled { .. } => "gain-controlled",
        }
    }

    /// What it is about.
    pub fn topic(&self) -> Topic {
        match self {
            Self::Empty
            | Self::TooShort { .. }
            | Self::NotNumbers { .. }
            | Self::Silent
            | Self::NotHeard { .. }
            | Self::CutOff { .. }
            | Self::Disturbed { .. } => Topic::Sound,
            Self::Clipped { .. } | Self::Distorted { .. } | Self::TooQuiet { .. } => Topic::Level,
            Self::BandLimited { .. } | Self::Holes { .. } => Topic::Response,
            Self::Near { .. } | Self::TooNoisy { .. } => Topic::Reach,
            Self::LongEcho { .. } => Topic::Echo,
            Self::ClockOff { .. } => Topic::Clock,
            Self::Slipped { .. } | Self::Gaps { .. } => Topic::Gaps,
            Self::Unsteady { .. }
            | Self::EchoCancelled { .. }
            | Self::NoiseSuppressed { .. }
            | Self::GainControlled { .. } => Topic::Processing,
        }
    }

    /// How bad it is.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Empty
            | Self::TooShort { .. }
            | Self::Silent
            | Self::NotHeard { .. }
            | Self::TooNoisy { .. }
            | Self::LongEcho { .. } => Verdict::Bad,
            Self::NotNumbers { share } if *share > 0.5 => Verdict::Bad,
            _ => Verdict::Doubtful,
        }
    }

    /// Its figures, each with a name that stays and ends in its unit.
    pub fn figures(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Self::Empty | Self::Silent => vec![],
            Self::TooShort { seconds, needed_s } => {
                vec![("seconds", seconds), ("needed_s", needed_s)]
            }
            Self::NotNumbers { share } | Self::Holes { share } | Self::Distorted { share } => {
                vec![("share", share)]
            }
            Self::NotHeard { level_dbfs } => vec![("level_dbfs", level_dbfs)],
            Self::EchoCancelled { fell_db } => vec![("fell_db", fell_db)],
            Self::CutOff { missing_s } => vec![("missing_s", missing_s)],
            Self::Disturbed { at_s } => vec![("at_s", at_s)],
            Self::Clipped { over_db } => vec![("over_db", over_db)],
            Self::TooQuiet { peak_dbfs } => vec![("peak_dbfs", peak_dbfs)],
            Self::BandLimited { above } => vec![("above_hz", above.0)],
            Self::Near { spare_db } => vec![("spare_db", spare_db)],
            Self::TooNoisy { missing_db } => vec![("missing_db", missing_db)],
            Self::LongEcho { echo_db } => vec![("echo_db", echo_db)],
            Self::ClockOff { ppm } => vec![("ppm", ppm)],
            Self::Slipped { by_ms } => vec![("by_ms", by_ms)],
            Self::Gaps { gaps } => vec![("gaps", gaps as f64)],
            Self::Unsteady { agreement_db } => vec![("agreement_db", agreement_db)],
            Self::NoiseSuppressed { sunk_db } => vec![("sunk_db", sunk_db)],
            Self::GainControlled { by_db } => vec![("by_db", by_db)],
        }
    }

    /// What to do about it, in one sentence of at most 76 characters.
    pub fn advice(&self) -> String {
        match self {
            Self::Empty => "Check what made the recording.",
            Self::TooShort { .. } | Self::CutOff { .. } => {
                "Record from before the sound until after it."
            }
            Self::NotNumbers { .. } => "Check the program or driver that made them.",
            Self::Silent => "Unmute the microphone, allow its use, or choose another one.",
            Self::NotHeard { .. } => {
                "Unmute the loudspeaker and turn it up, or choose another pair."
            }
            Self::EchoCancelled { .. } => {
                "Turn it off to measure the room, or run this on both computers."
            }
            Self::Disturbed { .. } => "Wait until the other sound is over, and run it again.",
            Self::Clipped { over_db } => {
                return format!("Turn the recording level down by about {over_db:.0} dB.");
            }
            Self::Distorted { .. } => "Turn the loudspeaker's volume down.",
            Self::TooQuiet { .. } => "Turn the loudspeaker or the recording level up.",
            Self::BandLimited { above } if above.0 < PHONE_ENDS => {
                "Use a plain microphone: no phone line, no Bluetooth headset."
            }
            Self::BandLimited { .. } => {
                "Use a plain microphone without headset codec or noise suppression."
            }
            Self::Holes { .. } => "Try another loudspeaker, or move it away from the wall.",
            Self::Near { .. } => "Turn the volume up, stay near, or make it quieter around.",
            Self::TooNoisy { .. } => "Turn the volume up, go nearer, or make it quieter around.",
            Self::LongEcho { .. } => "Go nearer, or to a place with carpets and curtains.",
            Self::ClockOff { .. } => "Use the recording at the rate it was made at.",
            Self::Slipped { .. } | Self::Gaps { .. } => {
                "Close other programs; choose another device if it stays so."
            }
            Self::Unsteady { .. } => "Keep both still; turn sound effects off.",
            Self::NoiseSuppressed { .. } => "Turn noise suppression of the microphone off.",
            Self::GainControlled { .. } => "Turn automatic gain of the microphone off.",
        }
        .to_owned()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "there are no samples"),
            Self::TooShort { seconds, needed_s } => write!(
                f,
                "{seconds:.1} s are too short to hold the sound of {needed_s:.1} s"
            ),
            Self::NotNumbers { share } => {
                write!(f, "{:.0} % of the samples are no numbers", 100.0 * share)
            }
            Self::Silent => write!(f, "every sample is zero"),
            Self::NotHeard { level_dbfs } => {
                write!(f, "not heard, only something else at {level_dbfs:.0} dBFS")
            }
            Self::EchoCancelled { fell_db } => {
                write!(
                    f,
                    "echo cancellation takes the own sound away, by {fell_db:.0} dB"
                )
            }
            Self::CutOff { missing_s } => write!(f, "its last {missing_s:.1} s are missing"),
            Self::Disturbed { at_s } => {
                write!(f, "another computer's sweeps lie over it, from {at_s:.1} s")
            }
            Self::Clipped { over_db } => {
                write!(f, "peaks are cut off, {over_db:.0} dB too loud")
            }
            Self::Distorted { share } => write!(f, "distorted by {:.0} %", 100.0 * share),
            Self::TooQuiet { peak_dbfs } => write!(f, "only {peak_dbfs:.0} dBFS arrive"),
            Self::BandLimited { above } => {
                write!(f, "nothing comes through above {:.1} kHz", above.0 / 1000.0)
            }
            Self::Holes { share } => {
                write!(f, "holes in {:.0} % of the modem's band", 100.0 * share)
            }
            Self::Near { spare_db } => {
                write!(f, "only {spare_db:.0} dB to spare for a greater distance")
            }
            Self::TooNoisy { missing_db } => {
                write!(f, "{missing_db:.0} dB too weak for the noise and the echo")
            }
            Self::LongEcho { echo_db } => {
                write!(f, "only {echo_db:.0} dB above its own echo")
            }
            Self::ClockOff { ppm } => write!(f, "off by {ppm:+.0} ppm"),
            Self::Slipped { by_ms } if *by_ms < 0.0 => {
                write!(f, "{:.1} ms were lost between the sweeps", -by_ms)
            }
            Self::Slipped { by_ms } => {
                write!(f, "{by_ms:.1} ms were put in between the sweeps")
            }
            Self::Gaps { gaps: 1 } => write!(f, "one gap of silence in the sound"),
            Self::Gaps { gaps } => write!(f, "{gaps} gaps of silence in the sound"),
            Self::Unsteady { agreement_db } => write!(
                f,
                "the same sound arrives differently twice ({agreement_db:.0} dB alike)"
            ),
            Self::NoiseSuppressed { sunk_db } => {
                write!(
                    f,
                    "noise suppression takes steady sound down by {sunk_db:.0} dB"
                )
            }
            Self::GainControlled { by_db } => {
                write!(f, "automatic gain changes the level by {by_db:.0} dB")
            }
        }
    }
}

/// Telephones and their headsets end below this, in hertz.
const PHONE_ENDS: f64 = 5_000.0;
