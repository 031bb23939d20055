//! Numbers of any width, one after the other in bytes; the highest bit first.

/// Writes bits.
#[derive(Debug, Default)]
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

    /// `count` ones and a zero.
    pub(crate) fn put_unary(&mut self, count: u32) {
        self.put((1 << (count + 1)) - 2, count + 1);
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

/// Reads them back from a place, which is counted in bits. Behind the end there are zeros.
pub(crate) struct BitReader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

impl BitReader<'_> {
    /// The next `width` bits, 64 at most.
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

    /// How many ones there are before the next zero, which is passed; `most` are not followed by
    /// one.
    pub(crate) fn take_unary(&mut self, most: u32) -> u32 {
        let ones = self.peek().leading_ones().min(most);
        self.at += ones as usize + usize::from(ones < most);
        ones
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
