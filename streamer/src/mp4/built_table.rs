//! A sample table that grows: from the tables of `stbl`, then from fragments.

use super::{
    error::Refusal,
    sample_table::{Sample, SampleTable},
};

/// Two days of AAC.
pub(crate) const MOST_SAMPLES: u32 = 8_000_000;
/// An RTMP message holds 2^24 - 1 bytes.
const LARGEST_SAMPLE: u32 = (1 << 24) - 64;
const MOST_DESCRIPTIONS: usize = 64;

/// The samples of a track, and what else is known of them.
#[derive(Debug)]
pub(crate) struct BuiltTable {
    pub(crate) samples: SampleTable,
    /// The sample descriptions in use, by number from one.
    pub(crate) descriptions: Vec<u32>,
    /// Whether there are composition offsets.
    pub(crate) has_compositions: bool,
    /// The end of the sample that lies last in the file.
    pub(crate) end: u64,
    /// When the next sample is due.
    next: i64,
    /// The last sample, whose duration is known when the next one is.
    last: Option<Sample>,
}

/// A sample that is to be added after those before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addition {
    pub(crate) offset: u64,
    pub(crate) size: u32,
    pub(crate) duration: u32,
    pub(crate) composition: i32,
    pub(crate) key: bool,
}

impl BuiltTable {
    /// An empty one.
    pub(crate) fn new(has_compositions: bool) -> Self {
        Self {
            samples: SampleTable::default(),
            descriptions: Vec::new(),
            has_compositions,
            end: 0,
            next: 0,
            last: None,
        }
    }

    /// Samples so far.
    pub(crate) fn count(&self) -> u32 {
        self.samples.count() + u32::from(self.last.is_some())
    }

    /// What follows is of the description of this number.
    pub(crate) fn describe(&mut self, number: u32) -> Result<(), Refusal> {
        if !self.descriptions.contains(&number) {
            if self.descriptions.len() == MOST_DESCRIPTIONS {
                return Err(Refusal::TooLarge("sample descriptions"));
            }
            self.descriptions.push(number);
        }
        Ok(())
    }

    /// The next sample is due at `time`, in ticks of less than 2^61.
    pub(crate) fn go_on_at(&mut self, time: i64) {
        self.next = time;
    }

    /// The next sample is due `ticks` later.
    pub(crate) fn pause(&mut self, ticks: u32) {
        self.next += i64::from(ticks);
    }

    /// Adds a sample that is due when the one before it has lasted, or when `go_on_at` said.
    pub(crate) fn append(&mut self, addition: Addition) -> Result<(), Refusal> {
        if addition.size > LARGEST_SAMPLE {
            return Err(Refusal::TooLarge("a frame of more than 16 MB"));
        }
        if self.count() == MOST_SAMPLES {
            return Err(Refusal::TooLarge("samples"));
        }
        let dts = match self.last.take() {
            None => {
                self.samples.begin_at(self.next);
                self.next
            }
            Some(mut last) => {
                // Time does not go back: where it should, what follows catches up.
                let lasts = (self.next - last.dts).clamp(0, u32::MAX.into());
                last.duration = lasts as u32;
                self.samples.push(last);
                last.dts + lasts
            }
        };
        let late = dts - self.next;
        let composition = i64::from(addition.composition) - late;
        self.last = Some(Sample {
            index: self.count(),
            offset: addition.offset,
            size: addition.size,
            dts,
            composition: composition.clamp(i32::MIN.into(), i32::MAX.into()) as i32,
            duration: addition.duration,
            key: addition.key,
        });
        self.next += i64::from(addition.duration);
        self.has_compositions |= addition.composition != 0;
        let end = addition.offset.saturating_add(addition.size.into());
        self.end = self.end.max(end);
        Ok(())
    }

    /// Ends the table; nothing is added after it.
    pub(crate) fn finish(&mut self) {
        if let Some(last) = self.last.take() {
            self.samples.push(last);
        }
        self.samples.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addition(duration: u32) -> Addition {
        Addition {
            offset: 0,
            size: 1,
            duration,
            composition: 5,
            key: true,
        }
    }

    /// Samples of ten ticks, each pair at a time that is told, are due at these times and shown
    /// five ticks later than was told.
    #[track_caller]
    fn check(times: &[i64], due: &[i64]) {
        let mut table = BuiltTable::new(false);
        for &time in times {
            table.go_on_at(time);
            table.append(addition(10)).unwrap();
            table.append(addition(10)).unwrap();
        }
        table.finish();
        let mut cursor = table.samples.cursor(0);
        let samples: Vec<Sample> = std::iter::from_fn(|| cursor.next(&table.samples)).collect();
        let got: Vec<i64> = samples.iter().map(|sample| sample.dts).collect();
        assert_eq!(got, due);
        let shown: Vec<i64> = samples.iter().map(Sample::cts).collect();
        let told: Vec<i64> = times
            .iter()
            .flat_map(|time| [time + 5, time + 15])
            .collect();
        assert_eq!(shown, told);
    }

    #[test]
    fn fragments_say_when_they_are_due() {
        check(&[0, 20, 40], &[0, 10, 20, 30, 40, 50]);
        // It need not start at zero, and a gap stays one.
        check(
            &[1 << 40, (1 << 40) + 100],
            &[1 << 40, (1 << 40) + 10, (1 << 40) + 100, (1 << 40) + 110],
        );
        // A few ticks too early: the sample before is shorter.
        check(&[0, 19], &[0, 10, 19, 29]);
        // Before what was there: time stands until it has caught up.
        check(&[100, 95], &[100, 110, 110, 110]);
        check(&[100, 110], &[100, 110, 110, 120]);
    }
}
