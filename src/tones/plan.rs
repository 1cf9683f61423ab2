//! Which tone is which frequency.

use crate::units::{Hertz, Tone};

use super::TONES;

/// Where the tones lie. Tone `t` of group `g` has the frequency
/// `(first_bin + TONES * g + t) * spacing`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Distance of neighbouring tones: one over the symbol's length without its guard, the
    /// closest at which tones stay orthogonal to a detector that ignores phase.
    pub spacing: Hertz,
    /// Number of the lowest tone, in units of `spacing`.
    pub first_bin: usize,
    /// Number of groups.
    pub groups: usize,
}

impl Plan {
    /// Number of tones in all.
    pub fn tones(&self) -> usize {
        self.groups * TONES
    }

    /// The tone of a group, in units of `spacing`.
    pub fn bin(&self, group: usize, tone: Tone) -> usize {
        self.first_bin + TONES * group + usize::from(tone)
    }

    /// Its frequency.
    pub fn frequency(&self, group: usize, tone: Tone) -> Hertz {
        Hertz(self.bin(group, tone) as f64 * self.spacing.0)
    }

    /// The lowest and the highest tone.
    pub fn band(&self) -> (Hertz, Hertz) {
        (
            self.frequency(0, 0),
            self.frequency(self.groups - 1, (TONES - 1) as Tone),
        )
    }
}
