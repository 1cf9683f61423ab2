//! Signals over a medium until a link is open.
//!
//! [`Machine`] decides (it is told the time); [`pair`], with feature `net`, carries out.

mod apart;
mod chance;
mod event;
mod machine;
mod reading;
mod timing;
mod voice;
mod words;

#[cfg(feature = "net")]
pub mod driver;

#[cfg(test)]
mod room;

pub use apart::Apart;
pub use event::{Attempt, Failure, Input, Note, Output, Overheard, Way, Ways};
pub use machine::Machine;
pub use reading::read;
pub use timing::Timing;

#[cfg(feature = "net")]
pub use driver::{
    Addresses, Cancel, PairError, PairEvent, PairOptions, ServerError, Servers, StunServer,
    TurnServer, pair,
};
