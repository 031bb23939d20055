//! A region with the API, and a look at what it leaves there.

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
pub(crate) const KEY: &str = "FB-1-0-never-shown";

pub(crate) struct Bench {
    pub(crate) api: Router,
    pub(crate) account: Account,
    /// Whether calls of the function fail.
    pub(crate) fails: watch::Sender<bool>,
}

pub(crate) async fn bench() -> Bench {
    bench_with("default", false).await
}

pub(crate) async fn bench_with(schedule_group: &str, check_videos: bool) -> Bench {
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
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
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

    pub(crate) async fn created(&self, air_time: Option<TimeDelta>) -> BroadcastView {
        let air_time =
            air_time.map(|ahead| (Utc::now() + ahead).to_rfc3339_opts(SecondsFormat::Secs, true));
        let (status, body) = self.ask("POST", "/broadcasts", request(air_time)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        serde_json::from_value(body).unwrap()
    }

    pub(crate) async fn post(&self, id: &BroadcastId, action: &str) -> (StatusCode, Value) {
        self.ask("POST", &format!("/broadcasts/{id}/{action}"), Value::Null)
            .await
    }

    /// The stored key of the destination `facebook`.
    pub(crate) async fn key(&self, id: &BroadcastId) -> Option<String> {
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

    pub(crate) async fn has_entry(&self, id: &BroadcastId) -> bool {
        let scheduler = aws_sdk_scheduler::Client::new(&self.account.sdk);
        scheduler
            .get_schedule()
            .name(id.as_str())
            .send()
            .await
            .is_ok()
    }

    pub(crate) async fn execution(&self, id: &BroadcastId) -> Option<(String, i32)> {
        let described = aws_sdk_sfn::Client::new(&self.account.sdk)
            .describe_execution()
            .execution_arn(arn::execution("broadcast", id.as_str()))
            .send()
            .await
            .ok()?;
        let redrives = described.redrive_count.unwrap_or_default();
        Some((described.status.as_str().to_owned(), redrives))
    }

    pub(crate) async fn until_execution(&self, id: &BroadcastId, status: &str, redrives: i32) {
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

    pub(crate) async fn settle(&self, id: &BroadcastId, status: Status) {
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

pub(crate) fn request(air_time: Option<String>) -> Value {
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
