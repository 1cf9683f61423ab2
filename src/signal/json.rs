//! The JSON objects that simple-peer emits and takes, to signals and back.

use serde_json::{Map, Value};

use super::{Candidate, Description, JsonError, Role, Signal, Text, TextTooLong};

impl Signal {
    /// Reads a signal of simple-peer, versions 6 to 9: an offer, an answer, a candidate, a request
    /// to renegotiate. Whatever of that does not fit the packed form, and a request for a
    /// transceiver, becomes [`Signal::Other`] with the text as it was.
    ///
    /// # Errors
    /// If it is not JSON, not a signal, or longer than [`Text::MAX_LEN`].
    pub fn from_json(json: &str) -> Result<Self, JsonError> {
        if json.len() > Text::MAX_LEN {
            return Err(TextTooLong { max: Text::MAX_LEN }.into());
        }
        let value: Value =
            serde_json::from_str(json).map_err(|e| JsonError::Syntax(e.to_string()))?;
        let object = value.as_object().ok_or(JsonError::NotASignal)?;
        let known = ["sdp", "candidate", "renegotiate", "transceiverRequest"];
        if !known.iter().any(|&name| is_set(object, name)) {
            return Err(JsonError::NotASignal);
        }
        match fitting(object) {
            Some(signal) => Ok(signal),
            None => Ok(Self::Other(Text::new(json)?)),
        }
    }

    /// Writes the signal as simple-peer 9 would, as one line.
    ///
    /// A [`Signal::Other`] gives its text, as it came from the peer.
    pub fn to_json(&self) -> String {
        match self {
            Self::Description(description) => wrapped(description.role, &description.to_sdp()),
            Self::Candidate(candidate) => format!(
                r#"{{"type":"candidate","candidate":{{"candidate":{},"sdpMLineIndex":0,"sdpMid":"0"}}}}"#,
                quoted(&candidate.sdp_line(0))
            ),
            Self::Renegotiate => r#"{"type":"renegotiate","renegotiate":true}"#.to_owned(),
            Self::Other(text) => text.as_str().to_owned(),
        }
    }

    /// An SDP as a signal: its description, or if it does not fit, the text in simple-peer's JSON.
    ///
    /// # Errors
    /// If it is longer than [`Text::MAX_LEN`].
    pub fn from_sdp(sdp: &str, role: Role) -> Result<Self, TextTooLong> {
        match Description::from_sdp(sdp, role) {
            Ok(description) => Ok(Self::Description(description)),
            Err(_) => Ok(Self::Other(Text::new(wrapped(role, sdp))?)),
        }
    }
}

fn wrapped(role: Role, sdp: &str) -> String {
    let role = match role {
        Role::Offer => "offer",
        Role::Answer => "answer",
    };
    format!(r#"{{"type":"{role}","sdp":{}}}"#, quoted(sdp))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// As JavaScript's `if (object.name)` for the values that occur.
fn is_set(object: &Map<String, Value>, name: &str) -> bool {
    !matches!(
        object.get(name),
        None | Some(Value::Null | Value::Bool(false))
    )
}

/// The signal, if nothing of it would be lost.
fn fitting(object: &Map<String, Value>) -> Option<Signal> {
    let kind = object.get("type").map(|kind| kind.as_str().unwrap_or(""));
    let only = |names: &[&str]| object.keys().all(|key| names.contains(&key.as_str()));
    match kind {
        Some(role @ ("offer" | "answer")) if only(&["type", "sdp"]) => {
            let role = match role {
                "offer" => Role::Offer,
                _ => Role::Answer,
            };
            let sdp = object.get("sdp")?.as_str()?;
            Description::from_sdp(sdp, role)
                .ok()
                .map(Signal::Description)
        }
        None | Some("candidate") if only(&["type", "candidate"]) => {
            fitting_candidate(object.get("candidate")?.as_object()?)
        }
        None | Some("renegotiate") if only(&["type", "renegotiate"]) => object
            .get("renegotiate")?
            .as_bool()?
            .then_some(Signal::Renegotiate),
        _ => None,
    }
}

/// Of the one section, whose `mid` is 0. The user fragment tells ICE restarts apart, of which
/// simple-peer knows none.
fn fitting_candidate(object: &Map<String, Value>) -> Option<Signal> {
    let fits = object.iter().all(|(name, value)| match name.as_str() {
        "candidate" => true,
        "sdpMLineIndex" => value.as_u64() == Some(0),
        "sdpMid" => value.as_str() == Some("0"),
        "usernameFragment" => true,
        _ => false,
    });
    let line = object.get("candidate")?.as_str()?;
    let candidate = Candidate::from_sdp_line(line).ok()??;
    fits.then_some(Signal::Candidate(candidate))
}
