//! The dead-letter queue of the schedules: what could not be started in time was missed.

use broadcast::{Failure, FailureKind, Status, table::TableError};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{RecordError, State, event::Letter, outcome::outcome, tell::tell};

/// Settles the broadcasts of undeliverable schedule entries as missed, if nothing else has
/// started them. Answers the messages that are to be delivered again
/// (`ReportBatchItemFailures`).
pub(crate) async fn record(
    state: &State,
    letters: Vec<Letter>,
    now: DateTime<Utc>,
) -> Result<Value, RecordError> {
    let mut again = Vec::new();
    for letter in letters {
        if let Err(failure) = settle(state, &letter, now).await {
            tracing::error!(
                message = letter.message_id,
                reason = failure.message,
                "a dead letter stays"
            );
            again.push(json!({ "itemIdentifier": letter.message_id }));
        }
    }
    Ok(json!({ "batchItemFailures": again }))
}

async fn settle(state: &State, letter: &Letter, now: DateTime<Utc>) -> Result<(), Failure> {
    let Some(id) = letter.broadcast_id() else {
        // To read it again would not help.
        tracing::error!(
            message = letter.message_id,
            "a dead letter names no broadcast"
        );
        return Ok(());
    };
    let Some(broadcast) = state.table.find(&id).await? else {
        tracing::warn!(broadcast = %id, "a dead letter names a broadcast that is gone");
        return Ok(());
    };
    let reason = letter
        .attribute("ERROR_MESSAGE")
        .or_else(|| letter.attribute("ERROR_CODE"))
        .unwrap_or("its time passed");
    let failure = Failure::new(
        FailureKind::Internal,
        format!("the broadcast could not be started in time: {reason}"),
    );
    let outcome = outcome(&broadcast, Some(failure), now);
    match state
        .table
        .settle(&id, Some(broadcast.attempts), Status::Missed, &outcome)
        .await
    {
        Ok(()) => {
            tracing::error!(broadcast = %id, reason, "missed");
            tell(state, &id, None).await
        }
        // Delivered again because it could not be told.
        Err(TableError::Refused { transition, .. }) if transition.from == Status::Missed => {
            tell(state, &id, None).await
        }
        // Delivered more than once, and one of them came through; or called off.
        Err(TableError::Refused { .. } | TableError::Superseded { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
