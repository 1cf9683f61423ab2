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

/// A sender that has been playing in a loop for a while, and a listener who comes in the middle of
/// a pass: what is left of that one does no harm, and the next is read.
#[test]
fn who_comes_in_the_middle_of_a_pass_reads_the_next() {
    let gap = vec![0.0; RATE.samples_in(0.3) as usize];
    for (seed, scene) in (1..).zip([&Room::CLEAN, &Room::ROOM, &Room::HALL, &Room::WORST]) {
        let sent = payload(BYTES, seed);
        // Where each of twenty passes begins and ends.
        let mut passes = Vec::new();
        let mut playing = Vec::new();
        for pass in 0..20 {
            let burst = sound(&sent, pass, RATE);
            passes.push((playing.len(), playing.len() + burst.len()));
            playing.extend(burst);
            playing.extend_from_slice(&gap);
        }
        let recorded = Room::new(scene, 200 + seed, RATE).apply(&playing);
        // After ten seconds: in the preamble, in the header, in the data, near the end; of passes
        // in both formats, one after the other.
        let late = passes.iter().position(|(from, _)| *from >= 480_000);
        let late = late.expect("twenty passes are longer");
        let parts = [0.03, 0.1, 0.3, 0.5, 0.7, 0.95];
        let count = parts
            .iter()
            .zip(late..)
            .filter(|(part, pass)| {
                let (from, until) = passes[*pass];
                let start = from + (**part * (until - from) as f64) as usize;
                // To the end of the next, and of its echo. What has lost little is read, too.
                let end = passes[pass + 1].1 + gap.len();
                let events = events(&recorded[start..end.min(recorded.len())], RATE);
                let read = heard(&events);
                assert!(read.iter().all(|message| message.payload == sent));
                !read.is_empty()
            })
            .count() as u64;
        let cuts = parts.len() as u64;
        assert!(
            count >= fewest(cuts, REQUIRED),
            "{}: {count} of {cuts}",
            scene.name
        );
    }
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
