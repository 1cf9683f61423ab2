//! What travels over a link: one byte of kind, then the payload. One frame is one message of the
//! channel, so no length is needed. Kinds 0 and 32 to 35 are those of the [proof](super::Message)
//! that goes before.

use super::text::clean;

/// The version of everything said over a link. The hello of a [proof](super::Proof) carries it; both
/// must agree.
pub const VERSION: u8 = 1;

/// The most bytes of text or data in one frame: 16 KiB, which every WebRTC stack takes in one
/// message (RFC 8831, section 6.6).
pub const MAX_PAYLOAD: usize = 16_384;

/// What a frame costs the receiver's memory besides its bytes, so that empty ones are not free: the
/// event it becomes, and its place in a queue.
pub const OVERHEAD: usize = 64;

/// One message of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// The sender takes us for the one it meant, and goes on to use the link.
    Accept,
    /// The sender does not take us for the one it meant, and leaves.
    Refuse,
    /// A chat message: at most [`MAX_PAYLOAD`] bytes of UTF-8, [cleaned](clean) when read.
    Text(String),
    /// Bytes for whoever uses the link: at most [`MAX_PAYLOAD`].
    Data(Vec<u8>),
    /// A message of a [file transfer](super::transfer): at most [`MAX_PAYLOAD`] bytes.
    Files(Vec<u8>),
    /// The sender will send no more [`Data`](Self::Data).
    End,
    /// How much the sender's user has taken of what it was sent: the sum of the
    /// lengths of all texts, data, files and ends since the link began, each with
    /// [`OVERHEAD`] on top.
    Taken(u64),
    /// Nothing but a sign of life.
    Ping,
    /// The last word.
    Bye,
}

/// Why bytes are no frame of this version. The link goes on without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// No bytes at all.
    #[error("empty frame")]
    Empty,
    /// A kind that a later version may know.
    #[error("frame of kind {0}, which this version does not know")]
    UnknownKind(u8),
    /// A count that ends too early.
    #[error("count of {got} bytes: {min} are needed")]
    ShortCount {
        /// Bytes of the frame.
        got: usize,
        /// The shortest count.
        min: usize,
    },
    /// More than a frame may carry.
    #[error("payload of {got} bytes: a frame carries at most {max}")]
    TooLong {
        /// Bytes of the payload.
        got: usize,
        /// [`MAX_PAYLOAD`].
        max: usize,
    },
}

impl Frame {
    /// The bytes of this frame. [`decode`](Self::decode) undoes it.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Accept => vec![ACCEPT],
            Self::Refuse => vec![REFUSE],
            Self::Text(text) => with_payload(TEXT, text.as_bytes()),
            Self::Data(data) => with_payload(DATA, data),
            Self::Files(message) => with_payload(FILES, message),
            Self::End => vec![END],
            Self::Taken(total) => with_payload(TAKEN, &total.to_le_bytes()),
            Self::Ping => vec![PING],
            Self::Bye => vec![BYE],
        }
    }

    /// Reads a frame. The bytes may come from anybody: what is not UTF-8 is replaced, what could
    /// trouble a terminal is taken out, and more than a frame without payload needs is left for later
    /// versions.
    ///
    /// # Errors
    /// If the bytes are no frame of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let (&kind, payload) = bytes.split_first().ok_or(FrameError::Empty)?;
        if matches!(kind, TEXT | DATA | FILES) && payload.len() > MAX_PAYLOAD {
            return Err(FrameError::TooLong {
                got: payload.len(),
                max: MAX_PAYLOAD,
            });
        }
        match kind {
            ACCEPT => Ok(Self::Accept),
            REFUSE => Ok(Self::Refuse),
            TEXT => Ok(Self::Text(clean(&String::from_utf8_lossy(payload)))),
            DATA => Ok(Self::Data(payload.to_vec())),
            FILES => Ok(Self::Files(payload.to_vec())),
            END => Ok(Self::End),
            TAKEN => match payload.first_chunk() {
                Some(total) => Ok(Self::Taken(u64::from_le_bytes(*total))),
                None => Err(FrameError::ShortCount {
                    got: bytes.len(),
                    min: 9,
                }),
            },
            PING => Ok(Self::Ping),
            BYE => Ok(Self::Bye),
            other => Err(FrameError::UnknownKind(other)),
        }
    }
}

fn with_payload(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + payload.len());
    bytes.push(kind);
    bytes.extend_from_slice(payload);
    bytes
}

const TEXT: u8 = 1;
const PING: u8 = 2;
const BYE: u8 = 3;
const DATA: u8 = 4;
const ACCEPT: u8 = 5;
const REFUSE: u8 = 6;
const FILES: u8 = 16;
const END: u8 = 17;
const TAKEN: u8 = 18;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decode_undoes_encode_for_every_kind() {
        let frames = [
            Frame::Accept,
            Frame::Refuse,
            Frame::Text("grüß dich, 世界 🎵".into()),
            Frame::Text(String::new()),
            Frame::Data((0..=255).collect()),
            Frame::Data(vec![7; MAX_PAYLOAD]),
            Frame::Files(vec![1, 2, 3]),
            Frame::End,
            Frame::Taken(u64::MAX - 1),
            Frame::Ping,
            Frame::Bye,
        ];
        for frame in frames {
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn what_no_frame_may_be_is_refused_with_its_reason() {
        assert_eq!(Frame::decode(&[]), Err(FrameError::Empty));
        assert_eq!(Frame::decode(&[99, 1]), Err(FrameError::UnknownKind(99)));
        assert_eq!(
            Frame::decode(&[TAKEN, 1, 2]),
            Err(FrameError::ShortCount { got: 3, min: 9 })
        );
        let long = vec![TEXT; MAX_PAYLOAD + 2];
        assert_eq!(
            Frame::decode(&long),
            Err(FrameError::TooLong {
                got: MAX_PAYLOAD + 1,
                max: MAX_PAYLOAD
            })
        );
    }

    #[test]
    fn a_frame_without_payload_may_have_one_in_a_later_version() {
        assert_eq!(Frame::decode(&[ACCEPT, 200, 201]), Ok(Frame::Accept));
        assert_eq!(Frame::decode(&[BYE, 1]), Ok(Frame::Bye));
    }

    #[test]
    fn escape_sequences_do_not_come_through() {
        let hostile = with_payload(TEXT, b"\x1b]0;owned\x07\x1b[2Jhi\xff\xc2\x9b31m");
        match Frame::decode(&hostile) {
            Ok(Frame::Text(text)) => {
                assert!(!text.chars().any(char::is_control), "{text:?}");
                assert!(text.contains("hi"));
            }
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(
            bytes in proptest::collection::vec(any::<u8>(), 0..600)
        ) {
            if let Ok(frame) = Frame::decode(&bytes) {
                // What has been read once is read the same again.
                prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
            }
        }
    }
}
