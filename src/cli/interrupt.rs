//! Ctrl-C and SIGTERM: the first asks the work to end, the second ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

use super::outcome::Interrupted;
use super::talk;

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C from here on.
pub(crate) fn install() {
    // Fails only if a handler exists, and there is none; without it Ctrl-C ends the program as
    // it ends any other.
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            talk::leave();
            std::process::exit(130);
        }
    });
}

/// As Ctrl-C, where no signal comes of it.
pub(crate) fn ask() {
    ASKED.store(true, Ordering::SeqCst);
}

/// Whether the user asked to stop.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// [`Interrupted`] once the user asked to stop.
pub(crate) fn check() -> Result<(), Interrupted> {
    if asked() { Err(Interrupted) } else { Ok(()) }
}
