//! See `lib.rs`.

mod resample;

pub use resample::{ResampleError, Resampler};
