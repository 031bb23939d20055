//! Starting somewhere in the middle: nothing lost, nothing before the key frame repeated.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use broadcast::{MediaTime, SourceUrl};
use streamer::{
    media::{Movie, Packet, TrackKind},
    source::{Source, SourceOptions},
};

async fn open(name: &str) -> Movie {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    let url = SourceUrl::file(&path).unwrap();
    let source = Source::open(&url, SourceOptions::default()).await.unwrap();
    Movie::open(source).await.unwrap()
}

async fn from(movie: &Movie, at: MediaTime) -> Vec<Packet> {
    let mut packets = movie.packets(at);
    let mut read = Vec::new();
    while let Some(packet) = packets.next().await.unwrap() {
        read.push(packet);
    }
    read
}

fn of(packets: &[Packet], track: TrackKind) -> impl Iterator<Item = &Packet> {
    packets.iter().filter(move |packet| packet.track == track)
}

/// From every packet's time on: the picture from the last key frame, the sound from its time.
async fn check(name: &str) {
    let movie = open(name).await;
    let all = from(&movie, MediaTime::ZERO).await;
    assert!(all.is_sorted_by_key(|packet| packet.dts));
    for at in all.iter().map(|packet| packet.dts) {
        let key = of(&all, TrackKind::Video)
            .filter(|packet| packet.key_frame && packet.dts <= at)
            .last()
            .or(of(&all, TrackKind::Video).next())
            .unwrap();
        assert_eq!(movie.key_frame_at_or_before(at), key.dts, "{name} {at:?}");
        let first = of(&all, TrackKind::Video).next().unwrap();
        let expected: Vec<&Packet> = all
            .iter()
            .filter(|packet| {
                let start = match packet.track {
                    TrackKind::Audio if key == first => MediaTime::ZERO,
                    _ => key.dts,
                };
                packet.dts >= start
            })
            .collect();
        let got = from(&movie, at).await;
        assert_eq!(got.iter().collect::<Vec<_>>(), expected, "{name} {at:?}");
    }
}

#[tokio::test]
async fn plain() {
    check("moov-first.mp4").await;
}

#[tokio::test]
async fn b_frames() {
    check("b-frames.mp4").await;
}

#[tokio::test]
async fn negative_composition_offsets() {
    check("negative-offsets.mp4").await;
}

#[tokio::test]
async fn edit_list() {
    check("edit-list.mp4").await;
    check("empty-edit.mp4").await;
}

#[tokio::test]
async fn no_sound() {
    check("no-audio.mp4").await;
}

#[tokio::test]
async fn beyond_the_end_starts_at_the_last_key_frame() {
    let movie = open("b-frames.mp4").await;
    let packets = from(&movie, movie.duration + MediaTime::from_millis(1_000_000)).await;
    assert!(packets[0].key_frame && packets[0].track == TrackKind::Video);
    assert_eq!(
        of(&packets, TrackKind::Video)
            .filter(|packet| packet.key_frame)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_dropped_future_takes_nothing() {
    let movie = open("b-frames.mp4").await;
    let whole = from(&movie, MediaTime::ZERO).await;
    let mut packets = movie.packets(MediaTime::ZERO);
    for packet in &whole {
        // Polled once, then dropped.
        let polled = tokio::select! {
            biased;
            polled = packets.next() => Some(polled.unwrap()),
            () = std::future::ready(()) => None,
        };
        let got = match polled {
            Some(got) => got,
            None => packets.next().await.unwrap(),
        };
        assert_eq!(got.as_ref(), Some(packet));
    }
}
