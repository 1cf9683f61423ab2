//! Axes: values to places, and where the ticks stand.

/// One axis of a panel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(super) scale: Scale,
    /// Both ends; found from the values where nothing was said.
    pub(crate) range: Option<(f64, f64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scale {
    Linear,
    Log,
    /// The names of 0, 1, 2 and so on.
    Named(Vec<String>),
}

/// An axis whose ends are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapped {
    log: bool,
    low: f64,
    high: f64,
}

/// A tick, and what stands beside it: nothing beside small ones.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: Option<String>,
}

impl Axis {
    /// An axis of equal steps.
    pub(crate) fn linear(label: impl Into<String>) -> Self {
        Self::new(label.into(), Scale::Linear)
    }

    /// An axis of equal ratios, for values above 0.
    pub(crate) fn log(label: impl Into<String>) -> Self {
        Self::new(label.into(), Scale::Log)
    }

    /// An axis of named things: the first is at 0, the next at 1.
    pub(crate) fn named(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let range = (-0.6, names.len() as f64 - 0.4);
        Self::new(String::new(), Scale::Named(names)).range(range.0, range.1)
    }

    fn new(label: String, scale: Scale) -> Self {
        Self {
            label,
            scale,
            range: None,
        }
    }

    /// Another label.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Both ends. A range that is empty or not finite counts as not said.
    pub(crate) fn range(mut self, low: f64, high: f64) -> Self {
        self.range = (low.is_finite() && high.is_finite() && low < high).then_some((low, high));
        self
    }

    /// The ends: as said, or such that all `values` have room.
    pub(super) fn mapped(&self, values: impl Iterator<Item = f64>) -> Mapped {
        let log = self.scale == Scale::Log;
        let usable = |value: &f64| value.is_finite() && (!log || *value > 0.0);
        let said = self.range.filter(|(low, _)| !log || *low > 0.0);
        let (low, high) = said.unwrap_or_else(|| {
            let (low, high) = values
                .filter(usable)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                    (low.min(value), high.max(value))
                });
            match (log, low < high) {
                (true, true) => (low / 1.2, high * 1.2),
                (true, false) if low.is_finite() => (low / 2.0, low * 2.0),
                (true, false) => (0.1, 1.0),
                (false, true) => {
                    let room = (high - low) * 0.04;
                    // What begins at nothing is seen to.
                    let low = if low == 0.0 { 0.0 } else { low - room };
                    (low, high + room)
                }
                (false, false) if low.is_finite() => (low - 0.5, low + 0.5),
                (false, false) => (0.0, 1.0),
            }
        });
        Mapped { log, low, high }
    }

    /// Ticks for an axis that has room for about `most` labels.
    pub(super) fn ticks(&self, mapped: &Mapped, most: usize) -> Vec<Tick> {
        match &self.scale {
            Scale::Named(names) => names
                .iter()
                .enumerate()
                .map(|(i, name)| Tick {
                    at: i as f64,
                    label: Some(name.clone()),
                })
                .filter(|tick| {
                    mapped
                        .share(tick.at)
                        .is_some_and(|s| (0.0..=1.0).contains(&s))
                })
                .collect(),
            Scale::Log if mapped.high / mapped.low > 9.0 => decades(mapped, most),
            _ => even(mapped, most),
        }
    }

    /// Whether lines across the panel help at its ticks.
    pub(super) fn wants_grid(&self) -> bool {
        !matches!(self.scale, Scale::Named(_))
    }
}

impl Mapped {
    /// Where a value lies: 0 at the low end, 1 at the high end, also beyond; `None` for what has
    /// no place.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        let share = if self.log {
            if value <= 0.0 {
                return None;
            }
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        // Far outside of the panel is all the same, and drawing libraries want small numbers.
        share.is_finite().then(|| share.clamp(-20.0, 21.0))
    }

    /// The low end.
    pub(super) fn foot(&self) -> f64 {
        self.low
    }
}

/// Steps of 1, 2 or 5 times a power of ten.
fn even(mapped: &Mapped, most: usize) -> Vec<Tick> {
    let span = mapped.high - mapped.low;
    let least = span / most.max(1) as f64;
    let power = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least * 0.999)
        .unwrap_or(power * 10.0);
    let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    let first = (mapped.low / step - 1e-6).ceil();
    (0..=2 * most)
        .map(|i| (first + i as f64) * step)
        .take_while(|at| *at <= mapped.high + step * 1e-6)
        .map(|at| Tick {
            at,
            label: Some(plain(at, decimals)),
        })
        .collect()
}

/// A tick at every power of ten, small ones between if there is room.
fn decades(mapped: &Mapped, most: usize) -> Vec<Tick> {
    let first = mapped.low.log10().floor() as i32;
    let last = mapped.high.log10().ceil() as i32;
    let every = ((last - first) as usize).div_ceil(most.max(1)).max(1);
    let mut ticks = Vec::new();
    for power in first..=last {
        for factor in 1..10 {
            let at = f64::from(factor) * 10f64.powi(power);
            if at < mapped.low * 0.9999 || at > mapped.high * 1.0001 {
                continue;
            }
            let labelled = factor == 1 && ((power - first) as usize).is_multiple_of(every);
            ticks.push(Tick {
                at,
                label: labelled.then(|| power_of_ten(power)),
            });
        }
    }
    ticks
}

fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        // No minus on a zero, and a true minus sign elsewhere.
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

fn power_of_ten(power: i32) -> String {
    if (-2..=4).contains(&power) {
        return plain(10f64.powi(power), (-power).max(0) as usize);
    }
    let raised = power.to_string();
    let raised = raised.chars().map(|c| match c {
        '-' => '\u{207b}',
        '1' => '\u{b9}',
        '2' => '\u{b2}',
        '3' => '\u{b3}',
        digit => char::from_u32(0x2070 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit),
    });
    "10".chars().chain(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, most: usize) -> Vec<String> {
        let mapped = axis.mapped(std::iter::empty());
        let ticks = axis.ticks(&mapped, most);
        ticks.into_iter().filter_map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(
            labels(&Axis::linear("").range(0.0, 1.0), 5),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(&Axis::linear("").range(-31.0, 4.0), 4),
            ["\u{2212}30", "\u{2212}20", "\u{2212}10", "0"]
        );
        assert_eq!(
            labels(&Axis::log("").range(1e-4, 1.0), 6),
            ["10⁻⁴", "10⁻³", "0.01", "0.1", "1"]
        );
        assert_eq!(labels(&Axis::named(["a", "b"]), 9), ["a", "b"]);
    }

    #[test]
    fn whatever_the_range_there_are_ticks_but_not_many() {
        for exponent in -12..12 {
            for low in [-7.3, 0.0, 2.2, 1e6] {
                let span = 3.7 * 10f64.powi(exponent);
                let axis = Axis::linear("").range(low, low + span);
                if axis.range.is_none() {
                    continue;
                }
                let count = labels(&axis, 6).len();
                assert!((2..=13).contains(&count), "{low} {span}: {count}");
            }
        }
    }

    #[test]
    fn ends_are_found_from_values_that_have_a_place() {
        let values = [f64::NAN, 3.0, f64::INFINITY, -1.0];
        let linear = Axis::linear("").mapped(values.into_iter());
        assert!(linear.low < -1.0 && linear.high > 3.0 && linear.high < 4.0);
        let log = Axis::log("").mapped(values.into_iter());
        assert!(log.low > 0.0 && log.share(-1.0).is_none());
        assert!((log.share(3.0).expect("a place") - 0.5).abs() < 1e-9);
        let none = Axis::linear("").mapped(std::iter::empty());
        assert_eq!(none.share(0.5), Some(0.5));
    }
}
