//! The arrows of the architecture, held by a test: a module imports only what stands above it in
//! `src/lib.rs`, and from outside only what its row allows.
//!
//! The compiler does not see modules of one package; this table does. A change of an arrow is a
//! change of the table, made on purpose.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What the modules of one row may name.
struct Row {
    /// The module, or a file below it (`audio/device`): the longest match counts.
    module: &'static str,
    /// Modules of this crate, besides its own.
    inside: &'static [&'static str],
    /// Crates, besides `std`.
    outside: &'static [&'static str],
    /// Told samples and time: names no clock, thread, file, socket or process.
    pure: bool,
}

const fn pure(
    module: &'static str,
    inside: &'static [&'static str],
    outside: &'static [&'static str],
) -> Row {
    Row {
        module,
        inside,
        outside,
        pure: true,
    }
}

const fn edge(
    module: &'static str,
    inside: &'static [&'static str],
    outside: &'static [&'static str],
) -> Row {
    Row {
        module,
        inside,
        outside,
        pure: false,
    }
}

/// The library, in the order of `lib.rs`.
const LIBRARY: &[Row] = &[
    pure("units", &[], &[]),
    pure("order", &[], &[]),
    pure("lanes", &[], &[]),
    pure("bits", &["units"], &["thiserror"]),
    pure("code", &["units", "lanes", "bits"], &["thiserror"]),
    pure("tones", &["units", "lanes", "bits", "code"], &["thiserror"]),
    pure(
        "samples",
        &["units", "lanes", "tones"],
        &["realfft", "rustfft", "thiserror"],
    ),
    pure(
        "modem",
        &[
            "units", "order", "lanes", "bits", "code", "tones", "samples",
        ],
        &["thiserror"],
    ),
    pure("sounding", &["units", "samples", "modem"], &["realfft"]),
    pure("air", &["units"], &["realfft"]),
    pure("audio", &["units"], &["thiserror"]),
    pure("audio/spectrum", &["units"], &["realfft"]),
    edge("audio/files", &["units"], &["symphonia", "thiserror"]),
    edge(
        "audio/device",
        &["units"],
        &["alsa", "cpal", "nix", "rtrb", "thiserror"],
    ),
    pure("json", &[], &[]),
    pure(
        "signal",
        &["order", "json"],
        &["flate2", "hkdf", "sha2", "thiserror"],
    ),
    pure("medium", &["units", "audio"], &["thiserror"]),
    pure("medium/ear", &["units", "modem", "audio"], &["thiserror"]),
    pure("medium/mouth", &["units", "modem"], &["thiserror"]),
    edge(
        "medium/simulated",
        &["units", "modem", "air"],
        &["thiserror"],
    ),
    edge("medium/sound", &["units", "modem", "audio"], &["thiserror"]),
    edge("medium/text", &["units"], &["thiserror"]),
    pure("medium/memory", &["units"], &["thiserror"]),
    pure(
        "link",
        &[],
        &["hkdf", "hmac", "rand_core", "sha2", "spake2", "thiserror"],
    ),
    edge("link/channel", &[], &["async_trait", "thiserror"]),
    edge("link/endpoint/tests/beside_a_link", &[], &["tokio"]),
    edge("link/flow", &[], &["tokio"]),
    pure("link/heart", &["units"], &[]),
    edge(
        "link/introduction",
        &[],
        &["getrandom", "thiserror", "tokio"],
    ),
    edge("link/keeper", &[], &["async_trait", "tokio"]),
    edge("link/line", &[], &["tokio"]),
    edge("link/memory", &[], &["async_trait", "tokio"]),
    edge("link/reunite", &[], &["getrandom", "tokio"]),
    edge("link/session", &[], &["tokio", "thiserror"]),
    edge("link/stream", &[], &["tokio"]),
    edge("link/testing", &[], &["async_trait", "tokio"]),
    edge("link/way_back", &[], &["async_trait"]),
    pure("link/transfer", &[], &["sha2", "thiserror"]),
    edge(
        "link/transfer/disk",
        &[],
        &["async_trait", "fs4", "sha2", "thiserror", "tokio"],
    ),
    pure(
        "pairing",
        &["units", "signal", "medium"],
        &["hkdf", "sha2", "thiserror"],
    ),
    pure("pairing/guide", &["signal", "link"], &["thiserror"]),
    edge(
        "pairing/driver",
        &["units", "signal", "medium", "link"],
        &[
            "async_trait",
            "bytes",
            "crc32fast",
            "getrandom",
            "hmac",
            "if_addrs",
            "p256",
            "rtc",
            "sha1",
            "socket2",
            "thiserror",
            "tokio",
            "webrtc",
        ],
    ),
    edge(
        "earshot",
        &["medium", "modem", "link", "pairing"],
        &["thiserror", "tokio"],
    ),
    edge("web", &[], &["thiserror", "tokio"]),
    pure("web/page", &[], &["flate2"]),
    pure("web/answer", &[], &["bytes", "http_body_util", "hyper"]),
    edge(
        "web/server",
        &[],
        &["hyper", "hyper_util", "thiserror", "tokio"],
    ),
];

/// The binary uses the library as a stranger would: of the crate it names only itself.
const BINARY: Row = edge(
    "cli",
    &["cli"],
    &[
        "airshake",
        "anyhow",
        "clap",
        "clap_complete",
        "clap_mangen",
        "crossterm",
        "ctrlc",
        "getrandom",
        "nix",
        "realfft",
        "serde_json",
        "sha2",
        "terminal_size",
        "thiserror",
        "tiny_skia",
        "tokio",
        "ttf_parser",
        "unicode_width",
    ],
);

/// What tests inside a module may name on top of its row: the simulated room, and the crates
/// that only tests use.
const IN_TESTS_INSIDE: &[&str] = &["air"];
const IN_TESTS_OUTSIDE: &[&str] = &[
    "crc32fast",
    "proptest",
    "reed_solomon_erasure",
    "serde_json",
    "tempfile",
    "vt100",
];

/// Parts of `std` that a pure module does not name outside its tests.
const IMPURE: &[&str] = &["fs", "net", "thread", "process", "env"];

#[test]
fn every_module_imports_only_what_its_row_allows() {
    let foreign = dependencies();
    let modules = declared_modules();
    let mut wrong = String::new();
    let sources: Vec<(PathBuf, String)> = sources()
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(root().join("src").join(&file)).expect("is UTF-8");
            (file, code_only(&text))
        })
        .collect();
    let test_modules: Vec<Vec<String>> = sources
        .iter()
        .flat_map(|(file, code)| test_modules(&module_path(file), code))
        .collect();
    for (file, code) in &sources {
        let binary = file == Path::new("main.rs") || file.starts_with("cli");
        let path = module_path(file);
        let in_tests = test_modules.iter().any(|tests| path.starts_with(tests));
        let row = if binary { &BINARY } else { row_of(&path) };
        let top = path.first().map_or("", String::as_str);
        let depth = path.len();
        for mut name in names(code) {
            name.in_tests |= in_tests;
            let may = |allowed: &[&str], in_tests: &[&str], what: &str| {
                allowed.contains(&what) || (name.in_tests && in_tests.contains(&what))
            };
            let fault = match &name.what {
                What::Inside(module) => {
                    let own = !binary && module == top;
                    (!own && !may(row.inside, IN_TESTS_INSIDE, module))
                        .then(|| format!("crate::{module}"))
                }
                // Climbing to the root of the crate hides an arrow behind a different spelling.
                What::Super(levels) => (*levels >= depth + name.nested && !binary)
                    .then(|| format!("super:: x{levels}, which leaves the folder")),
                What::Outside(krate) => {
                    let known = foreign.contains(krate) && !modules.contains(krate);
                    (known && !may(row.outside, IN_TESTS_OUTSIDE, krate)).then(|| krate.clone())
                }
                What::Std(part) => (row.pure && !name.in_tests && IMPURE.contains(&part.as_str()))
                    .then(|| format!("std::{part}")),
            };
            if let Some(fault) = fault {
                let _ = writeln!(
                    wrong,
                    "  src/{}:{} names {fault}",
                    file.display(),
                    name.line
                );
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that the table in tests/arrows.rs does not allow:\n{wrong}"
    );
}

#[test]
fn rows_stand_in_the_order_of_the_map_and_point_only_upwards() {
    let declared = declared_modules();
    let mut top_rows: Vec<&str> = LIBRARY
        .iter()
        .map(|row| top_of(row.module))
        .collect::<Vec<_>>();
    top_rows.dedup();
    assert_eq!(top_rows, declared, "the rows and `mod` lines of lib.rs");
    for row in LIBRARY {
        let own = position(&declared, top_of(row.module));
        for inside in row.inside {
            assert!(
                position(&declared, inside) < own,
                "{} may not import {inside}, which stands below it in lib.rs",
                row.module
            );
        }
    }
}

#[test]
fn only_the_device_names_cpal_and_only_pairing_names_webrtc() {
    for row in LIBRARY {
        let top = top_of(row.module);
        if row.outside.contains(&"cpal") {
            assert_eq!(row.module, "audio/device");
        }
        let names = |crates: &[&str]| row.outside.iter().any(|c| crates.contains(c));
        if names(&["webrtc", "rtc"]) {
            assert_eq!(top, "pairing");
        }
        // What runs on tasks: the link, pairing, the one call that is all of it, and the server.
        if names(&["tokio"]) {
            assert!(
                ["pairing", "link", "earshot", "web"].contains(&top),
                "{}",
                row.module
            );
        }
    }
}

#[test]
fn every_allowed_crate_is_a_dependency() {
    let foreign = dependencies();
    for row in LIBRARY {
        for krate in row.outside {
            assert!(foreign.contains(*krate), "{krate} is not in Cargo.toml");
        }
    }
}

#[test]
fn a_file_of_tests_is_known_by_its_declaration() {
    let code = code_only("mod a;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod b { }");
    let parent = ["audio".to_owned()];
    assert_eq!(test_modules(&parent, &code), [["audio", "tests"]]);
}

#[test]
fn the_reader_sees_imports_and_not_comments_or_strings() {
    let found: Vec<String> = names(&code_only(
        "//! crate::no\nuse crate::yes::A; /* crate::no */ let s = \"crate::no\";\n\
         let c = '\"'; fn f(x: &'static str) { webrtc::go(r#\"crate::no\"#) }\n\
         use crate::{one::B, two};\n#[cfg(test)] mod tests { use super::*; use crate::air::C; }",
    ))
    .into_iter()
    .map(|n| format!("{:?} {} {}", n.what, n.in_tests, n.nested))
    .collect();
    assert_eq!(
        found,
        [
            "Inside(\"yes\") false 0",
            "Outside(\"webrtc\") false 0",
            "Inside(\"one\") false 0",
            "Inside(\"two\") false 0",
            "Outside(\"one\") false 0",
            "Super(1) true 1",
            "Inside(\"air\") true 1",
        ]
    );
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn top_of(module: &str) -> &str {
    module.split('/').next().unwrap_or(module)
}

fn position(declared: &[String], module: &str) -> usize {
    declared
        .iter()
        .position(|name| name == module)
        .unwrap_or_else(|| panic!("{module} is not declared in lib.rs"))
}

/// The row that matches the most of `path`.
fn row_of(path: &[String]) -> &'static Row {
    static ROOT: Row = pure("", &[], &[]);
    let path = path.join("/");
    LIBRARY
        .iter()
        .filter(|row| path == row.module || path.starts_with(&format!("{}/", row.module)))
        .max_by_key(|row| row.module.len())
        .unwrap_or(&ROOT)
}

/// `samples/mod.rs` is `samples`, `samples/sync.rs` is `samples`, `sync`; `lib.rs` is the root.
fn module_path(file: &Path) -> Vec<String> {
    file.with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .filter(|part| !["mod", "lib", "main"].contains(&part.as_str()))
        .collect()
}

/// The modules of files of their own that `code` declares for tests only.
fn test_modules(parent: &[String], code: &str) -> Vec<Vec<String>> {
    let tokens = tokens(code);
    let words: Vec<&str> = tokens.iter().map(|(token, _)| token.as_str()).collect();
    words
        .windows(8)
        .filter(|w| w[..6] == ["cfg", "(", "test", ")", "]", "mod"] && w[7] == ";")
        .map(|w| [parent, &[w[6].to_owned()]].concat())
        .collect()
}

/// Every source file, relative to `src`.
fn sources() -> Vec<PathBuf> {
    let src = root().join("src");
    let mut folders = vec![src.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("folder can be listed") {
            let path = entry.expect("entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path.strip_prefix(&src).expect("below src").to_path_buf());
            }
        }
    }
    files.sort();
    files
}

/// The top modules in the order in which `lib.rs` declares them.
fn declared_modules() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs can be read");
    text.lines()
        .filter_map(|line| {
            let line = line.trim();
            line.strip_prefix("pub mod ")
                .or_else(|| line.strip_prefix("mod "))
                .and_then(|rest| rest.strip_suffix(';'))
                .map(str::to_owned)
        })
        .collect()
}

/// The crates of `Cargo.toml`, as they are spelt in code.
fn dependencies() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("Cargo.toml")).expect("manifest can be read");
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if let Some((name, _)) = line.split_once('=').filter(|_| inside) {
            let name = name.trim().split('.').next().unwrap_or_default();
            if !name.starts_with('#') {
                found.insert(name.replace('-', "_"));
            }
        }
    }
    found.insert("airshake".to_owned());
    found
}

/// A name that could be an arrow.
struct Name {
    what: What,
    line: usize,
    /// Inside `#[cfg(test)]`.
    in_tests: bool,
    /// How many inline modules stand around it.
    nested: usize,
}

#[derive(Debug)]
enum What {
    /// `crate::x`
    Inside(String),
    /// `x::` at the head of a path.
    Outside(String),
    /// `super::` so many times in a row.
    Super(usize),
    /// `std::x`
    Std(String),
}

/// Source without comments and without what stands between quotes; lines stay.
fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    // Skips to `end`, keeping the line breaks.
    let skip = |out: &mut String, from: usize, end: usize| {
        out.extend(
            chars[from..end.min(chars.len())]
                .iter()
                .filter(|c| **c == '\n'),
        );
        end
    };
    while i < chars.len() {
        let c = at(i);
        let word_before = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_');
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 1;
            let mut j = i + 2;
            while j < chars.len() && depth > 0 {
                match (at(j), at(j + 1)) {
                    ('/', '*') => (depth, j) = (depth + 1, j + 2),
                    ('*', '/') => (depth, j) = (depth - 1, j + 2),
                    _ => j += 1,
                }
            }
            i = skip(&mut out, i, j);
        } else if c == 'r' && !word_before && (at(i + 1) == '"' || at(i + 1) == '#') {
            let hashes = (i + 1..).take_while(|k| at(*k) == '#').count();
            if at(i + 1 + hashes) != '"' {
                out.push(c); // a raw identifier
                i += 1;
                continue;
            }
            let mut j = i + 2 + hashes;
            while j < chars.len() && !(at(j) == '"' && (1..=hashes).all(|k| at(j + k) == '#')) {
                j += 1;
            }
            i = skip(&mut out, i, j + 1 + hashes);
        } else if c == '"' {
            let mut j = i + 1;
            while j < chars.len() && at(j) != '"' {
                j += if at(j) == '\\' { 2 } else { 1 };
            }
            i = skip(&mut out, i, j + 1);
        } else if c == '\'' && at(i + 1) == '\\' {
            let mut j = i + 3;
            while j < chars.len() && at(j) != '\'' {
                j += 1;
            }
            i = j + 1;
        } else if c == '\'' && at(i + 2) == '\'' {
            i += 3;
        } else {
            out.push(c);
            i += 1;
        }
    }
    out
}

/// The words and marks of `code`, with their lines.
fn tokens(code: &str) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    let mut word = String::new();
    let mut line = 1;
    for c in code.chars().chain(['\n']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            found.push((std::mem::take(&mut word), line));
        }
        match c {
            '\n' => line += 1,
            ':' if found.last().is_some_and(|(t, _)| t == ":") => {
                if let Some(last) = found.last_mut() {
                    last.0.push(':');
                }
            }
            c if c.is_whitespace() => {}
            c => found.push((c.to_string(), line)),
        }
    }
    found
}

fn names(code: &str) -> Vec<Name> {
    let tokens = tokens(code);
    let text = |i: usize| tokens.get(i).map_or("", |(t, _)| t.as_str());
    let mut found = Vec::new();
    // Open braces: (is an inline module, is a test module).
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut test_attribute = false;
    let mut i = 0;
    while i < tokens.len() {
        let line = tokens[i].1;
        let in_tests = open.iter().any(|(_, test)| *test);
        let nested = open.iter().filter(|(module, _)| *module).count();
        let mut push = |what| {
            found.push(Name {
                what,
                line,
                in_tests,
                nested,
            });
        };
        let head = i == 0 || text(i - 1) != "::";
        match text(i) {
            "cfg" if text(i + 1) == "(" && text(i + 2) == "test" => test_attribute = true,
            ";" => test_attribute = false,
            "{" => {
                let module = i >= 2 && text(i - 2) == "mod";
                open.push((module, test_attribute));
                test_attribute = false;
            }
            "}" => {
                open.pop();
            }
            "crate" if text(i + 1) == "::" => {
                for (name, _) in heads(&tokens, i + 2) {
                    push(What::Inside(name));
                }
            }
            "std" if head && text(i + 1) == "::" => {
                for (name, _) in heads(&tokens, i + 2) {
                    push(What::Std(name));
                }
            }
            "super" if head && text(i + 1) == "::" => {
                let mut levels = 1;
                while text(i + 2) == "super" {
                    levels += 1;
                    i += 2;
                }
                push(What::Super(levels));
            }
            word if head
                && text(i + 1) == "::"
                && word.starts_with(|c: char| c.is_ascii_lowercase())
                && !["self", "crate", "core", "alloc"].contains(&word) =>
            {
                push(What::Outside(word.to_owned()));
            }
            "use" if text(i + 2) == ";" || text(i + 2) == "as" => {
                push(What::Outside(text(i + 1).to_owned()));
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// The first word of the path at `i`, or of every path of the braces that open there.
fn heads(tokens: &[(String, usize)], i: usize) -> Vec<(String, usize)> {
    let Some((first, _)) = tokens.get(i) else {
        return Vec::new();
    };
    if first != "{" {
        return vec![tokens[i].clone()];
    }
    let mut depth = 0;
    let mut found = Vec::new();
    for (k, (token, line)) in tokens.iter().enumerate().skip(i) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 1 && ["{", ","].contains(&tokens[k - 1].0.as_str()) => {
                found.push((token.clone(), *line));
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}
