//! Pairing, between the library's [`Guide`] and a page: what the page tells and what it is asked
//! for, as JSON.

use std::time::Duration;

use airshake::json;
use airshake::json::Value;
use airshake::link::{CHANCE, Certificates, Code};
use airshake::pairing::{Attempt, Command, Ended, Failure, Guide, GuideOptions, Note, Told, Ways};
use airshake::signal::Fingerprint;

use super::hex::{hex, unhex};
use super::refusal::Refusal;

/// One pairing.
pub(crate) struct Pairing {
    guide: Guide,
    /// The latest moment it was told of: time does not go back.
    now: Duration,
}

impl Pairing {
    /// As `{"ways", "code", "leaveWhenBusy", "seed"}` say; the seed is 16 hex digits.
    pub(crate) fn new(json: &str) -> Result<Self, Refusal> {
        let said = object(json)?;
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let ways = match text("ways").unwrap_or("both") {
            "both" => Ways::Both,
            "one-sound" => Ways::OneSound,
            "two-sounds" => Ways::TwoSounds,
            other => {
                return Err(Refusal::usage(format!(
                    "no such ways to pair: {other}: both, one-sound and two-sounds are"
                )));
            }
        };
        let code = text("code").map(str::parse::<Code>).transpose();
        let seed = text("seed").and_then(unhex).and_then(|b| b.try_into().ok());
        let guide = Guide::new(GuideOptions {
            ways,
            code: code.map_err(|error| Refusal::usage(error.to_string()))?,
            leave_when_busy: said.get("leaveWhenBusy").and_then(Value::as_bool) == Some(true),
            seed: u64::from_le_bytes(seed.ok_or_else(|| missing("seed"))?),
            ..GuideOptions::default()
        });
        Ok(Self {
            guide,
            now: Duration::ZERO,
        })
    }

    pub(crate) fn missing() -> Refusal {
        Refusal::usage("nobody pairs: pairing_open comes first".to_owned())
    }

    /// Takes `{"told": ..}` and the bytes that go with it; gives the commands as a JSON array.
    pub(crate) fn tell(&mut self, ms: f64, json: &str, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let told = told(&object(json)?, bytes)?;
        self.now = self.now.max(moment(ms));
        let commands: Vec<Value> = self.guide.tell(self.now, told).map(command).collect();
        Ok(match commands.is_empty() {
            true => Vec::new(),
            false => Value::Array(commands).to_string().into_bytes(),
        })
    }

    /// When a tick is due, in milliseconds; never is less than 0.
    pub(crate) fn deadline(&self) -> f64 {
        until(self.guide.deadline())
    }
}

/// Milliseconds of the page's clock, whatever number they are: at most so many that times can be
/// added up.
pub(crate) fn moment(ms: f64) -> Duration {
    Duration::try_from_secs_f64((ms / 1e3).min(1e9)).unwrap_or_default()
}

/// The inverse of [`moment`]; -1 for never.
pub(crate) fn until(deadline: Option<Duration>) -> f64 {
    deadline.map_or(-1.0, |at| 1e3 * at.as_secs_f64())
}

fn object(json: &str) -> Result<Value, Refusal> {
    json::from_str(json).map_err(|error| Refusal::usage(error.to_string()))
}

fn missing(name: &str) -> Refusal {
    Refusal::usage(format!("{name} is missing, or not what it should be"))
}

fn told(said: &Value, bytes: &[u8]) -> Result<Told, Refusal> {
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    let attempt = || {
        let number = said.get("attempt").and_then(Value::as_u64);
        let number = number.and_then(|n| u32::try_from(n).ok());
        number.map(Attempt).ok_or_else(|| missing("attempt"))
    };
    let seconds = || {
        let seconds = said.get("seconds").and_then(Value::as_f64);
        let seconds = seconds.ok_or_else(|| missing("seconds"))?;
        Ok(moment(1e3 * seconds))
    };
    let words = || text("words").unwrap_or_default().to_owned();
    Ok(match text("told").unwrap_or_default() {
        "start" => Told::Start,
        "tick" => Told::Tick,
        "cancel" => Told::Cancel,
        "carrier" => Told::Carrier { length: seconds()? },
        "garbled" => Told::Garbled,
        "heard" => Told::Heard {
            envelope: bytes.to_vec(),
        },
        "started" => Told::Started { air: seconds()? },
        "finished" => Told::Finished,
        "described" => Told::Described {
            attempt: attempt()?,
            sdp: text("sdp").ok_or_else(|| missing("sdp"))?.to_owned(),
        },
        "reached" => Told::Reached {
            attempt: attempt()?,
        },
        "opened" => Told::Opened {
            attempt: attempt()?,
            certificates: Certificates {
                ours: hash(text("ours"))?,
                theirs: hash(text("theirs"))?,
            },
            chance: Box::new(
                <[u8; CHANCE]>::try_from(bytes).map_err(|_| missing("chance of 48 bytes"))?,
            ),
        },
        "message" => Told::Message {
            attempt: attempt()?,
            bytes: bytes.to_vec(),
        },
        "failed" => Told::Failed {
            attempt: attempt()?,
            words: words(),
        },
        other => return Err(Refusal::usage(format!("nobody understands {other:?}"))),
    })
}

/// A SHA-256 as a session description writes it.
fn hash(text: Option<&str>) -> Result<[u8; 32], Refusal> {
    match text.map(str::parse) {
        Some(Ok(Fingerprint::Sha256(hash))) => Ok(hash),
        _ => Err(missing("the SHA-256 of a certificate")),
    }
}

fn command(command: Command) -> Value {
    match command {
        Command::Offer { attempt } => json!({ "do": "offer", "attempt": attempt.0 }),
        Command::Answer { attempt, sdp } => {
            json!({ "do": "answer", "attempt": attempt.0, "sdp": sdp })
        }
        Command::Accept {
            attempt,
            sdp,
            provisional,
        } => json!({
            "do": "accept",
            "attempt": attempt.0,
            "type": if provisional { "pranswer" } else { "answer" },
            "sdp": sdp,
        }),
        Command::Send { attempt, bytes } => {
            json!({ "do": "send", "attempt": attempt.0, "bytes": hex(&bytes) })
        }
        Command::Close { attempt, gently } => {
            json!({ "do": "close", "attempt": attempt.0, "gently": gently })
        }
        Command::Say { envelope, pass } => {
            json!({ "do": "say", "bytes": hex(&envelope), "pass": pass })
        }
        Command::Hush => json!({ "do": "hush" }),
        Command::Note(note) => note_object(note),
        Command::Trouble(words) => json!({ "do": "trouble", "words": words }),
        Command::Met {
            attempt,
            way,
            proven,
        } => json!({
            "do": "met",
            "attempt": attempt.0,
            "way": way.to_string(),
            "words": proven.words.each(),
            "byCode": proven.by_code,
        }),
        Command::End(ended) => ended_object(&ended),
        // Of a library newer than this module.
        _ => json!({ "do": "nothing" }),
    }
}

fn note_object(note: Note) -> Value {
    let name = match note {
        Note::Answering => "answering",
        Note::Answered => "answered",
        Note::Knocked => "knocked",
        Note::Busy => "busy",
        Note::Connecting => "connecting",
        Note::Outpaced => "outpaced",
        Note::PeerGone => "peer-gone",
        Note::NoRoute => "no-route",
        Note::Unreached(apart) => {
            return json!({
                "do": "note",
                "note": "unreached",
                "words": apart.to_string(),
                "advice": apart.advice(),
            });
        }
        _ => "other",
    };
    json!({ "do": "note", "note": name })
}

fn ended_object(ended: &Ended) -> Value {
    let reason = match ended {
        Ended::Failed(Failure::NoPeer(_)) => "no-peer",
        Ended::Failed(Failure::NoRoute(_)) => "no-route",
        Ended::Failed(Failure::Busy) => "busy",
        Ended::Failed(Failure::Cancelled) => "cancelled",
        Ended::Proof(_) => "proof",
        _ => "webrtc",
    };
    let advice = match ended {
        Ended::Failed(Failure::NoRoute(apart)) => Some(apart.advice()),
        _ => None,
    };
    json!({ "do": "end", "reason": reason, "words": ended.to_string(), "advice": advice })
}
