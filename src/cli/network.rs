//! How this computer is to be reached: which of its addresses, and by which servers' help.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use airshake::pairing::{Addresses, PairOptions, Servers, StunServer, TurnServer};
use anyhow::{Context, Result};
use clap::Args;

/// How to be reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkOptions {
    /// Network interface to be reached at; chosen by itself if not given
    #[arg(long, value_name = "NAME")]
    interface: Option<String>,

    /// Address of this computer to be reached at; may be given more than once
    #[arg(long, value_name = "IP", conflicts_with = "interface")]
    address: Vec<IpAddr>,

    /// STUN server that tells how this computer is seen from outside: for two behind different
    /// routers. It learns this computer's address
    #[arg(long, value_name = "HOST[:PORT]")]
    stun: Vec<StunServer>,

    /// TURN server that relays what cannot go directly: turn:USER:PASSWORD@HOST[:PORT]. Other
    /// users of this computer do not see it if it is given in the environment variable
    /// AIRSHAKE_TURN instead
    #[arg(long, value_name = "URL")]
    turn: Vec<Unshown>,
}

impl NetworkOptions {
    /// Puts into `options` what was asked for.
    pub(crate) fn apply(&self, options: &mut PairOptions) -> Result<()> {
        options.addresses = match &self.interface {
            Some(name) => Addresses::Interface(name.clone()),
            None if self.address.is_empty() => Addresses::Automatic,
            None => Addresses::Only(self.address.clone()),
        };
        let mut servers = Servers::default();
        servers.stun.clone_from(&self.stun);
        servers.turn = match std::env::var(VARIABLE) {
            // What is typed now stands before what was set some time.
            Ok(url) if self.turn.is_empty() && !url.is_empty() => {
                vec![url.parse().context(VARIABLE)?]
            }
            _ => {
                let given = self.turn.iter().map(|Unshown(url)| url.parse());
                let given: Result<Vec<TurnServer>, _> = given.collect();
                given.context("--turn")?
            }
        };
        options.servers = servers;
        Ok(())
    }
}

/// What is shown nowhere, not even in the message that it is wrong.
#[derive(Clone)]
struct Unshown(String);

impl FromStr for Unshown {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Unshown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unshown(..)")
    }
}

const VARIABLE: &str = "AIRSHAKE_TURN";

#[cfg(test)]
mod tests {
    use super::*;

    fn options(turn: &[&str]) -> NetworkOptions {
        NetworkOptions {
            interface: None,
            address: Vec::new(),
            stun: Vec::new(),
            turn: turn.iter().map(|&url| Unshown(url.to_owned())).collect(),
        }
    }

    #[test]
    fn a_relay_that_cannot_be_read_is_refused_without_its_password() {
        let wrong = options(&["turn:me:secret@bad host"]);
        assert!(!format!("{wrong:?}").contains("secret"));
        let error = wrong.apply(&mut PairOptions::default()).unwrap_err();
        let words = format!("{error:#}");
        assert!(words.starts_with("--turn: a server is"), "{words}");
        assert!(!words.contains("secret"));
    }

    #[test]
    fn addresses_that_are_given_are_the_only_ones() {
        let mut wanted = options(&[]);
        wanted.address = vec!["192.0.2.1".parse().unwrap(), "::1".parse().unwrap()];
        let mut applied = PairOptions::default();
        wanted.apply(&mut applied).unwrap();
        assert_eq!(applied.addresses, Addresses::Only(wanted.address));
        assert!(applied.servers.is_empty());
    }
}
