//! Into which parts a file is cut, and which of them are still to be sent.

use std::ops::Range;

use crate::Part;

/// The size of a part unless there would be too many: what is lost when a connection breaks, and
/// what a sender keeps in memory.
const PART: u64 = 16 << 20;
/// Of an upload, at most.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const PARTS: u64 = 10_000;
/// The largest part that S3 takes.
const LARGEST_PART: u64 = 5 << 30;
/// Sizes of parts are multiples of this.
const MIB: u64 = 1 << 20;
/// Bytes of parts that are in memory at a time, unless one alone is larger.
const IN_MEMORY: u64 = 256 << 20;
/// Parts that are sent at a time.
const AT_A_TIME: u64 = 4;

/// The parts of a file. The same length is always cut alike, so that another run finds its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    length: u64,
    part_size: u64,
}

/// What is to be done with one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// S3 has a part of this number and length; if its entity tag is the MD5 of the file's, it
    /// stays, else it is sent again.
    Verify {
        /// From 1.
        number: u32,
        /// With its quotes.
        etag: String,
    },
    /// It is not there.
    Send {
        /// From 1.
        number: u32,
    },
}

impl Plan {
    /// The parts of a file of `length` bytes; `None` if it is larger than S3 takes.
    pub fn new(length: u64) -> Option<Self> {
        let part_size = length.div_ceil(PARTS).next_multiple_of(MIB).max(PART);
        (part_size <= LARGEST_PART).then_some(Self { length, part_size })
    }

    /// Whether one plain request does it.
    pub fn is_single(&self) -> bool {
        self.length <= self.part_size
    }

    /// How many parts there are.
    pub fn parts(&self) -> u32 {
        // At most 10,000.
        self.length.div_ceil(self.part_size) as u32
    }

    /// Where the part of a number lies; numbers begin at 1.
    pub fn range(&self, number: u32) -> Range<u64> {
        let start = u64::from(number.saturating_sub(1)).saturating_mul(self.part_size);
        start.min(self.length)..start.saturating_add(self.part_size).min(self.length)
    }

    /// How many parts are sent at a time.
    pub(crate) fn at_a_time(&self) -> usize {
        // Between 1 and 4.
        (IN_MEMORY / self.part_size).clamp(1, AT_A_TIME) as usize
    }

    /// What is to be done when S3 has these parts, by number.
    pub fn steps(&self, there: &[Part]) -> Vec<Step> {
        (1..=self.parts())
            .map(|number| {
                let range = self.range(number);
                there
                    .iter()
                    .find(|part| part.number == number && part.size == range.end - range.start)
                    .map_or(Step::Send { number }, |part| Step::Verify {
                        number,
                        etag: part.etag.clone(),
                    })
            })
            .collect()
    }
}

impl Step {
    pub(crate) fn number(&self) -> u32 {
        match self {
            Self::Verify { number, .. } | Self::Send { number } => *number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[track_caller]
    fn check(length: u64, parts: u32, part_mib: u64, at_a_time: usize) {
        let plan = Plan::new(length).unwrap();
        assert_eq!((plan.parts(), plan.part_size / MIB), (parts, part_mib));
        assert_eq!(plan.at_a_time(), at_a_time);
        assert_eq!(plan.range(parts).end, length);
        assert_eq!(plan.range(1).start, 0);
        for number in 1..parts {
            assert_eq!(plan.range(number).end, plan.range(number + 1).start);
        }
    }

    #[test]
    fn parts_are_16_mib_or_as_large_as_it_takes() {
        check(1, 1, 16, 4);
        check(PART, 1, 16, 4);
        check(PART + 1, 2, 16, 4);
        check(20 * GIB, 1_280, 16, 4);
        check(PARTS * PART, 10_000, 16, 4);
        check(PARTS * PART + 1, 9_412, 17, 4);
        check(1_024 * GIB, 9_987, 105, 2);
        check(5 * 1_024 * GIB, 9_987, 525, 1);
        assert_eq!(Plan::new(PARTS * LARGEST_PART + 1), None);
    }

    #[track_caller]
    fn check_steps(there: &[(u32, u64)], wanted: &str) {
        let there: Vec<Part> = there
            .iter()
            .map(|&(number, size)| Part {
                number,
                size,
                etag: String::new(),
            })
            .collect();
        let steps: String = Plan::new(3 * PART + 5)
            .unwrap()
            .steps(&there)
            .iter()
            .map(|step| match step {
                Step::Verify { .. } => 'v',
                Step::Send { .. } => 's',
            })
            .collect();
        assert_eq!(steps, wanted);
    }

    #[test]
    fn what_is_there_is_verified_and_the_rest_is_sent() {
        check_steps(&[], "ssss");
        check_steps(&[(1, PART), (3, PART), (4, 5)], "vsvv");
        // Parts of another plan.
        check_steps(&[(1, PART / 2), (2, PART + 1), (4, PART)], "ssss");
        check_steps(&[(5, 5), (0, PART), (9_999, PART)], "ssss");
        check_steps(&[(4, 5), (2, PART)], "svsv");
    }
}
