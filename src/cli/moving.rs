//! How files move, told to whoever watches: one status line, plain lines, or events.

use std::path::Path;
use std::time::{Duration, Instant};

use airshake::link::transfer::{
    Listing, Offer, Progress, Summary, TransferError, TransferEvent, TreePath,
};
use anyhow::{Result, anyhow};
use serde_json::json;

use super::outcome::Nothing;
use super::talk::{self, Talk, round};
use super::text;

/// Tells one transfer.
pub(crate) struct Moving {
    /// "sent" or "received".
    done: &'static str,
    speed: Speed,
    /// When an event, or a line, was last told, and how many tenths of all that was.
    told: Option<Instant>,
    tenths: u64,
}

impl Moving {
    pub(crate) fn new(done: &'static str) -> Self {
        Self {
            done,
            speed: Speed::default(),
            told: None,
            tenths: 0,
        }
    }

    pub(crate) fn tell(&mut self, event: TransferEvent, talk: &mut Talk) {
        match event {
            TransferEvent::Accepted => talk.event("accepted", json!({})),
            TransferEvent::Progress(progress) => self.progress(&progress, talk::now(), talk),
            TransferEvent::Renamed { path, name } => {
                let fields = json!({"path": path.as_str(), "name": name});
                talk.event("renamed", fields);
                let (path, name) = (shown(&path), text::one_line(&name));
                talk.line(&format!("{path}: another is there; stored as {name}"));
            }
            TransferEvent::Lost { path, reason } => {
                let fields = json!({"path": path.as_str(), "reason": reason.to_string()});
                talk.event("lost", fields);
                talk.line(&format!("{}: {reason}", shown(&path)));
            }
            _ => {}
        }
    }

    fn progress(&mut self, progress: &Progress, now: Instant, talk: &mut Talk) {
        self.speed.tell(now, progress.moved);
        let total = progress.total.bytes;
        let rate = self.speed.bytes_per_second();
        let left = rate.map(|rate| total.saturating_sub(progress.bytes) as f64 / rate);
        let pause = |pause| {
            self.told
                .is_none_or(|told| now.duration_since(told) >= pause)
        };
        let line = line(progress, rate, left);
        talk.status(&line);
        let tenths = (progress.bytes.saturating_mul(10))
            .checked_div(total)
            .unwrap_or(10);
        if talk.is_json() && pause(EVENTS) {
            self.told = Some(now);
            talk.event(
                "progress",
                json!({
                    "files": progress.files, "of_files": progress.total.files,
                    "bytes": progress.bytes, "of_bytes": total, "moved": progress.moved,
                    "bytes_per_s": rate.map(f64::round),
                    "left_s": left.map(|left| round(left, 1)),
                    "path": progress.current.as_ref().map(TreePath::as_str),
                }),
            );
        } else if talk.is_plain() && tenths > self.tenths && pause(LINES) {
            (self.told, self.tenths) = (Some(now), tenths);
            talk.line(&line);
        }
    }

    /// The last words.
    pub(crate) fn end(&self, result: Result<Summary, TransferError>, talk: &Talk) -> Result<()> {
        let summary = match result {
            Ok(summary) => summary,
            Err(error) => {
                talk.event("closed", json!({"reason": error.to_string()}));
                return Err(match error {
                    TransferError::Folder { .. } | TransferError::Busy(_) => error.into(),
                    TransferError::DiskFull { needed, free } => anyhow!(
                        "the disk is full: {} still to come, {} free\nMake room and run both again: \
                         it goes on where it was.",
                        bytes(needed),
                        bytes(free)
                    ),
                    error => Nothing(format!("{error}{}", again(&error))).into(),
                });
            }
        };
        let seconds = summary.took.as_secs_f64();
        talk.event(
            "done",
            json!({
                "files": summary.files, "same": summary.same, "moved": summary.moved,
                "lost": summary.lost.len(), "seconds": round(seconds, 3),
            }),
        );
        talk.event("closed", json!({"reason": "done"}));
        talk.strong(&tally(self.done, &summary));
        match summary.lost.len() {
            0 => Ok(()),
            lost => Err(Nothing(format!("{} did not come through", files(lost as u32))).into()),
        }
    }
}

/// All of a transfer in a line, also what did not come through.
pub(crate) fn summary(done: &str, summary: &Summary) -> String {
    let words = tally(done, summary);
    match summary.lost.len() {
        0 => words,
        lost => format!("{words}; {} did not come through", files(lost as u32)),
    }
}

fn tally(done: &str, summary: &Summary) -> String {
    let seconds = summary.took.as_secs_f64();
    let mut words = format!("{done} {}", files(summary.files));
    if summary.moved > 0 {
        let rate = bytes((summary.moved as f64 / seconds.max(1e-3)) as u64);
        words += &format!(", {} in {seconds:.1} s, {rate}/s", bytes(summary.moved));
    }
    if summary.same > 0 {
        words += &format!("; {} of them there already", summary.same);
    }
    words
}

/// What to do about it.
fn again(error: &TransferError) -> &'static str {
    match error {
        TransferError::Closed(_) => "\nRun both again: it goes on where it was.",
        _ => "",
    }
}

fn line(progress: &Progress, rate: Option<f64>, left: Option<f64>) -> String {
    let Offer {
        bytes: total,
        files: all,
        ..
    } = progress.total;
    let percent = (progress.bytes as f64 / total.max(1) as f64 * 100.0).min(100.0) as u32;
    let mut line = format!(
        "{percent:3} %  {} of {}  {}/{all} files",
        bytes(progress.bytes),
        bytes(total),
        progress.files
    );
    if let Some(rate) = rate {
        line += &format!("  {}/s", bytes(rate as u64));
    }
    if let Some(left) = left {
        line += &format!("  {} left", time(left));
    }
    if let Some(path) = &progress.current {
        line += &format!("  {}", shown(path));
    }
    line
}

/// The outermost names, with what is in them.
pub(crate) fn show(listing: &Listing, talk: &Talk) {
    let mut tops: Vec<(&str, u64, u32, bool)> = Vec::new();
    for entry in listing.entries() {
        let mut names = entry.path.names();
        let top = names.next().unwrap_or_default();
        let within = names.next().is_some() || !entry.is_file();
        match tops.last_mut().filter(|last| last.0 == top) {
            Some((_, bytes, files, _)) => {
                *bytes = bytes.saturating_add(entry.size());
                *files += u32::from(entry.is_file());
            }
            None => tops.push((top, entry.size(), u32::from(entry.is_file()), within)),
        }
    }
    for (name, size, count, is_folder) in tops.iter().take(MOST_SHOWN) {
        let name = text::one_line(name);
        let size = bytes(*size);
        talk.line(&if *is_folder {
            format!("  {name}/  {}, {size}", files(*count))
        } else {
            format!("  {name}  {size}")
        });
    }
    if tops.len() > MOST_SHOWN {
        talk.line(&format!("  and {} more", tops.len() - MOST_SHOWN));
    }
}

/// A folder to receive into, in words.
pub(crate) fn folder(folder: &Path) -> String {
    match folder.as_os_str() == "." {
        true => "this folder".to_owned(),
        false => text::one_line(&folder.display().to_string()),
    }
}

/// How much an offer is, in words.
pub(crate) fn amount(offer: &Offer) -> String {
    let mut amount = files(offer.files);
    if offer.folders > 0 {
        let plural = if offer.folders == 1 { "" } else { "s" };
        amount += &format!(" in {} folder{plural}", offer.folders);
    }
    format!("{amount}, {}", bytes(offer.bytes))
}

/// A count of files, in words.
pub(crate) fn files(count: u32) -> String {
    format!("{count} file{}", if count == 1 { "" } else { "s" })
}

/// A count of bytes, with three digits of decimal units, as disks are labelled.
pub(crate) fn bytes(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // What would be shown as 1000 is 1.00 of the next.
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", units[unit])
}

/// A time, as on a clock.
fn time(seconds: f64) -> String {
    let seconds = seconds.clamp(0.0, 359_999.0).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// The end of a path, where the name is.
fn shown(path: &TreePath) -> String {
    text::one_line(path.as_str())
}

/// The speed of the last seconds: what was before matters less and less.
#[derive(Debug, Default)]
struct Speed {
    last: Option<(Instant, u64)>,
    bytes_per_second: Option<f64>,
}

impl Speed {
    fn tell(&mut self, now: Instant, moved: u64) {
        let Some((then, before)) = self.last else {
            self.last = Some((now, moved));
            return;
        };
        let time = now.duration_since(then).as_secs_f64();
        if time < 0.2 {
            return;
        }
        let rate = moved.saturating_sub(before) as f64 / time;
        let keep = (-time / MEMORY).exp();
        let old = self.bytes_per_second.unwrap_or(rate);
        self.bytes_per_second = Some(old * keep + rate * (1.0 - keep));
        self.last = Some((now, moved));
    }

    /// `None` while it is not known, or nothing moves.
    fn bytes_per_second(&self) -> Option<f64> {
        self.bytes_per_second.filter(|rate| *rate >= 1.0)
    }
}

/// Seconds after which a change of speed shows for the most part.
const MEMORY: f64 = 3.0;

/// So many names are shown before somebody is asked.
const MOST_SHOWN: usize = 10;

/// Events for programs come this often.
const EVENTS: Duration = Duration::from_millis(500);

/// Lines in a log come no more often, and at most one for each tenth.
const LINES: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_with_three_digits() {
        for (count, words) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (9_996, "10.0 kB"),
            (123_456, "123 kB"),
            (999_600, "1.00 MB"),
            (2_147_483_648, "2.15 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(count), words);
        }
    }

    #[test]
    fn times_are_told_as_on_a_clock() {
        assert_eq!(time(0.4), "0:00");
        assert_eq!(time(75.0), "1:15");
        assert_eq!(time(3_700.0), "1:01:40");
        assert_eq!(time(f64::INFINITY), "99:59:59");
    }

    #[test]
    fn the_speed_follows_a_change_within_seconds() {
        let began = talk::now();
        let mut speed = Speed::default();
        let mut moved = 0;
        let mut run = |from: u64, to: u64, step: u64| {
            for tenth in from..to {
                speed.tell(began + Duration::from_millis(tenth * 100), moved);
                moved += step;
            }
            speed.bytes_per_second()
        };
        let fast = run(0, 50, 1_000_000).unwrap();
        assert!((fast - 1e7).abs() < 1e5, "{fast}");
        let slow = run(50, 200, 100_000).unwrap();
        // Five times the memory: all but e^-5 of the step of 9e6 has been followed.
        assert!((slow - 1e6).abs() < 9e6 * 0.01, "{slow}");
    }

    #[test]
    fn a_status_says_how_far_how_fast_and_how_long() {
        let total = Offer {
            files: 10,
            folders: 1,
            bytes: 2_000_000_000,
        };
        let progress = Progress {
            total,
            files: 3,
            bytes: 500_000_000,
            moved: 400_000_000,
            current: TreePath::parse("a/b").ok(),
        };
        assert_eq!(
            line(&progress, Some(60e6), Some(25.0)),
            " 25 %  500 MB of 2.00 GB  3/10 files  60.0 MB/s  0:25 left  a/b"
        );
        assert_eq!(amount(&total), "10 files in 1 folder, 2.00 GB");
    }
}
