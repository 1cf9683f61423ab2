//! What is said on stderr: lines for people, one status line that is drawn over itself, or JSON
//! lines for programs. Data never goes this way.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::chat;
use super::screen::{self, Ink, Scene, Screen, Setting};
use super::text;

/// Whether a status line stands on the terminal and must go before anything else is printed.
static DRAWN: AtomicBool = AtomicBool::new(false);

/// The voice of one command.
pub(crate) struct Talk {
    mode: Mode,
    start: Instant,
    last_status: Option<Instant>,
    screen: Option<Screen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// A person at a terminal: lines and a status line.
    Terminal { colour: bool },
    /// A log: lines only.
    Lines,
    /// A program: events as JSON lines, nothing else.
    Json,
    /// Nobody: nothing but errors.
    Quiet,
}

impl Talk {
    /// Speaks JSON or nothing if asked to, draws only on a terminal, colours only where NO_COLOR
    /// is unset.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let mode = if json {
            Mode::Json
        } else if quiet {
            Mode::Quiet
        } else if io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
        {
            let colour = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
            Mode::Terminal { colour }
        } else {
            Mode::Lines
        };
        Self {
            mode,
            start: now(),
            last_status: None,
            screen: None,
        }
    }

    /// The same voice, for what happens meanwhile.
    pub(crate) fn twin(&self) -> Self {
        Self {
            mode: self.mode,
            start: self.start,
            last_status: None,
            screen: None,
        }
    }

    /// Since the command began.
    pub(crate) fn elapsed(&self) -> Duration {
        now().duration_since(self.start)
    }

    /// Whether a program listens.
    pub(crate) fn is_json(&self) -> bool {
        self.mode == Mode::Json
    }

    /// Whether a person may read lines, and answer them.
    pub(crate) fn speaks_to_people(&self) -> bool {
        matches!(self.mode, Mode::Terminal { .. } | Mode::Lines)
    }

    /// Whether lines are all there is: a log, where no status can be drawn.
    pub(crate) fn is_plain(&self) -> bool {
        self.mode == Mode::Lines
    }

    /// How lines can be painted, where a person looks at a terminal.
    pub(crate) fn ink(&self) -> Option<Ink> {
        match self.mode {
            Mode::Terminal { colour } => Some(Ink { colour }),
            _ => None,
        }
    }

    /// Puts up a screen, on a terminal.
    pub(crate) fn open_screen(&mut self, setting: Setting) {
        if let Some(ink) = self.ink() {
            self.end_status();
            self.screen = Screen::open(setting, self.start, ink);
        }
    }

    /// Tells the screen something, if there is one.
    pub(crate) fn screen(&self, news: impl FnOnce(&mut Scene, Duration)) {
        if let Some(screen) = &self.screen {
            screen.tell(news);
        }
    }

    /// Takes the screen away, and leaves the lines that were said on it.
    pub(crate) fn end_screen(&mut self) {
        let said = self.screen.take().map(Screen::end);
        for entry in said.into_iter().flatten() {
            self.print(&entry.text, entry.strong);
        }
    }

    /// A line for people.
    pub(crate) fn line(&self, line: &str) {
        self.say(line, false);
    }

    /// A line for people that should not be overlooked.
    pub(crate) fn strong(&self, line: &str) {
        self.say(line, true);
    }

    fn say(&self, line: &str, strong: bool) {
        match &self.screen {
            Some(screen) => screen.line(line, strong),
            None => self.print(line, strong),
        }
    }

    fn print(&self, line: &str, strong: bool) {
        match self.mode {
            Mode::Json | Mode::Quiet => {}
            Mode::Terminal { colour: true } if strong => {
                to_stderr(&format!("\x1b[1m{line}\x1b[0m"));
            }
            Mode::Terminal { .. } | Mode::Lines => to_stderr(line),
        }
    }

    /// Draws the status line anew, on a terminal only and at most ten times a second.
    pub(crate) fn status(&mut self, line: &str) {
        if !matches!(self.mode, Mode::Terminal { .. }) || self.screen.is_some() {
            return;
        }
        let now = now();
        if self
            .last_status
            .is_some_and(|last| now.duration_since(last) < Duration::from_millis(100))
        {
            return;
        }
        self.last_status = Some(now);
        if screen::status(Some(line)) {
            return;
        }
        let width = terminal_size::terminal_size_of(io::stderr())
            .map_or(80, |(terminal_size::Width(w), _)| usize::from(w));
        let line = text::truncate(line, width.saturating_sub(1));
        // Carriage return, erase to the end of the line.
        let _ = write!(io::stderr().lock(), "\r\x1b[K{line}");
        DRAWN.store(true, Ordering::SeqCst);
    }

    /// Takes the status line away.
    pub(crate) fn end_status(&mut self) {
        clear_status();
        if self.last_status.is_some() {
            screen::status(None);
        }
        self.last_status = None;
    }

    /// An event for programs: its name, the seconds since the start, and its fields.
    pub(crate) fn event(&self, event: &str, fields: Value) {
        if self.mode != Mode::Json {
            return;
        }
        let mut object = Map::new();
        object.insert("event".to_owned(), event.into());
        object.insert(
            "t".to_owned(),
            round(self.elapsed().as_secs_f64(), 3).into(),
        );
        if let Value::Object(fields) = fields {
            object.extend(fields);
        }
        to_stderr(&Value::Object(object).to_string());
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.end_screen();
        clear_status();
    }
}

/// Prints a line to stderr, on a line of its own. A closed stderr is nobody's loss.
pub(crate) fn to_stderr(line: &str) {
    aside(|| {
        let _ = writeln!(io::stderr().lock(), "{line}");
    });
}

/// Writes to the terminal where no status line and no screen stands.
pub(crate) fn aside<T>(write: impl FnOnce() -> T) -> T {
    clear_status();
    screen::above(write)
}

/// The program ends by other ways than its own: leaves nothing half drawn.
pub(crate) fn leave() {
    clear_status();
    screen::take_down();
    chat::put_back();
}

/// What a panic has to say is not drawn over.
pub(crate) fn leave_when_panicking() {
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        leave();
        say(panic);
    }));
}

/// Takes the status line away, if one stands.
fn clear_status() {
    if DRAWN.swap(false, Ordering::SeqCst) {
        let _ = write!(io::stderr().lock(), "\r\x1b[K");
    }
}

/// `value` with at most `digits` digits after the point, for JSON that people also read.
pub(crate) fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is an edge: it tells the time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets time pass.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is an edge: it has nothing else to do"
)]
pub(crate) fn wait(time: Duration) {
    std::thread::sleep(time);
}
