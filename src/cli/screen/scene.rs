//! What is known while a command listens. Told events with their times; knows no terminal.

use std::collections::VecDeque;
use std::time::Duration;

use airshake::medium::{Hearing, Spectrum};
use airshake::modem::Profile;

use super::gauge::Gauge;
use super::waterfall::{Waterfall, Whose};

/// What a screen is made for.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// When the command gives up, since it began.
    pub(crate) limit: Option<Duration>,
    /// What is listened for.
    pub(crate) profiles: &'static [&'static Profile],
    /// What becomes of lines.
    pub(crate) keep: Keep,
}

/// What becomes of lines that are said while the screen stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The screen shows the last ones; all are printed when it goes.
    Within,
    /// They are printed above it at once.
    Above,
}

/// How far pairing has come, where it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Listening,
    Answering,
    Answered,
    Knocked,
    Connecting,
}

/// Everything a screen shows. Times are since the command began.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(super) setting: Setting,
    pub(super) gauge: Gauge,
    pub(super) waterfall: Waterfall,
    /// What is wrong, and what to do about it.
    pub(super) hint: Option<(String, String)>,
    stage: Stage,
    playing: Option<Playing>,
    reception: Option<Reception>,
    kept: Option<(u32, Duration)>,
    heard: Option<Duration>,
    log: VecDeque<Entry>,
    left_out: usize,
}

/// A line and when it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: Duration,
    pub(crate) text: String,
    pub(crate) strong: bool,
}

#[derive(Clone, Copy, Debug)]
struct Playing {
    bytes: usize,
    until: Duration,
}

/// Something that is being heard.
#[derive(Clone, Copy, Debug)]
struct Reception {
    since: Duration,
    until: Duration,
    header: Option<(Option<usize>, u8)>,
    part: Option<(usize, usize)>,
}

impl Scene {
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            gauge: Gauge::default(),
            waterfall: Waterfall::new(setting.profiles),
            setting,
            hint: None,
            stage: Stage::Listening,
            playing: None,
            reception: None,
            kept: None,
            heard: None,
            log: VecDeque::new(),
            left_out: 0,
        }
    }

    pub(crate) fn level(&mut self, now: Duration, rms: f32, peak: f32) {
        self.gauge.tell(now, rms, peak);
    }

    pub(crate) fn spectrum(&mut self, now: Duration, spectrum: &Spectrum) {
        let ours = |within| self.playing.is_some_and(|p| now < p.until + within);
        let announced = |r: Reception| r.header.is_some() && now < r.until + TENTH;
        let whose = if ours(TENTH) {
            Whose::Ours
        } else if self.reception.is_some_and(announced) {
            Whose::Theirs
        } else {
            // The end of a sound comes later than the news of it.
            let lately = ours(OWN_ECHO) || self.heard.is_some_and(|at| now < at + OWN_ECHO);
            match lately {
                true => self.waterfall.going_on(spectrum),
                false => Whose::Nobodys,
            }
        };
        self.waterfall.tell(now, spectrum, whose);
    }

    pub(crate) fn playing(&mut self, now: Duration, bytes: usize, air_s: f64) {
        let air = Duration::try_from_secs_f64(air_s).unwrap_or_default();
        let until = now.saturating_add(air);
        self.playing = Some(Playing { bytes, until });
        self.reception = None;
    }

    pub(crate) fn hearing(&mut self, now: Duration, hearing: Hearing) {
        // The microphone hears our own loudspeaker too.
        if self
            .playing
            .is_some_and(|playing| now < playing.until + OWN_ECHO)
        {
            return;
        }
        match hearing {
            Hearing::Preamble { .. } if self.reception.is_some_and(|r| now < r.until) => {}
            Hearing::Preamble { .. } => {
                self.reception = Some(Reception {
                    since: now.saturating_sub(TO_NOTICE),
                    until: now + TO_HEADER,
                    header: None,
                    part: None,
                });
            }
            Hearing::Header { bytes, pass, for_s } => {
                let rest = Duration::try_from_secs_f64(for_s).unwrap_or_default();
                let before = self.reception.filter(|r| now < r.until + TO_HEADER);
                let since = before.map_or(now.saturating_sub(TO_HEADER), |r| r.since);
                self.waterfall.recognise(since);
                self.reception = Some(Reception {
                    since,
                    until: now.saturating_add(rest),
                    header: Some((bytes, pass)),
                    part: before.and_then(|r| r.part),
                });
            }
            Hearing::Part { got, need } => {
                if let Some(reception) = &mut self.reception {
                    reception.part = Some((got, need));
                }
            }
            Hearing::Kept { passes, .. } => self.kept = Some((passes, now)),
            _ => {}
        }
    }

    /// Something was heard whole.
    pub(crate) fn heard(&mut self, now: Duration) {
        (self.reception, self.kept, self.heard) = (None, None, Some(now));
    }

    pub(crate) fn stage(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// What is wrong, and what to do about it; it stays.
    pub(crate) fn hint(&mut self, wrong: &str, advice: &str) {
        self.hint = Some((wrong.to_owned(), advice.to_owned()));
    }

    pub(crate) fn log(&mut self, at: Duration, text: &str, strong: bool) {
        if self.log.len() == MOST_LINES {
            self.log.pop_front();
            self.left_out += 1;
        }
        let text = text.to_owned();
        self.log.push_back(Entry { at, text, strong });
    }

    /// The last lines, the oldest first.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = &Entry> {
        self.log.range(self.log.len().saturating_sub(count)..)
    }

    /// All lines, to be printed where they stay.
    pub(super) fn take_log(&mut self) -> Vec<Entry> {
        let mut lines = Vec::new();
        if self.left_out > 0 {
            lines.push(Entry {
                at: Duration::ZERO,
                text: format!("{} lines before these are left out", self.left_out),
                strong: false,
            });
        }
        self.left_out = 0;
        lines.extend(self.log.drain(..));
        lines
    }

    /// Whether something is going on that is not only waiting.
    pub(super) fn is_busy(&self, now: Duration) -> bool {
        self.doing(now) != Doing::Listening
    }

    /// What is going on, in words.
    pub(super) fn state(&self, now: Duration) -> String {
        match self.doing(now) {
            Doing::Connecting => "Connecting over the network".to_owned(),
            Doing::Playing(bytes) => format!("Playing {}", super::super::text::bytes(bytes)),
            Doing::Receiving(reception) => receiving(&reception, now),
            Doing::Waiting(1) => "Heard one pass; another will add to it".to_owned(),
            Doing::Waiting(n) => format!("Heard {n} passes; another will add to them"),
            Doing::Answering => "Answering".to_owned(),
            Doing::Answered => "Got an answer; trying to connect".to_owned(),
            Doing::Knocked => "Somebody who heard it connects".to_owned(),
            Doing::Listening => "Listening".to_owned(),
        }
    }

    fn doing(&self, now: Duration) -> Doing {
        let playing = self.playing.filter(|playing| now < playing.until);
        let reception = self.reception.filter(|reception| now < reception.until);
        let kept = self.kept.filter(|(_, at)| now < *at + KEPT_SHOWS);
        match (self.stage, playing, reception, kept) {
            (Stage::Connecting, ..) => Doing::Connecting,
            (_, Some(playing), ..) => Doing::Playing(playing.bytes),
            (_, _, Some(reception), _) => Doing::Receiving(reception),
            (Stage::Answering, ..) => Doing::Answering,
            (Stage::Answered, ..) => Doing::Answered,
            (Stage::Knocked, ..) => Doing::Knocked,
            (_, _, _, Some((passes, _))) => Doing::Waiting(passes),
            _ => Doing::Listening,
        }
    }

    /// Seconds until the command gives up.
    pub(super) fn left(&self, now: Duration) -> Option<u64> {
        let left = self.setting.limit?.saturating_sub(now);
        Some(left.as_secs_f64().ceil() as u64)
    }
}

#[derive(Clone, Copy, Debug)]
enum Doing {
    Listening,
    Playing(usize),
    Receiving(Reception),
    Waiting(u32),
    Answering,
    Answered,
    Knocked,
    Connecting,
}

impl PartialEq for Doing {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

fn receiving(reception: &Reception, now: Duration) -> String {
    let Some((bytes, pass)) = reception.header else {
        return "Something begins: a preamble".to_owned();
    };
    let mut words = match bytes {
        Some(bytes) => format!("Receiving {}", super::super::text::bytes(bytes)),
        None => "Receiving".to_owned(),
    };
    if pass > 0 {
        words += &format!(", pass {}", u32::from(pass) + 1);
    }
    if let Some((got, need)) = reception.part {
        words += &format!(", part {got} of {need}");
    }
    let left = reception.until.saturating_sub(now).as_secs_f64();
    if left >= 1.0 {
        words += &format!(", {left:.0} s to go");
    }
    words
}

const TENTH: Duration = Duration::from_millis(100);

/// From a sound's end at the loudspeaker until it has left the microphone's buffers and the
/// modem.
const OWN_ECHO: Duration = Duration::from_millis(300);

/// About how long ago a preamble began when it is told, and how long its header then takes.
const TO_NOTICE: Duration = Duration::from_millis(150);
const TO_HEADER: Duration = Duration::from_millis(350);

/// As long as it is told that passes wait for others: the pause between two of them, and more.
const KEPT_SHOWS: Duration = Duration::from_secs(10);

/// Lines that are kept: more than a person reads, and little memory however long it takes.
const MOST_LINES: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use airshake::units::Decibels;

    fn scene() -> Scene {
        Scene::new(Setting {
            limit: Some(Duration::from_secs(60)),
            profiles: Profile::ALL,
            keep: Keep::Within,
        })
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    const PREAMBLE: Hearing = Hearing::Preamble {
        above: Decibels(10.0),
    };

    fn header(pass: u8) -> Hearing {
        Hearing::Header {
            bytes: Some(32),
            pass,
            for_s: 0.2,
        }
    }

    #[test]
    fn the_state_follows_what_is_played_and_heard() {
        let mut scene = scene();
        assert_eq!(scene.state(ms(0)), "Listening");
        scene.playing(ms(100), 32, 0.35);
        assert_eq!(scene.state(ms(200)), "Playing 32 bytes");
        // What our own loudspeaker does to our microphone.
        scene.hearing(ms(300), PREAMBLE);
        scene.hearing(ms(460), header(0));
        assert_eq!(scene.state(ms(500)), "Listening");
        scene.hearing(ms(1_000), PREAMBLE);
        assert_eq!(scene.state(ms(1_010)), "Something begins: a preamble");
        scene.hearing(ms(1_200), header(1));
        assert_eq!(scene.state(ms(1_300)), "Receiving 32 bytes, pass 2");
        let (passes, snr) = (1, Decibels(-3.0));
        scene.hearing(ms(1_400), Hearing::Kept { passes, snr });
        assert_eq!(
            scene.state(ms(1_500)),
            "Heard one pass; another will add to it"
        );
        scene.heard(ms(1_550));
        scene.stage(Stage::Answering);
        assert_eq!(scene.state(ms(1_600)), "Answering");
        scene.stage(Stage::Connecting);
        assert_eq!(scene.state(ms(1_700)), "Connecting over the network");
        assert_eq!(scene.left(ms(1_700)), Some(59));
        assert_eq!(scene.left(ms(70_000)), Some(0));
    }

    #[test]
    fn a_preamble_that_was_none_is_forgotten() {
        let mut scene = scene();
        scene.hearing(ms(1_000), PREAMBLE);
        assert_eq!(scene.state(ms(1_400)), "Listening");
    }

    #[test]
    fn however_much_is_said_a_bounded_number_of_lines_is_kept() {
        let mut scene = scene();
        for i in 0..10_000 {
            scene.log(ms(i), &i.to_string(), false);
        }
        let last: Vec<&str> = scene.last(2).map(|entry| entry.text.as_str()).collect();
        assert_eq!(last, ["9998", "9999"]);
        let lines = scene.take_log();
        assert_eq!(lines.len(), MOST_LINES + 1);
        assert_eq!(lines[0].text, "9500 lines before these are left out");
        assert!(scene.take_log().is_empty());
    }

    #[test]
    fn nonsense_about_times_does_no_harm() {
        let mut scene = scene();
        for seconds in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            scene.playing(Duration::MAX, 1, seconds);
            scene.playing(ms(0), usize::MAX, seconds);
            let bytes = Some(usize::MAX);
            let (pass, for_s) = (u8::MAX, seconds);
            scene.hearing(ms(5_000), Hearing::Header { bytes, pass, for_s });
            scene.state(ms(0));
        }
    }
}
