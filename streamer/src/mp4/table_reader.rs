//! Numbers of a table, read page by page, so that no table is ever in memory as a whole.

use std::ops::Range;

use bytes::{Buf, Bytes};

use super::{
    boxes::BoxAt,
    error::{Mp4Error, Refusal},
};
use crate::source::Source;

const PAGE: u64 = 64 * 1024;

/// A cursor over the numbers of one table box.
#[derive(Debug)]
pub(crate) struct TableReader<'a> {
    source: &'a Source,
    left: Range<u64>,
    page: Bytes,
    /// Entries that the box announces; whether they are there shows when they are read.
    pub(crate) entries: u32,
    pub(crate) version: u8,
}

impl<'a> TableReader<'a> {
    /// Opens a table: version, flags and number of entries have been read.
    pub(crate) async fn open(source: &'a Source, at: &BoxAt) -> Result<Self, Mp4Error> {
        let mut reader = Self::open_headless(source, at).await?;
        reader.entries = reader.u32().await?;
        Ok(reader)
    }

    /// Opens a table whose number of entries does not come first.
    pub(crate) async fn open_headless(source: &'a Source, at: &BoxAt) -> Result<Self, Mp4Error> {
        let mut reader = Self {
            source,
            left: at.body.clone(),
            page: Bytes::new(),
            entries: 0,
            version: 0,
        };
        let [version, ..] = reader.u32().await?.to_be_bytes();
        reader.version = version;
        Ok(reader)
    }

    pub(crate) async fn u32(&mut self) -> Result<u32, Mp4Error> {
        self.need(4).await?;
        Ok(self.page.get_u32())
    }

    pub(crate) async fn u64(&mut self) -> Result<u64, Mp4Error> {
        self.need(8).await?;
        Ok(self.page.get_u64())
    }

    pub(crate) async fn u16(&mut self) -> Result<u16, Mp4Error> {
        self.need(2).await?;
        Ok(self.page.get_u16())
    }

    pub(crate) async fn u8(&mut self) -> Result<u8, Mp4Error> {
        self.need(1).await?;
        Ok(self.page.get_u8())
    }

    /// Makes sure that `length` bytes are in the page.
    async fn need(&mut self, length: usize) -> Result<(), Mp4Error> {
        if self.page.len() >= length {
            return Ok(());
        }
        // A number that straddles two pages is read again with the next one.
        let start = self.left.start - self.page.len() as u64;
        let size = (self.left.end - start).min(PAGE);
        if size < length as u64 {
            return Err(Refusal::Damaged("a table ends before its entries do").into());
        }
        self.page = self.source.read(start, size as usize).await?;
        self.left.start = start + size;
        Ok(())
    }
}
