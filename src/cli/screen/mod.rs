//! The screen of a command that listens: a few lines, drawn over themselves where the cursor is,
//! so that what happened before stays above them.
//!
//! ```text
//! events -> Scene (what is known) -> face (lines of that size) -> Paper (the terminal)
//! ```
//!
//! A thread of its own draws. Who tells the scene something never waits for the terminal; if that
//! is slow, frames are left out. Neither the cursor nor the keyboard is changed: however the
//! program ends, the terminal is as it was.

mod desk;
mod face;
mod gauge;
mod ink;
mod letters;
mod live;
mod panel;
mod paper;
mod scene;
mod waterfall;

pub(crate) use desk::Desk;
pub(crate) use ink::{Ink, columns, fit};
pub(crate) use live::{Screen, above, show_words, status, take_down};
pub(crate) use scene::{Keep, Scene, Setting, Stage};

#[cfg(test)]
mod tests;
