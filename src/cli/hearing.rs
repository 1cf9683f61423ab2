//! What was heard in a stretch of sound, told when nothing could be read from it.

use airshake::modem::{Event, Loss};
use airshake::units::{Decibels, SampleRate};

/// Counts what passes by. Memory stays the same however long it listens.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    samples: u64,
    energy: f64,
    peak: f32,
    run: u32,
    clipped: u64,
    not_numbers: u64,
    carriers: u64,
    headers: u64,
    lost: u64,
    /// The first few losses, to name them.
    losses: Vec<(u64, Loss, Decibels)>,
}

/// Losses that are named one by one; more are only counted.
const NAMED: usize = 4;

/// Consecutive samples at full scale that are a clipped wave and not just its crest.
const CLIPPED_RUN: u32 = 3;

impl Hearing {
    /// Takes the samples that were heard, full scale 1.
    pub(crate) fn samples(&mut self, samples: &[f32]) {
        self.samples += samples.len() as u64;
        for &sample in samples {
            let size = sample.abs();
            if !size.is_finite() {
                self.not_numbers += 1;
                continue;
            }
            self.energy += f64::from(size) * f64::from(size);
            self.peak = self.peak.max(size);
            // Just below 1: what 16 bits can hold.
            self.run = if size >= 0.9999 { self.run + 1 } else { 0 };
            if self.run >= CLIPPED_RUN {
                self.clipped += if self.run == CLIPPED_RUN {
                    u64::from(CLIPPED_RUN)
                } else {
                    1
                };
            }
        }
    }

    /// Takes what the receiver noticed.
    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::Carrier { .. } => self.carriers += 1,
            Event::Header { .. } => self.headers += 1,
            Event::Lost { at, reason, snr } => {
                self.lost += 1;
                if self.losses.len() < NAMED {
                    self.losses.push((*at, *reason, *snr));
                }
            }
            _ => {}
        }
    }

    /// One or more lines: how long, how loud, and how far the receiver came.
    pub(crate) fn describe(&self, rate: SampleRate) -> String {
        let mut parts = vec![self.loudness(rate)];
        if self.not_numbers > 0 {
            parts.push(format!("{} samples are not numbers", self.not_numbers));
        }
        if self.clipped > 0 {
            let share = 100.0 * self.clipped as f64 / self.samples as f64;
            parts.push(format!("{share:.1} % of the samples are clipped"));
        }
        parts.push(self.progress());
        for (at, reason, snr) in &self.losses {
            parts.push(format!(
                "the burst at {:.2} s was lost: {} (SNR {snr})",
                rate.seconds(*at),
                loss(*reason)
            ));
        }
        if self.lost > NAMED as u64 {
            parts.push(format!(
                "{} more bursts were lost",
                self.lost - NAMED as u64
            ));
        }
        parts.join("; ")
    }

    fn loudness(&self, rate: SampleRate) -> String {
        let seconds = rate.seconds(self.samples);
        if self.samples == 0 {
            return "the recording has no samples".to_owned();
        }
        if self.peak == 0.0 {
            return format!("{seconds:.1} s of silence, every sample zero");
        }
        let rms = dbfs((self.energy / self.samples as f64).sqrt());
        let peak = dbfs(f64::from(self.peak));
        format!("{seconds:.1} s of sound at {rms:.0} dBFS, peak {peak:.0} dBFS")
    }

    fn progress(&self) -> String {
        match (self.headers, self.carriers) {
            (0, 0) => "no burst found".to_owned(),
            (0, 1) => "what may be the start of 1 burst, but no header could be read".to_owned(),
            (0, n) => format!("what may be the start of {n} bursts, but no header could be read"),
            (1, _) => "1 burst began, none came whole".to_owned(),
            (n, _) => format!("{n} bursts began, none came whole"),
        }
    }
}

/// A loss in words, with what can be done about it.
fn loss(reason: Loss) -> String {
    match reason {
        Loss::Unreadable { passes: 0 | 1 } => {
            "too much noise or echo; more passes would help".to_owned()
        }
        Loss::Unreadable { passes } => {
            format!("too much noise or echo even for {passes} passes together; more would help")
        }
        Loss::CutOff => "the sound ended before the burst did".to_owned(),
        Loss::SegmentsMissing { got, need } => {
            format!("{got} of {need} needed segments came; more passes would help")
        }
        Loss::Unsupported => "it is of a kind this version does not read".to_owned(),
        other => format!("{other:?}"),
    }
}

fn dbfs(amplitude: f64) -> f64 {
    20.0 * amplitude.log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(1000);

    #[test]
    fn it_tells_length_loudness_and_that_nothing_was_found() {
        let mut hearing = Hearing::default();
        for _ in 0..1000 {
            hearing.samples(&[0.1, -0.1]);
        }
        assert_eq!(
            hearing.describe(RATE),
            "2.0 s of sound at -20 dBFS, peak -20 dBFS; no burst found"
        );
    }

    #[test]
    fn silence_clipping_and_nonsense_are_named() {
        let mut hearing = Hearing::default();
        assert!(hearing.describe(RATE).contains("no samples"));
        hearing.samples(&[0.0; 10]);
        assert!(hearing.describe(RATE).contains("silence"));
        hearing.samples(&[1.0, 1.0, 1.0, 1.0, -0.5, 1.0, f32::NAN, 0.0, 0.0, 0.0]);
        let text = hearing.describe(RATE);
        assert!(text.contains("20.0 % of the samples are clipped"), "{text}");
        assert!(text.contains("1 samples are not numbers"), "{text}");
    }

    #[test]
    fn losses_are_named_and_the_rest_counted() {
        let mut hearing = Hearing::default();
        for at in 0..6 {
            hearing.event(&Event::Header {
                at,
                bytes: None,
                pass: 0,
                until: 0,
            });
            hearing.event(&Event::Lost {
                at: at * 1000,
                reason: Loss::CutOff,
                snr: Decibels(3.0),
            });
        }
        let text = hearing.describe(RATE);
        assert!(text.contains("6 bursts began"), "{text}");
        assert!(text.contains("the burst at 3.00 s was lost"), "{text}");
        assert!(text.contains("2 more bursts were lost"), "{text}");
    }
}
