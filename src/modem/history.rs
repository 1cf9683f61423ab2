//! The latest samples, kept for who reads what was sighted in them.

/// The latest samples at the receiver's rate.
#[derive(Debug)]
pub(super) struct History {
    samples: Vec<f32>,
    start: u64,
    keep: usize,
}

impl History {
    /// Keeps the latest `keep` samples at least, twice as many at most.
    pub(super) fn new(keep: usize) -> Self {
        Self {
            samples: Vec::with_capacity(2 * keep),
            start: 0,
            keep,
        }
    }

    pub(super) fn push(&mut self, block: &[f32]) {
        if self.samples.len() + block.len() > 2 * self.keep {
            let forget = self.samples.len() - self.keep;
            self.samples.drain(..forget);
            self.start += forget as u64;
        }
        self.samples.extend_from_slice(block);
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.samples.len() as u64
    }

    /// The samples, and where in them `at` lies; `None` if it is forgotten.
    pub(super) fn from(&self, at: u64) -> Option<(&[f32], usize)> {
        let offset = usize::try_from(at.checked_sub(self.start)?).ok()?;
        Some((&self.samples, offset))
    }
}
