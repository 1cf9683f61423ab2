//! Sounding: what lies between a loudspeaker and a microphone, measured by playing a known sound
//! and looking at what became of it.
//!
//! ```text
//!  Stimulus --samples--> loudspeaker ))) room ))) microphone --recording--> examine --> Sounding
//!                                                                          figures, findings
//! ```
//!
//! [`examine`] is told a recording and says the response over frequency, the noise in the same
//! bands, distortion, echo, clock error, what was lost, who works on the signal, and what the modem
//! would make of it all. What a recording cannot tell is not said: the clock error is that between
//! player and recorder, so nothing about anybody else's; and levels are those of full scale, so
//! nothing about decibels in the air.

mod cancelled;
mod clipping;
mod decay;
mod examination;
mod finding;
mod gaps;
mod heard;
mod judgement;
mod noise;
mod reach;
mod search;
mod steady;
mod stimulus;
mod transform;
mod way;

pub use decay::Echo;
pub use examination::{Sounding, examine};
pub use finding::{Finding, Topic, Verdict};
pub use heard::{Band, Heard};
pub use reach::Reach;
pub use steady::Steady;
pub use stimulus::Stimulus;

#[cfg(test)]
mod tests;
