//! Why a channel did not become a link.

use std::time::Duration;

/// Why the other side is not believed, or could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The channel closed too early.
    #[error("the channel closed during the proof: {0}")]
    Closed(String),
    /// The other side did not say its part in time.
    #[error("the channel opened, but the other side did not prove itself within {0:?}")]
    Silent(Duration),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    NoChance(String),
    /// The peer speaks another version.
    #[error(
        "the other side speaks version {theirs} of the link, we speak {ours}: update the older"
    )]
    Version {
        /// [`VERSION`](crate::link::VERSION).
        ours: u8,
        /// What its hello said.
        theirs: u8,
    },
    /// Bytes that are no message of a proof.
    #[error("{got} bytes that are no part of a proof: the other side is broken or hostile")]
    Malformed {
        /// Bytes of the message.
        got: usize,
    },
    /// A message that is not due: said twice, too early, or too late.
    #[error("the other side said its {got} when its {due} was due: it is broken or hostile")]
    OutOfTurn {
        /// What came.
        got: &'static str,
        /// What should have come.
        due: &'static str,
    },
    /// Our own words or certificate came back.
    #[error("our own words came back: somebody reflects them")]
    Reflected,
    /// The nonce is not the one that was committed to.
    #[error(
        "the other side changed its mind after it had seen ours: somebody tries to forge the words"
    )]
    BrokenCommitment,
    /// It does not have the secret of the beacon.
    #[error("the other side did not hear the beacon: it is not the one that was meant")]
    Stranger,
    /// One of the two comes by a beacon with a secret, the other says that there is none.
    #[error("the other side {} a beacon's secret: it is not the one that was meant", if *.ours { "came without" } else { "wants" })]
    SecretMismatch {
        /// Whether it is we who have the secret.
        ours: bool,
    },
    /// One of the two uses a code, the other does not.
    #[error(
        "{}: use the same --code on both sides, or on neither",
        if *.ours { "the other side uses no code" } else { "the other side uses a code" }
    )]
    CodeMismatch {
        /// Whether it is we who use one.
        ours: bool,
    },
    /// The codes differ.
    #[error(
        "the other side has another code: agree on one and start again; if nobody mistyped it, \
         somebody else tried to pair with you"
    )]
    WrongCode,
    /// Others have had as many guesses at the code as they may.
    #[error(
        "too many broke off after a guess at the code: somebody may be guessing; agree on another \
         one"
    )]
    GuessesSpent,
}

impl ProofError {
    /// Whether pairing should end with this, as against waiting for somebody else: a user has to
    /// do something, and after a wrong code whoever guessed must not guess again.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Version { .. }
                | Self::CodeMismatch { .. }
                | Self::WrongCode
                | Self::GuessesSpent
                | Self::NoChance(_)
        )
    }
}
