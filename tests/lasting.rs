//! A link outlives its connection: the cable is pulled, an address changes, a program is stopped or
//! killed, between two processes on two hosts (network namespaces).
//!
//! Needs Linux, root and `ip`. Without them the tests say so and pass, unless
//! `AIRSHAKE_REQUIRE_LIVE=1` asks for them. AIRSHAKE_LASTING_RUNS says how often the cable is pulled
//! for the measured times, once by default.

#![cfg(all(feature = "net", target_os = "linux"))]
#![expect(
    clippy::disallowed_methods,
    reason = "processes are watched by threads, on the real clock"
)]

#[path = "common/carry.rs"]
mod carry;
#[path = "common/hosts.rs"]
mod hosts;

use airshake::link::transfer::{Offering, ReceiveOptions, TransferEvent};
use airshake::link::{Link, LinkEvent, Standing};
use airshake::medium::text::{PREFIX, TextMedium};
use airshake::pairing::{PairOptions, Timing, pair};
use carry::carry;
use hosts::Hosts;
use std::fs;
use std::io::{BufReader, stdin, stdout};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What a child process runs: pairs over its standard input and output, then does what its
/// environment says, and tells what happens.
#[test]
#[ignore = "run by the other tests, in processes of its own"]
fn peer() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let medium = TextMedium::new(BufReader::new(stdin()), stdout());
        let options = PairOptions {
            timing: Timing {
                deadline: Duration::from_secs(30),
                ..Timing::default()
            },
            ..PairOptions::default()
        };
        let introduction = pair(medium, options, |_| {}).await.expect("a peer");
        let mut link = introduction.accept().await.expect("the other accepts too");
        println!("linked");
        tokio::spawn(tell_standing(&link));
        let path = |name| std::env::var_os(name);
        if let Some(file) = path("AIRSHAKE_TEST_SEND") {
            let offering = Offering::of([file]).expect("a file");
            let sent = link.send_files(&offering, tell_progress()).await;
            println!("done {}", sent.expect("it is sent").files);
            link.close().await;
        } else if let Some(folder) = path("AIRSHAKE_TEST_RECEIVE") {
            let incoming = link.receive_files().await.expect("an offer");
            let received = incoming
                .accept(folder, ReceiveOptions::default(), tell_progress())
                .await;
            println!("done {}", received.expect("it is received").files);
            link.close().await;
        } else {
            talk(link).await;
        }
    });
}

/// Tells how the link is whenever that changes.
fn tell_standing(link: &Link) -> impl Future<Output = ()> + use<> {
    let mut standing = link.standing();
    async move {
        while standing.changed().await.is_ok() {
            let now = *standing.borrow_and_update();
            println!("standing {now:?}");
            if now == Standing::Over {
                break;
            }
        }
    }
}

fn tell_progress() -> impl FnMut(TransferEvent) {
    |event| {
        if let TransferEvent::Progress(progress) = event {
            println!("moved {}", progress.moved);
        }
    }
}

/// Says a number ten times a second, and what comes.
async fn talk(mut link: Link) {
    let sender = link.sender();
    tokio::spawn(async move {
        for n in 0.. {
            if sender.send_text(&format!("number {n}")).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    loop {
        match link.next().await {
            LinkEvent::Text(text) => println!("text {text}"),
            LinkEvent::Closed { reason } => return println!("closed: {reason}"),
            other => println!("{other:?}"),
        }
    }
}

#[test]
fn a_cable_pulled_for_twenty_seconds_in_the_middle_of_a_file_does_no_harm() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    for run in 0..runs() {
        outage(&hosts, run, Duration::from_secs(20), |hosts, side, up| {
            hosts.ip(side, &format!("link set eth0 {up}"));
        });
    }
}

#[test]
fn an_address_that_changes_while_the_cable_is_pulled_does_no_harm() {
    // Whichever side it is: neither waits for the other.
    for moves in 0..2 {
        let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
            return;
        };
        outage(
            &hosts,
            moves as u32,
            Duration::from_secs(8),
            |hosts, _, up| {
                hosts.ip(moves, &format!("link set eth0 {up}"));
                if up == "up" {
                    hosts.ip(moves, "address flush dev eth0 scope global");
                    hosts.ip(moves, "address add 192.168.77.9/24 dev eth0");
                }
            },
        );
    }
}

#[test]
fn a_cable_pulled_on_a_network_of_ipv6_alone_does_no_harm() {
    let Some(hosts) = Hosts::joined(["fd00:77::2/64", "fd00:77::3/64"]) else {
        return;
    };
    for side in 0..2 {
        // An address must be there at once, and stay when the interface goes down.
        for setting in ["accept_dad=0", "keep_addr_on_down=1"] {
            let set = hosts
                .command(side, "sysctl")
                .args(["-q", "-w", &format!("net.ipv6.conf.eth0.{setting}")])
                .status();
            assert!(set.is_ok_and(|set| set.success()), "sysctl {setting}");
        }
        hosts.ip(side, "link set eth0 down");
        hosts.ip(side, "link set eth0 up");
    }
    thread::sleep(Duration::from_secs(2));
    outage(&hosts, 0, Duration::from_secs(8), |hosts, side, up| {
        hosts.ip(side, &format!("link set eth0 {up}"));
    });
}

#[test]
fn a_cable_that_is_pulled_again_and_again_loses_nothing() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    let mut pair = Pair::start(&hosts, [&[], &[]]);
    pair.expect_both("text number 5", LINKED);
    for time in 1..=4 {
        hosts.ip(time % 2, "link set eth0 down");
        pair.wait(Duration::from_secs(6), "the break to be noticed", |pair| {
            pair.times("standing Interrupted") == [time; 2]
        });
        hosts.ip(time % 2, "link set eth0 up");
        let up = Instant::now();
        pair.wait(Duration::from_secs(20), "both to be back", |pair| {
            pair.times("standing Resumed") == [time; 2]
        });
        println!("time {time}: back {:.2?} after the network", up.elapsed());
    }
    let now = pair.numbers(0);
    pair.expect_both(
        &format!("text number {}", now + 10),
        Duration::from_secs(10),
    );
    pair.numbers(0);
    pair.numbers(1);
}

#[test]
fn a_program_that_stands_still_for_eight_seconds_is_back_by_itself() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    let mut pair = Pair::start(&hosts, [&[], &[]]);
    pair.expect_both("text number 5", LINKED);
    pair.signal(0, "STOP");
    pair.expect(1, "Interrupted", Duration::from_secs(6));
    thread::sleep(Duration::from_secs(8));
    let began = Instant::now();
    pair.signal(0, "CONT");
    pair.expect(1, "Resumed", Duration::from_secs(8));
    println!("back after {:?}", began.elapsed());
    let now = pair.numbers(1);
    pair.expect_both(
        &format!("text number {}", now + 100),
        Duration::from_secs(20),
    );
    pair.numbers(0);
    pair.numbers(1);
}

#[test]
fn a_program_that_was_killed_is_told_to_the_other_within_ten_seconds() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    for killed in 0..2 {
        let mut pair = Pair::start(&hosts, [&[], &[]]);
        pair.expect_both("text number 5", LINKED);
        pair.signal(killed, "KILL");
        let began = Instant::now();
        let told = "closed: the other side's program ended without a goodbye";
        pair.expect(1 - killed, told, Duration::from_secs(10));
        println!("the death was told after {:?}", began.elapsed());
    }
}

#[test]
fn a_program_that_was_killed_while_the_cable_was_pulled_is_told_when_it_is_back() {
    let Some(hosts) = Hosts::joined(["192.168.77.2/24", "192.168.77.3/24"]) else {
        return;
    };
    let mut pair = Pair::start(&hosts, [&[], &[]]);
    pair.expect_both("text number 5", LINKED);
    hosts.ip(0, "link set eth0 down");
    pair.expect(1, "Interrupted", Duration::from_secs(6));
    pair.signal(0, "KILL");
    thread::sleep(Duration::from_secs(5));
    hosts.ip(0, "link set eth0 up");
    let told = "closed: the other side's program ended without a goodbye";
    pair.expect(1, told, Duration::from_secs(10));
}

fn runs() -> u32 {
    std::env::var("AIRSHAKE_LASTING_RUNS").map_or(1, |n| n.parse().expect("a number"))
}

/// Moves a file from one host to the other, in turn, and has the network fail meanwhile: `set` is
/// told "down" and then "up". The file is the same afterwards, and nobody has played a sound.
fn outage(hosts: &Hosts, run: u32, length: Duration, set: impl Fn(&Hosts, usize, &str)) {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, there) = (folder.path().join("file"), folder.path().join("there"));
    fs::write(&file, bytes(FILE)).expect("writes");
    let sends = [("AIRSHAKE_TEST_SEND", file.as_path())];
    let receives = [("AIRSHAKE_TEST_RECEIVE", there.as_path())];
    let mut pair = match run % 2 {
        0 => Pair::start(hosts, [&sends, &receives]),
        _ => Pair::start(hosts, [&receives, &sends]),
    };
    pair.expect_both("moved", LINKED);
    let side = run as usize / 2 % 2;
    set(hosts, side, "down");
    let words = pair.envelopes();
    let down = Instant::now();
    pair.expect_both("standing Interrupted", Duration::from_secs(6));
    thread::sleep(length.saturating_sub(down.elapsed()));
    let before = pair.moved();
    set(hosts, side, "up");
    let up = Instant::now();
    pair.expect_both("standing Resumed", Duration::from_secs(20));
    let back = up.elapsed();
    pair.wait(Duration::from_secs(20), "bytes to flow again", |pair| {
        pair.moved() > before
    });
    let flowing = up.elapsed();
    pair.expect_both("done 1", Duration::from_secs(120));
    println!(
        "run {run}: down for {:.1} s; back {back:.2?} after that, bytes flow after {flowing:.2?}",
        (up - down).as_secs_f64()
    );
    assert!(
        before < FILE as u64,
        "the file was there before the cable was pulled"
    );
    assert_eq!(pair.envelopes(), words, "somebody made a sound");
    let arrived = fs::read(there.join("file")).expect("the file");
    assert!(arrived == fs::read(&file).expect("reads"), "another file");
}

/// Bytes that no two places share.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next)
        .take(length / 8)
        .flatten()
        .collect()
}

/// Takes a second or more on any machine.
const FILE: usize = 192 << 20;

/// Long enough for any pairing on a busy machine.
const LINKED: Duration = Duration::from_secs(30);

/// Two peers whose words are carried from each to the other.
struct Pair {
    children: [Child; 2],
    told: Receiver<(usize, String)>,
    log: [Vec<String>; 2],
    _pipes: [JoinHandle<ChildStdin>; 2],
}

impl Pair {
    fn start(hosts: &Hosts, tasks: [&[(&str, &Path)]; 2]) -> Self {
        let (tell, told) = channel();
        let mut children = [0, 1].map(|side| {
            let this = std::env::current_exe().expect("the test has a path");
            hosts
                .command(side, this)
                .args(["--exact", "peer", "--ignored", "--nocapture"])
                .envs(tasks[side].iter().copied())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the peer starts")
        });
        let [a, b] = &mut children;
        let to = [&mut *b, a].map(|child| child.stdin.take().expect("piped"));
        let [to_b, to_a] = to;
        let pipes = [
            carry(0, &mut children[0], to_b, tell.clone()),
            carry(1, &mut children[1], to_a, tell),
        ];
        Self {
            children,
            told,
            log: Default::default(),
            _pipes: pipes,
        }
    }

    fn signal(&self, side: usize, signal: &str) {
        // `ip netns exec` becomes the program it runs.
        let pid = self.children[side].id().to_string();
        let status = Command::new("kill")
            .args([&format!("-{signal}"), &pid])
            .status();
        assert!(status.expect("kill runs").success());
    }

    /// How often anybody has said something by sound.
    fn envelopes(&mut self) -> usize {
        self.read();
        self.times(PREFIX).iter().sum()
    }

    /// The most bytes that anybody has seen move.
    fn moved(&self) -> u64 {
        let moved = |line: &String| line.strip_prefix("moved ")?.parse().ok();
        self.log
            .iter()
            .flatten()
            .filter_map(moved)
            .max()
            .unwrap_or(0)
    }

    /// The last number that side has heard; all before it have come, each once and in its order.
    fn numbers(&mut self, side: usize) -> usize {
        self.read();
        let number = |line: &String| line.strip_prefix("text number ")?.parse().ok();
        let heard: Vec<usize> = self.log[side].iter().filter_map(number).collect();
        assert_eq!(heard, (0..heard.len()).collect::<Vec<_>>());
        heard.len() - 1
    }

    /// How often each side has said that.
    fn times(&self, text: &str) -> [usize; 2] {
        let says = |log: &Vec<String>| log.iter().filter(|line| line.contains(text)).count();
        [says(&self.log[0]), says(&self.log[1])]
    }

    fn expect(&mut self, side: usize, text: &str, within: Duration) {
        let what = format!("side {side} to say {text:?}");
        self.wait(within, &what, |pair| says(&pair.log[side], text));
    }

    fn expect_both(&mut self, text: &str, within: Duration) {
        self.wait(within, &format!("both to say {text:?}"), |pair| {
            pair.log.iter().all(|log| says(log, text))
        });
    }

    fn read(&mut self) {
        while let Ok((side, line)) = self.told.try_recv() {
            self.log[side].push(line);
        }
    }

    fn wait(&mut self, within: Duration, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + within;
        self.read();
        while !done(self) {
            let left = end.saturating_duration_since(Instant::now());
            match self.told.recv_timeout(left) {
                Ok((side, line)) => self.log[side].push(line),
                Err(_) => {
                    let last = |log: &[String]| log[log.len().saturating_sub(12)..].to_vec();
                    let [a, b] = &self.log;
                    panic!(
                        "waited {within:?} for {what}; heard {:#?}",
                        [last(a), last(b)]
                    )
                }
            }
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn says(log: &[String], text: &str) -> bool {
    log.iter().any(|line| line.contains(text))
}
