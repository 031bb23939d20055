//! Drives one execution by hand.

use asl::{
    Definition, Event, Execution, HistoryEvent, Next, StartInput, Step, TaskId, TaskRequest,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// An execution with its clock and all that it has answered so far.
pub(crate) struct Machine {
    pub(crate) definition: Definition,
    pub(crate) execution: Execution,
    pub(crate) history: Vec<HistoryEvent>,
    pub(crate) last: Step,
    pub(crate) now: DateTime<Utc>,
}

impl Machine {
    /// Starts a state machine of these states, of which the one named `One` is the first.
    pub(crate) fn start(states: Value, input: Value) -> Self {
        let definition = json!({"QueryLanguage": "JSONata", "StartAt": "One", "States": states});
        Self::start_definition(&definition, input)
    }

    pub(crate) fn start_definition(definition: &Value, input: Value) -> Self {
        let definition = Definition::parse(&definition.to_string()).unwrap();
        let now = "2026-12-01T19:30:00Z".parse().unwrap();
        let start = StartInput {
            execution_arn: "arn:aws:states:us-east-1:0:execution:m:e".to_owned(),
            name: "e".to_owned(),
            role_arn: "arn:aws:iam::0:role/r".to_owned(),
            state_machine_arn: "arn:aws:states:us-east-1:0:stateMachine:m".to_owned(),
            state_machine_name: "m".to_owned(),
            input,
        };
        let (execution, last) = Execution::start(&definition, start, now, 7);
        Self {
            definition,
            execution,
            history: last.history.clone(),
            last,
            now,
        }
    }

    pub(crate) fn advance(&mut self, event: Event) -> &mut Self {
        // Stored and loaded each time, as a caller would.
        let stored = serde_json::to_string(&self.execution).unwrap();
        self.execution = serde_json::from_str(&stored).unwrap();
        self.last = self.execution.advance(&self.definition, event, self.now, 7);
        self.history.extend(self.last.history.clone());
        self
    }

    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.now += TimeDelta::seconds(seconds);
        self.advance(Event::TimerFired)
    }

    /// Waits exactly as long as the execution asks for.
    pub(crate) fn wait_as_asked(&mut self) -> &mut Self {
        self.now = self.execution.wake_at().unwrap();
        self.advance(Event::TimerFired)
    }

    pub(crate) fn succeed(&mut self, output: Value) -> &mut Self {
        let task = self.task();
        self.advance(Event::TaskSucceeded { task, output })
    }

    pub(crate) fn fail(&mut self, error: &str) -> &mut Self {
        let task = self.task();
        self.advance(Event::TaskFailed {
            task,
            error: error.to_owned(),
            cause: Some("because".to_owned()),
        })
    }

    pub(crate) fn request(&self) -> TaskRequest {
        match self.execution.next() {
            Next::Run(request) => *request,
            other => panic!("no task: {other:?}"),
        }
    }

    pub(crate) fn task(&self) -> TaskId {
        self.request().id
    }

    /// `id<previous type`, one for each event after the first `skip`.
    pub(crate) fn trace(&self, skip: usize) -> Vec<String> {
        let events = self.history.iter().skip(skip);
        events
            .map(|e| format!("{}<{} {}", e.previous_event_id, e.id, e.kind.name()))
            .collect()
    }

    /// The details of the newest event.
    pub(crate) fn newest(&self) -> Value {
        let event = serde_json::to_value(self.history.last().unwrap()).unwrap();
        let details = event.as_object().unwrap().iter();
        let mut details = details.filter(|(name, _)| name.ends_with("Details"));
        details
            .next()
            .map_or(Value::Null, |(_, value)| value.clone())
    }

    /// The output of an execution that succeeded.
    #[track_caller]
    pub(crate) fn output(&self) -> Value {
        match self.execution.outcome() {
            Some(asl::Outcome::Succeeded { output }) => serde_json::from_str(output).unwrap(),
            other => panic!("{other:?}, {:?}", self.trace(0)),
        }
    }

    /// The error of an execution that failed.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        match self.execution.outcome() {
            Some(asl::Outcome::Failed { error, .. }) => error.as_deref().unwrap_or_default(),
            other => panic!("{other:?}, {:?}", self.trace(0)),
        }
    }
}

/// A Task state that invokes a function, with more or other fields.
pub(crate) fn task(fields: Value) -> Value {
    let mut task = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f"},
        "End": true,
    });
    for (name, value) in fields.as_object().unwrap() {
        if name == "Next" {
            task.as_object_mut().unwrap().remove("End");
        }
        task[name] = value.clone();
    }
    task
}

pub(crate) fn pass(output: Value) -> Value {
    json!({"Type": "Pass", "Output": output, "End": true})
}
