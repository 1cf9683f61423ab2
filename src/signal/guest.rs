//! Who comes at an invitation: somebody whose whole identity follows from it.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;

use super::{Fingerprint, IceCredentials, Invitation, Secret};

/// The one whom the sender of an [`Invitation`] expects, made of the invitation by both sides.
///
/// **It is nobody in particular**: everybody who heard the invitation can be the guest, and the
/// private key of its certificate is published in [`Guest::PRIVATE_KEY`]. That a peer is the guest
/// proves that it heard, no more; so the sender takes one and then no other, and a proof in the
/// channel follows, as after a [beacon](super::Beacon). The other way round nothing is lost: the
/// guest knows its host by the host's own certificate, and the keys of a DTLS connection come of a
/// fresh Diffie-Hellman exchange, which knowing a certificate's key does not help to read.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Guest {
    /// What the guest's ICE agent is called, and how it signs.
    pub credentials: IceCredentials,
    /// What both prove in the channel to have heard.
    pub secret: Secret,
    /// Bytes of the certificate's serial number, the first from 0x40 to 0x7f.
    serial: [u8; 16],
}

impl Guest {
    /// The scalar of the P-256 key of every guest's certificate, big-endian, **public on
    /// purpose**.
    ///
    /// A browser has to be told a certificate's hash before it has heard of anybody. For that both
    /// sides must be able to make the same certificate; then whoever heard has its key, whether it
    /// is derived or, as here, the same for all. This way who makes the hash needs no curve. The
    /// certificate's job is to be one that the browser's DTLS takes, and to be another one for each
    /// invitation.
    pub const PRIVATE_KEY: [u8; 32] = *b"airshake: this key is no secret.";

    /// HKDF-SHA256 of the invitation's password, with the first 16 bytes of its fingerprint:
    /// credentials of 8 and 24 characters, a secret of 8 bytes, a serial number of 126 bits.
    pub(super) fn of(invitation: &Invitation) -> Self {
        let key = invitation.credentials.pwd.as_str().as_bytes();
        let label = |info: &[u8]| [info, &invitation.sha256[..16]].concat();
        let mut serial: [u8; 16] = expand(key, &label(SERIAL));
        // Positive and without a leading zero, so that it is always as long (RFC 5280, 4.1.2.2).
        serial[0] = serial[0] & 0x3f | 0x40;
        Self {
            credentials: IceCredentials::expanded(SALT, key, &label(CREDENTIALS)),
            secret: Secret(expand(key, &label(SECRET))),
            serial,
        }
    }

    /// The DER of the guest's certificate (X.509 version 3, P-256): the same for every invitation
    /// but for the serial number.
    ///
    /// Its own signature is that of another serial number and does not hold. In WebRTC nobody
    /// looks at it: a certificate is known by its hash (RFC 8122, section 5).
    pub fn certificate(&self) -> Vec<u8> {
        let mut der = TEMPLATE.to_vec();
        der[SERIAL_AT..][..self.serial.len()].copy_from_slice(&self.serial);
        der
    }

    /// SHA-256 of the [certificate](Self::certificate).
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate())
    }
}

/// Without the credentials and the secret.
impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").finish_non_exhaustive()
    }
}

fn expand<const N: usize>(key: &[u8], info: &[u8]) -> [u8; N] {
    let mut okm = [0; N];
    Hkdf::<Sha256>::new(Some(SALT), key)
        .expand(info, &mut okm)
        .expect("a few bytes are within the 8160 that HKDF-SHA256 can give");
    okm
}

/// Labels of the derivation. They change only with the format version.
const SALT: &[u8] = b"airshake invitation 1";
const CREDENTIALS: &[u8] = b"guest ice credentials";
const SECRET: &[u8] = b"guest secret";
const SERIAL: &[u8] = b"guest serial";

/// Issuer and subject "airshake", valid from 2020 to the end of 2049, signed with
/// [`Guest::PRIVATE_KEY`] (RFC 6979) for the serial number 0x40 and fifteen zeros. It belongs to the
/// format version: another byte in it is another guest. `openssl x509 -inform DER -text -in
/// src/signal/guest.der` shows it.
const TEMPLATE: &[u8; 293] = include_bytes!("guest.der");

/// Where the serial number is: after the headers of certificate, of what is signed, of the version,
/// which they hold, and of the number itself.
const SERIAL_AT: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn invitation(pwd: &str) -> Invitation {
        Invitation {
            credentials: IceCredentials::new("abcd", pwd).unwrap(),
            sha256: std::array::from_fn(|i| i as u8),
            max_message_size: 262_144,
            candidates: Vec::new(),
        }
    }

    /// Computed apart from this code, by RFC 5869 over Python's `hmac`, and `hashlib` over the
    /// certificate put together there from RFC 5280. The first byte of the second's serial number
    /// is one that had to be made positive.
    #[test]
    fn guests_are_frozen() {
        for [pwd, ufrag, pwd_of_guest, secret, serial, fingerprint] in VECTORS {
            let guest = invitation(pwd).guest();
            assert_eq!(guest.credentials.ufrag.as_str(), ufrag);
            assert_eq!(guest.credentials.pwd.as_str(), pwd_of_guest);
            assert_eq!(hex(&guest.secret.0), secret);
            assert_eq!(hex(&guest.serial), serial);
            assert_eq!(hex(guest.fingerprint().bytes()), fingerprint);
            let at = guest.certificate();
            assert_eq!(hex(&at[SERIAL_AT..][..16]), serial);
        }
    }

    const VECTORS: [[&str; 6]; 2] = [
        [
            "0123456789abcdefghijklmn",
            "31nuSM1b",
            "bFHGPPK+zsbibxebogYsxbvl",
            "7afc5f7b6c15e5bc",
            "5e5276a60f3bf5ee3a3b9dfdba562f00",
            "ec20ae16c2df4ad8398b6f484661d90126bd1731717271267e2e7477ccd751f6",
        ],
        [
            "c81e728d9d4c2f636f067f89cc14862c",
            "5Hfdmnql",
            "irex8ls3BhUgcXd/0Zn6fwfa",
            "080cc8438f20859a",
            "6cbc762df0d4f5ef83d9535097fa18e7",
            "e9f8a6c3e61a6b5183131148cfe88d05a808262b954dd9cec371657698fb346e",
        ],
    ];

    #[test]
    fn the_template_is_frozen() {
        let digest = Sha256::digest(TEMPLATE);
        assert_eq!(
            hex(&digest),
            "1292405bce7ac9d2b16f80d65c1688c4110bb4b4006181c86f891c0e61c95a3a"
        );
        // A whole number of 16 bytes: its tag and length, and the value that was signed.
        assert_eq!(TEMPLATE[SERIAL_AT - 2..][..3], [2, 16, 0x40]);
    }

    #[test]
    fn another_password_or_fingerprint_is_another_guest() {
        let base = invitation("0123456789abcdefghijkl");
        let mut other = base.clone();
        other.sha256[15] ^= 1;
        let others = [invitation("0123456789abcdefghijkm"), other];
        for other in others.map(|other| other.guest()) {
            let guest = base.guest();
            assert_ne!(guest.credentials.ufrag, other.credentials.ufrag);
            assert_ne!(guest.credentials.pwd, other.credentials.pwd);
            assert_ne!(guest.secret, other.secret);
            assert_ne!(guest.fingerprint(), other.fingerprint());
        }
    }

    #[test]
    fn every_serial_number_is_positive_and_of_one_length() {
        for n in 0..200 {
            let guest = invitation(&format!("{n:022}")).guest();
            assert_eq!(guest.serial[0] >> 6, 1);
        }
    }
}
