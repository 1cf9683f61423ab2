//! Writes the recordings of `test-audio`: each sound with the text of what must come out of it.
//!
//! ```text
//! cargo run --example write_recordings -- /tmp/recordings
//! ```
//!
//! Those in the repository are never written again while their wire version is read: a test
//! decodes them, so that old recordings stay readable. It also makes the golden ones again by a
//! list of its own, `tests/recordings.rs`, and compares.

use std::error::Error;
use std::path::Path;

use airshake::air::{Random, Room};
use airshake::audio::files::{WavFormat, WavWriter};
use airshake::modem::{Profile, Transmitter};
use airshake::units::SampleRate;

const FULL: SampleRate = SampleRate::HZ_48000;
/// Half the rate holds the band too, in half the bytes.
const HALF: SampleRate = SampleRate(24_000);
/// What the narrower band of `phone` needs.
const PHONE: SampleRate = SampleRate(12_000);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("say where: FOLDER")?;
    let folder = Path::new(&folder);
    let random = |len: usize, name: &str| -> Vec<u8> {
        let mut random = Random::new(1, name);
        (0..len).map(|_| random.bits() as u8).collect()
    };

    let golden = folder.join("golden");
    let audible = &Profile::AUDIBLE;
    let hello = b"hello, air".to_vec();
    let bytes = random(64, "sixty-four");
    let sixteen = random(16, "sixteen");
    let longest = random(508, "longest");
    let two = random(510, "two segments");
    let three = random(1200, "segments");
    // One message in some passes.
    type Golden<'a> = (&'a str, &'static Profile, SampleRate, &'a [u8], &'a [u8]);
    let goldens: &[Golden<'_>] = &[
        ("empty", audible, FULL, b"", &[0]),
        ("hello", audible, FULL, &hello, &[0]),
        ("sixty-four-bytes", audible, FULL, &bytes, &[0]),
        ("sixty-four-bytes-pass-3", audible, HALF, &bytes, &[3]),
        ("loop", audible, HALF, &hello, &[0, 1, 2, 3, 4, 5, 6, 7]),
        ("deep-pass-4", audible, HALF, &sixteen, &[4]),
        ("deep-pass-6", audible, HALF, &sixteen, &[6]),
        ("longest-single-frame", audible, HALF, &longest, &[0]),
        ("three-segments", audible, HALF, &three, &[0]),
        ("two-segments-pass-5", audible, HALF, &two, &[5]),
        ("phone", &Profile::PHONE, PHONE, &sixteen, &[0]),
        ("phone-deep-pass-1", &Profile::PHONE, PHONE, &sixteen, &[1]),
        ("ultrasonic", &Profile::ULTRASONIC, FULL, &sixteen, &[0]),
        (
            "ultrasonic-deep-pass-4",
            &Profile::ULTRASONIC,
            FULL,
            &hello,
            &[4],
        ),
    ];
    for (name, profile, rate, payload, passes) in goldens {
        let sounds = passes
            .iter()
            .map(|pass| sound_of(profile, payload, *pass, *rate));
        let samples = sounds.collect::<Vec<_>>().concat();
        // Each pass is readable alone, and is told each time.
        write(
            &golden,
            name,
            *rate,
            &samples,
            &vec![*payload; passes.len()],
        )?;
    }
    let two: Vec<f32> = [sound(b"first", 0, HALF), sound(b"second", 0, HALF)].concat();
    write(&golden, "two-messages", HALF, &two, &[b"first", b"second"])?;

    let impaired = folder.join("impaired");
    for scene in [
        Room::DESK,
        Room::ROOM,
        Room::HALL,
        Room::BABBLE,
        Room::PHONE,
        Room::CLIPPED,
        Room::FAST,
        Room::SLOW,
        Room::DROPOUTS,
        Room::CLICKS,
        Room::GAIN,
        Room::WORST,
    ] {
        let heard = Room::new(&scene, 1, HALF).apply(&halved(&sound(b"hello, room", 0, HALF)));
        write(&impaired, scene.name, HALF, &heard, &[b"hello, room"])?;
    }

    // Where the preamble begins decides what of it stands out first.
    let bytes = random(64, "out of silence");
    let burst = sound(&bytes, 0, FULL);
    let mut heard = vec![0.0; 57_222];
    heard.extend(burst.iter().map(|x| x * 0.5 / 0.9));
    heard.resize(84_000, 0.0);
    write(&impaired, "out-of-silence", FULL, &heard, &[&bytes])?;

    let crashes = folder.join("crashes");
    let (a, b) = (
        sound(&random(140, "a"), 0, HALF),
        sound(&random(140, "b"), 0, HALF),
    );
    // Chirp and one symbol of one message, then the data of another.
    let first = (3072 + 6912) / 2;
    write(
        &crashes,
        "header-of-another-message",
        HALF,
        &[&a[..first], &b[first..]].concat(),
        &[],
    )?;
    write(
        &crashes,
        "cut-after-the-header",
        HALF,
        &a[..first + 500],
        &[],
    )?;
    let overlap: Vec<f32> = a.iter().zip(&b).map(|(a, b)| (a + b) / 2.0).collect();
    write(&crashes, "two-at-once", HALF, &overlap, &[])?;
    let not_numbers = vec![f32::NAN; 4800];
    write(&crashes, "not-numbers", HALF, &not_numbers, &[])?;
    Ok(())
}

fn sound(payload: &[u8], pass: u8, rate: SampleRate) -> Vec<f32> {
    sound_of(&Profile::AUDIBLE, payload, pass, rate)
}

fn sound_of(profile: &'static Profile, payload: &[u8], pass: u8, rate: SampleRate) -> Vec<f32> {
    let burst = Transmitter::new(profile, rate).burst(payload, pass);
    burst.expect("these payloads fit").into_samples()
}

/// At the level that a room's presets assume.
fn halved(samples: &[f32]) -> Vec<f32> {
    samples.iter().map(|x| x * 0.5).collect()
}

#[expect(clippy::disallowed_methods, reason = "it writes files")]
fn write(
    folder: &Path,
    name: &str,
    rate: SampleRate,
    samples: &[f32],
    messages: &[&[u8]],
) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let format = if samples.iter().all(|x| x.is_finite()) {
        WavFormat::Int16
    } else {
        WavFormat::Float32
    };
    let path = folder.join(name).with_extension("wav");
    let mut wav = WavWriter::create(&path, rate, format, Some(samples.len() as u64))?;
    wav.write(samples)?;
    wav.finish()?;
    let lines = messages
        .iter()
        .map(|message| match std::str::from_utf8(message) {
            Ok(text) => format!("text {text}\n"),
            Err(_) => format!(
                "hex {}\n",
                message
                    .iter()
                    .map(|b| format!("{b:02x}"))
                    .collect::<String>()
            ),
        });
    std::fs::write(path.with_extension("txt"), lines.collect::<String>())?;
    Ok(())
}
