//! Which tone is which frequency.

use crate::units::{Hertz, Tone};

/// Where the tones lie. Tone `t` of group `g` has the frequency
/// `(first_bin + tones_per_group * g + t) * spacing`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Distance of neighbouring tones: one over the symbol's length without its guard, the
    /// closest at which tones stay orthogonal to a detector that ignores phase.
    pub spacing: Hertz,
    /// Number of the lowest tone, in units of `spacing`.
    pub first_bin: usize,
    /// Number of groups.
    pub groups: usize,
    /// Bits that the one sounding tone of a group tells, `1..=8`: a group has two to the power of
    /// that many tones. Four tones lose least in echo where there is signal; more make fewer and
    /// stronger ones, which win far below that.
    pub bits_per_tone: usize,
}

impl Plan {
    /// Number of tones in a group.
    pub const fn tones_per_group(&self) -> usize {
        1 << self.bits_per_tone
    }

    /// Number of tones in all.
    pub const fn tones(&self) -> usize {
        self.groups * self.tones_per_group()
    }

    /// Bits that a symbol tells.
    pub const fn bits_per_symbol(&self) -> usize {
        self.groups * self.bits_per_tone
    }

    /// The tone of a group, in units of `spacing`.
    pub fn bin(&self, group: usize, tone: Tone) -> usize {
        self.first_bin + self.tones_per_group() * group + usize::from(tone)
    }

    /// Its frequency.
    pub fn frequency(&self, group: usize, tone: Tone) -> Hertz {
        Hertz(self.bin(group, tone) as f64 * self.spacing.0)
    }

    /// The highest tone, in units of `spacing`.
    pub const fn last_bin(&self) -> usize {
        self.first_bin + self.tones() - 1
    }

    /// The lowest and the highest tone.
    pub fn band(&self) -> (Hertz, Hertz) {
        let hertz = |bin: usize| Hertz(bin as f64 * self.spacing.0);
        (hertz(self.first_bin), hertz(self.last_bin()))
    }
}
