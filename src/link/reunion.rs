//! Knowing each other again: what is said over a new connection before it takes the place of one
//! that broke. No words and no questions; both still have the [`Bond`] of their first meeting.
//!
//! ```text
//!  offerer                                            answerer
//!  knock: I am here; it may be lost                  <->   both at once
//!  again: side, epoch, nonce                         <->   each after the other's knock
//!  same: HMAC by the bond of the offerer's epoch     <->   each after the other's again
//!  resume: how many messages it has heard             ->   it has left the old connection
//!                                                    <-    resume: so has the answerer
//! ```
//!
//! * The HMAC is over both certificates' hashes of the *new* connection, both nonces and the epoch.
//!   Who stands between the two has other certificates; who plays back an earlier reunion has other
//!   nonces, and a bond that is over.
//! * With every reunion the bond becomes another, by HKDF-SHA-256, and so do the names by which the
//!   two call each other on the network. The answerer cannot know whether
//!   its last word arrived, so it keeps the bond before until it hears the offerer on the new
//!   connection; the offerer has one at any time, and says which.
//! * The offerer decides: it leaves the old connection before it says so, and the answerer when it
//!   hears it. So the two never go on over different ones.

use super::{Certificates, Root, Side, VERSION};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// By what the two sides of a link know each other again.
#[derive(Clone)]
pub(super) struct Bond {
    side: Side,
    now: Key,
    /// The answerer's, while it is not sure of the present one.
    before: Option<Key>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    epoch: u64,
    bytes: [u8; 32],
}

/// A reunion over one new connection, seen from one side.
pub(super) struct Reunion {
    bond: Bond,
    certificates: Certificates,
    nonce: [u8; NONCE],
    due: Due,
}

enum Due {
    /// A knock, or the next if the knock was lost.
    Knock,
    Again,
    Same(Transcript),
    /// From the answerer's side: what the offerer has heard. From the offerer's the same, but only
    /// once it has said its own.
    Resume(Transcript),
    Nothing,
}

/// What came of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// To be sent now.
    pub(super) say: Vec<Vec<u8>>,
    /// The other side is the one we know.
    pub(super) known: bool,
    /// The other side goes on over this connection, and has heard so many messages of ours.
    pub(super) heard: Option<u64>,
}

/// Why the other end of a new connection is not the one we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReunionError {
    /// Bytes that are no message of a reunion, or not the one that is due.
    #[error("{got} bytes that are not due in a reunion")]
    NotDue {
        /// Bytes of the message.
        got: usize,
    },
    /// Our own words or certificate came back.
    #[error("our own words came back: somebody reflects them")]
    Reflected,
    /// The bond that the offerer names is none of ours.
    #[error("the other side names a bond of another time: {theirs}, ours is {ours}")]
    OutOfStep {
        /// The epoch of our own.
        ours: u64,
        /// What it named.
        theirs: u64,
    },
    /// It does not have the bond.
    #[error("somebody else is at the other end of the new connection")]
    Stranger,
}

impl Bond {
    /// The first, of two who have proven themselves.
    pub(super) fn new(root: &Root, side: Side) -> Self {
        let first = expand(&root.0, b"", BOND);
        Self {
            side,
            now: Key {
                epoch: 0,
                bytes: first,
            },
            before: None,
        }
    }

    /// Which half of the first meeting we were.
    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// What both sides are called by on the network until the next reunion, ours first; of the bond
    /// before too, while we are not sure of the present one.
    pub(super) fn calls(&self) -> Vec<[[u8; 32]; 2]> {
        let keys = [Some(self.now), self.before].into_iter().flatten();
        let name = |key: &Key, side| expand(&key.bytes, &[letter(side)], CALL);
        keys.map(|key| [self.side, self.side.other()].map(|side| name(&key, side)))
            .collect()
    }

    /// The other side was heard over the connection that was made by the present bond.
    pub(super) fn settle(&mut self) {
        self.before = None;
    }

    fn of_epoch(&self, epoch: u64) -> Option<Key> {
        let keys = [Some(self.now), self.before];
        keys.into_iter().flatten().find(|key| key.epoch == epoch)
    }
}

impl Reunion {
    /// Over a new connection whose ends use these certificates; gives what to send first. The
    /// nonce must be random and never used again.
    pub(super) fn new(
        bond: &Bond,
        certificates: Certificates,
        nonce: [u8; NONCE],
    ) -> (Self, Vec<u8>) {
        let reunion = Self {
            bond: bond.clone(),
            certificates,
            nonce,
            due: Due::Knock,
        };
        (reunion, vec![KNOCK])
    }

    /// Takes a message of the other side. After an error nothing is believed any more.
    ///
    /// # Errors
    /// [`ReunionError`]; the connection is then to be closed.
    pub(super) fn handle(&mut self, message: &[u8]) -> Result<Step, ReunionError> {
        let due = std::mem::replace(&mut self.due, Due::Nothing);
        let got = message.len();
        let (&kind, rest) = message.split_first().ok_or(ReunionError::NotDue { got })?;
        match (due, kind) {
            (Due::Knock, KNOCK) if rest.is_empty() => {
                self.due = Due::Again;
                Ok(Step::say(vec![self.again()]))
            }
            (due @ (Due::Knock | Due::Again), AGAIN) => {
                let same = self.meet(rest)?;
                Ok(Step::say(match due {
                    Due::Knock => vec![self.again(), same],
                    _ => vec![same],
                }))
            }
            (Due::Same(transcript), SAME) => {
                let tag = rest.try_into().map_err(|_| ReunionError::NotDue { got })?;
                if !transcript.fits(self.bond.side.other(), tag) {
                    return Err(ReunionError::Stranger);
                }
                self.due = Due::Resume(transcript);
                Ok(Step {
                    known: true,
                    ..Step::default()
                })
            }
            (Due::Resume(transcript), RESUME) => {
                let heard = rest.try_into().map_err(|_| ReunionError::NotDue { got })?;
                let before = transcript.key;
                self.bond.now = transcript.next();
                self.bond.before = match self.bond.side {
                    Side::Offerer => None,
                    Side::Answerer => Some(before),
                };
                Ok(Step {
                    heard: Some(u64::from_le_bytes(heard)),
                    ..Step::default()
                })
            }
            _ => Err(ReunionError::NotDue { got }),
        }
    }

    /// What says that we go on over this connection and no other, and how much we have heard.
    pub(super) fn resume(heard: u64) -> Vec<u8> {
        [&[RESUME][..], &heard.to_le_bytes()].concat()
    }

    /// The bond from now on: once the other side has said that it goes on.
    pub(super) fn into_bond(self) -> Bond {
        self.bond
    }

    fn again(&self) -> Vec<u8> {
        let mut message = vec![AGAIN, letter(self.bond.side)];
        message.extend(self.bond.now.epoch.to_le_bytes());
        message.extend(self.nonce);
        message
    }

    /// The other side is there; shows that we have the bond it should have.
    fn meet(&mut self, rest: &[u8]) -> Result<Vec<u8>, ReunionError> {
        let not_due = ReunionError::NotDue {
            got: 1 + rest.len(),
        };
        let (&[side], rest) = rest.split_first_chunk().ok_or(not_due)?;
        let (&epoch, rest) = rest.split_first_chunk().ok_or(not_due)?;
        let theirs = u64::from_le_bytes(epoch);
        let nonce: [u8; NONCE] = rest.try_into().map_err(|_| not_due)?;
        let Certificates { ours: o, theirs: t } = self.certificates;
        if side != letter(self.bond.side.other()) || o == t || nonce == self.nonce {
            return Err(ReunionError::Reflected);
        }
        let ours = self.bond.now.epoch;
        let named = match self.bond.side {
            // We name it; the answerer may be one ahead.
            Side::Offerer => Some(self.bond.now).filter(|_| theirs.wrapping_sub(ours) <= 1),
            Side::Answerer => self.bond.of_epoch(theirs),
        };
        let key = named.ok_or(ReunionError::OutOfStep { ours, theirs })?;
        let transcript =
            Transcript::new(key, self.bond.side, &self.certificates, [self.nonce, nonce]);
        let tag = transcript.mac(self.bond.side).finalize().into_bytes();
        self.due = Due::Same(transcript);
        Ok([&[SAME][..], &tag].concat())
    }
}

impl Step {
    fn say(say: Vec<Vec<u8>>) -> Self {
        Self {
            say,
            ..Self::default()
        }
    }
}

/// What both sides have seen, the offerer's things first, and the bond that it is confirmed by.
struct Transcript {
    key: Key,
    bytes: Vec<u8>,
}

impl Transcript {
    fn new(key: Key, side: Side, certificates: &Certificates, nonces: [[u8; NONCE]; 2]) -> Self {
        let Certificates { ours, theirs } = certificates;
        let [our, their] = nonces;
        let [first, second] = match side {
            Side::Offerer => [(ours, our), (theirs, their)],
            Side::Answerer => [(theirs, their), (ours, our)],
        };
        let mut bytes = vec![VERSION];
        bytes.extend(key.epoch.to_le_bytes());
        for (certificate, nonce) in [first, second] {
            bytes.extend(certificate);
            bytes.extend(nonce);
        }
        Self { key, bytes }
    }

    fn fits(&self, side: Side, tag: &[u8; TAG]) -> bool {
        self.mac(side).verify_slice(tag).is_ok()
    }

    fn mac(&self, side: Side) -> Hmac<Sha256> {
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.key.bytes);
        let mut mac = mac.unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
        mac.update(TOGETHER);
        mac.update(&[letter(side)]);
        mac.update(&self.bytes);
        mac
    }

    fn next(&self) -> Key {
        Key {
            epoch: self.key.epoch.saturating_add(1),
            bytes: expand(&self.key.bytes, &self.bytes, NEXT),
        }
    }
}

fn expand(key: &[u8; 32], salt: &[u8], label: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let expanded = Hkdf::<Sha256>::new(Some(salt), key).expand(label, &mut bytes);
    debug_assert!(expanded.is_ok(), "32 bytes are few");
    bytes
}

fn letter(side: Side) -> u8 {
    match side {
        Side::Offerer => b'A',
        Side::Answerer => b'B',
    }
}

/// Shows of which time it is, and nothing else.
impl fmt::Debug for Bond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bond({:?}, epoch {})", self.side, self.now.epoch)
    }
}

/// Random bytes of one side.
pub(super) const NONCE: usize = 16;

/// Bytes of an HMAC.
const TAG: usize = 32;

// Kinds, apart from those of the proof that a link begins with; but a knock is a knock.
const KNOCK: u8 = 35;
const AGAIN: u8 = 36;
const SAME: u8 = 37;
const RESUME: u8 = 38;

// Labels end in a zero byte and hold no other: none begins another.
const BOND: &[u8] = b"airshake link bond\0";
const CALL: &[u8] = b"airshake link call\0";
const TOGETHER: &[u8] = b"airshake link together\0";
const NEXT: &[u8] = b"airshake link next bond\0";

#[cfg(test)]
mod tests;
