//! The outer code of long messages: lost segments are rebuilt from parity segments.
//!
//! Reed-Solomon over GF(2^8), systematic: of `data + parity` shards any `data` give back all. It
//! repairs what is known to be missing (a segment whose checksum failed), it does not search for
//! errors.

use reed_solomon_erasure::galois_8::ReedSolomon;

/// A code of `data` and `parity` shards.
#[derive(Debug)]
pub struct ErasureCode {
    code: ReedSolomon,
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
        let refused = ErasureError::Shape { data, parity };
        if data.saturating_add(parity) > 256 {
            return Err(refused);
        }
        let code = ReedSolomon::new(data, parity).map_err(|_| refused)?;
        Ok(Self { code })
    }

    /// Shards of data.
    pub fn data(&self) -> usize {
        self.code.data_shard_count()
    }

    /// Shards of parity.
    pub fn parity(&self) -> usize {
        self.code.parity_shard_count()
    }

    /// The parity shards of the data shards, which are all of one length.
    ///
    /// # Errors
    /// [`ErasureError::Count`] or [`ErasureError::Length`] if `data` has not the right shape.
    pub fn protect<T: AsRef<[u8]>>(&self, data: &[T]) -> Result<Vec<Vec<u8>>, ErasureError> {
        count(data.len(), self.data())?;
        let length = data.first().map_or(0, |shard| shard.as_ref().len());
        lengths(data.iter().map(|shard| shard.as_ref().len()), length)?;
        let mut parity = vec![vec![0; length]; self.parity()];
        self.code
            .encode_sep(data, &mut parity)
            .expect("count and lengths were checked");
        Ok(parity)
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
        self.code
            .reconstruct(shards)
            .expect("count, lengths and presence were checked");
        Ok(())
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
