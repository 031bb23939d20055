//! Walking the boxes of a file by their headers, in ranged reads.

use std::{io::Cursor, ops::Range};

use bytes::Bytes;
use mp4_atom::{Atom, DecodeMaybe, Header};

use super::error::{Mp4Error, Refusal};
use crate::source::Source;

/// The largest box that is read into memory as a whole. Sample tables are not: they are streamed.
const LARGEST_WHOLE_BOX: u64 = 1 << 20;

/// A box, known by its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BoxAt {
    pub(crate) kind: [u8; 4],
    /// Where its content lies, as the header says: for a truncated file beyond its end.
    pub(crate) body: Range<u64>,
}

/// The box whose header starts at `at`, or `None` where less than a header is left before `end`.
///
/// # Errors
/// A size that is smaller than the header.
pub(crate) async fn box_at(source: &Source, at: u64, end: u64) -> Result<Option<BoxAt>, Mp4Error> {
    let left = end.saturating_sub(at);
    if left < 8 {
        // QuickTime ends some containers with four zeros.
        return Ok(None);
    }
    let bytes = source.read(at, left.min(16) as usize).await?;
    Ok(Some(parse_header(&bytes, at, end)?))
}

/// The box whose header is the first of `bytes`, which lie at `at`; without a size it goes on to
/// `end`.
///
/// # Errors
/// A size that is smaller than the header.
pub(crate) fn parse_header(bytes: &[u8], at: u64, end: u64) -> Result<BoxAt, Refusal> {
    let mut rest = bytes;
    let Some(header) = Header::decode_maybe(&mut rest).map_err(|_| BAD_SIZE)? else {
        return Err(BAD_SIZE);
    };
    let start = at + (bytes.len() - rest.len()) as u64;
    let end = match header.size {
        Some(size) => start.checked_add(size as u64).ok_or(BAD_SIZE)?,
        None => end,
    };
    Ok(BoxAt {
        kind: *header.kind.as_ref(),
        body: start..end,
    })
}

/// The boxes in `container`, each of which must lie within it.
pub(crate) async fn children(source: &Source, container: &BoxAt) -> Result<Vec<BoxAt>, Mp4Error> {
    let Range { start: mut at, end } = container.body;
    let mut boxes = Vec::new();
    while let Some(child) = box_at(source, at, end).await? {
        if child.body.end > end {
            return Err(Refusal::Damaged("a box reaches beyond the one around it").into());
        }
        at = child.body.end;
        boxes.push(child);
        if boxes.len() > MOST_CHILDREN {
            return Err(Refusal::TooLarge("boxes").into());
        }
    }
    Ok(boxes)
}

/// The content of a small box.
pub(crate) async fn body(source: &Source, at: &BoxAt) -> Result<Bytes, Mp4Error> {
    let length = at.body.end - at.body.start;
    if length > LARGEST_WHOLE_BOX {
        return Err(Refusal::TooLarge("a box that should be small").into());
    }
    Ok(source.read(at.body.start, length as usize).await?)
}

/// Reads a small box as a `T`.
pub(crate) async fn decode<T: Atom>(
    source: &Source,
    at: &BoxAt,
    damage: &'static str,
) -> Result<T, Mp4Error> {
    let body = body(source, at).await?;
    // What follows the fields that are known is of no concern.
    Ok(T::decode_body(&mut Cursor::new(&body)).map_err(|_| Refusal::Damaged(damage))?)
}

pub(crate) fn find<'a>(boxes: &'a [BoxAt], kind: &[u8; 4]) -> Option<&'a BoxAt> {
    boxes.iter().find(|at| &at.kind == kind)
}

/// The boxes in `rest`, a tail of `whole`; what is cut off or malformed ends them.
pub(crate) fn child_boxes<'a>(
    whole: &'a Bytes,
    rest: &'a [u8],
) -> impl Iterator<Item = ([u8; 4], Bytes)> + 'a {
    let mut rest = rest;
    std::iter::from_fn(move || {
        let header = Header::decode_maybe(&mut rest).ok()??;
        let size = header.size.unwrap_or(rest.len());
        let body = rest.get(..size)?;
        rest = &rest[size..];
        Some((*header.kind.as_ref(), whole.slice_ref(body)))
    })
}

const BAD_SIZE: Refusal = Refusal::Damaged("a box is smaller than its header");
const MOST_CHILDREN: usize = 4096;
