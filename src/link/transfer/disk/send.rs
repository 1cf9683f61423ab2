//! Sends an [`Offering`] over a link.

use super::{
    event::{Progress, Summary, TransferError, TransferEvent},
    files::Source,
    offering::Offering,
    pump::{Pump, Pumped},
    reader::{self, Skips},
};
use crate::link::{
    Link,
    transfer::{
        Listing, Message, MessageError, Piece, Reason, Sending, SendingInput, SendingOutput,
        TreePath,
    },
};
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

impl Link {
    /// Offers these files to the peer, who must be [receiving](Self::receive_files), and sends
    /// what it wants, until everything is safe on its disk. `events` is told how it goes; it
    /// should not block. Memory does not grow with the size of the files.
    ///
    /// Dropping the future tells the peer that nothing more comes; what arrived stays there, and
    /// sending the same again goes on from that. The link can be used afterwards.
    ///
    /// # Errors
    /// [`TransferError`] if the peer does not want them, gives up, or the link breaks. Single
    /// files that did not come through are in [`Summary::lost`].
    pub async fn send_files(
        &mut self,
        offering: &Offering,
        events: impl FnMut(TransferEvent),
    ) -> Result<Summary, TransferError> {
        send(self, offering, events).await
    }
}

/// Does it over a link, or over the [files](super::files) of one.
pub(super) async fn send(
    source: &mut dyn Source,
    offering: &Offering,
    mut events: impl FnMut(TransferEvent),
) -> Result<Summary, TransferError> {
    let listing = offering.shared_listing();
    let (mut pump, id) = Pump::new(source).await;
    let machine = Sending::new(id, listing.clone());
    pump.set_farewell(Message::Cancel {
        reason: Reason::Cancelled,
    });
    let mut sender = Sender {
        pump,
        machine,
        skips: Skips::new(listing.entries().len()),
        pieces: None,
        summary: Summary {
            total: listing.offer(),
            ..Summary::default()
        },
        began: None,
        end: None,
    };
    let mut input = SendingInput::Begin;
    events(TransferEvent::Offered(listing.offer()));
    let mut ticks = interval(PROGRESS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        sender.tell(input, offering, &mut events);
        if sender.end.is_some() {
            return sender.finish(&listing).await;
        }
        input = loop {
            let idle = sender.pump.is_idle();
            tokio::select! {
                pumped = sender.pump.next() => match pumped {
                    Pumped::Heard(Ok(message)) => break SendingInput::Heard(message),
                    Pumped::Heard(Err(MessageError::UnknownKind(_))) | Pumped::Idle => {}
                    Pumped::Heard(Err(_)) => break SendingInput::Malformed,
                    Pumped::Closed(reason) => return Err(TransferError::Closed(reason)),
                },
                piece = next_piece(&mut sender.pieces), if idle => {
                    break SendingInput::Read(piece);
                }
                _ = ticks.tick() => if sender.began.is_some() {
                    events(TransferEvent::Progress(sender.progress(&listing)));
                },
            }
        };
    }
}

struct Sender<'a> {
    pump: Pump<'a>,
    machine: Sending,
    skips: Skips,
    pieces: Option<mpsc::Receiver<Piece>>,
    summary: Summary,
    began: Option<Instant>,
    end: Option<Result<(), TransferError>>,
}

impl Sender<'_> {
    fn tell(
        &mut self,
        input: SendingInput,
        offering: &Offering,
        events: &mut impl FnMut(TransferEvent),
    ) {
        // A reader that is done has no more to say.
        if matches!(input, SendingInput::Read(Piece::AllRead)) {
            self.pieces = None;
        }
        let path = |index| path(offering.listing(), index);
        let same = matches!(input, SendingInput::Read(Piece::Same { .. }));
        for output in self.machine.handle(input) {
            match output {
                SendingOutput::Send(message) => self.pump.send(message),
                SendingOutput::Read(have) => {
                    self.began = Some(Instant::now());
                    self.pieces = Some(reader::read(offering.clone(), have, self.skips.clone()));
                    events(TransferEvent::Accepted);
                }
                SendingOutput::Skip(index) => self.skips.skip(index),
                SendingOutput::Landed(index) => {
                    self.summary.files += 1;
                    self.summary.same += u32::from(same);
                    if let Some(path) = path(index) {
                        events(TransferEvent::Landed { path, same });
                    }
                }
                SendingOutput::Lost(failure) => {
                    if let Some(path) = path(failure.index) {
                        let reason = failure.reason;
                        self.summary.lost.push((path.clone(), reason));
                        events(TransferEvent::Lost { path, reason });
                    }
                }
                SendingOutput::Finished => self.end = Some(Ok(())),
                SendingOutput::Failed { reason, theirs } => {
                    self.end = Some(Err(if theirs {
                        TransferError::Theirs(reason)
                    } else {
                        TransferError::Ours(reason)
                    }));
                }
            }
        }
        if matches!(self.end, Some(Ok(()))) {
            events(TransferEvent::Progress(self.progress(offering.listing())));
        }
    }

    fn progress(&self, listing: &Listing) -> Progress {
        Progress {
            total: self.summary.total,
            files: self.summary.files,
            bytes: self.machine.done(),
            moved: self.machine.moved(),
            current: self
                .machine
                .current()
                .and_then(|index| path(listing, index)),
        }
    }

    /// Lets the last words go.
    async fn finish(mut self, listing: &Listing) -> Result<Summary, TransferError> {
        self.pump.over();
        last_words(&mut self.pump).await;
        self.summary.moved = self.progress(listing).moved;
        self.summary.took = self.began.map_or(Duration::ZERO, |began| began.elapsed());
        self.end.unwrap_or(Ok(())).map(|()| self.summary)
    }
}

/// Sends what is left to be said, but does not wait for a peer that takes nothing.
pub(super) async fn last_words(pump: &mut Pump<'_>) {
    let said = async {
        while !pump.is_idle() {
            if let Pumped::Closed(_) = pump.next().await {
                break;
            }
        }
    };
    let _ = timeout(LAST_WORDS, said).await;
}

async fn next_piece(pieces: &mut Option<mpsc::Receiver<Piece>>) -> Piece {
    match pieces {
        // A reader ends with its last piece only.
        Some(reading) => reading.recv().await.unwrap_or(Piece::AllRead),
        None => std::future::pending().await,
    }
}

pub(super) fn path(listing: &Listing, index: u32) -> Option<TreePath> {
    listing.entry(index).map(|entry| entry.path.clone())
}

/// How often progress is told.
pub(super) const PROGRESS: Duration = Duration::from_millis(50);

/// As long as the end of a transfer may take.
const LAST_WORDS: Duration = Duration::from_secs(2);
