//! Success in rooms and in noise, against what is required. Few bursts, fixed seeds: a required
//! rate counts as broken when so few successes would come by chance once in 10,000 runs.

use airshake::air::{Room, Scene};

use super::binomial::fewest;
use super::hearing::{RATE, events, heard, payload, sound, white};

/// Of a single pass of 64 bytes.
const REQUIRED: f64 = 39.0 / 40.0;
const BYTES: usize = 64;
const BURSTS: u64 = 12;

/// Whether what was heard is what was sent, once and nothing else. A wrong payload is no failure
/// among others: it must never be.
fn arrives(recording: &[f32], sent: &[u8]) -> bool {
    let events = events(recording, RATE);
    let heard = heard(&events);
    for message in &heard {
        assert_eq!(message.payload, sent, "a wrong payload");
    }
    heard.len() == 1
}

#[test]
fn one_pass_survives_every_room_that_is_required() {
    let scenes: [&Scene; 12] = [
        &Room::CLEAN,
        &Room::DESK,
        &Room::ROOM,
        &Room::HALL,
        &Room::BABBLE,
        &Room::FAST,
        &Room::SLOW,
        &Room::CLIPPED,
        &Room::DROPOUTS,
        &Room::CLICKS,
        &Room::GAIN,
        &Room::WORST,
    ];
    let mut all = 0;
    for scene in scenes {
        let count = (0..BURSTS)
            .filter(|seed| {
                let sent = payload(BYTES, *seed);
                let burst = sound(&sent, 0, RATE);
                arrives(&Room::new(scene, 100 + seed, RATE).apply(&burst), &sent)
            })
            .count() as u64;
        let least = fewest(BURSTS, REQUIRED);
        println!("{}: {count} of {BURSTS}", scene.name);
        assert!(count >= least, "{}: {count} of {BURSTS}", scene.name);
        all += count;
    }
    let bursts = BURSTS * scenes.len() as u64;
    assert!(all >= fewest(bursts, REQUIRED), "{all} of {bursts}");
}

/// Bursts of one pass that are read in white noise, out of `count`, when a bit of payload has
/// `eb_n0` dB: preamble, header, guards and redundancy are charged to it.
fn read_in_white_noise(eb_n0: f64, count: u64) -> u64 {
    (0..count)
        .filter(|seed| {
            let sent = payload(BYTES, *seed);
            let burst = sound(&sent, 0, RATE);
            let energy: f64 = burst.iter().map(|x| f64::from(*x).powi(2)).sum();
            let density = energy / (8 * BYTES) as f64 / 10f64.powf(eb_n0 / 10.0);
            // In samples of unit length: half the density each.
            let rms = (density / 2.0).sqrt();
            let mut samples = white(burst.len() + 48_000, rms, *seed);
            for (sum, x) in samples[24_000..].iter_mut().zip(&burst) {
                *sum += x;
            }
            arrives(&samples, &sent)
        })
        .count() as u64
}

#[test]
fn white_noise_is_borne_as_required() {
    // Required: nine of ten at 8 dB.
    let count = read_in_white_noise(8.0, 40);
    println!("{count} of 40 at 8 dB");
    assert!(count >= fewest(40, 0.9), "{count} of 40");
}

#[test]
fn nobody_beats_shannon() {
    // Below ln 2 = -1.59 dB no code can work, in whatever bandwidth: if this one does, the noise
    // of these tests is weaker than it says.
    assert_eq!(read_in_white_noise(-1.6, 10), 0);
}
