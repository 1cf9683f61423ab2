//! The curves of error rates, beside those of theory.

use super::curve::{Curve, LOSS, Point};
use crate::cli::bench::chart::colour;
use crate::cli::bench::theory::uncoded_loss;
use crate::cli::bench::trials::Effort;
use crate::cli::plot::{Align, Axis, Colour, Mark, Panel, Picture, Series, Shape};

/// Losses over Eb/N0 with theory; of several numbers of passes also over what the loudspeaker
/// must give.
pub(super) fn picture(curves: &[Curve], profile: &str, effort: &Effort) -> Picture {
    // Below one loss in the most messages there is nothing to see.
    let floor = 10f64.powf((0.3 / effort.max as f64).log10().floor());
    let bytes = curves.first().map_or(0, |curve| curve.bits / 8);
    let most = curves.iter().flat_map(|curve| &curve.points);
    let most = most.map(|point| point.errors.of).max().unwrap_or(0);
    let picture = Picture::new(format!("{bytes} bytes in white noise"))
        .note(format!(
            "Profile {profile}. {} losses or {most} messages a point; shades hold the true rate at \
             95 % confidence. Theory: tones heard without phase.",
            effort.errors
        ))
        .row(
            if curves.len() > 1 { 240.0 } else { 320.0 },
            [energy(curves, floor)],
        );
    if curves.len() > 1 {
        picture.row(240.0, [peak(curves, floor)])
    } else {
        picture
    }
}

/// Over Eb/N0, with the bounds.
fn energy(curves: &[Curve], floor: f64) -> Panel {
    let places = curves.iter().flat_map(|curve| {
        let measured = curve.points.iter().map(|point| point.eb_n0_db);
        measured.chain([curve.limit.capacity_db()])
    });
    let (from, to) = ends(places);
    let (from, to) = (from - 0.6, to + 1.5);
    let grid: Vec<f64> = (0..=400)
        .map(|i| from + (to - from) * f64::from(i) / 400.0)
        .collect();
    let line = |loss: &dyn Fn(f64) -> f64| -> Vec<(f64, f64)> {
        let loss = grid.iter().map(|db| (*db, loss(*db).max(floor / 10.0)));
        loss.collect()
    };
    let mut panel = losses(floor).x(Axis::linear(
        "Eb/N0, dB: energy of all that is played, for each bit delivered",
    )
    .range(from, to));
    for (i, curve) in curves.iter().enumerate() {
        let name = match curve.passes {
            1 => format!("1 pass of {:.2} s", curve.air_s),
            n => format!("{n} passes, {:.2} s", curve.air_s),
        };
        panel = panel.series(measured(&name, i, curve, floor, |point| point.eb_n0_db));
    }
    for (i, curve) in curves.iter().enumerate() {
        let name = match (i, curves.len()) {
            (0, 1) => "the best code of that length",
            (0, _) => "the best codes of those lengths",
            _ => "",
        };
        let bound = line(&|db| curve.limit.loss(db));
        panel = panel.series(Series::line(name, bound).colour(colour(i)).dashed());
    }
    if let [curve] = curves {
        panel = capacity(panel, curve.limit.capacity_db(), floor);
    }
    match curves.first() {
        Some(curve) => panel.series(
            Series::line(
                "4-FSK without a code",
                line(&|db| uncoded_loss(4, curve.bits, db)),
            )
            .colour(Colour::GREY)
            .dashed(),
        ),
        None => panel,
    }
}

/// Over Cpk/N0: what more passes are for.
fn peak(curves: &[Curve], floor: f64) -> Panel {
    let places = curves.iter().flat_map(|curve| {
        let points = curve.points.iter();
        // Where all is lost, there is nothing more to see.
        let useful = points.filter(|point| point.errors.got < point.errors.of);
        useful.map(|point| curve.cpk_n0(point.eb_n0_db))
    });
    let (from, to) = ends(places);
    let panel = losses(floor).x(Axis::linear(
        "Cpk/N0, dB-Hz: a sine of the same peak against the noise in 1 Hz",
    )
    .range(from - 1.5, to + 0.5));
    curves.iter().enumerate().fold(panel, |panel, (i, curve)| {
        panel.series(measured("", i, curve, floor, |point| {
            curve.cpk_n0(point.eb_n0_db)
        }))
    })
}

/// A panel for rates of loss, with a line where 90 % get through.
fn losses(floor: f64) -> Panel {
    Panel::new("")
        .y(Axis::log("messages lost").range(floor, 1.3))
        .mark(Mark::Level {
            y: LOSS,
            colour: Colour::GREY.faint(0.6),
            dashed: true,
        })
}

fn measured(
    name: &str,
    index: usize,
    curve: &Curve,
    floor: f64,
    place: impl Fn(&Point) -> f64,
) -> Series {
    let points = curve.points.iter();
    let sure = points.clone().map(|point| {
        let (low, high) = point.errors.interval();
        // A log axis has no place for none.
        (place(point), low.max(floor / 10.0), high)
    });
    let values = points.map(|point| (place(point), point.errors.rate()));
    Series::line(name, values.collect())
        .points(Shape::Disc)
        .sure(sure.collect())
        .colour(colour(index))
}

fn capacity(panel: Panel, at: f64, floor: f64) -> Panel {
    panel
        .mark(Mark::Upright {
            x: at,
            colour: Colour::BLACK.faint(0.6),
            dashed: false,
        })
        .mark(Mark::Label {
            at: (at, floor),
            shift: (-5.0, -8.0),
            text: "capacity".to_owned(),
            colour: Colour::BLACK,
            align: Align::End,
        })
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}
