//! Which of our addresses a peer in the same room can reach: every one costs 4.5 to 18.5 bytes of
//! sound, so only those that are likely to work are told.

use std::{
    io,
    net::{IpAddr, Ipv6Addr},
};

/// Which addresses to offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Addresses {
    /// Those of real network interfaces; IPv6 only without IPv4; loopback only without either.
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
}

impl Addresses {
    /// The addresses to offer, best first; empty if there is none.
    ///
    /// # Errors
    /// If the system does not tell its interfaces.
    pub(super) fn resolve(&self) -> io::Result<Vec<IpAddr>> {
        if let Self::Only(addresses) = self {
            return Ok(addresses.clone());
        }
        let locals: Vec<Local> = if_addrs::get_if_addrs()?
            .into_iter()
            .map(|interface| Local {
                ip: interface.ip(),
                up: !matches!(
                    interface.oper_status,
                    if_addrs::IfOperStatus::Down
                        | if_addrs::IfOperStatus::NotPresent
                        | if_addrs::IfOperStatus::LowerLayerDown
                ),
                interface: interface.name,
            })
            .collect();
        Ok(self.choose(&locals))
    }

    fn choose(&self, locals: &[Local]) -> Vec<IpAddr> {
        let wanted = locals.iter().filter(|local| match self {
            Self::Interface(name) => local.interface == *name,
            _ => local.up,
        });
        // The first tier that has anything is taken whole.
        let mut tiers: [Vec<IpAddr>; 6] = Default::default();
        for local in wanted {
            let real = matches!(self, Self::Interface(_)) || !is_virtual(&local.interface);
            let tier = match local.ip {
                ip if ip.is_loopback() => 5,
                IpAddr::V4(ip) if ip.is_link_local() => 4,
                IpAddr::V4(_) if real => 0,
                IpAddr::V6(ip) if real && is_routed(&ip) => 1,
                IpAddr::V4(_) => 2,
                IpAddr::V6(ip) if is_routed(&ip) => 3,
                IpAddr::V6(_) => continue,
            };
            tiers[tier].push(local.ip);
        }
        let mut chosen = tiers
            .into_iter()
            .find(|tier| !tier.is_empty())
            .unwrap_or_default();
        // IPv4 first where loopback has both.
        chosen.sort_by_key(IpAddr::is_ipv6);
        chosen.dedup();
        let most = match chosen.first() {
            Some(IpAddr::V6(_)) => MOST_V6,
            Some(ip) if ip.is_loopback() => 1,
            _ => MOST_V4,
        };
        chosen.truncate(most);
        chosen
    }
}

/// Whether the interface is likely one of a container, a virtual machine or a tunnel, by which
/// nobody in the room is reached.
fn is_virtual(interface: &str) -> bool {
    const PREFIXES: [&str; 18] = [
        "docker",
        "veth",
        "virbr",
        "br-",
        "cni",
        "flannel",
        "podman",
        "lxc",
        "lxd",
        "vmnet",
        "vboxnet",
        "tun",
        "tap",
        "utun",
        "wg",
        "ppp",
        "tailscale",
        "zt",
    ];
    let name = interface.to_ascii_lowercase();
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.contains("wsl")
        || name.contains("hyper-v")
}

/// Whether the address means the same on another host: global or unique local. A link-local one
/// needs a zone, which a candidate cannot carry.
fn is_routed(ip: &Ipv6Addr) -> bool {
    !ip.is_unicast_link_local() && !ip.is_unspecified() && !ip.is_multicast()
}

/// Two: cable and wireless.
const MOST_V4: usize = 2;

/// One; temporary addresses multiply, and each costs 18.5 bytes.
const MOST_V6: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn locals(rows: &[(&str, &str)]) -> Vec<Local> {
        rows.iter()
            .map(|(interface, ip)| Local {
                interface: (*interface).to_owned(),
                ip: ip.parse().unwrap(),
                up: !interface.ends_with("-down"),
            })
            .collect()
    }

    fn chosen(rows: &[(&str, &str)]) -> Vec<String> {
        let chosen = Addresses::Automatic.choose(&locals(rows));
        chosen.iter().map(IpAddr::to_string).collect()
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
            ("eth0-down", "10.0.0.9"),
        ];
        assert_eq!(chosen(&laptop), ["192.168.1.7"]);
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
        assert_eq!(chosen(&[("lo-down", "127.0.0.1")]), [""; 0]);
    }

    #[test]
    fn a_self_given_address_comes_before_loopback_only() {
        let cable = [("lo", "127.0.0.1"), ("eth0", "169.254.3.4")];
        assert_eq!(chosen(&cable), ["169.254.3.4"]);
    }

    #[test]
    fn an_interface_asked_for_is_used_whatever_it_is() {
        let rows = locals(&[("wlan0", "192.168.1.7"), ("wg0", "10.9.0.2")]);
        let wanted = Addresses::Interface("wg0".into());
        assert_eq!(
            wanted.choose(&rows),
            ["10.9.0.2".parse::<IpAddr>().unwrap()]
        );
        assert!(Addresses::Interface("eth9".into()).choose(&rows).is_empty());
    }
}
