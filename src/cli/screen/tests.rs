//! What a terminal shows of it.

use std::io::{self, Write};
use std::time::Duration;

use super::face::{Size, face};
use super::ink::Glyphs;
use super::paper::Paper;
use super::*;
use airshake::medium::Spectrum;
use airshake::modem::Profile;

/// A terminal that shows what is written, with what a shell has left on it.
struct Terminal(vt100::Parser);

impl Terminal {
    fn new(columns: u16, rows: u16) -> Self {
        let mut terminal = vt100::Parser::new(rows, columns, 0);
        terminal.process(b"$ airshake pair\r\nlooking for a peer\r\n");
        Self(terminal)
    }

    fn lines(&self) -> Vec<String> {
        let (_, columns) = self.0.screen().size();
        self.0.screen().rows(0, columns).collect()
    }

    fn text(&self) -> String {
        let lines: Vec<String> = self
            .lines()
            .iter()
            .map(|l| l.trim_end().to_owned())
            .collect();
        lines.join("\n").trim_end().to_owned()
    }

    fn size(&self) -> Size {
        let (rows, columns) = self.0.screen().size();
        Size {
            columns: columns.into(),
            rows: rows.into(),
        }
    }
}

impl Write for &mut Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.process(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn scene() -> Scene {
    let mut scene = Scene::new(Setting {
        limit: Some(Duration::from_secs(60)),
        profiles: Profile::ALL,
        keep: Keep::Within,
    });
    for tenth in 0..100 {
        let now = Duration::from_millis(tenth * 100);
        scene.level(now, 0.01, 0.05);
        let levels = [-60.0 + (tenth % 7) as f32 * 5.0; Spectrum::BANDS];
        scene.spectrum(now, &Spectrum { levels });
    }
    scene.log(Duration::from_secs(3), "heard 32 bytes, SNR 27.0 dB", false);
    scene
}

fn draw(paper: &mut Paper<&mut Terminal>, scene: &Scene, at: Duration, size: Size) {
    let lines = face(scene, at, size, Glyphs::Unicode);
    paper.draw(&lines, size).expect("no terminal fails here");
}

const INK: Ink = Ink { colour: true };
const NOW: Duration = Duration::from_secs(10);

#[test]
fn however_often_it_is_drawn_it_stands_once_and_what_was_there_stays() {
    for (columns, rows) in [(80, 24), (40, 15), (200, 50), (40, 12), (80, 16)] {
        let mut terminal = Terminal::new(columns, rows);
        let size = terminal.size();
        let mut paper = Paper::new(&mut terminal, INK);
        for i in 0..30 {
            draw(
                &mut paper,
                &scene(),
                NOW + i * Duration::from_millis(80),
                size,
            );
        }
        drop(paper);
        let text = terminal.text();
        assert_eq!(text.matches("Listening").count(), 1, "{text}");
        assert_eq!(text.matches("heard 32 bytes").count(), 1, "{text}");
        // What does not fit has scrolled away, as it would anyhow.
        if rows > 14 {
            assert!(
                text.starts_with("$ airshake pair\nlooking for a peer\n"),
                "{text}"
            );
        }
    }
}

#[test]
fn when_it_goes_nothing_of_it_is_left() {
    let mut terminal = Terminal::new(80, 24);
    let before = terminal.text();
    let size = terminal.size();
    let mut paper = Paper::new(&mut terminal, INK);
    for _ in 0..3 {
        draw(&mut paper, &scene(), NOW, size);
    }
    paper.erase(size).expect("no terminal fails here");
    drop(paper);
    assert_eq!(terminal.text(), before);
    assert_eq!(terminal.0.screen().cursor_position(), (2, 0));
    assert!(!terminal.0.screen().hide_cursor());
}

#[test]
fn enter_and_other_keys_that_are_echoed_leave_it_whole() {
    let mut terminal = Terminal::new(80, 40);
    let size = terminal.size();
    for _ in 0..5 {
        // Where the cursor is, as the terminal echoes it.
        let mut paper = Paper::new(&mut terminal, INK);
        for _ in 0..2 {
            draw(&mut paper, &scene(), NOW, size);
        }
        let mut paper = paper.echo(b"hello?\r\n");
        draw(&mut paper, &scene(), NOW, size);
        paper.erase(size).expect("no terminal fails here");
    }
    let text = terminal.text();
    assert_eq!(text, "$ airshake pair\nlooking for a peer");
    let mut paper = Paper::new(&mut terminal, INK);
    draw(&mut paper, &scene(), NOW, size);
    let mut paper = paper.echo(b"hello?\r\n");
    draw(&mut paper, &scene(), NOW, size);
    drop(paper);
    let text = terminal.text();
    assert_eq!(text.matches("Listening").count(), 1, "{text}");
    assert!(!text.contains("hello?"), "{text}");
}

#[test]
fn a_window_that_becomes_smaller_or_larger_shows_it_whole() {
    let sizes = [
        (80, 24),
        (40, 24),
        (40, 15),
        (100, 10),
        (30, 8),
        (80, 24),
        (20, 6),
        (80, 24),
    ];
    let mut terminal = Terminal::new(80, 24);
    let mut drawn = Vec::new();
    for (columns, rows) in sizes {
        terminal.0.screen_mut().set_size(rows, columns);
        let size = terminal.size();
        let mut paper = Paper::new(&mut terminal, INK);
        paper.assume(drawn);
        for _ in 0..2 {
            draw(&mut paper, &scene(), NOW, size);
        }
        drawn = paper.drawn();
        let text = terminal.text();
        let last = face(&scene(), NOW, size, Glyphs::Unicode)
            .pop()
            .expect("a line");
        let last = Ink { colour: false }.paint(&last);
        assert!(text.ends_with(last.trim_end()), "{columns}x{rows}:\n{text}");
        assert!(text.contains("Listening"), "{columns}x{rows}:\n{text}");
    }
}

#[test]
fn without_colour_there_is_no_colour_and_without_unicode_only_ascii() {
    let size = Size {
        columns: 80,
        rows: 24,
    };
    let lines = face(&scene(), NOW, size, Glyphs::Ascii);
    let text: String = lines
        .iter()
        .map(|l| Ink { colour: false }.paint(l))
        .collect();
    assert!(text.is_ascii() && !text.contains('\x1b'), "{text:?}");
}
