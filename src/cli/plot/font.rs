//! The letters: one embedded font, measured for both outputs and drawn into PNG.

use std::sync::LazyLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

static FACE: LazyLock<Face<'static>> = LazyLock::new(|| {
    Face::parse(include_bytes!("font/Roboto-Latin.ttf"), 0).expect("the embedded font is whole")
});

/// How wide `text` is at a size of 1.
pub(super) fn width(text: &str) -> f64 {
    glyphs(text).map(|(_, advance)| advance).sum()
}

/// The outlines of `text` from the origin to the right at a size of 1, y upwards.
pub(super) fn outline(text: &str, out: &mut impl Pen) {
    let scale = 1.0 / f64::from(FACE.units_per_em());
    let mut x = 0.0;
    for (glyph, advance) in glyphs(text) {
        FACE.outline_glyph(glyph, &mut Moved { pen: out, x, scale });
        x += advance;
    }
}

/// Who draws outlines.
pub(super) trait Pen {
    fn go(&mut self, x: f64, y: f64);
    fn line(&mut self, x: f64, y: f64);
    fn curve(&mut self, by: (f64, f64), x: f64, y: f64);
    fn close(&mut self);
}

fn glyphs(text: &str) -> impl Iterator<Item = (GlyphId, f64)> {
    let scale = 1.0 / f64::from(FACE.units_per_em());
    text.chars().map(move |letter| {
        // Glyph 0 is the box for what the font does not have.
        let glyph = FACE.glyph_index(letter).unwrap_or(GlyphId(0));
        let advance = FACE.glyph_hor_advance(glyph).unwrap_or(0);
        (glyph, f64::from(advance) * scale)
    })
}

struct Moved<'a, P> {
    pen: &'a mut P,
    x: f64,
    scale: f64,
}

impl<P> Moved<'_, P> {
    fn place(&self, x: f32, y: f32) -> (f64, f64) {
        (
            self.x + f64::from(x) * self.scale,
            f64::from(y) * self.scale,
        )
    }
}

impl<P: Pen> OutlineBuilder for Moved<'_, P> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.pen.go(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.pen.line(x, y);
    }

    fn quad_to(&mut self, by_x: f32, by_y: f32, x: f32, y: f32) {
        let by = self.place(by_x, by_y);
        let (x, y) = self.place(x, y);
        self.pen.curve(by, x, y);
    }

    // A font with TrueType outlines has none; the chord is as near as a letter needs.
    fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, x: f32, y: f32) {
        self.line_to(x, y);
    }

    fn close(&mut self) {
        self.pen.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_that_pictures_use_is_in_the_font() {
        let used = "abcXYZ0189 .,:;+-–−%()/×±µ°²³⁴⁻…≥≤≈";
        for letter in used.chars() {
            assert!(FACE.glyph_index(letter).is_some(), "{letter:?}");
        }
    }

    #[test]
    fn digits_are_all_of_one_width_so_that_ticks_line_up() {
        assert!((width("1111") - width("0000")).abs() < 1e-9);
        assert!(width("w") > width("i"));
        assert_eq!(width(""), 0.0);
    }
}
