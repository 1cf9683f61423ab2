//! Music and machines: tones in order, which is what a modem is most likely to take for its own.
//!
//! Chords, tunes, drums, sweeps, sirens, whistles, birds, dialled numbers, the data of other
//! modems, and rising chirps much like our preamble: one piece after another, drawn by the seed.

use std::f64::consts::{PI, TAU};

use super::biquad::Biquad;
use super::random::Random;
use crate::units::{Hertz, SampleRate};

/// Plays one piece after another, without end. Mean power 1 in the long run, whatever the rate;
/// each piece is up to 3 dB louder, and some are 10 dB softer.
#[derive(Clone, Debug)]
pub(super) struct Player {
    random: Random,
    rate: f64,
    now: u64,
    ends: u64,
    /// Notes of this piece that are yet to come, the next one last.
    score: Vec<Note>,
    sounding: Vec<Note>,
}

/// One tone, or one stroke of noise.
#[derive(Clone, Copy, Debug)]
struct Note {
    begins: u64,
    length: u64,
    source: Source,
    envelope: Envelope,
    loud: f64,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    /// From one frequency to another, in turns a sample, with overtones that fall by 6 dB an
    /// octave, and a swing of the pitch: its depth as a fraction, its speed in turns a sample.
    Tone {
        from: f64,
        to: f64,
        overtones: u8,
        swing: (f64, f64),
        phase: f64,
    },
    Noise(Biquad),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Envelope {
    /// Steady, with edges of 2 ms.
    Steady,
    /// Half a sine.
    Swell,
    /// An instant beginning, then falling by 43 dB to the end.
    Pluck,
}

impl Player {
    pub(super) fn new(rate: SampleRate, random: &mut Random) -> Self {
        Self {
            random: Random::new(random.bits(), "music"),
            rate: f64::from(rate.0),
            now: 0,
            ends: 0,
            score: Vec::new(),
            sounding: Vec::new(),
        }
    }

    pub(super) fn next(&mut self) -> f64 {
        if self.now >= self.ends {
            self.compose();
        }
        while let Some(note) = self.score.pop_if(|note| note.begins <= self.now) {
            self.sounding.push(note);
        }
        let (now, rate) = (self.now, self.rate);
        self.sounding.retain(|note| now < note.begins + note.length);
        self.now += 1;
        let random = &mut self.random;
        self.sounding
            .iter_mut()
            .map(|note| note.next(now, rate, random))
            .sum()
    }

    /// The next piece, at once after the last.
    fn compose(&mut self) {
        let seconds = self.random.between(0.6, 3.0);
        let mut piece = Piece {
            random: &mut self.random,
            seconds,
            notes: Vec::new(),
        };
        PIECES[(piece.random.unit() * PIECES.len() as f64) as usize](&mut piece);
        let notes = piece.notes;
        let length = (seconds * self.rate) as u64;
        let mut score: Vec<Note> = notes
            .into_iter()
            .filter_map(|note| note.at(self.rate, self.now))
            .collect();
        let energy: f64 = score.iter().map(Note::energy).sum();
        let power = self.random.between(0.1, 1.9);
        if energy > 0.0 {
            let scale = (power * length as f64 / energy).sqrt();
            score.iter_mut().for_each(|note| note.loud *= scale);
        }
        score.sort_by_key(|note| std::cmp::Reverse(note.begins));
        self.score = score;
        self.ends = self.now + length.max(1);
    }
}

impl Note {
    #[inline]
    fn next(&mut self, now: u64, rate: f64, random: &mut Random) -> f64 {
        let (since, left) = (now - self.begins, self.begins + self.length - now);
        let done = since as f64 / self.length as f64;
        let shape = match self.envelope {
            Envelope::Steady => (since.min(left) as f64 / (EDGE_S * rate)).min(1.0),
            Envelope::Swell => (PI * done).sin(),
            Envelope::Pluck => (-FALL * done).exp(),
        };
        let value = match &mut self.source {
            Source::Tone {
                from,
                to,
                overtones,
                swing: (depth, speed),
                phase,
            } => {
                let sway = 1.0 + *depth * (TAU * *speed * since as f64).sin();
                let step = (*from + (*to - *from) * done) * sway;
                *phase = (*phase + step).fract();
                (1..=*overtones)
                    .map(f64::from)
                    .take_while(|harmonic| harmonic * step < HIGHEST)
                    .map(|harmonic| (TAU * harmonic * *phase).sin() / harmonic)
                    .sum()
            }
            Source::Noise(band) => band.next(random.gaussian()),
        };
        value * shape * self.loud
    }

    /// About what it adds to the sum of squares.
    fn energy(&self) -> f64 {
        let source = match self.source {
            Source::Tone {
                from,
                to,
                overtones,
                ..
            } => (1..=overtones)
                .map(f64::from)
                .filter(|harmonic| harmonic * (from + to) / 2.0 < HIGHEST)
                .map(|harmonic| 0.5 / (harmonic * harmonic))
                .sum(),
            Source::Noise(_) => 1.0,
        };
        let shape = match self.envelope {
            Envelope::Steady => 1.0,
            Envelope::Swell => 0.5,
            Envelope::Pluck => (1.0 - (-2.0 * FALL).exp()) / (2.0 * FALL),
        };
        self.loud * self.loud * source * shape * self.length as f64
    }
}

/// A piece as it is written, in seconds and hertz.
struct Piece<'a> {
    random: &'a mut Random,
    seconds: f64,
    notes: Vec<Written>,
}

struct Written {
    begins: f64,
    seconds: f64,
    from: f64,
    to: f64,
    /// None for noise around `from`.
    overtones: u8,
    swing: (f64, f64),
    envelope: Envelope,
    loud: f64,
}

impl Written {
    /// The note at a sample rate, in a piece that begins at `start`; `None` if the rate has no
    /// room for it.
    fn at(&self, rate: f64, start: u64) -> Option<Note> {
        if self.from.max(self.to) >= HIGHEST * rate {
            return None;
        }
        let (source, loud) = if self.overtones == 0 {
            let band = Biquad::band_pass(Hertz(self.from), NOISE_Q, SampleRate(rate as u32));
            // Noise of a resonance: pi/2 times its bandwidth, out of half the rate.
            let passed = PI * self.from / NOISE_Q / rate;
            (Source::Noise(band), self.loud / passed.sqrt())
        } else {
            let tone = Source::Tone {
                from: self.from / rate,
                to: self.to / rate,
                overtones: self.overtones,
                swing: (self.swing.0, self.swing.1 / rate),
                phase: 0.0,
            };
            (tone, self.loud)
        };
        Some(Note {
            begins: start + (self.begins * rate) as u64,
            length: ((self.seconds * rate) as u64).max(1),
            source,
            envelope: self.envelope,
            loud,
        })
    }
}

impl Piece<'_> {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.random.between(low, high)
    }

    fn count(&mut self, low: u32, high: u32) -> u32 {
        low + (self.random.unit() * f64::from(high - low + 1)) as u32
    }

    fn note(&mut self, begins: f64, seconds: f64, (from, to): (f64, f64), envelope: Envelope) {
        self.notes.push(Written {
            begins,
            seconds,
            from,
            to,
            overtones: 1,
            swing: (0.0, 0.0),
            envelope,
            loud: 1.0,
        });
    }

    fn last(&mut self) -> &mut Written {
        self.notes.last_mut().expect("a note was just written")
    }

    /// A note of the tempered scale between 110 Hz and 1.8 kHz.
    fn pitch(&mut self) -> f64 {
        110.0 * 2f64.powf(f64::from(self.count(0, 48)) / 12.0)
    }
}

/// Every kind of piece is as likely as another.
const PIECES: [fn(&mut Piece); 11] = [
    chord, tune, drums, sweep, siren, whistle, birds, dial, keyed, parallel, chirps,
];

fn chord(piece: &mut Piece) {
    let root = piece.pitch();
    for ratio in [1.0, 1.2599, 1.4983, 1.7818, 2.0] {
        piece.note(
            0.0,
            piece.seconds,
            (root * ratio, root * ratio),
            Envelope::Swell,
        );
        piece.last().overtones = 6;
    }
}

fn tune(piece: &mut Piece) {
    let beat = piece.between(0.06, 0.25);
    let envelope = if piece.count(0, 1) == 0 {
        Envelope::Pluck
    } else {
        Envelope::Steady
    };
    let mut begins = 0.0;
    while begins < piece.seconds {
        let pitch = piece.pitch();
        piece.note(begins, beat, (pitch, pitch), envelope);
        piece.last().overtones = 6;
        begins += beat;
    }
}

fn drums(piece: &mut Piece) {
    let beat = piece.between(0.1, 0.25);
    let mut begins = 0.0;
    while begins < piece.seconds {
        match piece.count(0, 2) {
            // A kick: a tone that falls.
            0 => piece.note(begins, 0.15, (160.0, 45.0), Envelope::Pluck),
            // A snare and a cymbal: strokes of noise.
            kind => {
                let at = if kind == 1 { 1_800.0 } else { 7_000.0 };
                piece.note(begins, 0.12, (at, at), Envelope::Pluck);
                piece.last().overtones = 0;
            }
        }
        begins += beat;
    }
}

fn sweep(piece: &mut Piece) {
    let ends = (
        piece.between(100.0, 11_000.0),
        piece.between(100.0, 11_000.0),
    );
    piece.note(0.0, piece.seconds, ends, Envelope::Steady);
}

fn siren(piece: &mut Piece) {
    let (pitch, depth, speed) = (
        piece.between(600.0, 1_200.0),
        piece.between(0.1, 0.4),
        piece.between(0.3, 6.0),
    );
    piece.note(0.0, piece.seconds, (pitch, pitch), Envelope::Steady);
    piece.last().overtones = 5;
    piece.last().swing = (depth, speed);
}

fn whistle(piece: &mut Piece) {
    let (from, to) = (piece.between(700.0, 3_000.0), piece.between(700.0, 3_000.0));
    piece.note(0.0, piece.seconds, (from, to), Envelope::Swell);
    piece.last().swing = (0.01, 5.5);
    // Breath around it.
    piece.note(0.0, piece.seconds, (from, from), Envelope::Swell);
    piece.last().overtones = 0;
    piece.last().loud = 0.1;
}

fn birds(piece: &mut Piece) {
    let mut begins = 0.0;
    while begins < piece.seconds {
        let ends = (
            piece.between(2_000.0, 8_000.0),
            piece.between(2_000.0, 8_000.0),
        );
        let seconds = piece.between(0.02, 0.12);
        piece.note(begins, seconds, ends, Envelope::Swell);
        begins += seconds + piece.between(0.0, 0.1);
    }
}

/// Two tones a key, ITU-T Q.23.
fn dial(piece: &mut Piece) {
    let mut begins = 0.0;
    while begins < piece.seconds {
        let low = [697.0, 770.0, 852.0, 941.0][piece.count(0, 3) as usize];
        let high = [1_209.0, 1_336.0, 1_477.0, 1_633.0][piece.count(0, 3) as usize];
        piece.note(begins, 0.08, (low, low), Envelope::Steady);
        piece.note(begins, 0.08, (high, high), Envelope::Steady);
        begins += 0.16;
    }
}

/// One of a few tones at a time, as modems of 50 to 1200 baud send them.
fn keyed(piece: &mut Piece) {
    let symbol = 1.0 / piece.between(50.0, 1_200.0);
    let (lowest, tones) = (piece.between(800.0, 3_000.0), piece.count(2, 16));
    let spacing = 1.0 / symbol;
    let mut begins = 0.0;
    while begins < piece.seconds {
        let at = lowest + f64::from(piece.count(0, tones - 1)) * spacing;
        piece.note(begins, symbol, (at, at), Envelope::Steady);
        begins += symbol;
    }
}

/// Many tones at a time, as we send them, with other spacings and lengths.
fn parallel(piece: &mut Piece) {
    let (symbol, tones) = (piece.between(0.03, 0.2), piece.count(4, 48));
    let (lowest, highest) = (
        piece.between(300.0, 2_000.0),
        piece.between(3_000.0, 9_500.0),
    );
    let mut begins = 0.0;
    while begins < piece.seconds {
        for _ in 0..tones {
            let at = piece.between(lowest, highest);
            piece.note(begins, symbol, (at, at), Envelope::Steady);
        }
        begins += symbol;
    }
}

/// Like our own preamble: a straight rise, or fall, over about the same band in about the same
/// time, again and again.
fn chirps(piece: &mut Piece) {
    let seconds = piece.between(0.04, 0.12);
    let (low, high) = (
        piece.between(300.0, 1_200.0),
        piece.between(7_000.0, 10_500.0),
    );
    let ends = if piece.count(0, 3) == 0 {
        (high, low)
    } else {
        (low, high)
    };
    let pause = piece.between(0.0, 0.3);
    let mut begins = 0.0;
    while begins < piece.seconds {
        piece.note(begins, seconds, ends, Envelope::Steady);
        begins += seconds + pause;
    }
}

/// Highest frequency of a tone, as a fraction of the rate.
const HIGHEST: f64 = 0.45;
/// Edges of a steady tone, in seconds.
const EDGE_S: f64 = 0.002;
/// How far a plucked note falls, in nepers.
const FALL: f64 = 5.0;
/// Width of strokes of noise: an octave and a half.
const NOISE_Q: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_power_is_one_at_every_rate() {
        for rate in [16_000, 48_000] {
            let (players, seconds) = (30, 8);
            let mut power = 0.0;
            for seed in 0..players {
                let mut player = Player::new(SampleRate(rate), &mut Random::new(seed, "test"));
                power += (0..seconds * rate)
                    .map(|_| player.next().powi(2))
                    .sum::<f64>();
            }
            power /= (players * u64::from(seconds * rate)) as f64;
            // Some 130 pieces, each with a power between 0.1 and 1.9, which deviates by 0.52: the
            // mean of them deviates by 0.05, and what is estimated of each piece is a little off.
            assert!((power - 1.0).abs() < 0.25, "{power} at {rate}");
        }
    }

    #[test]
    fn every_kind_of_piece_sounds() {
        for (kind, write) in PIECES.iter().enumerate() {
            let mut random = Random::new(kind as u64, "test");
            let mut piece = Piece {
                random: &mut random,
                seconds: 1.0,
                notes: Vec::new(),
            };
            write(&mut piece);
            let energy: f64 = piece
                .notes
                .iter()
                .filter_map(|note| note.at(48_000.0, 0))
                .map(|note| note.energy())
                .sum();
            assert!(energy > 0.0, "{kind}");
        }
    }
}
