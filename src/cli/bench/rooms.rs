//! `airshake bench rooms`: which rooms a message gets across, and after how many passes.

use airshake::air::{Room, Scene};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::chart::{Reach, bar_panel, even, reach_panel};
use super::sound::{Message, Outcome};
use super::success::Successes;
use super::table::Table;
use super::trials::Effort;
use super::{Form, at_volume, ended, percent, scene};
use crate::cli::options::ProfileOption;
use crate::cli::plot::{Panel, Picture};
use crate::cli::talk::{Talk, round};

/// Success over simulated rooms, by the number of passes
///
/// A message is played pass after pass in a simulated room until it comes out. Each trial has a
/// room, noise and payload of its own, drawn by its number.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake bench rooms
  airshake bench rooms --scenes room,hall,worst --payload 140 --passes 2
  airshake bench rooms --scenes worst --quieter 0,6,12,18 --plot worst.svg
  airshake bench rooms --max 1000 --json > rooms.jsonl

JSON: a line for each room, volume and number of passes, with bench, scene,
quieter_db, profile, payload, air_s (of one pass), passes, messages, out,
rate, low, high (95 % confidence, Wilson), wrong, complete.")]
pub(super) struct Rooms {
    /// Which rooms, by name
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = scene())]
    scenes: Vec<&'static Scene>,

    /// Play so many dB quieter than usual, which is a sine of -6 dBFS at the microphone
    #[arg(long, value_name = "DB,DB", value_delimiter = ',', default_value = "0",
          allow_negative_numbers = true, value_parser = super::quieter)]
    quieter: Vec<f32>,

    /// Bytes of a message
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(..=65_536))]
    payload: u32,

    /// Passes of a message at most
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=8))]
    passes: u8,

    #[command(flatten)]
    profile: ProfileOption,

    #[command(flatten)]
    effort: Effort,

    #[command(flatten)]
    form: Form,
}

/// What was counted in one room.
#[derive(Debug)]
struct Point {
    scene: &'static Scene,
    quieter: f32,
    /// Messages that were out after one pass, two, ...
    out: Vec<Successes>,
    wrong: usize,
    complete: bool,
}

impl Rooms {
    pub(super) fn run(self, quiet: bool) -> Result<()> {
        let mut talk = Talk::new(false, quiet);
        let air_s = Message::new(self.profile.profile, self.bytes(), 1, 0)?.air_s();
        let scenes: Vec<&Scene> = match self.scenes.as_slice() {
            [] => Room::PRESETS.iter().collect(),
            some => some.to_vec(),
        };
        let mut points = Vec::new();
        let places = scenes
            .iter()
            .flat_map(|scene| self.quieter.iter().map(|quieter| (*scene, *quieter)));
        for (scene, quieter) in places {
            let point = self.measure(scene, quieter, &mut talk)?;
            self.form.records(self.records(&point, air_s))?;
            let complete = point.complete;
            points.push(point);
            if !complete {
                break;
            }
        }
        talk.end_status();
        let title = format!(
            "{}: {} bytes in simulated rooms, {air_s:.2} s of sound a pass; messages out after\n\
             so many passes in percent, with the range that holds the true rate at 95 %\n\
             confidence",
            self.profile.profile.name, self.payload
        );
        self.form.table(&title, &self.table(&points), &[])?;
        self.form.draw(|| self.picture(&points, air_s))?;
        ended(points.iter().all(|point| point.complete), &mut talk)
    }

    fn bytes(&self) -> usize {
        self.payload as usize
    }

    fn measure(&self, scene: &'static Scene, quieter: f32, talk: &mut Talk) -> Result<Point> {
        let heard = at_volume(scene, quieter);
        let profile = self.profile.profile;
        let most = usize::from(self.passes);
        let trial =
            |seed| Message::new(profile, self.bytes(), most, seed)?.play(profile, &heard, seed);
        let failed =
            |result: &Result<Outcome>| !matches!(result, Ok(outcome) if outcome.after.is_some());
        let trials = self.effort.run(
            || trial,
            failed,
            |count| talk.status(&format!("{}: {count} of {}", scene.name, self.effort.max)),
        );
        let mut point = Point {
            scene,
            quieter,
            out: vec![Successes::default(); most],
            wrong: 0,
            complete: trials.complete,
        };
        for outcome in trials.results {
            let outcome = outcome?;
            point.wrong += outcome.wrong;
            for (pass, out) in point.out.iter_mut().enumerate() {
                out.count(outcome.after.is_some_and(|after| after <= pass + 1));
            }
        }
        Ok(point)
    }

    fn table(&self, points: &[Point]) -> Table {
        let mut head = vec!["room".to_owned()];
        // A column that says nothing is left out.
        let quieter = self.quieter.iter().any(|quieter| *quieter != 0.0);
        if quieter {
            head.push("quieter dB".to_owned());
        }
        head.push("messages".to_owned());
        head.extend((1..=usize::from(self.passes)).map(passes));
        head.push("wrong".to_owned());
        // Three intervals fit a terminal; of more passes only the rates.
        let intervals = self.passes <= 3;
        let mut table = Table::new(head);
        for point in points {
            let messages = point.out.first().map_or(0, |out| out.of);
            let mut row = vec![point.scene.name.to_owned()];
            if quieter {
                row.push(point.quieter.to_string());
            }
            row.push(messages.to_string());
            row.extend(point.out.iter().map(|out| {
                let (low, high) = out.interval();
                match intervals {
                    true => format!(
                        "{} ({:.0}-{:.0})",
                        percent(out.rate()),
                        (low * 100.0).floor(),
                        (high * 100.0).ceil()
                    ),
                    false => percent(out.rate()),
                }
            }));
            row.push(point.wrong.to_string());
            table.row(row);
        }
        table
    }

    /// Curves over volume, a panel for each room; at one volume bars.
    fn picture(&self, points: &[Point], air_s: f64) -> Picture {
        let curve = |points: &[&Point], pass: usize| Reach {
            name: passes(pass + 1),
            points: points.iter().map(|p| (p.quieter, p.out[pass])).collect(),
        };
        let curves = |points: &[&Point]| -> Vec<Reach> {
            let all = 0..usize::from(self.passes);
            all.map(|pass| curve(points, pass)).collect()
        };
        let most = points.iter().filter_map(|point| point.out.first());
        let picture = Picture::new(format!(
            "{} bytes in simulated rooms: messages out by the number of passes",
            self.payload
        ))
        .note(format!(
            "Profile {}, {air_s:.2} s of sound a pass. Up to {} messages a point, shades and \
             whiskers hold the true rate at 95 % confidence.",
            self.profile.profile.name,
            most.map(|out| out.of).max().unwrap_or(0)
        ));
        if self.quieter.len() > 1 {
            let mut rooms: Vec<Vec<&Point>> = Vec::new();
            for point in points {
                match rooms.last_mut() {
                    Some(room) if room[0].scene.name == point.scene.name => room.push(point),
                    _ => rooms.push(vec![point]),
                }
            }
            let panel = |(i, room): (usize, &Vec<&Point>)| {
                reach_panel(room[0].scene.name, &curves(room), i == 0)
            };
            let panels: Vec<Panel> = rooms.iter().enumerate().map(panel).collect();
            let rows = panels.chunks(2).map(<[Panel]>::to_vec);
            rows.fold(picture, |picture, row| picture.row(210.0, row))
        } else {
            let points: Vec<&Point> = points.iter().collect();
            let rows = points.chunks(even(points.len(), 8)).enumerate();
            rows.fold(picture, |picture, (i, row)| {
                let names: Vec<&str> = row.iter().map(|point| point.scene.name).collect();
                picture.row(180.0, [bar_panel(&names, &curves(row), i == 0)])
            })
        }
    }

    fn records(&self, point: &Point, air_s: f64) -> Vec<Value> {
        let record = |(pass, out): (usize, &Successes)| {
            let (low, high) = out.interval();
            json!({
                "bench": "rooms",
                "scene": point.scene.name,
                "quieter_db": round(f64::from(point.quieter), 3),
                "profile": self.profile.profile.name,
                "payload": self.payload,
                "air_s": round(air_s, 4),
                "passes": pass + 1,
                "messages": out.of,
                "out": out.got,
                "rate": round(out.rate(), 5),
                "low": round(low, 5),
                "high": round(high, 5),
                "wrong": point.wrong,
                "complete": point.complete,
            })
        };
        point.out.iter().enumerate().map(record).collect()
    }
}

fn passes(count: usize) -> String {
    match count {
        1 => "1 pass".to_owned(),
        n => format!("{n} passes"),
    }
}
