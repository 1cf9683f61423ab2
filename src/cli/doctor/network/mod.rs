//! What is between two computers that both run the doctor: the air both ways, and the network.

mod talks;

use std::time::Duration;

use airshake::link::{Code, Link};
use airshake::medium::sound::Sound;
use airshake::pairing::{PairError, PairEvent, PairOptions, Timing, pair};
use anyhow::{Context, Result};
use serde_json::{Value, json};

use self::talks::Talks;
use crate::cli::chat::interrupted;
use crate::cli::meet;
use crate::cli::options::{self, LoudspeakerOption, MicrophoneOption};
use crate::cli::outcome::Interrupted;
use crate::cli::talk::{Talk, round};
use crate::cli::text::one_line;

/// What came of looking for another doctor.
pub(super) enum Neighbour {
    /// Nobody was heard.
    Nobody,
    /// Somebody was heard, and the network keeps the two apart: in words, and what to try.
    Apart(String, String),
    /// It could not be looked for, or the talk broke off: why.
    Failed(String),
    /// Both talked.
    Met(Box<Met>),
}

/// What two doctors found out together. What is `None` was not measured, because the other left.
#[derive(Clone, Debug, Default)]
pub(super) struct Met {
    /// How they met: by one sound or by two.
    way: String,
    /// From the first sound to the link, in seconds.
    seconds: f64,
    /// The median time of a message there and back, in milliseconds.
    round_trip_ms: Option<f64>,
    /// What got there, in bytes a second.
    out_per_s: Option<f64>,
    /// How the other is heard here.
    here: Option<Direction>,
    /// How we are heard there.
    there: Option<Direction>,
}

/// How one computer hears the other.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Direction {
    /// Whether the sweeps were heard at all.
    heard: bool,
    snr_db: f64,
    spare_db: f64,
    /// By how much the player's clock runs faster; `None` if samples were lost between the sweeps,
    /// which tells nothing about clocks.
    clock_ppm: Option<f64>,
}

/// Looks for another doctor by sound, and measures with it what is between the two.
pub(super) fn look(
    microphone: &MicrophoneOption,
    loudspeaker: &LoudspeakerOption,
    timeout: Duration,
    talk: &mut Talk,
) -> Result<Neighbour> {
    let sound = options::both(
        microphone,
        loudspeaker,
        &options::PairProfileOption::default(),
    );
    let sound = Sound::open(sound).context("cannot use the air")?;
    talk.line("looking for another computer within earshot that runs `airshake doctor`");
    let mut neighbour = Neighbour::Nobody;
    meet::run(async {
        let found = tokio::select! {
            found = find(sound, timeout, talk) => found?,
            () = interrupted() => return Err(Interrupted.into()),
        };
        neighbour = match found {
            Err(neighbour) => neighbour,
            Ok((link, met)) => {
                talk.line("found; measuring the network, then the air both ways");
                let talks = Talks::new(link, met, microphone, loudspeaker);
                tokio::select! {
                    met = talks.hold() => Neighbour::Met(Box::new(met)),
                    () = interrupted() => return Err(Interrupted.into()),
                }
            }
        };
        Ok(())
    })?;
    talk.end_status();
    Ok(neighbour)
}

/// A link to another doctor, or why there is none.
async fn find(
    sound: Sound,
    timeout: Duration,
    talk: &mut Talk,
) -> Result<Result<(Link, Met), Neighbour>> {
    let options = PairOptions {
        timing: Timing {
            deadline: timeout,
            ..Timing::default()
        },
        // Nobody who looks for a person is to be met: only who knows what a doctor knows.
        code: Some(CODE.parse::<Code>().context("the doctors' code")?),
        ..PairOptions::default()
    };
    let mut met = Met::default();
    let paired = pair(sound, options, |event| match event {
        PairEvent::Connected { way, seconds } => {
            (met.way, met.seconds) = (way.to_string(), seconds);
            talk.event(
                "connected",
                json!({"way": way.to_string(), "seconds": round(seconds, 3)}),
            );
        }
        PairEvent::Heard { snr_db, .. } => {
            talk.event("heard", json!({"snr_db": round(f64::from(snr_db), 2)}));
        }
        PairEvent::Playing { .. } => talk.status("looking for another doctor: calling"),
        PairEvent::Level { .. } => talk.status("looking for another doctor: listening"),
        _ => {}
    })
    .await;
    Ok(match paired {
        Ok(introduction) => match introduction.accept().await {
            Ok(link) => Ok((link, met)),
            Err(error) => Err(Neighbour::Failed(error.to_string())),
        },
        Err(PairError::NoPeer { .. }) => Err(Neighbour::Nobody),
        Err(PairError::LinkFailed { apart }) => Err(Neighbour::Apart(
            apart.to_string(),
            apart.advice().to_owned(),
        )),
        Err(error) => Err(Neighbour::Failed(error.to_string())),
    })
}

impl Neighbour {
    /// Whether this keeps pairing from working.
    pub(super) fn is_bad(&self) -> bool {
        matches!(self, Self::Apart(..))
    }

    /// Lines of the report: verdict, topic, words.
    pub(super) fn lines(&self) -> Vec<(&'static str, &'static str, String)> {
        match self {
            Self::Nobody => vec![(
                "-",
                "network",
                "not checked: start `airshake doctor` on the other computer, too, within seconds"
                    .to_owned(),
            )],
            Self::Failed(why) => vec![("doubtful", "network", one_line(why))],
            Self::Apart(why, advice) => vec![("bad", "network", format!("{why}. {advice}"))],
            Self::Met(met) => {
                let mut network = format!("reached by {} in {:.1} s", met.way, met.seconds);
                if let Some(ms) = met.round_trip_ms {
                    network.push_str(&format!(", {ms:.1} ms there and back"));
                }
                if let Some(rate) = met.out_per_s {
                    network.push_str(&format!(", {:.1} MB/s", rate / 1e6));
                }
                let mut lines = vec![("ok", "network", network)];
                for (name, way) in [("heard here", met.here), ("heard there", met.there)] {
                    lines.push(match way {
                        Some(way) => way.line(name),
                        None => ("doubtful", name, "not measured: the other left".to_owned()),
                    });
                }
                lines
            }
        }
    }

    pub(super) fn json(&self) -> Value {
        let way = |way: &Option<Direction>| way.map(Direction::json);
        match self {
            Self::Nobody => json!({"checked": false}),
            Self::Failed(why) => json!({"checked": false, "reason": why}),
            Self::Apart(why, advice) => {
                json!({"checked": true, "reached": false, "reason": why, "advice": advice})
            }
            Self::Met(met) => json!({
                "checked": true,
                "reached": true,
                "way": met.way,
                "seconds": round(met.seconds, 3),
                "round_trip_ms": met.round_trip_ms.map(|ms| round(ms, 3)),
                "out_bytes_per_s": met.out_per_s.map(f64::round),
                "heard_here": way(&met.here),
                "heard_there": way(&met.there),
            }),
        }
    }
}

impl Direction {
    /// Whether nothing was lost of the sweeps.
    fn is_whole(self) -> bool {
        self.heard && self.clock_ppm.is_some()
    }

    fn line(self, name: &'static str) -> (&'static str, &'static str, String) {
        if !self.heard {
            return ("bad", name, "the sweeps did not arrive".to_owned());
        }
        let verdict = match self.spare_db {
            spare if spare < 0.0 => "bad",
            spare if spare < SPARE_DB || self.clock_ppm.is_none() => "doubtful",
            _ => "ok",
        };
        let clock = match self.clock_ppm {
            Some(ppm) => format!("clock {ppm:+.1} ppm"),
            None => "sound was lost on the way".to_owned(),
        };
        let words = format!(
            "SNR {:.0} dB, {:.0} dB to spare, {clock}",
            self.snr_db, self.spare_db
        );
        (verdict, name, words)
    }

    fn json(self) -> Value {
        json!({
            "heard": self.heard,
            "snr_db": round(self.snr_db, 1),
            "spare_db": round(self.spare_db, 1),
            "clock_ppm": self.clock_ppm.map(|ppm| round(ppm, 2)),
        })
    }

    /// As the other side tells it: numbers only, within what they can be.
    fn told(value: &Value) -> Option<Self> {
        let number = |name: &str| {
            let number = value[name].as_f64().filter(|number| number.is_finite());
            number.map(|number| number.clamp(-1e4, 1e4))
        };
        Some(Self {
            heard: value["heard"].as_bool()?,
            snr_db: number("snr_db")?,
            spare_db: number("spare_db")?,
            clock_ppm: number("clock_ppm"),
        })
    }
}

/// Two who meet are as far apart as they are: 6 dB is twice the distance.
const SPARE_DB: f64 = 6.0;
/// What every doctor knows.
const CODE: &str = "airshake doctor 1";
