//! Colours that everybody can tell apart, on white.

/// A colour, and how much it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour {
    /// Red, green, blue.
    pub(crate) rgb: [u8; 3],
    /// From 0, not seen, to 255.
    pub(crate) cover: u8,
}

impl Colour {
    pub(crate) const BLACK: Self = Self::opaque([0x22, 0x22, 0x22]);
    pub(crate) const GREY: Self = Self::opaque([0x66, 0x66, 0x66]);
    pub(crate) const PALE: Self = Self::opaque([0xdd, 0xdd, 0xdd]);
    pub(crate) const WHITE: Self = Self::opaque([0xff, 0xff, 0xff]);
    // The colours of Okabe and Ito (Color Universal Design, 2008), without their yellow, which is
    // too light for a line on white.
    pub(crate) const BLUE: Self = Self::opaque([0x00, 0x72, 0xb2]);
    pub(crate) const VERMILION: Self = Self::opaque([0xd5, 0x5e, 0x00]);
    pub(crate) const GREEN: Self = Self::opaque([0x00, 0x9e, 0x73]);
    pub(crate) const PURPLE: Self = Self::opaque([0xcc, 0x79, 0xa7]);
    pub(crate) const ORANGE: Self = Self::opaque([0xe6, 0x9f, 0x00]);
    /// For marks over a spectrogram: darker than any of them, of Tol's bright scheme.
    pub(crate) const PLUM: Self = Self::opaque([0xaa, 0x33, 0x77]);
    pub(crate) const SKY: Self = Self::opaque([0x56, 0xb4, 0xe9]);

    /// The colours of series, in turn.
    pub(crate) const SERIES: [Self; 7] = [
        Self::BLUE,
        Self::VERMILION,
        Self::GREEN,
        Self::PURPLE,
        Self::ORANGE,
        Self::SKY,
        Self::BLACK,
    ];

    const fn opaque(rgb: [u8; 3]) -> Self {
        Self { rgb, cover: 255 }
    }

    /// The same colour, covering less; `share` from 0 to 1.
    pub(crate) fn faint(self, share: f64) -> Self {
        Self {
            cover: (f64::from(self.cover) * share.clamp(0.0, 1.0)).round() as u8,
            ..self
        }
    }

    /// `#rrggbb`.
    pub(super) fn hex(self) -> String {
        let [red, green, blue] = self.rgb;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Values to colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ramp {
    /// White for the least over blue to nearly black: marks in warm colours stand out of it.
    Night,
}

/// Falls evenly in lightness from 100 to about 10, so that it also reads in grey.
const NIGHT: [[u8; 3]; 7] = [
    [0xff, 0xff, 0xff],
    [0xd9, 0xe7, 0xf4],
    [0xa6, 0xc8, 0xe4],
    [0x62, 0xa2, 0xce],
    [0x2b, 0x75, 0xb0],
    [0x12, 0x46, 0x82],
    [0x0b, 0x1c, 0x40],
];

impl Ramp {
    /// The colour at `share` of the way, clamped to `0..=1`; of a value that is none, the least.
    pub(crate) fn at(self, share: f64) -> [u8; 3] {
        let Self::Night = self;
        let share = if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        };
        let place = share * (NIGHT.len() - 1) as f64;
        let below = (place as usize).min(NIGHT.len() - 2);
        let rest = place - below as f64;
        std::array::from_fn(|i| {
            let (low, high) = (f64::from(NIGHT[below][i]), f64::from(NIGHT[below + 1][i]));
            (low + (high - low) * rest).round() as u8
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness L* of CIELAB, from sRGB.
    fn lightness(rgb: [u8; 3]) -> f64 {
        let linear = rgb.map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        let light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        116.0 * light.cbrt() - 16.0
    }

    #[test]
    fn the_ramp_falls_in_lightness_all_the_way() {
        let steps: Vec<f64> = (0..=60)
            .map(|i| lightness(Ramp::Night.at(f64::from(i) / 60.0)))
            .collect();
        assert!(steps.windows(2).all(|pair| pair[1] < pair[0]), "{steps:?}");
        assert!(steps[0] > 99.0 && steps[60] < 15.0);
        assert_eq!(Ramp::Night.at(f64::NAN), Ramp::Night.at(-3.0));
    }

    /// Contrast of a graphical object to its ground is at least 2.2 to 1 on white: two thirds of
    /// what WCAG 2.1 asks of the smallest ones; our lines are thick.
    #[test]
    fn every_series_stands_out_of_white() {
        for colour in Colour::SERIES {
            assert!(lightness(colour.rgb) < 73.0, "{colour:?}");
        }
    }
}
