//! The line that somebody types, at the bottom, and a line above it that says how something goes.
//! What else is said comes above both.

use std::io::{self, Stderr};
use std::sync::{Arc, Mutex};

use super::ink::{Ink, Line, Style};
use super::live::{Standing, lock, size, stand, stand_down, try_lock};
use super::paper::Paper;

/// It stands until it is dropped.
pub(crate) struct Desk(Arc<Shared>);

struct Shared {
    paper: Mutex<Paper<Stderr>>,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    status: Option<String>,
    typed: String,
    /// Where the cursor is in it.
    column: usize,
    over: bool,
}

impl Desk {
    /// `None` if another thing is drawn already.
    pub(crate) fn open(ink: Ink) -> Option<Self> {
        let shared = Arc::new(Shared {
            paper: Mutex::new(Paper::new(io::stderr(), ink)),
            shown: Mutex::default(),
        });
        stand(shared.clone()).then(|| {
            shared.draw();
            Self(shared)
        })
    }

    /// Columns that there are.
    pub(crate) fn width() -> usize {
        size().columns.saturating_sub(1)
    }

    /// Shows what is typed, and the cursor in it.
    pub(crate) fn typed(&self, text: String, column: usize) {
        {
            let mut shown = lock(&self.0.shown);
            (shown.typed, shown.column) = (text, column);
        }
        self.0.draw();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        stand_down();
        lock(&self.0.shown).over = true;
        let _ = lock(&self.0.paper).erase(size());
    }
}

impl Shared {
    fn draw(&self) {
        let mut paper = lock(&self.paper);
        self.draw_on(&mut paper);
    }

    fn draw_on(&self, paper: &mut Paper<Stderr>) {
        let (lines, column) = {
            let shown = lock(&self.shown);
            if shown.over {
                return;
            }
            let status = shown.status.iter();
            let mut lines: Vec<Line> = status
                .map(|status| Line::of(status.as_str(), Style::Faint))
                .collect();
            lines.push(Line::of(shown.typed.as_str(), Style::Plain));
            (lines, shown.column)
        };
        let size = size();
        let room = size.columns.saturating_sub(1);
        let lines: Vec<Line> = lines.iter().map(|line| line.cut(room)).collect();
        let _ = paper.draw_with_cursor(&lines, size, column);
    }
}

impl Standing for Shared {
    fn above(&self, write: &mut dyn FnMut()) {
        let mut paper = lock(&self.paper);
        let _ = paper.erase(size());
        write();
        self.draw_on(&mut paper);
    }

    fn take_down(&self) -> bool {
        if let Some(mut shown) = try_lock(&self.shown) {
            shown.over = true;
        }
        try_lock(&self.paper).is_some_and(|mut paper| {
            let _ = paper.erase(size());
            true
        })
    }

    fn status(&self, status: Option<&str>) -> bool {
        lock(&self.shown).status = status.map(str::to_owned);
        self.draw();
        true
    }
}
