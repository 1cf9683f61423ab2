//! Loops of several passes, against what is required: counted as in [`super::rooms`].

use airshake::air::Room;
use airshake::modem::Profile;

use super::binomial::fewest;
use super::hearing::{RATE, events, heard, mix, payload, sound, white};

/// Of a single pass.
const REQUIRED: f64 = 39.0 / 40.0;

fn sound_of(sent: &[u8], passes: impl Iterator<Item = u8>) -> Vec<f32> {
    let mut all = Vec::new();
    for pass in passes {
        let at = all.len();
        mix(&mut all, at, 1.0, &sound(sent, pass % 8, RATE));
    }
    all
}

#[test]
fn the_deep_passes_are_read_alone_in_a_hall() {
    let seeds = 12;
    for pass in (0..8).filter(|pass| Profile::AUDIBLE.deep_passes >> pass & 1 == 1) {
        let read = (0..seeds).filter(|seed| {
            let sent = payload(64, *seed);
            let recording =
                Room::new(&Room::HALL, 300 + seed, RATE).apply(&sound(&sent, pass, RATE));
            let events = events(&recording, RATE);
            let heard = heard(&events);
            heard.iter().all(|heard| heard.payload == sent) && heard.len() == 1
        });
        let read = read.count() as u64;
        println!("pass {pass}: {read} of {seeds}");
        assert!(read >= fewest(seeds, REQUIRED), "pass {pass}: {read}");
    }
}

/// Messages of 16 bytes that are read in white noise, out of `count`, from a loop that begins
/// anywhere in its turn with `passes` passes of the normal format.
fn short_messages_read(cpk_n0: f64, passes: u8, count: u64) -> u64 {
    let density = 0.9f64.powi(2) / 2.0 / 10f64.powf(cpk_n0 / 10.0);
    let rms = (density * f64::from(RATE.0) / 2.0).sqrt();
    (0..count)
        .filter(|seed| {
            let sent = payload(16, *seed);
            // 7, 0, 1, 2 or 0, 1, 2, 3.
            let first = 7 + (*seed % 2) as u8;
            let clean = sound_of(&sent, first..first + passes);
            let mut samples = white(clean.len() + 48_000, rms, *seed);
            mix(&mut samples, 24_000, 1.0, &clean);
            let events = events(&samples, RATE);
            let heard = heard(&events);
            heard
                .iter()
                .for_each(|heard| assert_eq!(heard.payload, sent));
            heard.len() == 1
        })
        .count() as u64
}

/// The message is protected more strongly than its header: were each header read by itself, four
/// passes would be read little further down than one. Required: nine of ten at 38.5 dB-Hz from
/// one pass, and from four 2.5 dB below, where each of them has little more than half the energy
/// of that one.
#[test]
fn headers_add_up_as_the_data_do() {
    for (cpk_n0, passes) in [(38.5, 1), (36.0, 4)] {
        let read = short_messages_read(cpk_n0, passes, 40);
        println!("{read} of 40 at {cpk_n0} dB-Hz, {passes} passes");
        assert!(read >= fewest(40, 0.9), "{passes} passes: {read} of 40");
    }
}
