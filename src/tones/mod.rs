//! Coded bits to tones, and soft bits back.
//!
//! The band is cut into *groups* of neighbouring tones, 4, 16 or 64 of them. In each symbol every
//! group sounds exactly one of its tones, which tells 2, 4 or 6 bits, Gray coded. All groups sound
//! at once.

mod density;
mod frame;
mod gray;
mod leaks;
mod levels;
mod plan;

pub use frame::FrameMap;
pub use gray::{bits_of, tone_of};
pub use levels::{Levels, SoftDemapper};
pub use plan::Plan;
