//! Scene to PNG.

use tiny_skia::{
    Color, FillRule, FilterQuality, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap,
    PixmapPaint, PremultipliedColorU8, Stroke, StrokeDash, Transform,
};

use super::Colour;
use super::font::{self, Pen};
use super::save::SaveError;
use super::scene::{Frame, Point, Scene, Text, What, corners};

/// The scene as a PNG file with `scale` pixels a point.
pub(super) fn png(scene: &Scene, scale: f64) -> Result<Vec<u8>, SaveError> {
    let (width, height) = (scene.width * scale, scene.height * scale);
    let mut pixmap = pixmap(width.ceil() as usize, height.ceil() as usize)?;
    pixmap.fill(Color::WHITE);
    let mut canvas = Canvas {
        pixmap,
        transform: Transform::from_scale(scale as f32, scale as f32),
        clip: None,
    };
    for drawn in &scene.shapes {
        canvas.clip_to(drawn.clip)?;
        canvas.draw(&drawn.what)?;
    }
    encode(&canvas.pixmap)
}

/// Pixels alone, row by row from the top, as a PNG file.
pub(super) fn image_png(columns: usize, pixels: &[[u8; 3]]) -> Result<Vec<u8>, SaveError> {
    encode(&image(columns, pixels)?)
}

fn image(columns: usize, pixels: &[[u8; 3]]) -> Result<Pixmap, SaveError> {
    let mut image = pixmap(columns, pixels.len() / columns.max(1))?;
    for (slot, [red, green, blue]) in image.pixels_mut().iter_mut().zip(pixels) {
        if let Some(pixel) = PremultipliedColorU8::from_rgba(*red, *green, *blue, 255) {
            *slot = pixel;
        }
    }
    Ok(image)
}

fn pixmap(width: usize, height: usize) -> Result<Pixmap, SaveError> {
    let size = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    size.and_then(|(width, height)| Pixmap::new(width, height))
        .ok_or(SaveError::Size { width, height })
}

fn encode(pixmap: &Pixmap) -> Result<Vec<u8>, SaveError> {
    pixmap
        .encode_png()
        .map_err(|error| SaveError::Png(error.to_string()))
}

struct Canvas {
    pixmap: Pixmap,
    transform: Transform,
    /// The last clip used: neighbours in a scene mostly share it.
    clip: Option<(Frame, Mask)>,
}

impl Canvas {
    fn clip_to(&mut self, clip: Option<Frame>) -> Result<(), SaveError> {
        let Some(frame) = clip else {
            self.clip = None;
            return Ok(());
        };
        if self.clip.as_ref().is_some_and(|(known, _)| *known == frame) {
            return Ok(());
        }
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        let mut mask = Mask::new(width, height).ok_or(SaveError::Size {
            width: width as usize,
            height: height as usize,
        })?;
        if let Some(path) = path(&corners(&frame), true) {
            mask.fill_path(&path, FillRule::Winding, true, self.transform);
        }
        self.clip = Some((frame, mask));
        Ok(())
    }

    fn draw(&mut self, what: &What) -> Result<(), SaveError> {
        let mask = self.clip.as_ref().map(|(_, mask)| mask);
        match what {
            What::Line {
                points,
                colour,
                width,
                dash,
            } => {
                let stroke = Stroke {
                    width: *width as f32,
                    line_cap: LineCap::Butt,
                    line_join: LineJoin::Round,
                    dash: dash
                        .and_then(|(on, off)| StrokeDash::new(vec![on as f32, off as f32], 0.0)),
                    ..Stroke::default()
                };
                if let Some(path) = path(points, false) {
                    self.pixmap
                        .stroke_path(&path, &paint(*colour), &stroke, self.transform, mask);
                }
            }
            What::Area { points, colour } => {
                if let Some(path) = path(points, true) {
                    self.pixmap.fill_path(
                        &path,
                        &paint(*colour),
                        FillRule::Winding,
                        self.transform,
                        mask,
                    );
                }
            }
            What::Text(text) => {
                let mut letters = Letters::new(text);
                font::outline(&text.text, &mut letters);
                if let Some(path) = letters.path.finish() {
                    self.pixmap.fill_path(
                        &path,
                        &paint(text.colour),
                        FillRule::Winding,
                        self.transform,
                        mask,
                    );
                }
            }
            What::Image {
                place,
                columns,
                pixels,
            } => {
                let image = image(*columns, pixels)?;
                let transform = self.transform.pre_concat(Transform::from_row(
                    place.width as f32 / image.width() as f32,
                    0.0,
                    0.0,
                    place.height as f32 / image.height() as f32,
                    place.left as f32,
                    place.top as f32,
                ));
                // Enlarged, a value keeps its edges.
                let options = PixmapPaint {
                    quality: FilterQuality::Nearest,
                    ..PixmapPaint::default()
                };
                self.pixmap
                    .draw_pixmap(0, 0, image.as_ref(), &options, transform, mask);
            }
        }
        Ok(())
    }
}

fn paint(colour: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    let [red, green, blue] = colour.rgb;
    paint.set_color_rgba8(red, green, blue, colour.cover);
    paint.anti_alias = true;
    paint
}

fn path(points: &[Point], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    path.move_to(first.0 as f32, first.1 as f32);
    for (x, y) in rest {
        path.line_to(*x as f32, *y as f32);
    }
    if closed {
        path.close();
    }
    path.finish()
}

/// Outlines of a text, brought to its place.
struct Letters<'a> {
    path: PathBuilder,
    text: &'a Text,
    before: f64,
}

impl<'a> Letters<'a> {
    fn new(text: &'a Text) -> Self {
        Self {
            path: PathBuilder::new(),
            text,
            before: font::width(&text.text) * text.align.share(),
        }
    }

    fn place(&self, x: f64, y: f64) -> (f32, f32) {
        let (along, up) = ((x - self.before) * self.text.size, y * self.text.size);
        let (x, y) = self.text.at;
        if self.text.turned {
            ((x - up) as f32, (y - along) as f32)
        } else {
            ((x + along) as f32, (y - up) as f32)
        }
    }
}

impl Pen for Letters<'_> {
    fn go(&mut self, x: f64, y: f64) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line(&mut self, x: f64, y: f64) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn curve(&mut self, by: (f64, f64), x: f64, y: f64) {
        let by = self.place(by.0, by.1);
        let (x, y) = self.place(x, y);
        self.path.quad_to(by.0, by.1, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
