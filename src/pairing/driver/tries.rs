//! The connections behind the machine's attempts: made, brought up and closed on tasks of their
//! own, which tell what came of them.

use super::transport::{Connection, Transport, TransportError};
use crate::{
    link::{Code, Encounter, Heartbeat, Introduction, ProofError, Side},
    pairing::Attempt,
    signal::Description,
};
use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinHandle};

/// What came of an attempt.
pub(super) enum Told {
    /// Its description is made.
    Described(
        Attempt,
        Result<(Arc<dyn Connection>, Description), TransportError>,
    ),
    /// Both sides reach each other.
    Reached(Attempt),
    /// Its channel is open and proven, or will not be.
    Proven(Attempt, Result<Introduction, Untrue>),
}

/// Why an attempt brought nobody.
pub(super) enum Untrue {
    Transport(TransportError),
    Proof(ProofError),
}

/// Every live attempt. Dropping it closes them.
pub(super) struct Tries {
    transport: Arc<dyn Transport>,
    code: Option<Code>,
    heartbeat: Heartbeat,
    live: HashMap<Attempt, Try>,
    tell: mpsc::UnboundedSender<Told>,
}

#[derive(Default)]
struct Try {
    connection: Option<Arc<dyn Connection>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Tries {
    /// Told things come out of the receiver.
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        code: Option<Code>,
        heartbeat: Heartbeat,
    ) -> (Self, mpsc::UnboundedReceiver<Told>) {
        let (tell, told) = mpsc::unbounded_channel();
        let tries = Self {
            transport,
            code,
            heartbeat,
            live: HashMap::new(),
            tell,
        };
        (tries, told)
    }

    /// Makes a connection with an offer, or with the answer to an offer, given with its packed
    /// bytes.
    pub(super) fn describe(&mut self, attempt: Attempt, offer: Option<(Description, Vec<u8>)>) {
        let (transport, tell) = (self.transport.clone(), self.tell.clone());
        self.run(attempt, async move {
            let described = match &offer {
                None => transport.offer().await,
                Some((offer, packed)) => transport
                    .answer(offer)
                    .await
                    .map(|(connection, answer)| (connection, answer.answering(packed))),
            };
            if let Err(mpsc::error::SendError(Told::Described(_, Ok((connection, _))))) =
                tell.send(Told::Described(attempt, described))
            {
                connection.close().await;
            }
        });
    }

    /// Keeps the connection that was made. False if the attempt was abandoned meanwhile; the
    /// connection is then closed.
    pub(super) fn keep(&mut self, attempt: Attempt, connection: Arc<dyn Connection>) -> bool {
        match self.live.get_mut(&attempt) {
            Some(live) => {
                live.connection = Some(connection);
                true
            }
            None => {
                tokio::spawn(async move { connection.close().await });
                false
            }
        }
    }

    /// Brings up the link of an attempt; with the answer that its offer was waiting for.
    pub(super) fn bring_up(&mut self, attempt: Attempt, answer: Option<Description>) {
        let live = self.live.get(&attempt);
        let Some(connection) = live.and_then(|live| live.connection.clone()) else {
            return;
        };
        let (tell, heartbeat) = (self.tell.clone(), self.heartbeat.clone());
        let encounter = Encounter {
            side: match answer {
                Some(_) => Side::Offerer,
                None => Side::Answerer,
            },
            secret: None,
            code: self.code.clone(),
        };
        self.run(attempt, async move {
            let introduction = async {
                if let Some(answer) = answer {
                    connection.accept(&answer).await?;
                }
                connection.reached().await?;
                let _ = tell.send(Told::Reached(attempt));
                let channel = connection.channel().await?;
                Ok(channel.prove(&encounter, heartbeat, PROOF).await?)
            };
            let _ = tell.send(Told::Proven(attempt, introduction.await));
        });
    }

    /// Lets go of an attempt.
    pub(super) fn abandon(&mut self, attempt: Attempt) {
        if let Some(gone) = self.live.remove(&attempt) {
            gone.close();
        }
    }

    /// Gives an attempt's connection into other hands: it is not closed any more.
    pub(super) fn release(&mut self, attempt: Attempt) {
        self.live.remove(&attempt);
    }

    fn run(&mut self, attempt: Attempt, work: impl Future<Output = ()> + Send + 'static) {
        let task = tokio::spawn(work);
        self.live.entry(attempt).or_default().tasks.push(task);
    }
}

impl Drop for Tries {
    fn drop(&mut self) {
        for (_, gone) in self.live.drain() {
            gone.close();
        }
    }
}

impl Try {
    fn close(self) {
        // A connection in the making is not stopped half-way: its task finds that nobody waits
        // for it any more, and closes it.
        let Some(connection) = self.connection else {
            return;
        };
        for task in &self.tasks {
            task.abort();
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { connection.close().await });
        }
    }
}

impl From<TransportError> for Untrue {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<ProofError> for Untrue {
    fn from(error: ProofError) -> Self {
        Self::Proof(error)
    }
}

/// As long as the proof may take: five ways over the network, however slow.
const PROOF: Duration = Duration::from_secs(5);
