//! Which of our addresses a peer in the same room can reach: every one costs 4.5 to 18.5 bytes of
//! sound, so only those that are likely to work are told.

use super::{interfaces::Place, transport::TransportError};
use std::net::IpAddr;

/// Which addresses to offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Addresses {
    /// Those of real network interfaces, the one of the default route first; IPv6 only without
    /// IPv4; those of tunnels and the like only without real ones; loopback only without any.
    #[default]
    Automatic,
    /// Those of the interface with this name.
    Interface(String),
    /// Exactly these, which must be ours.
    Only(Vec<IpAddr>),
}

/// An address of ours and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Local {
    pub(super) interface: String,
    pub(super) ip: IpAddr,
    pub(super) up: bool,
    /// The interface leads to one other end only, as tunnels do.
    pub(super) point_to_point: bool,
    /// The address is about to be taken away, or not confirmed yet.
    pub(super) stale: bool,
    /// What leaves for the rest of the world leaves from this address.
    pub(super) default_route: bool,
}

impl Addresses {
    /// The addresses to offer among these, best first.
    ///
    /// # Errors
    /// [`TransportError`] if there is none, with what there is instead.
    pub(super) fn choose(&self, locals: &[Local]) -> Result<Vec<IpAddr>, TransportError> {
        match self {
            Self::Only(wanted) => {
                // All of 127.0.0.0/8 is ours, and mostly only its first is listed.
                let ours = |ip: &IpAddr| ip.is_loopback() || locals.iter().any(|l| l.ip == *ip);
                match wanted.iter().find(|ip| !ours(ip)) {
                    Some(ip) => Err(TransportError::NoAddress {
                        address: ip.to_string(),
                        there: list(locals),
                    }),
                    None if wanted.is_empty() => Err(TransportError::NoNetwork),
                    None => Ok(wanted.clone()),
                }
            }
            Self::Interface(name) => {
                let of_it = locals.iter().filter(|local| local.interface == *name);
                match best(of_it, true) {
                    found if found.is_empty() => Err(TransportError::NoInterface {
                        name: name.clone(),
                        there: list(locals),
                    }),
                    found => Ok(found),
                }
            }
            Self::Automatic => match best(locals.iter().filter(|local| local.up), false) {
                found if found.is_empty() => Err(TransportError::NoNetwork),
                found => Ok(found),
            },
        }
    }
}

/// The first tier that has anything, whole, as far as it is worth its bytes.
fn best<'a>(locals: impl Iterator<Item = &'a Local>, asked_for: bool) -> Vec<IpAddr> {
    let mut tiers: [Vec<&Local>; 7] = Default::default();
    for local in locals {
        let place = match asked_for {
            true => Place::Near,
            false => Place::of(&local.interface, local.point_to_point),
        };
        let tier = match (local.ip, place) {
            (ip, _) if ip.is_loopback() => 6,
            (IpAddr::V4(ip), _) if ip.is_link_local() => 5,
            (IpAddr::V6(ip), _)
                if ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_multicast() =>
            {
                // It needs a zone, which a candidate cannot carry.
                continue;
            }
            (IpAddr::V4(_), Place::Near) => 0,
            (IpAddr::V6(_), Place::Near) => 1,
            // A phone network seldom lets anybody in, but its IPv6 addresses are the world's.
            (IpAddr::V6(_), Place::Far) => 2,
            (IpAddr::V4(_), _) => 3,
            (IpAddr::V6(_), Place::Virtual) => 4,
        };
        tiers[tier].push(local);
    }
    let mut tier = tiers
        .into_iter()
        .find(|tier| !tier.is_empty())
        .unwrap_or_default();
    // Fresh before stale, IPv4 first where loopback has both, and what the system itself would
    // take first of all: it knows which network works, and which of several IPv6 addresses of one
    // interface is to be shown.
    tier.sort_by_key(|local| (local.stale, local.ip.is_ipv6(), !local.default_route));
    let most = match tier.first() {
        Some(first) if first.ip.is_ipv6() => MOST_V6,
        Some(first) if first.ip.is_loopback() => 1,
        _ => MOST_V4,
    };
    let mut chosen: Vec<IpAddr> = tier.iter().map(|local| local.ip).collect();
    chosen.dedup();
    chosen.truncate(most);
    chosen
}

/// What there is, for who asked for something else.
fn list(locals: &[Local]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for local in locals {
        if !names.contains(&local.interface.as_str()) {
            names.push(&local.interface);
        }
    }
    let addresses = |name: &str| {
        let of_it = locals.iter().filter(|local| local.interface == name);
        let ips: Vec<String> = of_it.map(|local| local.ip.to_string()).collect();
        format!("{name} ({})", ips.join(", "))
    };
    match names.is_empty() {
        true => "none".to_owned(),
        false => names
            .into_iter()
            .map(addresses)
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// Two: cable and wireless.
const MOST_V4: usize = 2;

/// One; temporary addresses multiply, and each costs 18.5 bytes.
const MOST_V6: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of interface and address; `-down`, `-p2p`, `-stale` and `-default` say more.
    fn locals(rows: &[(&str, &str)]) -> Vec<Local> {
        rows.iter()
            .map(|(interface, ip)| {
                let mut parts = ip.split('-');
                let ip = parts.next().unwrap().parse().unwrap();
                let marks: Vec<&str> = parts.collect();
                Local {
                    interface: (*interface).to_owned(),
                    ip,
                    up: !marks.contains(&"down"),
                    point_to_point: marks.contains(&"p2p"),
                    stale: marks.contains(&"stale"),
                    default_route: marks.contains(&"default"),
                }
            })
            .collect()
    }

    fn chosen(rows: &[(&str, &str)]) -> Vec<String> {
        let chosen = Addresses::Automatic.choose(&locals(rows));
        chosen
            .unwrap_or_default()
            .iter()
            .map(IpAddr::to_string)
            .collect()
    }

    #[test]
    fn a_laptop_offers_its_wireless_address_and_nothing_else() {
        let laptop = [
            ("lo", "127.0.0.1"),
            ("lo", "::1"),
            ("wlan0", "192.168.1.7"),
            ("wlan0", "2001:db8::7"),
            ("wlan0", "fe80::7"),
            ("docker0", "172.17.0.1"),
            ("wg0", "10.9.0.2"),
            ("eth0", "10.0.0.9-down"),
        ];
        assert_eq!(chosen(&laptop), ["192.168.1.7"]);
    }

    #[test]
    fn a_mac_with_a_vpn_and_a_virtual_machine_offers_its_wireless_address() {
        let mac = [
            ("lo0", "127.0.0.1"),
            ("lo0", "fe80::1"),
            ("anpi0", "fe80::2"),
            ("en0", "fe80::3"),
            ("en0", "192.168.178.31"),
            ("en0", "2001:db8::31"),
            ("awdl0", "fe80::4"),
            ("llw0", "fe80::4"),
            ("utun0", "fe80::5-p2p"),
            ("utun4", "100.101.7.9-p2p-default"),
            ("bridge100", "192.168.64.1"),
        ];
        assert_eq!(chosen(&mac), ["192.168.178.31"]);
    }

    #[test]
    fn a_windows_host_offers_its_adapter_and_not_the_switches_of_its_machines() {
        let windows = [
            ("vEthernet (WSL (Hyper-V firewall))", "172.29.0.1"),
            ("vEthernet (Default Switch)", "172.30.0.1"),
            ("VirtualBox Host-Only Network", "192.168.56.1"),
            ("VMware Network Adapter VMnet8", "192.168.91.1"),
            ("NordLynx", "10.5.0.2-default"),
            ("Tailscale", "100.64.1.2"),
            ("Ethernet 2", "10.20.30.40"),
            ("Bluetooth Network Connection", "169.254.3.4"),
            ("Loopback Pseudo-Interface 1", "127.0.0.1"),
        ];
        assert_eq!(chosen(&windows), ["10.20.30.40"]);
    }

    #[test]
    fn a_phone_offers_its_wireless_address_and_without_one_that_of_the_phone_network() {
        let phone = [
            ("lo", "127.0.0.1"),
            ("rmnet_data0", "10.113.5.6"),
            ("rmnet_data0", "2001:db8:1::6"),
            ("v4-rmnet_data0", "192.0.0.4"),
            ("wlan0", "192.168.43.1"),
        ];
        assert_eq!(chosen(&phone), ["192.168.43.1"]);
        assert_eq!(chosen(&phone[..4]), ["2001:db8:1::6"]);
    }

    #[test]
    fn of_several_real_interfaces_that_of_the_default_route_comes_first() {
        let desk = [
            ("eth1", "10.0.0.3"),
            ("eth0", "192.168.1.2"),
            ("wlan0", "192.168.7.2-default"),
        ];
        assert_eq!(chosen(&desk), ["192.168.7.2", "10.0.0.3"]);
    }

    #[test]
    fn without_ipv4_a_routed_ipv6_address_is_offered() {
        let laptop = [
            ("lo", "127.0.0.1"),
            ("wlan0", "fe80::7"),
            ("wlan0", "2001:db8::7"),
            ("docker0", "172.17.0.1"),
        ];
        assert_eq!(chosen(&laptop), ["2001:db8::7"]);
    }

    #[test]
    fn of_several_ipv6_addresses_the_one_the_system_would_take_is_offered_and_no_stale_one() {
        let many = [
            ("wlan0", "2001:db8::1-stale"),
            ("wlan0", "2001:db8::2"),
            ("wlan0", "fd00::3"),
            ("wlan0", "2001:db8::4-default"),
        ];
        assert_eq!(chosen(&many), ["2001:db8::4"]);
        assert_eq!(chosen(&many[..3]), ["2001:db8::2"]);
        assert_eq!(chosen(&many[..1]), ["2001:db8::1"]);
        assert_eq!(chosen(&many[2..3]), ["fd00::3"], "a unique local one");
    }

    #[test]
    fn a_virtual_interface_is_used_when_it_is_the_only_one() {
        assert_eq!(
            chosen(&[("lo", "127.0.0.1"), ("veth0", "192.168.77.2")]),
            ["192.168.77.2"]
        );
    }

    #[test]
    fn loopback_is_used_when_nothing_else_exists() {
        assert_eq!(
            chosen(&[("lo", "::1"), ("lo", "127.0.0.1"), ("eth0", "fe80::7")]),
            ["127.0.0.1"]
        );
        assert_eq!(chosen(&[("lo", "127.0.0.1-down")]), [""; 0]);
    }

    #[test]
    fn a_self_given_address_comes_before_loopback_only() {
        let cable = [("lo", "127.0.0.1"), ("eth0", "169.254.3.4")];
        assert_eq!(chosen(&cable), ["169.254.3.4"]);
    }

    #[test]
    fn an_interface_asked_for_is_used_whatever_it_is() {
        let rows = locals(&[("wlan0", "192.168.1.7"), ("wg0", "10.9.0.2-p2p-down")]);
        let wanted = Addresses::Interface("wg0".into()).choose(&rows);
        assert_eq!(wanted.unwrap(), ["10.9.0.2".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn who_asks_for_what_is_not_there_is_told_what_is() {
        let rows = locals(&[("wlan0", "192.168.1.7"), ("wlan0", "fd00::7")]);
        let wanted = Addresses::Interface("eth9".into()).choose(&rows);
        assert_eq!(
            wanted.unwrap_err().to_string(),
            "no interface \"eth9\" with an address to use; there are: wlan0 (192.168.1.7, fd00::7)"
        );
        let wanted = Addresses::Only(vec!["10.1.1.1".parse().unwrap()]).choose(&rows);
        let words = wanted.unwrap_err().to_string();
        assert!(words.contains("10.1.1.1") && words.contains("192.168.1.7"));
    }
}
