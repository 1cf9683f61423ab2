//! From the protograph to a code of the wanted length: which rotation each entry becomes.
//!
//! Every column stands for `size` bits, every row for `size` checks, and an entry joins check `z`
//! to bit `(z + shift) % size`. Shifts are chosen one entry at a time so that the short cycles
//! they close are few, and those that remain are well connected to the rest of the graph (Tian,
//! Jones, Villasenor and Wesel, "Selective avoidance of cycles in irregular LDPC code
//! construction", 2004). Integers and a fixed order throughout: the result is part of the wire
//! format.

use super::interleaver::Dice;
use super::protograph::FRONT;

/// An entry of a lifted row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Column of the protograph.
    pub(super) column: usize,
    /// Check `z` meets bit `(z + shift) % size` of the column.
    pub(super) shift: usize,
}

/// The entries of every row of a protograph with `information` information columns; the last of
/// each is the row's own parity column with shift 0. The best of a few attempts: small codes have
/// few shifts to choose from, and more depends on luck.
pub(super) fn lift(rows: &[&[u8]], information: usize, size: usize) -> Vec<Vec<Entry>> {
    let attempts = (ATTEMPTS_OF_ONE / size).clamp(1, ATTEMPTS) as u64;
    let mut lifting = Lifting::new(rows, information, size);
    let mut best = lifting.attempt(rows, 0);
    for attempt in 1..attempts {
        let next = lifting.attempt(rows, attempt);
        if next.0 < best.0 {
            best = next;
        }
    }
    best.1
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
    views: [View; 2],
    /// What each shift of the entry in hand would cost.
    cost: Vec<u64>,
    dice: Dice,
}

impl Lifting {
    fn new(rows: &[&[u8]], information: usize, size: usize) -> Self {
        let mut degrees = vec![1; information + rows.len()];
        degrees[..information].fill(0);
        for &column in rows.iter().copied().flatten() {
            degrees[usize::from(column)] += 1;
        }
        Self {
            size,
            information,
            rows: Vec::new(),
            members: vec![Vec::new(); degrees.len()],
            degrees,
            views: [
                View::new(&rows[..FRONT.min(rows.len())], information, HEAVIEST[0]),
                View::new(rows, information, HEAVIEST[1]),
            ],
            cost: vec![0; size],
            dice: Dice::new(0),
        }
    }

    /// Chooses all shifts; gives what they cost together, and the rows.
    fn attempt(&mut self, rows: &[&[u8]], number: u64) -> (u64, Vec<Vec<Entry>>) {
        self.members.iter_mut().for_each(Vec::clear);
        self.dice = Dice::new((number << 32) | self.size as u64);
        let mut cost = 0;
        for (row, columns) in rows.iter().enumerate() {
            cost += self.add_row(row, columns);
        }
        (cost, std::mem::take(&mut self.rows))
    }

    /// Chooses the shifts of a row; gives what they cost.
    fn add_row(&mut self, row: usize, columns: &[u8]) -> u64 {
        let mut total = 0;
        self.rows.push(Vec::with_capacity(columns.len() + 1));
        // The own parity column has this entry alone as yet and closes no cycle.
        for &column in columns {
            let column = usize::from(column);
            let (shift, cost) = self.best_shift(row, column);
            total += cost;
            self.rows[row].push(Entry { column, shift });
            self.members[column].push((row, shift));
        }
        let column = self.information + row;
        self.rows[row].push(Entry { column, shift: 0 });
        self.members[column].push((row, 0));
        total
    }

    /// The shift that closes the least harmful cycles, and what it costs; among equals the dice
    /// decide.
    fn best_shift(&mut self, row: usize, column: usize) -> (usize, u64) {
        self.cost.fill(0);
        for i in 0..self.rows[row].len() {
            let first = self.rows[row][i];
            self.close_fours(row, first, column);
            self.close_sixes(row, first, column);
        }
        for view in 0..self.views.len() {
            if row < self.views[view].rows {
                let start = Step {
                    row,
                    turn: 0,
                    weight: 0,
                };
                self.close_words(view, (row, column), start, LONGEST);
            }
        }
        let least = self.cost.iter().copied().min().unwrap_or(0);
        let equals = self.cost.iter().filter(|&&cost| cost == least).count();
        let chosen = self.dice.below(0..equals as u32) as usize;
        let shift = (0..self.size)
            .filter(|&shift| self.cost[shift] == least)
            .nth(chosen);
        (shift.unwrap_or(0), least)
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
            let shift = (first.shift + self.size - into + out) % self.size;
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
                    let turn = first.shift + step + out + 2 * self.size - into - middle.shift;
                    self.cost[turn % self.size] += SIX / (1 + extra);
                }
            }
        }
    }

    /// Cycles that are light words: from the check `at`, back to `home` by way of its new entry.
    fn close_words(&mut self, view: usize, home: (usize, usize), at: Step, columns_left: usize) {
        let limit = self.views[view].heaviest;
        for i in 0..self.rows[at.row].len() {
            let entry = self.rows[at.row][i];
            let turn = at.turn + entry.shift;
            if entry.column == home.1 {
                if at.row != home.0 {
                    let weight = at.weight + self.views[view].between(entry.column, at.row, home.0);
                    let price = self.views[view].price(weight);
                    self.cost[turn % self.size] += price;
                }
                continue;
            }
            if columns_left == 1 {
                continue;
            }
            for j in 0..self.members[entry.column].len() {
                let (row, shift) = self.members[entry.column][j];
                if row == at.row || row == home.0 || row >= self.views[view].rows {
                    continue;
                }
                let weight = at.weight + self.views[view].between(entry.column, at.row, row);
                if weight <= limit {
                    let turn = turn + self.size - shift;
                    let next = Step { row, turn, weight };
                    self.close_words(view, home, next, columns_left - 1);
                }
            }
        }
    }

    /// Ways out of a cycle through this column.
    fn extra(&self, column: usize) -> u64 {
        self.degrees[column].saturating_sub(2) as u64
    }
}

/// A check on the way around a cycle.
struct Step {
    row: usize,
    /// By how much its number exceeds that of the check the way began at.
    turn: usize,
    /// Weight of the word so far.
    weight: u64,
}

/// What a cycle costs a receiver that has heard the first rows.
///
/// A cycle is a word if one bit in each of its columns is 1: the two meet in every check of the
/// cycle and cancel there. Its other checks flip their parity, which flips parity further down.
struct View {
    rows: usize,
    information: usize,
    /// Parity bits that flip with the parity of each row, itself included.
    flips: Vec<u64>,
    /// Coded bits that flip with one information bit.
    weights: Vec<u64>,
    /// Words heavier than this are of no concern.
    heaviest: u64,
}

impl View {
    fn new(rows: &[&[u8]], information: usize, heaviest: u64) -> Self {
        let mut flips = vec![1; rows.len()];
        let mut weights = vec![1; information];
        for (row, columns) in rows.iter().enumerate().rev() {
            for &column in *columns {
                let flipped = flips[row];
                match usize::from(column).checked_sub(information) {
                    Some(parity) => flips[parity] += flipped,
                    None => weights[usize::from(column)] += flipped,
                }
            }
        }
        Self {
            rows: rows.len(),
            information,
            flips,
            weights,
            heaviest,
        }
    }

    /// What a column adds to the word when the cycle passes it from one row to another.
    fn between(&self, column: usize, from: usize, to: usize) -> u64 {
        let all = match column.checked_sub(self.information) {
            None => self.weights[column],
            // The parity of a row in the cycle flips instead of cancelling.
            Some(parity) if parity == from || parity == to => 2 * self.flips[parity],
            Some(parity) => self.flips[parity] + ELSEWHERE,
        };
        all - self.flips[from] - self.flips[to]
    }

    /// Halves with every 24th part of the heaviest weight, as the chance to mistake a word for
    /// another does about the noise at which the code begins to fail.
    fn price(&self, weight: u64) -> u64 {
        WORD >> (weight * 24 / self.heaviest).min(63)
    }
}

fn find(row: &[Entry], column: usize) -> Option<usize> {
    row.iter()
        .find(|entry| entry.column == column)
        .map(|entry| entry.shift)
}

/// Attempts at a code of any size at most, and of one of size 1 if there were no limit.
const ATTEMPTS: usize = 4;
const ATTEMPTS_OF_ONE: usize = 128;

/// Price of a cycle of four, before it is divided by its ways out.
const FOUR: u64 = 1 << 20;

/// Price of a cycle of six.
const SIX: u64 = 1 << 10;

/// Price of a word of weight 0.
const WORD: u64 = 1 << 32;

/// Columns of the longest cycle that is looked at as a word.
const LONGEST: usize = 4;

/// Weight of what must have flipped a parity bit that no row of the cycle flips, at least.
const ELSEWHERE: u64 = 8;

/// Weights of interest in one pass and in two: beyond them, at the noise where the longest codes
/// begin to fail, a word is not mistaken once in 10^5.
const HEAVIEST: [u64; 2] = [32, 72];

#[cfg(test)]
mod tests {
    use super::super::inner::size_for;
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

    /// The published table: a line `SIZE: SHIFTS`, row after row without the rows' own columns.
    const PUBLISHED: &str = include_str!("../../docs/waveform-shifts.txt");

    /// Fails when a receiver of today would no longer understand a sender of yesterday.
    #[test]
    fn the_shifts_of_every_size_are_those_published() {
        let lines = PUBLISHED.lines().filter(|line| !line.starts_with('#'));
        let mut published = Vec::new();
        for line in lines {
            let (size, shifts) = line.split_once(": ").unwrap();
            let size: usize = size.parse().unwrap();
            let shifts: Vec<usize> = shifts
                .split(' ')
                .map(|shift| shift.parse().unwrap())
                .collect();
            let rows = lift(ROWS, INFORMATION, size);
            let ours = rows.iter().flat_map(|row| &row[..row.len() - 1]);
            assert!(ours.map(|entry| entry.shift).eq(shifts), "size {size}");
            published.push(size);
        }
        // All that bytes of information, 4 to 512 of them, lead to.
        let mut sizes: Vec<usize> = (4..=512).map(|bytes| size_for(8 * bytes)).collect();
        sizes.dedup();
        assert_eq!(published, sizes);
    }
}
