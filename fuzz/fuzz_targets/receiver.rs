//! Bursts damaged at will never panic the receiver and never deliver what was not sent.
#![no_main]

use airshake::modem::{Event, Profile, Receiver, Transmitter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[length, pass, cut], operations)) = data.split_first_chunk::<3>() else { return };
    let payload: Vec<u8> = (0..length).collect();
    // Three bits are the pass, the others choose.
    let profile = Profile::ALL[usize::from(pass >> 3) % Profile::ALL.len()];
    let rate = profile.receiver_rate;
    let Ok(burst) = Transmitter::new(profile, rate).burst(&payload, pass % 8) else { return };
    let mut samples = burst.into_samples();
    for operation in operations.chunks_exact(6).take(16) {
        let place = |high: u8, low: u8| {
            usize::from(u16::from_be_bytes([high, low])) * samples.len() / 65_536
        };
        let from = place(operation[1], operation[2]);
        let to = (from + place(operation[3], operation[4]) / 4).min(samples.len());
        let amount = f32::from(operation[5]) / 64.0;
        match operation[0] % 7 {
            0 => samples[from..to].fill(0.0),
            1 => samples[from..to].iter_mut().for_each(|x| *x *= amount),
            2 => samples[from..to].iter_mut().for_each(|x| *x = x.clamp(-amount, amount)),
            3 => samples[from..to].reverse(),
            4 => drop(samples.drain(from..to)),
            5 => samples[from..to].fill(f32::NAN),
            _ => {
                let piece = samples[from..to].to_vec();
                samples.extend(piece);
            }
        }
        if samples.is_empty() {
            return;
        }
    }
    let Ok(mut receiver) = Receiver::new(Profile::ALL, rate) else { return };
    let mut events = Vec::new();
    for piece in samples.chunks(usize::from(cut) * 37 + 1) {
        events.extend(receiver.push(piece));
    }
    events.extend(receiver.finish());
    for event in events {
        if let Event::Message(heard) = event {
            assert_eq!(heard.payload, payload);
        }
    }
});
