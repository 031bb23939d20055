//! The state RecordOutcome: the show was sent to its end.

use broadcast::{FailureKind, Status, table::TableError};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{RecordError, State, event::OutcomeRequest, forget, outcome::outcome, tag, tell};

/// Settles a broadcast as aired. Said twice, it changes nothing and answers the same.
pub(crate) async fn record(
    state: &State,
    request: OutcomeRequest,
    now: DateTime<Utc>,
) -> Result<Value, RecordError> {
    let id = &request.broadcast_id;
    let broadcast = state.table.get(id).await?;
    if broadcast.attempts != request.attempt {
        return Err(TableError::Superseded {
            id: id.clone(),
            attempt: request.attempt,
            latest: broadcast.attempts,
        }
        .into());
    }
    state
        .table
        .end_attempt(id, request.attempt, now, None)
        .await?;
    let outcome = outcome(&broadcast, None, now);
    let settled = state
        .table
        .settle(id, Some(request.attempt), Status::Aired, &outcome)
        .await;
    let outcome = match settled {
        Ok(()) => outcome,
        Err(TableError::Refused { transition, .. }) if transition.from == Status::Aired => {
            state.table.get(id).await?.outcome.unwrap_or(outcome)
        }
        Err(error) => return Err(error.into()),
    };
    tell::tell_or_log(state, id, None).await;
    forget::keys(state, &broadcast).await;
    tag::aired(state, &broadcast).await;
    let failed: Vec<Value> = outcome
        .destinations
        .iter()
        .filter(|destination| !destination.finished)
        .map(|destination| {
            let failure = destination.failure.as_ref();
            json!({
                "name": destination.name,
                "kind": failure.map_or(FailureKind::Interrupted, |failure| failure.kind),
                "reason": failure.map(|failure| &failure.message),
                "position": destination.position.to_string(),
            })
        })
        .collect();
    tracing::info!(
        broadcast = %id,
        attempts = outcome.attempts,
        on_air_error_ms = outcome.on_air_error_ms,
        failed_destinations = failed.len(),
        "aired"
    );
    Ok(json!({
        "broadcastId": id,
        "status": Status::Aired,
        "attempts": outcome.attempts,
        "onAirErrorMs": outcome.on_air_error_ms,
        "bytes": outcome.destinations.iter().map(|d| d.bytes).sum::<u64>(),
        "reconnects": outcome.destinations.iter().map(|d| d.reconnects).sum::<u32>(),
        "failedDestinations": failed,
    }))
}
