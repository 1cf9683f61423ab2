//! Two processes on two hosts: network namespaces that the tests make and take away again.
//!
//! Needs Linux, root and `ip`. Without them the tests say so and pass, unless
//! `AIRSHAKE_REQUIRE_LIVE=1` or `AIRSHAKE_REQUIRE_NETNS=1` asks for them.

#![cfg(all(feature = "net", target_os = "linux"))]
#![expect(
    clippy::disallowed_methods,
    reason = "processes are watched by threads, on the real clock"
)]

#[path = "../common/carry.rs"]
mod carry;
mod hosts;
mod names;
mod peers;
mod routers;

use hosts::Hosts;
use peers::{LONG, Pair};
use std::time::{Duration, Instant};

#[test]
fn two_hosts_on_one_wire_pair_and_the_death_of_one_is_told_to_the_other() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    pairs_and_notices_death(&hosts);
}

#[test]
fn two_hosts_with_nothing_but_ipv6_pair() {
    let Some(hosts) = Hosts::joined(["fd00:77::2/64", "fd00:77::3/64"]) else {
        return;
    };
    pairs_and_notices_death(&hosts);
}

#[test]
fn two_processes_on_a_host_without_network_pair_over_loopback() {
    let Some(hosts) = Hosts::new(2) else {
        return;
    };
    hosts.ip(0, "link set lo up");
    let mut pair = Pair::start(&hosts, [0, 0]);
    pair.expect_both("linked", LONG);
    pair.expect_both("text hello", LONG);
}

#[test]
fn a_host_without_any_interface_says_so_at_once() {
    let Some(hosts) = Hosts::new(2) else {
        return;
    };
    let mut pair = Pair::start(&hosts, [0, 0]);
    pair.expect_both(
        "failed: no usable network interface",
        Duration::from_secs(5),
    );
}

#[test]
fn two_hosts_that_hear_each_other_but_have_no_way_between_them_are_told_so() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.78.3/24"]) else {
        return;
    };
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_any(
        "this network does not let them talk",
        Duration::from_secs(30),
    );
}

#[test]
fn two_hosts_pair_by_one_sound_and_only_one_speaks() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_both("linked", LONG);
    pair.expect_both("way: OneSound", LONG);
}

#[test]
fn a_firewall_that_lets_nobody_in_unasked_is_passed_by_a_second_sound() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    let made = [0, 1].map(|side| {
        hosts.firewall(
            side,
            "ct state established,related accept; meta l4proto udp drop;",
        )
    });
    if made.contains(&false) {
        return;
    }
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_both("linked", LONG);
    pair.expect_any("way: TwoSounds", LONG);
    pair.expect_both("text hello from process", LONG);
}

#[test]
fn two_hosts_whose_network_drops_every_datagram_are_told_so_within_fifteen_seconds() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    if !hosts.firewall(0, "meta l4proto udp drop;") {
        return;
    }
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_any(
        "this network does not let them talk",
        Duration::from_secs(15),
    );
}

fn pairs_and_notices_death(hosts: &Hosts) {
    let mut pair = Pair::start(hosts, [0, 1]);
    pair.expect_both("linked", LONG);
    pair.expect_both("text hello from process", LONG);
    // Nothing inside the process gets to say goodbye.
    pair.kill(0);
    let killed = Instant::now();
    pair.expect(
        1,
        "closed: the other side's program ended without a goodbye",
        Duration::from_secs(10),
    );
    println!("the death was told after {:?}", killed.elapsed());
}

#[test]
fn two_hosts_with_nothing_but_ipv6_pair_by_one_sound() {
    let Some(hosts) = Hosts::joined(["2001:db8:77::2/64", "2001:db8:77::3/64"]) else {
        return;
    };
    // What is about to be taken away is not told, though it comes first.
    hosts.ip(
        0,
        "address add 2001:db8:77::1:2/64 dev vA nodad preferred_lft 0",
    );
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_both("linked", LONG);
    pair.expect_both("way: OneSound", LONG);
    // Twelve bytes more than with IPv4.
    pair.expect_any("Playing { bytes: 60", LONG);
}

#[test]
fn an_interface_that_leads_nowhere_keeps_nobody_from_pairing() {
    let Some(hosts) = Hosts::new(4) else {
        return;
    };
    // The dead ones first, and with the default route.
    hosts.wire([(0, "vD", "10.1.0.2/24"), (2, "vE", "10.1.0.9/24")]);
    hosts.wire([(1, "vD", "10.2.0.2/24"), (3, "vE", "10.2.0.9/24")]);
    hosts.wire([(0, "vA", "192.168.77.2/24"), (1, "vB", "192.168.77.3/24")]);
    for (host, gateway) in [(0, "10.1.0.1"), (1, "10.2.0.1")] {
        hosts.ip(host, &format!("route add default via {gateway}"));
    }
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_both("linked", LONG);
    pair.expect_both("text hello from process", LONG);
}

#[test]
fn an_interface_that_is_not_there_is_refused_with_a_list_of_those_that_are() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    let asks = [("AIRSHAKE_TEST_INTERFACE", "eth7")];
    let mut pair = Pair::start_with(&hosts, [0, 1], [&asks, &[]]);
    pair.expect(
        0,
        "failed: no interface \"eth7\" with an address to use; there are: lo (127.0.0.1, ::1); \
         vA (192.168.77.2",
        LONG,
    );
}
