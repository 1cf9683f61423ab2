//! Sorting a few things in few bytes of code: the sort of the standard library is quick for a
//! million, and takes five kilobytes for each type of which a page must download it.

use std::cmp::Ordering;

/// Sorts by insertion; equals stay as they were. For hundreds: the time grows with the square.
pub(crate) fn sort_by<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && compare(&items[at - 1], &items[at]) == Ordering::Greater {
            items.swap(at - 1, at);
            at -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_as_all_sort(items in prop::collection::vec((0..9u8, any::<u8>()), 0..60)) {
            let (mut sorted, mut expected) = (items.clone(), items);
            sort_by(&mut sorted, |a, b| a.0.cmp(&b.0));
            expected.sort_by_key(|item| item.0);
            prop_assert_eq!(sorted, expected);
        }
    }
}
