//! The loop: the medium is asked every few milliseconds, tasks report, the machine decides.

use super::{
    Addresses, PairError, PairEvent, RtcTransport, Servers, Transport, TransportError,
    tries::{Entry, Purpose, Told, Tries, Untrue},
};
use crate::{
    link::{Code, Heartbeat, Introduction},
    medium::{Happening, Medium, MediumError},
    pairing::{Attempt, Input, Machine, Output, Timing, Way, Ways, read},
    signal::{Description, Role, Signal, Tag, pack, unpack},
};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How to pair.
#[derive(Clone, Debug, Default)]
pub struct PairOptions {
    /// How long to listen, wait and hope.
    pub timing: Timing,
    /// By one sound, by two, or by whichever works.
    pub ways: Ways,
    /// Whether to end when whoever is heard pairs with somebody else, instead of waiting for
    /// another.
    pub leave_when_busy: bool,
    /// Whether our beacon holds only half of the fingerprint: 16 bytes less to say, enough for
    /// another program that uses this library, and nothing for a browser, which wants the whole.
    pub short_beacon: bool,
    /// Which addresses to offer.
    pub addresses: Addresses,
    /// Servers that help where the two do not reach each other by themselves; none by default.
    pub servers: Servers,
    /// What the users told each other, if anything: then only who was told it is paired with, and
    /// nobody has to compare words. The other side must have one too.
    pub code: Option<Code>,
    /// How the link is watched.
    pub heartbeat: Heartbeat,
    /// Where chance starts from; from the system if not given. Two peers must not share it.
    pub seed: Option<u64>,
    /// Ends pairing when told to.
    pub cancel: Cancel,
}

/// Ends pairing from elsewhere, also from a signal handler.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Pairing ends within milliseconds, with [`PairError::Cancelled`].
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to end.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Finds a peer on the medium, who must be doing the same, and opens a channel to it by WebRTC.
/// What comes of it is an [`Introduction`]: once both users have accepted each other, the link.
/// `events` is called with what happens; it should not block.
///
/// Needs a tokio runtime with time and network enabled. Dropping the future ends everything.
///
/// # Errors
/// [`PairError`]: no peer in time, no way between the two, no network, no medium, or cancelled.
pub async fn pair(
    medium: impl Medium,
    options: PairOptions,
    events: impl FnMut(PairEvent),
) -> Result<Introduction, PairError> {
    let transport =
        RtcTransport::new(options.addresses.clone()).with_servers(options.servers.clone());
    pair_by(Arc::new(transport), medium, options, events).await
}

/// The same over another WebRTC stack; [`PairOptions::addresses`] and [`PairOptions::servers`] are
/// then not looked at.
///
/// # Errors
/// As [`pair`].
pub async fn pair_by(
    transport: Arc<dyn Transport>,
    medium: impl Medium,
    options: PairOptions,
    events: impl FnMut(PairEvent),
) -> Result<Introduction, PairError> {
    let seed = match options.seed {
        Some(seed) => seed,
        None => getrandom::u64().map_err(|error| TransportError::Stack {
            doing: "asking the system for chance",
            detail: error.to_string(),
        })?,
    };
    let (tries, mut told) = Tries::new(transport, options.code, options.heartbeat);
    let mut driver = Driver {
        mouth: Mouth(medium),
        machine: Machine::new(options.timing, seed)
            .by(options.ways)
            .leaving_when_busy(options.leave_when_busy),
        own: match options.ways {
            Ways::TwoSounds => Own::Offer,
            Ways::Both | Ways::OneSound if options.short_beacon => Own::ShortBeacon,
            Ways::Both | Ways::OneSound => Own::Beacon,
        },
        tries,
        events,
        began: Instant::now(),
        first_sound: None,
        saying: 0,
        said: VecDeque::new(),
        offers_failed: 0,
        proven: None,
    };
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut end = driver.tell(Input::Start)?;
    while end.is_none() {
        end = tokio::select! {
            _ = ticks.tick() => driver.look(&options.cancel)?,
            Some(told) = told.recv() => driver.hear(told)?,
        };
    }
    end.ok_or(PairError::Cancelled)
}

/// What we say first.
#[derive(Clone, Copy)]
enum Own {
    Beacon,
    ShortBeacon,
    Offer,
}

struct Driver<M: Medium, E: FnMut(PairEvent)> {
    mouth: Mouth<M>,
    machine: Machine,
    own: Own,
    tries: Tries,
    events: E,
    began: Instant,
    first_sound: Option<Instant>,
    /// Bytes of what is being said.
    saying: usize,
    /// Envelopes of ours, so that their echo is not shown as somebody's.
    said: VecDeque<Vec<u8>>,
    offers_failed: u32,
    proven: Option<(Attempt, Introduction)>,
}

impl<M: Medium, E: FnMut(PairEvent)> Driver<M, E> {
    /// Looks what the medium has, what time it is, and whether anybody still wants this.
    fn look(&mut self, cancel: &Cancel) -> Result<Option<Introduction>, PairError> {
        if cancel.is_cancelled() {
            return self.tell(Input::Cancel);
        }
        for _ in 0..MOST_AT_ONCE {
            let Some(happening) = self.mouth.0.poll() else {
                break;
            };
            if let Some(input) = self.notice(happening)?
                && let Some(introduction) = self.tell(input)?
            {
                return Ok(Some(introduction));
            }
        }
        self.tell(Input::Tick)
    }

    /// What the machine is to be told of a happening.
    fn notice(&mut self, happening: Happening) -> Result<Option<Input>, PairError> {
        Ok(Some(match happening {
            Happening::Started { air_s } => {
                self.first_sound.get_or_insert_with(Instant::now);
                let bytes = self.saying;
                (self.events)(PairEvent::Playing { bytes, air_s });
                Input::Started {
                    air: seconds(air_s),
                }
            }
            Happening::Finished => {
                self.tries.said();
                Input::Finished
            }
            Happening::Carrier { for_s } => Input::Carrier {
                length: seconds(for_s),
            },
            Happening::Garbled => Input::Garbled,
            Happening::Heard { envelope, snr } => {
                if !self.said.contains(&envelope) {
                    self.first_sound.get_or_insert_with(Instant::now);
                    (self.events)(PairEvent::Heard {
                        bytes: envelope.len(),
                        snr_db: snr.0,
                    });
                }
                read(envelope)
            }
            Happening::Level { rms, peak } => {
                (self.events)(PairEvent::Level { rms, peak });
                return Ok(None);
            }
            Happening::Spectrum(spectrum) => {
                (self.events)(PairEvent::Spectrum(spectrum));
                return Ok(None);
            }
            Happening::Hearing(hearing) => {
                (self.events)(PairEvent::Hearing(hearing));
                return Ok(None);
            }
            Happening::Trouble(MediumError::Closed) => return Err(MediumError::Closed.into()),
            Happening::Trouble(trouble) => {
                self.trouble(&trouble);
                return Ok(None);
            }
        }))
    }

    /// What the machine is to be told of an attempt.
    fn hear(&mut self, told: Told) -> Result<Option<Introduction>, PairError> {
        for trouble in self.tries.troubles() {
            self.trouble(&trouble);
        }
        let input = match told {
            Told::Described(attempt, Ok((connection, signal))) => {
                if !self.tries.keep(attempt, connection, &signal) {
                    return Ok(None);
                }
                self.described(attempt, signal)
            }
            Told::Knocked(attempt) => Input::Knocked(attempt),
            Told::Refused(attempt) => Input::Refused(attempt),
            Told::Described(
                _,
                Err(
                    error @ (TransportError::NoNetwork
                    | TransportError::NoInterface { .. }
                    | TransportError::NoAddress { .. }),
                ),
            ) => return Err(error.into()),
            Told::Described(attempt, Err(error)) => {
                self.trouble(&error);
                self.offers_failed += 1;
                if self.offers_failed >= MOST_FAILURES {
                    return Err(error.into());
                }
                Input::LinkFailed(attempt)
            }
            Told::Reached(attempt) => Input::LinkConnecting(attempt),
            Told::Proven(attempt, Ok(introduction)) => {
                self.proven = Some((attempt, introduction));
                Input::LinkOpen(attempt)
            }
            Told::Proven(_, Err(Untrue::Proof(error))) if error.is_final() => {
                return Err(error.into());
            }
            Told::Proven(attempt, Err(untrue)) => {
                match untrue {
                    Untrue::Transport(error) => self.trouble(&error),
                    Untrue::Proof(error) => self.trouble(&error),
                }
                Input::LinkFailed(attempt)
            }
        };
        self.tell(input)
    }

    /// A signal of ours is ready to be said.
    fn described(&mut self, attempt: Attempt, signal: Signal) -> Input {
        let answers = match &signal {
            Signal::Description(description) => description.role == Role::Answer,
            Signal::Arrival(_) => true,
            _ => false,
        };
        let envelope = pack(&signal);
        if self.said.len() == REMEMBERED {
            self.said.pop_front();
        }
        self.said.push_back(envelope.clone());
        match answers {
            false => Input::OfferReady {
                attempt,
                tag: Tag::of(&envelope),
                envelope,
            },
            true => {
                self.tries.bring_up(attempt, Entry::Ours);
                Input::AnswerReady { attempt, envelope }
            }
        }
    }

    /// Tells the machine, and does what it asks for, until it asks for nothing more.
    fn tell(&mut self, input: Input) -> Result<Option<Introduction>, PairError> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.began.elapsed();
            let outputs: Vec<Output> = self.machine.handle(now, input).collect();
            for output in outputs {
                match output {
                    Output::MakeOffer(attempt) => {
                        let purpose = match self.own {
                            Own::Offer => Purpose::Offer,
                            Own::Beacon => Purpose::Beacon { short: false },
                            Own::ShortBeacon => Purpose::Beacon { short: true },
                        };
                        self.tries.describe(attempt, purpose, Vec::new());
                    }
                    Output::MakeAnswer {
                        attempt,
                        offer,
                        straight,
                    } => match unpack(&offer) {
                        Ok(Signal::Description(description)) => {
                            let purpose = Purpose::Answer(description);
                            self.tries.describe(attempt, purpose, offer);
                        }
                        Ok(Signal::Beacon(beacon)) => {
                            let purpose = Purpose::Approach { beacon, straight };
                            self.tries.describe(attempt, purpose, offer);
                        }
                        Ok(Signal::Invitation(invitation)) => {
                            let purpose = Purpose::Join {
                                invitation,
                                straight,
                            };
                            self.tries.describe(attempt, purpose, offer);
                        }
                        _ => inputs.push_back(Input::LinkFailed(attempt)),
                    },
                    Output::AcceptAnswer { attempt, answer } => match description(&answer) {
                        Some(answer) => self.tries.bring_up(attempt, Entry::Answer(answer)),
                        None => inputs.push_back(Input::LinkFailed(attempt)),
                    },
                    Output::Admit(attempt) => self.tries.bring_up(attempt, Entry::Knock),
                    Output::Abandon(attempt) => self.tries.abandon(attempt),
                    Output::Say { envelope, pass } => {
                        self.saying = envelope.len();
                        match self.mouth.0.say(&envelope, pass) {
                            Ok(()) => {}
                            Err(MediumError::Closed) => return Err(MediumError::Closed.into()),
                            Err(error) => {
                                self.trouble(&error);
                                inputs.push_back(Input::Finished);
                            }
                        }
                    }
                    Output::Hush => self.mouth.0.hush(),
                    Output::Note(note) => (self.events)(note.into()),
                    Output::Done { attempt, way } => {
                        if let Some(introduction) = self.done(attempt, way) {
                            return Ok(Some(introduction));
                        }
                    }
                    Output::Failed(failure) => return Err(failure.into()),
                }
            }
        }
        Ok(None)
    }

    fn done(&mut self, attempt: Attempt, way: Way) -> Option<Introduction> {
        let (_, introduction) = self
            .proven
            .take()
            .filter(|(proven, _)| *proven == attempt)?;
        self.tries.release(attempt);
        let since = self.first_sound.unwrap_or(self.began);
        (self.events)(PairEvent::Connected {
            way,
            seconds: since.elapsed().as_secs_f64(),
        });
        Some(introduction)
    }

    fn trouble(&mut self, error: &dyn std::fmt::Display) {
        (self.events)(PairEvent::Trouble(error.to_string()));
    }
}

/// The medium, silent when we are gone.
struct Mouth<M: Medium>(M);

impl<M: Medium> Drop for Mouth<M> {
    fn drop(&mut self) {
        self.0.hush();
    }
}

fn description(envelope: &[u8]) -> Option<Description> {
    match unpack(envelope) {
        Ok(Signal::Description(description)) => Some(description),
        _ => None,
    }
}

/// Any number of seconds as a duration: what is not a time is none.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// How often the medium is asked: short beside the tenth of a second in which a carrier is
/// noticed.
const POLL: Duration = Duration::from_millis(5);

/// A medium that never runs out of happenings does not keep us from everything else.
const MOST_AT_ONCE: usize = 256;

/// So many connections may fail to be made before it is not chance any more.
const MOST_FAILURES: u32 = 3;

/// Own envelopes that are known again.
const REMEMBERED: usize = 32;
