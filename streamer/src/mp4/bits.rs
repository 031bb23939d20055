//! Numbers of any width, one after the other in bytes; the highest bit first.

/// Writes bits.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not fill a byte yet, and how many.
    rest: u8,
    filled: u32,
}

impl BitWriter {
    /// The lowest `width` bits of `value`.
    pub(crate) fn put(&mut self, value: u64, width: u32) {
        let mut left = width;
        while left > 0 {
            let count = left.min(8 - self.filled);
            left -= count;
            let part = (value >> left) as u8 & (0xff >> (8 - count));
            // A shift by eight is none that a byte can make.
            self.rest = (u16::from(self.rest) << count) as u8 | part;
            self.filled += count;
            if self.filled == 8 {
                self.bytes.push(self.rest);
                (self.rest, self.filled) = (0, 0);
            }
        }
    }

    /// `count` ones and a zero.
    pub(crate) fn put_unary(&mut self, count: u32) {
        self.put((1 << (count + 1)) - 2, count + 1);
    }

    /// What was written, filled up with zeros; the writer is empty afterwards.
    pub(crate) fn finish(&mut self) -> Box<[u8]> {
        if self.filled > 0 {
            self.put(0, 8 - self.filled);
        }
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
