//! The rule on the change of an execution's status: settles what no state of the workflow could.

use aws_sdk_sfn::types::ExecutionStatus;
use broadcast::{Broadcast, Failure, FailureKind, Status, aws, table::TableError};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    RecordError, State, event::StatusChange, forget, leftover, outcome::outcome, tell::tell,
};

/// Settles the broadcast of an execution that was aborted, timed out or failed, unless it is
/// settled already, and stops the tasks that were left behind.
/// Answers what it did, for the log.
pub(crate) async fn record(
    state: &State,
    change: StatusChange,
    now: DateTime<Utc>,
) -> Result<Value, RecordError> {
    let to = match change.status.as_str() {
        // Settled and told by RecordOutcome; told here if that could not be.
        "SUCCEEDED" => return tell_again(state, &change).await,
        // Its owner called it off by the API. An execution that is stopped in the console may be
        // redriven there, so its broadcast can be retried.
        "ABORTED" if change.is_by_owner() => Status::Cancelled,
        "ABORTED" | "TIMED_OUT" | "FAILED" => Status::Failed,
        _ => return Ok(ignored("it is no end that needs to be recorded")),
    };
    let Some(id) = change.broadcast_id() else {
        return Ok(ignored("it is not the execution of a broadcast"));
    };
    let Some(broadcast) = state.table.find(&id).await? else {
        return Ok(ignored("there is no such broadcast"));
    };
    // Events come late and more than once; by now the execution may have been redriven, or the
    // broadcast may belong to another execution.
    if !still_so(state, &change).await? {
        return Ok(ignored("the execution has gone on since"));
    }
    let latest = state.table.find_attempt(&id, broadcast.attempts).await?;
    if latest.is_some_and(|latest| latest.execution != change.execution_arn) {
        return Ok(ignored("another execution owns the broadcast"));
    }

    let failure = reason(&broadcast, &change);
    let outcome = outcome(&broadcast, Some(failure.clone()), now);
    let settled = state
        .table
        .settle(&id, Some(broadcast.attempts), to, &outcome)
        .await;
    // Settled first: a task that is stopped now finds that it has been superseded. What
    // RecordFailure has settled, it has looked after.
    let by_record_failure = change.status == "FAILED"
        && matches!(
            &settled,
            Err(TableError::Refused { transition, .. }) if transition.from == Status::Failed
        );
    let execution = &change.execution_arn;
    if !by_record_failure {
        leftover::stop_last_of(state, &id, execution, "its execution is over").await?;
    }
    match settled {
        Ok(()) => {
            if to == Status::Cancelled {
                forget::keys(state, &broadcast).await;
            }
            if broadcast.attempts > 0 {
                state
                    .table
                    .end_attempt(&id, broadcast.attempts, now, Some(&failure))
                    .await?;
            }
            tracing::info!(broadcast = %id, status = %to, reason = failure.message, "settled");
            if !change.is_by_owner() {
                tell(state, &id, Some(execution)).await?;
            }
            Ok(json!({ "settled": to, "broadcastId": id }))
        }
        Err(TableError::Refused { transition, .. }) => {
            if matches!(transition.from, Status::Cancelled | Status::Aired) {
                forget::keys(state, &broadcast).await;
            }
            // Delivered again because it could not be told, or settled and not told by the state.
            if !change.is_by_owner() {
                tell(state, &id, Some(execution)).await?;
            }
            Ok(ignored(&format!("the broadcast is {}", transition.from)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells the outcome of a broadcast that has aired, if nobody was told.
async fn tell_again(state: &State, change: &StatusChange) -> Result<Value, RecordError> {
    if let Some(id) = change.broadcast_id() {
        tell(state, &id, Some(&change.execution_arn)).await?;
    }
    Ok(ignored("what it did is recorded"))
}

/// Whether the execution is still what the event says.
async fn still_so(state: &State, change: &StatusChange) -> Result<bool, Failure> {
    let described = state
        .workflows
        .describe_execution()
        .execution_arn(&change.execution_arn)
        .send()
        .await;
    match described {
        Ok(execution) => Ok(execution.status == ExecutionStatus::from(change.status.as_str())),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|service| service.is_execution_does_not_exist()) =>
        {
            Ok(false)
        }
        Err(error) => Err(Failure::new(
            FailureKind::Internal,
            format!("the execution cannot be looked at: {}", aws::words(&error)),
        )),
    }
}

fn reason(broadcast: &Broadcast, change: &StatusChange) -> Failure {
    let cause = change.cause.as_deref().filter(|cause| !cause.is_empty());
    let (kind, message) = match change.status.as_str() {
        "ABORTED" if change.is_by_owner() => (
            FailureKind::Interrupted,
            cause.unwrap_or("stopped by its owner").to_owned(),
        ),
        "ABORTED" => {
            let message = match cause {
                Some(cause) => format!("its execution was stopped: {cause}"),
                None => "its execution was stopped".to_owned(),
            };
            (FailureKind::Interrupted, message)
        }
        "TIMED_OUT" => (
            FailureKind::Interrupted,
            "the execution took longer than it may".to_owned(),
        ),
        _ => {
            let error = change.error.as_deref().unwrap_or("an unknown error");
            let message = match cause {
                Some(cause) => format!("the execution failed with {error}: {cause}"),
                None => format!("the execution failed with {error}"),
            };
            (FailureKind::Internal, message)
        }
    };
    let failure = Failure::new(kind, message);
    match &broadcast.progress {
        Some(progress) => failure.at(progress.position()),
        None => failure,
    }
}

fn ignored(why: &str) -> Value {
    tracing::info!(why, "nothing to settle");
    json!({ "ignored": why })
}
