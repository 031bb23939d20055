//! The state RecordOutcome.

use broadcast::{DestinationProgress, Failure, FailureKind, Phase, Status};
use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::world::{World, destination};

#[tokio::test]
async fn a_show_that_was_sent_to_its_end_is_aired_once() {
    // GIVEN a show that reached its end at one of two destinations
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    let attempt = world.on_air(&id, 60).await;
    let mut progress = world.table.get(&id).await.unwrap().progress.unwrap();
    let air_time = Utc::now() - TimeDelta::seconds(60);
    let rejected = Failure::new(FailureKind::TokenRejected, "the ingest refused the key");
    progress.phase = Phase::Finished;
    progress.destinations = vec![
        destination("a", 0, Some(rejected)),
        DestinationProgress {
            finished: true,
            on_air_error_ms: Some(41.0),
            on_air_at: Some(air_time + TimeDelta::milliseconds(41)),
            ..destination("b", 60, None)
        },
        DestinationProgress {
            finished: true,
            on_air_error_ms: Some(2.5),
            on_air_at: Some(air_time + TimeDelta::milliseconds(2)),
            ..destination("c", 60, None)
        },
    ];
    world.report(&id, &progress).await;

    // WHEN its outcome is recorded, also a second time, THEN the answer is the same
    let event = json!({ "state": "RecordOutcome", "broadcastId": id, "attempt": attempt });
    for _ in 0..2 {
        assert_eq!(
            world.record(event.clone()).await.unwrap(),
            json!({
                "broadcastId": id, "status": "aired", "attempts": 1, "onAirErrorMs": 2.5,
                "bytes": 3_000, "reconnects": 3,
                "failedDestinations": [{
                    "name": "a", "kind": "TokenRejected",
                    "reason": "the ingest refused the key", "position": "0:00:00.000",
                }],
            })
        );
    }
    let aired = world.table.get(&id).await.unwrap();
    let outcome = aired.outcome.unwrap();
    assert_eq!(aired.status, Status::Aired);
    assert_eq!(
        (outcome.failure, outcome.on_air_error_ms),
        (None, Some(2.5))
    );
    let attempt = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    assert!(attempt.ended_at.is_some());
    // Nobody needs its key any more.
    assert!(!world.has_key(&id).await);
}

#[tokio::test]
async fn an_attempt_that_was_overtaken_airs_nothing() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    world.on_air(&id, 60).await;
    world.on_air(&id, 60).await;
    let event = json!({ "state": "RecordOutcome", "broadcastId": id, "attempt": 1 });
    let refused = world.record(event).await.unwrap_err();
    assert_eq!(refused.error_type(), "Superseded");
    assert_eq!(world.table.get(&id).await.unwrap().status, Status::OnAir);
}

#[tokio::test]
async fn a_broadcast_that_was_called_off_meanwhile_stays_so() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    let attempt = world.on_air(&id, 60).await;
    let execution = world.start("waiting", &id).await;
    world
        .workflows
        .stop_execution()
        .execution_arn(&execution)
        .send()
        .await
        .unwrap();
    world.over(&execution).await;
    let aborted = crate::status_changes::event(&id, &execution, "ABORTED");
    world.record(aborted).await.unwrap();

    let event = json!({ "state": "RecordOutcome", "broadcastId": id, "attempt": attempt });
    let refused = world.record(event).await.unwrap_err();
    assert_eq!(refused.error_type(), "Superseded");
    assert_eq!(
        world.table.get(&id).await.unwrap().status,
        Status::Cancelled
    );
}
