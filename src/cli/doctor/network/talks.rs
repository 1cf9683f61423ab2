//! The talk of two doctors over their link, each in turn: pings, a second of data, the sweeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airshake::link::{Link, LinkEvent};
use airshake::sounding::{Finding, Stimulus, examine};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Direction, Met};
use crate::cli::doctor::listen;
use crate::cli::options::{LoudspeakerOption, MicrophoneOption};
use crate::cli::talk::now;

/// One side of it.
pub(super) struct Talks {
    link: Link,
    met: Met,
    input: Option<String>,
    output: Option<String>,
    volume: f32,
}

/// The other side is gone, silent, or no doctor.
struct Over;

impl Talks {
    pub(super) fn new(
        link: Link,
        met: Met,
        microphone: &MicrophoneOption,
        loudspeaker: &LoudspeakerOption,
    ) -> Self {
        Self {
            link,
            met,
            input: microphone.name().map(str::to_owned),
            output: loudspeaker.name().map(str::to_owned),
            volume: loudspeaker.amplitude(),
        }
    }

    /// Holds it, as far as it goes.
    pub(super) async fn hold(mut self) -> Met {
        // What was found out before the other left stands.
        let _ = self.hold_all().await;
        self.link.close().await;
        self.met
    }

    async fn hold_all(&mut self) -> Result<(), Over> {
        // Whose number is greater begins.
        let mine = listen::chance();
        self.say(json!({"doctor": 1, "chance": mine})).await?;
        let hello = self.hear().await?;
        if hello["doctor"] != 1 {
            return Err(Over);
        }
        let theirs = hello["chance"].as_f64().ok_or(Over)?;
        if mine > theirs {
            self.lead().await?;
            self.follow().await
        } else {
            self.follow().await?;
            self.lead().await
        }
    }

    /// Our turn: we ask, send and play.
    async fn lead(&mut self) -> Result<(), Over> {
        let mut trips = Vec::new();
        for ping in 0..PINGS {
            let start = now();
            self.say(json!({"ping": ping})).await?;
            self.until("pong").await?;
            trips.push(now().duration_since(start).as_secs_f64() * 1e3);
        }
        trips.sort_by(f64::total_cmp);
        self.met.round_trip_ms = trips.get(PINGS / 2).copied();

        let start = now();
        let block = vec![0x5a; BLOCK];
        let mut sent = 0;
        while now().duration_since(start) < LOAD {
            self.link.send_data(&block).await.map_err(|_| Over)?;
            sent += block.len();
        }
        let taken = timeout(PATIENCE, self.link.drained()).await;
        if taken.unwrap_or(false) {
            let seconds = now().duration_since(start).as_secs_f64();
            self.met.out_per_s = Some(sent as f64 / seconds);
        }

        // Once more if they did not arrive whole: a busy machine may lose some of a sound.
        for _ in 0..MOST_PLAYS {
            self.met.there = self.play().await?;
            if self.met.there.is_none_or(Direction::is_whole) {
                break;
            }
        }
        self.say(json!({"done": true})).await
    }

    /// Plays the sweeps; how they were heard there.
    async fn play(&mut self) -> Result<Option<Direction>, Over> {
        self.say(json!({"play": self.volume})).await?;
        self.until("listening").await?;
        let (output, volume) = (self.output.clone(), self.volume);
        let played = spawn_blocking(move || listen::play_alone(output.as_deref(), volume)).await;
        let played = played.is_ok_and(|played| played.is_ok());
        self.say(json!({"played": played})).await?;
        let heard = self.until("heard").await?;
        Ok(Direction::told(&heard["heard"]))
    }

    /// Their turn: we answer, take and listen, until they are done.
    async fn follow(&mut self) -> Result<(), Over> {
        loop {
            let said = self.hear().await?;
            if let Some(ping) = said["ping"].as_u64() {
                self.say(json!({"pong": ping})).await?;
            } else if let Some(volume) = said["play"].as_f64() {
                let heard = self.listen(volume as f32).await?;
                self.met.here = heard;
                let heard = heard.map(Direction::json);
                self.say(json!({"heard": heard})).await?;
            } else if said["done"] == true {
                return Ok(());
            }
        }
    }

    /// Listens to the other side's sweeps, until it has played them.
    async fn listen(&mut self, volume: f32) -> Result<Option<Direction>, Over> {
        let stop = Arc::<AtomicBool>::default();
        let (ready, is_ready) = oneshot::channel();
        let recording = {
            let (stop, input) = (stop.clone(), self.input.clone());
            spawn_blocking(move || {
                listen::record(input.as_deref(), &stop, || {
                    let _ = ready.send(());
                })
            })
        };
        // A microphone that cannot be opened drops the sender.
        let opened = is_ready.await.is_ok();
        self.say(json!({"listening": opened})).await?;
        let played = self.until("played").await;
        stop.store(true, Ordering::Relaxed);
        let recorded = recording.await;
        played?;
        let Ok(Ok((samples, rate))) = recorded else {
            return Ok(None);
        };
        let examined =
            spawn_blocking(move || examine(&samples, rate, &Stimulus::new(volume), None));
        let Ok(sounding) = examined.await else {
            return Ok(None);
        };
        let way = sounding.way.as_ref();
        let mut findings = sounding.findings.iter();
        let slipped = findings.any(|finding| matches!(finding, Finding::Slipped { .. }));
        let reach = way.and_then(|way| {
            let mut reaches = way.reaches.iter();
            reaches.find(|reach| reach.profile.name == "audible")
        });
        Ok(Some(match (way, reach) {
            (Some(way), Some(reach)) => Direction {
                heard: true,
                snr_db: reach.snr_db,
                spare_db: reach.spare_db,
                clock_ppm: (!slipped).then_some(way.clock_ppm),
            },
            _ => Direction {
                heard: false,
                snr_db: 0.0,
                spare_db: 0.0,
                clock_ppm: None,
            },
        }))
    }

    async fn say(&self, said: Value) -> Result<(), Over> {
        self.link
            .send_text(&said.to_string())
            .await
            .map_err(|_| Over)
    }

    /// The next thing said; data is taken and counts for nothing.
    async fn hear(&mut self) -> Result<Value, Over> {
        loop {
            match timeout(PATIENCE, self.link.next()).await {
                Ok(LinkEvent::Text(text)) => {
                    return serde_json::from_str(&text).map_err(|_| Over);
                }
                Ok(LinkEvent::Data(_)) => {}
                _ => return Err(Over),
            }
        }
    }

    /// The next thing said, which must be of that name.
    async fn until(&mut self, name: &str) -> Result<Value, Over> {
        let said = self.hear().await?;
        if said.get(name).is_some() {
            Ok(said)
        } else {
            Err(Over)
        }
    }
}

const PINGS: usize = 11;
/// Long enough for a connection to find its speed.
const LOAD: Duration = Duration::from_secs(1);
/// One message of the link.
const BLOCK: usize = 16_384;
const MOST_PLAYS: usize = 2;
/// Longer than the sweeps, and than a sound system takes to open.
const PATIENCE: Duration = Duration::from_secs(25);
