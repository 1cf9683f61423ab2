//! The proof itself: told what the other side says, it says what to answer, and in the end whether
//! to believe it.

use super::{
    Certificates, Encounter, ProofError, Root, Secret, Side, Words,
    code::{Guess, Key},
    message::{Claims, ELEMENT, Message, TAG},
    transcript::{By, Transcript, commitment},
};

/// Random bytes that one proof uses up: 16 for the nonce, 32 for the guess at the code.
pub const CHANCE: usize = 48;

/// The proof of one meeting, seen from one side.
pub struct Proof {
    side: Side,
    certificates: Certificates,
    claims: Claims,
    secret: Option<Secret>,
    guess: Option<Guess>,
    nonce: [u8; 16],
    due: Due,
    unsaid: Option<Vec<u8>>,
}

/// What the other side has to say next.
enum Due {
    /// A knock, or a hello if the knock was lost.
    Knock,
    Hello,
    Reveal {
        commitment: [u8; 32],
    },
    /// A sign that it heard the beacon; then, if there is a key, one that it was told the code.
    Heard {
        transcript: Transcript,
        key: Option<Key>,
    },
    Told {
        transcript: Transcript,
        key: Key,
    },
    Nothing,
}

/// What came of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// To be sent now, one after the other: at most two.
    pub say: Vec<Vec<u8>>,
    /// The proof is complete; nothing more will be said.
    pub proven: Option<Proven>,
}

/// What a complete proof has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// What both screens show.
    pub words: Words,
    /// Whether the other side has the same code, so that nobody needs to compare words.
    pub by_code: bool,
    /// What the two share from here on, and nobody else.
    pub root: Root,
}

impl Proof {
    /// Begins the proof; gives what to send first. `chance` must be random and never used again.
    pub fn new(
        encounter: &Encounter,
        certificates: Certificates,
        chance: &[u8; CHANCE],
    ) -> (Self, Vec<u8>) {
        let side = encounter.side;
        let mut nonce = [0; 16];
        let mut seed = [0; 32];
        nonce.copy_from_slice(&chance[..16]);
        seed.copy_from_slice(&chance[16..]);
        let code = encounter.code.as_ref();
        let proof = Self {
            side,
            certificates,
            claims: Claims {
                secret: encounter.secret.is_some(),
                code: code.is_some(),
            },
            secret: encounter.secret.clone(),
            guess: code.map(|code| Guess::new(code, side, &certificates, &seed)),
            nonce,
            due: Due::Knock,
            unsaid: None,
        };
        (proof, Self::knock())
    }

    /// What every proof begins with: somebody is there.
    pub(crate) fn knock() -> Vec<u8> {
        Message::Knock.encode()
    }

    /// Takes a message of the other side. After an error nothing is believed any more.
    ///
    /// # Errors
    /// [`ProofError`]; the channel is then to be closed.
    pub fn handle(&mut self, message: &[u8]) -> Result<Step, ProofError> {
        // Whatever goes wrong below, there is no second try.
        let due = std::mem::replace(&mut self.due, Due::Nothing);
        let message = Message::decode(message, self.claims)?;
        match (due, message) {
            (Due::Knock, Message::Knock) => {
                self.due = Due::Hello;
                Ok(Step::say(&self.hello()))
            }
            (
                due @ (Due::Knock | Due::Hello),
                Message::Hello {
                    side,
                    claims,
                    commitment,
                },
            ) => {
                self.unsaid = matches!(due, Due::Knock).then(|| self.hello().encode());
                let reveal = self.meet(side, claims, commitment)?;
                let mut step = Step::say(&reveal);
                step.say.splice(..0, self.unsaid.take());
                Ok(step)
            }
            (Due::Reveal { commitment }, Message::Reveal { nonce, element }) => {
                self.learn(commitment, nonce, element)
            }
            (Due::Heard { transcript, key }, Message::Heard(tag)) => {
                self.recognise(transcript, key, &tag)
            }
            (Due::Told { transcript, key }, Message::Told(tag)) => {
                self.believe(&transcript, &key, &tag)
            }
            (due, message) => Err(ProofError::OutOfTurn {
                got: message.name(),
                due: due.name(),
            }),
        }
    }

    /// What the other side should hear in spite of an error: by our hello it knows why.
    pub fn last_words(&mut self) -> Option<Vec<u8>> {
        self.unsaid.take()
    }

    /// The other side is there: it is told what we are, and that we are bound.
    fn hello(&self) -> Message {
        Message::Hello {
            side: self.side,
            claims: self.claims,
            commitment: commitment(self.side, &self.certificates, &self.nonce),
        }
    }

    /// The other side is bound: now it may see our nonce.
    fn meet(
        &mut self,
        side: Side,
        claims: Claims,
        commitment: [u8; 32],
    ) -> Result<Message, ProofError> {
        if side == self.side || self.certificates.ours == self.certificates.theirs {
            return Err(ProofError::Reflected);
        }
        // The secret first: who does not even come by the same beacon is not told of codes.
        if claims.secret != self.claims.secret {
            let ours = self.claims.secret;
            return Err(ProofError::SecretMismatch { ours });
        }
        if claims.code != self.claims.code {
            let ours = self.claims.code;
            return Err(ProofError::CodeMismatch { ours });
        }
        self.due = Due::Reveal { commitment };
        Ok(Message::Reveal {
            nonce: self.nonce,
            element: self.guess.as_ref().map(Guess::element),
        })
    }

    /// Both nonces are known.
    fn learn(
        &mut self,
        committed: [u8; 32],
        nonce: [u8; 16],
        element: Option<[u8; ELEMENT]>,
    ) -> Result<Step, ProofError> {
        let theirs = Certificates {
            ours: self.certificates.theirs,
            theirs: self.certificates.ours,
        };
        if commitment(self.side.other(), &theirs, &nonce) != committed {
            return Err(ProofError::BrokenCommitment);
        }
        let transcript = Transcript::new(
            self.side,
            &self.certificates,
            self.claims,
            self.nonce,
            nonce,
        );
        let key = match (self.guess.take(), element) {
            (Some(guess), Some(element)) => Some(guess.key(&element)?),
            _ => None,
        };
        match &self.secret {
            Some(secret) => {
                let tag = transcript.tag(By::Secret, &secret.0, self.side);
                self.due = Due::Heard { transcript, key };
                Ok(Step::say(&Message::Heard(tag)))
            }
            None => self.compare(transcript, key),
        }
    }

    /// The other side has shown that it heard the beacon, or not.
    fn recognise(
        &mut self,
        transcript: Transcript,
        key: Option<Key>,
        tag: &[u8; TAG],
    ) -> Result<Step, ProofError> {
        let they = self.side.other();
        let secret = self.secret.as_ref().ok_or(ProofError::Stranger)?;
        if !transcript.fits(By::Secret, &secret.0, they, tag) {
            return Err(ProofError::Stranger);
        }
        self.compare(transcript, key)
    }

    /// Now for the code, if there is one. It comes last: only who heard the beacon may guess.
    fn compare(&mut self, transcript: Transcript, key: Option<Key>) -> Result<Step, ProofError> {
        let Some(key) = key else {
            return Ok(self.proven(&transcript, None));
        };
        let tag = transcript.tag(By::Code, key.show()?, self.side);
        self.due = Due::Told { transcript, key };
        Ok(Step::say(&Message::Told(tag)))
    }

    /// The other side has shown that it was told the code, or not.
    fn believe(
        &self,
        transcript: &Transcript,
        key: &Key,
        tag: &[u8; TAG],
    ) -> Result<Step, ProofError> {
        match transcript.fits(By::Code, key.bytes(), self.side.other(), tag) {
            true => Ok(self.proven(transcript, Some(key))),
            false => Err(ProofError::WrongCode),
        }
    }

    fn proven(&self, transcript: &Transcript, key: Option<&Key>) -> Step {
        let secret = self.secret.as_ref().map_or(&[][..], |secret| &secret.0);
        let key_bytes = key.map_or(&[][..], Key::bytes);
        Step {
            say: Vec::new(),
            proven: Some(Proven {
                words: transcript.words(),
                by_code: key.is_some(),
                root: transcript.root(secret, key_bytes),
            }),
        }
    }
}

impl Step {
    fn say(message: &Message) -> Self {
        Self {
            say: vec![message.encode()],
            proven: None,
        }
    }
}

impl Due {
    fn name(&self) -> &'static str {
        match self {
            Self::Knock => "knock",
            Self::Hello => "hello",
            Self::Reveal { .. } => "nonce",
            Self::Heard { .. } => "proof of the beacon",
            Self::Told { .. } => "proof of the code",
            Self::Nothing => "silence",
        }
    }
}

#[cfg(test)]
mod tests;
