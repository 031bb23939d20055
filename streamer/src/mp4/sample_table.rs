//! Where each sample lies and when it is due, packed: less than three bytes a sample.
//!
//! Ten hours of video and sound are three million samples. The tables of the file, unpacked, would
//! take a hundred megabytes; packed, in blocks that are decoded one at a time, they take eight.

use std::fmt;

use super::column::Column;
use crate::bits::{BitReader, BitWriter};

/// Samples in a block: what a seek decodes at most.
const BLOCK_SAMPLES: u32 = 1024;

/// One sample of a track. Times are in ticks of the track's time scale, before edit lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) index: u32,
    pub(crate) offset: u64,
    pub(crate) size: u32,
    pub(crate) dts: i64,
    /// From decoding to composition.
    pub(crate) composition: i32,
    pub(crate) duration: u32,
    pub(crate) key: bool,
}

impl Sample {
    /// When it is shown.
    pub(crate) fn cts(&self) -> i64 {
        self.dts + i64::from(self.composition)
    }
}

/// All samples of a track.
#[derive(Default)]
pub(crate) struct SampleTable {
    blocks: Vec<Block>,
    count: u32,
    total_size: u64,
    begin: i64,
    duration: i64,
    least_composition: i32,
    open: OpenBlock,
}

/// A run of samples: the state before its first, and what differs from sample to sample.
struct Block {
    start: State,
    has_key: bool,
    columns: [Column; COLUMNS],
    bits: Box<[u8]>,
}

/// The block that is being filled.
#[derive(Default)]
struct OpenBlock {
    start: State,
    state: State,
    samples: u32,
    has_key: bool,
    values: [Vec<u64>; COLUMNS],
    writer: BitWriter,
}

/// Size, jump, composition, duration, key frame.
const COLUMNS: usize = 5;

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Where the next sample lies if it follows the one before it.
    offset: u64,
    dts: i64,
}

impl SampleTable {
    /// The decoding time of the first sample, if it is not zero. Nothing has been pushed yet.
    pub(crate) fn begin_at(&mut self, dts: i64) {
        self.begin = dts;
        self.open.start.dts = dts;
        self.open.state.dts = dts;
    }

    /// Appends a sample. Its index and its decoding time follow from those before it.
    pub(crate) fn push(&mut self, sample: Sample) {
        let open = &mut self.open;
        let state = &mut open.state;
        let jump = sample.offset.wrapping_sub(state.offset) as i64;
        let values = [
            u64::from(sample.size),
            zigzag(jump),
            zigzag(sample.composition.into()),
            u64::from(sample.duration),
            u64::from(sample.key),
        ];
        for (column, value) in open.values.iter_mut().zip(values) {
            column.push(value);
        }
        state.offset = sample.offset.wrapping_add(u64::from(sample.size));
        state.dts += i64::from(sample.duration);
        open.has_key |= sample.key;
        open.samples += 1;
        self.count += 1;
        self.total_size = self.total_size.saturating_add(u64::from(sample.size));
        self.duration = open.state.dts - self.begin;
        self.least_composition = self.least_composition.min(sample.composition);
        if open.samples == BLOCK_SAMPLES {
            self.close_block();
        }
    }

    /// Ends the table; nothing is pushed after it.
    pub(crate) fn finish(&mut self) {
        if self.open.samples > 0 {
            self.close_block();
        }
        self.open.values = Default::default();
        self.open.writer = BitWriter::default();
        self.blocks.shrink_to_fit();
    }

    fn close_block(&mut self) {
        let open = &mut self.open;
        let columns = open.values.each_ref().map(|values| Column::of(values));
        for index in 0..open.samples as usize {
            for (column, values) in columns.iter().zip(&open.values) {
                column.write(values[index], &mut open.writer);
            }
        }
        self.blocks.push(Block {
            start: open.start,
            has_key: open.has_key,
            columns,
            bits: open.writer.finish(),
        });
        for values in &mut open.values {
            values.clear();
        }
        open.start = open.state;
        open.samples = 0;
        open.has_key = false;
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Bytes of all samples.
    pub(crate) fn total_size(&self) -> u64 {
        self.total_size
    }

    /// The sum of all durations.
    pub(crate) fn duration(&self) -> i64 {
        self.duration
    }

    /// The least composition offset, zero if none is below it.
    pub(crate) fn least_composition(&self) -> i32 {
        self.least_composition
    }

    /// A cursor before the sample of this index.
    pub(crate) fn cursor(&self, index: u32) -> SampleCursor {
        let block = (index / BLOCK_SAMPLES) as usize;
        let mut cursor = self.block_cursor(block);
        while cursor.index < index && cursor.next(self).is_some() {}
        cursor
    }

    /// The last sample that `wanted` accepts among those with a decoding time of at most `dts`;
    /// key frames only if `key`.
    pub(crate) fn last_before(
        &self,
        dts: i64,
        key: bool,
        wanted: impl Fn(&Sample) -> bool,
    ) -> Option<Sample> {
        let reached = self.blocks.partition_point(|block| block.start.dts <= dts);
        (0..reached)
            .rev()
            .filter(|&block| !key || self.blocks[block].has_key)
            .find_map(|block| {
                let mut cursor = self.block_cursor(block);
                let end = (block as u32 + 1).saturating_mul(BLOCK_SAMPLES);
                let mut found = None;
                while cursor.index < end
                    && let Some(sample) = cursor.next(self)
                    && sample.dts <= dts
                {
                    if (sample.key || !key) && wanted(&sample) {
                        found = Some(sample);
                    }
                }
                found
            })
    }

    /// Bytes of memory that the table takes.
    pub(crate) fn memory(&self) -> usize {
        self.blocks
            .iter()
            .map(|block| {
                let columns: usize = block.columns.iter().map(Column::memory).sum();
                size_of::<Block>() + block.bits.len() + columns
            })
            .sum()
    }

    fn block_cursor(&self, block: usize) -> SampleCursor {
        SampleCursor {
            block,
            position: 0,
            index: (block as u32).saturating_mul(BLOCK_SAMPLES),
            state: self
                .blocks
                .get(block)
                .map_or_else(State::default, |it| it.start),
        }
    }
}

impl fmt::Debug for SampleTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SampleTable")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// A place between two samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleCursor {
    block: usize,
    /// In bits.
    position: usize,
    index: u32,
    state: State,
}

impl SampleCursor {
    /// The next sample of `table`, which must be the one the cursor came from.
    pub(crate) fn next(&mut self, table: &SampleTable) -> Option<Sample> {
        if self.index == (self.block as u32 + 1).saturating_mul(BLOCK_SAMPLES) {
            *self = table.block_cursor(self.block + 1);
        }
        if self.index >= table.count {
            return None;
        }
        let block = table.blocks.get(self.block)?;
        let mut reader = BitReader {
            bytes: &block.bits,
            at: self.position,
        };
        let [size, jump, composition, duration, key] = block
            .columns
            .each_ref()
            .map(|column| column.read(&mut reader));
        self.position = reader.at;
        let state = &mut self.state;
        let offset = state.offset.wrapping_add_signed(unzigzag(jump));
        let sample = Sample {
            index: self.index,
            offset,
            size: size as u32,
            dts: state.dts,
            composition: unzigzag(composition) as i32,
            duration: duration as u32,
            key: key == 1,
        };
        state.offset = offset.wrapping_add(size);
        state.dts += i64::from(sample.duration);
        self.index += 1;
        Some(sample)
    }
}

/// Small numbers of either sign as small numbers.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(samples: &[Sample]) -> SampleTable {
        let mut table = SampleTable::default();
        for sample in samples {
            table.push(*sample);
        }
        table.finish();
        table
    }

    fn numbered(samples: Vec<(u64, u32, i32, u32, bool)>) -> Vec<Sample> {
        let mut dts = 0;
        let number = |(index, (offset, size, composition, duration, key))| {
            let sample = Sample {
                index: index as u32,
                offset,
                size,
                dts,
                composition,
                duration,
                key,
            };
            dts += i64::from(duration);
            sample
        };
        samples.into_iter().enumerate().map(number).collect()
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_read(
            samples in prop::collection::vec(any::<(u64, u32, i32, u32, bool)>(), 0..3000),
            from in 0..3000_u32,
        ) {
            let samples = numbered(samples);
            let table = table(&samples);
            let from = from.min(table.count());
            let mut cursor = table.cursor(from);
            let read: Vec<Sample> = std::iter::from_fn(|| cursor.next(&table)).collect();
            prop_assert_eq!(&read, &samples[from as usize..]);
        }

        #[test]
        fn the_last_key_frame_before_a_time(
            samples in prop::collection::vec((0..9_u64, 0..9_u32, 0..9_i32, 0..9_u32, prop::bool::weighted(0.01)), 1..5000),
            at in -10..30_000_i64,
        ) {
            let samples = numbered(samples);
            let wanted = samples.iter().rfind(|sample| sample.key && sample.dts <= at);
            let found = table(&samples).last_before(at, true, |_| true);
            prop_assert_eq!(found.as_ref(), wanted);
        }
    }

    /// As ffmpeg writes them: a picture, and the sound of its time.
    fn an_hour(constant_sound: bool) -> [SampleTable; 2] {
        let mut tables = [SampleTable::default(), SampleTable::default()];
        let mut offset = 0_u64;
        let mut sounds = 0_u64;
        let mut noise = 1_u64;
        let mut random = |below: u64| {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (noise >> 33) % below
        };
        let mut push = |table: &mut SampleTable, size: u64, composition, duration, key| {
            table.push(Sample {
                index: 0,
                offset,
                size: size as u32,
                dts: 0,
                composition,
                duration,
                key,
            });
            offset += size;
        };
        // 30 pictures a second at 6 Mbit/s with two B-frames, sound at 128 kbit/s.
        for picture in 0..3_600 * 30_u64 {
            let key = picture % 60 == 0;
            let size = match picture % 3 {
                _ if key => 90_000 + random(40_000),
                0 => 38_000 + random(20_000),
                _ => 9_000 + random(10_000),
            };
            let composition = [1536, 0, 0][picture as usize % 3];
            push(&mut tables[0], size, composition, 512, key);
            while sounds * 1024 * 30 < picture * 48_000 {
                let size = if constant_sound {
                    341
                } else {
                    300 + random(82)
                };
                push(&mut tables[1], size, 0, 1024, true);
                sounds += 1;
            }
        }
        for table in &mut tables {
            table.finish();
        }
        tables
    }

    #[test]
    fn an_hour_fits_into_800_kilobytes() {
        for (constant_sound, most) in [(false, 850_000), (true, 700_000)] {
            let tables = an_hour(constant_sound);
            let memory: usize = tables.iter().map(SampleTable::memory).sum();
            let samples = tables.iter().map(SampleTable::count).sum::<u32>();
            assert!(memory < most, "{memory} bytes for {samples} samples");
        }
    }
}
