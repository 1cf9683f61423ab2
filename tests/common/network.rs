//! Where the packets of two live peers travel.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::process::Command;

use crate::common::tool;
use crate::live::{Air, script};

/// The network of both sides, or one for each.
pub(crate) struct Network {
    /// Names of the namespaces of A and B; without them both use this machine's network.
    namespaces: Option<[String; 2]>,
    /// Whether a host says nothing to what comes for nobody.
    pub(crate) silent: bool,
}

impl Network {
    /// This machine's.
    pub(crate) fn shared() -> Self {
        Self {
            namespaces: None,
            silent: false,
        }
    }

    /// Two namespaces, joined by a cable: 10.77.0.1 and 10.77.0.2. `None` without the right to.
    pub(crate) fn namespaces() -> Option<Self> {
        let names = ["a", "b"].map(|side| format!("airshake-{}-{side}", std::process::id()));
        let network = Self {
            namespaces: Some(names.clone()),
            silent: false,
        };
        let [a, b] = &names;
        let may = tool("ip") && ip(&format!("netns add {a}")) && ip(&format!("netns add {b}"));
        if !may {
            assert!(
                std::env::var_os("AIRSHAKE_REQUIRE_NETNS").is_none(),
                "network namespaces cannot be made here"
            );
            eprintln!("skipped: no right to make network namespaces");
            return None;
        }
        let steps = [
            format!("link add eth0 netns {a} type veth peer name eth0 netns {b}"),
            format!("-n {a} addr add 10.77.0.1/24 dev eth0"),
            format!("-n {b} addr add 10.77.0.2/24 dev eth0"),
            format!("-n {a} link set eth0 up"),
            format!("-n {b} link set eth0 up"),
            format!("-n {a} link set lo up"),
            format!("-n {b} link set lo up"),
            format!("-n {a} route add default via 10.77.0.2"),
            format!("-n {b} route add default via 10.77.0.1"),
        ];
        for step in &steps {
            assert!(ip(step), "ip {step}");
        }
        Some(network)
    }

    /// The same, and each side's firewall lets nobody in unasked. `None` where that cannot be had.
    pub(crate) fn firewalls() -> Option<Self> {
        let mut network = Self::namespaces()?;
        network.silent = true;
        let rules = "table inet t { chain c { type filter hook input priority 0; \
                     ct state established,related accept; meta l4proto udp drop; }; }";
        for name in network.namespaces.iter().flatten() {
            let made = Command::new("ip")
                .args(["netns", "exec", name, "nft", rules])
                .output();
            if !made.is_ok_and(|made| made.status.success()) {
                // A kernel may be without; the program is installed by script/setup.
                assert!(
                    std::env::var_os("AIRSHAKE_REQUIRE_NETNS").is_none()
                        || Command::new("nft").arg("--version").output().is_ok(),
                    "cannot make firewall rules (nftables is needed)"
                );
                eprintln!("skipped: no firewall can be made here");
                return None;
            }
        }
        Some(network)
    }

    /// What runs the virtual air's script where that side's packets are.
    pub(crate) fn script(&self, air: &Air, side: &str) -> Command {
        let Some(names) = &self.namespaces else {
            return air.script();
        };
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &names[usize::from(side == "B")]])
            .arg(script())
            .env("VIRTUAL_AUDIO_DIR", air.folder.path());
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in self.namespaces.iter().flatten() {
            ip(&format!("netns del {name}"));
        }
    }
}

fn ip(arguments: &str) -> bool {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .expect("ip runs");
    output.status.success()
}
