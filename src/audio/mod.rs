//! See `lib.rs`.

#[cfg(feature = "live")]
pub mod device;
pub mod level;
