//! Lines made of a few styles, and the signs they are made of.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How something looks. Nothing is assumed of the background: the text has the terminal's own
/// colour, and the colours are those of the sixteen named ones that can be told from white as well
/// as from black.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Strong,
    Faint,
    /// What we play.
    Ours,
    /// What others play.
    Theirs,
    Alarm,
}

/// Pieces of text, each in its style.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<(String, Style)>);

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn of(text: impl Into<String>, style: Style) -> Self {
        Self::new().and(text, style)
    }

    /// Appends text.
    pub(crate) fn and(mut self, text: impl Into<String>, style: Style) -> Self {
        self.push(text, style);
        self
    }

    pub(crate) fn push(&mut self, text: impl Into<String>, style: Style) {
        let text = text.into();
        match self.0.last_mut() {
            Some((last, same)) if *same == style => *last += &text,
            _ if text.is_empty() => {}
            _ => self.0.push((text, style)),
        }
    }

    /// Appends a line.
    pub(super) fn append(&mut self, rest: Self) {
        for (text, style) in rest.0 {
            self.push(text, style);
        }
    }

    /// Columns it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| columns(text)).sum()
    }

    /// Blanks up to a column, at least one, then the text; if there is no room for it, nothing.
    pub(super) fn and_at_right(mut self, text: &str, style: Style, width: usize) -> Self {
        let used = self.width() + columns(text);
        if used < width {
            self.push(" ".repeat(width - used), Style::Plain);
            self.push(text, style);
        }
        self
    }

    /// At most so many columns of it.
    pub(crate) fn cut(&self, width: usize) -> Self {
        let mut left = width;
        let mut cut = Self::new();
        for (text, style) in &self.0 {
            let piece = fit(text, left);
            left -= columns(&piece);
            let whole = piece == *text;
            cut.push(piece, *style);
            if !whole {
                break;
            }
        }
        cut
    }
}

/// How lines become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ink {
    pub(crate) colour: bool,
}

impl Ink {
    /// As a terminal understands it.
    pub(crate) fn paint(self, line: &Line) -> String {
        let mut bytes = String::new();
        for (text, style) in &line.0 {
            match style {
                Style::Plain => bytes += text,
                _ if !self.colour => bytes += text,
                style => {
                    bytes += style.escape();
                    bytes += text;
                    bytes += "\x1b[0m";
                }
            }
        }
        bytes
    }
}

impl Style {
    /// Select graphic rendition (ECMA-48, 8.3.117).
    fn escape(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Faint => "\x1b[2m",
            Self::Ours => "\x1b[35m",
            Self::Theirs => "\x1b[32m",
            Self::Alarm => "\x1b[1;31m",
        }
    }
}

/// The signs that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyphs {
    Ascii,
    Unicode,
}

impl Glyphs {
    /// What the locale says; where there is none of the sort, all of them can be shown.
    pub(crate) fn of_the_locale() -> Self {
        if cfg!(windows) {
            return Self::Unicode;
        }
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        // The first that is set counts (POSIX, 8.2).
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        Self::of(locale.as_deref().unwrap_or_default())
    }

    fn of(locale: &str) -> Self {
        let locale = locale.to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") {
            Self::Unicode
        } else {
            Self::Ascii
        }
    }

    /// From nothing to everything.
    pub(super) fn shades(self) -> [char; 5] {
        match self {
            Self::Ascii => [' ', '.', ':', '*', '#'],
            Self::Unicode => [' ', '·', '░', '▒', '▓'],
        }
    }

    /// A line under what we play.
    pub(super) fn ours(self) -> char {
        match self {
            Self::Ascii => '-',
            Self::Unicode => '─',
        }
    }

    /// A line under what others play.
    pub(super) fn theirs(self) -> char {
        match self {
            Self::Ascii => '=',
            Self::Unicode => '━',
        }
    }
}

/// Columns that a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// At most so many columns of a text, with an end that says so if some are missing.
pub(crate) fn fit(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    const MISSING: &str = "..";
    let room = width.saturating_sub(MISSING.len());
    let mut used = 0;
    let mut short: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .collect();
    short += &MISSING[..width.min(MISSING.len())];
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_painted_in_its_styles_or_without_any() {
        let line = Line::of("a", Style::Plain).and("b", Style::Ours);
        assert_eq!(Ink { colour: true }.paint(&line), "a\x1b[35mb\x1b[0m");
        assert_eq!(Ink { colour: false }.paint(&line), "ab");
    }

    #[test]
    fn nothing_is_wider_than_it_may_be() {
        for (text, width, fitting) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "a.."),
            ("世界世界", 7, "世界.."),
            ("世界世界", 6, "世界.."),
            ("世界世界", 5, "世.."),
            ("abc", 1, "."),
            ("abc", 0, ""),
        ] {
            assert_eq!(fit(text, width), fitting);
            let line = Line::of(text, Style::Plain).and(text, Style::Strong);
            assert!(line.cut(width).width() <= width);
        }
        assert_eq!(Line::new().and_at_right("x", Style::Plain, 3).width(), 3);
    }

    #[test]
    fn signs_beyond_ascii_are_shown_where_the_locale_has_them() {
        assert_eq!(Glyphs::of("de_DE.UTF-8"), Glyphs::Unicode);
        assert_eq!(Glyphs::of("C.utf8"), Glyphs::Unicode);
        for locale in ["", "C", "POSIX", "en_US.ISO-8859-1"] {
            assert_eq!(Glyphs::of(locale), Glyphs::Ascii);
        }
    }
}
