//! Names, deletion and pages.

use serde_json::json;
use tempfile::TempDir;

use super::{Engine, Script};
use crate::arn;

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_once() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let execution = engine
        .start(json!({"One": {"Type": "Wait", "Seconds": 600, "End": true}}))
        .await;
    let start = |input: &str| json!({"stateMachineArn": arn::state_machine("m"), "name": "e", "input": input});
    let again = engine.call("StartExecution", start(" {} ")).await.unwrap();
    assert_eq!(again["executionArn"], execution);
    let other = engine.call("StartExecution", start("1")).await.unwrap_err();
    assert_eq!(other.code, "ExecutionAlreadyExists");
    engine
        .call("StopExecution", json!({"executionArn": execution}))
        .await
        .unwrap();
    let closed = engine
        .call("StartExecution", start("{}"))
        .await
        .unwrap_err();
    assert_eq!(closed.code, "ExecutionAlreadyExists");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_machine_goes_with_its_last_execution() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let execution = engine
        .start(json!({"One": {"Type": "Wait", "Seconds": 600, "End": true}}))
        .await;
    let machine = json!({"stateMachineArn": arn::state_machine("m")});
    let describe = || engine.call("DescribeStateMachine", machine.clone());
    engine
        .call("DeleteStateMachine", machine.clone())
        .await
        .unwrap();
    assert_eq!(describe().await.unwrap()["status"], "DELETING");
    let start = engine.call("StartExecution", machine.clone()).await;
    assert_eq!(start.unwrap_err().code, "StateMachineDeleting");
    engine
        .call("StopExecution", json!({"executionArn": execution}))
        .await
        .unwrap();
    assert_eq!(
        describe().await.unwrap_err().code,
        "StateMachineDoesNotExist"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let execution = engine.start(json!({"One": {"Type": "Succeed"}})).await;
    engine.ended(&execution).await;
    for name in ["a", "b"] {
        let start = json!({"stateMachineArn": arn::state_machine("m"), "name": name});
        engine.call("StartExecution", start).await.unwrap();
    }
    let mut names = Vec::new();
    let mut list = json!({"stateMachineArn": arn::state_machine("m"), "maxResults": 1, "statusFilter": "SUCCEEDED"});
    loop {
        let page = engine.call("ListExecutions", list.clone()).await.unwrap();
        let executions = page["executions"].as_array().unwrap();
        assert_eq!(executions.len(), 1);
        names.push(executions[0]["name"].as_str().unwrap().to_owned());
        match page.get("nextToken") {
            Some(token) => list["nextToken"] = token.clone(),
            None => break,
        }
    }
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "e"]);

    let mut ids = Vec::new();
    let mut get = json!({"executionArn": execution, "maxResults": 2, "reverseOrder": true, "includeExecutionData": false});
    loop {
        let page = engine
            .call("GetExecutionHistory", get.clone())
            .await
            .unwrap();
        for event in page["events"].as_array().unwrap() {
            assert!(!event.to_string().contains("input"), "{event}");
            ids.push(event["id"].as_u64().unwrap());
        }
        match page.get("nextToken") {
            Some(token) => get["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(ids, [4, 3, 2, 1]);
}
