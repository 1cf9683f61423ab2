//! Tones to samples, and samples back to tone energies.

mod angle;
mod chirp;
mod detector;
mod highpass;
mod kaiser;
mod resample;
mod search;
mod spectrum;
mod synthesis;
mod transform;

pub use chirp::Chirp;
pub use detector::{Detector, FineSpectrum};
pub use highpass::HighPass;
pub use resample::{ResampleError, Resampler};
pub use search::{Searcher, Sighting, Target};
pub use spectrum::LongSpectrum;
pub use synthesis::Synthesizer;
