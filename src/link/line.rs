//! What a link's senders, its keeper and the connection of the moment have in common: the messages
//! to be sent, and the one task that sends them. A link is the same line from its beginning to its
//! end, over one connection after another.

use super::{
    Channel, ChannelError, Frame, Standing,
    flow::Flow,
    ledger::{Impossible, Ledger, Said},
};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::timeout,
};

/// One side of a link, whatever carries it.
pub(super) struct Line {
    pub(super) flow: Flow,
    pub(super) standing: watch::Sender<Standing>,
    books: Mutex<Books>,
    more: Notify,
    all_sent: Notify,
    accepted: AtomicBool,
}

struct Books {
    ledger: Ledger,
    channel: Option<Arc<dyn Channel>>,
    writer: Option<JoinHandle<()>>,
    /// Counts the connections: a writer of an earlier one has nothing to say any more.
    connection: u64,
    /// Whether the writer still has one in hand.
    sending: bool,
    over: bool,
}

/// What a writer has to do.
enum Next {
    Send(Said),
    Wait,
    /// Nothing more: another connection has taken the place of this one.
    Left,
}

impl Line {
    /// Begins over this channel.
    pub(super) fn new(channel: Arc<dyn Channel>) -> Arc<Self> {
        let line = Arc::new(Self {
            flow: Flow::new(),
            standing: watch::Sender::new(Standing::Open),
            books: Mutex::new(Books {
                ledger: Ledger::default(),
                channel: None,
                writer: None,
                connection: 0,
                sending: false,
                over: false,
            }),
            more: Notify::new(),
            all_sent: Notify::new(),
            accepted: AtomicBool::new(false),
        });
        line.carry(&mut line.books(), channel);
        line
    }

    /// Takes a frame to be sent: it arrives if the link lasts, though this connection may not.
    pub(super) fn say(&self, frame: &Frame) -> Result<(), ChannelError> {
        let message = frame.encode();
        let mut books = self.books();
        if books.over {
            return Err(ChannelError("the link is over".to_owned()));
        }
        let cost = match frame {
            Frame::Text(_) | Frame::Data(_) | Frame::Files(_) => self.flow.sent(message.len()),
            _ => 0,
        };
        if *frame == Frame::Accept {
            self.accepted.store(true, Ordering::SeqCst);
            self.flow.owe();
        }
        books.ledger.say(message, cost);
        drop(books);
        self.more.notify_one();
        Ok(())
    }

    /// Whether our user has accepted the other side.
    pub(super) fn has_accepted(&self) -> bool {
        self.accepted.load(Ordering::SeqCst)
    }

    /// A numbered message has come.
    pub(super) fn heard(&self) {
        self.books().ledger.heard();
    }

    /// How many numbered messages have come.
    pub(super) fn heard_so_far(&self) -> u64 {
        self.books().ledger.heard_so_far()
    }

    /// The peer says that its user has taken so much.
    pub(super) fn peer_has_taken(&self, total: u64) {
        let total = self.books().ledger.taken(total);
        self.flow.peer_has_taken(total);
    }

    /// Goes on over another connection; the peer has heard so many messages.
    pub(super) fn go_on(
        self: &Arc<Self>,
        channel: Arc<dyn Channel>,
        theirs: u64,
    ) -> Result<(), Impossible> {
        let mut books = self.books();
        books.leave();
        books.ledger.go_on(theirs)?;
        self.carry(&mut books, channel);
        Ok(())
    }

    /// Sends nothing more over the connection of the moment, and gives it back.
    pub(super) fn leave(&self) -> Option<Arc<dyn Channel>> {
        self.books().leave()
    }

    /// The link is over: nothing more will be said.
    pub(super) fn over(&self) {
        self.books().over = true;
        self.flow.over();
        self.standing.send_replace(Standing::Over);
        self.all_sent.notify_waiters();
    }

    /// Waits until all that was said has been sent, or the link is over, but no longer than
    /// `at_most`; then as long again until it has arrived.
    pub(super) async fn flush(&self, at_most: Duration) {
        let sent = async {
            loop {
                let told = self.all_sent.notified();
                tokio::pin!(told);
                told.as_mut().enable();
                {
                    let books = self.books();
                    let sent = books.ledger.is_sent() && !books.sending;
                    if books.over || books.channel.is_none() || sent {
                        break;
                    }
                }
                told.await;
            }
        };
        let _ = timeout(at_most, sent).await;
        let channel = self.books().channel.clone();
        if let Some(channel) = channel {
            channel.flush(at_most).await;
        }
    }

    /// Lets go of the connection.
    pub(super) async fn close(&self) {
        self.over();
        if let Some(channel) = self.leave() {
            channel.close().await;
        }
    }

    fn carry(self: &Arc<Self>, books: &mut Books, channel: Arc<dyn Channel>) {
        books.connection += 1;
        books.channel = Some(channel.clone());
        let (line, connection) = (self.clone(), books.connection);
        books.writer = Some(tokio::spawn(async move {
            line.write(&*channel, connection).await
        }));
    }

    /// Sends what there is to be sent, for as long as this is the connection of the moment.
    async fn write(&self, channel: &dyn Channel, connection: u64) {
        loop {
            match self.next(connection) {
                Next::Send(message) => {
                    if Frame::is_bye(&message) {
                        // All that we have taken is told before the last word.
                        let taken = Frame::Taken(self.flow.taken()).encode();
                        let _ = channel.send(&taken).await;
                    }
                    if channel.send(&message).await.is_err() {
                        // Who reads from it finds out, and why.
                        return;
                    }
                }
                Next::Wait => self.more.notified().await,
                Next::Left => {
                    // It may have been the other's notice that woke us.
                    self.more.notify_one();
                    return;
                }
            }
        }
    }

    /// What is next for this connection. A message given here may have arrived from now on; to ask
    /// again says that it was sent.
    fn next(&self, connection: u64) -> Next {
        let mut books = self.books();
        if books.connection != connection {
            return Next::Left;
        }
        let Some(message) = books.ledger.next() else {
            books.sending = false;
            self.all_sent.notify_waiters();
            return Next::Wait;
        };
        books.ledger.sent();
        books.sending = true;
        Next::Send(message)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn leave(&mut self) -> Option<Arc<dyn Channel>> {
        if let Some(writer) = self.writer.take() {
            writer.abort();
        }
        self.connection += 1;
        self.sending = false;
        self.channel.take()
    }
}
