//! Starting somewhere: what comes is the end of the whole, from a key frame on.

use std::time::Duration;

use broadcast::MediaTime;
use streamer::media::{Arrangement, Packet, TrackKind};

use crate::support::{ARRANGED, arranged, of, packets};

async fn check(name: &str, arrangement: Arrangement) {
    let programme = arranged(name, arrangement).await;
    let all = packets(&programme, MediaTime::ZERO).await;
    let video = of(&all, TrackKind::Video);
    for at in all.iter().map(|packet| packet.dts) {
        let mut keys = video.iter().filter(|packet| packet.key_frame);
        let key = keys.rfind(|packet| packet.dts <= at).unwrap_or(&video[0]);
        assert_eq!(programme.key_frame_at_or_before(at), key.dts, "{name} {at}");
        let expected: Vec<&Packet> = all
            .iter()
            .filter(|packet| {
                let start = match packet.track {
                    TrackKind::Audio if key.dts == video[0].dts => MediaTime::ZERO,
                    _ => key.dts,
                };
                packet.dts >= start
            })
            .collect();
        let got = packets(&programme, at).await;
        assert_eq!(got.len(), expected.len(), "{name} {at}");
        assert!(got.iter().eq(expected), "{name} {at}");
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
