//! A task that its execution left behind is stopped. A program of its own without the test
//! harness, because the region starts it again as the task's supervisor.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{env, process::ExitCode, time::Duration};

use aws_sdk_ecs::types::{Task, TaskStopCode};
use broadcast::{Broadcast, Status};
use chrono::Utc;
use fixtures::Account;
use record_outcome::{Config, State, handler};
use region::{ShimCommand, TaskCommand, arn};
use serde_json::{Value, json};

const SHIM: &str = "task-shim";

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|first| first == SHIM) {
        return region::task::shim_main(args);
    }
    // Like the harness, answer who only asks what there is.
    if env::args().any(|argument| argument == "--list") {
        println!("tasks_that_are_left_behind_are_stopped: test");
        return ExitCode::SUCCESS;
    }
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(tasks_that_are_left_behind_are_stopped());
    println!("test tasks_that_are_left_behind_are_stopped ... ok");
    ExitCode::SUCCESS
}

async fn tasks_that_are_left_behind_are_stopped() {
    let shim = ShimCommand {
        program: env::current_exe().unwrap(),
        args: vec![SHIM.to_owned()],
    };
    let account = Account::with(|region, _| {
        region
            .state_machine("sleeping", sleeping())
            .task_definition("sleep", TaskCommand::new("/bin/sleep", shim).args(["60"]))
    })
    .await;
    let config = Config::new(Account::TABLE, arn::cluster());
    let state = State::new(&account.sdk, config);
    let tasks = aws_sdk_ecs::Client::new(&account.sdk);

    // GIVEN a task of an execution, one of which no history tells, and another broadcast's
    let broadcast = fixtures::broadcast(Utc::now());
    state.table.put_new(&broadcast).await.unwrap();
    let (execution, ours) = start(&account, &tasks, &broadcast).await;
    let doubled = run(&tasks, broadcast.id.as_str()).await;
    let others = run(&tasks, "20261201-1930-zzzz").await;
    let opened = state
        .table
        .open_attempt(&broadcast.id, &execution, Utc::now());
    assert_eq!(opened.await.unwrap().attempts, 1);

    // WHEN the execution has waited too long, THEN its own task is stopped
    let waited = failure(&broadcast, &execution, "States.Timeout", "");
    handler(&state, waited).await.unwrap();
    let stopped = until(&tasks, &ours, "STOPPED").await;
    assert_eq!(stopped.stop_code, Some(TaskStopCode::UserInitiated));
    let reason = "its execution no longer waits for it";
    assert_eq!(stopped.stopped_reason(), Some(reason));
    let is_running =
        async |task| describe(&tasks, task).await.desired_status == Some("RUNNING".into());
    assert!(is_running(&doubled).await && is_running(&others).await);

    // WHEN a second task has taken its attempt over, THEN that is stopped, too
    let displaced = json!({
        "LastStatus": "STOPPED", "StopCode": "EssentialContainerExited",
        "Containers": [{ "ExitCode": 73 }],
    });
    let displaced = failure(
        &broadcast,
        &execution,
        "States.TaskFailed",
        &displaced.to_string(),
    );
    handler(&state, displaced).await.unwrap();
    until(&tasks, &doubled, "STOPPED").await;
    assert!(is_running(&others).await);

    // WHEN the execution is over, THEN its broadcast is settled though its task is gone
    let workflows = aws_sdk_sfn::Client::new(&account.sdk);
    let stop = workflows.stop_execution().execution_arn(&execution);
    stop.send().await.unwrap();
    let event = json!({
        "detail-type": "Step Functions Execution Status Change",
        "detail": { "executionArn": execution, "name": broadcast.id, "status": "ABORTED" },
    });
    handler(&state, event).await.unwrap();
    let settled = state.table.get(&broadcast.id).await.unwrap();
    assert_eq!(settled.status, Status::Failed);
    assert!(is_running(&others).await);
    account.close().await;
}

/// Waits for a task that would run for a minute, and then goes on.
fn sleeping() -> String {
    json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Sleep",
        "States": {
            "Sleep": {
                "Type": "Task",
                "Resource": "arn:aws:states:::ecs:runTask.sync",
                "Arguments": {
                    "Cluster": arn::cluster(),
                    "TaskDefinition": arn::task_definition("sleep"),
                },
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Wait" }],
                "Next": "Wait",
            },
            "Wait": { "Type": "Wait", "Seconds": 3600, "End": true },
        },
    })
    .to_string()
}

/// Starts the execution of a broadcast and waits until its task runs.
async fn start(
    account: &Account,
    tasks: &aws_sdk_ecs::Client,
    broadcast: &Broadcast,
) -> (String, String) {
    let started = aws_sdk_sfn::Client::new(&account.sdk)
        .start_execution()
        .state_machine_arn(arn::state_machine("sleeping"))
        .name(broadcast.id.as_str())
        .send()
        .await
        .unwrap();
    for _ in 0..500 {
        let listed = tasks.list_tasks().send().await.unwrap();
        if let [task] = listed.task_arns() {
            until(tasks, task, "RUNNING").await;
            return (started.execution_arn, task.clone());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the execution runs no task");
}

/// What the state RecordFailure sends.
fn failure(broadcast: &Broadcast, execution: &str, error: &str, cause: &str) -> Value {
    json!({
        "state": "RecordFailure", "broadcastId": broadcast.id, "attempt": 1, "stage": "Stream",
        "error": error, "cause": cause, "redriveCount": 0, "executionArn": execution,
        "enteredTime": Utc::now(),
    })
}

/// Starts a task and waits until it runs.
async fn run(tasks: &aws_sdk_ecs::Client, group: &str) -> String {
    let run = tasks.run_task().task_definition("sleep").group(group);
    let task = run.send().await.unwrap().tasks.unwrap().remove(0);
    let arn = task.task_arn.unwrap();
    until(tasks, &arn, "RUNNING").await;
    arn
}

async fn until(tasks: &aws_sdk_ecs::Client, arn: &str, status: &str) -> Task {
    for _ in 0..500 {
        let task = describe(tasks, arn).await;
        if task.last_status() == Some(status) {
            return task;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{arn} does not become {status}");
}

async fn describe(tasks: &aws_sdk_ecs::Client, arn: &str) -> Task {
    let described = tasks.describe_tasks().tasks(arn).send().await.unwrap();
    described.tasks.unwrap().remove(0)
}
