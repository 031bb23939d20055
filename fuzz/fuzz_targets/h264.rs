//! Any bytes as the H.264 of a video that is held at its head and its tail.
//!
//! The index is that of a real video. The input is what follows in it: the parameter sets
//! (`avcC`), then the frames.

#![no_main]

use std::{ops::Range, time::Duration};

use broadcast::MediaTime;
use libfuzzer_sys::fuzz_target;
use streamer::{
    media::{Arrangement, Movie, MovieOptions, Programme},
    source::Source,
};

const VIDEO: &[u8] = include_bytes!("../../streamer/tests/fixtures/captions.mp4");
const HEAD_AND_TAIL: Arrangement = Arrangement {
    head: Duration::from_secs(1),
    tail: Duration::from_secs(1),
    silence: false,
};

fuzz_target!(|bytes: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(hold(bytes));
});

async fn hold(bytes: &[u8]) {
    let mut file = VIDEO.to_vec();
    let mut bytes = bytes;
    for kind in [b"avcC", b"mdat"] {
        let place = content(kind);
        let (these, rest) = bytes.split_at(place.len().min(bytes.len()));
        file[place][..these.len()].copy_from_slice(these);
        bytes = rest;
    }
    let Ok(source) = Source::from_bytes("talk.mp4", file) else { return };
    let Ok(movie) = Movie::open(source, &MovieOptions::default()).await else { return };
    let Ok(programme) = Programme::new(movie, HEAD_AND_TAIL).await else { return };
    let mut packets = programme.packets(MediaTime::ZERO);
    while let Ok(Some(_)) = packets.next().await {}
}

/// Where the content of the first box of a kind lies.
fn content(kind: &[u8; 4]) -> Range<usize> {
    let found = VIDEO.windows(4).position(|bytes| bytes == kind);
    let at = found.expect("the video has such a box");
    let size = VIDEO[at - 4..at].try_into().expect("they are four bytes");
    at + 4..at - 4 + u32::from_be_bytes(size) as usize
}
