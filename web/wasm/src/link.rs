//! One end of a link, between the library's [`Endpoint`] and a page.

use airshake::json;
use airshake::json::Value;
use airshake::link::{CloseReason, Endpoint, Heartbeat, LinkEvent};

use super::pairing::{moment, until};
use super::refusal::Refusal;

/// One link.
pub(crate) struct Link(Endpoint);

/// What begins the output of [`Link::event`]: JSON follows, or a message of a file transfer.
const JSON: u8 = 0;
const FILES: u8 = 1;

impl Link {
    pub(crate) fn new(ms: f64) -> Self {
        Self(Endpoint::new(moment(ms), Heartbeat::default()))
    }

    pub(crate) fn missing() -> Refusal {
        Refusal::usage("there is no link: link_open comes first".to_owned())
    }

    /// Does what is told by its name: `accept`, `refuse`, `leave`, `closed`.
    pub(crate) fn act(&mut self, name: &str) -> Result<Vec<u8>, Refusal> {
        match name {
            "accept" => self.0.accept(),
            "refuse" => self.0.refuse(),
            "leave" => self.0.leave(),
            "closed" => self.0.closed(),
            other => return Err(Refusal::usage(format!("a link does not {other}"))),
        }
        Ok(Vec::new())
    }

    /// Says a text.
    pub(crate) fn text(&mut self, text: &str) -> Result<Vec<u8>, Refusal> {
        let said = self.0.say_text(text);
        said.map_err(|error| Refusal::limit(error.to_string()))?;
        Ok(Vec::new())
    }

    /// Says a message of a file transfer.
    pub(crate) fn files(&mut self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let said = self.0.say_files(message);
        said.map_err(|error| Refusal::limit(error.to_string()))?;
        Ok(Vec::new())
    }

    pub(crate) fn hear(&mut self, ms: f64, message: &[u8]) {
        self.0.hear(moment(ms), message);
    }

    pub(crate) fn tick(&mut self, ms: f64) {
        self.0.tick(moment(ms));
    }

    pub(crate) fn deadline(&self) -> f64 {
        until(self.0.deadline())
    }

    /// Bit 0: both have accepted. Bit 1: something may be said now. Bit 2: all that was said has
    /// been taken.
    pub(crate) fn state(&self) -> u32 {
        u32::from(self.0.is_accepted())
            | u32::from(self.0.has_room()) << 1
            | u32::from(self.0.is_drained()) << 2
    }

    pub(crate) fn take(&mut self, bytes: u32) {
        self.0.take(bytes as usize);
    }

    /// The next message to be sent; no byte if there is none.
    pub(crate) fn message(&mut self) -> Vec<u8> {
        self.0.message().map(|m| m.to_vec()).unwrap_or_default()
    }

    /// The next thing that came; no byte if there is none.
    pub(crate) fn event(&mut self) -> Vec<u8> {
        let Some(event) = self.0.event() else {
            return Vec::new();
        };
        let value = match event {
            LinkEvent::Files(message) => return [&[FILES][..], &message].concat(),
            LinkEvent::Text(text) => json!({ "type": "text", "text": text }),
            LinkEvent::Data(data) => {
                // Bytes of a program's own, for which a page has its own channels.
                self.0.take(data.len());
                json!({ "type": "data" })
            }
            LinkEvent::Interrupted => json!({ "type": "standing", "standing": "interrupted" }),
            LinkEvent::Resumed { after } => json!({
                "type": "standing",
                "standing": "resumed",
                "afterSeconds": after.as_secs_f64(),
            }),
            LinkEvent::Closed { reason } => closed(&reason),
            // The end of a program's own bytes, and what a newer library has.
            _ => json!({ "type": "other" }),
        };
        [&[JSON][..], value.to_string().as_bytes()].concat()
    }
}

fn closed(reason: &CloseReason) -> Value {
    let name = match reason {
        CloseReason::PeerLeft => "left",
        CloseReason::Refused => "refused",
        CloseReason::TooEarly | CloseReason::TooMuch => "hostile",
        CloseReason::PeerSilent { .. } => "silent",
        CloseReason::ChannelClosed => "closed",
        _ => "other",
    };
    json!({ "type": "closed", "reason": name, "words": reason.to_string() })
}
