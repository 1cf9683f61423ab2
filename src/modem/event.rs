//! What a receiver reports.

use crate::units::{Decibels, Hertz};

/// Something the receiver noticed. Positions are sample indices of its own input, counted from
/// the first sample ever pushed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A preamble stands out of the noise. Most are followed by [`Event::Header`]; one that is
    /// not was a false alarm, or what [`Event::Unread`] tells of.
    Carrier {
        /// First sample of the preamble.
        at: u64,
        /// How far the preamble stands above the noise around it.
        level: Decibels,
    },
    /// A header passed its checksum: a message is on its way.
    Header {
        /// First sample of the preamble.
        at: u64,
        /// Name of the profile it is in.
        profile: &'static str,
        /// Length of the whole message in bytes, if this header tells it.
        bytes: Option<usize>,
        /// Which pass of the message this is, `0..8`; it counts on modulo 8.
        pass: u8,
        /// The sample at which the burst will be complete.
        until: u64,
    },
    /// A segment of a long message was read.
    Segment {
        /// First sample of its preamble.
        at: u64,
        /// Segments of the message that were read so far.
        got: usize,
        /// Segments that are enough.
        need: usize,
    },
    /// A burst could not be read alone; it is kept, and further passes of its message add to it.
    Kept {
        /// First sample of its preamble.
        at: u64,
        /// Which pass of the message it is, `0..8`.
        pass: u8,
        /// How many passes of the message are kept by now.
        passes: u32,
        /// Signal-to-noise ratio in the band, as far as it could be told.
        snr: Decibels,
    },
    /// A message, complete and checked.
    Message(Heard),
    /// A preamble was seen, but what followed could not be read by itself: how it looked. Noise
    /// does this now and then; [`super::Diagnosis`] weighs it.
    Unread(Unread),
    /// Something had a header but its data could not be recovered. Of a message whose passes were
    /// kept it is said once, when nothing has been added to it for a minute or the input ends.
    Lost {
        /// First sample of its first preamble.
        at: u64,
        /// Name of the profile it came in.
        profile: &'static str,
        /// Why.
        reason: Loss,
        /// Signal-to-noise ratio in the band, as far as it could be told.
        snr: Decibels,
    },
}

/// A message, with what is known about how it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// First sample of the first preamble that was used.
    pub at: u64,
    /// One past the last sample that was needed.
    pub end: u64,
    /// The payload, `0..=65536` bytes.
    pub payload: Vec<u8>,
    /// Name of the profile it came in.
    pub profile: &'static str,
    /// How many passes of the message were used.
    pub passes: u32,
    /// Power of the tones against the noise in their band.
    pub snr: Decibels,
    /// By how much the sender's clock runs faster than ours, in parts per million.
    pub clock_ppm: f32,
}

/// What a burst looked like that could not be read. The figures are taken from its preamble and
/// its first symbol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unread {
    /// First sample of the preamble.
    pub at: u64,
    /// Whether at least its header could be read.
    pub header: bool,
    /// Whether the input ended before it did.
    pub cut_off: bool,
    /// Power in the band against the time just before the preamble; `None` where the input did
    /// not reach back so far. -99 to 99 dB.
    pub above: Option<Decibels>,
    /// Power of the tones against what lies between them in their band, noise, echo or
    /// distortion. -99 to 99 dB. Below about -6 dB it is a guess, and too high.
    pub snr: Decibels,
    /// How clearly there are tones at all, in standard deviations above what chance gives: 5 and
    /// more is sure, less may be any sound.
    pub sigmas: f32,
    /// By how much the sender's clock seems to run faster than ours, in parts per million, within
    /// +-6000.
    pub clock_ppm: f32,
    /// Root mean square of the delays with which the preamble arrived within 20 ms, in seconds:
    /// about 3 ms where there is no echo.
    pub spread_s: f32,
    /// The lowest and the highest frequency at which tones stand out; `None` if none does.
    pub band: Option<(Hertz, Hertz)>,
}

/// Why a burst whose header was read gave no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// The soft bits did not lead to a codeword, or the codeword failed its checksum.
    Unreadable {
        /// Passes that were heard and added up.
        passes: u32,
    },
    /// The input ended before the burst did.
    CutOff,
    /// A long message ended with too many of its segments missing.
    SegmentsMissing {
        /// Segments that were read.
        got: usize,
        /// Segments that are needed.
        need: usize,
    },
    /// The header announces something this version does not read.
    Unsupported,
}
