//! The arithmetic code of a slice in which every macroblock is skipped (9.3.4.2).

use crate::bits::BitWriter;

/// `rangeTabLPS` (table 9-44) from [`FIRST_STATE`] on: by state, then by quarter of the range.
const LESS_PROBABLE: [[u32; 4]; 21] = [
    [16, 20, 23, 27],
    [15, 19, 22, 25],
    [14, 18, 21, 24],
    [14, 17, 20, 23],
    [13, 16, 19, 22],
    [12, 15, 18, 21],
    [12, 14, 17, 20],
    [11, 14, 16, 19],
    [11, 13, 15, 18],
    [10, 12, 15, 17],
    [10, 12, 14, 16],
    [9, 11, 13, 15],
    [9, 11, 12, 14],
    [8, 10, 12, 14],
    [8, 9, 11, 13],
    [7, 9, 11, 12],
    [7, 9, 10, 12],
    [7, 8, 10, 11],
    [6, 8, 9, 11],
    [6, 7, 9, 10],
    [6, 7, 8, 9],
];

/// `pIdxState` of the context of `mb_skip_flag` at a quantiser of [`QUANTISER`] and
/// `cabac_init_idc` 0: m = 23, n = 33 (table 9-13), so 33 + (23 · 51 >> 4) - 64. The more probable
/// value is then one, and states only rise.
const FIRST_STATE: usize = 42;

/// `SliceQPY` of a slice that is coded here.
pub(super) const QUANTISER: i32 = 51;

/// The data of a slice of so many macroblocks, all of them skipped, from a whole byte on to its
/// trailing bits. If macroblocks go in `pairs`, only every second tells whether the slice ends.
pub(super) fn all_skipped(macroblocks: u32, pairs: bool) -> Vec<u8> {
    let mut coder = Coder::default();
    let mut state = 0;
    for macroblock in 1..=macroblocks {
        // No neighbour is coded, so the context is always the same.
        coder.more_probable(LESS_PROBABLE[state]);
        state = (state + 1).min(62 - FIRST_STATE);
        if macroblock % 2 == 0 || !pairs {
            coder.terminate(macroblock == macroblocks);
        }
    }
    let mut bits = coder.bits;
    // The last bit that was written is the stop bit.
    bits.align(false);
    bits.finish().into()
}

struct Coder {
    low: u32,
    range: u32,
    outstanding: u32,
    is_first: bool,
    bits: BitWriter,
}

impl Default for Coder {
    fn default() -> Self {
        Self {
            low: 0,
            range: 510,
            outstanding: 0,
            is_first: true,
            bits: BitWriter::default(),
        }
    }
}

impl Coder {
    /// The value that the context expects.
    fn more_probable(&mut self, less_probable: [u32; 4]) {
        self.range -= less_probable[(self.range >> 6 & 3) as usize];
        self.renormalise();
    }

    /// `end_of_slice_flag`.
    fn terminate(&mut self, ends: bool) {
        self.range -= 2;
        if !ends {
            self.renormalise();
            return;
        }
        self.low += self.range;
        self.range = 2;
        self.renormalise();
        self.put(self.low >> 9 & 1 != 0);
        self.bits.put((self.low >> 7 & 3 | 1).into(), 2);
    }

    fn renormalise(&mut self) {
        while self.range < 256 {
            if self.low < 256 {
                self.put(false);
            } else if self.low >= 512 {
                self.low -= 512;
                self.put(true);
            } else {
                self.low -= 256;
                self.outstanding += 1;
            }
            self.range <<= 1;
            self.low <<= 1;
        }
    }

    fn put(&mut self, bit: bool) {
        if self.is_first {
            self.is_first = false;
        } else {
            self.bits.put_bit(bit);
        }
        for _ in 0..self.outstanding {
            self.bits.put_bit(!bit);
        }
        self.outstanding = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the code as 9.3.3.2 says.
    struct Reader<'a> {
        data: &'a [u8],
        at: usize,
        range: u32,
        offset: u32,
    }

    impl<'a> Reader<'a> {
        fn new(data: &'a [u8]) -> Self {
            let mut reader = Self {
                data,
                at: 0,
                range: 510,
                offset: 0,
            };
            for _ in 0..9 {
                reader.offset = reader.offset << 1 | reader.bit();
            }
            reader
        }

        fn bit(&mut self) -> u32 {
            let byte = self.data.get(self.at / 8).copied().unwrap_or(0);
            let bit = byte >> (7 - self.at % 8) & 1;
            self.at += 1;
            bit.into()
        }

        fn renormalise(&mut self) {
            while self.range < 256 {
                self.range <<= 1;
                self.offset = self.offset << 1 | self.bit();
            }
        }

        fn is_more_probable(&mut self, state: usize) -> bool {
            self.range -= LESS_PROBABLE[state][(self.range >> 6 & 3) as usize];
            let holds = self.offset < self.range;
            self.renormalise();
            holds
        }

        fn ends(&mut self) -> bool {
            self.range -= 2;
            let ends = self.offset >= self.range;
            if !ends {
                self.renormalise();
            }
            ends
        }
    }

    #[track_caller]
    fn check(macroblocks: u32, pairs: bool) {
        let data = all_skipped(macroblocks, pairs);
        let mut reader = Reader::new(&data);
        for macroblock in 1..=macroblocks {
            let state = (macroblock as usize - 1).min(62 - FIRST_STATE);
            assert!(reader.is_more_probable(state), "{macroblock} is skipped");
            if macroblock % 2 == 0 || !pairs {
                assert_eq!(reader.ends(), macroblock == macroblocks);
            }
        }
        // What was read last before the end is the stop bit; only zeros follow (9.3.1.2).
        let after = data.len() * 8 - reader.at;
        let last = u32::from(data[data.len() - 1]);
        assert!(after < 16 && last != 0);
    }

    #[test]
    fn slices_of_any_size_read_back() {
        for macroblocks in (1..200).chain([396, 920, 3_600, 8_160, 32_400]) {
            check(macroblocks, false);
            check(macroblocks * 2, true);
        }
    }

    #[test]
    fn a_full_picture_takes_some_tens_of_bytes() {
        assert!(all_skipped(8_160, false).len() < 80);
    }
}
