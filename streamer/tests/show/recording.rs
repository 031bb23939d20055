//! What a foreign ingest receives is what the movie holds, on time.

use std::time::Duration;

use broadcast::{MediaTime, Phase};
use chrono::Utc;
use futures_util::future::join_all;
use ingest::{Ending, Options};

use crate::{
    certificate::certificate,
    movies::open,
    support::{check_run, check_whole, destination, ingest, media, run, show, soon, wanted},
};

async fn check_recording(name: &str) {
    let movie = open(name).await;
    let ingest = ingest(Options::default()).await;
    let air_time = soon();
    let (result, last) = run(show(&movie, vec![destination("it", &ingest)], air_time)).await;
    let summary = result.unwrap();
    assert_eq!(summary, last);
    assert_eq!(summary.phase, Phase::Finished);

    let wanted = wanted(&movie).await;
    check_whole(&media(&ingest, 1), &wanted);
    let now = ingest.until(|now| now.publishes[0].ended.is_some()).await;
    let publish = &now.publishes[0];
    assert!(publish.fc_unpublish);
    assert_eq!(
        publish.ended.as_ref().map(|ended| &ended.how),
        Some(&Ending::Unpublished)
    );
    let headers = if movie.audio.is_some() { 2 } else { 1 };
    assert_eq!(publish.sequence_headers, headers);
    let metadata = publish.metadata.as_ref().unwrap();
    assert_eq!(metadata.width, Some(u32::from(movie.video.width)));

    let it = &summary.destinations[0];
    assert!(it.finished && !it.connected);
    assert_eq!(it.video_frames, movie.video.frames);
    assert_eq!(
        it.bytes,
        wanted.iter().map(|one| one.size as u64).sum::<u64>()
    );
    assert_eq!(it.position, movie.duration);
    assert_eq!((it.reconnects, &it.failure), (0, &None));
    // Never early; how late, on a busy machine, is measured elsewhere.
    let error = it.on_air_error_ms.unwrap();
    assert!((0.0..500.0).contains(&error), "{error} ms");
    let first = chrono::DateTime::<Utc>::from(publish.first_media.unwrap().wall);
    assert!(first >= air_time);
}

#[tokio::test]
async fn the_movie_is_received_packet_for_packet() {
    let names = [
        "b-frames.mp4",
        "edit-list.mp4",
        "moov-first.mp4",
        "moov-last.mp4",
        "negative-offsets.mp4",
        "no-audio.mp4",
        "quicktime.mov",
    ];
    // Beside one another, for each takes its time.
    join_all(names.map(check_recording)).await;
}

#[tokio::test]
async fn the_pace_is_that_of_the_clock() {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options::default()).await;
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], soon())).await;
    result.unwrap();
    let packets = media(&ingest, 1);
    let (first, last) = (&packets[0], &packets[packets.len() - 1]);
    let took = last.arrived.instant - first.arrived.instant;
    let length = Duration::from_millis(u64::from(last.timestamp_ms - first.timestamp_ms));
    assert!(
        took.abs_diff(length) < Duration::from_millis(400),
        "{took:?} for {length:?}"
    );
}

#[tokio::test]
async fn it_begins_at_once_when_the_air_time_is_past() {
    let movie = open("edit-list.mp4").await;
    let ingest = ingest(Options::default()).await;
    let air_time = Utc::now() - Duration::from_secs(60);
    let (result, _) = run(show(&movie, vec![destination("it", &ingest)], air_time)).await;
    let it = result.unwrap().destinations.remove(0);
    assert_eq!(it.on_air_error_ms, None);
    assert!(it.on_air_at.is_some());
    check_whole(&media(&ingest, 1), &wanted(&movie).await);
}

/// A second attempt at a show that went on air this long ago.
async fn check_late_time_stamps(on_air_for: Duration) -> u32 {
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options::default()).await;
    let air_time = Utc::now() - on_air_for;
    let mut show = show(&movie, vec![destination("it", &ingest)], air_time);
    show.start_at = MediaTime::from_millis(1500);
    run(show).await.0.unwrap();
    let packets = media(&ingest, 1);
    let wanted = wanted(&movie).await;
    let (start, _) = check_run(&packets, &wanted);
    assert!(wanted[start].key_frame && wanted[start].dts <= 1500);
    assert_eq!(packets.len(), wanted.len() - start);
    packets[0].timestamp_ms
}

#[tokio::test]
async fn time_stamps_go_past_24_bits() {
    let first = check_late_time_stamps(Duration::from_secs(5 * 3600)).await;
    assert!((18_000_000..18_010_000).contains(&first), "{first}");
    // And over them, in the middle of the show.
    let before = Duration::from_millis(0x00ff_ffff - 1500);
    let first = check_late_time_stamps(before).await;
    assert!(first < 0x00ff_ffff, "{first}");
}

#[tokio::test]
async fn time_stamps_wrap_after_49_days() {
    let before = Duration::from_millis(u64::from(u32::MAX) - 1500);
    let first = check_late_time_stamps(before).await;
    assert!(first > u32::MAX - 2000, "{first}");
}

#[tokio::test]
async fn rtmps_carries_the_same() {
    let certificate = certificate("127.0.0.1");
    let ingest = ingest(Options {
        tls: Some(certificate.server),
        ..Options::default()
    })
    .await;
    let movie = open("edit-list.mp4").await;
    let mut show = show(&movie, vec![destination("it", &ingest)], soon());
    show.dial.ca_file = Some(certificate.ca_file);
    run(show).await.0.unwrap();
    check_whole(&media(&ingest, 1), &wanted(&movie).await);
}
