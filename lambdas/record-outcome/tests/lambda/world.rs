//! A region with two state machines, a topic, and a broadcast to record things of.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_sfn::types::ExecutionStatus;
use broadcast::{
    BroadcastId, DestinationProgress, Failure, MediaTime, Phase, Progress, Status, StreamKey,
    keys::parameter_name, table::Table,
};
use chrono::{TimeDelta, Utc};
use fixtures::Account;
use record_outcome::{Config, RecordError, State, handler};
use region::arn;
use serde_json::{Value, json};

use crate::status_changes::event;

/// What was published, the first first.
type Told = Arc<Mutex<Vec<Value>>>;

/// Everything is gone when this is dropped.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) table: Table,
    pub(crate) workflows: aws_sdk_sfn::Client,
    pub(crate) account: Account,
    told: Told,
}

impl World {
    /// GIVEN an empty table, a topic, a workflow that waits and one that fails.
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// GIVEN also what a deployment decides.
    pub(crate) async fn with(decide: impl FnOnce(&mut Config)) -> Self {
        let waiting = json!({ "Type": "Wait", "Seconds": 3600, "End": true });
        let failing = json!({ "Type": "Fail", "Error": "States.Runtime", "Cause": "no reason" });
        let passing = json!({ "Type": "Pass", "End": true });
        let told = Told::default();
        let listener = Arc::clone(&told);
        let account = Account::with(|region, _| {
            region
                .state_machine("waiting", machine(&waiting))
                .state_machine("failing", machine(&failing))
                .state_machine("passing", machine(&passing))
                .function("listener", move |event| {
                    listener
                        .lock()
                        .unwrap()
                        .push(event["Records"][0]["Sns"].clone());
                    async { Ok(Value::Null) }
                })
                .subscribe("outcomes", "listener")
        })
        .await;
        let mut config = Config {
            topic_arn: Some(arn::topic("outcomes")),
            ..Config::new(Account::TABLE, arn::cluster())
        };
        decide(&mut config);
        Self {
            table: account.table.clone(),
            state: State::new(&account.sdk, config),
            workflows: aws_sdk_sfn::Client::new(&account.sdk),
            account,
            told,
        }
    }

    /// GIVEN a broadcast whose air time is so many seconds ahead, or past.
    pub(crate) async fn scheduled(&self, air_in: i64) -> BroadcastId {
        let mut broadcast = fixtures::broadcast(Utc::now() + TimeDelta::seconds(air_in));
        let id = broadcast.id.clone();
        let destination = fixtures::destination(&id, "a", "rtmp://ingest.example/live");
        let key = StreamKey::new("a key");
        let keys = &self.account.keys;
        keys.put(&destination.key_parameter, &key).await.unwrap();
        broadcast.destinations = vec![destination];
        self.table.put_new(&broadcast).await.unwrap();
        id
    }

    /// THEN this was published, in the order of delivery: status and first line of each.
    pub(crate) async fn told(&self) -> Vec<String> {
        // Delivery is a matter of milliseconds; what must not come is waited for, too.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let of = |one: &Value| {
            let status = text(&one["MessageAttributes"]["status"]["Value"]);
            let message = text(&one["Message"]);
            assert!(!message.contains("a key"), "{message}");
            format!("{status}: {}", message.lines().next().unwrap())
        };
        self.told.lock().unwrap().iter().map(of).collect()
    }

    /// GIVEN that its execution opened an attempt, which is on air at a position.
    pub(crate) async fn on_air(&self, id: &BroadcastId, seconds: i64) -> u32 {
        self.on_air_by(id, &execution("waiting", id), seconds).await
    }

    pub(crate) async fn on_air_by(&self, id: &BroadcastId, execution: &str, seconds: i64) -> u32 {
        let opened = self.table.open_attempt(id, execution, Utc::now()).await;
        let attempt = opened.unwrap().attempts;
        let progress = Progress {
            attempt,
            phase: Phase::OnAir,
            duration: MediaTime::from_millis(3_600_000),
            heartbeat: Utc::now(),
            destinations: vec![
                destination("a", seconds, None),
                destination("b", seconds / 2, None),
            ],
        };
        self.report(id, &progress).await;
        attempt
    }

    /// GIVEN what its streamer says.
    pub(crate) async fn report(&self, id: &BroadcastId, progress: &Progress) {
        let claim = self.table.claim(id, progress.attempt, "streamer").await;
        self.table
            .report_progress(id, &claim.unwrap(), progress, Status::OnAir)
            .await
            .unwrap();
    }

    /// Whether the key of its destination is kept.
    pub(crate) async fn has_key(&self, id: &BroadcastId) -> bool {
        self.account
            .keys
            .get(&parameter_name(id, "a"))
            .await
            .is_ok()
    }

    /// WHEN an event comes.
    pub(crate) async fn record(&self, event: Value) -> Result<Value, RecordError> {
        handler(&self.state, event).await
    }

    /// WHEN an execution of a machine is started for a broadcast.
    pub(crate) async fn start(&self, machine: &str, id: &BroadcastId) -> String {
        let started = self
            .workflows
            .start_execution()
            .state_machine_arn(arn::state_machine(machine))
            .name(id.as_str())
            .input(json!({ "broadcastId": id }).to_string())
            .send()
            .await;
        started.unwrap().execution_arn
    }

    /// WHEN an execution of a broadcast is stopped; the event that tells it.
    pub(crate) async fn abort(
        &self,
        id: &BroadcastId,
        execution: &str,
        error: Option<&str>,
        cause: Option<&str>,
    ) -> Value {
        self.workflows
            .stop_execution()
            .execution_arn(execution)
            .set_error(error.map(str::to_owned))
            .set_cause(cause.map(str::to_owned))
            .send()
            .await
            .unwrap();
        self.over(execution).await;
        let mut aborted = event(id, execution, "ABORTED");
        aborted["detail"]["error"] = json!(error);
        aborted["detail"]["cause"] = json!(cause);
        aborted
    }

    /// WHEN an execution has come to an end.
    pub(crate) async fn over(&self, execution: &str) {
        for _ in 0..500 {
            let described = self
                .workflows
                .describe_execution()
                .execution_arn(execution)
                .send()
                .await;
            if described.unwrap().status != ExecutionStatus::Running {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{execution} goes on and on");
    }
}

pub(crate) fn execution(machine: &str, id: &BroadcastId) -> String {
    arn::execution(machine, id.as_str())
}

pub(crate) fn destination(
    name: &str,
    seconds: i64,
    failure: Option<Failure>,
) -> DestinationProgress {
    DestinationProgress {
        name: name.into(),
        position: MediaTime::from_millis(seconds * 1_000),
        bytes: 1_000,
        reconnects: 1,
        failure,
        ..DestinationProgress::default()
    }
}

fn machine(state: &Value) -> String {
    json!({ "QueryLanguage": "JSONata", "StartAt": "State", "States": { "State": state } })
        .to_string()
}
