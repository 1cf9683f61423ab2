//! Why pairing came to nothing, in words for whoever tried.

use super::TransportError;
use crate::{
    link::ProofError,
    medium::MediumError,
    pairing::{Apart, Failure, Overheard},
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
    /// Somebody was heard, but no connection came of it. [`Apart::advice`] says what to try.
    #[error("{apart}")]
    LinkFailed {
        /// What is known of it.
        apart: Apart,
    },
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
            Failure::NoRoute(apart) => Self::LinkFailed { apart },
            Failure::Busy => Self::Busy,
            Failure::Cancelled => Self::Cancelled,
        }
    }
}
