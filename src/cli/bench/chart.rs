//! What the pictures of several measurements have in common.

use super::success::Successes;
use crate::cli::plot::{Axis, Colour, Panel, Series, Shape};

/// The share of messages that came out, over how much quieter than usual they were played.
#[derive(Debug)]
pub(super) struct Reach {
    /// The name in the legend.
    pub(super) name: String,
    pub(super) points: Vec<(f32, Successes)>,
}

/// A panel of curves over volume; only the first of several needs words in its legend.
pub(super) fn reach_panel(title: &str, curves: &[Reach], legend: bool) -> Panel {
    let panel = Panel::new(title)
        .x(Axis::linear("dB quieter than usual"))
        .y(Axis::linear("messages out, %").range(0.0, 104.0));
    // Many bands, one over the other, are mud.
    let bands = curves.len() <= 4;
    curves.iter().enumerate().fold(panel, |panel, (i, curve)| {
        let name = if legend { curve.name.as_str() } else { "" };
        let values = curve.points.iter();
        let values = values.map(|(x, out)| (f64::from(*x), 100.0 * out.rate()));
        let sure = curve.points.iter().filter(|_| bands).map(|(x, out)| {
            let (low, high) = out.interval();
            (f64::from(*x), 100.0 * low, 100.0 * high)
        });
        panel.series(
            Series::line(name, values.collect())
                .points(Shape::ALL[i % Shape::ALL.len()])
                .sure(sure.collect())
                .colour(colour(i)),
        )
    })
}

/// Bars of the same share, over named things: one group of bars each.
pub(super) fn bar_panel(names: &[&str], groups: &[Reach], legend: bool) -> Panel {
    let panel = Panel::new("")
        .x(Axis::named(names.iter().copied()))
        .y(Axis::linear("messages out, %").range(0.0, 104.0));
    let width = 0.84 / groups.len().max(1) as f64;
    groups.iter().enumerate().fold(panel, |panel, (i, group)| {
        let middle = (i as f64 - (groups.len() as f64 - 1.0) / 2.0) * width;
        let at = |number: usize| number as f64 + middle;
        let values = group.points.iter().enumerate();
        let values = values.map(|(n, (_, out))| (at(n), 100.0 * out.rate()));
        let sure = group.points.iter().enumerate().map(|(n, (_, out))| {
            let (low, high) = out.interval();
            (at(n), 100.0 * low, 100.0 * high)
        });
        let name = if legend { group.name.as_str() } else { "" };
        panel.series(
            Series::bars(name, values.collect(), width * 0.9)
                .sure(sure.collect())
                .colour(colour(i)),
        )
    })
}

/// The colour of a series, the same in every panel.
pub(super) fn colour(index: usize) -> Colour {
    Colour::SERIES[index % Colour::SERIES.len()]
}

/// How many of `count` things to put in a row, at most `most`, such that rows are about as long.
pub(super) fn even(count: usize, most: usize) -> usize {
    count.div_ceil(count.div_ceil(most).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_about_as_long() {
        for (count, row) in [(0, 1), (1, 1), (8, 8), (9, 5), (19, 7)] {
            assert_eq!(even(count, 8), row);
        }
    }
}
