//! Which of a browser's addresses are worth their sound.

use crate::signal::{Address, Candidate, Kind};
use core::net::IpAddr;

/// The addresses to say, the likeliest first: every one costs 4.5 to 18.5 bytes.
///
/// A browser lists those of containers and tunnels too, and does not say which is which; so of IPv4
/// a few more are said than by our own engine, IPv6 only without IPv4, names only without either.
pub(super) fn worth_saying(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut tiers: [Vec<Candidate>; 4] = Default::default();
    let (mut seen, mut relayed) = (Vec::new(), Vec::new());
    for candidate in candidates.into_iter().filter(Candidate::is_usable) {
        let tier = match (candidate.kind, candidate.address) {
            (Kind::ServerReflexive, _) => &mut seen,
            (Kind::Relayed, _) => &mut relayed,
            (Kind::Host, Address::Ip(ip)) if ip.is_loopback() => &mut tiers[3],
            (Kind::Host, Address::Ip(IpAddr::V4(_))) => &mut tiers[0],
            (Kind::Host, Address::Ip(IpAddr::V6(_))) => &mut tiers[1],
            (Kind::Host, Address::Mdns(_)) => &mut tiers[2],
        };
        if !tier.contains(&candidate) {
            tier.push(candidate);
        }
    }
    let best = tiers.into_iter().zip(MOST_OF_TIER);
    let mut said = best
        .map(|(mut tier, most)| {
            tier.truncate(most);
            tier
        })
        .find(|tier| !tier.is_empty())
        .unwrap_or_default();
    // How we are seen is news only where it is not how we are.
    seen.retain(|s| !said.iter().any(|host| host.address == s.address));
    seen.truncate(MOST_SEEN);
    relayed.truncate(1);
    said.extend(seen);
    said.extend(relayed);
    said
}

/// Of IPv4, IPv6, names and loopback.
const MOST_OF_TIER: [usize; 4] = [3, 1, 2, 1];

/// As two interfaces are seen.
const MOST_SEEN: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(addresses: &[&str]) -> Vec<Candidate> {
        let of = |address: &&str| {
            let (kind, address) = match address.split_once(' ') {
                Some(("srflx", address)) => (Kind::ServerReflexive, address),
                Some(("relay", address)) => (Kind::Relayed, address),
                _ => (Kind::Host, *address),
            };
            let line = match kind {
                Kind::Host => format!("candidate:1 1 udp 2113937151 {address} 40000 typ host"),
                Kind::ServerReflexive => format!(
                    "candidate:1 1 udp 1677732095 {address} 40000 typ srflx raddr 0.0.0.0 rport 0"
                ),
                Kind::Relayed => format!(
                    "candidate:1 1 udp 33562367 {address} 40000 typ relay raddr 0.0.0.0 rport 0"
                ),
            };
            Candidate::from_sdp_line(&line).unwrap().unwrap()
        };
        addresses.iter().map(of).collect()
    }

    const NAME: &str = "1f4712db-ea17-4bcf-a596-105139dfd8bf.local";

    #[test]
    fn a_laptop_says_its_ipv4_address_and_nothing_else() {
        let all = candidates(&["192.168.1.7", "2001:db8::7", "2001:db8::8", "127.0.0.1"]);
        assert_eq!(worth_saying(all), candidates(&["192.168.1.7"]));
    }

    #[test]
    fn what_there_is_instead_is_said_where_there_is_no_ipv4() {
        for (all, said) in [
            (&["2001:db8::7", "2001:db8::8"][..], &["2001:db8::7"][..]),
            (&[NAME, "127.0.0.1"], &[NAME]),
            (&["127.0.0.1"], &["127.0.0.1"]),
            (&[], &[]),
        ] {
            assert_eq!(worth_saying(candidates(all)), candidates(said), "{all:?}");
        }
    }

    #[test]
    fn how_servers_see_us_is_said_where_it_is_news() {
        let all = ["10.0.0.7", "srflx 198.51.100.7", "relay 198.51.100.9"];
        assert_eq!(worth_saying(candidates(&all)), candidates(&all));
        let all = ["198.51.100.7", "srflx 198.51.100.7"];
        assert_eq!(worth_saying(candidates(&all)), candidates(&all[..1]));
    }

    #[test]
    fn a_machine_full_of_bridges_does_not_talk_for_minutes() {
        let many: Vec<String> = (1..30).map(|n| format!("172.{n}.0.1")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(worth_saying(candidates(&many)), candidates(&many[..3]));
    }
}
