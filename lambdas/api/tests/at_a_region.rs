//! The API at a real region on loopback: what is written, what is taken back, what is refused.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use api::{Api, BroadcastView, Config, DefaultProbes};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use broadcast::{BroadcastId, Outcome, Status};
use chrono::{SecondsFormat, TimeDelta, Utc};
use fixtures::Account;
use region::{FunctionError, arn};
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;

/// An execution is one call of a function that fails or never returns.
const DEFINITION: &str = r#"{
    "QueryLanguage": "JSONata", "StartAt": "Work", "States": { "Work": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": "work" }, "End": true
    } }
}"#;
const KEY: &str = "FB-1-0-never-shown";

struct Bench {
    api: Router,
    account: Account,
    /// Whether calls of the function fail.
    fails: watch::Sender<bool>,
}

async fn bench() -> Bench {
    bench_with("default", false).await
}

async fn bench_with(schedule_group: &str, check_videos: bool) -> Bench {
    let (fails, failing) = watch::channel(false);
    let account = Account::with(|region, _| {
        region
            .function("work", move |_| {
                let mut failing = failing.clone();
                async move {
                    if failing.wait_for(|fails| *fails).await.is_err() {
                        std::future::pending::<()>().await;
                    }
                    Err(FunctionError {
                        error_type: "BroadcastFailed".to_owned(),
                        error_message: "given up".to_owned(),
                    })
                }
            })
            .dead_letter(arn::queue("missed"), "work")
            .state_machine("broadcast", DEFINITION)
    })
    .await;
    let config = Config {
        table: Account::TABLE.to_owned(),
        state_machine_arn: arn::state_machine("broadcast"),
        schedule_group: schedule_group.to_owned(),
        scheduler_role_arn: arn::role("scheduler"),
        dead_letter_queue_arn: arn::queue("missed"),
        local_sources: true,
        allow_private_addresses: false,
        lead_spread_seconds: 0,
        probes: DefaultProbes::default(),
        check_videos,
    };
    Bench {
        api: api::router(Api::new(&account.sdk, config)),
        account,
        fails,
    }
}

impl Bench {
    async fn ask(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(body)
            .unwrap();
        let response = self.api.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(!text.contains("never-shown"), "a key is shown: {text}");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn created(&self, air_time: Option<TimeDelta>) -> BroadcastView {
        let air_time =
            air_time.map(|ahead| (Utc::now() + ahead).to_rfc3339_opts(SecondsFormat::Secs, true));
        let (status, body) = self.ask("POST", "/broadcasts", request(air_time)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        serde_json::from_value(body).unwrap()
    }

    async fn post(&self, id: &BroadcastId, action: &str) -> (StatusCode, Value) {
        self.ask("POST", &format!("/broadcasts/{id}/{action}"), Value::Null)
            .await
    }

    /// The stored key of the destination `facebook`.
    async fn key(&self, id: &BroadcastId) -> Option<String> {
        aws_sdk_ssm::Client::new(&self.account.sdk)
            .get_parameter()
            .name(format!("/matinee/{id}/facebook"))
            .with_decryption(true)
            .send()
            .await
            .ok()?
            .parameter?
            .value
    }

    async fn has_entry(&self, id: &BroadcastId) -> bool {
        let scheduler = aws_sdk_scheduler::Client::new(&self.account.sdk);
        scheduler
            .get_schedule()
            .name(id.as_str())
            .send()
            .await
            .is_ok()
    }

    async fn execution(&self, id: &BroadcastId) -> Option<(String, i32)> {
        let described = aws_sdk_sfn::Client::new(&self.account.sdk)
            .describe_execution()
            .execution_arn(arn::execution("broadcast", id.as_str()))
            .send()
            .await
            .ok()?;
        let redrives = described.redrive_count.unwrap_or_default();
        Some((described.status.as_str().to_owned(), redrives))
    }

    async fn until_execution(&self, id: &BroadcastId, status: &str, redrives: i32) {
        let wanted = Some((status.to_owned(), redrives));
        let found = async {
            while self.execution(id).await != wanted {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), found)
            .await
            .unwrap_or_else(|_| panic!("the execution does not become {status} {redrives}"));
    }

    async fn settle(&self, id: &BroadcastId, status: Status) {
        let outcome = Outcome {
            settled_at: Utc::now(),
            attempts: 0,
            on_air_error_ms: None,
            destinations: Vec::new(),
            failure: None,
        };
        self.account
            .table
            .settle(id, None, status, &outcome)
            .await
            .unwrap();
    }
}

fn request(air_time: Option<String>) -> Value {
    let mut request = json!({
        "source": "s3://videos/talk.mp4",
        "destinations": [{ "platform": "facebook", "key": KEY }],
        "time_zone": "Europe/London",
    });
    if let Some(air_time) = air_time {
        request["air_time"] = air_time.into();
    }
    request
}

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
