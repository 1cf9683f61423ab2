//! A line that is being typed. Told keys; knows no terminal.

use std::collections::VecDeque;

use unicode_width::UnicodeWidthChar;

/// A key, or several that do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Paste(String),
    Enter,
    Escape,
    Tab,
    Backspace,
    Delete,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Up,
    Down,
    /// Deletes to the beginning, to the end, the word before.
    KillToStart,
    KillToEnd,
    KillWord,
    /// Ctrl-D: deletes, and in an empty line says goodbye.
    DeleteOrEnd,
}

/// What a key came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// The line has perhaps changed.
    Edited,
    /// A line is complete.
    Line(String),
    /// Several pasted ones are to be sent.
    Pasted(Vec<String>),
    /// What stands before the cursor is to be completed.
    Complete,
    /// There is nothing to complete, to delete or to recall.
    Nothing,
    /// No more will be typed.
    Goodbye,
}

/// The line, where the cursor is, and the lines before.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: Vec<char>,
    cursor: usize,
    /// Lines that were pasted and wait for Enter.
    pasted: Option<Vec<String>>,
    history: VecDeque<String>,
    /// How far back in the history, and what was typed before going there.
    back: usize,
    draft: Vec<char>,
}

impl Editor {
    /// Takes a key.
    pub(super) fn press(&mut self, key: Key) -> Done {
        if self.pasted.is_some() {
            return self.decide(key);
        }
        let before = (self.text.len(), self.cursor, self.back);
        match key {
            Key::Char(c) => self.insert(&[c]),
            Key::Paste(text) => self.paste(&text),
            Key::Enter => return self.enter(),
            Key::Tab => return Done::Complete,
            Key::Escape => {}
            Key::Backspace => self.delete(self.cursor.saturating_sub(1)..self.cursor),
            Key::Delete => self.delete(self.cursor..self.cursor + 1),
            Key::DeleteOrEnd if self.text.is_empty() => return Done::Goodbye,
            Key::DeleteOrEnd => self.delete(self.cursor..self.cursor + 1),
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::WordLeft => self.cursor = self.word_before(),
            Key::WordRight => self.cursor = self.word_after(),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::Up => self.recall(self.back + 1),
            Key::Down => self.recall(self.back.saturating_sub(1)),
            Key::KillToStart => self.delete(0..self.cursor),
            Key::KillToEnd => self.delete(self.cursor..self.text.len()),
            Key::KillWord => self.delete(self.word_before()..self.cursor),
        }
        match before == (self.text.len(), self.cursor, self.back) && self.pasted.is_none() {
            true => Done::Nothing,
            false => Done::Edited,
        }
    }

    /// What stands before the cursor.
    pub(super) fn before_cursor(&self) -> String {
        self.text[..self.cursor].iter().collect()
    }

    /// Puts other text before the cursor.
    pub(super) fn replace_before_cursor(&mut self, text: &str) {
        let rest = self.text.split_off(self.cursor);
        self.text = clean(text).collect();
        self.cursor = self.text.len();
        self.text.extend(rest);
        self.text.truncate(LONGEST);
        self.cursor = self.cursor.min(self.text.len());
    }

    /// How many pasted lines wait for Enter.
    pub(super) fn waiting(&self) -> Option<usize> {
        self.pasted.as_ref().map(Vec::len)
    }

    /// A part of the line that holds the cursor in less than `width` columns, and the column of
    /// the cursor in it.
    pub(super) fn view(&self, width: usize) -> (String, usize) {
        let room = width.saturating_sub(1);
        let columns = |text: &[char]| text.iter().map(|c| c.width().unwrap_or(0)).sum::<usize>();
        let mut first = 0;
        // The cursor itself takes a column.
        while columns(&self.text[first..self.cursor]) + 1 > room && first < self.cursor {
            first += 1;
        }
        let mut used = 0;
        let shown = self.text[first..].iter().take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        });
        let at = columns(&self.text[first..self.cursor]);
        (shown.collect(), at.min(room))
    }

    fn insert(&mut self, chars: &[char]) {
        let room = LONGEST.saturating_sub(self.text.len());
        let new: Vec<char> = chars
            .iter()
            .copied()
            .filter(|c| !c.is_control())
            .take(room)
            .collect();
        self.text
            .splice(self.cursor..self.cursor, new.iter().copied());
        self.cursor += new.len();
    }

    fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if !text.contains('\n') {
            let chars: Vec<char> = clean(text).collect();
            return self.insert(&chars);
        }
        // The first goes on where the cursor is, what stands after it is the last one's.
        let after: String = self.text[self.cursor..].iter().collect();
        let whole = format!("{}{text}{after}", self.before_cursor());
        let lines = whole.split('\n').map(|line| clean(line).collect());
        self.pasted = Some(lines.take(MOST_PASTED).collect());
    }

    /// Pasted lines are sent by Enter; whatever else takes the line away takes them too.
    fn decide(&mut self, key: Key) -> Done {
        match key {
            Key::Enter => {
                let lines = self.pasted.take().unwrap_or_default();
                self.clear();
                Done::Pasted(lines)
            }
            Key::Escape | Key::KillToStart | Key::KillWord | Key::Backspace | Key::Delete => {
                self.pasted = None;
                Done::Edited
            }
            _ => Done::Nothing,
        }
    }

    fn enter(&mut self) -> Done {
        let line: String = self.text.iter().collect();
        self.clear();
        if !line.is_empty() && self.history.back() != Some(&line) {
            if self.history.len() == MOST_RECALLED {
                self.history.pop_front();
            }
            self.history.push_back(line.clone());
        }
        Done::Line(line)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.draft.clear();
        (self.cursor, self.back) = (0, 0);
    }

    fn recall(&mut self, back: usize) {
        if back > self.history.len() || back == self.back {
            return;
        }
        if self.back == 0 {
            self.draft = self.text.clone();
        }
        self.back = back;
        self.text = match back {
            0 => std::mem::take(&mut self.draft),
            back => self.history[self.history.len() - back].chars().collect(),
        };
        self.cursor = self.text.len();
    }

    fn delete(&mut self, range: std::ops::Range<usize>) {
        let end = range.end.min(self.text.len());
        let start = range.start.min(end);
        self.text.drain(start..end);
        self.cursor = start;
    }

    fn word_before(&self) -> usize {
        let mut at = self.cursor;
        while at > 0 && self.text[at - 1].is_whitespace() {
            at -= 1;
        }
        while at > 0 && !self.text[at - 1].is_whitespace() {
            at -= 1;
        }
        at
    }

    fn word_after(&self) -> usize {
        let mut at = self.cursor;
        while at < self.text.len() && self.text[at].is_whitespace() {
            at += 1;
        }
        while at < self.text.len() && !self.text[at].is_whitespace() {
            at += 1;
        }
        at
    }
}

/// What a line can hold: a tab is a space, other control characters are nothing.
fn clean(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| !c.is_control())
}

/// Characters of a line; four bytes each still fit one message.
const LONGEST: usize = 4_000;

/// Lines that can be recalled. They are kept nowhere else.
const MOST_RECALLED: usize = 500;

/// Lines of a paste.
const MOST_PASTED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(editor: &mut Editor, text: &str) {
        for c in text.chars() {
            editor.press(Key::Char(c));
        }
    }

    fn line(text: &str) -> Done {
        Done::Line(text.to_owned())
    }

    #[test]
    fn a_line_is_edited_where_the_cursor_is() {
        let mut editor = Editor::default();
        typed(&mut editor, "hello wrld");
        for _ in 0..3 {
            editor.press(Key::Left);
        }
        typed(&mut editor, "o");
        editor.press(Key::Home);
        editor.press(Key::Delete);
        typed(&mut editor, "H");
        editor.press(Key::End);
        typed(&mut editor, " and all");
        editor.press(Key::KillWord);
        editor.press(Key::Backspace);
        assert_eq!(editor.press(Key::Enter), line("Hello world and"));
        typed(&mut editor, "ab");
        assert_eq!(editor.press(Key::Right), Done::Nothing);
        editor.press(Key::KillToStart);
        assert_eq!(editor.press(Key::DeleteOrEnd), Done::Goodbye);
    }

    #[test]
    fn lines_before_are_recalled_and_what_was_begun_comes_back() {
        let mut editor = Editor::default();
        for text in ["one", "two", "two"] {
            typed(&mut editor, text);
            editor.press(Key::Enter);
        }
        typed(&mut editor, "thr");
        editor.press(Key::Up);
        assert_eq!(editor.before_cursor(), "two");
        editor.press(Key::Up);
        assert_eq!(editor.before_cursor(), "one");
        assert_eq!(editor.press(Key::Up), Done::Nothing);
        editor.press(Key::Down);
        editor.press(Key::Down);
        assert_eq!(editor.before_cursor(), "thr");
        editor.press(Key::Up);
        assert_eq!(editor.press(Key::Enter), line("two"));
    }

    #[test]
    fn one_pasted_line_is_typed_and_several_wait_for_enter() {
        let mut editor = Editor::default();
        typed(&mut editor, "see: ");
        editor.press(Key::Paste("a\tb\x1b[2J\n".to_owned()));
        assert_eq!(editor.before_cursor(), "see: a b[2J");
        editor.press(Key::Paste("1\r\n2\n\n4\n".to_owned()));
        assert_eq!(editor.waiting(), Some(4));
        assert_eq!(editor.press(Key::Char('x')), Done::Nothing);
        let lines = ["see: a b[2J1", "2", "", "4"].map(str::to_owned).to_vec();
        assert_eq!(editor.press(Key::Enter), Done::Pasted(lines));
        typed(&mut editor, "kept");
        editor.press(Key::Paste("1\n2".to_owned()));
        editor.press(Key::Escape);
        assert_eq!(
            (editor.waiting(), editor.before_cursor()),
            (None, "kept".to_owned())
        );
    }

    #[test]
    fn a_long_line_is_seen_where_the_cursor_is() {
        let mut editor = Editor::default();
        typed(&mut editor, "0123456789");
        assert_eq!(editor.view(20), ("0123456789".to_owned(), 10));
        assert_eq!(editor.view(6), ("6789".to_owned(), 4));
        editor.press(Key::Home);
        assert_eq!(editor.view(6), ("01234".to_owned(), 0));
    }

    fn key() -> impl Strategy<Value = Key> {
        prop_oneof![
            any::<char>().prop_map(Key::Char),
            "[ab世\n\t ]{0,9}".prop_map(Key::Paste),
            proptest::sample::select(vec![
                Key::Enter,
                Key::Escape,
                Key::Tab,
                Key::Backspace,
                Key::Delete,
                Key::Left,
                Key::Right,
                Key::WordLeft,
                Key::WordRight,
                Key::Home,
                Key::End,
                Key::Up,
                Key::Down,
                Key::KillToStart,
                Key::KillToEnd,
                Key::KillWord,
                Key::DeleteOrEnd,
            ]),
        ]
    }

    proptest! {
        #[test]
        fn no_keys_break_it(keys in proptest::collection::vec(key(), 0..60), width in 0usize..20) {
            let mut editor = Editor::default();
            for key in keys {
                let lines = match editor.press(key) {
                    Done::Line(line) => vec![line],
                    Done::Pasted(lines) => lines,
                    _ => Vec::new(),
                };
                prop_assert!(lines.iter().all(|line| !line.contains(char::is_control)));
                prop_assert!(editor.cursor <= editor.text.len());
                let (shown, at) = editor.view(width);
                let columns = crate::cli::screen::columns(&shown);
                prop_assert!(columns < width.max(1) && at < width.max(1), "{shown:?} {at}");
            }
        }
    }
}
