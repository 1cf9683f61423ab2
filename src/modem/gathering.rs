//! Messages in the making: passes that could not be read alone, added up until they can.
//!
//! All passes of a message carry parts of one word of the inner code, so their soft bits add up
//! wherever they come from in the loop. A gathering is known by its header without the pass. The
//! `id` in it has 8 bits: two messages of one length share a gathering once in 256, and then
//! their sum means nothing. So each pass is tried alone first, then all of them, then the newest
//! few without the others; and what comes out is a message only if its CRC-32 says so.

use std::collections::VecDeque;

use crate::bits::{Header, unpack_single};
use crate::code::{InnerCode, InnerDecoder};
use crate::units::{Decibels, Llr};

use super::frame::Share;
use super::rhythm::Place;
use super::trust::favour;

/// Gatherings at once; one more gives up the oldest.
const MOST: usize = 4;
/// Passes whose soft bits are kept apart, beside the sum of all. A pass has three soft bits at
/// most for each of the 6 coded bits of 4096, so that all gatherings together stay below
/// 3 MiB.
const APART: usize = 4;
/// Newest passes that are tried together when the sum of all says nothing: an older message of
/// the same key may spoil it.
const NEWEST: [usize; 2] = [4, 2];
/// Messages given out that are remembered, to know their later passes.
const REMEMBERED: usize = 4;
/// Places that are remembered of a gathering.
const PLACES: usize = 64;
/// Nats by which soft bits must favour a known word over chance for a pass to be taken for one
/// of its: as sure as 32 bits of checksum.
const SURE: f64 = 22.0;

/// One pass as it was heard.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// Which bits of the word it carries.
    pub(super) share: Share,
    /// Its soft bits, in the order in which they are sent.
    pub(super) soft: Vec<Llr>,
    /// What they are worth, `0..=1`, by what its header is known to say: see [`trust`].
    pub(super) trust: f32,
    /// Where it lies.
    pub(super) place: Place,
    pub(super) end: u64,
    pub(super) snr: Decibels,
    /// Whether the input ended before it did.
    pub(super) cut_off: bool,
}

/// What one more pass led to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The message.
    Whole {
        payload: Vec<u8>,
        first_at: u64,
        passes: u32,
        snr: Decibels,
    },
    /// Not readable yet; it is kept with `passes` in all.
    Kept { passes: u32 },
    /// Not readable, but clearly another pass of a message that was given out already.
    Known,
}

/// The passes of one message that cannot be read yet.
#[derive(Debug)]
pub(super) struct Gathering {
    /// With pass 0.
    pub(super) key: Header,
    pub(super) code: InnerCode,
    /// Where the newest of its passes lie, in the order in which they were found.
    pub(super) known: VecDeque<Place>,
    /// By how much the sender's clock runs faster than ours, by the newest pass.
    pub(super) stretch: f64,
    /// The silence between its passes, once it is clear that they make a loop.
    pub(super) silence: Option<f64>,
    /// When to look for passes whose preambles were not seen, and how often that was done since
    /// the last news.
    pub(super) look_at: u64,
    pub(super) looks: usize,
    /// Sum of the soft bits of all passes, one for each mother bit.
    sum: Vec<Llr>,
    newest: VecDeque<Pass>,
    snr_sum: f64,
    pub(super) passes: u32,
    pub(super) first_at: u64,
    last_end: u64,
    /// Whether the input ended within every pass.
    pub(super) cut_off: bool,
}

/// A message that was given out.
#[derive(Debug)]
struct Done {
    key: Header,
    word: Vec<bool>,
}

/// All gatherings of one profile.
#[derive(Debug)]
pub(super) struct Gatherings {
    /// Samples by which two frames differ at least, if they are not the same.
    apart: u64,
    open: VecDeque<Gathering>,
    done: VecDeque<Done>,
    given_up: Vec<Gathering>,
}

impl Pass {
    /// Its first sample that was heard.
    fn begins(&self) -> u64 {
        u64::try_from(self.place.start).unwrap_or(0)
    }
}

impl Gathering {
    fn new(key: Header, code: &InnerCode, at: u64) -> Self {
        Self {
            key,
            code: code.clone(),
            known: VecDeque::with_capacity(PLACES),
            stretch: 0.0,
            silence: None,
            look_at: u64::MAX,
            looks: 0,
            sum: vec![0.0; code.mother_bits()],
            newest: VecDeque::with_capacity(APART),
            snr_sum: 0.0,
            passes: 0,
            first_at: at,
            last_end: at,
            cut_off: true,
        }
    }

    /// Mean over its passes.
    pub(super) fn snr(&self) -> Decibels {
        Decibels((self.snr_sum / f64::from(self.passes.max(1))) as f32)
    }

    /// Whether it has the pass that lies at `start`, or one that overlaps it by its preamble.
    pub(super) fn has(&self, start: i64, apart: u64) -> bool {
        self.known
            .iter()
            .any(|known| known.start.abs_diff(start) < apart)
    }

    fn add(&mut self, pass: Pass) {
        add(&self.code, &pass, &mut self.sum);
        if self.known.len() == PLACES {
            self.known.pop_front();
        }
        self.known.push_back(pass.place);
        self.snr_sum += f64::from(pass.snr.0);
        self.passes += 1;
        self.first_at = self.first_at.min(pass.begins());
        self.last_end = self.last_end.max(pass.end);
        self.cut_off &= pass.cut_off;
        if self.newest.len() == APART {
            self.newest.pop_front();
        }
        self.newest.push_back(pass);
    }

    /// The message of all passes, or of the newest few; with the place where the first of them
    /// begins, and their number.
    fn read(&self, decoder: &mut InnerDecoder) -> Option<(Read, u64, u32)> {
        let code = &self.code;
        if let Some(read) = read(&self.key, code, decoder, &self.sum) {
            return Some((read, self.first_at, self.passes));
        }
        NEWEST.iter().find_map(|&count| {
            let skip = self.newest.len().checked_sub(count)?;
            if self.passes as usize == count {
                return None; // the sum of all was these
            }
            let mut sum = vec![0.0; code.mother_bits()];
            for pass in self.newest.iter().skip(skip) {
                add(code, pass, &mut sum);
            }
            let first = self.newest.iter().skip(skip).map(Pass::begins).min();
            read(&self.key, code, decoder, &sum).map(|read| {
                let first = first.unwrap_or(self.first_at);
                (read, first, count as u32)
            })
        })
    }
}

impl Gatherings {
    /// None yet; frames that begin less than `apart` samples from each other are the same.
    pub(super) fn new(apart: u64) -> Self {
        Self {
            apart,
            open: VecDeque::new(),
            done: VecDeque::new(),
            given_up: Vec::new(),
        }
    }

    /// Takes a pass of the message that `header` announces, sent by a clock that runs faster than
    /// ours by `stretch`. Its trust is asked for if it cannot be read alone.
    ///
    /// # Panics
    /// If `decoder` is not one for `code`, or `code` not that of `header`.
    pub(super) fn add(
        &mut self,
        header: &Header,
        code: &InnerCode,
        decoder: &mut InnerDecoder,
        mut pass: Pass,
        trust: impl FnOnce() -> f32,
        stretch: f64,
    ) -> Outcome {
        let key = Header { pass: 0, ..*header };
        let mut alone = vec![0.0; code.mother_bits()];
        pass.trust = 1.0;
        add(code, &pass, &mut alone);
        if let Some(read) = read(&key, code, decoder, &alone) {
            self.finish(key, read.word);
            return Outcome::Whole {
                payload: read.payload,
                first_at: pass.begins(),
                passes: 1,
                snr: pass.snr,
            };
        }
        if self
            .done
            .iter()
            .any(|done| done.key == key && favour(&done.word, &alone) > SURE)
        {
            return Outcome::Known;
        }
        if self.of(&key).is_none() {
            if self.open.len() == MOST {
                self.given_up.extend(self.open.pop_front());
            }
            self.open
                .push_back(Gathering::new(key, code, pass.begins()));
        }
        if let Some(gathering) = self.of_mut(&key) {
            gathering.stretch = stretch;
        }
        pass.trust = trust();
        self.add_found(&key, decoder, vec![pass])
    }

    /// Takes passes that were found with the help of others, and cannot be read alone.
    ///
    /// # Panics
    /// If `decoder` is not one for the code of that message.
    pub(super) fn add_found(
        &mut self,
        key: &Header,
        decoder: &mut InnerDecoder,
        passes: Vec<Pass>,
    ) -> Outcome {
        let apart = self.apart;
        let Some(gathering) = self.of_mut(key) else {
            return Outcome::Known;
        };
        for pass in passes {
            if !gathering.has(pass.place.start, apart) {
                gathering.add(pass);
            }
        }
        let passes = gathering.passes;
        if passes > 1
            && let Some((read, first_at, passes)) = gathering.read(decoder)
        {
            let snr = gathering.snr();
            self.finish(*key, read.word);
            return Outcome::Whole {
                payload: read.payload,
                first_at,
                passes,
                snr,
            };
        }
        Outcome::Kept { passes }
    }

    /// Samples by which two frames differ at least, if they are not the same.
    pub(super) fn apart(&self) -> u64 {
        self.apart
    }

    /// The gathering of that key.
    pub(super) fn of(&self, key: &Header) -> Option<&Gathering> {
        self.open.iter().find(|open| open.key == *key)
    }

    /// The same, to change it.
    pub(super) fn of_mut(&mut self, key: &Header) -> Option<&mut Gathering> {
        self.open.iter_mut().find(|open| open.key == *key)
    }

    /// All that are open.
    pub(super) fn open(&self) -> impl Iterator<Item = &Gathering> {
        self.open.iter()
    }

    /// Takes out the gatherings to which nothing was added since `before`, and those that had to
    /// give way.
    pub(super) fn give_up(&mut self, before: u64) -> Vec<Gathering> {
        let mut old = std::mem::take(&mut self.given_up);
        while let Some(place) = self.open.iter().position(|open| open.last_end < before) {
            old.extend(self.open.remove(place));
        }
        old
    }

    /// A message is given out. What was gathered of it has served; what was gathered of another
    /// message of the same key stays.
    fn finish(&mut self, key: Header, word: Vec<bool>) {
        self.open
            .retain(|open| open.key != key || favour(&word, &open.sum) <= SURE);
        self.done
            .retain(|done| done.key != key || done.word != word);
        if self.done.len() == REMEMBERED {
            self.done.pop_front();
        }
        self.done.push_back(Done { key, word });
    }
}

/// A message, and the word of the code that carried it.
struct Read {
    payload: Vec<u8>,
    word: Vec<bool>,
}

/// Adds the soft bits of a pass to those of the mother bits.
fn add(code: &InnerCode, pass: &Pass, sum: &mut [Llr]) {
    for (place, llr) in pass.share.places(code).zip(&pass.soft) {
        sum[place] += pass.trust * llr;
    }
}

fn read(key: &Header, code: &InnerCode, decoder: &mut InnerDecoder, sum: &[Llr]) -> Option<Read> {
    let mut info = vec![false; code.info_bits()];
    decoder.decode(sum, &mut info).ok()?;
    let payload = unpack_single(key, &info).ok()?;
    let word = code.encode(&info);
    Some(Read { payload, word })
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::super::frame::Frame;
    use super::*;
    use crate::air::Random;
    use crate::bits::{message_checksum, pack_single};

    /// A sender of passes through noise, and a receiver of one gathering after another.
    struct Loop {
        header: Header,
        code: InnerCode,
        coded: Vec<bool>,
        random: Random,
        at: u64,
    }

    impl Loop {
        fn new(payload: &[u8], seed: u64) -> Self {
            let header = Header {
                segmented: false,
                pass: 0,
                id: message_checksum(payload) as u8,
                length: payload.len() as u16,
            };
            let info = pack_single(&header, payload);
            let code = InnerCode::new(info.len());
            Self {
                header,
                coded: code.encode(&info),
                code,
                random: Random::new(seed, "gathering"),
                at: 0,
            }
        }

        /// A pass in Gaussian noise, at `es_n0` a coded bit as a power ratio.
        fn pass(&mut self, pass: u8, es_n0: f64) -> Pass {
            let mean = 4.0 * es_n0;
            let header = Header {
                pass,
                ..self.header
            };
            let frame = Frame::with_code(&Profile::AUDIBLE, &header, self.code.clone()).unwrap();
            let soft = frame
                .places()
                .map(|place| {
                    let sign = if self.coded[place] { -1.0 } else { 1.0 };
                    (sign * mean + self.random.gaussian() * (2.0 * mean).sqrt()) as f32
                })
                .collect();
            self.at += 10_000;
            Pass {
                share: frame.share,
                soft,
                trust: 1.0,
                place: Place {
                    start: self.at as i64,
                    pass,
                },
                end: self.at + 9_000,
                snr: Decibels(0.0),
                cut_off: false,
            }
        }

        fn add(&self, gatherings: &mut Gatherings, pass: Pass) -> Outcome {
            let mut decoder = InnerDecoder::new(&self.code);
            gatherings.add(&self.header, &self.code, &mut decoder, pass, || 1.0, 0.0)
        }
    }

    /// Payloads of one length and one key: their checksums agree in the low byte.
    fn twins() -> (Vec<u8>, Vec<u8>) {
        let first = vec![0; 64];
        let twin = (1u32..)
            .map(|i| [i.to_be_bytes().as_slice(), &[0; 60]].concat())
            .find(|other| message_checksum(other) as u8 == message_checksum(&first) as u8);
        (first, twin.unwrap())
    }

    // Energies of a coded bit over N0, and what the channel then carries in half the logarithm of
    // 1 + 2 Es/N0: of 544 bits, two passes of 1280 carry 427, four more than 800.
    const ONE_IS_ENOUGH: f64 = 2.0;
    const FOUR_ARE_NEEDED: f64 = 0.13;

    #[test]
    fn passes_that_cannot_be_read_alone_are_read_together() {
        let sent: Vec<u8> = (0..64).collect();
        for (seed, first) in [(1, 0), (2, 3), (3, 7)] {
            let mut sender = Loop::new(&sent, seed);
            let mut gatherings = Gatherings::new(1000);
            let mut used = 0;
            let whole = (0..8).find_map(|i| {
                let pass = sender.pass((first + i) % 8, FOUR_ARE_NEEDED);
                match sender.add(&mut gatherings, pass) {
                    Outcome::Kept { passes } => {
                        used = passes;
                        None
                    }
                    other => Some(other),
                }
            });
            let Some(Outcome::Whole {
                payload,
                first_at,
                passes,
                ..
            }) = whole
            else {
                panic!("{whole:?}");
            };
            assert_eq!(payload, sent);
            assert_eq!(first_at, 10_000);
            assert_eq!(passes, used + 1);
            assert!((3..=5).contains(&passes), "{passes}");
            assert!(gatherings.open.is_empty());
        }
    }

    #[test]
    fn a_pass_that_is_readable_is_never_hidden_by_another_message_of_its_key() {
        let (first, second) = twins();
        let (mut a, mut b) = (Loop::new(&first, 4), Loop::new(&second, 5));
        assert_eq!(a.header, b.header);
        let mut gatherings = Gatherings::new(1000);
        for pass in 0..2 {
            let heard = a.pass(pass, FOUR_ARE_NEEDED);
            assert!(matches!(
                a.add(&mut gatherings, heard),
                Outcome::Kept { .. }
            ));
        }
        let heard = b.pass(0, ONE_IS_ENOUGH);
        let alone = b.add(&mut gatherings, heard);
        assert!(
            matches!(alone, Outcome::Whole { ref payload, passes: 1, .. } if *payload == second)
        );
        // What was gathered of the first is not lost by that.
        assert_eq!(gatherings.open.len(), 1);
        let whole = (2..8).find_map(|pass| {
            let heard = a.pass(pass, FOUR_ARE_NEEDED);
            match a.add(&mut gatherings, heard) {
                Outcome::Kept { .. } => None,
                other => Some(other),
            }
        });
        assert!(matches!(whole, Some(Outcome::Whole { payload, .. }) if payload == first));
    }

    #[test]
    fn an_older_message_of_the_same_key_spoils_nothing_for_long() {
        let (first, second) = twins();
        let (mut a, mut b) = (Loop::new(&first, 6), Loop::new(&second, 7));
        let mut gatherings = Gatherings::new(1000);
        for pass in 0..2 {
            let heard = a.pass(pass, FOUR_ARE_NEEDED);
            a.add(&mut gatherings, heard);
        }
        let whole = (0..8).find_map(|pass| {
            let heard = b.pass(pass, FOUR_ARE_NEEDED);
            match b.add(&mut gatherings, heard) {
                Outcome::Kept { .. } => None,
                other => Some(other),
            }
        });
        assert!(matches!(whole, Some(Outcome::Whole { payload, .. }) if payload == second));
    }

    #[test]
    fn the_sum_of_two_messages_never_gives_a_third() {
        let (first, second) = twins();
        let (mut a, mut b) = (Loop::new(&first, 8), Loop::new(&second, 9));
        let mut gatherings = Gatherings::new(1000);
        for pass in 0..16 {
            for sender in [&mut a, &mut b] {
                let heard = sender.pass(pass % 8, FOUR_ARE_NEEDED);
                if let Outcome::Whole { payload, .. } = sender.add(&mut gatherings, heard) {
                    assert!(payload == first || payload == second);
                }
            }
        }
    }

    #[test]
    fn later_passes_of_a_message_given_out_are_known_even_if_unreadable() {
        let mut sender = Loop::new(&[9; 64], 10);
        let mut gatherings = Gatherings::new(1000);
        let heard = sender.pass(0, ONE_IS_ENOUGH);
        let read = sender.add(&mut gatherings, heard);
        assert!(matches!(read, Outcome::Whole { .. }));
        for pass in 1..8 {
            let heard = sender.pass(pass, FOUR_ARE_NEEDED);
            assert_eq!(sender.add(&mut gatherings, heard), Outcome::Known);
        }
        assert!(gatherings.give_up(u64::MAX).is_empty());
    }

    #[test]
    fn a_gathering_is_given_up_once_and_the_oldest_makes_room() {
        let mut gatherings = Gatherings::new(1000);
        for i in 0..100u8 {
            let mut sender = Loop::new(&vec![1; usize::from(i) + 64], u64::from(i));
            sender.at = 100_000 * u64::from(i);
            let mut heard = sender.pass(0, 0.01);
            heard.soft.truncate(100);
            assert_eq!(
                sender.add(&mut gatherings, heard),
                Outcome::Kept { passes: 1 }
            );
            assert!(gatherings.open.len() <= MOST);
        }
        let gave_way = gatherings.give_up(0);
        assert_eq!(gave_way.len(), 100 - MOST);
        assert_eq!(gatherings.give_up(9_800_000).len(), 2);
        assert_eq!(gatherings.give_up(u64::MAX).len(), 2);
        assert!(gatherings.give_up(u64::MAX).is_empty());
    }
}
