//! Tops that were cut off.

/// By how many decibels a sweep was too loud for what cut it off; `None` if nothing did.
///
/// A sine that is cut off stays at its largest value for several samples. Above a kilohertz no
/// sine does that by itself: within a thousandth of its top it stays for 0.09 radians, at 48 kHz
/// less than a sample.
pub(super) fn overdrive(sweep: &[f32], rate: f64) -> Option<f64> {
    let block = ((BLOCK_S * rate) as usize).max(8);
    let top = sweep.iter().fold(0.0f32, |top, x| top.max(x.abs()));
    if top <= 0.0 {
        return None;
    }
    let least = top * (1.0 - NEAR);
    let mut shares = Vec::new();
    let mut cut = 0;
    for block in sweep.chunks_exact(block) {
        let mut flat = 0;
        let mut run = 0;
        for pair in block.windows(2) {
            let stays = pair[0].abs() >= least && pair[1].abs() >= least;
            let stays = stays && pair[0].signum() == pair[1].signum();
            run = if stays { run + 1 } else { 0 };
            // Three in a row are the first run, and each further one adds itself.
            flat += match run {
                0 | 1 => 0,
                2 => 3,
                _ => 1,
            };
        }
        cut += flat;
        shares.push(flat as f64 / block.len() as f64);
    }
    if cut < LEAST_CUT {
        return None;
    }
    // The worst places, not the worst draw of one.
    let worst = shares.iter().copied().fold(0.0, f64::max);
    shares.retain(|share| *share > 0.7 * worst);
    let worst = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    // A sine of amplitude g stays beyond 1 for acos(1 / g) of each quarter turn.
    let over = 1.0 / (std::f64::consts::FRAC_PI_2 * worst.min(0.95)).cos();
    Some(20.0 * over.log10())
}

/// Short enough that a sweep's level stays the same within.
const BLOCK_S: f64 = 0.01;
/// So near to the top, as a part of it, is at the top.
const NEAR: f32 = 0.001;
/// So many samples at the top are no accident.
const LEAST_CUT: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sounding::Stimulus;

    /// The part of a sweep above a kilohertz.
    fn sweep(gain: f64) -> Vec<f32> {
        let sweep = Stimulus::new(1.0).sweep_at(48_000.0);
        let from = (Stimulus::GROWTH_S * 10f64.ln() * 48_000.0) as usize;
        sweep[from..]
            .iter()
            .map(|x| (x * gain).clamp(-1.0, 1.0) as f32)
            .collect()
    }

    #[test]
    fn what_is_cut_off_tells_by_how_much() {
        for over in [3.0, 6.0, 12.0] {
            let got = overdrive(&sweep(10f64.powf(over / 20.0)), 48_000.0).expect("cut");
            assert!((got - over).abs() < 1.0, "{got} for {over}");
        }
    }

    #[test]
    fn what_just_fits_and_what_is_coarse_is_not_cut_off() {
        assert_eq!(overdrive(&sweep(1.0), 48_000.0), None);
        // 16 bits, 30 dB down.
        let coarse: Vec<f32> = sweep(0.03)
            .iter()
            .map(|x| (x * 32_768.0).round() / 32_768.0)
            .collect();
        assert_eq!(overdrive(&coarse, 48_000.0), None);
        assert_eq!(overdrive(&[], 48_000.0), None);
        assert_eq!(overdrive(&[0.0; 1000], 48_000.0), None);
    }
}
