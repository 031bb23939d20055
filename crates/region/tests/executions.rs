//! Executions over the wire, through `kill -9` of the region.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use aws_credential_types::Credentials;
use aws_sdk_sfn::{
    Client,
    config::{BehaviorVersion, Region},
    error::ProvideErrorMetadata,
    types::{ExecutionStatus, HistoryEventType},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine";

/// A region in a process of its own, so that it can be killed.
struct Process {
    child: Child,
    client: Client,
}

impl Process {
    fn start(directory: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bare-region"))
            .arg("serve")
            .arg(directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut endpoint = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut endpoint).unwrap();
        let client = client(endpoint.trim(), &directory.join("aws/credentials"));
        Self { child, client }
    }

    /// SIGKILL: nothing is tidied up.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn run(&self, machine: &str, input: &Value) -> String {
        let start = self.client.start_execution();
        let started = start
            .state_machine_arn(format!("{MACHINE}:{machine}"))
            .input(input.to_string())
            .send();
        started.await.unwrap().execution_arn
    }

    async fn history(&self, execution: &str) -> Vec<HistoryEventType> {
        let get = self.client.get_execution_history();
        let history = get.execution_arn(execution).send().await.unwrap();
        history.events.into_iter().map(|event| event.r#type).collect()
    }

    async fn until_history_holds(&self, execution: &str, event: HistoryEventType) {
        poll(async || self.history(execution).await.contains(&event).then_some(())).await;
    }

    async fn status(&self, execution: &str) -> ExecutionStatus {
        let describe = self.client.describe_execution().execution_arn(execution);
        describe.send().await.unwrap().status
    }

    async fn ended(&self, execution: &str) -> ExecutionStatus {
        poll(async || {
            let status = self.status(execution).await;
            (status != ExecutionStatus::Running).then_some(status)
        })
        .await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn poll<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found)
        .await
        .unwrap()
}

fn client(endpoint: &str, credentials: &Path) -> Client {
    let file = std::fs::read_to_string(credentials).unwrap();
    let value = |key: &str| {
        let lines = file.lines().filter_map(|line| line.split_once('='));
        let mut found = lines.filter(|(name, _)| name.trim() == key);
        found.next().unwrap().1.trim().to_owned()
    };
    let credentials = Credentials::new(
        value("aws_access_key_id"),
        value("aws_secret_access_key"),
        None,
        None,
        "test",
    );
    let config = aws_sdk_sfn::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(credentials)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// A shell script that notes each of its runs and then waits for a file.
fn script(directory: &Path) -> (Value, PathBuf, PathBuf) {
    let (runs, go) = (directory.join("runs"), directory.join("go"));
    let script = format!(
        "echo run >> '{}'; while [ ! -e '{}' ]; do sleep 0.05; done",
        runs.display(),
        go.display()
    );
    (json!({"script": script}), runs, go)
}

#[tokio::test]
async fn a_task_in_flight_is_waited_for_again() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    let (input, runs, go) = script(directory.path());
    let region = Process::start(&data);
    let execution = region.run("shell", &input).await;
    region
        .until_history_holds(&execution, HistoryEventType::TaskSubmitted)
        .await;
    poll(async || runs.exists().then_some(())).await;
    region.kill();

    let region = Process::start(&data);
    assert_eq!(region.status(&execution).await, ExecutionStatus::Running);
    std::fs::write(&go, "").unwrap();
    assert_eq!(region.ended(&execution).await, ExecutionStatus::Succeeded);
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "run\n");
    assert_eq!(
        region.history(&execution).await,
        [
            HistoryEventType::ExecutionStarted,
            HistoryEventType::TaskStateEntered,
            HistoryEventType::TaskScheduled,
            HistoryEventType::TaskStarted,
            HistoryEventType::TaskSubmitted,
            HistoryEventType::TaskSucceeded,
            HistoryEventType::TaskStateExited,
            HistoryEventType::ExecutionSucceeded,
        ]
    );
}

#[tokio::test]
async fn a_task_that_ended_during_the_outage_is_noticed() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    let (input, runs, go) = script(directory.path());
    let region = Process::start(&data);
    let execution = region.run("shell", &input).await;
    region
        .until_history_holds(&execution, HistoryEventType::TaskSubmitted)
        .await;
    poll(async || runs.exists().then_some(())).await;
    region.kill();
    std::fs::write(&go, "").unwrap();

    let region = Process::start(&data);
    assert_eq!(region.ended(&execution).await, ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn killed_at_once_everything_still_runs_once() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    let runs = directory.path().join("runs");
    let input = json!({"script": format!("echo run >> '{}'", runs.display())});
    let region = Process::start(&data);
    let mut executions = Vec::new();
    for _ in 0..3 {
        executions.push(region.run("shell", &input).await);
    }
    // Wherever the executions are now: before, while or after their tasks are started.
    region.kill();
    let region = Process::start(&data);
    for execution in &executions {
        assert_eq!(region.ended(execution).await, ExecutionStatus::Succeeded);
    }
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "run\n".repeat(3));
}

#[tokio::test]
async fn stopping_an_execution_stops_its_task() {
    let directory = TempDir::new().unwrap();
    let region = Process::start(&directory.path().join("data"));
    let stopped = directory.path().join("stopped");
    let script = format!(
        "trap 'touch {0}; exit 75' TERM; while true; do sleep 0.05; done",
        stopped.display()
    );
    let execution = region.run("shell", &json!({"script": script})).await;
    region
        .until_history_holds(&execution, HistoryEventType::TaskSubmitted)
        .await;
    let stop = region.client.stop_execution().execution_arn(&execution);
    stop.cause("enough").send().await.unwrap();
    assert_eq!(region.status(&execution).await, ExecutionStatus::Aborted);
}

#[tokio::test]
async fn errors_have_the_names_that_the_sdk_knows() {
    let directory = TempDir::new().unwrap();
    let region = Process::start(&directory.path().join("data"));
    let start = region.client.start_execution();
    let error = start.state_machine_arn(format!("{MACHINE}:none")).send();
    let error = error.await.unwrap_err().into_service_error();
    assert!(error.is_state_machine_does_not_exist(), "{error:?}");
    assert_eq!(
        error.message(),
        Some("State Machine Does Not Exist: 'arn:aws:states:us-east-1:000000000000:stateMachine:none'")
    );
    let execution = region.run("pass", &json!({})).await;
    region.ended(&execution).await;
    let redrive = region.client.redrive_execution().execution_arn(&execution);
    let error = redrive.send().await.unwrap_err().into_service_error();
    assert!(error.is_execution_not_redrivable(), "{error:?}");
}
