//! The state RecordFailure.

use broadcast::{BroadcastId, Failure, FailureKind, MediaTime, Status};
use chrono::Utc;
use record_outcome::RecordError;
use serde_json::{Value, json};

use crate::world::{World, execution};

/// What the state sends when the streamer's task ended with an exit code.
fn exited(id: &BroadcastId, attempt: u32, code: i32) -> Value {
    let cause = json!({
        "LastStatus": "STOPPED", "StopCode": "EssentialContainerExited",
        "StoppedReason": "Essential container in task exited",
        "Containers": [{ "Name": "streamer", "ExitCode": code }],
    });
    json!({
        "state": "RecordFailure", "broadcastId": id, "attempt": attempt, "stage": "Stream",
        "error": "States.TaskFailed", "cause": cause.to_string(), "redriveCount": 0,
        "executionArn": execution("waiting", id), "enteredTime": Utc::now(),
    })
}

/// What the state sends when no key was taken.
pub(crate) fn rejected(id: &BroadcastId, redrives: u32) -> Value {
    let cause = json!({ "errorType": "TokenRejected", "errorMessage": "a: the key was refused" });
    json!({
        "state": "RecordFailure", "broadcastId": id, "attempt": 0, "stage": "ValidateToken",
        "error": "TokenRejected", "cause": cause.to_string(), "redriveCount": redrives,
        "executionArn": execution("waiting", id), "enteredTime": Utc::now(),
    })
}

fn retry(seconds: u64) -> Result<Value, RecordError> {
    Ok(json!({ "retry": true, "waitSeconds": seconds }))
}

fn given_up(reason: &str) -> Result<Value, RecordError> {
    Err(RecordError::BroadcastFailed(reason.to_owned()))
}

#[tokio::test]
async fn a_streamer_that_died_on_air_is_followed_by_another_at_once() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    let attempt = world.on_air(&id, 40).await;

    assert_eq!(world.record(exited(&id, attempt, 137)).await, retry(0));

    let now = world.table.get(&id).await.unwrap();
    assert_eq!(
        (now.status, now.retry_budget.failures),
        (Status::Interrupted, 1)
    );
    assert_eq!(now.retry_budget.position, MediaTime::from_millis(40_000));
    let ended = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    let failure = ended.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Interrupted);
    assert_eq!(failure.position, Some(MediaTime::from_millis(40_000)));
}

#[tokio::test]
async fn a_streamer_that_dies_again_and_again_is_given_up() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    for wait in [0, 1, 2, 4, 8, 16, 30, 30] {
        let attempt = world.on_air(&id, 10).await;
        assert_eq!(world.record(exited(&id, attempt, 137)).await, retry(wait));
    }
    let attempt = world.on_air(&id, 10).await;
    let reason =
        "Interrupted: the streamer ended with exit code 137: Essential container in task exited";

    assert_eq!(
        world.record(exited(&id, attempt, 137)).await,
        given_up(reason)
    );

    let failed = world.table.get(&id).await.unwrap();
    let outcome = failed.outcome.unwrap();
    assert_eq!((failed.status, outcome.attempts), (Status::Failed, 9));
    assert_eq!(outcome.failure.unwrap().kind, FailureKind::Interrupted);
    // Invoked again because the answer was lost, it says the same.
    assert_eq!(
        world.record(exited(&id, attempt, 137)).await,
        given_up(reason)
    );
}

#[tokio::test]
async fn the_streamers_own_words_are_kept() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    let attempt = world.on_air(&id, 0).await;
    let missing = Failure::new(FailureKind::SourceMissing, "there is no s3://talks/a.mp4");
    world
        .table
        .end_attempt(&id, attempt, Utc::now(), Some(&missing))
        .await
        .unwrap();
    assert_eq!(
        world.record(exited(&id, attempt, 66)).await,
        given_up("SourceMissing: there is no s3://talks/a.mp4")
    );
}

#[tokio::test]
async fn a_key_can_be_set_right_before_the_air_time() {
    let world = World::new().await;
    let id = world.scheduled(3_600).await;
    assert_eq!(world.record(rejected(&id, 0)).await, retry(15));
    let now = world.table.get(&id).await.unwrap();
    assert_eq!((now.status, now.attempts), (Status::Scheduled, 0));
}

#[tokio::test]
async fn a_broadcast_that_was_given_up_is_open_again_when_it_is_redriven() {
    // GIVEN a broadcast whose key was refused after its air time
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    let reason = "TokenRejected: a: the key was refused";
    assert_eq!(world.record(rejected(&id, 0)).await, given_up(reason));
    let failed = world.table.get(&id).await.unwrap();
    assert_eq!(failed.status, Status::Failed);

    // WHEN its execution is redriven, THEN it is tried again whatever the kind
    let redriven = rejected(&id, 1);
    assert_eq!(world.record(redriven.clone()).await, retry(0));
    let open = world.table.get(&id).await.unwrap();
    assert_eq!((open.status, &open.outcome), (Status::Starting, &None));

    // Asked again because the answer was lost, it says the same;
    assert_eq!(world.record(redriven).await, retry(0));
    let still = world.table.get(&id).await.unwrap();
    assert_eq!(still, open);

    // but for the next failure that was all.
    assert_eq!(world.record(rejected(&id, 1)).await, given_up(reason));
    assert_eq!(world.record(rejected(&id, 2)).await, retry(0));
}

#[tokio::test]
async fn an_attempt_whose_number_was_lost_is_still_this_executions() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    world.on_air(&id, 10).await;
    let mut event = exited(&id, 0, 0);
    event["stage"] = json!("Persist");
    event["error"] = json!("Lambda.Unknown");
    event["cause"] = json!("");
    assert_eq!(world.record(event).await, retry(0));
}

#[tokio::test]
async fn an_execution_that_was_overtaken_changes_nothing() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    let attempt = world.on_air(&id, 10).await;
    world.on_air_by(&id, "another execution", 20).await;
    let before = world.table.get(&id).await.unwrap();

    let reason = format!("another execution owns broadcast {id}: it opened attempt 2");
    assert_eq!(
        world.record(exited(&id, attempt, 73)).await,
        given_up(&reason)
    );
    assert_eq!(world.table.get(&id).await.unwrap(), before);
}

#[tokio::test]
async fn a_streamer_that_a_second_task_displaced_is_followed_by_a_new_attempt() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    let attempt = world.on_air(&id, 10).await;

    assert_eq!(world.record(exited(&id, attempt, 73)).await, retry(0));

    let now = world.table.get(&id).await.unwrap();
    assert_eq!(now.status, Status::Interrupted);
    let ended = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    assert_eq!(ended.failure.unwrap().kind, FailureKind::Superseded);
}

#[tokio::test]
async fn errors_that_are_nobodys_are_ours() {
    let world = World::new().await;
    let id = world.scheduled(3_600).await;
    let mut event = rejected(&id, 0);
    event["stage"] = json!("Nowhere");
    let refused = world.record(event).await.unwrap_err();
    assert_eq!(refused.error_type(), "BadRequest");

    let nobody: BroadcastId = "20200101-0000-aaaa".parse().unwrap();
    let refused = world.record(rejected(&nobody, 0)).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "there is no broadcast 20200101-0000-aaaa"
    );
}
