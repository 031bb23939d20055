//! From a request to a broadcast that is scheduled or begun.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use broadcast::{BroadcastId, Status};
use chrono::{TimeDelta, Utc};
use region::arn;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::bench::{KEY, bench, bench_with, request};

#[tokio::test]
async fn what_is_scheduled_has_a_key_an_item_and_an_entry() {
    let bench = bench().await;
    let view = bench.created(Some(TimeDelta::hours(2))).await;
    assert_eq!(
        (view.status, view.title.as_str()),
        (Status::Scheduled, "talk.mp4")
    );
    assert_eq!(view.air_time - view.start_time, TimeDelta::seconds(240));
    assert_eq!(bench.key(&view.id).await.as_deref(), Some(KEY));
    assert_eq!(bench.execution(&view.id).await, None);

    let entry = aws_sdk_scheduler::Client::new(&bench.account.sdk)
        .get_schedule()
        .name(view.id.as_str())
        .send()
        .await
        .unwrap();
    let at = view.start_time.format("at(%Y-%m-%dT%H:%M:%S)").to_string();
    assert_eq!(entry.schedule_expression, Some(at));
    let target = entry.target.unwrap();
    let age = target.retry_policy.unwrap().maximum_event_age_in_seconds;
    assert_eq!(age, Some(540));
    let input: Value = serde_json::from_str(&target.input.unwrap()).unwrap();
    let expected = json!({
        "StateMachineArn": arn::state_machine("broadcast"),
        "Name": view.id,
        "Input": json!({ "broadcastId": view.id }).to_string(),
    });
    assert_eq!(input, expected);

    let (status, shown) = bench
        .ask("GET", &format!("/broadcasts/{}", view.id), Value::Null)
        .await;
    assert_eq!(
        (status, shown),
        (StatusCode::OK, serde_json::to_value(&view).unwrap())
    );
    let (_, list) = bench.ask("GET", "/broadcasts", Value::Null).await;
    assert_eq!(list["broadcasts"][0]["id"], json!(view.id));
    let (_, list) = bench
        .ask("GET", "/broadcasts?status=failed,aired", Value::Null)
        .await;
    assert_eq!(list, json!({ "broadcasts": [] }));
}

#[tokio::test]
async fn what_is_due_starts_without_the_scheduler() {
    let bench = bench().await;
    for air_time in [None, Some(TimeDelta::seconds(30))] {
        let view = bench.created(air_time).await;
        let execution = bench.execution(&view.id).await;
        assert_eq!(execution, Some(("RUNNING".to_owned(), 0)));
        assert!(!bench.has_entry(&view.id).await);
    }
}

#[tokio::test]
async fn the_first_versions_request_is_taken() {
    let bench = bench().await;
    let body = json!({ "bucket": "videos", "path": "talk.mp4", "token": KEY });
    let (status, view) = bench.ask("POST", "/broadcasts", body).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(view["destinations"][0]["platform"], "facebook");
    let id = view["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(bench.key(&id).await.as_deref(), Some(KEY));
    assert!(bench.execution(&id).await.is_some());
}

#[tokio::test]
async fn nothing_is_left_of_what_could_not_be_scheduled() {
    let bench = bench_with("no-such-group", false).await;
    let air_time = (Utc::now() + TimeDelta::hours(2)).to_rfc3339();
    let (status, problem) = bench
        .ask("POST", "/broadcasts", request(Some(air_time)))
        .await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(problem["kind"], "Internal");
    let (_, list) = bench.ask("GET", "/broadcasts", Value::Null).await;
    assert_eq!(list, json!({ "broadcasts": [] }));
    let keys = aws_sdk_ssm::Client::new(&bench.account.sdk)
        .get_parameters_by_path()
        .path("/matinee")
        .recursive(true)
        .send()
        .await
        .unwrap();
    assert_eq!(keys.parameters.unwrap_or_default(), []);
}

#[tokio::test]
async fn one_who_hangs_up_leaves_nothing_half_written() {
    let bench = bench().await;
    let air_time = (Utc::now() + TimeDelta::hours(2)).to_rfc3339();
    let api = bench.api.clone();
    let asks = Request::post("/broadcasts")
        .body(Body::from(request(Some(air_time)).to_string()))
        .unwrap();
    let asking = tokio::spawn(async move { api.oneshot(asks).await });
    let parameters = aws_sdk_ssm::Client::new(&bench.account.sdk);
    let written = async {
        loop {
            let keys = parameters.get_parameters_by_path().path("/matinee");
            let keys = keys.recursive(true).send().await.unwrap();
            if !keys.parameters.unwrap_or_default().is_empty() {
                asking.abort();
            }
            let (_, list) = bench.ask("GET", "/broadcasts", Value::Null).await;
            if let Some(id) = list["broadcasts"][0]["id"].as_str() {
                return id.parse::<BroadcastId>().unwrap();
            }
        }
    };
    let id = tokio::time::timeout(std::time::Duration::from_secs(20), written)
        .await
        .unwrap();
    // The item is written last.
    assert!(bench.has_entry(&id).await);
}
