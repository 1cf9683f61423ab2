//! Codes that were asked for lately.

use std::collections::VecDeque;

use super::inner::InnerCode;

/// Gives codes, and keeps the last few: each burst that is heard asks for its own, and mostly says
/// as much as one before it. Searching for a graph takes a millisecond or so, which is more than all
/// else that is done to read a short burst.
#[derive(Clone, Debug, Default)]
pub struct InnerCodes {
    /// Of different sizes, the latest first.
    recent: VecDeque<InnerCode>,
}

impl InnerCodes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// This one, to begin with.
    pub fn with(code: InnerCode) -> Self {
        Self {
            recent: VecDeque::from([code]),
        }
    }

    /// The code of `info_bits` information bits.
    ///
    /// # Panics
    /// If `info_bits` is outside [`InnerCode::INFO_BITS`].
    pub fn of(&mut self, info_bits: usize) -> InnerCode {
        let known = self
            .recent
            .iter()
            .enumerate()
            .find_map(|(place, code)| Some((place, code.of_its_size(info_bits)?)));
        let code = match known {
            Some((place, code)) => {
                self.recent.remove(place);
                code
            }
            None => InnerCode::new(info_bits),
        };
        self.recent.truncate(MOST - 1);
        self.recent.push_front(code.clone());
        code
    }
}

/// Codes that are kept: two sides of a talk, their offers and answers, in segments of two lengths.
/// Some kilobytes each.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_code_that_was_kept_is_the_one_that_is_searched_for() {
        let mut codes = InnerCodes::new();
        // More than are kept; then of the same size, those that still are there, and some that are
        // not.
        for info_bits in [
            32, 40, 56, 88, 104, 136, 152, 184, 200, 232, 199, 40, 32, 229,
        ] {
            let (kept, new) = (codes.of(info_bits), InnerCode::new(info_bits));
            assert_eq!(kept.info_bits(), info_bits);
            assert_eq!(kept.graph.rows, new.graph.rows, "{info_bits}");
            assert!(codes.recent.len() <= MOST);
        }
    }

    #[test]
    fn codes_of_one_size_share_a_graph() {
        let mut codes = InnerCodes::new();
        let first = codes.of(200);
        let others = [56, 199, 195, 200].map(|info_bits| codes.of(info_bits));
        assert!(!Arc::ptr_eq(&first.graph, &others[0].graph));
        assert!(
            others[1..]
                .iter()
                .all(|code| Arc::ptr_eq(&first.graph, &code.graph))
        );
        assert_eq!(codes.recent.len(), 2);
    }
}
