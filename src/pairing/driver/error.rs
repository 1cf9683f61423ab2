//! Why pairing came to nothing, in words for whoever tried.

use super::TransportError;
use crate::{
    link::ProofError,
    medium::MediumError,
    pairing::{Failure, Overheard},
};

/// Why there is no link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PairError {
    /// Time is up, and nobody was found.
    #[error("no peer: {heard}")]
    NoPeer {
        /// What was heard instead.
        heard: Overheard,
    },
    /// Signals went both ways, but no connection came of them.
    #[error(
        "the two hear each other, but this network does not let them talk: put both on the same \
         network, or try a phone hotspot"
    )]
    LinkFailed,
    /// Whoever was heard is pairing with somebody else.
    #[error("who was heard is pairing with somebody else: wait, and run the command again")]
    Busy,
    /// There is no address to be reached at, or the network stack failed.
    #[error(transparent)]
    Network(#[from] TransportError),
    /// The other side was found but cannot be talked to.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The medium is gone.
    #[error(transparent)]
    Medium(#[from] MediumError),
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl From<Failure> for PairError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoPeer(heard) => Self::NoPeer { heard },
            Failure::NoRoute => Self::LinkFailed,
            Failure::Busy => Self::Busy,
            Failure::Cancelled => Self::Cancelled,
        }
    }
}
