//! Playing the sound, and listening to it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airshake::audio::device::{Microphone, Speaker};
use airshake::sounding::{Finding, Sounding, Stimulus, examine};
use airshake::units::SampleRate;
use anyhow::{Result, bail};
use serde_json::json;

use crate::cli::interrupt;
use crate::cli::talk::{Talk, now, round, wait};

/// What came of it.
pub(super) struct Measured {
    /// One for each microphone.
    pub(super) soundings: Vec<Sounding>,
    /// From writing a sample to reading it again with the first microphone, in seconds.
    pub(super) late_s: Option<f64>,
    /// What the first microphone heard.
    pub(super) first: Vec<f32>,
}

/// Plays the sound once and listens with all microphones; again if another computer did the same
/// meanwhile.
pub(super) fn measure(
    mut speaker: Speaker,
    microphones: Vec<Microphone>,
    stimulus: &Stimulus,
    talk: &mut Talk,
) -> Result<Measured> {
    let mut ears: Vec<Ear> = microphones.into_iter().map(Ear::new).collect();
    let mut tries = 1;
    loop {
        for_a_lull(&mut ears, talk)?;
        let sound = stimulus.samples(speaker.rate());
        talk.event(
            "playing",
            json!({"air_s": round(Stimulus::seconds() - Stimulus::QUIET_S, 3)}),
        );
        // Where people talk it never stays quiet: the last try goes on, whoever begins.
        let gives_way = tries < MOST_TRIES;
        if !play(&mut speaker, &sound, &mut ears, gives_way, talk)? {
            tries += 1;
            continue;
        }
        talk.end_status();
        talk.status("examining");
        let soundings: Vec<Sounding> = ears.iter().map(|ear| ear.examine(stimulus)).collect();
        let disturbed = |finding: &Finding| matches!(finding, Finding::Disturbed { .. });
        let by_another = |sounding: &Sounding| sounding.findings.iter().any(disturbed);
        if soundings.iter().any(by_another) && tries < MOST_TRIES {
            tries += 1;
            talk.event("disturbed", json!({}));
            talk.line("another computer's sweeps lay over ours; once more");
            continue;
        }
        let first = soundings.first().and_then(|sounding| sounding.way.as_ref());
        return Ok(Measured {
            late_s: first.map(|heard| heard.at_s - Stimulus::QUIET_S),
            soundings,
            first: std::mem::take(&mut ears[0].samples),
        });
    }
}

/// Waits for a moment in which nobody else plays: two that start together are told apart by chance.
fn for_a_lull(ears: &mut [Ear], talk: &mut Talk) -> Result<()> {
    let least = LISTEN + SPREAD.mul_f64(chance());
    let start = now();
    let mut calm_since = start;
    for ear in ears.iter_mut() {
        ear.samples.clear();
        ear.quietest = f32::INFINITY;
    }
    loop {
        interrupt::check()?;
        wait(TICK);
        hear(ears)?;
        let gone = now().duration_since(start);
        talk.status("listening for a quiet moment");
        let loud = ears.iter_mut().any(|ear| ear.is_louder());
        if loud {
            calm_since = now();
        }
        if gone >= MOST_PATIENCE || now().duration_since(calm_since) >= least {
            return Ok(());
        }
    }
}

/// A number from 0 to 1 that nobody else has.
pub(super) fn chance() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

/// Waits with that microphone until nobody plays any more.
pub(super) fn wait_for_a_lull(input: Option<&str>, talk: &mut Talk) -> Result<()> {
    let microphone = Microphone::open(input)?;
    for_a_lull(&mut [Ear::new(microphone)], talk)
}

/// Plays the sound for somebody else to hear.
pub(super) fn play_alone(output: Option<&str>, volume: f32) -> Result<()> {
    let mut speaker = Speaker::open(output)?;
    let sound = Stimulus::new(volume).samples(speaker.rate());
    let mut talk = Talk::new(false, true);
    play(&mut speaker, &sound, &mut [], false, &mut talk)?;
    Ok(())
}

/// Records until told to stop; says when it has begun.
pub(super) fn record(
    input: Option<&str>,
    stop: &AtomicBool,
    begun: impl FnOnce(),
) -> Result<(Vec<f32>, SampleRate)> {
    let mut ear = Ear::new(Microphone::open(input)?);
    begun();
    while !stop.load(Ordering::Relaxed) && !interrupt::asked() {
        ear.hear()?;
        wait(TICK);
    }
    Ok((ear.samples, ear.rate))
}

/// Plays it to its end, and listens a little longer; false if it gave way to somebody who began
/// before our first sweep.
fn play(
    speaker: &mut Speaker,
    sound: &[f32],
    ears: &mut [Ear],
    gives_way: bool,
    talk: &mut Talk,
) -> Result<bool> {
    for ear in ears.iter_mut() {
        ear.samples.clear();
    }
    let rate = speaker.rate();
    let ahead = rate.samples_in(AHEAD_S) as usize;
    let quiet = rate.samples_in(Stimulus::QUIET_S) as usize;
    let mut given = 0;
    let mut since_end = None;
    loop {
        if interrupt::asked() {
            speaker.clear();
            interrupt::check()?;
        }
        if speaker.refresh() {
            bail!("the loudspeaker was lost and has come back: run it again");
        }
        speaker.check()?;
        let due = ahead.saturating_sub(speaker.queued());
        let end = (given + due).min(sound.len());
        let was_quiet = given < quiet;
        given += speaker.write(&sound[given..end]);
        hear(ears)?;
        let begins = was_quiet && given >= quiet;
        if gives_way && begins && ears.iter_mut().any(|ear| ear.is_louder()) {
            speaker.clear();
            return Ok(false);
        }
        let done = rate.seconds(given.saturating_sub(speaker.queued()) as u64);
        let all = rate.seconds(sound.len() as u64);
        talk.status(&match done < Stimulus::QUIET_S {
            true => "measuring: the quiet".to_owned(),
            false => format!("measuring: {} {done:.1} of {all:.1} s", bar(done / all)),
        });
        if given == sound.len() && since_end.is_none() && speaker.queued() == 0 {
            since_end = Some(now());
        }
        if since_end.is_some_and(|end| now().duration_since(end) >= AFTER) {
            return Ok(true);
        }
        wait(TICK);
    }
}

fn hear(ears: &mut [Ear]) -> Result<()> {
    ears.iter_mut().try_for_each(Ear::hear)
}

fn bar(part: f64) -> String {
    let cells = (part * 20.0).round().clamp(0.0, 20.0) as usize;
    format!("[{}{}]", "#".repeat(cells), "-".repeat(20 - cells))
}

/// A microphone, and what it heard.
struct Ear {
    microphone: Microphone,
    rate: SampleRate,
    samples: Vec<f32>,
    /// The level of the quietest moment so far.
    quietest: f32,
}

impl Ear {
    fn new(microphone: Microphone) -> Self {
        Self {
            rate: microphone.rate(),
            microphone,
            samples: Vec::new(),
            quietest: f32::INFINITY,
        }
    }

    fn hear(&mut self) -> Result<()> {
        let mut block = [0.0; 4_096];
        loop {
            let count = self.microphone.read(&mut block);
            if self.microphone.rate() != self.rate {
                bail!("the microphone was lost and has come back: run it again");
            }
            let room = (self.rate.samples_in(MOST_S) as usize).saturating_sub(self.samples.len());
            self.samples.extend_from_slice(&block[..count.min(room)]);
            if count < block.len() {
                break;
            }
        }
        self.microphone.check()?;
        Ok(())
    }

    /// Whether the last moment was much louder than the quietest so far.
    fn is_louder(&mut self) -> bool {
        let moment = self.rate.samples_in(MOMENT_S) as usize;
        let Some(start) = self.samples.len().checked_sub(moment) else {
            return false;
        };
        let level = |part: &[f32]| {
            let squares = part.iter().filter(|x| x.is_finite()).map(|x| x * x);
            (squares.sum::<f32>() / part.len().max(1) as f32).sqrt()
        };
        let last = level(&self.samples[start..]);
        self.quietest = self.quietest.min(last);
        last > LOUDER * self.quietest.max(FAINT)
    }

    fn examine(&self, stimulus: &Stimulus) -> Sounding {
        examine(&self.samples, self.rate, stimulus, Some(Stimulus::QUIET_S))
    }
}

const TICK: Duration = Duration::from_millis(5);
/// Longer than another's quiet before its sweeps, and between them.
const LISTEN: Duration = Duration::from_millis(1_000);
/// Several times as long as a sound takes to be heard.
const SPREAD: Duration = Duration::from_millis(1_500);
/// Longer than another's whole sound. Where it is never quiet, one measures as it is.
const MOST_PATIENCE: Duration = Duration::from_secs(14);
/// So many seconds wait for the hardware: enough for a busy machine, and soon silent.
const AHEAD_S: f64 = 0.3;
/// Sound cards and the echo of a hall need their time.
const AFTER: Duration = Duration::from_millis(900);
/// What is kept of what is heard.
const MOST_S: f64 = 30.0;
/// Over so many seconds the level is taken.
const MOMENT_S: f64 = 0.2;
/// 12 dB.
const LOUDER: f32 = 4.0;
/// -80 dBFS: less is nobody's sweep.
const FAINT: f32 = 1e-4;
const MOST_TRIES: u32 = 4;
