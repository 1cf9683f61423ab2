//! A description's bits.

use super::bitstream::{BitReader, BitWriter};
use super::credentials::{form, put_credentials, take_credentials};
use super::parts::{
    fingerprint_kind, put_candidates, put_message_size, take_candidates, take_fingerprint,
    take_message_size,
};
use super::{ANSWER, OFFER, TAGGED_ANSWER, put_type, unassigned};
use crate::signal::{Description, Role, Setup, SignalError, Tag};

pub(super) fn put_description(out: &mut BitWriter, description: &Description) {
    let class = match (description.role, description.answers()) {
        (Role::Offer, _) => OFFER,
        (Role::Answer, None) => ANSWER,
        (Role::Answer, Some(_)) => TAGGED_ANSWER,
    };
    let fingerprint = fingerprint_kind(&description.fingerprint);
    put_type(
        out,
        class,
        form(&description.credentials) << 2 | fingerprint,
    );

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
    put_message_size(out, description.max_message_size);
    if let Some(Tag(tag)) = description.answers() {
        out.put(tag.into(), 8);
    }
    out.put_bytes(description.fingerprint.bytes());
    put_credentials(out, &description.credentials);
    put_candidates(out, &description.candidates);
}

pub(super) fn take_description(
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
    let max_message_size = take_message_size(input)?;
    let answers = match class {
        TAGGED_ANSWER => Some(Tag(input.take_u8(8)?)),
        _ => None,
    };
    let fingerprint = take_fingerprint(input, detail & 3)?;
    let credentials = take_credentials(input, detail >> 2)?;
    let candidates = take_candidates(input)?;
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

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::super::candidate::put_candidate;
    use super::super::credentials::ANY;
    use super::super::parts::{OTHER_MESSAGE_SIZE, TRUNCATED_128};
    use super::super::{VERSION, pack, unpack};
    use super::*;
    use crate::signal::{Address, Candidate, Credentials, Fingerprint, Kind, Signal};

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
        refused("credentials have a shorter form", &|out| {
            put_type(out, ANSWER, ANY << 2 | TRUNCATED_128);
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
}
