//! Whatever does not fit the packed form travels as text, deflated against a preset dictionary.

use std::fmt;

use super::deflate::{self, Inflated};
use super::{SignalError, TextTooLong};

/// A text of at most [`Text::MAX_LEN`] bytes. It came from a peer: nothing in it is checked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(String);

impl Text {
    /// The most bytes, also after decompression: ten times a browser's offer of audio and video.
    pub const MAX_LEN: usize = 65_536;

    /// Wraps a text.
    ///
    /// # Errors
    /// If it is longer than [`Text::MAX_LEN`].
    pub fn new(text: impl Into<String>) -> Result<Self, TextTooLong> {
        let text = text.into();
        if text.len() > Self::MAX_LEN {
            return Err(TextTooLong { max: Self::MAX_LEN });
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What both sides have seen before the first byte: common lines, the likeliest last.
///
/// It belongs to the format version: another byte in it is another format.
const DICTIONARY: &[u8] = include_bytes!("dictionary.txt");

/// The deflated text (RFC 1951, no header), or none if that is not shorter.
pub(super) fn deflate(text: &Text) -> Option<Vec<u8>> {
    let input = text.0.as_bytes();
    deflate::deflate(DICTIONARY, input, input.len().checked_sub(1)?)
}

/// Inflates into at most [`Text::MAX_LEN`] bytes, whatever the input says.
pub(super) fn inflate(deflated: &[u8]) -> Result<Text, SignalError> {
    match deflate::inflate(DICTIONARY, deflated, Text::MAX_LEN) {
        Inflated::Whole(text, taken) if taken == deflated.len() => plain(&text),
        Inflated::Whole(_, taken) => Err(SignalError::Trailing {
            bytes: deflated.len() - taken,
        }),
        Inflated::Longer => Err(TextTooLong { max: Text::MAX_LEN }.into()),
        Inflated::Damaged => Err(SignalError::Inflate),
    }
}

/// Takes bytes as they are.
pub(super) fn plain(bytes: &[u8]) -> Result<Text, SignalError> {
    let text = std::str::from_utf8(bytes).map_err(|_| SignalError::NotUtf8)?;
    Ok(Text::new(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn text(content: &str) -> Text {
        Text::new(content).unwrap()
    }

    #[test]
    fn inflating_undoes_deflating() {
        for content in [
            "a=ice-options:trickle\r\na=extmap-allow-mixed\r\n".repeat(20),
            "a".repeat(Text::MAX_LEN),
            "{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}".to_owned(),
        ] {
            let text = text(&content);
            let deflated = deflate(&text).unwrap();
            assert!(deflated.len() < content.len() / 2);
            assert_eq!(inflate(&deflated), Ok(text));
        }
    }

    #[test]
    fn what_does_not_shrink_is_not_deflated() {
        assert_eq!(deflate(&text("")), None);
        assert_eq!(deflate(&text("q#Z")), None);
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        // 16 MiB of zeros, deflated to 16 KiB without the dictionary (which raw deflate allows).
        let mut bomb = Vec::with_capacity(1 << 16);
        let mut deflater = flate2::Compress::new(flate2::Compression::best(), false);
        let zeros = vec![0; 16 << 20];
        let status = deflater.compress_vec(&zeros, &mut bomb, flate2::FlushCompress::Finish);
        assert!(matches!(status, Ok(flate2::Status::StreamEnd)));
        assert!(bomb.len() < 1 << 15);
        let limit = TextTooLong { max: Text::MAX_LEN };
        assert_eq!(inflate(&bomb), Err(SignalError::TextTooLong(limit)));
    }

    #[test]
    fn a_text_beyond_the_limit_is_no_text() {
        assert!(Text::new("a".repeat(Text::MAX_LEN)).is_ok());
        assert!(Text::new("a".repeat(Text::MAX_LEN + 1)).is_err());
    }

    #[test]
    fn damage_is_an_error() {
        let deflated = deflate(&text(&"a=sctp-port:5000\r\n".repeat(5))).unwrap();
        for end in 0..deflated.len() {
            assert_eq!(inflate(&deflated[..end]), Err(SignalError::Inflate));
        }
        let longer = [&deflated[..], b"more"].concat();
        assert_eq!(inflate(&longer), Err(SignalError::Trailing { bytes: 4 }));
        assert_eq!(plain(&[0xff]), Err(SignalError::NotUtf8));
    }

    #[test]
    fn the_dictionary_belongs_to_the_format_version() {
        let digest = Sha256::digest(DICTIONARY);
        let frozen = (crate::signal::VERSION, format!("{:02x?}", &digest[..8]));
        assert_eq!(frozen, (1, "[b0, 75, 62, b9, 29, f9, e5, b5]".to_owned()));
    }
}
