//! From the tables of `stbl`, read side by side, to one packed table.

use super::{
    boxes::{BoxAt, find},
    built_table::{Addition, BuiltTable, MOST_SAMPLES},
    error::{Mp4Error, Refusal},
    table_reader::TableReader,
};
use crate::source::Source;

/// Reads the tables of a track. More can be added before they are finished.
pub(crate) async fn build(source: &Source, stbl: &[BoxAt]) -> Result<BuiltTable, Mp4Error> {
    let mut sizes = Sizes::open(source, stbl).await?;
    let mut chunks = Chunks::open(source, stbl).await?;
    let mut durations = Runs::open(source, require(stbl, b"stts")?).await?;
    let mut compositions = match find(stbl, b"ctts") {
        Some(at) => Some(Runs::open(source, at).await?).filter(|runs| runs.table.entries > 0),
        None => None,
    };
    let mut keys = Keys::open(source, stbl).await?;
    let mut built = BuiltTable::new(compositions.is_some());
    if sizes.count > MOST_SAMPLES {
        return Err(Refusal::TooLarge("samples").into());
    }

    while built.count() < sizes.count {
        let mut chunk = chunks.next().await?;
        if chunk.samples > 0 {
            built.describe(chunk.description)?;
        }
        for _ in 0..chunk.samples.min(sizes.count - built.count()) {
            let size = sizes.next().await?;
            let duration = match durations.next().await? {
                // Some writers mean a small step back; time goes on nevertheless.
                duration if duration > i32::MAX as u32 => 1,
                duration => duration,
            };
            let composition = match &mut compositions {
                // Version 0 says unsigned, and is signed wherever it matters.
                Some(runs) => runs.next_or(0).await? as i32,
                None => 0,
            };
            built.append(Addition {
                offset: chunk.offset,
                size,
                duration,
                composition,
                key: keys.is_key(built.count()).await?,
            })?;
            chunk.offset = chunk.offset.saturating_add(u64::from(size));
        }
    }
    Ok(built)
}

/// `stsz` or `stz2`.
struct Sizes<'a> {
    table: TableReader<'a>,
    count: u32,
    width: Width,
    /// The second half of a byte that holds two sizes.
    half: Option<u8>,
}

enum Width {
    Same(u32),
    Bits4,
    Bits8,
    Bits16,
    Bits32,
}

impl<'a> Sizes<'a> {
    async fn open(source: &'a Source, stbl: &[BoxAt]) -> Result<Self, Mp4Error> {
        let (mut table, width) = if let Some(at) = find(stbl, b"stsz") {
            let mut table = TableReader::open_headless(source, at).await?;
            let width = match table.u32().await? {
                0 => Width::Bits32,
                size => Width::Same(size),
            };
            (table, width)
        } else {
            let mut table = TableReader::open_headless(source, require(stbl, b"stz2")?).await?;
            let width = match table.u32().await? & 0xff {
                4 => Width::Bits4,
                8 => Width::Bits8,
                16 => Width::Bits16,
                _ => return Err(Refusal::Damaged("the width of sample sizes").into()),
            };
            (table, width)
        };
        let count = table.u32().await?;
        Ok(Self {
            table,
            count,
            width,
            half: None,
        })
    }

    async fn next(&mut self) -> Result<u32, Mp4Error> {
        Ok(match self.width {
            Width::Same(size) => size,
            Width::Bits32 => self.table.u32().await?,
            Width::Bits16 => self.table.u16().await?.into(),
            Width::Bits8 => self.table.u8().await?.into(),
            Width::Bits4 => match self.half.take() {
                Some(low) => low.into(),
                None => {
                    let byte = self.table.u8().await?;
                    self.half = Some(byte & 0xf);
                    (byte >> 4).into()
                }
            },
        })
    }
}

/// `stsc` with `stco` or `co64`.
struct Chunks<'a> {
    runs: TableReader<'a>,
    runs_left: u32,
    /// The next run: its first chunk, samples in each, sample description.
    next_run: Option<(u32, u32, u32)>,
    samples: u32,
    description: u32,
    offsets: TableReader<'a>,
    wide: bool,
    chunk: u32,
}

struct Chunk {
    offset: u64,
    samples: u32,
    description: u32,
}

impl<'a> Chunks<'a> {
    async fn open(source: &'a Source, stbl: &[BoxAt]) -> Result<Self, Mp4Error> {
        let runs = TableReader::open(source, require(stbl, b"stsc")?).await?;
        let wide = find(stbl, b"co64");
        let offsets = match wide {
            Some(at) => at,
            None => require(stbl, b"stco")?,
        };
        let mut chunks = Self {
            runs_left: runs.entries,
            runs,
            next_run: None,
            samples: 0,
            description: 0,
            offsets: TableReader::open(source, offsets).await?,
            wide: wide.is_some(),
            chunk: 0,
        };
        chunks.read_run().await?;
        Ok(chunks)
    }

    async fn read_run(&mut self) -> Result<(), Mp4Error> {
        self.next_run = None;
        if self.runs_left > 0 {
            self.runs_left -= 1;
            let first = self.runs.u32().await?;
            let samples = self.runs.u32().await?;
            self.next_run = Some((first, samples, self.runs.u32().await?));
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Chunk, Mp4Error> {
        if self.chunk == self.offsets.entries {
            return Err(Refusal::Damaged("fewer chunks than samples").into());
        }
        self.chunk += 1;
        while let Some((first, samples, description)) = self.next_run
            && first <= self.chunk
        {
            (self.samples, self.description) = (samples, description);
            self.read_run().await?;
        }
        let offset = match self.wide {
            true => self.offsets.u64().await?,
            false => self.offsets.u32().await?.into(),
        };
        Ok(Chunk {
            offset,
            samples: self.samples,
            description: self.description,
        })
    }
}

/// Runs of equal values: `stts` and `ctts`.
struct Runs<'a> {
    table: TableReader<'a>,
    runs_left: u32,
    left: u32,
    value: u32,
}

impl<'a> Runs<'a> {
    async fn open(source: &'a Source, at: &BoxAt) -> Result<Self, Mp4Error> {
        let table = TableReader::open(source, at).await?;
        Ok(Self {
            runs_left: table.entries,
            table,
            left: 0,
            value: 0,
        })
    }

    /// The next value; after the last run its value goes on.
    async fn next(&mut self) -> Result<u32, Mp4Error> {
        self.advance().await?;
        Ok(self.value)
    }

    /// The next value, or `default` after the last run.
    async fn next_or(&mut self, default: u32) -> Result<u32, Mp4Error> {
        match self.advance().await? {
            true => Ok(self.value),
            false => Ok(default),
        }
    }

    async fn advance(&mut self) -> Result<bool, Mp4Error> {
        while self.left == 0 {
            if self.runs_left == 0 {
                return Ok(false);
            }
            self.runs_left -= 1;
            self.left = self.table.u32().await?;
            self.value = self.table.u32().await?;
        }
        self.left -= 1;
        Ok(true)
    }
}

/// `stss`: without it every sample is a key frame.
struct Keys<'a> {
    table: Option<TableReader<'a>>,
    left: u32,
    /// The next key frame, by index from zero.
    next: Option<u32>,
    /// What the numbers count from: one, but some writers start at zero.
    base: u32,
}

impl<'a> Keys<'a> {
    async fn open(source: &'a Source, stbl: &[BoxAt]) -> Result<Self, Mp4Error> {
        let mut keys = Self {
            table: None,
            left: 0,
            next: None,
            base: 1,
        };
        if let Some(at) = find(stbl, b"stss") {
            let table = TableReader::open(source, at).await?;
            keys.left = table.entries;
            let table = keys.table.insert(table);
            if keys.left == 0 {
                // An empty table: nothing but the first.
                keys.next = Some(0);
            } else {
                keys.left -= 1;
                let first = table.u32().await?;
                keys.base = first.min(1);
                keys.next = Some(first - keys.base);
            }
        }
        Ok(keys)
    }

    async fn is_key(&mut self, index: u32) -> Result<bool, Mp4Error> {
        let Some(table) = &mut self.table else {
            return Ok(true);
        };
        let is_key = self.next == Some(index);
        while self.next.is_some_and(|next| next <= index) {
            self.next = None;
            if self.left > 0 {
                self.left -= 1;
                self.next = Some(table.u32().await?.saturating_sub(self.base));
            }
        }
        Ok(is_key)
    }
}

fn require<'a>(stbl: &'a [BoxAt], kind: &[u8; 4]) -> Result<&'a BoxAt, Refusal> {
    find(stbl, kind).ok_or(Refusal::Damaged("a sample table is missing"))
}
