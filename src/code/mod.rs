//! Bits to coded bits, and soft bits back.
//!
//! ```text
//!  message -erasure-> segments         any `data` of `data + parity` give all back
//!  segment -inner---> mother bits      a pass sends a run of them; soft bits of all passes add up
//!  header  -header--> 6 bits for one   short, strong, read before anything else
//!  coded   -interleaver-> tones        neighbours in a codeword part in time and frequency
//! ```

mod belief;
mod codes;
mod erasure;
mod field;
mod header;
mod inner;
mod interleaver;
mod lifting;
mod protograph;
#[cfg(test)]
mod theory;

pub use belief::{Decoded, InnerDecoder, Undecoded};
pub use codes::InnerCodes;
pub use erasure::{ErasureCode, ErasureError};
pub use header::HeaderCode;
pub use inner::{InnerCode, Part};
pub use interleaver::Interleaver;
