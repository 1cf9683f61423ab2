//! Which of many addresses to tell, where every byte is air time.

use core::net::IpAddr;

use crate::order::sort_by;

use super::{Address, Candidate, Description, Kind, Signal, pack};

impl Description {
    /// The same with as many of its candidates as pack into `bytes`, chosen by [`choose`]. Without
    /// any it may still be longer: [`pack`](super::pack) cannot leave out more.
    ///
    /// A laptop with IPv6, a virtual network and a relay has a dozen addresses, of which the other
    /// side needs one that it can reach.
    #[must_use]
    pub fn within(mut self, bytes: usize) -> Self {
        let all = core::mem::take(&mut self.candidates);
        let candidates = choose(&all, |some| {
            let candidates = some.to_vec();
            let attempt = Self {
                candidates,
                ..self.clone()
            };
            pack(&Signal::Description(attempt)).len() <= bytes
        });
        Self { candidates, ..self }
    }
}

/// Those of the candidates that are worth most and fit together, in the order in which they were.
///
/// Loopback is left out unless there is nothing else: on another computer it leads nowhere, and on
/// the same one the others do as well. Of the rest the first of each kind and family comes before
/// the second, what is shorter (IPv4 and names) before IPv6, and a host's own address before what a
/// server lends it.
pub fn choose(
    candidates: &[Candidate],
    mut fits: impl FnMut(&[Candidate]) -> bool,
) -> Vec<Candidate> {
    let usable = || (0..).zip(candidates).filter(|(_, c)| c.is_usable());
    let networked = usable().any(|(_, c)| !is_loopback(c));
    let mut ranked: Vec<(usize, u8, u8, usize)> = Vec::new();
    for (place, candidate) in usable().filter(|(_, c)| !(networked && is_loopback(c))) {
        let (long, kind) = (is_long(candidate), worth(candidate.kind));
        let before = ranked.iter().filter(|r| (r.1, r.2) == (long, kind));
        ranked.push((before.count(), long, kind, place));
    }
    sort_by(&mut ranked, Ord::cmp);
    let mut kept: Vec<usize> = Vec::new();
    for (.., place) in ranked {
        let at = kept.partition_point(|&other| other < place);
        kept.insert(at, place);
        let some: Vec<Candidate> = kept.iter().map(|&place| candidates[place]).collect();
        if !fits(&some) {
            kept.remove(at);
        }
    }
    kept.into_iter().map(|place| candidates[place]).collect()
}

fn is_loopback(candidate: &Candidate) -> bool {
    matches!(candidate.address, Address::Ip(ip) if ip.is_loopback())
}

fn is_long(candidate: &Candidate) -> u8 {
    matches!(candidate.address, Address::Ip(IpAddr::V6(_))).into()
}

fn worth(kind: Kind) -> u8 {
    match kind {
        Kind::Host => 0,
        Kind::ServerReflexive => 1,
        Kind::Relayed => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Credentials, Fingerprint, IceCredentials, Role, Setup};
    use super::*;

    fn candidate(address: &str, kind: Kind, port: u16) -> Candidate {
        let address = address.parse().unwrap();
        Candidate {
            address,
            port,
            kind,
        }
    }

    fn host(address: &str) -> Candidate {
        // A port of its own each, as engines give them.
        candidate(address, Kind::Host, 40_000 + address.len() as u16)
    }

    fn offer(candidates: Vec<Candidate>) -> Description {
        let credentials = IceCredentials::new("abcd", "abcdefghijklmnopqrstuvwx").unwrap();
        Description {
            role: Role::Offer,
            setup: Setup::ActPass,
            credentials: Credentials::Explicit(credentials),
            fingerprint: Fingerprint::Sha256([7; 32]),
            max_message_size: 262_144,
            candidates,
            answers: None,
        }
    }

    #[test]
    fn loopback_is_told_only_where_nothing_else_is() {
        let lonely = vec![host("127.0.0.1"), host("::1")];
        assert_eq!(choose(&lonely, |_| true), lonely);
        let mut networked = lonely;
        networked.insert(1, host("192.0.2.2"));
        assert_eq!(choose(&networked, |_| true), [host("192.0.2.2")]);
    }

    #[test]
    fn whatever_there_are_an_offer_keeps_to_its_size_and_its_order() {
        let mut many = vec![host("fd00::2"), host("2001:db8::12"), host("2001:db8::123")];
        many.push(host("192.0.2.2"));
        many.push(candidate("198.51.100.7", Kind::ServerReflexive, 50_000));
        many.push(candidate("203.0.113.9", Kind::Relayed, 3478));
        for bytes in 40..160 {
            let kept = offer(many.clone()).within(bytes);
            let places = kept
                .candidates
                .iter()
                .map(|c| many.iter().position(|m| m == c));
            assert!(places.is_sorted(), "{bytes}");
            let packed = pack(&kept.clone().into()).len();
            // 436 bits are fingerprint, credentials and the like.
            assert!(packed <= bytes.max(55), "{packed} of {bytes}");
            assert_eq!(bytes < 61, kept.candidates.is_empty(), "{bytes}");
        }
        let kinds = |bytes| -> Vec<Kind> {
            let kept = offer(many.clone()).within(bytes);
            kept.candidates.iter().map(|c| c.kind).collect()
        };
        assert_eq!(kinds(61), [Kind::Host]);
        assert_eq!(
            kinds(75),
            [Kind::Host, Kind::ServerReflexive, Kind::Relayed]
        );
    }

    #[test]
    fn both_families_of_a_usual_laptop_fit_ninety_bytes() {
        let both = vec![host("2001:db8::1"), host("192.0.2.2")];
        assert_eq!(offer(both.clone()).within(90).candidates, both);
    }

    #[test]
    fn what_cannot_be_sent_is_not_kept() {
        assert_eq!(choose(&[host("0.0.0.0"), host("fe80::1")], |_| true), []);
    }
}
