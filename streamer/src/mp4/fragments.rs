//! Finding the fragments of a file: `moof` boxes, by their headers, in ranged reads.
//!
//! Each header says where the next one is, so over a network a file costs one question after the
//! other, eighteen thousand for ten hours in fragments of two seconds. Where a segment index
//! (`sidx`) or a random access index (`mfra`) names places further on, many are asked at once.
//! Without one, places that look like a fragment are looked for every 256 MB.
//! None of them is believed: a place counts only if the walk from box to box comes to it.

use std::{iter::once, ops::Range};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{
    error::{Mp4Error, Refusal},
    leaps::{Leaps, Stride},
    places::places,
};
use crate::source::Source;

/// Walks that are under way at once.
const SIDE_BY_SIDE: usize = 16;
/// Fragments that a walk finds before it reports.
const AT_ONCE: usize = 256;
/// Bytes of their headers that it keeps until then, unless a single one is longer.
const BYTES_AT_ONCE: u64 = 1 << 20;
const LARGEST_FRAGMENT_HEADER: u64 = 4 << 20;
/// Eight days in boxes of a tenth of a second.
const MOST_BOXES: u64 = 16_000_000;

/// A `moof` box.
#[derive(Debug)]
pub(crate) struct Fragment {
    /// Where its header starts.
    pub(crate) at: u64,
    pub(crate) body: Bytes,
}

/// Hands over the fragments from `from` on, in the order of the file.
///
/// # Errors
/// A file that ends within a box is truncated; what follows a box must be one.
pub(crate) async fn for_each(
    source: &Source,
    from: u64,
    mut each: impl FnMut(&Fragment) -> Result<(), Refusal>,
) -> Result<(), Mp4Error> {
    let length = source.length();
    let stride = Stride::default();
    let places = places(source, from, &stride).await?;
    let starts = once(from).chain(places.iter().copied());
    let ends = places.iter().copied().chain(once(length));
    let mut walks = stream::iter(starts.zip(ends))
        .map(|(start, end)| walk(source, start..end, &stride))
        .buffered(SIDE_BY_SIDE);
    let mut at = from;
    let mut boxes = 0;
    while let Some(walk_ahead) = walks.next().await {
        let Walk { span, mut found } = walk_ahead;
        loop {
            if at >= span.end {
                // Another walk came through here: the place was not the start of a box.
                break;
            }
            if span.start != at {
                found = walk(source, at..span.end, &stride).await.found;
            }
            let Found {
                fragments,
                end,
                boxes: more,
            } = found?;
            boxes += more;
            if boxes > MOST_BOXES {
                return Err(Refusal::TooLarge("boxes").into());
            }
            for fragment in &fragments {
                each(fragment)?;
            }
            if end == at {
                return Ok(());
            }
            at = end;
            found = Ok(Found::default());
        }
    }
    Ok(())
}

/// What a walk came to.
struct Walk {
    span: Range<u64>,
    found: Result<Found, Mp4Error>,
}

#[derive(Default)]
struct Found {
    fragments: Vec<Fragment>,
    /// Where the next box starts.
    end: u64,
    boxes: u64,
}

/// From box to box until the end of the span is reached, or enough is found.
async fn walk(source: &Source, span: Range<u64>, stride: &Stride) -> Walk {
    let found = walk_from(source, &span, stride).await;
    Walk { span, found }
}

async fn walk_from(source: &Source, span: &Range<u64>, stride: &Stride) -> Result<Found, Mp4Error> {
    let length = source.length();
    let mut leaps = Leaps::new(source, stride);
    let mut found = Found {
        end: span.start,
        ..Found::default()
    };
    let mut kept = 0;
    while found.end < span.end && found.fragments.len() < AT_ONCE {
        let Some(at) = leaps.header(found.end).await? else {
            break;
        };
        if at.body.end > length {
            let described = at.body.end;
            return Err(Refusal::Truncated { described, length }.into());
        }
        if &at.kind == b"moof" {
            let size = at.body.end - at.body.start;
            if size > LARGEST_FRAGMENT_HEADER {
                return Err(Refusal::TooLarge("the header of a fragment").into());
            }
            kept += size;
            if kept > BYTES_AT_ONCE && !found.fragments.is_empty() {
                // The next walk begins with it.
                break;
            }
            found.fragments.push(Fragment {
                at: found.end,
                body: leaps.body(&at.body).await?,
            });
        }
        found.end = at.body.end;
        found.boxes += 1;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mp4::model_tests::boxed;

    /// A walk through fragments whose headers have so many bytes reports so many of them, and
    /// keeps nothing else alive; all are found in the end.
    #[track_caller]
    fn check(headers: &[usize], reported: usize) {
        let mut file = Vec::new();
        for &header in headers {
            file.extend(boxed(b"moof", &vec![0; header]));
            file.extend(boxed(b"mdat", &[0; 100]));
        }
        let source = Source::from_bytes("talk.mp4", file).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let stride = Stride::default();
            let found = walk(&source, 0..source.length(), &stride)
                .await
                .found
                .unwrap();
            let sizes: Vec<usize> = found.fragments.iter().map(|it| it.body.len()).collect();
            assert_eq!(sizes, headers[..reported]);
            assert!(found.fragments.iter().all(|it| it.body.is_unique()));
            let mut all = Vec::new();
            for_each(&source, 0, |it| {
                all.push(it.body.len());
                Ok(())
            })
            .await
            .unwrap();
            assert_eq!(all, headers);
        });
    }

    #[test]
    fn what_is_kept_is_bounded_by_bytes() {
        check(&[600; 40], 40);
        check(&[600; 300], AT_ONCE);
        check(&[300 << 10; 10], 3);
        // One that is longer comes by itself.
        check(&[3 << 20, 3 << 20], 1);
        check(&[600, 3 << 20, 600], 1);
    }
}
