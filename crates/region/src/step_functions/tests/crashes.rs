//! The engine dropped without shutdown and opened again, as a `kill -9` leaves it.

use std::sync::atomic::Ordering;

use chrono::{TimeDelta, Utc};
use serde_json::json;
use tempfile::TempDir;

use super::{Engine, Script, answering, invoke};
use crate::clock::Clock;

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_at_its_time_after_a_crash() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let execution = engine
        .start(json!({"One": {"Type": "Wait", "Seconds": 1, "End": true}}))
        .await;
    drop(engine);
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(answer["status"], "SUCCEEDED");
    let took = answer["stopDate"].as_f64().unwrap() - answer["startDate"].as_f64().unwrap();
    assert!((1.0..5.0).contains(&took), "{took}");
    assert_eq!(
        engine.history(&execution).await,
        [
            "1 ExecutionStarted",
            "2 WaitStateEntered",
            "3 WaitStateExited",
            "4 ExecutionSucceeded"
        ]
    );
    assert_eq!(engine.heard().await, ["RUNNING", "SUCCEEDED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_ended_during_the_outage_ends_at_once() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let until = Utc::now() + TimeDelta::milliseconds(300);
    let execution = engine
        .start(json!({"One": {"Type": "Wait", "Timestamp": until.to_rfc3339(), "End": true}}))
        .await;
    drop(engine);
    Clock.sleep_until(until).await;
    let engine = Engine::open(directory.path(), &Script::default()).await;
    assert_eq!(engine.ended(&execution).await["status"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_in_flight_is_invoked_again() {
    let directory = TempDir::new().unwrap();
    let hanging = Script::default();
    let engine = Engine::open(directory.path(), &hanging).await;
    let output = json!({"Output": "{% $states.result.Payload %}"});
    let execution = engine.start(json!({"One": invoke("slow", output)})).await;
    hanging.was_invoked.notified().await;
    drop(engine);
    let script = answering();
    let engine = Engine::open(directory.path(), &script).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(
        (&answer["status"], &answer["output"]),
        (&json!("SUCCEEDED"), &json!(r#"{"n":1}"#))
    );
    assert_eq!(script.invoked.load(Ordering::SeqCst), 1);
    assert_eq!(
        engine.history(&execution).await,
        [
            "1 ExecutionStarted",
            "2 TaskStateEntered",
            "3 TaskScheduled",
            "4 TaskStarted",
            "5 TaskSucceeded",
            "6 TaskStateExited",
            "7 ExecutionSucceeded"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_comes_at_its_time_after_a_crash() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let retry =
        json!({"Retry": [{"ErrorEquals": ["Oops"], "MaxAttempts": 1, "IntervalSeconds": 1}]});
    let execution = engine.start(json!({"One": invoke("fail", retry)})).await;
    engine.until_history_holds(&execution, "5 TaskFailed").await;
    drop(engine);
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(
        (&answer["status"], &answer["error"]),
        (&json!("FAILED"), &json!("Oops"))
    );
    let took = answer["stopDate"].as_f64().unwrap() - answer["startDate"].as_f64().unwrap();
    assert!((1.0..5.0).contains(&took), "{took}");
    assert_eq!(
        engine.history(&execution).await[5..],
        [
            "6 TaskScheduled",
            "7 TaskStarted",
            "8 TaskFailed",
            "9 ExecutionFailed"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_and_redriven_across_crashes() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let execution = engine
        .start(json!({"One": invoke("slow", json!({}))}))
        .await;
    let by_arn = json!({"executionArn": execution});
    let refused = engine.call("RedriveExecution", by_arn.clone()).await;
    assert_eq!(refused.unwrap_err().code, "ExecutionNotRedrivable");
    let stop = json!({"executionArn": execution, "error": "E", "cause": "C"});
    engine.call("StopExecution", stop).await.unwrap();
    drop(engine);

    let engine = Engine::open(directory.path(), &Script::default()).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(answer["status"], "ABORTED");
    assert_eq!(
        (&answer["error"], &answer["cause"]),
        (&json!("E"), &json!("C"))
    );
    assert_eq!(answer["redriveStatus"], "REDRIVABLE");
    let redrive = json!({"executionArn": execution, "clientToken": "t"});
    let first = engine
        .call("RedriveExecution", redrive.clone())
        .await
        .unwrap();
    assert_eq!(
        engine.call("RedriveExecution", redrive).await.unwrap(),
        first
    );
    drop(engine);

    let engine = Engine::open(directory.path(), &answering()).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(answer["status"], "SUCCEEDED");
    assert_eq!(answer["redriveCount"], 1);
    assert_eq!(
        engine.history(&execution).await[4..],
        [
            "5 ExecutionAborted",
            "6 ExecutionRedriven",
            "7 TaskScheduled",
            "8 TaskStarted",
            "9 TaskSucceeded",
            "10 TaskStateExited",
            "11 ExecutionSucceeded"
        ]
    );
    assert_eq!(
        engine.heard().await,
        ["RUNNING", "ABORTED", "RUNNING", "SUCCEEDED"]
    );
}
