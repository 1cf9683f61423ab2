//! What is told of it, good or bad.

use crate::units::Decibels;

use super::super::examination::Examiner;
use super::super::history::History;
use super::super::{Depth, Event, Heard, Loss, Unread};
use super::Follower;

impl Follower {
    /// Tells what a burst looks like that could not be read, in the first of the formats in
    /// `depths` or another that clearly fits better, if there is time for a closer look.
    pub(super) fn examine(
        &mut self,
        (start, end): (u64, u64),
        depths: &[Depth],
        header: bool,
        history: &mut History,
    ) {
        let Some((samples, offset)) = history.from(start) else {
            return;
        };
        let per_second = f64::from(self.profile_rate().0);
        if !self.examinations.allows(start, per_second) {
            return;
        }
        let Self {
            readers, examiners, ..
        } = self;
        let seen = depths.iter().map(|&depth| {
            let reader = &readers[depth as usize];
            let (profile, geometry) = (reader.profile(), reader.geometry);
            examiners[depth as usize]
                .get_or_insert_with(|| Box::new(Examiner::new(profile, depth, geometry)))
                .examine(samples, offset)
        });
        // Another than the first must be sure: chance makes one or the other fit better.
        let better = |first: Unread, other: Unread| {
            let is_better = other.sigmas > first.sigmas.max(Examiner::SURE_SIGMAS);
            if is_better { other } else { first }
        };
        let Some(seen) = seen.reduce(better) else {
            return;
        };
        self.events.push_back(Event::Unread(Unread {
            at: self.to_input(start),
            header,
            cut_off: self.is_cut_off(end),
            ..seen
        }));
    }

    /// Whether the input ended so long before `end` that data are missing.
    pub(super) fn is_cut_off(&self, end: u64) -> bool {
        self.ended.is_some_and(|ended| {
            end > ended + self.reader(Depth::Normal).geometry.body() as u64 / 8
        })
    }

    pub(super) fn hear(
        &mut self,
        at: u64,
        end: u64,
        payload: Vec<u8>,
        passes: u32,
        snr: Decibels,
        clock_ppm: f32,
    ) {
        self.events.push_back(Event::Message(Heard {
            at: self.to_input(at),
            end: self.to_input(end),
            payload,
            profile: self.profile().name,
            passes,
            snr,
            clock_ppm,
        }));
    }

    pub(super) fn lose(&mut self, at: u64, reason: Loss, snr: Decibels) {
        self.events.push_back(Event::Lost {
            at: self.to_input(at),
            profile: self.profile().name,
            reason,
            snr,
        });
    }
}
