//! A schedule, and what it does when it is due.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{arn, ecs::decapitalised_name, error::AwsError};

/// The universal target that this region serves.
pub(super) const SDK_START_EXECUTION: &str = "arn:aws:scheduler:::aws-sdk:sfn:startExecution";

/// A schedule as it was asked for: the body of `CreateSchedule` and `UpdateSchedule`, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Definition {
    pub(super) schedule_expression: String,
    pub(super) schedule_expression_timezone: Option<String>,
    pub(super) target: Target,
    pub(super) flexible_time_window: FlexibleTimeWindow,
    #[serde(default)]
    pub(super) state: State,
    #[serde(default)]
    pub(super) action_after_completion: ActionAfterCompletion,
    pub(super) description: Option<String>,
    /// Epoch seconds. Kept and shown; AWS ignores both dates for one-time schedules.
    pub(super) start_date: Option<f64>,
    pub(super) end_date: Option<f64>,
    pub(super) kms_key_arn: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Target {
    pub(super) arn: String,
    pub(super) role_arn: String,
    pub(super) input: Option<String>,
    pub(super) retry_policy: Option<RetryPolicy>,
    pub(super) dead_letter_config: Option<DeadLetterConfig>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetryPolicy {
    pub(super) maximum_event_age_in_seconds: Option<i64>,
    pub(super) maximum_retry_attempts: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeadLetterConfig {
    pub(super) arn: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FlexibleTimeWindow {
    pub(super) mode: String,
    pub(super) maximum_window_in_minutes: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    #[default]
    Enabled,
    Disabled,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ActionAfterCompletion {
    #[default]
    None,
    Delete,
}

impl RetryPolicy {
    const MAXIMUM_AGE: i64 = 86_400;
    const MAXIMUM_ATTEMPTS: i64 = 185;
}

impl Target {
    /// How old an event may get before it is given up.
    pub(super) fn maximum_age(&self) -> TimeDelta {
        let policy = self.retry_policy.as_ref();
        let seconds = policy.and_then(|policy| policy.maximum_event_age_in_seconds);
        TimeDelta::seconds(seconds.unwrap_or(RetryPolicy::MAXIMUM_AGE))
    }

    /// How often it is tried again.
    pub(super) fn maximum_retries(&self) -> i64 {
        let policy = self.retry_policy.as_ref();
        let attempts = policy.and_then(|policy| policy.maximum_retry_attempts);
        attempts.unwrap_or(RetryPolicy::MAXIMUM_ATTEMPTS)
    }

    pub(super) fn dead_letter_queue(&self) -> Option<&str> {
        self.dead_letter_config.as_ref()?.arn.as_deref()
    }

    /// Refuses what this region would not know how to do when the time has come.
    pub(super) fn check(&self) -> Result<(), AwsError> {
        let policy = self.retry_policy.as_ref();
        let age = policy.and_then(|policy| policy.maximum_event_age_in_seconds);
        if age.is_some_and(|age| !(60..=RetryPolicy::MAXIMUM_AGE).contains(&age)) {
            return Err(AwsError::validation(
                "MaximumEventAgeInSeconds must be from 60 to 86400",
            ));
        }
        let attempts = policy.and_then(|policy| policy.maximum_retry_attempts);
        if attempts.is_some_and(|n| !(0..=RetryPolicy::MAXIMUM_ATTEMPTS).contains(&n)) {
            return Err(AwsError::validation(
                "MaximumRetryAttempts must be from 0 to 185",
            ));
        }
        self.start_execution(&Event::example()).map(drop)
    }

    /// The `StartExecution` request of an event, with the context attributes filled in.
    pub(super) fn start_execution(&self, event: &Event) -> Result<Value, AwsError> {
        let input = self.input.as_deref().map(|input| event.fill_in(input));
        if self.arn == SDK_START_EXECUTION {
            let request: Value =
                serde_json::from_str(input.as_deref().unwrap_or("{}")).map_err(|error| {
                    AwsError::validation(format!("the target's Input is no JSON: {error}"))
                })?;
            let request = shallow_decapitalised(request)?;
            if !request["stateMachineArn"].is_string() {
                return Err(AwsError::validation(
                    "the Input of sfn:startExecution must name a StateMachineArn",
                ));
            }
            Ok(request)
        } else if self.arn.starts_with(arn::state_machine("").as_str()) {
            Ok(json!({
                "stateMachineArn": self.arn,
                // The same on every attempt, so that a repeated one starts nothing twice.
                "name": event.id,
                "input": input.as_deref().unwrap_or("{}"),
            }))
        } else {
            Err(AwsError::validation(format!(
                "the target {} is not served on this machine: only {SDK_START_EXECUTION} and state \
                 machines are",
                self.arn,
            )))
        }
    }
}

/// The members of a request with their first letters in lower case; what they hold stays.
fn shallow_decapitalised(request: Value) -> Result<Value, AwsError> {
    let Value::Object(members) = request else {
        return Err(AwsError::validation("the target's Input is no JSON object"));
    };
    let renamed: Map<String, Value> = members
        .into_iter()
        .map(|(name, value)| (decapitalised_name(&name), value))
        .collect();
    Ok(Value::Object(renamed))
}

/// One occurrence of a schedule.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// A UUID that stays the same over all attempts.
    pub(super) id: String,
    pub(super) schedule_arn: String,
    pub(super) scheduled_at: DateTime<Utc>,
    /// Attempts made before this one.
    pub(super) attempts: i64,
}

impl Event {
    fn example() -> Self {
        Self {
            id: String::new(),
            schedule_arn: String::new(),
            scheduled_at: DateTime::UNIX_EPOCH,
            attempts: 0,
        }
    }

    /// Replaces `<aws.scheduler.…>`.
    pub(super) fn fill_in(&self, input: &str) -> String {
        input
            .replace("<aws.scheduler.schedule-arn>", &self.schedule_arn)
            .replace("<aws.scheduler.scheduled-time>", &self.scheduled_time())
            .replace("<aws.scheduler.execution-id>", &self.id)
            .replace(
                "<aws.scheduler.attempt-number>",
                &(self.attempts + 1).to_string(),
            )
    }

    pub(super) fn scheduled_time(&self) -> String {
        self.scheduled_at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(arn: &str, input: Option<&str>) -> Target {
        Target {
            arn: arn.to_owned(),
            role_arn: arn::role("scheduler"),
            input: input.map(str::to_owned),
            retry_policy: None,
            dead_letter_config: None,
        }
    }

    #[track_caller]
    fn check(arn: &str, input: Option<&str>, expected: Result<Value, &str>) {
        let event = Event {
            id: "e1".to_owned(),
            ..Event::example()
        };
        let request = target(arn, input).start_execution(&event);
        assert_eq!(
            request.map_err(|error| error.message),
            expected.map_err(str::to_owned)
        );
    }

    #[test]
    fn requests() {
        check(
            SDK_START_EXECUTION,
            Some(
                r#"{"StateMachineArn": "m", "Name": "n", "Input": "{\"Key\": \"<aws.scheduler.execution-id>\"}"}"#,
            ),
            Ok(json!({"stateMachineArn": "m", "name": "n", "input": r#"{"Key": "e1"}"#})),
        );
        let machine = arn::state_machine("broadcast");
        check(
            &machine,
            None,
            Ok(json!({"stateMachineArn": machine, "name": "e1", "input": "{}"})),
        );
        check(
            SDK_START_EXECUTION,
            None,
            Err("the Input of sfn:startExecution must name a StateMachineArn"),
        );
        check(
            SDK_START_EXECUTION,
            Some("[]"),
            Err("the target's Input is no JSON object"),
        );
    }
}
