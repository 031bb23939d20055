//! Numbers that are not made of whole bytes, one after the other; the highest bit first.

/// Writes bits.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not fill four bytes yet, at the bottom, and how many.
    rest: u64,
    filled: u32,
}

impl BitWriter {
    /// The lowest `width` bits of `value`, 64 at most.
    pub(crate) fn put(&mut self, value: u64, width: u32) {
        if width > 32 {
            self.put(value >> 32, width - 32);
            return self.put(value, 32);
        }
        self.rest = self.rest << width | value & ((1 << width) - 1);
        self.filled += width;
        if self.filled >= 32 {
            self.filled -= 32;
            let word = (self.rest >> self.filled) as u32;
            self.bytes.extend_from_slice(&word.to_be_bytes());
        }
    }

    pub(crate) fn put_bit(&mut self, bit: bool) {
        self.put(bit.into(), 1);
    }

    /// `count` ones and a zero.
    pub(crate) fn put_unary(&mut self, count: u32) {
        self.put((1 << (count + 1)) - 2, count + 1);
    }

    /// `ue(v)` (H.264, 9.1).
    pub(crate) fn put_unsigned(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        let length = u64::BITS - code.leading_zeros();
        self.put(0, length - 1);
        self.put(code, length);
    }

    /// `se(v)` (H.264, 9.1.1).
    pub(crate) fn put_signed(&mut self, value: i32) {
        let size = value.unsigned_abs();
        self.put_unsigned(if value > 0 { 2 * size - 1 } else { 2 * size });
    }

    /// Fills the last byte.
    pub(crate) fn align(&mut self, bit: bool) {
        while !self.filled.is_multiple_of(8) {
            self.put_bit(bit);
        }
    }

    /// What was written, filled up with zeros; the writer is empty afterwards.
    pub(crate) fn finish(&mut self) -> Box<[u8]> {
        let word = ((self.rest << 32) >> self.filled) as u32;
        let filled = self.filled.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&word.to_be_bytes()[..filled]);
        (self.rest, self.filled) = (0, 0);
        let bytes = self.bytes.as_slice().into();
        self.bytes.clear();
        bytes
    }
}

/// Reads them back from a place, which is counted in bits.
pub(crate) struct BitReader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

impl BitReader<'_> {
    /// The next `width` bits, 64 at most. Behind the end there are zeros.
    pub(crate) fn take(&mut self, width: u32) -> u64 {
        if width > 32 {
            let high = self.take(width - 32);
            return high << 32 | self.take(32);
        }
        let value = match width {
            0 => 0,
            width => self.peek() >> (64 - width),
        };
        self.at += width as usize;
        value
    }

    /// The next `width` bits, 32 at most; `None` where they do not end before the end.
    pub(crate) fn read(&mut self, width: u32) -> Option<u32> {
        let end = self.at + width as usize;
        (end <= self.bytes.len() * 8).then(|| self.take(width) as u32)
    }

    /// How many ones there are before the next zero, which is passed; `most` are not followed by
    /// one.
    pub(crate) fn take_unary(&mut self, most: u32) -> u32 {
        let ones = self.peek().leading_ones().min(most);
        self.at += ones as usize + usize::from(ones < most);
        ones
    }

    /// Passes what is left of a byte that was begun.
    pub(crate) fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    /// At least the next 57 bits, at the top.
    fn peek(&self) -> u64 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let word = match rest.first_chunk() {
            Some(word) => u64::from_be_bytes(*word),
            None => {
                let mut word = [0; 8];
                word[..rest.len()].copy_from_slice(rest);
                u64::from_be_bytes(word)
            }
        };
        word << (self.at % 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(write: impl Fn(&mut BitWriter), wanted: &[u8]) {
        let mut bits = BitWriter::default();
        write(&mut bits);
        assert_eq!(*bits.finish(), *wanted);
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

    #[test]
    fn the_longest_code() {
        let mut bits = BitWriter::default();
        bits.put_unsigned(u32::MAX);
        let bytes = bits.finish();
        assert_eq!(*bytes, [0, 0, 0, 0, 0x80, 0, 0, 0, 0]);
    }

    #[test]
    fn reading_ends_at_the_end() {
        let mut bits = BitReader {
            bytes: &[0xa5, 0x3c],
            at: 0,
        };
        assert_eq!(bits.read(3), Some(0b101));
        bits.align();
        assert_eq!((bits.at, bits.read(9)), (8, None));
        assert_eq!((bits.read(8), bits.read(1)), (Some(0x3c), None));
        assert_eq!(bits.take(8), 0);
    }
}
