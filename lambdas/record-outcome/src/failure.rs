//! The state RecordFailure: try again, or give up?

use broadcast::{Broadcast, Decision, Failure, FailureKind, Occasion, Status, table::TableError};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    RecordError, State,
    classify::{Witness, classify},
    event::{FailureRequest, Stage},
    leftover,
    outcome::outcome,
    tell,
};

/// Records a failure and answers `{"retry": true, "waitSeconds": n}`, or gives the broadcast up
/// with [`RecordError::BroadcastFailed`].
pub(crate) async fn record(
    state: &State,
    request: FailureRequest,
    now: DateTime<Utc>,
) -> Result<Value, RecordError> {
    let id = &request.broadcast_id;
    let broadcast = state.table.get(id).await?;
    if let Some(reason) = not_ours(state, &broadcast, &request).await? {
        tracing::info!(broadcast = %id, reason, "nothing to try again");
        return Err(RecordError::BroadcastFailed(reason));
    }

    let failure = diagnose(state, &broadcast, &request).await?;
    // Its task was run twice, and the one that nobody waits for took the attempt over: it has to
    // go, and the show goes on with an attempt of its own.
    let displaced = failure.kind == FailureKind::Superseded
        && request.stage == Stage::Stream
        && request.attempt == broadcast.attempts
        && !broadcast.status.is_settled();
    if request.stage == Stage::Stream {
        state
            .table
            .end_attempt(id, broadcast.attempts, now, Some(&failure))
            .await?;
        // A task that ECS itself reports as stopped is gone; of any other nobody knows.
        let gone = failure.kind == FailureKind::Superseded || is_stopped_task(&request.cause);
        let reason = "its execution no longer waits for it";
        if displaced {
            leftover::stop_all_of(state, id, reason).await?;
        } else if !gone {
            leftover::stop_last_of(state, id, &request.execution_arn, reason).await?;
        }
    }

    let position = broadcast
        .progress
        .as_ref()
        .map(broadcast::Progress::position)
        .unwrap_or_default();
    let mut budget = broadcast.retry_budget;
    let kind = if displaced {
        FailureKind::Interrupted
    } else {
        failure.kind
    };
    let occasion = Occasion {
        entered_at: request.entered_time.unwrap_or(now),
        redrives: request.redrive_count,
    };
    let decision = budget.after(kind, position, occasion, broadcast.air_time, now);
    match decision {
        Decision::Retry { wait } => {
            let meanwhile = between_attempts(broadcast.status);
            state
                .table
                .try_again(&broadcast, &budget, meanwhile)
                .await?;
            tracing::warn!(
                broadcast = %id, kind = %failure.kind, reason = failure.message,
                wait_seconds = wait.as_secs(), "failed; trying again"
            );
            Ok(json!({ "retry": true, "waitSeconds": wait.as_secs() }))
        }
        Decision::GiveUp => {
            let reason = format!("{}: {}", failure.kind, failure.message);
            tracing::error!(broadcast = %id, reason, "given up");
            let outcome = outcome(&broadcast, Some(failure), now);
            let settled = state
                .table
                .settle(id, Some(broadcast.attempts), Status::Failed, &outcome)
                .await;
            match settled {
                // Settled before: by this state, whose answer was lost, or by its owner.
                Ok(()) | Err(TableError::Refused { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            tell::tell_or_log(state, id, Some(&request.execution_arn)).await;
            Err(RecordError::BroadcastFailed(reason))
        }
    }
}

/// Why this execution has no say in the broadcast any more, if so.
async fn not_ours(
    state: &State,
    broadcast: &Broadcast,
    request: &FailureRequest,
) -> Result<Option<String>, TableError> {
    let id = &broadcast.id;
    if matches!(broadcast.status, Status::Aired | Status::Cancelled) {
        return Ok(Some(format!("broadcast {id} is {}", broadcast.status)));
    }
    // The latest attempt may be this execution's own although it does not know its number: the
    // answer of Persist was lost.
    if broadcast.attempts > request.attempt {
        let latest = state.table.find_attempt(id, broadcast.attempts).await?;
        if latest.is_some_and(|latest| latest.execution != request.execution_arn) {
            return Ok(Some(format!(
                "another execution owns broadcast {id}: it opened attempt {}",
                broadcast.attempts
            )));
        }
    }
    Ok(None)
}

/// The failure in the words of whoever saw it best.
async fn diagnose(
    state: &State,
    broadcast: &Broadcast,
    request: &FailureRequest,
) -> Result<Failure, TableError> {
    let mut witness = Witness::default();
    if request.stage == Stage::Stream {
        let attempt = state
            .table
            .find_attempt(&broadcast.id, broadcast.attempts)
            .await?;
        witness.attempt = attempt.and_then(|attempt| attempt.failure);
        witness.progress = broadcast
            .progress
            .clone()
            .filter(|progress| progress.attempt == broadcast.attempts);
    }
    Ok(classify(
        request.stage,
        &request.error,
        &request.cause,
        &witness,
    ))
}

/// Where a broadcast stands until its next attempt is opened.
fn between_attempts(status: Status) -> Status {
    match status {
        Status::OnAir => Status::Interrupted,
        Status::Standby | Status::Failed | Status::Missed => Status::Starting,
        other => other,
    }
}

fn is_stopped_task(cause: &str) -> bool {
    serde_json::from_str::<Value>(cause).is_ok_and(|task| task["LastStatus"] == "STOPPED")
}
