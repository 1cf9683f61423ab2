//! What travels over a link: one byte of kind, then the payload. One frame is one message of the
//! channel, so no length is needed. Kinds 0 and 32 to 35 are those of the [proof](super::Message)
//! that goes before, 36 to 38 those of a reunion.
//!
//! Frames of use are *numbered*: both sides count them, and those that a broken connection lost are
//! said again. What only tells how it is now ([`Ping`](Frame::Ping), [`Taken`](Frame::Taken), and
//! kinds from 64) is neither counted nor repeated.

use super::text::clean;
use core::net::{IpAddr, SocketAddr};

/// The version of everything said over a link. The hello of a [proof](super::Proof) carries it; both
/// must agree.
pub const VERSION: u8 = 1;

/// The most bytes of text or data in one frame: 16 KiB, which every WebRTC stack takes in one
/// message (RFC 8831, section 6.6).
pub const MAX_PAYLOAD: usize = 16_384;

/// What a frame costs the receiver's memory besides its bytes, so that empty ones are not free: the
/// event it becomes, and its place in a queue.
pub const OVERHEAD: usize = 64;

/// Bytes that may be sent and not yet taken by the peer's user: as much as 100 MB/s need when the
/// way there and back takes 20 ms, and half of what a channel takes without waiting.
pub(super) const WINDOW: u64 = 2 << 20;

/// What a message of so many bytes takes of the window.
pub(super) fn cost(bytes: usize) -> u64 {
    (bytes + OVERHEAD) as u64
}

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
    /// How much the sender's user has taken of what it was sent: the sum of the lengths of all
    /// texts, data and files since the link began, each with [`OVERHEAD`] on top.
    Taken(u64),
    /// Nothing but a sign of life.
    Ping,
    /// The last word.
    Bye,
    /// Where the sender can be found if this connection breaks: at most [`MAX_DOORS`] addresses.
    Doors(Vec<SocketAddr>),
    /// The sender has not heard of us for long, for the so-manyth time.
    Lost(u32),
    /// The sender has heard that of us.
    Found(u32),
    /// The sender's socket holds all that its stack says it takes, so as much may be on its way at
    /// once. Who does not say so, as no page can, may hold far less than it announces.
    Roomy,
}

/// The most addresses at which one can be found.
pub const MAX_DOORS: usize = 4;

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
    /// A count or a list that ends too early.
    #[error("frame of {got} bytes: {min} are needed")]
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
            Self::Doors(doors) => with_payload(DOORS, &pack_doors(doors)),
            Self::Lost(count) => with_payload(LOST, &count.to_le_bytes()),
            Self::Found(count) => with_payload(FOUND, &count.to_le_bytes()),
            Self::Roomy => vec![ROOMY],
        }
    }

    /// Whether a message of the link is one that both sides count. A later version keeps to it with
    /// kinds that this one does not know.
    #[cfg(any(test, feature = "net"))]
    pub(super) fn is_numbered(message: &[u8]) -> bool {
        !matches!(message.first(), None | Some(&(PING | TAKEN | 64..)))
    }

    /// Whether a message is the last word.
    pub(super) fn is_bye(message: &[u8]) -> bool {
        message.first() == Some(&BYE)
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
            TAKEN => count(bytes).map(|total| Self::Taken(u64::from_le_bytes(total))),
            PING => Ok(Self::Ping),
            BYE => Ok(Self::Bye),
            DOORS => unpack_doors(payload).map(Self::Doors),
            LOST => count(bytes).map(|count| Self::Lost(u32::from_le_bytes(count))),
            FOUND => count(bytes).map(|count| Self::Found(u32::from_le_bytes(count))),
            ROOMY => Ok(Self::Roomy),
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

/// The number that follows the kind.
fn count<const N: usize>(bytes: &[u8]) -> Result<[u8; N], FrameError> {
    let payload = bytes.get(1..).unwrap_or_default();
    payload
        .first_chunk()
        .copied()
        .ok_or(FrameError::ShortCount {
            got: bytes.len(),
            min: 1 + N,
        })
}

/// Each as 4 or 6 for the family, the address, and the port, the highest byte first.
fn pack_doors(doors: &[SocketAddr]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for door in doors.iter().take(MAX_DOORS) {
        match door.ip() {
            IpAddr::V4(ip) => {
                bytes.push(4);
                bytes.extend(ip.octets());
            }
            IpAddr::V6(ip) => {
                bytes.push(6);
                bytes.extend(ip.octets());
            }
        }
        bytes.extend(door.port().to_be_bytes());
    }
    bytes
}

/// Addresses that nobody can be at are left out, and so is all that follows a family of a later
/// version.
fn unpack_doors(mut bytes: &[u8]) -> Result<Vec<SocketAddr>, FrameError> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], FrameError> {
        let got = bytes.len();
        let (taken, rest) = bytes
            .split_first_chunk()
            .ok_or(FrameError::ShortCount { got, min: N })?;
        *bytes = rest;
        Ok(*taken)
    }
    let mut doors = Vec::new();
    while let Some((&family, rest)) = bytes.split_first() {
        bytes = rest;
        let ip = match family {
            4 => IpAddr::from(take::<4>(&mut bytes)?),
            6 => IpAddr::from(take::<16>(&mut bytes)?),
            _ => break,
        };
        let port = u16::from_be_bytes(take(&mut bytes)?);
        let nobody = ip.is_unspecified() || ip.is_multicast() || port == 0;
        if !nobody && doors.len() < MAX_DOORS {
            doors.push(SocketAddr::new(ip, port));
        }
    }
    Ok(doors)
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
const DOORS: u8 = 64;
const LOST: u8 = 65;
const FOUND: u8 = 66;
const ROOMY: u8 = 67;

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
            Frame::Doors(Vec::new()),
            Frame::Doors(vec![
                "192.168.1.7:40000".parse().unwrap(),
                "[2001:db8::7]:1".parse().unwrap(),
            ]),
            Frame::Lost(7),
            Frame::Found(u32::MAX),
            Frame::Roomy,
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
    fn doors_where_nobody_can_be_are_left_out_and_no_more_are_read_than_may_be() {
        let named = |doors: &[&str]| -> Vec<SocketAddr> {
            doors.iter().map(|door| door.parse().unwrap()).collect()
        };
        let hostile = named(&["0.0.0.0:5", "224.0.0.1:5", "10.0.0.1:0", "10.0.0.2:5"]);
        let read = Frame::decode(&Frame::Doors(hostile).encode());
        assert_eq!(read, Ok(Frame::Doors(named(&["10.0.0.2:5"]))));
        let many = [4, 10, 0, 0, 3, 0, 9].repeat(1000);
        match Frame::decode(&with_payload(DOORS, &many)) {
            Ok(Frame::Doors(doors)) => assert_eq!(doors.len(), MAX_DOORS),
            other => panic!("{other:?}"),
        }
        let cut = Frame::decode(&[DOORS, 6, 1, 2]);
        assert_eq!(cut, Err(FrameError::ShortCount { got: 2, min: 16 }));
    }

    #[test]
    fn only_what_tells_how_it_is_now_is_not_counted() {
        for (frame, counted) in [
            (Frame::Accept, true),
            (Frame::Text(String::new()), true),
            (Frame::Data(vec![]), true),
            (Frame::End, true),
            (Frame::Bye, true),
            (Frame::Ping, false),
            (Frame::Taken(3), false),
            (Frame::Doors(vec![]), false),
            (Frame::Lost(1), false),
            (Frame::Found(1), false),
            (Frame::Roomy, false),
        ] {
            assert_eq!(Frame::is_numbered(&frame.encode()), counted, "{frame:?}");
        }
        assert!(Frame::is_numbered(&[40]) && !Frame::is_numbered(&[200]));
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
