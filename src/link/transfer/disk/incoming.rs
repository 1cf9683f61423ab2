//! Files that are offered over a link, until somebody wants them.

use super::{
    event::{Summary, TransferError, TransferEvent},
    files::Source,
    folder::Folder,
    pump::Pump,
    receive::{Receiver, failed, heard},
    send::last_words,
};
use crate::link::{
    Link,
    transfer::{Listing, Message, Offer, Reason, Receiving, ReceivingInput, ReceivingOutput},
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::task::spawn_blocking;

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
        receive(self).await
    }
}

/// Waits over a link, or over the [files](super::files) of one.
pub(super) async fn receive(source: &mut dyn Source) -> Result<Incoming<'_>, TransferError> {
    let (pump, _) = Pump::new(source).await;
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
        if let Some(id) = self.machine.id() {
            let reason = Reason::Cancelled;
            self.pump.set_farewell(Message::Refuse { id, reason });
        }
        let mut receiver = Receiver::new(self.pump, self.machine, folder, options.overwrite);
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
