//! Envelopes of ours: what is said again and again, and by what the own voice is known.

use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// By which envelopes are compared.
pub(super) type Hash = [u8; 32];

/// An envelope of ours, and how often it was begun.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) envelope: Vec<u8>,
    pub(super) said: u32,
}

impl Words {
    pub(super) fn unsaid(envelope: Vec<u8>) -> Self {
        Self { envelope, said: 0 }
    }
}

/// Envelopes of ours, by which the own voice is known again.
#[derive(Debug, Default)]
pub(super) struct OwnWords(VecDeque<Hash>);

impl OwnWords {
    pub(super) fn remember(&mut self, envelope: &[u8]) {
        self.remember_hash(hash(envelope));
    }

    pub(super) fn remember_hash(&mut self, hash: Hash) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(hash);
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn contains(&self, envelope: &[u8]) -> bool {
        self.0.contains(&hash(envelope))
    }
}

pub(super) fn hash(envelope: &[u8]) -> Hash {
    Sha256::digest(envelope).into()
}

/// An echo of ours comes back within seconds; in that time few envelopes are made.
const REMEMBERED: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_voice_is_known_and_the_oldest_is_forgotten_first() {
        let mut ours = OwnWords::default();
        let envelope = |n: usize| n.to_le_bytes();
        for n in 0..=REMEMBERED {
            ours.remember(&envelope(n));
        }
        assert!(!ours.contains(&envelope(0)));
        assert!((1..=REMEMBERED).all(|n| ours.contains(&envelope(n))));
        assert!(!ours.contains(b"another"));
    }
}
