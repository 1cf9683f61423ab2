//! What can be wrong with received bytes, with an SDP, with JSON.

use super::CredentialError;

/// Why bytes are not a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// Nothing was there.
    #[error("an empty message is no signal")]
    Empty,
    /// Written by a later (or never released) format.
    #[error(
        "signal of format version {found}, this program reads version {supported}: \
         bring both sides to the same release"
    )]
    Version {
        /// The version in the first byte.
        found: u8,
        /// The version of this module.
        supported: u8,
    },
    /// A type or field value that this version leaves unassigned.
    #[error("{field} {value} is not assigned in signal format version 1")]
    Unassigned {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u8,
    },
    /// It ends inside a field.
    #[error("signal ends early: a field of {needed} bits, {left} bits left")]
    Truncated {
        /// Bits of the field.
        needed: usize,
        /// Bits that were left.
        left: usize,
    },
    /// Something follows its end.
    #[error("{bytes} bytes follow the end of the signal")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// The same signal has another spelling, the one [`pack`](super::pack) writes.
    #[error("signal is not in its canonical form: {0}")]
    NotCanonical(&'static str),
    /// More candidates than a description may hold.
    #[error("more than {max} candidates")]
    TooManyCandidates {
        /// The most.
        max: usize,
    },
    /// A candidate nobody can use, see [`Candidate::is_usable`](super::Candidate::is_usable).
    #[error("candidate address or port cannot be used")]
    Unusable,
    /// ICE credentials longer than the standard allows.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// The compressed text is damaged.
    #[error("compressed text is damaged")]
    Inflate,
    /// The text is longer, or grows longer, than the limit.
    #[error(transparent)]
    TextTooLong(#[from] TextTooLong),
    /// The text is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
}

/// A text beyond what a signal may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text of more than {max} bytes")]
pub struct TextTooLong {
    /// The most bytes.
    pub max: usize,
}

/// Why an SDP does not become a [`Description`](super::Description).
///
/// Most reasons mean "unusual", not "broken": such an SDP can still travel as text, see
/// [`Signal::from_sdp`](super::Signal::from_sdp).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// It is not an SDP at all.
    #[error("not a session description: it does not begin with v=0")]
    NotSdp,
    /// Longer than any real one.
    #[error(transparent)]
    TooLong(#[from] TextTooLong),
    /// A line that must be there is not.
    #[error("session description without {0}")]
    Missing(&'static str),
    /// A line whose value cannot be read.
    #[error("session description with an unreadable {0}")]
    Unreadable(&'static str),
    /// A line that is there twice, with different values.
    #[error("session description with two different values of {0}")]
    Conflict(&'static str),
    /// A user fragment or password outside the standard.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// A candidate that is broken or does not fit.
    #[error("candidate refused: {problem}")]
    Candidate {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A property that the packed form leaves out.
    #[error("not packable: {0}")]
    Unsupported(&'static str),
    /// More candidates than a description may hold.
    #[error("not packable: {found} candidates, at most {max} fit")]
    TooManyCandidates {
        /// Usable ones found.
        found: usize,
        /// The most.
        max: usize,
    },
}

/// Why a text is not a signal of simple-peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Longer than any real one.
    #[error(transparent)]
    TooLong(#[from] TextTooLong),
    /// Not JSON; the parser's words.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// JSON, but with none of the members of a signal.
    #[error("JSON with none of sdp, candidate, renegotiate, transceiverRequest")]
    NotASignal,
    /// An invitation or an arrival that cannot be packed.
    #[error(transparent)]
    Unfit(#[from] SdpError),
}
