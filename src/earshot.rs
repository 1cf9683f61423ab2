//! All of it in one call: opens a microphone and a loudspeaker, finds whoever is within earshot and
//! does the same, and connects to them.
//!
//! What it is made of can be had one by one: a [medium](crate::medium), of which sound is one, and
//! [`pairing::pair`] over any of them.

use crate::link::Introduction;
use crate::medium::sound::{Sound, SoundError, SoundOptions};
use crate::medium::{Happening, Medium, MediumError};
use crate::modem::Report;
use crate::pairing::{self, PairError, PairEvent, PairOptions};
use std::panic::resume_unwind;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// How to find somebody. The default is right for two laptops in a room.
///
/// ```no_run
/// use airshake::earshot::Options;
/// use airshake::modem::Profile;
///
/// let mut options = Options::default();
/// options.sound.input = Some("usb".to_owned());
/// options.sound.profile = &Profile::ULTRASONIC;
/// options.pairing.code = Some("blue horse".parse()?);
/// # Ok::<(), airshake::link::CodeError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Which microphone, which loudspeaker, how loud, in which profile.
    pub sound: SoundOptions,
    /// How long to look, by which ways, at which addresses, with which code.
    pub pairing: PairOptions,
}

/// Why nobody was connected to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The microphone or the loudspeaker cannot be used.
    #[error("cannot use the air: {0}")]
    Sound(#[from] SoundError),
    /// Nobody was found, or nobody could be reached.
    #[error("{error}")]
    Pairing {
        /// Why.
        error: PairError,
        /// What the microphone heard, and why it was not more: its findings say what to do.
        heard: Option<Box<Report>>,
    },
}

/// Pairs with whoever is within earshot and does the same. What comes of it is an
/// [`Introduction`]: once both users have [accepted](Introduction::accept) each other, it is a
/// [`Link`](crate::link::Link).
///
/// `events` is called on the task that awaits this, with what happens; it should not block.
///
/// Needs a tokio runtime, of either flavour, with time and network enabled. Two threads of its own
/// listen and speak until it returns.
///
/// **Dropping the future ends everything**: what sounds fades within milliseconds, sockets and
/// devices are closed by the runtime soon after. To end it and wait until that is done, use
/// [`PairOptions::cancel`].
///
/// # Errors
/// [`Error`]: no device, no peer in time, no way between the two, no network, or cancelled.
///
/// # Panics
/// Outside of a tokio runtime.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let found = airshake::pair(Default::default(), |event| eprintln!("{event:?}")).await?;
/// println!("both screens should show: {}", found.words());
/// let mut link = found.accept().await?;
/// link.send_text("hello from the other side").await?;
/// println!("{:?}", link.next().await);
/// link.close().await;
/// # Ok(())
/// # }
/// ```
pub async fn pair(options: Options, events: impl FnMut(PairEvent)) -> Result<Introduction, Error> {
    let Options { sound, pairing } = options;
    // A sound system may take its time to answer.
    let opened = spawn_blocking(move || Sound::open(sound)).await;
    let air =
        Air(Some(opened.unwrap_or_else(|panic| {
            resume_unwind(panic.into_panic())
        })?));
    let reporter = air.0.as_ref().and_then(Sound::reporter);
    let paired = pairing::pair(air, pairing, events).await;
    paired.map_err(|error| Error::Pairing {
        error,
        heard: reporter.map(|reporter| Box::new(reporter.report())),
    })
}

/// Sound whose devices are not waited for when it is dropped.
struct Air(Option<Sound>);

impl Medium for Air {
    fn say(&mut self, envelope: &[u8], pass: u8) -> Result<(), MediumError> {
        let sound = self.0.as_mut().ok_or(MediumError::Closed)?;
        sound.say(envelope, pass)
    }

    fn hush(&mut self) {
        if let Some(sound) = &mut self.0 {
            sound.hush();
        }
    }

    fn poll(&mut self) -> Option<Happening> {
        self.0.as_mut()?.poll()
    }
}

impl Drop for Air {
    fn drop(&mut self) {
        self.hush();
        if let (Some(sound), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn_blocking(move || drop(sound));
        }
    }
}
