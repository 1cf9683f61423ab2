//! `airshake bench awgn`: how much energy a bit needs, beside what theory asks for.

mod curve;
mod picture;

use airshake::air::{Noise, REFERENCE_POWER, Room, Scene};
use airshake::units::Decibels;
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use self::curve::{Curve, LOSS, Point};
use crate::cli::bench::sound::{Message, Outcome, RATE, energy};
use crate::cli::bench::success::Successes;
use crate::cli::bench::table::Table;
use crate::cli::bench::theory::{Limit, Uses, db, power, uncoded_loss};
use crate::cli::bench::trials::Effort;
use crate::cli::bench::{Form, ended};
use crate::cli::interrupt;
use crate::cli::options::ProfileOption;
use crate::cli::talk::{Talk, round};

/// Error rate in white noise against Eb/N0, beside theory
///
/// Eb is the energy of everything that is played, preamble, header and guards included, for each
/// bit of the payload that is delivered. The steps go up until a point has no error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake bench awgn
  airshake bench awgn --payload 140 --step 0.25 --max 5000 --plot awgn.svg
  airshake bench awgn --passes 1,4,8 --json > awgn.jsonl

Theory: `bound` is what the best code loses that is as long, over as many of
the same tones (normal approximation), were all energy in them; `uncoded` is
4-FSK without any code. 90 % is where one message in ten is lost; C/N0 is the
mean power while it sounds against the noise in 1 Hz; Cpk/N0 that of a sine
of the same peak: what a loudspeaker limited by its peak must give.

JSON: a line for each point with bench, what = point, profile, payload,
passes, eb_n0_db, messages, errors, rate (of errors), low, high (95 %
confidence, Wilson), wrong, bound, uncoded, complete; then for each number
of passes one with what = threshold, eb_n0_db, c_n0_db_hz, cpk_n0_db_hz
(null if it was not reached), bound_db, capacity_db, air_s.")]
pub(super) struct Awgn {
    /// Bytes of a message
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    payload: u32,

    /// Passes of a message, all added up; several numbers give as many curves
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "1",
          value_parser = clap::value_parser!(u8).range(1..=32))]
    passes: Vec<u8>,

    /// First Eb/N0 in dB; the default is where theory has just begun to let messages through
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = decibels)]
    from: Option<f64>,

    /// Last Eb/N0 in dB
    #[arg(long, value_name = "DB", default_value = "20", allow_negative_numbers = true, value_parser = decibels)]
    to: f64,

    /// From one point to the next, in dB
    #[arg(long, value_name = "DB", default_value = "0.5", value_parser = step)]
    step: f64,

    #[command(flatten)]
    profile: ProfileOption,

    #[command(flatten)]
    effort: Effort,

    #[command(flatten)]
    form: Form,
}

impl Awgn {
    pub(super) fn run(self, quiet: bool) -> Result<()> {
        let mut talk = Talk::new(false, quiet);
        let mut curves = Vec::new();
        for passes in &self.passes {
            talk.status("computing the limits");
            let mut curve = self.curve(usize::from(*passes))?;
            self.sweep(&mut curve, &mut talk)?;
            self.form.records(self.records(&curve))?;
            curves.push(curve);
            if interrupt::asked() {
                break;
            }
        }
        talk.end_status();
        for (number, curve) in curves.iter().enumerate() {
            if number > 0 && !self.form.json {
                crate::cli::files::print_line("")?;
            }
            let title = format!(
                "{}: {} bytes in white noise, {}, {:.2} s of sound",
                self.profile.profile.name,
                self.payload,
                match curve.passes {
                    1 => "1 pass".to_owned(),
                    n => format!("{n} passes"),
                },
                curve.air_s
            );
            self.form
                .table(&title, &self.table(curve), &self.notes(curve))?;
        }
        self.form
            .draw(|| picture::picture(&curves, self.profile.profile.name, &self.effort))?;
        ended(curves.iter().all(Curve::complete), &mut talk)
    }

    fn bits(&self) -> usize {
        8 * self.payload as usize
    }

    fn curve(&self, passes: usize) -> Result<Curve> {
        let message = Message::new(self.profile.profile, self.payload as usize, passes, 0)?;
        let (energy, air_s) = (message.energy(), message.air_s());
        let power = energy / (air_s * f64::from(RATE.0));
        Ok(Curve {
            bits: self.bits(),
            passes,
            energy,
            air_s,
            // The peak is 1: a sine would have a power of one half.
            below_sine_db: db(0.5 / power),
            limit: Limit::new(self.bits(), &self.uses(&message)),
            points: Vec::new(),
        })
    }

    /// The tones of which a message is made, all energy shared out among them.
    fn uses(&self, message: &Message) -> Vec<Uses> {
        let profile = self.profile.profile;
        let chirp = profile.chirp.seconds * f64::from(RATE.0);
        let first = message.passes.first().map_or(0, Vec::len);
        let uses = |(number, pass): (usize, &Vec<f32>)| {
            let format = match pass.len() == first {
                // Long messages are never sent deep: all their passes are as long as the first.
                true => &profile.normal,
                false => profile.format((number % 8) as u8),
            };
            let symbol = (format.guard + format.body) as f64;
            // A long message has a chirp for each of its frames; what that overstates is little.
            let symbols = ((pass.len() as f64 - chirp) / symbol).floor().max(1.0);
            Uses {
                tones: format.plan.tones_per_group(),
                count: symbols * format.plan.groups as f64,
                energy: energy(pass),
            }
        };
        message.passes.iter().enumerate().map(uses).collect()
    }

    /// Goes up in steps until nothing is lost any more.
    fn sweep(&self, curve: &mut Curve, talk: &mut Talk) -> Result<()> {
        let from = self.from.unwrap_or_else(|| {
            // On the grid, so that curves can be compared.
            (curve.limit.needed_db(0.5) / self.step).floor() * self.step
        });
        // Where nothing gets through, a few messages tell so.
        let few = Effort {
            errors: self.effort.errors.min(HOPELESS),
            max: self.effort.max.min(HOPELESS),
            ..self.effort
        };
        for number in 0.. {
            let eb_n0_db = from + f64::from(number) * self.step;
            if eb_n0_db > self.to + 1e-9 || interrupt::asked() {
                break;
            }
            let mut point = self.measure(curve, eb_n0_db, &few, talk)?;
            if point.complete && point.errors.got < point.errors.of {
                point = self.measure(curve, eb_n0_db, &self.effort, talk)?;
            }
            if point.errors.of > 0 {
                curve.points.push(point);
            }
            if !point.complete || point.errors.got == 0 {
                break;
            }
        }
        Ok(())
    }

    fn measure(
        &self,
        curve: &Curve,
        eb_n0_db: f64,
        effort: &Effort,
        talk: &mut Talk,
    ) -> Result<Point> {
        let scene = scene(curve.energy / self.bits() as f64, eb_n0_db);
        let profile = self.profile.profile;
        let (bytes, passes) = (self.payload as usize, curve.passes);
        let trial = |seed| Message::new(profile, bytes, passes, seed)?.play(profile, &scene, seed);
        let failed =
            |result: &Result<Outcome>| !matches!(result, Ok(outcome) if outcome.after.is_some());
        let trials = effort.run(
            || trial,
            failed,
            |count| {
                talk.status(&format!(
                    "Eb/N0 {eb_n0_db:.2} dB: {count} of {}",
                    effort.max
                ));
            },
        );
        let mut point = Point {
            eb_n0_db,
            errors: Successes::default(),
            wrong: 0,
            complete: trials.complete,
        };
        for outcome in trials.results {
            let outcome = outcome?;
            point.wrong += outcome.wrong;
            point.errors.count(outcome.after.is_none());
        }
        Ok(point)
    }

    fn table(&self, curve: &Curve) -> Table {
        let mut table = Table::new([
            "Eb/N0 dB",
            "messages",
            "lost",
            "rate",
            "95 % confidence",
            "bound",
            "uncoded",
            "wrong",
        ]);
        for point in &curve.points {
            let (low, high) = point.errors.interval();
            table.row([
                format!("{:.2}", point.eb_n0_db),
                point.errors.of.to_string(),
                point.errors.got.to_string(),
                share(point.errors.rate()),
                format!("{} - {}", share(low), share(high)),
                share(curve.limit.loss(point.eb_n0_db)),
                share(uncoded_loss(4, self.bits(), point.eb_n0_db)),
                point.wrong.to_string(),
            ]);
        }
        table
    }

    fn notes(&self, curve: &Curve) -> Vec<String> {
        let bound = curve.limit.needed_db(LOSS);
        let mut notes = Vec::new();
        match curve.threshold() {
            Some(threshold) => {
                let range = match curve.threshold_range() {
                    (Some(low), Some(high)) => format!(" ({low:.2} to {high:.2})"),
                    _ => String::new(),
                };
                notes.push(format!(
                    "90 % get through at Eb/N0 {threshold:.2} dB{range}: C/N0 {:.1} dB-Hz, Cpk/N0 {:.1} dB-Hz",
                    curve.c_n0(threshold),
                    curve.cpk_n0(threshold),
                ));
                notes.push(format!(
                    "The best code over the same tones needs {bound:.2} dB, {:.2} dB less.",
                    threshold - bound
                ));
            }
            None => notes.push("90 % was not crossed by these points.".to_owned()),
        }
        notes
    }

    fn records(&self, curve: &Curve) -> Vec<Value> {
        let head = |what: &str| {
            json!({
                "bench": "awgn",
                "what": what,
                "profile": self.profile.profile.name,
                "payload": self.payload,
                "passes": curve.passes,
            })
        };
        let with = |mut record: Value, fields: Value| {
            if let (Value::Object(record), Value::Object(fields)) = (&mut record, fields) {
                record.extend(fields);
            }
            record
        };
        let point = |point: &Point| {
            let (low, high) = point.errors.interval();
            with(
                head("point"),
                json!({
                    "eb_n0_db": round(point.eb_n0_db, 3),
                    "messages": point.errors.of,
                    "errors": point.errors.got,
                    "rate": round(point.errors.rate(), 6),
                    "low": round(low, 6),
                    "high": round(high, 6),
                    "wrong": point.wrong,
                    "bound": curve.limit.loss(point.eb_n0_db),
                    "uncoded": uncoded_loss(4, self.bits(), point.eb_n0_db),
                    "complete": point.complete,
                }),
            )
        };
        let threshold = curve.threshold();
        let c_n0 = threshold.map(|db| curve.c_n0(db));
        let last = with(
            head("threshold"),
            json!({
                "eb_n0_db": threshold.map(|db| round(db, 3)),
                "c_n0_db_hz": c_n0.map(|db| round(db, 3)),
                "cpk_n0_db_hz": c_n0.map(|db| round(db + curve.below_sine_db, 3)),
                "bound_db": round(curve.limit.needed_db(LOSS), 3),
                "capacity_db": round(curve.limit.capacity_db(), 3),
                "air_s": round(curve.air_s, 4),
            }),
        );
        curve.points.iter().map(point).chain([last]).collect()
    }
}

/// So many messages lost one after the other tell that nothing gets through: were it one in four,
/// this would happen once in a hundred points.
const HOPELESS: u64 = 16;

/// White noise of the usual loudness, and a signal so loud that a bit has this Eb/N0. `energy` is
/// that of a bit of the signal at full scale, the sum of squares.
fn scene(energy: f64, eb_n0_db: f64) -> Scene {
    // The noise, 20 dB below full scale, is cut off at ten standard deviations, never.
    let variance = 0.01;
    // N0 is what a sample of white noise has for each of its two sides.
    let n0 = 2.0 * variance;
    let volume = db(power(eb_n0_db) * n0 / energy);
    Scene {
        name: "white noise",
        volume: Decibels(volume as f32),
        around: (0.4, 0.6),
        ..Room::CLEAN
    }
    .with_noise(
        Noise::White,
        Decibels(db(variance / REFERENCE_POWER) as f32),
    )
}

/// A share with two digits that count.
fn share(share: f64) -> String {
    match share {
        0.0 => "0".to_owned(),
        s if s < 1e-99 => "0".to_owned(),
        s if s < 0.001 => format!("{s:.0e}"),
        s => format!("{s:.3}"),
    }
}

fn decibels(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number of decibels")?;
    if (-20.0..=60.0).contains(&value) {
        Ok(value)
    } else {
        Err("from -20 to 60 dB".to_owned())
    }
}

fn step(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number of decibels")?;
    if (0.01..=10.0).contains(&value) {
        Ok(value)
    } else {
        Err("from 0.01 to 10 dB".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scene_has_the_ratio_asked_for() {
        // A square wave of full scale, one bit in 100 samples: energy 100.
        let signal: Vec<f32> = (0..200_000)
            .map(|n| if n / 50 % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        for eb_n0_db in [0.0, 8.0] {
            let scene = scene(100.0, eb_n0_db);
            let record = |signal: &[f32]| {
                let mut out = Vec::new();
                Room::new(&scene, 1, RATE).process(signal, &mut out);
                out
            };
            let noise = record(&vec![0.0; signal.len()]);
            let both = record(&signal);
            let clean: Vec<f32> = both.iter().zip(&noise).map(|(a, b)| a - b).collect();
            let bit = energy(&clean) / (signal.len() as f64 / 100.0);
            let n0 = 2.0 * energy(&noise) / noise.len() as f64;
            // The start of the recording lies before the delayed signal: 0.02 dB and less.
            let got = db(bit / n0);
            assert!((got - eb_n0_db).abs() < 0.05, "{got} for {eb_n0_db}");
        }
    }
}
