//! Two hosts: network namespaces that a test makes and takes away again, a cable between them, and
//! what can happen to it.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Two network namespaces joined by a cable, gone when dropped. The devices are called `eth0`.
pub(crate) struct Hosts {
    pub(crate) names: [String; 2],
}

impl Hosts {
    /// With these addresses, as `192.168.77.2/24`. None if that is not possible here.
    pub(crate) fn joined(addresses: [&str; 2]) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = |side| format!("airshake-{}-{n}{side}", std::process::id());
        let hosts = Self {
            names: [name('a'), name('b')],
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
        let [a, b] = &hosts.names;
        ip(&format!(
            "link add eth0 netns {a} type veth peer name eth0 netns {b}"
        ));
        for (side, address) in addresses.into_iter().enumerate() {
            hosts.ip(side, &format!("address add {address} dev eth0"));
            hosts.ip(side, "link set eth0 up");
            hosts.ip(side, "link set lo up");
        }
        Some(hosts)
    }

    /// Runs `ip` on that side.
    pub(crate) fn ip(&self, side: usize, arguments: &str) {
        ip(&format!("-n {} {arguments}", self.names[side]));
    }

    /// A program on that side.
    pub(crate) fn command(&self, side: usize, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[side]]);
        command.arg(program);
        command
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "delete", name]).output();
        }
    }
}

fn ip(arguments: &str) {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .expect("ip runs");
    assert!(
        output.status.success(),
        "ip {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
