//! Starting somewhere in the middle: nothing lost, nothing before the key frame repeated.

use broadcast::MediaTime;
use streamer::media::{Movie, Packet, TrackKind};

use crate::{boxes::Video, movies::open, support::packets};

fn of(packets: &[Packet], track: TrackKind) -> impl Iterator<Item = &Packet> {
    packets.iter().filter(move |packet| packet.track == track)
}

/// From every packet's time on, and between them.
async fn check(name: &str) {
    check_all(name, &open(name).await).await;
}

/// The picture from the last key frame, the sound from its time. Where an edit brings along frames
/// from before its start, several are due at once: then it is the last of those in their order.
async fn check_all(name: &str, movie: &Movie) {
    let all = packets(movie, MediaTime::ZERO).await;
    assert!(all.is_sorted_by_key(|packet| packet.dts));
    let is_video = |packet: &Packet| packet.track == TrackKind::Video;
    let first = all.iter().position(is_video).unwrap();
    let dues = all.iter().map(|packet| packet.dts);
    let between = MediaTime::from_millis(10);
    for at in dues.flat_map(|due| [due, due + between]) {
        let key = all
            .iter()
            .rposition(|packet| is_video(packet) && packet.key_frame && packet.dts <= at)
            .unwrap_or(first);
        let start = all[key].dts;
        assert_eq!(movie.key_frame_at_or_before(at), start, "{name} {at:?}");
        let expected = all.iter().enumerate().filter(|(place, packet)| {
            match packet.track {
                TrackKind::Video => *place >= key,
                // Sound may start before the first picture.
                TrackKind::Audio => key == first || packet.dts >= start,
            }
        });
        let got = packets(movie, at).await;
        assert!(
            got.iter().eq(expected.map(|(_, packet)| packet)),
            "{name} {at:?}: from {start:?}, got {:?}",
            got.iter()
                .map(|packet| (packet.track, packet.dts))
                .collect::<Vec<_>>()
        );
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
async fn several_edits() {
    check("several-edits.mp4").await;
}

#[tokio::test]
async fn all_of_it_twice() {
    let mut video = Video::of("several-edits.mp4");
    for track in 0..2 {
        // All of it: as many milliseconds, from zero, at the usual speed.
        let part = [6_000, 0, 0x1_0000_u32].map(u32::to_be_bytes).concat();
        let edits = video.track(track).at("edts/elst");
        edits.set(8, &[part.clone(), part].concat());
    }
    check_all("twice", &video.open().await.unwrap()).await;
}

#[tokio::test]
async fn variable_frame_rate() {
    check("variable-rate.mp4").await;
}

#[tokio::test]
async fn fragments() {
    check("fragments-edit.mp4").await;
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
