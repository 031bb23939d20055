//! What is found in the video before anything is scheduled.

use axum::http::StatusCode;
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::bench::{bench_with, request};

/// A request for a fixture of the streamer, to Facebook.
fn fixture(name: &str, more: Value) -> Value {
    let path = format!(
        "{}/../../streamer/tests/fixtures/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let path = std::fs::canonicalize(path).unwrap();
    let mut request = request(Some(
        (Utc::now() + TimeDelta::hours(2)).to_rfc3339_opts(SecondsFormat::Secs, true),
    ));
    request["source"] = format!("file://{}", path.display()).into();
    for (field, value) in more.as_object().unwrap() {
        request[field] = value.clone();
    }
    request
}

#[tokio::test]
async fn a_video_that_is_refused_is_not_scheduled_unless_it_is_forced() {
    let bench = bench_with("default", true).await;
    let (status, body) = bench
        .ask("POST", "/broadcasts", fixture("no-audio.mp4", json!({})))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    assert_eq!(body["kind"], "UnsupportedMedia");
    assert_eq!(body["findings"][0]["rule"], "sound");
    assert_eq!(body["findings"][0]["platform"], "facebook");
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains("there is no sound") && detail.contains("ffmpeg -i no-audio.mp4"));
    let (_, listed) = bench.ask("GET", "/broadcasts", Value::Null).await;
    assert_eq!(listed["broadcasts"], json!([]));

    for more in [json!({ "force": true }), json!({ "silence": true })] {
        let (status, body) = bench
            .ask("POST", "/broadcasts", fixture("no-audio.mp4", more))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        assert!(!body["findings"].as_array().unwrap().is_empty());
    }
}

#[tokio::test]
async fn head_and_tail_are_checked_and_kept() {
    let bench = bench_with("default", true).await;
    let around = json!({ "head_seconds": 10, "tail_seconds": 5, "force": true });
    let request = fixture("hevc.mp4", around);
    let (status, body) = bench.ask("POST", "/broadcasts", request).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let findings = body["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|found| found["rule"] == "head-and-tail")
    );
    assert_eq!(
        (&body["head_seconds"], &body["tail_seconds"]),
        (&json!(10), &json!(5))
    );

    let endless = fixture("moov-last.mp4", json!({ "head_seconds": 601 }));
    let (status, body) = bench.ask("POST", "/broadcasts", endless).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    assert!(
        body["detail"].as_str().unwrap().contains("head_seconds"),
        "{body}"
    );
}

#[tokio::test]
async fn a_video_that_is_not_there_yet_is_scheduled() {
    let bench = bench_with("default", true).await;
    let mut request = fixture("no-audio.mp4", json!({}));
    request["source"] = "file:///nowhere/talk.mp4".into();
    let (status, body) = bench.ask("POST", "/broadcasts", request).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(body["findings"][0]["rule"], "checked");
    assert_eq!(body["findings"][0]["severity"], "note");

    let wrong = fixture("moov-last.mp4", json!({ "audio_track": 7 }));
    let (status, body) = bench.ask("POST", "/broadcasts", wrong).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
}
