//! What a person sees and types: `airshake` at a terminal, within earshot of another one. The
//! terminal is a pseudo-terminal, what it shows is read by a terminal emulator. Needs Linux and
//! PulseAudio (`script/setup`); passes by where they are missing, unless AIRSHAKE_REQUIRE_LIVE is
//! set.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests of the whole program live in real time"
)]

mod common;
#[path = "common/live.rs"]
mod live;
#[path = "common/relay.rs"]
mod relay;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::tool;
use live::{Air, script};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};

/// Ample for a pairing that goes wrong once and starts over, on a busy machine.
const PAIRING: Duration = Duration::from_secs(60);
/// For whatever else takes a moment.
const NOTICE: Duration = Duration::from_secs(20);

const QUESTION: &str = "Do both screens show these words? [Y/n]";

#[test]
fn the_screen_is_whole_in_its_window_and_goes_without_a_trace() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let mut alone = Terminal::open(&air, "A", &["pair"], (80, 24), &[]);
    let is_whole = |text: &str| {
        text.starts_with("looking for a peer")
            && text.matches("level ").count() == 1
            && text.matches("s left").count() + text.matches(" s\n").count() == 1
            && text.contains("kHz")
            && text.ends_with("Ctrl-C ends it")
    };
    alone.shows("the screen", PAIRING, |text| {
        is_whole(text) && text.contains("──")
    });
    // It is drawn over and over, and stands once.
    thread::sleep(Duration::from_secs(1));
    alone.shows("the screen", NOTICE, is_whole);
    assert!(alone.colours(), "what we play has its colour");
    alone.resize(40, 15);
    alone.shows("a small screen", NOTICE, |text| {
        text.matches("level ").count() == 1
            && text.ends_with("Ctrl-C ends it")
            && text.lines().all(|line| line.chars().count() < 40)
    });
    alone.resize(80, 24);
    alone.shows("the screen again", NOTICE, |text| text.contains("s left"));
    alone.type_in("\x03");
    assert_eq!(alone.ended(), Some(130));
    let text = alone.text();
    assert!(!text.contains("level ") && !text.contains("kHz"), "{text}");
    alone.is_sane();
}

#[test]
fn without_colour_and_unicode_it_is_plain_and_where_nothing_can_be_drawn_there_are_lines() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let plain = [("NO_COLOR", "1"), ("LC_ALL", "C")];
    let mut alone = Terminal::open(&air, "A", &["pair"], (80, 24), &plain);
    alone.shows("the screen", PAIRING, |text| {
        text.contains("-- played here") && text.contains("---")
    });
    let text = alone.text();
    assert!(text.is_ascii(), "{text}");
    assert!(!alone.colours());
    alone.signal("TERM");
    assert_eq!(alone.ended(), Some(130));
    alone.is_sane();
    let dumb = [("TERM", "dumb")];
    let mut alone = Terminal::open(&air, "A", &["pair", "--timeout", "2"], (80, 24), &dumb);
    assert_eq!(alone.ended(), Some(1));
    assert!(!alone.written().contains('\x1b'), "{:?}", alone.written());
}

#[test]
fn killed_without_notice_it_leaves_the_terminal_as_it_was() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let mut alone = Terminal::open(&air, "A", &["pair"], (80, 24), &[]);
    alone.shows("the screen", PAIRING, |text| text.contains("level "));
    alone.signal("KILL");
    assert_eq!(alone.ended(), None);
    alone.is_sane();
}

#[test]
fn the_words_are_asked_about_and_no_is_told_to_both() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let [mut a, mut b] = meet(&air);
    // What is no answer is asked again.
    b.type_in("what?\n");
    b.shows("the question again", NOTICE, |text| {
        text.matches(QUESTION).count() == 2
    });
    b.type_in("n\n");
    assert_eq!([b.ended(), a.ended()], [Some(1), Some(1)]);
    assert!(
        b.text().contains("refused, and told the other side"),
        "{}",
        b.text()
    );
    assert!(a.text().contains("the other side refused"), "{}", a.text());
    a.is_sane();
    b.is_sane();
}

#[test]
fn ctrl_c_during_the_question_leaves_the_terminal_sane() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let [mut a, mut b] = meet(&air);
    a.type_in("\x03");
    assert_eq!([a.ended(), b.ended()], [Some(130), Some(1)]);
    a.is_sane();
    b.is_sane();
}

#[test]
fn two_people_chat_paste_and_send_each_other_files() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().to_str().expect("UTF-8");
    let content: Vec<u8> = (0..3_000_000u32)
        .map(|n| (n.wrapping_mul(n) >> 9) as u8)
        .collect();
    let file = folder.path().join("a file.bin");
    std::fs::write(&file, &content).expect("writes");
    let into = format!("{at}/there");
    let options = ["pair", "--into", &into];
    let [mut a, mut b] = meet_with(&air, [&["pair"], &options]);
    for side in [&mut a, &mut b] {
        side.type_in("y\n");
    }
    for side in [&mut a, &mut b] {
        // The large words have given way to a line.
        side.shows("the chat", NOTICE, |text| {
            text.contains("this screen shows: ") && text.contains("/help") && !text.contains('▀')
        });
    }
    a.type_in("hullo\x1b[D\x1b[D\x1b[D\x7fe");
    a.shows("what is typed", NOTICE, |text| text.ends_with("hello"));
    b.type_in("half a li");
    b.shows("what is typed", NOTICE, |text| text.ends_with("half a li"));
    a.type_in("\r");
    // What comes stands above what is being typed.
    b.shows("a line above", NOTICE, |text| {
        text.ends_with("> hello\nhalf a li")
    });
    b.type_in("ne\r");
    a.shows("their line", NOTICE, |text| {
        text.ends_with("hello\n> half a line")
    });
    a.type_in("\x1b[A\r");
    b.shows("it recalled", NOTICE, |text| {
        text.ends_with("half a line\n> hello")
    });
    // What looks like a command is none in several lines.
    a.type_in("\x1b[200~one\r/quit\rthree\x1b[201~");
    a.shows("the count", NOTICE, |text| {
        text.ends_with("3 lines pasted: Enter sends them, Esc does not")
    });
    a.type_in("\r");
    b.shows("three lines", NOTICE, |text| {
        text.ends_with("> one\n> /quit\n> three")
    });
    a.type_in("/snd x\r");
    a.shows("an explanation", NOTICE, |text| {
        text.contains("/snd is no command")
    });
    a.type_in("//said\r");
    b.shows("a slash", NOTICE, |text| text.ends_with("> /said"));
    a.type_in(&format!("/send {at}/a\t"));
    a.shows("its name", NOTICE, |text| text.ends_with("a\\ file.bin"));
    a.type_in("\r");
    b.shows("the offer", NOTICE, |text| {
        text.contains("offers 1 file, 3.00 MB") && text.contains("Type y or n")
    });
    b.type_in("wait\r");
    a.shows("talk meanwhile", NOTICE, |text| text.ends_with("> wait"));
    b.type_in("y\r");
    a.shows("the end", NOTICE, |text| {
        text.contains("sent 1 file, 3.00 MB")
    });
    b.shows("the end", NOTICE, |text| {
        text.contains("received 1 file, 3.00 MB")
    });
    let came = std::fs::read(folder.path().join("there/a file.bin")).expect("reads");
    assert!(came == content);
    // The other way, and it is not wanted.
    b.type_in(&format!("/send '{at}/a file.bin'\r"));
    a.shows("the offer", NOTICE, |text| text.contains("Type y or n"));
    a.type_in("n\r");
    b.shows("the refusal", NOTICE, |text| {
        text.contains("did not want it")
    });
    a.type_in("/quit\r");
    assert_eq!([a.ended(), b.ended()], [Some(0), Some(0)]);
    a.is_sane();
    b.is_sane();
}

/// Two that have found each other and are asked.
fn meet(air: &Air) -> [Terminal; 2] {
    meet_with(air, [&["pair"], &["pair"]])
}

fn meet_with(air: &Air, options: [&[&str]; 2]) -> [Terminal; 2] {
    let mut a = Terminal::open(air, "A", options[0], (80, 30), &[]);
    let mut b = Terminal::open(air, "B", options[1], (80, 30), &[]);
    let words = [&mut a, &mut b].map(|side| {
        let text = side.shows("the question", PAIRING, |text| text.ends_with(QUESTION));
        // As plain text they stand above the question, and large above that.
        assert!(text.contains('▀'), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len() - 3].trim().to_owned()
    });
    assert_eq!(words[0].split(' ').count(), 4, "{words:?}");
    assert_eq!(words[0], words[1]);
    [a, b]
}

/// A program at a terminal.
struct Terminal {
    child: Child,
    keyboard: File,
    /// The program's end: open, so that it can be looked at when the program is gone.
    line: OwnedFd,
    shown: Arc<Mutex<(vt100::Parser, Vec<u8>)>>,
}

impl Terminal {
    fn open(
        air: &Air,
        side: &str,
        arguments: &[&str],
        (columns, rows): (u16, u16),
        variables: &[(&str, &str)],
    ) -> Self {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let OpenptyResult { master, slave } = openpty(&size, None).expect("a terminal");
        let end = || slave.try_clone().expect("one more");
        assert!(tool("setsid"));
        // In a session of its own, whose terminal this is: only so does Ctrl-C reach it.
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(script())
            .args(["run", side, env!("CARGO_BIN_EXE_airshake")])
            .args(arguments)
            .env("VIRTUAL_AUDIO_DIR", air.folder.path())
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("NO_COLOR")
            .envs(variables.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("starts");
        let shown = Arc::new(Mutex::new((
            vt100::Parser::new(rows, columns, 0),
            Vec::new(),
        )));
        let mut screen = File::from(master);
        let keyboard = screen.try_clone().expect("one more");
        let seen = shown.clone();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(got @ 1..) = screen.read(&mut bytes) {
                let mut shown = seen.lock().expect("nobody panics here");
                shown.0.process(&bytes[..got]);
                shown.1.extend(&bytes[..got]);
            }
        });
        Self {
            child,
            keyboard,
            line: slave,
            shown,
        }
    }

    fn type_in(&mut self, keys: &str) {
        self.keyboard
            .write_all(keys.as_bytes())
            .expect("a terminal");
    }

    fn resize(&self, columns: u16, rows: u16) {
        let shown = self.shown.clone();
        shown
            .lock()
            .expect("nobody panics here")
            .0
            .screen_mut()
            .set_size(rows, columns);
        let name = nix::unistd::ttyname(self.line.as_fd()).expect("a terminal");
        let status = Command::new("stty")
            .arg("-F")
            .arg(name)
            .args(["rows", &rows.to_string(), "cols", &columns.to_string()])
            .status();
        assert!(status.expect("stty runs").success());
    }

    /// What it shows, without blanks at the ends of lines and without empty lines at its end.
    fn text(&self) -> String {
        let shown = self.shown.lock().expect("nobody panics here");
        let screen = shown.0.screen();
        let (_, columns) = screen.size();
        let lines: Vec<String> = screen
            .rows(0, columns)
            .map(|line| line.trim_end().to_owned())
            .collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// All that was ever written to it.
    fn written(&self) -> String {
        let shown = self.shown.lock().expect("nobody panics here");
        String::from_utf8_lossy(&shown.1).into_owned()
    }

    /// Whether anything on it has a colour.
    fn colours(&self) -> bool {
        let shown = self.shown.lock().expect("nobody panics here");
        let screen = shown.0.screen();
        let (rows, columns) = screen.size();
        let coloured = |row, column| {
            let cell = screen.cell(row, column);
            cell.is_some_and(|cell| cell.fgcolor() != vt100::Color::Default)
        };
        (0..rows).any(|row| (0..columns).any(|column| coloured(row, column)))
    }

    /// Waits until it shows that, and gives what it shows.
    #[track_caller]
    fn shows(&self, what: &str, within: Duration, that: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + within;
        loop {
            let text = self.text();
            if that(&text) {
                return text;
            }
            assert!(Instant::now() < end, "no sign of {what}:\n{text}\n");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// The exit code, once the program has ended.
    #[track_caller]
    fn ended(&mut self) -> Option<i32> {
        let end = Instant::now() + NOTICE;
        loop {
            if let Some(status) = self.child.try_wait().expect("waits") {
                // What it wrote last is read.
                thread::sleep(Duration::from_millis(100));
                return status.code();
            }
            assert!(Instant::now() < end, "still running:\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What is typed is echoed, line by line, and the cursor is seen.
    #[track_caller]
    fn is_sane(&self) {
        let modes = tcgetattr(self.line.as_fd())
            .expect("a terminal")
            .local_flags;
        assert!(modes.contains(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG));
        let shown = self.shown.lock().expect("nobody panics here");
        let screen = shown.0.screen();
        assert!(!screen.hide_cursor() && !screen.bracketed_paste() && !screen.alternate_screen());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
