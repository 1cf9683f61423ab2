//! Signals to bytes and back. The layout is drawn in the module's documentation.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bitstream::{BitReader, BitWriter};
use super::credentials::{ice_char, ice_value};
use super::{
    Address, Candidate, Credentials, Description, Fingerprint, IceCredentials, Kind, MdnsName, Pwd,
    Role, Setup, Signal, SignalError, Tag, Ufrag, text,
};

/// The format version: the upper two bits of the first byte.
///
/// Version 3 is kept for "the version is in the next byte", so that versions do not run out.
pub const VERSION: u8 = 1;

/// Packs a signal into as few bytes as it needs. [`unpack`] undoes it.
///
/// A description is sent in its normal form: see [`Description::candidates`] for what is left out,
/// [`Setup::ActPass`] and [`Description::answers`] for what an answer and an offer cannot say. A
/// single candidate that is not [usable](Candidate::is_usable) will be refused where it arrives.
pub fn pack(signal: &Signal) -> Vec<u8> {
    let mut out = BitWriter::default();
    out.put(VERSION.into(), 2);
    match signal {
        Signal::Description(description) => put_description(&mut out, description),
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

// Detail of class OTHERS: bits 3 to 0. For a one-sound beacon, 4 (whole SHA-256 fingerprint) and
// 5 (128 bits of it) are kept.
const CANDIDATE: u8 = 0;
const RENEGOTIATE: u8 = 1;
const TEXT_DEFLATED: u8 = 2;
const TEXT_PLAIN: u8 = 3;

// Detail of a description, bits 3 and 2: how ICE credentials travel.
const DERIVED: u8 = 0;
const CHROMIUM_LENGTHS: u8 = 1;
const ANY_LENGTHS: u8 = 2;

// Bits 1 and 0: the fingerprint.
const SHA_256: u8 = 0;
const SHA_1: u8 = 1;
const TRUNCATED_128: u8 = 2;

/// Lengths of Chromium's user fragment and password, in characters.
const CHROMIUM: (usize, usize) = (4, 24);

/// The message sizes that two bits name: webrtc-rs and whoever does not say, Chromium, Firefox.
const MESSAGE_SIZES: [u32; 3] = [
    Description::DEFAULT_MAX_MESSAGE_SIZE,
    262_144,
    1_073_741_823,
];
const OTHER_MESSAGE_SIZE: u8 = 3;

fn put_type(out: &mut BitWriter, class: u8, detail: u8) {
    out.put(class.into(), 2);
    out.put(detail.into(), 4);
}

fn put_description(out: &mut BitWriter, description: &Description) {
    let class = match (description.role, description.answers()) {
        (Role::Offer, _) => OFFER,
        (Role::Answer, None) => ANSWER,
        (Role::Answer, Some(_)) => TAGGED_ANSWER,
    };
    let credentials = match &description.credentials {
        Credentials::Derived => DERIVED,
        Credentials::Explicit(explicit) if lengths(explicit) == CHROMIUM => CHROMIUM_LENGTHS,
        Credentials::Explicit(_) => ANY_LENGTHS,
    };
    let fingerprint = match description.fingerprint {
        Fingerprint::Sha256(_) => SHA_256,
        Fingerprint::Sha1(_) => SHA_1,
        Fingerprint::Truncated128(_) => TRUNCATED_128,
    };
    put_type(out, class, credentials << 2 | fingerprint);

    let setup = description.decided_setup();
    match description.role {
        Role::Offer => {
            let code = match setup {
                Setup::ActPass => 0,
                Setup::Active => 1,
                Setup::Passive => 2,
            };
            out.put(code, 2);
        }
        Role::Answer => out.put((setup == Setup::Passive).into(), 1),
    }
    let size = description.max_message_size;
    match (0..).zip(MESSAGE_SIZES).find(|&(_, known)| known == size) {
        Some((code, _)) => out.put(code, 2),
        None => {
            out.put(OTHER_MESSAGE_SIZE.into(), 2);
            out.put(size.into(), 32);
        }
    }
    if let Some(Tag(tag)) = description.answers() {
        out.put(tag.into(), 8);
    }
    out.put_bytes(description.fingerprint.bytes());
    if let Credentials::Explicit(explicit) = &description.credentials {
        if credentials == ANY_LENGTHS {
            let (ufrag, pwd) = lengths(explicit);
            out.put((ufrag - Ufrag::LENGTHS.start()) as u128, 8);
            out.put((pwd - Pwd::LENGTHS.start()) as u128, 8);
        }
        for char in [explicit.ufrag.as_str(), explicit.pwd.as_str()]
            .concat()
            .chars()
        {
            out.put(ice_value(char).unwrap_or_default().into(), 6);
        }
    }
    let mut previous = None;
    for candidate in description.sent_candidates() {
        put_candidate(out, &candidate, previous);
        previous = Some(candidate.port);
    }
}

fn take_description(
    input: &mut BitReader<'_>,
    class: u8,
    detail: u8,
) -> Result<Description, SignalError> {
    let role = if class == OFFER {
        Role::Offer
    } else {
        Role::Answer
    };
    let setup = match (role, input.take_u8(if class == OFFER { 2 } else { 1 })?) {
        (Role::Offer, 0) => Setup::ActPass,
        (Role::Offer, 1) | (Role::Answer, 0) => Setup::Active,
        (Role::Offer, 2) | (Role::Answer, _) => Setup::Passive,
        (Role::Offer, value) => return Err(unassigned("setup", value)),
    };
    let max_message_size = match input.take_u8(2)? {
        OTHER_MESSAGE_SIZE => {
            let size = u32::from_be_bytes(input.take_bytes()?);
            if MESSAGE_SIZES.contains(&size) {
                return Err(SignalError::NotCanonical("message size has a short form"));
            }
            size
        }
        code => MESSAGE_SIZES[usize::from(code)],
    };
    let answers = match class {
        TAGGED_ANSWER => Some(Tag(input.take_u8(8)?)),
        _ => None,
    };
    let fingerprint = match detail & 3 {
        SHA_256 => Fingerprint::Sha256(input.take_bytes()?),
        SHA_1 => Fingerprint::Sha1(input.take_bytes()?),
        TRUNCATED_128 => Fingerprint::Truncated128(input.take_bytes()?),
        value => return Err(unassigned("fingerprint kind", value)),
    };
    let credentials = match detail >> 2 {
        DERIVED => Credentials::Derived,
        CHROMIUM_LENGTHS => take_credentials(input, CHROMIUM)?,
        ANY_LENGTHS => {
            let ufrag = Ufrag::LENGTHS.start() + usize::from(input.take_u8(8)?);
            let pwd = Pwd::LENGTHS.start() + usize::from(input.take_u8(8)?);
            if (ufrag, pwd) == CHROMIUM {
                return Err(SignalError::NotCanonical("credentials have a short form"));
            }
            take_credentials(input, (ufrag, pwd))?
        }
        value => return Err(unassigned("credentials kind", value)),
    };
    let mut candidates: Vec<Candidate> = Vec::new();
    // No count is sent: the shortest candidate has 36 bits, padding fewer than 8.
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
    Ok(Description {
        role,
        setup,
        credentials,
        fingerprint,
        max_message_size,
        candidates,
        answers,
    })
}

fn lengths(credentials: &IceCredentials) -> (usize, usize) {
    let IceCredentials { ufrag, pwd } = credentials;
    (ufrag.as_str().len(), pwd.as_str().len())
}

fn take_credentials(
    input: &mut BitReader<'_>,
    (ufrag, pwd): (usize, usize),
) -> Result<Credentials, SignalError> {
    let mut take = |length| -> Result<String, SignalError> {
        (0..length)
            .map(|_| input.take_u8(6).map(ice_char))
            .collect()
    };
    let (ufrag, pwd) = (take(ufrag)?, take(pwd)?);
    Ok(Credentials::Explicit(IceCredentials::new(&ufrag, &pwd)?))
}

/// Three bits say what it is, the next (absent in the first) that the port is the previous one's.
fn put_candidate(out: &mut BitWriter, candidate: &Candidate, previous: Option<u16>) {
    let kind = match candidate.kind {
        Kind::Host => 0,
        Kind::ServerReflexive => 3,
        Kind::Relayed => 5,
    };
    let (family, address, width) = match candidate.address {
        Address::Ip(IpAddr::V4(ip)) => (0, ip.to_bits().into(), 32),
        Address::Ip(IpAddr::V6(ip)) => (1, ip.to_bits(), 128),
        Address::Mdns(name) => (2, name.random_bits(), 122),
    };
    out.put(kind + family, 3);
    let same = previous == Some(candidate.port);
    if previous.is_some() {
        out.put(same.into(), 1);
    }
    out.put(address, width);
    if !same {
        out.put(candidate.port.into(), 16);
    }
}

fn take_candidate(
    input: &mut BitReader<'_>,
    previous: Option<u16>,
) -> Result<Candidate, SignalError> {
    let (kind, family) = match input.take_u8(3)? {
        code @ 0..=2 => (Kind::Host, code),
        code @ 3..=4 => (Kind::ServerReflexive, code - 3),
        code @ 5..=6 => (Kind::Relayed, code - 5),
        code => return Err(unassigned("candidate kind", code)),
    };
    let same = previous.is_some() && input.take(1)? == 1;
    let address = match family {
        0 => Address::Ip(Ipv4Addr::from(input.take_bytes::<4>()?).into()),
        1 => Address::Ip(Ipv6Addr::from(input.take_bytes::<16>()?).into()),
        _ => Address::Mdns(MdnsName::from_random_bits(input.take(122)?)),
    };
    let port = match previous {
        Some(port) if same => port,
        _ => u16::from_be_bytes(input.take_bytes()?),
    };
    if !same && previous == Some(port) {
        return Err(SignalError::NotCanonical("a port is repeated"));
    }
    let candidate = Candidate {
        address,
        port,
        kind,
    };
    if candidate.is_usable() {
        Ok(candidate)
    } else {
        Err(SignalError::Unusable)
    }
}

fn unassigned(field: &'static str, value: u8) -> SignalError {
    SignalError::Unassigned { field, value }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn another_spelling_of_the_same_signal_is_refused() {
        let refused = |why, write: &dyn Fn(&mut BitWriter)| {
            let mut out = BitWriter::default();
            out.put(VERSION.into(), 2);
            write(&mut out);
            let error = SignalError::NotCanonical(why);
            assert_eq!(unpack(&out.into_bytes()), Err(error));
        };
        refused("message size has a short form", &|out| {
            put_type(out, ANSWER, TRUNCATED_128);
            out.put(0, 1);
            out.put(OTHER_MESSAGE_SIZE.into(), 2);
            out.put(65_536, 32);
            out.put(0, 128);
        });
        refused("credentials have a short form", &|out| {
            put_type(out, ANSWER, ANY_LENGTHS << 2 | TRUNCATED_128);
            out.put(0, 3);
            out.put(0, 128);
            out.put(0, 8);
            out.put(2, 8);
            out.put(0, 84);
            out.put(0, 84);
        });
        let address = u128::from(Ipv4Addr::new(10, 0, 0, 1).to_bits());
        let head = |out: &mut BitWriter| {
            put_type(out, ANSWER, TRUNCATED_128);
            out.put(0, 3);
            out.put(0, 128);
            out.put(0, 3);
            out.put(address, 32);
            out.put(7, 16);
        };
        refused("a port is repeated", &|out| {
            head(out);
            out.put(0, 4);
            out.put(address + 1, 32);
            out.put(7, 16);
        });
        refused("a candidate is repeated", &|out| {
            head(out);
            out.put(1, 4);
            out.put(address, 32);
        });
        refused("padding bits are not zero", &|out| {
            put_type(out, ANSWER, TRUNCATED_128);
            out.put(0, 3);
            out.put(0, 128);
            out.put(1, 5);
        });
    }

    #[test]
    fn unassigned_values_are_refused_by_name() {
        let setup_3 = [&[0x42, 0b1100_0000][..], &[0; 30]].concat();
        let kind_7 = [&[0x52][..], &[0; 16], &[0b0001_1100], &[0; 20]].concat();
        for (bytes, field) in [
            (&[0x74][..], "signal type 52"),
            (&[0x75], "signal type 53"),
            (&[0x43; 60], "fingerprint kind 3"),
            (&[0x4c; 60], "credentials kind 3"),
            (&setup_3, "setup 3"),
            (&kind_7, "candidate kind 7"),
        ] {
            let error = unpack(bytes).unwrap_err().to_string();
            assert!(error.starts_with(field), "{error}");
        }
    }

    #[test]
    fn more_candidates_than_the_limit_are_refused_and_not_sent() {
        let most = Description::MAX_CANDIDATES;
        let mut out = BitWriter::default();
        out.put(VERSION.into(), 2);
        put_type(&mut out, ANSWER, TRUNCATED_128);
        out.put(0, 3);
        out.put(0, 128);
        let mut candidate = Candidate {
            address: Address::Ip([10, 0, 0, 1].into()),
            port: 1,
            kind: Kind::Host,
        };
        let mut previous = None;
        let mut all = Vec::new();
        for port in 1..=most as u16 + 1 {
            candidate.port = port;
            put_candidate(&mut out, &candidate, previous);
            previous = Some(port);
            all.push(candidate);
        }
        let too_many = SignalError::TooManyCandidates { max: most };
        assert_eq!(unpack(&out.into_bytes()), Err(too_many));

        let description = Description {
            role: Role::Answer,
            setup: Setup::Active,
            credentials: Credentials::Derived,
            fingerprint: Fingerprint::Truncated128([0; 16]),
            max_message_size: 65_536,
            candidates: all,
            answers: None,
        };
        let Ok(Signal::Description(sent)) = unpack(&pack(&description.into())) else {
            panic!("sixteen candidates are allowed");
        };
        assert_eq!(sent.candidates.len(), most);
    }

    fn text(content: &str) -> super::super::Text {
        super::super::Text::new(content).unwrap()
    }
}
