//! A code that two people told each other, and the exchange that compares it without showing it.

use super::{Certificates, ProofError, Side, message::ELEMENT};
use hkdf::Hkdf;
use rand_core::{CryptoRng, RngCore};
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Password, Spake2};
use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

/// A code that both users know: a word, a number, a sentence. Capital letters and the number of
/// spaces do not matter, since it is usually said aloud.
///
/// It is good for three exchanges, which all its clones share: whoever is at the other end of one
/// has one guess at it. One exchange is enough where nothing goes wrong.
#[derive(Clone)]
pub struct Code {
    text: String,
    exchanges_left: Arc<AtomicU8>,
}

/// Why a text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Nothing but spaces.
    #[error("empty code: give a word that both sides know")]
    Empty,
    /// More than a person would type.
    #[error("code of {got} bytes: at most {max}")]
    TooLong {
        /// Bytes of the text.
        got: usize,
        /// The most.
        max: usize,
    },
}

/// Bytes of the longest code.
const LONGEST_CODE: usize = 256;

/// As many guesses has everybody else together. Two who meet may open two channels at once, and a
/// third may break down.
const EXCHANGES: u8 = 3;

impl Code {
    /// Takes one of the exchanges; false if none is left.
    pub(super) fn spend(&self) -> bool {
        let left = |left: u8| left.checked_sub(1);
        self.exchanges_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
            .is_ok()
    }
}

/// Whether both say the same.
impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Code {}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        if text.len() > LONGEST_CODE {
            return Err(CodeError::TooLong {
                got: text.len(),
                max: LONGEST_CODE,
            });
        }
        let words: Vec<String> = text.split_whitespace().map(lowered).collect();
        match words.is_empty() {
            true => Err(CodeError::Empty),
            false => Ok(Self {
                text: words.join(" "),
                exchanges_left: Arc::new(AtomicU8::new(EXCHANGES)),
            }),
        }
    }
}

#[cfg(not(target_family = "wasm"))]
fn lowered(word: &str) -> String {
    word.to_lowercase()
}

/// Every engine for WebAssembly has the tables of all alphabets, and its host lowers what it is
/// told: a second copy would be downloaded.
#[cfg(target_family = "wasm")]
fn lowered(word: &str) -> String {
    word.to_ascii_lowercase()
}

/// Shows that there is one, and nothing of it.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// One guess at the code of the other side.
pub(super) struct Guess {
    code: Code,
    exchange: Spake2<Ed25519Group>,
    element: [u8; ELEMENT],
}

impl Guess {
    /// `seed` must never be used again.
    pub(super) fn new(
        code: &Code,
        side: Side,
        certificates: &Certificates,
        seed: &[u8; 32],
    ) -> Self {
        let password = Password::new(code.text.as_bytes());
        let ours = Identity::new(&certificates.ours);
        let theirs = Identity::new(&certificates.theirs);
        let chance = Chance { seed, drawn: 0 };
        let (exchange, message) = match side {
            Side::Offerer => Spake2::start_a_with_rng(&password, &ours, &theirs, chance),
            Side::Answerer => Spake2::start_b_with_rng(&password, &theirs, &ours, chance),
        };
        let element = message.try_into();
        let element = element.unwrap_or_else(|_| unreachable!("a side and a point"));
        Self {
            code: code.clone(),
            exchange,
            element,
        }
    }

    /// What to send.
    pub(super) fn element(&self) -> [u8; ELEMENT] {
        self.element
    }

    /// The key that both have who have the same code.
    ///
    /// # Errors
    /// [`ProofError::Malformed`] if the other's element is no point or comes from our own side.
    pub(super) fn key(self, theirs: &[u8; ELEMENT]) -> Result<Key, ProofError> {
        let malformed = |_| ProofError::Malformed { got: theirs.len() };
        let bytes = self.exchange.finish(theirs).map_err(malformed)?;
        let code = self.code;
        Ok(Key { code, bytes })
    }
}

/// What a guess led to.
pub(super) struct Key {
    code: Code,
    bytes: Vec<u8>,
}

impl Key {
    /// The key, for checking what the other side says by it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key, for saying something by it: from then on the other side knows whether its guess
    /// was right.
    ///
    /// # Errors
    /// [`ProofError::GuessesSpent`].
    pub(super) fn show(&self) -> Result<&[u8], ProofError> {
        match self.code.spend() {
            true => Ok(&self.bytes),
            false => Err(ProofError::GuessesSpent),
        }
    }
}

/// Random bytes from a seed, for as long as one exchange needs them.
struct Chance<'a> {
    seed: &'a [u8; 32],
    drawn: u64,
}

impl CryptoRng for Chance<'_> {}

impl RngCore for Chance<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        let key = Hkdf::<Sha256>::new(None, self.seed);
        for block in dest.chunks_mut(32) {
            let label = [b"airshake link guess\0", &self.drawn.to_be_bytes()[..]].concat();
            self.drawn += 1;
            let expanded = key.expand(&label, block);
            debug_assert!(expanded.is_ok(), "a block is short");
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let code: Code = "Blue Horse".parse().unwrap();
        assert_eq!("  blue   HORSE\n".parse(), Ok(code.clone()));
        assert_ne!("bluehorse".parse(), Ok(code.clone()));
        assert!(!format!("{code:?}").contains("orse"));
    }

    #[test]
    fn nothing_and_too_much_are_no_codes() {
        assert_eq!(" \t ".parse::<Code>(), Err(CodeError::Empty));
        let long = "x".repeat(LONGEST_CODE + 1);
        assert!(matches!(
            long.parse::<Code>(),
            Err(CodeError::TooLong { .. })
        ));
    }

    #[test]
    fn no_two_blocks_of_chance_are_the_same() {
        let mut chance = Chance {
            seed: &[7; 32],
            drawn: 0,
        };
        let mut bytes = [0; 96];
        chance.fill_bytes(&mut bytes[..64]);
        chance.fill_bytes(&mut bytes[64..]);
        let blocks: std::collections::BTreeSet<&[u8]> = bytes.chunks(32).collect();
        assert_eq!(blocks.len(), 3);
    }
}
