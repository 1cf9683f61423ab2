//! Whether soft bits mean what they say, in rooms: of the bits about which the log-likelihood ratio
//! is 2, 12 % must be wrong.
//!
//! A decoder that is told ratios `a` times too small or too large works at another rate than it
//! could: `1 - E log2(1 + exp(-L))` bits a bit, of `max over s of 1 - E log2(1 + exp(-s L))` (the
//! generalised mutual information of Merhav, Kaplan, Lapidoth and Shamai, IEEE Trans. Inform.
//! Theory 40, 1994). Of Gaussian ratios, a scale within 0.7..1.4 loses at most 0.027 bits a bit,
//! about a quarter of a decibel: so much is allowed, whatever the shape of the error.

use airshake::air::{Room, Scene};
use airshake::modem::{Depth, Profile};
use airshake::samples::Detector;
use airshake::tones::{SoftDemapper, bits_of};
use airshake::units::{Decibels, Llr};

use super::hearing::{events, heard, payload, sound};

const PROFILE: &Profile = &Profile::AUDIBLE;
const BURSTS: u64 = 5;
/// What the reader keeps before the first path: the body is cut that much earlier, in seconds.
const ADVANCE_S: f64 = 0.001;

/// A soft bit, positive if it is right.
type Signed = Llr;

/// Where the bodies of a frame's symbols begin, from the start of the frame, and how long they are.
fn bodies(depth: Depth, symbols: usize) -> (Vec<f64>, usize) {
    let format = PROFILE.at_depth(depth);
    let ours = |at_48k: usize| at_48k * PROFILE.receiver_rate.0 as usize / 48_000;
    let (guard, body) = (ours(format.guard), ours(format.body));
    let chirp = PROFILE.chirp.samples(PROFILE.receiver_rate).count();
    let starts = (0..symbols).map(|i| (chirp + i * (guard + body) + guard) as f64);
    (starts.collect(), body)
}

/// The soft bits of one burst in a scene, each with its sign turned where a 1 was sent.
///
/// Where the burst lies is learnt from the same room without noise, so that no burst is left out
/// for being hard to read.
fn signed(scene: &Scene, depth: Depth, seed: u64) -> Vec<Signed> {
    let rate = PROFILE.receiver_rate;
    let pass = (0..8)
        .find(|pass| PROFILE.depth(*pass) == depth)
        .expect("a pass of either format");
    let sent = payload(64, seed);
    let burst = sound(&sent, pass, rate);
    let still = Scene {
        noise: [None; 3],
        ..scene.clone()
    };
    let recording = events(&Room::new(&still, seed, rate).apply(&burst), rate);
    let place = heard(&recording);
    let place = place.first().expect("read without noise");
    let stretch = f64::from(place.clock_ppm) * 1e-6;
    let samples = Room::new(scene, seed, rate).apply(&burst);

    let plan = PROFILE.at_depth(depth).plan;
    let (_, body) = bodies(depth, 1);
    let symbols = (0..)
        .take_while(|n| bodies(depth, n + 1).0[*n] as usize + body <= burst.len())
        .count();
    let mut detector = Detector::new(plan, body);
    let (mut clean, mut energies) = (Vec::new(), Vec::new());
    for start in bodies(depth, symbols).0 {
        detector.energies(&burst, start, 0.0, &mut clean);
        let offset = (start - ADVANCE_S * f64::from(rate.0)) / (1.0 + stretch);
        detector.energies(&samples, place.at as f64 + offset, stretch, &mut energies);
    }
    let bits = clean
        .chunks_exact(plan.tones_per_group())
        .flat_map(|group| {
            let sounding = (0..group.len()).max_by(|a, b| group[*a].total_cmp(&group[*b]));
            bits_of(sounding.expect("a group") as u8, plan.bits_per_tone)
        });
    let (soft, _) = SoftDemapper::new(plan).demap(&energies);
    let turned = soft.into_iter().zip(bits);
    turned
        .map(|(llr, bit)| if bit { -llr } else { llr })
        .collect()
}

/// Bits a bit that a decoder gets out of ratios that are first multiplied by `scale`.
fn rate(signed: &[Signed], scale: f64) -> f64 {
    let lost: f64 = signed
        .iter()
        .map(|llr| (-scale * f64::from(*llr)).exp().ln_1p())
        .sum();
    1.0 - lost / signed.len() as f64 / std::f64::consts::LN_2
}

/// The scale at which the rate is greatest: where the derivative of a concave function is zero.
fn best_scale(signed: &[Signed]) -> f64 {
    let slope = |scale: f64| -> f64 {
        let each = signed.iter().map(|llr| f64::from(*llr));
        each.map(|llr| llr / (1.0 + (scale * llr).exp())).sum()
    };
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        *(if slope(middle) > 0.0 {
            &mut low
        } else {
            &mut high
        }) = middle;
    }
    low
}

/// What is required of a scene: the range of the scale, and the loss.
struct Required {
    scale: std::ops::Range<f64>,
    loss: f64,
}

const EVERYWHERE: Required = Required {
    scale: 0.7..1.4,
    loss: 0.027,
};

/// Of deep passes in talk that is louder than they are. A vowel holds its harmonics as long as a
/// symbol does, so that some soft bits are surely wrong. Gaussian ratios twice too large lose 0.114
/// bits a bit.
const LOUD_TALK: Required = Required {
    scale: 0.5..1.4,
    loss: 0.114,
};

/// Above this rate there are too few bits in doubt to say anything of the scale.
const SURE: f64 = 0.95;

/// Looks at the soft bits of some bursts of a scene that are played quieter than usual.
fn check(scene: &Scene, quieter: f32, depth: Depth) {
    let louder_talk = quieter > 0.0 && ["babble", "worst"].contains(&scene.name);
    let required = if depth == Depth::Deep && louder_talk {
        LOUD_TALK
    } else {
        EVERYWHERE
    };
    let scene = Scene {
        volume: Decibels(scene.volume.0 - quieter),
        ..scene.clone()
    };
    let all: Vec<Signed> = (0..BURSTS)
        .flat_map(|seed| signed(&scene, depth, seed))
        .collect();
    let (told, scale) = (rate(&all, 1.0), best_scale(&all));
    let lost = rate(&all, scale) - told;
    let about_two = |llr: &&Signed| (1.5..2.5).contains(&llr.abs());
    let (mut count, mut wrong, mut least, mut most) = (0.0f64, 0.0, 0.0, 0.0);
    for llr in all.iter().filter(about_two) {
        let size = f64::from(llr.abs());
        count += 1.0;
        wrong += f64::from(u8::from(*llr < 0.0));
        least += 1.0 / (1.0 + (required.scale.end * size).exp());
        most += 1.0 / (1.0 + (required.scale.start * size).exp());
    }
    let case = format!(
        "{} {quieter} dB quieter, {depth:?}: scale {scale:.2}, {told:.3} bits a bit, {lost:.4} lost; \
         LLR 2: {wrong} of {count} wrong, {least:.0} to {most:.0} allowed",
        scene.name
    );
    println!("{case}");
    assert!(lost < required.loss, "{case}");
    assert!(told > SURE || required.scale.contains(&scale), "{case}");
    // Four standard deviations. The bits of one tone are wrong together, which multiplies the
    // variance by up to their number.
    let together = PROFILE.at_depth(depth).plan.bits_per_tone as f64;
    let slack = |expected: f64| 4.0 * (expected * together).sqrt();
    assert!(
        wrong >= least - slack(least) && wrong <= most + slack(most),
        "{case}"
    );
}

const SCENES: [&Scene; 9] = [
    &Room::DESK,
    &Room::ROOM,
    &Room::HALL,
    &Room::BABBLE,
    &Room::CLIPPED,
    &Room::DROPOUTS,
    &Room::CLICKS,
    &Room::GAIN,
    &Room::WORST,
];

#[test]
fn soft_bits_mean_what_they_say_in_rooms() {
    for scene in SCENES {
        check(scene, 0.0, Depth::Normal);
        check(scene, 20.0, Depth::Normal);
    }
}

#[test]
fn soft_bits_of_deep_passes_mean_what_they_say_in_rooms() {
    for scene in SCENES {
        check(scene, 0.0, Depth::Deep);
        check(scene, 20.0, Depth::Deep);
    }
}
