//! The samples around a few bursts, kept for a closer look; bounded however long the sound is.

use airshake::units::SampleRate;

/// Seconds of sound that are remembered: more than the time from a preamble to the news of it
/// and the longest clip.
const MEMORY_S: f64 = 8.0;
/// Seconds kept before a burst and after it.
const BEFORE_S: f64 = 0.3;
const AFTER_S: f64 = 0.2;
/// Seconds of a burst that are kept.
const LONGEST_S: f64 = 3.0;
/// Clips that may wait for their end.
const MOST_WAITING: usize = 4;

/// A stretch of the input.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clip {
    /// Where the burst begins for which it was kept.
    pub(super) at: u64,
    /// The first sample.
    pub(super) start: u64,
    pub(super) samples: Vec<f32>,
}

/// Remembers the latest samples, and cuts clips out of them.
#[derive(Debug)]
pub(super) struct Clips {
    rate: SampleRate,
    memory: Vec<f32>,
    /// Position of the memory's first sample.
    start: u64,
    waiting: Vec<(u64, u64)>,
}

impl Clips {
    pub(super) fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            memory: Vec::new(),
            start: 0,
            waiting: Vec::new(),
        }
    }

    /// Asks for a clip of the burst from `at` to `until`.
    pub(super) fn want(&mut self, at: u64, until: u64) {
        if self.waiting.len() == MOST_WAITING || self.waiting.iter().any(|clip| clip.0 == at) {
            return;
        }
        let longest = at.saturating_add(self.rate.samples_in(LONGEST_S));
        let end = until
            .min(longest)
            .saturating_add(self.rate.samples_in(AFTER_S));
        self.waiting.push((at, end));
    }

    /// Takes samples; gives the clips that they completed.
    pub(super) fn push(&mut self, samples: &[f32]) -> Vec<Clip> {
        let keep = self.rate.samples_in(MEMORY_S) as usize;
        if self.memory.len() + samples.len() > 2 * keep {
            let forget = self.memory.len().saturating_sub(keep);
            self.memory.drain(..forget);
            self.start += forget as u64;
        }
        self.memory.extend_from_slice(samples);
        self.complete(self.start + self.memory.len() as u64)
    }

    /// The input has ended: gives what there is of the clips that still wait.
    pub(super) fn finish(&mut self) -> Vec<Clip> {
        self.complete(u64::MAX)
    }

    fn complete(&mut self, now: u64) -> Vec<Clip> {
        let (ready, waiting): (Vec<_>, _) = self.waiting.iter().partition(|(_, end)| *end <= now);
        self.waiting = waiting;
        let clips = ready
            .into_iter()
            .map(|(at, end): (u64, u64)| self.cut(at, end));
        clips.collect()
    }

    fn cut(&self, at: u64, end: u64) -> Clip {
        let wanted = at.saturating_sub(self.rate.samples_in(BEFORE_S));
        let index = |position: u64| {
            let offset = position.saturating_sub(self.start);
            usize::try_from(offset).map_or(self.memory.len(), |i| i.min(self.memory.len()))
        };
        let (from, to) = (index(wanted), index(end));
        Clip {
            at,
            start: self.start + from as u64,
            samples: self.memory[from..to.max(from)].to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(1_000);

    fn ramp(from: u64, len: u64) -> Vec<f32> {
        (from..from + len).map(|i| i as f32).collect()
    }

    #[test]
    fn a_clip_holds_the_samples_around_its_burst() {
        let mut clips = Clips::new(RATE);
        for block in 0..100 {
            assert_eq!(clips.push(&ramp(block * 1_000, 1_000)), []);
        }
        clips.want(99_000, 101_000);
        assert_eq!(clips.push(&ramp(100_000, 1_000)), []);
        let got = clips.push(&ramp(101_000, 1_000));
        assert_eq!((got[0].at, got[0].start), (99_000, 98_700));
        assert_eq!(got[0].samples, ramp(98_700, 2_500));
        assert!(clips.memory.len() <= 16_000);
    }

    #[test]
    fn what_the_input_does_not_hold_is_missing_from_the_clip() {
        let mut clips = Clips::new(RATE);
        clips.push(&ramp(0, 500));
        clips.want(100, u64::MAX);
        let got = clips.finish();
        assert_eq!((got[0].start, got[0].samples.len()), (0, 500));
        assert_eq!(clips.finish(), []);
    }
}
