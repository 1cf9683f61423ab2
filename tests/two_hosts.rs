//! Two processes on two hosts: network namespaces that the tests make and take away again.
//!
//! Needs Linux, root and `ip`. Without them the tests say so and pass, unless
//! `AIRSHAKE_REQUIRE_LIVE=1` asks for them.

#![cfg(all(feature = "net", target_os = "linux"))]
#![expect(
    clippy::disallowed_methods,
    reason = "processes are watched by threads, on the real clock"
)]

use airshake::link::LinkEvent;
use airshake::medium::text::{PREFIX, TextMedium};
use airshake::pairing::{PairOptions, Timing, pair};
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What a child process runs: pairs over its standard input and output, and tells what happens.
#[test]
#[ignore = "run by the other tests, in processes of its own"]
fn peer() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let medium = TextMedium::new(BufReader::new(stdin()), stdout());
        let options = PairOptions {
            timing: Timing {
                deadline: Duration::from_secs(12),
                ..Timing::default()
            },
            ..PairOptions::default()
        };
        match pair(medium, options, |event| println!("event {event:?}")).await {
            Ok(introduction) => {
                let mut link = introduction.accept().await.expect("the other accepts too");
                println!("linked");
                let greeting = format!("hello from process {}", std::process::id());
                link.send_text(&greeting).await.expect("the link is open");
                loop {
                    match link.next().await {
                        LinkEvent::Text(text) => println!("text {text}"),
                        LinkEvent::Closed { reason } => return println!("closed: {reason}"),
                        other => println!("{other:?}"),
                    }
                }
            }
            Err(error) => println!("failed: {error}"),
        }
    });
}

#[test]
fn two_hosts_on_one_wire_pair_and_the_death_of_one_is_told_to_the_other() {
    let Some(hosts) = Hosts::new(&["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    hosts.join();
    pairs_and_notices_death(&hosts);
}

#[test]
fn two_hosts_with_nothing_but_ipv6_pair() {
    let Some(hosts) = Hosts::new(&["fd00:77::2/64", "fd00:77::3/64"]) else {
        return;
    };
    hosts.join();
    pairs_and_notices_death(&hosts);
}

#[test]
fn two_processes_on_a_host_without_network_pair_over_loopback() {
    let Some(hosts) = Hosts::new(&[]) else {
        return;
    };
    hosts.ip(0, "link set lo up");
    let mut pair = Pair::start(&hosts, [0, 0]);
    pair.expect_both("linked", LONG);
    pair.expect_both("text hello", LONG);
}

#[test]
fn a_host_without_any_interface_says_so_at_once() {
    let Some(hosts) = Hosts::new(&[]) else {
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
    let Some(hosts) = Hosts::new(&["192.168.77.2/24", "192.168.78.3/24"]) else {
        return;
    };
    hosts.join();
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_any(
        "this network does not let them talk",
        Duration::from_secs(30),
    );
}

#[test]
fn two_hosts_pair_by_one_sound_and_only_one_speaks() {
    let Some(hosts) = Hosts::new(&["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    hosts.join();
    let mut pair = Pair::start(&hosts, [0, 1]);
    pair.expect_both("linked", LONG);
    pair.expect_both("way: OneSound", LONG);
}

#[test]
fn a_firewall_that_lets_nobody_in_unasked_is_passed_by_a_second_sound() {
    let Some(hosts) = Hosts::new(&["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    hosts.join();
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
    let Some(hosts) = Hosts::new(&["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    hosts.join();
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
    pair.peers[0].child.kill().expect("the peer runs");
    let killed = Instant::now();
    pair.expect(
        1,
        "closed: nothing heard of the other side",
        Duration::from_secs(5),
    );
    println!("the death was told after {:?}", killed.elapsed());
}

/// Long enough for any pairing; how long pairing takes is measured elsewhere.
const LONG: Duration = Duration::from_secs(12);

/// Two network namespaces, gone when dropped.
struct Hosts {
    names: [String; 2],
    addresses: Vec<String>,
}

impl Hosts {
    /// None if that is not possible here.
    fn new(addresses: &[&str]) -> Option<Self> {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = |side| format!("airshake-{}-{n}{side}", std::process::id());
        let hosts = Self {
            names: [name('a'), name('b')],
            addresses: addresses.iter().map(|&a| a.to_owned()).collect(),
        };
        for name in &hosts.names {
            let made = Command::new("ip").args(["netns", "add", name]).output();
            if !made.is_ok_and(|made| made.status.success()) {
                assert!(
                    std::env::var_os("AIRSHAKE_REQUIRE_LIVE").is_none_or(|v| v != "1"),
                    "cannot make network namespaces (root and iproute2 are needed)"
                );
                eprintln!("SKIPPED: two hosts need network namespaces: run as root, with iproute2");
                return None;
            }
        }
        Some(hosts)
    }

    /// A wire between the two.
    fn join(&self) {
        let [a, b] = &self.names;
        let wire = format!("link add vA netns {a} type veth peer name vB netns {b}");
        run("ip", &wire);
        for (side, device) in ["vA", "vB"].into_iter().enumerate() {
            let address = &self.addresses[side];
            let nodad = if address.contains(':') { " nodad" } else { "" };
            self.ip(side, &format!("address add {address} dev {device}{nodad}"));
            self.ip(side, &format!("link set {device} up"));
            self.ip(side, "link set lo up");
        }
    }

    /// Rules for what comes in. False if there is no `nft` here.
    fn firewall(&self, side: usize, rules: &str) -> bool {
        let table =
            format!("table inet t {{ chain c {{ type filter hook input priority 0; {rules} }}; }}");
        let made = Command::new("ip")
            .args(["netns", "exec", &self.names[side], "nft", &table])
            .output();
        let made = made.is_ok_and(|made| made.status.success());
        if !made {
            // A kernel may be without; the program is installed by script/setup.
            assert!(
                std::env::var_os("AIRSHAKE_REQUIRE_LIVE").is_none_or(|v| v != "1")
                    || Command::new("nft").arg("--version").output().is_ok(),
                "cannot make firewall rules (nftables is needed)"
            );
            eprintln!("SKIPPED: a firewall needs nftables");
        }
        made
    }

    fn ip(&self, side: usize, arguments: &str) {
        run("ip", &format!("-n {} {arguments}", self.names[side]));
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "delete", name]).output();
        }
    }
}

fn run(program: &str, arguments: &str) {
    let output = Command::new(program)
        .args(arguments.split(' '))
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{program} {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Two peers whose words are carried from each to the other.
struct Pair {
    peers: [Peer; 2],
    told: Receiver<(usize, String)>,
    log: [Vec<String>; 2],
    _pipes: [JoinHandle<ChildStdin>; 2],
}

struct Peer {
    child: Child,
}

impl Pair {
    fn start(hosts: &Hosts, on: [usize; 2]) -> Self {
        let (tell, told) = channel();
        let [mut a, mut b] = on.map(|host| spawn_peer(&hosts.names[host]));
        let (to_a, to_b) = (
            a.stdin.take().expect("piped"),
            b.stdin.take().expect("piped"),
        );
        let pipes = [
            carry(0, &mut a, to_b, tell.clone()),
            carry(1, &mut b, to_a, tell),
        ];
        Self {
            _pipes: pipes,
            peers: [Peer { child: a }, Peer { child: b }],
            told,
            log: Default::default(),
        }
    }

    fn expect(&mut self, peer: usize, text: &str, within: Duration) {
        self.wait(within, &format!("peer {peer} to say {text:?}"), |log| {
            log[peer].iter().any(|line| line.contains(text))
        });
    }

    fn expect_both(&mut self, text: &str, within: Duration) {
        self.wait(within, &format!("both to say {text:?}"), |log| {
            log.iter()
                .all(|log| log.iter().any(|line| line.contains(text)))
        });
    }

    fn expect_any(&mut self, text: &str, within: Duration) {
        self.wait(within, &format!("one to say {text:?}"), |log| {
            log.iter()
                .any(|log| log.iter().any(|line| line.contains(text)))
        });
    }

    fn wait(&mut self, within: Duration, what: &str, done: impl Fn(&[Vec<String>; 2]) -> bool) {
        let end = Instant::now() + within;
        while !done(&self.log) {
            let left = end.saturating_duration_since(Instant::now());
            match self.told.recv_timeout(left) {
                Ok((peer, line)) => self.log[peer].push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("waited {within:?} for {what}; heard {:#?}", self.log)
                }
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn_peer(host: &str) -> Child {
    let this = std::env::current_exe().expect("the test has a path");
    Command::new("ip")
        .args(["netns", "exec", host])
        .arg(this)
        .args(["--exact", "peer", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the peer starts")
}

/// Reads what a peer says: envelopes go to the other, everything is told to the test. Gives back
/// the pipe to the other, so that it stays open: air does not close when one of two ends.
fn carry(
    peer: usize,
    child: &mut Child,
    mut to: ChildStdin,
    tell: Sender<(usize, String)>,
) -> JoinHandle<ChildStdin> {
    let from = BufReader::new(child.stdout.take().expect("piped"));
    thread::spawn(move || {
        for line in from.lines().map_while(Result::ok) {
            if line.contains(PREFIX) {
                // Where the other is gone, this one is still listened to.
                let _ = writeln!(to, "{line}");
            }
            if tell.send((peer, line)).is_err() {
                break;
            }
        }
        to
    })
}
