//! The air of a room as a medium: a microphone, a loudspeaker, the modem between.
//!
//! Two threads: one listens, one talks, so that neither waits for the other; it hears while it
//! speaks, also itself.

use super::ear::Ear;
use super::inbox::Inbox;
use super::mouth::{Mouth, check_length};
use super::{Happening, Medium, MediumError, Reporter};
use crate::audio::device::{Counts, DeviceError, Microphone, Speaker, Tally};
use crate::modem::{Profile, ReceiverError};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Which devices, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundOptions {
    /// The microphone, by name or a part of it; the default one if `None`.
    pub input: Option<String>,
    /// The loudspeaker, by name or a part of it; the default one if `None`.
    pub output: Option<String>,
    /// The profile to speak in, until a message comes in another one: then in that, since who sent
    /// it surely listens for it.
    pub profile: &'static Profile,
    /// The profiles to understand.
    pub understood: &'static [&'static Profile],
    /// The largest magnitude that is played, `0.0..=1.0`.
    pub volume: f32,
    /// What it is for.
    pub ends: Ends,
}

impl Default for SoundOptions {
    fn default() -> Self {
        Self {
            input: None,
            output: None,
            profile: &Profile::AUDIBLE,
            understood: Profile::ALL,
            volume: 0.8,
            ends: Ends::Both,
        }
    }
}

/// Which ends of the air are needed: a machine without a microphone can still speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    /// To hear and to speak.
    #[default]
    Both,
    /// Only to hear: [`Medium::say`] is refused.
    Ear,
    /// Only to speak: nothing is ever heard.
    Mouth,
}

/// Why the air cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoundError {
    /// A device does not work.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The microphone is too slow for the profile.
    #[error("the microphone does not serve: {0}")]
    Receiver(#[from] ReceiverError),
    /// The loudspeaker is too slow for the profile.
    #[error(transparent)]
    Mouth(#[from] MediumError),
    /// The system has no thread left.
    #[error("no thread could be started: {0}")]
    Thread(String),
}

/// The air as a medium. A device that is lost is reported as [`Happening::Trouble`], tried again
/// without end, and used again when it is back. Dropping it stops the sound.
pub struct Sound {
    inbox: Inbox,
    commands: Sender<Command>,
    /// Why nothing can be said now.
    dumb: Arc<Mutex<Option<MediumError>>>,
    microphone: Option<(String, Tally)>,
    speaker: Option<(String, Tally)>,
    /// Closed to end the listener.
    hearing: Option<Sender<()>>,
    reporter: Option<Reporter>,
    threads: Vec<JoinHandle<()>>,
}

enum Command {
    Say { envelope: Vec<u8>, pass: u8 },
    Hush,
    End,
}

impl Sound {
    /// Opens the devices and begins to listen.
    ///
    /// # Errors
    /// [`SoundError`] if a device that is needed cannot be opened.
    pub fn open(options: SoundOptions) -> Result<Self, SoundError> {
        let inbox = Inbox::default();
        let dumb = Arc::<Mutex<Option<MediumError>>>::default();
        let language = Arc::new(Mutex::new(options.profile));
        let (commands, commands_out) = mpsc::channel();
        let (hearing, hearing_out) = mpsc::channel();
        let mut sound = Self {
            inbox: inbox.clone(),
            commands,
            dumb: dumb.clone(),
            microphone: None,
            speaker: None,
            hearing: Some(hearing),
            reporter: None,
            threads: Vec::new(),
        };
        if options.ends != Ends::Mouth {
            let microphone = Microphone::open(options.input.as_deref())?;
            sound.microphone = Some((microphone.name().to_owned(), microphone.tally()));
            let ear = Ear::new(options.understood, microphone.rate())?;
            sound.reporter = Some(ear.reporter());
            let listener = Listener {
                ear,
                microphone,
                understood: options.understood,
                language: language.clone(),
                inbox: inbox.clone(),
                troubled: false,
            };
            sound.start("listen", move || listener.run(&hearing_out))?;
        }
        if options.ends != Ends::Ear {
            let speaker = Speaker::open(options.output.as_deref())?;
            sound.speaker = Some((speaker.name().to_owned(), speaker.tally()));
            let talker = Talker {
                mouth: Mouth::new(options.profile, speaker.rate(), options.volume)?,
                speaker,
                profile: options.profile,
                language,
                volume: options.volume,
                inbox,
                dumb,
                saying: false,
                sturdier: None,
            };
            sound.start("talk", move || talker.run(&commands_out))?;
        } else {
            *sound.dumb.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(MediumError::Device("opened only to hear".to_owned()));
        }
        Ok(sound)
    }

    /// The microphone, if there is one: its name, and what has gone wrong with it.
    pub fn microphone(&self) -> Option<(&str, Counts)> {
        told(&self.microphone)
    }

    /// The loudspeaker, if there is one: its name, and what has gone wrong with it.
    pub fn speaker(&self) -> Option<(&str, Counts)> {
        told(&self.speaker)
    }

    /// Waits until there is something to [`poll`](Medium::poll), for at most `limit`.
    pub fn wait(&self, limit: Duration) {
        self.inbox.wait(limit);
    }

    /// Tells what the microphone heard, and why it was not more; `None` without a microphone.
    pub fn reporter(&self) -> Option<Reporter> {
        self.reporter.clone()
    }

    fn start(
        &mut self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), SoundError> {
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(|error| SoundError::Thread(error.to_string()))?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Medium for Sound {
    fn say(&mut self, envelope: &[u8], pass: u8) -> Result<(), MediumError> {
        check_length(envelope)?;
        let dumb = self.dumb.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &*dumb {
            return Err(error.clone());
        }
        let envelope = envelope.to_vec();
        self.commands
            .send(Command::Say { envelope, pass })
            .map_err(|_| MediumError::Closed)
    }

    fn hush(&mut self) {
        // If the talker is gone it is quiet already.
        let _ = self.commands.send(Command::Hush);
    }

    fn poll(&mut self) -> Option<Happening> {
        self.inbox.take()
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::End);
        self.hearing = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn told(device: &Option<(String, Tally)>) -> Option<(&str, Counts)> {
    device
        .as_ref()
        .map(|(name, tally)| (name.as_str(), tally.counts()))
}

/// The profile in which the last message came; before the first, the one to begin with.
type Language = Arc<Mutex<&'static Profile>>;

/// The thread that hears.
struct Listener {
    microphone: Microphone,
    ear: Ear,
    understood: &'static [&'static Profile],
    language: Language,
    inbox: Inbox,
    troubled: bool,
}

impl Listener {
    fn run(mut self, end: &Receiver<()>) {
        let mut block = vec![0.0; BLOCK];
        loop {
            let count = self.microphone.read(&mut block);
            if self.microphone.rate() != self.ear.rate() {
                match Ear::new(self.understood, self.microphone.rate()) {
                    Ok(ear) => self.ear = ear.reporting_to(self.ear.reporter()),
                    Err(error) => {
                        let error = SoundError::from(error).to_string();
                        self.inbox
                            .put(Happening::Trouble(MediumError::Device(error)));
                        return;
                    }
                }
            }
            self.ear
                .hear(&block[..count], |happening| self.inbox.put(happening));
            if let Some(profile) = self.ear.heard_in() {
                *self.language.lock().unwrap_or_else(PoisonError::into_inner) = profile;
            }
            if let Some(warning) = self.microphone.warning() {
                let words = warning.to_string();
                self.inbox
                    .put(Happening::Trouble(MediumError::Device(words)));
            }
            self.watch();
            // Full blocks mean that there is more.
            let pause = if count == block.len() {
                Duration::ZERO
            } else {
                HEARKEN
            };
            if let Ok(()) | Err(RecvTimeoutError::Disconnected) = end.recv_timeout(pause) {
                return;
            }
        }
    }

    /// Tells of a lost microphone, once each time.
    fn watch(&mut self) {
        let trouble = self.microphone.check().err();
        if let (Some(error), false) = (&trouble, self.troubled) {
            let words = error.to_string();
            self.inbox
                .put(Happening::Trouble(MediumError::Device(words)));
        }
        self.troubled = trouble.is_some();
    }
}

/// The thread that speaks.
struct Talker {
    speaker: Speaker,
    mouth: Mouth,
    /// What the mouth speaks in.
    profile: &'static Profile,
    language: Language,
    volume: f32,
    inbox: Inbox,
    dumb: Arc<Mutex<Option<MediumError>>>,
    /// Between `Started` and `Finished`.
    saying: bool,
    /// A loudspeaker that is being opened because this one is torn now and then.
    sturdier: Option<Receiver<Result<Speaker, DeviceError>>>,
}

impl Talker {
    fn run(mut self, commands: &Receiver<Command>) {
        let mut block = vec![0.0; BLOCK];
        loop {
            let command = if self.mouth.is_speaking() && self.has_room() {
                commands.try_recv()
            } else {
                let pause = if self.saying { PAUSE } else { IDLE };
                commands.recv_timeout(pause).map_err(|error| match error {
                    RecvTimeoutError::Timeout => TryRecvError::Empty,
                    RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
                })
            };
            match command {
                Ok(Command::Say { envelope, pass }) => self.say(&envelope, pass),
                Ok(Command::Hush) => self.hush(),
                Ok(Command::End) | Err(TryRecvError::Disconnected) => return self.fall_silent(),
                Err(TryRecvError::Empty) => {}
            }
            self.watch();
            self.adapt();
            if self.mouth.is_speaking() && self.has_room() {
                let count = self.mouth.speak(&mut block);
                // There is room for it: see `has_room`.
                self.speaker.write(&block[..count]);
            } else if self.saying && !self.mouth.is_speaking() && self.speaker.is_idle() {
                self.saying = false;
                self.inbox.put(Happening::Finished);
            }
        }
    }

    fn say(&mut self, envelope: &[u8], pass: u8) {
        self.speaker.refresh();
        self.hush();
        match self.begin(envelope, pass) {
            Ok(air_s) => {
                self.saying = true;
                self.inbox.put(Happening::Started { air_s });
            }
            Err(error) => self.inbox.put(Happening::Trouble(error)),
        }
    }

    fn begin(&mut self, envelope: &[u8], pass: u8) -> Result<f64, MediumError> {
        let rate = self.speaker.rate();
        let language = *self.language.lock().unwrap_or_else(PoisonError::into_inner);
        // A loudspeaker too slow for it answers in its own.
        let language = if rate >= language.lowest_rate {
            language
        } else {
            self.profile
        };
        if rate != self.mouth.rate() || language != self.profile {
            self.mouth = Mouth::new(language, rate, self.volume)?;
            self.profile = language;
        }
        self.mouth.say(envelope, pass)
    }

    fn hush(&mut self) {
        self.mouth.hush();
        self.speaker.clear();
        self.saying = false;
    }

    /// Whether the speaker's queue is short: long enough that a busy machine does not tear it,
    /// short enough that making it does not take long.
    fn has_room(&self) -> bool {
        self.speaker.queued() < self.speaker.rate().samples_in(AHEAD) as usize
    }

    /// Lets a sound fade before the device is closed.
    fn fall_silent(&mut self) {
        self.hush();
        for _ in 0..10 {
            if self.speaker.is_idle() {
                return;
            }
            thread::park_timeout(PAUSE);
        }
    }

    /// Tells of a lost speaker, once each time, and takes it up again when it is back.
    fn watch(&mut self) {
        let trouble = self.speaker.check().err();
        let interrupted = self.speaker.refresh();
        let trouble = trouble.map(|error| MediumError::Device(error.to_string()));
        let news = {
            let mut dumb = self.dumb.lock().unwrap_or_else(PoisonError::into_inner);
            let news = trouble.clone().filter(|_| dumb.is_none());
            *dumb = trouble;
            news
        };
        if interrupted || news.is_some() {
            self.give_up();
        }
        if let Some(error) = news {
            self.inbox.put(Happening::Trouble(error));
        }
    }

    /// Takes a sturdier loudspeaker if the machine is too busy for this one; between two bursts.
    fn adapt(&mut self) {
        match &self.sturdier {
            None if self.speaker.is_strained() => self.sturdier = Some(self.speaker.sturdier()),
            Some(opening) if !self.saying => {
                // An error stays where it is, so that it is not tried again.
                if let Ok(Ok(speaker)) = opening.try_recv() {
                    let old = std::mem::replace(&mut self.speaker, speaker);
                    self.sturdier = None;
                    // Closing takes its time.
                    let _ = thread::Builder::new().spawn(move || drop(old));
                }
            }
            _ => {}
        }
    }

    /// Ends what was being said: the rest of a burst makes no sense to anybody. Whoever waits for
    /// its end may go on.
    fn give_up(&mut self) {
        if self.saying {
            self.hush();
            self.inbox.put(Happening::Finished);
        }
    }
}

/// Samples handled at once: 20 ms at 48 kHz.
const BLOCK: usize = 960;

/// How often to look whether there is something to hear: sound comes in pieces twice as long.
const HEARKEN: Duration = Duration::from_millis(10);

/// How often to look while there is something to do, and otherwise. A command to speak is taken
/// at once in any case.
const PAUSE: Duration = Duration::from_millis(5);
const IDLE: Duration = Duration::from_millis(100);

/// Seconds of sound made in advance.
const AHEAD: f64 = 0.5;
