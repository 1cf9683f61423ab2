//! Profiles: the modes of the modem as rows of data.

use crate::bits::Header;
use crate::samples::Chirp;
use crate::tones::{FrameMap, Plan};
use crate::units::{Hertz, SampleRate};

use super::frame::header_code_bits;

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
    /// Where a burst must not be heard by people: nothing goes out below this, to 50 dB.
    pub quiet_below: Option<Hertz>,
    /// The rate at which a receiver works: a divisor of 48 kHz that holds the band.
    pub receiver_rate: SampleRate,
    /// The lowest sample rate that carries enough of the band to be read.
    pub lowest_rate: SampleRate,
}

impl Profile {
    /// Laptop to laptop across a room: 600 to 9000 Hz.
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
        quiet_below: None,
        receiver_rate: SampleRate(24_000),
        lowest_rate: SampleRate(16_000),
    };

    /// Through a telephone call: 400 to 3300 Hz.
    ///
    /// What Opus at 16 kbit/s makes of a burst is nearly as good as the burst: 64 bytes take 1.4 s.
    /// A coder that models speech, as that of GSM, adds noise of its own, as strong as the tones;
    /// the deep passes get through that. Every other pass is deep, so that a call waits for
    /// one pass only.
    pub const PHONE: Self = Self {
        name: "phone",
        purpose: "through a phone call, 0.4 to 3.3 kHz",
        normal: Format {
            plan: Plan {
                spacing: Hertz(5.859_375),
                first_bin: 68,
                groups: 124,
                bits_per_tone: 2,
            },
            body: 8192,
            guard: 768,
            expansion: (27, 10),
        },
        deep: Format {
            plan: Plan {
                spacing: Hertz(5.859_375),
                first_bin: 68,
                groups: 31,
                bits_per_tone: 4,
            },
            body: 8192,
            guard: 768,
            expansion: (5, 2),
        },
        deep_passes: 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7,
        chirp: Chirp {
            from: Hertz(400.0),
            to: Hertz(3300.0),
            seconds: 0.064,
        },
        quiet_below: None,
        receiver_rate: SampleRate(12_000),
        lowest_rate: SampleRate(8_000),
    };

    /// Unheard by most people, over a desk: 17 to 20.4 kHz.
    ///
    /// Air and soft things swallow such sound, so there is less echo, and shorter symbols do; a
    /// hand that moves shifts it by more, and wants them. Many microphones end at 20.5 kHz.
    pub const ULTRASONIC: Self = Self {
        name: "ultrasonic",
        purpose: "unheard by most, across a desk, 17 to 20.4 kHz",
        normal: Format {
            plan: Plan {
                spacing: Hertz(11.718_75),
                first_bin: 1452,
                groups: 72,
                bits_per_tone: 2,
            },
            body: 4096,
            guard: 512,
            expansion: (27, 10),
        },
        deep: Format {
            plan: Plan {
                spacing: Hertz(11.718_75),
                first_bin: 1452,
                groups: 18,
                bits_per_tone: 4,
            },
            body: 4096,
            guard: 512,
            expansion: (9, 5),
        },
        deep_passes: 1 << 4 | 1 << 6,
        chirp: Chirp {
            from: Hertz(17_000.0),
            to: Hertz(20_400.0),
            seconds: 0.064,
        },
        quiet_below: Some(Hertz(16_000.0)),
        receiver_rate: SampleRate::HZ_48000,
        lowest_rate: SampleRate(44_100),
    };

    /// Every profile.
    pub const ALL: &'static [&'static Self] = &[&Self::AUDIBLE, &Self::PHONE, &Self::ULTRASONIC];

    /// The profile of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|profile| profile.name == name)
    }

    /// This profile alone, as a part of [`Profile::ALL`]; nothing if it is none of them.
    pub fn alone(&self) -> &'static [&'static Self] {
        let all = Self::ALL;
        let place = all.iter().position(|profile| *profile == self);
        place.map_or(&[], |place| &all[place..=place])
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

    /// Seconds from the beginning of a burst until its header is whole, in the slower of the
    /// formats: before, nobody can tell which it is.
    pub fn seconds_to_header(&self) -> f64 {
        let samples = |format: &Format| {
            let symbols = FrameMap::header_symbols(&format.plan, header_code_bits());
            symbols * (format.guard + format.body)
        };
        let slower = samples(&self.normal).max(samples(&self.deep));
        self.chirp.seconds + SampleRate::HZ_48000.seconds(slower as u64)
    }

    /// Which format the frame behind a header goes out in.
    pub(super) const fn depth_of(&self, header: &Header) -> Depth {
        if header.segmented {
            Depth::Normal
        } else {
            self.depth(header.pass)
        }
    }

    /// Whether the frame behind a header carries the front of the mother bits or the rest.
    ///
    /// Passes of one format take turns, so that two of them make a code of half the rate. Where
    /// the first of a format stands in the loop says with what it begins, so that it also adds to
    /// the passes of the other format before it.
    pub(super) fn sends_front(&self, header: &Header) -> bool {
        let depth = self.depth_of(header);
        let alike = |&pass: &u8| self.depth_of(&Header { pass, ..*header }) == depth;
        let first = (0..header.pass).find(alike).unwrap_or(header.pass);
        let turn = (0..header.pass).filter(alike).count();
        (usize::from(first) + turn).is_multiple_of(2)
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
                assert!(plan.band().1.0 < receiver * 0.44, "{}", profile.name);
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
            assert_eq!(profile.alone(), [*profile]);
        }
    }
}
