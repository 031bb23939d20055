//! What is told over SNS: each settlement once.

use broadcast::{BroadcastId, Status};
use record_outcome::{Config, State, handler};
use region::arn;
use serde_json::{Value, json};

use crate::{dead_letters::letters, failures::rejected, status_changes::event, world::World};

const AIRED: &str = "aired: \"A talk\" was shown to its end.";
const FAILED: &str = "failed: \"A talk\" failed and was given up.";

fn outcome(id: &BroadcastId, attempt: u32) -> Value {
    json!({ "state": "RecordOutcome", "broadcastId": id, "attempt": attempt })
}

#[tokio::test]
async fn a_show_that_aired_is_told_once_however_often_it_is_recorded() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    let attempt = world.on_air(&id, 60).await;
    for _ in 0..2 {
        world.record(outcome(&id, attempt)).await.unwrap();
    }
    let execution = world.start("passing", &id).await;
    world.over(&execution).await;
    let succeeded = event(&id, &execution, "SUCCEEDED");
    world.record(succeeded).await.unwrap();
    assert_eq!(world.told().await, [AIRED]);
}

#[tokio::test]
async fn a_broadcast_that_is_given_up_twice_is_told_twice_and_told_again_when_it_airs() {
    // GIVEN one that failed, and was retried to no avail
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    world.record(rejected(&id, 0)).await.unwrap_err();
    let execution = world.start("failing", &id).await;
    world.over(&execution).await;
    let failed = event(&id, &execution, "FAILED");
    world.record(failed.clone()).await.unwrap();
    assert_eq!(world.told().await, [FAILED]);

    world.record(rejected(&id, 1)).await.unwrap();
    world.record(rejected(&id, 1)).await.unwrap_err();
    assert_eq!(world.told().await, [FAILED, FAILED]);

    // WHEN it is retried once more and airs, THEN that is told, too
    world.record(rejected(&id, 2)).await.unwrap();
    let attempt = world.on_air(&id, 60).await;
    world.record(outcome(&id, attempt)).await.unwrap();
    assert_eq!(world.told().await, [FAILED, FAILED, AIRED]);
}

#[tokio::test]
async fn what_was_missed_is_told_once() {
    let world = World::new().await;
    let id = world.scheduled(-7_200).await;
    for _ in 0..2 {
        world.record(letters(&[&id])).await.unwrap();
    }
    let missed = "missed: \"A talk\" was missed: its time passed and nothing could start it.";
    assert_eq!(world.told().await, [missed]);
}

#[tokio::test]
async fn who_called_it_off_is_not_told_but_that_its_execution_was_stopped_is() {
    let world = World::new().await;
    for (air_in, error) in [(-60, Some("Cancelled")), (-120, None)] {
        let id = world.scheduled(air_in).await;
        world.on_air(&id, 10).await;
        let execution = world.start("waiting", &id).await;
        let aborted = world.abort(&id, &execution, error, None).await;
        for _ in 0..2 {
            world.record(aborted.clone()).await.unwrap();
        }
    }
    assert_eq!(world.told().await, [FAILED]);
}

#[tokio::test]
async fn what_cannot_be_told_is_settled_all_the_same_and_told_later() {
    // GIVEN a topic that is not there
    let world = World::new().await;
    let config = Config {
        topic_arn: Some(arn::topic("nowhere")),
        ..Config::new("matinee", arn::cluster())
    };
    let mute = State::new(&world.account.sdk, config);
    let id = world.scheduled(-60).await;
    let attempt = world.on_air(&id, 60).await;

    // WHEN a show has aired, THEN its workflow goes on
    handler(&mute, outcome(&id, attempt)).await.unwrap();
    let status = world.table.get(&id).await.unwrap().status;
    assert_eq!(status, Status::Aired);
    // and the event that follows is delivered again and again until it can be told.
    let succeeded = event(&id, "arn", "SUCCEEDED");
    let failed = handler(&mute, succeeded.clone()).await.unwrap_err();
    assert_eq!(failed.error_type(), "Internal");
    assert!(world.told().await.is_empty());
    world.record(succeeded).await.unwrap();
    assert_eq!(world.told().await, [AIRED]);

    // The same for a dead letter.
    let missed = world.scheduled(-7_200).await;
    let answer = handler(&mute, letters(&[&missed])).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1);
    world.record(letters(&[&missed])).await.unwrap();
    assert_eq!(world.told().await.len(), 2);
}
