//! Writing what is not made of whole bytes.

/// Bits, the highest of each byte first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    /// Bits of the last byte that are in use, if it is not full.
    used: u32,
}

impl Bits {
    /// The lowest `count` bits of a value.
    pub(crate) fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.put_bit(value >> bit & 1 != 0);
        }
    }

    pub(crate) fn put_bit(&mut self, bit: bool) {
        if self.used == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (7 - self.used);
        }
        self.used = (self.used + 1) % 8;
    }

    /// `ue(v)` (H.264, 9.1).
    pub(crate) fn put_unsigned(&mut self, value: u32) {
        let code = u128::from(value) + 1;
        let length = 128 - code.leading_zeros();
        for bit in (0..2 * length - 1).rev() {
            self.put_bit(code >> bit & 1 != 0);
        }
    }

    /// `se(v)` (H.264, 9.1.1).
    pub(crate) fn put_signed(&mut self, value: i32) {
        let size = value.unsigned_abs();
        self.put_unsigned(if value > 0 { 2 * size - 1 } else { 2 * size });
    }

    /// Fills the last byte.
    pub(crate) fn align(&mut self, bit: bool) {
        while self.used != 0 {
            self.put_bit(bit);
        }
    }

    /// All of them; what is left of the last byte is zero.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(write: impl Fn(&mut Bits), wanted: &[u8]) {
        let mut bits = Bits::default();
        write(&mut bits);
        assert_eq!(bits.into_bytes(), wanted);
    }

    #[test]
    fn numbers_and_codes() {
        check(|_| {}, &[]);
        check(|bits| bits.put(0b101, 3), &[0b1010_0000]);
        check(|bits| bits.put(0x1ff, 9), &[0xff, 0x80]);
        // 1, 010, 011, 00100
        check(
            |bits| (0..4).for_each(|value| bits.put_unsigned(value)),
            &[0b1010_0110, 0b0100_0000],
        );
        // 1, 010, 011, 00100, 00101
        check(
            |bits| {
                [0, 1, -1, 2, -2]
                    .into_iter()
                    .for_each(|value| bits.put_signed(value));
            },
            &[0b1010_0110, 0b0100_0010, 0b1000_0000],
        );
        check(
            |bits| {
                bits.put_bit(false);
                bits.align(true);
                bits.align(true);
            },
            &[0x7f],
        );
    }
}
