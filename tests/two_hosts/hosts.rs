//! Network namespaces and the wires between them, made by a test and gone when dropped.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Hosts of a network of our own.
pub(crate) struct Hosts {
    pub(crate) names: Vec<String>,
}

impl Hosts {
    /// So many hosts without any wire. None if that is not possible here.
    pub(crate) fn new(count: usize) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = |host| format!("airshake-{}-{n}-{host}", std::process::id());
        let hosts = Self {
            names: (0..count).map(name).collect(),
        };
        for name in &hosts.names {
            let made = Command::new("ip").args(["netns", "add", name]).output();
            if !made.is_ok_and(|made| made.status.success()) {
                assert!(
                    !is_required(),
                    "cannot make network namespaces (root and iproute2 are needed)"
                );
                eprintln!("SKIPPED: two hosts need network namespaces: run as root, with iproute2");
                return None;
            }
        }
        Some(hosts)
    }

    /// Two hosts on one wire, with these addresses.
    pub(crate) fn joined(addresses: [&str; 2]) -> Option<Self> {
        let hosts = Self::new(2)?;
        hosts.wire([(0, "vA", addresses[0]), (1, "vB", addresses[1])]);
        Some(hosts)
    }

    /// A wire between two hosts: on each a device with an address.
    pub(crate) fn wire(&self, ends: [(usize, &str, &str); 2]) {
        let [(a, device_a, _), (b, device_b, _)] = ends;
        let (a, b) = (&self.names[a], &self.names[b]);
        run(
            "ip",
            &format!("link add {device_a} netns {a} type veth peer name {device_b} netns {b}"),
        );
        for (host, device, address) in ends {
            let nodad = if address.contains(':') { " nodad" } else { "" };
            self.ip(host, &format!("address add {address} dev {device}{nodad}"));
            self.ip(host, &format!("link set {device} up"));
            self.ip(host, "link set lo up");
        }
    }

    /// Makes a host pass on what is not for itself.
    pub(crate) fn forward(&self, host: usize) {
        let set = self
            .inside(host, "sysctl")
            .args(["-q", "-w", "net.ipv4.ip_forward=1"])
            .status();
        assert!(set.is_ok_and(|set| set.success()), "cannot forward");
    }

    /// Rules for what comes in. False if there is no `nft` here.
    pub(crate) fn firewall(&self, host: usize, rules: &str) -> bool {
        self.rules(
            host,
            &format!(
                "table inet t {{ chain c {{ type filter hook input priority 0; {rules} }}; }}"
            ),
        )
    }

    /// Any rules. False if there is no `nft` here.
    pub(crate) fn rules(&self, host: usize, table: &str) -> bool {
        let made = self.inside(host, "nft").arg(table).output();
        let made = made.is_ok_and(|made| made.status.success());
        if !made {
            // A kernel may be without; the program is installed by script/setup.
            assert!(
                !is_required() || Command::new("nft").arg("--version").output().is_ok(),
                "cannot make firewall rules (nftables is needed)"
            );
            eprintln!("SKIPPED: a firewall needs nftables");
        }
        made
    }

    /// A command to run on a host.
    pub(crate) fn inside(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[host], program]);
        command
    }

    pub(crate) fn ip(&self, host: usize, arguments: &str) {
        run("ip", &format!("-n {} {arguments}", self.names[host]));
    }

    /// A STUN and TURN server on a host, which listens when this returns. None if there is none.
    pub(crate) fn turn_server(&self, host: usize, ip: &str) -> Option<TurnServer> {
        let known = Command::new("turnserver").arg("--version").output();
        if known.is_err() {
            assert!(!is_required(), "cannot relay (coturn is needed)");
            eprintln!("SKIPPED: a relay needs coturn");
            return None;
        }
        let place = tempfile::tempdir().expect("a place for the server's files");
        let file = |name: &str| place.path().join(name).display().to_string();
        let child = self
            .inside(host, "turnserver")
            .args([
                "-n",
                "--no-tls",
                "--no-dtls",
                "--no-cli",
                "--lt-cred-mech",
                "--fingerprint",
            ])
            .args(["--realm", "room", "--user", "somebody:secret"])
            .args(["--listening-ip", ip, "--relay-ip", ip])
            .args(["--userdb", &file("users"), "--pidfile", &file("pid")])
            .args(["--log-file", &file("log"), "--simple-log"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let server = TurnServer {
            child,
            _place: place,
        };
        for _ in 0..100 {
            let listening = self.inside(host, "ss").args(["-lun"]).output();
            let listening = listening.map(|o| o.stdout).unwrap_or_default();
            if String::from_utf8_lossy(&listening).contains(":3478") {
                return Some(server);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the server does not listen");
    }
}

/// A server, stopped when dropped.
pub(crate) struct TurnServer {
    child: Child,
    _place: tempfile::TempDir,
}

impl Drop for TurnServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "delete", name]).output();
        }
    }
}

/// Whether what cannot be made here is a failure instead of a reason to pass by.
fn is_required() -> bool {
    ["AIRSHAKE_REQUIRE_LIVE", "AIRSHAKE_REQUIRE_NETNS"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| value == "1"))
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
