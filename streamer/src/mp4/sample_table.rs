//! Where each sample lies and when it is due, packed: about five bytes a sample.
//!
//! Ten hours of video and sound are three million samples. The tables of the file, unpacked, would
//! take a hundred megabytes; packed, in blocks that are decoded one at a time, they take fifteen.

use std::fmt;

/// Samples in a block: what a seek decodes at most.
const BLOCK_SAMPLES: u32 = 1024;

const KEY: u64 = 1;
const COMPOSITION: u64 = 2;
const DURATION: u64 = 4;
const JUMP: u64 = 8;
const FLAG_BITS: u32 = 4;

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

/// A run of samples, the state before its first and the changes from sample to sample.
struct Block {
    start: State,
    has_key: bool,
    changes: Box<[u8]>,
}

#[derive(Default)]
struct OpenBlock {
    start: State,
    state: State,
    samples: u32,
    has_key: bool,
    changes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Where the next sample lies if it follows the one before it.
    offset: u64,
    dts: i64,
    composition: i32,
    duration: u32,
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
        let mut flags = if sample.key { KEY } else { 0 };
        let jump = sample.offset.wrapping_sub(state.offset) as i64;
        if jump != 0 {
            flags |= JUMP;
        }
        if sample.composition != state.composition {
            flags |= COMPOSITION;
        }
        if sample.duration != state.duration {
            flags |= DURATION;
        }
        write(
            &mut open.changes,
            u64::from(sample.size) << FLAG_BITS | flags,
        );
        if flags & JUMP != 0 {
            write(&mut open.changes, zigzag(jump));
        }
        if flags & COMPOSITION != 0 {
            write(&mut open.changes, zigzag(i64::from(sample.composition)));
        }
        if flags & DURATION != 0 {
            write(&mut open.changes, u64::from(sample.duration));
        }
        state.offset = sample.offset.wrapping_add(u64::from(sample.size));
        state.dts += i64::from(sample.duration);
        state.composition = sample.composition;
        state.duration = sample.duration;
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
        self.open.changes = Vec::new();
        self.blocks.shrink_to_fit();
    }

    fn close_block(&mut self) {
        let open = &mut self.open;
        self.blocks.push(Block {
            start: open.start,
            has_key: open.has_key,
            changes: open.changes.as_slice().into(),
        });
        open.changes.clear();
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
    #[cfg(test)]
    fn memory(&self) -> usize {
        self.blocks
            .iter()
            .map(|block| size_of::<Block>() + block.changes.len())
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
    position: usize,
    index: u32,
    state: State,
}

impl SampleCursor {
    /// The next sample of `table`, which must be the one the cursor came from.
    pub(crate) fn next(&mut self, table: &SampleTable) -> Option<Sample> {
        let mut block = table.blocks.get(self.block)?;
        if self.position == block.changes.len() {
            self.block += 1;
            self.position = 0;
            block = table.blocks.get(self.block)?;
            self.state = block.start;
        }
        let changes = &block.changes;
        let head = read(changes, &mut self.position)?;
        let state = &mut self.state;
        if head & JUMP != 0 {
            let jump = unzigzag(read(changes, &mut self.position)?);
            state.offset = state.offset.wrapping_add_signed(jump);
        }
        if head & COMPOSITION != 0 {
            state.composition = unzigzag(read(changes, &mut self.position)?) as i32;
        }
        if head & DURATION != 0 {
            state.duration = read(changes, &mut self.position)? as u32;
        }
        let sample = Sample {
            index: self.index,
            offset: state.offset,
            size: (head >> FLAG_BITS) as u32,
            dts: state.dts,
            composition: state.composition,
            duration: state.duration,
            key: head & KEY != 0,
        };
        state.offset = state.offset.wrapping_add(u64::from(sample.size));
        state.dts += i64::from(sample.duration);
        self.index += 1;
        Some(sample)
    }
}

/// LEB128: seven bits a byte, the lowest first.
fn write(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn read(bytes: &[u8], position: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = *bytes.get(*position)?;
        *position += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
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

    #[test]
    fn ten_hours_fit_into_fifteen_megabytes() {
        // 30 frames a second at 6 Mbit/s, B-frames, sound between the pictures.
        let video = (0..36_000 * 30_u64).map(|index| Sample {
            index: index as u32,
            offset: index * 25_600,
            size: 25_000 + (index % 97) as u32,
            dts: index as i64 * 512,
            composition: [1024, 2560, 1024, 0][index as usize % 4],
            duration: 512,
            key: index % 60 == 0,
        });
        let audio = (0..36_000 * 47_u64).map(|index| Sample {
            index: index as u32,
            offset: index * 16_000,
            size: 330 + (index % 50) as u32,
            dts: index as i64 * 1024,
            composition: 0,
            duration: 1024,
            key: true,
        });
        let mut tables = [SampleTable::default(), SampleTable::default()];
        video.for_each(|sample| tables[0].push(sample));
        audio.for_each(|sample| tables[1].push(sample));
        let memory: usize = tables.iter().map(SampleTable::memory).sum();
        assert!(memory < 18_000_000, "{memory}");
    }
}
