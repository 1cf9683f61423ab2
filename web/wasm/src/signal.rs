//! Signals between the words of a web page and few bytes.
//!
//! Offers, answers and candidates are simple-peer's objects. A beacon, for which that has no words,
//! is `{"type":"beacon","fingerprint":"sha-256 AB:..","secret":"16 hex digits",
//! "maxMessageSize":65536,"candidates":["candidate:.."]}`, or, to make one of what an engine says
//! of itself, `{"type":"beacon","sdp":"..","secret":".."}`. An invitation is
//! `{"type":"invitation","sdp":".."}`, with the SDP of an offer, its guest's arrival
//! `{"type":"arrival","answers":7,"candidates":["candidate:.."]}`. An answer may have a number
//! `answers`: the tag of the offer to which it is one.

use airshake::json;
use airshake::json::{Map, Value};
use airshake::signal::{
    Beacon, Candidate, Description, Fingerprint, Pwd, Role, Secret, Signal, Tag,
};

use super::refusal::Refusal;

/// Packs the signal that `json` says, a description or an invitation with as many candidates as fit
/// `most` bytes;
/// marks an answer as one to `offer`, unless that is empty.
pub(crate) fn pack(json: &str, offer: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
    let mut signal = read(json)?;
    if let (Signal::Description(description), false) = (&mut signal, offer.is_empty()) {
        if description.role != Role::Answer {
            return Err(refused("only an answer answers an offer"));
        }
        description.answers = Some(Tag::of(offer));
    }
    match &mut signal {
        Signal::Description(description) => {
            *description = description.clone().within(most);
        }
        // As long as the offer that it is.
        Signal::Invitation(invitation) => {
            invitation.candidates = invitation.offer().within(most).candidates;
        }
        _ => {}
    }
    Ok(airshake::signal::pack(&signal))
}

/// The inverse of [`pack`].
pub(crate) fn unpack(bytes: &[u8]) -> Result<String, Refusal> {
    let signal = airshake::signal::unpack(bytes).map_err(refused)?;
    match &signal {
        Signal::Beacon(beacon) => Ok(beacon_object(beacon).to_string()),
        Signal::Description(description) => Ok(match description.answers() {
            Some(Tag(tag)) => {
                json!({ "type": "answer", "sdp": description.to_sdp(), "answers": tag }).to_string()
            }
            None => signal.to_json(),
        }),
        // The peer's own text: a signal, and not one of those that are checked here.
        Signal::Other(text) => {
            let ours = |object: &Map| is_ours(object) || has_tag(object);
            let object = object(text.as_str()).ok();
            if object.as_ref().is_none_or(ours) {
                return Err(refused("the text is not a signal"));
            }
            Signal::from_json(text.as_str()).map_err(refused)?;
            Ok(signal.to_json())
        }
        Signal::Invitation(_) | Signal::Arrival(_) | Signal::Candidate(_) | Signal::Renegotiate => {
            Ok(signal.to_json())
        }
    }
}

/// The tag of a packed offer.
pub(crate) fn tag(offer: &[u8]) -> u32 {
    Tag::of(offer).0.into()
}

/// The answer of a packed beacon's sender to an engine whose own ICE password is `pwd`.
pub(crate) fn answer_to(beacon: &[u8], pwd: &str) -> Result<String, Refusal> {
    let Signal::Beacon(beacon) = airshake::signal::unpack(beacon).map_err(refused)? else {
        return Err(refused("this is no beacon"));
    };
    let pwd: Pwd = pwd.parse().map_err(refused)?;
    Ok(Signal::Description(beacon.answer_to(&pwd)).to_json())
}

fn read(json: &str) -> Result<Signal, Refusal> {
    let Ok(mut object) = object(json) else {
        return Signal::from_json(json).map_err(refused);
    };
    if is_beacon(&object) {
        return Ok(Signal::Beacon(beacon(&object)?));
    }
    if is_ours(&object) || !has_tag(&object) {
        return Signal::from_json(json).map_err(refused);
    }
    let tag = object.remove("answers").and_then(|tag| tag.as_u64());
    let tag = tag.and_then(|tag| u8::try_from(tag).ok());
    let tag = tag.ok_or_else(|| refused("the tag in answers is a number from 0 to 255"))?;
    let mut signal = Signal::from_json(&Value::Object(object).to_string()).map_err(refused)?;
    match &mut signal {
        Signal::Description(description) if description.role == Role::Answer => {
            description.answers = Some(Tag(tag));
            Ok(signal)
        }
        _ => Err(refused("only an answer that packs has a tag in answers")),
    }
}

fn object(json: &str) -> Result<Map, Refusal> {
    match json::from_str(json) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(refused("a signal is an object")),
        Err(error) => Err(refused(error)),
    }
}

fn is_beacon(object: &Map) -> bool {
    object.get("type").and_then(Value::as_str) == Some("beacon")
}

/// Whether it is of a type that simple-peer does not have, and never travels as text.
fn is_ours(object: &Map) -> bool {
    let kind = object.get("type").and_then(Value::as_str);
    matches!(kind, Some("beacon" | "invitation" | "arrival"))
}

fn has_tag(object: &Map) -> bool {
    object.contains_key("answers")
}

fn beacon(object: &Map) -> Result<Beacon, Refusal> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let secret = text("secret").and_then(eight_bytes);
    let secret = secret.ok_or_else(|| refused("a beacon's secret is 16 hex digits"))?;
    if let Some(sdp) = text("sdp") {
        let description = Description::from_sdp(sdp, Role::Offer).map_err(refused)?;
        return Ok(Beacon {
            fingerprint: description.fingerprint,
            secret,
            max_message_size: description.max_message_size,
            candidates: description.candidates,
        });
    }
    let fingerprint = text("fingerprint").ok_or_else(|| refused("a beacon has a fingerprint"))?;
    let size = match object.get("maxMessageSize") {
        None => Some(Description::DEFAULT_MAX_MESSAGE_SIZE),
        Some(size) => size.as_u64().and_then(|size| u32::try_from(size).ok()),
    };
    let mut candidates = Vec::new();
    let lines = match object.get("candidates") {
        None => [].as_slice(),
        Some(Value::Array(lines)) => lines.as_slice(),
        Some(_) => return Err(refused("a beacon's candidates are an array of texts")),
    };
    for line in lines {
        let line = line
            .as_str()
            .ok_or_else(|| refused("a candidate is a text"))?;
        candidates.extend(Candidate::from_sdp_line(line).map_err(refused)?);
    }
    Ok(Beacon {
        fingerprint: fingerprint.parse::<Fingerprint>().map_err(refused)?,
        secret,
        max_message_size: size.ok_or_else(|| refused("maxMessageSize is a number of 32 bits"))?,
        candidates,
    })
}

fn beacon_object(beacon: &Beacon) -> Value {
    let secret = u64::from_be_bytes(beacon.secret.0);
    let lines = (0..).zip(&beacon.candidates);
    json!({
        "type": "beacon",
        "fingerprint": beacon.fingerprint.to_string(),
        "secret": format!("{secret:016x}"),
        "maxMessageSize": beacon.max_message_size,
        "candidates": lines.map(|(i, candidate)| candidate.sdp_line(i)).collect::<Value>(),
    })
}

fn eight_bytes(digits: &str) -> Option<Secret> {
    // A sign would pass `from_str_radix`.
    let hex = digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let secret = u64::from_str_radix(digits, 16).ok()?;
    hex.then_some(Secret(secret.to_be_bytes()))
}

fn refused(why: impl ToString) -> Refusal {
    Refusal::signal(why.to_string())
}
