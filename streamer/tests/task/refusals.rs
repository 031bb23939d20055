//! Attempts that come to nothing, with the exit code that says why.

use std::time::Duration;

use broadcast::{FailureKind, Outcome, Status, keys};
use chrono::Utc;

use crate::{host::FAR_APART, world::World};

const NOW: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_secs(2);

fn code(kind: FailureKind) -> i32 {
    i32::from(kind.exit_code())
}

#[tokio::test]
async fn a_video_that_cannot_be_shown_is_refused_before_anything_is_published() {
    let world = World::new().await;
    for (fixture, kind) in [
        ("there-is-no.mp4", FailureKind::SourceMissing),
        ("hevc.mp4", FailureKind::UnsupportedMedia),
    ] {
        let id = world.broadcast(fixture, NOW, &["a"]).await;
        let (exit, log) = world.streamer(&id, 1).ends().await;
        assert_eq!(exit, code(kind), "{fixture}");
        assert!(log.contains(kind.name()));
        let attempt = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
        assert_eq!(attempt.failure.unwrap().kind, kind);
    }
    assert!(world.ingest.publishes().is_empty());
}

#[tokio::test]
async fn a_sound_track_that_is_not_there_is_refused() {
    let world = World::new().await;
    let id = world
        .broadcast_with("moov-first.mp4", NOW, |it| it.audio_track = Some(7))
        .await;

    let (exit, _) = world.streamer(&id, 1).ends().await;

    assert_eq!(exit, code(FailureKind::BadRequest));
    let attempt = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    let words = attempt.failure.unwrap().message;
    assert!(words.contains('7'), "{words}");
    assert!(world.ingest.publishes().is_empty());
}

#[tokio::test]
async fn a_video_that_is_replaced_in_the_middle_ends_the_show_where_it_was() {
    let world = World::new().await;
    let id = world.broadcast(FAR_APART, SOON, &["a"]).await;
    let streamer = world.streamer(&id, 1);
    let is_on_air = |now: &ingest::Snapshot| now.publishes.iter().any(|it| it.video_packets > 0);
    world.ingest.until(is_on_air).await;
    world.host.replace_objects();

    let (exit, log) = streamer.ends().await;

    assert_eq!(exit, code(FailureKind::SourceUnreadable), "{log}");
    let attempt = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    let failure = attempt.failure.unwrap();
    let words = failure.message;
    assert!(words.contains("changed or replaced"), "{words}");
    // All that had been read has arrived; 15 pictures a second, a key frame each second.
    let sent = world.ingest.publishes()[0].video_packets;
    assert!((1..60).contains(&sent), "{sent} pictures");
    let at = words.split_once(", at 0:00:0").unwrap().1;
    let at: f64 = at.strip_suffix(" of the video").unwrap().parse().unwrap();
    let off = (at - sent as f64 / 15.0).abs();
    assert!(off <= 0.1, "{sent} pictures, {words}");
    // From where it can go on.
    let from = failure.position.unwrap().as_millis() as f64 / 1000.0;
    assert!(from <= at && at < from + 1.1, "{from} s, {words}");
    assert!(!world.progress(&id).await.destinations[0].finished);
}

#[tokio::test]
async fn a_broadcast_without_any_key_is_not_shown() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", NOW, &["a"]).await;
    let keys = keys::Keys::new(&world.config);
    keys.delete(&keys::parameter_name(&id, "a")).await.unwrap();

    let (exit, _) = world.streamer(&id, 1).ends().await;

    assert_eq!(exit, code(FailureKind::BadRequest));
    let attempt = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    let words = attempt.failure.unwrap().message;
    assert!(words.starts_with("there is no stream key"), "{words}");
}

#[tokio::test]
async fn an_attempt_that_is_not_the_latest_or_not_wanted_any_more_does_not_begin() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", NOW, &["a"]).await;
    let (exit, _) = world.streamer(&id, 2).ends().await;
    assert_eq!(exit, code(FailureKind::Superseded));

    let called_off = Outcome {
        settled_at: Utc::now(),
        attempts: 1,
        on_air_error_ms: None,
        destinations: Vec::new(),
        failure: None,
    };
    world
        .table
        .settle(&id, None, Status::Cancelled, &called_off)
        .await
        .unwrap();
    let (exit, _) = world.streamer(&id, 1).ends().await;
    assert_eq!(exit, code(FailureKind::Superseded));
    assert!(world.ingest.publishes().is_empty());
}

#[tokio::test]
async fn an_environment_that_names_no_attempt_is_a_bad_request() {
    let world = World::new().await;
    for environment in [
        &[][..],
        &[("BROADCAST_ID", "20261201-1930-abcd")],
        // There is no such broadcast.
        &[("BROADCAST_ID", "20261201-1930-abcd"), ("ATTEMPT", "1")],
    ] {
        let (exit, _) = world.streamer_with(environment).ends().await;
        assert_eq!(exit, code(FailureKind::BadRequest), "{environment:?}");
    }
}
