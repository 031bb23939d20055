//! Calling off, trying again, another key.

use axum::http::StatusCode;
use broadcast::Status;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::bench::{KEY, bench};

#[tokio::test]
async fn what_has_its_keys_tried_is_stopped_and_its_keys_forgotten() {
    let bench = bench().await;
    let view = bench.created(None).await;
    let (status, body) = bench.post(&view.id, "stop").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    bench.until_execution(&view.id, "ABORTED", 0).await;
    assert_eq!(bench.key(&view.id).await, None);
}

#[tokio::test]
async fn before_its_start_a_broadcast_is_called_off_wholly() {
    let bench = bench().await;
    let view = bench.created(Some(TimeDelta::hours(2))).await;
    let (status, problem) = bench.post(&view.id, "stop").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("cancel it instead")
    );
    for _ in 0..2 {
        let (status, shown) = bench.post(&view.id, "cancel").await;
        assert_eq!(
            (status, &shown["status"]),
            (StatusCode::OK, &json!("cancelled"))
        );
        assert!(!bench.has_entry(&view.id).await);
        assert_eq!(bench.key(&view.id).await, None);
    }
    let (status, _) = bench.post(&view.id, "retry").await;
    assert_eq!(status, StatusCode::CONFLICT);
    let path = format!("/broadcasts/{}/keys/facebook", view.id);
    let (status, _) = bench.ask("PUT", &path, json!({ "key": KEY })).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn while_it_runs_its_execution_is_stopped() {
    let bench = bench().await;
    for action in ["cancel", "stop"] {
        let view = bench.created(None).await;
        let opened = bench
            .account
            .table
            .open_attempt(&view.id, "arn", Utc::now())
            .await;
        assert_eq!(opened.unwrap().status, Status::Starting);
        let (status, body) = bench.post(&view.id, action).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        bench.until_execution(&view.id, "ABORTED", 0).await;
        assert_eq!(bench.key(&view.id).await, None);
    }
}

#[tokio::test]
async fn what_failed_is_redriven_and_what_was_missed_starts() {
    let bench = bench().await;
    bench.fails.send_replace(true);
    let failed = bench.created(None).await;
    bench.until_execution(&failed.id, "FAILED", 0).await;
    let (status, problem) = bench.post(&failed.id, "retry").await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    bench.settle(&failed.id, Status::Failed).await;
    bench.fails.send_replace(false);
    let (status, body) = bench.post(&failed.id, "retry").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    bench.until_execution(&failed.id, "RUNNING", 1).await;
    // Said twice: it runs, and that is told in words.
    let (status, problem) = bench.post(&failed.id, "retry").await;
    assert_eq!(status, StatusCode::CONFLICT);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("cannot be tried again"), "{detail}");

    let missed = bench.created(Some(TimeDelta::hours(2))).await;
    bench.settle(&missed.id, Status::Missed).await;
    let (status, body) = bench.post(&missed.id, "retry").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    bench.until_execution(&missed.id, "RUNNING", 0).await;
}

#[tokio::test]
async fn what_is_just_failing_is_redriven_when_it_has_failed() {
    let bench = bench().await;
    let view = bench.created(None).await;
    bench.until_execution(&view.id, "RUNNING", 0).await;
    // As the workflow does it: settled first, over a moment later.
    bench.settle(&view.id, Status::Failed).await;
    let ends = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        bench.fails.send_replace(true);
    };
    let ((status, body), ()) = tokio::join!(bench.post(&view.id, "retry"), ends);
    assert_eq!(status, StatusCode::OK, "{body}");
    bench.until_execution(&view.id, "FAILED", 1).await;
}

#[tokio::test]
async fn a_key_is_replaced() {
    let bench = bench().await;
    let view = bench.created(Some(TimeDelta::hours(2))).await;
    let path = |name: &str| format!("/broadcasts/{}/keys/{name}", view.id);
    let key = json!({ "key": "FB-2-0-never-shown" });
    let (status, _) = bench.ask("PUT", &path("facebook"), key.clone()).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(
        bench.key(&view.id).await.as_deref(),
        Some("FB-2-0-never-shown")
    );
    let (status, problem) = bench.ask("PUT", &path("youtube"), key).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("it has facebook")
    );
    let (status, _) = bench
        .ask("PUT", &path("facebook"), json!({ "key": "two lines\n" }))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // Everybody sees the title.
    let (status, problem) = bench
        .ask("PUT", &path("facebook"), json!({ "key": "talk.mp4" }))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(problem["detail"].as_str().unwrap().contains("title has a"));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let bench = bench().await;
    for path in [
        "/broadcasts/20261201-1930-abcd",
        "/broadcasts/nonsense",
        "/x",
    ] {
        let (status, problem) = bench.ask("GET", path, Value::Null).await;
        assert_eq!(
            (status, &problem["status"]),
            (StatusCode::NOT_FOUND, &json!(404))
        );
    }
}
