//! Headers too faint to be read one by one.
//!
//! The passes of a loop have headers that differ in the pass alone. Code, checksum and whitening
//! are affine, so two passes differ in coded bits that are known without knowing the header: with
//! these flipped, the soft bits of both add up. Which passes were heard is guessed from where
//! their preambles lie; the sum must give a header with its checksum, of the pass that was
//! guessed, and of a length that puts the preambles where they were.

use std::collections::VecDeque;

use crate::bits::Header;
use crate::order::sort_by;
use crate::units::{Decibels, Llr};

use super::examination::Budget;
use super::history::History;
use super::reader::{Announced, Look, Reader};
use super::rhythm::Place;
use super::{Depth, Profile};

/// Headers that are remembered. The places of all of them are looked at again once a header is
/// known: speech and music make several a second.
pub(super) const MOST: usize = 32;
/// Newest headers that are added up: a normal turn of a loop.
const NEWEST: usize = 8;
/// Passes from one header to the next that is added: neighbours, or with one between them that is
/// of the other format or was not seen.
const MOST_STEPS: u8 = 2;
/// Sums that are decoded for each new header, the likeliest first. Each gives a wrong header once
/// in 2^23 tries: 16 bits of checksum, 2 of version, 1 that says whether it is a segment, 3 of
/// pass and half of the lengths; where its preambles lie must also fit.
const MOST_TRIES: usize = 8;
/// Reads of sums at once: a turn of a loop is tried as it comes.
const READS_AT_ONCE: f64 = NEWEST as f64;
/// And in the long run. A read takes some 10 ms of work; where talk and music have used up all
/// others, a loop is still tried as often as half a turn of it is heard.
const READS_PER_SECOND: f64 = 0.25;
/// Seconds by which a preamble may lie beside where it should: the strongest path is another one
/// when people move.
const BESIDE_S: f64 = 0.015;

/// A preamble whose header could not be read.
#[derive(Debug)]
struct FaintHeader {
    start: u64,
    /// What was heard of the header, if it is of the normal format or of the deep one.
    looks: [Look; 2],
}

/// The headers of one profile that could not be read lately.
#[derive(Debug)]
pub(super) struct FaintHeaders {
    kept: VecDeque<FaintHeader>,
    /// The coded bits in which passes differ whose numbers differ in these bits.
    differences: [Vec<bool>; 8],
    tries: Budget,
}

/// Which of the kept headers are taken for which passes.
#[derive(Debug)]
struct Guess {
    depth: Depth,
    /// Newest first: which of the kept, and as what pass.
    members: Vec<(usize, u8)>,
    /// How well their soft bits agree, in standard deviations above what chance gives.
    sigmas: f32,
}

impl FaintHeaders {
    /// None yet; `reader` is of either format.
    pub(super) fn new(reader: &Reader) -> Self {
        let word = |pass| {
            reader.word(&Header {
                segmented: false,
                pass,
                id: 0,
                length: 0,
            })
        };
        let first = word(0);
        let difference = |pass| {
            let pairs = first.iter().zip(word(pass));
            pairs.map(|(a, b)| *a != b).collect()
        };
        Self {
            kept: VecDeque::with_capacity(MOST),
            differences: [0, 1, 2, 3, 4, 5, 6, 7].map(difference),
            tries: Budget::new(READS_AT_ONCE, READS_PER_SECOND),
        }
    }

    /// Where the preambles of all of them begin.
    pub(super) fn starts(&self) -> impl Iterator<Item = u64> + '_ {
        self.kept.iter().map(|faint| faint.start)
    }

    /// Remembers what was heard of a header, in either format, behind a preamble at `start`.
    pub(super) fn keep(&mut self, start: u64, looks: [Look; 2]) {
        if self.kept.len() == MOST {
            self.kept.pop_front();
        }
        self.kept.push_back(FaintHeader { start, looks });
    }

    /// The header of the newest, if it can be read together with others before it.
    pub(super) fn read(
        &mut self,
        readers: &mut [Reader; 2],
        history: &mut History,
    ) -> Option<Announced> {
        let per_second = f64::from(readers[0].profile().receiver_rate.0);
        let newest = self.kept.back()?.start;
        if self.kept.len() < 2 || !self.tries.allows(newest, per_second) {
            return None;
        }
        self.align(readers, history);
        self.read_sums(readers)
    }

    /// The same, from the soft bits as they are.
    fn read_sums(&self, readers: &mut [Reader; 2]) -> Option<Announced> {
        let mut guesses = self.guesses(readers);
        sort_by(&mut guesses, |a, b| b.sigmas.total_cmp(&a.sigmas));
        guesses
            .iter()
            .take(MOST_TRIES)
            .find_map(|guess| self.check(guess, readers))
    }

    /// Looks again at the newest headers as sent by one clock: how fast it runs all of them tell
    /// together where none can alone.
    fn align(&mut self, readers: &mut [Reader; 2], history: &mut History) {
        let first = self.kept.len().saturating_sub(NEWEST);
        for (depth, reader) in readers.iter_mut().enumerate() {
            let mut sum = Vec::new();
            for faint in self.kept.range(first..) {
                let alignments = &faint.looks[depth].alignments;
                sum.resize(alignments.len(), 0.0);
                sum.iter_mut().zip(alignments).for_each(|(s, a)| *s += a);
            }
            let stretch = Reader::best_of(&sum);
            for faint in self.kept.range_mut(first..) {
                let look = &mut faint.looks[depth];
                if look.stretch != stretch
                    && let Some((samples, offset)) = history.from(faint.start)
                {
                    let again = reader.look(samples, offset, Some(stretch));
                    let alignments = std::mem::take(&mut look.alignments);
                    *look = Look {
                        alignments,
                        ..again
                    };
                }
            }
        }
    }

    /// The header that all members of a guess have, if there is one.
    fn check(&self, guess: &Guess, readers: &mut [Reader; 2]) -> Option<Announced> {
        let &(newest, pass) = guess.members.first()?;
        let look = Look {
            llrs: self.sum(guess),
            ..self.look(guess.depth, newest).clone()
        };
        let announced = readers[guess.depth as usize].header(&look).ok()?;
        if announced.header.segmented || announced.header.pass != pass {
            return None;
        }
        let rhythm = Reader::rhythm(readers, &announced.header)?;
        let places = guess.members.iter().map(|&(kept, pass)| Place {
            start: self.kept[kept].start as i64,
            pass,
        });
        let places: Vec<Place> = places.collect();
        let beside = beside(readers[0].profile()) as f64;
        for pair in places.windows(2) {
            rhythm.silence(pair[1], pair[0], look.stretch, beside)?;
        }
        let levels = guess.members.iter();
        let levels = levels.map(|&(kept, _)| self.look(guess.depth, kept).snr.0);
        Some(Announced {
            // The farthest tells most about the rhythm.
            other: places.last().copied(),
            snr: Decibels(levels.sum::<f32>() / guess.members.len() as f32),
            ..announced
        })
    }

    fn look(&self, depth: Depth, kept: usize) -> &Look {
        &self.kept[kept].looks[depth as usize]
    }

    /// All that the newest header may be, with others before it.
    fn guesses(&self, readers: &[Reader; 2]) -> Vec<Guess> {
        let mut guesses = Vec::new();
        let Some(newest) = self.kept.len().checked_sub(1) else {
            return guesses;
        };
        for depth in [Depth::Normal, Depth::Deep] {
            for other in newest.saturating_sub(NEWEST - 1)..newest {
                for steps in 1..=MOST_STEPS {
                    for pass in 0..8 {
                        let members = self.members(readers, depth, [newest, other], pass, steps);
                        if members.len() < 2 {
                            continue;
                        }
                        let mut guess = Guess {
                            depth,
                            members,
                            sigmas: 0.0,
                        };
                        guess.sigmas = self.agreement(&guess);
                        if guess.sigmas > 0.0 {
                            guesses.push(guess);
                        }
                    }
                }
            }
        }
        guesses
    }

    /// The kept headers that lie where the first two and those before them lie, if these are
    /// `steps` passes apart, the first is `pass`, and all are of one format; none if that cannot
    /// be.
    fn members(
        &self,
        readers: &[Reader; 2],
        depth: Depth,
        [newest, other]: [usize; 2],
        pass: u8,
        steps: u8,
    ) -> Vec<(usize, u8)> {
        let profile = readers[0].profile();
        let earlier = |count: u8| (pass + 8 - count * steps % 8) % 8;
        let starts = [newest, other].map(|kept| self.kept[kept].start);
        let distance = starts[0].saturating_sub(starts[1]);
        let shortest: u64 = (1..=steps)
            .map(|step| {
                let between = profile.depth((pass + 8 - step) % 8);
                let reader = &readers[between as usize];
                reader.geometry.frame(reader.header_symbols()) as u64
            })
            .sum();
        let beside = beside(profile);
        if distance.saturating_add(beside) < shortest {
            return Vec::new();
        }
        let mut members = Vec::new();
        for count in 0..NEWEST as u8 {
            let is_ours = profile.depth(earlier(count)) == depth;
            let place = starts[0].checked_sub(distance.saturating_mul(u64::from(count)));
            let kept = place.filter(|_| is_ours).and_then(|place| {
                let first = (newest + 1).saturating_sub(NEWEST);
                (first..=newest)
                    .map(|kept| (self.kept[kept].start.abs_diff(place), kept))
                    .filter(|(off, _)| *off <= beside)
                    .min()
            });
            match kept {
                Some((_, kept)) => members.push((kept, earlier(count))),
                None => break,
            }
        }
        members
    }

    /// The soft bits of all members of a guess, as those of the first.
    fn sum(&self, guess: &Guess) -> Vec<Llr> {
        let mut sum = vec![0.0; self.differences[0].len()];
        self.for_each_soft(guess, |bit, llr| sum[bit] += llr);
        sum
    }

    fn for_each_soft(&self, guess: &Guess, mut work: impl FnMut(usize, Llr)) {
        let Some(&(_, first)) = guess.members.first() else {
            return;
        };
        for &(kept, pass) in &guess.members {
            let difference = &self.differences[usize::from((first ^ pass) % 8)];
            let soft = self.look(guess.depth, kept).llrs.iter().zip(difference);
            for (bit, (llr, flip)) in soft.enumerate() {
                work(bit, if *flip { -llr } else { *llr });
            }
        }
    }

    /// How much more alike the soft bits of the members are than signs thrown by a coin would
    /// make them, in standard deviations.
    fn agreement(&self, guess: &Guess) -> f32 {
        let bits = self.differences[0].len();
        let (mut sums, mut squares, mut fourths) =
            (vec![0f32; bits], vec![0f32; bits], vec![0f32; bits]);
        self.for_each_soft(guess, |bit, llr| {
            sums[bit] += llr;
            squares[bit] += llr * llr;
            fourths[bit] += (llr * llr) * (llr * llr);
        });
        // The products of all pairs, twice; and the variance of that, the members' size given.
        let products: f32 = sums.iter().zip(&squares).map(|(s, q)| s * s - q).sum();
        let variance: f32 = squares.iter().zip(&fourths).map(|(q, f)| q * q - f).sum();
        products / (2.0 * variance).max(f32::MIN_POSITIVE).sqrt()
    }
}

/// Samples by which a preamble may lie beside where it should.
fn beside(profile: &Profile) -> u64 {
    profile.receiver_rate.samples_in(BESIDE_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::Random;

    const PROFILE: &Profile = &Profile::AUDIBLE;

    fn readers() -> [Reader; 2] {
        let chirp = PROFILE.chirp.samples(PROFILE.receiver_rate).count();
        [Depth::Normal, Depth::Deep].map(|depth| Reader::new(PROFILE, depth, chirp))
    }

    fn header(random: &mut Random, pass: u8) -> Header {
        Header {
            segmented: false,
            pass,
            id: random.bits() as u8,
            length: (random.bits() % 509) as u16,
        }
    }

    fn look(llrs: Vec<Llr>) -> Look {
        Look {
            llrs,
            stretch: 0.0,
            snr: Decibels(0.0),
            alignments: Vec::new(),
        }
    }

    /// Soft bits of a word as binary symbols in white noise give them, of that mean; of a word
    /// that was not sent the same without the mean.
    fn heard(random: &mut Random, word: &[bool], mean: f64) -> Vec<Llr> {
        let each = word.iter().map(|bit| {
            let sign = if *bit { -1.0 } else { 1.0 };
            (sign * mean + random.gaussian() * (2.0 * mean).sqrt()) as f32
        });
        each.collect()
    }

    /// What is left of a loop's headers: `count` passes from `key`'s, with a silence after each.
    fn heard_loop(
        random: &mut Random,
        readers: &[Reader; 2],
        key: Header,
        count: usize,
        mean: f64,
        silence: u64,
    ) -> Vec<FaintHeader> {
        let rhythm = Reader::rhythm(readers, &key).unwrap();
        let mut at = 50_000;
        let each = (0..count as u8).map(|i| {
            let pass = (key.pass + i) % 8;
            let word = readers[0].word(&Header { pass, ..key });
            let start = at + random.bits() % 100;
            at += rhythm.length(pass) + silence;
            let looks = [Depth::Normal, Depth::Deep].map(|depth| {
                let mut llrs = heard(random, &word, mean);
                if PROFILE.depth(pass) != depth {
                    let any: Vec<bool> = llrs.iter().map(|_| random.bits() & 1 == 1).collect();
                    llrs = heard(random, &any, mean);
                }
                look(llrs)
            });
            FaintHeader { start, looks }
        });
        each.collect()
    }

    #[test]
    fn passes_differ_in_the_same_coded_bits_whatever_the_message() {
        let readers = readers();
        let faint = FaintHeaders::new(&readers[0]);
        let mut random = Random::new(1, "faint");
        for _ in 0..20 {
            let key = header(&mut random, 0);
            for (a, b) in (0..8).flat_map(|a| (0..8).map(move |b| (a, b))) {
                let words = [a, b].map(|pass| readers[0].word(&Header { pass, ..key }));
                let difference: Vec<bool> = words[0]
                    .iter()
                    .zip(&words[1])
                    .map(|(a, b)| a != b)
                    .collect();
                assert_eq!(difference, faint.differences[usize::from(a ^ b)]);
            }
        }
    }

    /// A soft bit's mean is four times its energy over the noise density, and six of them carry
    /// one bit: at 0.28 that is an Eb/N0 of -3.8 dB for one header, of which few are read, and
    /// 2.2 dB for four, of which nearly all are.
    #[test]
    fn what_no_header_says_alone_four_say_together() {
        let mut readers = readers();
        let mut random = Random::new(2, "faint");
        let (mut alone, mut together, tries) = (0, 0, 40);
        for _ in 0..tries {
            // Any four neighbours of the normal format: 0 to 3, 7 to 2.
            let first = [0, 7][(random.bits() % 2) as usize];
            let key = header(&mut random, first);
            let silence = [0, 700, 7200][(random.bits() % 3) as usize];
            let mut faint = FaintHeaders::new(&readers[0]);
            for heard in heard_loop(&mut random, &readers, key, 4, 0.28, silence) {
                alone += usize::from(readers[0].header(&heard.looks[0]).is_ok());
                faint.keep(heard.start, heard.looks);
            }
            let Some(read) = faint.read_sums(&mut readers) else {
                continue;
            };
            let pass = (first + 3) % 8;
            assert_eq!(read.header, Header { pass, ..key });
            let other = read.other.unwrap();
            assert_eq!(other.pass, first);
            assert_eq!(other.start.abs_diff(50_000) / 100, 0);
            together += 1;
        }
        assert!(alone <= 4 * tries / 10, "{alone} alone");
        assert!(together >= tries * 9 / 10, "{together} together");
    }

    #[test]
    fn the_deep_headers_of_a_loop_add_up_over_the_pass_between_them() {
        let mut readers = readers();
        let mut random = Random::new(3, "faint");
        let mut read = 0;
        for _ in 0..20 {
            let key = header(&mut random, 4);
            let mut faint = FaintHeaders::new(&readers[0]);
            for heard in heard_loop(&mut random, &readers, key, 3, 1.1, 0) {
                faint.keep(heard.start, heard.looks);
            }
            // As if the normal header between them were buried altogether.
            let silent = vec![0.0; faint.differences[0].len()];
            faint.kept[1].looks = [look(silent.clone()), look(silent)];
            if let Some(announced) = faint.read_sums(&mut readers) {
                assert_eq!(announced.header, Header { pass: 6, ..key });
                read += 1;
            }
        }
        assert!(read >= 18, "{read}");
    }

    #[test]
    fn headers_that_lie_where_no_loop_has_them_give_nothing() {
        let mut readers = readers();
        let mut random = Random::new(4, "faint");
        for _ in 0..10 {
            let key = header(&mut random, 0);
            let mut faint = FaintHeaders::new(&readers[0]);
            for (i, heard) in (0..).zip(heard_loop(&mut random, &readers, key, 2, 1.0, 0)) {
                // Half a second too close, or half a minute apart.
                let starts = [[0, 4_000], [0, 720_000]][usize::from(key.id) % 2];
                faint.keep(starts[i], heard.looks);
            }
            assert!(faint.read_sums(&mut readers).is_none());
        }
    }

    #[test]
    fn noise_gives_no_header_and_takes_no_more_memory_than_a_few_do() {
        let mut readers = readers();
        let mut random = Random::new(5, "faint");
        let mut faint = FaintHeaders::new(&readers[0]);
        let bits = faint.differences[0].len();
        let mut start = 0;
        for _ in 0..100 {
            start += 5_000 + random.bits() % 20_000;
            let looks = [0, 1].map(|_| {
                let word: Vec<bool> = (0..bits).map(|_| random.bits() & 1 == 1).collect();
                look(heard(&mut random, &word, 2.0))
            });
            faint.keep(start, looks);
            assert!(faint.kept.len() <= MOST);
            assert!(faint.read_sums(&mut readers).is_none());
        }
        // Nor do places and soft bits that nobody sent.
        for start in [u64::MAX, 0, u64::MAX / 2] {
            faint.keep(
                start,
                [look(vec![f32::NAN; bits]), look(vec![f32::INFINITY; bits])],
            );
            faint.read_sums(&mut readers);
        }
    }
}
