//! Places in a file where a box is likely to start: its own indices say so (`sidx`, `mfra`), or it
//! looks like it.
//!
//! They are hints. They save time where they are true and cost some where they are not.

use bytes::Buf;
use futures_util::{StreamExt, TryStreamExt, stream};
use mp4_atom::{Atom, Sidx};

use super::{
    boxes::{BoxAt, children},
    error::Mp4Error,
    leaps::{Leaps, Stride},
    table_reader::TableReader,
};
use crate::source::Source;

/// A `sidx` holds 65,535 references of twelve bytes at most.
const LARGEST_SEGMENT_INDEX: u64 = 1 << 20;
/// Boxes before the first fragment that are looked at for a segment index.
const BOXES_AHEAD: usize = 16;
const MOST_PLACES: usize = 1 << 20;

/// The places after `from`, in rising order.
///
/// # Errors
/// Only that the source cannot be read: an index that makes no sense names no places.
pub(crate) async fn places(
    source: &Source,
    from: u64,
    stride: &Stride,
) -> Result<Vec<u64>, Mp4Error> {
    let mut places = ignoring_nonsense(segment_indices(source, from, stride).await)?;
    if places.len() < 2 {
        places = ignoring_nonsense(random_access_index(source).await)?;
    }
    if places.len() < 2 && !source.is_local() {
        places = likely_places(source, from).await?;
    }
    places.retain(|&place| place > from && place < source.length());
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

fn ignoring_nonsense(places: Result<Vec<u64>, Mp4Error>) -> Result<Vec<u64>, Mp4Error> {
    match places {
        Err(Mp4Error::Refused(_)) => Ok(Vec::new()),
        places => places,
    }
}

/// ISO/IEC 14496-12, 8.16.3: from the end of the box on, one length after the other.
async fn segment_indices(
    source: &Source,
    from: u64,
    stride: &Stride,
) -> Result<Vec<u64>, Mp4Error> {
    let mut leaps = Leaps::new(source, stride);
    let mut places = Vec::new();
    let mut at = from;
    for _ in 0..BOXES_AHEAD {
        let Some(found) = leaps.header(at).await? else {
            break;
        };
        at = found.body.end;
        match &found.kind {
            b"moof" | b"mdat" => break,
            b"sidx" if found.body.end - found.body.start <= LARGEST_SEGMENT_INDEX => {
                let body = source
                    .peek(
                        found.body.start,
                        (found.body.end - found.body.start) as usize,
                    )
                    .await?;
                let Ok(index) = Sidx::decode_body(&mut &body[..]) else {
                    continue;
                };
                let mut place = found.body.end.saturating_add(index.first_offset);
                places.push(place);
                for reference in &index.references {
                    place = place.saturating_add(reference.referenced_size.into());
                    places.push(place);
                }
            }
            _ => {}
        }
    }
    Ok(places)
}

/// ISO/IEC 14496-12, 8.8.9 to 8.8.11: the end of the file says where it starts.
async fn random_access_index(source: &Source) -> Result<Vec<u64>, Mp4Error> {
    const OFFSET_BOX: u64 = 16;
    let mut places = Vec::new();
    let length = source.length();
    let Some(at) = length.checked_sub(OFFSET_BOX) else {
        return Ok(places);
    };
    let mut end = source.peek(at, OFFSET_BOX as usize).await?;
    if end.get(4..8) != Some(b"mfro") {
        return Ok(places);
    }
    end.advance(12);
    let Some(start) = length.checked_sub(end.get_u32().into()) else {
        return Ok(places);
    };
    let index = BoxAt {
        kind: *b"mfra",
        body: start.saturating_add(8)..at,
    };
    for table in children(source, &index).await? {
        if &table.kind != b"tfra" {
            continue;
        }
        let mut reader = TableReader::open_headless(source, &table).await?;
        reader.u32().await?;
        let widths = reader.u32().await?;
        let entries = reader.u32().await?;
        for _ in 0..entries {
            if places.len() == MOST_PLACES {
                return Ok(places);
            }
            if reader.version == 1 {
                reader.u64().await?;
                places.push(reader.u64().await?);
            } else {
                reader.u32().await?;
                places.push(reader.u32().await?.into());
            }
            for shift in [4, 2, 0] {
                for _ in 0..=(widths >> shift & 3) {
                    reader.u8().await?;
                }
            }
        }
    }
    Ok(places)
}

/// Far from one another, so that walks from one to the next can go on side by side.
async fn likely_places(source: &Source, from: u64) -> Result<Vec<u64>, Mp4Error> {
    const APART: u64 = 256 << 20;
    const SIDE_BY_SIDE: usize = 16;
    let starts = (from..source.length()).step_by(APART as usize).skip(1);
    let found = stream::iter(starts)
        .map(|start| likely_fragment(source, start))
        .buffered(SIDE_BY_SIDE)
        .try_collect::<Vec<Option<u64>>>()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// The next place from `start` on that looks like the start of a fragment: the header of `moof`
/// and, in it, that of `mfhd`.
pub(crate) async fn likely_fragment(source: &Source, start: u64) -> Result<Option<u64>, Mp4Error> {
    const PAGE: u64 = 256 << 10;
    const PAGES: u64 = 32;
    const LOOK: &[u8] = b"mfhd";
    // From the size of `moof` to the end of the kind of `mfhd`.
    const LENGTH: usize = 16;
    let mut at = start;
    for _ in 0..PAGES {
        let length = PAGE.min(source.length().saturating_sub(at));
        if length < LENGTH as u64 {
            break;
        }
        let page = source.peek(at, length as usize).await?;
        let likely = page
            .windows(LENGTH)
            .position(|bytes| &bytes[12..] == LOOK && &bytes[4..8] == b"moof");
        if let Some(likely) = likely {
            return Ok(Some(at + likely as u64));
        }
        // One that straddles two pages is found in the next.
        at += length - (LENGTH as u64 - 1);
    }
    Ok(None)
}
