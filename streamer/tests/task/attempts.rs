//! Attempts that go on air.

use std::time::Duration;

use broadcast::{
    Backup, DestinationProgress, FailureKind, MediaTime, OnDrop, Phase, Progress, Status,
    keys::Keys,
};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::world::World;

const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_show_airs_and_its_progress_is_in_the_table() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a", "b"]).await;

    let streamer = world.streamer(&id, 1);
    world.until(&id, |now| now.status == Status::Standby).await;
    world.until(&id, |now| now.status == Status::OnAir).await;
    let (code, log) = streamer.ends().await;

    assert_eq!(code, 0);
    assert!(log.contains("the ingest took the key"), "{log}");
    // The requests of the AWS SDK are not for logs, whatever RUST_LOG says.
    assert!(!log.contains("GetParameter"), "{log}");
    let progress = world.progress(&id).await;
    assert_eq!((progress.phase, progress.attempt), (Phase::Finished, 1));
    for destination in &progress.destinations {
        assert!(destination.finished, "{destination:?}");
        assert_eq!(destination.failure, None);
        assert!(
            destination.on_air_error_ms.unwrap().abs() < 50.0,
            "{destination:?}"
        );
        assert!(destination.position > MediaTime::from_millis(3_900));
    }
    let attempt = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    assert!(attempt.ended_at.is_some());
    assert_eq!(attempt.failure, None);
    // Settling it is not the streamer's business.
    assert_eq!(world.table.get(&id).await.unwrap().status, Status::OnAir);
}

#[tokio::test]
async fn told_to_stop_it_leaves_a_checkpoint_from_which_the_next_attempt_goes_on() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a"]).await;
    let streamer = world.streamer(&id, 1);
    world
        .ingest
        .until(|now| now.publishes.iter().any(|one| one.video_packets > 30))
        .await;

    streamer.terminate();
    let (code, _) = streamer.ends().await;

    assert_eq!(code, i32::from(FailureKind::Interrupted.exit_code()));
    let first = world.progress(&id).await;
    let checkpoint = first.position();
    assert!(checkpoint > MediaTime::from_millis(1_000), "{checkpoint}");
    let attempt = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    assert_eq!(attempt.failure.unwrap().kind, FailureKind::Interrupted);

    assert_eq!(world.open_attempt(&id).await, 2);
    let (code, _) = world.streamer(&id, 2).ends().await;

    assert_eq!(code, 0);
    let second = world.progress(&id).await;
    let (before, after) = (&first.destinations[0], &second.destinations[0]);
    assert!(after.finished);
    // It went on air once, and the rest of the show is not the whole of it.
    assert_eq!(after.on_air_error_ms, before.on_air_error_ms);
    assert_eq!(after.on_air_at, before.on_air_at);
    let rest = after.video_frames - before.video_frames;
    assert!(0 < rest && rest <= 45, "{after:?} after {before:?}");
    assert!(after.bytes > before.bytes);
}

#[tokio::test]
async fn head_tail_and_silence_are_the_same_show_in_each_attempt() {
    let world = World::new().await;
    let id = world
        .broadcast_with("no-audio.mp4", SOON, |broadcast| {
            broadcast.head_seconds = 2;
            broadcast.tail_seconds = 1;
            broadcast.silence = true;
        })
        .await;
    let streamer = world.streamer(&id, 1);
    // WHEN it is stopped in its head
    world
        .ingest
        .until(|now| now.publishes.iter().any(|one| one.video_packets > 20))
        .await;
    streamer.terminate();
    let (code, _) = streamer.ends().await;
    assert_eq!(code, i32::from(FailureKind::Interrupted.exit_code()));
    let first = world.progress(&id).await;
    assert!(first.position() < MediaTime::from_millis(2_000));

    // THEN the next attempt goes on from there, to the end of the tail
    assert_eq!(world.open_attempt(&id).await, 2);
    let (code, _) = world.streamer(&id, 2).ends().await;
    assert_eq!(code, 0);
    let second = world.progress(&id).await;
    assert_eq!(second.duration, first.duration);
    let after = &second.destinations[0];
    assert!(after.finished && after.audio_frames > 0, "{after:?}");
    assert!(after.position > second.duration - MediaTime::from_millis(100));
}

#[tokio::test]
async fn a_task_goes_to_the_backup_of_its_broadcast() {
    let world = World::new().await;
    let nobody = "rtmp://127.0.0.1:1/live";
    let id = world
        .broadcast_with("moov-first.mp4", SOON, |broadcast| {
            let destination = &mut broadcast.destinations[0];
            let own = std::mem::replace(&mut destination.ingest, nobody.parse().unwrap());
            destination.backup = Some(Backup {
                ingest: own,
                after_seconds: 1,
            });
        })
        .await;
    let (code, _) = world.streamer(&id, 1).ends().await;
    assert_eq!(code, 0);
    let progress = world.progress(&id).await;
    let destination = &progress.destinations[0];
    assert!(
        destination.finished && destination.on_backup,
        "{destination:?}"
    );
}

#[tokio::test]
async fn an_attempt_that_is_overtaken_leaves_the_air_and_the_table() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a"]).await;
    let streamer = world.streamer(&id, 1);
    world.until(&id, |now| now.status == Status::Standby).await;

    assert_eq!(world.open_attempt(&id).await, 2);
    let (code, _) = streamer.ends().await;

    assert_eq!(code, i32::from(FailureKind::Superseded.exit_code()));
    let now = world.table.get(&id).await.unwrap();
    assert_eq!((now.status, now.attempts), (Status::Starting, 2));
    let attempt = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    assert_eq!(attempt.ended_at, None);
}

#[tokio::test]
async fn of_two_streamers_of_one_attempt_the_newer_one_airs() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a"]).await;
    let older = world.streamer(&id, 1);
    world.until(&id, |now| now.status == Status::Standby).await;

    let newer = world.streamer(&id, 1);

    let (code, _) = older.ends().await;
    assert_eq!(code, i32::from(FailureKind::Superseded.exit_code()));
    let (code, _) = newer.ends().await;
    assert_eq!(code, 0);
    assert!(world.progress(&id).await.destinations[0].finished);
}

#[tokio::test]
async fn a_show_goes_on_without_the_table() {
    let mut world = World::new().await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a"]).await;
    let streamer = world.streamer(&id, 1);
    world.until(&id, |now| now.status == Status::Standby).await;

    world.lose_the_region().await;
    let seen = world
        .ingest
        .until(|now| now.publishes.iter().any(|one| one.ended.is_some()))
        .await;
    world.find_the_region().await;
    let (code, _) = streamer.ends().await;

    assert_eq!(code, 0);
    assert_eq!(seen.publishes.len(), 1);
    assert_eq!(world.ingest.publishes()[0].video_packets, 60);
    assert!(world.progress(&id).await.destinations[0].finished);
}

#[tokio::test]
async fn a_destination_without_a_key_does_not_keep_the_other_from_airing() {
    let world = World::new().await;
    let id = world.broadcast("moov-last.mp4", SOON, &["a", "b"]).await;
    let keys = Keys::new(&world.config);
    keys.delete(&broadcast::keys::parameter_name(&id, "a"))
        .await
        .unwrap();

    let (code, _) = world.streamer(&id, 1).ends().await;

    assert_eq!(code, 0);
    let progress = world.progress(&id).await;
    let [a, b] = progress.destinations.as_slice() else {
        panic!("{progress:?}");
    };
    assert_eq!((a.name.as_str(), a.finished), ("a", false));
    assert_eq!(a.failure.as_ref().unwrap().kind, FailureKind::BadRequest);
    assert!(b.finished);

    // A show that is over is not shown again.
    assert_eq!(world.open_attempt(&id).await, 2);
    keys.put(
        &broadcast::keys::parameter_name(&id, "b"),
        &broadcast::StreamKey::new("another"),
    )
    .await
    .unwrap();
    let publishes = world.ingest.publishes().len();
    let (code, _) = world.streamer(&id, 2).ends().await;
    assert_eq!(code, 0);
    assert_eq!(world.ingest.publishes().len(), publishes);

    // And one that has aired is not made a failure by what comes to nothing later.
    assert_eq!(world.open_attempt(&id).await, 3);
    world.ingest.accept_keys(ingest::Keys::only(["another"]));
    keys.put(
        &broadcast::keys::parameter_name(&id, "a"),
        &broadcast::StreamKey::new("refused"),
    )
    .await
    .unwrap();
    let (code, _) = world.streamer(&id, 3).ends().await;
    assert_eq!(code, 0);
    let progress = world.progress(&id).await;
    let mut kinds: Vec<_> = progress
        .destinations
        .iter()
        .map(|one| (one.name.as_str(), one.failure.as_ref().map(|why| why.kind)))
        .collect();
    kinds.sort_by_key(|(name, _)| *name);
    assert_eq!(
        kinds,
        [("a", Some(FailureKind::TokenRejected)), ("b", None)]
    );
}

#[tokio::test]
async fn a_show_that_begins_after_its_air_time_tells_how_late_it_is() {
    let world = World::new().await;
    let id = world
        .broadcast("moov-first.mp4", Duration::ZERO, &["a"])
        .await;
    let (code, _) = world.streamer(&id, 1).ends().await;
    assert_eq!(code, 0);
    let progress = world.progress(&id).await;
    assert!(progress.destinations[0].on_air_error_ms.unwrap() > 0.0);
}

/// The progress of an attempt that came to 1.5 s of a fixture.
fn broken_off(on_air_at: DateTime<Utc>) -> Progress {
    Progress {
        attempt: 1,
        phase: Phase::Finished,
        duration: MediaTime::from_millis(4_000),
        heartbeat: on_air_at,
        destinations: vec![DestinationProgress {
            name: "a".into(),
            position: MediaTime::from_millis(1_500),
            on_air_at: Some(on_air_at),
            ..DestinationProgress::default()
        }],
    }
}

#[tokio::test]
async fn a_retry_hours_later_shows_the_rest_whatever_was_to_be_skipped() {
    let world = World::new().await;
    let on_air_at = Utc::now() - TimeDelta::hours(3);
    let id = world
        .broadcast_with("moov-first.mp4", Duration::ZERO, |broadcast| {
            broadcast.air_time = on_air_at;
            broadcast.on_drop = OnDrop::Skip;
            broadcast.progress = Some(broken_off(on_air_at));
        })
        .await;
    let (code, _) = world.streamer(&id, 1).ends().await;
    assert_eq!(code, 0);
    let progress = world.progress(&id).await;
    let it = &progress.destinations[0];
    assert!(it.finished && it.video_frames > 30, "{it:?}");
    assert_eq!(it.on_air_at, Some(on_air_at));
}

#[tokio::test]
async fn a_retry_waits_for_a_web_server_that_has_lost_what_was_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let source = format!("http://{}/talk.mp4", listener.local_addr().unwrap());
    let world = World::new().await;
    let id = world
        .broadcast_with("moov-first.mp4", Duration::ZERO, |broadcast| {
            broadcast.source = source.parse().unwrap();
            broadcast.progress = Some(broken_off(broadcast.air_time));
        })
        .await;
    let streamer = world.streamer(&id, 1);
    for _ in 0..2 {
        let asked = tokio::time::timeout(Duration::from_secs(10), listener.accept()).await;
        let (mut stream, _) = asked.unwrap().unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        let answer = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    }
    streamer.terminate();
    streamer.ends().await;
}
