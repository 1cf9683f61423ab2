//! The part of the terminal that is drawn over.

use std::io::{self, Write};

use super::face::Size;
use super::ink::{Ink, Line};

/// Lines at the cursor, drawn over themselves.
#[derive(Debug)]
pub(super) struct Paper<W> {
    out: W,
    ink: Ink,
    /// The widths of the lines that stand there.
    drawn: Vec<usize>,
}

impl<W: Write> Paper<W> {
    pub(super) fn new(out: W, ink: Ink) -> Self {
        Self {
            out,
            ink,
            drawn: Vec::new(),
        }
    }

    /// Draws the lines over those before, all of them: what was typed meanwhile has left its
    /// traces.
    pub(super) fn draw(&mut self, lines: &[Line], size: Size) -> io::Result<()> {
        self.put(lines, size, "")
    }

    /// The same, with the cursor at a column of the last line.
    pub(super) fn draw_with_cursor(
        &mut self,
        lines: &[Line],
        size: Size,
        column: usize,
    ) -> io::Result<()> {
        let cursor = match column {
            0 => "\r".to_owned(),
            column => format!("\r\x1b[{column}C"),
        };
        self.put(lines, size, &cursor)
    }

    fn put(&mut self, lines: &[Line], size: Size, cursor: &str) -> io::Result<()> {
        // Synchronised output, where it is known: the lines change at once.
        let mut bytes = String::from("\x1b[?2026h");
        bytes += &self.back(size);
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                bytes += "\r\n";
            }
            bytes += &self.ink.paint(line);
            // Erase to the end of the line, after the last one to the end of the screen.
            bytes += if i + 1 < lines.len() {
                "\x1b[K"
            } else {
                "\x1b[J"
            };
        }
        bytes += cursor;
        bytes += "\x1b[?2026l";
        self.drawn = lines.iter().map(Line::width).collect();
        self.write(&bytes)
    }

    /// Takes them away; the cursor is where they began.
    pub(super) fn erase(&mut self, size: Size) -> io::Result<()> {
        if self.drawn.is_empty() {
            return Ok(());
        }
        let bytes = self.back(size) + "\x1b[J";
        self.drawn.clear();
        self.write(&bytes)
    }

    /// Leaves what stands there: the next are drawn below.
    pub(super) fn leave(&mut self) {
        self.drawn.clear();
    }

    /// To the first column of the first line. In a window that became narrower, terminals break
    /// lines that do not fit any more (xterm cuts them; there some lines above are lost).
    fn back(&self, size: Size) -> String {
        let columns = size.columns.max(1);
        let rows: usize = self
            .drawn
            .iter()
            .map(|width| width.div_ceil(columns).max(1))
            .sum();
        match rows.min(size.rows) {
            0 | 1 => "\r".to_owned(),
            rows => format!("\r\x1b[{}A", rows - 1),
        }
    }

    /// In one go, so that no half of it is ever seen.
    fn write(&mut self, bytes: &str) -> io::Result<()> {
        self.out.write_all(bytes.as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
impl<W: Write> Paper<W> {
    /// As a terminal echoes what is typed.
    pub(super) fn echo(mut self, typed: &[u8]) -> Self {
        self.out.write_all(typed).expect("no terminal fails here");
        self
    }

    /// Goes on with what another one has drawn.
    pub(super) fn assume(&mut self, drawn: Vec<usize>) {
        self.drawn = drawn;
    }

    pub(super) fn drawn(self) -> Vec<usize> {
        self.drawn
    }
}
