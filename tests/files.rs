//! What must come out of files, whole and broken.

#![cfg(feature = "wav")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![expect(clippy::disallowed_methods, reason = "tests of files need files")]

use std::f64::consts::PI;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use airshake::air::Random;
use airshake::audio::files::{Channel, FileError, Recording, WavFormat, WavWriter};
use airshake::units::SampleRate;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-audio/formats");
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("test-audio/formats is part of the repository")
        .map(|entry| entry.expect("a folder can be read to its end").path())
        .collect();
    all.retain(|path| path.extension().is_none_or(|e| e != "md"));
    all.sort();
    assert!(all.len() >= 20, "{all:?}");
    all
}

fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .expect("fixtures have plain names")
}

fn all(mut recording: Recording) -> Result<(Vec<f32>, Recording), FileError> {
    let mut samples = Vec::new();
    while let Some(block) = recording.next_block()? {
        assert!(!block.is_empty());
        samples.extend_from_slice(block);
    }
    assert_eq!(recording.position(), samples.len() as u64);
    assert!(recording.next_block()?.is_none(), "an end stays an end");
    Ok((samples, recording))
}

fn piped(bytes: Vec<u8>) -> Result<Recording, FileError> {
    /// Gives a few bytes at a time, as pipes do.
    struct Drip(Cursor<Vec<u8>>, usize);
    impl Read for Drip {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = self.1 % 700 + 13;
            let n = self.1.min(out.len());
            self.0.read(&mut out[..n])
        }
    }
    Recording::from_reader(Drip(Cursor::new(bytes), 0), "pipe")
}

/// Amplitude of the best fitting sine of 440 Hz in the middle, and what it leaves, root mean
/// square.
fn tone(samples: &[f32], rate: SampleRate) -> (f64, f64) {
    let from = rate.samples_in(0.1) as usize;
    // Whole periods: 0.25 s hold 110.
    let middle = &samples[from..from + rate.samples_in(0.25) as usize];
    let turn = |n: usize| 2.0 * PI * 440.0 * n as f64 / f64::from(rate.0);
    let project = |wave: fn(f64) -> f64| {
        let sum: f64 = middle
            .iter()
            .enumerate()
            .map(|(n, x)| f64::from(*x) * wave(turn(n)))
            .sum();
        2.0 * sum / middle.len() as f64
    };
    let (a, b) = (project(f64::sin), project(f64::cos));
    let left: f64 = middle
        .iter()
        .enumerate()
        .map(|(n, x)| (f64::from(*x) - a * turn(n).sin() - b * turn(n).cos()).powi(2))
        .sum();
    (a.hypot(b), (left / middle.len() as f64).sqrt())
}

#[test]
fn every_container_gives_the_same_tone_from_a_path_and_from_a_pipe() {
    for path in fixtures() {
        let name = name(&path);
        let opened = [Recording::open(&path), piped(std::fs::read(&path).unwrap())];
        for (opened, way) in opened.into_iter().zip(["path", "pipe"]) {
            if name.starts_with("opus") {
                assert!(
                    matches!(opened, Err(FileError::Unsupported { .. })),
                    "{name}"
                );
                continue;
            }
            if way == "pipe" && (name == "aac-48000-mono.m4a" || name.starts_with("alac")) {
                let told = opened.err().map(|e| e.to_string()).unwrap_or_default();
                assert!(told.contains("index at the end"), "{name}: {told}");
                continue;
            }
            let recording = opened.unwrap_or_else(|e| panic!("{name} from a {way}: {e}"));
            let mut parts = name.split(['-', '.']).skip_while(|part| {
                !part.starts_with(|c: char| c.is_ascii_digit()) || part.ends_with("bit")
            });
            let rate: u32 = parts.next().unwrap().parse().unwrap();
            let channels = match parts.next().unwrap() {
                "mono" => 1,
                "stereo" => 2,
                _ => 6,
            };
            assert_eq!(recording.rate(), SampleRate(rate), "{name}");
            assert_eq!(recording.channels(), channels, "{name}");
            let stated = recording.duration();
            let (samples, recording) = all(recording).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(
                !recording.is_truncated() && recording.damaged() == 0,
                "{name}"
            );
            // Codecs that work in blocks pad the end: by two of 1024 samples at most.
            let exact = ["wav", "flac", "alac", "aiff"]
                .iter()
                .any(|kind| name.starts_with(kind))
                && !name.contains("adpcm")
                && !name.contains("ima");
            let more = samples.len() as f64 - f64::from(rate) / 2.0;
            assert!(
                if exact {
                    more.abs() < 1.0
                } else {
                    (0.0..3_000.0).contains(&more)
                },
                "{name}: {more} samples more"
            );
            if let Some(stated) = stated {
                assert!((stated - 0.5).abs() < 0.07, "{name} states {stated} s");
            }
            let (amplitude, left) = tone(&samples, recording.rate());
            // LAME turns down by 5 % at low rates; 8 bits leave 1/128/sqrt(12).
            let (close, noise) = if exact { (0.002, 0.004) } else { (0.03, 0.01) };
            let (close, noise) = if ["law", "adpcm", "ima"]
                .iter()
                .any(|coarse| name.contains(coarse))
            {
                (0.02, 0.02)
            } else {
                (close, noise)
            };
            assert!(
                (amplitude - 0.5).abs() < close,
                "{name}: amplitude {amplitude}"
            );
            assert!(left < noise, "{name}: {left} besides the tone");
        }
    }
}

#[test]
fn garbage_ends_without_a_panic_and_without_growing() {
    let mut random = Random::new(1, "garbage");
    let rounds = 24;
    for path in fixtures() {
        let good = std::fs::read(&path).unwrap();
        for round in 0..rounds {
            let mut bytes = good.clone();
            match round % 4 {
                0 => bytes.truncate((random.unit() * good.len() as f64) as usize),
                1 => {
                    for _ in 0..=random.bits() % 20 {
                        let at = (random.unit() * bytes.len() as f64) as usize;
                        bytes[at] ^= 1 << (random.bits() % 8);
                    }
                }
                2 => {
                    // Headers are where it hurts.
                    for _ in 0..=random.bits() % 4 {
                        let at = (random.unit() * bytes.len().min(200) as f64) as usize;
                        bytes[at] = random.bits() as u8;
                    }
                }
                _ => {
                    let at = (random.unit() * bytes.len() as f64) as usize;
                    let tail = bytes.split_off(at);
                    let extra = random.bits() % 3_000;
                    bytes.extend((0..extra).map(|_| random.bits() as u8));
                    bytes.extend(tail);
                }
            }
            drain(bytes, name(&path));
        }
    }
    for start in [
        &b""[..],
        b"RIFF\xff\xff\xff\xffWAVE",
        b"fLaC",
        b"OggS",
        b"ID3",
        b"\xff\xfb\x90\x64",
        b"\0\0\0\x20ftypM4A ",
        b"\xff\xf1\x50\x80",
    ] {
        for _ in 0..rounds {
            let mut bytes = start.to_vec();
            bytes.extend((0..random.bits() % 20_000).map(|_| random.bits() as u8));
            drain(bytes, "noise");
        }
    }
}

/// Reads to the end or to an error. The most samples a byte can become is bounded by the codecs:
/// FLAC packs 65535 constant samples into some ten bytes.
fn drain(bytes: Vec<u8>, name: &str) {
    let most = (bytes.len() as u64 + 100) * 65_536;
    let Ok(mut recording) = piped(bytes) else {
        return;
    };
    assert!(recording.rate().0 > 0 && recording.channels() > 0);
    while let Ok(Some(block)) = recording.next_block() {
        assert!(block.iter().all(|x| x.is_finite()));
        assert!(recording.position() < most, "{name} does not end");
    }
}

#[test]
fn what_is_left_of_a_cut_file_is_given_and_the_cut_is_told() {
    for (file, least) in [
        ("wav-16bit-8000-mono.wav", 1_900),
        ("flac-24bit-44100-stereo.flac", 4_607),
        ("mp3-44100-mono.mp3", 5_000),
        ("aac-48000-mono-index-first.m4a", 5_000),
    ] {
        let path = fixtures()
            .into_iter()
            .find(|path| name(path) == file)
            .unwrap();
        let mut bytes = std::fs::read(path).unwrap();
        bytes.truncate(bytes.len() / 4 * 3);
        let (samples, recording) = all(piped(bytes).unwrap()).unwrap();
        assert!(recording.is_truncated(), "{file}");
        assert!(samples.len() > least, "{file}: {}", samples.len());
    }
}

#[test]
fn files_that_are_not_recordings_are_named_for_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("empty.wav"), b"").unwrap();
    std::fs::write(path("text.wav"), b"Dear Sir or Madam,\n").unwrap();
    std::fs::write(path("head.wav"), b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0").unwrap();
    std::fs::write(path("none.wav"), wav(0, 8_000, 16, Some(0), &[])).unwrap();
    let message = |name| {
        Recording::open(path(name))
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default()
    };
    assert!(matches!(
        Recording::open(path("nothing.wav")),
        Err(FileError::NotFound { .. })
    ));
    assert!(matches!(
        Recording::open(path("empty.wav")),
        Err(FileError::Empty { .. })
    ));
    assert!(matches!(
        Recording::open(folder.path()),
        Err(FileError::Open { .. })
    ));
    assert!(message("text.wav").ends_with("text.wav: not a recording, it looks like text"));
    assert!(message("head.wav").ends_with("broken WAV file: it ends within its header"));
    assert!(message("none.wav").ends_with("it has 0 channels at 8000 Hz"));
}

/// A WAV with whatever lengths.
fn wav(channels: u16, rate: u32, bits: u16, data: Option<u32>, body: &[u8]) -> Vec<u8> {
    let mut out = b"RIFF".to_vec();
    let length = data.unwrap_or(body.len() as u32);
    out.extend(length.saturating_add(36).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    out.extend(channels.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend([0; 4]);
    out.extend((channels * bits / 8).to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(b"data");
    out.extend(length.to_le_bytes());
    out.extend(body);
    out
}

#[test]
fn lengths_that_nobody_knew_are_read_to_the_end() {
    let body: Vec<u8> = (0..2_000).flat_map(|n: i16| n.to_le_bytes()).collect();
    for length in [0, u32::MAX, u32::MAX - 36, 0x7fff_f000] {
        let (samples, recording) =
            all(piped(wav(1, 8_000, 16, Some(length), &body)).unwrap()).unwrap();
        assert_eq!(samples.len(), 2_000, "{length}");
        assert_eq!(recording.duration(), None);
        assert!(!recording.is_truncated());
    }
    // A length that is one and is not met, and one that is met before the end.
    let (samples, recording) = all(piped(wav(1, 8_000, 16, Some(5_000), &body)).unwrap()).unwrap();
    assert!(samples.len() == 2_000 && recording.is_truncated());
    let (samples, recording) = all(piped(wav(1, 8_000, 16, Some(100), &body)).unwrap()).unwrap();
    assert!(samples.len() == 50 && !recording.is_truncated());
}

#[test]
fn an_empty_file_with_something_after_its_samples_stays_empty() {
    let mut bytes = wav(1, 8_000, 16, Some(0), b"LIST\x04\0\0\0INFO");
    bytes[4..8].copy_from_slice(&48u32.to_le_bytes());
    let (samples, recording) = all(piped(bytes).unwrap()).unwrap();
    assert!(samples.is_empty() && recording.duration() == Some(0.0));
}

#[test]
fn channels_are_mixed_or_chosen() {
    let frame = [1_000i16, 3_000, -2_000];
    let body: Vec<u8> = (0..500)
        .flat_map(|_| frame)
        .flat_map(i16::to_le_bytes)
        .collect();
    let heard = |channel| {
        let recording = piped(wav(3, 8_000, 16, None, &body))
            .unwrap()
            .select(channel)?;
        all(recording).map(|(samples, _)| samples)
    };
    let mix = heard(Channel::Mix).unwrap();
    assert_eq!(mix.len(), 500);
    assert!(
        mix.iter()
            .all(|x| (x - 2_000.0 / 3.0 / 32_768.0).abs() < 1e-6)
    );
    for (index, want) in frame.iter().enumerate() {
        let one = heard(Channel::Index(index as u16)).unwrap();
        assert!(one.iter().all(|x| *x == f32::from(*want) / 32_768.0));
    }
    assert!(matches!(
        heard(Channel::Index(3)),
        Err(FileError::NoSuchChannel {
            asked: 3,
            channels: 3,
            ..
        })
    ));
}

#[test]
fn samples_that_are_no_numbers_become_silence_and_are_counted() {
    let mut samples = vec![0.25f32; 100];
    samples[10] = f32::NAN;
    samples[20] = f32::INFINITY;
    let body: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut bytes = wav(1, 8_000, 32, None, &body);
    // The tag of floating point.
    bytes[20] = 3;
    let (got, recording) = all(piped(bytes).unwrap()).unwrap();
    assert_eq!(recording.replaced(), 2);
    assert!(got[10] == 0.0 && got[20] == 0.0 && got[30] == 0.25);
}

#[test]
fn a_pipe_without_end_is_read_on_and_on() {
    let endless =
        Cursor::new(wav(2, 48_000, 16, Some(u32::MAX), &[])).chain(io::repeat(1).take(100 << 20));
    let mut recording = Recording::from_reader(endless, "pipe").unwrap();
    while recording.next_block().unwrap().is_some() {}
    assert_eq!(recording.position(), (100 << 20) / 4);
}

/// Samples that every format holds exactly, and some that none does.
fn samples() -> Vec<f32> {
    let mut random = Random::new(3, "samples");
    let mut all: Vec<f32> = (0..5_001)
        .map(|_| (random.between(-32_768.0, 32_767.0).round() / 32_768.0) as f32)
        .collect();
    all.extend([
        0.0,
        -1.0,
        1.0,
        1.5,
        -2.0,
        0.499_9 / 32_768.0,
        0.500_1 / 32_768.0,
    ]);
    all
}

#[test]
fn reading_undoes_writing_and_an_independent_reader_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.wav");
    for rate in [44_100, 48_000, 96_000].map(SampleRate) {
        for (format, step, top) in [
            (WavFormat::Int16, 1.0 / 32_768.0, 1.0 - 1.0 / 32_768.0),
            (WavFormat::Int24, 1.0 / 8_388_608.0, 1.0 - 1.0 / 8_388_608.0),
            (WavFormat::Float32, 0.0, f32::MAX),
        ] {
            let samples = samples();
            for announced in [Some(samples.len() as u64), None] {
                let mut writer = WavWriter::create(&path, rate, format, announced).unwrap();
                for block in samples.chunks(999) {
                    writer.write(block).unwrap();
                }
                assert_eq!(writer.finish().unwrap(), samples.len() as u64);
                let (got, recording) = all(Recording::open(&path).unwrap()).unwrap();
                assert_eq!((recording.rate(), recording.channels()), (rate, 1));
                assert_eq!(
                    recording.duration(),
                    Some(rate.seconds(samples.len() as u64))
                );
                assert_eq!(got.len(), samples.len());
                for (got, want) in got.iter().zip(&samples) {
                    let want = if format == WavFormat::Float32 {
                        *want
                    } else {
                        want.clamp(-1.0, top)
                    };
                    assert!((got - want).abs() <= 0.5 * step, "{format:?}: {got} {want}");
                }
                let mut hound = hound::WavReader::open(&path).unwrap();
                assert_eq!(hound.spec().sample_rate, rate.0);
                assert_eq!(hound.len() as usize, samples.len());
                let theirs: Vec<f32> = match format {
                    WavFormat::Float32 => hound.samples::<f32>().map(|x| x.unwrap()).collect(),
                    _ => hound
                        .samples::<i32>()
                        .map(|x| x.unwrap() as f32 * step)
                        .collect(),
                };
                assert!(theirs == got, "{format:?}");
            }
        }
    }
}

#[test]
fn what_an_independent_writer_wrote_is_read() {
    let mut random = Random::new(4, "hound");
    for bits in [8, 16, 24, 32] {
        for channels in [1, 2, 5] {
            let mut bytes = Cursor::new(Vec::new());
            let spec = hound::WavSpec {
                channels,
                sample_rate: 22_050,
                bits_per_sample: bits,
                sample_format: hound::SampleFormat::Int,
            };
            let scale = (1i64 << (bits - 1)) as f64;
            let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
            let mut written = Vec::new();
            for _ in 0..u32::from(channels) * 1_000 {
                let x = random.between(-scale, scale - 1.0).floor();
                writer.write_sample(x as i32).unwrap();
                written.push((x / scale) as f32);
            }
            writer.finalize().unwrap();
            for index in 0..channels {
                let recording = piped(bytes.get_ref().clone())
                    .unwrap()
                    .select(Channel::Index(index))
                    .unwrap();
                let (got, _) = all(recording).unwrap();
                let want: Vec<f32> = written
                    .iter()
                    .skip(usize::from(index))
                    .step_by(usize::from(channels))
                    .copied()
                    .collect();
                assert!(got == want, "{bits} bit, channel {index} of {channels}");
            }
        }
    }
}

#[test]
fn nothing_stands_under_the_name_before_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.wav");
    let begin = || {
        let mut writer =
            WavWriter::create(&path, SampleRate(48_000), WavFormat::Int16, Some(2)).unwrap();
        writer.write(&[0.5]).unwrap();
        writer
    };
    drop(begin());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::write(&path, b"old").unwrap();
    assert!(matches!(
        begin().finish(),
        Err(FileError::WrongLength {
            written: 1,
            announced: 2,
            ..
        })
    ));
    let mut writer = begin();
    assert!(matches!(
        writer.write(&[0.0; 2]),
        Err(FileError::WrongLength { written: 3, .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    writer.write(&[0.25]).unwrap();
    writer.finish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap().len(), 48);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_pipe_gets_the_right_header_when_the_length_is_known() {
    use std::sync::{Arc, Mutex};
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for (announced, stated) in [(Some(3), Some(3.0 / 48_000.0)), (None, None)] {
        for format in [WavFormat::Int16, WavFormat::Int24, WavFormat::Float32] {
            let pipe = Shared::default();
            let mut writer =
                WavWriter::to_stream(pipe.clone(), "-", SampleRate(48_000), format, announced)
                    .unwrap();
            writer.write(&[0.5, -0.5, 0.25]).unwrap();
            writer.finish().unwrap();
            let bytes = pipe.0.lock().unwrap().clone();
            let recording = piped(bytes).unwrap();
            assert_eq!(recording.duration(), stated);
            let (samples, recording) = all(recording).unwrap();
            // Three samples of three bytes are padded; who does not know the length reads the pad
            // as the beginning of a fourth.
            assert_eq!(samples, [0.5, -0.5, 0.25]);
            assert_eq!(
                recording.is_truncated(),
                announced.is_none() && format == WavFormat::Int24
            );
        }
    }
}

#[test]
fn more_than_fits_is_an_error_and_no_wrapped_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.wav");
    let rate = SampleRate(48_000);
    for (format, bytes) in [
        (WavFormat::Int16, 2),
        (WavFormat::Int24, 3),
        (WavFormat::Float32, 4),
    ] {
        let create = |samples| WavWriter::create(&path, rate, format, Some(samples));
        let Err(FileError::TooLong { max, .. }) = create(u64::MAX) else {
            panic!("{format:?} takes any length");
        };
        // Lengths have 32 bits and count the header too.
        assert!(max * bytes < u64::from(u32::MAX) - 44 && max * bytes > 4_000_000_000);
        assert!(create(max).is_ok());
        assert!(matches!(create(max + 1), Err(FileError::TooLong { .. })));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let mut writer =
        WavWriter::create("/dev/full", SampleRate(48_000), WavFormat::Int16, None).unwrap();
    let written = writer.write(&[0.0; 100_000]).and_then(|()| writer.finish());
    assert!(
        matches!(written, Err(FileError::Write { .. })),
        "{written:?}"
    );
}
