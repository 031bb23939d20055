//! An execution and a state machine as they are stored, and as the API shows them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::arn;

/// How long after its end an execution can be redriven.
const REDRIVABLE_FOR: TimeDelta = TimeDelta::days(14);

/// A redrive adds at least two events, and there are at most 25,000.
const MOST_EVENTS_TO_REDRIVE: u64 = asl::limits::HISTORY_EVENTS - 2;

/// How often an execution can be redriven.
const MOST_REDRIVES: u64 = 1_000;

/// An execution without its machinery.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ExecutionRecord {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) state_machine: String,
    pub(super) status: String,
    pub(super) started_at: DateTime<Utc>,
    pub(super) stopped_at: Option<DateTime<Utc>>,
    /// The text as it was given.
    pub(super) input: String,
    pub(super) output: Option<String>,
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) events: u64,
    pub(super) redrive_count: u64,
    pub(super) redriven_at: Option<DateTime<Utc>>,
    pub(super) redrive_token: Option<String>,
}

/// A state machine with its current, or an execution's, revision.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MachineRecord {
    pub(super) name: String,
    pub(super) revision: String,
    /// Whether it was ever updated: until then the API shows no revision.
    pub(super) updated: bool,
    pub(super) deleting: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) definition: String,
    pub(super) role_arn: String,
}

impl ExecutionRecord {
    /// Takes over what the API shows of `execution`, whose newest step was at `now`.
    pub(super) fn update(&mut self, execution: &asl::Execution, now: DateTime<Utc>) {
        let status = execution.status();
        status.name().clone_into(&mut self.status);
        self.events = execution.last_event();
        (self.output, self.error, self.cause) = match execution.outcome() {
            Some(asl::Outcome::Succeeded { output }) => (Some(output.clone()), None, None),
            Some(
                asl::Outcome::Failed { error, cause } | asl::Outcome::Aborted { error, cause },
            ) => (None, error.clone(), cause.clone()),
            Some(asl::Outcome::TimedOut) | None => (None, None, None),
        };
        self.stopped_at = (status != asl::Status::Running).then_some(now);
        if execution.redrive_count() > self.redrive_count {
            self.redrive_count = execution.redrive_count();
            self.redriven_at = Some(now);
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.status == asl::Status::Running.name()
    }

    /// `Err` is why the execution cannot be redriven, in the API's words.
    pub(super) fn redrivable(&self, now: DateTime<Utc>) -> Result<(), String> {
        if self.is_running() || self.status == asl::Status::Succeeded.name() {
            return Err(format!(
                "Execution is {} and cannot be redriven",
                self.status
            ));
        }
        if self.events > MOST_EVENTS_TO_REDRIVE {
            return Err("Execution history event limit exceeded".to_owned());
        }
        if self.redrive_count >= MOST_REDRIVES {
            return Err("Execution redrive limit exceeded".to_owned());
        }
        if self.stopped_at.is_some_and(|at| now - at > REDRIVABLE_FOR) {
            return Err("Execution redrivable period exceeded".to_owned());
        }
        Ok(())
    }

    /// The answer of `DescribeExecution`.
    pub(super) fn describe(&self, include_data: bool, now: DateTime<Utc>) -> Value {
        let mut answer = self.summary();
        if include_data {
            answer.insert("input".to_owned(), json!(self.input));
            answer.insert("inputDetails".to_owned(), json!({"included": true}));
            if let Some(output) = &self.output {
                answer.insert("output".to_owned(), json!(output));
                answer.insert("outputDetails".to_owned(), json!({"included": true}));
            }
            for (name, text) in [("error", &self.error), ("cause", &self.cause)] {
                if let Some(text) = text {
                    answer.insert(name.to_owned(), json!(text));
                }
            }
        }
        answer.insert("redriveCount".to_owned(), json!(self.redrive_count));
        match self.redrivable(now) {
            Ok(()) => {
                answer.insert("redriveStatus".to_owned(), json!("REDRIVABLE"));
            }
            Err(reason) => {
                answer.insert("redriveStatus".to_owned(), json!("NOT_REDRIVABLE"));
                answer.insert("redriveStatusReason".to_owned(), json!(reason));
            }
        }
        Value::Object(answer)
    }

    /// One item of `ListExecutions`.
    pub(super) fn summary(&self) -> Map<String, Value> {
        let mut summary = Map::from_iter([
            ("executionArn".to_owned(), json!(self.arn)),
            (
                "stateMachineArn".to_owned(),
                json!(arn::state_machine(&self.state_machine)),
            ),
            ("name".to_owned(), json!(self.name)),
            ("status".to_owned(), json!(self.status)),
            ("startDate".to_owned(), seconds(self.started_at)),
        ]);
        if let Some(stopped_at) = self.stopped_at {
            summary.insert("stopDate".to_owned(), seconds(stopped_at));
        }
        if let Some(redriven_at) = self.redriven_at {
            summary.insert("redriveCount".to_owned(), json!(self.redrive_count));
            summary.insert("redriveDate".to_owned(), seconds(redriven_at));
        }
        summary
    }
}

impl MachineRecord {
    pub(super) fn arn(&self) -> String {
        arn::state_machine(&self.name)
    }

    /// The answer of `DescribeStateMachine`.
    pub(super) fn describe(&self) -> Value {
        let mut answer = self.common();
        answer["status"] = json!(if self.deleting { "DELETING" } else { "ACTIVE" });
        answer["type"] = json!("STANDARD");
        answer["creationDate"] = seconds(self.created_at);
        if self.updated {
            answer["revisionId"] = json!(self.revision);
        }
        answer
    }

    /// The answer of `DescribeStateMachineForExecution`.
    pub(super) fn describe_for_execution(&self) -> Value {
        let mut answer = self.common();
        answer["updateDate"] = seconds(self.updated_at);
        if self.updated {
            answer["revisionId"] = json!(self.revision);
        }
        answer
    }

    fn common(&self) -> Value {
        json!({
            "stateMachineArn": self.arn(),
            "name": self.name,
            "definition": self.definition,
            "roleArn": self.role_arn,
            "loggingConfiguration": {"level": "OFF", "includeExecutionData": false},
            "tracingConfiguration": {"enabled": false},
        })
    }

    /// One item of `ListStateMachines`.
    pub(super) fn summary(&self) -> Value {
        json!({
            "stateMachineArn": self.arn(),
            "name": self.name,
            "type": "STANDARD",
            "creationDate": seconds(self.created_at),
        })
    }
}

/// Epoch seconds with milliseconds.
pub(super) fn seconds(instant: DateTime<Utc>) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "2^53 ms is the year 287396")]
    let milliseconds = instant.timestamp_millis() as f64;
    json!(milliseconds / 1000.0)
}
