//! The words that two people compare, as large as there is room for.

use super::face::Size;
use super::ink::{Glyphs, Line, Style, columns};
use super::letters;

/// The words in the middle of nothing: large, two and two, over the same words as plain text;
/// where that has no room, or no signs to be drawn with, the plain text alone. `under` lines follow.
pub(super) fn panel(words: [&str; 4], size: Size, glyphs: Glyphs, under: usize) -> Vec<Line> {
    let room = size.columns.saturating_sub(1);
    let plain = words.join(" ");
    let pairs = [&words[..2], &words[2..]];
    let widest = |place: usize| {
        let widths = pairs.map(|pair| letters::width(pair[place]));
        widths[0].max(widths[1])
    };
    let (left_width, right_width) = (widest(0), widest(1));
    let is_large = glyphs == Glyphs::Unicode
        && INDENT + left_width + BETWEEN + right_width <= room
        && LARGE_ROWS + under < size.rows;
    let mut lines = vec![Line::new()];
    if is_large {
        for pair in pairs {
            let [left, right] = [letters::large(pair[0]), letters::large(pair[1])];
            for (left, right) in left.iter().zip(&right) {
                let (margin, gap) = (" ".repeat(INDENT), " ".repeat(BETWEEN));
                let text = format!("{margin}{left:left_width$}{gap}{right}");
                lines.push(Line::of(text.trim_end(), Style::Plain));
            }
            lines.push(Line::new());
        }
    }
    // Where one line is too narrow, two by two, or one by one.
    let rows = [4, 2, 1].into_iter().find_map(|each| {
        let rows: Vec<String> = words.chunks(each).map(|some| some.join(" ")).collect();
        let fits = rows.iter().all(|row| INDENT + columns(row) <= room);
        fits.then_some(rows)
    });
    for row in rows.unwrap_or_else(|| vec![plain]) {
        lines.push(Line::of(" ".repeat(INDENT), Style::Plain).and(row, Style::Strong));
    }
    lines.push(Line::new());
    lines
}

/// Columns before the words.
const INDENT: usize = 4;

/// Columns between two large words.
const BETWEEN: usize = 6;

/// Lines of the panel with large words.
const LARGE_ROWS: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 4] = ["mammoth", "lobster", "wigwam", "hamster"];

    fn size(columns: usize, rows: usize) -> Size {
        Size { columns, rows }
    }

    #[test]
    fn the_words_are_there_in_every_window_in_their_order() {
        for columns in 12..120 {
            for rows in 1..30 {
                for glyphs in [Glyphs::Ascii, Glyphs::Unicode] {
                    let lines = panel(WORDS, size(columns, rows), glyphs, 1);
                    let ink = super::super::Ink { colour: false };
                    let text: Vec<String> = lines.iter().map(|line| ink.paint(line)).collect();
                    let letters = |line: &&String| !line.contains(['█', '▀', '▄']);
                    let text: Vec<&String> = text.iter().filter(letters).collect();
                    let words: Vec<&str> = text
                        .iter()
                        .flat_map(|line| line.split_whitespace())
                        .collect();
                    assert_eq!(words, WORDS);
                    assert!(lines.iter().all(|line| line.width() < columns));
                }
            }
        }
    }

    #[test]
    fn in_eighty_columns_they_are_large_and_leave_room_for_the_question() {
        let lines = panel(WORDS, size(80, 24), Glyphs::Unicode, 1);
        assert_eq!(lines.len(), LARGE_ROWS);
        for (columns, rows, glyphs) in [
            (80, 12, Glyphs::Unicode),
            (60, 24, Glyphs::Unicode),
            (80, 24, Glyphs::Ascii),
        ] {
            assert_eq!(panel(WORDS, size(columns, rows), glyphs, 1).len(), 3);
        }
    }
}
