//! A medium carries envelopes, a few bytes each, between peers who may hear each other.
//!
//! The air of a room is one; a pipe in memory or a line of text are others. A medium is anonymous
//! and lossy, and a sender may hear itself: who speaks, and whether it was heard, is for the
//! pairing above to find out.

pub mod memory;
pub mod simulated;
#[cfg(feature = "live")]
pub mod sound;
pub mod text;

mod ear;
mod inbox;
mod mouth;

pub use crate::audio::spectrum::Spectrum;
pub use ear::Reporter;

use crate::units::Decibels;

/// What carries envelopes. Nothing here blocks: a driver asks [`Medium::poll`] every few
/// milliseconds.
pub trait Medium: Send {
    /// Begins to send `envelope` (at most 64 KiB) once, instead of whatever was being sent.
    /// `pass` counts the repetitions of the same envelope from 0.
    ///
    /// # Errors
    /// [`MediumError`] if the medium cannot send at all; try again or give up.
    fn say(&mut self, envelope: &[u8], pass: u8) -> Result<(), MediumError>;

    /// Stops sending at once. Does nothing when nothing is being sent.
    fn hush(&mut self);

    /// What has happened since the last call, oldest first; `None` when there is nothing more.
    fn poll(&mut self) -> Option<Happening>;
}

impl<M: Medium + ?Sized> Medium for Box<M> {
    fn say(&mut self, envelope: &[u8], pass: u8) -> Result<(), MediumError> {
        (**self).say(envelope, pass)
    }

    fn hush(&mut self) {
        (**self).hush();
    }

    fn poll(&mut self) -> Option<Happening> {
        (**self).poll()
    }
}

/// Something that happened on a medium.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Happening {
    /// The envelope given to [`Medium::say`] has started; it will take `air_s` seconds.
    Started {
        /// Seconds from first to last sounding sample.
        air_s: f64,
    },
    /// The envelope given to [`Medium::say`] has been sent whole, or had to be given up because
    /// of a [`Happening::Trouble`]. Does not come after [`Medium::hush`].
    Finished,
    /// Somebody (perhaps we) began an envelope; it will be whole in about `for_s` seconds.
    Carrier {
        /// Seconds until the envelope ends, as far as is known.
        for_s: f64,
    },
    /// An envelope came, complete and checked. It may be our own.
    Heard {
        /// The bytes that were sent.
        envelope: Vec<u8>,
        /// Signal-to-noise ratio.
        snr: Decibels,
    },
    /// Something came that could not be read.
    Garbled,
    /// How loud it is: for a meter. Full scale is 1.
    Level {
        /// Root mean square of the last block.
        rms: f32,
        /// Largest magnitude of the last block.
        peak: f32,
    },
    /// How loud it is at each frequency: for a picture.
    Spectrum(Spectrum),
    /// How far something has come that is being heard: for a screen. What it means for others is
    /// told by [`Happening::Carrier`], [`Happening::Heard`] and [`Happening::Garbled`] as well.
    Hearing(Hearing),
    /// The medium has a problem; unless it is final it goes on by itself.
    Trouble(MediumError),
}

/// How far something has come that is being heard; perhaps it is our own.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Hearing {
    /// A preamble seems to stand out of the noise. Noise makes one now and then.
    Preamble {
        /// How far.
        above: Decibels,
    },
    /// Its header was read: an envelope is on its way.
    Header {
        /// Its length, if this header tells.
        bytes: Option<usize>,
        /// Which pass of it this is, `0..8`; it counts on modulo 8.
        pass: u8,
        /// Seconds until this pass ends.
        for_s: f64,
    },
    /// A part of a long envelope was read.
    Part {
        /// Parts that were read so far.
        got: usize,
        /// Parts that are enough.
        need: usize,
    },
    /// A pass that could not be read alone is kept; further ones add to it.
    Kept {
        /// How many are kept by now.
        passes: u32,
        /// Signal-to-noise ratio of this one.
        snr: Decibels,
    },
}

/// What can be wrong with a medium.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediumError {
    /// The envelope is larger than the medium carries.
    #[error("envelope of {got} bytes does not fit: at most {max}")]
    TooLong {
        /// Bytes given.
        got: usize,
        /// Bytes that fit.
        max: usize,
    },
    /// A device is gone or does not work; in words, with what to do.
    #[error("{0}")]
    Device(String),
    /// The medium is closed and will not come back.
    #[error("the medium is closed")]
    Closed,
}
