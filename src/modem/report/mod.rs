//! Why nothing was decoded.
//!
//! ```text
//!  samples --> loudness, long spectrum --\
//!                                         +--> Diagnosis --> Report: findings, likeliest first
//!  events of the receiver ---------------/
//! ```
//!
//! A [`Diagnosis`] runs beside a [`super::Receiver`], on the same samples, and is told its events.
//! It decides nothing before it is asked, keeps the same few kilobytes however long it listens,
//! and costs about a thousandth of a processor at 48 kHz.

mod diagnosis;
mod finding;
mod loudness;

pub use diagnosis::{Diagnosis, Report};
pub use finding::Finding;
