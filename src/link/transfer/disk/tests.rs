#![expect(clippy::disallowed_methods, reason = "files are what is tested")]

use super::*;
use crate::link::{
    Channel, ChannelError, Heartbeat, Link, MemoryChannel,
    testing::linked_over,
    transfer::{Entry, Kind, Message, Offer, PARTIAL_FOLDER, TreePath, VERSION},
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tempfile::{TempDir, tempdir};
use tokio::time::timeout;

/// Longer than any of this takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn links() -> (Link, Link) {
    let (a, b) = MemoryChannel::pair();
    linked_over(a, b, Heartbeat::default()).await
}

/// Sends, receives, and gives what both sides say of it.
async fn transfer(
    from: &[PathBuf],
    to: &Path,
    options: ReceiveOptions,
) -> (
    Result<Summary, TransferError>,
    Result<Summary, TransferError>,
) {
    let (mut a, mut b) = links().await;
    let offering = Offering::of(from).unwrap();
    let both = async {
        tokio::join!(a.send_files(&offering, |_| {}), async {
            let incoming = b.receive_files().await?;
            incoming.accept(to, options, |_| {}).await
        })
    };
    timeout(PATIENCE, both).await.expect("it ends")
}

/// Every file with its content, every folder, below a folder.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(folder).unwrap().to_path_buf();
            if path.is_dir() {
                found.insert(below, None);
                folders.push(path);
            } else {
                found.insert(below, Some(fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn write(folder: &TempDir, files: &[(&str, &[u8])]) -> PathBuf {
    let root = folder.path().join("tree");
    fs::create_dir_all(&root).unwrap();
    for (path, content) in files {
        let place = root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }
    root
}

/// Bytes that do not repeat where a chunk ends.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length as u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_arrives_as_it_was() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let root = write(
        &from,
        &[
            ("empty", b""),
            ("one byte", b"x"),
            ("deep/er/still/file.bin", &noise(100_000)),
            ("chunk", &noise(16_383)),
            ("chunk and one", &noise(16_384)),
            ("Grüße.txt", "世界".as_bytes()),
            ("aux.c", b"a name that Windows does not like"),
            ("Same", b"other letters"),
            ("same", b"same letters"),
        ],
    );
    fs::create_dir_all(root.join("nothing/in it")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(root.join("chunk"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let old = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_000_000_000_123_456_700);
    let dated = fs::OpenOptions::new().write(true).open(root.join("chunk"));
    dated.unwrap().set_modified(old).unwrap();
    let (sent, received) =
        transfer(std::slice::from_ref(&root), to.path(), Default::default()).await;
    let (sent, received) = (sent.unwrap(), received.unwrap());
    assert_eq!(tree(from.path()), tree(to.path()));
    assert_eq!((sent.files, sent.same, sent.lost), (9, 0, vec![]));
    assert_eq!((received.files, received.moved), (9, sent.moved));
    let arrived = fs::metadata(to.path().join("tree/chunk")).unwrap();
    assert_eq!(arrived.modified().unwrap(), old);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(arrived.permissions().mode() & 0o100, 0o100);
        let plain = fs::metadata(to.path().join("tree/same")).unwrap();
        assert_eq!(plain.permissions().mode() & 0o111, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_not_sent_again() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let root = write(&from, &[("a", b"first"), ("b", &noise(50_000)), ("c", b"")]);
    let _ = transfer(std::slice::from_ref(&root), to.path(), Default::default()).await;
    fs::write(root.join("d"), b"new").unwrap();
    let (sent, received) = transfer(&[root], to.path(), Default::default()).await;
    let (sent, received) = (sent.unwrap(), received.unwrap());
    assert_eq!((sent.files, sent.same, sent.moved), (4, 3, 3));
    assert_eq!((received.files, received.same), (4, 3));
    assert_eq!(tree(from.path()), tree(to.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_and_differs_stays_unless_it_may_be_replaced() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let root = write(&from, &[("a.txt", b"new")]);
    let theirs = to.path().join("tree");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("a.txt"), b"old").unwrap();
    for _ in 0..2 {
        // The second time it is found under the name that it got.
        let (sent, _) = transfer(std::slice::from_ref(&root), to.path(), Default::default()).await;
        assert_eq!(sent.unwrap().files, 1);
        assert_eq!(fs::read(theirs.join("a.txt")).unwrap(), b"old");
        assert_eq!(fs::read(theirs.join("a (1).txt")).unwrap(), b"new");
        assert_eq!(fs::read_dir(&theirs).unwrap().count(), 2);
    }
    fs::remove_file(theirs.join("a (1).txt")).unwrap();
    let options = ReceiveOptions { overwrite: true };
    transfer(&[root], to.path(), options).await.1.unwrap();
    assert_eq!(fs::read(theirs.join("a.txt")).unwrap(), b"new");
    assert_eq!(fs::read_dir(&theirs).unwrap().count(), 1);
}

/// A channel that breaks when so many bytes were sent.
struct Brittle {
    channel: Arc<MemoryChannel>,
    left: AtomicU64,
}

#[async_trait::async_trait]
impl Channel for Brittle {
    async fn send(&self, message: &[u8]) -> Result<(), ChannelError> {
        let length = message.len() as u64;
        let take = |left: u64| left.checked_sub(length);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if taken.is_err() {
            self.channel.close().await;
        }
        self.channel.send(message).await
    }
    async fn send_if_idle(&self, message: &[u8]) -> Result<(), ChannelError> {
        self.channel.send_if_idle(message).await
    }
    async fn receive(&self) -> Option<Vec<u8>> {
        self.channel.receive().await
    }
    async fn flush(&self, at_most: Duration) {
        self.channel.flush(at_most).await;
    }
    async fn close(&self) {
        self.channel.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_transfer_leaves_nothing_half_and_the_next_one_goes_on() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let size = 3 << 20;
    let root = write(&from, &[("1 small", b"done"), ("2 large", &noise(size))]);
    let offering = Offering::of([&root]).unwrap();
    // It breaks early, late, and again in what the second try has left to send.
    let mut moved = 0;
    for break_after in [100_000, 2 << 20, 900_000] {
        let (a, b) = MemoryChannel::pair();
        let a = Arc::new(Brittle {
            channel: a,
            left: AtomicU64::new(break_after),
        });
        let (mut a, mut b) = linked_over(a, b, Heartbeat::default()).await;
        let broken = async {
            tokio::join!(a.send_files(&offering, |_| {}), async {
                let incoming = b.receive_files().await?;
                incoming.accept(to.path(), Default::default(), |_| {}).await
            })
        };
        let (sent, received) = timeout(PATIENCE, broken).await.unwrap();
        assert!(matches!(sent, Err(TransferError::Closed(_))), "{sent:?}");
        assert!(matches!(received, Err(TransferError::Closed(_))));
        let there = tree(to.path());
        assert!(
            !there.contains_key(Path::new("tree/2 large")),
            "half a file"
        );
        let part = there.iter().find(|(path, _)| {
            path.starts_with(PARTIAL_FOLDER) && path.extension().is_some_and(|e| e == "part")
        });
        let kept = part.unwrap().1.as_ref().unwrap().len() as u64;
        // All but what the window and the queues held when it broke.
        assert!(kept > moved, "{kept} after {moved}");
        moved = kept;
    }
    let (sent, received) = transfer(&[root], to.path(), Default::default()).await;
    let (sent, received) = (sent.unwrap(), received.unwrap());
    assert_eq!(sent.moved, size as u64 - moved);
    assert_eq!(
        (received.files, received.same, received.lost),
        (2, 1, vec![])
    );
    assert_eq!(tree(from.path()), tree(to.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_not_the_beginning_of_the_file_is_begun_anew() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let root = write(&from, &[("a", &noise(40_000))]);
    let folder = folder::Folder::open(to.path()).unwrap();
    let part = folder.partial(&TreePath::parse("tree/a").unwrap());
    drop(folder);
    for wrong in [noise(30_000), noise(40_000), vec![0; 50_000]] {
        fs::create_dir_all(part.parent().unwrap()).unwrap();
        fs::write(&part, &wrong).unwrap();
        let (sent, received) =
            transfer(std::slice::from_ref(&root), to.path(), Default::default()).await;
        // 40,000 bytes of the same noise are the file.
        assert!(sent.unwrap().moved == if wrong.len() == 40_000 { 0 } else { 40_000 });
        received.unwrap();
        assert_eq!(tree(from.path()), tree(to.path()));
        fs::remove_dir_all(to.path().join("tree")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_the_sender_and_the_link_can_be_used_again() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let root = write(&from, &[("a", b"abc")]);
    let offering = Offering::of([&root]).unwrap();
    let (mut a, mut b) = links().await;
    let (sent, ()) = tokio::join!(a.send_files(&offering, |_| {}), async {
        b.receive_files().await.unwrap().refuse().await;
    });
    assert!(matches!(sent, Err(TransferError::Theirs(Reason::Declined))));
    // Dropped while it waits for the answer: the offer is withdrawn.
    {
        let sending = a.send_files(&offering, |_| {});
        let watching = async { b.receive_files().await.unwrap().withdrawn().await };
        tokio::pin!(watching);
        tokio::select! {
            biased;
            _ = sending => panic!("nobody answered"),
            _ = &mut watching => panic!("it stands"),
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
    }
    // What the first offer left behind does not disturb the second.
    let again = timeout(PATIENCE, async {
        tokio::join!(a.send_files(&offering, |_| {}), async {
            loop {
                let Ok(incoming) = b.receive_files().await else {
                    continue;
                };
                return incoming.accept(to.path(), Default::default(), |_| {}).await;
            }
        })
    });
    let (sent, received) = again.await.unwrap();
    sent.unwrap();
    received.unwrap();
    assert_eq!(tree(from.path()), tree(to.path()));
}

#[tokio::test]
async fn two_who_do_the_same_are_told() {
    let from = tempdir().unwrap();
    let offering = Offering::of([write(&from, &[("a", b"")])]).unwrap();
    let (mut a, mut b) = links().await;
    let (one, other) = tokio::join!(
        a.send_files(&offering, |_| {}),
        b.send_files(&offering, |_| {})
    );
    for result in [one, other] {
        assert!(matches!(result, Err(TransferError::Ours(Reason::BothSend))));
    }
    let (mut a, mut b) = links().await;
    let (one, other) = tokio::join!(a.receive_files(), b.receive_files());
    for result in [one.err(), other.err()] {
        assert!(matches!(
            result,
            Some(TransferError::Ours(Reason::BothReceive))
        ));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_devices_and_odd_names_are_left_out_and_nothing_follows_a_link_out() {
    use std::os::unix::{ffi::OsStrExt, fs::symlink};
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let root = write(&from, &[("a/real", b"1"), ("b/real", b"2")]);
    symlink("/etc", root.join("etc")).unwrap();
    symlink("a/real", root.join("inner")).unwrap();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff\xfe")), b"").unwrap();
    let offering = Offering::of([&root]).unwrap();
    let left_out: Vec<_> = offering.left_out().iter().map(|l| l.why.clone()).collect();
    assert_eq!(left_out.len(), 3);
    assert_eq!(
        left_out.iter().filter(|w| **w == WhyLeftOut::Link).count(),
        2
    );
    // At the receiver, a link stands where a folder would have to be.
    let outside = tempdir().unwrap();
    fs::create_dir(to.path().join("tree")).unwrap();
    symlink(outside.path(), to.path().join("tree/a")).unwrap();
    let (sent, received) = transfer(&[root], to.path(), ReceiveOptions { overwrite: true }).await;
    let lost = received.unwrap().lost;
    let path = TreePath::parse("tree/a/real").unwrap();
    assert!(lost.contains(&(path.clone(), Reason::InTheWay)), "{lost:?}");
    assert!(sent.unwrap().lost.contains(&(path, Reason::InTheWay)));
    assert_eq!(fs::read(to.path().join("tree/b/real")).unwrap(), b"2");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_or_vanished_is_told_and_the_rest_arrives() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let root = write(&from, &[("a", b"1234"), ("b", b"1234"), ("c", b"1234")]);
    let offering = Offering::of([&root]).unwrap();
    fs::write(root.join("a"), b"12345").unwrap();
    fs::remove_file(root.join("b")).unwrap();
    let (mut a, mut b) = links().await;
    let (sent, received) = tokio::join!(a.send_files(&offering, |_| {}), async {
        let incoming = b.receive_files().await?;
        incoming.accept(to.path(), Default::default(), |_| {}).await
    });
    let lost = |name: &str, reason| (TreePath::parse(name).unwrap(), reason);
    let expected = vec![
        lost("tree/a", Reason::Changed),
        lost("tree/b", Reason::Vanished),
    ];
    assert_eq!(sent.unwrap().lost, expected);
    assert_eq!(received.unwrap().lost, expected);
    assert_eq!(fs::read_dir(to.path().join("tree")).unwrap().count(), 1);
}

/// A sender who says whatever the test wants, and the files it offers.
async fn hostile(messages: Vec<Message>, to: &Path) -> Result<Summary, TransferError> {
    let (mut a, mut b) = links().await;
    let sender = a.sender();
    let talk = tokio::spawn(async move {
        for message in messages {
            if sender.send_file_message(message.encode()).await.is_err() {
                break;
            }
        }
        loop {
            if let crate::link::LinkEvent::Closed { .. } = a.next().await {
                break;
            }
        }
    });
    let received = timeout(PATIENCE, async {
        let incoming = b.receive_files().await?;
        incoming.accept(to, Default::default(), |_| {}).await
    });
    let received = received.await.expect("it ends");
    drop(b);
    talk.abort();
    received
}

fn offer(paths: &[&str], size: u64) -> Vec<Message> {
    let entry = |path: &&str| Entry {
        path: TreePath::parse(path).unwrap(),
        kind: Kind::File {
            size,
            modified: None,
            executable: false,
        },
    };
    let offer = Offer {
        files: paths.len() as u32,
        folders: 0,
        bytes: size * paths.len() as u64,
    };
    vec![
        Message::Offer {
            version: VERSION,
            id: 1,
            offer,
        },
        Message::Entries(paths.iter().map(entry).collect()),
        Message::Listed,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_hash_never_gets_a_name() {
    let to = tempdir().unwrap();
    let mut messages = offer(&["f"], 3);
    messages.extend([
        Message::Start {
            index: 0,
            offset: 0,
        },
        Message::Data(vec![1, 2, 3]),
        Message::End { hash: [0; 32] },
        Message::Done,
    ]);
    let (mut a, mut b) = links().await;
    let sender = a.sender();
    let (listing, data) = messages.split_at(3);
    for message in listing {
        sender.send_file_message(message.encode()).await.unwrap();
    }
    let incoming = b.receive_files().await.unwrap();
    let receiving = incoming.accept(to.path(), Default::default(), |_| {});
    let (received, ()) = tokio::join!(receiving, async {
        loop {
            if let crate::link::LinkEvent::Files(message) = a.next().await
                && let Ok(Message::Accept { .. }) = Message::decode(&message)
            {
                break;
            }
        }
        for message in data {
            sender.send_file_message(message.encode()).await.unwrap();
        }
    });
    let lost = received.unwrap().lost;
    assert_eq!(lost, [(TreePath::parse("f").unwrap(), Reason::Mismatch)]);
    assert_eq!(tree(to.path()), BTreeMap::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_without_end_is_refused() {
    let to = tempdir().unwrap();
    let many = (0..500).map(|n| format!("{n}")).collect::<Vec<_>>();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut messages = offer(&["f"], 1);
    messages.insert(1, offer(&many, 1).remove(1));
    messages.extend(vec![Message::Entries(vec![]); 10]);
    let refused = hostile(messages, to.path()).await;
    assert!(matches!(
        refused,
        Err(TransferError::Ours(Reason::Protocol))
    ));
}

#[test]
fn two_receivers_do_not_share_a_folder() {
    let to = tempdir().unwrap();
    let first = folder::Folder::open(to.path()).unwrap();
    let second = folder::Folder::open(to.path());
    assert!(matches!(second, Err(TransferError::Busy(_))));
    first.tidy();
    assert_eq!(tree(to.path()), BTreeMap::new());
    folder::Folder::open(to.path()).unwrap();
}

#[test]
fn a_name_with_a_number_keeps_its_ending_and_fits() {
    let number = |name: &str| {
        let place = folder::numbered(Path::new(name), 12);
        place.to_str().unwrap().to_owned()
    };
    assert_eq!(number("a/photo.jpg"), "a/photo (12).jpg");
    assert_eq!(number("a/.bashrc"), "a/.bashrc (12)");
    let long = number(&format!("{}.txt", "ü".repeat(125)));
    assert!(long.len() <= 255 && long.ends_with("ü (12).txt"), "{long}");
    assert!(!PARTIAL_FOLDER.contains('/'));
}

#[test]
fn times_before_1970_and_with_fractions_stay() {
    for time_was in [
        SystemTime::UNIX_EPOCH,
        SystemTime::UNIX_EPOCH - Duration::from_nanos(1_500_000_000),
        SystemTime::UNIX_EPOCH - Duration::from_secs(7),
        SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_999_999_900),
    ] {
        let folder = tempdir().unwrap();
        let place = folder.path().join("f");
        fs::write(&place, b"").unwrap();
        let file = fs::OpenOptions::new().write(true).open(&place).unwrap();
        file.set_modified(time_was).unwrap();
        let kept = modified(&file.metadata().unwrap()).unwrap();
        assert_eq!(time(kept), Some(time_was));
    }
    let absurd = Modified {
        seconds: i64::MIN,
        nanos: 999_999_999,
    };
    let _ = time(absurd);
}

fn any_tree() -> impl Strategy<Value = Vec<(Vec<String>, Option<usize>)>> {
    let name = "[a-cA-C~]{1,3}|[ü.]{3}|x{200}";
    let path = proptest::collection::vec(name, 1..4);
    let what = prop_oneof![
        Just(None),
        (0usize..100).prop_map(Some),
        (16_370usize..16_400).prop_map(Some),
        Just(Some(50_000)),
    ];
    proptest::collection::vec((path, what), 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the tree: it arrives as it was, also in a second go that finds some of it there.
    #[test]
    fn any_tree_arrives_as_it_was(tree_of in any_tree(), gone in any::<usize>()) {
        let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
        let root = from.path().join("tree");
        fs::create_dir(&root).unwrap();
        for (names, what) in &tree_of {
            let place: PathBuf = [&root].into_iter().cloned().chain(names.iter().map(PathBuf::from)).collect();
            // What does not fit into the tree so far is left out of it.
            let _ = match what {
                None => fs::create_dir_all(place),
                Some(size) => fs::create_dir_all(place.parent().unwrap())
                    .and_then(|()| if place.is_dir() { Ok(()) } else { fs::write(place, noise(*size)) }),
            };
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (sent, received) = transfer(std::slice::from_ref(&root), to.path(), Default::default()).await;
            assert_eq!(sent.unwrap().lost, vec![]);
            assert_eq!(received.unwrap().lost, vec![]);
            assert_eq!(tree(from.path()), tree(to.path()));
            let arrived: Vec<PathBuf> = tree(to.path()).into_iter()
                .filter_map(|(path, content)| content.map(|_| to.path().join(path)))
                .collect();
            if !arrived.is_empty() {
                fs::remove_file(&arrived[gone % arrived.len()]).unwrap();
            }
            let (sent, received) = transfer(&[root], to.path(), Default::default()).await;
            let (sent, received) = (sent.unwrap(), received.unwrap());
            assert_eq!(sent.same, sent.files.saturating_sub(1));
            assert_eq!(received.same, sent.same);
            assert_eq!(tree(from.path()), tree(to.path()));
        });
    }
}
