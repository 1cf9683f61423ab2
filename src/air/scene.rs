//! What happens to a sound, as a row of data.

use super::clip::Clip;
use super::echo::Echo;
use super::gain::GainSettings;
use super::noise::{Noise, REFERENCE_POWER};
use crate::units::{Decibels, Hertz};

/// Everything between the samples a sender plays and those a receiver records, in the order in
/// which it happens. A field that is `None` or 0 does nothing.
///
/// ```
/// use airshake::air::{Room, Scene};
/// use airshake::units::{Decibels, SampleRate};
///
/// let far_and_drifting = Scene { skew_ppm: 120.0, volume: Decibels(-20.0), ..Room::ROOM };
/// let heard = Room::new(&far_and_drifting, 1, SampleRate(48_000)).apply(&[0.5; 4_800]);
/// assert!(heard.len() > 4_800);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The name people type.
    pub name: &'static str,
    /// Gain before anything else. At [`Scene::VOLUME`] a full-scale signal has peak 0.5, against
    /// which noise is measured.
    pub volume: Decibels,
    /// The sender's amplifier. It acts on full scale, before [`volume`](Self::volume).
    pub overdrive: Option<Clip>,
    /// The part of the spectrum that gets through: 24 dB an octave, -3 dB at the edges.
    pub band: Option<(Hertz, Hertz)>,
    /// The loudspeaker.
    pub speaker: Speaker,
    /// The way to the microphone, a response of energy 1.
    pub echo: Option<Echo>,
    /// Metres a second at which the speaker goes to and fro along the line to the microphone, a
    /// metre each way.
    pub motion: f64,
    /// By how much the sender's clock runs faster than the receiver's, in parts per million.
    pub skew_ppm: f64,
    /// Kinds of noise, each with its power in 0 to half the rate against [`REFERENCE_POWER`].
    pub noise: [Option<(Noise, Decibels)>; 3],
    /// Clicks a second, on average, as loud as 0.5 at most.
    pub clicks: f64,
    /// Automatic gain of the microphone.
    pub automatic_gain: Option<GainSettings>,
    /// Recording level, after which samples are cut off at +-1.
    pub microphone: Decibels,
    /// Gaps a second, on average, each of 5 to 20 ms.
    pub dropouts: f64,
    /// Seconds before and after the signal that [`super::Room::apply`] adds, noise included.
    pub around: (f64, f64),
}

/// A loudspeaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Speaker {
    /// All frequencies alike.
    Flat,
    /// As [`super::Response::laptop`] draws it by the seed.
    Laptop,
    /// That, with six notches of 15 to 30 dB, a third of an octave wide or narrower.
    Notched,
}

impl Scene {
    /// The usual volume, at which full scale becomes 0.5: `20 log10(1/2)`.
    pub const VOLUME: Decibels = Decibels(-6.020_6);

    /// The same with one noise more.
    ///
    /// # Panics
    /// If it already has three.
    #[must_use]
    pub fn with_noise(mut self, noise: Noise, level: Decibels) -> Self {
        let free = self.noise.iter_mut().find(|slot| slot.is_none());
        let slot = free.expect("a scene holds three noises");
        *slot = Some((noise, level));
        self
    }

    /// The level of a noise that is `ratio` below `signal`: mean power of the signal, from its
    /// first to its last sample above -50 dB of its peak and at this [`volume`](Self::volume),
    /// against the power of the noise in all frequencies up to half the rate. Echo and speaker
    /// keep the power of a wide-band signal on average.
    pub fn level_below(&self, signal: &[f32], ratio: Decibels) -> Decibels {
        let peak = signal.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        let loud = |x: &f32| x.abs() > peak * 10f32.powf(-2.5);
        let first = signal.iter().position(loud).unwrap_or(0);
        let last = signal.iter().rposition(loud).map_or(0, |last| last + 1);
        let active = &signal[first..last];
        let energy: f64 = active.iter().map(|x| f64::from(*x).powi(2)).sum();
        let power = energy / active.len().max(1) as f64 * self.volume.power_ratio();
        Decibels(Decibels::from_power_ratio(power / REFERENCE_POWER).0 - ratio.0)
    }
}

/// Nothing happens: a cable.
const CABLE: Scene = Scene {
    name: "clean",
    volume: Scene::VOLUME,
    overdrive: None,
    band: None,
    speaker: Speaker::Flat,
    echo: None,
    motion: 0.0,
    skew_ppm: 0.0,
    noise: [None; 3],
    clicks: 0.0,
    automatic_gain: None,
    microphone: Decibels(0.0),
    dropouts: 0.0,
    around: (0.5, 1.2),
};

/// The presets.
impl super::Room {
    /// A cable between two sound cards.
    pub const CLEAN: Scene = CABLE;

    /// White noise alone, 30 dB below the reference.
    pub const HISS: Scene = Scene {
        name: "hiss",
        noise: [Some((Noise::White, Decibels(-30.0))), None, None],
        ..CABLE
    };

    /// Two laptops side by side on a desk: 0.3 m, 0.3 s.
    pub const DESK: Scene = Scene {
        name: "desk",
        speaker: Speaker::Laptop,
        echo: Some(Echo::Shoebox {
            size: [4.0, 5.0, 2.7],
            distance: 0.3,
            rt60: 0.3,
            aside: true,
            shade: Decibels(0.0),
        }),
        noise: [Some((Noise::Pink, Decibels(-30.0))), None, None],
        ..CABLE
    };

    /// Across an office: 1.5 m, 0.5 s.
    pub const ROOM: Scene = Scene {
        name: "room",
        speaker: Speaker::Laptop,
        echo: Some(Echo::Shoebox {
            size: [5.0, 6.5, 2.8],
            distance: 1.5,
            rt60: 0.5,
            aside: true,
            shade: Decibels(0.0),
        }),
        noise: [Some((Noise::Pink, Decibels(-20.0))), None, None],
        ..CABLE
    };

    /// A lecture hall: 3 m, 0.8 s.
    pub const HALL: Scene = Scene {
        name: "hall",
        echo: Some(Echo::Shoebox {
            size: [9.0, 14.0, 4.5],
            distance: 3.0,
            rt60: 0.8,
            aside: true,
            shade: Decibels(0.0),
        }),
        ..Self::ROOM
    };

    /// Tiles and glass: 2 m, 1.5 s, the direct sound 6 dB below its echo.
    pub const BATHROOM: Scene = Scene {
        name: "bathroom",
        echo: Some(Echo::Tail {
            rt60: 1.5,
            drr: Decibels(-6.0),
            early: 24,
        }),
        ..Self::ROOM
    };

    /// The desk, with six people talking around it.
    pub const BABBLE: Scene = Scene {
        name: "babble",
        noise: [Some((Noise::Babble, Decibels(-10.0))), None, None],
        ..Self::DESK
    };

    /// A telephone line, 300 to 3400 Hz.
    pub const PHONE: Scene = Scene {
        name: "phone",
        band: Some(super::Band::PHONE),
        noise: [Some((Noise::White, Decibels(-30.0))), None, None],
        ..CABLE
    };

    /// A cheap speaker with holes in its response, next to a humming supply.
    pub const NOTCHES: Scene = Scene {
        name: "notches",
        speaker: Speaker::Notched,
        noise: [
            Some((Noise::Pink, Decibels(-25.0))),
            Some((Noise::Hum(Hertz(50.0)), Decibels(-15.0))),
            None,
        ],
        ..Self::DESK
    };

    /// A speaker turned up by 12 dB too much.
    pub const CLIPPED: Scene = Scene {
        name: "clipped",
        overdrive: Some(Clip::Hard(Decibels(12.0))),
        speaker: Speaker::Laptop,
        ..Self::HISS
    };

    /// A sender whose clock runs 200 ppm fast.
    pub const FAST: Scene = Scene {
        name: "fast",
        skew_ppm: 200.0,
        ..Self::HISS
    };

    /// A sender whose clock runs 200 ppm slow.
    pub const SLOW: Scene = Scene {
        name: "slow",
        skew_ppm: -200.0,
        ..Self::HISS
    };

    /// A driver that loses a block a second.
    pub const DROPOUTS: Scene = Scene {
        name: "dropouts",
        dropouts: 1.0,
        ..Self::HISS
    };

    /// Somebody types.
    pub const CLICKS: Scene = Scene {
        name: "clicks",
        clicks: 5.0,
        ..Self::HISS
    };

    /// A microphone with automatic gain, among people talking.
    pub const GAIN: Scene = Scene {
        name: "gain",
        automatic_gain: Some(GainSettings::LAPTOP),
        noise: [Some((Noise::Babble, Decibels(-20.0))), None, None],
        ..CABLE
    };

    /// The office, and somebody sits between the two: the direct sound is 10 dB weaker than a free
    /// view gives, weaker than some reflection.
    pub const SHADE: Scene = Scene {
        name: "shade",
        echo: Some(Echo::Shoebox {
            size: [5.0, 6.5, 2.8],
            distance: 1.5,
            rt60: 0.5,
            aside: true,
            shade: Decibels(10.0),
        }),
        ..Self::ROOM
    };

    /// The office, and the sender lies in a hand that is not quite still: 0.1 m/s.
    pub const HAND: Scene = Scene {
        name: "hand",
        motion: 0.1,
        ..Self::ROOM
    };

    /// The office, and the sender is carried about: 0.3 m/s.
    pub const CARRIED: Scene = Scene {
        name: "carried",
        motion: 0.3,
        ..Self::ROOM
    };

    /// Most of it together: the office, talkers, a fan, 150 ppm.
    pub const WORST: Scene = Scene {
        name: "worst",
        skew_ppm: 150.0,
        noise: [
            Some((Noise::Babble, Decibels(-10.0))),
            Some((Noise::Pink, Decibels(-20.0))),
            None,
        ],
        ..Self::ROOM
    };

    /// Every preset.
    pub const PRESETS: &'static [Scene] = &[
        Self::CLEAN,
        Self::HISS,
        Self::DESK,
        Self::ROOM,
        Self::HALL,
        Self::BATHROOM,
        Self::BABBLE,
        Self::PHONE,
        Self::NOTCHES,
        Self::CLIPPED,
        Self::SHADE,
        Self::HAND,
        Self::CARRIED,
        Self::FAST,
        Self::SLOW,
        Self::DROPOUTS,
        Self::CLICKS,
        Self::GAIN,
        Self::WORST,
    ];

    /// The preset of that name.
    pub fn preset(name: &str) -> Option<&'static Scene> {
        Self::PRESETS.iter().find(|scene| scene.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Room;
    use super::*;

    #[test]
    fn every_preset_is_found_by_its_name_and_no_two_share_one() {
        for scene in Room::PRESETS {
            assert_eq!(Room::preset(scene.name), Some(scene));
        }
        assert_eq!(Room::preset("moon"), None);
    }

    #[test]
    fn a_ratio_counts_from_the_sounding_part_at_its_volume() {
        let mut signal = vec![0.0; 1_000];
        // A square wave of full scale: power 1, at the usual volume 0.25, twice the reference.
        signal[300..700].fill(1.0);
        let level = Room::CLEAN.level_below(&signal, Decibels(10.0));
        assert!((level.0 - (3.0103 - 10.0)).abs() < 1e-3, "{level}");
        assert_eq!(
            Room::CLEAN.level_below(&[], Decibels(0.0)).0,
            f32::NEG_INFINITY
        );
    }
}
