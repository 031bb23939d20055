//! Step Functions through the SDK.

use std::path::Path;

use aws_sdk_sfn::{
    Client,
    types::{ExecutionStatus, HistoryEventType},
};
use region::arn;
use serde_json::{Value, json};

use crate::support::{Region, config, error, eventually};

fn client(region: &Region) -> Client {
    Client::from_conf(config!(aws_sdk_sfn, region))
}

async fn start(region: &Region, machine: &str, input: &Value) -> String {
    let start = client(region).start_execution();
    let started = start
        .state_machine_arn(arn::state_machine(machine))
        .input(input.to_string())
        .send();
    started.await.unwrap().execution_arn
}

async fn status(region: &Region, execution: &str) -> ExecutionStatus {
    let describe = client(region).describe_execution();
    let described = describe.execution_arn(execution).send().await.unwrap();
    described.status
}

async fn ended(region: &Region, execution: &str) -> ExecutionStatus {
    eventually("end", async || {
        let status = status(region, execution).await;
        (status != ExecutionStatus::Running).then_some(status)
    })
    .await
}

async fn history(region: &Region, execution: &str) -> Vec<HistoryEventType> {
    let get = client(region).get_execution_history();
    let history = get.execution_arn(execution).send().await.unwrap();
    history
        .events
        .into_iter()
        .map(|event| event.r#type)
        .collect()
}

async fn submitted(region: &Region, execution: &str) {
    eventually("task", async || {
        let history = history(region, execution).await;
        history
            .contains(&HistoryEventType::TaskSubmitted)
            .then_some(())
    })
    .await;
}

async fn exists(file: &Path) {
    eventually("file", async || file.exists().then_some(())).await;
}

/// A region that dies between writing a task down and starting it reports it as not started, as
/// ECS does, and the state machine decides. Never does one try of a state run twice.
#[tokio::test]
async fn killed_anywhere_near_its_start_a_task_runs_once_or_is_known_not_to_have_run() {
    let mut region = Region::start();
    let mut executions = Vec::new();
    for _ in 0..3 {
        let runs = region.directory().join("runs");
        let input = json!({"script": format!("echo run >> '{}'", runs.display())});
        for _ in 0..2 {
            executions.push(start(&region, "shell", &input).await);
        }
        region = region.kill_and_restart();
    }
    let mut expected = 0;
    for execution in &executions {
        if ended(&region, execution).await == ExecutionStatus::Succeeded {
            expected += 1;
            continue;
        }
        let describe = client(&region).describe_execution();
        let failed = describe.execution_arn(execution).send().await.unwrap();
        let task: Value = serde_json::from_str(failed.cause().unwrap()).unwrap();
        assert_eq!(task["StopCode"], "TaskFailedToStart");
    }
    let runs = std::fs::read_to_string(region.directory().join("runs")).unwrap_or_default();
    assert_eq!(runs, "run\n".repeat(expected));
}

#[tokio::test]
async fn a_task_that_ended_during_the_outage_is_noticed() {
    let region = Region::start();
    let file = |name: &str| region.directory().join(name);
    let (ready, go, gone) = (file("ready"), file("go"), file("gone"));
    let script = format!(
        "touch '{}'; while [ ! -e '{}' ]; do sleep 0.05; done; touch '{}'",
        ready.display(),
        go.display(),
        gone.display()
    );
    let execution = start(&region, "shell", &json!({"script": script})).await;
    submitted(&region, &execution).await;
    exists(&ready).await;
    let region = region.kill_meanwhile(|| {
        std::fs::write(go, "").unwrap();
        while !gone.exists() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    });
    assert_eq!(ended(&region, &execution).await, ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn stopping_an_execution_stops_its_task() {
    let region = Region::start();
    let file = |name: &str| region.directory().join(name);
    let (ready, stopped) = (file("ready"), file("stopped"));
    let script = format!(
        "trap 'touch {}; exit 75' TERM; touch {}; while :; do sleep 0.05; done",
        stopped.display(),
        ready.display()
    );
    let execution = start(&region, "shell", &json!({"script": script})).await;
    submitted(&region, &execution).await;
    exists(&ready).await;
    let stop = client(&region).stop_execution().execution_arn(&execution);
    stop.cause("enough").send().await.unwrap();
    assert_eq!(status(&region, &execution).await, ExecutionStatus::Aborted);
    exists(&stopped).await;
}

#[tokio::test]
async fn a_failed_task_is_redriven() {
    let region = Region::start();
    let good = region.directory().join("good");
    let script = format!("[ -e '{}' ]", good.display());
    let execution = start(&region, "shell", &json!({"script": script})).await;
    assert_eq!(ended(&region, &execution).await, ExecutionStatus::Failed);
    let client = client(&region);
    let describe = || client.describe_execution().execution_arn(&execution).send();
    let failed = describe().await.unwrap();
    assert_eq!(failed.error(), Some("States.TaskFailed"));
    let task: Value = serde_json::from_str(failed.cause().unwrap()).unwrap();
    assert_eq!(task["Containers"][0]["ExitCode"], 1);
    assert_eq!(task["StopCode"], "EssentialContainerExited");

    std::fs::write(good, "").unwrap();
    let redrive = client.redrive_execution().execution_arn(&execution);
    redrive.send().await.unwrap();
    assert_eq!(ended(&region, &execution).await, ExecutionStatus::Succeeded);
    assert_eq!(describe().await.unwrap().redrive_count(), Some(1));
    let history = history(&region, &execution).await;
    assert!(history.contains(&HistoryEventType::ExecutionRedriven));
}

#[tokio::test]
async fn errors_have_the_names_and_the_words_of_the_service() {
    let region = Region::start();
    let client = client(&region);
    let none = arn::state_machine("none");
    let started = client.start_execution().state_machine_arn(&none).send();
    assert_eq!(
        error(started.await),
        format!("StateMachineDoesNotExist: State Machine Does Not Exist: '{none}'")
    );
    let described = client.describe_execution().execution_arn("none").send();
    assert_eq!(
        error(described.await),
        "InvalidArn: Invalid Arn: 'Invalid ARN prefix: none'"
    );
    let pass = arn::state_machine("pass");
    let started = client.start_execution().state_machine_arn(&pass);
    assert_eq!(
        error(started.name("a b").send().await),
        "InvalidName: Invalid Name: 'a b'"
    );
    let execution = start(&region, "pass", &json!({})).await;
    ended(&region, &execution).await;
    let redriven = client.redrive_execution().execution_arn(&execution).send();
    assert_eq!(
        error(redriven.await),
        "ExecutionNotRedrivable: Execution is SUCCEEDED and cannot be redriven"
    );
    let definition =
        r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Map"}}}"#;
    let create = client
        .create_state_machine()
        .name("map")
        .definition(definition);
    assert_eq!(
        error(create.role_arn(arn::role("r")).send().await),
        "InvalidDefinition: Invalid State Machine Definition: 'UNSUPPORTED: the state type 'Map' is not supported at /States/A'"
    );
}
