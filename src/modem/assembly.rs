//! Long messages out of their segments.

use std::collections::VecDeque;

use crate::bits::{MAX_SHARDS, Segment, SegmentKey, message_checksum};
use crate::code::ErasureCode;
use crate::units::Decibels;

/// Long messages that may be in the making at once; one more drops the oldest. With shards of
/// 500 bytes at most, 256 of them a message, this bounds their memory to half a mebibyte.
const MOST: usize = 4;

/// A long message in the making.
#[derive(Debug)]
pub(super) struct Assembly {
    key: SegmentKey,
    shards: Vec<Option<Vec<u8>>>,
    got: usize,
    /// Bit `p`: a segment of pass `p` was used.
    passes: u8,
    pub(super) first_at: u64,
    pub(super) last_end: u64,
    snr_sum: f64,
}

/// What one more segment led to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Progress {
    /// The segment belongs to a message that was given out already.
    Known,
    /// More are needed.
    Partial { got: usize, need: usize },
    /// The message is whole.
    Whole {
        payload: Vec<u8>,
        first_at: u64,
        passes: u32,
        snr: Decibels,
    },
    /// Enough shards, and they contradict the message's checksum: two messages share the key.
    Contradiction {
        first_at: u64,
        passes: u32,
        snr: Decibels,
    },
}

/// All long messages in the making.
#[derive(Debug, Default)]
pub(super) struct Assemblies {
    open: VecDeque<Assembly>,
    /// Messages given out, with the pass that completed them: the rest of that pass is old news.
    done: VecDeque<(SegmentKey, u8)>,
}

impl Assembly {
    fn new(key: SegmentKey, at: u64) -> Self {
        Self {
            key,
            shards: vec![None; MAX_SHARDS],
            got: 0,
            passes: 0,
            first_at: at,
            last_end: at,
            snr_sum: 0.0,
        }
    }

    pub(super) fn got(&self) -> usize {
        self.got
    }

    pub(super) fn need(&self) -> usize {
        self.key.data_shards()
    }

    pub(super) fn snr(&self) -> Decibels {
        Decibels((self.snr_sum / self.got.max(1) as f64) as f32)
    }

    fn message(&self) -> Option<Vec<u8>> {
        let data = self.need();
        let code = ErasureCode::new(data, MAX_SHARDS - data).ok()?;
        let mut shards = self.shards.clone();
        code.repair(&mut shards).ok()?;
        let mut message: Vec<u8> = shards.into_iter().take(data).flatten().flatten().collect();
        message.truncate(self.key.message_bytes);
        (message_checksum(&message) == self.key.checksum).then_some(message)
    }
}

impl Assemblies {
    /// Takes a segment of a frame that lies at `at..end`.
    pub(super) fn add(
        &mut self,
        segment: Segment,
        pass: u8,
        at: u64,
        end: u64,
        snr: Decibels,
    ) -> Progress {
        let key = segment.key;
        if self.done.contains(&(key, pass)) {
            return Progress::Known;
        }
        let place = match self.open.iter().position(|assembly| assembly.key == key) {
            Some(place) => place,
            None => {
                if self.open.len() == MOST {
                    self.open.pop_front();
                }
                self.open.push_back(Assembly::new(key, at));
                self.open.len() - 1
            }
        };
        let assembly = &mut self.open[place];
        let slot = &mut assembly.shards[usize::from(segment.index)];
        if slot.is_none() {
            *slot = Some(segment.shard);
            assembly.got += 1;
            assembly.passes |= 1 << pass;
            assembly.snr_sum += f64::from(snr.0);
        }
        assembly.last_end = end;
        let (got, need, first_at, snr) = (
            assembly.got,
            assembly.need(),
            assembly.first_at,
            assembly.snr(),
        );
        if got < need {
            return Progress::Partial { got, need };
        }
        let passes = assembly.passes.count_ones();
        let message = assembly.message();
        self.open.remove(place);
        match message {
            Some(payload) => {
                if self.done.len() == MOST {
                    self.done.pop_front();
                }
                self.done.push_back((key, pass));
                Progress::Whole {
                    payload,
                    first_at,
                    passes,
                    snr,
                }
            }
            None => Progress::Contradiction {
                first_at,
                passes,
                snr,
            },
        }
    }

    /// Takes out the messages to which nothing was added since `before`.
    pub(super) fn give_up(&mut self, before: u64) -> Vec<Assembly> {
        let (old, open): (Vec<_>, Vec<_>) = self
            .open
            .drain(..)
            .partition(|assembly| assembly.last_end < before);
        self.open = open.into();
        old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(message: &[u8]) -> (SegmentKey, Vec<Vec<u8>>) {
        let key = SegmentKey::of(message);
        let data = key.shards(message);
        let code = ErasureCode::new(data.len(), MAX_SHARDS - data.len()).unwrap();
        let parity = code.protect(&data).unwrap();
        (key, data.into_iter().chain(parity).collect())
    }

    fn feed(
        assemblies: &mut Assemblies,
        key: SegmentKey,
        shards: &[Vec<u8>],
        indices: &[usize],
    ) -> Progress {
        let mut last = Progress::Known;
        for index in indices {
            let segment = Segment {
                key,
                index: *index as u8,
                shard: shards[*index].clone(),
            };
            last = assemblies.add(segment, 0, 10, 20, Decibels(3.0));
        }
        last
    }

    #[test]
    fn any_shards_that_are_enough_give_the_message_back() {
        let message: Vec<u8> = (0..2600u32).map(|i| (i * 7 % 251) as u8).collect();
        let (key, shards) = shards(&message);
        assert_eq!(key.data_shards(), 6);
        for indices in [[0, 1, 2, 3, 4, 5], [250, 0, 249, 5, 6, 2]] {
            let mut assemblies = Assemblies::default();
            let last = feed(&mut assemblies, key, &shards, &indices);
            assert!(matches!(last, Progress::Whole { ref payload, .. } if *payload == message));
            assert_eq!(feed(&mut assemblies, key, &shards, &[3]), Progress::Known);
        }
    }

    #[test]
    fn a_shard_heard_twice_counts_once() {
        let (key, shards) = shards(&[7; 1200]);
        let last = feed(&mut Assemblies::default(), key, &shards, &[1, 1, 1, 1]);
        assert_eq!(last, Progress::Partial { got: 1, need: 3 });
    }

    #[test]
    fn a_fifth_message_drops_the_oldest() {
        let mut assemblies = Assemblies::default();
        for byte in 0..5 {
            let (key, shards) = shards(&[byte; 1200]);
            feed(&mut assemblies, key, &shards, &[0]);
        }
        assert_eq!(assemblies.open.len(), MOST);
        assert!(
            !assemblies
                .open
                .iter()
                .any(|assembly| assembly.key.checksum == message_checksum(&[0; 1200]))
        );
    }
}
