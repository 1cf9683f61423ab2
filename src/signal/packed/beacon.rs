//! A beacon's bits.

use super::bitstream::{BitReader, BitWriter};
use super::parts::{
    SHA_1, SHA_256, TRUNCATED_128, fingerprint_kind, put_candidates, put_message_size,
    take_candidates, take_fingerprint, take_message_size,
};
use super::{OTHERS, put_type, unassigned};
use crate::signal::{Beacon, Secret, SignalError};

// Detail of class OTHERS: bits 3 to 0.
pub(super) const BEACON_SHA_256: u8 = 4;
pub(super) const BEACON_TRUNCATED_128: u8 = 5;
pub(super) const BEACON_SHA_1: u8 = 6;

pub(super) fn put_beacon(out: &mut BitWriter, beacon: &Beacon) {
    let detail = match fingerprint_kind(&beacon.fingerprint) {
        SHA_256 => BEACON_SHA_256,
        SHA_1 => BEACON_SHA_1,
        _ => BEACON_TRUNCATED_128,
    };
    put_type(out, OTHERS, detail);
    put_message_size(out, beacon.max_message_size);
    out.put_bytes(&beacon.secret.0);
    out.put_bytes(beacon.fingerprint.bytes());
    put_candidates(out, &beacon.candidates);
}

/// The inverse of [`put_beacon`], told the detail.
pub(super) fn take_beacon(input: &mut BitReader<'_>, detail: u8) -> Result<Beacon, SignalError> {
    let kind = match detail {
        BEACON_SHA_256 => SHA_256,
        BEACON_TRUNCATED_128 => TRUNCATED_128,
        BEACON_SHA_1 => SHA_1,
        value => return Err(unassigned("kind of beacon", value)),
    };
    let max_message_size = take_message_size(input)?;
    let secret = Secret(input.take_bytes()?);
    let fingerprint = take_fingerprint(input, kind)?;
    Ok(Beacon {
        fingerprint,
        secret,
        max_message_size,
        candidates: take_candidates(input)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{pack, unpack};
    use super::*;
    use crate::signal::{Address, Candidate, Fingerprint, Kind, Signal};

    fn beacon(fingerprint: Fingerprint) -> Beacon {
        let address = |last| Address::Ip([192, 168, 1, last].into());
        let candidate = |last| Candidate {
            address: address(last),
            port: 40_000,
            kind: Kind::Host,
        };
        Beacon {
            fingerprint,
            secret: Secret([0xa5; 8]),
            max_message_size: 65_536,
            candidates: vec![candidate(5), candidate(6)],
        }
    }

    #[test]
    fn every_kind_reads_back_at_its_size() {
        for (fingerprint, one, two) in [
            (Fingerprint::Sha256([7; 32]), 48, 53),
            (Fingerprint::Sha1([7; 20]), 36, 41),
            (Fingerprint::Truncated128([7; 16]), 32, 37),
        ] {
            let mut beacon = beacon(fingerprint);
            let packed = pack(&beacon.clone().into());
            assert_eq!(packed.len(), two);
            assert_eq!(unpack(&packed), Ok(Signal::Beacon(beacon.clone())));
            beacon.candidates.pop();
            assert_eq!(pack(&beacon.into()).len(), one);
        }
    }

    #[test]
    fn a_beacon_cut_anywhere_is_no_beacon() {
        let mut beacon = beacon(Fingerprint::Truncated128([7; 16]));
        beacon.candidates.pop();
        let packed = pack(&beacon.into());
        for length in 0..packed.len() {
            assert!(unpack(&packed[..length]).is_err(), "{length}");
        }
    }
}
