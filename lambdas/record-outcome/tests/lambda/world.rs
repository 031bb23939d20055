//! A region with two state machines, and a broadcast to record things of.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sfn::types::ExecutionStatus;
use broadcast::{
    Broadcast, BroadcastId, Destination, DestinationProgress, Failure, MediaTime, OnDrop, Phase,
    Platform, Probe, Progress, RetryBudget, Status, StreamKey,
    aws::Endpoint,
    keys::{Keys, parameter_name},
    table::Table,
};
use chrono::{TimeDelta, Utc};
use record_outcome::{Config, RecordError, State, handler};
use region::{Region, RunningRegion, arn};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Everything is gone when this is dropped.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) table: Table,
    keys: Keys,
    pub(crate) workflows: aws_sdk_sfn::Client,
    pub(crate) config: SdkConfig,
    _region: RunningRegion,
    _data: TempDir,
}

impl World {
    /// GIVEN an empty table, a workflow that waits and one that fails.
    pub(crate) async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let waiting = json!({ "Type": "Wait", "Seconds": 3600, "End": true });
        let failing = json!({ "Type": "Fail", "Error": "States.Runtime", "Cause": "no reason" });
        let region = Region::builder(data.path()).bind().await.unwrap();
        let region = region
            .state_machine("waiting", machine(&waiting))
            .state_machine("failing", machine(&failing))
            .start()
            .await
            .unwrap();
        let config = Endpoint {
            url: region.endpoint().to_owned(),
            region: arn::REGION.to_owned(),
            access_key_id: region.credentials().access_key_id().to_owned(),
            secret_access_key: region.credentials().secret_access_key().to_owned().into(),
        }
        .config();
        let state = State::new(&config, Config::new("matinee", arn::cluster()));
        state.table.ensure().await.unwrap();
        Self {
            table: state.table.clone(),
            keys: Keys::new(&config),
            state,
            workflows: aws_sdk_sfn::Client::new(&config),
            config,
            _region: region,
            _data: data,
        }
    }

    /// GIVEN a broadcast whose air time is so many seconds ahead, or past.
    pub(crate) async fn scheduled(&self, air_in: i64) -> BroadcastId {
        let air_time = Utc::now() + TimeDelta::seconds(air_in);
        let id = BroadcastId::new(air_time, 1);
        let key_parameter = parameter_name(&id, "a");
        let key = StreamKey::new("a key");
        self.keys.put(&key_parameter, &key).await.unwrap();
        let broadcast = Broadcast {
            id,
            title: "A talk".into(),
            source: "s3://talks/a.mp4".parse().unwrap(),
            destinations: vec![Destination {
                name: "a".into(),
                platform: Platform::Custom,
                ingest: "rtmp://ingest.example/live".parse().unwrap(),
                key_parameter,
                probe: Probe::Publish,
            }],
            air_time,
            time_zone: "UTC".parse().unwrap(),
            lead_seconds: 240,
            on_drop: OnDrop::Resume,
            spot: false,
            status: Status::Scheduled,
            attempts: 0,
            retry_budget: RetryBudget::default(),
            progress: None,
            outcome: None,
            created_at: air_time,
        };
        self.table.put_new(&broadcast).await.unwrap();
        broadcast.id
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
        self.keys.get(&parameter_name(id, "a")).await.is_ok()
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
