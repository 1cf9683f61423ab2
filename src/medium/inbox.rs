//! What waits to be polled, in bounded memory.

use super::Happening;
use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
#[cfg(feature = "live")]
use std::time::Duration;

/// A queue of happenings between the threads of a medium and its owner. A clone is the same
/// queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Inbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<VecDeque<Happening>>,
    news: Condvar,
}

impl Inbox {
    /// Appends a happening. Of levels and of spectra only the last is kept. If nobody polls, what
    /// matters least is dropped first.
    pub(super) fn put(&self, happening: Happening) {
        let mut queue = self.queue();
        if matches!(happening, Happening::Level { .. } | Happening::Spectrum(_)) {
            let kind = discriminant(&happening);
            queue.retain(|waiting| discriminant(waiting) != kind);
        }
        queue.push_back(happening);
        if queue.len() > CAPACITY {
            let least = (0..queue.len()).min_by_key(|&index| weight(&queue[index]));
            queue.remove(least.unwrap_or(0));
        }
        self.0.news.notify_one();
    }

    /// How many hold this queue.
    #[cfg(test)]
    pub(super) fn holders(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// The oldest happening.
    pub(super) fn take(&self) -> Option<Happening> {
        self.queue().pop_front()
    }

    /// Waits until there is something to take, for at most `limit`.
    #[cfg(feature = "live")]
    pub(super) fn wait(&self, limit: Duration) {
        let waited = self
            .0
            .news
            .wait_timeout_while(self.queue(), limit, |queue| queue.is_empty());
        drop(waited);
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Happening>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much it matters.
fn weight(happening: &Happening) -> u8 {
    match happening {
        Happening::Level { .. } | Happening::Spectrum(_) | Happening::Hearing(_) => 0,
        Happening::Carrier { .. } | Happening::Garbled => 1,
        Happening::Heard { .. } => 2,
        Happening::Started { .. } | Happening::Finished | Happening::Trouble(_) => 3,
    }
}

/// An envelope takes half a second of air: this is minutes of them, and 16 MiB at most.
const CAPACITY: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::medium::Spectrum;
    use crate::units::Decibels;

    fn heard(number: u8) -> Happening {
        Happening::Heard {
            envelope: vec![number],
            snr: Decibels(10.0),
        }
    }

    fn level(rms: f32) -> Happening {
        Happening::Level { rms, peak: rms }
    }

    fn spectrum(level: f32) -> Happening {
        Happening::Spectrum(Spectrum {
            levels: [level; Spectrum::BANDS],
        })
    }

    #[test]
    fn happenings_come_out_in_order_and_of_levels_and_spectra_only_the_last() {
        let inbox = Inbox::default();
        for happening in [level(0.1), heard(1), level(0.2), spectrum(-50.0), heard(2)] {
            inbox.put(happening);
        }
        for happening in [level(0.3), spectrum(-40.0)] {
            inbox.put(happening);
        }
        let out: Vec<Happening> = std::iter::from_fn(|| inbox.take()).collect();
        assert_eq!(out, [heard(1), heard(2), level(0.3), spectrum(-40.0)]);
    }

    #[test]
    fn an_inbox_that_nobody_polls_stays_small_and_keeps_what_matters_most() {
        let inbox = Inbox::default();
        inbox.put(Happening::Finished);
        for number in 0..10_000u32 {
            inbox.put(heard(number as u8));
            inbox.put(Happening::Garbled);
            inbox.put(level(0.1));
        }
        let out: Vec<Happening> = std::iter::from_fn(|| inbox.take()).collect();
        assert_eq!(out.len(), CAPACITY);
        assert_eq!(out[0], Happening::Finished);
        // 10 000 = 39 * 256 + 16: the last one is number 15.
        assert!(out.contains(&heard(15)));
        assert!(!out.contains(&Happening::Garbled));
    }
}
