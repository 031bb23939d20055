//! The detail of the EventBridge event "Step Functions Execution Status Change".

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::record::ExecutionRecord;
use crate::arn;

/// Developer Guide, "EventBridge integration": times are in epoch milliseconds, and what is not
/// there is null.
pub(super) fn detail(record: &ExecutionRecord, now: DateTime<Utc>) -> Value {
    let redrivable = record.redrivable(now);
    json!({
        "executionArn": record.arn,
        "stateMachineArn": arn::state_machine(&record.state_machine),
        "stateMachineVersionArn": null,
        "stateMachineAliasArn": null,
        "name": record.name,
        "status": record.status,
        "startDate": record.started_at.timestamp_millis(),
        "stopDate": record.stopped_at.map(|at| at.timestamp_millis()),
        "input": record.input,
        "inputDetails": {"included": true},
        "output": record.output,
        "outputDetails": record.output.as_ref().map(|_| json!({"included": true})),
        "error": record.error,
        "cause": record.cause,
        "redriveCount": record.redrive_count,
        "redriveDate": record.redriven_at.map(|at| at.timestamp_millis()),
        "redriveStatus": if redrivable.is_ok() { "REDRIVABLE" } else { "NOT_REDRIVABLE" },
        "redriveStatusReason": redrivable.err(),
    })
}
