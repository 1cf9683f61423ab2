//! Keys, one by one, and the terminal put back as it was when nobody wants them any more.

use std::io::{self, Write};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{Receiver, channel};

use super::super::interrupt;
use super::editor::Key;

/// Gives keys as long as it lives; what is typed is not echoed.
pub(super) struct Keyboard {
    keys: Receiver<Pressed>,
    _raw: Raw,
}

/// What came from the keyboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pressed {
    Key(Key),
    /// The window has another size.
    Resized,
}

impl Keyboard {
    /// `None` where there are no keys to be had.
    #[expect(
        clippy::disallowed_methods,
        reason = "keys can only be read by waiting for them"
    )]
    pub(super) fn open() -> Option<Self> {
        let raw = Raw::enter()?;
        let (send, keys) = channel(256);
        // Nobody waits for this thread: it may hang in a read until the program ends.
        std::thread::spawn(move || {
            while let Ok(event) = event::read() {
                if let Some(pressed) = pressed(event)
                    && send.blocking_send(pressed).is_err()
                {
                    return;
                }
            }
        });
        Some(Self { keys, _raw: raw })
    }

    /// The next one; `None` when there will be none.
    pub(super) async fn next(&mut self) -> Option<Pressed> {
        self.keys.recv().await
    }
}

fn pressed(event: Event) -> Option<Pressed> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => key_of(key).map(Pressed::Key),
        Event::Paste(text) => Some(Pressed::Key(Key::Paste(text))),
        Event::Resize(..) => Some(Pressed::Resized),
        _ => None,
    }
}

/// The keys of a shell's line (GNU Readline, Emacs mode).
fn key_of(key: KeyEvent) -> Option<Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    // On Windows AltGr is both.
    if control != alt {
        return Some(match key.code {
            KeyCode::Left => Key::WordLeft,
            KeyCode::Right => Key::WordRight,
            KeyCode::Backspace => Key::KillWord,
            KeyCode::Char('b') if alt => Key::WordLeft,
            KeyCode::Char('f') if alt => Key::WordRight,
            KeyCode::Char('a') if control => Key::Home,
            KeyCode::Char('e') if control => Key::End,
            KeyCode::Char('b') if control => Key::Left,
            KeyCode::Char('f') if control => Key::Right,
            KeyCode::Char('p') if control => Key::Up,
            KeyCode::Char('n') if control => Key::Down,
            KeyCode::Char('h') if control => Key::Backspace,
            KeyCode::Char('j' | 'm') if control => Key::Enter,
            KeyCode::Char('u') if control => Key::KillToStart,
            KeyCode::Char('k') if control => Key::KillToEnd,
            KeyCode::Char('w') if control => Key::KillWord,
            KeyCode::Char('d') if control => Key::DeleteOrEnd,
            KeyCode::Char('c') if control => {
                // Where the terminal makes no signal of it.
                interrupt::ask();
                return None;
            }
            _ => return None,
        });
    }
    Some(match key.code {
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Tab => Key::Tab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        _ => return None,
    })
}

/// The terminal gives keys instead of lines, until this is dropped.
struct Raw;

impl Raw {
    fn enter() -> Option<Self> {
        terminal::enter()?;
        // Bracketed paste, where it is known.
        let _ = io::stderr().lock().write_all(b"\x1b[?2004h");
        Some(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        put_back();
    }
}

/// Puts the terminal back as it was, if it is not; also from a signal's thread or a panic.
pub(crate) fn put_back() {
    if terminal::leave() {
        let _ = io::stderr().lock().write_all(b"\x1b[?2004l");
    }
}

#[cfg(unix)]
mod terminal {
    use std::io;
    use std::sync::{Mutex, PoisonError};

    use nix::sys::termios::{
        LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
    };

    /// As it was.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// Output and signals stay as they are: what others print keeps its line breaks, and Ctrl-C
    /// works whatever the program does.
    pub(super) fn enter() -> Option<()> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut keys = before.clone();
        keys.local_flags
            .remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::IEXTEN);
        keys.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        keys.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        // A shell in between would find the terminal without echo: no Ctrl-Z in a chat.
        keys.control_chars[SpecialCharacterIndices::VSUSP as usize] = 0;
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &keys).ok()?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        Some(())
    }

    pub(super) fn leave() -> bool {
        let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
        before.is_some_and(|before| tcsetattr(io::stdin(), SetArg::TCSANOW, &before).is_ok())
    }
}

#[cfg(not(unix))]
mod terminal {
    use std::sync::atomic::{AtomicBool, Ordering};

    static RAW: AtomicBool = AtomicBool::new(false);

    pub(super) fn enter() -> Option<()> {
        crossterm::terminal::enable_raw_mode().ok()?;
        RAW.store(true, Ordering::SeqCst);
        Some(())
    }

    pub(super) fn leave() -> bool {
        RAW.swap(false, Ordering::SeqCst) && crossterm::terminal::disable_raw_mode().is_ok()
    }
}
