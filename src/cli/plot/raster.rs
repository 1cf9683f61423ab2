//! A grid of values, seen as colours.

use super::Ramp;

/// Values over a grid of equal cells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Raster {
    /// Where the grid begins and ends on the x axis.
    pub(crate) x: (f64, f64),
    /// Where it begins (lowest row) and ends on the y axis, which must be linear.
    pub(crate) y: (f64, f64),
    /// Cells along the x axis.
    pub(crate) columns: usize,
    /// Column after column, each from the lowest row up. A value that is not finite is the least.
    pub(crate) values: Vec<f32>,
    /// The values of the ramp's two ends.
    pub(crate) range: (f64, f64),
    /// Their colours.
    pub(crate) ramp: Ramp,
    /// What the values are; a bar beside the panel shows it.
    pub(crate) label: String,
}

impl Raster {
    /// Cells along the y axis.
    pub(crate) fn rows(&self) -> usize {
        self.values.len().checked_div(self.columns).unwrap_or(0)
    }

    /// The pixels, row by row from the top.
    pub(super) fn pixels(&self) -> Vec<[u8; 3]> {
        let rows = self.rows();
        let (low, high) = self.range;
        let mut pixels = Vec::with_capacity(rows * self.columns);
        for row in (0..rows).rev() {
            for column in 0..self.columns {
                let value = f64::from(self.values[column * rows + row]);
                pixels.push(self.ramp.at((value - low) / (high - low)));
            }
        }
        pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_is_left_and_its_first_value_at_the_bottom() {
        let raster = Raster {
            x: (0.0, 1.0),
            y: (0.0, 1.0),
            columns: 2,
            values: vec![0.0, 1.0, f32::NEG_INFINITY, 2.0],
            range: (0.0, 1.0),
            ramp: Ramp::Night,
            label: String::new(),
        };
        let (least, most) = (Ramp::Night.at(0.0), Ramp::Night.at(1.0));
        assert_eq!(raster.pixels(), [most, most, least, least]);
    }
}
