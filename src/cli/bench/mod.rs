//! `airshake bench`: what the modem costs, how far it carries, and how others compare.
//!
//! Every measurement is seeded and ends on a count, so that the same command gives the same
//! figures; only `speed` and the times of `rivals` depend on the machine.

mod awgn;
mod chart;
mod cost;
mod rivals;
mod rooms;
mod sound;
mod speed;
mod success;
mod table;
mod theory;
mod trials;

use std::path::PathBuf;

use airshake::air::{Room, Scene};
use airshake::units::Decibels;
use anyhow::Result;
use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use serde_json::Value;

use super::files;
use super::outcome::Interrupted;
use super::plot::{Picture, picture_path};
use super::talk::Talk;
use table::Table;

/// Measure the modem: speed, rooms, white noise, rivals
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake bench speed                   times real time, latency, memory
  airshake bench rooms --scenes hall     success in simulated rooms
  airshake bench awgn --json             errors in white noise, beside theory
  airshake bench rivals                  ggwave and minimodem in the same rooms

Exit codes: 0 measured; 2 wrong usage; 130 interrupted, after what was
measured by then was printed.")]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Speed(speed::Speed),
    Rooms(rooms::Rooms),
    Awgn(awgn::Awgn),
    Rivals(rivals::Rivals),
}

impl Bench {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        match self.what {
            What::Speed(command) => command.run(quiet),
            What::Rooms(command) => command.run(quiet),
            What::Awgn(command) => command.run(quiet),
            What::Rivals(command) => command.run(quiet),
        }
    }
}

/// How results are given.
#[derive(Clone, Debug, Args)]
struct Form {
    /// Print JSON lines instead of tables; the names below stay as they are
    #[arg(long)]
    json: bool,

    /// Draw the results into this file, a PNG or an SVG by its name
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(picture_path))]
    plot: Option<PathBuf>,
}

impl Form {
    /// Prints a title, a table and notes.
    fn table(&self, title: &str, table: &Table, notes: &[String]) -> Result<()> {
        if self.json {
            return Ok(());
        }
        let mut text = format!("{title}\n\n{}", table.lines().join("\n"));
        if !notes.is_empty() {
            text.push_str(&format!("\n\n{}", notes.join("\n")));
        }
        files::print_line(&text)
    }

    /// Draws the results, if a picture is wanted.
    fn draw(&self, picture: impl FnOnce() -> Picture) -> Result<()> {
        match &self.plot {
            Some(path) => picture().save(path),
            None => Ok(()),
        }
    }

    /// Prints records for programs, one a line.
    fn records(&self, records: impl IntoIterator<Item = Value>) -> Result<()> {
        if self.json {
            for record in records {
                files::print_line(&record.to_string())?;
            }
        }
        Ok(())
    }
}

/// The end of a command whose results were printed: [`Interrupted`] if they are not all.
fn ended(complete: bool, talk: &mut Talk) -> Result<()> {
    talk.end_status();
    if complete {
        return Ok(());
    }
    talk.line("interrupted: what was measured by then stands above");
    Err(Interrupted.into())
}

/// A preset of the simulated room, by its name.
fn scene() -> impl TypedValueParser<Value = &'static Scene> {
    PossibleValuesParser::new(Room::PRESETS.iter().map(|scene| scene.name))
        .try_map(|name| Room::preset(&name).ok_or("no such room"))
}

/// The same room with the sender so many dB quieter.
fn at_volume(scene: &Scene, quieter: f32) -> Scene {
    Scene {
        volume: Decibels(scene.volume.0 - quieter),
        ..scene.clone()
    }
}

fn quieter(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "not a number of decibels")?;
    if (0.0..=100.0).contains(&value) {
        Ok(value)
    } else {
        Err("from 0 to 100 dB".to_owned())
    }
}

/// `0.957` as `95.7`: a tenth of a percent is as fine as counts of some hundreds are.
fn percent(rate: f64) -> String {
    let percent = rate * 100.0;
    if percent == percent.round() {
        format!("{percent:.0}")
    } else {
        format!("{percent:.1}")
    }
}
