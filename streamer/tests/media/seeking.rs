//! Starting somewhere in the middle: nothing lost, nothing before the key frame repeated.

use broadcast::MediaTime;
use streamer::media::{Packet, TrackKind};

use crate::{movies::open, support::packets};

fn of(packets: &[Packet], track: TrackKind) -> impl Iterator<Item = &Packet> {
    packets.iter().filter(move |packet| packet.track == track)
}

/// From every packet's time on: the picture from the last key frame, the sound from its time.
async fn check(name: &str) {
    let movie = open(name).await;
    let all = packets(&movie, MediaTime::ZERO).await;
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
        let got = packets(&movie, at).await;
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
async fn fragments() {
    check("fragments-absolute.mp4").await;
    check("fragments-late.mp4").await;
    check("fragments-negative.mp4").await;
}

#[tokio::test]
async fn no_sound() {
    check("no-audio.mp4").await;
}

#[tokio::test]
async fn beyond_the_end_starts_at_the_last_key_frame() {
    let movie = open("b-frames.mp4").await;
    let last = packets(&movie, movie.duration + MediaTime::from_millis(1_000_000)).await;
    assert!(last[0].key_frame && last[0].track == TrackKind::Video);
    assert_eq!(
        of(&last, TrackKind::Video)
            .filter(|packet| packet.key_frame)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_dropped_future_takes_nothing() {
    let movie = open("b-frames.mp4").await;
    let whole = packets(&movie, MediaTime::ZERO).await;
    let mut cursor = movie.packets(MediaTime::ZERO);
    for packet in &whole {
        // Polled once, then dropped.
        let polled = tokio::select! {
            biased;
            polled = cursor.next() => Some(polled.unwrap()),
            () = std::future::ready(()) => None,
        };
        let got = match polled {
            Some(got) => got,
            None => cursor.next().await.unwrap(),
        };
        assert_eq!(got.as_ref(), Some(packet));
    }
}
