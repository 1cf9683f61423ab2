//! Independent trials on several threads, counted in their order: how many threads there are
//! changes nothing but the time it takes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use clap::Args;

use crate::cli::interrupt;

/// How long a measurement goes on, and from where chance starts.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Effort {
    /// Stop a point after so many failures
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) errors: u64,

    /// Stop a point after so many messages, whatever came of them
    #[arg(long, value_name = "N", default_value_t = 200, visible_alias = "seeds",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) max: u64,

    /// Number of the first trial; another number is another draw of rooms, noise and payloads
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,

    /// Trials at a time; the default is one for each processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) threads: Option<u16>,
}

/// What came of the trials of one point.
#[derive(Debug)]
pub(super) struct Trials<T> {
    /// One after the other, in the order of their seeds, without a gap.
    pub(super) results: Vec<T>,
    /// False if Ctrl-C cut it short.
    pub(super) complete: bool,
}

impl Effort {
    /// Runs trials until `failed` was true of as many as the effort allows, or until its cap.
    /// `worker` makes what one thread needs; that is then told the seed of each trial.
    pub(super) fn run<T: Send, W: FnMut(u64) -> T>(
        &self,
        worker: impl Fn() -> W + Sync,
        failed: impl Fn(&T) -> bool,
        mut progress: impl FnMut(u64),
    ) -> Trials<T> {
        let threads = self.threads.map_or_else(
            || thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        );
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        let mut results = Vec::new();
        let mut failures = 0;
        thread::scope(|scope| {
            for _ in 0..threads.min(self.max as usize) {
                let (sender, next, stop, worker) = (sender.clone(), &next, &stop, &worker);
                scope.spawn(move || {
                    let mut trial = worker();
                    while !stop.load(Ordering::Relaxed) && !interrupt::asked() {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= self.max {
                            break;
                        }
                        let result = trial(self.seed.wrapping_add(number));
                        if sender.send((number, result)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            // A trial counts when all before it have been counted.
            let mut early = BTreeMap::new();
            for (number, result) in receiver {
                early.insert(number, result);
                while failures < self.errors
                    && let Some(result) = early.remove(&(results.len() as u64))
                {
                    failures += u64::from(failed(&result));
                    results.push(result);
                }
                progress(results.len() as u64);
                if failures >= self.errors {
                    stop.store(true, Ordering::Relaxed);
                    break;
                }
            }
        });
        Trials {
            complete: failures >= self.errors || results.len() as u64 == self.max,
            results,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effort(errors: u64, max: u64, threads: u16) -> Effort {
        Effort {
            errors,
            max,
            seed: 10,
            threads: Some(threads),
        }
    }

    /// Every third seed fails; the early ones take longest.
    fn run(effort: &Effort) -> Vec<u64> {
        let worker = || {
            |seed: u64| {
                let rounds = (0..(40u64.saturating_sub(seed)) * 1000).sum::<u64>();
                std::hint::black_box(rounds);
                seed
            }
        };
        let trials = effort.run(worker, |seed| seed % 3 == 0, |_| {});
        assert!(trials.complete);
        trials.results
    }

    #[test]
    fn the_failure_that_is_enough_is_the_last_that_counts() {
        for threads in [1, 2, 7] {
            // 12, 15 and 18 fail.
            assert_eq!(run(&effort(3, 1000, threads)), Vec::from_iter(10..=18));
        }
    }

    #[test]
    fn the_cap_holds_where_little_fails() {
        for threads in [1, 3] {
            assert_eq!(run(&effort(100, 20, threads)), Vec::from_iter(10..30));
        }
    }
}
