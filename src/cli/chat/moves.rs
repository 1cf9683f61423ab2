//! Files that move while the chat goes on: one transfer at a time, either way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use airshake::link::transfer::{
    Files, Listing, Offering, ReceiveOptions, Summary, TransferError, TransferEvent, Wish,
};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// Carries out what is ordered, and tells what happens.
pub(super) struct Moves {
    orders: mpsc::Sender<Offering>,
    cancel: Arc<Notify>,
    task: JoinHandle<()>,
}

/// What happens to files.
pub(super) enum News {
    /// The other side offers this. It waits for the answer, and does not wait for ever.
    Offered(Listing, oneshot::Sender<bool>),
    /// It does not stand any more.
    Withdrawn(TransferError),
    /// It was refused here.
    Refused,
    /// The other side waits for files.
    Wanted,
    Moving(TransferEvent),
    /// It is over; whether it was sent.
    Ended {
        sent: bool,
        result: Result<Summary, TransferError>,
    },
    /// It was stopped here.
    Stopped,
}

impl Moves {
    /// Puts what comes into that folder.
    pub(super) fn begin(files: Files, into: PathBuf) -> (Self, mpsc::UnboundedReceiver<News>) {
        let (orders, todo) = mpsc::channel(1);
        let (tell, news) = mpsc::unbounded_channel();
        let cancel = Arc::new(Notify::new());
        let mover = Mover {
            files,
            into,
            tell,
            cancel: cancel.clone(),
        };
        let task = tokio::spawn(mover.go_on(todo));
        let moves = Self {
            orders,
            cancel,
            task,
        };
        (moves, news)
    }

    /// Sends these. False if others still move or wait.
    pub(super) fn send(&self, offering: Offering) -> bool {
        self.orders.try_send(offering).is_ok()
    }

    /// Stops what moves.
    pub(super) fn cancel(&self) {
        self.cancel.notify_waiters();
    }
}

impl Drop for Moves {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Mover {
    files: Files,
    into: PathBuf,
    tell: mpsc::UnboundedSender<News>,
    cancel: Arc<Notify>,
}

impl Mover {
    async fn go_on(mut self, mut todo: mpsc::Receiver<Offering>) {
        loop {
            tokio::select! {
                offering = todo.recv() => match offering {
                    Some(offering) => self.send(&offering).await,
                    None => return,
                },
                wish = self.files.wish() => match wish {
                    Wish::Offers => self.receive().await,
                    Wish::Waits => self.say(News::Wanted),
                    _ => return,
                },
            }
        }
    }

    fn say(&self, news: News) {
        // A chat that is over needs no news.
        let _ = self.tell.send(news);
    }

    async fn send(&mut self, offering: &Offering) {
        let tell = self.tell.clone();
        let result = tokio::select! {
            result = self.files.send(offering, |event| {
                let _ = tell.send(News::Moving(event));
            }) => Some(result),
            () = self.cancel.notified() => None,
        };
        self.say(match result {
            Some(result) => News::Ended { sent: true, result },
            None => News::Stopped,
        });
    }

    async fn receive(&mut self) {
        let (tell, cancel) = (self.tell.clone(), self.cancel.clone());
        let news = tokio::select! {
            news = take(&mut self.files, &self.into, &tell) => news,
            () = cancel.notified() => News::Stopped,
        };
        self.say(news);
    }
}

async fn take(files: &mut Files, into: &Path, tell: &mpsc::UnboundedSender<News>) -> News {
    let mut incoming = match files.receive().await {
        Ok(incoming) => incoming,
        Err(error) => return News::Withdrawn(error),
    };
    let (answer, answered) = oneshot::channel();
    let _ = tell.send(News::Offered(incoming.listing().clone(), answer));
    let wanted = tokio::select! {
        answer = answered => answer.unwrap_or(false),
        error = incoming.withdrawn() => return News::Withdrawn(error),
    };
    if !wanted {
        incoming.refuse().await;
        return News::Refused;
    }
    let taken = incoming.accept(into, ReceiveOptions::default(), |event| {
        let _ = tell.send(News::Moving(event));
    });
    News::Ended {
        sent: false,
        result: taken.await,
    }
}
