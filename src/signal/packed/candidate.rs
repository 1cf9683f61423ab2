//! A candidate's bits.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bitstream::{BitReader, BitWriter};
use super::unassigned;
use crate::signal::{Address, Candidate, Kind, MdnsName, SignalError};

/// Three bits say what it is, the next (absent in the first) that the port is the previous one's.
pub(super) fn put_candidate(out: &mut BitWriter, candidate: &Candidate, previous: Option<u16>) {
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

pub(super) fn take_candidate(
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
