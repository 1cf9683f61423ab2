//! What keeps a link: one task reads, beats and watches, and when the connection breaks it brings
//! the two together again.

use super::{
    Channel, CloseReason, Frame, Heartbeat, LinkEvent, Standing,
    endpoint::WITHOUT_DOORS,
    line::Line,
    reunion::{Bond, Reunion},
    reunite::{Met, again},
    way_back::WayBack,
};
use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

/// Something that came, and what it cost of the window.
pub(super) type Delivery = (LinkEvent, u64);

/// Reads the channel until the link is over, and says so last.
///
/// The queue of events holds no more than the peer may send before some are taken; if it sends more
/// all the same, nothing is read until they are, and the beat goes on.
pub(super) struct Keeper {
    line: Arc<Line>,
    events: mpsc::UnboundedSender<Delivery>,
    /// Becomes true once the peer has accepted us; before that it may send nothing for use.
    accepted: watch::Sender<bool>,
    heartbeat: Heartbeat,
    /// The connection of the moment; none if it is closed and no other has taken its place.
    channel: Option<Arc<dyn Channel>>,
    /// One that we have left, and the other side perhaps not yet.
    left: Option<Arc<dyn Channel>>,
    /// Whether it came of a reunion. Then it has the doors that the next one needs.
    at_the_doors: bool,
    heard: Instant,
    /// Whether the peer has said that it will send no more data.
    ended: bool,
    bond: Bond,
    way: Option<Arc<dyn WayBack>>,
    /// Where the peer is, and where we have told it that we are.
    doors: Vec<SocketAddr>,
    /// Whether the peer says that it cannot be found again elsewhere.
    doorless: bool,
    told: Vec<SocketAddr>,
    /// Doors of the peer that say that nobody is there: if the peer is heard later, they lie.
    asking: Option<Pending<Vec<SocketAddr>>>,
    suspects: Vec<SocketAddr>,
    liars: Vec<SocketAddr>,
    looked: Option<Instant>,
    lost: Option<Lost>,
    /// How often the connection broke.
    breaks: u32,
    /// Since when, and when last, the peer says that it does not hear us.
    unheard: Option<(Instant, Instant)>,
    reunion: Option<Pending<Met>>,
    gone: Option<Pending<()>>,
}

/// A broken connection.
struct Lost {
    since: Instant,
}

type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What happened.
enum Happened {
    Came(Option<Vec<u8>>),
    Owing,
    Tick,
    Met(Box<Met>),
    Gone,
    Asked(Vec<SocketAddr>),
}

impl Keeper {
    pub(super) fn new(
        line: Arc<Line>,
        channel: Arc<dyn Channel>,
        events: mpsc::UnboundedSender<Delivery>,
        accepted: watch::Sender<bool>,
        heartbeat: Heartbeat,
        bond: Bond,
        way: Option<Arc<dyn WayBack>>,
    ) -> Self {
        Self {
            line,
            events,
            accepted,
            heartbeat,
            channel: Some(channel),
            left: None,
            at_the_doors: false,
            heard: Instant::now(),
            ended: false,
            bond,
            way,
            doors: Vec::new(),
            doorless: false,
            told: Vec::new(),
            asking: None,
            suspects: Vec::new(),
            liars: Vec::new(),
            looked: None,
            lost: None,
            breaks: 0,
            unheard: None,
            reunion: None,
            gone: None,
        }
    }

    /// Keeps the link until it is over, or until nobody wants to know of it any more.
    pub(super) async fn keep(mut self) {
        if let Err(reason) = self.watch().await {
            self.line.over();
            let _ = self.events.send((LinkEvent::Closed { reason }, 0));
        }
    }

    async fn watch(&mut self) -> Result<(), CloseReason> {
        let mut ticks = interval(self.heartbeat.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.show_room().await;
        while !self.events.is_closed() {
            let full = self.line.flow.is_full();
            let channel = self.channel.clone();
            let happened = tokio::select! {
                came = receive(channel.as_deref()), if !full => Happened::Came(came),
                () = self.line.flow.owing() => Happened::Owing,
                _ = ticks.tick() => Happened::Tick,
                met = wait(&mut self.reunion) => Happened::Met(Box::new(met)),
                () = wait(&mut self.gone) => Happened::Gone,
                refusing = wait(&mut self.asking) => Happened::Asked(refusing),
            };
            match happened {
                Happened::Came(Some(message)) => self.hear(&message).await?,
                Happened::Came(None) if self.lost.is_some() => self.channel = None,
                Happened::Came(None) => return Err(CloseReason::ChannelClosed),
                Happened::Owing => {
                    if full {
                        // We did not listen meanwhile: that was not the peer's silence.
                        self.heard = Instant::now();
                    }
                    self.beat().await;
                    if self.looked.is_none() {
                        self.show_doors().await;
                    }
                }
                Happened::Tick => self.tick(full).await?,
                Happened::Asked(refusing) => self.suspects = refusing,
                Happened::Met(met) => self.resume(*met).await?,
                Happened::Gone if self.heard.elapsed() >= self.heartbeat.dead_after => {
                    return Err(CloseReason::PeerGone);
                }
                Happened::Gone => {
                    self.gone = Some(Box::pin(tokio::time::sleep(
                        self.heartbeat
                            .dead_after
                            .saturating_sub(self.heard.elapsed()),
                    )))
                }
            }
        }
        Ok(())
    }

    /// Something came.
    async fn hear(&mut self, message: &[u8]) -> Result<(), CloseReason> {
        self.heard = Instant::now();
        self.gone = None;
        self.liars.append(&mut self.suspects);
        self.bond.settle();
        if Frame::is_numbered(message) {
            self.line.heard();
        }
        let event = match Frame::decode(message) {
            Ok(Frame::Text(_) | Frame::Data(_) | Frame::Files(_) | Frame::End)
                if !*self.accepted.borrow() =>
            {
                return Err(CloseReason::TooEarly);
            }
            Ok(Frame::Text(text)) => LinkEvent::Text(text),
            Ok(Frame::Data(data)) => LinkEvent::Data(data),
            Ok(Frame::Files(message)) => LinkEvent::Files(message),
            Ok(Frame::End) => {
                // It costs nothing, so it is told once.
                if !std::mem::replace(&mut self.ended, true) {
                    let _ = self.events.send((LinkEvent::End, 0));
                }
                return Ok(());
            }
            Ok(Frame::Bye) => {
                self.beat().await;
                // The echo tells the peer that all it said before has arrived.
                self.tell(&Frame::Bye).await;
                if let Some(channel) = &self.channel {
                    channel.flush(FAREWELL).await;
                }
                return Err(CloseReason::PeerLeft);
            }
            Ok(Frame::Refuse) => return Err(CloseReason::Refused),
            Ok(Frame::Accept) => {
                self.accepted.send_replace(true);
                self.show_doors().await;
                return Ok(());
            }
            Ok(Frame::Taken(total)) => {
                self.line.peer_has_taken(total);
                return Ok(());
            }
            Ok(Frame::Doors(doors)) => {
                // It may overtake the acceptance, which waits its turn; nothing is done there before.
                self.doorless = doors.is_empty();
                if doors != self.doors {
                    self.doors = doors.clone();
                    self.liars.clear();
                    self.asking = self.way.clone().map(|way| -> Pending<_> {
                        Box::pin(async move { way.refusing(&doors).await })
                    });
                }
                return Ok(());
            }
            Ok(Frame::Lost(count)) => {
                let now = Instant::now();
                self.unheard = Some((self.unheard.map_or(now, |(since, _)| since), now));
                self.tell(&Frame::Found(count)).await;
                return Ok(());
            }
            Ok(Frame::Found(count)) => {
                if self.lost.is_some() && count == self.breaks {
                    // The old connection carries both ways again.
                    self.back(None);
                }
                return Ok(());
            }
            Ok(Frame::Roomy) => {
                if let Some(channel) = &self.channel {
                    channel.peer_is_roomy();
                }
                return Ok(());
            }
            // What is no frame of this version is not for us.
            Ok(Frame::Ping) | Err(_) => return Ok(()),
        };
        let cost = self.line.flow.arrived(message.len());
        let _ = self.events.send((event, cost));
        Ok(())
    }

    /// A beat is due.
    async fn tick(&mut self, full: bool) -> Result<(), CloseReason> {
        let silence = self.heard.elapsed();
        let Heartbeat {
            every, dead_after, ..
        } = self.heartbeat;
        let now = Instant::now();
        // It may not hear us, though we hear it; then the way there is broken.
        self.unheard = self.unheard.filter(|(_, last)| now - *last < 2 * every);
        let unheard = self
            .unheard
            .is_some_and(|(since, _)| now - since >= dead_after);
        match &self.lost {
            None if (!full && silence >= dead_after) || unheard => {
                if !self.lasts() {
                    return Err(CloseReason::PeerSilent { silence });
                }
                self.interrupt().await;
            }
            None => {}
            Some(lost) => {
                let silence = lost.since.elapsed();
                if silence >= dead_after + self.patience() {
                    return Err(CloseReason::PeerSilent { silence });
                }
            }
        }
        if silence >= every + every / 2
            && !full
            && self.gone.is_none()
            && !self.doors.is_empty()
            && let Some(way) = self.way.clone()
        {
            let mut doors = self.doors.clone();
            doors.retain(|door| !self.liars.contains(door));
            self.gone = Some(Box::pin(async move { way.gone(&doors).await }));
        }
        if self.lost.is_some() {
            self.look_for_doors();
            self.tell(&Frame::Lost(self.breaks)).await;
        } else {
            self.show_doors().await;
        }
        // Said again and again, so that none is missed that could not be sent.
        self.beat().await;
        Ok(())
    }

    /// Whether a broken connection is not the end.
    fn lasts(&self) -> bool {
        !self.heartbeat.patience.is_zero() && *self.accepted.borrow() && self.line.has_accepted()
    }

    /// How long a broken connection is waited for. There is less to hope for where only the old one
    /// can come back.
    fn patience(&self) -> Duration {
        match self.doorless {
            true => self.heartbeat.patience.min(WITHOUT_DOORS),
            false => self.heartbeat.patience,
        }
    }

    /// The connection is broken: looks for another, and whether it comes back by itself.
    async fn interrupt(&mut self) {
        self.lost = Some(Lost { since: self.heard });
        self.breaks = self.breaks.wrapping_add(1);
        self.line.standing.send_replace(Standing::Interrupted);
        let _ = self.events.send((LinkEvent::Interrupted, 0));
        if self.at_the_doors {
            self.abandon().await;
        }
        self.seek();
    }

    /// Leaves the connection of the moment, without a word. What was heard over it stands.
    async fn abandon(&mut self) {
        self.at_the_doors = false;
        let left = self.line.leave();
        if let Some(channel) = self.channel.take().or(left) {
            let _ = timeout(FAREWELL, channel.abandon()).await;
        }
    }

    /// Begins to look for the peer.
    fn seek(&mut self) {
        if let Some(way) = self.way.clone().filter(|_| !self.doors.is_empty()) {
            let again = again(way, self.doors.clone(), self.bond.clone());
            self.reunion = Some(Box::pin(again));
        }
    }

    /// The one we know is at the other end of a new connection.
    async fn resume(&mut self, met: Met) -> Result<(), CloseReason> {
        let Met {
            channel,
            mut reunion,
            theirs,
        } = met;
        self.reunion = None;
        // From here on nothing is read from the old connection: what we say we have heard stands. It
        // is not closed before the other side has left it too, who would take that for the end.
        self.line.leave();
        self.left = self.channel.take().or(self.left.take());
        let resume = Reunion::resume(self.line.heard_so_far());
        let agreed = timeout(AGREEMENT, async {
            channel.send(&resume).await.ok()?;
            match theirs {
                Some(heard) => Some(heard),
                None => reunion.handle(&channel.receive().await?).ok()?.heard,
            }
        });
        match agreed.await {
            Ok(Some(heard)) => {
                self.bond = reunion.into_bond();
                let line = self.line.clone();
                if line.go_on(channel.clone(), heard).is_err() {
                    channel.close().await;
                    return Err(CloseReason::OutOfStep);
                }
                self.at_the_doors = true;
                if let Some(left) = self.left.take() {
                    tokio::spawn(async move { left.close().await });
                }
                self.back(Some(channel));
                self.show_room().await;
                self.looked = None;
                self.show_doors().await;
            }
            _ => {
                // Without a word: the other side may already have gone on over it.
                let _ = timeout(FAREWELL, channel.abandon()).await;
                self.seek();
            }
        }
        Ok(())
    }

    /// The peer is there again: over that connection, or over the old one.
    fn back(&mut self, channel: Option<Arc<dyn Channel>>) {
        if let Some(channel) = channel {
            self.channel = Some(channel);
        }
        self.reunion = None;
        self.gone = None;
        self.unheard = None;
        let since = self.lost.take().map_or(self.heard, |lost| lost.since);
        self.heard = Instant::now();
        let after = since.elapsed();
        self.line.standing.send_replace(Standing::Resumed { after });
        let _ = self.events.send((LinkEvent::Resumed { after }, 0));
    }

    /// Tells the peer where it can find us, if that is not what it was told last.
    async fn show_doors(&mut self) {
        if !self.lasts() || !self.look_for_doors() {
            return;
        }
        let doors = Frame::Doors(self.told.clone());
        self.tell(&doors).await;
    }

    /// Tells the peer that it may send as much at once as we announce, if so: once over every
    /// connection, when nothing else is on its way.
    async fn show_room(&mut self) {
        if self
            .channel
            .as_ref()
            .is_some_and(|channel| channel.is_roomy())
        {
            self.tell(&Frame::Roomy).await;
        }
    }

    /// Looks where we are, now and then. True if that changed.
    fn look_for_doors(&mut self) -> bool {
        let Some(way) = &self.way else {
            return false;
        };
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return false;
        }
        let first = self.looked.is_none();
        self.looked = Some(Instant::now());
        let doors = way.doors();
        let changed = first || doors != self.told;
        self.told = doors;
        changed
    }

    /// A sign of life: how much our user has taken. A channel that is closed has perhaps not been
    /// read to its end: that says when.
    async fn beat(&mut self) {
        self.tell(&Frame::Taken(self.line.flow.taken())).await;
    }

    /// Says how it is now, if that can be said now.
    async fn tell(&mut self, frame: &Frame) {
        if let Some(channel) = &self.channel {
            let _ = channel.send_if_idle(&frame.encode()).await;
        }
    }
}

async fn receive(channel: Option<&dyn Channel>) -> Option<Vec<u8>> {
    match channel {
        Some(channel) => channel.receive().await,
        None => std::future::pending().await,
    }
}

/// Waits for something that may not have begun; it is over then.
async fn wait<T>(pending: &mut Option<Pending<T>>) -> T {
    match pending {
        Some(future) => {
            let value = future.await;
            *pending = None;
            value
        }
        None => std::future::pending().await,
    }
}

/// As long as a last word may take.
pub(super) const FAREWELL: Duration = Duration::from_millis(500);

/// How long the other side may take to say where it goes on: two ways over the network, however
/// slow.
const AGREEMENT: Duration = Duration::from_secs(3);

/// How often we look where we are.
const LOOK: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
