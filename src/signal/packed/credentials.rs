//! The bits of ICE credentials: no more than the characters of the common engines need.

use super::bitstream::{BitReader, BitWriter};
use super::unassigned;
use crate::signal::credentials::{ice_char, ice_value};
use crate::signal::{Credentials, IceCredentials, Pwd, SignalError, Ufrag};

/// How credentials travel: bits 3 and 2 of the first byte. The first that fits is the one to use.
pub(super) fn form(credentials: &Credentials) -> u8 {
    let Credentials::Explicit(IceCredentials { ufrag, pwd }) = credentials else {
        return DERIVED;
    };
    let (ufrag, pwd) = (ufrag.as_str(), pwd.as_str());
    let hex = |text: &str| text.chars().all(|c| hex_value(c).is_some());
    match (ufrag.len(), pwd.len()) {
        CHROMIUM_LENGTHS => CHROMIUM,
        FIREFOX_LENGTHS if hex(ufrag) && hex(pwd) => FIREFOX,
        _ => ANY,
    }
}

/// Nothing, 21 bytes, 20 bytes, or two lengths and the characters.
pub(super) fn put_credentials(out: &mut BitWriter, credentials: &Credentials) {
    let Credentials::Explicit(IceCredentials { ufrag, pwd }) = credentials else {
        return;
    };
    let form = form(credentials);
    let (ufrag, pwd) = (ufrag.as_str(), pwd.as_str());
    if form == ANY {
        out.put((ufrag.len() - Ufrag::LENGTHS.start()) as u128, 8);
        out.put((pwd.len() - Pwd::LENGTHS.start()) as u128, 8);
    }
    for char in ufrag.chars().chain(pwd.chars()) {
        // Both are always some: `Ufrag` and `Pwd` hold nothing else.
        match form {
            FIREFOX => out.put(hex_value(char).unwrap_or_default().into(), 4),
            _ => out.put(ice_value(char).unwrap_or_default().into(), 6),
        }
    }
}

/// The inverse of [`put_credentials`], told the form.
pub(super) fn take_credentials(
    input: &mut BitReader<'_>,
    sent_form: u8,
) -> Result<Credentials, SignalError> {
    let (ufrag, pwd) = match sent_form {
        DERIVED => return Ok(Credentials::Derived),
        CHROMIUM => CHROMIUM_LENGTHS,
        FIREFOX => FIREFOX_LENGTHS,
        ANY => (
            Ufrag::LENGTHS.start() + usize::from(input.take_u8(8)?),
            Pwd::LENGTHS.start() + usize::from(input.take_u8(8)?),
        ),
        value => return Err(unassigned("credentials form", value)),
    };
    let mut take = |length| -> Result<String, SignalError> {
        (0..length)
            .map(|_| match sent_form {
                FIREFOX => input.take_u8(4).map(hex_char),
                _ => input.take_u8(6).map(ice_char),
            })
            .collect()
    };
    let (ufrag, pwd) = (take(ufrag)?, take(pwd)?);
    let credentials = Credentials::Explicit(IceCredentials::new(&ufrag, &pwd)?);
    if form(&credentials) != sent_form {
        return Err(SignalError::NotCanonical("credentials have a shorter form"));
    }
    Ok(credentials)
}

const DERIVED: u8 = 0;
const CHROMIUM: u8 = 1;
const FIREFOX: u8 = 2;
pub(super) const ANY: u8 = 3;

/// Characters of user fragment and password that Chromium chooses, of all 64.
const CHROMIUM_LENGTHS: (usize, usize) = (4, 24);

/// The same of Firefox, which uses lower-case hex digits alone.
const FIREFOX_LENGTHS: (usize, usize) = (8, 32);

fn hex_char(value: u8) -> char {
    char::from_digit(u32::from(value & 15), 16).unwrap_or('0')
}

fn hex_value(char: char) -> Option<u8> {
    let lower = !char.is_ascii_uppercase();
    char.to_digit(16).filter(|_| lower).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explicit(ufrag: &str, pwd: &str) -> Credentials {
        Credentials::Explicit(IceCredentials::new(ufrag, pwd).unwrap())
    }

    #[test]
    fn each_form_costs_what_its_characters_need_and_reads_back() {
        let pwd = "0123456789abcdef0123456789abcdef";
        let forms = [
            (Credentials::Derived, DERIVED, 0),
            (explicit("a+/Z", &pwd[..24]), CHROMIUM, 21),
            (explicit("89abcdef", pwd), FIREFOX, 20),
            (explicit("89abcdeF", pwd), ANY, 2 + 30),
            (explicit("89abcdef", &pwd[1..]), ANY, 2 + 30),
            (explicit("four", &pwd[..22]), ANY, 2 + 20),
        ];
        for (credentials, expected, bytes) in forms {
            assert_eq!(form(&credentials), expected);
            let mut out = BitWriter::default();
            put_credentials(&mut out, &credentials);
            let packed = out.into_bytes();
            assert_eq!(packed.len(), bytes);
            let read = take_credentials(&mut BitReader::new(&packed), expected);
            assert_eq!(read, Ok(credentials));
        }
    }

    #[test]
    fn the_longest_credentials_fit_and_longer_ones_are_refused() {
        let credentials = explicit(&"u".repeat(256), &"p".repeat(256));
        let mut out = BitWriter::default();
        put_credentials(&mut out, &credentials);
        let mut packed = out.into_bytes();
        let read = take_credentials(&mut BitReader::new(&packed), ANY);
        assert_eq!(read, Ok(credentials));

        packed[0] += 1;
        packed.push(0);
        let read = take_credentials(&mut BitReader::new(&packed), ANY);
        assert!(matches!(read, Err(SignalError::Credentials(_))));
    }
}
