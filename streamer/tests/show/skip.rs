//! Another attempt at a show that keeps to the clock.

use std::time::Duration;

use broadcast::{MediaTime, OnDrop};
use chrono::Utc;
use ingest::Options;

use crate::{
    movies::open,
    support::{check_run, destination, ingest, media, run, show, wanted},
};

const HOUR: u64 = 3600;

/// An earlier attempt was on air from so many seconds ago on, `late` after the air time, and left a
/// checkpoint. The next one begins with a key frame at one of these places, all in seconds, and
/// sends all from there on, with time stamps that far ahead of the media.
async fn check(
    on_air: Option<u64>,
    late: u64,
    checkpoint_ms: i64,
    begins: std::ops::RangeInclusive<i64>,
    ahead: u64,
) {
    let case = format!("{on_air:?} {late} {checkpoint_ms}");
    let movie = open("b-frames.mp4").await;
    let ingest = ingest(Options::default()).await;
    let ago = |seconds: u64| Utc::now() - Duration::from_secs(seconds);
    let mut it = destination("it", &ingest);
    it.start_at = Some(MediaTime::from_millis(checkpoint_ms));
    it.on_air_at = on_air.map(ago);
    let air_time = ago(on_air.unwrap_or_default() + late);
    let mut show = show(&movie, vec![it], air_time);
    show.on_drop = OnDrop::Skip;
    let it = run(show).await.0.unwrap().destinations.remove(0);
    assert!(it.finished && it.on_air_at.is_some(), "{case}: {it:?}");
    let wanted = wanted(&movie).await;
    let received = media(&ingest, 1);
    let (start, shift) = check_run(&received, &wanted);
    let begun = wanted[start].dts / 1000;
    assert!(wanted[start].key_frame, "{case}");
    assert!(begins.contains(&begun), "{case}: begun at {begun} s");
    assert_eq!(start + received.len(), wanted.len(), "{case}");
    // A slow machine gets there late.
    let plausible = (ahead as i64 * 1000)..=(ahead as i64 * 1000 + 10_000);
    match ahead {
        0 => assert_eq!(shift, 0, "{case}"),
        _ => assert!(plausible.contains(&shift), "{case}: {shift}"),
    }
}

#[tokio::test]
async fn a_retry_after_the_end_shows_the_rest() {
    tokio::join!(
        // 3 h after the air time, of which the checkpoint at 2.1 s is to be taken off.
        check(Some(3 * HOUR), 0, 2100, 2..=2, 3 * HOUR - 3),
        check(None, 3 * HOUR, 2100, 2..=2, 3 * HOUR - 3),
        // It was on air, and the ingest is not known to have any of it.
        check(Some(3 * HOUR), 0, 0, 0..=0, 3 * HOUR),
    );
}

#[tokio::test]
async fn what_began_late_is_not_skipped_by_that_much() {
    tokio::join!(
        check(Some(0), 60, 1, 1..=3, 0),
        check(Some(0), HOUR, 1, 1..=3, 0),
        // Nothing to skip: the checkpoint is no further back.
        check(Some(0), 60, 3100, 3..=3, 50),
    );
}

#[tokio::test]
async fn what_began_on_time_keeps_to_the_clock() {
    tokio::join!(check(Some(0), 0, 1, 1..=3, 0), check(None, 1, 1, 2..=3, 0));
}
