//! Session descriptions to values and back.
//!
//! Read: whatever browsers and libraries write for one data channel connection, in any order, with
//! any attributes that do not matter. Written: the fewest lines that Chromium and webrtc-rs accept,
//! made of values alone, so that no received text reaches an SDP.

use std::fmt::Write as _;
use std::str::FromStr;

use super::description::sent;
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
        let candidates = sent(&self.candidates);
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
            "fingerprint" => set(&mut self.fingerprint, "a=fingerprint", value.parse()?),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Address, Kind, pack};

    /// What a browser writes, as we would write it.
    fn offer() -> String {
        Description {
            role: Role::Offer,
            setup: Setup::ActPass,
            credentials: Credentials::Derived,
            fingerprint: Fingerprint::Sha256([0xa5; 32]),
            max_message_size: 65_536,
            candidates: vec![Candidate {
                address: Address::Ip([192, 168, 1, 5].into()),
                port: 40_000,
                kind: Kind::Host,
            }],
            answers: None,
        }
        .to_sdp()
    }

    #[test]
    fn the_written_lines_are_these() {
        let fingerprint = ["A5"; 32].join(":");
        let credentials = IceCredentials::derived(&Fingerprint::Sha256([0xa5; 32]));
        let expected = [
            "v=0",
            "o=- 1 1 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 0.0.0.0",
            "a=mid:0",
            "a=sendrecv",
            &format!("a=ice-ufrag:{}", credentials.ufrag),
            &format!("a=ice-pwd:{}", credentials.pwd),
            &format!("a=fingerprint:sha-256 {fingerprint}"),
            "a=setup:actpass",
            "a=sctp-port:5000",
            "a=max-message-size:65536",
            "a=candidate:1 1 udp 2130706431 192.168.1.5 40000 typ host",
            "a=end-of-candidates",
            "",
        ];
        assert_eq!(offer(), expected.join("\r\n"));
    }

    #[test]
    fn the_order_of_attributes_and_what_is_unknown_do_not_matter() {
        let written = offer();
        let mut lines: Vec<&str> = written.lines().collect();
        lines[6..].reverse();
        lines.insert(4, "a=msid-semantic: WMS *");
        lines.insert(9, "a=ice-options:trickle");
        lines.insert(9, "b=AS:30");
        lines.insert(4, "");
        let shuffled = lines.join("\n");
        let expected = Description::from_sdp(&written, Role::Offer);
        assert_eq!(Description::from_sdp(&shuffled, Role::Offer), expected);
    }

    #[test]
    fn what_stands_at_session_level_counts_and_may_be_repeated() {
        let written = offer();
        let line = |start| written.lines().find(|l| l.starts_with(start)).unwrap();
        let session = [line("a=fingerprint"), line("a=setup"), line("a=ice-ufrag")].join("\r\n");
        let both = written.replace("t=0 0", &format!("t=0 0\r\n{session}"));
        let expected = Description::from_sdp(&written, Role::Offer);
        assert_eq!(Description::from_sdp(&both, Role::Offer), expected);
    }

    /// No recording: the layout that Firefox is known for, with other values.
    #[test]
    fn firefox_s_layout_is_read() {
        let fingerprint = ["5A"; 32].join(":");
        let sdp = [
            "v=0",
            "o=mozilla...THIS_IS_SDPARTA-99.0 1234567890123456789 0 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            "a=sendrecv",
            &format!("a=fingerprint:sha-256 {fingerprint}"),
            "a=group:BUNDLE 0",
            "a=ice-options:trickle",
            "a=msid-semantic:WMS *",
            "m=application 50000 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 203.0.113.7",
            "a=candidate:0 1 UDP 2122252543 ba42762d-b349-4eda-8faa-3faf2f5f400c.local 50000 typ host",
            "a=candidate:2 1 TCP 2105524479 ba42762d-b349-4eda-8faa-3faf2f5f400c.local 9 typ host tcptype active",
            "a=candidate:1 1 UDP 1686052863 203.0.113.7 50000 typ srflx raddr 0.0.0.0 rport 0",
            "a=sendrecv",
            "a=end-of-candidates",
            "a=ice-pwd:0123456789abcdef0123456789abcdef",
            "a=ice-ufrag:01234567",
            "a=mid:0",
            "a=setup:actpass",
            "a=sctp-port:5000",
            "a=max-message-size:1073741823",
            "",
        ]
        .join("\r\n");
        let description = Description::from_sdp(&sdp, Role::Offer).unwrap();
        let kinds: Vec<Kind> = description.candidates.iter().map(|c| c.kind).collect();
        assert_eq!(kinds, [Kind::Host, Kind::ServerReflexive]);
        // 32 + 20 for fingerprint and credentials, 17.6 for the name, 4.5 for the address, 1.5.
        assert_eq!(pack(&description.into()).len(), 76);
    }

    #[test]
    fn a_peer_that_names_no_message_size_takes_64_kib() {
        let sdp = offer().replace("a=max-message-size:65536\r\n", "");
        let description = Description::from_sdp(&sdp, Role::Offer).unwrap();
        assert_eq!(description.max_message_size, 65_536);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        use SdpError::{Conflict, Missing, NotSdp, Unreadable, Unsupported};
        let audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=application 9";
        let section = "a=mid:0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel";
        let two = format!("a=fingerprint:sha-1 {}\r\na=setup", ["00"; 20].join(":"));
        for (from, to, reason) in [
            ("v=0", "hello", NotSdp),
            ("m=application 9", audio, Unsupported("a media section")),
            (
                "a=mid:0",
                section,
                Unsupported("a second data channel section"),
            ),
            (
                "application 9",
                "application 0",
                Unsupported("a refused data channel section"),
            ),
            (
                "UDP/DTLS",
                "TCP/DTLS",
                Unsupported("a data channel not over UDP"),
            ),
            (
                "UDP/DTLS/SCTP webrtc-datachannel",
                "DTLS/SCTP 5000",
                Unsupported("a media section"),
            ),
            ("a=mid:0", "a=mid:data", Unsupported("a=mid other than 0")),
            (
                "a=sctp-port:5000",
                "a=sctp-port:5001",
                Unsupported("an SCTP port other than 5000"),
            ),
            (
                "a=sctp-port:5000",
                "a=sctp-port:+5000",
                Unreadable("a=sctp-port"),
            ),
            (
                "a=sctp-port:5000",
                "a=sctpmap:5000 webrtc-datachannel 1024",
                Missing("a=sctp-port"),
            ),
            (
                "size:65536",
                "size:4294967296",
                Unreadable("a=max-message-size"),
            ),
            (
                "sha-256",
                "sha-512",
                Unsupported("a fingerprint that is not SHA-256 or SHA-1"),
            ),
            ("a=setup", &two, Conflict("a=fingerprint")),
            ("a=fingerprint", "a=thumbprint", Missing("a=fingerprint")),
            ("a=ice-ufrag", "a=ice-fragment", Missing("a=ice-ufrag")),
            ("a=ice-pwd", "a=ice-word", Missing("a=ice-pwd")),
            ("a=setup", "a=startup", Missing("a=setup")),
            ("actpass", "holdconn", Unreadable("a=setup")),
            ("a=sendrecv", "a=ice-lite", Unsupported("a=ice-lite")),
            ("a=sendrecv", "sendrecv", Unreadable("line without =")),
        ] {
            let written = offer();
            let sdp = written.replacen(from, to, 1);
            assert_ne!(sdp, written, "{from}");
            assert_eq!(Description::from_sdp(&sdp, Role::Offer), Err(reason));
        }
        let answer = Description::from_sdp(&offer(), Role::Answer);
        let reason = Unsupported("an answer with a=setup:actpass");
        assert_eq!(answer, Err(reason));
    }

    #[test]
    fn too_many_candidates_and_too_long_a_text_are_refused() {
        let lines: String = (0..17)
            .map(|i| format!("a=candidate:1 1 udp 1 10.0.0.{i} 4000 typ host\r\n"))
            .collect();
        let sdp = offer().replace("a=end-of-candidates\r\n", &lines);
        let error = SdpError::TooManyCandidates { found: 18, max: 16 };
        assert_eq!(Description::from_sdp(&sdp, Role::Offer), Err(error));

        let sdp = offer() + &"a=x\r\n".repeat(20_000);
        let error = Description::from_sdp(&sdp, Role::Offer);
        assert!(matches!(error, Err(SdpError::TooLong(_))));
    }

    #[test]
    fn an_answer_that_did_not_decide_is_written_as_active() {
        let mut description = Description::from_sdp(&offer(), Role::Offer).unwrap();
        description.role = Role::Answer;
        assert!(description.to_sdp().contains("a=setup:active\r\n"));
    }

    #[test]
    fn without_candidates_more_are_awaited() {
        let mut description = Description::from_sdp(&offer(), Role::Offer).unwrap();
        description.candidates.clear();
        assert!(!description.to_sdp().contains("candidate"));
    }
}
