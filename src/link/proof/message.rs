//! What is said during a proof: few messages, each of one length for what is being proven.

use super::{ProofError, Side};
use crate::link::VERSION;

/// What the two are about to prove to each other; both must say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Claims {
    /// That they know the secret of the beacon.
    pub secret: bool,
    /// That they were told the same code.
    pub code: bool,
}

/// One message of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Tells that the sender is there. It alone may be lost: what arrives before the receiver's
    /// side of the channel is open is dropped by some WebRTC stacks.
    Knock,
    /// The first words of each side.
    Hello {
        /// Which half of the pairing the sender is.
        side: Side,
        /// What will be proven.
        claims: Claims,
        /// Binds the sender to its nonce.
        commitment: [u8; 32],
    },
    /// What the sender was bound to.
    Reveal {
        /// The nonce.
        nonce: [u8; 16],
        /// The SPAKE2 message, where there is a code.
        element: Option<[u8; ELEMENT]>,
    },
    /// An HMAC by the beacon's secret.
    Heard([u8; TAG]),
    /// An HMAC by the key that the code led to.
    Told([u8; TAG]),
}

/// Bytes of a SPAKE2 message over Ed25519: the side, then a point.
pub(super) const ELEMENT: usize = 33;

/// Bytes of an HMAC.
pub(super) const TAG: usize = 32;

/// The longest message of a proof, in bytes.
pub const LONGEST: usize = 1 + 16 + ELEMENT;

impl Message {
    /// The bytes of this message. [`decode`](Self::decode) undoes it.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LONGEST);
        match self {
            Self::Knock => bytes.push(KNOCK),
            Self::Hello {
                side,
                claims,
                commitment,
            } => {
                let flags = flag(*side == Side::Answerer, ANSWERER)
                    | flag(claims.secret, SECRET)
                    | flag(claims.code, CODE);
                bytes.extend([HELLO, VERSION, flags]);
                bytes.extend(commitment);
            }
            Self::Reveal { nonce, element } => {
                bytes.push(REVEAL);
                bytes.extend(nonce);
                bytes.extend(element.iter().flatten());
            }
            Self::Heard(tag) => {
                bytes.push(HEARD);
                bytes.extend(tag);
            }
            Self::Told(tag) => {
                bytes.push(TOLD);
                bytes.extend(tag);
            }
        }
        bytes
    }

    /// Reads a message of a proof of `claims`, which decide what it holds; a hello says its own.
    /// The bytes may come from anybody.
    ///
    /// # Errors
    /// [`ProofError::Version`] for the hello of another version, however it goes on;
    /// [`ProofError::Malformed`] for all else that [`encode`](Self::encode) would not give.
    pub fn decode(bytes: &[u8], claims: Claims) -> Result<Self, ProofError> {
        let malformed = || ProofError::Malformed { got: bytes.len() };
        let (&kind, rest) = bytes.split_first().ok_or_else(malformed)?;
        let message = match kind {
            KNOCK => rest.is_empty().then_some(Self::Knock),
            HELLO => Self::hello(rest)?,
            REVEAL => rest.split_first_chunk().and_then(|(&nonce, rest)| {
                let element = match claims.code {
                    true => Some(rest.try_into().ok()?),
                    false => None,
                };
                (element.is_some() || rest.is_empty()).then_some(Self::Reveal { nonce, element })
            }),
            HEARD if claims.secret => rest.try_into().ok().map(Self::Heard),
            TOLD if claims.code => rest.try_into().ok().map(Self::Told),
            _ => None,
        };
        message.ok_or_else(malformed)
    }

    fn hello(rest: &[u8]) -> Result<Option<Self>, ProofError> {
        let Some((&theirs, rest)) = rest.split_first() else {
            return Ok(None);
        };
        if theirs != VERSION {
            return Err(ProofError::Version {
                ours: VERSION,
                theirs,
            });
        }
        let hello = rest.split_first().and_then(|(&flags, rest)| {
            let side = match flags & ANSWERER {
                0 => Side::Offerer,
                _ => Side::Answerer,
            };
            let claims = Claims {
                secret: flags & SECRET != 0,
                code: flags & CODE != 0,
            };
            let commitment = rest.try_into().ok()?;
            (flags & !(ANSWERER | SECRET | CODE) == 0).then_some(Self::Hello {
                side,
                claims,
                commitment,
            })
        });
        Ok(hello)
    }

    /// What it is called in errors.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Knock => "knock",
            Self::Hello { .. } => "hello",
            Self::Reveal { .. } => "nonce",
            Self::Heard(_) => "proof of the beacon",
            Self::Told(_) => "proof of the code",
        }
    }
}

fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

// Kinds, apart from those of the frames that go over a proven link.
const HELLO: u8 = 0;
const REVEAL: u8 = 32;
const HEARD: u8 = 33;
const TOLD: u8 = 34;
const KNOCK: u8 = 35;

// Flags of a hello.
const ANSWERER: u8 = 1;
const SECRET: u8 = 2;
const CODE: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims() -> impl Strategy<Value = Claims> {
        any::<(bool, bool)>().prop_map(|(secret, code)| Claims { secret, code })
    }

    fn message() -> impl Strategy<Value = (Message, Claims)> {
        let bytes = (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<u8>());
        (0..5, any::<bool>(), claims(), bytes).prop_map(|(kind, offerer, claims, (a, b, c))| {
            let message = match kind {
                0 => Message::Hello {
                    side: if offerer {
                        Side::Offerer
                    } else {
                        Side::Answerer
                    },
                    claims,
                    commitment: a,
                },
                1 => Message::Reveal {
                    nonce: a[..16].try_into().expect("16 bytes"),
                    element: claims
                        .code
                        .then(|| std::array::from_fn(|i| *b.get(i).unwrap_or(&c))),
                },
                2 => Message::Heard(a),
                3 => Message::Knock,
                _ => Message::Told(b),
            };
            let claims = Claims {
                secret: claims.secret || matches!(message, Message::Heard(_)),
                code: claims.code || matches!(message, Message::Told(_)),
            };
            (message, claims)
        })
    }

    proptest! {
        #[test]
        fn decode_undoes_encode((message, claims) in message()) {
            let bytes = message.encode();
            prop_assert!(bytes.len() <= LONGEST);
            prop_assert_eq!(Message::decode(&bytes, claims), Ok(message));
        }

        #[test]
        fn any_bytes_are_a_message_with_one_spelling_or_an_error(
            kind in prop_oneof![Just(HELLO), Just(REVEAL), Just(HEARD), Just(TOLD), Just(KNOCK), any::<u8>()],
            rest in proptest::collection::vec(any::<u8>(), 0..100),
            claims in claims(),
        ) {
            let bytes = [&[kind], &rest[..]].concat();
            if let Ok(message) = Message::decode(&bytes, claims) {
                prop_assert_eq!(message.encode(), bytes);
            }
        }

        #[test]
        fn a_message_cut_or_prolonged_is_none(
            (message, claims) in message(),
            cut in 0..LONGEST,
            more in proptest::collection::vec(any::<u8>(), 1..70_000),
        ) {
            let bytes = message.encode();
            let cut = &bytes[..cut % bytes.len()];
            prop_assert_eq!(
                Message::decode(cut, claims),
                Err(ProofError::Malformed { got: cut.len() })
            );
            let more = [bytes, more].concat();
            prop_assert_eq!(
                Message::decode(&more, claims),
                Err(ProofError::Malformed { got: more.len() })
            );
        }
    }

    #[test]
    fn another_version_is_told_by_number_whatever_its_hello_looks_like() {
        let refused = ProofError::Version {
            ours: VERSION,
            theirs: 9,
        };
        for rest in [&[][..], &[1, 2, 3], &[0; 500]] {
            let bytes = [&[HELLO, 9], rest].concat();
            let read = Message::decode(&bytes, Claims::default());
            assert_eq!(read, Err(refused.clone()));
        }
    }
}
