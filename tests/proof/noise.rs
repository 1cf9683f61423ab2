//! Nobody speaks: nothing may be heard.

use std::ops::AddAssign;

use airshake::air::{Noise, NoiseSource, Random};
use airshake::modem::{Event, Receiver};
use airshake::units::{Decibels, Hertz};

use super::asked;
use super::hearing::{RATE, receiver};

/// Kinds of sound that hold no message.
const KINDS: [(&str, &[Noise]); 8] = [
    ("white", &[Noise::White]),
    ("pink", &[Noise::Pink]),
    ("brown", &[Noise::Brown]),
    ("hum", &[Noise::Hum(Hertz(50.0)), Noise::White]),
    ("babble", &[Noise::Babble]),
    ("music", &[Noise::Music]),
    ("talk and music", &[Noise::Babble, Noise::Music]),
    ("two players", &[Noise::Music, Noise::Music, Noise::Pink]),
];
/// Levels are drawn anew every so many seconds, from a whisper to the end of the scale.
const STRETCH_S: f64 = 7.0;
const LEVELS: (f64, f64) = (-50.0, 6.0);
/// As a sound card gives them.
const BLOCK: usize = 1024;

/// What a receiver made of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    carriers: u64,
    headers: u64,
    segments: u64,
    lost: u64,
    messages: u64,
}

impl Count {
    fn add(&mut self, events: impl Iterator<Item = Event>) {
        for event in events {
            let counter = match event {
                Event::Carrier { .. } => &mut self.carriers,
                Event::Header { .. } => &mut self.headers,
                Event::Segment { .. } => &mut self.segments,
                Event::Lost { .. } => &mut self.lost,
                Event::Message(_) => &mut self.messages,
                _ => continue,
            };
            *counter += 1;
        }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.carriers += other.carriers;
        self.headers += other.headers;
        self.segments += other.segments;
        self.lost += other.lost;
        self.messages += other.messages;
    }
}

/// One kind of sound as it goes on, and who listens to it.
struct Listening {
    sources: Vec<NoiseSource>,
    random: Random,
    receiver: Receiver,
    count: Count,
}

impl Listening {
    fn new(noises: &[Noise], seed: u64) -> Self {
        let mut random = Random::new(seed, "listening");
        let sources = noises
            .iter()
            .map(|noise| {
                let chance = Random::new(random.bits(), "noise");
                NoiseSource::new(*noise, Decibels(0.0), RATE, chance)
            })
            .collect();
        Self {
            sources,
            random,
            receiver: receiver(RATE),
            count: Count::default(),
        }
    }

    fn listen(&mut self, seconds: f64) {
        let mut left = RATE.samples_in(seconds) as usize;
        let mut block = vec![0.0; BLOCK];
        let mut sound = vec![0.0; BLOCK];
        while left > 0 {
            let mut level = || {
                let level = self.random.between(LEVELS.0, LEVELS.1);
                Decibels(level as f32).amplitude_ratio() as f32
            };
            let gains: Vec<f32> = self.sources.iter().map(|_| level()).collect();
            let mut stretch = left.min(RATE.samples_in(STRETCH_S) as usize);
            left -= stretch;
            while stretch > 0 {
                let length = stretch.min(BLOCK);
                stretch -= length;
                sound[..length].fill(0.0);
                for (source, gain) in self.sources.iter_mut().zip(&gains) {
                    block[..length].fill(0.0);
                    source.add(&mut block[..length]);
                    for (sum, x) in sound.iter_mut().zip(&block[..length]) {
                        *sum += gain * x;
                    }
                }
                sound[..length]
                    .iter_mut()
                    .for_each(|x| *x = x.clamp(-1.0, 1.0));
                self.count.add(self.receiver.push(&sound[..length]));
            }
        }
    }

    fn end(mut self) -> Count {
        self.count.add(self.receiver.finish());
        self.count
    }
}

#[test]
fn noise_talk_and_music_give_no_message() {
    let mut chirps = 0;
    for (seed, (name, noises)) in KINDS.iter().enumerate() {
        let mut listening = Listening::new(noises, seed as u64);
        listening.listen(35.0);
        let count = listening.end();
        assert_eq!(
            (count.messages, count.segments),
            (0, 0),
            "{name}: {count:?}"
        );
        if noises.contains(&Noise::Music) {
            chirps += count.carriers;
        }
    }
    // Music holds chirps like ours. Were none of them noticed, this would prove little.
    assert!(chirps > 0);
}

#[test]
#[ignore = "takes minutes an hour: AIRSHAKE_HOURS says how many (10), AIRSHAKE_SEED which"]
#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is worth knowing"
)]
fn hours_of_noise() {
    let (hours, seed) = (asked("AIRSHAKE_HOURS", 10), asked("AIRSHAKE_SEED", 1));
    let each = hours as f64 / KINDS.len() as f64;
    println!("{hours} hours, seed {seed}");
    println!("                 hours  carriers  headers  segments  lost  messages  s per hour");
    let mut all = Count::default();
    for (kind, (name, noises)) in KINDS.iter().enumerate() {
        let begun = std::time::Instant::now();
        let mut listening = Listening::new(noises, seed.wrapping_mul(1000) + kind as u64);
        listening.listen(each * 3600.0);
        let count = listening.end();
        println!(
            "{name:<16} {each:>5.2} {:>9} {:>8} {:>9} {:>5} {:>9} {:>11.1}",
            count.carriers,
            count.headers,
            count.segments,
            count.lost,
            count.messages,
            begun.elapsed().as_secs_f64() / each,
        );
        all += count;
    }
    println!("{all:?}");
    assert_eq!((all.messages, all.segments), (0, 0));
}
