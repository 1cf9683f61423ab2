//! Who is at the other end of an open channel, proven before a byte of use goes over it.
//!
//! DTLS has made sure that nobody reads or changes what goes over the channel, and which
//! certificate the other side has. Whose certificate that is, it does not say. A [`Proof`] is the
//! talk that settles it, a pure machine: told the messages of the peer, it gives our own.
//!
//! ```text
//!  offerer                                           answerer
//!  knock: I am here; it may be lost                 <->   both at once
//!  hello: version, what will be proven, commitment  <->   each after the other's knock
//!  reveal: nonce [, SPAKE2 element]                 <->   each after the other's hello
//!  heard: HMAC by the beacon's secret, if any       <->   each after the other's reveal
//!  told: HMAC by the key from the code, if any      <->   each after the other's last
//! ```
//!
//! * The commitment is SHA-256 over a label, the [`Side`], both certificates' hashes and the
//!   nonce. Nobody learns a nonce before being bound to one, so nobody can choose.
//! * The [`Words`] are HKDF-SHA-256 over both certificates' hashes, both nonces and what is being
//!   proven. A man in the middle has two channels with two pairs of certificates, one guess for
//!   each meeting, and no way to try another nonce.
//! * Who has the [`Secret`] of a beacon heard it: HMAC-SHA-256 over the same.
//! * Who has the [`Code`] was told it: SPAKE2 over Ed25519, its identities the two certificates'
//!   hashes, and an HMAC by its key over the same. A wrong code costs its holder the connection
//!   and teaches nothing but that it was wrong; only who heard the beacon gets as far as that.
//!
//! Every message is read once, in its turn, and has exactly one length; anything else ends the
//! proof.

mod code;
mod error;
mod machine;
mod message;
mod transcript;
mod words;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod testing;

pub use code::{Code, CodeError};
pub use error::ProofError;
pub use machine::{CHANCE, Proof, Proven, Step};
pub use message::{Claims, LONGEST, Message};
pub use words::Words;

use std::fmt;

/// Which half of a pairing one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Whose beacon or offer it was.
    Offerer,
    /// Who heard it and came.
    Answerer,
}

impl Side {
    /// The opposite one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Offerer => Self::Answerer,
            Self::Answerer => Self::Offerer,
        }
    }
}

/// The one-time secret of a beacon: who has it heard the beacon.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 8]);

impl Secret {
    /// As it was heard or said.
    pub fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

/// Shows that there is one, and nothing of it.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A secret that the two who have proven themselves share: it comes of both nonces, which went over
/// the encrypted channel alone, and of the beacon's secret and the code where there are such. The
/// bond of a link is made of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Root(pub(super) [u8; 32]);

/// Shows that there is one, and nothing of it.
impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Root(..)")
    }
}

/// What is known of a meeting before it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encounter {
    /// Which half of it we are.
    pub side: Side,
    /// What the beacon gave away, if there was one. Both sides have it, or neither.
    pub secret: Option<Secret>,
    /// What the user says both sides were told. Both sides have one, or neither.
    pub code: Option<Code>,
}

/// The certificates at both ends, as SHA-256 of their DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Certificates {
    /// Our own.
    pub ours: [u8; 32],
    /// The one the other side really used, as the DTLS stack tells it.
    pub theirs: [u8; 32],
}
