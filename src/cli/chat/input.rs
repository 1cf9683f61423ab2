//! What a user has to say: keys at a terminal, or the lines of a pipe.

use tokio::sync::mpsc::Receiver;

use super::super::screen::{Desk, Ink, fit};
use super::super::talk::Talk;
use super::super::typed::{self, Typed};
use super::complete::complete;
use super::editor::{Done, Editor};
use super::keyboard::{Keyboard, Pressed};

/// Where lines come from.
pub(super) enum Input {
    Lines(Receiver<Typed>),
    Keys(Box<Keys>),
}

pub(super) struct Keys {
    // Taken away before the terminal is put back.
    desk: Desk,
    keyboard: Keyboard,
    editor: Editor,
    /// The terminal is the user's: nothing more is typed once this is over.
    over: bool,
}

impl Input {
    /// Keys where they can be had and shown; otherwise the lines of stdin.
    pub(super) fn open(keys: Option<Ink>) -> Self {
        let keys = keys.and_then(|ink| {
            let keyboard = Keyboard::open()?;
            let desk = Desk::open(ink)?;
            Some(Keys {
                desk,
                keyboard,
                editor: Editor::default(),
                over: false,
            })
        });
        match keys {
            Some(keys) => Self::Keys(Box::new(keys)),
            None => Self::Lines(typed::lines()),
        }
    }

    /// Whether what is typed is still to be printed.
    pub(super) fn is_keys(&self) -> bool {
        matches!(self, Self::Keys(_))
    }

    /// The next lines; `None` when there are no more. Dropping the future loses nothing.
    pub(super) async fn next(&mut self, talk: &Talk) -> Option<Vec<Typed>> {
        match self {
            Self::Lines(lines) => lines.recv().await.map(|line| vec![line]),
            Self::Keys(keys) => keys.next(talk).await,
        }
    }
}

impl Keys {
    async fn next(&mut self, talk: &Talk) -> Option<Vec<Typed>> {
        if self.over {
            return None;
        }
        loop {
            let Some(pressed) = self.keyboard.next().await else {
                self.over = true;
                return Some(vec![Typed::Goodbye]);
            };
            let done = match pressed {
                Pressed::Key(key) => self.editor.press(key),
                Pressed::Resized => Done::Edited,
            };
            match done {
                Done::Line(line) => {
                    self.show();
                    return Some(vec![Typed::Line(line)]);
                }
                Done::Pasted(lines) => {
                    self.show();
                    return Some(lines.into_iter().map(Typed::Pasted).collect());
                }
                Done::Goodbye => {
                    self.over = true;
                    return Some(vec![Typed::Goodbye]);
                }
                Done::Complete => self.complete(talk),
                Done::Edited => self.show(),
                Done::Nothing => {}
            }
        }
    }

    fn complete(&mut self, talk: &Talk) {
        let home = home();
        let Some(completed) = complete(&self.editor.before_cursor(), home.as_deref()) else {
            return;
        };
        let more = completed.line.len() > self.editor.before_cursor().len();
        self.editor.replace_before_cursor(&completed.line);
        if !more && !completed.choices.is_empty() {
            let mut choices: Vec<&str> = completed.choices.iter().map(String::as_str).collect();
            let left_out = choices.len().saturating_sub(MOST_CHOICES);
            choices.truncate(MOST_CHOICES);
            let mut line = choices.join("   ");
            if left_out > 0 {
                line += &format!("   and {left_out} more");
            }
            talk.line(&line);
        }
        self.show();
    }

    fn show(&self) {
        let width = Desk::width();
        match self.editor.waiting() {
            Some(count) => {
                let words = format!("{count} lines pasted: Enter sends them, Esc does not");
                let words = fit(&words, width);
                let column = super::super::screen::columns(&words);
                self.desk.typed(words, column);
            }
            None => {
                let (text, column) = self.editor.view(width);
                self.desk.typed(text, column);
            }
        }
    }
}

/// Where the user is at home.
pub(super) fn home() -> Option<String> {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    std::env::var(name).ok().filter(|home| !home.is_empty())
}

/// Names that are shown when there are several.
const MOST_CHOICES: usize = 20;
