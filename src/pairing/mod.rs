//! Signals over a medium until a link is open.
//!
//! [`Machine`] decides (it is told the time); [`pair`], with feature `net`, carries out; so does, by
//! [`Guide`], whoever has sound and WebRTC of his own, as a browser has.

mod apart;
mod chance;
mod event;
mod guide;
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
pub use guide::{Command, Ended, Guide, GuideOptions, Told};
pub use machine::Machine;
pub use reading::read;
pub use timing::Timing;

#[cfg(feature = "net")]
pub use driver::{
    Addresses, Cancel, PairError, PairEvent, PairOptions, ServerError, Servers, StunServer,
    TurnServer, pair,
};
