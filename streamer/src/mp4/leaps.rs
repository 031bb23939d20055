//! Reading box headers that lie far apart, without what lies between them.

use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;

use super::{
    boxes::{BoxAt, parse_header},
    error::Mp4Error,
};
use crate::source::Source;

const LEAST: usize = 2 * 1024;
const MOST: usize = 256 * 1024;
/// What lies between two headers so near costs less than another question.
const NEAR: u64 = MOST as u64 / 2;
const HEADER: usize = 16;

/// How much is read at once, learnt from what was needed so far; shared by all who leap.
#[derive(Debug)]
pub(crate) struct Stride(AtomicUsize);

impl Default for Stride {
    fn default() -> Self {
        Self(AtomicUsize::new(LEAST))
    }
}

/// Someone who leaps through a source. Where the leaps are short he reads on instead.
#[derive(Debug)]
pub(crate) struct Leaps<'a> {
    source: &'a Source,
    stride: &'a Stride,
    start: u64,
    window: Bytes,
    /// Where the header before lies.
    before: Option<u64>,
}

impl<'a> Leaps<'a> {
    pub(crate) fn new(source: &'a Source, stride: &'a Stride) -> Self {
        Self {
            source,
            stride,
            start: 0,
            window: Bytes::new(),
            before: None,
        }
    }

    /// The box whose header starts at `at`, or `None` where less than a header is left.
    pub(crate) async fn header(&mut self, at: u64) -> Result<Option<BoxAt>, Mp4Error> {
        let length = self.source.length();
        let left = length.saturating_sub(at).min(HEADER as u64);
        if left < 8 {
            return Ok(None);
        }
        // Of the header before, not of the end of what was read: that moves on with each reading.
        let is_near = self
            .before
            .replace(at)
            .and_then(|before| at.checked_sub(before))
            .is_some_and(|leap| leap < NEAR);
        let size = match is_near {
            true => MOST,
            false => self.stride.0.load(Ordering::Relaxed),
        };
        let bytes = self.bytes(at..at + left, size).await?;
        Ok(Some(parse_header(&bytes, at, length)?))
    }

    /// The content of a box, of which a header is likely to follow. It does not keep alive what
    /// was read with it.
    pub(crate) async fn body(&mut self, body: &Range<u64>) -> Result<Bytes, Mp4Error> {
        let needed = (body.end - body.start) as usize + 2 * HEADER;
        let learnt = needed.next_power_of_two().clamp(LEAST, MOST);
        self.stride.0.fetch_max(learnt, Ordering::Relaxed);
        let bytes = self.bytes(body.clone(), needed).await?;
        Ok(Bytes::copy_from_slice(&bytes))
    }

    /// The bytes of a range; if they have to be read, `size` bytes at once.
    async fn bytes(&mut self, range: Range<u64>, size: usize) -> Result<Bytes, Mp4Error> {
        let end = self.start + self.window.len() as u64;
        if range.start < self.start || range.end > end {
            let needed = (range.end - range.start) as usize;
            let left = self.source.length() - range.start;
            let size = (size.max(needed) as u64).min(left);
            self.window = self.source.peek(range.start, size as usize).await?;
            self.start = range.start;
        }
        let from = (range.start - self.start) as usize;
        let to = (range.end - self.start) as usize;
        Ok(self.window.slice(from..to))
    }
}
