//! Starting somewhere: what comes is the end of the whole, from a key frame on.

use std::time::Duration;

use broadcast::MediaTime;
use streamer::media::{Arrangement, Packet, TrackKind};

use crate::support::{ARRANGED, arranged, packets};

async fn check(name: &str, arrangement: Arrangement) {
    let programme = arranged(name, arrangement).await;
    let all = packets(&programme, MediaTime::ZERO).await;
    assert!(all.is_sorted_by_key(|packet| packet.dts), "{name}");
    let is_video = |packet: &Packet| packet.track == TrackKind::Video;
    let first = all.iter().position(is_video).unwrap();
    for at in all.iter().map(|packet| packet.dts) {
        let key = all
            .iter()
            .rposition(|packet| is_video(packet) && packet.key_frame && packet.dts <= at)
            .unwrap_or(first);
        let start = all[key].dts;
        assert_eq!(programme.key_frame_at_or_before(at), start, "{name} {at}");
        let expected = all
            .iter()
            .enumerate()
            .filter(|(place, packet)| match packet.track {
                TrackKind::Video => *place >= key,
                TrackKind::Audio => key == first || packet.dts >= start,
            });
        let got = packets(&programme, at).await;
        assert!(
            got.iter().eq(expected.map(|(_, packet)| packet)),
            "{name} {at}"
        );
    }
}

#[tokio::test]
async fn in_head_movie_and_tail() {
    check("b-frames.mp4", ARRANGED).await;
    check("moov-first.mp4", ARRANGED).await;
}

#[tokio::test]
async fn where_sound_and_picture_start_apart() {
    check("empty-edit.mp4", ARRANGED).await;
    check("no-edit-list.mp4", ARRANGED).await;
}

#[tokio::test]
async fn around_several_edits() {
    check("several-edits.mp4", ARRANGED).await;
    check("several-edits.mp4", Arrangement::default()).await;
}

#[tokio::test]
async fn head_alone_and_tail_alone() {
    let second = Duration::from_secs(1);
    let (head, tail) = (Arrangement::default(), Arrangement::default());
    check(
        "quicktime.mov",
        Arrangement {
            head: second,
            ..head
        },
    )
    .await;
    check(
        "quicktime.mov",
        Arrangement {
            tail: second,
            ..tail
        },
    )
    .await;
}

#[tokio::test]
async fn beside_added_silence() {
    check("no-audio.mp4", ARRANGED).await;
    let silence = Arrangement {
        silence: true,
        ..Arrangement::default()
    };
    check("no-audio.mp4", silence).await;
}

#[tokio::test]
async fn a_dropped_future_takes_nothing() {
    let programme = arranged("b-frames.mp4", ARRANGED).await;
    let whole = packets(&programme, MediaTime::ZERO).await;
    let mut cursor = programme.packets(MediaTime::ZERO);
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
