//! The echo between a speaker and a microphone, as an impulse response of energy 1: the mean
//! power of a wide-band signal stays what it is.

use std::f64::consts::PI;

use super::motion::Parts;
use super::random::Random;
use crate::units::{Decibels, SampleRate};

/// Where the sound goes before it arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Echo {
    /// A rectangular room. Speaker and microphone stand somewhere in it, by the seed, at least
    /// 0.4 m from the walls. Reflections up to twice the mixing time (the root of the volume in
    /// cubic metres, in milliseconds: Polack) are those of image sources; later ones are so
    /// dense that they are drawn as Gaussian noise with the level and the decay of the diffuse
    /// field.
    Shoebox {
        /// Width, depth and height in metres, each 1.5 or more.
        size: [f64; 3],
        /// From speaker to microphone in metres, 0.05 or more, at most what fits.
        distance: f64,
        /// Reverberation time in seconds, from which follows the absorption of the walls, the
        /// same for all and at all frequencies (Eyring).
        rt60: f64,
        /// The speaker looks 40 to 90 degrees past the microphone, by the seed, not at it.
        aside: bool,
        /// By how much something in between weakens the direct sound: 0 dB with a free view.
        shade: Decibels,
    },
    /// No geometry: a direct sound, `early` distinct reflections within 2.5 to 30 ms, and an
    /// exponentially falling noise.
    Tail {
        /// Reverberation time in seconds.
        rt60: f64,
        /// Direct energy against all that comes more than 2.5 ms later; exact.
        drr: Decibels,
        /// Distinct reflections; together they are as strong as the noise.
        early: u32,
    },
}

impl Echo {
    /// Samples before the direct sound: one that falls between samples begins before itself.
    pub const LEAD: usize = 16;

    /// The impulse response. The direct sound comes after [`LEAD`](Echo::LEAD) samples, and the end is 60 dB
    /// down or 2 s away.
    pub fn impulse(&self, rate: SampleRate, random: &mut Random) -> Vec<f32> {
        let mut parts = Parts::still(self.length(rate));
        self.fill(rate, random, &mut parts);
        parts.normalised().concat()
    }

    /// The same response in parts, for a speaker that moves along the line to the microphone.
    pub(super) fn moving(
        &self,
        rate: SampleRate,
        random: &mut Random,
        chance: Random,
    ) -> Vec<Vec<f32>> {
        let mut parts = Parts::moving(self.length(rate), chance);
        self.fill(rate, random, &mut parts);
        parts.normalised()
    }

    pub(super) fn length(&self, rate: SampleRate) -> usize {
        let (Self::Shoebox { rt60, .. } | Self::Tail { rt60, .. }) = *self;
        2 * Self::LEAD + rate.samples_in(rt60.clamp(0.03, 2.0)) as usize
    }

    fn fill(&self, rate: SampleRate, random: &mut Random, parts: &mut Parts) {
        match *self {
            Self::Shoebox {
                size,
                distance,
                rt60,
                aside,
                shade,
            } => {
                let geometry = Geometry::new(size, distance, aside, random);
                shoebox(&geometry, rt60, shade, rate, random, parts);
            }
            Self::Tail { rt60, drr, early } => {
                let tail = tail(self.length(rate), rt60, drr, early, rate, random);
                parts.of_growth(1.0)[Self::LEAD] = tail[Self::LEAD];
                for (n, x) in tail.iter().enumerate().skip(Self::LEAD + 1) {
                    parts.of_chance()[n] = *x;
                }
            }
        }
    }
}

fn tail(
    len: usize,
    rt60: f64,
    drr: Decibels,
    early: u32,
    rate: SampleRate,
    random: &mut Random,
) -> Vec<f64> {
    let mut late = vec![0.0; len];
    let first = Echo::LEAD + rate.samples_in(super::measure::DIRECT_S) as usize;
    let fall = |n: usize| 1_000f64.powf(-rate.seconds((n - Echo::LEAD) as u64) / rt60);
    for (n, x) in late.iter_mut().enumerate().skip(first) {
        *x = random.gaussian() * fall(n);
    }
    let noise: f64 = late.iter().map(|x| x * x).sum();
    let mut taps = vec![0.0; late.len()];
    for _ in 0..early {
        let n = Echo::LEAD + rate.samples_in(random.between(0.0026, 0.030)) as usize;
        if n > first && n < taps.len() {
            taps[n] += random.sign() * random.between(0.5, 1.0) * fall(n);
        }
    }
    let distinct: f64 = taps.iter().map(|x| x * x).sum();
    if distinct > 0.0 {
        let scale = (noise / distinct).sqrt();
        late.iter_mut()
            .zip(&taps)
            .for_each(|(x, tap)| *x += tap * scale);
    }
    let reverberant: f64 = late.iter().map(|x| x * x).sum();
    if reverberant > 0.0 {
        let scale = (1.0 / drr.power_ratio() / reverberant).sqrt();
        late.iter_mut().for_each(|x| *x *= scale);
    }
    late[Echo::LEAD] = 1.0;
    late
}

/// Where everything stands in a rectangular room.
struct Geometry {
    size: [f64; 3],
    speaker: [f64; 3],
    microphone: [f64; 3],
    /// Where the speaker looks if it does not matter that it has a front.
    aim: Option<f64>,
}

impl Geometry {
    fn new(size: [f64; 3], distance: f64, aside: bool, random: &mut Random) -> Self {
        let (speaker, microphone) = places(size, distance, random);
        let aim = aside.then(|| {
            let past = random.between(40.0, 90.0).to_radians() * random.sign();
            (microphone[1] - speaker[1]).atan2(microphone[0] - speaker[0]) + past
        });
        Self {
            size,
            speaker,
            microphone,
            aim,
        }
    }

    fn direct(&self) -> f64 {
        apart(self.speaker, self.microphone)
    }

    /// By how much the path from an image grows for each metre that the speaker backs away.
    fn growth(&self, image: [f64; 3], mirrored: [bool; 3]) -> f64 {
        let dot: f64 = (0..3)
            .map(|i| {
                let back = self.speaker[i] - self.microphone[i];
                let back = if mirrored[i] { -back } else { back };
                back * (image[i] - self.microphone[i])
            })
            .sum();
        dot / (self.direct() * apart(image, self.microphone))
    }
}

fn shoebox(
    geometry: &Geometry,
    rt60: f64,
    shade: Decibels,
    rate: SampleRate,
    random: &mut Random,
    parts: &mut Parts,
) {
    let Geometry {
        size: [x, y, z],
        speaker,
        microphone,
        aim,
    } = *geometry;
    let volume = x * y * z;
    let surface = 2.0 * (x * y + y * z + z * x);
    // Eyring: rt60 = 24 ln(10) V / (c S a) with a = -ln(1 - absorption); an amplitude loses
    // exp(-a / 2) at each wall.
    let absorption = 24.0 * 10f64.ln() * volume / (SOUND * surface * rt60);
    let wall = (-absorption / 2.0).exp();

    let direct = geometry.direct() / SOUND;
    let mixing = direct + 2.0 * volume.sqrt() / 1_000.0;
    images(geometry.size, mixing, |image, mirrored, bounces| {
        let at =
            std::array::from_fn(|i| image[i] + if mirrored[i] { -speaker[i] } else { speaker[i] });
        let d = apart(at, microphone);
        let time = d / SOUND;
        if time > mixing {
            return;
        }
        // Walls turn the pressure round: with the other sign all reflections would add up to a
        // rumble that no room has (Lehmann and Johansson, 2008).
        let sign = if bounces % 2 == 0 { 1.0 } else { -1.0 };
        let towards = aim.map_or(1.0, |aim| directivity(at, microphone, mirrored, aim));
        let shaded = if bounces == 0 {
            1.0 / shade.amplitude_ratio()
        } else {
            1.0
        };
        let amplitude = sign * wall.powi(bounces) * towards * shaded / (4.0 * PI * d);
        let part = parts.of_growth(geometry.growth(at, mirrored));
        add_at((time - direct) * f64::from(rate.0), amplitude, part);
    });

    // The diffuse field: energy c / (4 pi V) a second, falling by 60 dB in rt60, times the mean of
    // the directivity over all directions.
    let spread = if aim.is_some() { MEAN_DIRECTIVITY } else { 1.0 };
    let dense = (spread * SOUND / (4.0 * PI * volume) / f64::from(rate.0)).sqrt();
    let from = Echo::LEAD + ((mixing - direct) * f64::from(rate.0)) as usize;
    let len = parts.of_growth(0.0).len();
    for n in from..len {
        let time = direct + rate.seconds((n - Echo::LEAD) as u64);
        let sample = random.gaussian() * dense * 1_000f64.powf(-time / rt60);
        parts.of_chance()[n] += sample;
    }
}

/// Calls `visit` with every image of the origin that may be within `time` seconds of any point
/// of the room: its place, which coordinates are mirrored, and how many walls were met.
fn images(size: [f64; 3], time: f64, mut visit: impl FnMut([f64; 3], [bool; 3], i32)) {
    let reach = size.map(|side| (time * SOUND / (2.0 * side)).ceil() as i32 + 1);
    for i in -reach[0]..=reach[0] {
        for j in -reach[1]..=reach[1] {
            for k in -reach[2]..=reach[2] {
                for mirror in 0..8 {
                    let mirrored: [bool; 3] = std::array::from_fn(|axis| mirror >> axis & 1 == 1);
                    let turns = [i, j, k];
                    let image =
                        std::array::from_fn(|axis| 2.0 * f64::from(turns[axis]) * size[axis]);
                    let bounces = (0..3)
                        .map(|axis| (2 * turns[axis] - i32::from(mirrored[axis])).abs())
                        .sum();
                    visit(image, mirrored, bounces);
                }
            }
        }
    }
}

/// Speaker and microphone, `distance` apart and off the walls. If no such place turns up they
/// stand across the middle of the room.
fn places(size: [f64; 3], distance: f64, random: &mut Random) -> ([f64; 3], [f64; 3]) {
    const WALL: f64 = 0.4;
    for _ in 0..1_000 {
        // On a table, or on knees.
        let speaker = [
            random.between(WALL, size[0] - WALL),
            random.between(WALL, size[1] - WALL),
            random.between(0.7, 1.1),
        ];
        let turn = random.between(0.0, 2.0 * PI);
        let rise = random.between(-0.15, 0.15) * distance.min(1.0);
        let across = (distance * distance - rise * rise).sqrt();
        let microphone = [
            speaker[0] + across * turn.cos(),
            speaker[1] + across * turn.sin(),
            speaker[2] + rise,
        ];
        let inside = |p: [f64; 3]| (0..3).all(|i| p[i] >= WALL && p[i] <= size[i] - WALL);
        if inside(speaker) && inside(microphone) {
            return (speaker, microphone);
        }
    }
    let middle = size.map(|side| side / 2.0);
    let half = distance / 2.0;
    (
        [middle[0] - half, middle[1], middle[2]],
        [middle[0] + half, middle[1], middle[2]],
    )
}

/// How much of its sound a small speaker sends towards `to`: a sub-cardioid, 1 in front, 0.4
/// behind. Seen in a mirror, it looks the mirrored way.
fn directivity(image: [f64; 3], to: [f64; 3], mirrored: [bool; 3], aim: f64) -> f64 {
    let mut look = [aim.cos(), aim.sin(), 0.0];
    for axis in 0..3 {
        if mirrored[axis] {
            look[axis] = -look[axis];
        }
    }
    let cosine: f64 = (0..3).map(|i| look[i] * (to[i] - image[i])).sum::<f64>() / apart(image, to);
    0.7 + 0.3 * cosine
}

/// Mean of the square of [`directivity`] over the sphere, `0.7^2 + 0.3^2 / 3`.
const MEAN_DIRECTIVITY: f64 = 0.52;

/// Adds an impulse between samples: a sinc under a Hann window of 2 [`LEAD`](Echo::LEAD) samples.
fn add_at(place: f64, amplitude: f64, impulse: &mut [f64]) {
    let place = place + Echo::LEAD as f64;
    let reach = Echo::LEAD as f64;
    let first = (place - reach).ceil().max(0.0) as usize;
    let last = (place + reach).floor().max(0.0) as usize;
    for n in first..=last.min(impulse.len().saturating_sub(1)) {
        let t = n as f64 - place;
        let sinc = if t == 0.0 {
            1.0
        } else {
            (PI * t).sin() / (PI * t)
        };
        impulse[n] += amplitude * sinc * (0.5 + 0.5 * (PI * t / reach).cos());
    }
}

fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

/// Metres a second, at 20 degrees.
pub(super) const SOUND: f64 = 343.2;

#[cfg(test)]
mod tests {
    use super::super::Room;
    use super::super::measure::{direct_to_reverberant, reverberation_time};
    use super::*;

    const RATE: SampleRate = SampleRate(48_000);

    /// Median over twenty seeds.
    fn median(mut measure: impl FnMut(&mut Random) -> f64) -> f64 {
        let mut all: Vec<f64> = (0..21)
            .map(|seed| measure(&mut Random::new(seed, "echo")))
            .collect();
        all.sort_by(f64::total_cmp);
        all[10]
    }

    #[test]
    fn a_tail_has_the_times_and_the_ratio_it_was_asked_for() {
        for (rt60, drr) in [(0.3, 10.0), (0.5, -3.0), (1.0, 0.0)] {
            for early in [0, 12] {
                let echo = Echo::Tail {
                    rt60,
                    drr: Decibels(drr),
                    early,
                };
                let impulse = |random: &mut Random| echo.impulse(RATE, random);
                let ratio =
                    median(|random| f64::from(direct_to_reverberant(&impulse(random), RATE).0));
                assert!((ratio - f64::from(drr)).abs() < 0.05, "{ratio} for {drr}");
            }
            let echo = Echo::Tail {
                rt60,
                drr: Decibels(-20.0),
                early: 0,
            };
            // Below a direct sound that is not part of the decay.
            let time =
                median(|random| reverberation_time(&echo.impulse(RATE, random), RATE).unwrap());
            assert!((time / rt60 - 1.0).abs() < 0.05, "{time} for {rt60}");
        }
    }

    #[test]
    fn a_shoebox_decays_in_the_time_it_was_asked_for() {
        for (size, distance, rt60) in [
            ([4.0, 5.0, 2.7], 0.5, 0.3),
            ([5.0, 6.5, 2.8], 1.5, 0.5),
            ([9.0, 14.0, 4.5], 3.0, 0.8),
        ] {
            let echo = Echo::Shoebox {
                size,
                distance,
                rt60,
                aside: false,
                shade: Decibels(0.0),
            };
            // The fall from 5 to 25 dB starts in the image part, whose walls follow Eyring only on
            // average over directions.
            let time = median(|random| {
                let mut impulse = echo.impulse(RATE, random);
                impulse.drain(..Echo::LEAD + 120);
                reverberation_time(&impulse, RATE).unwrap()
            });
            assert!((time / rt60 - 1.0).abs() < 0.1, "{time} for {rt60}");
        }
    }

    #[test]
    fn a_shoebox_has_the_direct_to_reverberant_ratio_of_the_diffuse_field() {
        // Direct 1 / (4 pi d)^2 against the diffuse field from the time it has crossed the room.
        let (size, rt60) = ([5.0, 6.5, 2.8], 0.5);
        // Further away the reflection from the floor comes within the 2.5 ms of the direct sound.
        for distance in [0.3, 0.6, 1.0] {
            let echo = Echo::Shoebox {
                size,
                distance,
                rt60,
                aside: false,
                shade: Decibels(0.0),
            };
            let got = median(|random| {
                f64::from(direct_to_reverberant(&echo.impulse(RATE, random), RATE).0)
            });
            let decay = 6.0 * 10f64.ln() / rt60;
            let from = distance / SOUND + super::super::measure::DIRECT_S;
            let late = SOUND / (4.0 * PI * 91.0) / decay * (-decay * from).exp();
            let want = -10.0 * (late * (4.0 * PI * distance).powi(2)).log10();
            assert!(
                (got - want).abs() < 1.5,
                "{got} at {distance} m, {want} in the diffuse field"
            );
        }
    }

    #[test]
    fn every_response_has_energy_one_and_begins_with_the_direct_sound() {
        for aside in [false, true] {
            let echo = Echo::Shoebox {
                size: [4.0, 5.0, 2.7],
                distance: 0.3,
                rt60: 0.3,
                aside,
                shade: Decibels(0.0),
            };
            for seed in 0..10 {
                let impulse = echo.impulse(RATE, &mut Random::new(seed, "echo"));
                let energy: f64 = impulse.iter().map(|x| f64::from(*x).powi(2)).sum();
                assert!((energy - 1.0).abs() < 1e-5, "{energy}");
                let loudest = impulse.iter().fold(0.0f32, |a, x| a.max(x.abs()));
                assert_eq!(impulse[Echo::LEAD].abs(), loudest);
            }
        }
    }

    #[test]
    fn looking_aside_weakens_the_direct_sound() {
        let ratio = |aside| {
            let echo = Echo::Shoebox {
                size: [5.0, 6.5, 2.8],
                distance: 1.5,
                rt60: 0.5,
                aside,
                shade: Decibels(0.0),
            };
            median(|random| f64::from(direct_to_reverberant(&echo.impulse(RATE, random), RATE).0))
        };
        let (at, aside) = (ratio(false), ratio(true));
        // At 65 degrees 0.83 of the amplitude, -1.6 dB, against -2.8 dB of the diffuse field: the
        // direct sound gains on it unless the speaker looks at the microphone.
        assert!(
            aside > at - 3.0 && aside < at + 4.0,
            "{aside} aside, {at} at it"
        );
    }

    #[test]
    fn in_the_shade_a_reflection_is_the_strongest() {
        let ratio = |shade| {
            let echo = Echo::Shoebox {
                size: [5.0, 6.5, 2.8],
                distance: 1.5,
                rt60: 0.5,
                aside: true,
                shade: Decibels(shade),
            };
            median(|random| {
                let impulse = echo.impulse(RATE, random);
                let loudest = impulse.iter().fold(0.0f32, |a, x| a.max(x.abs()));
                f64::from(loudest / impulse[Echo::LEAD].abs())
            })
        };
        assert!(ratio(0.0) < 1.01 && ratio(10.0) > 1.5, "{}", ratio(10.0));
    }

    #[test]
    fn the_parts_of_a_moving_speaker_add_up_to_the_still_one() {
        for echo in [Room::ROOM.echo, Room::BATHROOM.echo].into_iter().flatten() {
            let still = echo.impulse(RATE, &mut Random::new(1, "echo"));
            let chance = Random::new(1, "motion");
            let parts = echo.moving(RATE, &mut Random::new(1, "echo"), chance);
            for (n, x) in still.iter().enumerate() {
                let sum: f32 = parts.iter().map(|part| part[n]).sum();
                assert!((sum - x).abs() < 1e-6, "{n}");
            }
            // The direct sound is in the last part, and every direction has its share of the rest.
            assert!(parts[parts.len() - 1][Echo::LEAD].abs() > 0.1);
            for part in &parts {
                let energy: f32 = part.iter().map(|x| x * x).sum();
                assert!(energy > 0.002, "{energy}");
            }
        }
    }

    #[test]
    fn too_large_a_distance_is_made_to_fit() {
        let echo = Echo::Shoebox {
            size: [1.5, 1.5, 1.5],
            distance: 1.4,
            rt60: 0.2,
            aside: true,
            shade: Decibels(0.0),
        };
        let impulse = echo.impulse(RATE, &mut Random::new(0, "echo"));
        assert!(impulse.iter().all(|x| x.is_finite()));
    }
}
