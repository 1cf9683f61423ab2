//! What descriptions and beacons share: fingerprint, message size, candidates.

use super::bitstream::{BitReader, BitWriter};
use super::candidate::{put_candidate, take_candidate};
use super::unassigned;
use crate::signal::description::sent;
use crate::signal::{Candidate, Description, Fingerprint, SignalError};

// The kinds of fingerprint; a description sends them in bits 1 and 0 of its first byte.
pub(super) const SHA_256: u8 = 0;
pub(super) const SHA_1: u8 = 1;
pub(super) const TRUNCATED_128: u8 = 2;

pub(super) fn fingerprint_kind(fingerprint: &Fingerprint) -> u8 {
    match fingerprint {
        Fingerprint::Sha256(_) => SHA_256,
        Fingerprint::Sha1(_) => SHA_1,
        Fingerprint::Truncated128(_) => TRUNCATED_128,
    }
}

pub(super) fn take_fingerprint(
    input: &mut BitReader<'_>,
    kind: u8,
) -> Result<Fingerprint, SignalError> {
    Ok(match kind {
        SHA_256 => Fingerprint::Sha256(input.take_bytes()?),
        SHA_1 => Fingerprint::Sha1(input.take_bytes()?),
        TRUNCATED_128 => Fingerprint::Truncated128(input.take_bytes()?),
        value => return Err(unassigned("fingerprint kind", value)),
    })
}

/// The message sizes that two bits name: webrtc-rs and whoever does not say, Chromium, Firefox.
const MESSAGE_SIZES: [u32; 3] = [
    Description::DEFAULT_MAX_MESSAGE_SIZE,
    262_144,
    1_073_741_823,
];
pub(super) const OTHER_MESSAGE_SIZE: u8 = 3;

pub(super) fn put_message_size(out: &mut BitWriter, size: u32) {
    match (0..).zip(MESSAGE_SIZES).find(|&(_, known)| known == size) {
        Some((code, _)) => out.put(code, 2),
        None => {
            out.put(OTHER_MESSAGE_SIZE.into(), 2);
            out.put(size.into(), 32);
        }
    }
}

pub(super) fn take_message_size(input: &mut BitReader<'_>) -> Result<u32, SignalError> {
    match input.take_u8(2)? {
        OTHER_MESSAGE_SIZE => {
            let size = u32::from_be_bytes(input.take_bytes()?);
            if MESSAGE_SIZES.contains(&size) {
                return Err(SignalError::NotCanonical("message size has a short form"));
            }
            Ok(size)
        }
        code => Ok(MESSAGE_SIZES[usize::from(code)]),
    }
}

/// Those that are [sent], to the end: nothing may follow them.
pub(super) fn put_candidates(out: &mut BitWriter, candidates: &[Candidate]) {
    let mut previous = None;
    for candidate in sent(candidates) {
        put_candidate(out, &candidate, previous);
        previous = Some(candidate.port);
    }
}

/// No count is sent: the shortest candidate has 36 bits, padding fewer than 8.
pub(super) fn take_candidates(input: &mut BitReader<'_>) -> Result<Vec<Candidate>, SignalError> {
    let mut candidates: Vec<Candidate> = Vec::new();
    while input.left() >= 8 {
        if candidates.len() == Description::MAX_CANDIDATES {
            return Err(SignalError::TooManyCandidates {
                max: Description::MAX_CANDIDATES,
            });
        }
        let candidate = take_candidate(input, candidates.last().map(|c| c.port))?;
        if candidates.contains(&candidate) {
            return Err(SignalError::NotCanonical("a candidate is repeated"));
        }
        candidates.push(candidate);
    }
    Ok(candidates)
}
