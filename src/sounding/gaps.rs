//! Pieces of a sound that were lost and filled with silence.

use crate::units::SampleRate;

/// How many gaps: zeros in a row, for 2 ms or longer, with sound before and after them.
pub(super) fn gaps(sound: &[f32], rate: SampleRate) -> u64 {
    let least = rate.samples_in(LEAST_S).max(2) as usize;
    let around = rate.samples_in(AROUND_S) as usize;
    let peak = sound.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    let loud = |part: &[f32]| part.iter().any(|x| x.abs() > LOUD * peak);
    let mut gaps = 0;
    let mut start = None;
    for (n, x) in sound.iter().enumerate() {
        match (*x == 0.0, start) {
            (true, None) => start = Some(n),
            (false, Some(from)) => {
                let before = &sound[from - around.min(from)..from];
                let after = &sound[n..(n + around).min(sound.len())];
                gaps += u64::from(n - from >= least && loud(before) && loud(after));
                start = None;
            }
            _ => {}
        }
    }
    gaps
}

/// Sound does not stay at exactly zero for 2 ms, not even a soft one at 16 bits.
const LEAST_S: f64 = 0.002;
const AROUND_S: f64 = 0.005;
/// A gap is one only in the middle of sound, not at its soft edges.
const LOUD: f32 = 0.03;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sounding::Stimulus;

    #[test]
    fn holes_in_a_sweep_are_counted_and_its_ends_are_not() {
        let rate = SampleRate::HZ_48000;
        let sweep = |_: ()| -> Vec<f32> {
            let samples = Stimulus::new(0.5).sweep_at(48_000.0);
            samples.iter().map(|x| *x as f32).collect()
        };
        assert_eq!(gaps(&sweep(()), rate), 0);
        let mut torn = sweep(());
        torn[10_000..10_240].fill(0.0);
        torn[30_000..30_500].fill(0.0);
        // Too short to say.
        torn[40_000..40_020].fill(0.0);
        assert_eq!(gaps(&torn, rate), 2);
        assert_eq!(gaps(&[0.0; 10_000], rate), 0);
        assert_eq!(gaps(&[], rate), 0);
    }
}
