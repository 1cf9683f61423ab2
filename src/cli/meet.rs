//! Finding the other side: what every command over a link begins with.

use std::future::Future;
use std::time::Duration;

use airshake::link::Link;
use airshake::medium::sound::Sound;
use airshake::pairing::{PairOptions, Timing};
use anyhow::{Context, Result};
use clap::Args;

use super::lasting;
use super::network::NetworkOptions;
use super::options::{self, LoudspeakerOption, MicrophoneOption, PairProfileOption};
use super::pair::{WaysOptions, find};
use super::screen::{Keep, Setting};
use super::talk::Talk;
use super::trust::TrustOptions;

/// How to find the other side.
#[derive(Debug, Args)]
pub(crate) struct MeetOptions {
    /// Give up when nobody was found in this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = options::seconds)]
    timeout: Duration,

    /// Tell events as JSON lines on stderr
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    microphone: MicrophoneOption,

    #[command(flatten)]
    loudspeaker: LoudspeakerOption,

    #[command(flatten)]
    profile: PairProfileOption,

    #[command(flatten)]
    ways: WaysOptions,

    #[command(flatten)]
    pub(crate) trust: TrustOptions,

    #[command(flatten)]
    network: NetworkOptions,
}

impl MeetOptions {
    /// Pairs by sound with whoever runs `partner`, and has the user accept them.
    pub(crate) async fn meet(&self, partner: &str, talk: &mut Talk) -> Result<Link> {
        let air = options::both(&self.microphone, &self.loudspeaker, &self.profile);
        let understood = air.understood;
        let options = self.options()?;
        let sound = Sound::open(air).context("cannot use the air")?;
        talk.line(&format!(
            "looking for a peer within earshot; there, `{partner}` runs"
        ));
        let reporter = sound.reporter();
        talk.open_screen(Setting {
            limit: Some(talk.elapsed() + self.timeout),
            profiles: understood,
            keep: Keep::Within,
        });
        let found = find(sound, options, reporter, talk).await?;
        let link = self.trust.accept(found, talk).await?;
        lasting::tell(&link, talk);
        Ok(link)
    }

    fn options(&self) -> Result<PairOptions> {
        let mut options = PairOptions {
            timing: Timing {
                deadline: self.timeout,
                ..Timing::default()
            },
            ways: self.ways.ways(),
            leave_when_busy: self.ways.no_wait,
            short_beacon: self.ways.short,
            code: self.trust.code(),
            ..PairOptions::default()
        };
        self.network.apply(&mut options)?;
        Ok(options)
    }
}

/// Runs a command's work, and waits for nothing that may hang when it is done.
pub(crate) fn run(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start")?;
    let result = runtime.block_on(work);
    // A read from stdin may hang until a key is pressed: nobody waits for it.
    runtime.shutdown_background();
    result
}
