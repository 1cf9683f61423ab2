//! What work costs: time of a processor, and memory.

use std::time::Duration;

/// Time this thread has spent on a processor, not counting when others had it. Where the system
/// does not tell, the time that passed.
#[cfg(unix)]
pub(super) fn thread_time() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or_else(|_| passed(), Duration::from)
}

#[cfg(not(unix))]
pub(super) fn thread_time() -> Duration {
    passed()
}

/// Time that child processes which ended have spent on a processor.
#[cfg(unix)]
pub(super) fn children_time() -> Option<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let time = |value: nix::sys::time::TimeVal| {
        Duration::from_secs(value.tv_sec().max(0) as u64)
            + Duration::from_micros(value.tv_usec().max(0) as u64)
    };
    Some(time(usage.user_time()) + time(usage.system_time()))
}

#[cfg(not(unix))]
pub(super) fn children_time() -> Option<Duration> {
    None
}

/// Memory in bytes that this process has taken for its data by now, if the system tells (Linux).
pub(super) fn data_memory() -> Option<u64> {
    status("RssAnon:")
}

/// The most memory in bytes that this process ever had, its code included, if the system tells.
pub(super) fn peak_memory() -> Option<u64> {
    status("VmHWM:")
}

/// The processor's name, if the system tells.
pub(super) fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Since the first call.
fn passed() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    let now = crate::cli::talk::now();
    now.duration_since(*START.get_or_init(|| now))
}

/// The middle of some numbers, and the ends of what they span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Of at least one number.
    pub(super) fn of(numbers: &[f64]) -> Self {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |i: usize| sorted.get(i).copied().unwrap_or(f64::NAN);
        let n = sorted.len();
        Self {
            median: (at(n.saturating_sub(1) / 2) + at(n / 2)) / 2.0,
            min: at(0),
            max: at(n.saturating_sub(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time_and_waiting_does_not() {
        let start = thread_time();
        let mut sum = 0u64;
        while thread_time() - start < Duration::from_millis(2) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sum > 0);
        if cfg!(unix) {
            let start = thread_time();
            crate::cli::talk::wait(Duration::from_millis(30));
            assert!(thread_time() - start < Duration::from_millis(10));
        }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = Spread::of(&[3.0, 1.0, 10.0]);
        assert_eq!((spread.median, spread.min, spread.max), (3.0, 1.0, 10.0));
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_is_known_and_grows() {
        let before = data_memory().expect("Linux tells");
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = data_memory().expect("Linux tells");
        assert!(after >= before + (32 << 20), "{before} {after}");
        assert!(peak_memory().expect("Linux tells") >= after);
        drop(block);
    }
}
