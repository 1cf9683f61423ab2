//! What a peer says that may be reached without an answer.

use std::fmt;

use super::credentials::derive;
use super::{Candidate, Credentials, Description, Fingerprint, Pwd, Role, Setup};

/// An offer to which the answer comes over the network: whoever hears it connects at once.
///
/// It is an offer as well: where the network lets nobody in unasked, an answer said by sound does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Beacon {
    /// Hash of the sender's DTLS certificate.
    pub fingerprint: Fingerprint,
    /// What whoever connects must have heard.
    pub secret: Secret,
    /// The longest data channel message the sender accepts, in bytes; 0 is "any" (RFC 8841).
    pub max_message_size: u32,
    /// Where to reach the sender, as in a [`Description`].
    pub candidates: Vec<Candidate>,
}

/// Eight random bytes, made for one beacon and never used again.
///
/// Everybody within earshot knows them; nobody else does. They are not shown when debugging.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Secret(pub [u8; 8]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Beacon {
    /// The ICE password of the sender: HKDF-SHA256 of the secret, with the first 16 bytes of the
    /// fingerprint, gives 18 bytes, written as 24 characters of six bits.
    ///
    /// It is not the one that follows from a fingerprint alone: DTLS 1.2 shows certificates to
    /// everybody on the path, and a check that arrives must come from somebody who heard.
    pub fn pwd(&self) -> Pwd {
        let label = [INFO, &self.fingerprint.bytes()[..16]].concat();
        let [pwd] = derive(SALT, &self.secret.0, &label, [24]);
        Pwd::of_ice_chars(pwd)
    }

    /// The sender's half of a connection by somebody whose own password is `theirs`, as that
    /// one's engine is to be told it: an answer.
    ///
    /// **The password of the one is the user fragment of the other.** So the first check that
    /// arrives carries, in its user name, both credentials of whoever sent it, under a signature
    /// that only a listener can make; and no two listeners share theirs. A browser, which does not
    /// let its own credentials be chosen, can do that too.
    pub fn answer_to(&self, theirs: &Pwd) -> Description {
        Description {
            role: Role::Answer,
            setup: Setup::Passive,
            credentials: Credentials::Explicit(super::IceCredentials {
                ufrag: theirs.as_ufrag(),
                pwd: self.pwd(),
            }),
            fingerprint: self.fingerprint,
            max_message_size: self.max_message_size,
            candidates: self.candidates.clone(),
            answers: None,
        }
    }
}

/// Labels of the derivation. They change only with the format version.
const SALT: &[u8] = b"airshake beacon 1";
const INFO: &[u8] = b"ice password";

#[cfg(test)]
mod tests {
    use super::*;

    fn beacon() -> Beacon {
        Beacon {
            fingerprint: Fingerprint::Sha256(std::array::from_fn(|i| i as u8)),
            secret: Secret([1, 2, 3, 4, 5, 6, 7, 8]),
            max_message_size: 65_536,
            candidates: Vec::new(),
        }
    }

    /// Computed apart from this code, by RFC 5869 over Python's `hmac`.
    #[test]
    fn the_password_is_frozen_and_survives_truncation() {
        let mut beacon = beacon();
        assert_eq!(beacon.pwd().as_str(), "IF/rxzQEihy/VwnVCw+MflI1");
        let whole = beacon.pwd();
        beacon.fingerprint = beacon.fingerprint.truncated();
        assert_eq!(beacon.pwd(), whole);
        beacon.secret.0[7] ^= 1;
        assert_ne!(beacon.pwd(), whole);
    }

    #[test]
    fn a_listeners_password_is_the_user_fragment_it_calls() {
        let theirs: Pwd = "0123456789abcdefghijkl".parse().unwrap();
        let answer = beacon().answer_to(&theirs);
        let credentials = answer.ice_credentials();
        assert_eq!(credentials.ufrag.as_str(), theirs.as_str());
        assert_eq!(credentials.pwd, beacon().pwd());
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert!(!format!("{:?}", beacon()).contains("[1, 2, 3"));
    }
}
