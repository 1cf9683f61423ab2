//! Scene to SVG.

use std::fmt::Write as _;

use super::Colour;
use super::png::image_png;
use super::save::SaveError;
use super::scene::{Align, Frame, Scene, Text, What};

/// Where the font is not installed, one much like it is.
const FAMILY: &str = "Roboto, Helvetica, Arial, sans-serif";

/// The scene as an SVG document.
pub(super) fn svg(scene: &Scene) -> Result<String, SaveError> {
    let mut out = String::new();
    let (width, height) = (number(scene.width), number(scene.height));
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="{FAMILY}">"#
    );
    let _ = writeln!(
        out,
        r##"<rect width="100%" height="100%" fill="#ffffff"/>"##
    );
    let mut clips: Vec<Frame> = Vec::new();
    for drawn in &scene.shapes {
        let clip = drawn.clip.map_or_else(String::new, |frame| {
            let known = clips.iter().position(|clip| *clip == frame);
            let index = known.unwrap_or_else(|| {
                let _ = writeln!(
                    out,
                    r#"<clipPath id="c{}"><rect x="{}" y="{}" width="{}" height="{}"/></clipPath>"#,
                    clips.len(),
                    number(frame.left),
                    number(frame.top),
                    number(frame.width),
                    number(frame.height)
                );
                clips.push(frame);
                clips.len() - 1
            });
            format!(r#" clip-path="url(#c{index})""#)
        });
        shape(&mut out, &drawn.what, &clip)?;
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn shape(out: &mut String, what: &What, clip: &str) -> Result<(), SaveError> {
    let _ = match what {
        What::Line {
            points,
            colour,
            width,
            dash,
        } => {
            let dash = dash.map_or_else(String::new, |(on, off)| {
                format!(r#" stroke-dasharray="{} {}""#, number(on), number(off))
            });
            writeln!(
                out,
                r#"<polyline points="{}" fill="none"{} stroke-width="{}" stroke-linejoin="round"{dash}{clip}/>"#,
                listed(points),
                paint("stroke", *colour),
                number(*width),
            )
        }
        What::Area { points, colour } => writeln!(
            out,
            r#"<polygon points="{}"{}{clip}/>"#,
            listed(points),
            paint("fill", *colour),
        ),
        What::Text(text) => {
            words(out, text, clip);
            Ok(())
        }
        What::Image {
            place,
            columns,
            pixels,
        } => {
            let png = image_png(*columns, pixels)?;
            writeln!(
                out,
                r#"<image x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none" href="data:image/png;base64,{}"{clip}/>"#,
                number(place.left),
                number(place.top),
                number(place.width),
                number(place.height),
                base64(&png),
            )
        }
    };
    Ok(())
}

fn words(out: &mut String, text: &Text, clip: &str) {
    let anchor = match text.align {
        Align::Start => "start",
        Align::Middle => "middle",
        Align::End => "end",
    };
    let (x, y) = (number(text.at.0), number(text.at.1));
    let turn = if text.turned {
        format!(r#" transform="rotate(-90 {x} {y})""#)
    } else {
        String::new()
    };
    let _ = writeln!(
        out,
        r#"<text x="{x}" y="{y}" font-size="{}" text-anchor="{anchor}"{}{turn}{clip}>{}</text>"#,
        number(text.size),
        paint("fill", text.colour),
        escaped(&text.text),
    );
}

fn paint(what: &str, colour: Colour) -> String {
    let mut paint = format!(r#" {what}="{}""#, colour.hex());
    if colour.cover != 255 {
        let share = f64::from(colour.cover) / 255.0;
        let _ = write!(paint, r#" {what}-opacity="{}""#, number(share));
    }
    paint
}

fn listed(points: &[(f64, f64)]) -> String {
    let mut list = String::with_capacity(points.len() * 12);
    for (x, y) in points {
        let _ = write!(list, "{},{} ", number(*x), number(*y));
    }
    list.truncate(list.trim_end().len());
    list
}

/// Two decimals are a hundredth of a point; what they do not need is left out.
fn number(value: f64) -> String {
    let mut text = format!("{value:.2}");
    text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    if text == "-0" { "0".to_owned() } else { text }
}

/// Text of XML: file names may hold anything.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // XML has no words for control characters and these two.
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}');
            }
            _ => out.push(letter),
        }
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, i| {
            word << 8 | u32::from(three.get(i).copied().unwrap_or(0))
        });
        for i in 0..4 {
            if i <= three.len() {
                out.push(char::from(DIGITS[(word >> (18 - 6 * i) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_its_rfc() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in vectors {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn no_text_can_leave_its_element() {
        assert_eq!(escaped("<a & \u{1b}b>"), "&lt;a &amp; \u{fffd}b&gt;");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [1.0, 1.5, -0.001, 10.0, 0.126].map(number),
            ["1", "1.5", "0", "10", "0.13"]
        );
    }
}
