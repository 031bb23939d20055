//! Movies and what is made of them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use broadcast::{MediaTime, SourceUrl};
use streamer::{
    media::{Arrangement, Movie, MovieOptions, Packet, Programme, TrackKind},
    source::{Source, SourceOptions},
};

/// Two seconds before, two and a half after, and silence.
pub(crate) const ARRANGED: Arrangement = Arrangement {
    head: Duration::from_millis(2_000),
    tail: Duration::from_millis(2_500),
    silence: true,
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

pub(crate) async fn arranged(name: &str, arrangement: Arrangement) -> Programme {
    let movie = open(name).await;
    Programme::new(movie, arrangement).await.unwrap()
}

/// All packets from a time on.
pub(crate) async fn packets(programme: &Programme, from: MediaTime) -> Vec<Packet> {
    let mut packets = programme.packets(from);
    let mut read = Vec::new();
    while let Some(packet) = packets.next().await.unwrap() {
        read.push(packet);
    }
    read
}

pub(crate) fn of(packets: &[Packet], track: TrackKind) -> Vec<&Packet> {
    let packets = packets.iter();
    packets.filter(|packet| packet.track == track).collect()
}
