//! From the protograph to a code of the wanted length: which rotation each entry becomes.
//!
//! Every column stands for `size` bits, every row for `size` checks, and an entry joins check `z`
//! to bit `(z + shift) % size`. Shifts are chosen one entry at a time so that the short cycles
//! they close are few, and those that remain are well connected to the rest of the graph (Tian,
//! Jones, Villasenor and Wesel, "Selective avoidance of cycles in irregular LDPC code
//! construction", 2004). Integers and a fixed order throughout: the result is part of the wire
//! format.

use super::interleaver::Dice;

/// An entry of a lifted row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Column of the protograph.
    pub(super) column: usize,
    /// Check `z` meets bit `(z + shift) % size` of the column.
    pub(super) shift: usize,
}

/// The entries of every row of a protograph with `information` information columns; the last of
/// each is the row's own parity column with shift 0.
pub(super) fn lift(rows: &[&[u8]], information: usize, size: usize) -> Vec<Vec<Entry>> {
    let mut degrees = vec![1; information + rows.len()];
    degrees[..information].fill(0);
    for &column in rows.iter().copied().flatten() {
        degrees[usize::from(column)] += 1;
    }
    let mut lifting = Lifting {
        size,
        information,
        rows: Vec::with_capacity(rows.len()),
        members: vec![Vec::new(); degrees.len()],
        degrees,
        cost: vec![0; size],
        dice: Dice::new(size as u64),
    };
    for (row, columns) in rows.iter().enumerate() {
        lifting.add_row(row, columns);
    }
    lifting.rows
}

struct Lifting {
    size: usize,
    /// Information columns.
    information: usize,
    /// Entries of each column when all rows are there.
    degrees: Vec<usize>,
    rows: Vec<Vec<Entry>>,
    /// Row and shift of the entries placed so far in each column.
    members: Vec<Vec<(usize, usize)>>,
    /// What each shift of the entry in hand would cost.
    cost: Vec<u64>,
    dice: Dice,
}

impl Lifting {
    fn add_row(&mut self, row: usize, columns: &[u8]) {
        self.rows.push(Vec::with_capacity(columns.len() + 1));
        // The own parity column has this entry alone as yet and closes no cycle.
        for &column in columns {
            let column = usize::from(column);
            let shift = self.best_shift(row, column);
            self.rows[row].push(Entry { column, shift });
            self.members[column].push((row, shift));
        }
        let column = self.information + row;
        self.rows[row].push(Entry { column, shift: 0 });
        self.members[column].push((row, 0));
    }

    /// The shift that closes the least harmful cycles; among equals the dice decide.
    fn best_shift(&mut self, row: usize, column: usize) -> usize {
        self.cost.fill(0);
        for i in 0..self.rows[row].len() {
            let first = self.rows[row][i];
            self.close_fours(row, first, column);
            self.close_sixes(row, first, column);
        }
        let least = self.cost.iter().copied().min().unwrap_or(0);
        let equals = self.cost.iter().filter(|&&cost| cost == least).count();
        let chosen = self.dice.below(0..equals as u32) as usize;
        self.cost
            .iter()
            .enumerate()
            .filter(|&(_, &cost)| cost == least)
            .nth(chosen)
            .map_or(0, |(shift, _)| shift)
    }

    /// Cycles row, first, other, column.
    fn close_fours(&mut self, row: usize, first: Entry, column: usize) {
        for &(other, into) in &self.members[first.column] {
            if other == row {
                continue;
            }
            let Some(out) = find(&self.rows[other], column) else {
                continue;
            };
            let shift = (first.shift + 2 * self.size - into + out) % self.size;
            self.cost[shift] += FOUR / (1 + self.extra(first.column) + self.extra(column));
        }
    }

    /// Cycles row, first, second row, middle, third row, column.
    fn close_sixes(&mut self, row: usize, first: Entry, column: usize) {
        for &(third, out) in &self.members[column] {
            for middle in &self.rows[third] {
                if middle.column == column || middle.column == first.column {
                    continue;
                }
                let extra =
                    self.extra(first.column) + self.extra(middle.column) + self.extra(column);
                for &(second, step) in &self.members[middle.column] {
                    if second == third || second == row {
                        continue;
                    }
                    let Some(into) = find(&self.rows[second], first.column) else {
                        continue;
                    };
                    let shift = (first.shift + 2 * self.size - into + step - middle.shift + out)
                        % self.size;
                    self.cost[shift] += SIX / (1 + extra);
                }
            }
        }
    }

    /// Ways out of a cycle through this column.
    fn extra(&self, column: usize) -> u64 {
        self.degrees[column].saturating_sub(2) as u64
    }
}

fn find(row: &[Entry], column: usize) -> Option<usize> {
    row.iter()
        .find(|entry| entry.column == column)
        .map(|entry| entry.shift)
}

/// Price of a cycle of four, before it is divided by its ways out.
const FOUR: u64 = 1 << 20;

/// Price of a cycle of six.
const SIX: u64 = 1 << 10;

#[cfg(test)]
mod tests {
    use super::super::protograph::{INFORMATION, ROWS};
    use super::*;

    #[test]
    fn codes_from_1000_bits_have_no_cycle_of_four() {
        for size in [125, 200, 323, 512] {
            let rows = lift(ROWS, INFORMATION, size);
            for (i, upper) in rows.iter().enumerate() {
                for lower in &rows[i + 1..] {
                    let mut turns: Vec<usize> = upper
                        .iter()
                        .filter_map(|a| find(lower, a.column).map(|b| (a.shift + size - b) % size))
                        .collect();
                    let all = turns.len();
                    turns.sort_unstable();
                    turns.dedup();
                    assert_eq!(turns.len(), all, "size {size}");
                }
            }
        }
    }
}
