//! The small graph that the inner code is lifted from.
//!
//! Every row computes one parity column from columns that come before it, so encoding is one
//! sweep from the top, and the rows can be cut off anywhere: the first rows are the code of pass
//! 0, all rows the mother code.
//!
//! ```text
//!            information         parity
//!            hubs   rest      one column a row
//!  row 0     x  x | x x x   | x
//!  row 1     x  x |   x x x | x x
//!  ...                      |   x x
//!  row 4     x    | x   x   |       x
//!  row 5        x |   x     |         x
//! ```
//!
//! Two information columns, the *hubs*, take part in most rows. Pass 0 does not send them: they
//! are recovered from the others, and what is saved goes into parity (Divsalar, Dolinar, Jones
//! and Andrews, "Capacity-approaching protograph codes", 2009; Chen, Vakilinia, Divsalar and
//! Wesel, "Protograph-based raptor-like LDPC codes", 2015).

/// Information columns.
pub(super) const INFORMATION: usize = 8;

/// The first of the information columns, which pass 0 does not send.
pub(super) const HUBS: usize = 1;

/// Row `i` lists the columns whose sum is parity column `INFORMATION + i`.
pub(super) const ROWS: &[&[u8]] = &[
    &[0, 2, 3],
    &[0, 1, 2, 8],
    &[2, 3, 4, 5, 6, 7, 9],
    &[3, 4, 5, 6, 9, 10],
    &[0, 1, 8],
    &[0, 4, 5, 6, 7, 11],
    &[0, 7, 8, 11, 13],
    &[0, 2, 6, 8, 9],
    &[0, 2, 3, 13, 14],
    &[0, 1, 12, 14],
    &[0, 1, 3, 7, 11],
    &[1, 2, 3, 7, 8],
    &[0, 13],
    &[10, 13],
    &[0, 7, 8],
    &[3, 9, 10],
    &[0, 3, 9],
    &[0, 1, 13],
    &[3, 13, 22],
    &[0, 3, 8],
    &[8, 9, 13],
    &[3, 4],
    &[1, 9, 13],
    &[5, 7, 30],
    &[9, 29],
    &[2, 11, 13],
    &[2, 5, 13],
    &[0, 3],
    &[3, 4, 10],
    &[2, 27],
    &[11, 12],
    &[6, 8],
    &[6, 7, 11],
    &[12, 13, 22],
    &[1, 3, 30],
    &[0, 3, 39],
    &[4, 6],
    &[2, 11],
    &[0, 6, 8],
    &[4, 7],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_looks_only_back_and_names_no_column_twice() {
        for (row, columns) in ROWS.iter().enumerate() {
            for (i, &column) in columns.iter().enumerate() {
                assert!(usize::from(column) < INFORMATION + row);
                assert!(!columns[..i].contains(&column));
            }
        }
    }
}
