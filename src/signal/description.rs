//! What one side of a WebRTC data channel must know of the other.

use sha2::{Digest, Sha256};

use super::{Candidate, Credentials, Fingerprint, IceCredentials};

/// An offer or an answer for one data channel connection, as values.
///
/// Everything else that an SDP says is the same for every such connection and is written anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Description {
    /// Offer or answer.
    pub role: Role,
    /// Who begins the DTLS handshake.
    pub setup: Setup,
    /// ICE credentials, or that they follow from the fingerprint.
    pub credentials: Credentials,
    /// Hash of the DTLS certificate. Derived credentials follow it; only
    /// [truncating](Fingerprint::truncated) leaves them as they are.
    pub fingerprint: Fingerprint,
    /// The longest data channel message this side accepts, in bytes; 0 is "any" (RFC 8841).
    pub max_message_size: u32,
    /// Where to reach this side, best first. [`pack`](super::pack) and
    /// [`to_sdp`](Description::to_sdp) leave out repeated and [unusable](Candidate::is_usable) ones
    /// and stop at [`MAX_CANDIDATES`](Description::MAX_CANDIDATES).
    pub candidates: Vec<Candidate>,
    /// In an answer: which offer it is for. Not part of an SDP; not sent with an offer.
    pub answers: Option<Tag>,
}

/// Which half of the exchange a description is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The first.
    Offer,
    /// The reply.
    Answer,
}

/// The value of `a=setup` (RFC 4145, section 4; RFC 8842, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setup {
    /// Either: the answer decides. An answer itself must decide; were it to say this, it is sent
    /// as [`Setup::Active`], which the standard recommends.
    ActPass,
    /// This side begins the handshake.
    Active,
    /// This side waits for it.
    Passive,
}

/// Eight bits of an offer, by which an answer says what it answers.
///
/// A listener who has an offer of their own in the air takes somebody else's answer for theirs
/// once in 256 times; the connection then fails on the fingerprints, so the tag saves time and is
/// no proof of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag(pub u8);

impl Tag {
    /// The tag of an offer, from its packed bytes: the first byte of their SHA-256.
    pub fn of(packed_offer: &[u8]) -> Self {
        Self(Sha256::digest(packed_offer)[0])
    }
}

impl Description {
    /// The most candidates a description carries.
    pub const MAX_CANDIDATES: usize = 16;

    /// What a peer that does not say is assumed to accept, in bytes (RFC 8841, section 6.1).
    pub const DEFAULT_MAX_MESSAGE_SIZE: u32 = 65_536;

    /// Which offer this answer is for; none in an offer.
    pub fn answers(&self) -> Option<Tag> {
        self.answers.filter(|_| self.role == Role::Answer)
    }

    /// The same, marked as the answer to the offer of these packed bytes.
    #[must_use]
    pub fn answering(mut self, packed_offer: &[u8]) -> Self {
        self.answers = Some(Tag::of(packed_offer));
        self
    }

    /// The ICE credentials, whichever way they travel.
    pub fn ice_credentials(&self) -> IceCredentials {
        match &self.credentials {
            Credentials::Derived => IceCredentials::derived(&self.fingerprint),
            Credentials::Explicit(credentials) => credentials.clone(),
        }
    }

    /// `setup` as it is sent: an answer decides.
    pub(super) fn decided_setup(&self) -> Setup {
        match (self.role, self.setup) {
            (Role::Answer, Setup::ActPass) => Setup::Active,
            (_, setup) => setup,
        }
    }
}

/// Those of the candidates that are sent: usable, each once, not too many.
pub(super) fn sent(candidates: &[Candidate]) -> Vec<Candidate> {
    let mut sent = Vec::new();
    for candidate in candidates.iter().filter(|c| c.is_usable()) {
        if sent.len() < Description::MAX_CANDIDATES && !sent.contains(candidate) {
            sent.push(*candidate);
        }
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_its_offer_and_an_offer_names_none() {
        let mut description = Description {
            role: Role::Answer,
            setup: Setup::Active,
            credentials: Credentials::Derived,
            fingerprint: Fingerprint::Sha256([7; 32]),
            max_message_size: 65_536,
            candidates: Vec::new(),
            answers: None,
        };
        assert_eq!(description.answers(), None);
        description = description.answering(b"abc");
        // FIPS 180-2, appendix B.1: the SHA-256 of "abc" begins with BA.
        assert_eq!(description.answers(), Some(Tag(0xba)));
        description.role = Role::Offer;
        assert_eq!(description.answers(), None);
    }
}
