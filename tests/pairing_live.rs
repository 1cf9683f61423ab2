//! Two `airshake` processes within earshot, saying, hearing and pairing: sound through a virtual
//! air, WebRTC over the loopback and between two network namespaces. Needs Linux and PulseAudio
//! (`script/setup`); passes by where they are missing, unless AIRSHAKE_REQUIRE_LIVE is set.
//!
//! AIRSHAKE_PAIR_RUNS says how often each pairing is repeated, 3 times by default.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests of the whole program live in real time"
)]

mod common;
#[path = "common/live.rs"]
mod live;
#[path = "common/network.rs"]
mod network;
#[path = "common/relay.rs"]
mod relay;
#[path = "common/tap.rs"]
mod tap;

use std::io::Write;
use std::ops::{Deref, DerefMut};
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use airshake::modem::Profile;
use airshake::units::SampleRate;
use common::{arg, float_wav, noise};
use live::{Air, Ended, Program, lines_of};
use network::Network;
use tap::{Mouth, Tap};

/// Ample for a pairing that goes wrong once and starts over, on a busy machine.
const PAIRING: Duration = Duration::from_secs(60);
/// For a line to cross an open link, for a peer's death to be noticed, for a program to end. The
/// longest of these is promised within 3.5 s; the machine may be busy.
const NOTICE: Duration = Duration::from_secs(15);
/// For a program to start and to open its devices.
const START: Duration = Duration::from_secs(30);
/// One in two finds its peer speaking.
const TRIES: u32 = 12;

#[test]
fn two_processes_pair_and_talk_where_each_hears_only_the_other() {
    repeat("crossed", &Network::shared(), &[]);
}

#[test]
fn two_processes_pair_by_two_sounds_where_they_are_told_to() {
    repeat("crossed", &Network::shared(), &["--two-sounds"]);
}

#[test]
fn two_processes_pair_and_talk_where_each_also_hears_itself() {
    repeat("shared", &Network::shared(), &[]);
}

#[test]
fn two_processes_pair_and_talk_between_two_networks() {
    if let Some(network) = Network::namespaces() {
        repeat("crossed", &network, &[]);
    }
}

/// As much echo as direct sound, noise, and clocks that disagree: see `Impairment::REQUIRED`.
#[test]
fn two_processes_pair_and_talk_through_echo_noise_and_other_clocks() {
    repeat("impaired", &Network::shared(), &[]);
}

#[test]
fn two_processes_pair_by_two_sounds_through_echo_noise_and_other_clocks() {
    repeat("impaired", &Network::shared(), &["--two-sounds"]);
}

/// What carries the sound of the impaired tests.
#[test]
#[ignore = "run by other tests, in a process of its own"]
fn relay_process() {
    relay::carry();
}

#[test]
fn where_firewalls_let_nobody_in_unasked_a_second_sound_pairs_two_processes() {
    if let Some(network) = Network::firewalls() {
        repeat("crossed", &network, &[]);
    }
}

/// Each side hears through its own echo canceller, noise suppression and automatic gain.
#[test]
fn two_processes_pair_and_talk_through_voice_processing() {
    repeat("shared voice", &Network::shared(), &[]);
}

/// A says its beacon, and nobody hears it before A says it again: that word is cut short when the
/// knock comes. Measured at the loudspeaker's output, with what the sound card and the tap hold.
#[test]
fn a_word_in_the_air_ends_within_a_symbol_of_the_first_knock() {
    let Some(air) = Air::start("separate") else {
        return;
    };
    let format = &Profile::AUDIBLE.normal;
    let symbol = SampleRate::HZ_48000.seconds((format.guard + format.body) as u64);
    let mut took = Vec::new();
    for _ in 0..TRIES {
        took.extend(cut_short(&air));
        // A busy machine may be late once.
        if took.iter().any(|seconds| *seconds <= symbol) {
            println!("from the knock to the last sample, at most: {took:.3?} s of {symbol} s");
            return;
        }
    }
    panic!("{took:?}, not within {symbol}");
}

/// Lets A be knocked at while it speaks for the second time, if chance wants it; gives the seconds
/// from the knock to the last sounding sample.
fn cut_short(air: &Air) -> Option<f64> {
    let tap = Tap::open(air, "a_speaker");
    let mut mouth = Mouth::open(air, "b_air");
    // Its words are long, so that one is often met.
    let options = ["--profile", "phone"];
    let network = Network::shared();
    let b = Peer::start(air, &network, "B", &options);
    let a = Peer::start(air, &network, "A", &options);
    let began = Instant::now();
    let (word, ended) = tap.word(began, START)?;
    // The shortest pause that A makes, less what playing takes.
    let again = ended + Duration::from_millis(400);
    thread::sleep(again.saturating_duration_since(Instant::now()));
    mouth.play(&word);
    let knocked = a.when("knocked", PAIRING);
    drop(b);
    // The word that was on its way at that moment.
    let (cut, last) = tap.word(ended, NOTICE)?;
    let seconds = last.saturating_duration_since(knocked).as_secs_f64();
    (cut.len() < word.len() && last > knocked).then_some(seconds)
}

#[test]
fn a_peer_alone_gives_up_after_its_time_and_says_what_it_heard() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let mut peer = Peer::start(&air, &Network::shared(), "A", &["--timeout", "4"]);
    peer.event("playing", START);
    assert_eq!(peer.ended(NOTICE), Some(1));
}

#[test]
fn two_with_the_same_code_are_linked_and_two_with_others_are_not() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let network = Network::shared();
    let start = |side, code| Peer::start(&air, &network, side, &["--code", code]);
    let (a, b) = (start("A", "blue horse"), start("B", "Blue  Horse"));
    for peer in [&a, &b] {
        assert_eq!(peer.event("words", PAIRING)["by_code"], true);
    }
    drop((a, b));
    let (mut a, mut b) = (start("A", "blue horse"), start("B", "blue house"));
    for peer in [&mut a, &mut b] {
        let closed = peer.event("closed", PAIRING);
        let reason = closed["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("another code"), "{closed}");
        assert_eq!(peer.ended(NOTICE), Some(1), "nobody was paired with");
    }
}

#[test]
fn ctrl_c_ends_a_lonely_peer_at_once() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let mut peer = Peer::start(&air, &Network::shared(), "A", &[]);
    peer.event("playing", START);
    peer.signal("INT");
    assert_eq!(peer.ended(NOTICE), Some(130));
}

#[test]
fn what_one_process_says_another_hears() {
    if let Some(air) = Air::start("crossed") {
        say_and_hear(&air);
    }
}

#[test]
fn what_one_process_says_another_hears_through_voice_processing() {
    // Voice processing for two, both programs and the daemon: where one core does it all beside
    // something else, it loses buffers in every burst.
    if thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        eprintln!("skipped: one core is too few");
        return;
    }
    if let Some(air) = Air::start("shared voice") {
        say_and_hear(&air);
    }
}

/// A says, B hears, word after word and not a word else. A busy machine may drop a buffer, which
/// is not ours to prevent: what is not heard may be said again, as a person would, but not often.
fn say_and_hear(air: &Air) {
    let mut hear = air.script();
    hear.args(["run", "B", env!("CARGO_BIN_EXE_airshake")])
        .args(["hear", "--count", "4", "--timeout", "120"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut hear = Ended(hear.spawn().expect("starts"));
    let talk = lines_of(hear.0.stderr.take().expect("piped"));
    let heard = lines_of(hear.0.stdout.take().expect("piped"));
    let listening = || {
        talk.recv_timeout(START)
            .is_ok_and(|line| line.contains("listening"))
    };
    assert!((0..3).any(|_| listening()), "B does not listen");
    let mut again = 0;
    for words in [
        "the door code is 4711",
        "and the alarm's is 11",
        "the key is under the stone",
        "the dog is called Schrödinger and does not like bicycles",
    ] {
        loop {
            let said = air
                .script()
                .args(["run", "A", env!("CARGO_BIN_EXE_airshake"), "say", words])
                .output()
                .expect("runs");
            assert_eq!(said.status.code(), Some(0), "{said:?}");
            match heard.recv_timeout(NOTICE) {
                Ok(line) => {
                    assert_eq!(line, words);
                    break;
                }
                Err(_) => again += 1,
            }
            assert!(
                again <= 2,
                "not heard: {words:?}; {:?}",
                talk.try_iter().collect::<Vec<_>>()
            );
        }
    }
    let end = Instant::now() + NOTICE;
    let code = loop {
        match hear.0.try_wait().expect("waits") {
            Some(status) => break status.code(),
            None => assert!(Instant::now() < end, "four were heard, and it goes on"),
        }
        thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(code, Some(0));
}

#[test]
fn who_hears_nothing_says_so() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let output = air
        .script()
        .args([
            "run",
            "B",
            env!("CARGO_BIN_EXE_airshake"),
            "hear",
            "--timeout",
            "2",
        ])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("silence"), "{said}");
}

#[test]
fn ctrl_c_ends_listening_and_says_why_nothing_was_heard() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let mut hear = Peer::run(&air, &Network::shared(), "B", &["hear", "--json"]);
    // A microphone that gives only zeros is told of after some seconds.
    hear.event("trouble", START);
    hear.signal("INT");
    let report = hear.event("report", NOTICE);
    assert_eq!(report["findings"][0]["cause"], "silence", "{report}");
    assert_eq!(hear.ended(NOTICE), Some(130));
}

#[test]
fn what_is_wrong_with_a_sound_is_told_while_listening() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    // Two thirds of it are beyond what a converter can say.
    let loud: Vec<f32> = noise(30 * 48_000, 3.0, 1)
        .iter()
        .map(|x| x.clamp(-1.0, 1.0))
        .collect();
    let file = air.folder.path().join("loud.wav");
    std::fs::write(&file, float_wav(48_000, &loud)).expect("writes");
    let mut hear = Peer::run(&air, &Network::shared(), "B", &["hear", "--json"]);
    let mut play = air.script();
    play.args(["run", "A", "paplay", arg(&file)]);
    let _play = Ended(play.spawn().expect("starts"));
    let finding = hear.event("finding", START);
    assert_eq!(finding["cause"], "clipped", "{finding}");
    assert!(finding["advice"].is_string(), "{finding}");
    hear.signal("INT");
    assert_eq!(hear.ended(NOTICE), Some(130));
}

#[test]
fn ctrl_c_ends_saying_in_the_middle() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let say = ["say", "--json", "--passes", "1000", "hello"];
    let mut say = Peer::run(&air, &Network::shared(), "A", &say);
    say.event("playing", START);
    say.signal("INT");
    assert_eq!(say.ended(NOTICE), Some(130));
}

#[test]
fn where_the_sound_server_dies_saying_ends_and_listening_waits_for_it() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let mut hear = Peer::run(&air, &Network::shared(), "B", &["hear", "--json"]);
    let say = ["say", "--json", "--passes", "1000", "hello"];
    let mut say = Peer::run(&air, &Network::shared(), "A", &say);
    hear.event("heard", START);
    air.kill();
    assert_eq!(say.ended(NOTICE), Some(2));
    hear.event("trouble", NOTICE);
    assert!(hear.child.try_wait().expect("waits").is_none());
    hear.signal("INT");
    assert_eq!(hear.ended(NOTICE), Some(130));
}

fn repeat(topology: &str, network: &Network, options: &[&str]) {
    let Some(air) = Air::start(topology) else {
        return;
    };
    let runs = std::env::var("AIRSHAKE_PAIR_RUNS").map_or(3, |n| n.parse().expect("a number"));
    for run in 0..runs {
        pair_once(&air, network, options, run);
    }
}

/// Pairs, sends a line each way, and kills one side, in turn.
fn pair_once(air: &Air, network: &Network, options: &[&str], run: u32) {
    let mut a = Peer::start(air, network, "A", options);
    // Not always at the same moment: together, and up to 0.9 s apart.
    thread::sleep(Duration::from_millis(300 * u64::from(run % 4)));
    let mut b = Peer::start(air, network, "B", options);
    for peer in [&a, &b] {
        let connected = peer.event("connected", PAIRING);
        let way = connected["way"].as_str().expect("a way");
        match options.contains(&"--two-sounds") {
            true => assert_eq!(way, "two-sounds"),
            // On a machine too busy to connect within two seconds the second sound is right.
            false => assert!(["one-sound", "two-sounds"].contains(&way), "{way}"),
        }
        let seconds = connected["seconds"].as_f64().expect("a number");
        println!(
            "{} run {run} {}: connected by {way} in {seconds:.2} s",
            air.topology, peer.side
        );
    }
    let words = [&a, &b].map(|peer| peer.event("words", NOTICE)["words"].clone());
    assert_eq!(words[0].as_array().map(Vec::len), Some(4), "{words:?}");
    assert_eq!(words[0], words[1], "what both screens show");
    talk(&mut a, &b, "bonjour from A");
    talk(&mut b, &a, "and hello from B");
    let (killed, left) = if run.is_multiple_of(2) {
        (&mut a, &mut b)
    } else {
        (&mut b, &mut a)
    };
    killed.signal("KILL");
    if network.silent {
        // Nothing tells a dead program from a lost network: the other side hopes on.
        left.event("interrupted", NOTICE);
        left.signal("INT");
        assert_eq!(left.ended(NOTICE), Some(130));
        return;
    }
    let closed = left.event("closed", NOTICE);
    assert!(closed["reason"].is_string(), "{closed}");
    assert_eq!(left.ended(NOTICE), Some(1), "a lost link is no good end");
}

fn talk(from: &mut Peer, to: &Peer, line: &str) {
    writeln!(from.stdin.as_mut().expect("open"), "{line}").expect("the peer reads");
    assert_eq!(to.line(NOTICE), line);
}

/// A program that chats.
struct Peer {
    program: Program,
    lines: Receiver<String>,
}

impl Deref for Peer {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

impl DerefMut for Peer {
    fn deref_mut(&mut self) -> &mut Program {
        &mut self.program
    }
}

impl Peer {
    fn start(air: &Air, network: &Network, side: &'static str, options: &[&str]) -> Self {
        Self::run(air, network, side, &[&["pair", "--json"], options].concat())
    }

    fn run(air: &Air, network: &Network, side: &'static str, arguments: &[&str]) -> Self {
        let mut program = Program::start(network.script(air, side), side, arguments);
        let stdout = program.stdout.take().expect("piped");
        Self {
            program,
            lines: lines_of(stdout),
        }
    }

    /// The next line of the chat.
    #[track_caller]
    fn line(&self, within: Duration) -> String {
        self.lines
            .recv_timeout(within)
            .unwrap_or_else(|_| panic!("{}: no line in {within:?}; {:#?}", self.side, self.rest()))
    }
}
