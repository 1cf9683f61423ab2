//! The latest samples, kept for who reads what was sighted in them.
//!
//! They are kept once, as they came. A profile's receiver rate they get when they are read, so
//! nothing is resampled while nobody speaks.

use crate::samples::Resampler;
use crate::units::SampleRate;

/// What is kept before what is read, in seconds: who looks into a burst looks at what was before.
const LEAD_S: f64 = 0.5;

/// The latest samples at the rate of the input, a ring.
#[derive(Debug)]
pub(super) struct Ring {
    samples: Vec<f32>,
    /// Samples so far; sample `n` lies at `n` modulo the length.
    end: u64,
}

impl Ring {
    /// Keeps the latest `keep` samples. Before the first there was silence.
    pub(super) fn new(keep: usize) -> Self {
        Self {
            samples: vec![0.0; keep.max(1)],
            end: 0,
        }
    }

    pub(super) fn push(&mut self, block: &[f32]) {
        for piece in block.chunks(self.samples.len()) {
            let (older, newer) =
                piece.split_at(piece.len().min(self.samples.len() - self.at(self.end)));
            let at = self.at(self.end);
            self.samples[at..at + older.len()].copy_from_slice(older);
            self.samples[..newer.len()].copy_from_slice(newer);
            self.end += piece.len() as u64;
        }
    }

    /// Samples so far.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Samples that are kept.
    pub(super) fn capacity(&self) -> usize {
        self.samples.len()
    }

    /// The first sample that is still there.
    fn start(&self) -> u64 {
        self.end.saturating_sub(self.samples.len() as u64)
    }

    /// Samples `from..to`, in two pieces. Both must be there.
    fn range(&self, from: u64, to: u64) -> [&[f32]; 2] {
        let (from, len) = (self.at(from), to.saturating_sub(from) as usize);
        let older = len.min(self.samples.len() - from);
        [
            &self.samples[from..from + older],
            &self.samples[..len - older],
        ]
    }

    fn at(&self, sample: u64) -> usize {
        (sample % self.samples.len() as u64) as usize
    }
}

/// What of the ring was read lately, at the receiver's rate of one profile.
#[derive(Debug)]
pub(super) struct Resampled {
    resampler: Resampler,
    rate: SampleRate,
    /// Begins with sample `start` of the receiver's rate.
    samples: Vec<f32>,
    start: u64,
    /// Samples of the input that the resampler has taken.
    taken: u64,
    lead: u64,
    most: usize,
}

impl Resampled {
    /// Of what is read, at least `most` samples are shown at a time.
    pub(super) fn new(resampler: Resampler, rate: SampleRate, most: usize) -> Self {
        let lead = rate.samples_in(LEAD_S);
        Self {
            resampler,
            rate,
            samples: Vec::new(),
            start: 0,
            taken: 0,
            lead,
            most: most + 2 * lead as usize,
        }
    }

    /// Seconds that a ring must hold for it.
    pub(super) fn seconds(&self) -> f64 {
        self.rate.seconds(self.most as u64)
    }

    /// Samples that so many of the input become.
    pub(super) fn length(&self, input: u64) -> u64 {
        self.resampler.output_len(input)
    }
}

/// The past as one profile reads it: samples at its receiver's rate.
#[derive(Debug)]
pub(super) struct History<'a> {
    ring: &'a Ring,
    resampled: &'a mut Resampled,
}

impl<'a> History<'a> {
    pub(super) fn new(ring: &'a Ring, resampled: &'a mut Resampled) -> Self {
        Self { ring, resampled }
    }

    /// Samples that can be read, since the start of the input.
    pub(super) fn end(&self) -> u64 {
        let resampler = &self.resampled.resampler;
        let whole = self.ring.end.saturating_sub(resampler.latency() as u64);
        // The last of these lies before `whole`, and its filter reaches no further than the end.
        resampler.output_len(whole)
    }

    /// Samples, and where in them `at` lies; `None` if it is forgotten. The longest frame follows
    /// `at` or, if that is not over yet, all that was heard; half a second comes before it, if it
    /// was heard.
    pub(super) fn from(&mut self, at: u64) -> Option<(&[f32], usize)> {
        let oldest = self.oldest();
        if at < oldest {
            return None;
        }
        let end = self
            .end()
            .min(at.saturating_add(self.resampled.most as u64));
        let known =
            self.resampled.start..=self.resampled.start + self.resampled.samples.len() as u64;
        let first = at.saturating_sub(self.resampled.lead).max(oldest);
        if known.contains(&first) {
            self.forget(first);
        } else {
            self.seek(first);
        }
        self.read_to(end);
        let Resampled { samples, start, .. } = &*self.resampled;
        let offset = usize::try_from(at.checked_sub(*start)?).ok()?;
        Some((samples, offset))
    }

    /// The first sample whose filter finds all that it reaches.
    fn oldest(&self) -> u64 {
        let start = self.ring.start();
        if start == 0 {
            return 0;
        }
        let resampler = &self.resampled.resampler;
        resampler.output_len(start + resampler.latency() as u64)
    }

    fn seek(&mut self, first: u64) {
        self.resampled.samples.clear();
        self.resampled.start = first;
        self.resampled.taken = self.resampled.resampler.seek(first);
    }

    /// Makes room if what is kept has become too long.
    fn forget(&mut self, before: u64) {
        let old = (before - self.resampled.start) as usize;
        if old > self.resampled.most {
            self.resampled.samples.drain(..old);
            self.resampled.start = before;
        }
    }

    /// Resamples until sample `end` is there.
    fn read_to(&mut self, end: u64) {
        let Resampled {
            resampler,
            samples,
            start,
            taken,
            ..
        } = &mut *self.resampled;
        if *start + samples.len() as u64 >= end || *taken < self.ring.start() {
            return;
        }
        let (up, down) = resampler.ratio();
        // The input that the last of them is made of.
        let place = u128::from(end) * u128::from(down) / u128::from(up);
        let until = (place as u64 + resampler.latency() as u64 + 1).min(self.ring.end);
        for piece in self.ring.range(*taken, until.max(*taken)) {
            resampler.push(piece, samples);
        }
        *taken = until.max(*taken);
    }
}
