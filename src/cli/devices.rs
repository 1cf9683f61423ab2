//! `airshake devices`: which microphones and loudspeakers there are.

use airshake::audio::device::{self, Device, Direction};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::files;
use super::outcome::Nothing;
use super::text;

/// List microphones and loudspeakers
///
/// The one marked with a star is used when none is chosen. --input and --output of the other
/// commands take an id, a name, or a part of one that fits no other.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake devices
  airshake devices --json | jq -r 'select(.direction == \"input\").name'
  airshake hear --input usb

Exit codes: 0 there are devices; 1 there are none, or none that works.")]
pub(crate) struct Devices {
    /// Print a line of JSON for each device: direction, default, name, id, rates, channels
    #[arg(long)]
    json: bool,
}

impl Devices {
    pub(crate) fn run(self) -> Result<()> {
        let devices = device::devices().context("cannot list the sound devices")?;
        if devices.is_empty() {
            let text = "no microphone and no loudspeaker found: plug one in, or check that the \
                        sound server runs and you may use it";
            return Err(Nothing(text.to_owned()).into());
        }
        if self.json {
            return devices
                .iter()
                .try_for_each(|device| files::print_line(&as_json(device)));
        }
        for (direction, title) in [
            (Direction::Input, "microphones"),
            (Direction::Output, "loudspeakers"),
        ] {
            let mut listed = devices
                .iter()
                .filter(|device| device.direction == direction)
                .peekable();
            let none = if listed.peek().is_none() {
                ": none"
            } else {
                ""
            };
            files::print_line(&format!("{title}{none}"))?;
            for device in listed {
                files::print_line(&for_people(device))?;
            }
        }
        if devices.iter().all(|device| device.rates.is_empty()) {
            let text = "none of them works at the moment: does the sound server run?";
            return Err(Nothing(text.to_owned()).into());
        }
        Ok(())
    }
}

fn for_people(device: &Device) -> String {
    let star = if device.default { '*' } else { ' ' };
    let name = text::one_line(&device.name);
    let id = text::one_line(&device.id);
    let title = if id == name {
        name
    } else {
        format!("{name} [{id}]")
    };
    if device.rates.is_empty() {
        return format!("{star} {title}, does not work at the moment");
    }
    format!("{star} {title}, {}, {}", rates(device), channels(device))
}

fn rates(device: &Device) -> String {
    let ranges: Vec<String> = device
        .rates
        .iter()
        .map(|(low, high)| match low == high {
            true => low.to_string(),
            false => format!("{low}-{high}"),
        })
        .collect();
    format!("{} Hz", ranges.join(" "))
}

fn channels(device: &Device) -> String {
    match (device.channels.first(), device.channels.last()) {
        (Some(1), Some(1)) => "1 channel".to_owned(),
        (Some(low), Some(high)) if low == high => format!("{low} channels"),
        (Some(low), Some(high)) => format!("{low}-{high} channels"),
        _ => "no channels".to_owned(),
    }
}

fn as_json(device: &Device) -> String {
    json!({
        "direction": match device.direction {
            Direction::Input => "input",
            Direction::Output => "output",
        },
        "default": device.default,
        "name": device.name,
        "id": device.id,
        "rates": device.rates,
        "channels": device.channels,
    })
    .to_string()
}
