//! SIGTERM in every phase: the streamer leaves long before ECS would kill it, with the exit code
//! that says so.

use std::time::Duration;

use broadcast::{BroadcastId, FailureKind, Status};
use tokio::{net::TcpListener, time::Instant};

use crate::world::{Streamer, World};

const SOON: Duration = Duration::from_secs(2);
const HOUR: Duration = Duration::from_secs(3600);
/// Nothing is on air that would have to be brought to an end.
const AT_ONCE: Duration = Duration::from_secs(3);

/// THEN it ends in time, as one that was interrupted.
async fn check(streamer: Streamer, within: Duration) {
    let told = Instant::now();
    streamer.terminate();
    let (code, log) = streamer.ends().await;
    let took = told.elapsed();
    assert_eq!(
        code,
        i32::from(FailureKind::Interrupted.exit_code()),
        "{log}"
    );
    assert!(took < within, "{took:?}");
}

/// THEN the broadcast knows that its attempt was interrupted.
async fn check_recorded(world: &World, id: &BroadcastId) {
    let attempt = world.table.find_attempt(id, 1).await.unwrap().unwrap();
    assert_eq!(attempt.failure.unwrap().kind, FailureKind::Interrupted);
}

/// A server that takes connections and says nothing.
async fn silence() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn while_it_reads_the_broadcast() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", HOUR, &["a"]).await;
    let (silence, url) = silence().await;
    let streamer = world.streamer_with(&[
        ("BROADCAST_ID", id.as_str()),
        ("ATTEMPT", "1"),
        ("AWS_ENDPOINT_URL", &url),
    ]);
    let _asked = silence.accept().await.unwrap();
    check(streamer, AT_ONCE).await;
}

#[tokio::test]
async fn while_it_waits_for_credentials() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", HOUR, &["a"]).await;
    let (silence, url) = silence().await;
    let streamer = world.streamer_with(&[
        ("BROADCAST_ID", id.as_str()),
        ("ATTEMPT", "1"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
    ]);
    let _asked = silence.accept().await.unwrap();
    check(streamer, AT_ONCE).await;
}

#[tokio::test]
async fn while_it_opens_the_video() {
    let world = World::new().await;
    let (silence, url) = silence().await;
    let source = format!("{url}/talk.mp4");
    let id = world.broadcast_of(&source, HOUR, &["a"]).await;
    let streamer = world.streamer(&id, 1);
    let _asked = silence.accept().await.unwrap();
    check(streamer, AT_ONCE).await;
    check_recorded(&world, &id).await;
}

#[tokio::test]
async fn while_it_waits_for_the_air_time() {
    let world = World::new().await;
    let id = world.broadcast("moov-first.mp4", HOUR, &["a"]).await;
    let streamer = world.streamer(&id, 1);
    world.until(&id, |now| now.status == Status::Standby).await;
    check(streamer, AT_ONCE).await;
    check_recorded(&world, &id).await;
}

#[tokio::test]
async fn while_it_holds_at_the_gate() {
    let world = World::new().await;
    let ahead = Duration::from_secs(7);
    let id = world.broadcast("moov-first.mp4", ahead, &["a"]).await;
    let mut streamer = world.streamer(&id, 1);
    streamer.says("the ingest took the key").await;
    // The streams that it holds are left, which takes a moment for each.
    check(streamer, Duration::from_secs(5)).await;
    check_recorded(&world, &id).await;
}

#[tokio::test]
async fn while_it_is_on_air_and_the_table_does_not_answer() {
    let mut world = World::new().await;
    let id = world.broadcast("moov-first.mp4", SOON, &["a"]).await;
    let streamer = world.streamer(&id, 1);
    world
        .ingest
        .until(|now| now.publishes.iter().any(|one| one.video_packets > 10))
        .await;
    world.lose_the_region().await;
    check(streamer, Duration::from_secs(30)).await;
}
