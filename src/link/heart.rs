//! What keeps a link alive and notices that it is not: one task reads, pings and watches.

use super::{Channel, Frame};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
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

/// Reads the channel until it is over, and says so last. An event nobody takes stops the reading,
/// and with it the sender, but not the beat.
pub(super) async fn beat(
    channel: Arc<dyn Channel>,
    events: mpsc::Sender<LinkEvent>,
    heartbeat: Heartbeat,
) {
    let mut ticks = interval(heartbeat.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    let mut untaken: Option<LinkEvent> = None;
    let reason = loop {
        tokio::select! {
            message = channel.receive(), if untaken.is_none() => {
                heard = Instant::now();
                let Some(message) = message else {
                    break CloseReason::ChannelClosed;
                };
                match Frame::decode(&message) {
                    Ok(Frame::Text(text)) => untaken = Some(LinkEvent::Text(text)),
                    Ok(Frame::Data(data)) => untaken = Some(LinkEvent::Data(data)),
                    Ok(Frame::Bye) => {
                        // The echo tells the peer that all it said before has arrived.
                        let _ = channel.send_if_idle(&Frame::Bye.encode()).await;
                        channel.flush(FAREWELL).await;
                        break CloseReason::PeerLeft;
                    }
                    // A second hello is the first's confirmation; what is no frame is not for us.
                    Ok(Frame::Ping | Frame::Hello(_)) | Err(_) => {}
                }
            }
            permit = events.reserve(), if untaken.is_some() => {
                let (Ok(permit), Some(event)) = (permit, untaken.take()) else {
                    return;
                };
                permit.send(event);
                // We did not listen meanwhile: that was not the peer's silence.
                heard = Instant::now();
            }
            _ = ticks.tick() => {
                let silence = heard.elapsed();
                if untaken.is_none() && silence >= heartbeat.dead_after {
                    break CloseReason::PeerSilent { silence };
                }
                if channel.send_if_idle(&Frame::Ping.encode()).await.is_err() {
                    break CloseReason::ChannelClosed;
                }
            }
        }
    };
    let _ = events.send(LinkEvent::Closed { reason }).await;
}

/// As long as a last word may take.
pub(super) const FAREWELL: Duration = Duration::from_millis(500);
