//! The engine on a store of its own.

mod crashes;
mod operations;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
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
