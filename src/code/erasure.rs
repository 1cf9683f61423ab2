//! The outer code of long messages: lost segments are rebuilt from parity segments.
//!
//! Reed-Solomon over GF(2^8), systematic: of `data + parity` shards any `data` give back all. It
//! repairs what is known to be missing (a segment whose checksum failed), it does not search for
//! errors.
//!
//! The bytes at one place of all shards are the values of a polynomial of degree below `data`, that
//! of shard `i` at the element `i`: `data` of them determine it, and so every other one.

use super::field;

/// A code of `data` and `parity` shards.
#[derive(Debug)]
pub struct ErasureCode {
    data: usize,
    parity: usize,
}

/// Why shards cannot be protected or repaired.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErasureError {
    /// The field has 256 elements, and a code needs data and parity.
    #[error(
        "a code of {data} data and {parity} parity shards does not exist: \
         each must be at least 1, both together at most 256"
    )]
    Shape {
        /// Data shards asked for.
        data: usize,
        /// Parity shards asked for.
        parity: usize,
    },
    /// A list of shards is shorter or longer than the code.
    #[error("{got} shards given, {need} expected")]
    Count {
        /// Shards given.
        got: usize,
        /// Shards the code has.
        need: usize,
    },
    /// All shards of a code are of one length, and not empty.
    #[error("a shard of {got} bytes among shards of {need}: all must be equally long, not empty")]
    Length {
        /// Length of the odd one.
        got: usize,
        /// Length of the first.
        need: usize,
    },
    /// Too much is missing: wait for another pass.
    #[error("{got} shards are there, {need} are needed")]
    Missing {
        /// Shards present.
        got: usize,
        /// Shards that suffice.
        need: usize,
    },
}

impl ErasureCode {
    /// A code that survives the loss of any `parity` shards.
    ///
    /// # Errors
    /// [`ErasureError::Shape`] unless `data >= 1`, `parity >= 1` and `data + parity <= 256`.
    pub fn new(data: usize, parity: usize) -> Result<Self, ErasureError> {
        if data == 0 || parity == 0 || data.saturating_add(parity) > 256 {
            return Err(ErasureError::Shape { data, parity });
        }
        Ok(Self { data, parity })
    }

    /// Shards of data.
    pub fn data(&self) -> usize {
        self.data
    }

    /// Shards of parity.
    pub fn parity(&self) -> usize {
        self.parity
    }

    /// The parity shards of the data shards, which are all of one length.
    ///
    /// # Errors
    /// [`ErasureError::Count`] or [`ErasureError::Length`] if `data` has not the right shape.
    pub fn protect<T: AsRef<[u8]>>(&self, data: &[T]) -> Result<Vec<Vec<u8>>, ErasureError> {
        count(data.len(), self.data())?;
        let length = data.first().map_or(0, |shard| shard.as_ref().len());
        lengths(data.iter().map(|shard| shard.as_ref().len()), length)?;
        let known = (0..).zip(data.iter().map(AsRef::as_ref)).collect();
        let known = Known::new(known);
        let parity = self.data..self.data + self.parity;
        Ok(parity.map(|at| known.shard(at as u8)).collect())
    }

    /// Fills in the missing shards, the inverse of losing them. Data first, then parity, `None`
    /// where a shard is missing. Nothing changes if it fails.
    ///
    /// # Errors
    /// [`ErasureError::Missing`] if fewer than [`data`](Self::data) shards are there;
    /// [`ErasureError::Count`] or [`ErasureError::Length`] if `shards` has not the right shape.
    pub fn repair(&self, shards: &mut [Option<Vec<u8>>]) -> Result<(), ErasureError> {
        count(shards.len(), self.data() + self.parity())?;
        let got = shards.iter().flatten().count();
        if got < self.data() {
            let need = self.data();
            return Err(ErasureError::Missing { got, need });
        }
        let length = shards.iter().flatten().next().map_or(0, Vec::len);
        lengths(shards.iter().flatten().map(Vec::len), length)?;
        let present = shards.iter().enumerate();
        let present = present.filter_map(|(at, shard)| Some((at as u8, shard.as_deref()?)));
        let known = Known::new(present.take(self.data).collect());
        let missing = shards.iter().enumerate().filter(|(_, s)| s.is_none());
        let repaired: Vec<(usize, Vec<u8>)> =
            missing.map(|(at, _)| (at, known.shard(at as u8))).collect();
        for (at, shard) in repaired {
            shards[at] = Some(shard);
        }
        Ok(())
    }
}

/// As many shards as determine the others.
struct Known<'a> {
    /// Each with its element.
    shards: Vec<(u8, &'a [u8])>,
    /// For each the product of its distances to all others, as a logarithm.
    distances: Vec<usize>,
}

impl<'a> Known<'a> {
    /// Of one length, each at an element of its own.
    fn new(shards: Vec<(u8, &'a [u8])>) -> Self {
        let to_others = |at| {
            let others = shards.iter().filter(|(other, _)| *other != at);
            others.map(|(other, _)| field::logarithm(at ^ other)).sum()
        };
        Self {
            distances: shards.iter().map(|(at, _)| to_others(*at)).collect(),
            shards,
        }
    }

    /// The shard at an element that is none of theirs, by Lagrange's formula: each known shard, times
    /// the other elements' distances to the wanted one over their distances to its own.
    fn shard(&self, wanted: u8) -> Vec<u8> {
        let distance = |at: &u8| field::logarithm(at ^ wanted);
        let all: usize = self.shards.iter().map(|(at, _)| distance(at)).sum();
        let mut sums = vec![0; self.shards.first().map_or(0, |(_, shard)| shard.len())];
        for ((at, shard), own) in self.shards.iter().zip(&self.distances) {
            // Division subtracts, and each logarithm is below the period of powers, of which
            // multiples change nothing.
            let below = field::PERIOD * (self.shards.len() + 1);
            let factor = all + below - distance(at) - own;
            field::add_multiple(&mut sums, shard, factor);
        }
        sums
    }
}

fn count(got: usize, need: usize) -> Result<(), ErasureError> {
    if got == need {
        Ok(())
    } else {
        Err(ErasureError::Count { got, need })
    }
}

fn lengths(mut all: impl Iterator<Item = usize>, need: usize) -> Result<(), ErasureError> {
    match all.find(|&got| got != need || got == 0) {
        Some(got) => Err(ErasureError::Length { got, need }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::interleaver::Dice;
    use super::*;

    fn random_shards(count: usize, length: usize, dice: &mut Dice) -> Vec<Vec<u8>> {
        (0..count)
            .map(|_| (0..length).map(|_| dice.bits() as u8).collect())
            .collect()
    }

    #[test]
    fn repair_undoes_every_loss_of_a_small_code() {
        let code = ErasureCode::new(4, 3).unwrap();
        let data = random_shards(4, 9, &mut Dice::new(1));
        let all = [data.clone(), code.protect(&data).unwrap()].concat();
        for lost in 0u32..1 << 7 {
            let mut heard: Vec<Option<Vec<u8>>> = (0..7)
                .map(|i| (lost >> i & 1 == 0).then(|| all[i].clone()))
                .collect();
            let before = heard.clone();
            let outcome = code.repair(&mut heard);
            if lost.count_ones() <= 3 {
                assert_eq!(outcome, Ok(()));
                assert!(heard.iter().zip(&all).all(|(h, a)| h.as_ref() == Some(a)));
            } else {
                let got = 7 - lost.count_ones() as usize;
                assert_eq!(outcome, Err(ErasureError::Missing { got, need: 4 }));
                assert_eq!(heard, before);
            }
        }
    }

    /// What was sent with another program's code words must still be heard.
    #[test]
    fn the_code_words_are_those_of_a_vandermonde_matrix_made_systematic() {
        let mut dice = Dice::new(3);
        for (data, parity) in [(1, 1), (1, 255), (2, 3), (5, 17), (128, 128), (255, 1)] {
            let shards = random_shards(data, 7, &mut dice);
            let oracle = reed_solomon_erasure::galois_8::ReedSolomon::new(data, parity).unwrap();
            let mut expected = vec![vec![0; 7]; parity];
            oracle.encode_sep(&shards, &mut expected).unwrap();
            let code = ErasureCode::new(data, parity).unwrap();
            assert_eq!(code.protect(&shards).unwrap(), expected, "{data} {parity}");
        }
    }

    #[test]
    fn the_largest_code_survives_the_loss_of_all_its_data() {
        let code = ErasureCode::new(128, 128).unwrap();
        let data = random_shards(128, 3, &mut Dice::new(2));
        let mut heard: Vec<Option<Vec<u8>>> = vec![None; 128];
        heard.extend(code.protect(&data).unwrap().into_iter().map(Some));
        code.repair(&mut heard).unwrap();
        assert!(heard.iter().zip(&data).all(|(h, d)| h.as_ref() == Some(d)));
    }

    #[test]
    fn shapes_that_do_not_exist_are_refused_with_both_numbers() {
        for (data, parity) in [(0, 1), (1, 0), (200, 57), (usize::MAX, 1), (1, usize::MAX)] {
            let error = ErasureCode::new(data, parity).unwrap_err();
            assert_eq!(error, ErasureError::Shape { data, parity });
        }
        assert!(ErasureCode::new(200, 56).is_ok());
    }

    #[test]
    fn uneven_or_empty_shards_are_refused() {
        let code = ErasureCode::new(2, 1).unwrap();
        let count = |got, need| Err(ErasureError::Count { got, need });
        let length = |got, need| Err(ErasureError::Length { got, need });
        assert_eq!(code.protect(&[[1u8, 2]]), count(1, 2));
        assert_eq!(code.protect(&[vec![1u8, 2], vec![3]]), length(1, 2));
        assert_eq!(code.protect(&[[0u8; 0]; 2]), length(0, 0));
        let mut uneven = [Some(vec![1, 2]), None, Some(vec![3])];
        assert_eq!(code.repair(&mut uneven).map(|()| vec![]), length(1, 2));
        let mut few = [Some(vec![1]), Some(vec![2])];
        assert_eq!(code.repair(&mut few).map(|()| vec![]), count(2, 3));
    }
}
