//! How long two `airshake pair` take to find each other over the virtual air, and how many bytes
//! they say: `script/measure-pairing`.
//!
//! Counted from the first sound that either begins to play until both say that they are connected,
//! by the clock of this program. Needs Linux and PulseAudio.

#![cfg_attr(not(target_os = "linux"), allow(dead_code, unused_imports))]
#![allow(
    clippy::disallowed_methods,
    reason = "a measurement of the whole program lives in real time"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/live.rs"]
mod live;
#[path = "../tests/common/network.rs"]
mod network;
#[path = "../tests/common/relay.rs"]
mod relay;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use live::{Air, Program};
use network::Network;
use relay::Impairment;
use serde_json::{Value, json};

/// Measure how long two processes take to pair over a virtual air
///
/// From the first sound until both are connected. Ends with 1 if a pairing failed, or the median
/// is above what is required of that air.
#[derive(Debug, Parser)]
#[command(
    name = "script/measure-pairing",
    after_help = "\
Examples:
  script/measure-pairing crossed
  script/measure-pairing shared --two-sounds --runs 20
  script/measure-pairing impaired --snr 10 --json"
)]
struct Measure {
    /// What lies between the two
    #[arg(value_enum, default_value = "crossed")]
    air: Between,

    /// Both sides say an offer and wait for its answer
    #[arg(long)]
    two_sounds: bool,

    /// Both sides say half of the fingerprint
    #[arg(long, conflicts_with = "two_sounds")]
    short: bool,

    /// How often
    #[arg(long, value_name = "N", default_value_t = 20)]
    runs: u32,

    /// The median that is required, in seconds: 2 for one sound, 4 for two; through a bad room
    /// twice that
    #[arg(long, value_name = "SECONDS")]
    within: Option<f64>,

    /// `impaired`: reverberation time, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = Impairment::REQUIRED.rt60)]
    rt60: f64,

    /// `impaired`: direct against reverberant energy
    #[arg(long, value_name = "DB", default_value_t = Impairment::REQUIRED.direct,
          allow_negative_numbers = true)]
    direct: f32,

    /// `impaired`: a burst as it arrives against white noise up to 24 kHz
    #[arg(long, value_name = "DB", default_value_t = Impairment::REQUIRED.snr,
          allow_negative_numbers = true)]
    snr: f32,

    /// `impaired`: by how much the two clocks disagree
    #[arg(long, value_name = "PPM", default_value_t = Impairment::REQUIRED.ppm,
          allow_negative_numbers = true)]
    ppm: f64,

    /// `impaired`: which room of that kind
    #[arg(long, value_name = "N", default_value_t = Impairment::REQUIRED.seed)]
    seed: u64,

    /// One JSON line a run, and one at the end
    #[arg(long)]
    json: bool,

    /// Said by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Between {
    /// Two cables: each hears only the other
    Crossed,
    /// One room: each also hears itself
    Shared,
    /// As shared, through voice processing as telephone programs have it
    Voice,
    /// Echo, noise, and clocks that disagree
    Impaired,
    /// Two cables; each network lets nobody in unasked, so that a second sound is needed
    Firewall,
}

/// One pairing.
#[derive(Debug)]
struct Run {
    /// `None` if the two did not pair.
    seconds: Option<f64>,
    way: String,
    /// The bytes of each sound that was begun until both were connected, as both tell them.
    sounds: Vec<u64>,
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "relay_process") {
        relay::carry();
    }
    let measure = Measure::parse();
    let air = match measure.air {
        Between::Crossed | Between::Firewall => Air::start("crossed"),
        Between::Shared => Air::start("shared"),
        Between::Voice => Air::start("shared voice"),
        Between::Impaired => Air::impaired(&Impairment {
            rt60: measure.rt60,
            direct: measure.direct,
            snr: measure.snr,
            ppm: measure.ppm,
            seed: measure.seed,
        }),
    };
    let network = match measure.air {
        Between::Firewall => Network::firewalls(),
        _ => Some(Network::shared()),
    };
    let (Some(air), Some(network)) = (air, network) else {
        return ExitCode::from(2);
    };
    if !measure.json {
        println!("  run  way          seconds  bytes said");
    }
    let mut runs = Vec::new();
    for n in 0..measure.runs {
        let run = measure.once(&air, &network, n);
        measure.tell(n, &run);
        runs.push(run);
    }
    measure.sum_up(&runs)
}

impl Measure {
    fn once(&self, air: &Air, network: &Network, n: u32) -> Run {
        let options: &[&str] = match (self.two_sounds, self.short) {
            (true, _) => &["pair", "--json", "--two-sounds"],
            (_, true) => &["pair", "--json", "--short"],
            _ => &["pair", "--json"],
        };
        let start = |side| Program::start(network.script(air, side), side, options);
        let a = start("A");
        // Not always at the same moment: together, and up to 0.9 s apart.
        thread::sleep(Duration::from_millis(300 * u64::from(n % 4)));
        let b = start("B");
        let end = Instant::now() + DEADLINE;
        let mut first: Option<Instant> = None;
        let (mut connected, mut sounds, mut way) = ([None; 2], Vec::new(), String::new());
        while connected.contains(&None) && Instant::now() < end {
            let mut quiet = true;
            for (side, peer) in [&a, &b].into_iter().enumerate() {
                while let Some((at, line)) = peer.next_event() {
                    quiet = false;
                    let event: Value = serde_json::from_str(&line).unwrap_or_default();
                    match event["event"].as_str() {
                        Some("playing") => {
                            first = Some(first.map_or(at, |first| first.min(at)));
                            sounds.extend(event["bytes"].as_u64());
                        }
                        Some("connected") => {
                            connected[side] = Some(at);
                            event["way"]
                                .as_str()
                                .unwrap_or_default()
                                .clone_into(&mut way);
                        }
                        _ => {}
                    }
                }
            }
            if quiet {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let seconds = match (first, connected) {
            (Some(first), [Some(a), Some(b)]) => Some((a.max(b) - first).as_secs_f64()),
            _ => None,
        };
        Run {
            seconds,
            way,
            sounds,
        }
    }

    fn tell(&self, n: u32, run: &Run) {
        if self.json {
            let (seconds, way, sounds) = (run.seconds, &run.way, &run.sounds);
            println!(
                "{}",
                json!({"run": n, "seconds": seconds.map(milli), "way": way, "sounds": sounds})
            );
            return;
        }
        let seconds = run
            .seconds
            .map_or("never".to_owned(), |s| format!("{s:.2}"));
        let sounds: Vec<String> = run.sounds.iter().map(u64::to_string).collect();
        println!(
            "{n:5}  {:<11}  {seconds:>7}  {}",
            run.way,
            sounds.join(" + ")
        );
    }

    fn sum_up(&self, runs: &[Run]) -> ExitCode {
        let mut seconds: Vec<f64> = runs.iter().filter_map(|run| run.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let median = match seconds.len() {
            0 => f64::INFINITY,
            n => f64::midpoint(seconds[(n - 1) / 2], seconds[n / 2]),
        };
        let worst = seconds.last().copied().unwrap_or(f64::INFINITY);
        let within = self.within();
        let met = seconds.len() == runs.len() && median <= within;
        // What was said in the runs that needed no repetition.
        let (least, by_two) = (
            runs.iter().map(|run| run.sounds.len()).min().unwrap_or(0),
            runs.iter().filter(|run| run.way == "two-sounds").count(),
        );
        let said = runs.iter().find(|run| run.sounds.len() == least);
        let said = said.map_or(&[][..], |run| &run.sounds);
        let air = self.air.to_possible_value();
        let air = air.as_ref().map_or("", |air| air.get_name());
        if self.json {
            println!(
                "{}",
                json!({
                    "air": air, "two_sounds": self.two_sounds, "short": self.short, "runs": runs.len(),
                    "paired": seconds.len(), "by_two_sounds": by_two, "median_s": milli(median),
                    "worst_s": milli(worst), "required_s": within, "bytes": said, "met": met,
                })
            );
        } else {
            let bytes: Vec<String> = said.iter().map(u64::to_string).collect();
            println!(
                "{air}: {} of {} paired, {by_two} of them by two sounds; median {median:.2} s, \
                 worst {worst:.2} s, {} bytes; required: {within} s: {}",
                seconds.len(),
                runs.len(),
                bytes.join(" + "),
                if met { "met" } else { "NOT MET" },
            );
        }
        ExitCode::from(u8::from(!met))
    }

    /// The median that is required.
    fn within(&self) -> f64 {
        self.within.unwrap_or_else(|| {
            let sounds = match self.two_sounds || self.air == Between::Firewall {
                true => 2.0,
                false => 1.0,
            };
            let room = match self.air {
                Between::Impaired | Between::Voice => 2.0,
                _ => 1.0,
            };
            // Where it is the network that makes the second sound needed, that is waited for first.
            let patience = match self.air == Between::Firewall && !self.two_sounds {
                true => 2.0,
                false => 0.0,
            };
            2.0 * sounds * room + patience
        })
    }
}

fn milli(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

/// As long as `airshake pair` looks for somebody.
const DEADLINE: Duration = Duration::from_secs(60);
