//! Level over time and where it was clipped, in bounded memory however long the sound is.

use airshake::units::SampleRate;

/// Steps at most; when there are more, neighbours are joined.
const MOST: usize = 1600;
/// Seconds of a step to begin with.
const STEP_S: f64 = 0.005;
/// Consecutive samples at full scale that are a clipped wave and not just its crest.
const CLIPPED_RUN: u32 = 3;
/// Just below 1: what 16 bits can hold.
const FULL: f32 = 0.9999;
/// The least that is drawn.
const FLOOR_DB: f64 = -100.0;

/// A level meter that remembers.
pub(super) struct Loudness {
    rate: SampleRate,
    /// Samples of a step.
    step: u64,
    /// The last may be unfinished.
    steps: Vec<Step>,
    run: u32,
}

/// What is kept of a stretch of time.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    samples: u64,
    energy: f64,
    peak: f32,
    clipped: u64,
}

impl Loudness {
    pub(super) fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            step: rate.samples_in(STEP_S).max(1),
            steps: Vec::new(),
            run: 0,
        }
    }

    pub(super) fn push(&mut self, samples: &[f32]) {
        for sample in samples {
            if self
                .steps
                .last()
                .is_none_or(|step| step.samples == self.step)
            {
                if self.steps.len() == MOST {
                    self.join();
                }
                self.steps.push(Step::default());
            }
            let size = if sample.is_finite() {
                sample.abs()
            } else {
                0.0
            };
            self.run = if size >= FULL { self.run + 1 } else { 0 };
            if let Some(step) = self.steps.last_mut() {
                step.samples += 1;
                step.energy += f64::from(size) * f64::from(size);
                step.peak = step.peak.max(size);
                step.clipped += u64::from(self.run >= CLIPPED_RUN);
            }
        }
    }

    fn join(&mut self) {
        self.step *= 2;
        self.steps = self
            .steps
            .chunks(2)
            .map(|pair| {
                pair.iter().fold(Step::default(), |sum, step| Step {
                    samples: sum.samples + step.samples,
                    energy: sum.energy + step.energy,
                    peak: sum.peak.max(step.peak),
                    clipped: sum.clipped + step.clipped,
                })
            })
            .collect();
    }

    /// Root mean square over time, in seconds and dBFS.
    pub(super) fn rms(&self) -> Vec<(f64, f64)> {
        self.levels(|step| 10.0 * (step.energy / step.samples as f64).log10())
    }

    /// Largest magnitude over time, in seconds and dBFS.
    pub(super) fn peak(&self) -> Vec<(f64, f64)> {
        self.levels(|step| 20.0 * f64::from(step.peak).log10())
    }

    fn levels(&self, level: impl Fn(&Step) -> f64) -> Vec<(f64, f64)> {
        let middle = |i: usize| (i as f64 + 0.5) * self.rate.seconds(self.step);
        let steps = self.steps.iter().enumerate();
        steps
            .map(|(i, step)| (middle(i), level(step).max(FLOOR_DB)))
            .collect()
    }

    /// Stretches of time in which samples were clipped, in seconds.
    pub(super) fn clipped(&self) -> Vec<(f64, f64)> {
        let seconds = self.rate.seconds(self.step);
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for (i, _) in self
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.clipped > 0)
        {
            match spans.last_mut() {
                // Clipping comes and goes with the wave.
                Some((_, end)) if i <= *end + 4 => *end = i + 1,
                _ => spans.push((i, i + 1)),
            }
        }
        let spans = spans.into_iter();
        spans
            .map(|(from, to)| (from as f64 * seconds, to as f64 * seconds))
            .collect()
    }

    /// Whether every sample was zero.
    pub(super) fn is_silent(&self) -> bool {
        self.steps.iter().all(|step| step.peak == 0.0)
    }

    /// Seconds taken so far.
    pub(super) fn seconds(&self) -> f64 {
        self.rate
            .seconds(self.steps.iter().map(|step| step.samples).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate(1_000);

    #[test]
    fn levels_and_clipping_are_told_at_their_times() {
        let mut loudness = Loudness::new(RATE);
        loudness.push(&[0.1; 2_000]);
        loudness.push(&[1.0, -1.0, 1.0, -1.0, 0.1]);
        loudness.push(&[0.1; 1_995]);
        assert!((loudness.seconds() - 4.0).abs() < 1e-9);
        let rms = loudness.rms();
        assert!((rms[10].1 + 20.0).abs() < 0.01, "{:?}", rms[10]);
        let clipped = loudness.clipped();
        assert_eq!(clipped.len(), 1);
        assert!((clipped[0].0 - 2.0).abs() < 0.01, "{clipped:?}");
    }

    #[test]
    fn memory_stays_bounded_and_nothing_is_forgotten() {
        let mut loudness = Loudness::new(RATE);
        for _ in 0..1_000 {
            loudness.push(&[0.0; 1_000]);
            assert!(loudness.steps.len() <= MOST);
        }
        loudness.push(&[f32::NAN, 1.0, 1.0, 1.0]);
        assert!((loudness.seconds() - 1_000.004).abs() < 1e-6);
        let clipped = loudness.clipped();
        assert!(
            clipped[0].1 > 1_000.0 && clipped[0].0 > 990.0,
            "{clipped:?}"
        );
        assert!(loudness.rms().iter().all(|(_, level)| level.is_finite()));
    }
}
