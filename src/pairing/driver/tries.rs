//! The connections behind the machine's attempts: made, brought up and closed on tasks of their
//! own, which tell what came of them.

use super::transport::{Connection, Transport, TransportError};
use crate::{
    link::{Code, Encounter, Heartbeat, Introduction, ProofError, Secret, Side, Unproven},
    pairing::Attempt,
    signal::{Arrival, Beacon, Description, Invitation, Signal, Tag},
};
use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::mpsc, task::JoinHandle, time::sleep};

/// What came of an attempt.
pub(super) enum Told {
    /// Its description is made.
    Described(
        Attempt,
        Result<(Arc<dyn Connection>, Signal), TransportError>,
    ),
    /// Somebody who heard its beacon is at the door.
    Knocked(Attempt),
    /// Whose beacon it answers is pairing with somebody else.
    Refused(Attempt),
    /// Both sides reach each other.
    Reached(Attempt),
    /// Its channel is open and proven, or will not be.
    Proven(Attempt, Result<Introduction, Untrue>),
}

/// What a connection is wanted for.
pub(super) enum Purpose {
    /// To be reached by whoever hears a beacon, which is to hold half a fingerprint or all of it.
    Beacon { short: bool },
    /// To be connected to whoever answers an offer.
    Offer,
    /// To answer an offer.
    Answer(Description),
    /// To reach whoever said a beacon, at once if straight.
    Approach { beacon: Beacon, straight: bool },
    /// To come as a guest to whoever said an invitation, at once if straight.
    Join {
        invitation: Invitation,
        straight: bool,
    },
}

/// By what a connection is brought up.
pub(super) enum Entry {
    /// By our answer, or by going where a beacon or an invitation said.
    Ours,
    /// By somebody's answer to our offer or beacon.
    Answer(Description),
    /// By somebody who knocks.
    Knock,
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
    /// Where connections are closed, wherever this is dropped.
    runtime: Handle,
}

#[derive(Default)]
struct Try {
    connection: Option<Arc<dyn Connection>>,
    /// The beacon's or the invitation's, if there is one.
    secret: Option<[u8; 8]>,
    /// Whether it holds back until our answer has been said.
    holds_back: bool,
    /// Whether it is that of a guest.
    is_guest: bool,
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
            runtime: Handle::current(),
        };
        (tries, told)
    }

    /// What went wrong with connections and was done without.
    pub(super) fn troubles(&self) -> Vec<TransportError> {
        self.transport.troubles()
    }

    /// Makes a connection, and what is to be said of it. Answers are to the offer or beacon of
    /// these bytes.
    pub(super) fn describe(&mut self, attempt: Attempt, purpose: Purpose, packed: Vec<u8>) {
        let live = self.live.entry(attempt).or_default();
        match &purpose {
            Purpose::Approach { beacon, straight } => {
                live.secret = Some(beacon.secret.0);
                live.holds_back = !straight;
            }
            Purpose::Join {
                invitation,
                straight,
            } => {
                live.secret = Some(invitation.guest().secret.0);
                live.holds_back = !straight;
                live.is_guest = true;
            }
            Purpose::Beacon { .. } | Purpose::Offer | Purpose::Answer(_) => {}
        }
        let (transport, tell) = (self.transport.clone(), self.tell.clone());
        self.run(attempt, async move {
            let described = make(&*transport, purpose, &packed).await;
            if let Err(mpsc::error::SendError(Told::Described(_, Ok((connection, _))))) =
                tell.send(Told::Described(attempt, described))
            {
                connection.close().await;
            }
        });
    }

    /// Keeps the connection that was made. False if the attempt was abandoned meanwhile; the
    /// connection is then closed.
    pub(super) fn keep(
        &mut self,
        attempt: Attempt,
        connection: Arc<dyn Connection>,
        signal: &Signal,
    ) -> bool {
        let Some(live) = self.live.get_mut(&attempt) else {
            tokio::spawn(async move { connection.close().await });
            return false;
        };
        live.connection = Some(connection.clone());
        if let Signal::Beacon(beacon) = signal {
            live.secret = Some(beacon.secret.0);
            self.watch_the_door(attempt, connection);
        }
        true
    }

    /// Tells of every knock; who is not let in knocks again.
    fn watch_the_door(&mut self, attempt: Attempt, connection: Arc<dyn Connection>) {
        let tell = self.tell.clone();
        self.run(attempt, async move {
            while connection.knocked().await.is_ok() {
                let _ = tell.send(Told::Knocked(attempt));
                sleep(BETWEEN_KNOCKS).await;
            }
        });
    }

    /// A word of ours has been said to its end: connections that waited for that go on, a little
    /// later, so that the other side understands before it is reached.
    pub(super) fn said(&mut self) {
        let waiting = self.live.values_mut().filter(|live| live.holds_back);
        for live in waiting {
            if let Some(connection) = live.connection.clone() {
                live.tasks.push(tokio::spawn(async move {
                    sleep(UNDERSTANDING).await;
                    connection.answered().await;
                }));
            }
        }
    }

    /// Brings up the link of an attempt.
    pub(super) fn bring_up(&mut self, attempt: Attempt, entry: Entry) {
        let Some(live) = self.live.get(&attempt) else {
            return;
        };
        let Some(connection) = live.connection.clone() else {
            return;
        };
        let encounter = Encounter {
            side: match entry {
                Entry::Ours => Side::Answerer,
                Entry::Answer(_) | Entry::Knock => Side::Offerer,
            },
            secret: live.secret.map(Secret::new),
            code: self.code.clone(),
        };
        let (tell, heartbeat) = (self.tell.clone(), self.heartbeat.clone());
        let way_back = self.transport.way_back();
        let is_guest = live.is_guest;
        self.run(attempt, async move {
            let introduction = async {
                match entry {
                    Entry::Ours => {}
                    Entry::Answer(answer) => connection.accept(&answer).await?,
                    Entry::Knock => connection.admit().await?,
                }
                let mut channel = match is_guest {
                    false => {
                        connection.reached().await?;
                        let _ = tell.send(Told::Reached(attempt));
                        connection.channel().await?
                    }
                    true => tokio::select! {
                        channel = welcome(&*connection) => {
                            let channel = channel?;
                            let _ = tell.send(Told::Reached(attempt));
                            channel
                        }
                        () = unwelcome(&*connection) => return Ok(Told::Refused(attempt)),
                    },
                };
                if let Some(way_back) = way_back {
                    channel = channel.with_way_back(way_back);
                }
                let introduction = channel.prove(&encounter, heartbeat, PROOF).await?;
                Ok(Told::Proven(attempt, Ok(introduction)))
            };
            let told = tokio::select! {
                told = introduction => told.unwrap_or_else(|untrue| Told::Proven(attempt, Err(untrue))),
                () = connection.refused() => Told::Refused(attempt),
            };
            let _ = tell.send(told);
        });
    }

    /// Lets go of an attempt.
    pub(super) fn abandon(&mut self, attempt: Attempt) {
        if let Some(gone) = self.live.remove(&attempt) {
            gone.close(&self.runtime);
        }
    }

    /// Gives an attempt's connection into other hands: it is not closed any more, and nobody waits
    /// at its door.
    pub(super) fn release(&mut self, attempt: Attempt) {
        if let Some(released) = self.live.remove(&attempt) {
            released.tasks.iter().for_each(JoinHandle::abort);
        }
    }

    fn run(&mut self, attempt: Attempt, work: impl Future<Output = ()> + Send + 'static) {
        let task = tokio::spawn(work);
        self.live.entry(attempt).or_default().tasks.push(task);
    }
}

impl Drop for Tries {
    fn drop(&mut self) {
        for (_, gone) in self.live.drain() {
            gone.close(&self.runtime);
        }
    }
}

impl Try {
    fn close(self, runtime: &Handle) {
        // A connection in the making is not stopped half-way: its task finds that nobody waits
        // for it any more, and closes it.
        let Some(connection) = self.connection else {
            return;
        };
        for task in &self.tasks {
            task.abort();
        }
        runtime.spawn(async move { connection.close().await });
    }
}

/// The channel to who said an invitation, once that has spoken to us. A browser lets every guest in
/// as far as ICE, also while its page's mind is on somebody else; it speaks to the one whom it wants.
async fn welcome(connection: &dyn Connection) -> Result<Unproven, Untrue> {
    connection.reached().await?;
    let mut channel = connection.channel().await?;
    channel.spoken_to().await?;
    Ok(channel)
}

/// Long enough after the other side has noticed us for it to have spoken to us.
async fn unwelcome(connection: &dyn Connection) {
    connection.noticed().await;
    sleep(WELCOME).await;
}

async fn make(
    transport: &dyn Transport,
    purpose: Purpose,
    packed: &[u8],
) -> Result<(Arc<dyn Connection>, Signal), TransportError> {
    Ok(match purpose {
        Purpose::Beacon { short } => {
            let (connection, mut beacon) = transport.beacon().await?;
            if short {
                beacon.fingerprint = beacon.fingerprint.truncated();
            }
            (connection, beacon.into())
        }
        Purpose::Offer => {
            let (connection, offer) = transport.offer().await?;
            (connection, offer.into())
        }
        Purpose::Answer(offer) => {
            let (connection, answer) = transport.answer(&offer).await?;
            (connection, answer.answering(packed).into())
        }
        Purpose::Approach { beacon, straight } => {
            let (connection, answer) = transport.approach(&beacon, straight).await?;
            (connection, answer.answering(packed).into())
        }
        Purpose::Join {
            invitation,
            straight,
        } => {
            let (connection, candidates) = transport.join(&invitation, straight).await?;
            let answers = Tag::of(packed);
            let arrival = Arrival {
                answers,
                candidates,
            };
            (connection, arrival.into())
        }
    })
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

/// A guest who was noticed and is not spoken to within this is not the one whom its host wants: that
/// takes a few ways over the network, or a second more if the host has to find out first that it does
/// not reach us. Shorter than what is waited before an answer is said.
const WELCOME: Duration = Duration::from_millis(1600);

/// Checks come every twentieth of a second; who waits at the door is told of less often.
const BETWEEN_KNOCKS: Duration = Duration::from_millis(100);

/// From the end of a word until the other side has understood it.
const UNDERSTANDING: Duration = Duration::from_secs(1);
