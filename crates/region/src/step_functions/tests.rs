//! The engine on a store, dropped without shutdown and opened again, as a `kill -9` leaves it.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::{MIGRATIONS, Seams, StepFunctions};
use crate::{
    arn,
    clock::Clock,
    ecs::{self, TaskEnvironment, Tasks},
    error::AwsError,
    events::Events,
    lambda::{self, FunctionError, Functions, Handler, Invocations},
    store::Store,
};

/// What the functions of an engine do.
#[derive(Clone, Default)]
struct Script {
    /// `slow` answers only when this is set.
    answer: bool,
    invoked: Arc<AtomicU32>,
    was_invoked: Arc<Notify>,
}

/// An engine on a data directory.
struct Engine {
    service: StepFunctions,
    store: Store,
}

impl Engine {
    async fn open(directory: &Path, script: &Script) -> Self {
        let clock = Clock;
        let migrations = [lambda::MIGRATIONS, ecs::MIGRATIONS, MIGRATIONS];
        let store = Store::open(&directory.join("test.sqlite"), &migrations).unwrap();
        let functions = functions(script);
        let invocations = Invocations::new(store.clone(), functions.clone(), clock);
        let environment = TaskEnvironment {
            endpoint: String::new(),
            config_file: directory.join("config"),
            credentials_file: directory.join("credentials"),
        };
        let seams = Seams {
            store: store.clone(),
            tasks: Tasks::new(
                store.clone(),
                clock,
                BTreeMap::new(),
                environment,
                directory.join("tasks"),
            ),
            functions,
            events: Events::new(invocations, clock, vec!["heard".to_owned()]),
            clock,
        };
        let service = StepFunctions::open(seams, Vec::new()).await.unwrap();
        service.resume();
        Self { service, store }
    }

    async fn call(&self, operation: &str, body: Value) -> Result<Value, AwsError> {
        self.service.handle(operation, body).await
    }

    /// Starts an execution named `e` of a machine with these states and answers with its ARN.
    async fn start(&self, states: Value) -> String {
        let definition = json!({"QueryLanguage": "JSONata", "StartAt": "One", "States": states});
        let create = json!({
            "name": "m", "roleArn": arn::role("r"), "definition": definition.to_string(),
        });
        self.call("CreateStateMachine", create).await.unwrap();
        let start = json!({"stateMachineArn": arn::state_machine("m"), "name": "e"});
        let started = self.call("StartExecution", start).await.unwrap();
        started["executionArn"].as_str().unwrap().to_owned()
    }

    /// `DescribeExecution` once the execution has ended.
    async fn ended(&self, execution: &str) -> Value {
        self.until(execution, |answer| answer["status"] != "RUNNING")
            .await
    }

    async fn until(&self, execution: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let describe = || self.call("DescribeExecution", json!({"executionArn": execution}));
        let poll = async {
            loop {
                let answer = describe().await.unwrap();
                if holds(&answer) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), poll)
            .await
            .unwrap()
    }

    /// The history as `id type`.
    async fn history(&self, execution: &str) -> Vec<String> {
        let get = json!({"executionArn": execution, "maxResults": 1000});
        let answer = self.call("GetExecutionHistory", get).await.unwrap();
        let events = answer["events"].as_array().unwrap().iter();
        events
            .map(|event| format!("{} {}", event["id"], event["type"].as_str().unwrap()))
            .collect()
    }

    async fn until_history_holds(&self, execution: &str, event: &str) {
        let poll = async {
            while !self.history(execution).await.iter().any(|e| e == event) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), poll)
            .await
            .unwrap();
    }

    /// The statuses that EventBridge would have told of.
    async fn heard(&self) -> Vec<String> {
        let payloads = self.store.transaction(|transaction| {
            let mut select =
                transaction.prepare("SELECT payload FROM invocation ORDER BY rowid")?;
            let rows = select.query_map([], |row| row.get(0))?;
            Ok::<Vec<String>, crate::store::StoreError>(rows.collect::<Result<_, _>>()?)
        });
        let payloads = payloads.await.unwrap();
        let status = |text: &String| {
            let event: Value = serde_json::from_str(text).unwrap();
            event["detail"]["status"].as_str().unwrap().to_owned()
        };
        payloads.iter().map(status).collect()
    }
}

fn functions(script: &Script) -> Functions {
    let script = script.clone();
    let slow: Handler = Arc::new(move |payload| {
        let script = script.clone();
        Box::pin(async move {
            script.invoked.fetch_add(1, Ordering::SeqCst);
            script.was_invoked.notify_one();
            if !script.answer {
                std::future::pending::<()>().await;
            }
            Ok(payload)
        })
    });
    let fail: Handler = Arc::new(|_| {
        Box::pin(async {
            Err(FunctionError {
                error_type: "Oops".to_owned(),
                error_message: "on purpose".to_owned(),
            })
        })
    });
    Functions::new(BTreeMap::from([
        ("slow".to_owned(), slow),
        ("fail".to_owned(), fail),
    ]))
}

fn invoke(function: &str, fields: Value) -> Value {
    let mut state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn::function(function), "Payload": {"n": 1}},
        "End": true,
    });
    if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
        state.extend(fields);
    }
    state
}

fn answering() -> Script {
    Script {
        answer: true,
        ..Script::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_at_its_time_after_a_crash() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let execution = engine
        .start(json!({"One": {"Type": "Wait", "Seconds": 1, "End": true}}))
        .await;
    drop(engine);
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(answer["status"], "SUCCEEDED");
    let took = answer["stopDate"].as_f64().unwrap() - answer["startDate"].as_f64().unwrap();
    assert!((1.0..5.0).contains(&took), "{took}");
    assert_eq!(
        engine.history(&execution).await,
        [
            "1 ExecutionStarted",
            "2 WaitStateEntered",
            "3 WaitStateExited",
            "4 ExecutionSucceeded"
        ]
    );
    assert_eq!(engine.heard().await, ["RUNNING", "SUCCEEDED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_ended_during_the_outage_ends_at_once() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let until = Utc::now() + TimeDelta::milliseconds(300);
    let execution = engine
        .start(json!({"One": {"Type": "Wait", "Timestamp": until.to_rfc3339(), "End": true}}))
        .await;
    drop(engine);
    Clock.sleep_until(until).await;
    let engine = Engine::open(directory.path(), &Script::default()).await;
    assert_eq!(engine.ended(&execution).await["status"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_in_flight_is_invoked_again() {
    let directory = TempDir::new().unwrap();
    let hanging = Script::default();
    let engine = Engine::open(directory.path(), &hanging).await;
    let output = json!({"Output": "{% $states.result.Payload %}"});
    let execution = engine.start(json!({"One": invoke("slow", output)})).await;
    hanging.was_invoked.notified().await;
    drop(engine);
    let script = answering();
    let engine = Engine::open(directory.path(), &script).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(
        (&answer["status"], &answer["output"]),
        (&json!("SUCCEEDED"), &json!(r#"{"n":1}"#))
    );
    assert_eq!(script.invoked.load(Ordering::SeqCst), 1);
    assert_eq!(
        engine.history(&execution).await,
        [
            "1 ExecutionStarted",
            "2 TaskStateEntered",
            "3 TaskScheduled",
            "4 TaskStarted",
            "5 TaskSucceeded",
            "6 TaskStateExited",
            "7 ExecutionSucceeded"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_comes_at_its_time_after_a_crash() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let retry =
        json!({"Retry": [{"ErrorEquals": ["Oops"], "MaxAttempts": 1, "IntervalSeconds": 1}]});
    let execution = engine.start(json!({"One": invoke("fail", retry)})).await;
    engine.until_history_holds(&execution, "5 TaskFailed").await;
    drop(engine);
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(
        (&answer["status"], &answer["error"]),
        (&json!("FAILED"), &json!("Oops"))
    );
    let took = answer["stopDate"].as_f64().unwrap() - answer["startDate"].as_f64().unwrap();
    assert!((1.0..5.0).contains(&took), "{took}");
    assert_eq!(
        engine.history(&execution).await[5..],
        [
            "6 TaskScheduled",
            "7 TaskStarted",
            "8 TaskFailed",
            "9 ExecutionFailed"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_and_redriven_across_crashes() {
    let directory = TempDir::new().unwrap();
    let engine = Engine::open(directory.path(), &Script::default()).await;
    let execution = engine
        .start(json!({"One": invoke("slow", json!({}))}))
        .await;
    let by_arn = json!({"executionArn": execution});
    let refused = engine.call("RedriveExecution", by_arn.clone()).await;
    assert_eq!(refused.unwrap_err().code, "ExecutionNotRedrivable");
    let stop = json!({"executionArn": execution, "error": "E", "cause": "C"});
    engine.call("StopExecution", stop).await.unwrap();
    drop(engine);

    let engine = Engine::open(directory.path(), &Script::default()).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(answer["status"], "ABORTED");
    assert_eq!(
        (&answer["error"], &answer["cause"]),
        (&json!("E"), &json!("C"))
    );
    assert_eq!(answer["redriveStatus"], "REDRIVABLE");
    let redrive = json!({"executionArn": execution, "clientToken": "t"});
    let first = engine
        .call("RedriveExecution", redrive.clone())
        .await
        .unwrap();
    assert_eq!(
        engine.call("RedriveExecution", redrive).await.unwrap(),
        first
    );
    drop(engine);

    let engine = Engine::open(directory.path(), &answering()).await;
    let answer = engine.ended(&execution).await;
    assert_eq!(answer["status"], "SUCCEEDED");
    assert_eq!(answer["redriveCount"], 1);
    assert_eq!(
        engine.history(&execution).await[4..],
        [
            "5 ExecutionAborted",
            "6 ExecutionRedriven",
            "7 TaskScheduled",
            "8 TaskStarted",
            "9 TaskSucceeded",
            "10 TaskStateExited",
            "11 ExecutionSucceeded"
        ]
    );
    assert_eq!(
        engine.heard().await,
        ["RUNNING", "ABORTED", "RUNNING", "SUCCEEDED"]
    );
}

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
