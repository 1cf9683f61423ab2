//! WebRTC descriptions to few bytes and back.

mod bitstream;
mod candidate;
mod credentials;
mod description;
mod error;
mod fingerprint;
mod json;
mod packed;
mod sdp;
mod text;

pub use candidate::{Address, Candidate, Kind, MdnsName};
pub use credentials::{CredentialError, Credentials, IceCredentials, Pwd, Ufrag};
pub use description::{Description, Role, Setup, Tag};
pub use error::{JsonError, SdpError, SignalError, TextTooLong};
pub use fingerprint::Fingerprint;
pub use packed::{VERSION, pack, unpack};
pub use text::Text;

/// What peers say to each other until their channel is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// An offer or an answer.
    Description(Description),
    /// One more address of the sender, after its description.
    Candidate(Candidate),
    /// The sender of the answer asks for a new offer.
    Renegotiate,
    /// Any other text: JSON or SDP that does not fit the packed form.
    ///
    /// It is the peer's text, unchecked; this module never makes an SDP of it.
    Other(Text),
}

impl From<Description> for Signal {
    fn from(description: Description) -> Self {
        Self::Description(description)
    }
}
