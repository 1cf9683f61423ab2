//! WebRTC descriptions to few bytes and back.
//!
//! An SDP for one data channel has some 600 characters, eight of whose values vary. [`pack`] sends
//! those, as bits; [`Description::to_sdp`] writes the rest anew on the other side. What does not
//! fit (audio, video, unusual attributes, anybody's JSON) travels as [`Text`], deflated.
//!
//! ```
//! use airshake::signal::{Description, Role, Signal, Tag, pack, unpack};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sdp = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/signal/chromium-offer-mic.sdp"));
//! // One side packs the offer that its WebRTC engine made.
//! let offer = Description::from_sdp(sdp, Role::Offer)?;
//! let sound = pack(&offer.into());
//! assert_eq!(sound.len(), 61);
//!
//! // The other gives its engine a new SDP with the same meaning.
//! let Signal::Description(offer) = unpack(&sound)? else {
//!     return Err("not an offer".into());
//! };
//! assert!(offer.to_sdp().starts_with("v=0\r\n"));
//! // And marks its answer as one to these bytes: `answer.answering(&sound)`.
//! let tag = Tag::of(&sound);
//! # let _ = tag;
//! # Ok(())
//! # }
//! ```
//!
//! # Sizes
//!
//! In bytes, with one candidate. All columns but the last derive ICE credentials from the fingerprint
//! and send none, for which an end must be able to choose its own. Browsers choose for themselves:
//! Chromium's credentials cost 21 bytes, Firefox's 20.
//!
//! | fingerprint | beacon, IPv4 | offer, IPv4 | answer, IPv4 | answer, name | offer, IPv4, Chromium's credentials |
//! |---|---|---|---|---|---|
//! | SHA-256, 32 bytes | 48 | 40 | 41 | 52 | 61 |
//! | SHA-1, 20 bytes | 36 | 28 | 29 | 40 | 49 |
//! | 128 bits of SHA-256 | 32 | 24 | 25 | 36 | 45 |
//!
//! An invitation has as many as an offer with the browser's credentials, and its guest's word that it
//! is there 9, since who the guest is follows from the invitation.
//!
//! Another IPv4 candidate costs 6.5 bytes, 4.5 on the port of the one before; IPv6 costs 18.5 and
//! 16.5, a name 17.75 and 15.75. A page that holds the microphone's permission shows addresses, one
//! that does not, names. For comparison, Chromium's offer deflated is 430 bytes, and 190 against a
//! dictionary that holds all its constant parts: the fingerprint alone is 95 characters.
//!
//! # Layout, version 1
//!
//! Bits are numbered from the most significant of the first byte; fields follow without gaps; the
//! last byte is filled up with zeros.
//!
//! ```text
//!          first byte
//!  0   1   2   3   4   5   6   7
//! +---+---+---+---+---+---+---+---+
//! |version| class |    detail     |
//! +---+---+---+---+---+---+---+---+
//!
//! version   1; 3 is kept for "it is in the next byte"
//! class     0 offer   1 answer   2 answer with tag   3 others
//! detail    of 0 to 2   credentials 2   0 derived   1 Chromium's   2 Firefox's   3 any
//!                       fingerprint 2   0 SHA-256   1 SHA-1   2 first 128 bits of SHA-256
//!           of 3        0 candidate   1 renegotiate   2 text, deflated   3 text as it is
//!                       beacon with   4 SHA-256   5 first 128 bits of it   6 SHA-1
//!                       7 invitation   8 arrival of its guest
//!
//! class 0 to 2                                                               bits
//!   setup          offer: 0 actpass   1 active   2 passive                      2
//!                  answer: 0 active   1 passive                                 1
//!   message size   0 65536   1 262144   2 1073741823   3 another, follows  2 or 34
//!   tag            class 2: first byte of the SHA-256 of the packed offer       8
//!   fingerprint                                                   256, 160 or 128
//!   credentials    form 3: length of ufrag - 4, length of pwd - 22           8 + 8
//!                  forms 1 (4 + 24 characters), 3: each, in base64's order  6 each
//!                  form 2 (8 + 32): each, as a lower-case hex digit         4 each
//!   candidates     0 to 16; no count: they end where fewer than 8 bits are left
//!
//! beacon
//!   message size   as above                                                2 or 34
//!   secret         random                                                       64
//!   fingerprint    as the detail says                             256, 160 or 128
//!   candidates     as above
//!
//! invitation
//!   message size   as above                                                2 or 34
//!   form           of the credentials, as above, but for 0                       2
//!   fingerprint    SHA-256                                                     256
//!   credentials    as above
//!   candidates     as above
//!
//! arrival
//!   tag            of the invitation, as above                                   8
//!   candidates     as above
//!
//! candidate
//!   kind           0 IPv4   1 IPv6   2 name                                     3
//!                  3, 4 server reflexive IPv4, IPv6   5, 6 relayed IPv4, IPv6
//!   same port      not in the first: 1 if the port is the previous one's        1
//!   address        of a name, the 122 bits of its UUID that are random  32, 128, 122
//!   port           unless it is the same                                       16
//! ```
//!
//! A text is raw deflate (RFC 1951) that starts from the window in `dictionary.txt`, or UTF-8
//! as it is where that is not longer. Either gives at most [`Text::MAX_LEN`] bytes.
//!
//! # Why so
//!
//! * **No count of candidates, no length of anything**: whatever carries a signal knows its length
//!   and guards it with a checksum. The three bits pay for the tag.
//! * **The tag** keeps a third listener, who has an offer of their own in the air, from taking an
//!   answer meant for somebody else. One in 256 slips through and fails on the fingerprints. An
//!   answer that travels as text has none.
//! * **One spelling**: what is not canonical is refused, so equal signals have equal bytes and
//!   whoever hears a loop can compare. Texts are the exception, for compressors differ.
//! * **Credentials from the fingerprint** are as public as it is. Peers are told apart by their
//!   certificates. Never treat these credentials as a secret.
//! * **Received text reaches no SDP**: what comes out of [`unpack`] is numbers, addresses and
//!   `ice-char`s, or a [`Signal::Other`] that this module leaves alone.

mod beacon;
mod candidate;
mod choice;
mod credentials;
mod deflate;
mod description;
mod error;
mod fingerprint;
mod guest;
mod invitation;
mod json;
mod packed;
mod sdp;
mod text;

pub use beacon::{Beacon, Secret};
pub use candidate::{Address, Candidate, Kind, MdnsName};
pub use choice::choose;
pub use credentials::{CredentialError, Credentials, IceCredentials, Pwd, Ufrag};
pub use description::{Description, Role, Setup, Tag};
pub use error::{JsonError, SdpError, SignalError, TextTooLong};
pub use fingerprint::Fingerprint;
pub use guest::Guest;
pub use invitation::{Arrival, Invitation};
pub use packed::{VERSION, pack, unpack};
pub use text::Text;

/// What peers say to each other until their channel is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// An offer or an answer.
    Description(Description),
    /// An offer that is answered over the network.
    Beacon(Beacon),
    /// An offer whose answer can be foretold.
    Invitation(Invitation),
    /// A guest's word that it is there, where an invitation alone does not do.
    Arrival(Arrival),
    /// One more address of the sender, after its description.
    Candidate(Candidate),
    /// The sender of the answer asks for a new offer.
    Renegotiate,
    /// Any other text: JSON or SDP that does not fit the packed form.
    ///
    /// It is the peer's text, unchecked; this module never makes an SDP of it.
    Other(Text),
}

impl From<Beacon> for Signal {
    fn from(beacon: Beacon) -> Self {
        Self::Beacon(beacon)
    }
}

impl From<Invitation> for Signal {
    fn from(invitation: Invitation) -> Self {
        Self::Invitation(invitation)
    }
}

impl From<Arrival> for Signal {
    fn from(arrival: Arrival) -> Self {
        Self::Arrival(arrival)
    }
}

impl From<Description> for Signal {
    fn from(description: Description) -> Self {
        Self::Description(description)
    }
}
