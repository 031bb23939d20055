//! Requests, read and checked.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{DeadLetterQueues, expression, model::Definition};
use crate::error::AwsError;

pub(super) const DEFAULT_GROUP: &str = "default";

/// The body of `CreateSchedule` and `UpdateSchedule`.
pub(super) struct SchedulePut {
    pub(super) group: String,
    pub(super) definition: Definition,
    /// When it is to fire, in UTC.
    pub(super) at: DateTime<Utc>,
    pub(super) client_token: Option<String>,
}

impl SchedulePut {
    pub(super) fn parse(body: Value, queues: &DeadLetterQueues) -> Result<Self, AwsError> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let (group, client_token) = (text("GroupName"), text("ClientToken"));
        let group = group.unwrap_or_else(|| DEFAULT_GROUP.to_owned());
        check_name("GroupName", &group)?;
        let definition: Definition = serde_json::from_value(body).map_err(|error| {
            AwsError::validation(format!("1 validation error detected: {error}"))
        })?;
        let at = expression::parse(
            &definition.schedule_expression,
            definition.schedule_expression_timezone.as_deref(),
        )?;
        match definition.flexible_time_window.mode.as_str() {
            "OFF" => {}
            "FLEXIBLE" => {
                return Err(AwsError::validation(
                    "FlexibleTimeWindow FLEXIBLE is not served on this machine: only OFF is",
                ));
            }
            mode => {
                return Err(AwsError::validation(format!(
                    "FlexibleTimeWindow.Mode must be OFF or FLEXIBLE, not {mode}"
                )));
            }
        }
        definition.target.check()?;
        if let Some(queue) = definition.target.dead_letter_queue()
            && !queues.has(queue)
        {
            return Err(AwsError::validation(format!(
                "the dead-letter queue {queue} is not on this machine"
            )));
        }
        Ok(Self {
            group,
            definition,
            at,
            client_token,
        })
    }
}

/// 1–64 of letters, digits, `-`, `_`, `.`.
pub(super) fn check_name(member: &str, name: &str) -> Result<(), AwsError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=64).contains(&name.len()) && name.chars().all(legal) {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$"
    )))
}
