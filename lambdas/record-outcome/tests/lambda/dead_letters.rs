//! The dead-letter queue of the schedules.

use broadcast::{BroadcastId, Status};
use record_outcome::{Config, State};
use serde_json::{Value, json};

use crate::world::World;

/// The messages as Lambda hands them over, one for each broadcast.
pub(crate) fn letters(ids: &[&BroadcastId]) -> Value {
    let sample: Value = serde_json::from_str(include_str!("../events/dead-letter.json")).unwrap();
    let records = ids.iter().map(|id| {
        let mut record = sample["Records"][0].clone();
        let body = record["body"].as_str().unwrap();
        record["body"] = json!(body.replace("20261201-1930-abcd", id.as_str()));
        record["messageId"] = json!(format!("message of {id}"));
        record
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

#[tokio::test]
async fn what_could_not_be_started_was_missed_and_what_was_started_was_not() {
    let world = World::new().await;
    let missed = world.scheduled(-7_200).await;
    let on_air = world.scheduled(-60).await;
    world.on_air(&on_air, 10).await;
    let gone: BroadcastId = "20200101-0000-aaaa".parse().unwrap();

    let answer = world.record(letters(&[&missed, &on_air, &gone])).await;

    assert_eq!(answer.unwrap(), json!({ "batchItemFailures": [] }));
    let broadcast = world.table.get(&missed).await.unwrap();
    let reason = broadcast.outcome.unwrap().failure.unwrap().message;
    assert_eq!(broadcast.status, Status::Missed);
    assert!(
        reason.starts_with("the broadcast could not be started in time: State Machine Does Not"),
        "{reason}"
    );
    assert_eq!(
        world.table.get(&on_air).await.unwrap().status,
        Status::OnAir
    );
}

#[tokio::test]
async fn what_cannot_be_settled_now_is_delivered_again() {
    let world = World::new().await;
    let id = world.scheduled(-7_200).await;
    // GIVEN a table that is not there
    let state = State::new(&world.account.sdk, Config::new("elsewhere", "cluster"));
    let answer = record_outcome::handler(&state, letters(&[&id])).await;
    assert_eq!(
        answer.unwrap(),
        json!({ "batchItemFailures": [{ "itemIdentifier": format!("message of {id}") }] })
    );
}

#[tokio::test]
async fn what_names_no_broadcast_is_not_delivered_again() {
    let world = World::new().await;
    let mut event = letters(&[&"20200101-0000-aaaa".parse().unwrap()]);
    event["Records"][0]["body"] = json!("hello");
    let answer = world.record(event).await;
    assert_eq!(answer.unwrap(), json!({ "batchItemFailures": [] }));
}
