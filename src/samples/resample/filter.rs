//! The taps of a resampler: a windowed sinc, and rows of it for each fraction of a sample.

use super::super::kaiser::{Kaiser, sinc};
use crate::units::{Hertz, SampleRate};

/// The low-pass filter in continuous time, in units of input samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    /// Where it has fallen to a half, in cycles per input sample.
    cutoff: f64,
    /// It is zero from here on, to both sides. Whole, and even a multiple of four.
    pub(super) half: usize,
    kaiser: Kaiser,
}

impl Filter {
    /// Kaiser's design: a stop band `ATTENUATION` dB down needs `(ATTENUATION - 7.95) / (14.36 d)`
    /// taps for a transition of `d` cycles per sample (Kaiser 1974; Oppenheim and Schafer,
    /// Discrete-Time Signal Processing, 7.6).
    pub(super) fn new(from: SampleRate, to: SampleRate, highest: Hertz) -> Self {
        let lower = f64::from(from.min(to).0);
        // What folds onto `highest`, or is its first image, lies as far above half the lower rate
        // as `highest` lies below.
        let transition = (lower - 2.0 * highest.0) / f64::from(from.0);
        let taps = (ATTENUATION - 7.95) / (14.36 * transition);
        let half = ((taps / 2.0).ceil() as usize).next_multiple_of(LANES / 2);
        let cutoff = lower / 2.0 / f64::from(from.0);
        Self {
            cutoff,
            half,
            kaiser: Kaiser::new(0.1102 * (ATTENUATION - 8.7)),
        }
    }

    /// The impulse response `t` input samples from its centre.
    pub(super) fn at(&self, t: f64) -> f64 {
        let half = self.half as f64;
        if t.abs() >= half {
            return 0.0;
        }
        let x = 2.0 * self.cutoff * t;
        2.0 * self.cutoff * sinc(x) * self.kaiser.at(t / half)
    }

    /// Into how many parts an input sample must be cut so that rows in between can be
    /// interpolated linearly. A sine of `c` cycles per part is missed by `(2 pi c)^2 / 8` at most.
    /// Nothing of the response lies above the stop edge, at most twice the cutoff; 512 parts of a
    /// cycle there leave 1.9e-5, -94 dB.
    fn grid(&self) -> u32 {
        (512.0 * 2.0 * self.cutoff).ceil() as u32
    }

    /// The taps for outputs `fraction` of a sample after the centre of their window, each row
    /// scaled so that a constant stays what it is.
    fn row(&self, fraction: f64, out: &mut Vec<f32>) {
        let taps: Vec<f64> = (0..2 * self.half)
            .map(|j| self.at(self.half as f64 - 1.0 - j as f64 + fraction))
            .collect();
        let sum: f64 = taps.iter().sum();
        out.extend(taps.iter().map(|tap| (tap / sum) as f32));
    }
}

/// The taps of every fraction of an input sample that can occur or, if those are too many, of so
/// many that the ones in between can be interpolated.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    table: Vec<f32>,
    /// Taps in a row, a multiple of [`LANES`].
    pub(super) taps: usize,
    /// Fractions that can occur.
    phases: u32,
    /// Rows in the table if fewer than the phases, less one: row `i` is for fraction `i / grid`.
    pub(super) grid: Option<u32>,
}

impl Rows {
    pub(super) fn none() -> Self {
        Self {
            table: Vec::new(),
            taps: 0,
            phases: 1,
            grid: None,
        }
    }

    pub(super) fn new(filter: &Filter, phases: u32) -> Self {
        let taps = 2 * filter.half;
        let grid = (phases as usize * taps > TABLE).then(|| filter.grid());
        let mut table = Vec::new();
        match grid {
            None => {
                (0..phases).for_each(|p| filter.row(f64::from(p) / f64::from(phases), &mut table))
            }
            Some(grid) => {
                (0..=grid).for_each(|p| filter.row(f64::from(p) / f64::from(grid), &mut table))
            }
        }
        Self {
            table,
            taps,
            phases,
            grid,
        }
    }

    /// One output: `window` against the taps of `phase`.
    pub(super) fn at(&self, phase: u32, window: &[f32]) -> f32 {
        match self.grid {
            None => dot(self.row(phase), window),
            Some(grid) => {
                let place = u64::from(phase) * u64::from(grid);
                let row = (place / u64::from(self.phases)) as u32;
                let between = (place % u64::from(self.phases)) as f32 / self.phases as f32;
                let (here, next) = (dot(self.row(row), window), dot(self.row(row + 1), window));
                here + between * (next - here)
            }
        }
    }

    pub(super) fn row(&self, row: u32) -> &[f32] {
        &self.table[row as usize * self.taps..][..self.taps]
    }
}

/// The sum of products of as many samples as taps, in one fixed order: eight running sums, so
/// that it becomes vector instructions without reordering anything.
#[inline]
fn dot(taps: &[f32], window: &[f32]) -> f32 {
    let (taps, window) = (taps.as_chunks::<LANES>().0, window.as_chunks::<LANES>().0);
    let mut sums = [0.0f32; LANES];
    for (t, w) in taps.iter().zip(window) {
        for lane in 0..LANES {
            sums[lane] += t[lane] * w[lane];
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Attenuation the filter is designed for, in dB. Ten more than promised: several images and
/// their aliases add up, and taps are rounded to `f32`.
const ATTENUATION: f64 = 90.0;

/// Running sums of a dot product: two vectors of the smallest machine.
const LANES: usize = 8;

/// Taps of all rows together, at most, before rows are interpolated: 1 MiB.
const TABLE: usize = 1 << 18;
