//! What may be the cause that nothing was decoded: its figures, its words, and what to do.

use std::fmt;

use crate::units::{Decibels, Hertz, fixed};

/// A cause, with its figures. [`fmt::Display`] says it in a few words that complete "nothing was
/// decoded: ".
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// There were no samples.
    Empty,
    /// The recording is shorter than the shortest burst.
    TooShort {
        /// How long it is.
        seconds: f64,
        /// How long a burst is at least.
        needed_s: f64,
    },
    /// Every sample is zero.
    Silence {
        /// For how long.
        seconds: f64,
    },
    /// Samples that are not numbers.
    NotNumbers {
        /// Their part of all samples, `0..=1`.
        share: f64,
    },
    /// Sound so quiet that the converter's own noise covers a burst.
    TooQuiet {
        /// The loudest that was heard, in dB against full scale.
        level_dbfs: f64,
        /// By how much it should be louder.
        missing: Decibels,
    },
    /// No burst in what was heard, and that was nothing but a steady noise.
    OnlyNoise {
        /// Its level, in dB against full scale.
        level_dbfs: f64,
        /// By how much its level goes up and down.
        steady_within: Decibels,
    },
    /// No burst in what was heard, but other sounds.
    NoBurst {
        /// The level of the quiet moments, in dB against full scale.
        quiet_dbfs: f64,
        /// The level of the loud ones.
        loud_dbfs: f64,
    },
    /// Samples cut off at full scale.
    Clipped {
        /// Their part of all samples where any are, `0..=1`.
        share: f64,
        /// By how much the sound was too loud.
        over: Decibels,
    },
    /// A part of the band does not come through.
    BandMissing {
        /// The frequency above which nothing is.
        above: Hertz,
    },
    /// Sound that is switched off and on: zeros in its middle.
    Gated {
        /// How often.
        gates: u64,
    },
    /// Short gaps: blocks that a driver lost.
    Dropouts {
        /// How many.
        gaps: u64,
    },
    /// A burst that is too weak for the noise around it.
    TooNoisy {
        /// Where it begins.
        at_s: f64,
        /// Power of its tones against the noise in their band.
        snr: Decibels,
        /// How much of it would be enough in noise alone, and 3 dB more than there was.
        needed: Decibels,
    },
    /// A burst that is loud, but smeared by echo.
    Echo {
        /// Where it begins.
        at_s: f64,
        /// Root mean square of the delays with which it arrives.
        spread_s: f64,
        /// Power of its tones against the echo between them.
        snr: Decibels,
    },
    /// A burst that is loud, and yet its tones are not clean: another burst or another sound lies
    /// over it, or something on the way damaged it.
    Damaged {
        /// Where it begins.
        at_s: f64,
        /// Power of its tones against what lies between them.
        snr: Decibels,
    },
    /// A burst from a clock, or a source in motion, that is too far off.
    Clock {
        /// Where it begins.
        at_s: f64,
        /// By how much it runs faster than ours, in parts per million.
        ppm: f64,
        /// What can be read.
        most_ppm: f64,
    },
    /// A burst that the input did not hold to its end.
    CutOff {
        /// Where it begins.
        at_s: f64,
        /// How much of it is missing, if its header told how long it is.
        missing_s: Option<f64>,
    },
    /// A burst of a kind or version that this program does not read.
    OtherVersion {
        /// Where it begins.
        at_s: f64,
    },
    /// A long message of which too little came.
    SegmentsMissing {
        /// Where it begins.
        at_s: f64,
        /// Segments that were read.
        got: usize,
        /// Segments that are needed.
        need: usize,
    },
}

impl Finding {
    /// The cause as programs know it: a name that stays.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooShort { .. } => "too-short",
            Self::Silence { .. } => "silence",
            Self::NotNumbers { .. } => "not-numbers",
            Self::TooQuiet { .. } => "too-quiet",
            Self::OnlyNoise { .. } => "only-noise",
            Self::NoBurst { .. } => "no-burst",
            Self::Clipped { .. } => "clipped",
            Self::BandMissing { .. } => "band-missing",
            Self::Gated { .. } => "gated",
            Self::Dropouts { .. } => "dropouts",
            Self::TooNoisy { .. } => "too-noisy",
            Self::Echo { .. } => "echo",
            Self::Damaged { .. } => "damaged",
            Self::Clock { .. } => "clock",
            Self::CutOff { .. } => "cut-off",
            Self::OtherVersion { .. } => "other-version",
            Self::SegmentsMissing { .. } => "segments-missing",
        }
    }

    /// Whether a burst itself shows that this is the cause, and not only that something was.
    pub(super) fn is_of_the_burst(&self) -> bool {
        matches!(
            self,
            Self::Clock { .. }
                | Self::CutOff { .. }
                | Self::BandMissing { .. }
                | Self::OtherVersion { .. }
                | Self::SegmentsMissing { .. }
        )
    }

    /// Its figures, each with a name that stays and ends in its unit.
    pub fn figures(&self) -> Vec<(&'static str, f64)> {
        let db = |decibels: Decibels| f64::from(decibels.0);
        match *self {
            Self::Empty => vec![],
            Self::TooShort { seconds, needed_s } => {
                vec![("seconds", seconds), ("needed_s", needed_s)]
            }
            Self::Silence { seconds } => vec![("seconds", seconds)],
            Self::NotNumbers { share } => vec![("share", share)],
            Self::TooQuiet {
                level_dbfs,
                missing,
            } => vec![("level_dbfs", level_dbfs), ("missing_db", db(missing))],
            Self::OnlyNoise {
                level_dbfs,
                steady_within,
            } => vec![
                ("level_dbfs", level_dbfs),
                ("steady_within_db", db(steady_within)),
            ],
            Self::NoBurst {
                quiet_dbfs,
                loud_dbfs,
            } => vec![("quiet_dbfs", quiet_dbfs), ("loud_dbfs", loud_dbfs)],
            Self::Clipped { share, over } => vec![("share", share), ("over_db", db(over))],
            Self::BandMissing { above } => vec![("above_hz", above.0)],
            Self::Gated { gates } => vec![("gates", gates as f64)],
            Self::Dropouts { gaps } => vec![("gaps", gaps as f64)],
            Self::TooNoisy { at_s, snr, needed } => vec![
                ("at_s", at_s),
                ("snr_db", db(snr)),
                ("needed_db", db(needed)),
            ],
            Self::Echo {
                at_s,
                spread_s,
                snr,
            } => vec![("at_s", at_s), ("spread_s", spread_s), ("snr_db", db(snr))],
            Self::Damaged { at_s, snr } => vec![("at_s", at_s), ("snr_db", db(snr))],
            Self::Clock {
                at_s,
                ppm,
                most_ppm,
            } => vec![("at_s", at_s), ("ppm", ppm), ("most_ppm", most_ppm)],
            Self::CutOff { at_s, missing_s } => std::iter::once(("at_s", at_s))
                .chain(missing_s.map(|missing| ("missing_s", missing)))
                .collect(),
            Self::OtherVersion { at_s } => vec![("at_s", at_s)],
            Self::SegmentsMissing { at_s, got, need } => {
                vec![("at_s", at_s), ("got", got as f64), ("need", need as f64)]
            }
        }
    }

    /// What to do about it, in one sentence of at most 76 characters.
    pub fn advice(&self) -> String {
        match self {
            Self::Empty => "Check what made the recording.".to_owned(),
            Self::TooShort { .. } => "Record from before the sound until after it.".to_owned(),
            Self::Silence { .. } => {
                "Unmute the microphone, allow its use, or choose another one.".to_owned()
            }
            Self::NotNumbers { .. } => "Check the program or driver that made them.".to_owned(),
            Self::TooQuiet { missing, .. } => {
                format!(
                    "Turn the recording level up by about {:.0} dB.",
                    fixed(missing.0)
                )
            }
            Self::OnlyNoise { .. } => {
                "Check that the other side plays, and that this microphone hears it.".to_owned()
            }
            Self::NoBurst { .. } => {
                "Check that the other side plays, loud enough to stand out of this.".to_owned()
            }
            Self::Clipped { over, .. } => {
                format!(
                    "Turn the recording level down by about {:.0} dB.",
                    fixed(over.0)
                )
            }
            Self::BandMissing { above } if above.0 < PHONE_ENDS => {
                "Use a plain microphone: no phone line, no Bluetooth headset.".to_owned()
            }
            Self::BandMissing { .. } => {
                "Use a plain microphone without headset codec or noise suppression.".to_owned()
            }
            Self::Gated { .. } => {
                "Switch off noise suppression and voice clarity in the sound settings.".to_owned()
            }
            Self::Dropouts { .. } => {
                "Close what keeps the machine busy, or record at a larger buffer.".to_owned()
            }
            Self::TooNoisy { snr, needed, .. } => format!(
                "Turn the loudspeaker up by {:.0} dB, move closer, or play more passes.",
                fixed(needed.0 - snr.0)
            ),
            Self::Echo { .. } => {
                "Move closer, away from bare walls, or play more passes.".to_owned()
            }
            Self::Damaged { .. } => "Play it again, with more passes, one at a time.".to_owned(),
            Self::Clock { .. } => {
                "Hold still, and play and record at the speed it was made for.".to_owned()
            }
            Self::CutOff { .. } => "Keep recording until the sound has ended.".to_owned(),
            Self::OtherVersion { .. } => {
                "Use the same version of the program on both sides.".to_owned()
            }
            Self::SegmentsMissing { .. } => {
                "Play more passes: each fills what is still missing.".to_owned()
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("there are no samples"),
            Self::TooShort { seconds, needed_s } => write!(
                f,
                "{seconds:.2} s are too short: the shortest burst takes {needed_s:.2} s",
                seconds = fixed(seconds),
                needed_s = fixed(needed_s)
            ),
            Self::Silence { .. } => f.write_str("every sample is zero"),
            Self::NotNumbers { share } => {
                write!(f, "{} of the samples are not numbers", percent(share))
            }
            Self::TooQuiet { level_dbfs, .. } => {
                write!(
                    f,
                    "next to silence, {level_dbfs:.0} dBFS at the loudest",
                    level_dbfs = fixed(level_dbfs)
                )
            }
            Self::OnlyNoise { level_dbfs, .. } => {
                write!(
                    f,
                    "no burst, only a steady noise at {level_dbfs:.0} dBFS",
                    level_dbfs = fixed(level_dbfs)
                )
            }
            Self::NoBurst {
                quiet_dbfs,
                loud_dbfs,
            } => write!(
                f,
                "other sounds, from {quiet_dbfs:.0} to {loud_dbfs:.0} dBFS, but no burst",
                quiet_dbfs = fixed(quiet_dbfs),
                loud_dbfs = fixed(loud_dbfs)
            ),
            Self::Clipped { share, over } => write!(
                f,
                "{} of the samples are cut off at their peaks, about {:.0} dB too loud",
                percent(share),
                fixed(over.0)
            ),
            Self::BandMissing { above } => {
                let way = match above.0 {
                    hertz if hertz < PHONE_ENDS => ", as on a phone line",
                    hertz if hertz < HEADSET_ENDS => ", as from a Bluetooth headset",
                    _ => "",
                };
                write!(
                    f,
                    "nothing comes through above {:.1} kHz{way}",
                    fixed(above.0 / 1e3)
                )
            }
            Self::Gated { gates } => {
                write!(
                    f,
                    "the sound is switched off and on, {gates} times, as noise suppression does"
                )
            }
            Self::Dropouts { gaps } => write!(f, "{gaps} short gaps in the sound, lost on the way"),
            Self::TooNoisy { at_s, snr, needed } => write!(
                f,
                "the burst at {at_s:.2} s is too weak: SNR {:.0} dB, about {:.0} dB are needed",
                fixed(snr.0),
                fixed(needed.0),
                at_s = fixed(at_s)
            ),
            Self::Echo { at_s, spread_s, .. } => write!(
                f,
                "the burst at {at_s:.2} s is lost in its echo, spread over {:.0} ms",
                fixed(spread_s * 1e3),
                at_s = fixed(at_s)
            ),
            Self::Damaged { at_s, .. } => write!(
                f,
                "the burst at {at_s:.2} s is damaged: another burst or sound lies over it",
                at_s = fixed(at_s)
            ),
            Self::Clock {
                at_s,
                ppm,
                most_ppm,
            } => write!(
                f,
                "the burst at {at_s:.2} s runs {:.2} % too {}; up to {:.2} % can be read",
                fixed(ppm.abs() / 1e4),
                if ppm > 0.0 { "fast" } else { "slow" },
                fixed(most_ppm / 1e4),
                at_s = fixed(at_s)
            ),
            Self::CutOff {
                at_s,
                missing_s: None,
            } => write!(
                f,
                "the burst at {at_s:.2} s is cut off: the sound ended before it",
                at_s = fixed(at_s)
            ),
            Self::CutOff {
                at_s,
                missing_s: Some(missing),
            } => write!(
                f,
                "the burst at {at_s:.2} s is cut off: the sound ended {missing:.2} s before it",
                at_s = fixed(at_s),
                missing = fixed(missing)
            ),
            Self::OtherVersion { at_s } => write!(
                f,
                "the burst at {at_s:.2} s is of a version that this program does not read",
                at_s = fixed(at_s)
            ),
            Self::SegmentsMissing { at_s, got, need } => write!(
                f,
                "of the long message at {at_s:.2} s came {got} segments, {need} are needed",
                at_s = fixed(at_s)
            ),
        }
    }
}

/// Below this a band that ends, ends as telephones do (ITU-T G.711: 3.4 kHz, at 8000 samples a
/// second 4 kHz at most); a burst tells its band in steps of half a kilohertz.
const PHONE_ENDS: f64 = 5_000.0;
/// And below this, as voice does at 16,000 samples a second (mSBC of the hands-free profile).
const HEADSET_ENDS: f64 = 8_200.0;

fn percent(share: f64) -> String {
    match share * 100.0 {
        share if share < 1.0 => format!("{share:.1} %", share = fixed(share)),
        share => format!("{share:.0} %", share = fixed(share)),
    }
}
