//! Receiving onto a disk that is full, or fills while files come: a small one of our own, in memory,
//! mounted where only this test sees it.
//!
//! Needs Linux and the right to mount in a namespace of one's own (`unshare`). Without it the test
//! says so and passes, unless AIRSHAKE_REQUIRE_NETNS is set.

#![cfg(all(feature = "net", target_os = "linux"))]
#![allow(clippy::disallowed_methods, reason = "files are what is tested")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use airshake::link::transfer::{
    Offering, Reason, ReceiveOptions, Summary, TransferError, TransferEvent,
};
use airshake::link::{Certificates, Encounter, Heartbeat, Link, MemoryChannel, Side, Unproven};
use tempfile::tempdir;

/// The name of the folder of the small disk, in the environment of the processes below.
const DISK: &str = "AIRSHAKE_SMALL_DISK";
/// Bytes of the file that is sent.
const SIZE: usize = 6_000_000;

#[test]
fn what_does_not_fit_is_refused_at_once_with_both_numbers_and_taken_when_there_is_room() {
    on_a_small_disk("4m", "refused");
}

#[test]
fn a_disk_that_fills_on_the_way_ends_it_with_both_numbers_and_it_goes_on_when_there_is_room() {
    on_a_small_disk("16m", "filled");
}

/// Runs the part of that name where a disk of that size is mounted.
fn on_a_small_disk(size: &str, part: &str) {
    let disk = tempdir().expect("a folder");
    let script = format!("mount -t tmpfs -o size={size} tmpfs \"${DISK}\" && exec \"$0\" \"$@\"");
    let run = |unshare: &[&str], arguments: &[&str]| {
        Command::new("unshare")
            .args(unshare)
            .args(["sh", "-c", &script])
            .args(arguments)
            .env(DISK, disk.path())
            .output()
    };
    // As root; as anybody, where that is allowed.
    let ways: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];
    let may = |way: &&&[&str]| run(way, &["true"]).is_ok_and(|made| made.status.success());
    let Some(way) = ways.iter().find(may) else {
        assert!(
            std::env::var_os("AIRSHAKE_REQUIRE_NETNS").is_none(),
            "no disk can be mounted here"
        );
        return eprintln!("skipped: no right to mount a small disk");
    };
    let this = std::env::current_exe().expect("the test has a path");
    let this = this.to_str().expect("a path of UTF-8");
    let part = [this, part, "--exact", "--ignored", "--nocapture"];
    let output = run(way, &part).expect("runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(fs::read_dir(disk.path()).expect("is there").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the tests above, where a small disk is mounted"]
async fn refused() {
    let transfer = Transfer::new();
    let (sent, taken) = transfer.run(|_| {}).await;
    match taken {
        Err(TransferError::DiskFull { needed, free }) => {
            assert_eq!(needed, SIZE as u64);
            assert!((1..=4 << 20).contains(&free), "{free}");
        }
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(sent, Err(TransferError::Theirs(Reason::DiskFull))),
        "{sent:?}"
    );
    let grown = Command::new("mount")
        .args(["-o", "remount,size=16m"])
        .arg(disk())
        .status();
    assert!(grown.expect("mount runs").success());
    let (sent, taken) = transfer.run(|_| {}).await;
    assert_eq!(sent.expect("sent").moved, SIZE as u64);
    taken.expect("there is room");
    transfer.arrived();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the tests above, where a small disk is mounted"]
async fn filled() {
    let transfer = Transfer::new();
    let other = disk().join("of somebody else");
    let mut filled = false;
    let (sent, taken) = transfer
        .run(|event| {
            if matches!(event, TransferEvent::Accepted) && !std::mem::replace(&mut filled, true) {
                // The disk has 16 MiB.
                fs::write(&other, vec![1; 12 << 20]).expect("there is room");
            }
        })
        .await;
    match taken {
        Err(TransferError::DiskFull { needed, free }) => {
            assert!((1..SIZE as u64).contains(&needed), "{needed}");
            assert!(free < needed, "{free}");
        }
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(sent, Err(TransferError::Theirs(Reason::DiskFull))),
        "{sent:?}"
    );
    assert!(!transfer.place().exists(), "half a file has its name");
    fs::remove_file(&other).expect("was written");
    let (sent, taken) = transfer.run(|_| {}).await;
    let moved = sent.expect("sent").moved;
    assert!(moved < SIZE as u64, "{moved} bytes were sent again");
    taken.expect("there is room");
    transfer.arrived();
}

/// A file, and the small disk that it is sent to.
struct Transfer {
    from: tempfile::TempDir,
    content: Vec<u8>,
}

impl Transfer {
    fn new() -> Self {
        // Not on the small disk.
        let from = tempdir().expect("a folder");
        let content: Vec<u8> = (0..SIZE).map(|n| ((n * n) >> 8) as u8).collect();
        fs::write(from.path().join("file"), &content).expect("is written");
        Self { from, content }
    }

    /// Sends the file once, over a link in memory. What both sides say of it.
    async fn run(
        &self,
        events: impl FnMut(TransferEvent),
    ) -> (
        Result<Summary, TransferError>,
        Result<Summary, TransferError>,
    ) {
        let (mut a, mut b) = links().await;
        let offering = Offering::of([self.from.path().join("file")]).expect("can be read");
        let take = async {
            let incoming = b.receive_files().await?;
            incoming
                .accept(disk().join("in"), ReceiveOptions::default(), events)
                .await
        };
        tokio::join!(a.send_files(&offering, |_| {}), take)
    }

    fn place(&self) -> std::path::PathBuf {
        disk().join("in/file")
    }

    fn arrived(&self) {
        let arrived = fs::read(self.place()).expect("is there");
        assert!(arrived == self.content, "what arrived is not what was sent");
    }
}

fn disk() -> &'static Path {
    static DISK_PATH: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();
    DISK_PATH.get_or_init(|| std::env::var_os(DISK).expect("a disk").into())
}

/// Two links that are proven and accepted.
async fn links() -> (Link, Link) {
    let (a, b) = MemoryChannel::pair();
    let link = async |channel: Arc<MemoryChannel>, side, ours, theirs| {
        let encounter = Encounter {
            side,
            secret: None,
            code: None,
        };
        let unproven = Unproven::new(channel, Certificates { ours, theirs });
        let proof = unproven.prove(&encounter, Heartbeat::default(), Duration::from_secs(10));
        let introduction = proof.await.expect("is proven");
        introduction.accept().await.expect("is accepted")
    };
    tokio::join!(
        link(a, Side::Offerer, [1; 32], [2; 32]),
        link(b, Side::Answerer, [2; 32], [1; 32]),
    )
}
