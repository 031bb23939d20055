//! The event history, in the words of Step Functions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// One event of an execution's history. It serialises as `GetExecutionHistory` answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEvent {
    /// From 1, without gaps.
    pub id: u64,
    /// The event that led to this one; 0 for none.
    pub previous_event_id: u64,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// What happened.
    pub kind: HistoryEventKind,
}

/// The service and the action of a task, as the history names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskResource {
    /// `resourceType`: `lambda`, `ecs`, `aws-sdk:s3`.
    pub service: String,
    /// `resource`: `invoke`, `runTask.sync`.
    pub action: String,
}

/// What happened. Inputs, outputs and variables are JSON texts, times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the API reference")]
#[non_exhaustive]
pub enum HistoryEventKind {
    ExecutionStarted {
        input: String,
        role_arn: String,
    },
    ExecutionSucceeded {
        output: String,
    },
    ExecutionFailed {
        error: Option<String>,
        cause: Option<String>,
    },
    ExecutionAborted {
        error: Option<String>,
        cause: Option<String>,
    },
    ExecutionTimedOut,
    ExecutionRedriven {
        redrive_count: u64,
    },
    StateEntered {
        state_type: String,
        name: String,
        input: String,
    },
    StateExited {
        state_type: String,
        name: String,
        output: String,
        assigned: BTreeMap<String, String>,
    },
    EvaluationFailed {
        state: String,
        location: String,
        error: String,
        cause: String,
    },
    TaskScheduled {
        resource: TaskResource,
        region: String,
        parameters: String,
        timeout: Option<u64>,
        heartbeat: Option<u64>,
        role_arn: Option<String>,
    },
    TaskStarted {
        resource: TaskResource,
    },
    TaskSubmitted {
        resource: TaskResource,
        output: String,
    },
    TaskSubmitFailed {
        resource: TaskResource,
        error: String,
        cause: Option<String>,
    },
    TaskSucceeded {
        resource: TaskResource,
        output: String,
    },
    TaskFailed {
        resource: TaskResource,
        error: String,
        cause: Option<String>,
    },
    TaskTimedOut {
        resource: TaskResource,
        error: String,
    },
    LambdaFunctionScheduled {
        resource: String,
        input: String,
        timeout: Option<u64>,
        role_arn: Option<String>,
    },
    LambdaFunctionStarted,
    LambdaFunctionSucceeded {
        output: String,
    },
    LambdaFunctionFailed {
        error: String,
        cause: Option<String>,
    },
    LambdaFunctionTimedOut {
        error: String,
    },
}

impl HistoryEventKind {
    /// The event's `type`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::ExecutionStarted { .. } => "ExecutionStarted",
            Self::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            Self::ExecutionFailed { .. } => "ExecutionFailed",
            Self::ExecutionAborted { .. } => "ExecutionAborted",
            Self::ExecutionTimedOut => "ExecutionTimedOut",
            Self::ExecutionRedriven { .. } => "ExecutionRedriven",
            Self::StateEntered { state_type, .. } => return format!("{state_type}StateEntered"),
            Self::StateExited { state_type, .. } => return format!("{state_type}StateExited"),
            Self::EvaluationFailed { .. } => "EvaluationFailed",
            Self::TaskScheduled { .. } => "TaskScheduled",
            Self::TaskStarted { .. } => "TaskStarted",
            Self::TaskSubmitted { .. } => "TaskSubmitted",
            Self::TaskSubmitFailed { .. } => "TaskSubmitFailed",
            Self::TaskSucceeded { .. } => "TaskSucceeded",
            Self::TaskFailed { .. } => "TaskFailed",
            Self::TaskTimedOut { .. } => "TaskTimedOut",
            Self::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
            Self::LambdaFunctionStarted => "LambdaFunctionStarted",
            Self::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
            Self::LambdaFunctionFailed { .. } => "LambdaFunctionFailed",
            Self::LambdaFunctionTimedOut { .. } => "LambdaFunctionTimedOut",
        }
        .to_owned()
    }

    /// The name of the member that holds the details. A state's events share one for all types.
    fn details_name(&self) -> String {
        match self {
            Self::StateEntered { .. } => "stateEnteredEventDetails".to_owned(),
            Self::StateExited { .. } => "stateExitedEventDetails".to_owned(),
            _ => {
                let mut name = self.name();
                if let Some(first) = name.get_mut(..1) {
                    first.make_ascii_lowercase();
                }
                name + "EventDetails"
            }
        }
    }

    fn details(&self) -> Option<Value> {
        let details = match self {
            Self::ExecutionStarted { input, role_arn } => {
                json!({"input": input, "inputDetails": whole(), "roleArn": role_arn})
            }
            Self::ExecutionSucceeded { output } | Self::LambdaFunctionSucceeded { output } => {
                json!({"output": output, "outputDetails": whole()})
            }
            Self::ExecutionFailed { error, cause } | Self::ExecutionAborted { error, cause } => {
                json!({"error": error, "cause": cause})
            }
            Self::ExecutionTimedOut => json!({}),
            Self::ExecutionRedriven { redrive_count } => json!({"redriveCount": redrive_count}),
            Self::StateEntered { name, input, .. } => {
                json!({"name": name, "input": input, "inputDetails": whole()})
            }
            Self::StateExited {
                name,
                output,
                assigned,
                ..
            } => json!({
                "name": name,
                "output": output,
                "outputDetails": whole(),
                "assignedVariables": (!assigned.is_empty()).then_some(assigned),
                "assignedVariablesDetails": (!assigned.is_empty()).then(whole),
            }),
            Self::EvaluationFailed {
                state,
                location,
                error,
                cause,
            } => json!({"state": state, "location": location, "error": error, "cause": cause}),
            Self::TaskScheduled {
                resource,
                region,
                parameters,
                timeout,
                heartbeat,
                role_arn,
            } => json!({
                "resourceType": resource.service,
                "resource": resource.action,
                "region": region,
                "parameters": parameters,
                "timeoutInSeconds": timeout,
                "heartbeatInSeconds": heartbeat,
                "taskCredentials": role_arn.as_ref().map(|role_arn| json!({"roleArn": role_arn})),
            }),
            Self::TaskStarted { resource } => {
                json!({"resourceType": resource.service, "resource": resource.action})
            }
            Self::TaskSubmitted { resource, output } | Self::TaskSucceeded { resource, output } => {
                json!({
                    "resourceType": resource.service,
                    "resource": resource.action,
                    "output": output,
                    "outputDetails": whole(),
                })
            }
            Self::TaskSubmitFailed {
                resource,
                error,
                cause,
            }
            | Self::TaskFailed {
                resource,
                error,
                cause,
            } => json!({
                "resourceType": resource.service,
                "resource": resource.action,
                "error": error,
                "cause": cause,
            }),
            Self::TaskTimedOut { resource, error } => json!({
                "resourceType": resource.service,
                "resource": resource.action,
                "error": error,
            }),
            Self::LambdaFunctionScheduled {
                resource,
                input,
                timeout,
                role_arn,
            } => json!({
                "resource": resource,
                "input": input,
                "inputDetails": whole(),
                "timeoutInSeconds": timeout,
                "taskCredentials": role_arn.as_ref().map(|role_arn| json!({"roleArn": role_arn})),
            }),
            Self::LambdaFunctionStarted => return None,
            Self::LambdaFunctionFailed { error, cause } => json!({"error": error, "cause": cause}),
            Self::LambdaFunctionTimedOut { error } => json!({"error": error}),
        };
        Some(without_nulls(details))
    }
}

/// The API never shortens what it answers; only logs do.
fn whole() -> Value {
    json!({"truncated": false})
}

/// A member without a value is left out on the wire.
fn without_nulls(details: Value) -> Value {
    match details {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}

impl Serialize for HistoryEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds since the epoch fit 53 bits for 285,000 years"
        )]
        let timestamp = self.timestamp.timestamp_millis() as f64 / 1000.0;
        let mut event = Map::from_iter([
            ("timestamp".to_owned(), timestamp.into()),
            ("type".to_owned(), self.kind.name().into()),
            ("id".to_owned(), self.id.into()),
            ("previousEventId".to_owned(), self.previous_event_id.into()),
        ]);
        if let Some(details) = self.kind.details() {
            event.insert(self.kind.details_name(), details);
        }
        event.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: HistoryEventKind, expected: Value) {
        let event = HistoryEvent {
            id: 5,
            previous_event_id: 4,
            timestamp: DateTime::from_timestamp_millis(1_700_000_000_250).unwrap(),
            kind,
        };
        assert_eq!(serde_json::to_value(event).unwrap(), expected);
    }

    #[test]
    fn events_look_like_those_of_the_api() {
        check(
            HistoryEventKind::LambdaFunctionStarted,
            json!({"timestamp": 1_700_000_000.25, "type": "LambdaFunctionStarted", "id": 5, "previousEventId": 4}),
        );
        check(
            HistoryEventKind::StateExited {
                state_type: "Pass".to_owned(),
                name: "One".to_owned(),
                output: "{}".to_owned(),
                assigned: BTreeMap::new(),
            },
            json!({
                "timestamp": 1_700_000_000.25, "type": "PassStateExited", "id": 5, "previousEventId": 4,
                "stateExitedEventDetails": {"name": "One", "output": "{}", "outputDetails": {"truncated": false}},
            }),
        );
        check(
            HistoryEventKind::ExecutionFailed {
                error: None,
                cause: Some("why".to_owned()),
            },
            json!({
                "timestamp": 1_700_000_000.25, "type": "ExecutionFailed", "id": 5, "previousEventId": 4,
                "executionFailedEventDetails": {"cause": "why"},
            }),
        );
    }
}
