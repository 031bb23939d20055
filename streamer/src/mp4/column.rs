//! One property of the samples of a block, in as few bits as its values need.

use crate::bits::{BitReader, BitWriter};

/// How the values of a column are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// All are the same: nothing is written.
    Same(u64),
    /// They are a few: which of these.
    Few(Box<[u64]>),
    /// What they are above the least, in Rice's code: what is above `low` bits as so many ones.
    Near {
        least: u64,
        low: u32,
        /// Whether a bit before each says if it is zero; the least is that of the others.
        zeros: bool,
    },
}

/// More values than these are no few.
const FEW: usize = 16;
/// After so many ones the value follows as it is.
const MOST_ONES: u32 = 20;

impl Column {
    /// The shortest way.
    pub(crate) fn of(values: &[u64]) -> Self {
        let mut few: Vec<u64> = Vec::new();
        for value in values {
            if !few.contains(value) {
                few.push(*value);
                if few.len() > FEW {
                    break;
                }
            }
        }
        match &few[..] {
            [] => Self::Same(0),
            [only] => Self::Same(*only),
            _ if few.len() <= FEW => {
                let column = Self::Few(few.into());
                let near = Self::near(values);
                let words = FEW as u64 * 64;
                match near.cost(values) + words < column.cost(values) {
                    true => near,
                    false => column,
                }
            }
            _ => Self::near(values),
        }
    }

    fn near(values: &[u64]) -> Self {
        let zeros = values.iter().filter(|value| **value == 0).count();
        let zeros = zeros > values.len() / 16;
        let counted = || values.iter().filter(|value| !zeros || **value > 0);
        let least = counted().min().copied().unwrap_or(0);
        let count = counted().count().max(1) as u128;
        let sum: u128 = counted().map(|value| u128::from(value - least)).sum();
        let mean = (sum / count) as u64;
        let about = mean.checked_ilog2().unwrap_or(0);
        let low = (about.saturating_sub(1)..=about)
            .min_by_key(|low| (sum >> low) + count * u128::from(*low))
            .unwrap_or(0);
        Self::Near { least, low, zeros }
    }

    /// Bits that the values take.
    fn cost(&self, values: &[u64]) -> u64 {
        values.iter().map(|value| self.cost_of(*value)).sum()
    }

    fn cost_of(&self, value: u64) -> u64 {
        match self {
            Self::Same(_) => 0,
            Self::Few(few) => width(few).into(),
            Self::Near { zeros: true, .. } if value == 0 => 1,
            Self::Near { least, low, zeros } => {
                let ones = (value - least) >> low;
                let code = match ones < MOST_ONES.into() {
                    true => ones + 1 + u64::from(*low),
                    false => u64::from(MOST_ONES) + 64,
                };
                code + u64::from(*zeros)
            }
        }
    }

    /// Writes one of the values that the column was made for.
    pub(crate) fn write(&self, value: u64, bits: &mut BitWriter) {
        match self {
            Self::Same(_) => {}
            Self::Few(few) => {
                let which = few.iter().position(|it| *it == value).unwrap_or(0);
                bits.put(which as u64, width(few));
            }
            Self::Near { least, low, zeros } => {
                if *zeros {
                    bits.put(u64::from(value > 0), 1);
                    if value == 0 {
                        return;
                    }
                }
                let above = value - least;
                let ones = above >> low;
                if ones < MOST_ONES.into() {
                    bits.put_unary(ones as u32);
                    bits.put(above, *low);
                } else {
                    bits.put((1 << MOST_ONES) - 1, MOST_ONES);
                    bits.put(above, 64);
                }
            }
        }
    }

    /// Reads the next value.
    pub(crate) fn read(&self, bits: &mut BitReader<'_>) -> u64 {
        match self {
            Self::Same(value) => *value,
            Self::Few(few) => {
                let which = bits.take(width(few)) as usize;
                few.get(which).copied().unwrap_or(0)
            }
            Self::Near { least, low, zeros } => {
                if *zeros && bits.take(1) == 0 {
                    return 0;
                }
                let ones = bits.take_unary(MOST_ONES);
                let above = match ones < MOST_ONES {
                    true => u64::from(ones) << low | bits.take(*low),
                    false => bits.take(64),
                };
                least.wrapping_add(above)
            }
        }
    }

    /// Bytes of memory beside the column itself.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Few(few) => size_of_val(&**few),
            Self::Same(_) | Self::Near { .. } => 0,
        }
    }
}

/// Bits that say which of these.
fn width(few: &[u64]) -> u32 {
    few.len().next_power_of_two().ilog2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The values come back, from about as many bits.
    #[track_caller]
    fn check(values: &[u64], most_bits: u64) {
        let column = Column::of(values);
        let mut bits = BitWriter::default();
        for value in values {
            column.write(*value, &mut bits);
        }
        let bytes = bits.finish();
        assert_eq!(bytes.len() as u64, column.cost(values).div_ceil(8));
        let mut reader = BitReader {
            bytes: &bytes,
            at: 0,
        };
        let read: Vec<u64> = values.iter().map(|_| column.read(&mut reader)).collect();
        assert_eq!(read, values);
        assert!(column.cost(values) <= most_bits, "{column:?}");
    }

    #[test]
    fn few_bits() {
        check(&[7; 1000], 0);
        check(&[1024, 2560, 1024, 0].repeat(100), 800);
        // Frames of sound, and jumps over pictures between some of them.
        let frames: Vec<u64> = (0..1000).map(|index| 330 + index * 7 % 50).collect();
        check(&frames, 6_300);
        let jumps: Vec<u64> = (0..1000)
            .map(|index| {
                if index % 3 == 0 {
                    0
                } else {
                    20_000 + index * 97 % 9_000
                }
            })
            .collect();
        check(&jumps, 10_500);
        check(&[0, u64::MAX, 1, u64::MAX - 1], 400);
    }

    proptest! {
        #[test]
        fn any_numbers(values in prop::collection::vec(any::<u64>(), 0..300), shift in 0..64_u32) {
            let values: Vec<u64> = values.iter().map(|value| value >> shift).collect();
            check(&values, u64::MAX);
        }

        #[test]
        fn many_zeros(values in prop::collection::vec(prop_oneof![Just(0), any::<u32>()], 0..300)) {
            let values: Vec<u64> = values.into_iter().map(u64::from).collect();
            check(&values, u64::MAX);
        }
    }
}
