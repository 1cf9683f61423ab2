//! Receives what was offered over a link and is wanted.

use super::{
    event::{Progress, Summary, TransferError, TransferEvent},
    folder::Folder,
    pump::{Pump, Pumped},
    send::{PROGRESS, last_words, path},
    survey::{self, Survey, survey},
    writer::{self, Command, Report},
};
use crate::link::transfer::{
    Failure, Held, Listing, MessageError, Reason, Receiving, ReceivingInput, ReceivingOutput,
};
use sha2::Sha256;
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
    time::{Instant, MissedTickBehavior, interval},
};

/// Tells the threads when nobody waits for them any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One transfer that goes on.
pub(super) struct Receiver<'a> {
    pump: Pump<'a>,
    machine: Receiving,
    listing: Arc<Listing>,
    folder: Arc<Folder>,
    overwrite: bool,
    disk: Option<(mpsc::Sender<Command>, JoinHandle<()>)>,
    tell: mpsc::UnboundedSender<Report>,
    told: mpsc::UnboundedReceiver<Report>,
    summary: Summary,
    began: Instant,
    end: Option<Result<(), TransferError>>,
    stop: Stop,
}

impl<'a> Receiver<'a> {
    pub(super) fn new(
        pump: Pump<'a>,
        machine: Receiving,
        folder: Arc<Folder>,
        overwrite: bool,
    ) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        Self {
            listing: Arc::new(machine.listing().clone()),
            summary: Summary {
                total: machine.listing().offer(),
                ..Summary::default()
            },
            pump,
            machine,
            folder,
            overwrite,
            disk: None,
            tell,
            told,
            began: Instant::now(),
            end: None,
            stop: Stop(Arc::new(AtomicBool::new(false))),
        }
    }

    /// Takes everything, until it is safe or it is over.
    pub(super) async fn run(
        &mut self,
        events: &mut impl FnMut(TransferEvent),
    ) -> Result<(), TransferError> {
        let mut ticks = interval(PROGRESS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.tell(ReceivingInput::Wanted, events).await;
        loop {
            if let Some(end) = self.end.take() {
                return end;
            }
            tokio::select! {
                Some(report) = self.told.recv() => self.hear_disk(report, events).await,
                input = heard_when_said(&mut self.pump) => self.tell(input?, events).await,
                _ = ticks.tick() => if self.disk.is_some() {
                    events(TransferEvent::Progress(self.progress()));
                },
            }
        }
    }

    async fn hear_disk(&mut self, report: Report, events: &mut impl FnMut(TransferEvent)) {
        let input = match report {
            Report::Surveyed(survey) => {
                self.began = Instant::now();
                if let Some(full) = self.too_little_room(&survey).await {
                    self.tell(ReceivingInput::Unwanted(Reason::DiskFull), events)
                        .await;
                    self.end = Some(Err(full));
                    return;
                }
                self.start_disk(survey.parts);
                events(TransferEvent::Accepted);
                ReceivingInput::Surveyed(survey.have)
            }
            Report::FoldersMade => ReceivingInput::FoldersMade,
            Report::NotStored(failure) => ReceivingInput::NotStored(failure),
            Report::Stored { index, renamed } => {
                self.summary.files += 1;
                if let Some(path) = path(&self.listing, index) {
                    if let Some(name) = renamed {
                        let path = path.clone();
                        events(TransferEvent::Renamed { path, name });
                    }
                    events(TransferEvent::Landed { path, same: false });
                }
                ReceivingInput::Stored(index)
            }
        };
        self.tell(input, events).await;
    }

    async fn tell(&mut self, input: ReceivingInput, events: &mut impl FnMut(TransferEvent)) {
        for output in self.machine.handle(input) {
            match output {
                ReceivingOutput::Send(message) => self.pump.send(message),
                ReceivingOutput::Ask => {}
                ReceivingOutput::Survey => self.start_survey(),
                ReceivingOutput::MakeFolders => self.command(Command::MakeFolders).await,
                ReceivingOutput::Open { index, offset } => {
                    self.command(Command::Open { index, offset }).await;
                }
                ReceivingOutput::Write(data) => self.command(Command::Write(data)).await,
                ReceivingOutput::Close { index, hash } => {
                    self.command(Command::Close { index, hash }).await;
                }
                ReceivingOutput::Discard(index) => self.command(Command::Discard(index)).await,
                ReceivingOutput::Same(index) => {
                    self.summary.files += 1;
                    self.summary.same += 1;
                    self.command(Command::Discard(index)).await;
                    if let Some(path) = path(&self.listing, index) {
                        events(TransferEvent::Landed { path, same: true });
                    }
                }
                ReceivingOutput::Lost(Failure { index, reason }) => {
                    if let Some(path) = path(&self.listing, index) {
                        self.summary.lost.push((path.clone(), reason));
                        events(TransferEvent::Lost { path, reason });
                    }
                }
                ReceivingOutput::Finished => {
                    events(TransferEvent::Progress(self.progress()));
                    self.end = Some(Ok(()));
                }
                ReceivingOutput::Failed {
                    reason: Reason::DiskFull,
                    theirs: false,
                } => self.end = Some(Err(self.full().await)),
                ReceivingOutput::Failed { reason, theirs } => {
                    self.end = Some(Err(failed(reason, theirs)));
                }
            }
        }
    }

    /// Whether there is less room than what is still to come needs, as far as the system says.
    async fn too_little_room(&mut self, survey: &Survey) -> Option<TransferError> {
        let whole: HashSet<u32> = (survey.have.iter())
            .filter(|have| have.held == Held::Whole)
            .map(|have| have.index)
            .collect();
        let wanted = self
            .machine
            .unsettled()
            .filter(|index| !whole.contains(index));
        let (needed, free) = self.room(wanted.collect()).await;
        free.filter(|free| *free < needed)
            .map(|free| TransferError::DiskFull { needed, free })
    }

    /// What the disk lacks now that it has taken as much as it can.
    async fn full(&mut self) -> TransferError {
        let (needed, free) = self.room(self.machine.unsettled().collect()).await;
        let free = free.unwrap_or(0);
        TransferError::DiskFull { needed, free }
    }

    /// Bytes that these files still need, and bytes that are free, if that is known.
    async fn room(&mut self, files: Vec<u32>) -> (u64, Option<u64>) {
        let (folder, listing) = (self.folder.clone(), self.listing.clone());
        let looked =
            spawn_blocking(move || (survey::missing(&folder, &listing, &files), folder.free()));
        looked.await.unwrap_or((0, None))
    }

    fn progress(&self) -> Progress {
        let current = self.machine.current();
        Progress {
            total: self.summary.total,
            files: self.summary.files,
            bytes: self.machine.done(),
            moved: self.machine.moved(),
            current: current.and_then(|index| path(&self.listing, index)),
        }
    }

    fn start_survey(&self) {
        let (folder, listing) = (self.folder.clone(), self.listing.clone());
        let (tell, stop) = (self.tell.clone(), self.stop.0.clone());
        spawn_blocking(move || {
            let surveyed = survey(&folder, &listing, &stop);
            let _ = tell.send(Report::Surveyed(surveyed));
        });
    }

    fn start_disk(&mut self, parts: HashMap<u32, Sha256>) {
        self.disk = Some(writer::start(
            self.listing.clone(),
            self.folder.clone(),
            self.overwrite,
            parts,
            self.tell.clone(),
        ));
    }

    /// Waits while the disk is behind, and with it the link.
    async fn command(&mut self, command: Command) {
        if let Some((commands, _)) = &self.disk {
            // A disk that ended has said why.
            let _ = commands.send(command).await;
        }
    }

    /// Lets the disk finish what it has, and the last words go.
    pub(super) async fn finish(
        mut self,
        result: Result<(), TransferError>,
    ) -> Result<Summary, TransferError> {
        self.pump.over();
        last_words(&mut self.pump).await;
        if let Some((commands, thread)) = self.disk.take() {
            drop(commands);
            let _ = thread.await;
        }
        if result.is_ok() {
            let folder = self.folder.clone();
            let _ = spawn_blocking(move || folder.tidy()).await;
        }
        self.summary.moved = self.machine.moved();
        self.summary.took = self.began.elapsed();
        result.map(|()| self.summary)
    }
}

/// The next input from the peer.
pub(super) async fn heard(pump: &mut Pump<'_>) -> Result<ReceivingInput, TransferError> {
    loop {
        match pump.next().await {
            Pumped::Heard(Ok(message)) => return Ok(ReceivingInput::Heard(message)),
            Pumped::Heard(Err(MessageError::UnknownKind(_))) | Pumped::Idle => {}
            Pumped::Heard(Err(_)) => return Ok(ReceivingInput::Malformed),
            Pumped::Closed(reason) => return Err(TransferError::Closed(reason)),
        }
    }
}

/// The next input from the peer, once it takes what is said to it.
async fn heard_when_said(pump: &mut Pump<'_>) -> Result<ReceivingInput, TransferError> {
    pump.send_until_below(MOST_UNSAID).await;
    heard(pump).await
}

pub(super) fn failed(reason: Reason, theirs: bool) -> TransferError {
    if theirs {
        TransferError::Theirs(reason)
    } else {
        TransferError::Ours(reason)
    }
}

/// Messages that may wait to be sent before no more are heard: a sender that takes no answers
/// gets to send no more.
const MOST_UNSAID: usize = 1_000;
