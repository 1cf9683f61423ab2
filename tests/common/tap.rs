//! A tap on one loudspeaker of the virtual air, and a voice at one microphone.

use std::io::{Read, Write};
use std::process::{ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::live::{Air, Ended};

/// What a loudspeaker plays, each sample with the time at which it came here: not before it
/// sounded, and some 10 ms later.
pub(crate) struct Tap {
    heard: Arc<Mutex<Vec<(Instant, f32)>>>,
    _recorder: Ended,
}

impl Tap {
    pub(crate) fn open(air: &Air, sink: &str) -> Self {
        let mut recorder = air
            .script()
            .args(["run", "A", "parec", "--device", &format!("{sink}.monitor")])
            .args(["--latency-msec", "10"])
            .args(FORMAT)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut from = recorder.stdout.take().expect("piped");
        let heard = Arc::<Mutex<Vec<_>>>::default();
        let tap = Self {
            heard: heard.clone(),
            _recorder: Ended(recorder),
        };
        thread::spawn(move || {
            let mut sample = [0; 4 * 64];
            while from.read_exact(&mut sample).is_ok() {
                let now = Instant::now();
                let samples = sample.as_chunks::<4>().0.iter();
                let samples = samples.map(|bytes| (now, f32::from_le_bytes(*bytes)));
                heard.lock().expect("alone").extend(samples);
            }
        });
        tap
    }

    /// Waits for the first sound after `since` that is followed by silence; gives its samples, and
    /// when the last one came.
    pub(crate) fn word(&self, since: Instant, within: Duration) -> Option<(Vec<f32>, Instant)> {
        let end = Instant::now() + within;
        while Instant::now() < end {
            {
                let heard = self.heard.lock().expect("alone");
                let start = heard.iter().position(|(at, x)| *at > since && *x != 0.0);
                let word = start.map_or(&[][..], |start| &heard[start..]);
                let silent = word.iter().rev().take_while(|(_, x)| *x == 0.0).count();
                if silent > SILENCE && silent < word.len() {
                    let word = &word[..word.len() - silent];
                    let samples = word.iter().map(|(_, x)| *x).collect();
                    return Some((samples, word[word.len() - 1].0));
                }
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

/// A stream that plays at a microphone, silent until it is told.
pub(crate) struct Mouth {
    to: ChildStdin,
    _player: Ended,
}

impl Mouth {
    pub(crate) fn open(air: &Air, sink: &str) -> Self {
        let mut player = air
            .script()
            .args(["run", "A", "pacat", "--device", sink])
            .args(["--latency-msec", "40"])
            .args(FORMAT)
            .stdin(Stdio::piped())
            .spawn()
            .expect("starts");
        Self {
            to: player.stdin.take().expect("piped"),
            _player: Ended(player),
        }
    }

    pub(crate) fn play(&mut self, samples: &[f32]) {
        // Silence behind it: a stream begins to play once it holds enough.
        let padded = samples.iter().copied().chain([0.0; 9_600]);
        let bytes: Vec<u8> = padded.flat_map(f32::to_le_bytes).collect();
        self.to.write_all(&bytes).expect("is played");
    }
}

const FORMAT: [&str; 4] = [
    "--raw",
    "--format=float32le",
    "--channels=1",
    "--rate=48000",
];

/// So many samples without any sound are the end of a word: a tenth of a second.
const SILENCE: usize = 4_800;
