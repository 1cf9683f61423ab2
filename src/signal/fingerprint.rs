//! The hash of a peer's DTLS certificate, in the three sizes that travel.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::SdpError;

/// The hash of the DER of a DTLS certificate (RFC 8122, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fingerprint {
    /// Whole SHA-256: what browsers check.
    Sha256([u8; 32]),
    /// SHA-1: browsers still check it, twelve bytes shorter. Opt-in: audits will frown on it.
    Sha1([u8; 20]),
    /// The first 128 bits of SHA-256. No browser and no DTLS library accepts it: the engine's own
    /// check must be off, and the application compares [`Fingerprint::of`] the certificate it saw,
    /// [truncated](Fingerprint::truncated), before it trusts a byte.
    Truncated128([u8; 16]),
}

impl Fingerprint {
    /// The SHA-256 fingerprint of a certificate's DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self::Sha256(Sha256::digest(certificate).into())
    }

    /// The 128-bit form of a SHA-256 fingerprint; others stay as they are.
    #[must_use]
    pub fn truncated(self) -> Self {
        match self {
            Self::Sha256([head @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]) => {
                Self::Truncated128(head)
            }
            other => other,
        }
    }

    /// 32, 20 or 16 bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha1(bytes) => bytes,
            Self::Truncated128(bytes) => bytes,
        }
    }
}

/// Reads the value of `a=fingerprint`: `sha-256 AB:CD:...`. Sixteen bytes of SHA-256 are the
/// truncated form.
impl FromStr for Fingerprint {
    type Err = SdpError;

    fn from_str(value: &str) -> Result<Self, SdpError> {
        parse(value).ok_or(SdpError::Unsupported(
            "a fingerprint that is not SHA-256 or SHA-1",
        ))
    }
}

fn parse(value: &str) -> Option<Fingerprint> {
    let (hash, digits) = value.split_once(' ')?;
    let bytes = digits
        .trim()
        .split(':')
        .take(33)
        .map(byte_of_hex)
        .collect::<Option<Vec<u8>>>()?;
    if hash.eq_ignore_ascii_case("sha-1") {
        bytes.try_into().ok().map(Fingerprint::Sha1)
    } else if hash.eq_ignore_ascii_case("sha-256") {
        match bytes.len() {
            16 => bytes.try_into().ok().map(Fingerprint::Truncated128),
            _ => bytes.try_into().ok().map(Fingerprint::Sha256),
        }
    } else {
        None
    }
}

/// As the value of `a=fingerprint`; the inverse of reading it.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256(_) | Self::Truncated128(_) => "sha-256",
            Self::Sha1(_) => "sha-1",
        })?;
        for (i, byte) in self.bytes().iter().enumerate() {
            write!(f, "{}{byte:02X}", if i == 0 { ' ' } else { ':' })?;
        }
        Ok(())
    }
}

/// Exactly two hex digits; `u8::from_str_radix` alone would take `+A`.
fn byte_of_hex(text: &str) -> Option<u8> {
    let hex = text.len() == 2 && text.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_undoes_writing_for_every_kind() {
        for fingerprint in [
            Fingerprint::Sha256(std::array::from_fn(|i| i as u8 * 8)),
            Fingerprint::Sha1([0xa5; 20]),
            Fingerprint::Truncated128([0x0f; 16]),
        ] {
            let text = fingerprint.to_string();
            assert_eq!(text.parse(), Ok(fingerprint));
            let lower = text.to_lowercase();
            assert_eq!(lower.parse(), Ok(fingerprint));
        }
    }

    #[test]
    fn a_certificate_hashes_as_published() {
        // FIPS 180-2, appendix B.1: SHA-256 of "abc".
        let text = Fingerprint::of(b"abc").to_string();
        assert!(text.starts_with("sha-256 BA:78:16:BF:8F:01:CF:EA:41:41:40:DE"));
    }

    #[test]
    fn what_is_not_a_fingerprint_is_an_error() {
        let short = "sha-256 AA:BB";
        let signs = format!("sha-1 {}", ["+A"; 20].join(":"));
        let long = format!("sha-256 {}", ["AA"; 33].join(":"));
        let other = format!("sha-512 {}", ["AA"; 64].join(":"));
        for text in ["", "sha-256", short, &signs, &long, &other] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
