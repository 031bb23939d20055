//! Videos to test with; `ci/make-fixtures.sh` makes them.

use std::path::{Path, PathBuf};

use broadcast::{MediaTime, SourceUrl};
use streamer::{
    media::{Movie, MovieOptions, Packet},
    source::{Source, SourceOptions},
};

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

pub(crate) async fn open(name: &str) -> Movie {
    let url = SourceUrl::file(&fixture(name)).unwrap();
    let source = Source::open(&url, SourceOptions::default()).await.unwrap();
    Movie::open(source, &MovieOptions::default()).await.unwrap()
}

/// All packets from a time on.
pub(crate) async fn packets(movie: &Movie, from: MediaTime) -> Vec<Packet> {
    let mut packets = movie.packets(from);
    let mut read = Vec::new();
    while let Some(packet) = packets.next().await.unwrap() {
        read.push(packet);
    }
    read
}
