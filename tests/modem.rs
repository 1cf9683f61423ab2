//! The laws of the receiver, over the public interface.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use airshake::air::{Random, Room, Scene};
use airshake::modem::{Burst, Event, Loss, MAX_PAYLOAD, Profile, Receiver, Transmitter};
use airshake::units::SampleRate;
use proptest::prelude::*;

const RATE: SampleRate = SampleRate::HZ_48000;

fn payload(len: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed, "payload");
    (0..len).map(|_| random.bits() as u8).collect()
}

fn sound(payload: &[u8], pass: u8, rate: SampleRate) -> Vec<f32> {
    let burst: Burst = Transmitter::new(&Profile::AUDIBLE, rate)
        .burst(payload, pass)
        .unwrap();
    burst.into_samples()
}

fn events(samples: &[f32], cut: usize, rate: SampleRate) -> Vec<Event> {
    let mut receiver = Receiver::new(&[&Profile::AUDIBLE], rate).unwrap();
    let mut events = Vec::new();
    for piece in samples.chunks(cut) {
        events.extend(receiver.push(piece));
    }
    events.extend(receiver.finish());
    events
}

fn messages(events: &[Event]) -> Vec<&[u8]> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Message(heard) => Some(heard.payload.as_slice()),
            _ => None,
        })
        .collect()
}

fn noise(len: usize, rms: f32, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed, "noise");
    (0..len).map(|_| random.gaussian() as f32 * rms).collect()
}

#[test]
fn every_length_comes_back() {
    for len in [0, 1, 2, 33, 64, 140, 400, 507, 508, 509, 1000, 1001, 4000] {
        let sent = payload(len, len as u64);
        let events = events(&sound(&sent, 0, RATE), 4096, RATE);
        assert_eq!(messages(&events), [sent.as_slice()], "{len} bytes");
    }
}

#[test]
fn the_longest_message_comes_back_and_a_longer_one_is_refused() {
    let sent = payload(MAX_PAYLOAD, 1);
    assert_eq!(
        messages(&events(&sound(&sent, 0, RATE), 48_000, RATE)),
        [sent.as_slice()]
    );
    let error = Transmitter::new(&Profile::AUDIBLE, RATE)
        .burst(&payload(MAX_PAYLOAD + 1, 1), 0)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "payload of 65537 bytes does not fit: at most 65536 bytes go into one message"
    );
}

#[test]
fn every_sample_rate_carries() {
    let sent = payload(64, 3);
    for rate in [
        16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000,
    ] {
        let rate = SampleRate(rate);
        assert_eq!(
            messages(&events(&sound(&sent, 0, rate), 4096, rate)),
            [sent.as_slice()],
            "{rate}"
        );
    }
    let error = Receiver::new(&[&Profile::AUDIBLE], SampleRate(8_000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a sample rate of 8000 Hz is too low: at least 16000 Hz is needed"
    );
}

#[test]
fn every_pass_is_enough_alone() {
    let sent = payload(508, 4);
    for (len, pass) in [0, 1, 64, 100, 508]
        .iter()
        .flat_map(|len| (0..8).map(move |p| (*len, p)))
    {
        let sent = &sent[..len];
        assert_eq!(
            messages(&events(&sound(sent, pass, RATE), 4096, RATE)),
            [sent],
            "{len} bytes, pass {pass}"
        );
    }
    let long = payload(2000, 4);
    for pass in [1, 7] {
        assert_eq!(
            messages(&events(&sound(&long, pass, RATE), 4096, RATE)),
            [long.as_slice()],
            "{pass}"
        );
    }
}

#[test]
fn the_air_times_asked_for_are_kept() {
    // Stated requirements: seconds on air for so many bytes, preamble and header included.
    let length = |bytes, pass| {
        let burst = Transmitter::new(&Profile::AUDIBLE, RATE).burst(&payload(bytes, 5), pass);
        RATE.seconds(burst.unwrap().len())
    };
    for (bytes, seconds) in [(33, 0.40), (64, 0.55), (140, 1.0), (400, 2.5)] {
        let got = length(bytes, 0);
        assert!(got <= seconds, "{bytes} bytes: {got} s");
    }
    // Deep passes: 64 bytes in twelve symbols of 0.144 s behind the preamble.
    for pass in 0..8 {
        let expected = if [4, 6].contains(&pass) { 1.792 } else { 0.496 };
        assert!((length(64, pass) - expected).abs() < 1e-3, "{pass}");
    }
}

#[test]
fn loudness_does_not_matter_over_sixty_decibels() {
    let sent = payload(64, 6);
    let clean = sound(&sent, 0, RATE);
    for gain in [1.0, 0.1, 0.01, 0.001] {
        let quiet: Vec<f32> = clean.iter().map(|x| x * gain).collect();
        assert_eq!(
            messages(&events(&quiet, 4096, RATE)),
            [sent.as_slice()],
            "{gain}"
        );
    }
}

#[test]
fn noise_and_silence_give_nothing() {
    assert_eq!(events(&vec![0.0; 480_000], 4800, RATE), []);
    assert_eq!(events(&noise(480_000, 0.2, 7), 4800, RATE), []);
    assert_eq!(events(&[], 1, RATE), []);
}

#[test]
fn samples_that_are_no_numbers_harm_only_themselves() {
    let sent = payload(64, 8);
    let mut samples = noise(48_000, 0.001, 8);
    samples.iter_mut().step_by(3).for_each(|x| *x = f32::NAN);
    samples[100] = f32::INFINITY;
    samples.extend(sound(&sent, 0, RATE));
    assert_eq!(messages(&events(&samples, 4096, RATE)), [sent.as_slice()]);
    assert_eq!(events(&vec![f32::NAN; 96_000], 4096, RATE), []);
}

/// Recordings in floating point hold any level: integers of 32 bits as they are, or nonsense.
#[test]
fn samples_beyond_all_scales_are_taken_calmly() {
    let payload = payload(10, 1);
    let burst = sound(&payload, 0, SampleRate::HZ_48000);
    let lead = noise(24_000, 1e-3, 1);
    for exponent in 0..=38 {
        let level = 10f32.powi(exponent);
        let loud = lead.iter().chain(&burst).chain(&lead);
        let loud: Vec<f32> = loud.map(|x| x * level).collect();
        let events = events(&loud, 4_096, SampleRate::HZ_48000);
        // As integers of 16 or 24 bits may come.
        if exponent <= 7 {
            assert_eq!(messages(&events), [&payload[..]], "1e{exponent}");
        }
    }
}

#[test]
fn a_burst_cut_in_the_middle_is_reported_as_cut_off() {
    // A symbol and a half hold 2 * 268 * 1.5 - 240 = 564 coded bits: fewer than the 1152 of the
    // packet, so no code can read it. (Half of a burst is enough on a cable.)
    let samples = sound(&payload(140, 9), 0, RATE);
    let found = events(&samples[..3072 + 6912 * 3 / 2], 4096, RATE);
    assert!(
        matches!(
            found.last(),
            Some(Event::Lost {
                reason: Loss::CutOff,
                ..
            })
        ),
        "{found:?}"
    );
}

#[test]
fn data_under_another_header_is_lost_and_never_delivered() {
    // The header sits in the first symbol: chirp 3072 samples, symbol 6912.
    let (first, second) = (
        sound(&payload(140, 10), 0, RATE),
        sound(&payload(140, 11), 0, RATE),
    );
    let mut spliced = first[..3072 + 6912].to_vec();
    spliced.extend_from_slice(&second[3072 + 6912..]);
    spliced.extend(vec![0.0; 48_000]);
    let found = events(&spliced, 4096, RATE);
    assert!(
        matches!(
            found.last(),
            Some(Event::Lost {
                reason: Loss::Unreadable { passes: 1 },
                ..
            })
        ),
        "{found:?}"
    );
}

#[test]
fn a_long_message_survives_lost_segments_and_says_when_too_many_are_lost() {
    let sent = payload(4000, 12);
    let samples = sound(&sent, 0, RATE);
    // Eight data segments and one of redundancy, all of one length.
    let segment = samples.len() / 9;
    let silenced = |lost: &[usize]| {
        let mut samples = samples.clone();
        for i in lost {
            samples[i * segment..(i + 1) * segment].fill(0.0);
        }
        events(&samples, 4096, RATE)
    };
    assert_eq!(messages(&silenced(&[3])), [sent.as_slice()]);
    let lost = silenced(&[3, 5]);
    let reason = Loss::SegmentsMissing { got: 7, need: 8 };
    assert!(
        matches!(lost.last(), Some(Event::Lost { reason: r, .. }) if *r == reason),
        "{lost:?}"
    );
}

/// The pass after one that was not readable is looked for once it should be whole. By a slow clock it
/// is whole a little later; whenever the look falls in between, it must neither go on for ever nor
/// be the last.
#[test]
fn a_pass_that_is_late_by_its_clock_is_waited_for() {
    let rate = SampleRate(24_000);
    let (chirp, symbol) = (1536, 3456);
    let sent = payload(64, 15);
    let late = Scene {
        skew_ppm: -300.0,
        around: (0.0, 0.0),
        ..Room::CLEAN
    };
    // Of the first pass the header is left, the second one lacks its preamble.
    let (mut first, mut second) = (sound(&sent, 0, rate), sound(&sent, 1, rate));
    let lost = first.len() - chirp - symbol;
    first.truncate(chirp + symbol);
    first.extend(noise(lost, 0.3, 16));
    second[..chirp].copy_from_slice(&noise(chirp, 0.3, 19));
    // Receivers work in steps of a hundredth of a second.
    for offset in (0..240).step_by(2) {
        let samples = [
            noise(2400 + offset, 0.01, 17),
            first.clone(),
            second.clone(),
            noise(24_000, 0.01, 18),
        ];
        let heard = Room::new(&late, 1, rate).apply(&samples.concat());
        let found = events(&heard, 4096, rate);
        assert_eq!(messages(&found), [sent.as_slice()], "{offset}: {found:?}");
    }
}

#[test]
fn two_bursts_that_overlap_give_no_wrong_message() {
    let (a, b) = (payload(64, 13), payload(64, 14));
    let (first, second) = (sound(&a, 0, RATE), sound(&b, 0, RATE));
    for shift in [0, 1000, 6000, 12_000, 20_000, 23_000] {
        let mut mixed = vec![0.0; shift + second.len() + 4800];
        for (i, x) in first.iter().enumerate() {
            mixed[i] += x;
        }
        for (i, x) in second.iter().enumerate() {
            mixed[shift + i] += x;
        }
        for message in messages(&events(&mixed, 4096, RATE)) {
            assert!(message == a || message == b, "shift {shift}");
        }
    }
}

#[test]
fn a_burst_out_of_digital_silence_is_read_whenever_it_begins() {
    // Silence makes everything stand out, the beginning of the chirp too.
    for seed in 0..40 {
        let sent = payload(64, 1000 + seed);
        let mut samples = vec![0.0; 20_000 + 523 * seed as usize];
        samples.extend(sound(&sent, 0, RATE));
        samples.extend(vec![0.0; 30_000]);
        assert_eq!(
            messages(&events(&samples, 4096, RATE)),
            [sent.as_slice()],
            "{seed}"
        );
    }
}

#[test]
fn a_burst_after_another_is_heard_and_so_are_three_in_a_row() {
    let all = [payload(1, 15), payload(64, 16), payload(300, 17)];
    let samples: Vec<f32> = all.iter().flat_map(|p| sound(p, 0, RATE)).collect();
    let found = events(&samples, 4096, RATE);
    assert_eq!(
        messages(&found),
        all.iter().map(Vec::as_slice).collect::<Vec<_>>()
    );
}

#[test]
fn damaged_bursts_never_deliver_a_wrong_payload() {
    let sent = payload(20, 18);
    let clean = sound(&sent, 0, RATE);
    let mut random = Random::new(19, "damage");
    for _ in 0..150 {
        let mut samples = clean.clone();
        for _ in 0..(random.unit() * 6.0) as usize {
            let from = (random.unit() * samples.len() as f64) as usize;
            let to = (from + (random.unit() * 9000.0) as usize).min(samples.len());
            let kind = random.unit();
            for x in &mut samples[from..to] {
                *x = if kind < 0.4 {
                    0.0
                } else if kind < 0.7 {
                    -*x
                } else {
                    random.gaussian() as f32
                };
            }
        }
        for message in messages(&events(&samples, 4096, RATE)) {
            assert_eq!(message, sent);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_cut_of_the_samples_gives_the_same_events(
        cuts in prop::collection::vec(1usize..9000, 1..40), seed in 0u64..4, lead in 0usize..5000,
    ) {
        let mut samples = noise(lead, 0.01, seed);
        samples.extend(sound(&payload(30, seed), 0, RATE));
        samples.extend(noise(20_000, 0.05, seed + 1));
        let whole = events(&samples, samples.len(), RATE);
        let mut receiver = Receiver::new(&[&Profile::AUDIBLE], RATE).unwrap();
        let mut pieced = Vec::new();
        let mut rest = samples.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieced.extend(receiver.push(piece));
            rest = after;
        }
        pieced.extend(receiver.finish());
        prop_assert_eq!(whole, pieced);
    }
}

/// White noise under a sender of full scale whose carrier of the same peak stands `cpk_n0`
/// decibels above the noise in one hertz.
fn white(len: usize, cpk_n0: f64, seed: u64) -> Vec<f32> {
    // The transmitter peaks at 0.9; noise of variance v at 48 kHz has the density v / 24 kHz.
    let density = 0.9 * 0.9 / 2.0 / 10f64.powf(cpk_n0 / 10.0);
    noise(len, (density * 24_000.0).sqrt() as f32, seed)
}

fn mixed(clean: &[f32], noise: Vec<f32>) -> Vec<f32> {
    clean.iter().zip(noise).map(|(x, n)| x + n).collect()
}

/// At 38 dB-Hz the air carries about 600 bits a second (no phase, levels known, four tones a
/// group): in the 0.43 s of one pass less than half of the 544 bits of this packet, in that of
/// six twice as many. (Deep passes, 4 and 6, are read alone there.)
#[test]
fn a_loop_is_read_where_no_pass_of_it_is() {
    let sent = payload(64, 20);
    for seed in 0..4 {
        let mut passes = [0, 1, 2, 3, 5, 7];
        passes.rotate_left(seed as usize);
        let mut clean: Vec<f32> = passes
            .iter()
            .flat_map(|pass| sound(&sent, *pass, RATE))
            .collect();
        // In mid-pass.
        clean.drain(..7000 * seed as usize);
        let samples = mixed(&clean, white(clean.len(), 38.0, seed));
        let found = events(&samples, 4096, RATE);
        let heard = found.iter().find_map(|event| match event {
            Event::Message(heard) => Some(heard),
            _ => None,
        });
        let heard = heard.unwrap_or_else(|| panic!("seed {seed}: {found:?}"));
        assert_eq!(heard.payload, sent);
        assert!(heard.passes > 1, "{heard:?}");
    }
}

/// One preamble is enough to find all passes of a loop, before it and after it. At 38 dB-Hz one
/// pass is not enough to read any; its header is read more often than not.
#[test]
fn passes_without_a_preamble_are_found_by_the_rhythm() {
    let sent = payload(64, 26);
    let passes = [7, 0, 1, 2, 3];
    for seen in [0, 2, 4] {
        let mut announced = 0;
        for seed in 0..5 {
            let mut clean = vec![0.0; 30_000];
            for (i, pass) in passes.iter().enumerate() {
                let mut sound = sound(&sent, *pass, RATE);
                if i != seen {
                    // The chirp takes 64 ms.
                    sound[..3072].fill(0.0);
                }
                clean.extend(sound);
            }
            clean.extend([0.0; 48_000]);
            let samples = mixed(&clean, white(clean.len(), 38.0, 27 + seed));
            let found = events(&samples, 4096, RATE);
            if !found.iter().any(|e| matches!(e, Event::Header { .. })) {
                continue;
            }
            announced += 1;
            let heard = found.iter().find_map(|event| match event {
                Event::Message(heard) => Some(heard),
                _ => None,
            });
            let heard = heard.unwrap_or_else(|| panic!("seen {seen}, seed {seed}: {found:?}"));
            assert_eq!(heard.payload, sent);
            assert!(heard.passes > 1, "seen {seen}: {heard:?}");
        }
        assert!(announced >= 3, "{announced} headers of 5");
    }
}

/// A listener who comes ten seconds late, wherever in the loop that is, and at a level where
/// neither a pass of many tones nor a header of one can be read.
#[test]
fn a_loop_deep_in_noise_is_read_from_anywhere() {
    let sent = payload(64, 28);
    for seed in 0..4usize {
        let mut clean: Vec<f32> = (0..11)
            .flat_map(|pass| sound(&sent, pass % 8, RATE))
            .collect();
        clean.drain(..43_210 * seed);
        // Two turns would be thirteen seconds; at least seven are left.
        let samples = mixed(&clean, white(clean.len(), 32.0, seed as u64));
        let found = events(&samples, 4096, RATE);
        assert_eq!(
            messages(&found).first(),
            Some(&sent.as_slice()),
            "{seed}: {found:?}"
        );
    }
}

#[test]
fn other_messages_may_come_between_the_passes() {
    let (weak, strong) = (payload(64, 21), payload(40, 22));
    let mut clean = Vec::new();
    for pass in 0..8 {
        clean.extend(sound(&weak, pass, RATE));
        clean.extend([0.0; 9600]);
        clean.extend(sound(&strong, pass, RATE).iter().map(|x| x * 10.0));
        clean.extend([0.0; 9600]);
    }
    let samples = mixed(&clean, white(clean.len(), 38.0, 23));
    let found = events(&samples, 4096, RATE);
    let found = messages(&found);
    assert!(found.contains(&weak.as_slice()));
    assert!(found.iter().filter(|message| **message == strong).count() >= 7);
}

#[test]
fn a_message_whose_passes_are_too_few_is_lost_once() {
    let sent = payload(64, 24);
    let mut clean: Vec<f32> = (0..2).flat_map(|pass| sound(&sent, pass, RATE)).collect();
    clean.resize(clean.len() + 24_000, 0.0);
    // Half of the bits that the packet has, in both passes together.
    let samples = mixed(&clean, white(clean.len(), 36.5, 25));
    let found = events(&samples, 4096, RATE);
    let lost: Vec<_> = found
        .iter()
        .filter(|event| matches!(event, Event::Lost { .. }))
        .collect();
    assert!(
        matches!(
            lost[..],
            [Event::Lost {
                reason: Loss::Unreadable { .. },
                ..
            }]
        ),
        "{found:?}"
    );
}
