//! Replays executions that were recorded on AWS and compares the histories event for event.
//!
//! `MATINEE_ASL_CONFORMANCE` names a file with one recorded execution a line:
//! `{"name", "definition", "input", "history"}`, the history as `GetExecutionHistory` answers it,
//! with JSON objects in place of their texts and with timestamps, ARNs and ids blanked.
//! Without the variable the test says so and passes.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use asl::{Definition, Event, Execution, Next, Outcome, StartInput, TaskId};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

#[test]
fn recorded_executions_are_replayed() {
    let Some(path) = std::env::var_os("MATINEE_ASL_CONFORMANCE") else {
        println!("skipped: MATINEE_ASL_CONFORMANCE is not set");
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let (mut passed, mut skipped, mut misses) = (0, 0, String::new());
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let name = record["name"].as_str().unwrap();
        match replay(&record) {
            Replay::Same => passed += 1,
            Replay::NotApplicable => skipped += 1,
            Replay::Different(difference) => {
                writeln!(misses, "{name}\n{difference}").unwrap();
            }
        }
    }
    let missed = misses.lines().filter(|line| !line.starts_with(' ')).count();
    println!(
        "{passed} of {} applicable executions replayed event for event, {skipped} with Map or Parallel skipped",
        passed + missed
    );
    assert!(misses.is_empty(), "{misses}");
}

enum Replay {
    Same,
    NotApplicable,
    Different(String),
}

fn replay(record: &Value) -> Replay {
    let recorded = record["history"].as_array().unwrap();
    let mut definition = record["definition"].clone();
    let states = definition["States"].as_object_mut().unwrap();
    if states
        .values()
        .any(|state| matches!(state["Type"].as_str(), Some("Map" | "Parallel")))
    {
        return Replay::NotApplicable;
    }
    for state in states.values_mut() {
        name_the_recorded_function(state, recorded);
    }
    let mut blanks = BTreeMap::new();
    let input = &record["input"];
    let recorded_input = &recorded[0]["executionStartedEventDetails"]["input"];
    collect_blanks(input, recorded_input, &mut blanks);

    let definition = match Definition::parse(&definition.to_string()) {
        Ok(definition) => definition,
        Err(error) => return Replay::Different(format!("  refused: {error}")),
    };
    let emitted = run(&definition, input.clone(), recorded);
    for (index, (emitted, recorded)) in emitted.iter().zip(recorded).enumerate() {
        let (emitted, recorded) = (normal(emitted, &blanks), normal(recorded, &BTreeMap::new()));
        if emitted != recorded {
            return Replay::Different(format!(
                "  event {}\n  recorded {recorded}\n  emitted  {emitted}",
                index + 1
            ));
        }
    }
    if emitted.len() != recorded.len() {
        return Replay::Different(format!(
            "  {} events recorded, {} emitted",
            recorded.len(),
            emitted.len()
        ));
    }
    Replay::Same
}

/// Runs to the end; what the tasks answer is taken from the recording, in order.
fn run(definition: &Definition, input: Value, recorded: &[Value]) -> Vec<Value> {
    let start = StartInput {
        execution_arn: "arn:<partition>:states:<region>:111111111111:execution:m:e".to_owned(),
        name: "e".to_owned(),
        role_arn: "snf_role_arn".to_owned(),
        state_machine_arn: "arn:<partition>:states:<region>:111111111111:stateMachine:m".to_owned(),
        state_machine_name: "m".to_owned(),
        input,
    };
    let mut now: DateTime<Utc> = "2026-12-01T19:30:00Z".parse().unwrap();
    let mut answers = recorded.iter().filter_map(answer);
    let (mut execution, mut step) = Execution::start(definition, start, now, 1);
    let mut history = Vec::new();
    loop {
        history.extend(
            step.history
                .iter()
                .map(|e| serde_json::to_value(e).unwrap()),
        );
        // Stored and loaded at every step, as a caller would.
        let stored = serde_json::to_string(&execution).unwrap();
        execution = serde_json::from_str(&stored).unwrap();
        let event = match step.next {
            Next::Done(outcome) => {
                assert_eq!(outcome.status(), execution.status());
                if let Outcome::Succeeded { output } = outcome {
                    assert!(serde_json::from_str::<Value>(&output).is_ok());
                }
                return history;
            }
            Next::WaitUntil(time) => {
                now = now.max(time);
                Event::TimerFired
            }
            Next::Run(task) => match answers.next() {
                Some(answer) => answer(task.id),
                None => return history,
            },
            Next::Await => return history,
        };
        step = execution.advance(definition, event, now, 1);
    }
}

/// The event of a recorded answer, for the task that is asked now.
fn answer(recorded: &Value) -> Option<impl Fn(TaskId) -> Event + use<>> {
    let kind = recorded["type"].as_str()?;
    let details = [
        "taskSucceeded",
        "taskFailed",
        "lambdaFunctionSucceeded",
        "lambdaFunctionFailed",
    ]
    .iter()
    .find_map(|name| recorded.get(format!("{name}EventDetails")))?
    .clone();
    let succeeded = kind.ends_with("Succeeded");
    Some(move |task| {
        if succeeded {
            let output = match &details["output"] {
                Value::String(text) => serde_json::from_str(text).unwrap(),
                other => other.clone(),
            };
            Event::TaskSucceeded { task, output }
        } else {
            let text = |name: &str| match details.get(name)? {
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            let error = text("error").unwrap();
            let cause = text("cause");
            Event::TaskFailed { task, error, cause }
        }
    })
}

/// Puts the blanked name of a function that a recording holds into its definition, where the name
/// of a test fixture stands.
fn name_the_recorded_function(state: &mut Value, recorded: &[Value]) {
    let find = |pointer: &str| {
        recorded
            .iter()
            .find_map(|event| event.pointer(pointer))
            .cloned()
    };
    if let Some(name) = state.pointer_mut("/Arguments/FunctionName")
        && !name.as_str().unwrap().starts_with("{%")
        && let Some(blanked) = find("/taskScheduledEventDetails/parameters/FunctionName")
    {
        *name = blanked;
    }
    if let Some(name) = state.pointer_mut("/Resource")
        && name
            .as_str()
            .unwrap()
            .starts_with("create_lambda_function()")
        && let Some(blanked) = find("/lambdaFunctionScheduledEventDetails/resource")
    {
        *name = blanked;
    }
}

/// Which texts of the input were blanked in the recording, and as what.
fn collect_blanks(input: &Value, recorded: &Value, blanks: &mut BTreeMap<String, String>) {
    match (input, recorded) {
        (Value::Object(input), Value::Object(recorded)) => {
            for (name, value) in input {
                collect_blanks(value, &recorded[name], blanks);
            }
        }
        (Value::String(input), Value::String(recorded)) if input != recorded => {
            blanks.insert(input.clone(), recorded.clone());
        }
        _ => {}
    }
}

/// The form of the recording: objects in place of their texts, blanks, no timestamps.
fn normal(event: &Value, blanks: &BTreeMap<String, String>) -> Value {
    let mut event = event.clone();
    event["timestamp"] = json!("timestamp");
    let members = event.as_object_mut().unwrap().values_mut();
    for details in members.filter_map(Value::as_object_mut) {
        for (name, value) in details {
            match value {
                Value::Object(variables) if name == "assignedVariables" => {
                    variables.values_mut().for_each(parse_object);
                }
                value => parse_object(value),
            }
        }
    }
    fill_in(&event, blanks)
}

fn parse_object(value: &mut Value) {
    if let Some(Ok(object @ Value::Object(_))) = value.as_str().map(serde_json::from_str) {
        *value = object;
    }
}

fn fill_in(value: &Value, blanks: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(blanks.get(text).unwrap_or(text).clone()),
        Value::Array(items) => items.iter().map(|item| fill_in(item, blanks)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), fill_in(value, blanks)))
            .collect(),
        other => other.clone(),
    }
}
