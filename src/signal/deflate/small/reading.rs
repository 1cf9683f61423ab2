//! Bits to text.

use super::super::Inflated;
use super::{END, distance_code, length_code};

/// The longest code.
const LONGEST: usize = 15;
/// The order in which the lengths of the codes of lengths come.
const ORDER: [u8; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// The inverse of [`deflate`](super::deflate), for a text of at most `most` bytes, whatever the
/// input says.
pub(in super::super::super) fn inflate(
    dictionary: &[u8],
    deflated: &[u8],
    most: usize,
) -> Inflated {
    let mut reader = Reader {
        bytes: deflated,
        bit: 0,
        out: dictionary.to_vec(),
        room: most,
        known: None,
    };
    match reader.blocks() {
        Ok(()) => {
            let text = reader.out.split_off(dictionary.len());
            Inflated::Whole(text, reader.bit.div_ceil(8))
        }
        Err(Stop::Longer) => Inflated::Longer,
        Err(Stop::Damaged) => Inflated::Damaged,
    }
}

enum Stop {
    Longer,
    Damaged,
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// The next bit of them.
    bit: usize,
    /// The dictionary, then the text.
    out: Vec<u8>,
    /// How many bytes the text may still have.
    room: usize,
    /// The codes of blocks that have none of their own, once there was one: thousands of empty ones
    /// fit into a sound.
    known: Option<(Codes, Codes)>,
}

impl Reader<'_> {
    fn blocks(&mut self) -> Result<(), Stop> {
        loop {
            let is_last = self.bits(1)? == 1;
            match self.bits(2)? {
                0 => self.stored()?,
                1 => {
                    let known = match self.known.take() {
                        Some(known) => known,
                        None => known()?,
                    };
                    self.block(&known)?;
                    self.known = Some(known);
                }
                2 => {
                    let own = self.codes()?;
                    self.block(&own)?;
                }
                _ => return Err(Stop::Damaged),
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// So many bits as a number, the lowest first.
    fn bits(&mut self, count: u32) -> Result<usize, Stop> {
        let mut number = 0;
        for i in 0..count {
            let byte = self.bytes.get(self.bit / 8).ok_or(Stop::Damaged)?;
            number |= usize::from(byte >> (self.bit % 8) & 1) << i;
            self.bit += 1;
        }
        Ok(number)
    }

    fn put(&mut self, byte: u8) -> Result<(), Stop> {
        self.room = self.room.checked_sub(1).ok_or(Stop::Longer)?;
        self.out.push(byte);
        Ok(())
    }

    fn stored(&mut self) -> Result<(), Stop> {
        self.bit = self.bit.next_multiple_of(8);
        let length = self.bits(16)?;
        if self.bits(16)? != length ^ 0xffff {
            return Err(Stop::Damaged);
        }
        for _ in 0..length {
            let byte = self.bits(8)? as u8;
            self.put(byte)?;
        }
        Ok(())
    }

    /// The codes of a block that has its own.
    fn codes(&mut self) -> Result<(Codes, Codes), Stop> {
        let lengths = self.bits(5)? + 257;
        let distances = self.bits(5)? + 1;
        let told = self.bits(4)? + 4;
        if lengths > 286 || distances > 30 {
            return Err(Stop::Damaged);
        }
        let mut of_lengths = [0; ORDER.len()];
        for place in &ORDER[..told] {
            of_lengths[usize::from(*place)] = self.bits(3)? as u8;
        }
        let of_lengths = Codes::new(&of_lengths)?;
        if of_lengths.is_incomplete {
            return Err(Stop::Damaged);
        }
        let mut all = Vec::new();
        while all.len() < lengths + distances {
            let symbol = self.symbol(&of_lengths)?;
            let (length, times) = match symbol {
                16 => {
                    let latest = *all.last().ok_or(Stop::Damaged)?;
                    (latest, self.bits(2)? + 3)
                }
                17 => (0, self.bits(3)? + 3),
                18 => (0, self.bits(7)? + 11),
                _ => (symbol as u8, 1),
            };
            all.resize(all.len() + times, length);
        }
        if all.len() > lengths + distances || all[END] == 0 {
            return Err(Stop::Damaged);
        }
        let (lengths, distances) = all.split_at(lengths);
        Ok((Codes::new(lengths)?, Codes::new(distances)?))
    }

    fn block(&mut self, (lengths, distances): &(Codes, Codes)) -> Result<(), Stop> {
        loop {
            let symbol = self.symbol(lengths)?;
            if symbol == END {
                return Ok(());
            }
            if symbol < END {
                self.put(symbol as u8)?;
                continue;
            }
            let (first, bits) = length_code(symbol - END - 1).ok_or(Stop::Damaged)?;
            let length = first + self.bits(bits)?;
            let (first, bits) = distance_code(self.symbol(distances)?).ok_or(Stop::Damaged)?;
            let distance = first + self.bits(bits)?;
            let from = self.out.len().checked_sub(distance).ok_or(Stop::Damaged)?;
            for at in from..from + length {
                // What is written may be read again by the same repetition.
                self.put(self.out[at])?;
            }
        }
    }

    fn symbol(&mut self, codes: &Codes) -> Result<usize, Stop> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in codes.counts {
            code |= self.bits(1)?;
            let count = usize::from(count);
            if code < first + count {
                let symbol = codes.symbols[index + code - first];
                return Ok(usize::from(symbol));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(Stop::Damaged)
    }
}

/// The codes of a block that has none of its own: those of bytes and lengths, those of distances.
fn known() -> Result<(Codes, Codes), Stop> {
    let length = |symbol| match symbol {
        144..256 => 9,
        256..280 => 7,
        _ => 8,
    };
    let lengths: Vec<u8> = (0..288).map(length).collect();
    Ok((Codes::new(&lengths)?, Codes::new(&[5; 32])?))
}

/// A set of codes, by their lengths: those of one length count up in the order of their symbols.
struct Codes {
    /// Codes of length one, two, and so on.
    counts: [u16; LONGEST],
    /// The symbols that have a code, in the order of their codes.
    symbols: Vec<u16>,
    is_incomplete: bool,
}

impl Codes {
    fn new(lengths: &[u8]) -> Result<Self, Stop> {
        let mut counts = [0; LONGEST];
        let mut symbols = Vec::new();
        // Codes of each length that are left.
        let mut left = 1i32;
        for (length, count) in (1..).zip(&mut counts) {
            let before = symbols.len();
            let own = lengths.iter().zip(0..).filter(|(own, _)| **own == length);
            symbols.extend(own.map(|(_, symbol)| symbol));
            let own = symbols.len() - before;
            *count = own as u16;
            left = 2 * left - own as i32;
            if left < 0 {
                return Err(Stop::Damaged);
            }
        }
        // One code of one bit may stand alone, for there is none of no bits; and there may be none.
        let is_incomplete = left > 0;
        let stands_alone = symbols.is_empty() || (symbols.len() == 1 && counts[0] == 1);
        if is_incomplete && !stands_alone {
            return Err(Stop::Damaged);
        }
        Ok(Self {
            counts,
            symbols,
            is_incomplete,
        })
    }
}
