//! Signals to bytes and back. The layout is drawn in the module's documentation.

mod beacon;
mod bitstream;
mod candidate;
mod credentials;
mod description;
mod invitation;
mod parts;

use beacon::{BEACON_SHA_1, BEACON_SHA_256, BEACON_TRUNCATED_128, put_beacon, take_beacon};
use bitstream::{BitReader, BitWriter};
use candidate::{put_candidate, take_candidate};
use description::{put_description, take_description};
use invitation::{ARRIVAL, INVITATION, put_arrival, put_invitation, take_arrival, take_invitation};

use super::{Signal, SignalError, text};

/// The format version: the upper two bits of the first byte.
///
/// Version 3 is kept for "the version is in the next byte", so that versions do not run out.
pub const VERSION: u8 = 1;

/// Packs a signal into as few bytes as it needs. [`unpack`] undoes it.
///
/// A description is sent in its normal form: its [candidates](super::Description::candidates)
/// usable and distinct, an answer with its [role](super::Setup::ActPass) decided, an offer without
/// a [tag](super::Description::answers). A single candidate that is not
/// [usable](super::Candidate::is_usable) will be refused where it arrives.
pub fn pack(signal: &Signal) -> Vec<u8> {
    let mut out = BitWriter::default();
    out.put(VERSION.into(), 2);
    match signal {
        Signal::Description(description) => put_description(&mut out, description),
        Signal::Beacon(beacon) => put_beacon(&mut out, beacon),
        Signal::Invitation(invitation) => put_invitation(&mut out, invitation),
        Signal::Arrival(arrival) => put_arrival(&mut out, arrival),
        Signal::Candidate(candidate) => {
            put_type(&mut out, OTHERS, CANDIDATE);
            put_candidate(&mut out, candidate, None);
        }
        Signal::Renegotiate => put_type(&mut out, OTHERS, RENEGOTIATE),
        Signal::Other(content) => match text::deflate(content) {
            Some(deflated) => {
                put_type(&mut out, OTHERS, TEXT_DEFLATED);
                out.put_bytes(&deflated);
            }
            None => {
                put_type(&mut out, OTHERS, TEXT_PLAIN);
                out.put_bytes(content.as_str().as_bytes());
            }
        },
    }
    out.into_bytes()
}

/// Reads what [`pack`] wrote. The bytes may come from anybody: the work and the memory are bounded,
/// and what comes out holds nothing but checked values.
///
/// Every signal but [`Signal::Other`] has exactly one spelling, so `pack(unpack(bytes)) == bytes`.
/// (A text has many, because compressors differ; it comes out the same.)
///
/// # Errors
/// If the bytes are not a signal of this [`VERSION`] in canonical form.
pub fn unpack(bytes: &[u8]) -> Result<Signal, SignalError> {
    let (&first, rest) = bytes.split_first().ok_or(SignalError::Empty)?;
    let version = first >> 6;
    if version != VERSION {
        return Err(SignalError::Version {
            found: version,
            supported: VERSION,
        });
    }
    let (class, detail) = (first >> 4 & 3, first & 15);
    let mut input = BitReader::new(rest);
    if class != OTHERS {
        let description = take_description(&mut input, class, detail)?;
        input.finish()?;
        return Ok(Signal::Description(description));
    }
    match detail {
        CANDIDATE => {
            let candidate = take_candidate(&mut input, None)?;
            input.finish()?;
            Ok(Signal::Candidate(candidate))
        }
        BEACON_SHA_256 | BEACON_TRUNCATED_128 | BEACON_SHA_1 => {
            let beacon = take_beacon(&mut input, detail)?;
            input.finish()?;
            Ok(Signal::Beacon(beacon))
        }
        INVITATION => {
            let invitation = take_invitation(&mut input)?;
            input.finish()?;
            Ok(Signal::Invitation(invitation))
        }
        ARRIVAL => {
            let arrival = take_arrival(&mut input)?;
            input.finish()?;
            Ok(Signal::Arrival(arrival))
        }
        RENEGOTIATE => input.finish().map(|()| Signal::Renegotiate),
        TEXT_DEFLATED => text::inflate(rest).map(Signal::Other),
        TEXT_PLAIN => text::plain(rest).map(Signal::Other),
        _ => Err(unassigned("signal type", first & 63)),
    }
}

// Class: bits 5 and 4 of the first byte.
const OFFER: u8 = 0;
const ANSWER: u8 = 1;
const TAGGED_ANSWER: u8 = 2;
const OTHERS: u8 = 3;

// Detail of class OTHERS: bits 3 to 0. Beacons are 4 to 6, an invitation 7, a
// guest's arrival 8.
const CANDIDATE: u8 = 0;
const RENEGOTIATE: u8 = 1;
const TEXT_DEFLATED: u8 = 2;
const TEXT_PLAIN: u8 = 3;

fn put_type(out: &mut BitWriter, class: u8, detail: u8) {
    out.put(class.into(), 2);
    out.put(detail.into(), 4);
}

fn unassigned(field: &'static str, value: u8) -> SignalError {
    SignalError::Unassigned { field, value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{
        Address, Arrival, Beacon, Candidate, Credentials, Description, Fingerprint, IceCredentials,
        Invitation, Kind, Role, Secret, Setup, Tag, Text,
    };

    /// The wire as it is published; a change here is another [`VERSION`]. The bytes were put together
    /// from the drawn layout, apart from this code.
    #[test]
    fn the_bytes_of_version_1_are_frozen() {
        let candidate = Candidate {
            address: Address::Ip([192, 168, 1, 5].into()),
            port: 40_000,
            kind: Kind::Host,
        };
        let offer = Description {
            role: Role::Offer,
            setup: Setup::ActPass,
            credentials: Credentials::Derived,
            fingerprint: Fingerprint::Truncated128(std::array::from_fn(|i| i as u8)),
            max_message_size: 65_536,
            candidates: vec![candidate],
            answers: None,
        };
        let beacon = Beacon {
            fingerprint: offer.fingerprint,
            secret: Secret(std::array::from_fn(|i| 0xf8 + i as u8)),
            max_message_size: 262_144,
            candidates: vec![candidate],
        };
        let invitation = Invitation {
            credentials: IceCredentials::new("qIfV", "0123456789abcdefghijklmn").unwrap(),
            sha256: std::array::from_fn(|i| i as u8),
            max_message_size: 262_144,
            candidates: vec![candidate],
        };
        let arrival = Arrival {
            answers: Tag(0xba),
            candidates: vec![candidate],
        };
        let answer = Description {
            role: Role::Answer,
            setup: Setup::Passive,
            max_message_size: 262_144,
            ..offer.clone()
        };
        for (signal, bytes) in [
            (Signal::Renegotiate, "71"),
            (Signal::Candidate(candidate), "7018150020b38800"),
            (Signal::Other(text("hi")), "73 6869"),
            (
                Signal::Description(offer),
                "420000102030405060708090a0b0c0d0e0f18150020b3880",
            ),
            (
                Signal::Beacon(beacon),
                "757e3e7ebeff3f7fbfc0004080c1014181c2024282c3034383c60540082ce200",
            ),
            (
                Signal::Invitation(invitation),
                "775000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\
                 a887d5d35db7e39ebbf3d69b71d79f8218a39259a718150020b3880",
            ),
            (Signal::Arrival(arrival), "78ba18150020b38800"),
            (
                Signal::Description(answer.clone()),
                "52a00020406080a0c0e10121416181a1c1e302a004167100",
            ),
            (
                Signal::Description(answer.answering(b"abc")),
                "62b7400020406080a0c0e10121416181a1c1e302a004167100",
            ),
        ] {
            let packed: String = pack(&signal).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(packed, bytes.replace(' ', ""), "{signal:?}");
        }
    }

    #[test]
    fn unassigned_values_are_refused_by_name() {
        let setup_3 = [&[0x42, 0b1100_0000][..], &[0; 30]].concat();
        let kind_7 = [&[0x52][..], &[0; 16], &[0b0001_1100], &[0; 20]].concat();
        for (bytes, field) in [
            (&[0x79][..], "signal type 57"),
            (&[0x7f], "signal type 63"),
            (&[0x43; 60], "fingerprint kind 3"),
            (&setup_3, "setup 3"),
            (&kind_7, "candidate kind 7"),
        ] {
            let error = unpack(bytes).unwrap_err().to_string();
            assert!(error.starts_with(field), "{error}");
        }
    }

    fn text(content: &str) -> Text {
        Text::new(content).unwrap()
    }
}
