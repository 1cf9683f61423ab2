//! Bursts, and what a receiver makes of samples.

use airshake::air::Random;
use airshake::modem::{Event, Heard, Profile, Receiver, Transmitter};
use airshake::units::SampleRate;

pub(crate) const RATE: SampleRate = SampleRate::HZ_48000;

pub(crate) fn payload(len: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed, "payload");
    (0..len).map(|_| random.bits() as u8).collect()
}

pub(crate) fn sound(payload: &[u8], pass: u8, rate: SampleRate) -> Vec<f32> {
    Transmitter::new(&Profile::AUDIBLE, rate)
        .burst(payload, pass)
        .unwrap()
        .into_samples()
}

pub(crate) fn receiver(rate: SampleRate) -> Receiver {
    Receiver::new(Profile::ALL, rate).unwrap()
}

pub(crate) fn events(samples: &[f32], rate: SampleRate) -> Vec<Event> {
    let mut receiver = receiver(rate);
    let mut events: Vec<Event> = receiver.push(samples).collect();
    events.extend(receiver.finish());
    events
}

pub(crate) fn heard(events: &[Event]) -> Vec<&Heard> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Message(heard) => Some(heard),
            _ => None,
        })
        .collect()
}

/// Adds `sound` to what is there, longer if need be.
pub(crate) fn mix(samples: &mut Vec<f32>, at: usize, gain: f32, sound: &[f32]) {
    samples.resize(samples.len().max(at + sound.len()), 0.0);
    for (sum, x) in samples[at..].iter_mut().zip(sound) {
        *sum += gain * x;
    }
}

/// White noise of that root mean square.
pub(crate) fn white(len: usize, rms: f64, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed, "white");
    (0..len).map(|_| (random.gaussian() * rms) as f32).collect()
}
