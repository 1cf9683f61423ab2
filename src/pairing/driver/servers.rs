//! STUN and TURN servers, for networks in which two do not reach each other by themselves. None is
//! ever asked unless the user names it.

use super::transport::TransportError;
use std::{fmt, net::SocketAddr, str::FromStr, time::Duration};
use webrtc::peer_connection::RTCIceServer;

/// Servers that the user named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Servers {
    /// Tell us how we are seen from outside (RFC 8489).
    pub stun: Vec<StunServer>,
    /// Relay what goes between the two (RFC 8656), over UDP. They see who talks and how much, but
    /// nothing of what is said.
    pub turn: Vec<TurnServer>,
}

/// A STUN server: `HOST[:PORT]`, or that after `stun:`. The port is 3478 if not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StunServer(Place);

/// A TURN server: `USER:PASSWORD@HOST[:PORT]`, or that after `turn:`. The port is 3478 if not given.
/// The password is not shown when debugging.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnServer {
    place: Place,
    user: String,
    password: String,
}

/// Why the name of a server cannot be read. The words hold no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Not a host, with a port or not.
    #[error("a server is HOST or HOST:PORT; an IPv6 address with a port is in brackets")]
    Place,
    /// No user or no password before the host.
    #[error("a TURN server is turn:USER:PASSWORD@HOST[:PORT]")]
    User,
    /// Not by UDP.
    #[error("only servers by UDP are known: stun: and turn:, not stuns:, turns: or ?transport=tcp")]
    Transport,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: u16,
}

impl Servers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stun.is_empty() && self.turn.is_empty()
    }

    /// Where they are. What cannot be found out in time is told instead.
    pub(super) async fn resolve(&self) -> Resolved {
        let mut resolved = Resolved::default();
        for place in self.stun.iter().map(|server| &server.0) {
            let at = place.resolve(&mut resolved.trouble).await;
            resolved.stun.extend(at);
        }
        for server in &self.turn {
            let at = server.place.resolve(&mut resolved.trouble).await;
            let each = at.into_iter().map(|at| (at, server.clone()));
            resolved.turn.extend(each);
        }
        resolved
    }

    /// Words for relays that gave nothing.
    pub(super) fn no_relay(&self) -> TransportError {
        let hosts: Vec<String> = self.turn.iter().map(|s| s.place.to_string()).collect();
        TransportError::Server {
            server: hosts.join(", "),
            problem: "gives no relay: it cannot be reached by UDP, or refuses user and password",
        }
    }

    /// Words for servers that did not tell how we are seen.
    pub(super) fn no_reflection(&self) -> TransportError {
        let hosts: Vec<String> = self.stun.iter().map(|s| s.0.to_string()).collect();
        TransportError::Server {
            server: hosts.join(", "),
            problem: "does not answer",
        }
    }
}

/// Where servers are.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) stun: Vec<SocketAddr>,
    turn: Vec<(SocketAddr, TurnServer)>,
    trouble: Vec<TransportError>,
}

impl Resolved {
    /// Every address.
    pub(super) fn all(&self) -> Vec<SocketAddr> {
        let turn = self.turn.iter().map(|(at, _)| *at);
        self.stun.iter().copied().chain(turn).collect()
    }

    /// What could not be found out.
    pub(super) fn trouble(&self) -> &[TransportError] {
        &self.trouble
    }

    /// As the stack wants them: by numbers, since it does nothing else while it looks up a name. A
    /// relay also tells how we are seen: that is asked of it, too.
    pub(super) fn for_stack(&self) -> Vec<RTCIceServer> {
        let asked = self.all().into_iter().map(|at| RTCIceServer {
            urls: vec![format!("stun:{at}")],
            ..Default::default()
        });
        let relays = self.turn.iter().map(|(at, server)| RTCIceServer {
            urls: vec![format!("turn:{at}?transport=udp")],
            username: server.user.clone(),
            credential: server.password.clone(),
        });
        asked.chain(relays).collect()
    }
}

impl Place {
    async fn resolve(&self, trouble: &mut Vec<TransportError>) -> Vec<SocketAddr> {
        let found = tokio::net::lookup_host(self.to_string());
        let all: Vec<SocketAddr> = match tokio::time::timeout(RESOLVING, found).await {
            Ok(Ok(found)) => found.collect(),
            _ => Vec::new(),
        };
        // One of each family: every one of a relay would be asked for a relay.
        let first = |v4| all.iter().copied().find(|at| at.is_ipv4() == v4);
        let found: Vec<SocketAddr> = [first(true), first(false)].into_iter().flatten().collect();
        if found.is_empty() {
            trouble.push(TransportError::Server {
                server: self.to_string(),
                problem: "has no address that could be found",
            });
        }
        found
    }
}

impl FromStr for Place {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or(ServerError::Place)?;
                let port = match port {
                    "" => None,
                    port => Some(port.strip_prefix(':').ok_or(ServerError::Place)?),
                };
                (host, port)
            }
            // Two colons or more: an IPv6 address without a port.
            None if text.matches(':').count() > 1 => (text, None),
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().map_err(|_| ServerError::Place)?,
            None => PORT,
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
        let is_name = !host.is_empty() && host.len() <= 253 && host.bytes().all(plain);
        let is_v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        match port > 0 && (is_name || is_v6) {
            true => Ok(Self {
                host: host.to_owned(),
                port,
            }),
            false => Err(ServerError::Place),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for StunServer {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        Ok(Self(by_udp(text, "stun:", "stuns:")?.parse()?))
    }
}

impl FromStr for TurnServer {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let text = by_udp(text, "turn:", "turns:")?;
        // A password may hold what separates; a host does not.
        let (who, place) = text.rsplit_once('@').ok_or(ServerError::User)?;
        let (user, password) = who.split_once(':').ok_or(ServerError::User)?;
        if user.is_empty() || password.is_empty() {
            return Err(ServerError::User);
        }
        Ok(Self {
            place: place.parse()?,
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

impl fmt::Debug for TurnServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnServer")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

fn by_udp<'a>(text: &'a str, scheme: &str, secure: &str) -> Result<&'a str, ServerError> {
    let (text, query) = match text.rsplit_once("?transport=") {
        Some((text, query)) => (text, query),
        None => (text, "udp"),
    };
    if text.starts_with(secure) || query != "udp" {
        return Err(ServerError::Transport);
    }
    Ok(text.strip_prefix(scheme).unwrap_or(text))
}

/// RFC 8489, section 7.3.
const PORT: u16 = 3478;

/// A name that is not found sooner holds up no pairing.
const RESOLVING: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(text: &str) -> Result<TurnServer, ServerError> {
        text.parse()
    }

    #[test]
    fn servers_are_read_with_and_without_scheme_and_port() {
        for (text, shown) in [
            ("stun.example.org", "stun.example.org:3478"),
            ("stun:stun.example.org:19302", "stun.example.org:19302"),
            ("192.0.2.7:5000", "192.0.2.7:5000"),
            ("2001:db8::7", "[2001:db8::7]:3478"),
            ("stun:[2001:db8::7]:99", "[2001:db8::7]:99"),
        ] {
            let server: StunServer = text.parse().unwrap();
            assert_eq!(server.0.to_string(), shown);
        }
        let server = turn("turn:me:a:b@c@relay.example.org").unwrap();
        assert_eq!(
            (server.user.as_str(), server.password.as_str()),
            ("me", "a:b@c")
        );
        assert_eq!(server.place.to_string(), "relay.example.org:3478");
    }

    #[test]
    fn what_is_no_server_is_refused_without_repeating_it() {
        for text in [
            "",
            ":",
            "host:",
            "host:0",
            "host:70000",
            "a b",
            "host\r\nx",
            "[::1",
            "[::1]x",
            "[]",
            "1::2::3",
            "host/path",
        ] {
            let refused: Result<StunServer, _> = text.parse();
            assert_eq!(refused, Err(ServerError::Place), "{text:?}");
        }
        for text in ["turn:host", "user@host", ":secret@host", "user:@host"] {
            assert_eq!(turn(text), Err(ServerError::User), "{text:?}");
        }
        assert_eq!(turn("turns:u:secret@host"), Err(ServerError::Transport));
        assert_eq!(
            turn("turn:u:secret@host?transport=tcp"),
            Err(ServerError::Transport)
        );
        let words = turn("u:secret@host:x").unwrap_err().to_string();
        assert!(!words.contains("secret"));
    }

    #[test]
    fn a_password_is_not_shown() {
        let server = turn("turn:somebody:secret@host").unwrap();
        let servers = Servers {
            turn: vec![server],
            ..Servers::default()
        };
        let shown = format!("{servers:?} {}", servers.no_relay());
        assert!(!shown.contains("secret") && !shown.contains("somebody"));
    }

    #[tokio::test]
    async fn the_stack_is_told_numbers_and_asks_a_relay_how_we_are_seen_too() {
        let servers = Servers {
            stun: vec!["192.0.2.1:99".parse().unwrap()],
            turn: vec![turn("turn:me:secret@[2001:db8::7]").unwrap()],
        };
        let resolved = servers.resolve().await;
        assert!(resolved.trouble().is_empty());
        let told = resolved.for_stack();
        let urls: Vec<&str> = told.iter().map(|server| server.urls[0].as_str()).collect();
        assert_eq!(
            urls,
            [
                "stun:192.0.2.1:99",
                "stun:[2001:db8::7]:3478",
                "turn:[2001:db8::7]:3478?transport=udp"
            ]
        );
        assert_eq!(
            (told[2].username.as_str(), told[2].credential.as_str()),
            ("me", "secret")
        );
        assert_eq!(
            (told[0].username.as_str(), told[0].credential.as_str()),
            ("", "")
        );
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_told_of_and_holds_up_nothing() {
        let servers = Servers {
            // RFC 6761: never a name.
            stun: vec!["nobody.invalid".parse().unwrap()],
            ..Servers::default()
        };
        let resolved = servers.resolve().await;
        assert!(resolved.stun.is_empty());
        assert!(resolved.for_stack().is_empty());
        assert!(resolved.trouble()[0].to_string().contains("nobody.invalid"));
    }
}
