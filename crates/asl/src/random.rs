//! Random numbers from a seed that the caller gives: the interpreter draws none of its own.

/// SplitMix64: a small generator whose whole state is one number, so that the same seed gives
/// the same execution on every machine. Not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0 <= n < 1`.
    pub(crate) fn next_fraction(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        #[expect(
            clippy::cast_precision_loss,
            reason = "53 bits fit an f64 without loss"
        )]
        let mantissa = (self.next_u64() >> 11) as f64;
        mantissa / (1_u64 << 53) as f64
    }

    /// A version 4 UUID in lower case.
    pub(crate) fn next_uuid(&mut self) -> String {
        let high = (self.next_u64() & !0xF000) | 0x4000;
        let low = (self.next_u64() & !(0b11 << 62)) | (0b10 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_gives_the_same_numbers() {
        let (mut left, mut right) = (Random::new(7), Random::new(7));
        assert_eq!(left.next_u64(), right.next_u64());
        assert_ne!(left.next_u64(), Random::new(8).next_u64());
    }

    #[test]
    fn fractions_stay_below_one() {
        let mut random = Random::new(1);
        assert!((0..10_000).all(|_| (0.0..1.0).contains(&random.next_fraction())));
    }

    #[test]
    fn uuids_are_of_version_4() {
        let uuid = Random::new(3).next_uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&uuid.as_bytes()[19]));
    }
}
