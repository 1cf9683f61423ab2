//! Text to bits: one block, with the codes that need not be told.
//!
//! Where the codes are known, so are the costs of every byte and every repetition, and the cheapest
//! way through the text can be computed from its end.

use super::{END, FARTHEST, LENGTHS, distance_code, length_code};

/// Places that are looked at for a repetition, the nearest first.
const PLACES: usize = 64;
/// Beginnings of repetitions are found by so many bits.
const HASH_BITS: u32 = 12;
/// No place.
const NONE: usize = usize::MAX;

/// The deflated text, or none if that takes more than `most` bytes.
pub(in super::super::super) fn deflate(
    dictionary: &[u8],
    text: &[u8],
    most: usize,
) -> Option<Vec<u8>> {
    let mut bits = Bits::default();
    // The last block, of codes that are known.
    bits.put(0b011, 3);
    let all = [dictionary, text].concat();
    let steps = cheapest(&all, dictionary.len());
    let mut here = 0;
    while let Some((step, distance)) = steps.get(here) {
        if *step == 1 {
            bits.symbol(text[here].into());
        } else {
            let (code, first, extra) = coded(*step, length_code);
            bits.symbol(END + 1 + code);
            bits.put(step - first, extra);
            let (code, first, extra) = coded(*distance, distance_code);
            bits.code(code, 5);
            bits.put(distance - first, extra);
        }
        here += step;
    }
    bits.symbol(END);
    (bits.bytes.len() <= most).then_some(bits.bytes)
}

/// For each place from `start` on the length of the step by which the cheapest way to the end
/// begins, and for more than one byte how far back it repeats.
fn cheapest(all: &[u8], start: usize) -> Vec<(usize, usize)> {
    let earlier = earlier(all);
    let of_length: Vec<u32> = (0..=*LENGTHS.end()).map(cost).collect();
    let mut costs = vec![0u32; all.len() + 1 - start];
    let mut steps = vec![(1, 0); all.len() - start];
    for at in (start..all.len()).rev() {
        let here = at - start;
        costs[here] = costs[here + 1] + if all[at] < 144 { 8 } else { 9 };
        let (mut place, mut known) = (earlier[at], LENGTHS.start() - 1);
        for _ in 0..PLACES {
            if place == NONE || at - place > FARTHEST || known == *LENGTHS.end() {
                break;
            }
            let same = all[at..].iter().zip(&all[place..]);
            let same = same.take(*LENGTHS.end()).take_while(|(a, b)| a == b);
            let length = same.count();
            let (_, _, far) = coded(at - place, distance_code);
            // Nearer ones are cheaper, and had the shorter lengths.
            for length in known + 1..=length {
                let cost = costs[here + length] + of_length[length] + 5 + far;
                if cost < costs[here] {
                    costs[here] = cost;
                    steps[here] = (length, at - place);
                }
            }
            known = known.max(length);
            place = earlier[place];
        }
    }
    steps
}

/// Bits that tell a length.
fn cost(length: usize) -> u32 {
    let (code, _, extra) = coded(length, length_code);
    // As in [`Bits::symbol`].
    let code = if code < 23 { 7 } else { 8 };
    code + extra
}

/// For each place the one before it where the same three bytes may begin.
fn earlier(all: &[u8]) -> Vec<usize> {
    let mut latest = vec![NONE; 1 << HASH_BITS];
    let mut earlier = vec![NONE; all.len()];
    for (at, three) in all.windows(3).enumerate() {
        let three = u32::from_le_bytes([three[0], three[1], three[2], 0]);
        // Knuth's multiplicative hashing: 2^32 over the golden ratio.
        let slot = &mut latest[(three.wrapping_mul(2_654_435_769) >> (32 - HASH_BITS)) as usize];
        earlier[at] = std::mem::replace(slot, at);
    }
    earlier
}

/// The code of a number, the first number of that code, and how many bits tell what is left.
fn coded(number: usize, of: fn(usize) -> Option<(usize, u32)>) -> (usize, usize, u32) {
    let codes = (0..).map_while(|code| of(code).map(|(first, bits)| (code, first, bits)));
    let fitting = codes.take_while(|(_, first, _)| *first <= number);
    fitting.last().unwrap_or((0, number, 0))
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    /// The lowest bits of a number, the lowest first.
    fn put(&mut self, number: usize, count: u32) {
        for i in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = (number >> i & 1) as u8;
            self.bytes[self.count / 8] |= bit << (self.count % 8);
            self.count += 1;
        }
    }

    /// A code of so many bits, the highest first.
    fn code(&mut self, code: usize, count: u32) {
        for i in (0..count).rev() {
            self.put(code >> i, 1);
        }
    }

    /// The code of a byte or of a length.
    fn symbol(&mut self, symbol: usize) {
        match symbol {
            0..144 => self.code(0x30 + symbol, 8),
            144..256 => self.code(0x190 + symbol - 144, 9),
            256..280 => self.code(symbol - 256, 7),
            _ => self.code(0xc0 + symbol - 280, 8),
        }
    }
}
