//! Profiles: the modes of the modem as rows of data.

use crate::samples::Chirp;
use crate::tones::Plan;
use crate::units::{Hertz, SampleRate};

/// A published mode of the modem. Lengths are in samples at 48 kHz.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// The name people type.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub purpose: &'static str,
    /// Where the tones lie.
    pub plan: Plan,
    /// Samples of a symbol's body at 48 kHz, a period of the tones' spacing.
    pub body: usize,
    /// Samples of the guard before it.
    pub guard: usize,
    /// The preamble.
    pub chirp: Chirp,
    /// The rate at which a receiver works: a divisor of 48 kHz that holds the band.
    pub receiver_rate: SampleRate,
    /// The lowest sample rate that carries enough of the band to be read.
    pub lowest_rate: SampleRate,
}

impl Profile {
    /// Laptop to laptop across a room: 600 to 9000 Hz. Wire version 0.
    ///
    /// Long symbols beat echo at no cost in rate. 6144 samples (128 ms, 7.8 Hz spacing) lose
    /// little to 8192 in a hall, and stay orthogonal under a hand that moves; the finer step in
    /// air time is worth more: 33 bytes fit two symbols, 64 bytes three.
    pub const AUDIBLE: Self = Self {
        name: "audible",
        purpose: "laptop to laptop across a room, 0.6 to 9 kHz",
        plan: Plan {
            spacing: Hertz(7.8125),
            first_bin: 77,
            groups: 268,
        },
        body: 6144,
        guard: 768,
        chirp: Chirp {
            from: Hertz(600.0),
            to: Hertz(9000.0),
            seconds: 0.064,
        },
        receiver_rate: SampleRate(24_000),
        lowest_rate: SampleRate(16_000),
    };

    /// Every profile.
    pub const ALL: &'static [&'static Self] = &[&Self::AUDIBLE];

    /// The profile of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|profile| profile.name == name)
    }

    /// A length at 48 kHz in samples at the receiver's rate.
    pub(super) fn at_receiver_rate(&self, samples: usize) -> usize {
        samples * self.receiver_rate.0 as usize / SampleRate::HZ_48000.0 as usize
    }
}
