//! What is under way when the region dies goes on.

use aws_sdk_ecs::types::TaskStopCode;
use aws_sdk_sfn::types::ExecutionStatus;
use region::arn;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    support::{Region, config, eventually},
    tasks::{file, in_status, log_holds, pid, run},
};

const WAITS: &str = "echo ready; while [ ! -e go ]; do sleep 0.05; done; exit 3";

#[tokio::test]
async fn a_task_outlives_the_region() {
    let region = Region::start();
    let endpoint = region.endpoint.clone();
    let task = run(&region, WAITS).await;
    in_status(&region, &task, "RUNNING").await;
    log_holds(&region, &task, "ready").await;
    let region = region.kill_and_restart();
    assert_eq!(region.endpoint, endpoint);
    let program = pid(&region, &task, "program");
    in_status(&region, &task, "RUNNING").await;
    std::fs::write(file(&region, &task, "go"), "").unwrap();
    let stopped = in_status(&region, &task, "STOPPED").await;
    assert_eq!(stopped.containers()[0].exit_code(), Some(3));
    assert_eq!(pid(&region, &task, "program"), program);
}

#[tokio::test]
async fn a_task_that_was_not_started_yet_is_started() {
    let region = Region::start();
    let task = run(&region, "exit 5").await;
    in_status(&region, &task, "STOPPED").await;
    let database = region.directory().join("region.sqlite");
    let started = file(&region, &task, "started.json");
    // As it would be had the region been killed between writing the task down and starting it.
    let region = region.kill_meanwhile(|| {
        let database = rusqlite::Connection::open(database).unwrap();
        let pending = "UPDATE task SET stopped = 0, document = json_remove(json_set(document, \
                       '$.desired', 'RUNNING', '$.last', 'PENDING', '$.exit_code', NULL), \
                       '$.stop_code', '$.stopped_reason')";
        assert_eq!(database.execute(pending, []).unwrap(), 1);
        std::fs::remove_dir_all(started.parent().unwrap()).unwrap();
    });
    let stopped = in_status(&region, &task, "STOPPED").await;
    assert_eq!(stopped.containers()[0].exit_code(), Some(5));
    assert!(started.exists());
}

#[tokio::test]
async fn an_end_that_nobody_saw_is_known() {
    let region = Region::start();
    let task = run(&region, WAITS).await;
    log_holds(&region, &task, "ready").await;
    let (go, exit) = (
        file(&region, &task, "go"),
        file(&region, &task, "exit.json"),
    );
    let region = region.kill_meanwhile(|| {
        std::fs::write(go, "").unwrap();
        while !exit.exists() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    });
    let stopped = in_status(&region, &task, "STOPPED").await;
    assert_eq!(stopped.containers()[0].exit_code(), Some(3));
}

#[tokio::test]
async fn a_task_that_was_lost_meanwhile_is_reported_as_lost() {
    let region = Region::start();
    let task = run(&region, "exec sleep 1000").await;
    in_status(&region, &task, "RUNNING").await;
    let shim = pid(&region, &task, "shim");
    let region = region.kill_meanwhile(|| kill_process(shim, Signal::KILL).unwrap());
    let stopped = in_status(&region, &task, "STOPPED").await;
    assert_eq!(stopped.containers()[0].exit_code(), None);
    assert!(
        stopped
            .stopped_reason()
            .unwrap()
            .contains("gone without an exit status")
    );
}

#[tokio::test]
async fn an_adopted_task_can_be_stopped() {
    let region = Region::start();
    let task = run(&region, "exec sleep 1000").await;
    in_status(&region, &task, "RUNNING").await;
    let region = region.kill_and_restart();
    crate::tasks::client(&region)
        .stop_task()
        .task(task.task_arn().unwrap())
        .send()
        .await
        .unwrap();
    let stopped = in_status(&region, &task, "STOPPED").await;
    assert_eq!(stopped.containers()[0].exit_code(), Some(143));
}

#[tokio::test]
async fn a_stop_lets_tasks_write_their_checkpoint_or_leaves_them_running() {
    let region = Region::start();
    let script = "trap 'echo checkpoint; exit 75' TERM; echo ready; while :; do sleep 0.05; done";
    let task = run(&region, script).await;
    log_holds(&region, &task, "ready").await;
    let region = region.stop_and_restart(Signal::INT);
    in_status(&region, &task, "RUNNING").await;
    let region = region.stop_and_restart(Signal::TERM);
    let stopped = in_status(&region, &task, "STOPPED").await;
    assert_eq!(stopped.containers()[0].exit_code(), Some(75));
    assert_eq!(stopped.stop_code(), Some(&TaskStopCode::TerminationNotice));
    assert_eq!(stopped.stopped_reason(), Some("the region was stopped"));
}

#[tokio::test]
async fn an_execution_goes_on_with_its_task() {
    let region = Region::start();
    let sfn = |region: &Region| aws_sdk_sfn::Client::from_conf(config!(aws_sdk_sfn, region));
    let go = region.directory().join("go");
    let script = format!("while [ ! -e {} ]; do sleep 0.05; done", go.display());
    let execution = sfn(&region)
        .start_execution()
        .state_machine_arn(arn::state_machine("shell"))
        .name("over-a-kill")
        .input(json!({ "script": script }).to_string())
        .send()
        .await
        .unwrap()
        .execution_arn;
    let client = crate::tasks::client(&region);
    eventually("task", async || {
        let tasks = client.list_tasks().send().await.unwrap();
        (!tasks.task_arns().is_empty()).then_some(())
    })
    .await;

    let region = region.kill_and_restart();
    std::fs::write(go, "").unwrap();
    let client = sfn(&region);
    let ended = eventually("end", async || {
        let described = client
            .describe_execution()
            .execution_arn(&execution)
            .send()
            .await
            .unwrap();
        (described.status() != &ExecutionStatus::Running).then_some(described)
    })
    .await;
    let cause = ended.cause();
    assert_eq!(ended.status(), &ExecutionStatus::Succeeded, "{cause:?}");
    let output: Value = serde_json::from_str(ended.output().unwrap()).unwrap();
    assert_eq!(output["Containers"][0]["ExitCode"], 0);
    let settled = eventually("event", async || {
        region
            .recorded()
            .into_iter()
            .find(|event| event["detail"]["status"] == "SUCCEEDED")
    })
    .await;
    assert_eq!(settled["detail"]["executionArn"], execution);

    let tasks = crate::tasks::client(&region)
        .list_tasks()
        .desired_status(aws_sdk_ecs::types::DesiredStatus::Stopped)
        .send()
        .await
        .unwrap();
    assert_eq!(tasks.task_arns().len(), 1, "one task for one state");
}

#[test]
fn a_directory_serves_one_region() {
    let region = Region::start();
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_bare-region"))
        .arg("serve")
        .arg(region.directory())
        .output()
        .unwrap();
    assert!(!second.status.success());
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(words.contains("in use by another `matinee up`"), "{words}");
}
