//! `airshake bench speed`: how much faster than real time, how soon, in how much memory.

use std::time::Duration;

use airshake::air::{Noise, NoiseSource, Random, Room, Scene};
use airshake::modem::{Event, Profile, Receiver, Transmitter};
use airshake::units::Decibels;
use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::cost::{self, Spread, thread_time};
use super::sound::{RATE, payload};
use super::table::Table;
use super::{Form, ended};
use crate::cli::interrupt;
use crate::cli::options::ProfileOption;
use crate::cli::plot::{Axis, Panel, Picture, Series};
use crate::cli::talk::{Talk, round};

/// Speed against real time, latency and memory
///
/// All times are those of one thread on a processor, so that other programs disturb them little.
/// Samples go in as a sound card gives them, 10 ms at a time. What is given is the median of the
/// rounds, with the least and the most.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake bench speed
  airshake bench speed --payload 400 --rounds 21 --json

JSON: a line each for what = encode, decode, noise, silence, and in all profiles
at once all-profiles (noise), talk, music, with bench, profile, payload,
sound_s, rounds, times_real_time, times_real_time_min, times_real_time_max, core_percent; what = start, with ms, ms_min, ms_max;
what = latency, with stream_ms, cpu_ms and their _min and _max; what =
memory, with receiver_mib and process_mib (Linux).")]
pub(super) struct Speed {
    /// Bytes of a message
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(..=65_536))]
    payload: u32,

    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,

    /// Seconds of sound in one measurement
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,

    #[command(flatten)]
    profile: ProfileOption,

    #[command(flatten)]
    form: Form,
}

/// The figures of one run.
#[derive(Debug, Default)]
struct Figures {
    /// Times real time, for each of [`WORKS`].
    speeds: [Vec<f64>; WORKS.len()],
    start_ms: Vec<f64>,
    stream_ms: Vec<f64>,
    cpu_ms: Vec<f64>,
}

/// Samples a sound card gives at once: 10 ms.
const BLOCK: usize = 480;

/// What is timed: for people, and for programs. The first is sending; the others are listening, of
/// which the last ones are in all profiles at once.
const WORKS: [(&str, &str); 7] = [
    ("encode", "encode"),
    ("decode, back to back", "decode"),
    ("listen to noise", "noise"),
    ("listen to silence", "silence"),
    ("noise, all profiles", "all-profiles"),
    ("talk, all profiles", "talk"),
    ("music, all profiles", "music"),
];

/// Which of them are listening to what is no message.
const LISTENING: std::ops::RangeFrom<usize> = 2..;

/// Half a minute.
const MEMORY_BLOCKS: usize = 3_000;

/// The noise that lies under the messages, and is scanned: 30 dB below a full-scale sine.
const NOISE: Scene = Room::HISS;

impl Speed {
    pub(super) fn run(self, quiet: bool) -> Result<()> {
        let mut talk = Talk::new(false, quiet);
        // First of all, while nothing else has taken and freed memory that would not show.
        let memory = self.memory()?;
        let process = cost::peak_memory();

        let frames = self.seconds as usize * RATE.0 as usize;
        let (messages, sound) = self.messages(frames)?;
        let noise = record(&vec![0.0; frames], 2);
        let silence = vec![0.0; frames];
        let [talking, music] = [Noise::Babble, Noise::Music].map(|kind| play(kind, frames));
        let one = [self.profile.profile];
        // In the order of the works.
        let sounds: [(&[&'static Profile], &[f32], usize); WORKS.len() - 1] = [
            (&one, &sound, messages),
            (&one, &noise, 0),
            (&one, &silence, 0),
            (Profile::ALL, &noise, 0),
            (Profile::ALL, &talking, 0),
            (Profile::ALL, &music, 0),
        ];
        let mut figures = Figures::default();
        for done in 0..self.rounds {
            if interrupt::asked() {
                break;
            }
            talk.status(&format!("round {} of {}", done + 1, self.rounds));
            self.round(&mut figures, &sounds, done)?;
        }
        talk.end_status();
        let complete = figures.cpu_ms.len() == self.rounds as usize;
        if !figures.cpu_ms.is_empty() {
            self.form.records(self.records(&figures, memory, process))?;
            self.print(&figures, memory, process)?;
            self.form.draw(|| self.picture(&figures))?;
        }
        ended(complete, &mut talk)
    }

    /// One of everything.
    fn round(
        &self,
        figures: &mut Figures,
        sounds: &[(&[&'static Profile], &[f32], usize)],
        number: u32,
    ) -> Result<()> {
        let profile = self.profile.profile;
        let transmitter = Transmitter::new(profile, RATE);
        let payload = payload(self.payload as usize, u64::from(number));
        let seconds = f64::from(self.seconds);

        let mut made = 0.0;
        let (time, result) = timed(|| -> Result<()> {
            let mut block = [0.0; BLOCK];
            let mut pass = 0;
            while made < seconds {
                let mut burst = transmitter.burst(&payload, pass)?;
                made += RATE.seconds(burst.len());
                while burst.read(&mut block) > 0 {}
                pass = (pass + 1) % 8;
            }
            Ok(())
        });
        result?;
        figures.speeds[0].push(made / time.as_secs_f64());

        for (&(profiles, samples, expected), speeds) in sounds.iter().zip(&mut figures.speeds[1..])
        {
            let mut receiver = Receiver::new(profiles, RATE)?;
            let (time, got) = timed(|| listen(&mut receiver, samples));
            if got != expected {
                bail!("{got} messages came out of {expected}: the speed would mean nothing");
            }
            speeds.push(seconds / time.as_secs_f64());
        }

        let (time, receiver) = timed(|| Receiver::new(&[profile], RATE));
        receiver?;
        figures.start_ms.push(time.as_secs_f64() * 1e3);

        let (stream_ms, cpu_ms) = self.latency(&payload, u64::from(number))?;
        figures.stream_ms.push(stream_ms);
        figures.cpu_ms.push(cpu_ms);
        Ok(())
    }

    /// Messages back to back under noise, as many as fit, and how many they are.
    fn messages(&self, frames: usize) -> Result<(usize, Vec<f32>)> {
        let transmitter = Transmitter::new(self.profile.profile, RATE);
        let (mut sound, mut count) = (Vec::new(), 0);
        loop {
            let payload = payload(self.payload as usize, 1_000 + count as u64);
            let burst = transmitter.burst(&payload, 0)?;
            // Room for the tail of the last.
            let full = sound.len() + burst.len() as usize + RATE.0 as usize / 2 > frames;
            if full && count > 0 {
                sound.resize(frames.max(sound.len()), 0.0);
                return Ok((count, record(&sound, 1)));
            }
            sound.extend(burst.into_samples());
            count += 1;
        }
    }

    /// How long after its last sample a message is there: in milliseconds of sound, and in
    /// milliseconds of work on what came after that sample.
    fn latency(&self, payload: &[u8], number: u64) -> Result<(f64, f64)> {
        const FINE: usize = 48; // 1 ms: the answer is not to depend on the size of blocks.
        let burst = Transmitter::new(self.profile.profile, RATE).burst(payload, 0)?;
        // Another moment of the receiver's own grid each time.
        let lead = 24_000 + (Random::new(number, "lead").unit() * 4_800.0) as usize;
        let mut sound = vec![0.0; lead];
        sound.extend(burst.into_samples());
        let last = sound.len() + Room::DELAY;
        sound.resize(last + RATE.0 as usize, 0.0);
        let sound = record(&sound, 3 + number);
        let (before, after) = sound.split_at(last);
        let mut receiver = Receiver::new(&[self.profile.profile], RATE)?;
        if listen(&mut receiver, before) > 0 {
            return Ok((0.0, 0.0));
        }
        let mut work = Duration::ZERO;
        for (i, block) in after.chunks(FINE).enumerate() {
            let (time, count) = timed(|| messages(receiver.push(block)));
            work += time;
            if count > 0 {
                let heard = (i + 1) * FINE;
                return Ok((RATE.seconds(heard as u64) * 1e3, work.as_secs_f64() * 1e3));
            }
        }
        bail!("a message did not come out within a second of its end")
    }

    /// Bytes that a receiver takes while it reads half a minute of messages.
    fn memory(&self) -> Result<Option<u64>> {
        // What made the sound stays until the end: its memory, given back, would be the
        // receiver's without showing.
        let transmitter = Transmitter::new(self.profile.profile, RATE);
        let mut bursts = Vec::new();
        let mut sound = Vec::new();
        for number in 0..4 {
            let payload = payload(self.payload as usize, number);
            let mut burst = transmitter.burst(&payload, 0)?;
            let start = sound.len();
            sound.resize(start + burst.len() as usize, 0.0);
            burst.read(&mut sound[start..]);
            bursts.push(burst);
        }
        let mut room = Room::new(&NOISE, 1, RATE);
        let mut recorded = Vec::with_capacity(sound.len());
        room.process(&sound, &mut recorded);
        let Some(before) = cost::data_memory() else {
            return Ok(None);
        };
        let mut receiver = Receiver::new(&[self.profile.profile], RATE)?;
        let mut most = before;
        for block in recorded.chunks(BLOCK).cycle().take(MEMORY_BLOCKS) {
            receiver.push(block).for_each(drop);
            most = most.max(cost::data_memory().unwrap_or(before));
        }
        drop((bursts, room));
        Ok(Some(most - before))
    }

    fn print(&self, figures: &Figures, memory: Option<u64>, process: Option<u64>) -> Result<()> {
        let mut table = Table::new(["", "median", "least", "most", ""]);
        let mut row = |what: &str, numbers: &[f64], digits: usize, unit: &str| {
            let spread = Spread::of(numbers);
            let show = |x: f64| format!("{x:.digits$}");
            table.row([
                what.to_owned(),
                show(spread.median),
                show(spread.min),
                show(spread.max),
                unit.to_owned(),
            ]);
        };
        let real_time = "x real time  ";
        for ((name, _), numbers) in WORKS.iter().zip(&figures.speeds) {
            row(name, numbers, 0, real_time);
        }
        row("start a receiver", &figures.start_ms, 2, "ms of work   ");
        row(
            "last sample to message",
            &figures.stream_ms,
            0,
            "ms of sound  ",
        );
        row("", &figures.cpu_ms, 2, "ms of work   ");
        let listening = figures.speeds[LISTENING].iter().map(|speeds| {
            let speed = Spread::of(speeds).median;
            100.0 / speed
        });
        let (least, most) = listening.fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), x| {
            (least.min(x), most.max(x))
        });
        let mut notes = vec![format!(
            "Listening takes {least:.3} to {most:.3} % of one core."
        )];
        if let (Some(memory), Some(process)) = (memory, process) {
            notes.push(format!(
                "A receiver takes {:.1} MiB; the whole process had {:.1} MiB at most by then.",
                mebibytes(memory),
                mebibytes(process)
            ));
        }
        if cfg!(debug_assertions) {
            notes.push("This is a development build: a release is faster.".to_owned());
        }
        let title = format!(
            "airshake {}, {}, {} bytes, {} rounds of {} s, one thread of\n{}",
            env!("CARGO_PKG_VERSION"),
            self.profile.profile.name,
            self.payload,
            self.rounds,
            self.seconds,
            processor()
        );
        self.form.table(&title, &table, &notes)
    }

    fn picture(&self, figures: &Figures) -> Picture {
        let spreads = figures.speeds.each_ref().map(|numbers| Spread::of(numbers));
        let most = spreads.iter().map(|spread| spread.max).fold(0.0, f64::max);
        let of = |at: usize| (at as f64, spreads[at]);
        let bars = (0..WORKS.len())
            .map(of)
            .map(|(at, spread)| (at, spread.median));
        let sure = (0..WORKS.len()).map(of).map(|(at, s)| (at, s.min, s.max));
        let panel = Panel::new("")
            .x(Axis::named(WORKS.map(|(name, _)| name)))
            .y(Axis::linear("times real time").range(0.0, most * 1.06))
            .series(Series::bars("", bars.collect(), 0.6).sure(sure.collect()));
        Picture::new("Speed of one thread against real time")
            .note(format!(
                "Profile {}, {} bytes; CPU time, median of {} rounds, whiskers from the least to \
                 the most.",
                self.profile.profile.name,
                self.payload,
                figures.cpu_ms.len()
            ))
            .note(processor())
            .row(220.0, [panel])
    }

    fn records(&self, figures: &Figures, memory: Option<u64>, process: Option<u64>) -> Vec<Value> {
        let record = |what: &str, fields: Value| {
            let mut record = json!({
                "bench": "speed",
                "what": what,
                "profile": self.profile.profile.name,
                "payload": self.payload,
                "rounds": figures.cpu_ms.len(),
            });
            if let (Value::Object(record), Value::Object(fields)) = (&mut record, fields) {
                record.extend(fields);
            }
            record
        };
        let speed = |what, numbers: &[f64]| {
            let spread = Spread::of(numbers);
            record(
                what,
                json!({
                    "sound_s": self.seconds,
                    "times_real_time": round(spread.median, 1),
                    "times_real_time_min": round(spread.min, 1),
                    "times_real_time_max": round(spread.max, 1),
                    "core_percent": round(100.0 / spread.median, 5),
                }),
            )
        };
        let start = Spread::of(&figures.start_ms);
        let stream = Spread::of(&figures.stream_ms);
        let cpu = Spread::of(&figures.cpu_ms);
        let works = WORKS.iter().zip(&figures.speeds);
        let mut records: Vec<Value> = works
            .map(|((_, what), numbers)| speed(what, numbers))
            .collect();
        records.extend([
            record(
                "start",
                json!({
                    "ms": round(start.median, 3),
                    "ms_min": round(start.min, 3),
                    "ms_max": round(start.max, 3),
                }),
            ),
            record(
                "latency",
                json!({
                    "stream_ms": round(stream.median, 1),
                    "stream_ms_min": round(stream.min, 1),
                    "stream_ms_max": round(stream.max, 1),
                    "cpu_ms": round(cpu.median, 3),
                    "cpu_ms_min": round(cpu.min, 3),
                    "cpu_ms_max": round(cpu.max, 3),
                }),
            ),
            record(
                "memory",
                json!({
                    "receiver_mib": memory.map(|bytes| round(mebibytes(bytes), 2)),
                    "process_mib": process.map(|bytes| round(mebibytes(bytes), 2)),
                }),
            ),
        ]);
        records
    }
}

/// The sound under noise.
fn record(sound: &[f32], seed: u64) -> Vec<f32> {
    let mut recorded = Vec::with_capacity(sound.len());
    Room::new(&NOISE, seed, RATE).process(sound, &mut recorded);
    recorded
}

/// What nobody sends a message in, as a sound card gives it: in 16 bits, 20 dB below full scale.
fn play(kind: Noise, frames: usize) -> Vec<f32> {
    let random = Random::new(3, "listening");
    let mut sound = vec![0.0; frames];
    NoiseSource::new(kind, Decibels(0.0), RATE, random).add(&mut sound);
    let power = sound.iter().map(|x| x * x).sum::<f32>() / frames.max(1) as f32;
    let scale = 0.1 / power.sqrt().max(f32::MIN_POSITIVE);
    sound
        .iter()
        .map(|x| (x * scale * 32_768.0).round().clamp(-32_768.0, 32_767.0) / 32_768.0)
        .collect()
}

/// How many messages come out.
fn listen(receiver: &mut Receiver, samples: &[f32]) -> usize {
    let blocks = samples.chunks(BLOCK);
    blocks.map(|block| messages(receiver.push(block))).sum()
}

fn messages(events: impl Iterator<Item = Event>) -> usize {
    events
        .filter(|event| matches!(event, Event::Message(_)))
        .count()
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = thread_time();
    let result = work();
    // A clock that is coarse must not make work look free.
    let time = thread_time().saturating_sub(start);
    (time.max(Duration::from_nanos(1)), result)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1 << 20) as f64
}

fn processor() -> String {
    cost::processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}
