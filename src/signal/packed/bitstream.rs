//! Fields of a few bits in a row of bytes, most significant bit first.

use crate::signal::SignalError;

/// Appends fields; the last byte is filled up with zeros.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    bits: usize,
}

impl BitWriter {
    /// Appends the low `width` bits of `value`; higher bits must be zero.
    pub(super) fn put(&mut self, value: u128, width: u32) {
        debug_assert!(width == 128 || value >> width == 0, "{value} in {width}");
        for shift in (0..width).rev() {
            let bit = (value >> shift) as u8 & 1;
            if self.bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (7 - self.bits % 8);
            }
            self.bits += 1;
        }
    }

    /// Appends whole bytes, wherever the last field ended.
    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.put(byte.into(), 8);
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes fields from the front; knows how much is left.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    bits: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, bits: 0 }
    }

    /// Bits not taken yet.
    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_mul(8) - self.bits
    }

    /// The next `width <= 128` bits.
    pub(super) fn take(&mut self, width: u32) -> Result<u128, SignalError> {
        let left = self.left();
        if left < width as usize {
            return Err(SignalError::Truncated {
                needed: width as usize,
                left,
            });
        }
        let mut value = 0;
        for _ in 0..width {
            let bit = self.bytes[self.bits / 8] >> (7 - self.bits % 8) & 1;
            value = value << 1 | u128::from(bit);
            self.bits += 1;
        }
        Ok(value)
    }

    /// The next `width <= 8` bits.
    pub(super) fn take_u8(&mut self, width: u32) -> Result<u8, SignalError> {
        debug_assert!(width <= 8);
        Ok(self.take(width)? as u8)
    }

    /// The next `N` bytes.
    pub(super) fn take_bytes<const N: usize>(&mut self) -> Result<[u8; N], SignalError> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.take_u8(8)?;
        }
        Ok(bytes)
    }

    /// Checks that only the padding of the last byte is left, and that it is zero.
    pub(super) fn finish(mut self) -> Result<(), SignalError> {
        let left = self.left();
        if left >= 8 {
            return Err(SignalError::Trailing { bytes: left / 8 });
        }
        if self.take_u8(left as u32)? != 0 {
            return Err(SignalError::NotCanonical("padding bits are not zero"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reading_undoes_writing(fields in prop::collection::vec((any::<u128>(), 1u32..=128), 0..40)) {
            let masked = |value: u128, width: u32| value & (u128::MAX >> (128 - width));
            let mut writer = BitWriter::default();
            for &(value, width) in &fields {
                writer.put(masked(value, width), width);
            }
            let bytes = writer.into_bytes();
            let mut reader = BitReader::new(&bytes);
            for &(value, width) in &fields {
                prop_assert_eq!(reader.take(width)?, masked(value, width));
            }
            prop_assert!(reader.finish().is_ok());
        }
    }

    #[test]
    fn reading_past_the_end_says_how_much_was_left() {
        let mut reader = BitReader::new(&[0xff, 0xff]);
        assert_eq!(reader.take(9), Ok(0x1ff));
        assert_eq!(
            reader.take(8),
            Err(SignalError::Truncated { needed: 8, left: 7 })
        );
    }

    #[test]
    fn padding_must_be_zero_and_shorter_than_a_byte() {
        let mut reader = BitReader::new(&[0b1000_0001]);
        assert_eq!(reader.take(1), Ok(1));
        assert!(matches!(reader.finish(), Err(SignalError::NotCanonical(_))));
        assert_eq!(
            BitReader::new(&[0, 0]).finish(),
            Err(SignalError::Trailing { bytes: 2 })
        );
    }
}
