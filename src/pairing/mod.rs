//! Signals over a medium until a link is open.
//!
//! [`Machine`] decides (it is told the time); `pair`, with feature `net`, carries out.

mod chance;
mod event;
mod machine;
mod timing;
mod voice;
mod words;

#[cfg(test)]
mod room;

pub use event::{Attempt, Failure, Input, Note, OfferTag, Output, Overheard};
pub use machine::Machine;
pub use timing::Timing;
