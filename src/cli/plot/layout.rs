//! Description to scene: where everything stands.
//!
//! Panels that are alone in their row share both margins, so that what stands one above the other
//! on the same x axis lines up.

mod content;
mod legend;
mod panel;
mod shapes;

use super::scene::{Align, Frame, Scene, Text, What};
use super::{Colour, Picture};

use panel::Prepared;

/// Width of a picture, in points: that of a README.
const WIDTH: f64 = 900.0;
/// Space at the edges of the picture.
const EDGE: f64 = 12.0;
/// Space between panels side by side.
const BETWEEN: f64 = 18.0;
/// Space between rows.
const BELOW: f64 = 14.0;
/// Sizes of letters.
const TITLE: f64 = 17.0;
const NOTE: f64 = 12.5;

impl Picture {
    /// Everything in its place.
    pub(super) fn lay_out(&self) -> Scene {
        let mut scene = Scene {
            width: WIDTH,
            ..Scene::default()
        };
        let mut y = EDGE;
        for (text, size, colour) in std::iter::once((&self.title, TITLE, Colour::BLACK))
            .chain(self.notes.iter().map(|note| (note, NOTE, Colour::GREY)))
            .filter(|(text, _, _)| !text.is_empty())
        {
            y += size * 1.15;
            scene.add(What::Text(Text {
                at: (EDGE, y - size * 0.15),
                text: text.clone(),
                size,
                colour,
                align: Align::Start,
                turned: false,
            }));
            y += size * 0.3;
        }
        y += 4.0;
        let rows: Vec<(f64, Vec<Prepared<'_>>)> = self
            .rows
            .iter()
            .filter(|row| !row.panels.is_empty())
            .map(|row| {
                let count = row.panels.len() as f64;
                let cell = (WIDTH - 2.0 * EDGE - (count - 1.0) * BETWEEN) / count;
                let panels = row.panels.iter();
                let prepared = panels.map(|panel| Prepared::new(panel, cell, row.height));
                (row.height, prepared.collect())
            })
            .collect();
        let alone = || rows.iter().filter(|(_, row)| row.len() == 1);
        let left = alone().map(|(_, row)| row[0].left()).fold(0.0, f64::max);
        let right = alone().map(|(_, row)| row[0].right()).fold(0.0, f64::max);
        for (height, row) in &rows {
            let count = row.len() as f64;
            let cell = (WIDTH - 2.0 * EDGE - (count - 1.0) * BETWEEN) / count;
            let head = row.iter().map(Prepared::head).fold(0.0, f64::max);
            let foot = row.iter().map(Prepared::foot).fold(0.0, f64::max);
            for (i, panel) in row.iter().enumerate() {
                let (left, right) = if row.len() == 1 {
                    (left, right)
                } else {
                    (panel.left(), panel.right())
                };
                let start = EDGE + i as f64 * (cell + BETWEEN);
                let inside = Frame {
                    left: start + left,
                    top: y + head,
                    width: (cell - left - right).max(1.0),
                    height: *height,
                };
                panel.draw(&mut scene, inside, (start, y));
            }
            y += head + height + foot + BELOW;
        }
        scene.height = (y - BELOW + EDGE).ceil();
        scene
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Axis, Kind, Mark, Panel, Ramp, Raster, Series, Shape};
    use super::*;

    /// One of everything.
    fn everything() -> Picture {
        let curve = |power: i32| -> Vec<(f64, f64)> {
            (0..20)
                .map(|i| f64::from(i) / 2.0)
                .map(|x| (x, (-x).exp().powi(power) + 1e-4))
                .collect()
        };
        let sure = curve(1)
            .into_iter()
            .map(|(x, y)| (x, y / 1.6, y * 1.6))
            .collect();
        let raster = Raster {
            x: (0.0, 2.0),
            y: (0.0, 4000.0),
            columns: 40,
            values: (0..40 * 30).map(|i| (i % 37) as f32).collect(),
            range: (0.0, 37.0),
            ramp: Ramp::Night,
            label: "level, dB".to_owned(),
        };
        Picture::new("Everything & <more>")
            .note("a line of notes")
            .row(
                160.0,
                [Panel::new("a raster")
                    .x(Axis::linear("time, s"))
                    .y(Axis::linear("frequency, Hz"))
                    .raster(raster)
                    .key("burst", Colour::VERMILION)
                    .mark(Mark::Box {
                        x: (0.5, 1.0),
                        y: Some((500.0, 2000.0)),
                        line: Some(Colour::VERMILION),
                        fill: None,
                    })
                    .mark(Mark::Label {
                        at: (0.5, 2000.0),
                        shift: (3.0, -4.0),
                        text: "64 bytes".to_owned(),
                        colour: Colour::VERMILION,
                        align: Align::Start,
                    })
                    .mark(Mark::Upright {
                        x: 1.5,
                        colour: Colour::BLACK,
                        dashed: true,
                    })],
            )
            .row(
                200.0,
                [
                    Panel::new("error rates")
                        .x(Axis::linear("SNR, dB"))
                        .y(Axis::log("messages lost").range(1e-4, 1.0))
                        .series(
                            Series::line("measured", curve(1))
                                .points(Shape::Disc)
                                .sure(sure),
                        )
                        .series(Series::line("theory", curve(2)).dashed())
                        .series(Series::scatter("others", curve(3), Shape::Cross)),
                    Panel::new("bars")
                        .x(Axis::named(["airshake", "another", "a third"]))
                        .y(Axis::linear("bit/s").range(0.0, 40.0))
                        .series(
                            Series::bars("", vec![(0.0, 30.0), (1.0, 12.0), (2.0, 7.0)], 0.6)
                                .sure(vec![(0.0, 27.0, 33.0)]),
                        )
                        .mark(Mark::Level {
                            y: 20.0,
                            colour: Colour::GREY,
                            dashed: true,
                        }),
                ],
            )
    }

    #[test]
    fn both_kinds_are_written_and_of_the_size_that_was_laid_out() {
        let picture = everything();
        let scene = picture.lay_out();
        assert_eq!(scene.width, 900.0);
        let png = picture.encode(Kind::Png).expect("a picture");
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let read = tiny_skia::Pixmap::decode_png(&png).expect("a PNG file");
        assert_eq!(f64::from(read.width()), 2.0 * scene.width);
        assert_eq!(f64::from(read.height()), 2.0 * scene.height);
        let svg = String::from_utf8(picture.encode(Kind::Svg).expect("a picture")).expect("UTF-8");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("Everything &amp; &lt;more&gt;"));
        assert!(svg.contains("data:image/png;base64,"));
    }

    #[test]
    fn all_words_are_inside_of_the_picture() {
        let scene = everything().lay_out();
        for drawn in &scene.shapes {
            let What::Text(text) = &drawn.what else {
                continue;
            };
            let width = super::super::font::width(&text.text) * text.size;
            let before = width * text.align.share();
            let (x, y) = text.at;
            let (left, right, top, bottom) = if text.turned {
                (x - text.size, x, y - width + before, y + before)
            } else {
                (x - before, x + width - before, y - text.size, y)
            };
            assert!(
                left >= 0.0 && right <= scene.width && top >= 0.0 && bottom <= scene.height,
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_empty_picture_and_empty_panels_can_be_drawn() {
        for picture in [
            Picture::new(""),
            Picture::new("x").row(50.0, []),
            Picture::new("x").row(50.0, [Panel::new("").series(Series::line("none", vec![]))]),
            Picture::new("x").row(
                50.0,
                [Panel::new("").series(Series::line(
                    "wild",
                    vec![(f64::NAN, 1.0), (1.0, f64::INFINITY), (1e300, -1e300)],
                ))],
            ),
        ] {
            assert!(picture.encode(Kind::Png).is_ok());
            assert!(picture.encode(Kind::Svg).is_ok());
        }
    }
}
