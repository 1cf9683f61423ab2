//! Which device, and which of its ways to work.

use super::DeviceError;
use std::fmt;

/// The two kinds of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Into the machine: a microphone.
    Input,
    /// Out of the machine: a loudspeaker.
    Output,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "microphone",
            Self::Output => "loudspeaker",
        })
    }
}

/// A device as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The name the system knows it by; unique for its direction.
    pub id: String,
    /// The name for people; several devices may share it.
    pub name: String,
    /// Microphone or loudspeaker.
    pub direction: Direction,
    /// Whether it is taken when none is chosen.
    pub default: bool,
    /// The sample rates it can work at in hertz, as ranges from lowest to highest; empty if it
    /// does not work at the moment.
    pub rates: Vec<(u32, u32)>,
    /// The numbers of channels it can work with, ascending.
    pub channels: Vec<u16>,
}

/// Picks from `names`, pairs of id and name, the one that `wanted` means: equal to an id, else
/// equal to one name, else a part of one name or id, in which case letters may be small or
/// capital. Gives its index.
pub(super) fn choose(
    direction: Direction,
    wanted: &str,
    names: &[(String, String)],
) -> Result<usize, DeviceError> {
    if let Some(index) = names.iter().position(|(id, _)| id == wanted) {
        return Ok(index);
    }
    let small = wanted.to_lowercase();
    let part = |text: &String| text.to_lowercase().contains(&small);
    let mut fits = hits(names, |(_, name)| name == wanted);
    if fits.is_empty() && !small.is_empty() {
        fits = hits(names, |(id, name)| part(name) || part(id));
    }
    match fits[..] {
        [index] => Ok(index),
        [] => Err(DeviceError::Unknown {
            direction,
            wanted: wanted.to_owned(),
            candidates: names.iter().map(title).collect(),
        }),
        _ => Err(DeviceError::Ambiguous {
            direction,
            wanted: wanted.to_owned(),
            candidates: fits.iter().map(|&index| title(&names[index])).collect(),
        }),
    }
}

fn hits(names: &[(String, String)], fits: impl Fn(&(String, String)) -> bool) -> Vec<usize> {
    (0..names.len())
        .filter(|&index| fits(&names[index]))
        .collect()
}

/// How a device is called in a list: its name, and its id where that says more.
pub(super) fn title((id, name): &(String, String)) -> String {
    if id == name {
        name.clone()
    } else {
        format!("{name} [{id}]")
    }
}

/// One way a device can work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) channels: u16,
    pub(super) min_rate: u32,
    pub(super) max_rate: u32,
    /// How well samples of this format serve: bits that carry sound, floats first; 0 for none.
    pub(super) precision: u8,
}

/// Picks the best of `ways`, and the rate to use it at; `None` if none serves.
///
/// The rate counts first (48 kHz, the rate everything is synthesised at; else the next one
/// above, which loses nothing; else the highest), then the format, then how few channels there
/// are to mix.
pub(super) fn best(ways: &[Way]) -> Option<(usize, u32)> {
    ways.iter()
        .enumerate()
        .filter(|(_, way)| way.precision > 0 && way.channels > 0 && way.max_rate >= MIN_RATE)
        .map(|(index, way)| {
            let rate = PREFERRED_RATE.clamp(way.min_rate, way.max_rate);
            let merit = match rate {
                PREFERRED_RATE => u32::MAX,
                above if above > PREFERRED_RATE => u32::MAX - above,
                // Below every rate that is above: 48 000 at most, against billions.
                below => below,
            };
            (
                (merit, way.precision, std::cmp::Reverse(way.channels)),
                index,
                rate,
            )
        })
        // The first of equals: systems list what they like best first.
        .rev()
        .max_by_key(|&(merit, ..)| merit)
        .map(|(_, index, rate)| (index, rate))
}

/// The lowest sample rate that is of use: half of it must hold the band of a profile.
pub(super) const MIN_RATE: u32 = 16_000;

/// The rate everything is synthesised at.
const PREFERRED_RATE: u32 = 48_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|&(id, name)| (id.to_owned(), name.to_owned()))
            .collect()
    }

    fn cards() -> Vec<(String, String)> {
        names(&[
            ("default", "Default Audio Device"),
            ("hw:0", "HDA Intel"),
            ("plughw:0", "HDA Intel"),
            ("hw:1", "USB Headset"),
            ("hw:1,0", "USB Headset Two"),
        ])
    }

    #[test]
    fn an_exact_name_wins_over_longer_names_that_hold_it() {
        assert_eq!(choose(Direction::Input, "hw:1", &cards()), Ok(3));
        assert_eq!(choose(Direction::Input, "USB Headset", &cards()), Ok(3));
    }

    #[test]
    fn a_part_of_one_name_is_enough_in_any_case() {
        assert_eq!(choose(Direction::Input, "default aud", &cards()), Ok(0));
        assert_eq!(choose(Direction::Input, "TWO", &cards()), Ok(4));
    }

    #[test]
    fn a_part_of_several_names_is_refused_with_their_list() {
        let error = choose(Direction::Input, "intel", &cards()).unwrap_err();
        assert_eq!(
            error,
            DeviceError::Ambiguous {
                direction: Direction::Input,
                wanted: "intel".to_owned(),
                candidates: vec![
                    "HDA Intel [hw:0]".to_owned(),
                    "HDA Intel [plughw:0]".to_owned()
                ],
            }
        );
    }

    #[test]
    fn a_name_shared_by_two_devices_is_refused() {
        let error = choose(Direction::Output, "HDA Intel", &cards()).unwrap_err();
        assert!(matches!(error, DeviceError::Ambiguous { .. }), "{error}");
    }

    #[test]
    fn an_unknown_and_an_empty_name_are_refused_with_all_names() {
        for wanted in ["bluetooth", ""] {
            match choose(Direction::Output, wanted, &cards()) {
                Err(DeviceError::Unknown { candidates, .. }) => assert_eq!(candidates.len(), 5),
                other => panic!("{other:?}"),
            }
        }
    }

    const FLOAT: u8 = 200;

    fn way(channels: u16, min_rate: u32, max_rate: u32, precision: u8) -> Way {
        Way {
            channels,
            min_rate,
            max_rate,
            precision,
        }
    }

    #[test]
    fn mono_floats_at_48_kilohertz_are_preferred() {
        let ways = [
            way(2, 8_000, 192_000, FLOAT),
            way(1, 8_000, 192_000, 16),
            way(1, 8_000, 192_000, FLOAT),
            way(1, 44_100, 44_100, FLOAT),
        ];
        assert_eq!(best(&ways), Some((2, 48_000)));
    }

    #[test]
    fn the_rate_counts_more_than_the_format_and_that_more_than_the_channels() {
        let ways = [
            way(1, 44_100, 44_100, FLOAT),
            way(1, 48_000, 48_000, 16),
            way(8, 48_000, 48_000, 24),
        ];
        assert_eq!(best(&ways), Some((2, 48_000)));
    }

    #[test]
    fn without_48_kilohertz_the_next_above_serves_else_the_highest() {
        let above = [
            way(1, 192_000, 192_000, 16),
            way(1, 96_000, 96_000, 16),
            way(1, 44_100, 44_100, 16),
        ];
        assert_eq!(best(&above), Some((1, 96_000)));
        let below = [way(1, 16_000, 16_000, FLOAT), way(2, 8_000, 44_100, 16)];
        assert_eq!(best(&below), Some((1, 44_100)));
    }

    #[test]
    fn what_is_slower_than_16_kilohertz_does_not_serve() {
        assert_eq!(best(&[way(1, 8_000, 15_999, FLOAT)]), None);
        assert_eq!(best(&[way(1, 8_000, 16_000, FLOAT)]), Some((0, 16_000)));
    }

    #[test]
    fn formats_that_are_no_samples_do_not_serve() {
        assert_eq!(
            best(&[way(1, 48_000, 48_000, 0), way(0, 48_000, 48_000, 16)]),
            None
        );
    }

    #[test]
    fn of_equal_ways_the_first_is_taken() {
        let ways = [way(1, 48_000, 48_000, 16), way(1, 44_100, 48_000, 16)];
        assert_eq!(best(&ways), Some((0, 48_000)));
    }
}
