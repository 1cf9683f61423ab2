//! See `lib.rs`.

#[cfg(feature = "live")]
pub mod device;
#[cfg(feature = "wav")]
pub mod files;
pub mod level;
pub mod spectrum;
