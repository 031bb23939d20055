//! What nothing can be added to, and what is told of that.

use std::time::Duration;

use broadcast::{FailureKind, MediaTime};
use streamer::media::{Arrangement, Programme, TrackKind};

use crate::{
    movies::open,
    support::{arranged, of, packets},
};

const HEAD: Arrangement = Arrangement {
    head: Duration::from_secs(3),
    tail: Duration::ZERO,
    silence: false,
};
const TAIL: Arrangement = Arrangement {
    head: Duration::ZERO,
    tail: Duration::from_secs(3),
    silence: false,
};

/// HEVC: key frames only, and the tail goes back to the last of them.
#[tokio::test]
async fn hevc_shows_key_frames() {
    let programme = arranged("hevc.mp4", HEAD).await;
    let whole = packets(&programme, MediaTime::ZERO).await;
    let video = of(&whole, TrackKind::Video);
    let head: Vec<_> = video
        .iter()
        .take_while(|packet| packet.dts < MediaTime::from_millis(3_000))
        .collect();
    assert!(head.len() >= 2 && head.iter().all(|packet| packet.key_frame));
    assert!(head.iter().all(|packet| packet.data == head[0].data));
    assert!(
        programme
            .warnings()
            .iter()
            .all(|text| !text.contains("head"))
    );

    let programme = arranged("hevc.mp4", TAIL).await;
    let told = programme.warnings().last().unwrap();
    assert!(told.contains("the tail shows its last key frame"), "{told}");
}

/// A file that was cut between key frames starts with one that is not shown in full.
#[tokio::test]
async fn several_edits_can_have_a_tail() {
    let movie = open("several-edits.mp4").await;
    let plain = Programme::plain(movie.clone());
    let programme = Programme::new(movie, TAIL).await.unwrap();
    let longer = programme.duration() - plain.duration();
    assert!((longer.as_millis() - 3_000).abs() <= 23);
}

#[tokio::test]
async fn sound_of_a_layout_of_its_own() {
    let mut movie = open("b-frames.mp4").await;
    // AAC-LC, 48 kHz, channel configuration 0.
    if let Some(audio) = &mut movie.audio {
        audio.aac_config = vec![0x11, 0x80].into();
    }
    let failure = Programme::new(movie.clone(), HEAD).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::UnsupportedMedia);
    assert!(failure.message.contains("laid out in a way of their own"));
    if let Some(audio) = &mut movie.audio {
        audio.object_type = 5;
    }
    let failure = Programme::new(movie, TAIL).await.unwrap_err();
    assert!(failure.message.contains("HE-AAC"), "{failure}");
}
