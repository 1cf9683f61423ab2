//! What callbacks tell the rest of the program: numbers only, without locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Signs of life of one opened stream.
///
/// Every opening has its own, so that a stream that hangs while it is thrown away cannot speak
/// for its successor.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    beats: AtomicU64,
    broken: AtomicBool,
}

impl Pulse {
    /// A data callback has come.
    pub(super) fn beat(&self) {
        self.beats.fetch_add(1, Relaxed);
    }

    /// How many data callbacks have come.
    pub(super) fn beats(&self) -> u64 {
        self.beats.load(Relaxed)
    }

    /// The system says that this stream will not work any more.
    pub(super) fn break_down(&self) {
        self.broken.store(true, Relaxed);
    }

    /// Whether the system said so.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Relaxed)
    }
}

/// Totals of a device, over all its openings.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) errors: AtomicU64,
    pub(super) dropouts: AtomicU64,
    pub(super) overruns: AtomicU64,
    pub(super) reopened: AtomicU64,
}

impl Counters {
    pub(super) fn counts(&self) -> Counts {
        Counts {
            errors: self.errors.load(Relaxed),
            dropouts: self.dropouts.load(Relaxed),
            overruns: self.overruns.load(Relaxed),
            reopened: self.reopened.load(Relaxed),
        }
    }
}

/// What has gone wrong since a device was opened. None of it is fatal by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Complaints of the sound system. Some systems make a million of them and work all the same.
    pub errors: u64,
    /// Times the hardware ran dry or ran over because the machine was busy.
    pub dropouts: u64,
    /// Samples thrown away because they were not read within four seconds.
    pub overruns: u64,
    /// Times the device was lost and opened again.
    pub reopened: u64,
}

/// Reads the counts of a device from elsewhere, while another thread works with it.
#[derive(Clone, Debug)]
pub struct Tally(pub(super) Arc<Counters>);

impl Tally {
    /// What has gone wrong so far.
    pub fn counts(&self) -> Counts {
        self.0.counts()
    }
}
