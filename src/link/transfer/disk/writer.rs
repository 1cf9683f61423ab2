//! The thread that writes what comes, in the order in which it comes.

use super::{folder::Folder, landing::Landing, survey::Survey};
use crate::link::transfer::{Entry, Failure, Hash, Listing, Reason};
use sha2::Sha256;
use std::{collections::HashMap, sync::Arc};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
    task::{JoinHandle, spawn_blocking},
};

/// Starts the thread. It ends when nobody can command it any more, with all that it began.
pub(super) fn start(
    listing: Arc<Listing>,
    folder: Arc<Folder>,
    overwrite: bool,
    parts: HashMap<u32, Sha256>,
    tell: mpsc::UnboundedSender<Report>,
) -> (mpsc::Sender<Command>, JoinHandle<()>) {
    let (commands, mut todo) = mpsc::channel(AHEAD);
    let mut disk = Disk {
        listing,
        folder,
        overwrite,
        parts,
        landing: None,
        tell,
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
    (commands, thread)
}

/// What the disk is to do, in this order.
pub(super) enum Command {
    MakeFolders,
    Open { index: u32, offset: u64 },
    Write(Vec<u8>),
    Close { index: u32, hash: Hash },
    Discard(u32),
}

/// What the disk did.
pub(super) enum Report {
    Surveyed(Survey),
    FoldersMade,
    Stored { index: u32, renamed: Option<String> },
    NotStored(Failure),
}

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

/// Commands that wait for the disk: about 1 MiB of data.
const AHEAD: usize = 64;

/// Files that are made safe at the same time: the disk's journal takes them together.
const CLOSING: usize = 8;
