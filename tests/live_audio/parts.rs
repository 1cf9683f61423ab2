//! What the helper processes do.

use super::air::PATIENCE;
use airshake::audio::device::{DeviceError, Direction, Microphone, Speaker, devices};
use airshake::medium::sound::{Ends, Sound, SoundOptions};
use airshake::medium::{Happening, Medium};
use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub(crate) fn record() {
    let mut microphone = Microphone::open(None).expect("a microphone");
    let mut recording = Vec::new();
    let mut block = [0.0; 4096];
    let (begun, mut ready, mut sounding) = (Instant::now(), false, None::<Instant>);
    // Until well after the end of what is played, whenever that begins.
    while sounding.map_or(begun.elapsed() < PATIENCE / 2, |since| {
        since.elapsed() < Duration::from_secs(4)
    }) {
        let count = microphone.read(&mut block);
        recording.extend_from_slice(&block[..count]);
        if block[..count].iter().any(|&x| x != 0.0) {
            sounding.get_or_insert_with(Instant::now);
        }
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

pub(crate) fn play() {
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
pub(crate) fn clear() {
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
    while going_on(written, cleared) {
        let count = microphone.read(&mut block);
        heard.extend_from_slice(&block[..count]);
        if block[..count].iter().any(|&x| x != 0.0) {
            sounding.get_or_insert_with(|| written.elapsed());
            silent = Some(Instant::now());
        }
        if cleared.is_none() && lasts(written, sounding) {
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

pub(crate) fn lose() {
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

pub(crate) fn names() {
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

pub(crate) fn say_envelopes() {
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

pub(crate) fn hear_envelopes() {
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
pub(crate) fn hush() {
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
    while going_on(said, hushed) {
        let count = microphone.read(&mut block);
        if block[..count].iter().any(|&x| x != 0.0) {
            begins.get_or_insert_with(|| said.elapsed());
            ends = Some(Instant::now());
        }
        if hushed.is_none() && lasts(said, begins) {
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

/// Whether a sound of two seconds that began to be heard `sounding` after `start` has been heard
/// for a while.
fn lasts(start: Instant, sounding: Option<Duration>) -> bool {
    sounding.is_some_and(|since| start.elapsed() > since + Duration::from_millis(500))
}

/// Whether to go on watching a sound since `start`: until a while after it was told to `end`.
fn going_on(start: Instant, end: Option<Instant>) -> bool {
    end.map_or(start.elapsed() < PATIENCE / 4, |end| {
        end.elapsed() < Duration::from_millis(800)
    })
}

/// Loses its devices in the middle of a sound, and hears itself when they are back.
pub(crate) fn survive() {
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
    // Of a machine that is busy enough, the ear may be first with its news.
    let (mut started, mut heard) = (false, false);
    while !(started && heard) {
        match wait(&|happening| {
            matches!(
                happening,
                Happening::Started { .. } | Happening::Carrier { .. }
            )
        }) {
            Happening::Started { .. } => started = true,
            _ => heard = true,
        }
    }
    say("ready", "");
    // Either device may be missed first. Whoever waits for the end of the sound is not left
    // waiting.
    let (mut trouble, mut finished) = (None, false);
    while trouble.is_none() || !finished {
        match wait(&|happening| matches!(happening, Happening::Trouble(_) | Happening::Finished)) {
            Happening::Finished => finished = true,
            other => trouble = Some(other),
        }
    }
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
pub(crate) const TURNS: u8 = 20;

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
pub(crate) const NOISE: usize = 96_000;
