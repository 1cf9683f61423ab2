//! The thread that draws, and what keeps its lines and everybody else's apart.

use std::io::{self, Stderr, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::super::talk;
use super::face::{Size, face};
use super::ink::{Glyphs, Ink};
use super::panel::panel;
use super::paper::Paper;
use super::scene::{Entry, Keep, Scene, Setting};

/// A screen that stands until it is [ended](Screen::end) or dropped.
pub(crate) struct Screen {
    shared: Arc<Shared>,
    keep: Keep,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    began: Instant,
    glyphs: Glyphs,
    scene: Mutex<Scene>,
    paper: Mutex<Paper<Stderr>>,
    ended: Mutex<bool>,
    end: Condvar,
}

/// Something that is drawn over itself, and that whatever else is written must not hit.
pub(super) trait Standing: Send + Sync {
    /// Lets others write above it.
    fn above(&self, write: &mut dyn FnMut());
    /// Takes it away for good, without waiting; false if that needs waiting.
    fn take_down(&self) -> bool;
    /// Shows how something goes, if it has a place for that.
    fn status(&self, status: Option<&str>) -> bool;
}

/// The one that stands, for whoever else writes to the terminal.
static STANDING: Mutex<Option<Arc<dyn Standing>>> = Mutex::new(None);

/// False if another one stands.
pub(super) fn stand(new: Arc<dyn Standing>) -> bool {
    let mut standing = lock(&STANDING);
    let free = standing.is_none();
    if free {
        *standing = Some(new);
    }
    free
}

pub(super) fn stand_down() {
    lock(&STANDING).take();
}

impl Screen {
    /// Begins to draw; `None` if another one stands or no thread is to be had.
    pub(crate) fn open(setting: Setting, began: Instant, ink: Ink) -> Option<Self> {
        let keep = setting.keep;
        let shared = Arc::new(Shared {
            began,
            glyphs: Glyphs::of_the_locale(),
            scene: Mutex::new(Scene::new(setting)),
            paper: Mutex::new(Paper::new(io::stderr(), ink)),
            ended: Mutex::new(false),
            end: Condvar::new(),
        });
        if !stand(shared.clone()) {
            return None;
        }
        let drawing = shared.clone();
        let thread = std::thread::Builder::new()
            .name("screen".to_owned())
            .spawn(move || drawing.draw_on());
        let Ok(thread) = thread else {
            stand_down();
            return None;
        };
        Some(Self {
            shared,
            keep,
            thread: Some(thread),
        })
    }

    /// Tells it something, at the present time. Does not wait for the terminal.
    pub(crate) fn tell(&self, news: impl FnOnce(&mut Scene, Duration)) {
        let now = talk::now().duration_since(self.shared.began);
        news(&mut lock(&self.shared.scene), now);
    }

    /// Says a line on it.
    pub(crate) fn line(&self, line: &str, strong: bool) {
        self.tell(|scene, now| scene.log(now, line, strong));
        if self.keep == Keep::Above {
            talk::to_stderr(line);
        }
    }

    /// Takes it away. Gives the lines that were said on it and are printed nowhere else.
    pub(crate) fn end(mut self) -> Vec<Entry> {
        self.close();
        match self.keep {
            Keep::Within => lock(&self.shared.scene).take_log(),
            Keep::Above => Vec::new(),
        }
    }

    fn close(&mut self) {
        self.shared.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        stand_down();
        let _ = lock(&self.shared.paper).erase(size());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.close();
        }
    }
}

impl Shared {
    fn draw_on(&self) {
        loop {
            let asleep = talk::now();
            let waited = self
                .end
                .wait_timeout_while(lock(&self.ended), FRAME, |ended| !*ended);
            if *waited.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
            let away = talk::now().duration_since(asleep) > STOPPED;
            let size = size();
            let now = talk::now().duration_since(self.began);
            let lines = face(&lock(&self.scene), now, size, self.glyphs);
            let mut paper = lock(&self.paper);
            if !in_foreground() {
                paper.leave();
                continue;
            }
            if away {
                // Stopped and continued: the shell has written meanwhile.
                paper.leave();
            }
            if *lock(&self.ended) || paper.draw(&lines, size).is_err() {
                return;
            }
        }
    }

    fn end(&self) {
        *lock(&self.ended) = true;
        self.end.notify_all();
    }
}

impl Standing for Shared {
    fn above(&self, write: &mut dyn FnMut()) {
        let mut paper = lock(&self.paper);
        let _ = paper.erase(size());
        write();
    }

    fn take_down(&self) -> bool {
        if let Some(mut ended) = try_lock(&self.ended) {
            *ended = true;
        }
        try_lock(&self.paper).is_some_and(|mut paper| {
            let _ = paper.erase(size());
            true
        })
    }

    fn status(&self, _: Option<&str>) -> bool {
        false
    }
}

/// Writes something else to the terminal, above what stands there.
pub(crate) fn above<T>(write: impl FnOnce() -> T) -> T {
    let standing = lock(&STANDING).clone();
    let Some(standing) = standing else {
        return write();
    };
    let (mut write, mut written) = (Some(write), None);
    standing.above(&mut || written = write.take().map(|write| write()));
    written.expect("it is written above everything that stands")
}

/// Shows how something goes where there is a place for that; false if there is none.
pub(crate) fn status(status: Option<&str>) -> bool {
    let standing = lock(&STANDING).clone();
    standing.is_some_and(|standing| standing.status(status))
}

/// Takes away for good what stands: the program ends by other ways than its own.
pub(crate) fn take_down() {
    // Whoever holds a lock may hang in the terminal, or be who panics.
    for _ in 0..20 {
        let Some(standing) = try_lock(&STANDING).and_then(|standing| standing.clone()) else {
            return;
        };
        if standing.take_down() {
            return;
        }
        talk::wait(Duration::from_millis(10));
    }
}

/// Lines that were printed, as long as they can be taken back.
pub(crate) struct Shown {
    size: Size,
    rows: usize,
}

/// Prints the words that two people compare; `under` lines follow, of which the last is open.
pub(crate) fn show_words(words: [&str; 4], ink: Ink, under: usize) -> Shown {
    let size = size();
    let lines = panel(words, size, Glyphs::of_the_locale(), under);
    let text: Vec<String> = lines.iter().map(|line| ink.paint(line)).collect();
    talk::to_stderr(&text.join("\n"));
    let rows = lines.len() + under;
    Shown { size, rows }
}

impl Shown {
    /// Takes them away, and what was said under them up to here, where the cursor is at the
    /// beginning of a line. Only if all of it is surely still there.
    pub(crate) fn take_back(self) {
        if self.size == size() && self.rows < self.size.rows {
            let _ = write!(io::stderr().lock(), "\r\x1b[{}A\x1b[J", self.rows);
        }
    }
}

/// The terminal's size; that of the oldest ones if it does not tell.
pub(super) fn size() -> Size {
    let told = terminal_size::terminal_size_of(io::stderr());
    let (columns, rows) = told.map_or(
        (0, 0),
        |(terminal_size::Width(w), terminal_size::Height(h))| (usize::from(w), usize::from(h)),
    );
    Size {
        columns: if columns == 0 { 80 } else { columns },
        rows: if rows == 0 { 24 } else { rows },
    }
}

/// Whether the terminal is ours to draw on, or the shell has put us in the background.
fn in_foreground() -> bool {
    #[cfg(unix)]
    if let Ok(group) = nix::unistd::tcgetpgrp(io::stderr()) {
        return group == nix::unistd::getpgrp();
    }
    true
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// From one picture to the next: 12.5 a second.
const FRAME: Duration = Duration::from_millis(80);

/// A sleep this long was none of ours.
const STOPPED: Duration = Duration::from_secs(1);
