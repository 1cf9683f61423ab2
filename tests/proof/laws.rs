//! What must not matter, and what must always hold.

use std::f64::consts::TAU;

use airshake::air::Random;
use airshake::modem::Event;
use airshake::units::SampleRate;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::asked;
use super::hearing::{RATE, events, heard, mix, payload, receiver, sound, white};

/// The chirp before the first symbol.
const CHIRP: usize = 3072;
/// How far a position may be off: the chirp is found to within half the width of its correlation
/// peak, one over 8.4 kHz, and by the grid of a receiver that works at 24 kHz or more.
const NEAR: u64 = 6;

/// Payloads and where they begin.
fn found(samples: &[f32], rate: SampleRate) -> Vec<(u64, Vec<u8>)> {
    heard(&events(samples, rate))
        .into_iter()
        .map(|heard| (heard.at, heard.payload.clone()))
        .collect()
}

/// The same payloads, each beginning `NEAR` where it should.
fn agree(found: &[(u64, Vec<u8>)], wanted: &[(u64, Vec<u8>)], near: u64) -> bool {
    found.len() == wanted.len()
        && found
            .iter()
            .zip(wanted)
            .all(|(a, b)| a.1 == b.1 && a.0.abs_diff(b.0) <= near)
}

fn decibels(db: f64) -> f32 {
    10f64.powf(db / 20.0) as f32
}

/// The same cases every time, few: `PROPTEST_CASES` and `AIRSHAKE_SEED` ask for more and others.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: asked("PROPTEST_CASES", 10) as u32,
        rng_seed: RngSeed::Fixed(asked("AIRSHAKE_SEED", 1)),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_cut_of_the_samples_gives_the_same_events(
        cuts in prop::collection::vec(0usize..20_000, 1..30),
        seed in 0u64..1000, len in 0usize..700, pass in 0u8..8,
    ) {
        let mut samples = white(5_000, 0.01, seed);
        // Also a burst that breaks off, an overlapped one, and one that the end cuts.
        mix(&mut samples, 3_000, 0.5, &sound(&payload(len, seed), pass, RATE));
        let end = samples.len();
        mix(&mut samples, end - 4_000, 0.5, &sound(&payload(30, seed + 1), 0, RATE)[..12_000]);
        let end = samples.len();
        mix(&mut samples, end + 500, 0.5, &sound(&payload(64, seed + 2), pass, RATE)[..20_000]);
        let whole = events(&samples, RATE);
        prop_assert!(whole.len() > 2, "{:?}", whole);
        let mut receiver = receiver(RATE);
        let mut pieced: Vec<Event> = Vec::new();
        let mut rest = samples.as_slice();
        for cut in cuts.iter().chain([&997]).cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieced.extend(receiver.push(piece));
            rest = after;
        }
        pieced.extend(receiver.finish());
        // As text: a level that is no number equals itself there.
        prop_assert_eq!(format!("{whole:?}"), format!("{pieced:?}"));
    }

    #[test]
    fn loudness_polarity_and_offset_do_not_matter(
        seed in 0u64..1000, loud in -60f64..0.0, upside_down: bool, offset in -0.3f32..0.3,
        hum in 0f64..0.3, mains in prop::sample::select(vec![50.0, 60.0]),
    ) {
        let sent = payload(64, seed);
        let mut clean = vec![0.0; 20_000];
        mix(&mut clean, 9_000, 1.0, &sound(&sent, 0, RATE));
        clean.resize(clean.len() + 9_000, 0.0);
        let gain = decibels(loud) * if upside_down { -1.0 } else { 1.0 };
        let bent: Vec<f32> = clean
            .iter()
            .enumerate()
            .map(|(i, x)| {
                let hum: f64 = (1..=12)
                    .map(|k| (TAU * mains * f64::from(k) * i as f64 / 48_000.0).sin() * hum / f64::from(k))
                    .sum();
                gain * (x + offset + hum as f32)
            })
            .collect();
        prop_assert!(agree(&found(&bent, RATE), &[(9_000, sent)], NEAR), "{:?}", found(&bent, RATE));
    }

    #[test]
    fn every_burst_is_heard_once_and_where_it_is(
        bursts in prop::collection::vec((0usize..200, 0usize..30_000, 0u8..8, -12f64..0.0), 1..5),
        seed in 0u64..1000,
    ) {
        let mut samples = Vec::new();
        let mut wanted = Vec::new();
        for (i, (len, gap, pass, loud)) in bursts.into_iter().enumerate() {
            let sent = payload(len, 10 * seed + i as u64);
            let at = samples.len() + gap;
            mix(&mut samples, at, decibels(loud), &sound(&sent, pass, RATE));
            wanted.push((at as u64, sent));
        }
        samples.resize(samples.len() + 10_000, 0.0);
        for (sum, noise) in samples.iter_mut().zip(white(1_000_000, 0.003, seed)) {
            *sum += noise;
        }
        prop_assert!(agree(&found(&samples, RATE), &wanted, NEAR), "{:?}", events(&samples, RATE));
    }

    #[test]
    fn a_shift_in_time_shifts_the_positions(shift in 1usize..50_000, seed in 0u64..1000) {
        let sent = payload(40, seed);
        let mut samples = white(60_000, 0.01, seed);
        mix(&mut samples, 11_000, 0.3, &sound(&sent, 0, RATE));
        let before = found(&samples, RATE);
        prop_assert_eq!(before.len(), 1);
        let mut later = white(shift, 0.01, seed + 1);
        later.extend(samples);
        let wanted = [(before[0].0 + shift as u64, sent)];
        prop_assert!(agree(&found(&later, RATE), &wanted, 2), "{:?}, {:?}", before, wanted);
    }

    #[test]
    fn every_sample_rate_will_do(rate in 16_000u32..=192_000, seed in 0u64..1000) {
        let rate = SampleRate(rate);
        let sent = payload(64, seed);
        let lead = rate.samples_in(0.1) as usize;
        let mut samples = vec![0.0; lead];
        mix(&mut samples, lead, 0.5, &sound(&sent, 0, rate));
        samples.resize(samples.len() + lead, 0.0);
        let near = NEAR * u64::from(rate.0).div_ceil(48_000);
        prop_assert!(
            agree(&found(&samples, rate), &[(lead as u64, sent)], near),
            "{:?}", events(&samples, rate)
        );
    }

    #[test]
    fn a_chirp_without_data_leaves_no_deaf_window(
        // From beyond the reach within which a chirp may be the other's echo.
        apart in 1_500usize..40_000, loud in -6f64..6.0, count in 1usize..20, seed in 0u64..1000,
    ) {
        let sent = payload(64, seed);
        let burst = sound(&sent, 0, RATE);
        let mut samples = white(20_000, 0.003, seed);
        let at = 10_000 + count * apart;
        for i in 0..count {
            mix(&mut samples, 10_000 + i * apart, 0.25 * decibels(loud), &burst[..CHIRP]);
        }
        mix(&mut samples, at, 0.25, &burst);
        samples.resize(samples.len() + 10_000, 0.0);
        prop_assert!(
            agree(&found(&samples, RATE), &[(at as u64, sent)], NEAR),
            "{:?}", events(&samples, RATE)
        );
    }

    #[test]
    fn a_burst_out_of_digital_silence_is_heard_wherever_it_begins(
        before in 0usize..100_000, after in 0usize..20_000, len in 0usize..100, seed in 0u64..1000,
    ) {
        let sent = payload(len, seed);
        let mut samples = vec![0.0; before];
        samples.extend(sound(&sent, 0, RATE));
        samples.resize(samples.len() + after, 0.0);
        prop_assert!(
            agree(&found(&samples, RATE), &[(before as u64, sent)], NEAR),
            "{:?}", events(&samples, RATE)
        );
    }
}

/// The louder of two bursts is heard whatever the softer does, and neither is ever misheard.
#[test]
fn two_bursts_that_overlap_cost_at_most_one_of_them() {
    let mut random = Random::new(1, "overlap");
    let mut both = 0;
    for seed in 0..40 {
        let (first, second) = (payload(64, 2 * seed), payload(64, 2 * seed + 1));
        let (a, b) = (sound(&first, 0, RATE), sound(&second, 0, RATE));
        // Not so near that the chirps cannot be told apart.
        let shift = random.between(1_500.0, a.len() as f64) as usize;
        let loud = random.between(6.0, 20.0) * random.sign();
        let mut samples = white(10_000, 0.001, seed);
        mix(&mut samples, 5_000, 0.4 * decibels(loud.min(0.0)), &a);
        mix(
            &mut samples,
            5_000 + shift,
            0.4 * decibels(-loud.max(0.0)),
            &b,
        );
        samples.resize(samples.len() + 5_000, 0.0);
        let louder = if loud < 0.0 { &second } else { &first };
        let found = found(&samples, RATE);
        assert!(
            found.iter().any(|(_, payload)| payload == louder),
            "{seed}: {shift} samples apart, {loud} dB: {:?}",
            events(&samples, RATE)
        );
        assert!(found.iter().all(|(_, p)| *p == first || *p == second));
        both += usize::from(found.len() == 2);
    }
    println!("both of them in {both} of 40");
}
