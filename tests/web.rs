//! `airshake web` from outside: the page over HTTP, and as files.

#![allow(
    clippy::disallowed_methods,
    reason = "tests of the whole program stand outside of it"
)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use common::{airshake, arg, expect};
use tempfile::tempdir;

/// The program while it serves.
struct Serving {
    child: Child,
    port: u16,
}

impl Serving {
    fn begin() -> Self {
        let mut child = airshake()
            .args(["web", "--port", "0", "--json"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let stderr = child.stderr.take().expect("is piped");
        let mut line = String::new();
        BufReader::new(stderr)
            .read_line(&mut line)
            .expect("says where");
        let event: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
        assert_eq!(event["event"], "serving", "{line}");
        let port = event["port"].as_u64().expect("a port") as u16;
        assert_eq!(event["url"], format!("http://localhost:{port}/"));
        Self { child, port }
    }

    /// The head and the body of what is answered to a GET.
    fn get(&self, path: &str, more: &str) -> (String, Vec<u8>) {
        let port = self.port;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connects");
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\n{more}\r\n");
        stream.write_all(request.as_bytes()).expect("is sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("is answered");
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8(answer[..end].to_vec()).expect("UTF-8");
        (head, answer[end + 4..].to_vec())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_served_is_what_is_saved() {
    let folder = tempdir().expect("a folder");
    let page = folder.path().join("page");
    let output = airshake()
        .args(["web", "--save", arg(&page)])
        .output()
        .expect("runs");
    expect(&output, 0, "serve them over https");
    let serving = Serving::begin();
    for (path, kind) in [
        ("index.html", "text/html; charset=utf-8"),
        ("page.css", "text/css; charset=utf-8"),
        ("js/main.js", "text/javascript; charset=utf-8"),
        ("airshake/src/index.js", "text/javascript; charset=utf-8"),
        ("airshake/dist/airshake.wasm", "application/wasm"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let (head, body) = serving.get(&format!("/{path}"), "");
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{path}: {head}");
        assert!(
            head.contains(&format!("content-type: {kind}")),
            "{path}: {head}"
        );
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        let saved = fs::read(page.join(path)).expect("is saved");
        assert!(body == saved, "{path}");
    }
}

#[test]
fn a_browser_is_given_the_module_as_it_is_packed() {
    let serving = Serving::begin();
    let path = "/airshake/dist/airshake.simd.wasm";
    let (head, packed) = serving.get(path, "accept-encoding: gzip, deflate, br\r\n");
    assert!(head.contains("content-encoding: gzip"), "{head}");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice())
        .read_to_end(&mut unpacked)
        .expect("is gzip");
    let (_, plain) = serving.get(path, "");
    assert!(unpacked == plain);
}

#[test]
fn nothing_old_stays_between_the_files_of_the_page() {
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("old.js"), "old").expect("is written");
    let output = airshake()
        .args(["web", "--save", arg(folder.path())])
        .output()
        .expect("runs");
    expect(&output, 2, "is not empty: choose a new folder");
    let count = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(count, 1);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let serving = Serving::begin();
    let output = airshake()
        .args(["web", "--port", &serving.port.to_string()])
        .output()
        .expect("runs");
    expect(&output, 2, "port 0 takes any free one");
}
