//! Bursts damaged in every way that came to mind: a wrong payload is never delivered.

use std::f64::consts::TAU;

use airshake::air::Random;
use airshake::modem::Profile;

use super::asked;
use super::hearing::{RATE, events, heard, mix, payload, sound};

/// The chirp, and one symbol after it.
const CHIRP: usize = 3072;
const SYMBOL: usize = 6912;

/// Two bursts, most often of one length, so that the one's data fit the other's header.
struct Pair {
    payloads: [Vec<u8>; 2],
    samples: Vec<f32>,
    other: Vec<f32>,
}

impl Pair {
    fn new(random: &mut Random) -> Self {
        let mut len = || (random.unit() * random.unit() * 200.0) as usize;
        let (first, second) = (len(), len());
        let second = if random.unit() < 0.7 { first } else { second };
        let mut payloads = [
            payload(first, random.bits()),
            payload(second, random.bits()),
        ];
        if random.unit() < 0.2 && first == second && first > 0 {
            // Almost the same message.
            payloads[1] = payloads[0].clone();
            payloads[1][(random.unit() * first as f64) as usize] ^= 1;
        }
        let mut pass = || (random.unit() * 8.0) as u8;
        Self {
            samples: sound(&payloads[0], pass(), RATE),
            other: sound(&payloads[1], pass(), RATE),
            payloads,
        }
    }

    /// A stretch of the sound.
    fn stretch(&self, random: &mut Random) -> std::ops::Range<usize> {
        let from = (random.unit() * self.samples.len() as f64) as usize;
        let longest = random.between(10.0, 12_000.0);
        from..(from + (random.unit() * longest) as usize).min(self.samples.len())
    }
}

/// Every kind of damage is as likely as another.
const DAMAGES: [fn(&mut Pair, &mut Random); 10] = [
    cut,
    splice,
    swap,
    flip_bits,
    scale_time,
    mixture,
    wrong_tones,
    silence,
    reverse,
    clip,
];

fn cut(pair: &mut Pair, random: &mut Random) {
    let stretch = pair.stretch(random);
    pair.samples.drain(stretch);
}

/// Goes over to the other burst, most often between two symbols.
fn splice(pair: &mut Pair, random: &mut Random) {
    let mut place = |len: usize| {
        let at = (random.unit() * len as f64) as usize;
        let whole = CHIRP + at.saturating_sub(CHIRP) / SYMBOL * SYMBOL;
        if random.unit() < 0.7 {
            whole.min(len)
        } else {
            at
        }
    };
    let from = place(pair.samples.len());
    let to = if from > pair.other.len() {
        place(pair.other.len())
    } else {
        from
    };
    pair.samples.truncate(from);
    pair.samples.extend_from_slice(&pair.other[to..]);
}

/// Two symbols change places.
fn swap(pair: &mut Pair, random: &mut Random) {
    let symbols = pair.samples.len().saturating_sub(CHIRP) / SYMBOL;
    if symbols >= 2 {
        let mut one = || CHIRP + (random.unit() * symbols as f64) as usize * SYMBOL;
        let (a, b) = (one(), one());
        for i in 0..SYMBOL {
            pair.samples.swap(a + i, b + i);
        }
    }
}

/// Bits of 16-bit samples, as a bad copy has them.
fn flip_bits(pair: &mut Pair, random: &mut Random) {
    let often = 10f64.powf(random.between(-4.0, -1.0));
    for sample in &mut pair.samples {
        if random.unit() < often {
            let word = (*sample * 32_767.0) as i16 ^ (1 << (random.unit() * 16.0) as u32);
            *sample = f32::from(word) / 32_768.0;
        }
    }
}

/// A tape that runs too fast or too slow.
fn scale_time(pair: &mut Pair, random: &mut Random) {
    let factor = 1.0 + random.between(0.005, 0.02) * random.sign();
    let len = (pair.samples.len() as f64 / factor) as usize;
    pair.samples = (0..len)
        .map(|i| {
            let at = i as f64 * factor;
            let (whole, part) = (at as usize, at.fract() as f32);
            let sample = |i: usize| pair.samples.get(i).copied().unwrap_or(0.0);
            sample(whole) * (1.0 - part) + sample(whole + 1) * part
        })
        .collect();
}

fn mixture(pair: &mut Pair, random: &mut Random) {
    let at = if random.unit() < 0.5 {
        0
    } else {
        (random.unit() * pair.samples.len() as f64) as usize
    };
    let gain = 10f64.powf(random.between(-1.0, 0.5)) as f32;
    let other = std::mem::take(&mut pair.other);
    mix(&mut pair.samples, at, gain, &other);
    pair.other = other;
}

/// Tones of ours where they do not belong.
fn wrong_tones(pair: &mut Pair, random: &mut Random) {
    let plan = Profile::AUDIBLE.normal.plan;
    let count = (random.unit() * 150.0) as usize;
    let stretch = pair.stretch(random);
    for _ in 0..count {
        let bin = plan.first_bin as f64 + (random.unit() * 1_072.0).floor();
        let step = TAU * bin * plan.spacing.0 / 48_000.0;
        let (loud, phase) = (random.between(0.01, 0.1), random.between(0.0, TAU));
        for (i, sample) in pair.samples[stretch.clone()].iter_mut().enumerate() {
            *sample += (loud * (step * i as f64 + phase).sin()) as f32;
        }
    }
}

fn silence(pair: &mut Pair, random: &mut Random) {
    let stretch = pair.stretch(random);
    pair.samples[stretch].fill(0.0);
}

fn reverse(pair: &mut Pair, random: &mut Random) {
    let stretch = pair.stretch(random);
    pair.samples[stretch].reverse();
}

fn clip(pair: &mut Pair, random: &mut Random) {
    let most = random.between(0.001, 0.3) as f32;
    let stretch = pair.stretch(random);
    pair.samples[stretch]
        .iter_mut()
        .for_each(|x| *x = x.clamp(-most, most));
}

/// How many bursts were read in spite of it all.
fn damaged(bursts: u64, seed: u64) -> u64 {
    let mut read = 0;
    for number in 0..bursts {
        let mut random = Random::new(seed.wrapping_mul(1 << 32) + number, "damage");
        let mut pair = Pair::new(&mut random);
        for _ in 0..1 + (random.unit() * 3.0) as usize {
            DAMAGES[(random.unit() * DAMAGES.len() as f64) as usize](&mut pair, &mut random);
        }
        let noise = random.between(0.0, 0.2).powi(2);
        for sample in &mut pair.samples {
            *sample += (noise * random.gaussian()) as f32;
        }
        pair.samples.resize(pair.samples.len() + 5_000, 0.0);
        let events = events(&pair.samples, RATE);
        let heard = heard(&events);
        for message in &heard {
            assert!(
                pair.payloads.contains(&message.payload),
                "burst {number} of seed {seed}: {message:?}"
            );
        }
        read += u64::from(!heard.is_empty());
    }
    read
}

#[test]
fn no_damage_delivers_what_was_not_sent() {
    let read = damaged(100, 1);
    // Were all of them unreadable, or none, the damage would be beside the point.
    assert!((5..95).contains(&read), "{read} of 100 read");
}

#[test]
#[ignore = "takes a while: AIRSHAKE_BURSTS says how many (1000), AIRSHAKE_SEED which"]
fn many_damaged_bursts() {
    let (bursts, seed) = (asked("AIRSHAKE_BURSTS", 1000), asked("AIRSHAKE_SEED", 2));
    println!(
        "{} of {bursts} read, none of them wrongly",
        damaged(bursts, seed)
    );
}
