//! `airshake::pair` in two processes within earshot: the library's one call, over a virtual air.
//! Needs Linux and PulseAudio (`script/setup`); passes by where they are missing, unless
//! AIRSHAKE_REQUIRE_LIVE is set.

#![cfg(all(target_os = "linux", feature = "live", feature = "net"))]
#![allow(
    clippy::disallowed_methods,
    reason = "tests of whole programs live in real time"
)]

mod common;
#[path = "common/live.rs"]
mod live;
#[path = "common/relay.rs"]
mod relay;

use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use airshake::earshot::{self, Options};
use airshake::link::LinkEvent;
use airshake::pairing::{PairError, PairEvent};
use live::{Air, Ended, lines_of};
use tokio::runtime::Builder;
use tokio::time::timeout;

/// For a program to start, to pair, on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// What a process of the tests below does: pairs, says hello, listens, and leaves.
#[test]
#[ignore = "run by the other tests, in processes of its own"]
fn peer() {
    // The flavour that has the least to spare.
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let paired = airshake::pair(Options::default(), |event| println!("event {event:?}"));
        let found = paired.await.expect("somebody is there");
        println!("words {}", found.words());
        let mut link = found.accept().await.expect("the other accepts too");
        link.send_text("hello").await.expect("the link is open");
        match link.next().await {
            LinkEvent::Text(line) => println!("they say {line}"),
            other => println!("{other:?}"),
        }
        link.close().await;
    });
}

/// Another: gives up when it speaks, in either way, and says how long it takes.
#[test]
#[ignore = "run by the other tests, in processes of its own"]
fn quitter() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let options = Options::default();
        let cancel = options.pairing.cancel.clone();
        let mut spoke = None;
        let paired = airshake::pair(options, |event| {
            if matches!(event, PairEvent::Playing { .. }) {
                cancel.cancel();
                spoke.get_or_insert_with(Instant::now);
            }
        });
        let error = paired.await.expect_err("cancelled");
        let cancelled = matches!(
            error,
            earshot::Error::Pairing {
                error: PairError::Cancelled,
                heard: Some(_)
            }
        );
        assert!(cancelled, "{error:?}");
        println!("cancelled in {:?}", spoke.expect("it spoke").elapsed());

        let (tell, told) = tokio::sync::oneshot::channel();
        let mut tell = Some(tell);
        let mut paired = Box::pin(airshake::pair(Options::default(), |event| {
            if matches!(event, PairEvent::Playing { .. })
                && let Some(tell) = tell.take()
            {
                let _ = tell.send(());
            }
        }));
        tokio::select! {
            _ = &mut paired => panic!("nobody is there"),
            spoke = told => spoke.expect("it spoke"),
        }
        let began = Instant::now();
        drop(paired);
        println!("dropped in {:?}", began.elapsed());
        // The devices are closed meanwhile: they can be opened again at once.
        let again = airshake::pair(Options::default(), |_| {});
        assert!(timeout(Duration::from_millis(200), again).await.is_err());
    });
    println!("the quitter is done");
}

#[test]
fn two_programs_of_ten_lines_pair_and_say_hello() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let peers = [start(&air, "A", "peer"), start(&air, "B", "peer")];
    let words = [0, 1].map(|side| line_with(&peers[side].1, "words "));
    assert_eq!(words[0], words[1]);
    for (_, lines) in &peers {
        line_with(lines, "they say hello");
    }
}

#[test]
fn pairing_that_is_cancelled_or_dropped_in_the_middle_of_a_word_ends_at_once() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let (_quitter, lines) = start(&air, "A", "quitter");
    for way in ["cancelled in ", "dropped in "] {
        println!("{}", line_with(&lines, way));
    }
    line_with(&lines, "the quitter is done");
}

fn start(air: &Air, side: &str, part: &str) -> (Ended, Receiver<String>) {
    let mut child = air
        .script()
        .args(["run", side])
        .arg(std::env::current_exe().expect("the test has a path"))
        .args([part, "--exact", "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let lines = lines_of(child.stdout.take().expect("piped"));
    (Ended(child), lines)
}

/// The next line that has this in it.
#[track_caller]
fn line_with(lines: &Receiver<String>, words: &str) -> String {
    let end = Instant::now() + LONG;
    let mut seen = Vec::new();
    while let Ok(line) = lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
        if line.contains(words) {
            return line;
        }
        seen.push(line);
    }
    panic!("no {words:?} in {seen:#?}");
}
