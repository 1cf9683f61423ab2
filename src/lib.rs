#![doc = include_str!("../README.md")]
#![cfg_attr(
    all(feature = "live", feature = "net"),
    doc = include_str!("../docs/library.md")
)]
//! # The map
//!
//! The signal path, and the order of the modules below; each imports only what stands above it:
//!
//! ```text
//!  bytes -bits-> bits -code-> coded bits -tones-> tones -samples-> samples ))) air
//!        <- the same folders, read backwards, with soft bits between tones and code -
//!
//!  topology   later
//!  web        the page for browsers
//!  earshot    all of it in one call
//!  pairing    signals over a medium until a link is open
//!  link       the open channel and what people do over it
//!  medium     envelopes between peers: sound first
//!  signal     WebRTC description <-> few bytes
//! ```

// Shared words: hertz, sample rates, decibels, tones, soft bits.
pub mod units;

// Few things, sorted.
mod order;

// Numbers, as many at a time as there is an operation for.
mod lanes;

// Bytes to bits and back: packet, checksum, whitening.
pub mod bits;

// Bits to coded bits, and soft bits back.
pub mod code;

// Coded bits to tones, and soft bits back.
pub mod tones;

// Tones to samples, and samples back to tone energies.
pub mod samples;

// The path joined: profile, transmitter, streaming receiver.
pub mod modem;

// A way between loudspeaker and microphone, measured by a known sound.
pub mod sounding;

// The room, simulated: echo, noise, skew, clipping, gain control. Seeded.
pub mod air;

// Samples to the world and back: files and devices.
pub mod audio;

// The text that programs tell each other signals in.
pub mod json;

// WebRTC descriptions to few bytes and back.
pub mod signal;

// Envelopes between peers: sound, memory.
pub mod medium;

// The open channel, and what people do over it.
pub mod link;

// Signals over a medium until a link is open.
pub mod pairing;

// All of it in one call.
#[cfg(all(feature = "live", feature = "net"))]
pub mod earshot;

// The page by which a browser takes part, and a server for it.
#[cfg(feature = "web")]
pub mod web;

#[cfg(all(feature = "live", feature = "net"))]
pub use earshot::pair;
