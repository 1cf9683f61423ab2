//! One transport address where a peer may be reached, and its line in an SDP.

use core::net::{IpAddr, Ipv6Addr};
use std::fmt;
use std::str::FromStr;

use super::SdpError;

/// A UDP candidate of component 1.
///
/// Priority, foundation and related address are not kept: [`Candidate::sdp_line`] makes new ones
/// that leave the order of the candidates as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Where.
    pub address: Address,
    /// UDP port.
    pub port: u16,
    /// How the address was learnt.
    pub kind: Kind,
}

/// How a candidate's address was learnt (RFC 8445, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The peer's own interface.
    Host,
    /// As a STUN server sees the peer.
    ServerReflexive,
    /// A TURN server's.
    Relayed,
}

/// An address, or the name that stands for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A number.
    Ip(IpAddr),
    /// A name to be asked for by multicast DNS, with which browsers hide the number.
    Mdns(MdnsName),
}

/// A random UUID (version 4) under `.local`, as draft-ietf-mmusic-mdns-ice-candidates section 3.1.1
/// makes names. 122 of its bits vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MdnsName([u8; 16]);

impl Candidate {
    /// Whether [`pack`](super::pack) sends it.
    ///
    /// Not sent are port 0, the unspecified, multicast and broadcast addresses, link-local IPv6
    /// (it needs a zone, which means nothing on another host) and names of any kind but `Host`.
    pub fn is_usable(&self) -> bool {
        let address = match self.address {
            Address::Mdns(_) => self.kind == Kind::Host,
            Address::Ip(ip) if ip.is_unspecified() || ip.is_multicast() => false,
            Address::Ip(IpAddr::V4(ip)) => !ip.is_broadcast(),
            Address::Ip(IpAddr::V6(ip)) => !ip.is_unicast_link_local(),
        };
        address && self.port != 0
    }

    /// Reads a candidate attribute, with or without `a=` and `candidate:` in front.
    ///
    /// None stands for a candidate that cannot be used here and is dropped: TCP, another
    /// component, or not [usable](Self::is_usable).
    ///
    /// # Errors
    /// [`SdpError::Candidate`] if it is not a candidate, or one that matters and does not fit: an
    /// address with a zone, a host name that is not a random UUID, an unknown type.
    pub fn from_sdp_line(line: &str) -> Result<Option<Self>, SdpError> {
        let bad = |problem| SdpError::Candidate { problem };
        let line = line.trim();
        let line = line.strip_prefix("a=").unwrap_or(line);
        let line = line.strip_prefix("candidate:").unwrap_or(line);
        let mut words = line.split_ascii_whitespace();
        let mut word = || words.next().ok_or(bad("it ends early"));
        let _foundation = word()?;
        let component: u16 = word()?.parse().map_err(|_| bad("bad component"))?;
        let transport = word()?;
        let _priority: u32 = word()?.parse().map_err(|_| bad("bad priority"))?;
        let (address, port) = (word()?, word()?);
        if word()? != "typ" {
            return Err(bad("no typ"));
        }
        let kind = word()?;
        if component != 1 || !transport.eq_ignore_ascii_case("udp") {
            return Ok(None);
        }
        let candidate = Self {
            address: address.parse()?,
            port: port.parse().map_err(|_| bad("bad port"))?,
            kind: match kind {
                "host" => Kind::Host,
                "srflx" => Kind::ServerReflexive,
                "relay" => Kind::Relayed,
                _ => return Err(bad("unknown type")),
            },
        };
        Ok(candidate.is_usable().then_some(candidate))
    }

    /// The attribute `candidate:...` for the candidate in place `index` of its description, the
    /// inverse of [`Candidate::from_sdp_line`].
    pub fn sdp_line(&self, index: u16) -> String {
        // RFC 8445, section 5.1.2.1; the type preferences are those of 5.1.2.2.
        let (name, preference) = match self.kind {
            Kind::Host => ("host", 126u32),
            Kind::ServerReflexive => ("srflx", 100),
            Kind::Relayed => ("relay", 0),
        };
        let priority = preference << 24 | u32::from(u16::MAX - index) << 8 | 255;
        // A base is required of what is not a host; browsers hide it as the unspecified address.
        let base = match (self.kind, self.address) {
            (Kind::Host, _) => "",
            (_, Address::Ip(IpAddr::V6(_))) => " raddr :: rport 0",
            _ => " raddr 0.0.0.0 rport 0",
        };
        let Self { address, port, .. } = self;
        let foundation = u32::from(index) + 1;
        format!("candidate:{foundation} 1 udp {priority} {address} {port} typ {name}{base}")
    }
}

impl MdnsName {
    /// From the 16 bytes of a UUID; none if its version is not 4 or its variant not RFC 9562's.
    pub fn from_bytes(uuid: [u8; 16]) -> Option<Self> {
        (uuid[6] >> 4 == 4 && uuid[8] >> 6 == 0b10).then_some(Self(uuid))
    }

    /// The 16 bytes of the UUID.
    pub fn bytes(&self) -> [u8; 16] {
        self.0
    }

    /// The 122 bits that vary, in order.
    pub(super) fn random_bits(self) -> u128 {
        let uuid = u128::from_be_bytes(self.0);
        (uuid >> 80) << 74 | (uuid >> 64 & 0xfff) << 62 | (uuid & LOW_62)
    }

    /// The inverse of [`random_bits`](Self::random_bits).
    pub(super) fn from_random_bits(bits: u128) -> Self {
        let uuid = (bits >> 74) << 80 | 4 << 76 | (bits >> 62 & 0xfff) << 64 | 2 << 62;
        Self((uuid | bits & LOW_62).to_be_bytes())
    }
}

const LOW_62: u128 = (1 << 62) - 1;

impl fmt::Display for MdnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            let dash = if matches!(i, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        f.write_str(".local")
    }
}

impl FromStr for MdnsName {
    type Err = SdpError;

    fn from_str(name: &str) -> Result<Self, SdpError> {
        parse_uuid(name).ok_or(SdpError::Candidate {
            problem: "its name is not a random UUID under .local",
        })
    }
}

fn parse_uuid(name: &str) -> Option<MdnsName> {
    let name = name.to_ascii_lowercase();
    let digits: String = name.strip_suffix(".local")?.split('-').collect();
    // A sign would pass `from_str_radix`; the comparison refuses it, and dashes out of place.
    let uuid = u128::from_str_radix(&digits, 16).ok()?.to_be_bytes();
    MdnsName::from_bytes(uuid).filter(|uuid| uuid.to_string() == name)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Mdns(name) => name.fmt(f),
        }
    }
}

impl FromStr for Address {
    type Err = SdpError;

    fn from_str(text: &str) -> Result<Self, SdpError> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        let zone = text.split_once('%').map(|(ip, _)| ip.parse::<Ipv6Addr>());
        if let Some(Ok(_)) = zone {
            let problem = "its address has a zone, which means nothing on another host";
            return Err(SdpError::Candidate { problem });
        }
        text.parse().map(Self::Mdns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidates() -> impl Strategy<Value = Candidate> {
        let address = prop_oneof![
            any::<[u8; 4]>().prop_map(|ip| Address::Ip(ip.into())),
            any::<[u8; 16]>().prop_map(|ip| Address::Ip(ip.into())),
            any::<u128>().prop_map(|b| Address::Mdns(MdnsName::from_random_bits(b >> 6))),
        ];
        let kind = prop_oneof![
            Just(Kind::Host),
            Just(Kind::ServerReflexive),
            Just(Kind::Relayed)
        ];
        (address, any::<u16>(), kind)
            .prop_map(|(address, port, kind)| Candidate {
                address,
                port,
                kind,
            })
            .prop_filter("usable", Candidate::is_usable)
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(candidate in candidates(), index: u16) {
            let line = candidate.sdp_line(index);
            prop_assert_eq!(Candidate::from_sdp_line(&line), Ok(Some(candidate)));
        }

        #[test]
        fn random_bits_are_all_that_a_name_holds(bits in 0u128..1 << 122) {
            let name = MdnsName::from_random_bits(bits);
            prop_assert_eq!(name.random_bits(), bits);
            prop_assert_eq!(MdnsName::from_bytes(name.bytes()), Some(name));
        }
    }

    #[test]
    fn a_browser_s_line_is_read() {
        let line = "a=candidate:1571991631 1 udp 2113937151 \
            ba42762d-b349-4eda-8faa-3faf2f5f400c.local 36264 typ host generation 0 network-cost 999";
        let candidate = Candidate::from_sdp_line(line).unwrap().unwrap();
        assert_eq!(candidate.port, 36264);
        let name = candidate.address.to_string();
        assert_eq!(name, "ba42762d-b349-4eda-8faa-3faf2f5f400c.local");
    }

    #[test]
    fn what_cannot_be_used_is_dropped() {
        for line in [
            "candidate:1 1 tcp 1518280447 192.168.77.2 9 typ host tcptype active",
            "candidate:1 2 udp 2130706431 192.168.77.2 4000 typ host",
            "candidate:1 1 udp 2130706431 fe80::1 4000 typ host",
            "candidate:1 1 udp 2130706431 0.0.0.0 4000 typ host",
            "candidate:1 1 udp 2130706431 224.0.0.251 4000 typ host",
            "candidate:1 1 udp 2130706431 192.168.77.2 0 typ host",
        ] {
            assert_eq!(Candidate::from_sdp_line(line), Ok(None), "{line}");
        }
    }

    #[test]
    fn what_matters_and_does_not_fit_is_refused() {
        for line in [
            "",
            "candidate:1 1 udp 2130706431 192.168.77.2",
            "candidate:1 1 udp 2130706431 192.168.77.2 70000 typ host",
            "candidate:1 1 udp 2130706431 192.168.77.2 4000 host",
            "candidate:1 1 udp 2130706431 192.168.77.2 4000 typ prflx",
            "candidate:1 1 udp 2130706431 192.168.77.256 4000 typ host",
            "candidate:1 1 udp 2130706431 fe80::1%eth0 4000 typ host",
            "candidate:1 1 udp 2130706431 printer.local 4000 typ host",
            // A UUID of version 1, one with its dashes out of place, one with a sign.
            "candidate:1 1 udp 1 ba42762d-b349-1eda-8faa-3faf2f5f400c.local 4 typ host",
            "candidate:1 1 udp 1 ba42-762db349-4eda-8faa-3faf2f5f400c.local 4 typ host",
            "candidate:1 1 udp 1 +a42762d-b349-4eda-8faa-3faf2f5f400c.local 4 typ host",
        ] {
            let result = Candidate::from_sdp_line(line);
            assert!(matches!(result, Err(SdpError::Candidate { .. })), "{line}");
        }
    }

    #[test]
    fn earlier_candidates_of_a_kind_have_the_higher_priority() {
        let line = "candidate:1 1 udp 2130706431 192.168.77.2 4000 typ host";
        let candidate = Candidate::from_sdp_line(line).unwrap().unwrap();
        assert_eq!(candidate.sdp_line(0), line);
        assert!(candidate.sdp_line(1).contains(" 2130706175 "));
    }
}
