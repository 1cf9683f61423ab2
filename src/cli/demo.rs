//! `airshake demo`: the whole story in one process, without a sound card.

mod parcel;

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::time::Duration;

use airshake::air::{Room, Scene};
use airshake::link::{Introduction, Link, LinkEvent};
use airshake::medium::simulated::{self, SimulatedOptions};
use airshake::pairing::{Addresses, PairError, PairEvent, PairOptions, Timing, pair};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Value, json};

use super::chat::interrupted;
use super::moving;
use super::outcome::{Interrupted, Nothing};
use super::talk::{Talk, round};
use parcel::Parcel;

/// Show two peers pair in a simulated room, talk and send a file
///
/// Alice and Bob are two peers in this process. Between them lies a simulated room, with echo,
/// noise, loudspeakers and microphones; their sounds are the real ones, and so is the WebRTC
/// connection that comes of it, over this machine's loopback. The file is written to the folder
/// for temporary files, and gone when the story is over.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  airshake demo
  airshake demo --room hall
  airshake demo --room worst --seed 7

Exit codes: 0 they paired, talked, and the file came through; 1 they did not.")]
pub(crate) struct Demo {
    /// What lies between the two
    #[arg(long, value_name = "NAME", default_value = Room::DESK.name, value_parser = room())]
    room: &'static Scene,

    /// Another seed is another room of the same kind
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Tell events as JSON lines on stderr, each with the peer's name
    #[arg(long)]
    json: bool,
}

/// Two who start together have met by then, or something is wrong.
const DEADLINE: Duration = Duration::from_secs(18);

/// How long a line may take over an open link.
const CROSSING: Duration = Duration::from_secs(5);

/// How long the file may take: a tenth of a second's work, on a machine that may be busy.
const CARRYING: Duration = Duration::from_secs(10);

impl Demo {
    pub(crate) fn run(self, quiet: bool) -> Result<()> {
        let story = Story(RefCell::new(Talk::new(self.json, quiet)));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start")?;
        let result = runtime.block_on(async {
            tokio::select! {
                result = self.tell(&story) => result,
                () = interrupted() => Err(Interrupted.into()),
            }
        });
        runtime.shutdown_background();
        result
    }

    async fn tell(&self, story: &Story) -> Result<()> {
        story.line(&format!(
            "Alice and Bob, two peers in this process; between them a simulated room: {}.",
            self.room.name
        ));
        story.line("Neither knows anything of the other. Both run `airshake pair`.\n");
        let (alice, bob) = simulated::pair(&SimulatedOptions {
            scene: self.room.clone(),
            seed: self.seed,
            ..SimulatedOptions::default()
        })?;
        let (alice, bob) = tokio::join!(
            pair(alice, options(), |event| story.event("Alice", &event)),
            pair(bob, options(), |event| story.event("Bob", &event)),
        );
        let (alice, bob) = (found("Alice", alice)?, found("Bob", bob)?);
        for (who, introduction) in [("Alice", &alice), ("Bob", &bob)] {
            let words = introduction.words();
            story.record("words", who, json!({"words": words.each()}));
            story.moment(who, &format!("sees the words: {words}"));
        }
        story.line("They compare the words aloud: nobody stands between them.");
        let (alice, bob) = tokio::join!(alice.accept(), bob.accept());
        let (mut alice, mut bob) = (alice?, bob?);
        story
            .say(&alice, "Alice", "Hello Bob, can you hear me?")
            .await?;
        story.read(&mut bob, "Bob").await?;
        story.say(&bob, "Bob", "Loud and clear, Alice.").await?;
        story.read(&mut alice, "Alice").await?;
        story.send(&mut alice, &mut bob).await?;
        tokio::join!(alice.close(), bob.close());
        story.close();
        Ok(())
    }
}

fn options() -> PairOptions {
    PairOptions {
        timing: Timing {
            deadline: DEADLINE,
            ..Timing::default()
        },
        addresses: Addresses::Only(vec![Ipv4Addr::LOCALHOST.into()]),
        ..PairOptions::default()
    }
}

fn found(name: &str, paired: Result<Introduction, PairError>) -> Result<Introduction> {
    paired.map_err(|error| match error {
        PairError::NoPeer { .. } | PairError::LinkFailed { .. } | PairError::Proof(_) => {
            Nothing(format!("{name}: {error}")).into()
        }
        error => anyhow::Error::from(error).context(name.to_owned()),
    })
}

/// Tells what happens to both, in the order in which it does.
struct Story(RefCell<Talk>);

impl Story {
    fn line(&self, line: &str) {
        self.0.borrow().line(line);
    }

    /// What `who` did or noticed, with the time at which it was.
    fn moment(&self, who: &str, what: &str) {
        let talk = self.0.borrow();
        let line = format!("{:6.2} s  {who:<5}  {what}", talk.elapsed().as_secs_f64());
        match what.starts_with("is connected") {
            true => talk.strong(&line),
            false => talk.line(&line),
        }
    }

    fn record(&self, event: &str, who: &str, mut fields: Value) {
        fields["peer"] = who.into();
        self.0.borrow().event(event, fields);
    }

    fn event(&self, who: &str, event: &PairEvent) {
        match event {
            PairEvent::Playing { bytes, air_s } => {
                let fields = json!({"bytes": bytes, "air_s": round(*air_s, 3)});
                self.record("playing", who, fields);
                self.moment(who, &format!("plays {bytes} bytes: {air_s:.2} s of sound"));
            }
            PairEvent::Heard { bytes, snr_db } => {
                let fields = json!({"bytes": bytes, "snr_db": round(f64::from(*snr_db), 2)});
                self.record("heard", who, fields);
                self.moment(who, &format!("hears {bytes} bytes, SNR {snr_db:.1} dB"));
            }
            PairEvent::Answering => self.moment(who, "takes it for an invitation"),
            PairEvent::Answered => self.moment(who, "has an answer to the invitation"),
            PairEvent::Knocked => self.moment(who, "is knocked at by who heard it"),
            PairEvent::Connecting => self.moment(who, "reaches the other over the network"),
            PairEvent::Connected { way, seconds } => {
                let fields = json!({"way": way.to_string(), "seconds": round(*seconds, 3)});
                self.record("connected", who, fields);
                let what = format!("is connected by {way}, {seconds:.2} s after the first sound");
                self.moment(who, &what);
            }
            PairEvent::Trouble(words) => {
                self.record("trouble", who, json!({"reason": words}));
                self.moment(who, words);
            }
            _ => {}
        }
    }

    async fn say(&self, link: &Link, who: &str, line: &str) -> Result<()> {
        self.moment(who, &format!("types: {line}"));
        link.send_text(line).await.context("cannot send")
    }

    async fn read(&self, link: &mut Link, who: &str) -> Result<()> {
        let event = tokio::time::timeout(CROSSING, link.next())
            .await
            .with_context(|| format!("{who} got nothing for {CROSSING:?}"))?;
        let LinkEvent::Text(line) = event else {
            bail!("{who} got {event:?} instead of a line");
        };
        self.record("text", who, json!({"text": line}));
        self.moment(who, &format!("reads: {line}"));
        Ok(())
    }

    /// Alice sends Bob a file, and both look what they have.
    async fn send(&self, alice: &mut Link, bob: &mut Link) -> Result<()> {
        let parcel = Parcel::new()?;
        let offer = parcel.offer()?.listing().offer();
        let what = format!("{}, {}", parcel::NAME, moving::bytes(offer.bytes));
        self.moment("Alice", &format!("sends {what}"));
        let offered = |_: &_| self.moment("Bob", &format!("is offered {what}, and takes it"));
        let sent = tokio::time::timeout(CARRYING, parcel.carry(alice, bob, offered))
            .await
            .with_context(|| format!("{} did not come within {CARRYING:?}", parcel::NAME))??;
        let rate = sent.moved as f64 / sent.took.as_secs_f64().max(1e-3);
        let told = format!("has it on his disk, {}/s", moving::bytes(rate as u64));
        self.moment("Bob", &told);
        let [hers, his] = [parcel.hash("alice")?, parcel.hash("bob")?];
        for (who, hash) in [("Alice", &hers), ("Bob", &his)] {
            let name = parcel::NAME;
            self.record("file", who, json!({"name": name, "sha256": hash}));
            self.moment(who, &format!("sha256sum {name}: {}...", &hash[..16]));
        }
        ensure!(hers == his, "what arrived is not what was sent");
        Ok(())
    }

    fn close(&self) {
        self.record("closed", "both", json!({"reason": "the story is over"}));
        self.line(
            "\nNothing but those sounds passed between them before, and no server was asked.",
        );
    }
}

fn room() -> impl TypedValueParser<Value = &'static Scene> {
    PossibleValuesParser::new(Room::PRESETS.iter().map(|scene| scene.name))
        .try_map(|name| Room::preset(&name).ok_or("no such room"))
}
