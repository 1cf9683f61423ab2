//! ICE user fragment and password: checked text, or derived from the fingerprint and not sent.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use sha2::Sha256;

use super::Fingerprint;

/// How a description's ICE credentials travel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// Not at all: both sides compute [`IceCredentials::derived`] from the fingerprint.
    Derived,
    /// As they are: six bits a character.
    Explicit(IceCredentials),
}

/// The user fragment and the password of one side's ICE agent (RFC 8839, section 5.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IceCredentials {
    /// Names the agent in the checks sent to it.
    pub ufrag: Ufrag,
    /// Keys the message integrity of those checks.
    pub pwd: Pwd,
}

impl IceCredentials {
    /// Checks both texts.
    ///
    /// # Errors
    /// If one is too short, too long, or holds a character outside `A-Z a-z 0-9 + /`.
    pub fn new(ufrag: &str, pwd: &str) -> Result<Self, CredentialError> {
        Ok(Self {
            ufrag: ufrag.parse()?,
            pwd: pwd.parse()?,
        })
    }

    /// The credentials that follow from a fingerprint: HKDF-SHA256 over its first 16 bytes gives
    /// 24 bytes, written as 8 + 24 characters of six bits.
    ///
    /// Sixteen bytes, so that truncating a SHA-256 fingerprint leaves the credentials as they are.
    /// They are as public as the fingerprint: whoever hears it can compute them. They tell agents
    /// apart; the certificates, checked against the fingerprints, tell peers apart.
    ///
    /// A peer gives them to its engine before it makes an offer or answer, and derives them from
    /// the fingerprint that will be sent: a SHA-1 gives others than a SHA-256.
    pub fn derived(fingerprint: &Fingerprint) -> Self {
        Self::expanded(SALT, &fingerprint.bytes()[..16], INFO)
    }

    /// 8 + 24 characters from a key.
    pub(super) fn expanded(salt: &[u8], key: &[u8], info: &[u8]) -> Self {
        let [ufrag, pwd] = derive(salt, key, info, [8, 24]);
        Self {
            ufrag: Ufrag(ufrag),
            pwd: Pwd(pwd),
        }
    }
}

/// Texts of these lengths, each a multiple of four, from a key: HKDF-SHA256, every three bytes of
/// it written as four `ice-char`s. At most 200 characters in all.
pub(super) fn derive<const N: usize>(
    salt: &[u8],
    key: &[u8],
    info: &[u8],
    lengths: [usize; N],
) -> [String; N] {
    let mut okm = vec![0; lengths.iter().sum::<usize>() / 4 * 3];
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(info, &mut okm)
        .expect("150 bytes are within the 8160 that HKDF-SHA256 can give");
    let mut chars = okm.chunks_exact(3).flat_map(|c| {
        let bits = u32::from_be_bytes([0, c[0], c[1], c[2]]);
        [18, 12, 6, 0].map(|shift| ice_char((bits >> shift) as u8 & 63))
    });
    lengths.map(|length| chars.by_ref().take(length).collect())
}

impl Pwd {
    /// The user fragment of the same characters: what is long enough for a password is for one.
    pub fn as_ufrag(&self) -> Ufrag {
        Ufrag(self.0.clone())
    }

    /// From text that is known to be `ice-char`s, 22 to 256 of them.
    pub(super) fn of_ice_chars(text: String) -> Self {
        debug_assert!(text.parse::<Self>().is_ok());
        Self(text)
    }
}

/// Labels of the derivation. They change only with the format version.
const SALT: &[u8] = b"airshake signal 1";
const INFO: &[u8] = b"ice credentials";

macro_rules! ice_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The fewest and the most characters (RFC 8839, section 5.4).
            pub const LENGTHS: std::ops::RangeInclusive<usize> = $min..=256;

            /// The characters, all of them ASCII.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = CredentialError;

            fn from_str(text: &str) -> Result<Self, CredentialError> {
                if let Some(found) = text.chars().find(|&c| ice_value(c).is_none()) {
                    return Err(CredentialError::Character { what: $what, found });
                }
                if !Self::LENGTHS.contains(&text.len()) {
                    return Err(CredentialError::Length {
                        what: $what,
                        found: text.len(),
                        min: $min,
                    });
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

ice_text!(
    /// An ICE user fragment: 4 to 256 characters of `A-Z a-z 0-9 + /`.
    Ufrag, "ice-ufrag", 4
);
ice_text!(
    /// An ICE password: 22 to 256 characters of `A-Z a-z 0-9 + /`.
    Pwd, "ice-pwd", 22
);

/// Why a text is not an ICE credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// RFC 8839 sets both limits.
    #[error("{what} of {found} characters: from {min} to 256 are allowed")]
    Length {
        /// Which of the two.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The least length; the most is 256 for both.
        min: usize,
    },
    /// Only the 64 `ice-char`s are allowed.
    #[error("{what} holds {found:?}: only A-Z, a-z, 0-9, + and / are allowed")]
    Character {
        /// Which of the two.
        what: &'static str,
        /// The first offender.
        found: char,
    },
}

/// The `ice-char` of a six-bit value, in the order of base64 (RFC 4648, section 4), whose alphabet
/// is the same 64 characters.
pub(super) fn ice_char(value: u8) -> char {
    char::from(match value & 63 {
        v @ 0..=25 => b'A' + v,
        v @ 26..=51 => b'a' + (v - 26),
        v @ 52..=61 => b'0' + (v - 52),
        62 => b'+',
        _ => b'/',
    })
}

/// The six-bit value of an `ice-char`, the inverse of [`ice_char`]; none for any other character.
pub(super) fn ice_value(char: char) -> Option<u8> {
    let byte = u8::try_from(char).ok()?;
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_undo_characters() {
        for value in 0..64 {
            assert_eq!(ice_value(ice_char(value)), Some(value));
        }
        let allowed = (char::MIN..='\u{ff}').filter(|&c| ice_value(c).is_some());
        assert_eq!(allowed.count(), 64);
    }

    #[test]
    fn lengths_are_those_of_the_standard() {
        let pwd = "p".repeat(22);
        assert!(IceCredentials::new("abcd", &pwd).is_ok());
        assert!(IceCredentials::new(&"u".repeat(256), &"p".repeat(256)).is_ok());
        for (ufrag, pwd) in [
            ("abc", pwd.as_str()),
            ("abcd", &pwd[1..]),
            (&"u".repeat(257), &pwd),
            ("abcd", &"p".repeat(257)),
        ] {
            let error = IceCredentials::new(ufrag, pwd);
            assert!(matches!(error, Err(CredentialError::Length { .. })));
        }
    }

    #[test]
    fn a_line_break_is_no_credential() {
        let error = "abcd\r\na=setup:active".parse::<Ufrag>();
        assert_eq!(
            error,
            Err(CredentialError::Character {
                what: "ice-ufrag",
                found: '\r'
            })
        );
    }

    #[test]
    fn derived_credentials_survive_truncation_and_are_frozen() {
        let full = Fingerprint::Sha256(std::array::from_fn(|i| i as u8));
        let derived = IceCredentials::derived(&full);
        assert_eq!(derived, IceCredentials::derived(&full.truncated()));
        assert_eq!((derived.ufrag.0.len(), derived.pwd.0.len()), (8, 24));
        // Computed apart from this crate: python's hmac, hashlib and base64.
        assert_eq!(derived.ufrag.as_str(), "iBd2D1Hv");
        assert_eq!(derived.pwd.as_str(), "hx65eIoSQHO9g77v8vLnXxkH");
    }
}
