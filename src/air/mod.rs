//! The room between a loudspeaker and a microphone, simulated: for tests, for measurements, and
//! for showing two peers talk where there is no sound card.
//!
//! ```text
//!  played -overdrive-volume-band-speaker-echo and motion-skew-(+)-(+)----automatic gain-microphone-dropouts-> recorded
//!                                                          noise clicks
//! ```
//!
//! Pure and seeded: a [`Scene`] is a row of data, a [`Room`] is one drawn from it by a seed, and
//! the same three (scene, seed, samples) always give the same recording. Everything streams.
//!
//! **What levels mean.** A sender plays samples within +-1. At the usual volume that becomes a
//! peak of 0.5 at the microphone, before the echo, whose response has energy 1 and so keeps the
//! mean power of a wide-band signal. Noise is stated as its power, over all frequencies up to half
//! the rate, against a sine of that peak ([`REFERENCE_POWER`], 0.125): a property of the place and
//! not of the waveform, so that all waveforms meet the same speaker and the same noise. For a
//! ratio to a given signal instead see [`Scene::level_below`].

mod band;
mod biquad;
mod clip;
mod convolve;
mod echo;
mod gain;
mod gaps;
mod measure;
mod motion;
mod music;
mod noise;
mod random;
mod response;
mod room;
mod scene;
mod skew;
mod speech;

pub use band::Band;
pub use clip::Clip;
pub use convolve::Convolver;
pub use echo::Echo;
pub use gain::{AutomaticGain, GainSettings};
pub use gaps::{Clicks, Dropouts};
pub use measure::{direct_to_reverberant, reverberation_time};
pub use noise::{Noise, NoiseSource, REFERENCE_POWER};
pub use random::Random;
pub use response::Response;
pub use room::Room;
pub use scene::{Scene, Speaker};
pub use skew::Skew;
