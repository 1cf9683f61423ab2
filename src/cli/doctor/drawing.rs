//! The response over the noise, and the decay, drawn with letters.

use airshake::sounding::Heard;

/// Both side by side, for eighty columns.
pub(super) fn drawing(heard: &Heard) -> Vec<String> {
    let mut left = response(heard);
    let mut right = decay(heard);
    let height = left.len().max(right.len());
    left.resize(height, String::new());
    right.resize(height, String::new());
    let both = left.into_iter().zip(right);
    both.map(|(left, right)| format!("{left:LEFT$}{right}").trim_end().to_owned())
        .collect()
}

/// The response and the noise, the latter such that what stands out of it is the modem's
/// signal-to-noise ratio, in sixths of octaves.
fn response(heard: &Heard) -> Vec<String> {
    let columns = columns(heard);
    let levels = columns
        .iter()
        .flat_map(|(_, signal, noise)| [*signal, *noise]);
    let top = levels.flatten().fold(f64::NEG_INFINITY, f64::max);
    let top = if top.is_finite() {
        (top / STEP_DB).ceil() * STEP_DB
    } else {
        0.0
    };
    let mut lines = vec!["    dB  \u{2588} response over \u{2591} noise".to_owned()];
    for row in 0..ROWS {
        let high = top - row as f64 * STEP_DB;
        let low = high - STEP_DB;
        let label = if row % 2 == 0 {
            format!("{:>6.0} \u{2524}", high + 0.0)
        } else {
            format!("{:7}\u{2502}", "")
        };
        let cells: String = columns
            .iter()
            .map(|(_, signal, noise)| cell(*signal, *noise, low, high))
            .collect();
        lines.push(format!("{}{cells}", label.replace('-', "\u{2212}")));
    }
    let places: Vec<f64> = columns.iter().map(|(hertz, _, _)| *hertz).collect();
    lines.push(rule(&places, &TICKS));
    lines.push(labels(&places, &TICKS));
    lines
}

type Column = (f64, Option<f64>, Option<f64>);

/// Frequency, signal and noise of each column.
fn columns(heard: &Heard) -> Vec<Column> {
    let bands = heard.bands.iter();
    bands
        .map(|band| (band.middle.0, band.gain_db, band.floor_db))
        .collect()
}

/// What is in a cell from `low` to `high`: the modem's level in eighths, in front of the noise.
fn cell(signal: Option<f64>, noise: Option<f64>, low: f64, high: f64) -> char {
    let part = |level: Option<f64>| level.map_or(0.0, |level| (level - low) / (high - low));
    let (signal, noise) = (part(signal), part(noise));
    match () {
        // Noise up to here, whatever the modem: it does not stand out.
        () if noise >= 0.5 => '\u{2591}',
        () if signal >= 1.0 / 16.0 => {
            let eighths = (signal.min(1.0) * 8.0).round().max(1.0) as u32;
            char::from_u32(0x2580 + eighths).unwrap_or('#')
        }
        () => ' ',
    }
}

/// The energy still to come, over time.
fn decay(heard: &Heard) -> Vec<String> {
    let decay = &heard.echo.decay;
    let end = decay.last().map_or(0.0, |(time, _)| *time);
    if decay.len() < 3 {
        return Vec::new();
    }
    // A round time that holds what is seen.
    let seconds = [0.05, 0.1, 0.2, 0.4, 0.8]
        .into_iter()
        .find(|seconds| end <= *seconds)
        .unwrap_or(0.8);
    let level = |column: usize| {
        let time = seconds * column as f64 / WIDTH as f64;
        let later = decay.iter().find(|(at, _)| *at >= time);
        later.map(|(_, level)| *level)
    };
    let mut lines = vec!["   dB  energy left".to_owned()];
    for row in 0..ROWS {
        let high = -(row as f64) * STEP_DB;
        let label = if row % 2 == 0 {
            format!("{:>5.0} \u{2524}", high + 0.0)
        } else {
            format!("{:6}\u{2502}", "")
        };
        let cells: String = (0..WIDTH)
            .map(|column| cell(level(column), None, high - STEP_DB, high))
            .collect();
        lines.push(format!("{}{cells}", label.replace('-', "\u{2212}")));
    }
    let places: Vec<f64> = (0..=WIDTH)
        .map(|column| seconds * column as f64 / WIDTH as f64)
        .collect();
    let middle = seconds / 2.0;
    let ticks = [
        (0.0, "0"),
        (middle, &*format!("{middle}")),
        (seconds, &*format!("{seconds} s")),
    ];
    lines.push(rule(&places, &ticks).chars().skip(1).collect());
    lines.push(labels(&places, &ticks).chars().skip(1).collect());
    lines
}

/// The foot of a drawing, with a mark at each tick.
fn rule(places: &[f64], ticks: &[(f64, &str)]) -> String {
    let mut line: Vec<char> = "       \u{2514}".chars().collect();
    let at: Vec<usize> = ticks
        .iter()
        .filter_map(|(x, _)| column(places, *x))
        .collect();
    for column in 0..places.len() {
        line.push(if at.contains(&column) {
            '\u{252c}'
        } else {
            '\u{2500}'
        });
    }
    line.into_iter().collect()
}

fn labels(places: &[f64], ticks: &[(f64, &str)]) -> String {
    let mut line = String::new();
    for (x, label) in ticks {
        let Some(column) = column(places, *x) else {
            continue;
        };
        let start = (8 + column).saturating_sub(label.chars().count() / 2);
        let used = line.chars().count();
        if start >= used {
            line.push_str(&" ".repeat(start - used));
            line.push_str(label);
        }
    }
    line
}

/// The column of a value, if it is there.
fn column(places: &[f64], x: f64) -> Option<usize> {
    let (first, last) = (places.first()?, places.last()?);
    let near = |a: &f64, b: &f64| (a - x).abs().total_cmp(&(b - x).abs());
    if x < first * 0.9 || x > last * 1.1 {
        return None;
    }
    (0..places.len()).min_by(|a, b| near(&places[*a], &places[*b]))
}

/// Columns of the left drawing, the gap included.
const LEFT: usize = 55;
/// Columns of the decay.
const WIDTH: usize = 14;
const ROWS: usize = 8;
const STEP_DB: f64 = 10.0;
const TICKS: [(f64, &str); 6] = [
    (125.0, "125"),
    (300.0, "300"),
    (1_000.0, "1k"),
    (3_000.0, "3k"),
    (9_000.0, "9k"),
    (20_000.0, "20k Hz"),
];
