//! Loudspeaker and microphone on a virtual air (`script/virtual-audio`): no hardware needed.
//!
//! The sound card of a process is chosen by its environment, so each end runs as a process of its
//! own: this test binary again, with the one test `helper`, and its part in `AIRSHAKE_LIVE_PART`.
//! What a helper finds out it prints in lines `@name value`.
//!
//! Without PulseAudio these tests are skipped, loudly; with `AIRSHAKE_REQUIRE_LIVE=1` they fail.
#![cfg(all(feature = "live", target_os = "linux"))]
#![expect(
    clippy::disallowed_methods,
    reason = "sound takes time, and it is measured here"
)]

use airshake::audio::device::{DeviceError, Direction, Microphone, Speaker, devices};
use airshake::medium::sound::{Ends, Sound, SoundOptions};
use airshake::medium::{Happening, Medium};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn what_one_laptop_plays_the_other_records_sample_for_sample() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    // A busy machine may drop a buffer, which is not ours to prevent; samples that are wrong by
    // our doing are wrong every time.
    let mut found = Vec::new();
    for _ in 0..3 {
        let mut recorder = air.helper("A", "record", &[]);
        recorder.wait_for("ready");
        let mut player = air.helper("B", "play", &[]);
        player.finish();
        let recorded = recorder.finish();
        if recorded["exact"] == NOISE.to_string() {
            assert_eq!(recorded["rate"], "48000");
            return;
        }
        found.push(recorded);
    }
    panic!("never exact: {found:?}");
}

#[test]
fn a_cleared_speaker_is_silent_at_once_and_without_a_click() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    let heard = air.helper("A", "clear", &[]).finish();
    println!("clear: {heard:?}");
    // From the call to the last sample read back, the way through the microphone included.
    assert!(
        heard["silent_ms"].parse::<f64>().expect("a number") < 150.0,
        "{heard:?}"
    );
    assert_eq!(heard["steps"], "0", "{heard:?}");
}

#[test]
fn a_sound_server_that_dies_is_reported_in_time_and_used_again_when_it_is_back() {
    let Some(air) = Air::start("crossed") else {
        return;
    };
    let mut helper = air.helper("A", "lose", &[]);
    helper.wait_for("ready");
    air.kill();
    let killed = Instant::now();
    let words = helper.wait_for("microphone_lost");
    assert!(words.contains("restart the sound system"), "{words}");
    helper.wait_for("speaker_lost");
    // 3 s is the promise; a stream that was just fine at the time of its death adds one look.
    assert!(
        killed.elapsed() < Duration::from_secs(5),
        "{:?}",
        killed.elapsed()
    );
    air.script(&["start", "crossed"]);
    helper.wait_for("back");
    let ended = helper.finish();
    assert!(
        ended["closing_ms"].parse::<u64>().expect("a number") < 1500,
        "{ended:?}"
    );
}

#[test]
fn a_wrong_name_is_answered_with_the_names_there_are() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    let said = air.helper("A", "names", &[]).finish();
    assert!(said["listed"].contains("default"), "{said:?}");
    assert!(said["unknown"].contains("\"no such thing\""), "{said:?}");
    assert!(said["unknown"].contains("default"), "{said:?}");
    assert_eq!(said["by_part"], said["by_id"], "{said:?}");
}

#[test]
fn without_a_sound_server_the_error_says_so() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    let environment = air.environment("A");
    air.script(&["stop"]);
    let begun = Instant::now();
    let mut command = helper_command("names", &[]);
    command.envs(environment);
    let said = Helper::spawn(command).finish();
    println!("{said:?}");
    assert!(
        said["unopened"].contains("start the sound server"),
        "{said:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn what_one_laptop_says_the_other_hears_over_a_cable() {
    if let Some(air) = Air::start("crossed") {
        twenty_envelopes(&air);
    }
}

#[test]
fn what_one_laptop_says_the_other_hears_in_one_room() {
    if let Some(air) = Air::start("shared") {
        twenty_envelopes(&air);
    }
}

#[test]
fn a_sound_begins_and_ends_within_a_tenth_of_a_second_of_the_command() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    let mut measured = Vec::new();
    for _ in 0..3 {
        let said = air.helper("A", "hush", &[]).finish();
        let number = |name: &str| said[name].parse::<f64>().expect("a number");
        println!("begins: {said:?}");
        // What is measured holds the way back through the microphone, whose callbacks come every
        // 14 to 21 ms; the loudspeaker's share is 30 ms at most.
        if number("begins_ms") < 100.0 && number("ends_ms") < 100.0 {
            return;
        }
        measured.push(said);
    }
    panic!("never: {measured:?}");
}

#[test]
fn a_sound_whose_server_dies_tells_so_and_is_heard_again_when_it_is_back() {
    let Some(air) = Air::start("shared") else {
        return;
    };
    let mut helper = air.helper("A", "survive", &[]);
    helper.wait_for("ready");
    air.kill();
    helper.wait_for("trouble");
    helper.wait_for("refused");
    air.script(&["start", "shared"]);
    helper.wait_for("heard");
    helper.finish();
}

/// B says, A hears; the time from the call to the end of the hearing is the air time and what we
/// add to it.
fn twenty_envelopes(air: &Air) {
    let mut hearing = air.helper("A", "hear", &[]);
    hearing.wait_for("ready");
    let said = air.helper("B", "say", &[]).finish();
    let heard = hearing.finish();
    let number = |map: &HashMap<String, String>, name: &str| -> Option<f64> {
        map.get(name).map(|value| value.parse().expect("a number"))
    };
    let mut added = Vec::new();
    let mut missing = 0;
    for turn in 0..TURNS {
        let begun = number(&said, &format!("said_{turn}")).expect("said");
        let air_ms = number(&said, &format!("air_{turn}")).expect("started");
        match number(&heard, &format!("heard_{turn}")) {
            Some(ended) => added.push(ended - begun - air_ms),
            None => missing += 1,
        }
    }
    added.sort_by(f64::total_cmp);
    let report = format!(
        "heard {} of {TURNS}; added to the air time: {added:.0?} ms; say: {}; hear: {}",
        added.len(),
        said["counts"],
        heard["counts"],
    );
    println!("{report}");
    assert!(missing <= TURNS / 10, "{report}");
    assert!(added[added.len() / 2] < 250.0, "{report}");
}

// The parts of the helper.

#[test]
#[ignore = "a part of the other tests"]
fn helper() {
    match std::env::var("AIRSHAKE_LIVE_PART").as_deref() {
        Ok("record") => record(),
        Ok("play") => play(),
        Ok("clear") => clear(),
        Ok("lose") => lose(),
        Ok("names") => names(),
        Ok("say") => say_envelopes(),
        Ok("hush") => hush(),
        Ok("survive") => survive(),
        Ok("hear") => hear_envelopes(),
        other => panic!("no such part: {other:?}"),
    }
}

fn record() {
    let mut microphone = Microphone::open(None).expect("a microphone");
    let mut recording = Vec::new();
    let mut block = [0.0; 4096];
    let (begun, mut ready) = (Instant::now(), false);
    while begun.elapsed() < Duration::from_secs(6) {
        let count = microphone.read(&mut block);
        recording.extend_from_slice(&block[..count]);
        if count > 0 && !ready {
            ready = true;
            say("ready", "");
        }
        sleep(Duration::from_millis(5));
    }
    let noise = noise();
    let start = recording
        .windows(64)
        .position(|window| window == &noise[..64])
        .unwrap_or(recording.len());
    let exact = recording[start..]
        .iter()
        .zip(&noise)
        .take_while(|(heard, played)| heard == played)
        .count();
    say("rate", microphone.rate().0);
    say("counts", format!("{:?}", microphone.counts()));
    say("exact", exact);
}

fn play() {
    let mut speaker = Speaker::open(None).expect("a speaker");
    let noise = noise();
    assert_eq!(
        speaker.write(&noise),
        NOISE,
        "two seconds fit into the ring"
    );
    while !speaker.is_idle() {
        sleep(Duration::from_millis(5));
    }
    say("counts", format!("{:?}", speaker.counts()));
}

/// Plays a tone into its own microphone and clears it.
fn clear() {
    let mut microphone = Microphone::open(None).expect("a microphone");
    let mut speaker = Speaker::open(None).expect("a speaker");
    let tone: Vec<f32> = (0..96_000)
        .map(|n| 0.5 * (std::f32::consts::TAU * n as f32 / 480.0).sin())
        .collect();
    sleep(Duration::from_millis(500));
    let (mut heard, mut block) = (Vec::new(), [0.0; 4096]);
    while microphone.read(&mut block) > 0 {}
    speaker.write(&tone);
    let written = Instant::now();
    let (mut cleared, mut sounding, mut silent) = (None, None, None);
    while written.elapsed() < Duration::from_millis(1500) {
        let count = microphone.read(&mut block);
        heard.extend_from_slice(&block[..count]);
        if block[..count].iter().any(|&x| x != 0.0) {
            sounding.get_or_insert_with(|| written.elapsed());
            silent = Some(Instant::now());
        }
        if cleared.is_none() && written.elapsed() > Duration::from_millis(700) {
            speaker.clear();
            cleared = Some(Instant::now());
        }
        sleep(Duration::from_millis(1));
    }
    let (cleared, silent) = (cleared.expect("cleared"), silent.expect("heard"));
    say("sounding_ms", millis(sounding.expect("heard")));
    say("silent_ms", millis(silent.duration_since(cleared)));
    say("delay", speaker.delay());
    // The steepest slope of this tone is 0.5 * TAU / 480; the fade adds 0.5 * PI/2 / 192.
    let steepest = 0.5 * std::f32::consts::TAU / 480.0 + 0.5 * std::f32::consts::FRAC_PI_2 / 192.0;
    let steps = heard
        .windows(2)
        .filter(|pair| (pair[1] - pair[0]).abs() > steepest)
        .count();
    say("steps", steps);
    say("dropouts", speaker.counts().dropouts);
}

fn lose() {
    let mut microphone = Microphone::open(None).expect("a microphone");
    let mut speaker = Speaker::open(None).expect("a speaker");
    let mut block = [0.0; 4096];
    while microphone.read(&mut block) == 0 {
        sleep(Duration::from_millis(5));
    }
    speaker.write(&[0.1; 100]);
    while !speaker.is_idle() {
        sleep(Duration::from_millis(5));
    }
    say("ready", "");
    let lost = |check: &dyn Fn() -> Result<(), DeviceError>| loop {
        if let Err(error) = check() {
            break error;
        }
        sleep(Duration::from_millis(5));
    };
    say("microphone_lost", lost(&|| microphone.check()));
    say("speaker_lost", lost(&|| speaker.check()));
    while microphone.check().is_err() || speaker.check().is_err() {
        sleep(Duration::from_millis(5));
    }
    while microphone.read(&mut block) > 0 {}
    while microphone.read(&mut block) == 0 {
        sleep(Duration::from_millis(5));
    }
    assert!(speaker.refresh());
    speaker.write(&[0.1; 100]);
    while !speaker.is_idle() {
        sleep(Duration::from_millis(5));
    }
    say("back", "");
    say(
        "counts",
        format!("{:?} {:?}", microphone.counts(), speaker.counts()),
    );
    let begun = Instant::now();
    drop(microphone);
    drop(speaker);
    say("closing_ms", begun.elapsed().as_millis());
}

fn names() {
    match Microphone::open(None) {
        Err(error) => say("unopened", error),
        Ok(microphone) => {
            let listed = devices().expect("a list");
            let names: Vec<&str> = listed.iter().map(|device| device.id.as_str()).collect();
            say("listed", names.join(" "));
            let first = &listed[0];
            assert!(
                first.default && first.direction == Direction::Input,
                "{first:?}"
            );
            assert!(
                first
                    .rates
                    .iter()
                    .any(|&(low, high)| low <= 48_000 && 48_000 <= high)
            );
            let unknown = Microphone::open(Some("no such thing"))
                .err()
                .expect("no such device");
            say("unknown", unknown);
            drop(microphone);
            let by_part = Speaker::open(Some("default AUDIO")).expect("by a part of its name");
            say("by_part", by_part.name());
            let by_id = Speaker::open(Some("default")).expect("by its id");
            say("by_id", by_id.name());
        }
    }
}

fn say_envelopes() {
    let mut sound = Sound::open(SoundOptions::default()).expect("sound");
    sleep(Duration::from_millis(300));
    for turn in 0..TURNS {
        say(&format!("said_{turn}"), wall());
        sound.say(&[turn; 64], 0).expect("says");
        loop {
            match sound.poll() {
                Some(Happening::Started { air_s }) => say(&format!("air_{turn}"), 1e3 * air_s),
                Some(Happening::Finished) => break,
                Some(Happening::Trouble(error)) => say("trouble", error),
                Some(_) => {}
                None => sleep(Duration::from_millis(2)),
            }
        }
        say(&format!("finished_{turn}"), wall());
        sleep(Duration::from_millis(300));
    }
    say("counts", format!("{:?}", sound.speaker()));
}

fn hear_envelopes() {
    let mut sound = Sound::open(SoundOptions::default()).expect("sound");
    say("ready", "");
    let (begun, mut garbled, mut carriers) = (Instant::now(), 0, 0);
    loop {
        match sound.poll() {
            Some(Happening::Heard { envelope, .. }) => {
                assert_eq!(envelope, [envelope[0]; 64]);
                say(&format!("heard_{}", envelope[0]), wall());
                if envelope[0] == TURNS - 1 {
                    break;
                }
            }
            Some(Happening::Garbled) => garbled += 1,
            Some(Happening::Carrier { .. }) => carriers += 1,
            Some(_) => {}
            None => sleep(Duration::from_millis(2)),
        }
        if begun.elapsed() > PATIENCE {
            break;
        }
    }
    let counts = format!(
        "{garbled} garbled, {carriers} carriers, {:?}",
        sound.microphone()
    );
    say("counts", counts);
}

/// Says something into its own microphone and hushes.
fn hush() {
    let mut microphone = Microphone::open(None).expect("a microphone");
    let mut sound = Sound::open(SoundOptions {
        ends: Ends::Mouth,
        ..SoundOptions::default()
    })
    .expect("sound");
    sleep(Duration::from_millis(500));
    let mut block = [0.0; 4096];
    while microphone.read(&mut block) > 0 {}
    let said = Instant::now();
    sound.say(&[1; 400], 0).expect("says");
    let (mut hushed, mut begins, mut ends) = (None, None, None);
    while said.elapsed() < Duration::from_millis(1500) {
        let count = microphone.read(&mut block);
        if block[..count].iter().any(|&x| x != 0.0) {
            begins.get_or_insert_with(|| said.elapsed());
            ends = Some(Instant::now());
        }
        if hushed.is_none() && said.elapsed() > Duration::from_millis(700) {
            sound.hush();
            hushed = Some(Instant::now());
        }
        sleep(Duration::from_millis(1));
    }
    let ends = ends.expect("heard").duration_since(hushed.expect("hushed"));
    say("begins_ms", millis(begins.expect("heard")));
    say("ends_ms", millis(ends));
    say("counts", format!("{:?}", sound.speaker()));
}

/// Loses its devices in the middle of a sound, and hears itself when they are back.
fn survive() {
    let mut sound = Sound::open(SoundOptions::default()).expect("sound");
    sound.say(&[1; 2000], 0).expect("says");
    let mut wait = |wanted: &dyn Fn(&Happening) -> bool| {
        loop {
            match sound.poll() {
                Some(happening) if wanted(&happening) => return happening,
                Some(_) => {}
                None => sleep(Duration::from_millis(5)),
            }
        }
    };
    wait(&|happening| matches!(happening, Happening::Started { .. }));
    wait(&|happening| matches!(happening, Happening::Carrier { .. }));
    say("ready", "");
    // Whoever waits for the end of the sound is not left waiting.
    let trouble = wait(&|happening| matches!(happening, Happening::Trouble(_)));
    wait(&|happening| matches!(happening, Happening::Finished));
    say("trouble", format!("{trouble:?}"));
    say("refused", sound.say(b"?", 0).expect_err("no speaker"));
    while sound.say(b"again", 0).is_err() {
        sleep(Duration::from_millis(50));
    }
    let begun = Instant::now();
    loop {
        match sound.poll() {
            Some(Happening::Heard { envelope, .. }) if envelope == b"again" => break,
            Some(Happening::Finished) => {
                // The microphone may have come back after the loudspeaker.
                sleep(Duration::from_millis(300));
                sound.say(b"again", 0).expect("says");
            }
            Some(_) => {}
            None => sleep(Duration::from_millis(5)),
        }
        assert!(begun.elapsed() < PATIENCE / 2, "not heard");
    }
    say("heard", "");
}

/// How many envelopes are said.
const TURNS: u8 = 20;

/// The time in milliseconds, the same for all processes.
fn wall() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    millis(since.expect("after 1970"))
}

fn say(name: &str, value: impl std::fmt::Display) {
    println!("\n@{name} {value}");
    std::io::stdout().flush().expect("stdout");
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// White noise on a grid of 16 bits, always the same.
fn noise() -> Vec<f32> {
    let mut state = 1u32;
    (0..NOISE)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from((state >> 16) as u16 as i16) / 65_536.0
        })
        .collect()
}

/// Two seconds.
const NOISE: usize = 96_000;

// The parts of the tests.

/// A virtual air of its own.
struct Air {
    folder: tempfile::TempDir,
}

impl Air {
    fn start(topology: &str) -> Option<Self> {
        let there = |tool: &str| {
            Command::new("sh")
                .args(["-c", &format!("command -v {tool}")])
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        if !there("pulseaudio") || !there("pactl") {
            let message =
                "no PulseAudio: apt-get install pulseaudio pulseaudio-utils libasound2-plugins";
            assert!(
                std::env::var_os("AIRSHAKE_REQUIRE_LIVE").is_none(),
                "{message}"
            );
            // Past the capture of the test harness.
            let _ = writeln!(std::io::stderr(), "SKIPPED live audio: {message}");
            return None;
        }
        let air = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        air.script(&["start", topology]);
        Some(air)
    }

    fn folder(&self) -> PathBuf {
        self.folder.path().join("air")
    }

    fn command(&self) -> Command {
        let mut command =
            Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("script/virtual-audio"));
        command.env("VIRTUAL_AUDIO_DIR", self.folder());
        command
    }

    fn script(&self, arguments: &[&str]) -> String {
        let output = self
            .command()
            .args(arguments)
            .output()
            .expect("the script runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text
    }

    fn environment(&self, side: &str) -> HashMap<String, String> {
        self.script(&["env", side])
            .lines()
            .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
            .collect()
    }

    /// Ends the sound server without notice.
    fn kill(&self) {
        let pid = std::fs::read_to_string(self.folder().join("pid")).expect("a pid");
        let status = Command::new("kill").args(["-9", pid.trim()]).status();
        assert!(status.expect("kill runs").success());
    }

    fn helper(&self, side: &str, part: &str, arguments: &[(&str, &str)]) -> Helper {
        let plain = helper_command(part, arguments);
        let mut command = self.command();
        command
            .args(["run", side])
            .arg(plain.get_program())
            .args(plain.get_args());
        command.envs(
            plain
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        Helper::spawn(command)
    }
}

impl Drop for Air {
    fn drop(&mut self) {
        let _ = self.command().arg("stop").output();
    }
}

fn helper_command(part: &str, arguments: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args([
        "--ignored",
        "--exact",
        "helper",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env("AIRSHAKE_LIVE_PART", part);
    command.envs(arguments.iter().copied());
    command
}

/// The other process. It is ended with its test.
struct Helper {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    said: HashMap<String, String>,
}

impl Helper {
    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("a helper");
        let output = child.stdout.take().expect("its output");
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            lines,
            said: HashMap::new(),
        }
    }

    /// Waits until the helper says `name`; gives what it says of it.
    fn wait_for(&mut self, name: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while !self.said.contains_key(name) {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no {name}: {:?}", self.said));
            if let Some((name, value)) = line.strip_prefix('@').and_then(|l| l.split_once(' ')) {
                self.said.insert(name.to_owned(), value.to_owned());
            }
        }
        self.said[name].clone()
    }

    /// Waits for the end of the helper; gives all it said.
    fn finish(&mut self) -> HashMap<String, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some((name, value)) =
                        line.strip_prefix('@').and_then(|l| l.split_once(' '))
                    {
                        self.said.insert(name.to_owned(), value.to_owned());
                    }
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(_) => panic!("the helper does not end: {:?}", self.said),
            }
        }
        let status = self.child.wait().expect("its status");
        assert!(status.success(), "{status}: {:?}", self.said);
        std::mem::take(&mut self.said)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// More than any part takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
