//! Session descriptions to values and back.
//!
//! Read: whatever browsers and libraries write for one data channel connection, in any order, with
//! any attributes that do not matter. Written: the fewest lines that Chromium and webrtc-rs accept,
//! made of values alone, so that no received text reaches an SDP.

use std::fmt::Write as _;
use std::str::FromStr;

use super::{
    Candidate, Credentials, Description, Fingerprint, IceCredentials, Role, SdpError, Setup, Text,
    TextTooLong,
};

impl Description {
    /// Reads an SDP. Credentials that follow from the fingerprint become
    /// [`Credentials::Derived`]; candidates that cannot be used (TCP, component 2, link-local IPv6)
    /// are dropped; session name, times, directions, extensions and ICE options are not kept.
    ///
    /// # Errors
    /// If it is not an SDP, or not one of a single data channel section that
    /// [`to_sdp`](Self::to_sdp) could write with the same meaning. The latter can travel as
    /// [`Signal::Other`](super::Signal::Other).
    pub fn from_sdp(sdp: &str, role: Role) -> Result<Self, SdpError> {
        if sdp.len() > Text::MAX_LEN {
            return Err(TextTooLong { max: Text::MAX_LEN }.into());
        }
        let mut lines = sdp.lines().map(str::trim_end).filter(|l| !l.is_empty());
        if lines.next() != Some("v=0") {
            return Err(SdpError::NotSdp);
        }
        let mut fields = Fields::default();
        for line in lines {
            fields.read(line)?;
        }
        fields.into_description(role)
    }

    /// Writes a new SDP: CRLF lines, one data channel section with `mid` 0 and SCTP port 5000.
    ///
    /// [`Description::from_sdp`] reads the same values from it; only [`Description::answers`] has
    /// no place in an SDP.
    ///
    /// [`Fingerprint::Truncated128`] is written as a `sha-256` of 16 bytes, which only an engine
    /// that leaves the check to the application takes.
    pub fn to_sdp(&self) -> String {
        let IceCredentials { ufrag, pwd } = self.ice_credentials();
        let setup = match self.decided_setup() {
            Setup::ActPass => "actpass",
            Setup::Active => "active",
            Setup::Passive => "passive",
        };
        let mut sdp = String::with_capacity(512);
        let mut line = |line: std::fmt::Arguments<'_>| {
            // Writing to a string does not fail.
            let _ = write!(sdp, "{line}\r\n");
        };
        line(format_args!("v=0"));
        line(format_args!("o=- 1 1 IN IP4 0.0.0.0"));
        line(format_args!("s=-"));
        line(format_args!("t=0 0"));
        line(format_args!("a=group:BUNDLE 0"));
        line(format_args!("m={MEDIA} 9 {PROTOCOL} {FORMAT}"));
        line(format_args!("c=IN IP4 0.0.0.0"));
        line(format_args!("a=mid:0"));
        line(format_args!("a=sendrecv"));
        line(format_args!("a=ice-ufrag:{ufrag}"));
        line(format_args!("a=ice-pwd:{pwd}"));
        line(format_args!("a=fingerprint:{}", self.fingerprint));
        line(format_args!("a=setup:{setup}"));
        line(format_args!("a=sctp-port:{SCTP_PORT}"));
        line(format_args!("a=max-message-size:{}", self.max_message_size));
        let candidates = self.sent_candidates();
        for (index, candidate) in (0..).zip(&candidates) {
            line(format_args!("a={}", candidate.sdp_line(index)));
        }
        // Without candidates more are on their way.
        if !candidates.is_empty() {
            line(format_args!("a=end-of-candidates"));
        }
        sdp
    }
}

const MEDIA: &str = "application";
const PROTOCOL: &str = "UDP/DTLS/SCTP";
const FORMAT: &str = "webrtc-datachannel";
const SCTP_PORT: u16 = 5000;

/// What has been read so far.
#[derive(Default)]
struct Fields {
    media: bool,
    ufrag: Option<String>,
    pwd: Option<String>,
    fingerprint: Option<Fingerprint>,
    setup: Option<Setup>,
    mid: Option<u8>,
    sctp_port: Option<u16>,
    max_message_size: Option<u32>,
    candidates: Vec<Candidate>,
}

impl Fields {
    fn read(&mut self, line: &str) -> Result<(), SdpError> {
        let (key, value) = line
            .split_once('=')
            .ok_or(SdpError::Unreadable("line without ="))?;
        match key {
            "m" => self.read_media(value),
            "a" => match value.split_once(':') {
                Some((name, value)) => self.read_attribute(name, value.trim()),
                None if value == "ice-lite" => Err(SdpError::Unsupported("a=ice-lite")),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn read_media(&mut self, value: &str) -> Result<(), SdpError> {
        let words: Vec<&str> = value.split_ascii_whitespace().take(5).collect();
        let [media, port, protocol, format] = words[..] else {
            return Err(SdpError::Unsupported("a media section"));
        };
        if (media, format) != (MEDIA, FORMAT) {
            return Err(SdpError::Unsupported("a media section"));
        }
        if protocol != PROTOCOL {
            return Err(SdpError::Unsupported("a data channel not over UDP"));
        }
        if port == "0" {
            return Err(SdpError::Unsupported("a refused data channel section"));
        }
        if self.media {
            return Err(SdpError::Unsupported("a second data channel section"));
        }
        self.media = true;
        Ok(())
    }

    fn read_attribute(&mut self, name: &str, value: &str) -> Result<(), SdpError> {
        match name {
            "ice-ufrag" => set(&mut self.ufrag, "a=ice-ufrag", value.to_owned()),
            "ice-pwd" => set(&mut self.pwd, "a=ice-pwd", value.to_owned()),
            "fingerprint" => {
                let fingerprint = Fingerprint::from_sdp(value).ok_or(SdpError::Unsupported(
                    "a fingerprint that is not SHA-256 or SHA-1",
                ))?;
                set(&mut self.fingerprint, "a=fingerprint", fingerprint)
            }
            "setup" => {
                let setup = match value {
                    "actpass" => Setup::ActPass,
                    "active" => Setup::Active,
                    "passive" => Setup::Passive,
                    _ => return Err(SdpError::Unreadable("a=setup")),
                };
                set(&mut self.setup, "a=setup", setup)
            }
            "mid" if value == "0" => set(&mut self.mid, "a=mid", 0),
            "mid" => Err(SdpError::Unsupported("a=mid other than 0")),
            "sctp-port" => set(&mut self.sctp_port, "a=sctp-port", number(name, value)?),
            "max-message-size" => set(
                &mut self.max_message_size,
                "a=max-message-size",
                number(name, value)?,
            ),
            "candidate" => {
                let candidate = Candidate::from_sdp_line(value)?;
                let new = candidate.filter(|c| !self.candidates.contains(c));
                self.candidates.extend(new);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn into_description(self, role: Role) -> Result<Description, SdpError> {
        let missing = |what| SdpError::Missing(what);
        if !self.media {
            return Err(missing("a data channel section"));
        }
        let fingerprint = self.fingerprint.ok_or(missing("a=fingerprint"))?;
        let explicit = IceCredentials::new(
            &self.ufrag.ok_or(missing("a=ice-ufrag"))?,
            &self.pwd.ok_or(missing("a=ice-pwd"))?,
        )?;
        let credentials = if explicit == IceCredentials::derived(&fingerprint) {
            Credentials::Derived
        } else {
            Credentials::Explicit(explicit)
        };
        let setup = self.setup.ok_or(missing("a=setup"))?;
        if (role, setup) == (Role::Answer, Setup::ActPass) {
            return Err(SdpError::Unsupported("an answer with a=setup:actpass"));
        }
        if self.sctp_port.ok_or(missing("a=sctp-port"))? != SCTP_PORT {
            return Err(SdpError::Unsupported("an SCTP port other than 5000"));
        }
        if self.candidates.len() > Description::MAX_CANDIDATES {
            return Err(SdpError::TooManyCandidates {
                found: self.candidates.len(),
                max: Description::MAX_CANDIDATES,
            });
        }
        Ok(Description {
            role,
            setup,
            credentials,
            fingerprint,
            max_message_size: self
                .max_message_size
                .unwrap_or(Description::DEFAULT_MAX_MESSAGE_SIZE),
            candidates: self.candidates,
            answers: None,
        })
    }
}

/// Sets a field once; repeating the same value is allowed (session and media level may agree).
fn set<T: PartialEq>(field: &mut Option<T>, name: &'static str, value: T) -> Result<(), SdpError> {
    match field {
        Some(old) if *old != value => Err(SdpError::Conflict(name)),
        _ => {
            *field = Some(value);
            Ok(())
        }
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, SdpError> {
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    let number = value.parse().ok().filter(|_| digits);
    number.ok_or(SdpError::Unreadable(match name {
        "sctp-port" => "a=sctp-port",
        _ => "a=max-message-size",
    }))
}
