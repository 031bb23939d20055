//! A task that its execution left behind is stopped. A program of its own without the test
//! harness, because the region starts it again as the task's supervisor.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{env, process::ExitCode, time::Duration};

use aws_sdk_ecs::types::{DesiredStatus, Task, TaskStopCode};
use broadcast::{Broadcast, BroadcastId, OnDrop, RetryBudget, Status, aws::Endpoint};
use chrono::Utc;
use record_outcome::{Config, State, handler};
use region::{Region, ShimCommand, TaskCommand, arn};
use serde_json::json;

const SHIM: &str = "task-shim";

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|first| first == SHIM) {
        return region::task::shim_main(args);
    }
    // Like the harness, answer who only asks what there is.
    if env::args().any(|argument| argument == "--list") {
        println!("a_task_that_is_left_behind_is_stopped: test");
        return ExitCode::SUCCESS;
    }
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(a_task_that_is_left_behind_is_stopped());
    println!("test a_task_that_is_left_behind_is_stopped ... ok");
    ExitCode::SUCCESS
}

async fn a_task_that_is_left_behind_is_stopped() {
    // GIVEN a workflow that waits, and a task that would run for a minute
    let data = tempfile::tempdir().unwrap();
    let shim = ShimCommand {
        program: env::current_exe().unwrap(),
        args: vec![SHIM.to_owned()],
    };
    let waiting = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Wait",
        "States": { "Wait": { "Type": "Wait", "Seconds": 3600, "End": true } },
    });
    let region = Region::builder(data.path()).bind().await.unwrap();
    let region = region
        .state_machine("waiting", waiting.to_string())
        .task_definition("sleep", TaskCommand::new("/bin/sleep", shim).args(["60"]))
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
    let tasks = aws_sdk_ecs::Client::new(&config);
    let broadcast = broadcast();
    let id = &broadcast.id;
    state.table.put_new(&broadcast).await.unwrap();
    let ours = run(&tasks, id.as_str()).await;
    let others = run(&tasks, "20261201-1930-zzzz").await;

    // WHEN the execution is stopped, and nothing else stops the task
    let workflows = aws_sdk_sfn::Client::new(&config);
    let execution = workflows
        .start_execution()
        .state_machine_arn(arn::state_machine("waiting"))
        .name(id.as_str())
        .send()
        .await
        .unwrap()
        .execution_arn;
    workflows
        .stop_execution()
        .execution_arn(&execution)
        .send()
        .await
        .unwrap();
    let event = json!({
        "detail-type": "Step Functions Execution Status Change",
        "detail": { "executionArn": execution, "name": id, "status": "ABORTED" },
    });
    handler(&state, event).await.unwrap();

    // THEN the broadcast is called off, its task is stopped, and another's goes on
    let settled = state.table.get(id).await.unwrap();
    assert_eq!(settled.status, Status::Cancelled);
    let stopped = stopped(&tasks, &ours).await;
    assert_eq!(stopped.stop_code, Some(TaskStopCode::UserInitiated));
    assert_eq!(stopped.stopped_reason(), Some("its execution is over"));
    assert_eq!(
        describe(&tasks, &others).await.desired_status(),
        Some("RUNNING")
    );

    tasks.stop_task().task(&others).send().await.unwrap();
    self::stopped(&tasks, &others).await;
    region.shutdown(region::ShutdownTasks::Stop).await;
}

fn broadcast() -> Broadcast {
    let air_time = Utc::now();
    Broadcast {
        id: BroadcastId::new(air_time, 1),
        title: "A talk".into(),
        source: "s3://talks/a.mp4".parse().unwrap(),
        destinations: Vec::new(),
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
    }
}

/// Starts a task and waits until it runs.
async fn run(tasks: &aws_sdk_ecs::Client, group: &str) -> String {
    let run = tasks.run_task().task_definition("sleep").group(group);
    let task = run.send().await.unwrap().tasks.unwrap().remove(0);
    let arn = task.task_arn.unwrap();
    until(tasks, &arn, "RUNNING").await;
    arn
}

async fn stopped(tasks: &aws_sdk_ecs::Client, arn: &str) -> Task {
    until(tasks, arn, DesiredStatus::Stopped.as_str()).await
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
