//! Coded bits to tones, and soft bits back.
//!
//! The band is cut into *groups* of four neighbouring tones. In each symbol every group sounds
//! exactly one of its tones: two bits, Gray coded. All groups sound at once.

mod frame;
mod gray;
mod levels;
mod plan;

pub use frame::FrameMap;
pub use gray::{BITS_PER_TONE, TONES, bits_of, tone_of};
pub use levels::{Levels, SoftDemapper};
pub use plan::Plan;
