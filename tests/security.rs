//! What `docs/security.md` claims, tried over real WebRTC connections; and that every test it
//! names is there.

#![cfg(feature = "net")]
#![expect(
    clippy::disallowed_methods,
    reason = "documents are read, on the real clock"
)]

use airshake::link::{Introduction, ProofError};
use airshake::medium::memory::{self, MemoryMedium, Options};
use airshake::medium::{Happening, Medium, MediumError};
use airshake::pairing::{Addresses, PairError, PairOptions, Timing, pair};
use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Two ends of a quiet room on the real clock.
fn room() -> (MemoryMedium, MemoryMedium) {
    let began = Instant::now();
    let options = Options {
        // A carrier is noticed 0.2 s after it began, and a signal takes half a second.
        lead_s: 0.2,
        byte_s: 0.007,
        ..Options::default()
    };
    memory::pair(options, Arc::new(move || began.elapsed()))
}

fn options(seed: u64, code: Option<&str>) -> PairOptions {
    PairOptions {
        addresses: Addresses::Only(vec![Ipv4Addr::LOCALHOST.into()]),
        seed: Some(seed),
        code: code.map(|code| code.parse().expect("is a code")),
        ..PairOptions::default()
    }
}

type Paired = Result<Introduction, PairError>;

async fn meet(seed: u64, codes: [Option<&str>; 2]) -> (Paired, Paired) {
    let (one, other) = room();
    tokio::join!(
        pair(one, options(2 * seed, codes[0]), |_| {}),
        pair(other, options(2 * seed + 1, codes[1]), |_| {}),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_louder_impostor_between_two_is_seen_by_their_words() {
    // Each hears only the impostor, who pairs with both as anybody may.
    let ((alice, with_alice), (bob, with_bob)) =
        tokio::join!(meet(1, [None, None]), meet(2, [None, None]));
    let (alice, with_alice) = (alice.expect("pairs"), with_alice.expect("pairs"));
    let (bob, with_bob) = (bob.expect("pairs"), with_bob.expect("pairs"));
    assert_eq!(alice.words(), with_alice.words());
    assert_eq!(bob.words(), with_bob.words());
    // One time in 2^32 they are the same.
    assert_ne!(alice.words(), bob.words());
    // One who says no is told to the other, who gets no link.
    let (refused, ()) = tokio::join!(with_alice.accept(), alice.refuse());
    let refused = refused.expect_err("Alice refuses").to_string();
    assert!(refused.contains("refused"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_code_on_both_sides_needs_no_words() {
    let (a, b) = meet(3, [Some("Blue Horse"), Some("blue horse")]).await;
    let (a, b) = (a.expect("pairs"), b.expect("pairs"));
    assert!(a.is_by_code() && b.is_by_code());
    let (a, b) = tokio::join!(a.accept(), b.accept());
    a.expect("accepted").close().await;
    drop(b);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_ends_pairing_on_both_sides_after_one_guess() {
    let (a, b) = meet(4, [Some("blue horse"), Some("blue house")]).await;
    for end in [a, b] {
        let error = end.expect_err("the codes differ");
        assert_eq!(error, PairError::Proof(ProofError::WrongCode));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_uses_a_code_is_not_talked_out_of_it() {
    let (a, b) = meet(5, [Some("blue horse"), None]).await;
    let ends = [(a, true), (b, false)];
    for (end, ours) in ends {
        let error = end.expect_err("only one has a code");
        assert_eq!(error, PairError::Proof(ProofError::CodeMismatch { ours }));
        assert!(error.to_string().contains("--code"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fingerprint_altered_in_the_air_brings_no_link() {
    let (one, other) = room();
    let seconds = Duration::from_secs(6);
    let brief = |seed| PairOptions {
        timing: Timing {
            deadline: seconds,
            ..Timing::default()
        },
        ..options(seed, None)
    };
    let (a, b) = tokio::join!(
        pair(Altered(one), brief(61), |_| {}),
        pair(Altered(other), brief(62), |_| {}),
    );
    for end in [a, b] {
        let error = end.expect_err("nobody has that certificate");
        assert!(
            matches!(
                error,
                PairError::NoPeer { .. } | PairError::LinkFailed { .. }
            ),
            "{error:?}"
        );
    }
}

/// Somebody who speaks the other's envelopes over again with one bit of the fingerprint changed.
struct Altered(MemoryMedium);

/// A byte of the fingerprint in every kind of envelope.
const IN_THE_FINGERPRINT: usize = 14;

impl Medium for Altered {
    fn say(&mut self, envelope: &[u8], pass: u8) -> Result<(), MediumError> {
        self.0.say(envelope, pass)
    }

    fn hush(&mut self) {
        self.0.hush();
    }

    fn poll(&mut self) -> Option<Happening> {
        self.0.poll().map(|happening| match happening {
            Happening::Heard { mut envelope, snr } => {
                envelope[IN_THE_FINGERPRINT] ^= 1;
                Happening::Heard { envelope, snr }
            }
            other => other,
        })
    }
}

#[test]
fn every_test_that_the_documents_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = ["security", "pairing", "library"].map(|name| {
        fs::read_to_string(root.join(format!("docs/{name}.md"))).expect("the document")
    });
    let mut tests = BTreeSet::new();
    for folder in ["src", "tests"] {
        collect_tests(&root.join(folder), &mut tests);
    }
    // Whatever stands in backticks and reads like a sentence is a test.
    let named: Vec<&str> = documents
        .iter()
        .flat_map(|document| document.split('`').skip(1).step_by(2))
        .filter(|name| name.matches('_').count() >= 3)
        .collect();
    assert!(named.len() >= 20, "{named:?}");
    let missing: Vec<&&str> = named
        .iter()
        .filter(|name| !tests.contains(**name))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

/// The names of all functions that are marked as tests, at any depth.
fn collect_tests(folder: &Path, tests: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_tests(&path, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("is UTF-8");
            let mut marked = text.contains("proptest!");
            for line in text.lines().map(str::trim) {
                marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let name = line.strip_prefix("async fn ").or(line.strip_prefix("fn "));
                if let Some(name) = name.filter(|_| marked) {
                    let end = name.find(['(', '<']).unwrap_or(name.len());
                    tests.insert(name[..end].to_owned());
                    marked = false;
                }
            }
        }
    }
}
