//! What both sides have seen of each other, in one order, and what is made of it.

use super::{Certificates, Root, Side, Words, message::Claims, message::TAG};
use crate::link::VERSION;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// A nonce of each side, both certificates and what is being proven: of fixed length, so that no
/// two meetings share one.
pub(super) struct Transcript([u8; 2 + 2 * 32 + 2 * 16]);

impl Transcript {
    /// The same on both sides: the offerer's things stand first.
    pub(super) fn new(
        side: Side,
        certificates: &Certificates,
        claims: Claims,
        our_nonce: [u8; 16],
        their_nonce: [u8; 16],
    ) -> Self {
        let Certificates { ours, theirs } = certificates;
        let [(first, first_nonce), (second, second_nonce)] = match side {
            Side::Offerer => [(ours, our_nonce), (theirs, their_nonce)],
            Side::Answerer => [(theirs, their_nonce), (ours, our_nonce)],
        };
        let mut bytes = [0; 98];
        bytes[0] = VERSION;
        bytes[1] = u8::from(claims.secret) | u8::from(claims.code) << 1;
        bytes[2..34].copy_from_slice(first);
        bytes[34..66].copy_from_slice(second);
        bytes[66..82].copy_from_slice(&first_nonce);
        bytes[82..].copy_from_slice(&second_nonce);
        Self(bytes)
    }

    /// What both screens show.
    pub(super) fn words(&self) -> Words {
        let mut bytes = [0; 4];
        let expanded = Hkdf::<Sha256>::new(None, &self.0).expand(WORDS, &mut bytes);
        debug_assert!(expanded.is_ok(), "four bytes are few");
        Words::of(bytes)
    }

    /// What the two share: nonces that only they have seen, and all else that they have proven.
    /// What stands in the transcript tells how long the keys are.
    pub(super) fn root(&self, secret: &[u8], key: &[u8]) -> Root {
        let mut bytes = [0; 32];
        let material = [&self.0[..], secret, key].concat();
        let expanded = Hkdf::<Sha256>::new(None, &material).expand(ROOT, &mut bytes);
        debug_assert!(expanded.is_ok(), "32 bytes are few");
        Root(bytes)
    }

    /// What `side` says to show that it has `key`.
    pub(super) fn tag(&self, by: By, key: &[u8], side: Side) -> [u8; TAG] {
        self.mac(by, key, side).finalize().into_bytes().into()
    }

    /// Whether `tag` is what `side` would say. Takes as long for every wrong one.
    pub(super) fn fits(&self, by: By, key: &[u8], side: Side, tag: &[u8; TAG]) -> bool {
        self.mac(by, key, side).verify_slice(tag).is_ok()
    }

    fn mac(&self, by: By, key: &[u8], side: Side) -> Hmac<Sha256> {
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(key);
        let mut mac = mac.unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
        mac.update(match by {
            By::Secret => SECRET,
            By::Code => CODE,
        });
        mac.update(&[letter(side)]);
        mac.update(&self.0);
        mac
    }
}

/// By which key something is confirmed.
#[derive(Clone, Copy)]
pub(super) enum By {
    Secret,
    Code,
}

/// Binds `side` to its nonce, at this meeting of these two.
pub(super) fn commitment(side: Side, certificates: &Certificates, nonce: &[u8; 16]) -> [u8; 32] {
    // The sender's own certificate first: both sides know which one that is.
    Sha256::new()
        .chain_update(COMMITMENT)
        .chain_update([letter(side)])
        .chain_update(certificates.ours)
        .chain_update(certificates.theirs)
        .chain_update(nonce)
        .finalize()
        .into()
}

fn letter(side: Side) -> u8 {
    match side {
        Side::Offerer => b'A',
        Side::Answerer => b'B',
    }
}

// Labels end in a zero byte and hold no other: none begins another.
const COMMITMENT: &[u8] = b"airshake link commitment\0";
const ROOT: &[u8] = b"airshake link root\0";
const WORDS: &[u8] = b"airshake link words\0";
const SECRET: &[u8] = b"airshake link secret\0";
const CODE: &[u8] = b"airshake link code\0";
