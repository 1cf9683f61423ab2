//! The one channel of a connection of webrtc-rs.

use super::{flight::Flight, rtc_connection::Peer};
use crate::link::{Channel, ChannelError};
use std::{sync::Arc, time::Duration};
use webrtc::data_channel::{DataChannel, DataChannelEvent};

/// The open channel of a connection.
pub(super) struct RtcChannel {
    peer: Arc<Peer>,
    channel: Arc<dyn DataChannel>,
    flight: Flight,
}

impl RtcChannel {
    pub(super) fn new(peer: Arc<Peer>, channel: Arc<dyn DataChannel>, flight: Flight) -> Self {
        Self {
            peer,
            channel,
            flight,
        }
    }
}

#[async_trait::async_trait]
impl Channel for RtcChannel {
    async fn send(&self, message: &[u8]) -> Result<(), ChannelError> {
        let on_its_way = || self.channel.outstanding_bytes();
        self.flight.room(on_its_way).await.map_err(closed)?;
        self.channel.send(message.into()).await.map_err(closed)
    }

    async fn send_if_idle(&self, message: &[u8]) -> Result<(), ChannelError> {
        match self.channel.try_send(message.into()).await {
            // There is much on its way: that is sign of life enough.
            Err(webrtc::error::Error::ErrSendBufferFull) => Ok(()),
            sent => sent.map_err(closed),
        }
    }

    async fn receive(&self) -> Option<Vec<u8>> {
        loop {
            match self.channel.poll().await? {
                DataChannelEvent::OnMessage(message) => return Some(message.data.to_vec()),
                DataChannelEvent::OnClose => return None,
                _ => {}
            }
        }
    }

    async fn flush(&self, at_most: Duration) {
        let empty = async {
            while self.channel.outstanding_bytes().await.is_ok_and(|n| n > 0) {
                tokio::time::sleep(FLUSH_POLL).await;
            }
        };
        let _ = tokio::time::timeout(at_most, empty).await;
    }

    async fn close(&self) {
        let _ = self.channel.close().await;
        let _ = self.peer.0.close().await;
    }

    /// The window is [sized](super::sockets::RoomyRuntime::receive_window) by the sockets.
    fn is_roomy(&self) -> bool {
        true
    }

    fn peer_is_roomy(&self) {
        self.flight.is_roomy();
    }
}

fn closed(error: webrtc::error::Error) -> ChannelError {
    ChannelError(error.to_string())
}

/// How often to look whether everything has arrived.
const FLUSH_POLL: Duration = Duration::from_millis(10);
