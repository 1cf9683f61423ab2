//! What a peer says that can choose neither its credentials nor its certificate: a browser.

use std::fmt;

use super::{
    Candidate, Credentials, Description, Fingerprint, Guest, IceCredentials, Role, SdpError, Setup,
    Tag,
};

/// An offer whose answer can be foretold: whoever hears it may connect at once, as its
/// [`Guest`].
///
/// A browser must be given an answer before it lets anybody in, and that answer holds the other
/// side's credentials and the hash of its certificate. So both follow from what was said: who hears
/// an invitation becomes the guest whom its sender has been told to expect
/// ([`foretold_answer`](Self::foretold_answer)).
///
/// It is an offer as well: who cannot become a guest, such as another browser, answers it as
/// [`Invitation::offer`] by sound.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Invitation {
    /// The sender's own, of which the password is as good as a secret: random, and never used
    /// again.
    pub credentials: IceCredentials,
    /// SHA-256 of the sender's DTLS certificate, whole.
    pub sha256: [u8; 32],
    /// The longest data channel message the sender accepts, in bytes; 0 is "any" (RFC 8841).
    pub max_message_size: u32,
    /// Where to reach the sender, as in a [`Description`].
    pub candidates: Vec<Candidate>,
}

/// What a guest says who cannot reach the host unasked. Who it is, the host knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arrival {
    /// The invitation.
    pub answers: Tag,
    /// Where to reach the guest, as in a [`Description`].
    pub candidates: Vec<Candidate>,
}

impl Invitation {
    /// What an engine's own offer says, as an invitation.
    ///
    /// # Errors
    /// [`SdpError::Unsupported`] if it is an answer, if its sender wants to begin the DTLS
    /// handshake, which is the guest's part, or if its fingerprint is not a whole SHA-256.
    pub fn from_offer(offer: &Description) -> Result<Self, SdpError> {
        let Fingerprint::Sha256(sha256) = offer.fingerprint else {
            return Err(SdpError::Unsupported("an invitation without SHA-256"));
        };
        match (offer.role, offer.setup) {
            (Role::Offer, Setup::ActPass | Setup::Passive) => {}
            (Role::Offer, Setup::Active) => {
                return Err(SdpError::Unsupported("an invitation with a=setup:active"));
            }
            (Role::Answer, _) => {
                return Err(SdpError::Unsupported("an answer as an invitation"));
            }
        }
        Ok(Self {
            credentials: offer.ice_credentials(),
            sha256,
            max_message_size: offer.max_message_size,
            candidates: offer.candidates.clone(),
        })
    }

    /// The invitation as a plain offer, the inverse of [`from_offer`](Self::from_offer).
    pub fn offer(&self) -> Description {
        Description {
            role: Role::Offer,
            setup: Setup::ActPass,
            credentials: Credentials::Explicit(self.credentials.clone()),
            fingerprint: Fingerprint::Sha256(self.sha256),
            max_message_size: self.max_message_size,
            candidates: self.candidates.clone(),
            answers: None,
        }
    }

    /// Whoever comes at this invitation without having said anything.
    pub fn guest(&self) -> Guest {
        Guest::of(self)
    }

    /// The answer that the guest would give, for the sender's engine: to be applied as soon as the
    /// offer, before anybody has heard it. It names no address; where the guest is, its first
    /// check tells.
    pub fn foretold_answer(&self) -> Description {
        let guest = self.guest();
        Description {
            role: Role::Answer,
            setup: Setup::Active,
            fingerprint: guest.fingerprint(),
            credentials: Credentials::Explicit(guest.credentials),
            // What command lines say, and what is assumed of who says nothing.
            max_message_size: Description::DEFAULT_MAX_MESSAGE_SIZE,
            candidates: Vec::new(),
            answers: None,
        }
    }

    /// The foretold answer with what the guest said of its addresses.
    pub fn answer_by(&self, arrival: &Arrival) -> Description {
        Description {
            candidates: arrival.candidates.clone(),
            answers: Some(arrival.answers),
            ..self.foretold_answer()
        }
    }
}

/// Without the credentials: what a guest can do follows from them.
impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("fingerprint", &Fingerprint::Sha256(self.sha256))
            .field("max_message_size", &self.max_message_size)
            .field("candidates", &self.candidates)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PWD: &str = "0123456789abcdefghijklmn";

    fn offer() -> Description {
        Description {
            role: Role::Offer,
            setup: Setup::ActPass,
            credentials: Credentials::Explicit(IceCredentials::new("abcd", PWD).unwrap()),
            fingerprint: Fingerprint::Sha256([7; 32]),
            max_message_size: 262_144,
            candidates: Vec::new(),
            answers: None,
        }
    }

    #[test]
    fn the_offer_of_an_invitation_is_the_one_it_was_made_of() {
        let invitation = Invitation::from_offer(&offer()).unwrap();
        assert_eq!(invitation.offer(), offer());
        assert_eq!(Invitation::from_offer(&invitation.offer()), Ok(invitation));
    }

    #[test]
    fn what_cannot_be_an_invitation_is_refused() {
        for odd in [
            Description {
                role: Role::Answer,
                ..offer()
            },
            Description {
                setup: Setup::Active,
                ..offer()
            },
            Description {
                fingerprint: offer().fingerprint.truncated(),
                ..offer()
            },
            Description {
                fingerprint: Fingerprint::Sha1([1; 20]),
                ..offer()
            },
        ] {
            let refused = Invitation::from_offer(&odd);
            assert!(matches!(refused, Err(SdpError::Unsupported(_))), "{odd:?}");
        }
    }

    #[test]
    fn the_foretold_answer_is_the_guest_s() {
        let invitation = Invitation::from_offer(&offer()).unwrap();
        let (guest, foretold) = (invitation.guest(), invitation.foretold_answer());
        assert_eq!(foretold.ice_credentials(), guest.credentials);
        assert_eq!(foretold.fingerprint, guest.fingerprint());
        // Its engine takes it as it would any other.
        let read = Description::from_sdp(&foretold.to_sdp(), Role::Answer);
        assert_eq!(read, Ok(foretold));
    }

    #[test]
    fn a_password_is_not_shown() {
        let invitation = Invitation::from_offer(&offer()).unwrap();
        let shown = format!("{invitation:?} {:?}", invitation.guest());
        let guest = invitation.guest().credentials;
        for secret in [PWD, guest.pwd.as_str()] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
