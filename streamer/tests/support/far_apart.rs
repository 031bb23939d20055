//! A video that takes several reads, spread over its length.

use std::path::Path;

/// More than a block and what is read ahead of it.
const GAP: usize = 1_600_000;

/// A file whose media lies in three places that are far from one another, the index at its end.
pub(crate) fn media_in_three_places() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/moov-last.mp4");
    let mut bytes = std::fs::read(path).unwrap();
    let offsets = chunk_offsets(&bytes);
    let mut sorted: Vec<u32> = offsets.iter().map(|&(_, offset)| offset).collect();
    sorted.sort_unstable();
    let gaps = [sorted[sorted.len() / 3], sorted[sorted.len() * 2 / 3]];
    for (at, offset) in offsets {
        let before = gaps.iter().filter(|&&gap| offset >= gap).count();
        let moved = offset + (before * GAP) as u32;
        bytes[at..at + 4].copy_from_slice(&moved.to_be_bytes());
    }
    let mdat = position(&bytes, b"mdat") - 4;
    let size = u32::from_be_bytes(bytes[mdat..mdat + 4].try_into().unwrap());
    let size = size + (gaps.len() * GAP) as u32;
    bytes[mdat..mdat + 4].copy_from_slice(&size.to_be_bytes());
    for gap in gaps.into_iter().rev() {
        bytes.splice(gap as usize..gap as usize, vec![0; GAP]);
    }
    bytes
}

/// Where each chunk's offset stands in the index, and the offset.
fn chunk_offsets(bytes: &[u8]) -> Vec<(usize, u32)> {
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let boxes = (0..bytes.len() - 4).filter(|&at| &bytes[at..at + 4] == b"stco");
    boxes
        .flat_map(|at| (0..word(at + 8) as usize).map(move |index| at + 12 + index * 4))
        .map(|at| (at, word(at)))
        .collect()
}

fn position(bytes: &[u8], name: &[u8; 4]) -> usize {
    bytes.windows(4).rposition(|four| four == name).unwrap()
}
