//! The rule on the change of an execution's status.

use broadcast::{BroadcastId, FailureKind, MediaTime, Status};
use serde_json::{Value, json};

use crate::world::World;

/// The event as EventBridge sends it.
pub(crate) fn event(id: &BroadcastId, execution: &str, status: &str) -> Value {
    let mut event: Value =
        serde_json::from_str(include_str!("../events/execution-aborted.json")).unwrap();
    let detail = &mut event["detail"];
    detail["executionArn"] = json!(execution);
    detail["name"] = json!(id);
    detail["status"] = json!(status);
    detail["input"] = json!(json!({ "broadcastId": id }).to_string());
    event
}

/// WHEN the execution of a broadcast that is on air is stopped, THEN it settles like this, once.
async fn check_abort(error: Option<&str>, cause: Option<&str>, to: Status, message: &str) {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    world.on_air(&id, 40).await;
    let execution = world.start("waiting", &id).await;

    let aborted = world.abort(&id, &execution, error, cause).await;
    let answer = world.record(aborted.clone()).await.unwrap();

    assert_eq!(answer, json!({ "settled": to, "broadcastId": id }));
    let settled = world.table.get(&id).await.unwrap();
    let failure = settled.outcome.unwrap().failure.unwrap();
    assert_eq!(settled.status, to);
    assert_eq!(
        (failure.kind, &*failure.message),
        (FailureKind::Interrupted, message)
    );
    assert_eq!(failure.position, Some(MediaTime::from_millis(40_000)));
    let attempt = world.table.find_attempt(&id, 1).await.unwrap().unwrap();
    assert!(attempt.ended_at.is_some());
    // What can be retried needs its key.
    assert_eq!(world.has_key(&id).await, to.is_retryable());

    // Delivered again, it changes nothing.
    let again = world.record(aborted).await.unwrap();
    assert_eq!(
        again,
        json!({ "ignored": format!("the broadcast is {to}") })
    );
}

#[tokio::test]
async fn an_execution_that_its_owner_stopped_calls_its_broadcast_off() {
    let cause = "stopped by its owner";
    check_abort(Some("Cancelled"), Some(cause), Status::Cancelled, cause).await;
}

#[tokio::test]
async fn an_execution_that_was_stopped_in_the_console_fails_its_broadcast() {
    let stopped = "its execution was stopped";
    check_abort(None, None, Status::Failed, stopped).await;
    let why = "its execution was stopped: wrong video";
    check_abort(Some("Mistake"), Some("wrong video"), Status::Failed, why).await;
}

#[tokio::test]
async fn an_execution_that_failed_elsewhere_fails_its_broadcast() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    let execution = world.start("failing", &id).await;
    world.over(&execution).await;
    let mut failed = event(&id, &execution, "FAILED");
    failed["detail"]["error"] = json!("States.Runtime");
    failed["detail"]["cause"] = json!("no reason");

    world.record(failed).await.unwrap();

    let broadcast = world.table.get(&id).await.unwrap();
    let failure = broadcast.outcome.unwrap().failure.unwrap();
    assert_eq!(broadcast.status, Status::Failed);
    assert_eq!(failure.kind, FailureKind::Internal);
    assert_eq!(
        failure.message,
        "the execution failed with States.Runtime: no reason"
    );
    // It can be retried, for which it needs its key.
    assert!(world.has_key(&id).await);
}

#[tokio::test]
async fn events_that_come_late_change_nothing() {
    let world = World::new().await;
    let id = world.scheduled(-60).await;
    world.on_air(&id, 40).await;
    let before = world.table.get(&id).await.unwrap();

    // It was redriven since, and runs.
    let execution = world.start("waiting", &id).await;
    let answer = world.record(event(&id, &execution, "FAILED")).await;
    assert_eq!(
        answer.unwrap(),
        json!({ "ignored": "the execution has gone on since" })
    );
    // It is gone.
    let answer = world
        .record(event(&id, &format!("{execution}x"), "FAILED"))
        .await;
    assert_eq!(
        answer.unwrap(),
        json!({ "ignored": "the execution has gone on since" })
    );
    // Another one has the broadcast.
    let other = world.start("failing", &id).await;
    world.over(&other).await;
    let answer = world.record(event(&id, &other, "FAILED")).await;
    assert_eq!(
        answer.unwrap(),
        json!({ "ignored": "another execution owns the broadcast" })
    );
    assert_eq!(world.table.get(&id).await.unwrap(), before);
}

#[tokio::test]
async fn what_is_no_end_of_a_broadcast_is_passed_over() {
    let world = World::new().await;
    let id: BroadcastId = "20200101-0000-aaaa".parse().unwrap();
    for (event, why) in [
        (
            event(&id, "arn", "RUNNING"),
            "it is no end that needs to be recorded",
        ),
        (event(&id, "arn", "SUCCEEDED"), "what it did is recorded"),
        (event(&id, "arn", "TIMED_OUT"), "there is no such broadcast"),
        (
            serde_json::from_str(include_str!("../events/execution-of-something-else.json"))
                .unwrap(),
            "it is not the execution of a broadcast",
        ),
    ] {
        assert_eq!(
            world.record(event).await.unwrap(),
            json!({ "ignored": why })
        );
    }
}
