//! What keeps a link alive and notices that it is not: one task reads, pings and watches.

use super::{Channel, Frame, flow::Flow};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval},
};

/// How a link is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// A sign of life is sent this often.
    pub every: Duration,
    /// The peer is taken for gone when nothing at all was heard for this long: three beats may be
    /// lost.
    pub dead_after: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            dead_after: Duration::from_millis(3500),
        }
    }
}

/// Something that came over a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkEvent {
    /// A chat message, [clean](super::clean).
    Text(String),
    /// Bytes, as they were given to `send_data`.
    Data(Vec<u8>),
    /// The peer has said that it will send no more data. It may go on to listen.
    End,
    /// A message of a [file transfer](super::transfer), for
    /// [`send_files`](super::Link::send_files) or [`receive_files`](super::Link::receive_files).
    Files(Vec<u8>),
    /// The link is over; nothing else comes.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Why a link is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer said goodbye.
    PeerLeft,
    /// The peer does not take us for the one it meant: the words on the two screens differed.
    Refused,
    /// The peer sent something for use before it had said that it takes us for the one it meant.
    TooEarly,
    /// Nothing was heard of the peer for so long.
    PeerSilent {
        /// The whole silence.
        silence: Duration,
    },
    /// The channel was closed below us, by the peer or by the network.
    ChannelClosed,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerLeft => f.write_str("the other side left"),
            Self::Refused => f.write_str("the other side refused: it does not see the same words"),
            Self::TooEarly => f.write_str(
                "the other side sent something before it had accepted us: it is broken or hostile",
            ),
            Self::PeerSilent { silence } => write!(
                f,
                "nothing heard of the other side for {:.1} s: it was stopped, sleeps, or lost the \
                 network",
                silence.as_secs_f64()
            ),
            Self::ChannelClosed => f.write_str("the connection was closed by the other side"),
        }
    }
}

/// Something that came, and what it cost of the window.
pub(super) type Delivery = (LinkEvent, u64);

/// Reads the channel until it is over, and says so last. The queue of events holds no more than
/// the peer may send before some are taken; if it sends more all the same, nothing is read until
/// they are, and the beat goes on. `accepted` becomes true once the peer has accepted us; before
/// that it may send nothing for use.
pub(super) async fn beat(
    channel: Arc<dyn Channel>,
    events: mpsc::UnboundedSender<Delivery>,
    accepted: watch::Sender<bool>,
    flow: Arc<Flow>,
    heartbeat: Heartbeat,
) {
    let mut ticks = interval(heartbeat.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    let reason = loop {
        let full = flow.is_full();
        tokio::select! {
            message = channel.receive(), if !full => {
                heard = Instant::now();
                let Some(message) = message else {
                    break CloseReason::ChannelClosed;
                };
                let event = match Frame::decode(&message) {
                    Ok(Frame::Text(_) | Frame::Data(_) | Frame::Files(_) | Frame::End)
                        if !*accepted.borrow() =>
                    {
                        break CloseReason::TooEarly;
                    }
                    Ok(Frame::Text(text)) => LinkEvent::Text(text),
                    Ok(Frame::Data(data)) => LinkEvent::Data(data),
                    Ok(Frame::Files(message)) => LinkEvent::Files(message),
                    Ok(Frame::End) => LinkEvent::End,
                    Ok(Frame::Taken(total)) => {
                        flow.peer_has_taken(total);
                        continue;
                    }
                    Ok(Frame::Bye) => {
                        // The echo tells the peer that all it said before has arrived.
                        let _ = channel.send_if_idle(&Frame::Bye.encode()).await;
                        channel.flush(FAREWELL).await;
                        break CloseReason::PeerLeft;
                    }
                    Ok(Frame::Accept) => {
                        accepted.send_replace(true);
                        continue;
                    }
                    Ok(Frame::Refuse) => break CloseReason::Refused,
                    // What is no frame of this version is not for us.
                    Ok(Frame::Ping) | Err(_) => continue,
                };
                let cost = flow.arrived(message.len());
                if events.send((event, cost)).is_err() {
                    return;
                }
            }
            () = flow.owing() => {
                if full {
                    // We did not listen meanwhile: that was not the peer's silence.
                    heard = Instant::now();
                }
                // A channel that is closed has perhaps not been read to its end: that says when.
                let taken = Frame::Taken(flow.taken()).encode();
                let _ = channel.send_if_idle(&taken).await;
            }
            _ = ticks.tick() => {
                let silence = heard.elapsed();
                if !full && silence >= heartbeat.dead_after {
                    break CloseReason::PeerSilent { silence };
                }
                // Said again and again, so that none is missed that could not be sent.
                let beat = Frame::Taken(flow.taken()).encode();
                let _ = channel.send_if_idle(&beat).await;
            }
        }
    };
    flow.over();
    let _ = events.send((LinkEvent::Closed { reason }, 0));
}

/// As long as a last word may take.
pub(super) const FAREWELL: Duration = Duration::from_millis(500);
