//! What the callback of a loudspeaker does: the ring, or silence, to the hardware; and how it
//! stops within milliseconds without a click.

use super::vitals::Pulse;
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// What the two ends of a loudspeaker's ring know of each other. Positions are counts of samples
/// since the ring was made.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Samples taken out of the ring, played or not.
    taken: AtomicU64,
    /// Samples before this position are not wanted any more.
    cancelled: AtomicU64,
    /// Samples of silence given to the hardware since the last sample out of the ring.
    silence: AtomicU64,
    /// How many samples lie between the callback and the air, as the hardware reports.
    ahead: AtomicU64,
}

impl Flow {
    /// How many samples have left the ring.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Acquire)
    }

    /// Asks that nothing before position `until` be played any more. It must have been written.
    pub(super) fn cancel(&self, until: u64) {
        self.cancelled.store(until, Release);
    }

    /// Whether the hardware, too, has played out everything that was taken.
    pub(super) fn played_out(&self) -> bool {
        self.silence.load(Acquire) >= self.ahead.load(Relaxed)
    }

    /// How many samples lie between the callback and the air.
    pub(super) fn ahead(&self) -> u64 {
        self.ahead.load(Relaxed)
    }
}

/// The far end of a loudspeaker's ring. Its methods neither allocate nor lock nor wait.
pub(super) struct Outlet {
    ring: Consumer<f32>,
    flow: Arc<Flow>,
    pulse: Arc<Pulse>,
    taken: u64,
    silence: u64,
    /// How much of the fade of a cancelled sound has been played.
    faded: usize,
}

impl Outlet {
    /// An outlet whose ring holds `capacity` samples, and the near end of the ring.
    pub(super) fn new(capacity: usize, pulse: Arc<Pulse>) -> (Self, Producer<f32>, Arc<Flow>) {
        let (near_end, ring) = RingBuffer::new(capacity);
        let flow = Arc::<Flow>::default();
        let outlet = Self {
            ring,
            flow: flow.clone(),
            pulse,
            taken: 0,
            silence: u64::MAX,
            faded: 0,
        };
        (outlet, near_end, flow)
    }

    /// Tells that a callback has come, and that `ahead` samples lie between it and the air. To be
    /// called once before the pieces of a callback are filled.
    pub(super) fn begin(&mut self, ahead: u64) {
        self.pulse.beat();
        self.flow.ahead.store(ahead, Relaxed);
    }

    /// Fills `out` with what is next.
    pub(super) fn fill(&mut self, out: &mut [f32]) {
        let cancelled = self.flow.cancelled.load(Acquire);
        let mut filled = 0;
        if self.taken < cancelled {
            filled = self.fade(out, cancelled);
        }
        if self.taken >= cancelled {
            filled += self.play(&mut out[filled..]);
        }
        out[filled..].fill(0.0);
        self.silence = match filled {
            0 => self.silence.saturating_add(out.len() as u64),
            _ => (out.len() - filled) as u64,
        };
        self.flow.silence.store(self.silence, Release);
        self.flow.taken.store(self.taken, Release);
    }

    /// Plays as much as there is.
    fn play(&mut self, out: &mut [f32]) -> usize {
        let count = out.len().min(self.ring.slots());
        let Ok(chunk) = self.ring.read_chunk(count) else {
            return 0;
        };
        let (head, tail) = chunk.as_slices();
        out[..head.len()].copy_from_slice(head);
        out[head.len()..count].copy_from_slice(tail);
        chunk.commit_all();
        self.taken += count as u64;
        count
    }

    /// Plays the end of a sound that is not wanted any more; when it has faded, throws away the
    /// rest of it.
    fn fade(&mut self, out: &mut [f32], cancelled: u64) -> usize {
        let unwanted = usize::try_from(cancelled - self.taken).unwrap_or(usize::MAX);
        // What was not heard to begin with needs no fade.
        let fade = if self.silence == 0 {
            FADE - self.faded
        } else {
            0
        };
        let wanted = out.len().min(unwanted).min(fade);
        let count = self.play(&mut out[..wanted]);
        for sample in &mut out[..count] {
            self.faded += 1;
            let phase = self.faded as f32 / FADE as f32;
            *sample *= 0.5 + 0.5 * (std::f32::consts::PI * phase).cos();
        }
        if count == fade || count == unwanted {
            let rest = (unwanted - count).min(self.ring.slots());
            if let Ok(chunk) = self.ring.read_chunk(rest) {
                chunk.commit_all();
            }
            self.taken += rest as u64;
            self.faded = 0;
        }
        count
    }
}

/// Length of the fade, in samples: 4 ms at 48 kHz. Long enough that its spectrum falls off below
/// a kilohertz and is no click, too short to be noticed.
const FADE: usize = 192;

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        outlet: Outlet,
        ring: Producer<f32>,
        flow: Arc<Flow>,
        written: u64,
    }

    impl Bench {
        fn new() -> Self {
            let (outlet, ring, flow) = Outlet::new(10_000, Arc::default());
            Self {
                outlet,
                ring,
                flow,
                written: 0,
            }
        }

        fn write(&mut self, sample: f32, count: usize) {
            for _ in 0..count {
                self.ring.push(sample).expect("room");
            }
            self.written += count as u64;
        }

        fn cancel(&mut self) {
            self.flow.cancel(self.written);
        }

        fn callback(&mut self, count: usize) -> Vec<f32> {
            let mut out = vec![f32::NAN; count];
            self.outlet.begin(100);
            self.outlet.fill(&mut out);
            out
        }
    }

    #[test]
    fn an_empty_ring_is_silence() {
        assert_eq!(Bench::new().callback(5), [0.0; 5]);
    }

    #[test]
    fn what_is_written_is_played_in_order_and_then_silence() {
        let mut bench = Bench::new();
        bench.write(0.5, 3);
        bench.write(0.25, 3);
        assert_eq!(bench.callback(4), [0.5, 0.5, 0.5, 0.25]);
        assert_eq!(bench.callback(4), [0.25, 0.25, 0.0, 0.0]);
        assert_eq!(bench.flow.taken(), 6);
    }

    #[test]
    fn it_has_played_out_when_the_hardware_has_had_as_much_silence_as_it_holds() {
        let mut bench = Bench::new();
        bench.callback(10);
        assert!(bench.flow.played_out());
        bench.write(0.5, 60);
        bench.callback(50);
        assert!(!bench.flow.played_out());
        bench.callback(50); // 40 of silence
        assert!(!bench.flow.played_out());
        bench.callback(59);
        assert!(!bench.flow.played_out());
        bench.callback(1);
        assert!(bench.flow.played_out());
    }

    #[test]
    fn a_cancelled_sound_fades_within_four_milliseconds_without_a_step() {
        let mut bench = Bench::new();
        bench.write(1.0, 5_000);
        let mut heard = bench.callback(100);
        bench.cancel();
        for _ in 0..10 {
            heard.extend(bench.callback(50));
        }
        assert_eq!(bench.flow.taken(), 5_000);
        assert!(heard[..100].iter().all(|&x| x == 1.0));
        assert!(heard[100 + FADE..].iter().all(|&x| x == 0.0));
        // The steepest step of a raised cosine over `FADE` samples.
        let steepest = std::f32::consts::FRAC_PI_2 / FADE as f32;
        for pair in heard.windows(2) {
            assert!((pair[0] - pair[1]).abs() <= steepest * 1.001, "{pair:?}");
        }
    }

    #[test]
    fn what_is_written_after_a_cancel_is_played_whole_and_at_once() {
        let mut bench = Bench::new();
        bench.write(1.0, 5_000);
        bench.callback(100);
        bench.cancel();
        bench.write(0.5, 300);
        let heard = bench.callback(FADE + 400);
        assert!(heard[..FADE - 1].iter().all(|&x| x > 0.0));
        assert!(heard[FADE..FADE + 300].iter().all(|&x| x == 0.5), "whole");
        assert!(heard[FADE + 300..].iter().all(|&x| x == 0.0));
    }

    #[test]
    fn what_was_not_yet_heard_is_cancelled_without_a_sound() {
        let mut bench = Bench::new();
        bench.callback(10);
        bench.write(1.0, 5_000);
        bench.cancel();
        bench.write(0.5, 2);
        assert_eq!(bench.callback(4), [0.5, 0.5, 0.0, 0.0]);
    }

    #[test]
    fn a_sound_shorter_than_the_fade_ends_with_itself() {
        let mut bench = Bench::new();
        bench.write(1.0, 150);
        bench.callback(100);
        bench.cancel();
        let heard = bench.callback(200);
        assert!(heard[..50].iter().all(|&x| x > 0.0));
        assert!(heard[50..].iter().all(|&x| x == 0.0));
        assert_eq!(bench.flow.taken(), 150);
    }

    #[test]
    fn two_cancels_fade_twice() {
        let mut bench = Bench::new();
        for _ in 0..2 {
            bench.write(1.0, 1_000);
            assert_eq!(bench.callback(100), [1.0; 100]);
            bench.cancel();
            let heard = bench.callback(300);
            assert!(heard[FADE / 2 - 10] > 0.4 && heard[FADE / 2 + 10] < 0.6);
            assert!(heard[FADE..].iter().all(|&x| x == 0.0));
        }
    }
}
