//! Hosts behind routers: kept apart, and brought together by servers.

use super::hosts::{Hosts, TurnServer};
use super::peers::{LONG, Pair};
use std::time::Duration;

/// Where the server is.
const SERVER: &str = "203.0.113.9";
const TURN: (&str, &str) = ("AIRSHAKE_TEST_TURN", "turn:somebody:secret@203.0.113.9");

/// What a network that keeps the two apart says.
const APART: &str = "this network does not let them talk";

/// Two hosts (0 and 1) and a server (3) at a router (2) that lets each talk to the server, as one
/// of many behind its own address, and not to the other: what guest networks do.
fn isolating() -> Option<Hosts> {
    let hosts = Hosts::new(4)?;
    hosts.wire([(0, "vA", "192.168.1.2/24"), (2, "rA", "192.168.1.1/24")]);
    hosts.wire([(1, "vB", "192.168.2.2/24"), (2, "rB", "192.168.2.1/24")]);
    hosts.wire([(3, "vS", "203.0.113.9/24"), (2, "rS", "203.0.113.1/24")]);
    hosts.ip(0, "route add default via 192.168.1.1");
    hosts.ip(1, "route add default via 192.168.2.1");
    // The server knows a way to everywhere, as servers do: without one coturn ends a relay at the
    // first packet to an address of somebody's own network.
    hosts.ip(3, "route add default via 203.0.113.1");
    hosts.forward(2);
    let rules = "table ip t { \
        chain apart { type filter hook forward priority 0; \
            iifname rA oifname rB drop; iifname rB oifname rA drop; \
            iifname rS ct state new drop; }; \
        chain hide { type nat hook postrouting priority 100; oifname rS masquerade; }; }";
    hosts.rules(2, rules).then_some(hosts)
}

/// Two hosts (0 and 1), each behind a router of its own (2 and 3), and a server (4) between those.
fn behind_two_routers() -> Option<(Hosts, TurnServer)> {
    let hosts = Hosts::new(5)?;
    hosts.wire([(0, "vA", "192.168.1.2/24"), (2, "in", "192.168.1.1/24")]);
    hosts.wire([(1, "vB", "192.168.1.2/24"), (3, "in", "192.168.1.1/24")]);
    hosts.wire([(2, "out", "203.0.113.2/24"), (4, "sA", "203.0.113.9/24")]);
    hosts.wire([(3, "out", "198.51.100.2/24"), (4, "sB", "198.51.100.9/24")]);
    for host in [0, 1] {
        hosts.ip(host, "route add default via 192.168.1.1");
    }
    hosts.ip(2, "route add default via 203.0.113.9");
    hosts.ip(3, "route add default via 198.51.100.9");
    hosts.ip(4, "route add default via 203.0.113.2");
    for router in [2, 3, 4] {
        hosts.forward(router);
    }
    let rules = "table ip t { \
        chain hide { type nat hook postrouting priority 100; oifname out masquerade; }; \
        chain shut { type filter hook input priority 0; iifname out drop; }; }";
    if !hosts.rules(2, rules) || !hosts.rules(3, rules) {
        return None;
    }
    let server = hosts.turn_server(4, SERVER)?;
    Some((hosts, server))
}

#[test]
fn two_that_reach_the_router_and_not_each_other_are_told_so_within_fifteen_seconds() {
    let Some(hosts) = isolating() else {
        return;
    };
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_any(APART, Duration::from_secs(15));
}

#[test]
fn two_whose_network_drops_every_datagram_both_ways_are_told_so_within_fifteen_seconds() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    if ![0, 1]
        .map(|host| hosts.firewall(host, "meta l4proto udp drop;"))
        .contains(&false)
    {
        let mut pair = Pair::start(&hosts, [0, 1]);
        pair.expect_any(APART, Duration::from_secs(15));
    }
}

#[test]
fn a_relay_brings_two_together_whom_the_network_keeps_apart() {
    let Some(hosts) = isolating() else {
        return;
    };
    let Some(_server) = hosts.turn_server(3, SERVER) else {
        return;
    };
    let mut pair = Pair::start_with(&hosts, [0, 1], [&[TURN], &[TURN]]);
    pair.expect_both("linked", LONG);
    pair.expect_both("way: TwoSounds", LONG);
    pair.expect_both("text hello from process", LONG);
}

#[test]
fn a_relay_is_told_of_in_an_offer_too() {
    let Some(hosts) = isolating() else {
        return;
    };
    let Some(_server) = hosts.turn_server(3, SERVER) else {
        return;
    };
    let asks = [TURN, ("AIRSHAKE_TEST_WAYS", "two-sounds")];
    let mut pair = Pair::start_with(&hosts, [0, 1], [&asks, &asks]);
    pair.expect_both("linked", LONG);
    pair.expect_both("text hello from process", LONG);
}

#[test]
fn a_relay_that_refuses_the_password_is_told_of_and_the_two_pair_without_it() {
    let Some(hosts) = Hosts::new(3) else {
        return;
    };
    hosts.wire([(0, "vA", "192.168.77.2/24"), (1, "vB", "192.168.77.3/24")]);
    hosts.wire([(0, "wA", "203.0.113.2/24"), (2, "vS", "203.0.113.9/24")]);
    let Some(_server) = hosts.turn_server(2, SERVER) else {
        return;
    };
    let wrong = [
        ("AIRSHAKE_TEST_TURN", "turn:somebody:wrong@203.0.113.9"),
        ("AIRSHAKE_TEST_WAYS", "two-sounds"),
    ];
    let other = [("AIRSHAKE_TEST_WAYS", "two-sounds")];
    let mut pair = Pair::start_with(&hosts, [0, 1], [&wrong, &other]);
    pair.expect(0, "the server 203.0.113.9:3478 gives no relay", LONG);
    pair.expect_both("linked", LONG);
}

#[test]
fn two_behind_different_routers_reach_each_other_once_a_server_told_how_they_are_seen() {
    let Some((hosts, _server)) = behind_two_routers() else {
        return;
    };
    let asks = [("AIRSHAKE_TEST_STUN", SERVER)];
    let mut pair = Pair::start_with(&hosts, [0, 1], [&asks, &asks]);
    pair.expect_both("linked", LONG);
    pair.expect_both("text hello from process", LONG);
    // A beacon with one more address.
    pair.expect_any("Playing { bytes: 53", LONG);
}

#[test]
fn two_behind_different_routers_do_not_reach_each_other_unaided() {
    let Some((hosts, _server)) = behind_two_routers() else {
        return;
    };
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_any(APART, Duration::from_secs(15));
}

#[test]
fn one_relay_is_enough_where_both_are_behind_the_same_router() {
    let Some(hosts) = isolating() else {
        return;
    };
    let Some(_server) = hosts.turn_server(3, SERVER) else {
        return;
    };
    // The one with the relay hears the other, and says so with the relay's address.
    let asks = [TURN, ("AIRSHAKE_TEST_LISTENS", "1")];
    let mut pair = Pair::start_with(&hosts, [0, 1], [&asks, &[]]);
    pair.expect_both("linked", LONG);
    pair.expect_both("text hello from process", LONG);
}
