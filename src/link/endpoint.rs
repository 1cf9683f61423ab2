//! One end of a link where there is neither a socket nor a task of its own, as in a web page: told
//! what comes and what time it is, it says what to send.
//!
//! It speaks as a [`Link`](super::Link) does, with one difference: it cannot be found again
//! elsewhere, and says so ([`Frame::Doors`], empty). When its connection breaks, both sides wait
//! for a moment whether it comes back by itself, and then the link is over.

use super::{
    CloseReason, Frame, Heartbeat, LinkEvent, MAX_PAYLOAD,
    frame::{WINDOW, cost},
    ledger::Ledger,
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// One end of a link, over a channel whose two sides have [proven](super::Proof) themselves.
///
/// **Hand it every message of the channel and every moment that it asks for by
/// [`deadline`](Self::deadline); after each call send all that [`message`](Self::message) gives, and
/// take all that [`event`](Self::event) gives.** Times are since any fixed moment. A time in which
/// nobody called it, as in a page that sleeps, does not count as the peer's silence.
///
/// ```
/// use airshake::link::{Endpoint, Heartbeat, LinkEvent};
/// use std::time::Duration;
///
/// let now = Duration::ZERO;
/// let [mut a, mut b] = [(); 2].map(|()| Endpoint::new(now, Heartbeat::default()));
/// a.accept();
/// b.accept();
/// while let Some(message) = a.message() {
///     b.hear(now, &message);
/// }
/// while let Some(message) = b.message() {
///     a.hear(now, &message);
/// }
/// a.say_text("hello")?;
/// while let Some(message) = a.message() {
///     b.hear(now, &message);
/// }
/// assert_eq!(b.event(), Some(LinkEvent::Text("hello".to_owned())));
/// # Ok::<(), airshake::link::SayError>(())
/// ```
#[derive(Debug)]
pub struct Endpoint {
    heartbeat: Heartbeat,
    /// What is said and perhaps not yet taken.
    ledger: Ledger,
    /// What came, and what it costs until it is taken.
    events: VecDeque<(LinkEvent, u64)>,
    /// What is to be told of how it is now.
    owing: Owing,
    /// What all that we said costs, and how much of that the peer's user has taken.
    said: u64,
    said_taken: u64,
    /// What all that came costs, how much our user has taken, and what the peer knows of that.
    came: u64,
    came_taken: u64,
    came_told: u64,
    we_accept: bool,
    they_accept: bool,
    /// Whether the peer has said that it will send no more data.
    ended: bool,
    clock: Clock,
    /// Times of the clock.
    heard: Duration,
    beat_at: Duration,
    /// Since when nothing is heard.
    lost: Option<Duration>,
    /// How often that was so.
    breaks: u32,
    /// Since when, and when last, the peer says that it does not hear us.
    unheard: Option<(Duration, Duration)>,
    /// Until when the echo of our goodbye is waited for.
    leaving_until: Option<Duration>,
    over: bool,
}

/// What is not said but told: how it is now, once, whatever was owed.
#[derive(Debug, Default)]
struct Owing {
    taken: bool,
    doors: bool,
    lost: bool,
    found: Option<u32>,
}

/// Counts the time in which somebody looks.
#[derive(Debug)]
struct Clock {
    looked: Duration,
    now: Duration,
    most: Duration,
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SayError {
    /// More than one message carries.
    #[error("{got} bytes do not fit into one message: at most {max}")]
    TooLong {
        /// Bytes given.
        got: usize,
        /// [`MAX_PAYLOAD`].
        max: usize,
    },
    /// The two have not yet accepted each other.
    #[error("the two sides have not yet accepted each other")]
    TooEarly,
    /// As much is on its way as may be: wait until [`Endpoint::has_room`].
    #[error("the other side has not yet taken what was sent before: wait for room")]
    NoRoom,
    /// The link is over.
    #[error("the link is over")]
    Over,
}

impl Endpoint {
    /// An end of a link that begins now.
    pub fn new(now: Duration, heartbeat: Heartbeat) -> Self {
        let clock = Clock {
            looked: now,
            now,
            most: heartbeat.every * 2,
        };
        Self {
            beat_at: now + heartbeat.every,
            heartbeat,
            ledger: Ledger::default(),
            events: VecDeque::new(),
            owing: Owing::default(),
            said: 0,
            said_taken: 0,
            came: 0,
            came_taken: 0,
            came_told: 0,
            we_accept: false,
            they_accept: false,
            ended: false,
            clock,
            heard: now,
            lost: None,
            breaks: 0,
            unheard: None,
            leaving_until: None,
            over: false,
        }
    }

    /// Says that the other side is the one that was meant.
    pub fn accept(&mut self) {
        if !self.we_accept && self.is_open() {
            self.we_accept = true;
            self.ledger.say(Frame::Accept.encode(), 0);
            self.owing.doors = true;
        }
    }

    /// Tells the other side that it is not the one that was meant. The link is then over: send what
    /// there is to send, and close the channel.
    pub fn refuse(&mut self) {
        if self.is_open() {
            self.ledger.say(Frame::Refuse.encode(), 0);
            self.over = true;
        }
    }

    /// Whether both have accepted each other, so that something can be said.
    pub fn is_accepted(&self) -> bool {
        self.we_accept && self.they_accept
    }

    /// Whether something may be said now: no more than 2 MiB are on their way.
    pub fn has_room(&self) -> bool {
        self.said - self.said_taken < WINDOW
    }

    /// Whether the peer's user has taken all that was said.
    pub fn is_drained(&self) -> bool {
        self.said == self.said_taken
    }

    /// Says a chat message.
    ///
    /// # Errors
    /// [`SayError`].
    pub fn say_text(&mut self, text: &str) -> Result<(), SayError> {
        fits(text.len())?;
        self.say(&Frame::Text(text.to_owned()))
    }

    /// Says a message of a [file transfer](super::transfer).
    ///
    /// # Errors
    /// [`SayError`].
    pub fn say_files(&mut self, message: &[u8]) -> Result<(), SayError> {
        fits(message.len())?;
        self.say(&Frame::Files(message.to_vec()))
    }

    /// Says bytes for whoever uses the link.
    ///
    /// # Errors
    /// [`SayError`].
    pub fn say_data(&mut self, data: &[u8]) -> Result<(), SayError> {
        fits(data.len())?;
        self.say(&Frame::Data(data.to_vec()))
    }

    /// Says goodbye. The link is over when the other side has read everything and says so too, or
    /// after two seconds: [`LinkEvent::Closed`] comes in either case.
    pub fn leave(&mut self) {
        if self.is_open() {
            self.ledger.say(Frame::Bye.encode(), 0);
            self.leaving_until = Some(self.clock.now + LAST_WORDS);
        }
    }

    /// Something came over the channel, from whomever.
    pub fn hear(&mut self, now: Duration, message: &[u8]) {
        if self.over {
            return;
        }
        self.clock.look(now);
        self.heard = self.clock.now;
        match Frame::decode(message) {
            Ok(Frame::Text(_) | Frame::Data(_) | Frame::Files(_) | Frame::End)
                if !self.they_accept =>
            {
                self.end(CloseReason::TooEarly);
            }
            Ok(Frame::Text(text)) => self.came(LinkEvent::Text(text), message),
            Ok(Frame::Data(data)) => self.came(LinkEvent::Data(data), message),
            Ok(Frame::Files(bytes)) => self.came(LinkEvent::Files(bytes), message),
            Ok(Frame::End) => {
                // It costs nothing, so it is told once.
                if !std::mem::replace(&mut self.ended, true) {
                    self.tell(LinkEvent::End);
                }
            }
            Ok(Frame::Accept) => self.they_accept = true,
            Ok(Frame::Refuse) => self.end(CloseReason::Refused),
            Ok(Frame::Bye) => {
                // The echo tells the peer that all it said before has arrived.
                if self.leaving_until.is_none() {
                    self.ledger.say(Frame::Bye.encode(), 0);
                }
                self.end(CloseReason::PeerLeft);
            }
            Ok(Frame::Taken(total)) => {
                let taken = self.ledger.taken(total);
                self.said_taken = self.said_taken.max(taken);
            }
            Ok(Frame::Lost(count)) => {
                let now = self.clock.now;
                self.unheard = Some((self.unheard.map_or(now, |(since, _)| since), now));
                self.owing.found = Some(count);
            }
            Ok(Frame::Found(count)) if count == self.breaks => self.back(),
            // What is no frame of this version is not for us; we go through no doors, and how much is
            // on its way is the host's engine's business.
            Ok(Frame::Found(_) | Frame::Ping | Frame::Doors(_) | Frame::Roomy) | Err(_) => {}
        }
    }

    /// The channel was closed below us.
    pub fn closed(&mut self) {
        self.end(match self.leaving_until {
            Some(_) => CloseReason::PeerLeft,
            None => CloseReason::ChannelClosed,
        });
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Duration) {
        if self.over {
            return;
        }
        self.clock.look(now);
        let now = self.clock.now;
        if self.leaving_until.is_some_and(|until| now >= until) {
            return self.end(CloseReason::PeerLeft);
        }
        if now < self.beat_at {
            return;
        }
        let Heartbeat {
            every, dead_after, ..
        } = self.heartbeat;
        self.beat_at = now + every;
        self.owing.taken = true;
        self.unheard = self.unheard.filter(|(_, last)| now < *last + 2 * every);
        let silence = now.saturating_sub(self.heard);
        let unheard = self
            .unheard
            .is_some_and(|(since, _)| now >= since + dead_after);
        match self.lost {
            None if silence >= dead_after || unheard => {
                if self.patience().is_zero() {
                    return self.end(CloseReason::PeerSilent { silence });
                }
                self.lost = Some(self.heard);
                self.breaks = self.breaks.wrapping_add(1);
                self.tell(LinkEvent::Interrupted);
                self.owing.lost = true;
            }
            None => {}
            Some(since) => {
                let silence = now.saturating_sub(since);
                if silence >= dead_after + self.patience() {
                    return self.end(CloseReason::PeerSilent { silence });
                }
                self.owing.lost = true;
            }
        }
    }

    /// When [`tick`](Self::tick) is due at the latest; `None` when the link is over.
    pub fn deadline(&self) -> Option<Duration> {
        let next = self.leaving_until.unwrap_or(Duration::MAX);
        let in_so_long = next.min(self.beat_at).saturating_sub(self.clock.now);
        (!self.over).then(|| self.clock.looked + in_so_long)
    }

    /// The next message to be sent over the channel, if there is one.
    pub fn message(&mut self) -> Option<Arc<Vec<u8>>> {
        if let Some(frame) = self.owed() {
            return Some(Arc::new(frame.encode()));
        }
        let message = self.ledger.next()?;
        if Frame::is_bye(&message) && self.came_told < self.came_taken {
            // All that we have taken is told before the last word.
            return Some(Arc::new(self.taken().encode()));
        }
        self.ledger.sent();
        Some(message)
    }

    /// The next thing that came, if there is one. Data and files are to be
    /// [taken](Self::take) once they are done with; [`LinkEvent::Closed`] is the last.
    pub fn event(&mut self) -> Option<LinkEvent> {
        let (event, cost) = self.events.pop_front()?;
        match &event {
            LinkEvent::Text(_) => self.gave(cost),
            LinkEvent::End => self.owing.taken = true,
            _ => {}
        }
        Some(event)
    }

    /// Data or a message of so many bytes has been taken by our user: the peer may send as many
    /// more.
    pub fn take(&mut self, bytes: usize) {
        self.gave(cost(1 + bytes));
    }

    fn gave(&mut self, cost: u64) {
        // Never more than came, whatever our user says.
        self.came_taken = (self.came_taken + cost).min(self.came);
        if self.came_taken - self.came_told >= WINDOW / 8 {
            self.owing.taken = true;
        }
    }

    /// What is to be told now.
    fn owed(&mut self) -> Option<Frame> {
        let owing = &mut self.owing;
        if let Some(count) = owing.found.take() {
            return Some(Frame::Found(count));
        }
        if std::mem::take(&mut owing.lost) {
            return Some(Frame::Lost(self.breaks));
        }
        if std::mem::take(&mut owing.doors) {
            return Some(Frame::Doors(Vec::new()));
        }
        std::mem::take(&mut owing.taken).then(|| self.taken())
    }

    fn taken(&mut self) -> Frame {
        self.came_told = self.came_taken;
        Frame::Taken(self.came_taken)
    }

    fn is_open(&self) -> bool {
        !self.over && self.leaving_until.is_none()
    }

    fn say(&mut self, frame: &Frame) -> Result<(), SayError> {
        if !self.is_open() {
            return Err(SayError::Over);
        }
        if !self.is_accepted() {
            return Err(SayError::TooEarly);
        }
        if !self.has_room() {
            return Err(SayError::NoRoom);
        }
        let message = frame.encode();
        let cost = cost(message.len());
        self.said += cost;
        self.ledger.say(message, cost);
        Ok(())
    }

    fn came(&mut self, event: LinkEvent, message: &[u8]) {
        let cost = cost(message.len());
        self.came += cost;
        // Whoever keeps to the window may go beyond it by one frame a task that sends.
        if self.came - self.came_taken > 2 * WINDOW {
            return self.end(CloseReason::TooMuch);
        }
        self.events.push_back((event, cost));
    }

    /// Costs nothing: there are few of these, whatever the peer does.
    fn tell(&mut self, event: LinkEvent) {
        self.events.push_back((event, 0));
    }

    /// The peer hears us again, and we it.
    fn back(&mut self) {
        if let Some(since) = self.lost.take() {
            self.unheard = None;
            let after = self.clock.now.saturating_sub(since);
            self.tell(LinkEvent::Resumed { after });
        }
    }

    /// How long a connection that is broken may take to come back by itself.
    fn patience(&self) -> Duration {
        match self.is_accepted() {
            true => self.heartbeat.patience.min(WITHOUT_DOORS),
            false => Duration::ZERO,
        }
    }

    fn end(&mut self, reason: CloseReason) {
        if !self.over {
            self.over = true;
            self.owing = Owing::default();
            self.tell(LinkEvent::Closed { reason });
        }
    }
}

impl Clock {
    fn look(&mut self, now: Duration) {
        self.now += now.saturating_sub(self.looked).min(self.most);
        self.looked = self.looked.max(now);
    }
}

fn fits(got: usize) -> Result<(), SayError> {
    match got > MAX_PAYLOAD {
        true => Err(SayError::TooLong {
            got,
            max: MAX_PAYLOAD,
        }),
        false => Ok(()),
    }
}

/// How long a broken connection is waited for where the other side cannot be found elsewhere, as
/// no page can: a page that stands still for a moment, or a wireless network, comes back.
pub(super) const WITHOUT_DOORS: Duration = Duration::from_secs(10);

/// How long the echo of a goodbye is waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
