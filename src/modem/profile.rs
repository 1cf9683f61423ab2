//! Profiles: the modes of the modem as rows of data.

use crate::bits::Header;
use crate::samples::Chirp;
use crate::tones::Plan;
use crate::units::{Hertz, SampleRate};

/// How frames are cut into tones, symbols and coded bits. Lengths are in samples at 48 kHz.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    /// Where the tones lie.
    pub plan: Plan,
    /// Samples of a symbol's body at 48 kHz, a period of the tones' spacing.
    pub body: usize,
    /// Samples of the guard before it.
    pub guard: usize,
    /// Coded bits of data that a message of one frame gets at least, `.0` for `.1` information
    /// bits.
    pub expansion: (usize, usize),
}

/// Which of a profile's two formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Many tones at a time: fast where there is signal.
    Normal,
    /// Few strong tones at a time: slow, and read far below the noise.
    Deep,
}

/// A published mode of the modem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// The name people type.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub purpose: &'static str,
    /// The format of most passes.
    pub normal: Format,
    /// The format of the passes in `deep_passes`.
    pub deep: Format,
    /// Bit `p` is set if pass `p` of a loop goes out in the deep format. The segments of long
    /// messages never do.
    pub deep_passes: u8,
    /// The preamble, the same for both formats.
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
    /// air time is worth more: 33 bytes fit two symbols, 64 bytes three. At an expansion of 2.3
    /// the 41 bytes of a packed WebRTC description just fit two symbols.
    ///
    /// Deep, a sixteenth of the tones share the power: where one is read, a normal pass would need
    /// several decibels more. At an expansion of 5/3, 64 bytes just fit twelve symbols.
    pub const AUDIBLE: Self = Self {
        name: "audible",
        purpose: "laptop to laptop across a room, 0.6 to 9 kHz",
        normal: Format {
            plan: Plan {
                spacing: Hertz(7.8125),
                first_bin: 77,
                groups: 268,
                bits_per_tone: 2,
            },
            body: 6144,
            guard: 768,
            expansion: (23, 10),
        },
        deep: Format {
            plan: Plan {
                spacing: Hertz(7.8125),
                first_bin: 101,
                groups: 16,
                bits_per_tone: 6,
            },
            body: 6144,
            guard: 768,
            expansion: (5, 3),
        },
        deep_passes: 1 << 4 | 1 << 6,
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

    /// Which format a pass of a message of one frame goes out in.
    pub const fn depth(&self, pass: u8) -> Depth {
        if self.deep_passes >> (pass % 8) & 1 == 1 {
            Depth::Deep
        } else {
            Depth::Normal
        }
    }

    /// The format of a pass of a message of one frame.
    pub const fn format(&self, pass: u8) -> &Format {
        self.at_depth(self.depth(pass))
    }

    /// The format of that depth.
    pub const fn at_depth(&self, depth: Depth) -> &Format {
        match depth {
            Depth::Normal => &self.normal,
            Depth::Deep => &self.deep,
        }
    }

    /// The lowest and the highest tone of either format.
    pub fn band(&self) -> (Hertz, Hertz) {
        let (normal, deep) = (self.normal.plan.band(), self.deep.plan.band());
        (
            Hertz(normal.0.0.min(deep.0.0)),
            Hertz(normal.1.0.max(deep.1.0)),
        )
    }

    /// Which format the frame behind a header goes out in.
    pub(super) const fn depth_of(&self, header: &Header) -> Depth {
        if header.segmented {
            Depth::Normal
        } else {
            self.depth(header.pass)
        }
    }

    /// How many passes of the same message and format went out before that of `header` in its loop.
    pub(super) fn turn_of(&self, header: &Header) -> usize {
        let depth = self.depth_of(header);
        (0..header.pass)
            .filter(|&pass| self.depth_of(&Header { pass, ..*header }) == depth)
            .count()
    }

    /// How long the shortest burst is: a preamble and one symbol.
    pub(super) fn shortest_s(&self) -> f64 {
        let symbol = (self.normal.guard + self.normal.body) as u64;
        self.chirp.seconds + SampleRate::HZ_48000.seconds(symbol)
    }

    /// A length at 48 kHz in samples at the receiver's rate.
    pub(super) fn at_receiver_rate(&self, samples: usize) -> usize {
        samples * self.receiver_rate.0 as usize / SampleRate::HZ_48000.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_sound() {
        for profile in Profile::ALL {
            let rate = f64::from(SampleRate::HZ_48000.0);
            for format in [&profile.normal, &profile.deep] {
                let plan = &format.plan;
                assert_eq!(
                    plan.spacing.0 * format.body as f64,
                    rate,
                    "{}",
                    profile.name
                );
                let receiver = f64::from(profile.receiver_rate.0);
                assert!(plan.band().1.0 < receiver * 0.375, "{}", profile.name);
                for length in [format.body, format.guard] {
                    assert_eq!(
                        profile.at_receiver_rate(length) as f64 * rate,
                        length as f64 * receiver
                    );
                }
                // A pass alone must hold the information and something to check it by.
                assert!(format.expansion.0 > format.expansion.1);
            }
            // Who hears the beginning of a loop must not wait for slow passes.
            assert_eq!(profile.depth(0), Depth::Normal);
            assert_eq!(Profile::by_name(profile.name), Some(*profile));
        }
    }
}
