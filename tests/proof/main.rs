//! The receiver's laws, over the public interface and over the project's own air.
//!
//! Long runs are the same code with larger numbers, and ignored unless asked for:
//!
//! ```text
//!  AIRSHAKE_HOURS=10 cargo test --release --test proof -- --ignored --nocapture hours_of_noise
//!  AIRSHAKE_BURSTS=1000 cargo test --release --test proof -- --ignored --nocapture many_damaged
//!  PROPTEST_CASES=1000 AIRSHAKE_SEED=2 cargo test --release --test proof laws
//! ```
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod binomial;
mod calibration;
mod damage;
mod hearing;
mod laws;
mod loops;
mod noise;
mod rooms;

/// A number from the environment.
fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"))
}
