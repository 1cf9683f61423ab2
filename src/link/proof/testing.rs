//! Two sides of a proof, and what goes between them, for tests.

use super::*;

/// The certificate of somebody.
pub(super) fn certificate(name: u8) -> [u8; 32] {
    [name; 32]
}

/// Chance that is as good as none twice the same, from a number.
pub(super) fn chance(number: u64) -> [u8; CHANCE] {
    use sha2::{Digest, Sha256};
    let mut chance = [0; CHANCE];
    for (i, block) in chance.chunks_mut(32).enumerate() {
        let hash = Sha256::digest([number.to_be_bytes(), [i as u8; 8]].concat());
        block.copy_from_slice(&hash[..block.len()]);
    }
    chance
}

/// What somebody brings to a meeting.
pub(super) fn encounter(side: Side, secret: Option<u8>, code: Option<&str>) -> Encounter {
    Encounter {
        side,
        secret: secret.map(|byte| Secret::new([byte; 8])),
        code: code.map(|code| code.parse().expect("is a code")),
    }
}

/// One side: who it is, whom it sees, and its next message.
pub(super) struct Party {
    pub(super) proof: Proof,
    pub(super) said: Vec<Vec<u8>>,
    pub(super) end: Option<Result<Proven, ProofError>>,
}

impl Party {
    /// Has been knocked at, so it has said its hello. `ours` and `theirs` name the certificates it sees.
    pub(super) fn new(encounter: Encounter, ours: u8, theirs: u8, number: u64) -> Self {
        let certificates = Certificates {
            ours: certificate(ours),
            theirs: certificate(theirs),
        };
        let (mut proof, knock) = Proof::new(&encounter, certificates, &chance(number));
        let step = proof.handle(&knock).expect("a knock is answered");
        Self {
            proof,
            said: step.say,
            end: None,
        }
    }

    /// Hears a message; a proof that is over hears nothing more.
    pub(super) fn hear(&mut self, message: &[u8]) {
        if self.end.is_some() {
            return;
        }
        match self.proof.handle(message) {
            Ok(Step { say, proven }) => {
                self.said.extend(say);
                self.end = proven.map(Ok);
            }
            Err(error) => self.end = Some(Err(error)),
        }
    }

    /// The last thing it said.
    pub(super) fn last(&self) -> &[u8] {
        self.said.last().expect("a hello at least")
    }

    /// Its words, if it is proven.
    pub(super) fn words(&self) -> Option<Words> {
        match &self.end {
            Some(Ok(proven)) => Some(proven.words),
            _ => None,
        }
    }

    /// Its error.
    pub(super) fn error(&self) -> Option<&ProofError> {
        self.end.as_ref().and_then(|end| end.as_ref().err())
    }
}

/// Carries what two say between them until neither says more; `touch` may change the message of
/// that number, counted from 0, that the first says.
pub(super) fn converse(a: &mut Party, b: &mut Party, touch: impl Fn(usize, &mut Vec<u8>)) {
    let (mut from_a, mut from_b) = (0, 0);
    while from_a < a.said.len() || from_b < b.said.len() {
        if let Some(message) = a.said.get(from_a) {
            let mut message = message.clone();
            touch(from_a, &mut message);
            b.hear(&message);
            from_a += 1;
        }
        if let Some(message) = b.said.get(from_b).cloned() {
            a.hear(&message);
            from_b += 1;
        }
    }
}

/// Two who really see each other's certificates.
pub(super) fn two(a: Encounter, b: Encounter, number: u64) -> (Party, Party) {
    (
        Party::new(a, b'a', b'b', 2 * number),
        Party::new(b, b'b', b'a', 2 * number + 1),
    )
}
