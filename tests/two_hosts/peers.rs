//! Two peers in processes of their own, whose words the test carries between them.

use super::carry::carry;
use super::hosts::Hosts;
use super::names::Named;
use airshake::link::LinkEvent;
use airshake::medium::text::TextMedium;
use airshake::pairing::driver::{RtcTransport, Transport, pair_by};
use airshake::pairing::{Addresses, PairEvent, PairOptions, Servers, Timing, Ways};
use std::io::{BufReader, stdin, stdout};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a child process runs: pairs over its standard input and output, and tells what happens.
/// `AIRSHAKE_TEST_INTERFACE`, `_STUN`, `_TURN` are options; `_WAYS` is `two-sounds`, and `_NAMED` an
/// address that is told by a name in its place. Who `_LISTENS` lets the other speak first.
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
        let mut options = options;
        if let Some(name) = setting("INTERFACE") {
            options.addresses = Addresses::Interface(name);
        }
        if setting("WAYS").is_some_and(|ways| ways == "two-sounds") {
            options.ways = Ways::TwoSounds;
        }
        if setting("LISTENS").is_some() {
            options.timing.listen = Duration::from_secs(3);
        }
        let mut servers = Servers::default();
        servers
            .stun
            .extend(setting("STUN").map(|s| s.parse().expect("a server")));
        servers
            .turn
            .extend(setting("TURN").map(|s| s.parse().expect("a server")));
        let transport = RtcTransport::new(options.addresses.clone()).with_servers(servers);
        let transport: Arc<dyn Transport> = match setting("NAMED") {
            Some(ip) => Arc::new(Named::new(transport, ip.parse().expect("an address"))),
            None => Arc::new(transport),
        };
        let tell = |event: PairEvent| match event {
            PairEvent::Unreached(apart) => println!("unreached: {apart}"),
            event => println!("event {event:?}"),
        };
        match pair_by(transport, medium, options, tell).await {
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

/// Long enough for any pairing; how long pairing takes is measured elsewhere.
pub(crate) const LONG: Duration = Duration::from_secs(12);

/// Two peers whose words are carried from each to the other.
pub(crate) struct Pair {
    peers: [Peer; 2],
    told: Receiver<(usize, String)>,
    log: [Vec<String>; 2],
    _pipes: [JoinHandle<ChildStdin>; 2],
}

struct Peer {
    child: Child,
}

impl Pair {
    /// Starts a peer on each of these hosts.
    pub(crate) fn start(hosts: &Hosts, on: [usize; 2]) -> Self {
        Self::start_with(hosts, on, [&[], &[]])
    }

    /// The same, with settings for each: see [`peer`].
    pub(crate) fn start_with(
        hosts: &Hosts,
        on: [usize; 2],
        settings: [&[(&str, &str)]; 2],
    ) -> Self {
        let (tell, told) = channel();
        let [mut a, mut b] = [0, 1].map(|side| spawn_peer(hosts, on[side], settings[side]));
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

    pub(crate) fn expect(&mut self, peer: usize, text: &str, within: Duration) {
        self.wait(within, &format!("peer {peer} to say {text:?}"), |log| {
            log[peer].iter().any(|line| line.contains(text))
        });
    }

    pub(crate) fn expect_both(&mut self, text: &str, within: Duration) {
        self.wait(within, &format!("both to say {text:?}"), |log| {
            log.iter()
                .all(|log| log.iter().any(|line| line.contains(text)))
        });
    }

    pub(crate) fn expect_any(&mut self, text: &str, within: Duration) {
        self.wait(within, &format!("one to say {text:?}"), |log| {
            log.iter()
                .any(|log| log.iter().any(|line| line.contains(text)))
        });
    }

    /// Ends a peer as if its computer lost power.
    pub(crate) fn kill(&mut self, peer: usize) {
        self.peers[peer].child.kill().expect("the peer runs");
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

fn spawn_peer(hosts: &Hosts, host: usize, settings: &[(&str, &str)]) -> Child {
    let this = std::env::current_exe().expect("the test has a path");
    hosts
        .inside(host, &this.display().to_string())
        .args(["--exact", "peers::peer", "--ignored", "--nocapture"])
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the peer starts")
}

fn setting(name: &str) -> Option<String> {
    std::env::var(format!("AIRSHAKE_TEST_{name}")).ok()
}
