//! What the callback of a microphone does: channels to mono, into the ring.

use super::vitals::{Counters, Pulse};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The near end of a microphone's ring. Its methods neither allocate nor lock nor wait.
pub(super) struct Intake {
    ring: Producer<f32>,
    counters: Arc<Counters>,
    pulse: Arc<Pulse>,
}

impl Intake {
    /// An intake whose ring holds `capacity` samples, and the far end of the ring.
    pub(super) fn new(
        capacity: usize,
        counters: Arc<Counters>,
        pulse: Arc<Pulse>,
    ) -> (Self, Consumer<f32>) {
        let (ring, far_end) = RingBuffer::new(capacity);
        (
            Self {
                ring,
                counters,
                pulse,
            },
            far_end,
        )
    }

    /// Takes interleaved frames of `channels` samples, each made a float by `float`, and puts
    /// the mean of each frame into the ring. What does not fit is dropped and counted.
    pub(super) fn take<T: Copy>(&mut self, data: &[T], channels: usize, float: impl Fn(T) -> f32) {
        self.pulse.beat();
        let frames = data.len() / channels;
        let room = frames.min(self.ring.slots());
        if room < frames {
            self.counters
                .overruns
                .fetch_add((frames - room) as u64, Relaxed);
        }
        let scale = 1.0 / channels as f32;
        let mono = data
            .chunks_exact(channels)
            .map(|frame| scale * frame.iter().map(|&sample| float(sample)).sum::<f32>());
        if let Ok(chunk) = self.ring.write_chunk_uninit(room) {
            chunk.fill_from_iter(mono);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intake(capacity: usize) -> (Intake, Consumer<f32>, Arc<Counters>, Arc<Pulse>) {
        let (counters, pulse) = (Arc::<Counters>::default(), Arc::<Pulse>::default());
        let (intake, ring) = Intake::new(capacity, counters.clone(), pulse.clone());
        (intake, ring, counters, pulse)
    }

    fn drain(ring: &mut Consumer<f32>) -> Vec<f32> {
        std::iter::from_fn(|| ring.pop().ok()).collect()
    }

    #[test]
    fn mono_passes_unchanged() {
        let (mut intake, mut ring, ..) = intake(8);
        intake.take(&[0.25, -1.0, 1.0], 1, |x: f32| x);
        assert_eq!(drain(&mut ring), [0.25, -1.0, 1.0]);
    }

    #[test]
    fn channels_are_averaged_and_a_torn_frame_is_left_out() {
        let (mut intake, mut ring, ..) = intake(8);
        intake.take(&[1i16, 3, -4, 4, 7], 2, f32::from);
        assert_eq!(drain(&mut ring), [2.0, 0.0]);
    }

    #[test]
    fn what_nobody_reads_is_dropped_and_counted() {
        let (mut intake, mut ring, counters, pulse) = intake(4);
        intake.take(&[1.0, 2.0, 3.0], 1, |x: f32| x);
        intake.take(&[4.0, 5.0, 6.0], 1, |x: f32| x);
        assert_eq!(drain(&mut ring), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(counters.counts().overruns, 2);
        assert_eq!(pulse.beats(), 2);
    }
}
