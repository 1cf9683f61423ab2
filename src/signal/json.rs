//! The JSON objects that simple-peer emits and takes, to signals and back; and two of the same kind
//! for what it has no words for.

use crate::json;
use crate::json::{Map, Value};

use super::{
    Arrival, Candidate, Description, Invitation, JsonError, Role, SdpError, Signal, Tag, Text,
    TextTooLong,
};

impl Signal {
    /// Reads a signal of simple-peer, versions 6 to 9: an offer, an answer, a candidate, a request
    /// to renegotiate. Whatever of that does not fit the packed form, and a request for a
    /// transceiver, becomes [`Signal::Other`] with the text as it was.
    ///
    /// Of an invitation, `{"type":"invitation","sdp":".."}` holds the offer that it is, and
    /// `{"type":"arrival","answers":7,"candidates":["candidate:.."]}` is its guest's. Both must
    /// fit.
    ///
    /// # Errors
    /// If it is not JSON, not a signal, or longer than [`Text::MAX_LEN`].
    pub fn from_json(json: &str) -> Result<Self, JsonError> {
        if json.len() > Text::MAX_LEN {
            return Err(TextTooLong { max: Text::MAX_LEN }.into());
        }
        let value = json::from_str(json).map_err(|e| JsonError::Syntax(e.to_string()))?;
        let object = value.as_object().ok_or(JsonError::NotASignal)?;
        match object.get("type").and_then(Value::as_str) {
            Some("invitation") => return Ok(invitation(object)?.into()),
            Some("arrival") => return Ok(arrival(object)?.into()),
            _ => {}
        }
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
    /// A [`Signal::Other`] gives its text, as it came from the peer. For a [`Signal::Beacon`]
    /// simple-peer has no words; what is written names it, and simple-peer refuses it.
    pub fn to_json(&self) -> String {
        match self {
            Self::Description(description) => {
                wrapped(word(description.role), &description.to_sdp())
            }
            Self::Beacon(_) => r#"{"type":"beacon"}"#.to_owned(),
            Self::Invitation(invitation) => wrapped("invitation", &invitation.offer().to_sdp()),
            Self::Arrival(arrival) => {
                let lines = (0..).zip(&arrival.candidates);
                json!({
                    "type": "arrival",
                    "answers": arrival.answers.0,
                    "candidates": lines.map(|(i, one)| one.sdp_line(i)).collect::<Value>(),
                })
                .to_string()
            }
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
            Err(_) => Ok(Self::Other(Text::new(wrapped(word(role), sdp))?)),
        }
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Offer => "offer",
        Role::Answer => "answer",
    }
}

fn wrapped(kind: &str, sdp: &str) -> String {
    format!(r#"{{"type":"{kind}","sdp":{}}}"#, quoted(sdp))
}

fn invitation(object: &Map) -> Result<Invitation, JsonError> {
    let sdp = object.get("sdp").and_then(Value::as_str);
    let sdp = sdp.ok_or(JsonError::Unfit(SdpError::NotSdp))?;
    let offer = Description::from_sdp(sdp, Role::Offer)?;
    Ok(Invitation::from_offer(&offer)?)
}

fn arrival(object: &Map) -> Result<Arrival, JsonError> {
    let tag = object.get("answers").and_then(Value::as_u64);
    let tag = tag.and_then(|tag| u8::try_from(tag).ok());
    let answers = Tag(tag.ok_or(SdpError::Missing("the tag of an invitation"))?);
    let lines = object.get("candidates").and_then(Value::as_array);
    let mut candidates = Vec::new();
    for line in lines.ok_or(SdpError::Missing("candidates"))? {
        let line = line.as_str().unwrap_or_default();
        candidates.extend(Candidate::from_sdp_line(line)?);
    }
    Ok(Arrival {
        answers,
        candidates,
    })
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// As JavaScript's `if (object.name)`.
fn is_set(object: &Map, name: &str) -> bool {
    match object.get(name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Number(number)) => !number.is_zero(),
        Some(_) => true,
    }
}

/// The signal, if nothing of it would be lost.
fn fitting(object: &Map) -> Option<Signal> {
    let kind = object.get("type").map(|kind| kind.as_str().unwrap_or(""));
    let only = |names: &[&str]| object.keys().all(|key| names.contains(&key));
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
fn fitting_candidate(object: &Map) -> Option<Signal> {
    let fits = object.iter().all(|(name, value)| match name {
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

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "candidate:1 1 udp 2130706431 192.168.77.2 4000 typ host";

    fn other(json: &str) -> Signal {
        Signal::Other(Text::new(json).unwrap())
    }

    #[test]
    fn a_candidate_is_read_in_the_shapes_of_versions_6_and_9() {
        let candidate = Candidate::from_sdp_line(LINE).unwrap().unwrap();
        for json in [
            format!(
                r#"{{"type":"candidate","candidate":{{"candidate":"{LINE}","sdpMLineIndex":0,"sdpMid":"0"}}}}"#
            ),
            format!(
                r#"{{"candidate":{{"candidate":"{LINE} generation 0 ufrag qIfV","sdpMLineIndex":0,"sdpMid":"0"}}}}"#
            ),
            format!(
                r#"{{"candidate":{{"candidate":"a={LINE}","sdpMid":"0","usernameFragment":"qIfV"}}}}"#
            ),
        ] {
            let signal = Signal::from_json(&json);
            assert_eq!(signal, Ok(Signal::Candidate(candidate)), "{json}");
        }
        let json = Signal::Candidate(candidate).to_json();
        assert_eq!(
            json,
            format!(
                r#"{{"type":"candidate","candidate":{{"candidate":"{LINE}","sdpMLineIndex":0,"sdpMid":"0"}}}}"#
            )
        );
    }

    #[test]
    fn a_request_to_renegotiate_is_read_in_both_shapes() {
        for json in [
            r#"{"type":"renegotiate","renegotiate":true}"#,
            r#" { "renegotiate" : true } "#,
        ] {
            assert_eq!(Signal::from_json(json), Ok(Signal::Renegotiate));
        }
        let json = Signal::Renegotiate.to_json();
        assert_eq!(Signal::from_json(&json), Ok(Signal::Renegotiate));
    }

    #[test]
    fn an_invitation_and_its_guest_s_arrival_are_read_as_they_are_written() {
        let sdp = include_str!("../../tests/fixtures/signal/chromium-offer-mic.sdp");
        let offer = Description::from_sdp(sdp, Role::Offer).unwrap();
        let invitation = Invitation::from_offer(&offer).unwrap();
        let json = wrapped("invitation", sdp);
        assert_eq!(Signal::from_json(&json), Ok(invitation.clone().into()));
        let arrival = Arrival {
            answers: Tag(7),
            candidates: offer.candidates,
        };
        for signal in [Signal::from(invitation), Signal::from(arrival)] {
            assert_eq!(Signal::from_json(&signal.to_json()), Ok(signal));
        }
    }

    #[test]
    fn what_is_no_invitation_is_an_error_and_not_a_text() {
        let answer = include_str!("../../tests/fixtures/signal/chromium-answer.sdp");
        for json in [
            r#"{"type":"invitation"}"#.to_owned(),
            r#"{"type":"invitation","sdp":"hello"}"#.to_owned(),
            wrapped("invitation", answer),
            r#"{"type":"arrival","answers":256,"candidates":[]}"#.to_owned(),
            r#"{"type":"arrival","answers":7}"#.to_owned(),
            r#"{"type":"arrival","answers":7,"candidates":[7]}"#.to_owned(),
        ] {
            let signal = Signal::from_json(&json);
            assert!(matches!(signal, Err(JsonError::Unfit(_))), "{signal:?}");
        }
    }

    #[test]
    fn what_would_lose_something_stays_text() {
        for json in [
            r#"{"type":"transceiverRequest","transceiverRequest":{"kind":"audio","init":{}}}"#
                .to_owned(),
            r#"{"type":"offer","sdp":"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"}"#.to_owned(),
            r#"{"type":"offer","sdp":"hello"}"#.to_owned(),
            r#"{"type":"pranswer","sdp":"v=0\r\n"}"#.to_owned(),
            // Of a second section; to be used over TCP; with one member more.
            format!(r#"{{"candidate":{{"candidate":"{LINE}","sdpMLineIndex":1,"sdpMid":"1"}}}}"#),
            format!(
                r#"{{"candidate":{{"candidate":"{}"}}}}"#,
                LINE.replace("udp", "tcp")
            ),
            format!(r#"{{"candidate":{{"candidate":"{LINE}"}},"more":1}}"#),
            r#"{"renegotiate":true,"more":1}"#.to_owned(),
        ] {
            let signal = Signal::from_json(&json);
            assert_eq!(signal, Ok(other(&json)), "{json}");
            assert_eq!(signal.unwrap().to_json(), json);
        }
    }

    #[test]
    fn what_is_no_signal_is_an_error() {
        for json in ["{}", "[]", "7", r#"{"sdp":""}"#, r#"{"renegotiate":false}"#] {
            let signal = Signal::from_json(json);
            assert_eq!(signal, Err(JsonError::NotASignal), "{json}");
        }
        let deep = "[".repeat(50_000);
        for json in ["", "v=0", "{\"sdp\":", &deep] {
            let signal = Signal::from_json(json);
            assert!(matches!(signal, Err(JsonError::Syntax(_))));
        }
        let long = " ".repeat(Text::MAX_LEN + 1);
        let signal = Signal::from_json(&long);
        assert!(matches!(signal, Err(JsonError::TooLong(_))));
    }

    #[test]
    fn an_sdp_that_does_not_fit_travels_as_the_json_it_would_have_been() {
        let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
        let signal = Signal::from_sdp(sdp, Role::Answer).unwrap();
        let json = r#"{"type":"answer","sdp":"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"}"#;
        assert_eq!(signal, other(json));
    }
}
