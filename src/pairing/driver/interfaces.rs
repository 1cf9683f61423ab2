//! The system's network interfaces, and what their names tell of where they lead.

use super::addresses::Local;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// Where an interface leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To others in the room, as far as can be told: cable or wireless.
    Near,
    /// To a phone network.
    Far,
    /// To containers and virtual machines of this computer, or through a tunnel.
    Virtual,
}

impl Place {
    /// As the name tells. Names are what the system shows: `wlan0`, `en0`, `Wi-Fi`.
    pub(super) fn of(interface: &str, point_to_point: bool) -> Self {
        let name = interface.to_ascii_lowercase();
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        let numbered = |prefixes: &[&str]| {
            prefixes.iter().any(|prefix| {
                let rest = name.strip_prefix(prefix);
                rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
            })
        };
        if begins(PHONE) {
            Self::Far
        } else if point_to_point
            || begins(VIRTUAL)
            || numbered(NUMBERED)
            || SOMEWHERE.iter().any(|part| name.contains(part))
            || is_docker_bridge(&name)
        {
            Self::Virtual
        } else {
            Self::Near
        }
    }
}

/// Every address of this computer.
///
/// # Errors
/// If the system does not tell.
pub(super) fn locals() -> io::Result<Vec<Local>> {
    let stale = stale_addresses();
    let default = [default_source(false), default_source(true)];
    Ok(if_addrs::get_if_addrs()?
        .into_iter()
        .map(|interface| Local {
            ip: interface.ip(),
            up: !matches!(
                interface.oper_status,
                if_addrs::IfOperStatus::Down
                    | if_addrs::IfOperStatus::NotPresent
                    | if_addrs::IfOperStatus::LowerLayerDown
            ),
            point_to_point: interface.is_p2p,
            stale: stale.contains(&interface.ip()),
            default_route: default.contains(&Some(interface.ip())),
            interface: interface.name,
        })
        .collect())
}

/// The address from which packets to the rest of the world leave, if there is a way. To connect a
/// UDP socket sends nothing; the system only looks up the way.
#[expect(
    clippy::disallowed_methods,
    reason = "asking the system for its default route"
)]
fn default_source(v6: bool) -> Option<IpAddr> {
    // Addresses of documentation (RFC 5737, RFC 3849), which nobody has.
    let (from, to): (IpAddr, IpAddr) = match v6 {
        false => (
            Ipv4Addr::UNSPECIFIED.into(),
            Ipv4Addr::new(192, 0, 2, 1).into(),
        ),
        true => (
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        ),
    };
    let socket = std::net::UdpSocket::bind((from, 0)).ok()?;
    socket.connect(SocketAddr::new(to, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}

/// IPv6 addresses that are deprecated, or not or never confirmed to be ours alone. Only Linux
/// tells so simply; elsewhere the one that the system itself would take is preferred anyway.
fn stale_addresses() -> Vec<IpAddr> {
    let table = match cfg!(target_os = "linux") || cfg!(target_os = "android") {
        true => std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default(),
        false => String::new(),
    };
    stale_in(&table)
}

/// In lines of address, index, length of prefix, scope, flags (all hexadecimal), and name.
fn stale_in(table: &str) -> Vec<IpAddr> {
    let stale = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = u128::from_str_radix(words.next()?, 16).ok()?;
        let flags = u32::from_str_radix(words.nth(3)?, 16).ok()?;
        (flags & (DAD_FAILED | DEPRECATED | TENTATIVE) != 0)
            .then(|| IpAddr::V6(Ipv6Addr::from_bits(address)))
    };
    table.lines().filter_map(stale).collect()
}

/// `br-` and twelve digits, as Docker names its networks; `br-lan` is a router's own.
fn is_docker_bridge(name: &str) -> bool {
    name.strip_prefix("br-")
        .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// `linux/if_addr.h`.
const DAD_FAILED: u32 = 0x08;
const DEPRECATED: u32 = 0x20;
const TENTATIVE: u32 = 0x40;

/// Modems of phones and laptops: Linux, Android, iOS; Windows; and Android's translation of IPv4.
const PHONE: &[&str] = &[
    "rmnet",
    "wwan",
    "wwp",
    "ccmni",
    "pdp_ip",
    "seth_",
    "v4-",
    "clat",
    "cellular",
    "mobile broad",
];

/// Beginnings of names: containers, virtual machines, tunnels.
const VIRTUAL: &[&str] = &[
    // Containers.
    "docker",
    "veth",
    "cni",
    "flannel",
    "cali",
    "cilium",
    "kube",
    "nodelocaldns",
    "weave",
    "podman",
    "lxc",
    "lxd",
    "incus",
    "nerdctl",
    "waydroid",
    "anbox",
    "vxlan",
    "geneve",
    // Virtual machines. `bridge100` and on are macOS's for them.
    "virbr",
    "vnet",
    "vmnet",
    "vboxnet",
    "vnic",
    "vmenet",
    "bridge10",
    "vethernet",
    "virtualbox",
    "vmware",
    "ovs",
    "feth",
    "parallels",
    // Tunnels.
    "utun",
    "tailscale",
    "nordlynx",
    "nordtun",
    "proton",
    "pvpn",
    "ipv6leak",
    "mullvad",
    "cloudflarewarp",
    "cloudflare",
    "wireguard",
    "zerotier",
    "zt",
    "ipsec",
    "xfrm",
    "ip6tnl",
    "ip6gre",
    "tunl",
    "gpd",
    "cscotun",
    "tunsnx",
    "hamachi",
    "nebula",
    "openvpn",
    "outline",
    "teredo",
    "isatap",
    "6to4",
    // Neither.
    "dummy",
    "ifb",
    "teql",
    "bond-slave",
    "npcap",
    "loopback pseudo",
];

/// Beginnings that only a number follows: alone they begin other names, too.
const NUMBERED: &[&str] = &[
    "tun", "tap", "wg", "wt", "vpn", "ham", "ppp", "gre", "sit", "vti", "gif", "stf", "warp",
];

/// Parts of the names that Windows shows.
const SOMEWHERE: &[&str] = &[
    "wsl",
    "hyper-v",
    "vpn",
    "tap-windows",
    "wintun",
    "anyconnect",
    "fortinet",
    "pangp",
    "virtual ethernet",
    "host-only",
    "wg-",
    "-wg",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cables_and_wireless_are_near() {
        for name in [
            "eth0",
            "enp3s0",
            "eno1",
            "enx00e04c680001",
            "wlan0",
            "wlp2s0",
            "en0",
            "en5",
            "ap0",
            "usb0",
            "bnep0",
            "br0",
            "br-lan",
            "bond0",
            "bridge0",
            "ap1",
            "swlan0",
            "ncm0",
            "p2p0",
            "Wi-Fi",
            "Wi-Fi 2",
            "Ethernet",
            "Ethernet 3",
            "Local Area Connection* 2",
            "re0",
            "igb0",
            "vmx0",
            "ens18",
            "eth0.100",
            "tango",
            "wlx00c0ca",
        ] {
            assert_eq!(Place::of(name, false), Place::Near, "{name}");
        }
    }

    #[test]
    fn containers_machines_and_tunnels_are_virtual() {
        for name in [
            "docker0",
            "docker_gwbridge",
            "br-0a1b2c3d4e5f",
            "vethab12",
            "virbr0",
            "vnet3",
            "lxcbr0",
            "lxdbr0",
            "incusbr0",
            "podman1",
            "cni0",
            "cni-podman0",
            "flannel.1",
            "cali12ab",
            "cilium_host",
            "kube-ipvs0",
            "tailscale0",
            "nordlynx",
            "proton0",
            "pvpnksintrf0",
            "wg0",
            "wg-mullvad",
            "tun0",
            "tap1",
            "ipsec0",
            "gpd0",
            "utun3",
            "zt5u4",
            "ppp0",
            "bridge100",
            "vmenet0",
            "cscotun0",
            "sit0",
            "wt0",
            "dummy0",
            "CloudflareWARP",
            "vEthernet (WSL)",
            "VirtualBox Host-Only Network",
            "VMware Network Adapter VMnet1",
            "NordLynx",
            "OpenVPN Wintun",
            "ProtonVPN TUN",
            "Tailscale",
            "Surfshark WireGuard VPN",
            "Teredo Tunneling Pseudo-Interface",
        ] {
            assert_eq!(Place::of(name, false), Place::Virtual, "{name}");
        }
        assert_eq!(Place::of("corp", true), Place::Virtual);
    }

    #[test]
    fn phone_networks_are_far() {
        for name in [
            "rmnet_data0",
            "wwan0",
            "wwp0s20f0u6",
            "ccmni1",
            "pdp_ip0",
            "Cellular",
        ] {
            assert_eq!(Place::of(name, false), Place::Far, "{name}");
            assert_eq!(Place::of(name, true), Place::Far, "{name}");
        }
    }

    #[test]
    fn deprecated_and_unconfirmed_addresses_are_read_from_the_table_of_linux() {
        let table = "20010db8000000000000000000000001 02 40 00 20     eth0\n\
                     20010db8000000000000000000000002 02 40 00 00     eth0\n\
                     20010db8000000000000000000000003 02 40 00 c0     eth0\n\
                     20010db8000000000000000000000004 02 40 00 01     eth0\n\
                     nonsense\n\nfe80 02\n";
        let stale: Vec<IpAddr> = ["2001:db8::1", "2001:db8::3"]
            .iter()
            .map(|ip| ip.parse().unwrap())
            .collect();
        assert_eq!(stale_in(table), stale);
    }

    #[test]
    fn the_address_of_the_default_route_is_one_of_ours() {
        let locals = locals().unwrap();
        if let Some(ip) = default_source(false) {
            assert!(locals.iter().any(|l| l.ip == ip && l.default_route), "{ip}");
        }
    }
}
