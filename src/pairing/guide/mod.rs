//! Pairing by somebody else's hands: where sound and WebRTC belong to a host, as to a browser, that
//! does what it is asked for and tells what came of it.
//!
//! [`Guide`] is for a host what [`pair`](super::driver::pair) is for tokio, and says the same over
//! the air: it holds the [`Machine`], makes signals of the host's session descriptions and
//! descriptions of signals, and has each side [prove](Proof) itself in the open channel. What it
//! gives at the end is the words to compare; the channel is then that of a
//! [link](crate::link::Endpoint).
//!
//! Such an engine differs from our own in three things, and the rest follows:
//!
//! * It chooses its own ICE credentials and certificate, and lets nobody in of whom it was not told.
//!   So in place of a [beacon](crate::signal::Beacon) it says an
//!   [invitation](crate::signal::Invitation) and is told of the guest whom that foretells; and it goes
//!   to who said a beacon by what is made of its own password.
//! * It wants whole fingerprints: half of one leads nowhere.
//! * It refuses nobody, and lets in whoever heard: who comes second finds out by not being spoken to.

mod event;
mod tries;
mod worth;

pub use event::{Command, Ended, Told};

use super::{Attempt, Input, Machine, Note, Output, Timing, Ways, reading::read};
use crate::{
    link::{Code, Proven},
    signal::{Fingerprint, Signal, Tag, unpack},
};
use std::{collections::VecDeque, time::Duration};
use tries::Tries;

/// How to pair.
#[derive(Clone, Debug, Default)]
pub struct GuideOptions {
    /// How long to listen, wait and hope.
    pub timing: Timing,
    /// By one sound, by two, or by whichever works.
    pub ways: Ways,
    /// Whether to end when whoever is heard pairs with somebody else, instead of waiting for
    /// another.
    pub leave_when_busy: bool,
    /// What the users told each other, if anything. The other side must have one too.
    pub code: Option<Code>,
    /// Where chance starts from. Two peers must not share it.
    pub seed: u64,
}

/// Pairs with one peer by a host's sound and WebRTC engine.
///
/// **Tell it everything with the time it happened (since any fixed moment, never backwards), carry
/// out every command in order, and tell [`Told::Tick`] no later than [`Guide::deadline`].** After
/// [`Command::Met`] or [`Command::End`] nothing more is asked for.
///
/// ```
/// use airshake::pairing::{Command, Guide, GuideOptions, Told};
/// use std::time::Duration;
///
/// let mut guide = Guide::new(GuideOptions { seed: 7, ..GuideOptions::default() });
/// let wanted: Vec<Command> = guide.tell(Duration::ZERO, Told::Start).collect();
/// assert!(matches!(wanted[..], [Command::Offer { .. }]));
/// assert!(guide.deadline().is_some());
/// ```
#[derive(Debug)]
pub struct Guide {
    machine: Machine,
    tries: Tries,
    commands: VecDeque<Command>,
    proven: Option<(Attempt, Proven)>,
    /// How often the engine could not even describe itself.
    failures: u32,
    over: bool,
}

impl Guide {
    /// A guide that has not begun.
    pub fn new(options: GuideOptions) -> Self {
        let GuideOptions {
            timing,
            ways,
            leave_when_busy,
            code,
            seed,
        } = options;
        Self {
            machine: Machine::new(timing, seed)
                .by(ways)
                .leaving_when_busy(leave_when_busy),
            tries: Tries::new(ways, code),
            commands: VecDeque::new(),
            proven: None,
            failures: 0,
            over: false,
        }
    }

    /// Takes what happened at `now`; gives what to do.
    pub fn tell(
        &mut self,
        now: Duration,
        told: Told,
    ) -> std::collections::vec_deque::Drain<'_, Command> {
        if !self.over {
            let mut inputs = self.understand(now, told);
            inputs.extend(self.tries.tick(now, &mut self.commands));
            inputs.push_back(Input::Tick);
            self.work(now, inputs);
        }
        self.commands.drain(..)
    }

    /// When the next [`Told::Tick`] is due at the latest; `None` before the start and at the end.
    pub fn deadline(&self) -> Option<Duration> {
        if self.over {
            return None;
        }
        [self.machine.deadline(), self.tries.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What the machine is to be told.
    fn understand(&mut self, now: Duration, told: Told) -> VecDeque<Input> {
        let commands = &mut self.commands;
        let input = match told {
            Told::Start => Some(Input::Start),
            Told::Tick => None,
            Told::Cancel => Some(Input::Cancel),
            Told::Carrier { length } => Some(Input::Carrier { length }),
            Told::Garbled => Some(Input::Garbled),
            Told::Heard { envelope } => Some(heard(envelope)),
            Told::Started { air } => Some(Input::Started { air }),
            Told::Finished => {
                self.tries.said(now);
                Some(Input::Finished)
            }
            Told::Described { attempt, sdp } => {
                match self.tries.described(attempt, &sdp, commands) {
                    Ok(input) => input,
                    Err(words) => self.failed(attempt, words),
                }
            }
            Told::Reached { attempt } => self.tries.reached(now, attempt),
            Told::Opened {
                attempt,
                certificates,
                chance,
            } => (self.tries).opened(now, attempt, certificates, chance, commands),
            Told::Message { attempt, bytes } => return self.message(attempt, &bytes),
            Told::Failed { attempt, words } => self.failed(attempt, words),
        };
        input.into_iter().collect()
    }

    /// The engine says that nothing will come of an attempt.
    fn failed(&mut self, attempt: Attempt, words: String) -> Option<Input> {
        if !self.tries.has(attempt) {
            return None;
        }
        if !self.tries.was_described(attempt) {
            self.failures += 1;
            if self.failures >= MOST_FAILURES {
                self.end(Ended::Engine(words));
                return None;
            }
        }
        self.commands.push_back(Command::Trouble(words));
        Some(Input::LinkFailed(attempt))
    }

    /// A message of the other end of an attempt's channel.
    fn message(&mut self, attempt: Attempt, bytes: &[u8]) -> VecDeque<Input> {
        match self.tries.message(attempt, bytes, &mut self.commands) {
            Ok(None) => VecDeque::new(),
            Ok(Some(proven)) => {
                self.proven = Some((attempt, proven));
                VecDeque::from([Input::LinkOpen(attempt)])
            }
            Err(error) if error.is_final() => {
                self.end(Ended::Proof(error));
                VecDeque::new()
            }
            Err(error) => {
                self.commands.push_back(Command::Trouble(error.to_string()));
                VecDeque::from([Input::LinkFailed(attempt)])
            }
        }
    }

    /// Lets in the guest who knocked, and hears what it has said meanwhile.
    fn admit(&mut self, now: Duration, attempt: Attempt) -> VecDeque<Input> {
        let came = self.tries.admit(now, attempt, &mut self.commands);
        let mut inputs = VecDeque::from([Input::LinkConnecting(attempt)]);
        for bytes in came {
            inputs.extend(self.message(attempt, &bytes));
        }
        inputs
    }

    /// Tells the machine, and does what it asks for, until it asks for nothing more.
    fn work(&mut self, now: Duration, mut inputs: VecDeque<Input>) {
        while let Some(input) = inputs.pop_front() {
            if self.over {
                return;
            }
            let outputs: Vec<Output> = self.machine.handle(now, input).collect();
            for output in outputs {
                let commands = &mut self.commands;
                match output {
                    Output::MakeOffer(attempt) => self.tries.offer(attempt, commands),
                    Output::MakeAnswer {
                        attempt,
                        offer,
                        straight,
                    } => {
                        let input = self.tries.answer(attempt, offer, straight, commands);
                        inputs.extend(input);
                    }
                    Output::Admit(attempt) => inputs.extend(self.admit(now, attempt)),
                    Output::AcceptAnswer { attempt, answer } => {
                        inputs.extend(self.tries.accept(attempt, &answer, commands));
                    }
                    Output::Abandon(attempt) => self.tries.abandon(attempt, commands),
                    Output::Say { envelope, pass } => {
                        commands.push_back(Command::Say { envelope, pass });
                    }
                    Output::Hush => commands.push_back(Command::Hush),
                    Output::Note(note) => commands.push_back(Command::Note(note)),
                    Output::Done { attempt, way } => {
                        let proven = self.proven.take().filter(|(of, _)| *of == attempt);
                        if let Some((_, proven)) = proven {
                            self.tries.release(attempt);
                            self.tries.close(commands);
                            commands.push_back(Command::Met {
                                attempt,
                                way,
                                proven,
                            });
                            self.over = true;
                        }
                    }
                    Output::Failed(failure) => self.end(Ended::Failed(failure)),
                }
            }
        }
    }

    fn end(&mut self, why: Ended) {
        if !std::mem::replace(&mut self.over, true) {
            self.commands.push_back(Command::Hush);
            self.tries.close(&mut self.commands);
            self.commands.push_back(Command::End(why));
        }
    }
}

/// What the machine is to be told of an envelope that was heard. The bytes may come from anybody.
fn heard(envelope: Vec<u8>) -> Input {
    match unpack(&envelope) {
        // No engine can be the guest of an invitation; but it is an offer as well.
        Ok(Signal::Invitation(_)) => Input::OfferHeard {
            tag: Tag::of(&envelope),
            envelope,
            straight: false,
        },
        Ok(Signal::Beacon(beacon))
            if matches!(beacon.fingerprint, Fingerprint::Truncated128(_)) =>
        {
            Input::StrangeHeard
        }
        _ => read(envelope),
    }
}

/// So often may the engine fail to describe itself before it is not chance any more.
const MOST_FAILURES: u32 = 3;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
