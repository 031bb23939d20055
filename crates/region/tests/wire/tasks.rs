//! ECS tasks through the SDK.

use std::{fs, path::PathBuf};

use aws_sdk_ecs::{
    Client,
    types::{
        CapacityProviderStrategyItem, ContainerOverride, DesiredStatus, KeyValuePair, LaunchType,
        Task, TaskOverride, TaskStopCode,
    },
};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Region, config, error, eventually};

pub(crate) fn client(region: &Region) -> Client {
    Client::from_conf(config!(aws_sdk_ecs, region))
}

/// Runs a shell script as a task.
pub(crate) async fn run(region: &Region, script: &str) -> Task {
    let container = ContainerOverride::builder()
        .name("shell")
        .command("-c")
        .command(script)
        .environment(
            KeyValuePair::builder()
                .name("BROADCAST_ID")
                .value("b1")
                .build(),
        )
        .build();
    let run = client(region)
        .run_task()
        .task_definition("shell")
        .started_by("test")
        .overrides(
            TaskOverride::builder()
                .container_overrides(container)
                .build(),
        )
        .send()
        .await
        .unwrap();
    run.tasks.unwrap().remove(0)
}

pub(crate) async fn describe(region: &Region, task: &Task) -> Task {
    let described = client(region)
        .describe_tasks()
        .tasks(task.task_arn().unwrap())
        .send()
        .await
        .unwrap();
    described.tasks.unwrap().remove(0)
}

pub(crate) async fn in_status(region: &Region, task: &Task, status: &str) -> Task {
    eventually(status, async || {
        let task = describe(region, task).await;
        (task.last_status() == Some(status)).then_some(task)
    })
    .await
}

/// A file of the task.
pub(crate) fn file(region: &Region, task: &Task, name: &str) -> PathBuf {
    let id = task.task_arn().unwrap().rsplit('/').next().unwrap();
    region.directory().join("tasks").join(id).join(name)
}

pub(crate) async fn log_holds(region: &Region, task: &Task, text: &str) {
    eventually(text, async || {
        let log = fs::read_to_string(file(region, task, "log")).unwrap_or_default();
        log.contains(text).then_some(())
    })
    .await;
}

/// The process id in `started.json`, of the program or of its shim.
pub(crate) fn pid(region: &Region, task: &Task, whose: &str) -> Pid {
    let started = fs::read(file(region, task, "started.json")).unwrap();
    let started: serde_json::Value = serde_json::from_slice(&started).unwrap();
    let pid = started[whose]["pid"].as_i64().unwrap();
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

fn is_alive(pid: Pid) -> bool {
    // A zombie that its new parent has not collected yet is dead too.
    fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

async fn check_exit(region: &Region, script: &str, exit_code: Option<i32>, code: &TaskStopCode) {
    let task = run(region, script).await;
    let task = in_status(region, &task, "STOPPED").await;
    assert_eq!(task.containers()[0].exit_code(), exit_code, "{script}");
    assert_eq!(task.stop_code(), Some(code), "{script}");
}

#[tokio::test]
async fn ends_are_told_as_ecs_tells_them() {
    let region = Region::start();
    let exited = &TaskStopCode::EssentialContainerExited;
    check_exit(&region, "exit 0", Some(0), exited).await;
    check_exit(&region, "exit 77", Some(77), exited).await;
    check_exit(&region, "kill -9 $$", Some(137), exited).await;
    check_exit(&region, "kill -TERM $$", Some(143), exited).await;
}

#[tokio::test]
async fn a_task_tells_its_capacity_provider() {
    let region = Region::start();
    let on = async |provider: &str, launch_type: Option<LaunchType>| {
        let item = CapacityProviderStrategyItem::builder()
            .capacity_provider(provider)
            .weight(1)
            .build()
            .unwrap();
        client(&region)
            .run_task()
            .task_definition("shell")
            .capacity_provider_strategy(item)
            .set_launch_type(launch_type)
            .send()
            .await
    };
    for provider in ["FARGATE", "FARGATE_SPOT"] {
        let task = on(provider, None).await.unwrap().tasks.unwrap().remove(0);
        assert_eq!(task.capacity_provider_name(), Some(provider));
        assert_eq!(task.launch_type(), Some(&LaunchType::Fargate));
    }
    let refused = on("FARGATE", Some(LaunchType::Fargate)).await;
    let both = "InvalidParameterException: Specifying both a launch type and capacity provider";
    assert!(error(refused).starts_with(both));
    assert!(error(on("mine", None).await).contains("'mine' was not found"));
    let plain = run(&region, "exit 0").await;
    assert_eq!(plain.capacity_provider_name(), None);
}

#[tokio::test]
async fn a_task_knows_where_it_is_and_nothing_else_of_us() {
    let region = Region::start();
    let task = run(&region, "env; echo end").await;
    log_holds(&region, &task, "end").await;
    let log = fs::read_to_string(file(&region, &task, "log")).unwrap();
    let mut names: Vec<&str> = log
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    names.sort_unstable();
    names.retain(|name| !["HOME", "TZ", "SSL_CERT_FILE", "OLDPWD", "_", "SHLVL"].contains(name));
    assert_eq!(
        names,
        [
            "AWS_CONFIG_FILE",
            "AWS_ENDPOINT_URL",
            "AWS_REGION",
            "AWS_SHARED_CREDENTIALS_FILE",
            "BROADCAST_ID",
            "PATH",
            "PWD",
            "RUST_LOG",
        ]
    );
    assert!(log.contains(&format!("AWS_ENDPOINT_URL={}", region.endpoint)));
}

#[tokio::test]
async fn a_task_is_found_and_stopped() {
    let region = Region::start();
    let client = client(&region);
    let task = run(
        &region,
        "trap 'echo caught; exit 75' TERM; echo ready; while :; do sleep 0.05; done",
    )
    .await;
    log_holds(&region, &task, "ready").await;
    let running = client
        .list_tasks()
        .started_by("test")
        .family("shell")
        .send()
        .await
        .unwrap();
    assert_eq!(running.task_arns(), [task.task_arn().unwrap()]);
    let others = client
        .list_tasks()
        .started_by("other")
        .send()
        .await
        .unwrap();
    assert_eq!(others.task_arns(), [""; 0]);

    client
        .stop_task()
        .task(task.task_arn().unwrap())
        .reason("by the test")
        .send()
        .await
        .unwrap();
    let stopped = in_status(&region, &task, "STOPPED").await;
    assert_eq!(stopped.stop_code(), Some(&TaskStopCode::UserInitiated));
    assert_eq!(stopped.stopped_reason(), Some("by the test"));
    assert_eq!(stopped.containers()[0].exit_code(), Some(75));
    let stopped = client
        .list_tasks()
        .desired_status(DesiredStatus::Stopped)
        .send()
        .await
        .unwrap();
    assert_eq!(stopped.task_arns(), [task.task_arn().unwrap()]);
    assert!(
        fs::read_to_string(file(&region, &task, "log"))
            .unwrap()
            .contains("caught")
    );
}

#[tokio::test]
async fn a_task_that_does_not_heed_is_killed() {
    let region = Region::start();
    let task = run(
        &region,
        "trap '' TERM; echo ready; while :; do sleep 0.05; done",
    )
    .await;
    log_holds(&region, &task, "ready").await;
    client(&region)
        .stop_task()
        .task(task.task_arn().unwrap())
        .send()
        .await
        .unwrap();
    let stopped = in_status(&region, &task, "STOPPED").await;
    assert_eq!(stopped.containers()[0].exit_code(), Some(137));
}

#[tokio::test]
async fn nothing_goes_on_without_its_supervisor() {
    let region = Region::start();
    let task = run(&region, "exec sleep 1000").await;
    in_status(&region, &task, "RUNNING").await;
    let program = pid(&region, &task, "program");
    kill_process(pid(&region, &task, "shim"), Signal::KILL).unwrap();
    let stopped = in_status(&region, &task, "STOPPED").await;
    assert_eq!(
        stopped.stop_code(),
        Some(&TaskStopCode::EssentialContainerExited)
    );
    assert_eq!(stopped.containers()[0].exit_code(), None);
    assert!(
        stopped
            .stopped_reason()
            .unwrap()
            .contains("gone without an exit status")
    );
    eventually("death", async || (!is_alive(program)).then_some(())).await;
}

#[tokio::test]
async fn a_client_token_runs_once() {
    let region = Region::start();
    let client = client(&region);
    let run = || {
        client
            .run_task()
            .task_definition("shell")
            .client_token("once")
            .send()
    };
    let first = run().await.unwrap().tasks.unwrap();
    let second = run().await.unwrap().tasks.unwrap();
    assert_eq!(first[0].task_arn(), second[0].task_arn());
}

#[tokio::test]
async fn refusals() {
    let region = Region::start();
    let client = client(&region);
    let unknown = client.run_task().task_definition("unknown").send().await;
    assert_eq!(error(unknown), "ClientException: TaskDefinition not found.");
    let elsewhere = client
        .run_task()
        .task_definition("shell")
        .cluster("other")
        .send()
        .await;
    assert_eq!(
        error(elsewhere),
        "ClusterNotFoundException: Cluster not found."
    );
    let missing = client.stop_task().task("0123").send().await;
    assert_eq!(
        error(missing),
        "InvalidParameterException: The referenced task was not found."
    );
    let described = client.describe_tasks().tasks("0123").send().await.unwrap();
    assert_eq!(described.failures()[0].reason(), Some("MISSING"));
    let definition = client
        .describe_task_definition()
        .task_definition("shell")
        .send()
        .await
        .unwrap();
    assert_eq!(
        definition.task_definition().unwrap().family(),
        Some("shell")
    );
}
