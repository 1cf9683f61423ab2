//! Receives what is offered over a link.

use super::{
    event::{Progress, Summary, TransferError, TransferEvent},
    folder::Folder,
    landing::Landing,
    pump::{Pump, Pumped},
    send::{PROGRESS, last_words, path},
    survey::{Survey, survey},
};
use crate::link::{
    Link,
    transfer::{
        Entry, Failure, Hash, Listing, Message, MessageError, Offer, Reason, Receiving,
        ReceivingInput, ReceivingOutput,
    },
};
use sha2::Sha256;
use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
    task::{JoinHandle, spawn_blocking},
    time::{Instant, MissedTickBehavior, interval},
};

/// How to store what comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiveOptions {
    /// A file that is there is replaced, once the new one is complete. Without it, it stays, and
    /// the new one becomes `name (1)`.
    pub overwrite: bool,
}

impl ReceiveOptions {
    /// With [`overwrite`](Self::overwrite) as given.
    #[must_use]
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }
}

/// Files that are offered and wait for an answer. Dropped, it answers that they are not wanted.
pub struct Incoming<'a> {
    pump: Pump<'a>,
    machine: Receiving,
}

impl Link {
    /// Waits for the peer to [offer](Self::send_files) files.
    ///
    /// # Errors
    /// [`TransferError`] if it sends something else, wants to receive as well, or the link breaks.
    pub async fn receive_files(&mut self) -> Result<Incoming<'_>, TransferError> {
        let (pump, _) = Pump::new(self).await;
        let machine = Receiving::new();
        let mut incoming = Incoming { pump, machine };
        let mut input = ReceivingInput::Begin;
        loop {
            let mut asked = false;
            for output in incoming.machine.handle(input) {
                match output {
                    ReceivingOutput::Send(message) => incoming.pump.send(message),
                    ReceivingOutput::Ask => asked = true,
                    ReceivingOutput::Failed { reason, theirs } => {
                        incoming.pump.over();
                        last_words(&mut incoming.pump).await;
                        return Err(failed(reason, theirs));
                    }
                    // Nothing else comes before the user was asked.
                    _ => {}
                }
            }
            if let Some(id) = incoming.machine.id() {
                let reason = Reason::Declined;
                incoming.pump.set_farewell(Message::Refuse { id, reason });
            }
            if asked {
                return Ok(incoming);
            }
            input = heard(&mut incoming.pump).await?;
        }
    }
}

impl Incoming<'_> {
    /// How much it is.
    pub fn offer(&self) -> Offer {
        self.listing().offer()
    }

    /// All of it. The names are as the peer gave them: they cannot leave a folder, but they may
    /// hold what confuses a terminal.
    pub fn listing(&self) -> &Listing {
        self.machine.listing()
    }

    /// Waits until the offer does not stand any more: withdrawn, or the link is over. To be
    /// watched while a person thinks. Dropping the future loses nothing.
    pub async fn withdrawn(&mut self) -> TransferError {
        loop {
            let input = match heard(&mut self.pump).await {
                Ok(input) => input,
                Err(error) => return error,
            };
            for output in self.machine.handle(input) {
                match output {
                    ReceivingOutput::Send(message) => self.pump.send(message),
                    ReceivingOutput::Failed { reason, theirs } => {
                        self.pump.over();
                        return failed(reason, theirs);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Says that it is not wanted.
    pub async fn refuse(mut self) {
        let refusal = ReceivingInput::Unwanted(Reason::Declined);
        for output in self.machine.handle(refusal) {
            if let ReceivingOutput::Send(message) = output {
                self.pump.send(message);
            }
        }
        self.pump.over();
        last_words(&mut self.pump).await;
    }

    /// Takes it into `folder`, which is made if it is not there. Returns when everything is
    /// verified and safe on the disk. `events` is told how it goes; it should not block. Memory
    /// does not grow with the size of the files.
    ///
    /// Dropping the future tells the peer, and leaves no file half-written under its name; what
    /// has arrived stays in the folder, and receiving the same again goes on from that. The link
    /// can be used afterwards.
    ///
    /// # Errors
    /// [`TransferError`] if the folder cannot be used, the disk is full, the peer gives up or the
    /// link breaks. Single files that did not come through are in [`Summary::lost`].
    pub async fn accept(
        mut self,
        folder: impl AsRef<Path>,
        options: ReceiveOptions,
        mut events: impl FnMut(TransferEvent),
    ) -> Result<Summary, TransferError> {
        let path: PathBuf = folder.as_ref().to_path_buf();
        let opened = spawn_blocking(move || Folder::open(&path)).await;
        let folder =
            match opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())) {
                Ok(folder) => Arc::new(folder),
                Err(error) => {
                    self.give_up(Reason::Unwritable).await;
                    return Err(error);
                }
            };
        let (tell, told) = mpsc::unbounded_channel();
        let stop = Stop(Arc::new(AtomicBool::new(false)));
        if let Some(id) = self.machine.id() {
            let reason = Reason::Cancelled;
            self.pump.set_farewell(Message::Refuse { id, reason });
        }
        let total = self.offer();
        let listing = Arc::new(self.machine.listing().clone());
        let mut receiver = Receiver {
            pump: self.pump,
            machine: self.machine,
            listing,
            folder,
            overwrite: options.overwrite,
            disk: None,
            tell,
            told,
            summary: Summary {
                total,
                ..Summary::default()
            },
            began: Instant::now(),
            end: None,
            stop,
        };
        let result = receiver.run(&mut events).await;
        receiver.finish(result).await
    }

    async fn give_up(mut self, reason: Reason) {
        for output in self.machine.handle(ReceivingInput::Unwanted(reason)) {
            if let ReceivingOutput::Send(message) = output {
                self.pump.send(message);
            }
        }
        self.pump.over();
        last_words(&mut self.pump).await;
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("offer", &self.offer())
            .finish_non_exhaustive()
    }
}

/// Tells the threads when nobody waits for them any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Receiver<'a> {
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

/// What the disk is to do, in this order.
enum Command {
    MakeFolders,
    Open { index: u32, offset: u64 },
    Write(Vec<u8>),
    Close { index: u32, hash: Hash },
    Discard(u32),
}

/// What the disk did.
enum Report {
    Surveyed(Survey),
    FoldersMade,
    Stored { index: u32, renamed: Option<String> },
    NotStored(Failure),
}

impl Receiver<'_> {
    async fn run(&mut self, events: &mut impl FnMut(TransferEvent)) -> Result<(), TransferError> {
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
                ReceivingOutput::Failed { reason, theirs } => {
                    self.end = Some(Err(failed(reason, theirs)));
                }
            }
        }
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
        let (commands, mut todo) = mpsc::channel(AHEAD);
        let mut disk = Disk {
            listing: self.listing.clone(),
            folder: self.folder.clone(),
            overwrite: self.overwrite,
            parts,
            landing: None,
            tell: self.tell.clone(),
            closing: Arc::new(Semaphore::new(CLOSING)),
        };
        let runtime = Handle::current();
        let thread = spawn_blocking(move || {
            while let Some(command) = todo.blocking_recv() {
                disk.carry_out(command, &runtime);
            }
            // Whoever waits for this thread waits for what it began.
            let _ = runtime.block_on(disk.closing.acquire_many(CLOSING as u32));
        });
        self.disk = Some((commands, thread));
    }

    /// Waits while the disk is behind, and with it the link.
    async fn command(&self, command: Command) {
        if let Some((commands, _)) = &self.disk {
            // A disk that ended has said why.
            let _ = commands.send(command).await;
        }
    }

    /// Lets the disk finish what it has, and the last words go.
    async fn finish(mut self, result: Result<(), TransferError>) -> Result<Summary, TransferError> {
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

/// Writes, on a thread of its own.
struct Disk {
    listing: Arc<Listing>,
    folder: Arc<Folder>,
    overwrite: bool,
    parts: HashMap<u32, Sha256>,
    landing: Option<(u32, Landing)>,
    tell: mpsc::UnboundedSender<Report>,
    closing: Arc<Semaphore>,
}

impl Disk {
    fn carry_out(&mut self, command: Command, runtime: &Handle) {
        match command {
            Command::MakeFolders => {
                for (index, entry) in (0..).zip(self.listing.entries()) {
                    if entry.is_file() {
                        continue;
                    }
                    if let Err(error) = self.folder.make_folder(&entry.path) {
                        self.failed(index, super::write_reason(&error));
                    }
                }
                let _ = self.tell.send(Report::FoldersMade);
            }
            Command::Open { index, offset } => {
                let hasher = self.parts.remove(&index).filter(|_| offset > 0);
                let Some(entry) = self.entry(index) else {
                    return;
                };
                let hasher = hasher.unwrap_or_default();
                match Landing::open(self.folder.clone(), entry, offset, hasher) {
                    Ok(landing) => self.landing = Some((index, landing)),
                    Err(reason) => self.failed(index, reason),
                }
            }
            Command::Write(data) => {
                if let Some((index, mut landing)) = self.landing.take() {
                    match landing.write(&data) {
                        Ok(()) => self.landing = Some((index, landing)),
                        Err(reason) => self.failed(index, reason),
                    }
                }
            }
            Command::Close { index, hash } => {
                let Some((_, landing)) = self.landing.take().filter(|(open, _)| *open == index)
                else {
                    return;
                };
                let Ok(permit) = runtime.block_on(self.closing.clone().acquire_owned()) else {
                    return;
                };
                let (tell, overwrite) = (self.tell.clone(), self.overwrite);
                // To wait for the disk file after file would take longer than to send them.
                runtime.spawn_blocking(move || {
                    let report = match landing.close(hash, overwrite) {
                        Ok(landed) => Report::Stored {
                            index,
                            renamed: landed.renamed,
                        },
                        Err(reason) => Report::NotStored(Failure { index, reason }),
                    };
                    let _ = tell.send(report);
                    drop(permit);
                });
            }
            Command::Discard(index) => match self.landing.take() {
                Some((open, landing)) if open == index => landing.discard(),
                other => {
                    self.landing = other;
                    if let Some(entry) = self.entry(index) {
                        let _ = std::fs::remove_file(self.folder.partial(&entry.path));
                    }
                }
            },
        }
    }

    fn entry(&self, index: u32) -> Option<Entry> {
        self.listing.entry(index).cloned()
    }

    fn failed(&self, index: u32, reason: Reason) {
        let _ = self.tell.send(Report::NotStored(Failure { index, reason }));
    }
}

/// The next input from the peer.
async fn heard(pump: &mut Pump<'_>) -> Result<ReceivingInput, TransferError> {
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

fn failed(reason: Reason, theirs: bool) -> TransferError {
    if theirs {
        TransferError::Theirs(reason)
    } else {
        TransferError::Ours(reason)
    }
}

/// Commands that wait for the disk: about 1 MiB of data.
const AHEAD: usize = 64;

/// Files that are made safe at the same time: the disk's journal takes them together.
const CLOSING: usize = 8;

/// Messages that may wait to be sent before no more are heard: a sender that takes no answers
/// gets to send no more.
const MOST_UNSAID: usize = 1_000;
