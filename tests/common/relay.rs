//! Two rooms that are worse than a cable, between the two sides of the virtual air (`separate`):
//! what one loudspeaker plays goes through echo, noise and another clock to the other's microphone,
//! and through a nearer echo to its own.
//!
//! A process of its own, since sound must not wait for the tests: its streams are those of
//! `parec` and `pacat`, and what lies between is [`airshake::air`].

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use airshake::air::{Echo, Noise, Room, Scene};
use airshake::modem::{Profile, Transmitter};
use airshake::units::{Decibels, SampleRate};

/// How bad the way from one side to the other is. Both ways are alike; each has a room and a noise
/// of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Impairment {
    /// Reverberation time in seconds.
    pub(crate) rt60: f64,
    /// Direct against reverberant energy, in dB.
    pub(crate) direct: f32,
    /// Power of a burst as it arrives against that of white noise up to 24 kHz, in dB.
    pub(crate) snr: f32,
    /// By how much A's clock runs faster than B's, in parts per million.
    pub(crate) ppm: f64,
    /// Which rooms of that kind.
    pub(crate) seed: u64,
}

impl Impairment {
    /// What pairing must stand: as much echo as direct sound, for half a second.
    pub(crate) const REQUIRED: Self = Self {
        rt60: 0.5,
        direct: 0.0,
        snr: 20.0,
        ppm: 80.0,
        seed: 1,
    };

    /// From A to B, from B to A, and what each hears of itself.
    fn ways(&self) -> [Way; 4] {
        let scene = |direct| Scene {
            echo: Some(Echo::Tail {
                rt60: self.rt60,
                drr: Decibels(direct),
                early: 24,
            }),
            ..Room::CLEAN
        };
        let far = |ppm| {
            let scene = scene(self.direct);
            let level = scene.level_below(&burst(), Decibels(self.snr));
            Scene {
                skew_ppm: ppm,
                ..scene.with_noise(Noise::White, level)
            }
        };
        // A loudspeaker stands nearer to its own microphone than to any other.
        let near = scene(self.direct + 10.0);
        let way = |from, to, scene, n| Way {
            from,
            to,
            scene,
            seed: 4 * self.seed + n,
        };
        [
            way("a_speaker", "b_air", far(self.ppm), 0),
            way("b_speaker", "a_air", far(-self.ppm), 1),
            way("a_speaker", "a_air", near.clone(), 2),
            way("b_speaker", "b_air", near, 3),
        ]
    }
}

/// What a peer says first, as loud as it does.
fn burst() -> Vec<f32> {
    let burst = Transmitter::new(&Profile::AUDIBLE, RATE).burst(&[0x5a; 32], 0);
    let mut samples = burst.expect("fits").into_samples();
    samples.iter_mut().for_each(|sample| *sample *= VOLUME);
    samples
}

impl std::fmt::Display for Impairment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            rt60,
            direct,
            snr,
            ppm,
            seed,
        } = self;
        write!(f, "{rt60} {direct} {snr} {ppm} {seed}")
    }
}

impl FromStr for Impairment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Result<Vec<f64>, _> = text.split(' ').map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[rt60, direct, snr, ppm, seed]) => Ok(Self {
                rt60,
                direct: direct as f32,
                snr: snr as f32,
                ppm,
                seed: seed as u64,
            }),
            _ => Err(format!("no impairment: {text}")),
        }
    }
}

/// The process that carries the sound, ended when dropped.
pub(crate) struct Relay(Child);

impl Relay {
    /// Runs `command`, which ends in [`carry`], and waits until sound gets through.
    pub(crate) fn start(mut command: Command, impairment: &Impairment) -> Self {
        let mut child = command
            .env(IMPAIRMENT, impairment.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the relay starts");
        let said = BufReader::new(child.stdout.take().expect("piped"));
        let mut lines = said.lines().map_while(Result::ok);
        let relay = Self(child);
        assert!(
            lines.any(|line| line.contains(READY)),
            "the relay does not carry sound"
        );
        relay
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // The end of its input is its own; `parec` and `pacat` follow.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Carries sound until its standard input ends.
pub(crate) fn carry() {
    let told = std::env::var(IMPAIRMENT).expect("an impairment");
    let impairment: Impairment = told.parse().expect("an impairment");
    let mut streams: Vec<Child> = Vec::new();
    // Who plays is there first: what waits for it would come late for ever.
    let ways = impairment.ways().map(|way| {
        let to = play(way.to, &mut streams);
        (way, to)
    });
    let end = Instant::now() + Duration::from_secs(10);
    while playing() < ways.len() {
        assert!(Instant::now() < end, "nothing can be played");
        thread::sleep(Duration::from_millis(50));
    }
    for (way, to) in ways {
        let from = record(way.from, &mut streams);
        thread::spawn(move || way.carry(from, to));
    }
    println!("{READY}");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    for mut stream in streams {
        let _ = stream.kill();
        let _ = stream.wait();
    }
    std::process::exit(0);
}

/// One way of sound.
struct Way {
    from: &'static str,
    to: &'static str,
    scene: Scene,
    seed: u64,
}

impl Way {
    fn carry(&self, mut from: ChildStdout, mut to: ChildStdin) {
        let mut room = Room::new(&self.scene, self.seed, RATE);
        let (mut bytes, mut held) = ([0; 4096], 0);
        let (mut heard, mut written) = (Vec::new(), Vec::new());
        while let Ok(count @ 1..) = from.read(&mut bytes[held..]) {
            let (samples, rest) = bytes[..held + count].as_chunks::<4>();
            let samples: Vec<f32> = samples.iter().map(|x| f32::from_le_bytes(*x)).collect();
            held = rest.len();
            let whole = 4 * samples.len();
            bytes.copy_within(whole..whole + held, 0);
            heard.clear();
            room.process(&samples, &mut heard);
            written.clear();
            written.extend(heard.iter().flat_map(|x| x.to_le_bytes()));
            if to.write_all(&written).and_then(|()| to.flush()).is_err() {
                return;
            }
        }
    }
}

fn play(sink: &str, streams: &mut Vec<Child>) -> ChildStdin {
    let mut child = stream("pacat", sink, "100", Stdio::piped(), Stdio::null());
    let stdin = child.stdin.take().expect("piped");
    streams.push(child);
    stdin
}

fn record(sink: &str, streams: &mut Vec<Child>) -> ChildStdout {
    let monitor = format!("{sink}.monitor");
    let mut child = stream("parec", &monitor, "20", Stdio::null(), Stdio::piped());
    let stdout = child.stdout.take().expect("piped");
    streams.push(child);
    stdout
}

fn stream(program: &str, device: &str, latency: &str, stdin: Stdio, stdout: Stdio) -> Child {
    Command::new(program)
        .args(["--device", device, "--latency-msec", latency])
        .args(["--raw", "--format=float32le", "--channels=1"])
        .arg(format!("--rate={}", RATE.0))
        .stdin(stdin)
        .stdout(stdout)
        .spawn()
        .expect("PulseAudio's programs are there")
}

/// How many streams play.
fn playing() -> usize {
    let output = Command::new("pactl")
        .args(["list", "short", "sink-inputs"])
        .output()
        .expect("pactl runs");
    String::from_utf8_lossy(&output.stdout).lines().count()
}

/// The rate of the virtual air.
const RATE: SampleRate = SampleRate::HZ_48000;

/// How loud `airshake` plays.
const VOLUME: f32 = 0.8;

/// The environment variable that holds the impairment.
const IMPAIRMENT: &str = "AIRSHAKE_IMPAIRMENT";

/// Said once sound gets through.
const READY: &str = "the relay is ready";
